/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/certificate.h"

#include <string.h>

#include "tests/fixtures/pki-fixture.h"

typedef struct {
	CsTestIdentity *authority;
	CsTestIdentity *rsa_authority;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	CsTestProfile curve = {.ca = TRUE};
	CsTestProfile rsa = {.ca = TRUE, .key_kind = CS_KEY_KIND_RSA, .key_number = 1};
	fixture->authority = cs_test_identity_new(&curve, NULL);
	fixture->rsa_authority = cs_test_identity_new(&rsa, NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_identity_free(fixture->authority);
	cs_test_identity_free(fixture->rsa_authority);
}

/* objection: a piece of the sentence; NULL: it is a client certificate */
static void
assert_client(const CsTestProfile *profile, CsTestIdentity *issuer, const char *objection)
{
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(profile, issuer);
	CsCertificate *certificate = cs_test_identity_get_certificate(identity);
	g_autofree char *detail = NULL;

	g_assert_cmpint(cs_certificate_is_client(certificate, &detail), ==, objection == NULL);
	g_assert_cmpint(cs_certificate_is_client(certificate, NULL), ==, objection == NULL);
	if (objection == NULL)
		g_assert_null(detail);
	else
		g_assert_nonnull(strstr(detail, objection));
}

/* rule 5: what a client certificate is, clause by clause */
static void
test_client(Fixture *fixture, gconstpointer data)
{
	static const struct {
		CsTestProfile profile;
		const char *objection;
	} cases[] = {
		{{0}, NULL},
		{{.version_1 = TRUE}, "version 1"},
		{{.ca = TRUE, .key_usage = "digitalSignature"}, "certificate authority"},
		{{.key_kind = CS_KEY_KIND_RSA, .rsa_bits = 2048, .key_number = 1}, NULL},
		{{.key_kind = CS_KEY_KIND_RSA, .rsa_bits = 3072, .key_number = 1}, NULL},
		{{.key_kind = CS_KEY_KIND_RSA, .rsa_bits = 2047, .key_number = 1}, "2047 bits"},
		{{.key_kind = CS_KEY_KIND_RSA, .rsa_bits = 1024, .key_number = 1}, "1024 bits"},
		{{.key_kind = CS_KEY_KIND_RSA_PSS, .rsa_bits = 2048, .key_number = 1}, NULL},
		{{.key_kind = CS_KEY_KIND_RSA_PSS, .rsa_bits = 1024, .key_number = 1}, "1024 bits"},
		{{.key_kind = CS_KEY_KIND_P256}, NULL},
		{{.key_kind = CS_KEY_KIND_P384}, NULL},
		{{.key_kind = CS_KEY_KIND_P521}, NULL},
		{{.other_key = "P-224"}, "P-256"},
		{{.other_key = "secp256k1"}, "P-256"},
		{{.other_key = "ED25519"}, "P-256"},
		{{.sha1 = TRUE}, "ECDSA with SHA-1"},
		{{.digest = "SHA512"}, NULL},
		{{.digest = "SHA224"}, NULL},
		{{.digest = "SHA3-224"}, "not known"},
		{{.key_usage = "absent"}, NULL},
		{{.key_usage = "digitalSignature,keyEncipherment"}, NULL},
		{{.key_usage = "nonRepudiation"}, "digitalSignature"},
		{{.key_usage = "keyAgreement,keyEncipherment"}, "digitalSignature"},
		{{.extended_key_usage = "absent"}, NULL},
		{{.extended_key_usage = "empty"}, "clientAuth"},
		{{.extended_key_usage = "serverAuth"}, "clientAuth"},
		{{.extended_key_usage = "serverAuth,clientAuth"}, NULL},
		{{.extended_key_usage = "anyExtendedKeyUsage"}, NULL},
		{{.extended_key_usage = "emailProtection,anyExtendedKeyUsage"}, NULL},
		{{.extended_key_usage = "1.3.6.1.4.1.311.20.2.2"}, "clientAuth"},
		{{.key_usage = "absent", .extended_key_usage = "absent"}, NULL},
		/* The subject's form never matters. */
		{{.subject = ""}, NULL},
		{{.subject = "OU=managementAttestation,DC=x"}, NULL},
		/* Validity is another question. */
		{{.not_before = 1, .not_after = 2}, NULL},
		{{.not_before = 2, .not_after = 1}, NULL},
		{{.extra_oid = "1.2.3.4"}, NULL},
		{{.extra_oid = "1.2.3.4", .extra_critical = TRUE}, "1.2.3.4"},
		{{.subject = "",
		  .extra_oid = "2.5.29.17",
		  .extra_critical = TRUE,
		  .extra_hex = "3003820178"},
		 NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("case %" G_GSIZE_FORMAT, i);
		assert_client(&cases[i].profile, fixture->authority, cases[i].objection);
	}
}

/* rule 5 */
static void
test_client_of_rsa_authority(Fixture *fixture, gconstpointer data)
{
	static const struct {
		CsTestProfile profile;
		const char *objection;
	} cases[] = {
		{{0}, NULL},
		{{.sha1 = TRUE}, "RSA with SHA-1"},
		{{.digest = "MD5"}, "RSA with MD5"},
		{{.digest = "SHA384"}, NULL},
		{{.pss = TRUE}, NULL},
		{{.pss = TRUE, .sha1 = TRUE}, "RSA-PSS with SHA-1"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_client(&cases[i].profile, fixture->rsa_authority, cases[i].objection);
}

/* rule 5: a public exponent of 65536 makes no RSA key, however long the modulus is */
static void
test_client_without_rsa_key(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile profile = {.key_kind = CS_KEY_KIND_RSA, .key_number = 1};
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profile, fixture->authority);
	GBytes *der = cs_test_identity_get_der(identity);
	gsize length = g_bytes_get_size(der);
	g_autofree guint8 *changed = g_memdup2(g_bytes_get_data(der, NULL), length);
	GBytes *spki = cs_certificate_get_spki(cs_test_identity_get_certificate(identity));
	gsize spki_length = g_bytes_get_size(spki);
	guint8 *found = memmem(changed, length, g_bytes_get_data(spki, NULL), spki_length);
	g_autofree char *detail = NULL;

	g_assert_nonnull(found);
	found[spki_length - 1] ^= 1;
	g_autoptr(GBytes) bytes = g_bytes_new(changed, length);
	g_autoptr(CsCertificate) certificate = cs_certificate_new(bytes, NULL);
	g_assert_nonnull(certificate);
	g_assert_false(cs_certificate_is_client(certificate, &detail));
	g_assert_nonnull(strstr(detail, "exponent is wrong"));
}

/* rule 13: what may be uploaded as an issuer */
static void
test_authority(void)
{
	static const struct {
		CsTestProfile profile;
		const char *objection;
	} cases[] = {
		{{.ca = TRUE}, NULL},
		{{.ca = TRUE, .key_usage = "absent"}, NULL},
		{{.ca = TRUE, .key_usage = "digitalSignature,keyCertSign"}, NULL},
		{{.ca = TRUE, .key_usage = "digitalSignature,cRLSign"}, "keyCertSign"},
		{{.ca = TRUE, .sha1 = TRUE}, NULL},
		{{.ca = TRUE, .not_before = 1, .not_after = 2}, NULL},
		{{0}, "no certificate authority"},
		{{.key_usage = "keyCertSign"}, "no certificate authority"},
		{{.version_1 = TRUE}, "version 1"},
		{{.extra_oid = "2.5.29.19", .extra_hex = "3003010100"}, "no certificate authority"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&cases[i].profile, NULL);
		g_autofree char *detail = NULL;
		gboolean is_authority = cs_certificate_is_authority(
			cs_test_identity_get_certificate(identity), &detail);
		g_assert_cmpint(is_authority, ==, cases[i].objection == NULL);
		if (cases[i].objection != NULL)
			g_assert_nonnull(strstr(detail, cases[i].objection));
	}
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/certificate-rules/client", Fixture, NULL, set_up, test_client, tear_down);
	g_test_add("/certificate-rules/client-of-rsa-authority", Fixture, NULL, set_up,
		   test_client_of_rsa_authority, tear_down);
	g_test_add("/certificate-rules/client-without-rsa-key", Fixture, NULL, set_up,
		   test_client_without_rsa_key, tear_down);
	g_test_add_func("/certificate-rules/authority", test_authority);
	return g_test_run();
}
