/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/certificate-extension.h"

#include "tests/fixtures/revocation-fixture.h"

#include <string.h>

/* An URI as a GeneralName. */
static const char *
uri(const char *text)
{
	return cs_test_der(0x86, cs_test_der_of((CsDer){(const guint8 *)text, strlen(text)}), NULL);
}

static CsTestIdentity *
make(const char *oid, const char *value)
{
	return cs_test_identity_new(&(CsTestProfile){.extra_oid = oid, .extra_hex = value}, NULL);
}

static void
assert_urls(GPtrArray *urls_taken, const char *expected)
{
	g_autofree char *text = NULL;

	g_ptr_array_add(urls_taken, NULL);
	text = g_strjoinv(" ", (char **)urls_taken->pdata);
	g_assert_cmpstr(text, ==, expected);
	g_ptr_array_unref(urls_taken);
}

static void
test_crl_urls(void)
{
	const char *name = cs_test_der(
		0xa0,
		cs_test_der(0xa0, uri("http://a/x"), uri("ldap://b"), uri("https://c/"), NULL),
		NULL);
	const char *zero =
		cs_test_der(0xa0, cs_test_der(0xa0, "8609687474703a2f2f6100", NULL), NULL);
	g_autoptr(CsTestIdentity) some =
		make("2.5.29.31",
		     cs_test_der(0x30, cs_test_der(0x30, name, NULL), cs_test_der(0x30, zero, NULL),
				 cs_test_der(0x30, name, "a200", NULL), NULL));
	g_autoptr(CsTestIdentity) broken = make("2.5.29.31", "0500");
	g_autoptr(CsTestIdentity) none = cs_test_identity_new(NULL, NULL);

	assert_urls(cs_certificate_list_crl_urls(cs_test_identity_get_certificate(some)),
		    "http://a/x https://c/");
	assert_urls(cs_certificate_list_crl_urls(cs_test_identity_get_certificate(broken)), "");
	assert_urls(cs_certificate_list_crl_urls(cs_test_identity_get_certificate(none)), "");
}

static void
test_freshest_urls(void)
{
	const char *name = cs_test_der(0xa0, cs_test_der(0xa0, uri("http://a/delta"), NULL), NULL);
	g_autoptr(CsTestIdentity) some =
		make("2.5.29.46", cs_test_der(0x30, cs_test_der(0x30, name, NULL), NULL));
	g_autoptr(CsTestIdentity) none = cs_test_identity_new(NULL, NULL);

	assert_urls(cs_certificate_list_freshest_urls(cs_test_identity_get_certificate(some)),
		    "http://a/delta");
	assert_urls(cs_certificate_list_crl_urls(cs_test_identity_get_certificate(some)), "");
	assert_urls(cs_certificate_list_freshest_urls(cs_test_identity_get_certificate(none)), "");
}

static void
test_ocsp_urls(void)
{
	const char *ocsp = "06082b06010505073001";
	const char *issuers = "06082b06010505073002";
	g_autoptr(CsTestIdentity) some =
		make("1.3.6.1.5.5.7.1.1",
		     cs_test_der(0x30, cs_test_der(0x30, issuers, uri("http://ca"), NULL),
				 cs_test_der(0x30, ocsp, uri("http://o"), NULL), NULL));
	g_autoptr(CsTestIdentity) none = cs_test_identity_new(NULL, NULL);

	assert_urls(cs_certificate_list_ocsp_urls(cs_test_identity_get_certificate(some)),
		    "http://o");
	assert_urls(cs_certificate_list_ocsp_urls(cs_test_identity_get_certificate(none)), "");
}

static void
test_usage(void)
{
	g_autoptr(CsTestIdentity) ca = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	g_autoptr(CsTestIdentity) client = cs_test_identity_new(NULL, NULL);
	g_autoptr(CsTestIdentity) any =
		cs_test_identity_new(&(CsTestProfile){.key_usage = "absent"}, NULL);
	g_autoptr(CsTestIdentity) old =
		cs_test_identity_new(&(CsTestProfile){.version_1 = TRUE}, NULL);

	g_assert_true(
		cs_certificate_may(cs_test_identity_get_certificate(ca), CS_KEY_USAGE_CRL_SIGN));
	g_assert_false(cs_certificate_may(cs_test_identity_get_certificate(client),
					  CS_KEY_USAGE_CRL_SIGN));
	g_assert_true(cs_certificate_may(cs_test_identity_get_certificate(client),
					 CS_KEY_USAGE_DIGITAL_SIGNATURE));
	g_assert_true(
		cs_certificate_may(cs_test_identity_get_certificate(any), CS_KEY_USAGE_CRL_SIGN));
	g_assert_true(cs_certificate_is_ca(cs_test_identity_get_certificate(ca)));
	g_assert_cmpuint(cs_certificate_get_version(cs_test_identity_get_certificate(old)), ==, 1);
	g_assert_false(cs_certificate_may_sign_ocsp(cs_test_identity_get_certificate(old)));
	g_assert_false(cs_certificate_has_no_check(cs_test_identity_get_certificate(client)));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/certificate-extension/crl-urls", test_crl_urls);
	g_test_add_func("/certificate-extension/freshest-urls", test_freshest_urls);
	g_test_add_func("/certificate-extension/ocsp-urls", test_ocsp_urls);
	g_test_add_func("/certificate-extension/usage", test_usage);
	return g_test_run();
}
