/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/jws.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/openssl.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fixtures/token-fixture.h"
#include "tests/fixtures/weak-key-fixture.h"

#define HEADER	"{\"alg\":\"ES256\",\"typ\":\"test+jwt\"}"
#define PAYLOAD "{\"a\":1}"

typedef struct {
	CsPrivateKey *key;
	EVP_PKEY *pkey; /* lent */
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	fixture->key = cs_private_key_generate_p256(&error);
	g_assert_no_error(error);
	fixture->pkey = cs_private_key_get_pkey(fixture->key);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_private_key_unref(fixture->key);
}

static CsPrivateKey *
make_key(const char *kind)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(EVP_PKEY) pkey = NULL;
	CsPrivateKey *key;

	if (strcmp(kind, "RSA") == 0)
		pkey = cs_test_take_rsa(CS_KEY_KIND_RSA, 2048);
	else if (strcmp(kind, "RSA-PSS") == 0)
		pkey = cs_test_take_rsa(CS_KEY_KIND_RSA_PSS, 2048);
	else
		pkey = EVP_EC_gen(kind);
	g_assert_nonnull(pkey);
	key = cs_private_key_new_from_pkey(pkey, &error);
	g_assert_no_error(error);
	return key;
}

/* Each kind of key with its one algorithm, and every other kind's key beside it. */
static const struct {
	const char *kind;
	const char *name;
	CsSignatureAlgorithm algorithm;
} kinds[] = {
	{"RSA", "RS256", CS_SIGNATURE_RS256},	{"RSA-PSS", "PS256", CS_SIGNATURE_PS256},
	{"P-256", "ES256", CS_SIGNATURE_ES256}, {"P-384", "ES384", CS_SIGNATURE_ES384},
	{"P-521", "ES512", CS_SIGNATURE_ES512},
};

static void
check_round_trip(guint row, CsPrivateKey *const *keys)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token =
		cs_jws_sign(keys[row], "test+jwt", NULL, PAYLOAD, strlen(PAYLOAD), &error);
	g_autoptr(CsJws) jws = NULL;
	g_autofree char *header = NULL;

	g_assert_no_error(error);
	jws = cs_jws_parse(token, -1, &error);
	g_assert_no_error(error);
	g_assert_cmpint(cs_jws_get_algorithm(jws), ==, kinds[row].algorithm);
	g_assert_cmpstr(cs_jws_get_unverified_type(jws), ==, "test+jwt");
	g_assert_null(cs_jws_get_unverified_key_id(jws));
	g_assert_cmpmem(g_bytes_get_data(cs_jws_get_unverified_payload(jws), NULL),
			g_bytes_get_size(cs_jws_get_unverified_payload(jws)), PAYLOAD,
			strlen(PAYLOAD));
	header = cs_json_print(cs_jws_get_unverified_header(jws));
	g_assert_true(g_str_has_prefix(header, "{\"alg\":\""));
	g_assert_nonnull(strstr(header, kinds[row].name));
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_assert_cmpint(cs_jws_verify(jws, cs_private_key_get_pkey(keys[i]), &error), ==,
				i == row);
		if (i != row)
			g_assert_error(error, CS_ERROR, CS_ERROR_SIGNATURE);
		g_clear_error(&error);
	}
}

static void
test_round_trip(void)
{
	CsPrivateKey *keys[G_N_ELEMENTS(kinds)];

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		keys[i] = make_key(kinds[i].kind);
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		check_round_trip(i, keys);
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		cs_private_key_unref(keys[i]);
}

/* RFC 8725 section 3.1: a header may not talk a key into another algorithm. */
static void
test_algorithm_confusion(void)
{
	CsPrivateKey *keys[G_N_ELEMENTS(kinds)];

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		keys[i] = make_key(kinds[i].kind);
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		for (guint j = 0; j < G_N_ELEMENTS(kinds); j++) {
			g_autofree char *header =
				g_strdup_printf("{\"alg\":\"%s\"}", kinds[j].name);
			g_autofree char *token = cs_test_token_craft(keys[i], header, PAYLOAD);
			g_autoptr(CsJws) jws = cs_jws_parse(token, -1, NULL);
			gboolean verified =
				jws != NULL &&
				cs_jws_verify(jws, cs_private_key_get_pkey(keys[i]), NULL);

			g_assert_cmpint(verified, ==, i == j);
		}
	}
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		cs_private_key_unref(keys[i]);
}

