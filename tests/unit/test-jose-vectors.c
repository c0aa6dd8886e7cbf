/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/jwk.h"
#include "core/protocol/jws.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "tests/fixtures/vectors.h"

/* Public test data against the bare layer: every case of every file, by each file's own format.
 * Nothing invalid may verify. What is valid must verify, or be refused for one of the reasons below
 * and stand with that reason in docs/vectors.md, "JOSE". */

/* Why a valid case is refused on purpose. */
typedef enum {
	REFUSED_ALGORITHM,     /* HMAC, EdDSA, RS384, PS512, ... */
	REFUSED_FORM,	       /* a JSON serialisation */
	REFUSED_UNENCODED,     /* RFC 7797: b64 false */
	REFUSED_ENCRYPTED,     /* a JWE */
	REFUSED_KEY_ALGORITHM, /* the JWK names an algorithm that does not exist */
	REFUSED_PRIVATE_KEY,   /* a JWK with its private half, or a symmetric one */
	REFUSED_KEY_KIND,      /* a JWK that is no P-256 key */
	REFUSED_COUNT,
} Refusal;

static const char *const refusals[REFUSED_COUNT] = {
	[REFUSED_ALGORITHM] = "an algorithm that is not accepted",
	[REFUSED_FORM] = "a JSON serialisation",
	[REFUSED_UNENCODED] = "an unencoded payload (b64)",
	[REFUSED_ENCRYPTED] = "an encrypted token (JWE)",
	[REFUSED_KEY_ALGORITHM] = "a key whose alg does not exist",
	[REFUSED_PRIVATE_KEY] = "a private or symmetric key as JWK",
	[REFUSED_KEY_KIND] = "a JWK that is no P-256 key",
};

typedef struct {
	char *folder;	    /* NULL: absent, and the test skipped */
	GHashTable *listed; /* the differences of docs/vectors.md that were not met yet */
	const char *file;   /* at hand, its base name; lent */
	guint files;
	guint verified;
	guint invalid;
	guint signed_alike;
	guint refused;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer suite)
{
	fixture->folder = cs_test_find_vectors(suite);
	fixture->listed = cs_test_read_differences("vectors.md", "JOSE");
}

static void
tear_down(Fixture *fixture, gconstpointer suite)
{
	g_test_message("%s: %u files, %u verified, %u invalid and refused, %u valid and refused, "
		       "%u signed alike",
		       (const char *)suite, fixture->files, fixture->verified, fixture->invalid,
		       fixture->refused, fixture->signed_alike);
	g_hash_table_unref(fixture->listed);
	g_free(fixture->folder);
}

/* A deliberate difference: it stands in the document, with this reason. */
static void
note_refusal(Fixture *fixture, const char *label, Refusal refusal)
{
	g_autofree char *name = g_strconcat(fixture->file, "#", label, NULL);
	const char *row = g_hash_table_lookup(fixture->listed, name);

	g_test_message("difference: %s: %s", name, refusals[refusal]);
	g_assert_nonnull(row);
	g_assert_nonnull(strstr(row, refusals[refusal]));
	g_hash_table_remove(fixture->listed, name);
	fixture->refused++;
}

/* Nor does a row stand there whose case no longer differs. */
static void
check_rest(Fixture *fixture, gboolean wycheproof)
{
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, fixture->listed);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		if (g_str_has_prefix(name, "json_web_") != wycheproof)
			continue;
		g_test_message("listed, but no difference: %s", (const char *)name);
		g_test_fail();
	}
}

static const char *
get_text(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static cJSON *
load(const char *path)
{
	g_autofree char *text = NULL;
	gsize length;
	cJSON *json;

	g_assert_true(g_file_get_contents(path, &text, &length, NULL));
	json = cJSON_ParseWithLength(text, length);
	g_assert_nonnull(json);
	return json;
}

/* Every .json file below. */
static void
collect(const char *folder, GPtrArray *paths)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	g_assert_nonnull(dir);
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			collect(path, paths);
		else if (g_str_has_suffix(name, ".json"))
			g_ptr_array_add(paths, g_steal_pointer(&path));
	}
}

