/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/keys/signature.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

#define RSA_MIN_BITS	     2048 /* RFC 7518 sections 3.3 and 3.5 */
#define COORDINATE_MAX_BYTES 66

typedef struct {
	const char *digest;
	CsKeyKind kind;
	int coordinate_bytes; /* curves: R and S have as many each */
} Method;

static const Method methods[] = {
	[CS_SIGNATURE_RS256] = {"SHA256", CS_KEY_KIND_RSA, 0},
	[CS_SIGNATURE_PS256] = {"SHA256", CS_KEY_KIND_RSA_PSS, 0},
	[CS_SIGNATURE_ES256] = {"SHA256", CS_KEY_KIND_P256, 32},
	[CS_SIGNATURE_ES384] = {"SHA384", CS_KEY_KIND_P384, 48},
	[CS_SIGNATURE_ES512] = {"SHA512", CS_KEY_KIND_P521, COORDINATE_MAX_BYTES},
};

/**
 * cs_signature_find_algorithm:
 * @kind: a kind of key
 * @algorithm: (out): its one algorithm (docs/protocol.md, "One algorithm a key")
 *
 * Returns: FALSE where it has none
 */
gboolean
cs_signature_find_algorithm(CsKeyKind kind, CsSignatureAlgorithm *algorithm)
{
	for (gsize i = 0; i < G_N_ELEMENTS(methods); i++) {
		if (methods[i].kind != kind)
			continue;
		*algorithm = (CsSignatureAlgorithm)i;
		return TRUE;
	}
	return FALSE;
}

/* OpenSSL does not write to what it reads here. */
#define TEXT(name, value) OSSL_PARAM_construct_utf8_string(name, (char *)(value), 0)

/* RSASSA-PSS as RFC 7518 section 3.5 asks; a key whose own parameters forbid it refuses. */
static gboolean
set_padding(EVP_PKEY_CTX *context, const Method *method)
{
	const OSSL_PARAM pkcs1[] = {
		TEXT(OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_PKEY_RSA_PAD_MODE_PKCSV15),
		OSSL_PARAM_construct_end(),
	};
	const OSSL_PARAM pss[] = {
		TEXT(OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_PKEY_RSA_PAD_MODE_PSS),
		TEXT(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST),
		TEXT(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, method->digest),
		OSSL_PARAM_construct_end(),
	};

	if (method->coordinate_bytes > 0)
		return TRUE;
	return EVP_PKEY_CTX_set_params(context,
				       method->kind == CS_KEY_KIND_RSA_PSS ? pss : pkcs1) == 1;
}

static EVP_MD_CTX *
begin_signing(EVP_PKEY *key, const Method *method)
{
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *options = NULL; /* the other's */

	if (context == NULL ||
	    EVP_DigestSignInit_ex(context, &options, method->digest, NULL, NULL, key, NULL) != 1 ||
	    !set_padding(options, method))
		return NULL;
	return g_steal_pointer(&context);
}

/**
 * cs_signature_can_make:
 * @key: a private key
 * @algorithm: what it should sign with
 *
 * Asks without signing: the parameters of an id-RSASSA-PSS key may forbid it. Proves nothing of
 * the private half.
 */
gboolean
cs_signature_can_make(EVP_PKEY *key, CsSignatureAlgorithm algorithm)
{
	ERR_clear_error();
	g_autoptr(EVP_MD_CTX) context = begin_signing(key, &methods[algorithm]);
	ERR_clear_error();
	return context != NULL;
}

/* R and S, each to its full width: about one in 128 is shorter as a number. */
static GBytes *
flatten(const guint8 *der, gsize length, int coordinate_bytes)
{
	guint8 halves[2 * COORDINATE_MAX_BYTES];
	g_autoptr(ECDSA_SIG) signature = d2i_ECDSA_SIG(NULL, &der, (long)length);

	if (signature == NULL ||
	    BN_bn2binpad(ECDSA_SIG_get0_r(signature), halves, coordinate_bytes) !=
		    coordinate_bytes ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(signature), halves + coordinate_bytes,
			 coordinate_bytes) != coordinate_bytes)
		return NULL;
	return g_bytes_new(halves, 2 * (gsize)coordinate_bytes);
}

static GBytes *
sign_once(EVP_PKEY *key, const Method *method, gconstpointer data, gsize length)
{
	g_autoptr(EVP_MD_CTX) context = begin_signing(key, method);

	if (context == NULL)
		return NULL;
	gsize room = (gsize)EVP_PKEY_get_size(key);
	gsize made = room;
	g_autofree guint8 *signature = g_malloc(room);
	/* OpenSSL 3.0 says that it signed, and a length of 2^32 - 1, where memory ran out while it
	 * encoded R and S. */
	if (EVP_DigestSign(context, signature, &made, data, length) != 1 || made > room)
		return NULL;
	if (method->coordinate_bytes > 0)
		return flatten(signature, made, method->coordinate_bytes);
	return g_bytes_new(signature, made);
}

