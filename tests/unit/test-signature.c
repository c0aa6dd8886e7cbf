/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
/* A key with a method of its own is made by calls that OpenSSL 3 calls old. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "core/keys/signature.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

#include "core/base/encoding.h"
#include "core/base/json.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fixtures/vectors.h"

static const guint8 message[] = "what is signed";

typedef struct {
	CsKeyKind kind;
	CsSignatureAlgorithm algorithm;
	gsize octets; /* of a signature */
} Pair;

static const Pair pairs[] = {
	{CS_KEY_KIND_RSA, CS_SIGNATURE_RS256, 256},  {CS_KEY_KIND_RSA_PSS, CS_SIGNATURE_PS256, 256},
	{CS_KEY_KIND_P256, CS_SIGNATURE_ES256, 64},  {CS_KEY_KIND_P384, CS_SIGNATURE_ES384, 96},
	{CS_KEY_KIND_P521, CS_SIGNATURE_ES512, 132},
};

static CsTestIdentity *
make(CsKeyKind kind, int bits)
{
	CsTestProfile profile = {.key_kind = kind, .rsa_bits = bits, .key_number = 1};
	return cs_test_identity_new(&profile, NULL);
}

static GBytes *
sign(EVP_PKEY *key, CsSignatureAlgorithm algorithm)
{
	g_autoptr(GError) error = NULL;
	GBytes *signature = cs_signature_make(key, algorithm, message, sizeof(message), &error);
	g_assert_no_error(error);
	return signature;
}

static gboolean
verifies(EVP_PKEY *key, CsSignatureAlgorithm algorithm, gconstpointer signature, gsize length)
{
	g_autoptr(GError) error = NULL;
	gboolean verified = cs_signature_verify(key, algorithm, message, sizeof(message), signature,
						length, &error);
	if (verified) {
		g_assert_no_error(error);
	} else {
		g_assert_error(error, CS_ERROR, CS_ERROR_SIGNATURE);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "signature-invalid");
	}
	return verified;
}

/* One algorithm a key, and no other. */
static void
test_pairs(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autoptr(CsTestIdentity) identity = make(pairs[i].kind, 0);
		EVP_PKEY *key = cs_test_identity_get_pkey(identity);
		CsSignatureAlgorithm algorithm = CS_SIGNATURE_RS256;
		g_assert_true(cs_signature_find_algorithm(pairs[i].kind, &algorithm));
		g_assert_cmpint(algorithm, ==, pairs[i].algorithm);
		g_assert_true(cs_signature_can_make(key, algorithm));
		g_autoptr(GBytes) signature = sign(key, algorithm);
		gsize length = 0;
		const guint8 *data = g_bytes_get_data(signature, &length);
		g_assert_cmpuint(length, ==, pairs[i].octets);
		for (gsize k = 0; k < G_N_ELEMENTS(pairs); k++)
			g_assert_cmpint(verifies(key, pairs[k].algorithm, data, length), ==,
					i == k);
		g_assert_false(verifies(key, (CsSignatureAlgorithm)99, data, length));
	}
	CsSignatureAlgorithm none = CS_SIGNATURE_RS256;
	g_assert_false(cs_signature_find_algorithm(CS_KEY_KIND_OTHER, &none));
}

static void
test_tampering(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autoptr(CsTestIdentity) identity = make(pairs[i].kind, 0);
		EVP_PKEY *key = cs_test_identity_get_pkey(identity);
		g_autoptr(GBytes) signature = sign(key, pairs[i].algorithm);
		gsize length = g_bytes_get_size(signature);
		g_autofree guint8 *bytes = g_malloc0(length + 1);
		memcpy(bytes, g_bytes_get_data(signature, NULL), length);
		g_assert_true(verifies(key, pairs[i].algorithm, bytes, length));
		g_assert_false(verifies(key, pairs[i].algorithm, bytes, length - 1));
		g_assert_false(verifies(key, pairs[i].algorithm, bytes, length + 1));
		g_assert_false(verifies(key, pairs[i].algorithm, bytes, 0));
		for (gsize at = 0; at < length; at += 7) {
			bytes[at] ^= 0x10;
			g_assert_false(verifies(key, pairs[i].algorithm, bytes, length));
			bytes[at] ^= 0x10;
		}
		g_assert_false(cs_signature_verify(key, pairs[i].algorithm, "else", 4, bytes,
						   length, NULL));
		memset(bytes, 0, length);
		g_assert_false(verifies(key, pairs[i].algorithm, bytes, length));
		memset(bytes, 0xff, length);
		g_assert_false(verifies(key, pairs[i].algorithm, bytes, length));
	}
}

