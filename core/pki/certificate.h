/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/openssl.h"
#include "core/pki/der.h"
#include "core/pki/public-key.h"
#include "core/pki/signature-algorithm.h"

#include <glib.h>

#define CS_CERTIFICATE_MAX_BYTES 8192

/* One X.509 certificate, counted, immutable but for what it keeps once asked; any thread. Having
 * one proves nothing: no signature has been looked at. */
typedef struct _CsCertificate CsCertificate;

CsCertificate *cs_certificate_new(GBytes *der, GError **error);
CsCertificate *cs_certificate_ref(CsCertificate *certificate);
void cs_certificate_unref(CsCertificate *certificate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsCertificate, cs_certificate_unref)

/* All lent. */
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
EVP_PKEY *cs_certificate_get_public_key(CsCertificate *certificate, GError **error);

/* What the issuer's signature covers, how, and itself. */
CsDer cs_certificate_get_tbs(const CsCertificate *certificate);
const CsSignatureMethod *cs_certificate_get_signature_method(const CsCertificate *certificate);
CsDer cs_certificate_get_signature(const CsCertificate *certificate);

/* Rule 5's "client certificate", and rule 13's "CA certificate". */
gboolean cs_certificate_is_client(const CsCertificate *certificate, char **detail);
gboolean cs_certificate_is_authority(const CsCertificate *certificate, char **detail);

/* (element-type CsCertificate): every certificate of a file. */
GPtrArray *cs_certificates_decode(GBytes *file, GError **error);
char *cs_certificate_to_pem(const CsCertificate *certificate);