static void
assert_refused(const char *token, gssize length, CsErrorCode code)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_jws_parse(token, length, &error));
	g_assert_error(error, CS_ERROR, (gint)code);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "token-malformed");
}

/* Rightly signed every one of them: it is the header that is refused. */
static void
test_headers_refused(Fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *header;
		CsErrorCode code;
	} headers[] = {
		{"{\"alg\":\"none\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"HS256\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"RS384\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256K\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"EdDSA\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"es256\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256 \"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256\",\"jku\":\"https://a.example/\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256\",\"x5u\":\"https://a.example/\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256\",\"x5t\":\"AQAB\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256\",\"crit\":[]}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256\",\"b64\":true}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256\",\"b64\":false}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256\",\"zip\":\"DEF\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256\",\"enc\":\"A128GCM\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256\",\"Typ\":\"test+jwt\"}", CS_ERROR_UNSUPPORTED},
		{"{\"alg\":\"ES256\",\"\":1}", CS_ERROR_UNSUPPORTED},
		{"{}", CS_ERROR_INVALID},
		{"{\"typ\":\"test+jwt\"}", CS_ERROR_INVALID},
		{"{\"alg\":null}", CS_ERROR_INVALID},
		{"{\"alg\":[\"ES256\"]}", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\",\"alg\":\"ES256\"}", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\",\"alg\":\"none\"}", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\",\"\\u0061lg\":\"none\"}", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\\u0000\"}", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\",\"typ\":1}", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\",\"kid\":{}}", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\",\"jwk\":\"key\"}", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\",\"x5c\":\"cert\"}", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\",\"x5t#S256\":null}", CS_ERROR_INVALID},
		{"[\"ES256\"]", CS_ERROR_INVALID},
		{"\"ES256\"", CS_ERROR_INVALID},
		{"null", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\"", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\"}x", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\",}", CS_ERROR_INVALID},
		{"{'alg':'ES256'}", CS_ERROR_INVALID},
		{"\xef\xbb\xbf{\"alg\":\"ES256\"}", CS_ERROR_INVALID},
		{"{\"alg\":\"ES256\",\"typ\":\"\xff\"}", CS_ERROR_INVALID},
		{"", CS_ERROR_INVALID},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
		g_autofree char *token =
			cs_test_token_craft(fixture->key, headers[i].header, PAYLOAD);

		g_test_message("header %" G_GSIZE_FORMAT, i);
		assert_refused(token, -1, headers[i].code);
	}
}

static void
test_headers_accepted(Fixture *fixture, gconstpointer data)
{
	static const char *const headers[] = {
		HEADER,
		"{\"alg\":\"ES256\"}",
		" {\n\t\"kid\" : \"a\",\r\n \"alg\" : \"ES256\" } ",
		"{\"\\u0061lg\":\"ES256\",\"cty\":\"x\",\"jwk\":{},\"x5c\":[],\"x5t#S256\":\"x\"}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
		g_autofree char *token = cs_test_token_craft(fixture->key, headers[i], PAYLOAD);
		g_autoptr(GError) error = NULL;
		g_autoptr(CsJws) jws = cs_jws_parse(token, -1, &error);

		g_assert_no_error(error);
		g_assert_true(cs_jws_verify(jws, fixture->pkey, &error));
		g_assert_no_error(error);
	}
}

static char *
join(char **parts, guint changed, const char *text)
{
	return g_strdup_printf("%s.%s.%s", changed == 0 ? text : parts[0],
			       changed == 1 ? text : parts[1], changed == 2 ? text : parts[2]);
}

/* Each part in turn: padding, white space, other alphabets, a length that no bytes have, bits left
 * over that are not zero. */
static void
test_odd_base64(Fixture *fixture, gconstpointer data)
{
	g_autofree char *token = cs_test_token_craft(fixture->key, HEADER, PAYLOAD);
	g_auto(GStrv) parts = g_strsplit(token, ".", -1);

	for (guint i = 0; i < 3; i++) {
		static const char *const added[][2] = {
			{"", "="},  {"", "=="}, {"=", ""}, {" ", ""}, {"", " "},
			{"", "\n"}, {"\t", ""}, {"", "+"}, {"", "/"}, {"%", ""},
		};
		g_autofree char *stump = g_strndup(parts[i], strlen(parts[i]) / 4 * 4 - 3);
		g_autofree char *cut = join(parts, i, stump);

		assert_refused(cut, -1, CS_ERROR_INVALID);
		for (gsize j = 0; j < G_N_ELEMENTS(added); j++) {
			g_autofree char *text =
				g_strconcat(added[j][0], parts[i], added[j][1], NULL);
			g_autofree char *changed = join(parts, i, text);

			assert_refused(changed, -1, CS_ERROR_INVALID);
		}
	}
}

