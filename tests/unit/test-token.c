/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/token-private.h"

#include <string.h>

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fixtures/token-fixture.h"

/* What holds for every token alike; what each means is asked in test-tokens-*.c. */

typedef struct {
	CsTestKeys *keys;
	char **tokens; /* one of each type, in the table's order */
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->keys = cs_test_keys_new();
	fixture->tokens = g_new0(char *, cs_test_tokens_count + 1);
	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_autoptr(GError) error = NULL;

		fixture->tokens[i] = cs_test_tokens[i].sign(fixture->keys, &error);
		g_assert_no_error(error);
	}
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_keys_free(fixture->keys);
	g_strfreev(fixture->tokens);
}

static void
assert_accepted(const Fixture *fixture, gsize row, const char *token)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_test_tokens[row].verify(fixture->keys, token, &error));
	g_assert_no_error(error);
	if (cs_test_tokens[row].parse == NULL)
		return;
	g_assert_true(cs_test_tokens[row].parse(token, &error));
	g_assert_no_error(error);
}

/* By form, header or claims: whoever signed it, parsing refuses it too. */
static void
assert_malformed(const Fixture *fixture, gsize row, const char *token)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(cs_test_tokens[row].verify(fixture->keys, token, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "token-malformed");
	g_clear_error(&error);
	if (cs_test_tokens[row].parse == NULL)
		return;
	g_assert_false(cs_test_tokens[row].parse(token, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
}

static void
assert_not_signed(const Fixture *fixture, gsize row, const char *token)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(cs_test_tokens[row].verify(fixture->keys, token, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_SIGNATURE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "signature-invalid");
}

static char *
craft(const Fixture *fixture, gsize row, const char *header, const char *payload)
{
	return cs_test_token_craft(cs_test_tokens[row].get_key(fixture->keys), header, payload);
}

static void
test_accepted(Fixture *fixture, gconstpointer data)
{
	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_autofree char *header = cs_test_token_dup_header(fixture->tokens[i]);
		g_autofree char *payload = cs_test_token_dup_payload(fixture->tokens[i]);
		g_autofree char *again = craft(fixture, i, header, payload);

		g_test_message("%s %s", header, payload);
		assert_accepted(fixture, i, fixture->tokens[i]);
		assert_accepted(fixture, i, again);
	}
}

/* RFC 8725 sections 3.11 and 3.12. Each token before every other verifier: as it is; and signed
 * again by the key that the verifier expects, once with that type's header, once with its own. */
static void
test_other_types(Fixture *fixture, gconstpointer data)
{
	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_autofree char *payload = cs_test_token_dup_payload(fixture->tokens[i]);

		for (gsize j = 0; j < cs_test_tokens_count; j++) {
			g_autofree char *header = cs_test_token_dup_header(fixture->tokens[j]);
			g_autofree char *own_type = cs_test_replace(header, cs_test_tokens[j].type,
								    cs_test_tokens[i].type);
			g_autofree char *their_header = craft(fixture, j, header, payload);
			g_autofree char *own_header = craft(fixture, j, own_type, payload);

			if (i == j)
				continue;
			assert_malformed(fixture, j, fixture->tokens[i]);
			assert_malformed(fixture, j, their_header);
			assert_malformed(fixture, j, own_header);
		}
	}
}

static void
test_types(Fixture *fixture, gconstpointer data)
{
	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		const char *type = cs_test_tokens[i].type;
		g_autofree char *header = cs_test_token_dup_header(fixture->tokens[i]);
		g_autofree char *payload = cs_test_token_dup_payload(fixture->tokens[i]);
		g_autofree char *upper = g_ascii_strup(type, -1);
		g_autofree char *media = g_strconcat("application/", type, NULL);
		g_autofree char *longer = g_strconcat(type, " ", NULL);
		g_autofree char *shorter = g_strndup(type, strlen(type) - 1);
		const char *types[] = {upper, media, longer, shorter, "JWT", ""};

		for (gsize j = 0; j < G_N_ELEMENTS(types); j++) {
			g_autofree char *changed = cs_test_replace(header, type, types[j]);
			g_autofree char *token = craft(fixture, i, changed, payload);

			assert_malformed(fixture, i, token);
		}
	}
}

