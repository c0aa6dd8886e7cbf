/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/signed-data.h"

#include "core/pki/x509-parts.h"

#include <openssl/err.h>

/**
 * cs_signed_data_read:
 * @sequence: the contents of the SEQUENCE that holds it; moved behind the signature
 * @tbs_contents: (out): the contents of what is signed
 * @data: (out): what the signature needs; lent
 *
 * Returns: FALSE where it is malformed
 */
gboolean
cs_signed_data_read(CsDer *sequence, CsDer *tbs_contents, CsSignedData *data)
{
	CsDer bits;

	return cs_der_expect(sequence, CS_DER_SEQUENCE, tbs_contents, &data->tbs) &&
	       cs_x509_read_algorithm(sequence, &data->algorithm) &&
	       cs_der_expect(sequence, CS_DER_BIT_STRING, &bits, NULL) &&
	       cs_der_read_octets(bits, &data->signature);
}

static gboolean
verify_directly(const CsSignedData *data, const CsSignatureMethod *method, EVP_PKEY *key)
{
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();

	return g_strcmp0(EVP_PKEY_get0_type_name(key), method->key_type) == 0 && context != NULL &&
	       EVP_DigestVerifyInit_ex(context, NULL, method->digest, NULL, NULL, key, NULL) == 1 &&
	       EVP_DigestVerify(context, data->signature.data, data->signature.length,
				data->tbs.data, data->tbs.length) == 1;
}

/* RSASSA-PSS with its parameters, and what is rare. As "any", OpenSSL encodes the same bytes again.
 */
static gboolean
verify_as_item(const CsSignedData *data, EVP_PKEY *key)
{
	const guint8 *algorithm_at = data->algorithm.data;
	const guint8 *tbs_at = data->tbs.data;
	X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &algorithm_at, (long)data->algorithm.length);
	ASN1_TYPE *tbs = d2i_ASN1_TYPE(NULL, &tbs_at, (long)data->tbs.length);
	ASN1_BIT_STRING *signature = ASN1_BIT_STRING_new();
	gboolean verified = FALSE;

	if (algorithm != NULL && tbs != NULL && signature != NULL &&
	    ASN1_BIT_STRING_set(signature, (guint8 *)data->signature.data,
				(int)data->signature.length) == 1)
		verified = ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), algorithm, signature, tbs,
					    key) == 1;
	X509_ALGOR_free(algorithm);
	ASN1_TYPE_free(tbs);
	ASN1_BIT_STRING_free(signature);
	return verified;
}

/**
 * cs_signed_data_verify:
 * @data: what was read; at most %G_MAXINT bytes
 * @key: (nullable): a public key that the caller has its own reason to trust with this
 *
 * SHA-1 and worse never verify here, nor does what is not known. A failure for want of memory is a
 * failure: it makes nothing good.
 *
 * Returns: TRUE only where the signature verifies
 */
gboolean
cs_signed_data_verify(const CsSignedData *data, EVP_PKEY *key)
{
	const CsSignatureMethod *method = cs_signature_method_find(data->algorithm);
	gboolean verified = FALSE;

	if (key == NULL || method == NULL || method->weak || data->tbs.length > G_MAXINT ||
	    data->signature.length > G_MAXINT)
		return FALSE;
	ERR_clear_error();
	verified = method->key_type != NULL ? verify_directly(data, method, key)
					    : verify_as_item(data, key);
	ERR_clear_error();
	return verified;
}