/**
 * cs_signature_make:
 * @key: a private key of the algorithm's kind
 * @algorithm: the algorithm
 * @data: what to sign
 * @length: how many bytes
 * @error: CS_ERROR_KEY, "key-unusable"
 *
 * Returns: (transfer full): the signature; for curves R || S (RFC 7518 section 3.4)
 */
GBytes *
cs_signature_make(EVP_PKEY *key,
		  CsSignatureAlgorithm algorithm,
		  gconstpointer data,
		  gsize length,
		  GError **error)
{
	ERR_clear_error();
	GBytes *signature = sign_once(key, &methods[algorithm], data, length);
	if (signature == NULL)
		cs_openssl_set_error(error, CS_ERROR_KEY, "key-unusable",
				     "the private key cannot sign");
	return signature;
}

/* ---- verification ---- */

static gboolean
verify_octets(EVP_PKEY *key,
	      const Method *method,
	      gconstpointer data,
	      gsize length,
	      const guint8 *signature,
	      gsize signature_length)
{
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *options = NULL; /* the other's */

	return context != NULL &&
	       EVP_DigestVerifyInit_ex(context, &options, method->digest, NULL, NULL, key, NULL) ==
		       1 &&
	       set_padding(options, method) &&
	       EVP_DigestVerify(context, signature, signature_length, data, length) == 1;
}

static gboolean
verify_halves(EVP_PKEY *key,
	      const Method *method,
	      gconstpointer data,
	      gsize length,
	      const guint8 *signature,
	      gsize signature_length)
{
	int half = method->coordinate_bytes;

	if (signature_length != 2 * (gsize)half)
		return FALSE;
	g_autoptr(ECDSA_SIG) pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, half, NULL);
	BIGNUM *s = BN_bin2bn(signature + half, half, NULL);
	/* It refuses a number that is not there. */
	if (pair == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return FALSE;
	}
	guint8 *der = NULL;
	int der_length = i2d_ECDSA_SIG(pair, &der);
	if (der_length <= 0)
		return FALSE;
	gboolean verified = verify_octets(key, method, data, length, der, (gsize)der_length);
	OPENSSL_free(der);
	return verified;
}

static gboolean
is_key_of(EVP_PKEY *key, const Method *method)
{
	if (cs_public_key_get_kind(key) != method->kind)
		return FALSE;
	return method->coordinate_bytes > 0 || EVP_PKEY_get_bits(key) >= RSA_MIN_BITS;
}

/**
 * cs_signature_verify:
 * @key: the public key, of which the caller has its own reason to trust whatever it trusts
 * @algorithm: the algorithm that the signature claims
 * @data: what was signed
 * @length: how many bytes
 * @signature: the signature; for curves R || S, each at its full width
 * @signature_length: how many bytes
 * @error: CS_ERROR_SIGNATURE, "signature-invalid"
 *
 * Algorithm and key must agree exactly: an rsaEncryption key of 2048 bits or more for RS256, an
 * id-RSASSA-PSS one for PS256 (salt of 32 bytes, no other), the algorithm's curve for the rest.
 * Proves that the private half signed these bytes; not whose it is, nor when, nor what for. Any
 * thread.
 *
 * Returns: TRUE only where the signature verifies
 */
gboolean
cs_signature_verify(EVP_PKEY *key,
		    CsSignatureAlgorithm algorithm,
		    gconstpointer data,
		    gsize length,
		    gconstpointer signature,
		    gsize signature_length,
		    GError **error)
{
	gboolean verified = FALSE;

	if ((gsize)algorithm >= G_N_ELEMENTS(methods) || !is_key_of(key, &methods[algorithm])) {
		cs_error_set(error, CS_ERROR_SIGNATURE, "signature-invalid",
			     "the key is not of the signature's kind");
		return FALSE;
	}
	const Method *method = &methods[algorithm];
	if (method->coordinate_bytes > 0)
		verified = verify_halves(key, method, data, length, signature, signature_length);
	else
		verified = verify_octets(key, method, data, length, signature, signature_length);
	ERR_clear_error();
	if (!verified)
		cs_error_set(error, CS_ERROR_SIGNATURE, "signature-invalid",
			     "the signature does not verify");
	return verified;
}