/* R and S keep their leading zeroes: of 400 signatures about three have a short half. */
static void
test_fixed_width(void)
{
	g_autoptr(CsTestIdentity) identity = make(CS_KEY_KIND_P256, 0);
	EVP_PKEY *key = cs_test_identity_get_pkey(identity);
	guint short_halves = 0;

	for (guint i = 0; i < 400 || (short_halves == 0 && i < 5000); i++) {
		g_autoptr(GBytes) signature = sign(key, CS_SIGNATURE_ES256);
		gsize length = 0;
		const guint8 *data = g_bytes_get_data(signature, &length);
		g_assert_cmpuint(length, ==, 64);
		if (data[0] != 0 && data[32] != 0)
			continue;
		short_halves++;
		g_assert_true(verifies(key, CS_SIGNATURE_ES256, data, length));
	}
	g_assert_cmpuint(short_halves, >, 0);
}

/* The DER form that OpenSSL makes is no JWS signature. */
static void
test_der_is_refused(void)
{
	g_autoptr(CsTestIdentity) identity = make(CS_KEY_KIND_P256, 0);
	EVP_PKEY *key = cs_test_identity_get_pkey(identity);
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
	guint8 der[128];
	gsize length = sizeof(der);

	g_assert_cmpint(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL), ==,
			1);
	g_assert_cmpint(EVP_DigestSign(context, der, &length, message, sizeof(message)), ==, 1);
	g_assert_false(verifies(key, CS_SIGNATURE_ES256, der, length));
}

/* A signature that would verify by its bytes, but by a key of another kind. */
static void
test_kinds_of_key(void)
{
	g_autoptr(CsTestIdentity) curve = make(CS_KEY_KIND_P256, 0);
	EVP_PKEY *curve_key = cs_test_identity_get_pkey(curve);
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
	guint8 der[128], halves[96];
	const guint8 *at = der;
	gsize length = sizeof(der);

	/* P-256 with SHA-384, its halves as wide as P-384's. */
	g_assert_cmpint(EVP_DigestSignInit_ex(context, NULL, "SHA384", NULL, NULL, curve_key, NULL),
			==, 1);
	g_assert_cmpint(EVP_DigestSign(context, der, &length, message, sizeof(message)), ==, 1);
	g_autoptr(ECDSA_SIG) pair = d2i_ECDSA_SIG(NULL, &at, (long)length);
	g_assert_cmpint(BN_bn2binpad(ECDSA_SIG_get0_r(pair), halves, 48), ==, 48);
	g_assert_cmpint(BN_bn2binpad(ECDSA_SIG_get0_s(pair), halves + 48, 48), ==, 48);
	g_assert_false(verifies(curve_key, CS_SIGNATURE_ES384, halves, sizeof(halves)));

	/* RSASSA-PSS by an rsaEncryption key, which has RS256 alone. */
	g_autoptr(CsTestIdentity) rsa = make(CS_KEY_KIND_RSA, 0);
	EVP_PKEY *rsa_key = cs_test_identity_get_pkey(rsa);
	g_autoptr(GBytes) pss = sign(rsa_key, CS_SIGNATURE_PS256);
	const guint8 *data = g_bytes_get_data(pss, &length);
	g_assert_false(verifies(rsa_key, CS_SIGNATURE_PS256, data, length));
	g_assert_false(verifies(rsa_key, CS_SIGNATURE_RS256, data, length));
}

