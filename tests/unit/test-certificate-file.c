/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/certificate.h"

#include <string.h>

#include "tests/fixtures/pki-fixture.h"

typedef struct {
	CsTestIdentity *first;
	CsTestIdentity *second;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	CsTestProfile profile = {.subject = "CN=second"};
	fixture->first = cs_test_identity_new(NULL, NULL);
	fixture->second = cs_test_identity_new(&profile, NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_identity_free(fixture->first);
	cs_test_identity_free(fixture->second);
}

static void
assert_fails(const void *data, gsize length, const char *reason)
{
	g_autoptr(GBytes) file = g_bytes_new(data, length);
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_certificates_decode(file, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

static GPtrArray *
decode_text(const char *text)
{
	g_autoptr(GBytes) file = g_bytes_new(text, strlen(text));
	g_autoptr(GError) error = NULL;
	GPtrArray *certificates = cs_certificates_decode(file, &error);
	g_assert_no_error(error);
	return certificates;
}

static void
assert_is(GPtrArray *certificates, guint index, CsTestIdentity *identity)
{
	g_assert_cmpuint(index, <, certificates->len);
	CsCertificate *certificate = g_ptr_array_index(certificates, index);
	g_assert_true(g_bytes_equal(cs_certificate_get_der(certificate),
				    cs_test_identity_get_der(identity)));
}

static void
test_pem(Fixture *fixture, gconstpointer data)
{
	g_autofree char *key =
		cs_test_identity_dup_key_pem(fixture->first, CS_TEST_KEY_PKCS8, NULL);
	g_autofree char *text =
		g_strconcat("Bag Attributes\r\n", key, cs_test_identity_get_pem(fixture->first),
			    "0x30\n", cs_test_identity_get_pem(fixture->second), "end", NULL);
	g_autoptr(GPtrArray) certificates = decode_text(text);

	g_assert_cmpuint(certificates->len, ==, 2);
	assert_is(certificates, 0, fixture->first);
	assert_is(certificates, 1, fixture->second);

	/* Lines as Windows ends them; the elder label. */
	g_auto(GStrv) lines = g_strsplit(cs_test_identity_get_pem(fixture->first), "\n", -1);
	g_autofree char *windows = g_strjoinv("\r\n", lines);
	g_autoptr(GPtrArray) again = decode_text(windows);
	assert_is(again, 0, fixture->first);
	g_autoptr(GString) elder = g_string_new(cs_test_identity_get_pem(fixture->first));
	g_string_replace(elder, "CERTIFICATE", "X509 CERTIFICATE", 0);
	g_autoptr(GPtrArray) elders = decode_text(elder->str);
	assert_is(elders, 0, fixture->first);
}

static void
test_der(Fixture *fixture, gconstpointer data)
{
	GBytes *der = cs_test_identity_get_der(fixture->first);
	g_autoptr(GPtrArray) certificates = cs_certificates_decode(der, NULL);

	g_assert_cmpuint(certificates->len, ==, 1);
	assert_is(certificates, 0, fixture->first);
}

static void
test_round_trip(Fixture *fixture, gconstpointer data)
{
	g_autofree char *pem =
		cs_certificate_to_pem(cs_test_identity_get_certificate(fixture->first));
	g_assert_cmpstr(pem, ==, cs_test_identity_get_pem(fixture->first));
}

static void
test_failures(Fixture *fixture, gconstpointer data)
{
	const char *pem = cs_test_identity_get_pem(fixture->first);
	g_autofree char *key =
		cs_test_identity_dup_key_pem(fixture->first, CS_TEST_KEY_PKCS8, NULL);
	g_autofree char *one_broken = g_strconcat(
		pem, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", NULL);
	g_autofree char *no_base64 =
		g_strdup("-----BEGIN CERTIFICATE-----\nM!A=\n-----END CERTIFICATE-----\n");
	gsize length = 0;
	const char *der = g_bytes_get_data(cs_test_identity_get_der(fixture->first), &length);

	assert_fails("", 0, "certificate-missing");
	assert_fails("hello", 5, "certificate-missing");
	assert_fails(key, strlen(key), "certificate-missing");
	assert_fails(pem, strlen(pem) / 2, "certificate-missing"); /* cut short */
	assert_fails(one_broken, strlen(one_broken), "certificate-malformed");
	assert_fails(no_base64, strlen(no_base64), "certificate-malformed");
	assert_fails("\x30\x00", 2, "certificate-malformed");
	assert_fails(der, length - 1, "certificate-missing");
	g_autoptr(GBytes) key_der = cs_test_identity_dup_key_der(fixture->first, CS_TEST_KEY_PKCS8);
	assert_fails(g_bytes_get_data(key_der, NULL), g_bytes_get_size(key_der),
		     "certificate-malformed");
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/certificate-file/pem", Fixture, NULL, set_up, test_pem, tear_down);
	g_test_add("/certificate-file/der", Fixture, NULL, set_up, test_der, tear_down);
	g_test_add("/certificate-file/round-trip", Fixture, NULL, set_up, test_round_trip,
		   tear_down);
	g_test_add("/certificate-file/failures", Fixture, NULL, set_up, test_failures, tear_down);
	return g_test_run();
}
