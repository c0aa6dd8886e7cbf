/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/keys/private-key.h"

#include <string.h>

#include "tests/fixtures/pki-fixture.h"

static CsTestIdentity *
make(const CsTestProfile *profile)
{
	CsTestProfile numbered = *profile;
	numbered.key_number = 1;
	return cs_test_identity_new(&numbered, NULL);
}

static void
test_algorithms(void)
{
	static const struct {
		CsTestProfile profile;
		CsSignatureAlgorithm algorithm;
	} cases[] = {
		{{.key_kind = CS_KEY_KIND_RSA}, CS_SIGNATURE_RS256},
		{{.key_kind = CS_KEY_KIND_RSA_PSS}, CS_SIGNATURE_PS256},
		{{.key_kind = CS_KEY_KIND_RSA_PSS, .pss_digest = "SHA256"}, CS_SIGNATURE_PS256},
		{{.key_kind = CS_KEY_KIND_RSA_PSS, .pss_digest = "SHA256", .pss_salt = 20},
		 CS_SIGNATURE_PS256}, /* at least 20 */
		{{.key_kind = CS_KEY_KIND_P256}, CS_SIGNATURE_ES256},
		{{.key_kind = CS_KEY_KIND_P384}, CS_SIGNATURE_ES384},
		{{.key_kind = CS_KEY_KIND_P521}, CS_SIGNATURE_ES512},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(CsTestIdentity) identity = make(&cases[i].profile);
		CsCertificate *certificate = cs_test_identity_get_certificate(identity);
		g_autofree char *pem =
			cs_test_identity_dup_key_pem(identity, CS_TEST_KEY_PKCS8, NULL);
		g_autoptr(CsSecret) data = cs_secret_new(pem, strlen(pem));
		g_autoptr(GError) error = NULL;
		g_autoptr(CsPrivateKey) key = cs_private_key_new_from_data(data, &error);
		g_assert_no_error(error);
		g_assert_cmpint(cs_private_key_get_algorithm(key), ==, cases[i].algorithm);
		g_assert_false(cs_private_key_is_hardware(key));
		/* The certificate's public key is recognised by its bytes. */
		g_assert_true(g_bytes_equal(cs_private_key_get_spki(key),
					    cs_certificate_get_spki(certificate)));
		g_autoptr(GBytes) signature = cs_private_key_sign(key, "payload", 7, &error);
		g_assert_no_error(error);
		g_assert_true(cs_signature_verify(cs_certificate_get_public_key(certificate, NULL),
						  cases[i].algorithm, "payload", 7,
						  g_bytes_get_data(signature, NULL),
						  g_bytes_get_size(signature), NULL));
	}
}

