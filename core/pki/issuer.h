/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/certificate.h"

/* An issuer as the administrator uploaded it, prepared for many questions. Counted; immutable but
 * for its memory of answers, which is thread-safe. */
typedef struct _CsIssuer CsIssuer;

/* Whether the certificate is a CA's is not asked here (rule 13 asks at upload).
 * CS_ERROR_UNSUPPORTED where its public key cannot be used. */
CsIssuer *cs_issuer_new(CsCertificate *certificate, GError **error);
CsIssuer *cs_issuer_ref(CsIssuer *issuer);
void cs_issuer_unref(CsIssuer *issuer);
CsCertificate *cs_issuer_get_certificate(const CsIssuer *issuer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsIssuer, cs_issuer_unref)

/* Rule 5's "issued by": the name and the signature by this issuer's public key. Remembered by the
 * certificate's SHA-256. Nothing above the issuer is asked (rule 13, 16). */
gboolean cs_issuer_has_issued(CsIssuer *issuer, const CsCertificate *certificate);
