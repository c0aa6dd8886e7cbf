/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/certificate.h"

/* Certificates whose answer is not at hand, waiting for the thread that fetches. Guarded by whoever
 * has it. */
typedef struct _CsRevocationQuestions CsRevocationQuestions;

typedef struct {
	char *issuer; /* the fingerprint of the issuer's certificate */
	CsCertificate *certificate;
	char *key;
	GHashTable *awaits; /* keys of what is being fetched for it: whoever has taken it says */
	GHashTable *tried;  /* keys of all that ever was */
} CsRevocationQuestion;

CsRevocationQuestions *cs_revocation_questions_new(guint max);
void cs_revocation_questions_free(CsRevocationQuestions *questions);
/* TRUE: open now, or already. FALSE: no room, or answered so lately that nothing new can come. */
gboolean cs_revocation_questions_put(CsRevocationQuestions *questions,
				     const char *issuer,
				     const CsCertificate *certificate,
				     gint64 now);
gboolean cs_revocation_questions_is_empty(const CsRevocationQuestions *questions);
/* (nullable) (transfer none): the next one, open until it is settled, or asked again. */
const CsRevocationQuestion *cs_revocation_questions_take(CsRevocationQuestions *questions);
/* (element-type CsRevocationQuestion) (transfer none): those that are taken. */
const GPtrArray *cs_revocation_questions_get_taken(const CsRevocationQuestions *questions);
/* Awaits what is fetched for it. FALSE: that was begun for it before. */
gboolean cs_revocation_question_await(const CsRevocationQuestion *question, const char *key);
/* Frees it. */
void cs_revocation_questions_settle(CsRevocationQuestions *questions,
				    const CsRevocationQuestion *question,
				    gint64 now);
/* fingerprint: of a certificate: a question about it is open. */
gboolean cs_revocation_questions_is_open(const CsRevocationQuestions *questions,
					 const char *fingerprint);
/* What was settled may be asked again, and what is taken waits to be taken anew: something has
 * changed. */
void cs_revocation_questions_reopen(CsRevocationQuestions *questions);