/* Keys. The product reads an RSA key from a certificate only, and P-256 alone from a JWK, so the
 * suites' keys are made here, by the same rule: one algorithm a key. */

static BIGNUM *
get_number(const cJSON *jwk, const char *name)
{
	const char *text = get_text(jwk, name);
	g_autoptr(GBytes) bytes = text != NULL ? cs_base64url_decode(text, -1, NULL) : NULL;

	if (bytes == NULL)
		return NULL;
	return BN_bin2bn(g_bytes_get_data(bytes, NULL), (int)g_bytes_get_size(bytes), NULL);
}

static EVP_PKEY *
make_rsa(const cJSON *jwk, const char *type)
{
	g_autoptr(BIGNUM) n = get_number(jwk, "n");
	g_autoptr(BIGNUM) e = get_number(jwk, "e");
	guint8 n_bytes[1024], e_bytes[1024];
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n_bytes, sizeof(n_bytes)),
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e_bytes, sizeof(e_bytes)),
		OSSL_PARAM_construct_end(),
	};
	g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	g_assert_cmpint(OSSL_PARAM_set_BN(&parameters[0], n), ==, 1);
	g_assert_cmpint(OSSL_PARAM_set_BN(&parameters[1], e), ==, 1);
	g_assert_cmpint(EVP_PKEY_fromdata_init(context), ==, 1);
	g_assert_cmpint(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters), ==, 1);
	return key;
}

static EVP_PKEY *
make_curve(const cJSON *jwk, char *group, int size)
{
	g_autoptr(BIGNUM) x = get_number(jwk, "x");
	g_autoptr(BIGNUM) y = get_number(jwk, "y");
	guint8 point[1 + 2 * 66] = {POINT_CONVERSION_UNCOMPRESSED};
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point,
						  1 + 2 * (gsize)size),
		OSSL_PARAM_construct_end(),
	};
	g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	if (BN_bn2binpad(x, point + 1, size) != size ||
	    BN_bn2binpad(y, point + 1 + size, size) != size ||
	    EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		return NULL;
	return key;
}

/* By the product's own reader; kid is another issuer's business, d is not for us to see. */
static EVP_PKEY *
make_p256(const cJSON *jwk)
{
	g_autoptr(cJSON) copy = cJSON_Duplicate(jwk, TRUE);
	g_autoptr(CsJwk) key = NULL;

	cJSON_DeleteItemFromObjectCaseSensitive(copy, "kid");
	cJSON_DeleteItemFromObjectCaseSensitive(copy, "d");
	key = cs_jwk_new_from_json(copy, NULL);
	if (key == NULL)
		return NULL;
	g_assert_cmpint(EVP_PKEY_up_ref(cs_jwk_get_pkey(key)), ==, 1);
	return cs_jwk_get_pkey(key);
}

static gboolean
may_verify(const cJSON *jwk)
{
	const cJSON *operations = cJSON_GetObjectItemCaseSensitive(jwk, "key_ops");
	const char *use = get_text(jwk, "use");
	const cJSON *operation;

	if (use != NULL && strcmp(use, "sig") != 0)
		return FALSE;
	if (operations == NULL)
		return TRUE;
	cJSON_ArrayForEach (operation, operations) {
		if (g_strcmp0(cJSON_GetStringValue(operation), "verify") == 0)
			return TRUE;
	}
	return FALSE;
}

/* algorithm (nullable): of the case, where the JWK names none. */
static EVP_PKEY *
make_key(const cJSON *jwk, const char *algorithm)
{
	const char *type = get_text(jwk, "kty");
	const char *curve = get_text(jwk, "crv");
	const char *own = get_text(jwk, "alg");
	char p384[] = "secp384r1", p521[] = "secp521r1";

	if (own != NULL)
		algorithm = own;
	if (!may_verify(jwk))
		return NULL;
	if (g_strcmp0(type, "RSA") == 0 && g_strcmp0(algorithm, "RS256") == 0)
		return make_rsa(jwk, "RSA");
	if (g_strcmp0(type, "RSA") == 0 && g_strcmp0(algorithm, "PS256") == 0)
		return make_rsa(jwk, "RSA-PSS");
	if (g_strcmp0(type, "EC") != 0)
		return NULL;
	if (g_strcmp0(curve, "P-256") == 0)
		return make_p256(jwk);
	if (g_strcmp0(curve, "P-384") == 0 && g_strcmp0(algorithm, "ES384") == 0)
		return make_curve(jwk, p384, 48);
	if (g_strcmp0(curve, "P-521") == 0 && g_strcmp0(algorithm, "ES512") == 0)
		return make_curve(jwk, p521, 66);
	return NULL;
}

