/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"
#include "core/protocol/helpdesk-code.h"
#include "tests/fixtures/authority-fixture.h"

#include <string.h>

static CsTestAuthority *
set_up(void)
{
	CsTestAuthority *test = cs_test_authority_new();

	cs_test_put_device(test->registry, "d1");
	cs_test_put_device(test->registry, "d2");
	return test;
}

static void
expect_found(CsTestAuthority *test, const char *name, const char *id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) candidates = NULL;
	g_autofree char *found = cs_admin_find_device(test->authority, name, &candidates, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(found, ==, id);
	g_assert_null(candidates);
}

static void
test_found(void)
{
	g_autoptr(CsTestAuthority) test = set_up();

	expect_found(test, "d1", "d1");
	expect_found(test, CS_TEST_CODE_OF_D1, "d1");
	expect_found(test, "k7m3-9wf6", "d1");
	expect_found(test, " 4r 8l 2f mw ", "d2");
	cs_test_expect_log(test, "");
}

static void
expect_unknown(CsTestAuthority *test, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) candidates = NULL;

	g_assert_null(cs_admin_find_device(test->authority, name, &candidates, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-found");
	g_assert_null(candidates);
}

static void
test_unknown(void)
{
	g_autoptr(CsTestAuthority) test = set_up();

	expect_unknown(test, "d3");
	expect_unknown(test, "");
	expect_unknown(test, "D1");
	expect_unknown(test, "F222222L"); /* a code, and nobody's */
	expect_unknown(test, "F222222W");
	expect_unknown(test, "K7M39WF");
}

/* Named, never taken for the one that was meant. */
static void
expect_misheard(CsTestAuthority *test, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) candidates = NULL;

	g_assert_null(cs_admin_find_device(test->authority, name, &candidates, &error));
	g_assert_nonnull(strstr(error->message, "K7M3-9WF6 (laptop, device d1)"));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "helpdesk-code-misheard");
	cs_test_expect_json(g_steal_pointer(&candidates), NULL,
			    "[{\"helpdesk_code\":\"" CS_TEST_CODE_OF_D1 "\",\"id\":\"d1\","
			    "\"name\":\"laptop\",\"state\":\"active\"}]");
}

static void
test_misheard(void)
{
	g_autoptr(CsTestAuthority) test = set_up();

	expect_misheard(test, "W7M39WF6");
	expect_misheard(test, "K7M39WFR");
	expect_misheard(test, "k7m3-9wfs");
	expect_misheard(test, "K7M3 9WF\303\274");
	expect_misheard(test, "K7M39FW6");
	cs_test_expect_log(test, "");
}

/* Two devices whose codes one mistake may have been. */
static void
test_several(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(CsDeviceRow) row = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) candidates = NULL;
	g_auto(GStrv) codes = cs_helpdesk_code_list_candidates("W7M39WF6");

	row = cs_registry_get_device(test->registry, "d1", &error);
	g_free(row->id);
	g_free(row->hardware_id);
	g_free(row->helpdesk_code);
	row->id = g_strdup("d3");
	row->hardware_id = g_strdup("other");
	row->helpdesk_code =
		g_strdup(g_str_equal(codes[1], CS_TEST_CODE_OF_D1) ? codes[2] : codes[1]);
	g_assert_true(cs_registry_put_device(test->registry, row, &error));
	g_assert_null(cs_admin_find_device(test->authority, "W7M39WF6", &candidates, &error));
	g_assert_nonnull(strstr(error->message, "device d1), "));
	g_assert_nonnull(strstr(error->message, "device d3)"));
	g_assert_cmpint(cJSON_GetArraySize(candidates), ==, 2);
}

static void
test_broken(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(cJSON) candidates = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(
		cs_registry_execute(test->registry, "ALTER TABLE devices RENAME TO gone", &error));
	g_assert_null(cs_admin_find_device(test->authority, "d1", &candidates, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/admin-device-find/found", test_found);
	g_test_add_func("/admin-device-find/unknown", test_unknown);
	g_test_add_func("/admin-device-find/misheard", test_misheard);
	g_test_add_func("/admin-device-find/several", test_several);
	g_test_add_func("/admin-device-find/broken", test_broken);
	return g_test_run();
}
