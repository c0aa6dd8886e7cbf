/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/issuer.h"

#include <openssl/err.h>

#define MAX_ANSWERS 65536 /* about 8 MB; then all are forgotten, for any could be asked next */

struct _CsIssuer {
	gatomicrefcount references;
	CsCertificate *certificate;
	EVP_PKEY *key;
	GMutex mutex;
	GHashTable *answers; /* fingerprint to GINT_TO_POINTER(has issued); under the mutex */
};

/**
 * cs_issuer_new:
 * @certificate: the uploaded certificate; kept
 * @error: CS_ERROR_UNSUPPORTED, "key-unsupported": its public key cannot be used
 *
 * Whether it is a CA's is not asked here: rule 13 asks at upload (cs_certificate_is_authority()).
 * Nor is whether it is valid, revoked or trusted by anybody: it is trusted because it was
 * uploaded (rules 13, 16).
 *
 * Returns: (transfer full)
 */
CsIssuer *
cs_issuer_new(CsCertificate *certificate, GError **error)
{
	EVP_PKEY *key = cs_certificate_get_public_key(certificate, error);
	if (key == NULL)
		return NULL;

	CsIssuer *issuer = g_new0(CsIssuer, 1);
	g_atomic_ref_count_init(&issuer->references);
	issuer->certificate = cs_certificate_ref(certificate);
	issuer->key = key;
	g_mutex_init(&issuer->mutex);
	issuer->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return issuer;
}

/**
 * cs_issuer_ref:
 * @issuer: an issuer
 *
 * Returns: (transfer full): @issuer. Any thread.
 */
CsIssuer *
cs_issuer_ref(CsIssuer *issuer)
{
	g_atomic_ref_count_inc(&issuer->references);
	return issuer;
}

/**
 * cs_issuer_unref:
 * @issuer: (nullable) (transfer full): an issuer. Any thread.
 */
void
cs_issuer_unref(CsIssuer *issuer)
{
	if (issuer == NULL || !g_atomic_ref_count_dec(&issuer->references))
		return;
	g_hash_table_unref(issuer->answers);
	g_mutex_clear(&issuer->mutex);
	cs_certificate_unref(issuer->certificate);
	g_free(issuer);
}

/**
 * cs_issuer_get_certificate:
 * @issuer: an issuer
 *
 * Returns: (transfer none): its certificate
 */
CsCertificate *
cs_issuer_get_certificate(const CsIssuer *issuer)
{
	return issuer->certificate;
}

typedef enum {
	NOT_ISSUED,
	ISSUED,
	UNKNOWN, /* OpenSSL came to no answer, or does not say whether it did */
} Answer;

/* What RSA says of its own when the comparison fails, or what it would compare is not there. */
static gboolean
is_comparison(unsigned long entry)
{
	if (ERR_GET_LIB(entry) != ERR_LIB_RSA)
		return FALSE;
	return !ERR_COMMON_ERROR(entry);
}

/* OpenSSL says no also where memory ran out, and not always with an error to tell that by. So what
 * counts as a no is what only a comparison brings about: a plain 0 of ECDSA (told already), or an
 * error of RSA's own. */
static Answer
explain_refusal(gboolean is_told)
{
	for (unsigned long entry = ERR_get_error(); entry != 0; entry = ERR_get_error()) {
		if (ERR_FATAL_ERROR(entry))
			return UNKNOWN;
		is_told = is_told || is_comparison(entry);
	}
	return is_told ? NOT_ISSUED : UNKNOWN;
}

