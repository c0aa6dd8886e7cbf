/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/verifier.h"

/* What the service has handed out and waits to see again: challenges and nonces, in memory, each
 * for one use. Bounded, and swept by age. Not thread-safe. */
typedef struct _CsChallenges CsChallenges;

#define CS_CHALLENGES_MAX_OPEN	   65536
#define CS_CHALLENGES_MAX_FAILURES 5

/* A transaction's challenge. Lent until the next call. */
typedef struct {
	const char *account;	 /* whom it was opened for; nobody has proved to be that */
	const char *application; /* (nullable) whose access is asked for (rule 21) */
	const char *token;
	CsChallengeUse use;
	gboolean replayed; /* once more after its use, already */
} CsOpenChallenge;

/* max_open: of challenges, and again of nonces. */
CsChallenges *cs_challenges_new(guint max_open);
void cs_challenges_free(CsChallenges *challenges);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsChallenges, cs_challenges_free)

/* FALSE where as many as may be are open. */
gboolean cs_challenges_add(CsChallenges *challenges,
			   const char *transaction,
			   const char *account,
			   const char *application,
			   const char *token,
			   gint64 expires_at,
			   gint64 now);
gboolean cs_challenges_find(CsChallenges *challenges,
			    const char *transaction,
			    gint64 now,
			    CsOpenChallenge *found);
void cs_challenges_use(CsChallenges *challenges, const char *transaction);
/* A response without a valid account signature; the fifth makes the transaction void. */
void cs_challenges_fail(CsChallenges *challenges, const char *transaction);

/* FALSE where as much was begun ahead for its responses as failures are borne. */
gboolean cs_challenges_begin_ahead(CsChallenges *challenges, const char *transaction);

/* As over a restart: nothing that was handed out is accepted any more. */
void cs_challenges_forget(CsChallenges *challenges);
/* Not answered and not expired. Looks at each. */
guint cs_challenges_count_open(const CsChallenges *challenges, gint64 now);
guint cs_challenges_count_nonces(const CsChallenges *challenges, gint64 now);

gboolean
cs_challenges_add_nonce(CsChallenges *challenges, const char *nonce, gint64 expires_at, gint64 now);
/* TRUE once for each nonce that was added and is not expired. */
gboolean cs_challenges_take_nonce(CsChallenges *challenges, const char *nonce, gint64 now);
