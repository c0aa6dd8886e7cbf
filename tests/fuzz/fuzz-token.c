/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/encoding.h"
#include "tests/fixtures/token-fixture.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* Tokens, in three forms. An input that begins with "{" is a header and, behind a NUL, a payload,
 * which are encoded and signed here, so that the fuzzer works on the claims and not on base64;
 * with "[", the issuer list beside a challenge; anything else is a token as it comes. */

#define HEADER_FIRST '{'
#define LIST_FIRST   '['

typedef struct {
	CsPrivateKey *key;
	CsJwk *jwk;
} Signer;

typedef enum {
	SIGNER_SERVER,
	SIGNER_ACCOUNT,
	SIGNER_DEVICE,
	SIGNER_CERTIFICATE,
	SIGNER_COUNT,
} SignerNumber;

/* The same keys in every process, or a corpus would mean nothing in the next one. They open
 * nothing: their private numbers are 1 to 4, repeated. */
static Signer signers[SIGNER_COUNT];

static CsPrivateKey *
make_key(guint8 number)
{
	g_autoptr(EVP_PKEY) pkey = cs_test_take_fixed_key(number);
	g_autoptr(GError) error = NULL;
	CsPrivateKey *key = cs_private_key_new_from_pkey(pkey, &error);

	g_assert_no_error(error);
	return key;
}

static void
ensure_signers(void)
{
	for (guint i = 0; i < SIGNER_COUNT && signers[i].key == NULL; i++) {
		signers[i].key = make_key((guint8)(i + 1));
		signers[i].jwk = cs_jwk_new_from_private_key(signers[i].key, NULL);
		g_assert_nonnull(signers[i].jwk);
	}
}

/* ---- the ten types ---- */

typedef struct {
	const char *type;
	SignerNumber signer;
	gpointer (*verify)(const char *token, const CsJwk *jwk, GError **error);
	gpointer (*parse)(const char *token, GError **error); /* (nullable) */
	char *(*sign)(gconstpointer token, CsPrivateKey *key, GError **error);
	void (*free)(gpointer token);
} Kind;

#define DEFINE_SIGN_AND_FREE(name, Type)                                                           \
	static char *name##_sign(gconstpointer token, CsPrivateKey *key, GError **error)           \
	{                                                                                          \
		return cs_##name##_sign((const Type *)token, key, error);                          \
	}                                                                                          \
	static void name##_free(gpointer token)                                                    \
	{                                                                                          \
		cs_##name##_free(token);                                                           \
	}
#define DEFINE_WITH_KEY(name, Type)                                                                \
	static gpointer name##_verify(const char *token, const CsJwk *jwk, GError **error)         \
	{                                                                                          \
		return cs_##name##_verify(token, jwk, error);                                      \
	}                                                                                          \
	DEFINE_SIGN_AND_FREE(name, Type)
#define DEFINE_OWN_KEY(name, Type)                                                                 \
	static gpointer name##_verify(const char *token, const CsJwk *jwk, GError **error)         \
	{                                                                                          \
		return cs_##name##_verify(token, error);                                           \
	}                                                                                          \
	DEFINE_SIGN_AND_FREE(name, Type)
#define DEFINE_PARSE(name)                                                                         \
	static gpointer name##_parse(const char *token, GError **error)                            \
	{                                                                                          \
		return cs_##name##_parse(token, error);                                            \
	}

DEFINE_WITH_KEY(challenge, CsChallenge)
DEFINE_PARSE(challenge)
DEFINE_WITH_KEY(auth_token, CsAuthToken)
DEFINE_PARSE(auth_token)
DEFINE_WITH_KEY(device_proof, CsDeviceProof)
DEFINE_PARSE(device_proof)
DEFINE_OWN_KEY(attestation, CsAttestation)
DEFINE_PARSE(attestation)
DEFINE_WITH_KEY(verdict, CsVerdict)
DEFINE_WITH_KEY(keys_token, CsKeysToken)
DEFINE_OWN_KEY(device_token, CsDeviceToken)
DEFINE_OWN_KEY(device_query, CsDeviceQuery)
DEFINE_OWN_KEY(enroll_token, CsEnrollToken)
DEFINE_WITH_KEY(delete_token, CsDeleteToken)
DEFINE_PARSE(delete_token)

