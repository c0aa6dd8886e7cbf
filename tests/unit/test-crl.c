/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/crl.h"

#include "core/pki/certificate-extension.h"
#include "core/pki/pem.h"
#include "tests/fixtures/revocation-fixture.h"

#include <string.h>

typedef struct {
	CsTestIdentity *authority;
	CsTestIdentity *stranger;
	CsTestIdentity *client;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->authority = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	f->stranger = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	f->client = cs_test_identity_new(NULL, f->authority);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_identity_free(f->client);
	cs_test_identity_free(f->stranger);
	cs_test_identity_free(f->authority);
}

static CsCrl *
make(const CsTestCrlProfile *profile, CsTestIdentity *signer)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) der = cs_test_crl_new(profile, signer);
	CsCrl *crl = cs_crl_new(der, &error);

	g_assert_no_error(error);
	return crl;
}

static CsDer
serial(Fixture *f)
{
	return cs_certificate_get_serial_der(cs_test_identity_get_certificate(f->client));
}

static void
test_signature(Fixture *f, gconstpointer data)
{
	g_autoptr(CsCrl) crl = make(NULL, f->authority);

	g_assert_false(cs_crl_prepare(crl, cs_test_identity_get_pkey(f->stranger)));
	g_assert_false(cs_crl_prepare(crl, NULL));
	g_assert_true(cs_crl_prepare(crl, cs_test_identity_get_pkey(f->authority)));
	g_assert_cmpint(cs_crl_find(crl, serial(f)), ==, CS_CRL_NOT_LISTED);
	g_assert_cmpuint(cs_crl_get_index_bytes(crl), ==, 0);
	g_assert_cmpuint(g_bytes_get_size(cs_crl_get_der(crl)), >, 100);
}

/* RSASSA-PSS, and a PSS signature by SHA-1 never. */
static void
test_pss(Fixture *f, gconstpointer data)
{
	g_autoptr(X509_CRL) crl = X509_CRL_new();
	g_autoptr(CsTestIdentity) rsa = cs_test_identity_new(
		&(CsTestProfile){.ca = TRUE, .key_kind = CS_KEY_KIND_RSA, .key_number = 1}, NULL);
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
	g_autoptr(ASN1_TIME) time = ASN1_TIME_set(NULL, CS_TEST_CRL_NOW);
	g_autoptr(GBytes) der = NULL;
	g_autoptr(CsCrl) read = NULL;
	EVP_PKEY_CTX *options = NULL;
	guint8 *encoded = NULL;
	int length = 0;

	X509_CRL_set_issuer_name(crl, X509_get_subject_name(cs_test_identity_get_x509(rsa)));
	X509_CRL_set1_lastUpdate(crl, time);
	EVP_DigestSignInit_ex(context, &options, "SHA256", NULL, NULL,
			      cs_test_identity_get_pkey(rsa), NULL);
	EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
	EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
	g_assert_cmpint(X509_CRL_sign_ctx(crl, context), >, 0);
	length = i2d_X509_CRL(crl, &encoded);
	der = g_bytes_new(encoded, (gsize)length);
	OPENSSL_free(encoded);
	read = cs_crl_new(der, NULL);
	g_assert_nonnull(read);
	g_assert_cmpuint(cs_crl_get_fields(read)->version, ==, 1);
	g_assert_true(cs_crl_prepare(read, cs_test_identity_get_pkey(rsa)));
	g_assert_false(cs_crl_prepare(read, cs_test_identity_get_pkey(f->authority)));
}

/* Many entries, each found, and no other; 8 bytes each. */
static void
test_many(Fixture *f, gconstpointer data)
{
	enum {
		COUNT = 3000
	};
	g_autoptr(GString) entries = g_string_new(NULL);
	g_autoptr(CsCrl) crl = NULL;
	gsize found = 0;

	for (guint i = 0; i < COUNT; i++)
		g_string_append_printf(entries, "30150204%08x170d3230303130313030303030305a",
				       0x10000000 + 2 * i);
	crl = make(&(CsTestCrlProfile){.entries = entries->str}, f->authority);
	g_assert_cmpuint(cs_crl_get_fields(crl)->entry_count, ==, COUNT);
	g_assert_true(cs_crl_prepare(crl, cs_test_identity_get_pkey(f->authority)));
	g_assert_cmpuint(cs_crl_get_index_bytes(crl), ==, COUNT * 8);
	for (guint i = 0; i < 2 * COUNT; i++) {
		const guint32 big_endian = GUINT32_TO_BE(0x10000000 + i);
		const CsDer number = {(const guint8 *)&big_endian, 4};

		if (cs_crl_find(crl, number) == CS_CRL_LISTED) {
			g_assert_cmpuint(i % 2, ==, 0);
			found++;
		}
	}
	g_assert_cmpuint(found, ==, COUNT);
}

static void
test_newer(Fixture *f, gconstpointer data)
{
	g_autoptr(CsCrl) first = make(&(CsTestCrlProfile){.number = "02"}, f->authority);
	g_autoptr(CsCrl) second = make(&(CsTestCrlProfile){.number = "00ff"}, f->authority);
	g_autoptr(CsCrl) third = make(&(CsTestCrlProfile){.number = "0100"}, f->authority);
	g_autoptr(CsCrl) dated = make(&(CsTestCrlProfile){.this_update = 1}, f->authority);
	g_autoptr(CsCrl) kept = cs_crl_ref(first);

	g_assert_true(cs_crl_is_newer(second, first));
	g_assert_true(cs_crl_is_newer(third, second));
	g_assert_false(cs_crl_is_newer(first, third));
	g_assert_false(cs_crl_is_newer(first, kept));
	g_assert_true(cs_crl_is_newer(first, dated));
}

