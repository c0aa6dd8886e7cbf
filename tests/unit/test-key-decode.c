/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/keys/key-decode.h"

#include <openssl/pem.h>
#include <string.h>

#include "core/pki/public-key.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fixtures/vectors.h"

static EVP_PKEY *
decode(gconstpointer data, gsize length, GError **error)
{
	g_autoptr(CsSecret) secret = cs_secret_new(data, length);
	return cs_key_decode(secret, error);
}

static void
assert_decodes(gconstpointer data, gsize length, EVP_PKEY *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(EVP_PKEY) key = decode(data, length, &error);
	g_assert_no_error(error);
	g_assert_cmpint(EVP_PKEY_eq(key, expected), ==, 1);
	/* The private half, too. */
	guint8 *one = NULL, *other = NULL;
	int one_length = i2d_PrivateKey(key, &one);
	int other_length = i2d_PrivateKey(expected, &other);
	g_assert_cmpmem(one, one_length, other, other_length);
	OPENSSL_free(one);
	OPENSSL_free(other);
}

static void
assert_refused(gconstpointer data, gsize length, CsErrorCode code, const char *reason)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(decode(data, length, &error));
	g_assert_error(error, CS_ERROR, (gint)code);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

static void
assert_text_refused(const char *text, CsErrorCode code, const char *reason)
{
	assert_refused(text, strlen(text), code, reason);
}

static CsTestIdentity *
make(CsKeyKind kind, const char *other)
{
	CsTestProfile profile = {.key_kind = kind, .other_key = other, .key_number = 1};
	return cs_test_identity_new(&profile, NULL);
}

static void
test_forms(void)
{
	static const CsKeyKind kinds[] = {CS_KEY_KIND_RSA, CS_KEY_KIND_RSA_PSS, CS_KEY_KIND_P256,
					  CS_KEY_KIND_P384, CS_KEY_KIND_P521};
	static const CsTestKeyForm forms[] = {CS_TEST_KEY_PKCS8, CS_TEST_KEY_TRADITIONAL};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds) * G_N_ELEMENTS(forms); i++) {
		CsKeyKind kind = kinds[i / 2];
		CsTestKeyForm form = forms[i % 2];
		if (kind == CS_KEY_KIND_RSA_PSS && form == CS_TEST_KEY_TRADITIONAL)
			continue;
		g_autoptr(CsTestIdentity) identity = make(kind, NULL);
		EVP_PKEY *key = cs_test_identity_get_pkey(identity);
		g_autofree char *pem = cs_test_identity_dup_key_pem(identity, form, NULL);
		g_autoptr(GBytes) der = cs_test_identity_dup_key_der(identity, form);
		assert_decodes(pem, strlen(pem), key);
		assert_decodes(g_bytes_get_data(der, NULL), g_bytes_get_size(der), key);
		g_autofree char *encrypted = cs_test_identity_dup_key_pem(identity, form, "secret");
		assert_text_refused(encrypted, CS_ERROR_KEY, "key-encrypted");
	}
}

/* One private key in 256 is shorter than its curve. */
static void
test_many_curve_keys(void)
{
	for (guint i = 0; i < 600; i++) {
		g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
		guint8 *der = NULL;
		int length = i2d_PrivateKey(key, &der);
		assert_decodes(der, (gsize)length, key);
		OPENSSL_free(der);
	}
}

static void
test_pem_among_others(void)
{
	g_autoptr(CsTestIdentity) identity = make(CS_KEY_KIND_P256, NULL);
	g_autoptr(CsTestIdentity) second = make(CS_KEY_KIND_P384, NULL);
	EVP_PKEY *key = cs_test_identity_get_pkey(identity);
	g_autofree char *sec1 =
		cs_test_identity_dup_key_pem(identity, CS_TEST_KEY_TRADITIONAL, NULL);
	g_autofree char *other = cs_test_identity_dup_key_pem(second, CS_TEST_KEY_PKCS8, NULL);
	/* As `openssl ecparam -genkey` writes it. */
	g_autofree char *text = g_strconcat(
		"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
		sec1, NULL);
	assert_decodes(text, strlen(text), key);
	g_autofree char *behind = g_strconcat(cs_test_identity_get_pem(second), sec1, other, NULL);
	assert_decodes(behind, strlen(behind), key);
}