static void
test_trailing_bits(Fixture *fixture, gconstpointer data)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	g_autofree char *token = cs_test_token_craft(fixture->key, HEADER, PAYLOAD);
	char *last = token + strlen(token) - 1;
	const char *place = strchr(alphabet, *last);
	guint refused = 0;

	g_assert_cmpint((place - alphabet) % 16, ==, 0);
	for (guint bits = 1; bits < 16; bits++) {
		*last = place[bits];
		assert_refused(token, -1, CS_ERROR_INVALID);
		refused++;
	}
	g_assert_cmpuint(refused, ==, 15);
}

static void
test_parts(Fixture *fixture, gconstpointer data)
{
	g_autofree char *token = cs_test_token_craft(fixture->key, HEADER, PAYLOAD);
	g_auto(GStrv) parts = g_strsplit(token, ".", -1);
	const char *forms[] = {"%1$s",	 "%1$s.%2$s", ".%2$s.%3$s",	 "%1$s.%2$s.",
			       "..",	 ".",	      "%1$s.%2$s.%3$s.", ".%1$s.%2$s.%3$s",
			       "%1$s..", "...",	      "%1$s.%2$s..%3$s", ""};

	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autofree char *text = g_strdup(forms[i]);

		for (guint j = 0; j < 3; j++) {
			g_autofree char *name = g_strdup_printf("%%%u$s", j + 1);
			g_auto(GStrv) around = g_strsplit(text, name, -1);

			g_free(text);
			text = g_strjoinv(parts[j], around);
		}
		assert_refused(text, -1, CS_ERROR_INVALID);
	}
}

/* RFC 7515 section 7.2's JSON serialisations, and a JWE's five parts. */
static void
test_other_forms(Fixture *fixture, gconstpointer data)
{
	g_autofree char *token = cs_test_token_craft(fixture->key, HEADER, PAYLOAD);
	g_auto(GStrv) parts = g_strsplit(token, ".", -1);
	g_autofree char *flat = g_strdup_printf("{\"protected\":\"%s\",\"payload\":\"%s\","
						"\"signature\":\"%s\"}",
						parts[0], parts[1], parts[2]);
	g_autofree char *general =
		g_strdup_printf("{\"payload\":\"%s\",\"signatures\":[{\"protected\":"
				"\"%s\",\"signature\":\"%s\"}]}",
				parts[1], parts[0], parts[2]);
	g_autofree char *five = g_strconcat(token, ".", parts[0], ".", parts[1], NULL);

	assert_refused(flat, -1, CS_ERROR_INVALID);
	assert_refused(general, -1, CS_ERROR_INVALID);
	assert_refused(five, -1, CS_ERROR_INVALID);
}

