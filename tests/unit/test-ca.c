/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/ca.h"

#include "core/pki/issuer.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/csr-fixture.h"
#include "tests/fixtures/pki-fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define NOT_BEFORE G_GINT64_CONSTANT(1800000000)
#define NOT_AFTER  G_GINT64_CONSTANT(1810000000)

typedef struct {
	char *folder;
	CsCa *ca;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	fixture->folder = cs_test_make_folder();
	fixture->ca = cs_ca_create(fixture->folder, "Example", cs_clock_get_system(), &error);
	g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_ca_free(fixture->ca);
	cs_test_delete_folder(fixture->folder);
	g_free(fixture->folder);
}

static CsCertificate *
issue(Fixture *fixture, GBytes *csr, GError **error)
{
	return cs_ca_issue(fixture->ca, csr, NOT_BEFORE, NOT_AFTER, error);
}

static void
assert_mode(const Fixture *fixture, const char *name)
{
	g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
	struct stat info;

	g_assert_cmpint(stat(path, &info), ==, 0);
	g_assert_cmphex(info.st_mode & 07777, ==, 0600);
}

/* rule 13: a CA certificate that an administrator could list */
static void
test_create(Fixture *fixture, gconstpointer data)
{
	CsCertificate *certificate = cs_ca_get_certificate(fixture->ca);
	g_autoptr(CsIssuer) issuer = NULL;
	g_autoptr(CsCa) again = NULL;
	g_autoptr(GError) error = NULL;

	assert_mode(fixture, "ca.key");
	assert_mode(fixture, "ca.pem");
	g_assert_true(cs_certificate_is_authority(certificate, NULL));
	g_assert_false(cs_certificate_is_client(certificate, NULL));
	g_assert_cmpint(cs_certificate_get_key_kind(certificate), ==, CS_KEY_KIND_P256);
	g_assert_cmpint(cs_certificate_get_not_after(certificate) -
				cs_certificate_get_not_before(certificate),
			==, G_GINT64_CONSTANT(3652) * 86400);
	issuer = cs_issuer_new(certificate, &error);
	g_assert_no_error(error);
	g_assert_true(cs_issuer_has_issued(issuer, certificate));
	again = cs_ca_open(fixture->folder, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(cs_certificate_get_fingerprint(cs_ca_get_certificate(again)), ==,
			cs_certificate_get_fingerprint(certificate));
}

/* Two authorities of one name: their CAs are told apart by name too. */
static void
test_names(Fixture *fixture, gconstpointer data)
{
	const char *subject = cs_certificate_get_subject_text(cs_ca_get_certificate(fixture->ca));
	g_autofree char *first = g_strdup(subject);
	g_autofree char *long_name = g_strnfill(64 * 2, 'x');
	g_autoptr(GString) wide = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(g_regex_match_simple("^CN=Example built-in CA [0-9a-f]{6},O=Example$",
					   subject, 0, 0));
	g_clear_pointer(&fixture->ca, cs_ca_free);
	fixture->ca = cs_ca_create(fixture->folder, "Example", cs_clock_get_system(), &error);
	g_assert_no_error(error);
	g_assert_cmpstr(cs_certificate_get_subject_text(cs_ca_get_certificate(fixture->ca)), !=,
			first);

	for (int i = 0; i < 64; i++)
		g_string_append(wide, "ü");
	g_clear_pointer(&fixture->ca, cs_ca_free);
	fixture->ca = cs_ca_create(fixture->folder, wide->str, cs_clock_get_system(), &error);
	g_assert_no_error(error);
	g_assert_null(cs_ca_create(fixture->folder, long_name, cs_clock_get_system(), &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "ca-failed");
}

static void
test_open_fails(Fixture *fixture, gconstpointer data)
{
	g_autofree char *other = cs_test_make_folder();
	g_autofree char *key = g_build_filename(fixture->folder, "ca.key", NULL);
	g_autofree char *foreign = g_build_filename(other, "ca.key", NULL);
	g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(NULL, NULL);
	g_autofree char *leaf_key = cs_test_identity_dup_key_pem(leaf, CS_TEST_KEY_PKCS8, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_ca_open(other, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_clear_error(&error);
	cs_ca_free(cs_ca_create(other, "Other", cs_clock_get_system(), &error));
	g_assert_no_error(error);
	g_assert_cmpint(g_rename(foreign, key), ==, 0);
	g_assert_null(cs_ca_open(fixture->folder, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "ca-broken");
	g_free(cs_test_write_text(fixture->folder, "ca.key", leaf_key));
	g_free(cs_test_write_text(fixture->folder, "ca.pem", cs_test_identity_get_pem(leaf)));
	g_assert_null(cs_ca_open(fixture->folder, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "ca-broken");
	g_free(cs_test_write_text(fixture->folder, "ca.pem", "no certificate"));
	g_assert_null(cs_ca_open(fixture->folder, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	cs_test_delete_folder(other);
}

static gboolean
has_extension(const CsCertificate *certificate, int nid, gboolean critical)
{
	gsize length = 0;
	const guint8 *der = g_bytes_get_data(cs_certificate_get_der(certificate), &length);
	g_autoptr(X509) x509 = d2i_X509(NULL, &der, (long)length);
	int place = X509_get_ext_by_NID(x509, nid, -1);

	if (place < 0)
		return FALSE;
	return X509_EXTENSION_get_critical(X509_get_ext(x509, place)) == (critical ? 1 : 0);
}

/* rule 5: what it issues is a client certificate, issued by it */
static void
test_issue(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GBytes) csr = cs_test_csr_new("CN=device 7,O=Example", NULL);
	g_autoptr(CsIssuer) issuer = NULL;
	g_autoptr(CsCertificate) certificate = NULL;
	g_autoptr(CsCertificate) second = NULL;
	g_autoptr(GError) error = NULL;

	certificate = issue(fixture, csr, &error);
	g_assert_no_error(error);
	g_assert_true(cs_certificate_is_client(certificate, NULL));
	g_assert_false(cs_certificate_is_authority(certificate, NULL));
	issuer = cs_issuer_new(cs_ca_get_certificate(fixture->ca), NULL);
	g_assert_true(cs_issuer_has_issued(issuer, certificate));
	g_assert_cmpint(cs_certificate_get_not_before(certificate), ==, NOT_BEFORE);
	g_assert_cmpint(cs_certificate_get_not_after(certificate), ==, NOT_AFTER);
	g_assert_nonnull(strstr(cs_certificate_get_subject_text(certificate), "CN=device 7"));
	g_assert_true(has_extension(certificate, NID_basic_constraints, TRUE));
	g_assert_true(has_extension(certificate, NID_key_usage, TRUE));
	g_assert_true(has_extension(certificate, NID_ext_key_usage, FALSE));
	g_assert_true(has_extension(certificate, NID_subject_key_identifier, FALSE));
	g_assert_true(has_extension(certificate, NID_authority_key_identifier, FALSE));
	g_assert_cmpuint(strlen(cs_certificate_get_serial(certificate)), ==, 32);
	g_assert_cmpint(cs_certificate_get_serial(certificate)[0], <, '8');

	second = issue(fixture, csr, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(cs_certificate_get_serial(certificate), !=,
			cs_certificate_get_serial(second));
	g_assert_cmpstr(cs_certificate_get_key_fingerprint(certificate), ==,
			cs_certificate_get_key_fingerprint(second));
}

/* Whatever the request asks for besides, it gets a client certificate. */
static void
test_issue_extensions(Fixture *fixture, gconstpointer data)
{
	const CsTestCsr options = {.asks_for_ca = TRUE};
	g_autoptr(GBytes) csr = cs_test_csr_new("CN=device", &options);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsCertificate) certificate = issue(fixture, csr, &error);

	g_assert_no_error(error);
	g_assert_false(cs_certificate_is_authority(certificate, NULL));
	g_assert_true(cs_certificate_is_client(certificate, NULL));
}

static void
test_issue_forms(Fixture *fixture, gconstpointer data)
{
	static const CsTestCsr forms[] = {
		{.der = TRUE},
		{.kind = CS_KEY_KIND_RSA, .rsa_bits = 2048},
		{.kind = CS_KEY_KIND_P384},
		{.kind = CS_KEY_KIND_P521},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autoptr(GBytes) csr = cs_test_csr_new("CN=device", &forms[i]);
		g_autoptr(GError) error = NULL;
		g_autoptr(CsCertificate) certificate = issue(fixture, csr, &error);

		g_assert_no_error(error);
		g_assert_nonnull(certificate);
	}
}

/* rule 5: keys that no client could attest with */
static void
test_unsuitable(Fixture *fixture, gconstpointer data)
{
	static const CsTestCsr forms[] = {
		{.kind = CS_KEY_KIND_RSA, .rsa_bits = 1024},
		{.other_key = "secp256k1"},
		{.other_key = "ED25519"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autoptr(GBytes) csr = cs_test_csr_new("CN=device", &forms[i]);
		g_autoptr(GError) error = NULL;

		g_assert_null(issue(fixture, csr, &error));
		cs_test_expect_error(NULL, &error, CS_ERROR_REFUSED, "key-unsuitable");
	}
}

static void
expect_malformed(Fixture *fixture, GBytes *csr_taken)
{
	g_autoptr(GBytes) csr = csr_taken;
	g_autoptr(GError) error = NULL;

	g_assert_null(issue(fixture, csr, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_INVALID, "csr-malformed");
}

static GBytes *
bend(const CsTestCsr *options, gssize longer_by, gsize flip_from_end)
{
	g_autoptr(GBytes) csr = cs_test_csr_new("CN=device", options);
	gsize length = g_bytes_get_size(csr);
	g_autofree guint8 *bytes = g_malloc0(length + 16);

	memcpy(bytes, g_bytes_get_data(csr, NULL), length);
	if (flip_from_end > 0)
		bytes[length - flip_from_end] ^= 1;
	return g_bytes_new(bytes, (gsize)((gssize)length + longer_by));
}

static void
test_malformed(Fixture *fixture, gconstpointer data)
{
	static const CsTestCsr der = {.der = TRUE};
	static const CsTestCsr forged = {.der = TRUE, .signed_by_other = TRUE};
	static const char encrypted[] = "-----BEGIN CERTIFICATE REQUEST-----\n"
					"Proc-Type: 4,ENCRYPTED\n"
					"DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n"
					"\n"
					"AAAAAAAAAAAAAAAAAAAAAA==\n"
					"-----END CERTIFICATE REQUEST-----\n";
	g_autofree char *long_text = g_strnfill(20000, '0');

	expect_malformed(fixture, g_bytes_new_static("", 0));
	expect_malformed(fixture, g_bytes_new_static("0", 1));
	expect_malformed(fixture, g_bytes_new_static("no request", 10));
	expect_malformed(fixture, g_bytes_new_static(encrypted, sizeof(encrypted) - 1));
	expect_malformed(fixture, g_bytes_new(long_text, 20000));
	expect_malformed(fixture, bend(&der, 1, 0));
	expect_malformed(fixture, bend(&der, -1, 0));
	expect_malformed(fixture, bend(&der, 0, 1)); /* the signature's last byte */
	expect_malformed(fixture, cs_test_csr_new("CN=device", &forged));
	expect_malformed(fixture, cs_test_csr_new("", &der));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/ca/" name, Fixture, NULL, set_up, func, tear_down)
	ADD("create", test_create);
	ADD("names", test_names);
	ADD("open-fails", test_open_fails);
	ADD("issue", test_issue);
	ADD("issue-extensions", test_issue_extensions);
	ADD("issue-forms", test_issue_forms);
	ADD("unsuitable", test_unsuitable);
	ADD("malformed", test_malformed);
	return g_test_run();
}