static gboolean
is_accepted_algorithm(const char *name)
{
	static const char *const accepted[] = {"RS256", "PS256", "ES256", "ES384", "ES512", NULL};

	return name != NULL && g_strv_contains(accepted, name);
}

static gboolean
verifies(const char *token, const cJSON *jwk, const char *algorithm)
{
	g_autoptr(CsJws) jws = cs_jws_parse(token, -1, NULL);
	g_autoptr(EVP_PKEY) key = jwk != NULL ? make_key(jwk, algorithm) : NULL;

	return jws != NULL && key != NULL && cs_jws_verify(jws, key, NULL);
}

static cJSON *
dup_header(const char *token)
{
	g_auto(GStrv) parts = g_strsplit(token, ".", 2);
	g_autoptr(GBytes) bytes = parts[0] != NULL ? cs_base64url_decode(parts[0], -1, NULL) : NULL;

	return bytes != NULL ? cs_json_parse_bytes(bytes, NULL) : NULL;
}

/* Why a valid compact token was refused; there must be a reason. */
static Refusal
explain_refusal(const char *token, const cJSON *jwk)
{
	g_autoptr(cJSON) header = dup_header(token);
	const char *algorithm = get_text(header, "alg");
	const char *own = get_text(jwk, "alg");

	g_assert_nonnull(header);
	if (cJSON_GetObjectItemCaseSensitive(header, "enc") != NULL)
		return REFUSED_ENCRYPTED;
	if (cJSON_GetObjectItemCaseSensitive(header, "b64") != NULL)
		return REFUSED_UNENCODED;
	if (!is_accepted_algorithm(algorithm))
		return REFUSED_ALGORITHM;
	g_assert_cmpstr(algorithm, !=, own);
	g_assert_nonnull(own);
	g_assert_false(is_accepted_algorithm(own));
	return REFUSED_KEY_ALGORITHM;
}

typedef struct {
	const char *label;     /* of the case within its file */
	const cJSON *jwk;      /* (nullable) */
	const char *algorithm; /* (nullable): of the case, where the JWK names none */
	gboolean valid;
} Case;

static void
judge(Fixture *fixture, const char *token, const Case *test)
{
	gboolean verified = verifies(token, test->jwk, test->algorithm);

	if (!test->valid) {
		g_assert_false(verified);
		fixture->invalid++;
	} else if (verified) {
		fixture->verified++;
	} else {
		note_refusal(fixture, test->label, explain_refusal(token, test->jwk));
	}
}

static void
judge_json_form(Fixture *fixture, const cJSON *form, const Case *test)
{
	g_autofree char *text = cs_json_print(form);

	g_assert_null(cs_jws_parse(text, -1, NULL));
	if (test->valid)
		note_refusal(fixture, test->label, REFUSED_FORM);
	else
		fixture->invalid++;
}

/* Wycheproof: {"testGroups": [{"public" or "private": JWK or {"keys"}, "tests": [{"jws" or "jwe",
 * "result"}]}]}. */

/* From a set, the one key with the token's kid; two of them, or keys of several types, are none. */
static const cJSON *
choose_key(const cJSON *set, const char *token)
{
	const cJSON *keys = cJSON_GetObjectItemCaseSensitive(set, "keys");
	g_autoptr(cJSON) header = dup_header(token);
	const cJSON *key, *chosen = NULL;

	if (keys == NULL)
		return set;
	cJSON_ArrayForEach (key, keys) {
		if (g_strcmp0(get_text(key, "kid"), get_text(header, "kid")) != 0)
			continue;
		if (chosen != NULL)
			return NULL;
		chosen = key;
	}
	return chosen;
}