static void
test_short_rsa(void)
{
	g_autoptr(CsTestIdentity) identity = make(CS_KEY_KIND_RSA, 1024);
	EVP_PKEY *key = cs_test_identity_get_pkey(identity);
	g_autoptr(GBytes) signature = sign(key, CS_SIGNATURE_RS256);
	gsize length = 0;
	const guint8 *data = g_bytes_get_data(signature, &length);
	g_assert_false(verifies(key, CS_SIGNATURE_RS256, data, length));
}

static void
test_no_private_half(void)
{
	g_autoptr(CsTestIdentity) identity = make(CS_KEY_KIND_P256, 0);
	EVP_PKEY *public_key =
		cs_certificate_get_public_key(cs_test_identity_get_certificate(identity), NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_signature_make(public_key, CS_SIGNATURE_ES256, message, sizeof(message),
					&error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "key-unusable");
}

/* PS256 by a key whose own parameters ask for another salt or digest than PS256 has: it signs and
 * verifies by those, and nothing here. */
static void
test_parameters_forbid(void)
{
	static const struct {
		CsTestProfile profile;
		const char *digest;
		int salt;
	} cases[] = {
		{{.pss_digest = "SHA256", .pss_salt = 48}, "SHA256", 48},
		{{.pss_digest = "SHA512", .pss_salt = 32}, "SHA512", 32},
	};

	g_autoptr(CsTestIdentity) authority = make(CS_KEY_KIND_P256, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		CsTestProfile profile = cases[i].profile;
		profile.key_kind = CS_KEY_KIND_RSA_PSS;
		g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profile, authority);
		EVP_PKEY *key = cs_test_identity_get_pkey(identity);
		g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
		EVP_PKEY_CTX *options = NULL;
		guint8 own[256];
		gsize length = sizeof(own);

		g_assert_cmpint(EVP_DigestSignInit_ex(context, &options, cases[i].digest, NULL,
						      NULL, key, NULL),
				==, 1);
		g_assert_cmpint(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, cases[i].salt), ==, 1);
		g_assert_cmpint(EVP_DigestSign(context, own, &length, message, sizeof(message)), ==,
				1);
		g_assert_false(verifies(key, CS_SIGNATURE_PS256, own, length));
		g_assert_false(cs_signature_can_make(key, CS_SIGNATURE_PS256));
		g_assert_null(
			cs_signature_make(key, CS_SIGNATURE_PS256, message, sizeof(message), NULL));
	}
}

/* What an odd token answers in place of a signature: hexadecimal of a SEQUENCE of R and S. */
static const char *odd_answer;

static int
answer_oddly_cb(int type,
		const guint8 *digest,
		int digest_length,
		guint8 *signature,
		unsigned int *length,
		const BIGNUM *kinv,
		const BIGNUM *r,
		EC_KEY *key)
{
	g_autoptr(GBytes) bytes = cs_hex_decode(odd_answer, NULL);

	*length = (unsigned int)g_bytes_get_size(bytes);
	memcpy(signature, g_bytes_get_data(bytes, NULL), *length);
	return 1;
}

static EVP_PKEY *
make_odd_key(EC_KEY_METHOD *method)
{
	g_autoptr(CsTestIdentity) identity = make(CS_KEY_KIND_P256, 0);
	EC_KEY *key = EVP_PKEY_get1_EC_KEY(cs_test_identity_get_pkey(identity));
	EVP_PKEY *odd = EVP_PKEY_new();

	EC_KEY_METHOD_set_sign(method, answer_oddly_cb, NULL, NULL);
	g_assert_cmpint(EC_KEY_set_method(key, method), ==, 1);
	g_assert_cmpint(EVP_PKEY_assign_EC_KEY(odd, key), ==, 1);
	return odd;
}

/* A key that is not OpenSSL's own may answer anything: what does not fit its curve is no signature,
 * and is not cut to fit. */