/* Any byte short, or changed within the lengths, is refused or read otherwise, never past the end. */
static void
test_malformed(Fixture *f, gconstpointer data)
{
	g_autoptr(GBytes) der = cs_test_crl_new(
		&(CsTestCrlProfile){.number = "05", .scope = "30038101ff"}, f->authority);
	g_autoptr(GBytes) huge =
		g_bytes_new_take(g_malloc0(CS_CRL_MAX_BYTES + 1), CS_CRL_MAX_BYTES + 1);
	g_autoptr(GError) error = NULL;

	for (gsize length = 0; length < g_bytes_get_size(der); length++) {
		g_autoptr(GBytes) cut = g_bytes_new_from_bytes(der, 0, length);
		g_autoptr(GError) refused = NULL;

		g_assert_null(cs_crl_new(cut, &refused));
		g_assert_error(refused, CS_ERROR, CS_ERROR_INVALID);
		g_assert_cmpstr(cs_error_get_reason(refused), ==, "crl-malformed");
	}
	g_assert_null(cs_crl_new(huge, &error));
	g_assert_cmpstr(cs_error_get_reason(error), ==, "crl-too-large");
}

static void
assert_refused(Fixture *f, const CsTestCrlProfile *profile)
{
	g_autoptr(GBytes) der = cs_test_crl_new(profile, f->authority);
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_crl_new(der, &error));
	g_assert_cmpstr(cs_error_get_reason(error), ==, "crl-malformed");
}

static void
test_refused(Fixture *f, gconstpointer data)
{
	const CsCertificate *client = cs_test_identity_get_certificate(f->client);

	/* Removed by a complete CRL; reasons that are none. */
	assert_refused(f, &(CsTestCrlProfile){.entries = cs_test_crl_entry_reason(client, 8)});
	assert_refused(f, &(CsTestCrlProfile){.entries = cs_test_crl_entry(
						      client, cs_test_der_extension("551d15", FALSE,
										    "020101"))});
	/* issuingDistributionPoint: empty, two kinds at once, FALSE written, odd bits, more. */
	assert_refused(f, &(CsTestCrlProfile){.scope = "3000"});
	assert_refused(f, &(CsTestCrlProfile){.scope = "30068101ff8201ff"});
	assert_refused(f, &(CsTestCrlProfile){.scope = "3003810100"});
	assert_refused(f, &(CsTestCrlProfile){.scope = "300483020940"});
	assert_refused(f, &(CsTestCrlProfile){.scope = "30038601ff"});
	/* Numbers: negative, of more than 20 octets. */
	assert_refused(f, &(CsTestCrlProfile){.number = "80"});
	assert_refused(
		f, &(CsTestCrlProfile){.number = "01000000000000000000000000000000000000000000"});
	assert_refused(
		f, &(CsTestCrlProfile){.extra = cs_test_der_extension("551d14", FALSE, "020105"),
				       .number = "05"});
}

static void
test_file(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) der = cs_test_crl_new(NULL, f->authority);
	g_autofree char *crl_pem =
		cs_pem_encode("X509 CRL", g_bytes_get_data(der, NULL), g_bytes_get_size(der));
	g_autofree char *text =
		g_strconcat("0", crl_pem, cs_test_identity_get_pem(f->client), crl_pem, NULL);
	g_autoptr(GBytes) pem = g_bytes_new(text + 1, strlen(text + 1));
	g_autoptr(GBytes) other = g_bytes_new_static("no", 2);
	g_autoptr(GPtrArray) beside = NULL;
	g_autoptr(GPtrArray) one = cs_crls_decode(der, NULL, &error);
	g_autoptr(GPtrArray) more = cs_crls_decode(pem, &beside, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(one->len, ==, 1);
	g_assert_cmpuint(more->len, ==, 2);
	g_assert_cmpuint(beside->len, ==, 1);
	g_assert_null(cs_crls_decode(other, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "crl-missing");
}

static void
assert_bad_block(const char *label, const char *body, const char *reason)
{
	g_autofree char *text =
		g_strdup_printf("-----BEGIN %s-----\n%s\n-----END %s-----\n", label, body, label);
	g_autoptr(GBytes) file = g_bytes_new(text, strlen(text));
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_crls_decode(file, NULL, &error));
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

static void
test_bad_file(Fixture *f, gconstpointer data)
{
	assert_bad_block("X509 CRL", "MAA=", "crl-malformed");
	assert_bad_block("X509 CRL", "?", "crl-malformed");
	assert_bad_block("CERTIFICATE", "MAA=", "certificate-malformed");
	assert_bad_block("PRIVATE KEY", "MAA=", "crl-missing");
}

#define ADD(path, function) g_test_add("/crl/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("signature", test_signature);
	ADD("pss", test_pss);
	ADD("many", test_many);
	ADD("newer", test_newer);
	ADD("malformed", test_malformed);
	ADD("refused", test_refused);
	ADD("file", test_file);
	ADD("bad-file", test_bad_file);
	return g_test_run();
}
