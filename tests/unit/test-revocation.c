/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation.h"

#include "core/base/openssl.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/pki-fixture.h"

/* rule 12 */

typedef struct {
	CsTestRegistry *registry;
	CsTestIdentity *built_in;
	CsTestIdentity *uploaded;
	CsTestIdentity *client; /* issued by the built-in CA */
} Fixture;

static void
fixture_set_up(Fixture *f, gconstpointer data)
{
	f->registry = cs_test_registry_new();
	f->built_in = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	f->uploaded = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	f->client = cs_test_identity_new(NULL, f->built_in);
}

static void
fixture_tear_down(Fixture *f, gconstpointer data)
{
	cs_test_identity_free(f->client);
	cs_test_identity_free(f->uploaded);
	cs_test_identity_free(f->built_in);
	cs_test_registry_free(f->registry);
}

/* As the built-in CA remembers a certificate; key_fingerprint (nullable): another key. */
static void
put_issued(Fixture *f, CsTestIdentity *client, const char *key_fingerprint, gint64 revoked_at)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsIssuedRow) row = g_new0(CsIssuedRow, 1);
	CsCertificate *certificate = cs_test_identity_get_certificate(client);

	row->serial = g_strdup(cs_certificate_get_serial(certificate));
	row->fingerprint = g_strdup(cs_certificate_get_fingerprint(certificate));
	row->key_fingerprint =
		g_strdup(key_fingerprint != NULL ? key_fingerprint
						 : cs_certificate_get_key_fingerprint(certificate));
	row->subject = g_strdup(cs_certificate_get_subject_text(certificate));
	row->der = g_bytes_ref(cs_certificate_get_der(certificate));
	row->not_after = cs_certificate_get_not_after(certificate);
	row->issued_at = CS_TEST_NOW;
	row->revoked_at = revoked_at;
	cs_registry_put_issued(f->registry->registry, row, &error);
	g_assert_no_error(error);
}

static CsRevocation
ask(Fixture *f, CsTestIdentity *ca, gboolean revocation_none, const CsCertificate *certificate)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsIssuer) issuer = cs_issuer_new(cs_test_identity_get_certificate(ca), &error);
	CsRevocationSource source = {
		.registry = f->registry->registry,
		.built_in = cs_test_identity_get_certificate(f->built_in),
		.issuer = issuer,
		.revocation_none = revocation_none,
	};
	CsRevocationFinding finding = {.status = CS_REVOCATION_REVOKED, .awaited = TRUE};

	g_assert_no_error(error);
	cs_revocation_find(&source, certificate, &finding, &error);
	g_assert_no_error(error);
	g_assert_false(finding.awaited);
	g_assert_cmpstr(finding.detail, ==,
			revocation_none && ca == f->uploaded ? "none"
			: ca == f->uploaded		     ? "crl-missing"
							     : "built-in");
	return finding.status;
}

static CsRevocation
ask_built_in(Fixture *f)
{
	return ask(f, f->built_in, FALSE, cs_test_identity_get_certificate(f->client));
}

static void
test_built_in(Fixture *f, gconstpointer data)
{
	g_assert_cmpint(ask_built_in(f), ==, CS_REVOCATION_UNKNOWN);
	put_issued(f, f->client, NULL, 0);
	g_assert_cmpint(ask_built_in(f), ==, CS_REVOCATION_GOOD);
	put_issued(f, f->client, NULL, CS_TEST_NOW);
	g_assert_cmpint(ask_built_in(f), ==, CS_REVOCATION_REVOKED);
}

/* A row of that number for another key is not about this certificate. */
static void
test_other_key(Fixture *f, gconstpointer data)
{
	CsCertificate *other = cs_test_identity_get_certificate(f->uploaded);

	put_issued(f, f->client, cs_certificate_get_key_fingerprint(other), 0);
	g_assert_cmpint(ask_built_in(f), ==, CS_REVOCATION_UNKNOWN);
}

