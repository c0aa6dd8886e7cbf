/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/certificate.h"

#include <string.h>

#include "core/base/encoding.h"
#include "tests/fixtures/pki-fixture.h"

#define THREADS 8
#define ROUNDS	100

static void
test_fields(void)
{
	CsTestProfile authority_profile = {.ca = TRUE, .subject = "O=Example,CN=Issuing CA"};
	CsTestProfile profile = {.subject = "CN=device 7",
				 .serial_hex = "0A1B",
				 .not_before = 1700000000,
				 .not_after = 2600000000,
				 .key_kind = CS_KEY_KIND_P384};
	g_autoptr(CsTestIdentity) authority = cs_test_identity_new(&authority_profile, NULL);
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profile, authority);
	CsCertificate *certificate = cs_test_identity_get_certificate(identity);
	GBytes *der = cs_test_identity_get_der(identity);
	g_autofree char *fingerprint =
		cs_sha256_hex(g_bytes_get_data(der, NULL), g_bytes_get_size(der));

	g_assert_true(cs_certificate_get_der(certificate) == der);
	g_assert_cmpstr(cs_certificate_get_fingerprint(certificate), ==, fingerprint);
	g_assert_cmpstr(cs_certificate_get_serial(certificate), ==, "0a1b");
	g_assert_cmpint(cs_certificate_get_not_before(certificate), ==, 1700000000);
	g_assert_cmpint(cs_certificate_get_not_after(certificate), ==, 2600000000);
	g_assert_cmpint(cs_certificate_get_key_kind(certificate), ==, CS_KEY_KIND_P384);
	g_assert_cmpstr(cs_certificate_get_subject_text(certificate), ==, "CN=device 7");
	g_assert_cmpstr(cs_certificate_get_issuer_text(certificate), ==, "CN=Issuing CA,O=Example");
	g_assert_true(g_bytes_equal(
		cs_certificate_get_issuer_name(certificate),
		cs_certificate_get_subject_name(cs_test_identity_get_certificate(authority))));
	g_assert_cmpstr(cs_certificate_get_signature_method(certificate)->name, ==,
			"ECDSA with SHA-256");
	g_assert_cmpuint(cs_certificate_get_signature(certificate).length, >, 60);
}

static void
test_key(void)
{
	CsTestProfile first_profile = {.key_kind = CS_KEY_KIND_RSA, .key_number = 1};
	g_autoptr(CsTestIdentity) first = cs_test_identity_new(&first_profile, NULL);
	CsTestProfile second_profile = {.key_of = first};
	g_autoptr(CsTestIdentity) second = cs_test_identity_new(&second_profile, NULL);
	CsCertificate *one = cs_test_identity_get_certificate(first);
	CsCertificate *two = cs_test_identity_get_certificate(second);
	g_autoptr(GError) error = NULL;

	/* rule 15: the key's fingerprint outlives a new certificate for it */
	g_assert_cmpstr(cs_certificate_get_fingerprint(one), !=,
			cs_certificate_get_fingerprint(two));
	g_assert_cmpstr(cs_certificate_get_key_fingerprint(one), ==,
			cs_certificate_get_key_fingerprint(two));
	g_assert_true(g_bytes_equal(cs_certificate_get_spki(one), cs_certificate_get_spki(two)));

	EVP_PKEY *key = cs_certificate_get_public_key(one, &error);
	g_assert_no_error(error);
	g_assert_cmpint(EVP_PKEY_eq(key, cs_test_identity_get_pkey(first)), ==, 1);
	g_assert_true(cs_certificate_get_public_key(one, NULL) == key);
}

static void
test_serials(void)
{
	static const struct {
		const char *given;
		const char *expected;
	} cases[] = {
		{"1", "01"},
		{"0", "00"},
		{"80", "80"},
		{"FF00000000000000000000000000000000000001",
		 "ff00000000000000000000000000000000000001"},
		{"-1", "-01"},
		{"-80", "-80"},
		{"-100", "-0100"},
		{"-81", "-81"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		CsTestProfile profile = {.serial_hex = cases[i].given};
		g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profile, NULL);
		CsCertificate *certificate = cs_test_identity_get_certificate(identity);
		g_assert_cmpstr(cs_certificate_get_serial(certificate), ==, cases[i].expected);
	}
}