static void
test_refused(void)
{
	static const struct {
		CsTestProfile profile;
		const char *reason;
	} cases[] = {
		{{.key_kind = CS_KEY_KIND_RSA, .rsa_bits = 1024}, "key-too-short"},
		{{.key_kind = CS_KEY_KIND_RSA, .rsa_bits = 2047}, "key-too-short"},
		{{.key_kind = CS_KEY_KIND_RSA_PSS, .rsa_bits = 1024}, "key-too-short"},
		{{.key_kind = CS_KEY_KIND_RSA_PSS,
		  .pss_digest = "SHA512",
		  .pss_salt = 64,
		  .digest = "SHA512"},
		 "key-unsupported"},
		{{.key_kind = CS_KEY_KIND_RSA_PSS, .pss_digest = "SHA256", .pss_salt = 48},
		 "key-unsupported"}, /* at least 48 */
		{{.other_key = "secp256k1"}, "key-unsupported"},
		{{.other_key = "ED25519"}, "key-unsupported"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(CsTestIdentity) identity = make(&cases[i].profile);
		g_autoptr(GError) error = NULL;
		g_test_message("case %" G_GSIZE_FORMAT, i);
		g_assert_null(
			cs_private_key_new_from_pkey(cs_test_identity_get_pkey(identity), &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_UNSUPPORTED);
		g_assert_cmpstr(cs_error_get_reason(error), ==, cases[i].reason);
	}
}

static void
test_generate(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsPrivateKey) curve = cs_private_key_generate_p256(&error);
	g_assert_no_error(error);
	g_assert_cmpint(cs_private_key_get_algorithm(curve), ==, CS_SIGNATURE_ES256);
	g_autoptr(CsPrivateKey) other = cs_private_key_generate_p256(NULL);
	g_assert_false(
		g_bytes_equal(cs_private_key_get_spki(curve), cs_private_key_get_spki(other)));

	g_autoptr(CsPrivateKey) rsa = cs_private_key_generate_rsa(2048, &error);
	g_assert_no_error(error);
	g_assert_cmpint(cs_private_key_get_algorithm(rsa), ==, CS_SIGNATURE_RS256);
	g_assert_cmpint(EVP_PKEY_get_bits(cs_private_key_get_pkey(rsa)), ==, 2048);
	g_assert_null(cs_private_key_generate_rsa(2047, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
	g_clear_error(&error);
	g_assert_null(cs_private_key_generate_rsa(8193, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
}

/* rule 7: a private half that is another key's is seen by the signature, and only there */
static void
test_halves_of_two_keys(void)
{
	g_autoptr(CsTestIdentity) one = cs_test_identity_new(NULL, NULL);
	g_autoptr(CsTestIdentity) two = cs_test_identity_new(NULL, NULL);
	g_autoptr(GBytes) first = cs_test_identity_dup_key_der(one, CS_TEST_KEY_TRADITIONAL);
	g_autoptr(GBytes) second = cs_test_identity_dup_key_der(two, CS_TEST_KEY_TRADITIONAL);
	gsize length = g_bytes_get_size(first);
	g_assert_cmpuint(length, ==, g_bytes_get_size(second));
	/* SEC1: the private number stands within the first 40 bytes. */
	g_autofree guint8 *mixed = g_memdup2(g_bytes_get_data(first, NULL), length);
	memcpy(mixed, g_bytes_get_data(second, NULL), 40);
	g_autoptr(CsSecret) data = cs_secret_new(mixed, length);
	g_autoptr(CsPrivateKey) key = cs_private_key_new_from_data(data, NULL);

	g_assert_nonnull(key);
	g_autoptr(GBytes) signature = cs_private_key_sign(key, "payload", 7, NULL);
	g_assert_nonnull(signature);
	g_assert_false(cs_signature_verify(cs_test_identity_get_pkey(one), CS_SIGNATURE_ES256,
					   "payload", 7, g_bytes_get_data(signature, NULL),
					   g_bytes_get_size(signature), NULL));
}

static gpointer
sign_thread_cb(gpointer data)
{
	CsPrivateKey *key = data;
	for (guint i = 0; i < 20; i++) {
		g_autoptr(GBytes) signature = cs_private_key_sign(key, &i, sizeof(i), NULL);
		g_assert_nonnull(signature);
		g_assert_true(cs_signature_verify(cs_private_key_get_pkey(key),
						  cs_private_key_get_algorithm(key), &i, sizeof(i),
						  g_bytes_get_data(signature, NULL),
						  g_bytes_get_size(signature), NULL));
	}
	cs_private_key_unref(key);
	return NULL;
}

static void
test_threads(void)
{
	static const CsKeyKind kinds[] = {CS_KEY_KIND_RSA, CS_KEY_KIND_P256};
	GThread *threads[8];

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		CsTestProfile profile = {.key_kind = kinds[i]};
		g_autoptr(CsTestIdentity) identity = make(&profile);
		g_autoptr(CsPrivateKey) key =
			cs_private_key_new_from_pkey(cs_test_identity_get_pkey(identity), NULL);
		for (guint k = 0; k < G_N_ELEMENTS(threads); k++)
			threads[k] = g_thread_new("sign", sign_thread_cb, cs_private_key_ref(key));
		for (guint k = 0; k < G_N_ELEMENTS(threads); k++)
			g_thread_join(threads[k]);
	}
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/private-key/algorithms", test_algorithms);
	g_test_add_func("/private-key/refused", test_refused);
	g_test_add_func("/private-key/generate", test_generate);
	g_test_add_func("/private-key/halves-of-two-keys", test_halves_of_two_keys);
	g_test_add_func("/private-key/threads", test_threads);
	return g_test_run();
}
