/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/check.h"

#include "tests/fixtures/authority-fixture.h"

#include <glib/gstdio.h>

static void
test_sound_and_not(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autofree char *key =
		g_build_filename(cs_authority_get_folder(test->authority), "ca.key", NULL);
	g_autoptr(GError) error = NULL;
	gboolean ok = FALSE;
	g_autoptr(cJSON) sound = cs_authority_check(test->authority, &ok, &error);
	g_autoptr(cJSON) open = NULL;
	g_autoptr(cJSON) added = NULL;
	const cJSON *problem;

	g_assert_no_error(error);
	g_assert_true(ok);
	g_assert_cmpint(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(sound, "problems")), ==,
			0);
	added = cs_admin_add_built_in_issuer(test->authority, &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_chmod(key, 0644), ==, 0);
	open = cs_authority_check(test->authority, &ok, &error);
	g_assert_false(ok);
	problem = cJSON_GetObjectItemCaseSensitive(open, "problems")->child;
	g_assert_cmpstr(cs_json_get_string(problem, "check", NULL), ==, "permissions");
	g_assert_cmpstr(cs_json_get_string(problem, "detail", NULL), ==, "ca.key");
	g_assert_null(problem->next);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/check/sound-and-not", test_sound_and_not);
	return g_test_run();
}