/* Rightly signed with one member too many: what other headers have, and what none may have. */
static void
test_added_header_members(Fixture *fixture, gconstpointer data)
{
	static const char *const members[] = {
		"\"jku\":\"https://a.example/\"",
		"\"x5u\":\"https://a.example/\"",
		"\"x5t\":\"AQAB\"",
		"\"crit\":[]",
		"\"crit\":[\"b64\"]",
		"\"b64\":true",
		"\"b64\":false",
		"\"cty\":\"JWT\"",
		"\"zip\":\"DEF\"",
		"\"kid\":\"a\"",
		"\"jwk\":{}",
		"\"x5c\":[]",
		"\"x5t#S256\":\"a\"",
		"\"alg\":\"ES256\"",
		"\"typ\":\"JWT\"",
		"\"unknown\":null",
	};

	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_autofree char *header = cs_test_token_dup_header(fixture->tokens[i]);
		g_autofree char *payload = cs_test_token_dup_payload(fixture->tokens[i]);

		for (gsize j = 0; j < G_N_ELEMENTS(members); j++) {
			g_autofree char *end = g_strdup_printf("{%s,\"alg\"", members[j]);
			g_autofree char *changed = cs_test_replace(header, "{\"alg\"", end);
			g_autofree char *token = craft(fixture, i, changed, payload);

			assert_malformed(fixture, i, token);
		}
	}
}

static void
test_missing_header_members(Fixture *fixture, gconstpointer data)
{
	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_autofree char *header = cs_test_token_dup_header(fixture->tokens[i]);
		g_autofree char *payload = cs_test_token_dup_payload(fixture->tokens[i]);
		g_autoptr(cJSON) members = cs_json_parse(header, strlen(header), NULL);
		int count = cJSON_GetArraySize(members);

		g_assert_cmpint(count, >=, 3);
		for (int j = 0; j < count; j++) {
			g_autoptr(cJSON) fewer = cJSON_Duplicate(members, TRUE);
			g_autofree char *changed = NULL;
			g_autofree char *token = NULL;

			cJSON_DeleteItemFromArray(fewer, j);
			changed = cs_json_print(fewer);
			token = craft(fixture, i, changed, payload);
			assert_malformed(fixture, i, token);
		}
	}
}

/* One algorithm a key, and ES256 for all but certificates' keys: another name is refused before the
 * signature is looked at. */
static void
test_algorithms(Fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"RS256", "PS256", "ES384", "ES512", "HS256", "none"};

	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_autofree char *header = cs_test_token_dup_header(fixture->tokens[i]);
		g_autofree char *payload = cs_test_token_dup_payload(fixture->tokens[i]);

		for (gsize j = 0; j < G_N_ELEMENTS(names); j++) {
			g_autofree char *changed = cs_test_replace(header, "ES256", names[j]);
			g_autofree char *token = craft(fixture, i, changed, payload);

			assert_malformed(fixture, i, token);
		}
	}
}

/* The same, rightly signed by keys of those algorithms: refused for what the header says, not for a
 * signature of the wrong length. */
static void
test_other_keys_algorithms(Fixture *fixture, gconstpointer data)
{
	g_autoptr(EVP_PKEY) curve = EVP_EC_gen("P-384");
	g_autoptr(EVP_PKEY) rsa = cs_test_take_rsa(CS_KEY_KIND_RSA, 2048);
	EVP_PKEY *pkeys[] = {curve, rsa};
	static const char *const names[] = {"ES384", "RS256"};

	for (gsize i = 0; i < G_N_ELEMENTS(pkeys); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(CsPrivateKey) key = cs_private_key_new_from_pkey(pkeys[i], &error);

		g_assert_no_error(error);
		for (gsize j = 0; j < cs_test_tokens_count; j++) {
			g_autofree char *header = cs_test_token_dup_header(fixture->tokens[j]);
			g_autofree char *payload = cs_test_token_dup_payload(fixture->tokens[j]);
			g_autofree char *changed = cs_test_replace(header, "ES256", names[i]);
			g_autofree char *token = cs_test_token_craft(key, changed, payload);

			assert_malformed(fixture, j, token);
		}
	}
}