#define KIND(type, signer, name, parse)                                                            \
	{                                                                                          \
		"countersign-" type "+jwt", signer, name##_verify, parse, name##_sign, name##_free \
	}

static const Kind kinds[] = {
	KIND("challenge", SIGNER_SERVER, challenge, challenge_parse),
	KIND("auth", SIGNER_ACCOUNT, auth_token, auth_token_parse),
	KIND("device-proof", SIGNER_DEVICE, device_proof, device_proof_parse),
	KIND("mgmt", SIGNER_CERTIFICATE, attestation, attestation_parse),
	KIND("verdict", SIGNER_SERVER, verdict, NULL),
	KIND("keys", SIGNER_SERVER, keys_token, NULL),
	KIND("device", SIGNER_DEVICE, device_token, NULL),
	KIND("device-query", SIGNER_DEVICE, device_query, NULL),
	KIND("enroll", SIGNER_ACCOUNT, enroll_token, NULL),
	KIND("delete", SIGNER_ACCOUNT, delete_token, delete_token_parse),
};

/* ---- what holds for every token ---- */

static gpointer
verify(const Kind *kind, const char *token, GError **error)
{
	return kind->verify(token, signers[kind->signer].jwk, error);
}

static gboolean
can_parse(const Kind *kind, const char *token)
{
	g_autoptr(GError) error = NULL;
	gpointer parsed = kind->parse != NULL ? kind->parse(token, &error) : NULL;

	if (parsed == NULL)
		return FALSE;
	kind->free(parsed);
	return TRUE;
}

static void
check_type(const Kind *kind, const char *token)
{
	g_autoptr(CsJws) jws = cs_jws_parse(token, -1, NULL);

	g_assert_nonnull(jws);
	g_assert_cmpstr(cs_jws_get_unverified_type(jws), ==, kind->type);
}

/* A token is of one type, the one that it names, and whatever its signature, its form decides the same in both doors.
 * Returns the type whose form it has. */
static const Kind *
find_kind(const char *token, gboolean *verified)
{
	const Kind *found = NULL;

	*verified = FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(GError) error = NULL;
		gpointer accepted = verify(&kinds[i], token, &error);
		gboolean well_formed = accepted != NULL;
		if (accepted != NULL) {
			kinds[i].free(accepted);
			*verified = TRUE;
		} else {
			cs_fuzz_check_error(error);
			well_formed = g_error_matches(error, CS_ERROR, CS_ERROR_SIGNATURE);
		}
		if (kinds[i].parse != NULL)
			g_assert_cmpint(can_parse(&kinds[i], token), ==, well_formed);
		if (!well_formed)
			continue;
		g_assert_null(found);
		check_type(&kinds[i], token);
		found = &kinds[i];
	}
	return found;
}

static char *
sign_again(const Kind *kind, const char *token)
{
	g_autoptr(GError) error = NULL;
	gpointer accepted = verify(kind, token, &error);

	g_assert_no_error(error);
	char *again = kind->sign(accepted, signers[kind->signer].key, &error);
	g_assert_no_error(error);
	kind->free(accepted);
	return again;
}

static cJSON *
read_claims(const char *token)
{
	g_autofree char *text = cs_test_token_dup_payload(token);
	cJSON *claims = cs_json_parse(text, strlen(text), NULL);
	g_assert_nonnull(claims);
	return claims;
}

/* What was understood is what was said: signed again it has the same claims. */
static void
check_round_trip(const Kind *kind, const char *token)
{
	g_autofree char *second = sign_again(kind, token);
	g_autofree char *third = sign_again(kind, second);
	g_autofree char *payload = cs_test_token_dup_payload(second);
	g_autofree char *payload_again = cs_test_token_dup_payload(third);
	g_autoptr(cJSON) claims = read_claims(token);
	g_autoptr(cJSON) claims_again = read_claims(second);

	g_assert_true(cJSON_Compare(claims, claims_again, TRUE));
	g_assert_cmpstr(payload, ==, payload_again);
}