static void
test_odd_token(void)
{
#define SHORT "020101"
#define LONG                                                                                       \
	"022101"                                                                                   \
	"00000000000000000000000000000000"                                                         \
	"00000000000000000000000000000000"
	static const char *const answers[] = {
		"00", "3000", "3027" LONG "0200", "3026" LONG SHORT, "3026" SHORT LONG,
	};
	EC_KEY_METHOD *method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	EVP_PKEY *key = make_odd_key(method);
	g_autoptr(GError) error = NULL;

	odd_answer = "3006" SHORT SHORT;
	g_autoptr(GBytes) small = sign(key, CS_SIGNATURE_ES256);
	g_assert_cmpuint(g_bytes_get_size(small), ==, 64);
	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
		odd_answer = answers[i];
		g_assert_null(cs_signature_make(key, CS_SIGNATURE_ES256, message, sizeof(message),
						&error));
		g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "key-unusable");
		g_clear_error(&error);
	}
	EVP_PKEY_free(key);
	EC_KEY_METHOD_free(method);
}

/* ---- Wycheproof ---- */

typedef struct {
	guint valid;
	guint invalid;
	guint acceptable;
	guint wrong;
} Tally;

static CsDer
der_of(GBytes *bytes)
{
	CsDer der = {0};
	der.data = g_bytes_get_data(bytes, &der.length);
	return der;
}

static GBytes *
hex_member(const cJSON *object, const char *name)
{
	g_autoptr(GError) error = NULL;
	const char *hex = cs_json_get_string(object, name, &error);
	g_assert_no_error(error);
	GBytes *bytes = cs_hex_decode(hex, &error);
	g_assert_no_error(error);
	return bytes;
}

/* The suite's PSS keys are rsaEncryption ones, and those have RS256 alone: the same numbers under
 * id-RSASSA-PSS. */
static EVP_PKEY *
decode_key(GBytes *spki, gboolean as_pss)
{
	static const guint8 pss[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
	CsDer der = der_of(spki), sequence, algorithm, bits;
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) oid = g_byte_array_new();
	g_autoptr(GByteArray) both = g_byte_array_new();
	g_autoptr(GByteArray) whole = g_byte_array_new();

	g_assert_true(cs_der_expect(&der, CS_DER_SEQUENCE, &sequence, NULL));
	g_assert_true(cs_der_expect(&sequence, CS_DER_SEQUENCE, &algorithm, NULL));
	g_assert_true(cs_der_expect(&sequence, CS_DER_BIT_STRING, &bits, NULL));
	cs_der_append(oid, CS_DER_OID, pss, sizeof(pss));
	cs_der_append(both, CS_DER_SEQUENCE, oid->data, oid->len);
	cs_der_append(both, CS_DER_BIT_STRING, bits.data, bits.length);
	cs_der_append(whole, CS_DER_SEQUENCE, both->data, both->len);
	EVP_PKEY *key = cs_public_key_decode(
		as_pss ? (CsDer){whole->data, whole->len} : der_of(spki), &error);
	g_assert_no_error(error);
	return key;
}

static void
run_test(const char *file,
	 const cJSON *test,
	 EVP_PKEY *key,
	 CsSignatureAlgorithm algorithm,
	 GHashTable *listed,
	 Tally *tally)
{
	g_autoptr(GBytes) text = hex_member(test, "msg");
	g_autoptr(GBytes) signature = hex_member(test, "sig");
	const char *result = cs_json_get_string(test, "result", NULL);
	gint64 number = 0;
	gboolean verified = cs_signature_verify(
		key, algorithm, g_bytes_get_data(text, NULL), g_bytes_get_size(text),
		g_bytes_get_data(signature, NULL), g_bytes_get_size(signature), NULL);

	g_assert_true(cs_json_get_int64(test, "tcId", &number, NULL));
	g_autofree char *name = g_strdup_printf("%s#%" G_GINT64_FORMAT, file, number);
	if (strcmp(result, "acceptable") == 0) {
		tally->acceptable++;
		g_test_message("%s: acceptable, %s", name, verified ? "accepted" : "refused");
		if (g_hash_table_contains(listed, name) && !verified)
			return;
	} else if (strcmp(result, "valid") == 0) {
		tally->valid++;
		if (verified)
			return;
	} else {
		g_assert_cmpstr(result, ==, "invalid");
		tally->invalid++;
		if (!verified)
			return;
	}
	g_test_message("%s: %s, %s", name, result, verified ? "accepted" : "refused");
	tally->wrong++;
}

