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
assert_same(const CsChallenge *a, const CsChallenge *b)
{
	g_assert_cmpstr(a->kid, ==, b->kid);
	g_assert_cmpstr(a->iss, ==, b->iss);
	g_assert_cmpstr(a->aud, ==, b->aud);
	g_assert_cmpstr(a->txn, ==, b->txn);
	g_assert_cmpint(a->iat, ==, b->iat);
	g_assert_cmpint(a->exp, ==, b->exp);
	g_assert_cmpstr(a->jti, ==, b->jti);
	g_assert_cmpstr(a->nonce, ==, b->nonce);
	g_assert_cmpstr(a->verify_uri, ==, b->verify_uri);
	g_assert_cmpstrv(a->origins, b->origins);
	g_assert_cmpstr(a->transport, ==, b->transport);
	g_assert_cmpstr(a->user_verification, ==, b->user_verification);
	g_assert_cmpstr(a->ilh, ==, b->ilh);
}

/* kid is the key's own, whatever the struct says */
static void
test_round_trip(Fixture *fixture, gconstpointer data)
{
	CsChallenge challenge = cs_test_challenge(fixture->keys);
	g_autoptr(GError) error = NULL;
	g_autofree char *token = NULL;
	g_autoptr(CsChallenge) parsed = NULL;
	g_autoptr(CsChallenge) verified = NULL;

	challenge.kid = (char *)"another";
	token = cs_challenge_sign(&challenge, fixture->keys->server, &error);
	g_assert_no_error(error);
	challenge.kid = (char *)cs_jwk_get_thumbprint(fixture->keys->server_jwk);
	parsed = cs_challenge_parse(token, &error);
	g_assert_no_error(error);
	assert_same(parsed, &challenge);
	verified = cs_challenge_verify(token, fixture->keys->server_jwk, &error);
	g_assert_no_error(error);
	assert_same(verified, &challenge);
	cs_challenge_free(NULL);
}

static void
judge(const Fixture *fixture, const CsChallenge *challenge, gboolean good)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token = cs_challenge_sign(challenge, fixture->keys->server, &error);

	if (good) {
		g_autoptr(CsChallenge) verified = NULL;

		g_assert_no_error(error);
		verified = cs_challenge_verify(token, fixture->keys->server_jwk, &error);
		g_assert_no_error(error);
		assert_same(verified, challenge);
	} else {
		g_assert_null(token);
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "token-malformed");
	}
}

static void
test_values(Fixture *fixture, gconstpointer data)
{
	static char *none[] = {NULL};
	CsChallenge challenge = cs_test_challenge(fixture->keys);

	challenge.origins = none;
	judge(fixture, &challenge, TRUE);
	challenge.aud = challenge.iss;
	judge(fixture, &challenge, TRUE);
	challenge.user_verification = (char *)"required";
	judge(fixture, &challenge, TRUE);
	challenge.user_verification = (char *)"preferred";
	judge(fixture, &challenge, FALSE);
	challenge = cs_test_challenge(fixture->keys);
	challenge.origins = NULL;
	judge(fixture, &challenge, FALSE);
}

static void
test_lifetime(Fixture *fixture, gconstpointer data)
{
	static const struct {
		gint64 lifetime_s;
		gboolean good;
	} cases[] = {{1, TRUE}, {120, TRUE}, {121, FALSE}, {0, FALSE}, {-1, FALSE}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		CsChallenge challenge = cs_test_challenge(fixture->keys);

		challenge.exp = challenge.iat + cases[i].lifetime_s;
		judge(fixture, &challenge, cases[i].good);
	}
}

/* The same bent, and rightly signed: the answer goes to the challenge's own origin only. */
static void
test_verify_uri(Fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *uri;
		gboolean good;
	} cases[] = {
		{CS_TEST_ISS "/", TRUE},
		{CS_TEST_ISS "/a?b", TRUE},
		{CS_TEST_ISS, FALSE},
		{CS_TEST_ISS ".evil.example/", FALSE},
		{CS_TEST_ISS "@evil.example/", FALSE},
		{CS_TEST_ISS ":444/", FALSE},
		{"http://countersign.example/", FALSE},
		{"https://evil.example/", FALSE},
		{"/v1/transactions", FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		CsChallenge challenge = cs_test_challenge(fixture->keys);
		g_autofree char *good = cs_challenge_sign(&challenge, fixture->keys->server, NULL);
		g_autofree char *header = cs_test_token_dup_header(good);
		g_autofree char *payload = cs_test_token_dup_payload(good);
		g_autofree char *bent =
			cs_test_replace(payload, challenge.verify_uri, cases[i].uri);
		g_autofree char *token = cs_test_token_craft(fixture->keys->server, header, bent);
		g_autoptr(CsChallenge) verified =
			cs_challenge_verify(token, fixture->keys->server_jwk, NULL);

		g_assert_cmpint(verified != NULL, ==, cases[i].good);
		challenge.verify_uri = (char *)cases[i].uri;
		judge(fixture, &challenge, cases[i].good);
	}
}

/* Certificates, in order; owned by the array. */
static GPtrArray *
make_issuers(guint count)
{
	GPtrArray *issuers = g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);

	for (guint i = 0; i < count; i++) {
		const CsTestProfile profile = {.ca = TRUE, .key_number = 1};
		g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profile, NULL);

		g_ptr_array_add(issuers,
				cs_certificate_ref(cs_test_identity_get_certificate(identity)));
	}
	return issuers;
}

