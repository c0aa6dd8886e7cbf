/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/revocation-decision.h"
#include "core/pki/crl.h"

/* The CRLs of one issuer, their signatures verified once; immutable, counted, any thread. */
typedef struct _CsCrlSet CsCrlSet;

/* crls: (element-type CsCrl), not prepared yet; nobody else's from now on. signers: (nullable)
 * (element-type CsCertificate): certificates that the administrator put beside them. */
CsCrlSet *cs_crl_set_new(CsIssuer *issuer, GPtrArray *crls, GPtrArray *signers);
CsCrlSet *cs_crl_set_ref(CsCrlSet *set);
void cs_crl_set_unref(CsCrlSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsCrlSet, cs_crl_set_unref)

guint cs_crl_set_get_length(const CsCrlSet *set);
const CsCrl *cs_crl_set_get_crl(const CsCrlSet *set, guint place);
/* NULL: nothing stands in its way but time and the certificate. Static. */
const char *cs_crl_set_get_problem(const CsCrlSet *set, guint place);

/* RFC 5280 section 6.3.3. certificate: of the set's issuer. */
void cs_crl_set_decide(const CsCrlSet *set,
		       const CsCertificate *certificate,
		       const CsRevocationLimits *limits,
		       CsRevocationAnswer *answer);