static void
assert_malformed(GBytes *der)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(cs_certificate_new(der, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "certificate-malformed");
}

static void
test_malformed(void)
{
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(NULL, NULL);
	GBytes *der = cs_test_identity_get_der(identity);
	g_autoptr(GByteArray) longer = g_byte_array_new();

	g_byte_array_append(longer, g_bytes_get_data(der, NULL), (guint)g_bytes_get_size(der));
	g_byte_array_append(longer, (const guint8 *)"", 1);
	g_autoptr(GBytes) trailing = g_bytes_new(longer->data, longer->len);
	g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
	assert_malformed(trailing);
	assert_malformed(empty);
}

/* One extension of @octets bytes brings the certificate near the cap. */
static CsTestIdentity *
make_large(guint octets)
{
	g_autofree char *hex = g_strnfill(2 * octets, '0');
	CsTestProfile profile = {.extra_oid = "1.2.3", .extra_hex = hex};
	return cs_test_identity_new(&profile, NULL);
}

static void
test_size_limit(void)
{
	g_autoptr(CsTestIdentity) good = make_large(7700);
	g_autoptr(CsTestIdentity) too_large = make_large(8100);

	g_assert_cmpuint(g_bytes_get_size(cs_test_identity_get_der(good)), <=,
			 CS_CERTIFICATE_MAX_BYTES);
	g_assert_nonnull(cs_test_identity_get_certificate(good));
	g_assert_cmpuint(g_bytes_get_size(cs_test_identity_get_der(too_large)), >,
			 CS_CERTIFICATE_MAX_BYTES);
	assert_malformed(cs_test_identity_get_der(too_large));
}

typedef struct {
	CsCertificate *certificate;
	GRWLock gate; /* held until all are there */
} Race;

static gpointer
ask_thread_cb(gpointer data)
{
	Race *race = data;
	CsCertificate *certificate = race->certificate;

	g_rw_lock_reader_lock(&race->gate);
	cs_certificate_get_fingerprint(certificate);
	cs_certificate_get_key_fingerprint(certificate);
	cs_certificate_get_issuer_name(certificate);
	cs_certificate_get_subject_name(certificate);
	cs_certificate_get_issuer_text(certificate);
	cs_certificate_get_subject_text(certificate);
	cs_certificate_get_serial(certificate);
	cs_certificate_get_spki(certificate);
	cs_certificate_get_public_key(certificate, NULL);
	g_rw_lock_reader_unlock(&race->gate);
	return NULL;
}

/* What is made when first asked for is made once, whoever asks. */
static void
test_threads(void)
{
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(NULL, NULL);

	for (guint round = 0; round < ROUNDS; round++) {
		g_autoptr(CsCertificate) certificate =
			cs_certificate_new(cs_test_identity_get_der(identity), NULL);
		Race race = {.certificate = certificate};
		GThread *threads[THREADS];
		g_rw_lock_init(&race.gate);
		g_rw_lock_writer_lock(&race.gate);
		for (guint i = 0; i < THREADS; i++)
			threads[i] = g_thread_new("ask", ask_thread_cb, &race);
		g_rw_lock_writer_unlock(&race.gate);
		const char *fingerprint = cs_certificate_get_fingerprint(certificate);
		for (guint i = 0; i < THREADS; i++)
			g_thread_join(threads[i]);
		g_rw_lock_clear(&race.gate);
		g_assert_true(fingerprint == cs_certificate_get_fingerprint(certificate));
	}
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/certificate/fields", test_fields);
	g_test_add_func("/certificate/key", test_key);
	g_test_add_func("/certificate/serials", test_serials);
	g_test_add_func("/certificate/malformed", test_malformed);
	g_test_add_func("/certificate/size-limit", test_size_limit);
	g_test_add_func("/certificate/threads", test_threads);
	return g_test_run();
}
