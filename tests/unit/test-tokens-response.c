/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/tokens.h"

#include <string.h>

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "tests/fixtures/token-fixture.h"

typedef struct {
	CsTestKeys *keys;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->keys = cs_test_keys_new();
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_keys_free(fixture->keys);
}

static void
assert_same_auth(const CsAuthToken *a, const CsAuthToken *b)
{
	g_assert_cmpstr(a->kid, ==, b->kid);
	g_assert_cmpstr(a->iss, ==, b->iss);
	g_assert_cmpstr(a->sub, ==, b->sub);
	g_assert_cmpstr(a->aud, ==, b->aud);
	g_assert_cmpint(a->iat, ==, b->iat);
	g_assert_cmpint(a->exp, ==, b->exp);
	g_assert_cmpstr(a->jti, ==, b->jti);
	g_assert_cmpstr(a->nonce, ==, b->nonce);
	g_assert_cmpstr(a->chh, ==, b->chh);
	g_assert_cmpstr(a->device_id, ==, b->device_id);
	g_assert_cmpstr(a->origin, ==, b->origin);
	g_assert_cmpstr(a->transport, ==, b->transport);
	g_assert_cmpstr(a->mah, ==, b->mah);
	g_assert_cmpint(a->mar, ==, b->mar);
	g_assert_cmpstrv(a->amr, b->amr);
}

static void
judge_auth(const Fixture *fixture, const CsAuthToken *auth, gboolean good)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token = cs_auth_token_sign(auth, fixture->keys->account, &error);
	g_autoptr(CsAuthToken) parsed = NULL;
	g_autoptr(CsAuthToken) verified = NULL;

	if (!good) {
		g_assert_null(token);
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "token-malformed");
		return;
	}
	g_assert_no_error(error);
	parsed = cs_auth_token_parse(token, &error);
	g_assert_no_error(error);
	assert_same_auth(parsed, auth);
	verified = cs_auth_token_verify(token, fixture->keys->account_jwk, &error);
	g_assert_no_error(error);
	assert_same_auth(verified, auth);
}

static void
test_auth_round_trip(Fixture *fixture, gconstpointer data)
{
	CsAuthToken auth = cs_test_auth_token(fixture->keys);

	judge_auth(fixture, &auth, TRUE);
	auth.origin = NULL;
	judge_auth(fixture, &auth, TRUE);
	auth.exp = auth.iat + 61;
	judge_auth(fixture, &auth, FALSE);
	auth.exp = auth.iat;
	judge_auth(fixture, &auth, FALSE);
	auth = cs_test_auth_token(fixture->keys);
	auth.sub = (char *)"account2";
	judge_auth(fixture, &auth, FALSE);
	cs_auth_token_free(NULL);
}

/* rule 2: without an attestation the client says why, and nothing but a client's reason */
static void
test_auth_mah_and_mar(Fixture *fixture, gconstpointer data)
{
	for (int reason = CS_REASON_NONE; reason < CS_REASON_COUNT; reason++) {
		CsAuthToken auth = cs_test_auth_token(fixture->keys);

		auth.mar = (CsReason)reason;
		judge_auth(fixture, &auth, reason == CS_REASON_NONE);
		auth.mah = NULL;
		judge_auth(fixture, &auth,
			   cs_reason_is_of((CsReason)reason, CS_REASON_SIDE_CLIENT));
	}
}

/* The same on the wire, where a sender could say both, neither, or null. */
static void
test_auth_mar_on_the_wire(Fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *claims;
		gboolean good;
	} cases[] = {
		{"\"mah\":null,\"mar\":\"no-certificate\"", TRUE},
		{"\"mah\":null,\"mar\":\"managed\"", FALSE},
		{"\"mah\":null,\"mar\":\"certificate-revoked\"", FALSE},
		{"\"mah\":null,\"mar\":null", FALSE},
		{"\"mah\":null,\"mar\":\"\"", FALSE},
		{"\"mah\":null", FALSE},
		{"\"mar\":\"no-certificate\"", FALSE},
		{"\"mah\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\",\"mar\":null", FALSE},
		{"\"mah\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\","
		 "\"mar\":\"no-certificate\"",
		 FALSE},
	};
	CsAuthToken auth = cs_test_auth_token(fixture->keys);
	g_autofree char *good = cs_auth_token_sign(&auth, fixture->keys->account, NULL);
	g_autofree char *header = cs_test_token_dup_header(good);
	g_autofree char *payload = cs_test_token_dup_payload(good);
	g_autofree char *mah = g_strdup_printf("\"mah\":\"%s\"", auth.mah);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *bent = cs_test_replace(payload, mah, cases[i].claims);
		g_autofree char *token = cs_test_token_craft(fixture->keys->account, header, bent);
		g_autoptr(CsAuthToken) verified =
			cs_auth_token_verify(token, fixture->keys->account_jwk, NULL);

		g_assert_cmpint(verified != NULL, ==, cases[i].good);
	}
}

