/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/certificate.h"

/* An issuer as the administrator uploaded it, prepared for many questions. Counted; immutable but
 * for its memory of answers; any thread. */
typedef struct _CsIssuer CsIssuer;

CsIssuer *cs_issuer_new(CsCertificate *certificate, GError **error);
CsIssuer *cs_issuer_ref(CsIssuer *issuer);
void cs_issuer_unref(CsIssuer *issuer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsIssuer, cs_issuer_unref)

CsCertificate *cs_issuer_get_certificate(const CsIssuer *issuer); /* lent */
/* Rule 5's "issued by". */
gboolean cs_issuer_has_issued(CsIssuer *issuer, const CsCertificate *certificate);