/* rule 4: the list, in the administrator's order */
static void
test_issuer_list(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) issuers = make_issuers(3);
	g_autoptr(cJSON) json = cs_issuer_list_to_json(issuers);
	g_autoptr(GPtrArray) again = cs_issuer_list_from_json(json, &error);
	g_autofree char *hash = cs_issuer_list_hash(issuers);
	g_autofree char *hash_again = NULL;

	g_assert_no_error(error);
	g_assert_cmpuint(again->len, ==, 3);
	for (guint i = 0; i < 3; i++)
		g_assert_cmpstr(cs_certificate_get_fingerprint(g_ptr_array_index(again, i)), ==,
				cs_certificate_get_fingerprint(g_ptr_array_index(issuers, i)));
	hash_again = cs_issuer_list_hash(again);
	g_assert_cmpstr(hash, ==, hash_again);
}

static void
test_issuer_list_hash(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) issuers = make_issuers(2);
	g_autoptr(GPtrArray) none = make_issuers(0);
	g_autoptr(GByteArray) digests = g_byte_array_new();
	g_autofree char *hash = cs_issuer_list_hash(issuers);
	g_autofree char *empty = cs_issuer_list_hash(none);
	g_autofree char *expected = NULL;
	g_autofree char *expected_empty = cs_sha256_base64url("", 0);
	g_autofree char *swapped = NULL;
	gpointer first;

	for (guint i = 0; i < 2; i++) {
		const char *hex = cs_certificate_get_fingerprint(g_ptr_array_index(issuers, i));
		g_autoptr(GBytes) digest = cs_hex_decode(hex, NULL);

		g_byte_array_append(digests, g_bytes_get_data(digest, NULL), 32);
	}
	expected = cs_sha256_base64url(digests->data, digests->len);
	g_assert_cmpstr(hash, ==, expected);
	g_assert_cmpstr(empty, ==, expected_empty);
	first = issuers->pdata[0];
	issuers->pdata[0] = issuers->pdata[1];
	issuers->pdata[1] = first;
	swapped = cs_issuer_list_hash(issuers);
	g_assert_cmpstr(swapped, !=, hash);
}

static void
assert_list_refused(const cJSON *list)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_issuer_list_from_json(list, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "token-malformed");
}

static void
test_issuer_list_refused(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) issuers = make_issuers(2);
	g_autoptr(cJSON) json = cs_issuer_list_to_json(issuers);
	g_autofree char *text = cs_json_print(json);
	const cJSON *first = cJSON_GetArrayItem(json, 0);
	const char *thumbprint = cJSON_GetObjectItemCaseSensitive(first, "x5t#S256")->valuestring;
	const char *other =
		cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(json, 1), "x5t#S256")
			->valuestring;
	g_autofree char *start = g_strdup_printf("[{\"x5t#S256\":\"%s\",\"cert\":\"", thumbprint);
	const char *const changes[][2] = {
		{thumbprint, other},	 {start, "[{\"cert\":\""}, {start, "[1,{\"cert\":\""},
		{"[{", "[{\"more\":1,"}, {"[{", "[null,{"},	   {"[{", "[[],{"},
		{"[{", "[{},{"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autofree char *bent = cs_test_replace(text, changes[i][0], changes[i][1]);
		g_autoptr(cJSON) list = cJSON_Parse(bent);

		g_assert_nonnull(list);
		assert_list_refused(list);
	}
	assert_list_refused(NULL);
	assert_list_refused(first);
}

static void
test_issuer_list_certificates(Fixture *fixture, gconstpointer data)
{
	static const char *const certificates[] = {"", "!", "MAA=", "MAA", "AAAA"};
	g_autoptr(GPtrArray) issuers = make_issuers(1);

	for (gsize i = 0; i < G_N_ELEMENTS(certificates); i++) {
		g_autoptr(cJSON) json = cs_issuer_list_to_json(issuers);

		cJSON_ReplaceItemInObjectCaseSensitive(cJSON_GetArrayItem(json, 0), "cert",
						       cJSON_CreateString(certificates[i]));
		assert_list_refused(json);
	}
}

static void
test_issuer_list_length(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) issuers = make_issuers(1);
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) json = NULL;
	g_autoptr(GPtrArray) longest = NULL;

	while (issuers->len < CS_MAX_ISSUERS)
		g_ptr_array_add(issuers, cs_certificate_ref(issuers->pdata[0]));
	json = cs_issuer_list_to_json(issuers);
	longest = cs_issuer_list_from_json(json, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(longest->len, ==, CS_MAX_ISSUERS);
	cJSON_AddItemToArray(json, cJSON_Duplicate(cJSON_GetArrayItem(json, 0), TRUE));
	assert_list_refused(json);
}

#define ADD(name, function)                                                                        \
	g_test_add("/tokens-challenge/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("round-trip", test_round_trip);
	ADD("values", test_values);
	ADD("lifetime", test_lifetime);
	ADD("verify-uri", test_verify_uri);
	ADD("issuer-list", test_issuer_list);
	ADD("issuer-list-hash", test_issuer_list_hash);
	ADD("issuer-list-refused", test_issuer_list_refused);
	ADD("issuer-list-certificates", test_issuer_list_certificates);
	ADD("issuer-list-length", test_issuer_list_length);
	return g_test_run();
}
