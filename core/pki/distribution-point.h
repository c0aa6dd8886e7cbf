/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/der.h"

/* ReasonFlags as RFC 5280 counts them, the bit of value n being 1 << n; unused (0) is none. */
#define CS_REASONS_ALL 0x1fe

/* One DistributionPoint of RFC 5280 section 4.2.1.13, lent. */
typedef struct {
	CsDer name;	     /* DistributionPointName's choice, whole; empty: none */
	guint reasons;	     /* CS_REASONS_ALL where it names none */
	gboolean has_issuer; /* cRLIssuer: another than the certificate's issuer signs the CRL */
} CsDistributionPoint;

#define CS_GENERAL_NAME_URL CS_DER_CONTEXT(6) /* uniformResourceIdentifier */

/* points: what is left of cRLDistributionPoints' contents. FALSE at the end (points is empty) or
 * where it is malformed. */
gboolean cs_distribution_point_next(CsDer *points, CsDistributionPoint *point);
gboolean cs_reason_flags_read(CsDer bits, guint *reasons);

/* value: cRLDistributionPoints or freshestCRL. (element-type utf8) (transfer full): at most 16. */
GPtrArray *cs_distribution_point_list_urls(CsDer value);
/* Appends an http or https address; anything else is passed over. */
void cs_general_name_add_url(GPtrArray *urls, CsDer contents);

/* name: a DistributionPointName's choice. Its names in a form that compares by bytes; issuer (a
 * whole Name) completes a relative one. (element-type GBytes) (transfer full) (nullable): NULL
 * where it is malformed. */
GPtrArray *cs_distribution_point_list_names(CsDer name, CsDer issuer);
/* What a name that is the issuer's own would be in that list. */
GBytes *cs_distribution_point_name_of(CsDer issuer);
gboolean cs_distribution_point_share_name(const GPtrArray *a, const GPtrArray *b);
