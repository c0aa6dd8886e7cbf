/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/secret.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static void
test_copies(void)
{
	char original[] = "correct horse";
	g_autoptr(CsSecret) secret = cs_secret_new(original, strlen(original));
	gsize length = 0;

	memset(original, 'x', strlen(original));
	g_assert_cmpstr(cs_secret_get_text(secret), ==, "correct horse");
	g_assert_cmpmem(cs_secret_get_data(secret, &length), length, "correct horse", 13);
	g_assert_nonnull(cs_secret_get_data(secret, NULL));
}

static void
test_takes(void)
{
	g_autoptr(CsSecret) secret = cs_secret_new_take(g_memdup2("a\0b", 3), 3);
	g_autoptr(CsSecret) empty = cs_secret_new_take(NULL, 0);
	gsize length = 9;

	g_assert_cmpmem(cs_secret_get_data(secret, &length), length, "a\0b", 3);
	g_assert_cmpstr(cs_secret_get_text(secret), ==, "a");
	g_assert_cmpstr(cs_secret_get_text(empty), ==, "");
	cs_secret_get_data(empty, &length);
	g_assert_cmpuint(length, ==, 0);
}

static void
test_counts(void)
{
	CsSecret *secret = cs_secret_new("x", 1);
	CsSecret *again = cs_secret_ref(secret);

	g_assert_true(again == secret);
	cs_secret_unref(secret);
	g_assert_cmpstr(cs_secret_get_text(again), ==, "x");
	cs_secret_unref(again);
	cs_secret_unref(NULL);
}

static void
test_wipe(void)
{
	guint8 data[] = "secret";
	const guint8 zeros[sizeof(data)] = {0};

	cs_secret_wipe(data, sizeof(data));
	g_assert_cmpmem(data, sizeof(data), zeros, sizeof(zeros));
	cs_secret_wipe(NULL, 0);
}

static void
test_protect_process(void)
{
	struct rlimit limit = {1, 1};

	if (!g_test_subprocess()) {
		g_test_trap_subprocess(NULL, 0, 0);
		g_test_trap_assert_passed();
		return;
	}
	cs_secret_protect_process();
	g_assert_cmpint(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), ==, 0);
	g_assert_cmpint(getrlimit(RLIMIT_CORE, &limit), ==, 0);
	g_assert_cmpuint(limit.rlim_cur, ==, 0);
	g_assert_cmpuint(limit.rlim_max, ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/secret/copies", test_copies);
	g_test_add_func("/secret/takes", test_takes);
	g_test_add_func("/secret/counts", test_counts);
	g_test_add_func("/secret/wipe", test_wipe);
	g_test_add_func("/secret/protect-process", test_protect_process);
	return g_test_run();
}
