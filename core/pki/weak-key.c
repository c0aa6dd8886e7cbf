/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/weak-key.h"

#include <openssl/core_names.h>

#define ROCA_GENERATOR 65537

/* The first primes that the broken generator used at every key size, without 2, 3, 5 and 7, modulo
 * which ROCA_GENERATOR reaches every residue. Most keys are cleared by the first or second. */
static const guint8 roca_primes[] = {
	11, 13, 17, 19,	 23,  29,  31,	37,  41,  43,  47,  53,	 59,  61,  67,	71,  73,  79,
	83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
};

static gboolean
is_power_of_generator(guint residue, guint prime)
{
	const guint generator = ROCA_GENERATOR % prime;
	guint power = 1;

	do {
		if (power == residue)
			return TRUE;
		power = power * generator % prime;
	} while (power != 1);
	return FALSE;
}

/**
 * cs_weak_key_is_roca:
 * @key: a public key of any kind
 *
 * CVE-2017-15361 ("The Return of Coppersmith's Attack", Nemec and others, 2017): a widely used
 * library of smart cards and TPMs made primes of the form k * M + (65537^a mod M), M a product of
 * small primes, and their product can be factored. So the modulus of such a key is a power of 65537
 * modulo each of those small primes; that of any other key is so about 4 times in 10^9.
 *
 * FALSE does not prove that a key is strong.
 *
 * Returns: %TRUE where @key is an RSA key of that make, or one whose modulus cannot be had
 */
gboolean
cs_weak_key_is_roca(const EVP_PKEY *key)
{
	/* EVP_PKEY_is_a() says no where memory runs out. */
	const char *type = EVP_PKEY_get0_type_name(key);
	g_autoptr(BIGNUM) modulus = NULL;

	if (g_strcmp0(type, "RSA") != 0 && g_strcmp0(type, "RSA-PSS") != 0)
		return FALSE;
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) != 1)
		return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(roca_primes); i++) {
		BN_ULONG residue = BN_mod_word(modulus, roca_primes[i]);

		if (!is_power_of_generator((guint)residue, roca_primes[i]))
			return FALSE;
	}
	return TRUE;
}