/* Detached content: the payload that is there is the one that counts. */
static void
test_empty_payload(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *empty = cs_jws_sign(fixture->key, NULL, NULL, "", 0, &error);
	g_autofree char *token = cs_test_token_craft(fixture->key, HEADER, PAYLOAD);
	g_auto(GStrv) parts = g_strsplit(token, ".", -1);
	g_autofree char *detached = join(parts, 1, "");
	g_autoptr(CsJws) jws = cs_jws_parse(empty, -1, &error);
	g_autoptr(CsJws) other = NULL;

	g_assert_no_error(error);
	g_assert_true(cs_jws_verify(jws, fixture->pkey, &error));
	g_assert_cmpuint(g_bytes_get_size(cs_jws_get_unverified_payload(jws)), ==, 0);
	other = cs_jws_parse(detached, -1, &error);
	g_assert_no_error(error);
	g_assert_false(cs_jws_verify(other, fixture->pkey, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_SIGNATURE);
}

static void
test_size(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *payload = g_strnfill(CS_JWS_MAX_BYTES, 'a');
	g_autofree char *over = g_strnfill(CS_JWS_MAX_BYTES + 1, 'a');
	g_autofree char *token = NULL;
	g_autofree char *at_limit = NULL;
	gsize length = CS_JWS_MAX_BYTES / 4 * 3 - 200;

	g_assert_null(cs_jws_sign(fixture->key, "t", NULL, payload, CS_JWS_MAX_BYTES, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_clear_error(&error);
	while (at_limit == NULL || strlen(at_limit) < CS_JWS_MAX_BYTES - 3) {
		g_free(at_limit);
		at_limit = cs_jws_sign(fixture->key, "t", NULL, payload, length++, &error);
		g_assert_no_error(error);
	}
	g_assert_cmpuint(strlen(at_limit), <=, CS_JWS_MAX_BYTES);
	cs_jws_free(cs_jws_parse(at_limit, -1, &error));
	g_assert_no_error(error);
	/* Rightly signed, and too large all the same. */
	payload[CS_JWS_MAX_BYTES / 4 * 3] = '\0';
	token = cs_test_token_craft(fixture->key, HEADER, payload);
	assert_refused(token, -1, CS_ERROR_INVALID);
	assert_refused(token, (gssize)strlen(token), CS_ERROR_INVALID);
	assert_refused(over, -1, CS_ERROR_INVALID);
	assert_refused(at_limit, G_MAXSSIZE, CS_ERROR_INVALID);
}

/* The length counts, not a NUL: nothing beyond it is read, and a NUL within it is refused. */
static void
test_length(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token = cs_test_token_craft(fixture->key, HEADER, PAYLOAD);
	gsize length = strlen(token);
	g_autofree char *exact = g_memdup2(token, length);
	g_autofree char *with_nul = g_memdup2(token, length + 1);
	g_autoptr(CsJws) jws = cs_jws_parse(exact, (gssize)length, &error);

	g_assert_no_error(error);
	g_assert_true(cs_jws_verify(jws, fixture->pkey, NULL));
	assert_refused(with_nul, (gssize)length + 1, CS_ERROR_INVALID);
	assert_refused(token, 0, CS_ERROR_INVALID);
	cs_jws_free(NULL);
}

/* Not the same bits in DER, and not one byte more or less. */
static void
test_ecdsa_encodings(Fixture *fixture, gconstpointer data)
{
	g_autofree char *token = cs_test_token_craft(fixture->key, HEADER, PAYLOAD);
	g_auto(GStrv) parts = g_strsplit(token, ".", -1);
	g_autoptr(GBytes) raw = cs_base64url_decode(parts[2], -1, NULL);
	const guint8 *bytes = g_bytes_get_data(raw, NULL);
	g_autoptr(ECDSA_SIG) signature = ECDSA_SIG_new();
	guint8 longer[66] = {0};
	guint8 *der = NULL;
	int der_length;

	g_assert_cmpuint(g_bytes_get_size(raw), ==, 64);
	g_assert_cmpint(ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, NULL),
				       BN_bin2bn(bytes + 32, 32, NULL)),
			==, 1);
	der_length = i2d_ECDSA_SIG(signature, &der);
	g_assert_cmpint(der_length, >, 0);
	memcpy(longer + 1, bytes, 32);
	memcpy(longer + 34, bytes + 32, 32);
	{
		g_autofree char *der_text = cs_base64url_encode(der, (gsize)der_length);
		g_autofree char *long_text = cs_base64url_encode(longer, sizeof(longer));
		g_autofree char *short_text = cs_base64url_encode(bytes, 63);
		g_autofree char *as_der = join(parts, 2, der_text);
		g_autofree char *as_long = join(parts, 2, long_text);
		g_autofree char *as_short = join(parts, 2, short_text);

		assert_refused(as_der, -1, CS_ERROR_INVALID);
		assert_refused(as_long, -1, CS_ERROR_INVALID);
		assert_refused(as_short, -1, CS_ERROR_INVALID);
	}
	OPENSSL_free(der);
}

/* A malformed pair of numbers makes OpenSSL answer -1, which is true to whoever does not look. */
static void
test_ecdsa_numbers(Fixture *fixture, gconstpointer data)
{
	g_autofree char *token = cs_test_token_craft(fixture->key, HEADER, PAYLOAD);
	g_auto(GStrv) parts = g_strsplit(token, ".", -1);
	static const guint8 fills[] = {0x00, 0x01, 0xff};

	for (gsize i = 0; i < G_N_ELEMENTS(fills); i++) {
		guint8 bytes[64];
		g_autofree char *text = NULL;
		g_autofree char *changed = NULL;
		g_autoptr(CsJws) jws = NULL;
		g_autoptr(GError) error = NULL;

		memset(bytes, fills[i], sizeof(bytes));
		text = cs_base64url_encode(bytes, sizeof(bytes));
		changed = join(parts, 2, text);
		jws = cs_jws_parse(changed, -1, &error);
		g_assert_no_error(error);
		g_assert_false(cs_jws_verify(jws, fixture->pkey, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_SIGNATURE);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "signature-invalid");
	}
}

static void
test_wrong_key(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token = cs_test_token_craft(fixture->key, HEADER, PAYLOAD);
	g_autoptr(CsPrivateKey) other = cs_private_key_generate_p256(&error);
	g_autoptr(CsJws) jws = cs_jws_parse(token, -1, &error);

	g_assert_no_error(error);
	g_assert_false(cs_jws_verify(jws, cs_private_key_get_pkey(other), &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_SIGNATURE);
}

/* A signature that anybody can make proves nothing, although it verifies. */
static void
test_key_that_anybody_can_break(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(EVP_PKEY) pkey = cs_test_make_roca_key();
	g_autoptr(CsPrivateKey) key = cs_private_key_new_from_pkey(pkey, &error);
	g_autofree char *token =
		cs_test_token_craft(key, "{\"alg\":\"RS256\",\"typ\":\"test+jwt\"}", PAYLOAD);
	g_auto(GStrv) parts = g_strsplit(token, ".", -1);
	g_autofree char *signed_text = g_strconcat(parts[0], ".", parts[1], NULL);
	g_autoptr(GBytes) signature = cs_base64url_decode(parts[2], -1, &error);
	g_autoptr(CsJws) jws = cs_jws_parse(token, -1, &error);

	g_assert_no_error(error);
	g_assert_true(cs_signature_verify(pkey, CS_SIGNATURE_RS256, signed_text,
					  strlen(signed_text), g_bytes_get_data(signature, NULL),
					  g_bytes_get_size(signature), &error));
	g_assert_false(cs_jws_verify(jws, pkey, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_SIGNATURE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "signature-invalid");
}

static void
test_no_key(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token = cs_test_token_craft(fixture->key, HEADER, PAYLOAD);
	g_autoptr(CsJws) jws = cs_jws_parse(token, -1, &error);

	g_assert_no_error(error);
	g_assert_false(cs_jws_verify(jws, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_SIGNATURE);
}

/* The public half alone signs nothing. */
static void
test_sign_without_private_half(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	const guint8 *spki = g_bytes_get_data(cs_private_key_get_spki(fixture->key), NULL);
	g_autoptr(EVP_PKEY) public_half = d2i_PUBKEY(
		NULL, &spki, (long)g_bytes_get_size(cs_private_key_get_spki(fixture->key)));
	g_autoptr(CsPrivateKey) key = cs_private_key_new_from_pkey(public_half, &error);

	g_assert_no_error(error);
	g_assert_null(cs_jws_sign(key, "t", NULL, "x", 1, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "key-unusable");
}

static void
test_sign_header(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) members = cJSON_CreateObject();
	g_autofree char *token = NULL;
	g_autofree char *header = NULL;

	cs_json_add_string(members, "kid", "a");
	token = cs_jws_sign(fixture->key, "t", members, "x", 1, &error);
	g_assert_no_error(error);
	header = cs_test_token_dup_header(token);
	g_assert_cmpstr(header, ==, "{\"alg\":\"ES256\",\"typ\":\"t\",\"kid\":\"a\"}");
}

#define ADD(name, function) g_test_add("/jws/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/jws/round-trip", test_round_trip);
	g_test_add_func("/jws/algorithm-confusion", test_algorithm_confusion);
	ADD("headers-refused", test_headers_refused);
	ADD("headers-accepted", test_headers_accepted);
	ADD("odd-base64", test_odd_base64);
	ADD("trailing-bits", test_trailing_bits);
	ADD("parts", test_parts);
	ADD("other-forms", test_other_forms);
	ADD("empty-payload", test_empty_payload);
	ADD("size", test_size);
	ADD("length", test_length);
	ADD("ecdsa-encodings", test_ecdsa_encodings);
	ADD("ecdsa-numbers", test_ecdsa_numbers);
	ADD("wrong-key", test_wrong_key);
	ADD("no-key", test_no_key);
	g_test_add_func("/jws/key-that-anybody-can-break", test_key_that_anybody_can_break);
	ADD("sign-header", test_sign_header);
	ADD("sign-without-private-half", test_sign_without_private_half);
	return g_test_run();
}
