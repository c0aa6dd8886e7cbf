/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/trusted-issuers.h"

#include "core/protocol/tokens.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/pki-fixture.h"

static void
put_issuer(CsRegistry *r, const char *id, GBytes *der, gboolean revocation_none)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsIssuerRow) row = g_new0(CsIssuerRow, 1);

	row->id = g_strdup(id);
	row->fingerprint = g_strconcat("fingerprint-", id, NULL);
	row->subject = g_strdup("CN=Test CA");
	row->der = g_bytes_ref(der);
	row->revocation_none = revocation_none;
	row->created_at = CS_TEST_NOW;
	cs_registry_put_issuer(r, row, &error);
	g_assert_no_error(error);
}

static void
refresh(CsTrustedIssuers *trusted, CsRegistry *r)
{
	g_autoptr(GError) error = NULL;

	cs_trusted_issuers_refresh(trusted, r, &error);
	g_assert_no_error(error);
}

static CsIssuer *
get_issuer(CsTrustedIssuers *trusted, guint place)
{
	return g_ptr_array_index(cs_trusted_issuers_get_issuers(trusted), place);
}

/* rules 4, 13 and 14 */
static void
test_refresh(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsTrustedIssuers) trusted = cs_trusted_issuers_new();
	g_autoptr(CsTestIdentity) a = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	g_autoptr(CsTestIdentity) b = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	g_autofree char *nobody = g_strdup(cs_trusted_issuers_get_hash(trusted));
	GPtrArray *certificates = cs_trusted_issuers_get_certificates(trusted);
	CsIssuer *kept;

	g_assert_cmpuint(cs_trusted_issuers_get_issuers(trusted)->len, ==, 0);
	put_issuer(test->registry, "a", cs_test_identity_get_der(a), FALSE);
	put_issuer(test->registry, "b", cs_test_identity_get_der(b), TRUE);
	refresh(trusted, test->registry);
	g_assert_cmpuint(certificates->len, ==, 2);
	g_assert_true(cs_issuer_get_certificate(get_issuer(trusted, 0)) ==
		      g_ptr_array_index(certificates, 0));
	g_assert_cmpstr(cs_certificate_get_fingerprint(g_ptr_array_index(certificates, 1)), ==,
			cs_certificate_get_fingerprint(cs_test_identity_get_certificate(b)));
	g_assert_cmpstr(cs_trusted_issuers_get_hash(trusted), !=, nobody);
	g_assert_false(cs_trusted_issuers_has_revocation_none(trusted, get_issuer(trusted, 0)));
	g_assert_true(cs_trusted_issuers_has_revocation_none(trusted, get_issuer(trusted, 1)));
	/* While the list stays the same, so do the prepared issuers. */
	kept = cs_issuer_ref(get_issuer(trusted, 0));
	refresh(trusted, test->registry);
	g_assert_true(get_issuer(trusted, 0) == kept);
	g_assert_true(cs_registry_delete_issuer(test->registry, "a", NULL));
	refresh(trusted, test->registry);
	g_assert_cmpuint(cs_trusted_issuers_get_issuers(trusted)->len, ==, 1);
	g_assert_false(cs_trusted_issuers_has_revocation_none(trusted, kept));
	/* Another choice for the same certificate. */
	put_issuer(test->registry, "b", cs_test_identity_get_der(b), FALSE);
	refresh(trusted, test->registry);
	g_assert_false(cs_trusted_issuers_has_revocation_none(trusted, get_issuer(trusted, 0)));
	g_assert_true(cs_registry_delete_issuer(test->registry, "b", NULL));
	refresh(trusted, test->registry);
	g_assert_cmpuint(certificates->len, ==, 0);
	g_assert_cmpstr(cs_trusted_issuers_get_hash(trusted), ==, nobody);
	cs_issuer_unref(kept);
}

/* One that cannot be decoded trusts nobody, and harms no other. */
static void
test_broken_row(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsTrustedIssuers) trusted = cs_trusted_issuers_new();
	g_autoptr(CsTestIdentity) a = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	g_autoptr(GBytes) garbage = g_bytes_new_static("garbage", 7);

	put_issuer(test->registry, "b", garbage, TRUE);
	put_issuer(test->registry, "a", cs_test_identity_get_der(a), TRUE);
	refresh(trusted, test->registry);
	g_assert_cmpuint(cs_trusted_issuers_get_issuers(trusted)->len, ==, 1);
	g_assert_true(cs_trusted_issuers_has_revocation_none(trusted, get_issuer(trusted, 0)));
}

/* No client takes a longer list. */
static void
test_bounded(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsTrustedIssuers) trusted = cs_trusted_issuers_new();

	for (guint i = 0; i < CS_MAX_ISSUERS + 1; i++) {
		g_autofree char *id = g_strdup_printf("%u", i);
		g_autoptr(CsTestIdentity) ca =
			cs_test_identity_new(&(CsTestProfile){.ca = TRUE, .key_number = 1}, NULL);

		put_issuer(test->registry, id, cs_test_identity_get_der(ca), FALSE);
	}
	refresh(trusted, test->registry);
	g_assert_cmpuint(cs_trusted_issuers_get_certificates(trusted)->len, ==, CS_MAX_ISSUERS);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/trusted-issuers/refresh", test_refresh);
	g_test_add_func("/trusted-issuers/broken-row", test_broken_row);
	g_test_add_func("/trusted-issuers/bounded", test_bounded);
	return g_test_run();
}