static void
run_wycheproof_test(Fixture *fixture, const cJSON *group, const cJSON *test)
{
	const cJSON *public = cJSON_GetObjectItemCaseSensitive(group, "public");
	const cJSON *set =
		public != NULL ? public : cJSON_GetObjectItemCaseSensitive(group, "private");
	const cJSON *token = cJSON_GetObjectItemCaseSensitive(test, "jws");
	const char *result = get_text(test, "result");
	g_autofree char *label = cs_json_print(cJSON_GetObjectItemCaseSensitive(test, "tcId"));
	Case judged = {.label = label, .valid = g_strcmp0(result, "valid") == 0};

	g_assert_true(judged.valid || g_strcmp0(result, "invalid") == 0);
	if (token == NULL)
		token = cJSON_GetObjectItemCaseSensitive(test, "jwe");
	g_assert_nonnull(token);
	if (cJSON_IsString(token)) {
		judged.jwk = choose_key(set, token->valuestring);
		judge(fixture, token->valuestring, &judged);
	} else {
		judge_json_form(fixture, token, &judged);
	}
}

static guint
run_wycheproof_file(Fixture *fixture, const cJSON *file)
{
	const cJSON *group, *test;
	guint count = 0;

	cJSON_ArrayForEach (group, cJSON_GetObjectItemCaseSensitive(file, "testGroups")) {
		cJSON_ArrayForEach (test, cJSON_GetObjectItemCaseSensitive(group, "tests")) {
			run_wycheproof_test(fixture, group, test);
			count++;
		}
	}
	return count;
}

static gboolean
is_jose_schema(const cJSON *file)
{
	const char *schema = get_text(file, "schema");

	return schema != NULL && g_str_has_prefix(schema, "json_web_");
}

static GPtrArray *
list_files(const char *folder)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	collect(folder, paths);
	g_assert_cmpuint(paths->len, >, 0);
	return g_steal_pointer(&paths);
}

static void
test_wycheproof(Fixture *fixture, gconstpointer suite)
{
	g_autoptr(GPtrArray) paths = NULL;

	if (fixture->folder == NULL)
		return;
	paths = list_files(fixture->folder);
	for (guint i = 0; i < paths->len; i++) {
		g_autofree char *name = g_path_get_basename(g_ptr_array_index(paths, i));
		g_autoptr(cJSON) file = load(g_ptr_array_index(paths, i));
		const cJSON *total = cJSON_GetObjectItemCaseSensitive(file, "numberOfTests");

		if (!is_jose_schema(file))
			continue; /* signatures without JOSE: the keys' own test reads them */
		fixture->file = name;
		g_assert_cmpint((int)run_wycheproof_file(fixture, file), ==, total->valueint);
		fixture->files++;
	}
	check_rest(fixture, TRUE);
	g_assert_cmpuint(fixture->files, >, 0);
	g_assert_cmpuint(fixture->verified, >, 0);
	g_assert_cmpuint(fixture->invalid, >, 0);
}

/* The cookbook: an example of signing ({"input", "signing", "output"}), or a JWK. */

static gboolean
is_deterministic(const char *algorithm)
{
	return g_strcmp0(algorithm, "RS256") == 0;
}