/* What may be absent or null in the fixture's good tokens, and is nothing to be refused for. */
static gboolean
may_be(gsize row, const char *claim, const char *what)
{
	static const char *const exceptions[][3] = {
		{"countersign-auth+jwt", "origin", "null"},
		{"countersign-device-proof+jwt", "mah", "null"},
		{"countersign-verdict+jwt", "hint", "absent"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(exceptions); i++) {
		if (strcmp(exceptions[i][0], cs_test_tokens[row].type) == 0 &&
		    strcmp(exceptions[i][1], claim) == 0 && strcmp(exceptions[i][2], what) == 0)
			return TRUE;
	}
	return FALSE;
}

static void
judge_claims(const Fixture *fixture,
	     gsize row,
	     const cJSON *claims,
	     const char *claim,
	     const char *what,
	     gboolean good)
{
	g_autofree char *header = cs_test_token_dup_header(fixture->tokens[row]);
	g_autofree char *payload = cs_json_print(claims);
	g_autofree char *token = craft(fixture, row, header, payload);

	g_test_message("%s: %s: %s", cs_test_tokens[row].type, claim, what);
	if (good)
		assert_accepted(fixture, row, token);
	else
		assert_malformed(fixture, row, token);
}

static gboolean
is_same_type(const cJSON *a, const cJSON *b)
{
	return (cJSON_IsBool(a) && cJSON_IsBool(b)) || (a->type & 0xff) == (b->type & 0xff);
}

/* A copy in which the member `target`, at whatever depth, has become the JSON texts in `values`:
 * none, one or several. */
static cJSON *
bend(const cJSON *object, const cJSON *target, const char *const *values)
{
	cJSON *copy = cJSON_CreateObject();
	const cJSON *member;

	cJSON_ArrayForEach (member, object) {
		if (member == target) {
			for (gsize i = 0; values[i] != NULL; i++)
				cJSON_AddItemToObject(copy, member->string, cJSON_Parse(values[i]));
		} else if (cJSON_IsObject(member)) {
			cJSON_AddItemToObject(copy, member->string, bend(member, target, values));
		} else {
			cJSON_AddItemToObject(copy, member->string, cJSON_Duplicate(member, TRUE));
		}
	}
	return copy;
}

static void
judge_bent(const Fixture *fixture,
	   gsize row,
	   const cJSON *claims,
	   const cJSON *claim,
	   const char *first,
	   const char *second)
{
	const char *values[] = {first, second, NULL};
	g_autoptr(cJSON) bent = bend(claims, claim, values);
	const char *what = first == NULL ? "absent" : second != NULL ? "twice" : first;

	if (cJSON_IsNull(claim) && strcmp(what, "null") == 0)
		return;
	judge_claims(fixture, row, bent, claim->string, what, may_be(row, claim->string, what));
}

/* Takes the claim out, makes it null, gives it every other type, and lets it stand there twice. */
static void
bend_claim(const Fixture *fixture, gsize row, const cJSON *claims, const cJSON *claim)
{
	static const char *const values[] = {"1", "\"a\"", "true", "[]", "{}"};
	g_autofree char *same = cs_json_print(claim);

	judge_bent(fixture, row, claims, claim, NULL, NULL);
	judge_bent(fixture, row, claims, claim, "null", NULL);
	judge_bent(fixture, row, claims, claim, same, same);
	for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autoptr(cJSON) value = cJSON_Parse(values[i]);

		if (!is_same_type(value, claim))
			judge_bent(fixture, row, claims, claim, values[i], NULL);
	}
}

static guint
bend_object(const Fixture *fixture, gsize row, cJSON *claims, cJSON *object)
{
	guint count = 0;
	cJSON *claim;

	cJSON_AddNullToObject(object, "unknown");
	judge_claims(fixture, row, claims, "unknown", "added", FALSE);
	cJSON_DeleteItemFromObjectCaseSensitive(object, "unknown");
	cJSON_ArrayForEach (claim, object) {
		bend_claim(fixture, row, claims, claim);
		count++;
		if (cJSON_IsObject(claim))
			count += bend_object(fixture, row, claims, claim);
	}
	return count;
}

static void
test_claims(Fixture *fixture, gconstpointer data)
{
	guint count = 0;

	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_autofree char *payload = cs_test_token_dup_payload(fixture->tokens[i]);
		g_autoptr(cJSON) claims = cs_json_parse(payload, strlen(payload), NULL);

		count += bend_object(fixture, i, claims, claims);
	}
	g_assert_cmpuint(count, ==, 87);
}

