/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/signing.h"
#include "core/base/encoding.h"
#include "core/protocol/tokens.h"
#include "tests/fixtures/pki-fixture.h"

typedef struct {
	CsTestIdentity *identity;
	CsPrivateKey *key;
	char *hash;
	CsAttestationTies ties;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile profile = {.key_kind = GPOINTER_TO_INT(data), .key_number = 1};
	fixture->identity = cs_test_identity_new(&profile, NULL);
	fixture->key =
		cs_private_key_new_from_pkey(cs_test_identity_get_pkey(fixture->identity), NULL);
	fixture->hash = cs_sha256_base64url("x", 1);
	fixture->ties = (CsAttestationTies){.iss = "https://id.example.org",
					    .nonce = fixture->hash,
					    .chh = fixture->hash,
					    .device_id = "device",
					    .account_jkt = fixture->hash,
					    .device_jkt = fixture->hash,
					    .iat = 1700000000};
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_identity_free(fixture->identity);
	cs_private_key_unref(fixture->key);
	g_free(fixture->hash);
}

/* rule 2: what the key signs is the attestation, tied to challenge, device and keys */
static void
test_attests(Fixture *fixture, gconstpointer data)
{
	CsCertificate *certificate = cs_test_identity_get_certificate(fixture->identity);
	g_autoptr(GError) error = NULL;
	g_autofree char *token =
		cs_signing_attest(certificate, fixture->key, &fixture->ties, &error);
	g_assert_no_error(error);
	g_autoptr(CsAttestation) attestation = cs_attestation_verify(token, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(attestation->aud, ==, "https://id.example.org/management");
	g_assert_cmpstr(attestation->nonce, ==, fixture->hash);
	g_assert_cmpstr(attestation->chh, ==, fixture->hash);
	g_assert_cmpstr(attestation->device_id, ==, "device");
	g_assert_cmpstr(attestation->account_jkt, ==, fixture->hash);
	g_assert_cmpstr(attestation->device_jkt, ==, fixture->hash);
	g_assert_cmpint(attestation->iat, ==, 1700000000);
	g_assert_cmpint(attestation->exp, ==, 1700000000 + CS_RESPONSE_LIFETIME_S);
	g_assert_cmpstr(cs_certificate_get_fingerprint(attestation->certificate), ==,
			cs_certificate_get_fingerprint(certificate));
	g_assert_true(cs_signing_probe(certificate, fixture->key, 1700000000, &error));
	g_assert_true(cs_signing_probe(certificate, fixture->key, -5, &error));
	g_assert_no_error(error);
}

/* rule 7: the proof is a signature that verifies with the certificate's public key */
static void
test_another_key(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsPrivateKey) other = cs_private_key_generate_p256(NULL);
	CsCertificate *certificate = cs_test_identity_get_certificate(fixture->identity);
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) probe_error = NULL;
	g_assert_null(cs_signing_attest(certificate, other, &fixture->ties, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
	g_assert_false(cs_signing_probe(certificate, other, 1700000000, &probe_error));
	g_assert_error(probe_error, CS_ERROR, CS_ERROR_KEY);
}

static void
test_malformed_ties(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	fixture->ties.nonce = "not a hash";
	g_assert_null(cs_signing_attest(cs_test_identity_get_certificate(fixture->identity),
					fixture->key, &fixture->ties, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		CsKeyKind kind;
	} kinds[] = {{"/signing/attests/p256", CS_KEY_KIND_P256},
		     {"/signing/attests/p384", CS_KEY_KIND_P384},
		     {"/signing/attests/p521", CS_KEY_KIND_P521},
		     {"/signing/attests/rsa", CS_KEY_KIND_RSA},
		     {"/signing/attests/rsa-pss", CS_KEY_KIND_RSA_PSS}};
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		g_test_add(kinds[i].name, Fixture, GINT_TO_POINTER(kinds[i].kind), set_up,
			   test_attests, tear_down);
	g_test_add("/signing/another-key", Fixture, NULL, set_up, test_another_key, tear_down);
	g_test_add("/signing/malformed-ties", Fixture, NULL, set_up, test_malformed_ties,
		   tear_down);
	return g_test_run();
}
