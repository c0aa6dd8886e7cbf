/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/authority-fixture.h"

static gboolean
put_issuer(CsRegistry *r, const char *id, const char *fingerprint, GError **error)
{
	g_autoptr(GBytes) der = g_bytes_new_static("\0der", 4);
	const CsIssuerRow row = {
		.id = (char *)id,
		.fingerprint = (char *)fingerprint,
		.subject = (char *)"CN=Test",
		.der = der,
		.revocation_none = g_str_equal(id, "i1"),
		.built_in = g_str_equal(id, "i2"),
		.created_at = CS_TEST_NOW,
	};

	return cs_registry_put_issuer(r, &row, error);
}

static void
test_issuers(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GPtrArray) rows = NULL;
	const CsIssuerRow *row = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(put_issuer(test->registry, "i2", "f2", &error));
	g_assert_true(put_issuer(test->registry, "i1", "f1", &error));
	g_assert_false(put_issuer(test->registry, "i3", "f1", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	rows = cs_registry_list_issuers(test->registry, &error);
	g_assert_cmpuint(rows->len, ==, 2);
	row = g_ptr_array_index(rows, 0);
	g_assert_cmpstr(row->id, ==, "i2");
	g_assert_cmpstr(row->fingerprint, ==, "f2");
	g_assert_cmpstr(row->subject, ==, "CN=Test");
	g_assert_cmpmem(g_bytes_get_data(row->der, NULL), g_bytes_get_size(row->der), "\0der", 4);
	g_assert_false(row->revocation_none);
	g_assert_true(row->built_in);
	g_assert_cmpint(row->created_at, ==, CS_TEST_NOW);
	row = g_ptr_array_index(rows, 1);
	g_assert_true(row->revocation_none);
	g_assert_false(row->built_in);
}

/* rule 14, rule 15: an issuer may come back, at the list's end */
static void
test_delete_issuer(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;

	put_issuer(test->registry, "i1", "f1", NULL);
	put_issuer(test->registry, "i2", "f2", NULL);
	g_assert_true(cs_registry_delete_issuer(test->registry, "i1", &error));
	g_assert_false(cs_registry_delete_issuer(test->registry, "i1", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-found");
	g_assert_true(put_issuer(test->registry, "i3", "f1", &error));
	rows = cs_registry_list_issuers(test->registry, &error);
	g_assert_cmpuint(rows->len, ==, 2);
	g_assert_cmpstr(((CsIssuerRow *)g_ptr_array_index(rows, 1))->id, ==, "i3");
}

static gboolean
put_issued(CsRegistry *r, const char *serial, const char *key, gint64 revoked_at, GError **error)
{
	g_autoptr(GBytes) der = g_bytes_new_static("der", 3);
	g_autofree char *fingerprint = g_strconcat("f-", serial, NULL);
	const CsIssuedRow row = {
		.serial = (char *)serial,
		.fingerprint = fingerprint,
		.key_fingerprint = (char *)key,
		.subject = (char *)"CN=Test",
		.der = der,
		.not_after = CS_TEST_NOW + 100,
		.issued_at = CS_TEST_NOW,
		.revoked_at = revoked_at,
	};

	return cs_registry_put_issued(r, &row, error);
}

static void
test_issued(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsIssuedRow) row = NULL;
	g_autoptr(CsIssuedRow) by_serial = NULL;
	g_autoptr(CsIssuedRow) missing = NULL;
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;

	put_issued(test->registry, "02", "key", 0, NULL);
	put_issued(test->registry, "01", "key", 0, NULL);
	put_issued(test->registry, "03", "other", 0, NULL);
	g_assert_true(cs_registry_find_issued(test->registry, "f-01", &row, &error));
	g_assert_cmpstr(row->serial, ==, "01");
	g_assert_cmpstr(row->key_fingerprint, ==, "key");
	g_assert_cmpstr(row->subject, ==, "CN=Test");
	g_assert_cmpmem(g_bytes_get_data(row->der, NULL), g_bytes_get_size(row->der), "der", 3);
	g_assert_cmpint(row->not_after, ==, CS_TEST_NOW + 100);
	g_assert_cmpint(row->issued_at, ==, CS_TEST_NOW);
	g_assert_cmpint(row->revoked_at, ==, 0);
	g_assert_true(cs_registry_find_issued_by_serial(test->registry, "03", &by_serial, &error));
	g_assert_cmpstr(by_serial->fingerprint, ==, "f-03");
	g_assert_true(cs_registry_find_issued(test->registry, "f-04", &missing, &error));
	g_assert_null(missing);
	g_assert_true(cs_registry_find_issued_by_serial(test->registry, "04", &missing, &error));
	g_assert_null(missing);
	rows = cs_registry_list_issued_by_key(test->registry, "key", &error);
	g_assert_cmpuint(rows->len, ==, 2);
	g_assert_cmpstr(((CsIssuedRow *)g_ptr_array_index(rows, 0))->serial, ==, "02");
}

/* rule 12: revoked for good */
static void
test_revoked(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsIssuedRow) row = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(put_issued(test->registry, "01", "key", 0, &error));
	g_assert_true(put_issued(test->registry, "01", "key", CS_TEST_NOW, &error));
	g_assert_true(put_issued(test->registry, "01", "key", CS_TEST_NOW, &error));
	g_assert_false(put_issued(test->registry, "01", "key", 0, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	g_assert_true(cs_registry_find_issued(test->registry, "f-01", &row, &error));
	g_assert_cmpint(row->revoked_at, ==, CS_TEST_NOW);
}

static void
test_noted(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autofree char *key = NULL;
	g_autofree char *missing = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_note_certificate(test->registry, "f1", "key", &error));
	g_assert_true(cs_registry_note_certificate(test->registry, "f1", "other", &error));
	g_assert_true(cs_registry_find_key_of_certificate(test->registry, "f1", &key, &error));
	g_assert_cmpstr(key, ==, "key");
	g_assert_true(cs_registry_find_key_of_certificate(test->registry, "f2", &missing, &error));
	g_assert_null(missing);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-certificates/issuers", test_issuers);
	g_test_add_func("/registry-certificates/delete-issuer", test_delete_issuer);
	g_test_add_func("/registry-certificates/issued", test_issued);
	g_test_add_func("/registry-certificates/revoked", test_revoked);
	g_test_add_func("/registry-certificates/noted", test_noted);
	return g_test_run();
}