static void
run_group(const char *file, const cJSON *group, GHashTable *listed, Tally *tally)
{
	const char *type = cs_json_get_string(group, "type", NULL);
	g_autoptr(GBytes) spki = hex_member(group, "publicKeyDer");
	g_autoptr(EVP_PKEY) key = decode_key(spki, strcmp(type, "RsassaPssVerify") == 0);
	CsSignatureAlgorithm algorithm = CS_SIGNATURE_RS256;
	const cJSON *test = NULL;

	g_assert_true(cs_signature_find_algorithm(cs_public_key_get_kind(key), &algorithm));
	cJSON_ArrayForEach (test, cs_json_get_array(group, "tests", NULL))
		run_test(file, test, key, algorithm, listed, tally);
}

static cJSON *
read_suite(const char *path)
{
	g_autoptr(GBytes) bytes = cs_test_read_file(path);
	/* Not by our parser, which refuses what the suite's own documents may hold. */
	cJSON *suite =
		cJSON_ParseWithLength(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	g_assert_nonnull(suite);
	return suite;
}

/* Every file of the folder: signatures here, the rest by the tests of their layer (json_*). */
static void
test_wycheproof(void)
{
	static const char *const ours[] = {"ecdsa_p1363_verify_schema_v1.json",
					   "rsassa_pkcs1_verify_schema_v1.json",
					   "rsassa_pss_verify_schema_v1.json", NULL};
	g_autofree char *folder = cs_test_find_vectors("wycheproof");
	if (folder == NULL)
		return;
	g_autoptr(GPtrArray) paths = cs_test_list_files(folder, ".json");
	g_autoptr(GHashTable) listed = cs_test_read_differences("vectors.md", "Signatures");
	Tally tally = {0};
	gint64 announced = 0;

	for (guint i = 0; i < paths->len; i++) {
		g_autofree char *file = g_path_get_basename(g_ptr_array_index(paths, i));
		g_autoptr(cJSON) suite = read_suite(g_ptr_array_index(paths, i));
		const char *schema = cs_json_get_string(suite, "schema", NULL);
		const cJSON *group = NULL;
		gint64 count = 0;
		if (g_str_has_prefix(schema, "json_web_"))
			continue;
		/* A file of another kind must not be passed over in silence. */
		g_assert_true(g_strv_contains(ours, schema));
		g_assert_true(cs_json_get_int64(suite, "numberOfTests", &count, NULL));
		announced += count;
		cJSON_ArrayForEach (group, cs_json_get_array(suite, "testGroups", NULL))
			run_group(file, group, listed, &tally);
	}
	g_test_message("%u valid, %u invalid, %u acceptable", tally.valid, tally.invalid,
		       tally.acceptable);
	g_assert_cmpint(tally.valid + tally.invalid + tally.acceptable, ==, announced);
	g_assert_cmpuint(tally.acceptable, ==, g_hash_table_size(listed));
	g_assert_cmpuint(tally.wrong, ==, 0);
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/signature/pairs", test_pairs);
	g_test_add_func("/signature/tampering", test_tampering);
	g_test_add_func("/signature/fixed-width", test_fixed_width);
	g_test_add_func("/signature/der-is-refused", test_der_is_refused);
	g_test_add_func("/signature/kinds-of-key", test_kinds_of_key);
	g_test_add_func("/signature/short-rsa", test_short_rsa);
	g_test_add_func("/signature/no-private-half", test_no_private_half);
	g_test_add_func("/signature/parameters-forbid", test_parameters_forbid);
	g_test_add_func("/signature/odd-token", test_odd_token);
	g_test_add_func("/signature/vectors/wycheproof", test_wycheproof);
	return g_test_run();
}