/* No other key's signature will do. */
static void
check_other_key(const Kind *kind, const char *token)
{
	const CsJwk *other = signers[(kind->signer + 1) % SIGNER_COUNT].jwk;
	g_autoptr(GError) error = NULL;

	if (kind->signer == SIGNER_CERTIFICATE || kind->verify == device_token_verify ||
	    kind->verify == device_query_verify || kind->verify == enroll_token_verify)
		return;
	g_assert_null(kind->verify(token, other, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_SIGNATURE);
}

/* ---- the three forms ---- */

static void
check_jws(const char *token, gsize length)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsJws) jws = cs_jws_parse(token, (gssize)length, &error);

	if (jws == NULL) {
		cs_fuzz_check_error(error);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "token-malformed");
		return;
	}
	GBytes *payload = cs_jws_get_unverified_payload(jws);
	g_autofree char *encoded =
		cs_base64url_encode(g_bytes_get_data(payload, NULL), g_bytes_get_size(payload));
	const char *first = memchr(token, '.', length);
	gsize encoded_length = strlen(encoded);
	g_assert_cmpuint(length, <=, CS_JWS_MAX_BYTES);
	g_assert_true(cJSON_IsObject(cs_jws_get_unverified_header(jws)));
	/* One encoding alone is accepted. */
	g_assert_cmpuint((gsize)(token + length - first), >, encoded_length + 1);
	g_assert_true(strncmp(first + 1, encoded, encoded_length) == 0);
	g_assert_cmpint(first[1 + encoded_length], ==, '.');
	for (guint i = 0; i < SIGNER_COUNT; i++)
		cs_jws_verify(jws, cs_jwk_get_pkey(signers[i].jwk), NULL);
}

static void
run_token(const char *token)
{
	gboolean verified = FALSE;
	const Kind *kind = find_kind(token, &verified);

	if (!verified)
		return;
	check_round_trip(kind, token);
	check_other_key(kind, token);
}

static void
run_jwk(const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsJwk) jwk = cs_jwk_new_from_text(text, &error);

	if (jwk == NULL) {
		cs_fuzz_check_error(error);
		return;
	}
	g_autofree char *printed = cs_jwk_to_text(jwk);
	g_autoptr(CsJwk) again = cs_jwk_new_from_text(printed, NULL);
	g_assert_nonnull(again);
	g_assert_cmpstr(cs_jwk_get_thumbprint(again), ==, cs_jwk_get_thumbprint(jwk));
}

/* First with a signature that is none, which costs nothing; where the form is good, a real one. */
static void
run_parts(const char *header, const char *payload)
{
	g_autofree char *first = cs_base64url_encode(header, strlen(header));
	g_autofree char *second = cs_base64url_encode(payload, strlen(payload));
	static const guint8 zeroes[64];
	g_autofree char *none = cs_base64url_encode(zeroes, sizeof(zeroes));
	g_autofree char *unsigned_token = g_strjoin(".", first, second, none, NULL);
	gboolean verified = FALSE;
	const Kind *kind = find_kind(unsigned_token, &verified);

	g_assert_false(verified);
	if (kind == NULL)
		return;
	g_autofree char *token = cs_test_token_craft(signers[kind->signer].key, header, payload);
	run_token(token);
}

static void
run_issuer_list(const char *text, gsize length)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) list = cs_json_parse(text, length, NULL);
	g_autoptr(GPtrArray) issuers = NULL;

	if (list == NULL)
		return;
	issuers = cs_issuer_list_from_json(list, &error);
	if (issuers == NULL) {
		cs_fuzz_check_error(error);
		return;
	}
	g_autoptr(cJSON) again = cs_issuer_list_to_json(issuers);
	g_autofree char *hash = cs_issuer_list_hash(issuers);
	g_assert_cmpuint(issuers->len, <=, CS_MAX_ISSUERS);
	g_assert_true(cJSON_Compare(list, again, TRUE));
	g_assert_cmpuint(strlen(hash), ==, 43);
}

static void
run(const guint8 *data, gsize size)
{
	g_autofree char *text = g_malloc(size + 1);

	ensure_signers();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (*text == HEADER_FIRST) {
		const char *end = text + strlen(text);
		run_jwk(text);
		run_parts(text, end < text + size ? end + 1 : end);
		return;
	}
	if (*text == LIST_FIRST) {
		run_issuer_list(text, size);
		return;
	}
	/* Of exactly that length, without a NUL behind. */
	check_jws((const char *)data, size);
	run_token(text);
}

/* ---- seeds ---- */

