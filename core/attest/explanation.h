/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/json.h"
#include "core/protocol/reason.h"
#include "core/store/stores.h"

/* Why a certificate was, or was not, selected: what `explain` prints, and what is kept for display
 * after an authentication, never for selection. */
typedef enum {
	CS_OUTCOME_UNDECIDED, /* a candidate that was not tried yet; never in a finished one */
	CS_OUTCOME_SELECTED,
	CS_OUTCOME_OLDER,  /* not tried: a newer one, or one that wins the tie, was selected */
	CS_OUTCOME_HIDDEN, /* "hidden-by-user-store", rule 6 */
	CS_OUTCOME_FAILED, /* by `reason` */
} CsOutcome;

typedef struct {
	CsStoreEntry *entry; /* (nullable): NULL in one read back from JSON */
	char *fingerprint;
	char *location;
	CsStoreKind store;
	gint64 not_before;
	gint64 not_after;
	CsOutcome outcome;
	CsReason reason; /* of CS_OUTCOME_FAILED */
	char *detail;	 /* translated sentence */
	guint issuer_index;
} CsCandidate;

typedef struct {
	char *fingerprint;
	char *subject;
	gboolean answered;     /* FALSE: "none" */
	CsStoreKind store;     /* where answered */
	GPtrArray *candidates; /* (element-type CsCandidate), newest first */
} CsIssuerExplanation;

typedef struct {
	gint64 judged_at; /* Unix seconds: the challenge's time, or the clock's */
	gboolean by_device_clock;
	char *selected;		/* (nullable) fingerprint */
	CsReason reason;	/* NONE where one is selected */
	GPtrArray *issuers;	/* (element-type CsIssuerExplanation), in the given order */
	GPtrArray *passed_over; /* (element-type CsPassedOver) */
	char **notes;		/* (nullable) of the configuration */
} CsExplanation;

CsExplanation *cs_explanation_new(gint64 judged_at);
CsIssuerExplanation *cs_issuer_explanation_new(CsCertificate *issuer);
void cs_candidate_free(CsCandidate *candidate);
void cs_issuer_explanation_free(CsIssuerExplanation *issuer);
void cs_explanation_free(CsExplanation *explanation);
gboolean cs_explanation_has_same_details(const CsExplanation *one, const CsExplanation *other);
const char *cs_candidate_get_outcome_text(const CsCandidate *candidate);

/* The contract's document; beside its members: "judged_at", "clock": "challenge"|"device",
 * "passed_over": [{"location","why"}], "notes": []. */
cJSON *cs_explanation_to_json(const CsExplanation *explanation);
CsExplanation *cs_explanation_from_json(const cJSON *json, GError **error);
char *cs_explanation_to_text(const CsExplanation *explanation); /* for a terminal */
char *cs_explanation_details_to_text(const CsExplanation *explanation);
const char *cs_issuer_explanation_get_answer_sentence(const CsIssuerExplanation *issuer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsExplanation, cs_explanation_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsIssuerExplanation, cs_issuer_explanation_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsCandidate, cs_candidate_free)