/* The methods of nearly every certificate, straight over the bytes that were signed. */
static Answer
verify_directly(EVP_PKEY *key, const CsCertificate *certificate)
{
	const CsSignatureMethod *method = cs_certificate_get_signature_method(certificate);
	CsDer tbs = cs_certificate_get_tbs(certificate);
	CsDer signature = cs_certificate_get_signature(certificate);
	int status;

	/* EVP_PKEY_is_a() says no also where memory runs out. */
	if (g_strcmp0(EVP_PKEY_get0_type_name(key), method->key_type) != 0)
		return NOT_ISSUED;
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
	if (context == NULL ||
	    EVP_DigestVerifyInit_ex(context, NULL, method->digest, NULL, NULL, key, NULL) != 1)
		return UNKNOWN;
	/* Else it works on a copy, and one that fails looks like ECDSA's no. */
	EVP_MD_CTX_set_flags(context, EVP_MD_CTX_FLAG_FINALISE);
	status = EVP_DigestVerify(context, signature.data, signature.length, tbs.data, tbs.length);
	if (status == 1)
		return ISSUED;
	return explain_refusal(status == 0 && g_str_equal(method->key_type, "EC"));
}

/* RSASSA-PSS with its parameters, and what is rare; SHA-1, too, so that the certificate is listed
 * with the reason why it is refused (rule 5). */
static Answer
verify_through_x509(EVP_PKEY *key, const CsCertificate *certificate)
{
	gsize length = 0;
	const guint8 *data = g_bytes_get_data(cs_certificate_get_der(certificate), &length);
	g_autoptr(X509) x509 = d2i_X509(NULL, &data, (long)length);

	if (x509 == NULL)
		return UNKNOWN;
	return X509_verify(x509, key) == 1 ? ISSUED : explain_refusal(FALSE);
}

static Answer
verify(EVP_PKEY *key, const CsCertificate *certificate)
{
	const CsSignatureMethod *method = cs_certificate_get_signature_method(certificate);
	Answer answer;

	if (method == NULL)
		return NOT_ISSUED;
	ERR_clear_error();
	answer = method->key_type != NULL ? verify_directly(key, certificate)
					  : verify_through_x509(key, certificate);
	ERR_clear_error();
	return answer;
}

static gboolean
recall(CsIssuer *issuer, const char *fingerprint, gboolean *has_issued)
{
	gpointer answer = NULL;

	g_mutex_lock(&issuer->mutex);
	gboolean known = g_hash_table_lookup_extended(issuer->answers, fingerprint, NULL, &answer);
	g_mutex_unlock(&issuer->mutex);
	*has_issued = GPOINTER_TO_INT(answer);
	return known;
}

static void
remember(CsIssuer *issuer, const char *fingerprint, gboolean has_issued)
{
	g_mutex_lock(&issuer->mutex);
	if (g_hash_table_size(issuer->answers) >= MAX_ANSWERS)
		g_hash_table_remove_all(issuer->answers);
	g_hash_table_insert(issuer->answers, g_strdup(fingerprint), GINT_TO_POINTER(has_issued));
	g_mutex_unlock(&issuer->mutex);
}

/**
 * cs_issuer_has_issued:
 * @issuer: an issuer
 * @certificate: a certificate
 *
 * Rule 5's "issued by": the certificate's issuer name is the issuer's subject by RFC 5280's
 * comparison, and the signature verifies with the issuer's public key. The answer is remembered
 * by the certificate's SHA-256. Any thread; two that ask at once may both verify.
 *
 * A no for want of memory would hide a certificate (rule 6) for as long as it is remembered: what
 * might be one is asked twice, and never remembered. Those are the kinds of signature whose refusal
 * OpenSSL does not explain (Ed25519 and the rare ones), and a broken encoding of one.
 *
 * It says nothing of the certificate's validity, usage or revocation, and nothing above the
 * issuer is asked (rules 13, 16).
 */
gboolean
cs_issuer_has_issued(CsIssuer *issuer, const CsCertificate *certificate)
{
	gboolean has_issued = FALSE;

	if (!g_bytes_equal(cs_certificate_get_issuer_name(certificate),
			   cs_certificate_get_subject_name(issuer->certificate)))
		return FALSE;
	const char *fingerprint = cs_certificate_get_fingerprint(certificate);
	if (recall(issuer, fingerprint, &has_issued))
		return has_issued;
	Answer answer = verify(issuer->key, certificate);
	if (answer == UNKNOWN)
		answer = verify(issuer->key, certificate);
	has_issued = answer == ISSUED;
	if (answer != UNKNOWN)
		remember(issuer, fingerprint, has_issued);
	return has_issued;
}
