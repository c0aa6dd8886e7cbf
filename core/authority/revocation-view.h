/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/revocation-ocsp.h"

/* What is at hand of one issuer at one moment, to answer from: immutable, counted, any thread. */
typedef struct _CsRevocationView CsRevocationView;

#define CS_REVOCATION_CRL_CAUSE "crl" /* no fingerprint */

/* row: the issuer and what the administrator chose; copied. crls (nullable). answers: certificates'
 * fingerprints to OCSP responses (GBytes); kept. causes: the same, and CS_REVOCATION_CRL_CAUSE, to
 * why the last try brought nothing (static); kept. */
CsRevocationView *cs_revocation_view_new(const CsIssuerRow *row,
					 CsIssuer *issuer,
					 CsCrlSet *crls,
					 GHashTable *answers,
					 GHashTable *causes);
CsRevocationView *cs_revocation_view_ref(CsRevocationView *view);
void cs_revocation_view_unref(CsRevocationView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRevocationView, cs_revocation_view_unref)

const CsIssuerRow *cs_revocation_view_get_row(const CsRevocationView *view);
const char *cs_revocation_view_get_issuer(const CsRevocationView *view);   /* its fingerprint */
const CsCrlSet *cs_revocation_view_get_crls(const CsRevocationView *view); /* (nullable) lent */
guint cs_revocation_view_count_answers(const CsRevocationView *view);	   /* of OCSP, at hand */
/* kind: "crl" or "ocsp": whether the administrator's choice is that, or any. */
gboolean cs_revocation_row_uses(const CsIssuerRow *row, const char *kind);
void cs_revocation_view_decide(const CsRevocationView *view,
			       const CsCertificate *certificate,
			       gint64 now,
			       CsRevocationAnswer *answer);
