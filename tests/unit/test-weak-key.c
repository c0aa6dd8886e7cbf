/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/weak-key.h"

#include "tests/fixtures/weak-key-fixture.h"

#include <openssl/core_names.h>

#define MODULUS_BITS 2048

static EVP_PKEY *
make_public_key(const char *type, const BIGNUM *modulus)
{
	g_autofree guint8 *n = g_malloc0((gsize)BN_num_bytes(modulus));
	guint32 e = 65537;
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, (gsize)BN_num_bytes(modulus)),
		OSSL_PARAM_construct_uint32(OSSL_PKEY_PARAM_RSA_E, &e),
		OSSL_PARAM_construct_end(),
	};
	g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	g_assert_cmpint(OSSL_PARAM_set_BN(&parameters[0], modulus), ==, 1);
	g_assert_cmpint(EVP_PKEY_fromdata_init(context), ==, 1);
	g_assert_cmpint(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters), ==, 1);
	return key;
}

/* The check looks at the modulus only, so it need not be a product of two primes. */
static void
test_roca(void)
{
	for (guint i = 0; i < 50; i++) {
		g_autoptr(BIGNUM) modulus = cs_test_make_roca_number(MODULUS_BITS);
		g_autoptr(EVP_PKEY) rsa = make_public_key("RSA", modulus);
		g_autoptr(EVP_PKEY) pss = make_public_key("RSA-PSS", modulus);
		g_autoptr(EVP_PKEY) other = NULL;

		g_assert_true(cs_weak_key_is_roca(rsa));
		g_assert_true(cs_weak_key_is_roca(pss));
		g_assert_cmpint(BN_add_word(modulus, 2), ==, 1);
		other = make_public_key("RSA", modulus);
		g_assert_false(cs_weak_key_is_roca(other));
	}
}

static void
test_others(void)
{
	g_autoptr(EVP_PKEY) curve = EVP_EC_gen("P-256");
	g_autoptr(EVP_PKEY) edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	g_assert_false(cs_weak_key_is_roca(curve));
	g_assert_false(cs_weak_key_is_roca(edwards));
	for (guint i = 0; i < 500; i++) {
		g_autoptr(BIGNUM) modulus = BN_new();
		g_autoptr(EVP_PKEY) key = NULL;

		g_assert_cmpint(BN_rand(modulus, MODULUS_BITS, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD),
				==, 1);
		key = make_public_key("RSA", modulus);
		g_assert_false(cs_weak_key_is_roca(key));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/weak-key/roca", test_roca);
	g_test_add_func("/weak-key/others", test_others);
	return g_test_run();
}