static void
test_payloads(Fixture *fixture, gconstpointer data)
{
	static const char *const payloads[] = {"",	 "null", "[]",	 "1",
					       "\"{}\"", "{",	 "{}{}", "{} x"};

	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_autofree char *header = cs_test_token_dup_header(fixture->tokens[i]);

		for (gsize j = 0; j < G_N_ELEMENTS(payloads); j++) {
			g_autofree char *token = craft(fixture, i, header, payloads[j]);

			assert_malformed(fixture, i, token);
		}
	}
}

/* Every bit of every token. */
static void
test_flipped_bits(Fixture *fixture, gconstpointer data)
{
	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		gsize length = strlen(fixture->tokens[i]);

		for (gsize bit = 0; bit < length * 8; bit++) {
			g_autofree char *token = g_strdup(fixture->tokens[i]);

			token[bit / 8] = (char)(token[bit / 8] ^ (1 << (bit % 8)));
			if (cs_test_tokens[i].verify(fixture->keys, token, NULL))
				g_test_message("bit %" G_GSIZE_FORMAT " of %s", bit, token);
			g_assert_false(cs_test_tokens[i].verify(fixture->keys, token, NULL));
		}
	}
}

static void
test_forms(Fixture *fixture, gconstpointer data)
{
	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		const char *good = fixture->tokens[i];
		g_auto(GStrv) parts = g_strsplit(good, ".", -1);
		g_autofree char *padded = g_strconcat(good, "==", NULL);
		g_autofree char *spaced = g_strconcat(" ", good, NULL);
		g_autofree char *lines = g_strconcat(good, "\n", NULL);
		g_autofree char *four = g_strconcat(good, ".", parts[1], NULL);
		g_autofree char *two = g_strjoin(".", parts[0], parts[1], NULL);
		g_autofree char *unsigned_token = g_strjoin(".", parts[0], parts[1], "", NULL);
		g_autofree char *fill = g_strnfill(CS_JWS_MAX_BYTES, 'A');
		g_autofree char *oversize = g_strjoin(".", parts[0], fill, parts[2], NULL);
		const char *forms[] = {padded, spaced, lines,	       four,
				       two,    "",     unsigned_token, oversize};

		for (gsize j = 0; j < G_N_ELEMENTS(forms); j++)
			assert_malformed(fixture, i, forms[j]);
	}
}

/* The signature of the same kind of key, but another. */
static void
test_wrong_key(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsPrivateKey) stranger = cs_private_key_generate_p256(&error);

	g_assert_no_error(error);
	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_autofree char *header = cs_test_token_dup_header(fixture->tokens[i]);
		g_autofree char *payload = cs_test_token_dup_payload(fixture->tokens[i]);
		g_autofree char *token = cs_test_token_craft(stranger, header, payload);

		assert_not_signed(fixture, i, token);
		if (cs_test_tokens[i].parse != NULL)
			g_assert_true(cs_test_tokens[i].parse(token, NULL));
	}
}

/* The token with another kid; NULL for a type that has none. */
static char *
exchange_key_id(const Fixture *fixture, gsize row, const char *key_id)
{
	g_autofree char *header = cs_test_token_dup_header(fixture->tokens[row]);
	g_autofree char *payload = cs_test_token_dup_payload(fixture->tokens[row]);
	g_autofree char *own = NULL;
	g_autofree char *changed = NULL;
	const char *start = strstr(header, "\"kid\":\"");

	if (start == NULL)
		return NULL;
	start += strlen("\"kid\":\"");
	own = g_strndup(start, strcspn(start, "\""));
	changed = cs_test_replace(header, own, key_id);
	return craft(fixture, row, changed, payload);
}

/* The right key's signature under another key's name, or under none that a key has. */
static void
test_wrong_key_id(Fixture *fixture, gconstpointer data)
{
	static const char *const none[] = {
		"", "a", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF", /* a bit left over */
	};
	guint count = 0;

	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_autofree char *token = exchange_key_id(fixture, i, cs_test_hash(99));

		if (token == NULL)
			continue;
		assert_not_signed(fixture, i, token);
		for (gsize j = 0; j < G_N_ELEMENTS(none); j++) {
			g_autofree char *malformed = exchange_key_id(fixture, i, none[j]);

			assert_malformed(fixture, i, malformed);
		}
		count++;
	}
	g_assert_cmpuint(count, ==, 6);
}