static void
test_auth_methods(Fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *methods; /* space-separated */
		gboolean good;
	} cases[] = {
		{"pop swk", TRUE},	{"pop hwk", TRUE},
		{"hwk pop", TRUE},	{"pop hwk user", TRUE},
		{"user swk pop", TRUE}, {"pop", FALSE},
		{"swk", FALSE},		{"pop user", FALSE},
		{"pop hwk swk", FALSE}, {"pop pop swk", FALSE},
		{"pop swk swk", FALSE}, {"pop swk user user", FALSE},
		{"pop swk pin", FALSE}, {"", FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		CsAuthToken auth = cs_test_auth_token(fixture->keys);
		g_auto(GStrv) methods = g_strsplit(cases[i].methods, " ", -1);

		auth.amr = methods;
		judge_auth(fixture, &auth, cases[i].good);
	}
}

static void
test_device_proof(Fixture *fixture, gconstpointer data)
{
	CsDeviceProof proof = cs_test_device_proof(fixture->keys);

	for (guint i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *token = NULL;
		g_autoptr(CsDeviceProof) verified = NULL;

		if (i == 1)
			proof.mah = NULL;
		token = cs_device_proof_sign(&proof, fixture->keys->device, &error);
		g_assert_no_error(error);
		verified = cs_device_proof_verify(token, fixture->keys->device_jwk, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(verified->kid, ==, proof.kid);
		g_assert_cmpstr(verified->aud, ==, proof.aud);
		g_assert_cmpstr(verified->nonce, ==, proof.nonce);
		g_assert_cmpstr(verified->chh, ==, proof.chh);
		g_assert_cmpstr(verified->device_id, ==, proof.device_id);
		g_assert_cmpstr(verified->ath, ==, proof.ath);
		g_assert_cmpstr(verified->mah, ==, proof.mah);
	}
	cs_device_proof_free(NULL);
}

static CsPrivateKey *
load_key(CsTestIdentity *identity)
{
	g_autoptr(GError) error = NULL;
	CsPrivateKey *key =
		cs_private_key_new_from_pkey(cs_test_identity_get_pkey(identity), &error);

	g_assert_no_error(error);
	return key;
}

static char *
attest(const Fixture *fixture, CsTestIdentity *identity)
{
	g_autoptr(CsPrivateKey) key = load_key(identity);
	CsAttestation attestation = cs_test_attestation(fixture->keys);
	g_autoptr(GError) error = NULL;
	char *token;

	attestation.certificate = cs_test_identity_get_certificate(identity);
	token = cs_attestation_sign(&attestation, key, &error);
	g_assert_no_error(error);
	return token;
}

/* rule 11: by each kind of key, with its one algorithm */
static void
test_attestation_kinds(Fixture *fixture, gconstpointer data)
{
	static const struct {
		CsKeyKind kind;
		const char *algorithm;
	} kinds[] = {
		{CS_KEY_KIND_RSA, "RS256"},  {CS_KEY_KIND_RSA_PSS, "PS256"},
		{CS_KEY_KIND_P256, "ES256"}, {CS_KEY_KIND_P384, "ES384"},
		{CS_KEY_KIND_P521, "ES512"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const CsTestProfile profile = {.key_kind = kinds[i].kind};
		CsAttestation attestation = cs_test_attestation(fixture->keys);
		g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profile, NULL);
		g_autofree char *token = attest(fixture, identity);
		g_autofree char *header = cs_test_token_dup_header(token);
		g_autofree char *start = g_strdup_printf("{\"alg\":\"%s\",", kinds[i].algorithm);
		g_autoptr(GError) error = NULL;
		g_autoptr(CsAttestation) verified = cs_attestation_verify(token, &error);

		g_assert_no_error(error);
		g_assert_true(g_str_has_prefix(header, start));
		g_assert_cmpstr(verified->aud, ==, attestation.aud);
		g_assert_cmpstr(verified->nonce, ==, attestation.nonce);
		g_assert_cmpstr(verified->chh, ==, attestation.chh);
		g_assert_cmpstr(verified->device_id, ==, attestation.device_id);
		g_assert_cmpint(verified->iat, ==, attestation.iat);
		g_assert_cmpint(verified->exp, ==, attestation.exp);
		g_assert_cmpstr(verified->account_jkt, ==, attestation.account_jkt);
		g_assert_cmpstr(verified->device_jkt, ==, attestation.device_jkt);
		g_assert_true(g_bytes_equal(cs_certificate_get_der(verified->certificate),
					    cs_test_identity_get_der(identity)));
	}
	cs_attestation_free(NULL);
}

/* rule 7: the key is proven to be the certificate's before anything leaves */
static void
test_attestation_keys_refused(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile profile = {.key_kind = CS_KEY_KIND_RSA, .key_number = 1};
	g_autoptr(CsTestIdentity) same_kind = cs_test_identity_new(NULL, NULL);
	g_autoptr(CsTestIdentity) other_kind = cs_test_identity_new(&profile, NULL);
	CsTestIdentity *identities[] = {same_kind, other_kind};
	static const char *const reasons[] = {"key-mismatch", "key-unsuitable"};

	for (gsize i = 0; i < G_N_ELEMENTS(identities); i++) {
		g_autoptr(CsPrivateKey) key = load_key(identities[i]);
		CsAttestation attestation = cs_test_attestation(fixture->keys);
		g_autoptr(GError) error = NULL;

		g_assert_null(cs_attestation_sign(&attestation, key, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
		g_assert_cmpstr(cs_error_get_reason(error), ==, reasons[i]);
	}
}

static void
test_attestation_lifetime(Fixture *fixture, gconstpointer data)
{
	static const struct {
		gint64 lifetime_s;
		gboolean good;
	} cases[] = {{1, TRUE}, {60, TRUE}, {61, FALSE}, {0, FALSE}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		CsAttestation attestation = cs_test_attestation(fixture->keys);
		g_autofree char *token = NULL;

		attestation.exp = attestation.iat + cases[i].lifetime_s;
		token = cs_attestation_sign(&attestation, fixture->keys->certificate, NULL);
		g_assert_cmpint(token != NULL, ==, cases[i].good);
	}
}

static char *
encode(CsTestIdentity *identity)
{
	GBytes *der = cs_test_identity_get_der(identity);

	return cs_base64_encode(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
}

/* x5c holds exactly the leaf, in its one encoding, and x5t#S256 is recomputed. Each is rightly signed
 * by the key of the certificate that should be there. */
static void
test_attestation_certificates_refused(Fixture *fixture, gconstpointer data)
{
	CsTestIdentity *identity = fixture->keys->identity;
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(NULL, NULL);
	g_autofree char *good = attest(fixture, identity);
	g_autofree char *header = cs_test_token_dup_header(good);
	g_autofree char *payload = cs_test_token_dup_payload(good);
	g_autofree char *own = encode(identity);
	g_autofree char *their = encode(other);
	g_autofree char *quoted = g_strdup_printf("[\"%s\"]", own);
	g_autofree char *url = g_strdup_printf("[\"%s\"]", own);
	g_autofree char *two = g_strdup_printf("[\"%s\",\"%s\"]", own, their);
	g_autofree char *twice = g_strdup_printf("[\"%s\",\"%s\"]", own, own);
	g_autofree char *swapped = g_strdup_printf("[\"%s\"]", their);
	g_autofree char *padded = g_strdup_printf("[\"%s====\"]", own);
	g_autofree char *cut = g_strdup_printf("[\"%.*s\"]", (int)strlen(own) / 8 * 4, own);
	g_autofree char *lines = g_strdup_printf("[\"\\n%s\"]", own);
	g_autofree char *big = g_strnfill((CS_CERTIFICATE_MAX_BYTES / 3 + 1) * 4, 'A');
	g_autofree char *oversize = g_strdup_printf("[\"%s\"]", big);
	const char *chains[] = {two, twice,    swapped, padded, cut,	  lines,
				url, oversize, "[]",	"[1]",	"[null]", "[\"\"]"};

	g_strdelimit(url, "+/", '-');
	for (gsize i = 0; i < G_N_ELEMENTS(chains); i++) {
		g_autofree char *bent = NULL;
		g_autofree char *token = NULL;
		g_autoptr(GError) error = NULL;

		if (strcmp(chains[i], quoted) == 0)
			continue; /* this certificate's base64 has neither + nor / */
		bent = cs_test_replace(header, quoted, chains[i]);
		token = cs_test_token_craft(fixture->keys->certificate, bent, payload);
		g_assert_null(cs_attestation_parse(token, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		g_assert_null(cs_attestation_verify(token, NULL));
	}
}

static void
test_attestation_thumbprint(Fixture *fixture, gconstpointer data)
{
	g_autofree char *good = attest(fixture, fixture->keys->identity);
	g_autofree char *header = cs_test_token_dup_header(good);
	g_autofree char *payload = cs_test_token_dup_payload(good);
	GBytes *der = cs_test_identity_get_der(fixture->keys->identity);
	g_autofree char *thumbprint =
		cs_sha256_base64url(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
	g_autofree char *hex = cs_sha256_hex(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
	const char *others[] = {cs_test_hash(1), hex, ""};

	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autofree char *bent = cs_test_replace(header, thumbprint, others[i]);
		g_autofree char *token =
			cs_test_token_craft(fixture->keys->certificate, bent, payload);

		g_assert_null(cs_attestation_parse(token, NULL));
	}
}

/* One algorithm a key: the two of RSA have signatures of one length, so nothing but the certificate
 * tells them apart before the signature is verified. */
static void
test_attestation_algorithm(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile profile = {.key_kind = CS_KEY_KIND_RSA, .key_number = 1};
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profile, NULL);
	g_autoptr(CsPrivateKey) key = load_key(identity);
	g_autofree char *good = attest(fixture, identity);
	g_autofree char *header = cs_test_token_dup_header(good);
	g_autofree char *payload = cs_test_token_dup_payload(good);
	g_autofree char *bent = cs_test_replace(header, "RS256", "PS256");
	g_autofree char *token = cs_test_token_craft(key, bent, payload);
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_attestation_parse(token, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_assert_null(cs_attestation_verify(token, NULL));
}

/* A certificate of a key that we have no algorithm for. */
static void
test_attestation_other_key(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile profile = {.other_key = "ED25519"};
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profile, NULL);
	CsAttestation attestation = cs_test_attestation(fixture->keys);
	g_autoptr(GError) error = NULL;

	attestation.certificate = cs_test_identity_get_certificate(identity);
	g_assert_null(cs_attestation_sign(&attestation, fixture->keys->certificate, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
}

static void
test_attestation_audience(Fixture *fixture, gconstpointer data)
{
	g_autofree char *audience = cs_attestation_audience(CS_TEST_ISS);

	g_assert_cmpstr(audience, ==, CS_TEST_ISS "/management");
}

#define ADD(name, function)                                                                        \
	g_test_add("/tokens-response/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("auth-round-trip", test_auth_round_trip);
	ADD("auth-mah-and-mar", test_auth_mah_and_mar);
	ADD("auth-mar-on-the-wire", test_auth_mar_on_the_wire);
	ADD("auth-methods", test_auth_methods);
	ADD("device-proof", test_device_proof);
	ADD("attestation-kinds", test_attestation_kinds);
	ADD("attestation-keys-refused", test_attestation_keys_refused);
	ADD("attestation-lifetime", test_attestation_lifetime);
	ADD("attestation-certificates-refused", test_attestation_certificates_refused);
	ADD("attestation-thumbprint", test_attestation_thumbprint);
	ADD("attestation-algorithm", test_attestation_algorithm);
	ADD("attestation-other-key", test_attestation_other_key);
	ADD("attestation-audience", test_attestation_audience);
	return g_test_run();
}
