/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/keys/private-key.h"

#include <glib/gi18n-lib.h>
#include <openssl/err.h>

#include "core/keys/key-decode.h"
#include "core/keys/signature.h"
#include "core/pki/public-key.h"

#define RSA_MIN_BITS	      2048
#define RSA_MAX_GENERATE_BITS 8192

struct _CsPrivateKey {
	gatomicrefcount references;
	EVP_PKEY *pkey;
	GBytes *spki;
	CsSignatureAlgorithm algorithm;
	gboolean hardware;
};

/* ---- making ---- */

static gboolean
check_kind(EVP_PKEY *pkey, CsSignatureAlgorithm *algorithm, GError **error)
{
	CsKeyKind kind = cs_public_key_get_kind(pkey);

	if (!cs_signature_find_algorithm(kind, algorithm)) {
		cs_error_set(error, CS_ERROR_UNSUPPORTED, "key-unsupported",
			     _("the key is neither RSA nor on the curves P-256, P-384 or P-521"));
		return FALSE;
	}
	if ((kind == CS_KEY_KIND_RSA || kind == CS_KEY_KIND_RSA_PSS) &&
	    EVP_PKEY_get_bits(pkey) < RSA_MIN_BITS) {
		cs_error_set(error, CS_ERROR_UNSUPPORTED, "key-too-short",
			     _("the RSA key has %d bits; %d or more are needed"),
			     EVP_PKEY_get_bits(pkey), RSA_MIN_BITS);
		return FALSE;
	}
	if (kind == CS_KEY_KIND_RSA_PSS && !cs_signature_can_make(pkey, *algorithm)) {
		cs_error_set(error, CS_ERROR_UNSUPPORTED, "key-unsupported",
			     _("the parameters of the RSA-PSS key do not allow PS256"));
		return FALSE;
	}
	return TRUE;
}

/**
 * cs_private_key_new_from_pkey:
 * @pkey: a key with its private half; a reference is taken
 * @error: CS_ERROR_UNSUPPORTED: "key-unsupported", "key-too-short"
 *
 * Takes RSA of 2048 bits or more, RSA-PSS whose parameters allow PS256, and the curves P-256,
 * P-384 and P-521. That the halves belong together is proven by use alone (rule 7).
 *
 * Returns: (transfer full)
 */
CsPrivateKey *
cs_private_key_new_from_pkey(EVP_PKEY *pkey, GError **error)
{
	CsSignatureAlgorithm algorithm = CS_SIGNATURE_RS256;

	if (!check_kind(pkey, &algorithm, error))
		return NULL;
	GBytes *spki = cs_public_key_encode(pkey, error);
	if (spki == NULL)
		return NULL;

	CsPrivateKey *key = g_new0(CsPrivateKey, 1);
	g_atomic_ref_count_init(&key->references);
	EVP_PKEY_up_ref(pkey);
	key->pkey = pkey;
	key->spki = spki;
	key->algorithm = algorithm;
	key->hardware = FALSE;
	return key;
}

/**
 * cs_private_key_new_from_data:
 * @data: a file's bytes: PKCS#8, PKCS#1 or SEC1, PEM (other blocks are passed over) or DER
 * @error: as cs_key_decode() and cs_private_key_new_from_pkey()
 *
 * Returns: (transfer full)
 */
CsPrivateKey *
cs_private_key_new_from_data(CsSecret *data, GError **error)
{
	g_autoptr(EVP_PKEY) pkey = cs_key_decode(data, error);
	return pkey != NULL ? cs_private_key_new_from_pkey(pkey, error) : NULL;
}

static CsPrivateKey *
take_generated(EVP_PKEY *generated, GError **error)
{
	g_autoptr(EVP_PKEY) pkey = generated;

	if (pkey == NULL) {
		cs_openssl_set_error(error, CS_ERROR_KEY, "key-unusable", "generate a key");
		return NULL;
	}
	return cs_private_key_new_from_pkey(pkey, error);
}

/**
 * cs_private_key_generate_p256:
 * @error: CS_ERROR_KEY, "key-unusable"
 *
 * Returns: (transfer full): a fresh key on P-256
 */
CsPrivateKey *
cs_private_key_generate_p256(GError **error)
{
	ERR_clear_error();
	return take_generated(EVP_EC_gen("P-256"), error);
}

/**
 * cs_private_key_generate_rsa:
 * @bits: 2048 to 8192
 * @error: CS_ERROR_USAGE, "key-size-invalid"; CS_ERROR_KEY, "key-unusable"
 *
 * Takes a tenth of a second and more.
 *
 * Returns: (transfer full): a fresh RSA key
 */
CsPrivateKey *
cs_private_key_generate_rsa(guint bits, GError **error)
{
	if (bits < RSA_MIN_BITS || bits > RSA_MAX_GENERATE_BITS) {
		cs_error_set(error, CS_ERROR_USAGE, "key-size-invalid",
			     _("an RSA key has %d to %d bits"), RSA_MIN_BITS,
			     RSA_MAX_GENERATE_BITS);
		return NULL;
	}
	ERR_clear_error();
	return take_generated(EVP_RSA_gen(bits), error);
}

/**
 * cs_private_key_ref:
 * @key: a key
 *
 * Returns: (transfer full): @key. Any thread.
 */
CsPrivateKey *
cs_private_key_ref(CsPrivateKey *key)
{
	g_atomic_ref_count_inc(&key->references);
	return key;
}

/**
 * cs_private_key_unref:
 * @key: (nullable) (transfer full): a key. Any thread. OpenSSL wipes it with the last reference.
 */
void
cs_private_key_unref(CsPrivateKey *key)
{
	if (key == NULL || !g_atomic_ref_count_dec(&key->references))
		return;
	EVP_PKEY_free(key->pkey);
	g_bytes_unref(key->spki);
	g_free(key);
}

/* ---- asking ---- */

/**
 * cs_private_key_get_spki:
 * @key: a key
 *
 * Returns: (transfer none): its public half as a SubjectPublicKeyInfo, in the one encoding that
 *   certificates are accepted with (cs_public_key_read())
 */
GBytes *
cs_private_key_get_spki(const CsPrivateKey *key)
{
	return key->spki;
}

/**
 * cs_private_key_get_pkey:
 * @key: a key
 *
 * Returns: (transfer none): OpenSSL's, for what signs a CSR or a certificate
 */
EVP_PKEY *
cs_private_key_get_pkey(const CsPrivateKey *key)
{
	return key->pkey;
}

/**
 * cs_private_key_get_algorithm:
 * @key: a key
 *
 * Returns: the one algorithm that it signs with
 */
CsSignatureAlgorithm
cs_private_key_get_algorithm(const CsPrivateKey *key)
{
	return key->algorithm;
}

/**
 * cs_private_key_is_hardware:
 * @key: a key
 *
 * Returns: whether its private half cannot leave a token; a file's can
 */
gboolean
cs_private_key_is_hardware(const CsPrivateKey *key)
{
	return key->hardware;
}

/**
 * cs_private_key_sign:
 * @key: a key
 * @data: what to sign
 * @length: how many bytes
 * @error: CS_ERROR_KEY, "key-unusable"
 *
 * Signs with the key's one algorithm. What comes of a key whose halves do not belong together is
 * no valid signature: rule 7 has it verified. Any thread.
 *
 * Returns: (transfer full): the signature as a JWS carries it
 */
GBytes *
cs_private_key_sign(CsPrivateKey *key, gconstpointer data, gsize length, GError **error)
{
	return cs_signature_make(key->pkey, key->algorithm, data, length, error);
}
