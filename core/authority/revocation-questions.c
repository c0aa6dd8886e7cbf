/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-questions.h"

#define SETTLED_S   5	 /* nothing is looked for again sooner */
#define SETTLED_MAX 4096 /* beyond it all are forgotten, and asked again */

struct _CsRevocationQuestions {
	guint max;
	GQueue waiting;	     /* of CsRevocationQuestion */
	GPtrArray *taken;    /* (element-type CsRevocationQuestion) */
	GHashTable *keys;    /* of both, lent from them */
	GHashTable *settled; /* key to the time from which on it may be asked again */
};

static void
question_free(CsRevocationQuestion *question)
{
	g_free(question->issuer);
	g_free(question->key);
	cs_certificate_unref(question->certificate);
	g_hash_table_unref(question->awaits);
	g_hash_table_unref(question->tried);
	g_free(question);
}

/**
 * cs_revocation_questions_new:
 * @max: how many may be open at a time; more are asked again at their next sign-in
 *
 * Returns: (transfer full): no question yet
 */
CsRevocationQuestions *
cs_revocation_questions_new(guint max)
{
	CsRevocationQuestions *questions = g_new0(CsRevocationQuestions, 1);

	questions->max = max;
	g_queue_init(&questions->waiting);
	questions->taken = g_ptr_array_new_with_free_func((GDestroyNotify)question_free);
	questions->keys = g_hash_table_new(g_str_hash, g_str_equal);
	questions->settled = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return questions;
}

/**
 * cs_revocation_questions_free:
 * @questions: (transfer full): questions, answered or not
 */
void
cs_revocation_questions_free(CsRevocationQuestions *questions)
{
	g_hash_table_unref(questions->keys);
	g_hash_table_unref(questions->settled);
	g_queue_clear_full(&questions->waiting, (GDestroyNotify)question_free);
	g_ptr_array_unref(questions->taken);
	g_free(questions);
}

static gboolean
is_settled(const CsRevocationQuestions *questions, const char *key, gint64 now)
{
	const gint64 *until = g_hash_table_lookup(questions->settled, key);

	/* A clock that was set back keeps nothing settled for long. */
	return until != NULL && now < *until && *until <= now + SETTLED_S;
}

/**
 * cs_revocation_questions_put:
 * @questions: questions
 * @issuer: the fingerprint of the issuer's certificate
 * @certificate: one that it has issued, whose answer is unknown
 * @now: Unix seconds
 *
 * Returns: %TRUE where the question is open: an answer may come; %FALSE where it was settled within
 *   the last seconds, or too many are open
 */
gboolean
cs_revocation_questions_put(CsRevocationQuestions *questions,
			    const char *issuer,
			    const CsCertificate *certificate,
			    gint64 now)
{
	g_autofree char *key =
		g_strconcat(issuer, ":", cs_certificate_get_fingerprint(certificate), NULL);
	CsRevocationQuestion *question;

	if (g_hash_table_contains(questions->keys, key))
		return TRUE;
	if (is_settled(questions, key, now) ||
	    questions->waiting.length + questions->taken->len >= questions->max)
		return FALSE;
	question = g_new0(CsRevocationQuestion, 1);
	question->issuer = g_strdup(issuer);
	question->certificate = cs_certificate_ref((CsCertificate *)certificate);
	question->key = g_steal_pointer(&key);
	question->awaits = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	question->tried = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_queue_push_tail(&questions->waiting, question);
	g_hash_table_add(questions->keys, question->key);
	return TRUE;
}

/**
 * cs_revocation_questions_is_empty:
 * @questions: questions
 *
 * Returns: whether none waits to be taken
 */
gboolean
cs_revocation_questions_is_empty(const CsRevocationQuestions *questions)
{
	return questions->waiting.length == 0;
}

/**
 * cs_revocation_questions_take:
 * @questions: questions
 *
 * Returns: (transfer none) (nullable): the one that waits for longest, as it is until
 *   cs_revocation_questions_settle() or cs_revocation_questions_reopen()
 */
const CsRevocationQuestion *
cs_revocation_questions_take(CsRevocationQuestions *questions)
{
	CsRevocationQuestion *question = g_queue_pop_head(&questions->waiting);

	if (question != NULL)
		g_ptr_array_add(questions->taken, question);
	return question;
}

/**
 * cs_revocation_questions_get_taken:
 * @questions: questions
 *
 * Returns: (transfer none) (element-type CsRevocationQuestion): those that are taken; by whoever
 *   takes and settles
 */
const GPtrArray *
cs_revocation_questions_get_taken(const CsRevocationQuestions *questions)
{
	return questions->taken;
}

/**
 * cs_revocation_question_await:
 * @question: one that is taken
 * @key: of what is wanted for it
 *
 * Nothing is fetched twice for one question, whatever came of it: so it settles.
 *
 * Returns: whether it awaits that from now on; %FALSE where it did before
 */
gboolean
cs_revocation_question_await(const CsRevocationQuestion *question, const char *key)
{
	if (!g_hash_table_add(question->tried, g_strdup(key)))
		return FALSE;
	g_hash_table_add(question->awaits, g_strdup(key));
	return TRUE;
}

/**
 * cs_revocation_questions_settle:
 * @questions: questions
 * @question: (transfer full): one that is taken
 * @now: Unix seconds
 *
 * It is answered, or what could be fetched for it has been tried: it is no longer open, and not put
 * again for some seconds.
 */
void
cs_revocation_questions_settle(CsRevocationQuestions *questions,
			       const CsRevocationQuestion *question,
			       gint64 now)
{
	gint64 *until = g_new(gint64, 1);

	*until = now + SETTLED_S;
	if (g_hash_table_size(questions->settled) >= SETTLED_MAX)
		g_hash_table_remove_all(questions->settled);
	g_hash_table_insert(questions->settled, g_strdup(question->key), until);
	g_hash_table_remove(questions->keys, question->key);
	g_ptr_array_remove(questions->taken, (gpointer)question);
}

static gboolean
is_about(const CsRevocationQuestion *question, const char *fingerprint)
{
	return g_str_equal(cs_certificate_get_fingerprint(question->certificate), fingerprint);
}

/**
 * cs_revocation_questions_is_open:
 * @questions: questions
 * @fingerprint: of a certificate
 *
 * Returns: whether a question about it waits, or is taken
 */
gboolean
cs_revocation_questions_is_open(const CsRevocationQuestions *questions, const char *fingerprint)
{
	for (guint i = 0; i < questions->taken->len; i++) {
		if (is_about(questions->taken->pdata[i], fingerprint))
			return TRUE;
	}
	for (const GList *link = questions->waiting.head; link != NULL; link = link->next) {
		if (is_about(link->data, fingerprint))
			return TRUE;
	}
	return FALSE;
}

/**
 * cs_revocation_questions_reopen:
 * @questions: questions
 *
 * Forgets what was settled: what is at hand, or may be fetched, is another now. So is what was taken:
 * it waits once more, before the others.
 */
void
cs_revocation_questions_reopen(CsRevocationQuestions *questions)
{
	g_hash_table_remove_all(questions->settled);
	while (questions->taken->len > 0) {
		CsRevocationQuestion *question =
			g_ptr_array_steal_index(questions->taken, questions->taken->len - 1);

		g_hash_table_remove_all(question->awaits);
		g_hash_table_remove_all(question->tried);
		g_queue_push_head(&questions->waiting, question);
	}
}
