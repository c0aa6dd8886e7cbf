/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/openssl.h"

#include <glib.h>

#define CS_CERTIFICATE_MAX_BYTES 8192

/* One X.509 certificate, immutable and counted, read by one bounded DER walk; OpenSSL is not asked
 * until its public key is. Having one proves nothing: no signature has been looked at. */
typedef struct _CsCertificate CsCertificate;

typedef enum {
	CS_KEY_KIND_OTHER,
	CS_KEY_KIND_RSA,     /* rsaEncryption */
	CS_KEY_KIND_RSA_PSS, /* id-RSASSA-PSS */
	CS_KEY_KIND_P256,
	CS_KEY_KIND_P384,
	CS_KEY_KIND_P521,
} CsKeyKind;

/* der: exactly one certificate, at most CS_CERTIFICATE_MAX_BYTES. CS_ERROR_INVALID,
 * "certificate-malformed". */
CsCertificate *cs_certificate_new(GBytes *der, GError **error);
CsCertificate *cs_certificate_ref(CsCertificate *certificate);
void cs_certificate_unref(CsCertificate *certificate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsCertificate, cs_certificate_unref)

GBytes *cs_certificate_get_der(const CsCertificate *certificate);
const char *cs_certificate_get_fingerprint(const CsCertificate *certificate);	  /* hex */
const char *cs_certificate_get_key_fingerprint(const CsCertificate *certificate); /* hex, of SPKI */
GBytes *cs_certificate_get_spki(const CsCertificate *certificate);
GBytes *cs_certificate_get_issuer_name(const CsCertificate *certificate);  /* canonical */
GBytes *cs_certificate_get_subject_name(const CsCertificate *certificate); /* canonical */
const char *cs_certificate_get_issuer_text(CsCertificate *certificate);
const char *cs_certificate_get_subject_text(CsCertificate *certificate);
const char *cs_certificate_get_serial(const CsCertificate *certificate); /* hex */
gint64 cs_certificate_get_not_before(const CsCertificate *certificate);	 /* Unix seconds */
gint64 cs_certificate_get_not_after(const CsCertificate *certificate);	 /* Unix seconds */
CsKeyKind cs_certificate_get_key_kind(const CsCertificate *certificate);
/* The public key, decoded once and kept; lent. CS_ERROR_UNSUPPORTED. Thread-safe. */
EVP_PKEY *cs_certificate_get_public_key(CsCertificate *certificate, GError **error);

/* Rule 5's "client certificate". FALSE sets *detail (translated sentence, transfer full) where
 * detail is given. Says nothing of validity, issuer or revocation. */
gboolean cs_certificate_is_client(const CsCertificate *certificate, char **detail);
/* Rule 13's "CA certificate": version 3, basicConstraints cA, keyUsage where present keyCertSign. */
gboolean cs_certificate_is_authority(const CsCertificate *certificate, char **detail);

/* Every certificate of a file, in its order (PEM, with anything else in it passed over; or one
 * DER): (element-type CsCertificate). Empty or broken: CS_ERROR_INVALID. */
GPtrArray *cs_certificates_decode(GBytes *file, GError **error);
char *cs_certificate_to_pem(const CsCertificate *certificate);
