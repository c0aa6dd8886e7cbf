/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/verifier.h"

/* What one source says of one certificate (rule 12), and why: stable codes, docs/revocation.md. */
typedef struct {
	CsRevocation status;
	const char *detail; /* static; of a good or revoked one "crl" or "ocsp" */
	const char *cause;  /* (nullable) static; of an unknown one: why nothing better came */
	gint64 this_update; /* of what decided; 0: nothing did */
	gint64 valid_until; /* then it has to be asked anew */
} CsRevocationAnswer;

/* When, and how old an answer may be. */
typedef struct {
	gint64 now;	  /* Unix seconds */
	gint64 max_age_s; /* since thisUpdate; 0: until nextUpdate, and a day where there is none */
} CsRevocationLimits;

/* What a CRL and a single response of OCSP both have. */
typedef struct {
	gint64 this_update;
	gint64 next_update;
	gboolean has_next_update;
} CsRevocationTimes;

typedef enum {
	CS_FRESHNESS_FRESH,
	CS_FRESHNESS_NOT_YET, /* of the future */
	CS_FRESHNESS_STALE,   /* past nextUpdate */
	CS_FRESHNESS_TOO_OLD, /* past the age limit */
} CsFreshness;

#define CS_REVOCATION_LEEWAY_S	      60    /* other people's clocks */
#define CS_REVOCATION_DEFAULT_MAX_AGE 86400 /* without nextUpdate and limit */

CsFreshness cs_revocation_judge_times(const CsRevocationTimes *times,
				      const CsRevocationLimits *limits);
/* The last second at which that is fresh. */
gint64 cs_revocation_get_end(const CsRevocationTimes *times, const CsRevocationLimits *limits);
void cs_revocation_answer_set_unknown(CsRevocationAnswer *answer, const char *detail);