static CsTestKeys *
make_test_keys(void)
{
	CsTestKeys *keys = g_new0(CsTestKeys, 1);

	keys->server = cs_private_key_ref(signers[SIGNER_SERVER].key);
	keys->account = cs_private_key_ref(signers[SIGNER_ACCOUNT].key);
	keys->device = cs_private_key_ref(signers[SIGNER_DEVICE].key);
	keys->certificate = cs_private_key_ref(signers[SIGNER_CERTIFICATE].key);
	keys->server_jwk = cs_jwk_ref(signers[SIGNER_SERVER].jwk);
	keys->account_jwk = cs_jwk_ref(signers[SIGNER_ACCOUNT].jwk);
	keys->device_jwk = cs_jwk_ref(signers[SIGNER_DEVICE].jwk);
	keys->identity = cs_test_identity_new(NULL, NULL);
	return keys;
}

/* The identity's certificate, but of the key that is the same in every process. */
static CsCertificate *
make_certificate(CsTestIdentity *identity)
{
	g_autoptr(X509) x509 = X509_dup(cs_test_identity_get_x509(identity));
	EVP_PKEY *pkey = cs_private_key_get_pkey(signers[SIGNER_CERTIFICATE].key);
	guint8 *der = NULL;

	g_assert_cmpint(X509_set_pubkey(x509, pkey), ==, 1);
	g_assert_cmpint(X509_sign(x509, pkey, EVP_sha256()), >, 0);
	int length = i2d_X509(x509, &der);
	g_assert_cmpint(length, >, 0);
	g_autoptr(GBytes) bytes = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	CsCertificate *certificate = cs_certificate_new(bytes, NULL);
	g_assert_nonnull(certificate);
	return certificate;
}

static void
add_parts(GPtrArray *seeds, const char *header, const char *payload)
{
	g_autoptr(GByteArray) parts = g_byte_array_new();

	g_byte_array_append(parts, (const guint8 *)header, (guint)strlen(header) + 1);
	g_byte_array_append(parts, (const guint8 *)payload, (guint)strlen(payload));
	g_ptr_array_add(seeds, g_bytes_new(parts->data, parts->len));
}

/* As it comes, in parts, and with a type that is nearly its own. */
static void
add_token(GPtrArray *seeds, const char *token)
{
	g_autofree char *header = cs_test_token_dup_header(token);
	g_autofree char *payload = cs_test_token_dup_payload(token);
	g_autofree char *odd_header = cs_test_replace(header, "+jwt", "+JWT");

	cs_fuzz_add_text(seeds, token);
	add_parts(seeds, header, payload);
	add_parts(seeds, odd_header, payload);
}

static void
add_attestation(GPtrArray *seeds, const CsTestKeys *keys)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsCertificate) certificate = make_certificate(keys->identity);
	CsAttestation attestation = cs_test_attestation(keys);

	attestation.certificate = certificate;
	g_autofree char *token = cs_attestation_sign(&attestation, keys->certificate, &error);
	g_assert_no_error(error);
	add_token(seeds, token);
}

static void
add_issuer_list(GPtrArray *seeds, CsTestIdentity *identity)
{
	g_autoptr(GPtrArray) certificates = g_ptr_array_new();
	g_ptr_array_add(certificates, cs_test_identity_get_certificate(identity));
	g_autoptr(cJSON) list = cs_issuer_list_to_json(certificates);
	g_autofree char *text = cs_json_print(list);
	cs_fuzz_add_text(seeds, text);
}

static void
make_seeds(GPtrArray *seeds)
{
	ensure_signers();
	g_autoptr(CsTestKeys) keys = make_test_keys();
	g_autofree char *jwk = cs_jwk_to_text(keys->server_jwk);

	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_autoptr(GError) error = NULL;
		if (strcmp(cs_test_tokens[i].type, "countersign-mgmt+jwt") == 0)
			continue;
		g_autofree char *token = cs_test_tokens[i].sign(keys, &error);
		g_assert_no_error(error);
		add_token(seeds, token);
	}
	add_attestation(seeds, keys);
	add_issuer_list(seeds, keys->identity);
	cs_fuzz_add_text(seeds, jwk);
	cs_fuzz_add_text(seeds, "[]");
}

static const char *const vectors[] = {NULL};
const CsFuzzTarget cs_fuzz_target = {"token", 8192, run, make_seeds, vectors};