static EVP_PKEY *
make_private_rsa(const cJSON *jwk)
{
	static const char *const names[][2] = {
		{"n", OSSL_PKEY_PARAM_RSA_N},	       {"e", OSSL_PKEY_PARAM_RSA_E},
		{"d", OSSL_PKEY_PARAM_RSA_D},	       {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
		{"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
		{"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
	};
	guint8 bytes[G_N_ELEMENTS(names)][512];
	OSSL_PARAM parameters[G_N_ELEMENTS(names) + 1];
	g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(BIGNUM) number = get_number(jwk, names[i][0]);

		parameters[i] = OSSL_PARAM_construct_BN(names[i][1], bytes[i], sizeof(bytes[i]));
		g_assert_cmpint(OSSL_PARAM_set_BN(&parameters[i], number), ==, 1);
	}
	parameters[G_N_ELEMENTS(names)] = OSSL_PARAM_construct_end();
	g_assert_cmpint(EVP_PKEY_fromdata_init(context), ==, 1);
	g_assert_cmpint(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters), ==, 1);
	return key;
}

/* We sign the same bytes, where the algorithm leaves no choice. */
static void
sign_alike(Fixture *fixture, const cJSON *input, const cJSON *signing, const char *compact)
{
	g_autoptr(EVP_PKEY) pkey = make_private_rsa(cJSON_GetObjectItemCaseSensitive(input, "key"));
	g_autoptr(GError) error = NULL;
	g_autoptr(CsPrivateKey) key = cs_private_key_new_from_pkey(pkey, &error);
	g_autoptr(cJSON) header = NULL;
	g_autofree char *token = NULL;
	const char *payload = get_text(input, "payload");

	g_assert_no_error(error);
	header = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(signing, "protected"), TRUE);
	cJSON_DeleteItemFromObjectCaseSensitive(header, "alg");
	token = cs_jws_sign(key, NULL, header, payload, strlen(payload), &error);
	g_assert_no_error(error);
	g_assert_cmpstr(token, ==, compact);
	fixture->signed_alike++;
}

static void
run_signing_example(Fixture *fixture, const cJSON *example)
{
	static const char *const forms[] = {"json", "json_flat"};
	const cJSON *input = cJSON_GetObjectItemCaseSensitive(example, "input");
	const cJSON *output = cJSON_GetObjectItemCaseSensitive(example, "output");
	const cJSON *signing = cJSON_GetObjectItemCaseSensitive(example, "signing");
	const char *compact = get_text(output, "compact");
	Case judged = {
		.label = "compact",
		.jwk = cJSON_GetObjectItemCaseSensitive(input, "key"),
		.algorithm = get_text(input, "alg"),
		.valid = TRUE,
	};

	g_assert_nonnull(signing);
	g_assert_nonnull(output);
	if (compact != NULL)
		judge(fixture, compact, &judged);
	if (compact != NULL && is_deterministic(judged.algorithm))
		sign_alike(fixture, input, signing, compact);
	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		const cJSON *form = cJSON_GetObjectItemCaseSensitive(output, forms[i]);

		judged.label = forms[i];
		if (form != NULL)
			judge_json_form(fixture, form, &judged);
	}
}

static void
run_key_example(Fixture *fixture, const cJSON *jwk)
{
	g_autoptr(CsJwk) key = cs_jwk_new_from_json(jwk, NULL);
	gboolean secret = cJSON_GetObjectItemCaseSensitive(jwk, "d") != NULL ||
			  cJSON_GetObjectItemCaseSensitive(jwk, "k") != NULL;

	if (key != NULL) {
		fixture->verified++;
		return;
	}
	g_assert_true(secret || g_strcmp0(get_text(jwk, "crv"), "P-256") != 0);
	note_refusal(fixture, "key", secret ? REFUSED_PRIVATE_KEY : REFUSED_KEY_KIND);
}

static void
test_cookbook(Fixture *fixture, gconstpointer suite)
{
	g_autoptr(GPtrArray) paths = NULL;

	if (fixture->folder == NULL)
		return;
	paths = list_files(fixture->folder);
	for (guint i = 0; i < paths->len; i++) {
		g_autofree char *name = g_path_get_basename(g_ptr_array_index(paths, i));
		g_autoptr(cJSON) file = load(g_ptr_array_index(paths, i));

		fixture->file = name;
		if (cJSON_GetObjectItemCaseSensitive(file, "kty") != NULL)
			run_key_example(fixture, file);
		else
			run_signing_example(fixture, file);
		fixture->files++;
	}
	check_rest(fixture, FALSE);
	g_assert_cmpuint(fixture->verified, >, 0);
	g_assert_cmpuint(fixture->signed_alike, >, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/jose-vectors/wycheproof", Fixture, "wycheproof", set_up, test_wycheproof,
		   tear_down);
	g_test_add("/jose-vectors/cookbook", Fixture, "jose-cookbook", set_up, test_cookbook,
		   tear_down);
	return g_test_run();
}