/* SEC1 without the public half: OpenSSL works it out. */
static void
test_without_public_half(void)
{
	g_autoptr(CsTestIdentity) identity = make(CS_KEY_KIND_P256, NULL);
	EVP_PKEY *key = cs_test_identity_get_pkey(identity);
	g_autoptr(EVP_PKEY) copy = EVP_PKEY_dup(key);
	guint8 *der = NULL;

	g_assert_cmpint(EVP_PKEY_set_int_param(copy, "include-public", 0), ==, 1);
	int length = i2d_PrivateKey(copy, &der);
	g_assert_cmpint(length, <, 64);
	g_autoptr(EVP_PKEY) decoded = decode(der, (gsize)length, NULL);
	g_assert_nonnull(decoded);
	g_assert_cmpint(EVP_PKEY_eq(decoded, key), ==, 1);
	OPENSSL_free(der);
}

static void
test_unsupported(void)
{
	static const char *const others[] = {"ED25519", "secp256k1", "P-224"};

	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autoptr(CsTestIdentity) identity = make(CS_KEY_KIND_OTHER, others[i]);
		g_autofree char *pem =
			cs_test_identity_dup_key_pem(identity, CS_TEST_KEY_PKCS8, NULL);
		g_autoptr(GBytes) der = cs_test_identity_dup_key_der(identity, CS_TEST_KEY_PKCS8);
		assert_text_refused(pem, CS_ERROR_UNSUPPORTED, "key-unsupported");
		assert_refused(g_bytes_get_data(der, NULL), g_bytes_get_size(der),
			       CS_ERROR_UNSUPPORTED, "key-unsupported");
	}
	assert_text_refused("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
			    "-----END OPENSSH PRIVATE KEY-----\n",
			    CS_ERROR_UNSUPPORTED, "key-unsupported");
	/* The curve by its parameters. */
	g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
	g_assert_cmpint(EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"), ==, 1);
	g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
	g_assert_cmpint(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), ==, 1);
	char *text = NULL;
	long length = BIO_get_mem_data(bio, &text);
	assert_refused(text, (gsize)length, CS_ERROR_UNSUPPORTED, "key-unsupported");
}

static void
test_missing(void)
{
	g_autoptr(CsTestIdentity) identity = make(CS_KEY_KIND_P256, NULL);
	GBytes *der = cs_test_identity_get_der(identity);
	g_autoptr(GBytes) bundle = cs_test_identity_dup_pkcs12(identity, NULL, "");
	g_autofree char *pem = cs_test_identity_dup_key_pem(identity, CS_TEST_KEY_PKCS8, NULL);

	assert_text_refused("", CS_ERROR_NOT_FOUND, "key-missing");
	assert_text_refused("hello", CS_ERROR_NOT_FOUND, "key-missing");
	assert_text_refused("\x30", CS_ERROR_NOT_FOUND, "key-missing");
	assert_text_refused(cs_test_identity_get_pem(identity), CS_ERROR_NOT_FOUND, "key-missing");
	assert_refused(g_bytes_get_data(der, NULL), g_bytes_get_size(der), CS_ERROR_NOT_FOUND,
		       "key-missing");
	assert_refused(g_bytes_get_data(bundle, NULL), g_bytes_get_size(bundle), CS_ERROR_NOT_FOUND,
		       "key-missing");
	/* Cut short. */
	assert_refused(pem, strlen(pem) - 30, CS_ERROR_NOT_FOUND, "key-missing");
}

static void
test_malformed(void)
{
	static const char *const labels[] = {"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"};

	for (gsize i = 0; i < G_N_ELEMENTS(labels); i++) {
		g_autofree char *empty = g_strdup_printf(
			"-----BEGIN %s-----\nMAA=\n-----END %s-----\n", labels[i], labels[i]);
		g_autofree char *no_base64 = g_strdup_printf(
			"-----BEGIN %s-----\n!\n-----END %s-----\n", labels[i], labels[i]);
		assert_text_refused(empty, CS_ERROR_KEY, "key-malformed");
		assert_text_refused(no_base64, CS_ERROR_KEY, "key-malformed");
	}
}