static void
test_der_signature(Fixture *fixture, gconstpointer data)
{
	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_auto(GStrv) parts = g_strsplit(fixture->tokens[i], ".", -1);
		g_autoptr(GBytes) raw = cs_base64url_decode(parts[2], -1, NULL);
		const guint8 *bytes = g_bytes_get_data(raw, NULL);
		g_autoptr(ECDSA_SIG) signature = ECDSA_SIG_new();
		g_autofree char *text = NULL;
		g_autofree char *token = NULL;
		guint8 *der = NULL;
		int length;

		g_assert_cmpint(ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, NULL),
					       BN_bin2bn(bytes + 32, 32, NULL)),
				==, 1);
		length = i2d_ECDSA_SIG(signature, &der);
		text = cs_base64url_encode(der, (gsize)length);
		token = g_strjoin(".", parts[0], parts[1], text, NULL);
		assert_malformed(fixture, i, token);
		OPENSSL_free(der);
	}
}

/* Keys of the wrong kind sign none of them. */
static void
test_unsuitable_keys(Fixture *fixture, gconstpointer data)
{
	g_autoptr(EVP_PKEY) curve = EVP_EC_gen("P-384");
	g_autoptr(EVP_PKEY) rsa = cs_test_take_rsa(CS_KEY_KIND_RSA, 2048);
	EVP_PKEY *pkeys[] = {curve, rsa};

	for (gsize i = 0; i < G_N_ELEMENTS(pkeys); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(CsPrivateKey) key = cs_private_key_new_from_pkey(pkeys[i], &error);
		CsTestKeys keys = *fixture->keys;

		g_assert_no_error(error);
		keys.server = keys.account = keys.device = keys.certificate = key;
		for (gsize j = 0; j < cs_test_tokens_count; j++) {
			g_assert_null(cs_test_tokens[j].sign(&keys, &error));
			g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
			g_clear_error(&error);
		}
	}
}

/* Errors never repeat what a token says. */
static void
test_quiet(Fixture *fixture, gconstpointer data)
{
	for (gsize i = 0; i < cs_test_tokens_count; i++) {
		g_autofree char *header = cs_test_token_dup_header(fixture->tokens[i]);
		g_autofree char *payload = cs_test_token_dup_payload(fixture->tokens[i]);
		g_autofree char *added = g_strconcat("{\"canary\":\"canary\",", payload + 1, NULL);
		g_autofree char *changed =
			cs_test_replace(header, "{\"alg\"", "{\"canary\":\"canary\",\"alg\"");
		g_autofree char *one = craft(fixture, i, header, added);
		g_autofree char *two = craft(fixture, i, changed, payload);
		const char *tokens[] = {one, two};

		for (gsize j = 0; j < G_N_ELEMENTS(tokens); j++) {
			g_autoptr(GError) error = NULL;

			g_assert_false(cs_test_tokens[i].verify(fixture->keys, tokens[j], &error));
			g_assert_null(strstr(error->message, "canary"));
			g_assert_true(g_ascii_islower(error->message[0]));
			g_assert_false(g_str_has_suffix(error->message, "."));
		}
	}
}

#define ADD(name, function) g_test_add("/token/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("accepted", test_accepted);
	ADD("other-types", test_other_types);
	ADD("types", test_types);
	ADD("added-header-members", test_added_header_members);
	ADD("missing-header-members", test_missing_header_members);
	ADD("algorithms", test_algorithms);
	ADD("other-keys-algorithms", test_other_keys_algorithms);
	ADD("claims", test_claims);
	ADD("payloads", test_payloads);
	ADD("flipped-bits", test_flipped_bits);
	ADD("forms", test_forms);
	ADD("wrong-key", test_wrong_key);
	ADD("wrong-key-id", test_wrong_key_id);
	ADD("der-signature", test_der_signature);
	ADD("unsuitable-keys", test_unsuitable_keys);
	ADD("quiet", test_quiet);
	return g_test_run();
}
