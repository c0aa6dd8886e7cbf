/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/protocol/helpdesk-code.h"
#include "tests/fixtures/authority-fixture.h"

static void
run(CsTestRegistry *test, const char *sql)
{
	g_autoptr(GError) error = NULL;

	cs_registry_execute(test->registry, sql, &error);
	g_assert_no_error(error);
}

static void
expect_refused(CsTestRegistry *test, const char *sql)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(cs_registry_execute(test->registry, sql, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
}

static void
test_find(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsDeviceRow) found = NULL;
	g_autoptr(CsDeviceRow) missing = NULL;
	g_autoptr(GError) error = NULL;

	cs_test_put_device(test->registry, "d1");
	run(test, "UPDATE devices SET state = 'deleted'");
	g_assert_true(cs_registry_find_device_by_helpdesk_code(test->registry, CS_TEST_CODE_OF_D1,
							       &found, &error));
	g_assert_cmpstr(found->id, ==, "d1");
	g_assert_cmpstr(found->helpdesk_code, ==, CS_TEST_CODE_OF_D1);
	g_assert_true(cs_registry_find_device_by_helpdesk_code(test->registry, CS_TEST_CODE_OF_D2,
							       &missing, &error));
	g_assert_null(missing);
}

/* Nobody's: not even a deleted record's, and the schema holds to it whoever writes. */
static void
test_unique_and_kept(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsDeviceRow) row = NULL;
	g_autoptr(GError) error = NULL;

	cs_test_put_device(test->registry, "d1");
	cs_test_put_device(test->registry, "d3");
	run(test, "UPDATE devices SET state = 'deleted' WHERE id = 'd1'");
	expect_refused(test, "UPDATE devices SET helpdesk_code = '" CS_TEST_CODE_OF_D1
			     "' WHERE id = 'd3'");
	expect_refused(test, "UPDATE devices SET helpdesk_code = NULL WHERE id = 'd3'");
	row = cs_registry_get_device(test->registry, "d3", &error);
	g_free(row->id);
	g_free(row->hardware_id);
	row->id = g_strdup("d4");
	row->hardware_id = g_strdup("other");
	g_assert_false(cs_registry_put_device(test->registry, row, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	g_clear_pointer(&row->helpdesk_code, g_free);
	g_assert_false(cs_registry_put_device(test->registry, row, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	row->helpdesk_code = g_strdup(CS_TEST_CODE_OF_D1);
	g_assert_false(cs_registry_put_device(test->registry, row, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
}

static void
test_make(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *code = cs_registry_make_helpdesk_code(test->registry, &error);

	g_assert_no_error(error);
	g_assert_true(cs_helpdesk_code_is_valid(code));
	run(test, "ALTER TABLE devices RENAME TO gone");
	g_assert_null(cs_registry_make_helpdesk_code(test->registry, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
}

/* What the migration does; a second time there is nothing to give. */
static void
test_give(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;
	const CsDeviceRow *old = NULL;

	cs_test_put_device(test->registry, "d1");
	run(test, "DROP TRIGGER devices_helpdesk_code_given");
	run(test, "INSERT INTO devices (id, hardware_id, name, platform, state, created_at,"
		  " deactivated_at, reactivated_at) VALUES ('d2', 'h', '', '', 'active', 0, 0, 0)");
	for (guint i = 0; i < 2; i++) {
		g_clear_pointer(&rows, g_ptr_array_unref);
		g_assert_true(cs_registry_give_helpdesk_codes(test->registry, &error));
		rows = cs_registry_list_devices(test->registry, &error);
		old = g_ptr_array_index(rows, 0);
		g_assert_cmpstr(old->helpdesk_code, ==, CS_TEST_CODE_OF_D1);
		old = g_ptr_array_index(rows, 1);
		g_assert_true(cs_helpdesk_code_is_valid(old->helpdesk_code));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-helpdesk/find", test_find);
	g_test_add_func("/registry-helpdesk/unique-and-kept", test_unique_and_kept);
	g_test_add_func("/registry-helpdesk/make", test_make);
	g_test_add_func("/registry-helpdesk/give", test_give);
	return g_test_run();
}
