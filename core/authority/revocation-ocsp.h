/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/revocation-crl.h"

/* What one answer of a responder is judged by. All lent. */
typedef struct {
	CsIssuer *issuer;		  /* has issued the certificate asked about */
	const CsCertificate *certificate; /* the one asked about */
	const CsCrlSet *crls; /* (nullable): says whether a responder's certificate is revoked */
	const CsRevocationLimits *limits;
} CsOcspQuestion;

/* RFC 6960 section 3.2 and 4.2.2. response: any bytes. */
void cs_ocsp_decide(const CsOcspQuestion *question, GBytes *response, CsRevocationAnswer *answer);
