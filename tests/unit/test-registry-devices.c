/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/authority-fixture.h"

static void
set_state(CsRegistry *r, const char *id, CsDeviceState state)
{
	g_autoptr(CsDeviceRow) row = cs_registry_get_device(r, id, NULL);

	row->state = state;
	g_assert_true(cs_registry_put_device(r, row, NULL));
}

static void
test_devices(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsDeviceRow) row = NULL;
	g_autoptr(CsDeviceRow) again = NULL;
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;

	cs_test_put_device(test->registry, "d2");
	cs_test_put_device(test->registry, "d1");
	row = cs_registry_get_device(test->registry, "d1", &error);
	g_assert_cmpstr(row->hardware_id, ==, "hardware-d1");
	g_assert_cmpstr(row->name, ==, "laptop");
	g_assert_cmpstr(row->platform, ==, "linux");
	g_assert_cmpint(row->state, ==, CS_DEVICE_ACTIVE);
	g_assert_cmpint(row->created_at, ==, CS_TEST_NOW);
	row->state = CS_DEVICE_DEACTIVATED;
	row->deactivated_at = CS_TEST_NOW + 1;
	row->reactivated_at = CS_TEST_NOW + 2;
	g_assert_true(cs_registry_put_device(test->registry, row, &error));
	again = cs_registry_get_device(test->registry, "d1", &error);
	g_assert_cmpint(again->state, ==, CS_DEVICE_DEACTIVATED);
	g_assert_cmpint(again->deactivated_at, ==, CS_TEST_NOW + 1);
	g_assert_cmpint(again->reactivated_at, ==, CS_TEST_NOW + 2);
	rows = cs_registry_list_devices(test->registry, &error);
	g_assert_cmpuint(rows->len, ==, 2);
	g_assert_cmpstr(((CsDeviceRow *)g_ptr_array_index(rows, 0))->id, ==, "d2");
	g_assert_null(cs_registry_get_device(test->registry, "d3", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-found");
}

/* rule 24: hardware is one record's, unless that one is deleted */
static void
test_hardware(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	CsDeviceRow other = {.id = (char *)"d2",
			     .hardware_id = (char *)"hardware-d1",
			     .helpdesk_code = (char *)CS_TEST_CODE_OF_D2,
			     .name = (char *)"",
			     .platform = (char *)""};
	g_autoptr(CsDeviceRow) found = NULL;
	g_autoptr(CsDeviceRow) missing = NULL;
	g_autoptr(CsDeviceRow) newer = NULL;
	g_autoptr(GError) error = NULL;

	cs_test_put_device(test->registry, "d1");
	set_state(test->registry, "d1", CS_DEVICE_DEACTIVATED);
	g_assert_true(
		cs_registry_find_device_by_hardware(test->registry, "hardware-d1", &found, &error));
	g_assert_cmpstr(found->id, ==, "d1");
	g_assert_false(cs_registry_put_device(test->registry, &other, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	set_state(test->registry, "d1", CS_DEVICE_DELETED);
	g_assert_true(cs_registry_find_device_by_hardware(test->registry, "hardware-d1", &missing,
							  &error));
	g_assert_null(missing);
	g_assert_true(cs_registry_put_device(test->registry, &other, &error));
	g_assert_true(
		cs_registry_find_device_by_hardware(test->registry, "hardware-d1", &newer, &error));
	g_assert_cmpstr(newer->id, ==, "d2");
}

static void
test_keys(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsDeviceKeyRow) row = NULL;
	g_autoptr(CsDeviceKeyRow) again = NULL;
	g_autoptr(CsDeviceKeyRow) found = NULL;
	g_autoptr(CsDeviceKeyRow) missing = NULL;
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;

	cs_test_put_device(test->registry, "d1");
	cs_test_put_key(test->registry, "k2", "d1", CS_APPROVAL_FOUNDER);
	cs_test_put_key(test->registry, "k1", "d1", CS_APPROVAL_NONE);
	row = cs_registry_get_device_key(test->registry, "k1", &error);
	g_assert_cmpstr(row->device_id, ==, "d1");
	g_assert_cmpstr(row->thumbprint, ==, "thumbprint-k1");
	g_assert_cmpint(row->approval, ==, CS_APPROVAL_NONE);
	g_assert_false(row->hardware);
	g_assert_cmpint(row->created_at, ==, CS_TEST_NOW);
	row->approval = CS_APPROVAL_ADMINISTRATOR;
	row->hardware = TRUE;
	g_assert_true(cs_registry_put_device_key(test->registry, row, &error));
	again = cs_registry_get_device_key(test->registry, "k1", &error);
	g_assert_cmpint(again->approval, ==, CS_APPROVAL_ADMINISTRATOR);
	g_assert_true(again->hardware);
	g_assert_true(cs_registry_find_device_key(test->registry, "thumbprint-k2", &found, &error));
	g_assert_cmpstr(found->id, ==, "k2");
	g_assert_true(cs_registry_find_device_key(test->registry, "k2", &missing, &error));
	g_assert_null(missing);
	rows = cs_registry_list_device_keys(test->registry, "d1", &error);
	g_assert_cmpuint(rows->len, ==, 2);
	g_assert_cmpstr(((CsDeviceKeyRow *)g_ptr_array_index(rows, 0))->id, ==, "k2");
	g_assert_null(cs_registry_get_device_key(test->registry, "k3", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-found");
}

static gboolean
put_same_key(CsRegistry *r, const char *id, const char *device_id, GError **error)
{
	const CsDeviceKeyRow row = {
		.id = (char *)id,
		.device_id = (char *)device_id,
		.thumbprint = (char *)"thumbprint-k1",
		.jwk = (char *)"{}",
		.approval = CS_APPROVAL_FOUNDER,
	};

	return cs_registry_put_device_key(r, &row, error);
}

static void
expect_key(CsRegistry *r, const char *id)
{
	g_autoptr(CsDeviceKeyRow) found = NULL;

	g_assert_true(cs_registry_find_device_key(r, "thumbprint-k1", &found, NULL));
	g_assert_cmpstr(found->id, ==, id);
}

/* rule 24: the key of a deleted record may begin a new one; of all that hold it the live one is
 * found, else the newest */
static void
test_key_of_deleted(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;

	cs_test_put_device(test->registry, "d1");
	cs_test_put_device(test->registry, "d2");
	cs_test_put_device(test->registry, "d3");
	cs_test_put_key(test->registry, "k1", "d1", CS_APPROVAL_FOUNDER);
	g_assert_false(put_same_key(test->registry, "k2", "d2", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	set_state(test->registry, "d1", CS_DEVICE_DEACTIVATED);
	g_assert_false(put_same_key(test->registry, "k2", "d2", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	set_state(test->registry, "d1", CS_DEVICE_DELETED);
	expect_key(test->registry, "k1");
	g_assert_true(put_same_key(test->registry, "k2", "d2", &error));
	expect_key(test->registry, "k2");
	set_state(test->registry, "d2", CS_DEVICE_DELETED);
	expect_key(test->registry, "k2");
	g_assert_true(put_same_key(test->registry, "k3", "d3", &error));
	expect_key(test->registry, "k3");
	g_assert_false(put_same_key(test->registry, "k4", "d3", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	g_assert_false(put_same_key(test->registry, "k4", "nowhere", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-devices/devices", test_devices);
	g_test_add_func("/registry-devices/hardware", test_hardware);
	g_test_add_func("/registry-devices/keys", test_keys);
	g_test_add_func("/registry-devices/key-of-deleted", test_key_of_deleted);
	return g_test_run();
}