static void
test_uploaded(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestIdentity) client = cs_test_identity_new(NULL, f->uploaded);
	CsCertificate *certificate = cs_test_identity_get_certificate(client);

	g_assert_cmpint(ask(f, f->uploaded, FALSE, certificate), ==, CS_REVOCATION_UNKNOWN);
	g_assert_cmpint(ask(f, f->uploaded, TRUE, certificate), ==, CS_REVOCATION_GOOD);
}

/* The built-in CA under another certificate, uploaded with --revocation none, is still asked. */
static void
test_built_in_uploaded(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestIdentity) again =
		cs_test_identity_new(&(CsTestProfile){.ca = TRUE, .key_of = f->built_in}, NULL);

	put_issued(f, f->client, NULL, CS_TEST_NOW);
	g_assert_cmpint(ask(f, again, TRUE, cs_test_identity_get_certificate(f->client)), ==,
			CS_REVOCATION_REVOKED);
}

/* The same certificate with s replaced by n - s in its issuer's signature: good, too, and of
 * another fingerprint. */
static CsCertificate *
make_re_encoded(CsTestIdentity *client)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(X509) x509 = X509_dup(cs_test_identity_get_x509(client));
	const ASN1_BIT_STRING *signature = NULL;
	const guint8 *position;
	g_autoptr(ECDSA_SIG) parts = NULL;
	g_autoptr(BIGNUM) n = NULL;
	g_autoptr(BIGNUM) s = BN_new();
	g_autoptr(GBytes) der = NULL;
	guint8 *encoded = NULL;
	int length;
	CsCertificate *certificate;

	g_assert_cmpint(
		BN_hex2bn(&n, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"),
		>, 0);
	X509_get0_signature(&signature, NULL, x509);
	position = signature->data;
	parts = d2i_ECDSA_SIG(NULL, &position, signature->length);
	g_assert_cmpint(BN_sub(s, n, ECDSA_SIG_get0_s(parts)), ==, 1);
	g_assert_cmpint(ECDSA_SIG_set0(parts, BN_dup(ECDSA_SIG_get0_r(parts)), BN_dup(s)), ==, 1);
	length = i2d_ECDSA_SIG(parts, &encoded);
	g_assert_cmpint(ASN1_BIT_STRING_set((ASN1_BIT_STRING *)signature, encoded, length), ==, 1);
	OPENSSL_free(encoded);
	encoded = NULL;
	length = i2d_X509(x509, &encoded);
	g_assert_cmpint(length, >, 0);
	der = g_bytes_new(encoded, (gsize)length);
	OPENSSL_free(encoded);
	certificate = cs_certificate_new(der, &error);
	g_assert_no_error(error);
	return certificate;
}

/* Whoever re-encodes the issuer's signature does not get past a revocation. */
static void
test_re_encoded(Fixture *f, gconstpointer data)
{
	g_autoptr(CsCertificate) certificate = make_re_encoded(f->client);
	g_autoptr(CsIssuer) issuer =
		cs_issuer_new(cs_test_identity_get_certificate(f->built_in), NULL);

	g_assert_cmpstr(
		cs_certificate_get_fingerprint(certificate), !=,
		cs_certificate_get_fingerprint(cs_test_identity_get_certificate(f->client)));
	g_assert_true(cs_issuer_has_issued(issuer, certificate));
	put_issued(f, f->client, NULL, CS_TEST_NOW);
	g_assert_cmpint(ask(f, f->built_in, FALSE, certificate), ==, CS_REVOCATION_REVOKED);
}

#define ADD(name, function)                                                                        \
	g_test_add("/revocation/" name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("built-in", test_built_in);
	ADD("other-key", test_other_key);
	ADD("uploaded", test_uploaded);
	ADD("built-in-uploaded", test_built_in_uploaded);
	ADD("re-encoded", test_re_encoded);
	return g_test_run();
}