/* A key whose curve is named twice, and not alike, is none. */
static void
test_two_curves(void)
{
	static const guint8 algorithm[] = {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
					   0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
					   0xce, 0x3d, 0x03, 0x01, 0x07}; /* P-256 */
	static const guint8 p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
	g_autoptr(CsTestIdentity) identity = make(CS_KEY_KIND_P256, NULL);
	g_autoptr(GBytes) sec1 = cs_test_identity_dup_key_der(identity, CS_TEST_KEY_TRADITIONAL);
	CsDer der = {0}, sequence, contents, whole_part;
	g_autoptr(GByteArray) key = g_byte_array_new();
	g_autoptr(GByteArray) inner = g_byte_array_new();
	g_autoptr(GByteArray) sequenced = g_byte_array_new();
	g_autoptr(GByteArray) whole = g_byte_array_new();
	guint8 tag = 0;

	der.data = g_bytes_get_data(sec1, &der.length);
	g_assert_true(cs_der_expect(&der, CS_DER_SEQUENCE, &sequence, NULL));
	while (cs_der_next(&sequence, &tag, &contents, &whole_part)) {
		if (tag == CS_DER_CONTEXT_CONSTRUCTED(0))
			cs_der_append(key, tag, p384, sizeof(p384));
		else
			g_byte_array_append(key, whole_part.data, (guint)whole_part.length);
	}
	cs_der_append(sequenced, CS_DER_SEQUENCE, key->data, key->len);
	cs_der_append(inner, CS_DER_INTEGER, "\0", 1);
	cs_der_append(inner, CS_DER_SEQUENCE, algorithm, sizeof(algorithm));
	cs_der_append(inner, CS_DER_OCTET_STRING, sequenced->data, sequenced->len);
	cs_der_append(whole, CS_DER_SEQUENCE, inner->data, inner->len);
	assert_refused(whole->data, whole->len, CS_ERROR_KEY, "key-malformed");
	/* The curve of the inner name alone has another width. */
	assert_refused(sequenced->data, sequenced->len, CS_ERROR_KEY, "key-malformed");
}

static void
survive(gconstpointer data, gsize length)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(EVP_PKEY) key = decode(data, length, &error);
	if (key == NULL)
		g_assert_nonnull(error);
}

static void
test_damage(void)
{
	static const CsKeyKind kinds[] = {CS_KEY_KIND_RSA, CS_KEY_KIND_P256};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(CsTestIdentity) identity = make(kinds[i], NULL);
		g_autoptr(GBytes) der = cs_test_identity_dup_key_der(identity, CS_TEST_KEY_PKCS8);
		gsize length = g_bytes_get_size(der);
		for (gsize cut = 0; cut < length; cut += 3) {
			g_autofree guint8 *data = g_memdup2(g_bytes_get_data(der, NULL), cut);
			survive(data, cut);
		}
		for (gsize at = 0; at < length; at++) {
			g_autofree guint8 *data = g_memdup2(g_bytes_get_data(der, NULL), length);
			data[at] ^= (guint8)(1 << at % 8);
			survive(data, length);
		}
	}
}

static void
test_corpus(void)
{
	g_autofree char *folder = cs_test_find_vectors("fuzz-corpora/pkcs8_corpus");
	if (folder == NULL)
		return;
	g_autoptr(GPtrArray) paths = cs_test_list_files(folder, NULL);

	for (guint i = 0; i < paths->len; i++) {
		g_autoptr(GBytes) bytes = cs_test_read_file(g_ptr_array_index(paths, i));
		survive(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	}
	g_test_message("%u files", paths->len);
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/key-decode/forms", test_forms);
	g_test_add_func("/key-decode/many-curve-keys", test_many_curve_keys);
	g_test_add_func("/key-decode/pem-among-others", test_pem_among_others);
	g_test_add_func("/key-decode/without-public-half", test_without_public_half);
	g_test_add_func("/key-decode/unsupported", test_unsupported);
	g_test_add_func("/key-decode/missing", test_missing);
	g_test_add_func("/key-decode/malformed", test_malformed);
	g_test_add_func("/key-decode/two-curves", test_two_curves);
	g_test_add_func("/key-decode/damage", test_damage);
	g_test_add_func("/key-decode/vectors/corpus", test_corpus);
	return g_test_run();
}
