/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/challenges.h"

typedef struct {
	char *id;
	char *account; /* NULL in a nonce, so the two below */
	char *application;
	char *token;
	gint64 forget_at;
	CsChallengeUse use;
	gboolean replayed;
	guint failures;
	guint begun_ahead;
	GList place; /* in the table's order */
} Entry;

/* Entries by id, and in the order of their coming, which is that of their going: all of one table
 * live equally long. */
typedef struct {
	GHashTable *by_id; /* owns the entries */
	GQueue order;
	guint max;
} Table;

struct _CsChallenges {
	Table challenges;
	Table nonces;
};

static void
entry_free(gpointer data)
{
	Entry *entry = data;

	g_free(entry->id);
	g_free(entry->account);
	g_free(entry->application);
	g_free(entry->token);
	g_free(entry);
}

static void
table_init(Table *table, guint max)
{
	table->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
	g_queue_init(&table->order);
	table->max = max;
}

static void
table_remove(Table *table, Entry *entry)
{
	g_queue_unlink(&table->order, &entry->place);
	g_hash_table_remove(table->by_id, entry->id);
}

static void
table_sweep(Table *table, gint64 now)
{
	Entry *oldest = g_queue_peek_head(&table->order);

	while (oldest != NULL && oldest->forget_at <= now) {
		table_remove(table, oldest);
		oldest = g_queue_peek_head(&table->order);
	}
}

/* Looks at the entry's own age, too: a clock that was set back leaves the order untrue. */
static Entry *
table_find(Table *table, const char *id, gint64 now)
{
	Entry *entry;

	table_sweep(table, now);
	entry = g_hash_table_lookup(table->by_id, id);
	return entry != NULL && entry->forget_at > now ? entry : NULL;
}

static Entry *
table_add(Table *table, const char *id, gint64 forget_at, gint64 now)
{
	Entry *entry;

	table_sweep(table, now);
	if (g_hash_table_size(table->by_id) >= table->max ||
	    g_hash_table_contains(table->by_id, id))
		return NULL;
	entry = g_new0(Entry, 1);
	entry->id = g_strdup(id);
	entry->forget_at = forget_at;
	entry->place.data = entry;
	g_queue_push_tail_link(&table->order, &entry->place);
	g_hash_table_insert(table->by_id, entry->id, entry);
	return entry;
}

/**
 * cs_challenges_new:
 * @max_open: how many challenges may be open at a time, and how many nonces
 *
 * Makes an empty memory. It lives as long as the service that asks for it: what it forgets with a
 * restart can never be answered, so nothing can be replayed over one.
 *
 * Returns: (transfer full): the memory
 */
CsChallenges *
cs_challenges_new(guint max_open)
{
	CsChallenges *challenges = g_new0(CsChallenges, 1);

	table_init(&challenges->challenges, max_open);
	table_init(&challenges->nonces, max_open);
	return challenges;
}

/**
 * cs_challenges_free:
 * @challenges: (transfer full): the memory
 *
 * Forgets everything.
 */
void
cs_challenges_free(CsChallenges *challenges)
{
	g_hash_table_destroy(challenges->challenges.by_id);
	g_hash_table_destroy(challenges->nonces.by_id);
	g_free(challenges);
}

/**
 * cs_challenges_add:
 * @challenges: the memory
 * @transaction: id of the transaction, not to be guessed
 * @account: account id that it was asked for; a claim
 * @application: (nullable): whose access is asked for (rule 21)
 * @token: the challenge as sent
 * @expires_at: its exp, Unix seconds
 * @now: Unix seconds
 *
 * Remembers an open challenge. It is kept for the leeway beyond its expiry, so that a late answer
 * hears `challenge-expired` or `challenge-replayed`, and forgotten then.
 *
 * Returns: %FALSE where there is no room, or the id is taken
 */
gboolean
cs_challenges_add(CsChallenges *challenges,
		  const char *transaction,
		  const char *account,
		  const char *application,
		  const char *token,
		  gint64 expires_at,
		  gint64 now)
{
	Entry *entry = table_add(&challenges->challenges, transaction,
				 expires_at + CS_TOKEN_LEEWAY_S, now);

	if (entry == NULL)
		return FALSE;
	entry->account = g_strdup(account);
	entry->application = g_strdup(application);
	entry->token = g_strdup(token);
	entry->use = CS_CHALLENGE_OPEN;
	return TRUE;
}

/**
 * cs_challenges_find:
 * @challenges: the memory
 * @transaction: id of a transaction, from outside
 * @now: Unix seconds
 * @found: (out caller-allocates): what is remembered, lent until the next call
 *
 * Looks a transaction up, used or not, and up to the leeway after its expiry: judging that is the
 * verifier's.
 *
 * Returns: %FALSE where there is none, or it is void or forgotten
 */
gboolean
cs_challenges_find(CsChallenges *challenges,
		   const char *transaction,
		   gint64 now,
		   CsOpenChallenge *found)
{
	const Entry *entry = table_find(&challenges->challenges, transaction, now);

	if (entry == NULL)
		return FALSE;
	*found = (CsOpenChallenge){
		.account = entry->account,
		.application = entry->application,
		.token = entry->token,
		.use = entry->use,
		.replayed = entry->replayed,
	};
	return TRUE;
}

/**
 * cs_challenges_use:
 * @challenges: the memory
 * @transaction: id of a transaction that was found
 *
 * Uses a challenge up: the first response with a valid account signature does. Each later one is
 * counted as a replay.
 */
void
cs_challenges_use(CsChallenges *challenges, const char *transaction)
{
	Entry *entry = g_hash_table_lookup(challenges->challenges.by_id, transaction);

	g_return_if_fail(entry != NULL);
	entry->replayed = entry->use == CS_CHALLENGE_USED;
	entry->use = CS_CHALLENGE_USED;
}

/**
 * cs_challenges_fail:
 * @challenges: the memory
 * @transaction: id of a transaction that was found
 *
 * Counts a response without a valid account signature. The first of them leave the challenge open
 * for its owner; the last of %CS_CHALLENGES_MAX_FAILURES makes the transaction unknown.
 */
void
cs_challenges_fail(CsChallenges *challenges, const char *transaction)
{
	Entry *entry = g_hash_table_lookup(challenges->challenges.by_id, transaction);

	g_return_if_fail(entry != NULL);
	entry->failures++;
	if (entry->failures >= CS_CHALLENGES_MAX_FAILURES)
		table_remove(&challenges->challenges, entry);
}

/**
 * cs_challenges_begin_ahead:
 * @challenges: the memory
 * @transaction: id of a transaction that was found
 *
 * Counts a response whose signatures are verified before it is decided. Its peer may go before
 * that, which no failure counts; so one challenge does not buy more than this.
 *
 * Returns: %FALSE from the one after %CS_CHALLENGES_MAX_FAILURES on: what comes then is verified when
 *   it is decided, if at all
 */
gboolean
cs_challenges_begin_ahead(CsChallenges *challenges, const char *transaction)
{
	Entry *entry = g_hash_table_lookup(challenges->challenges.by_id, transaction);

	g_return_val_if_fail(entry != NULL, FALSE);
	if (entry->begun_ahead >= CS_CHALLENGES_MAX_FAILURES)
		return FALSE;
	entry->begun_ahead++;
	return TRUE;
}

/**
 * cs_challenges_add_nonce:
 * @challenges: the memory
 * @nonce: the nonce as sent
 * @expires_at: Unix seconds
 * @now: Unix seconds
 *
 * Remembers a nonce for enrolment, deletion or a device's question.
 *
 * Returns: %FALSE where there is no room, or it is there already
 */
gboolean
cs_challenges_add_nonce(CsChallenges *challenges, const char *nonce, gint64 expires_at, gint64 now)
{
	return table_add(&challenges->nonces, nonce, expires_at, now) != NULL;
}

/**
 * cs_challenges_take_nonce:
 * @challenges: the memory
 * @nonce: a nonce, from outside
 * @now: Unix seconds
 *
 * Takes a nonce out of the memory. That it was there says that the token which carries it was made
 * after it was handed out; not by whom.
 *
 * Returns: %FALSE where there is none such, or no longer
 */
gboolean
cs_challenges_take_nonce(CsChallenges *challenges, const char *nonce, gint64 now)
{
	Entry *entry = table_find(&challenges->nonces, nonce, now);

	if (entry == NULL)
		return FALSE;
	table_remove(&challenges->nonces, entry);
	return TRUE;
}

static guint
count(const Table *table, gint64 ends_after)
{
	guint n = 0;

	for (const GList *link = table->order.head; link != NULL; link = link->next) {
		const Entry *entry = link->data;

		n += entry->use == CS_CHALLENGE_OPEN && entry->forget_at > ends_after;
	}
	return n;
}

/**
 * cs_challenges_count_open:
 * @challenges: the memory
 * @now: Unix seconds
 *
 * Returns: challenges that nobody has answered and that have not expired
 */
guint
cs_challenges_count_open(const CsChallenges *challenges, gint64 now)
{
	return count(&challenges->challenges, now + CS_TOKEN_LEEWAY_S);
}

/**
 * cs_challenges_count_nonces:
 * @challenges: the memory
 * @now: Unix seconds
 *
 * Returns: nonces that are not used and not expired
 */
guint
cs_challenges_count_nonces(const CsChallenges *challenges, gint64 now)
{
	return count(&challenges->nonces, now);
}

static void
table_clear(Table *table)
{
	g_queue_init(&table->order); /* its links are in the entries */
	g_hash_table_remove_all(table->by_id);
}

/**
 * cs_challenges_forget:
 * @challenges: the memory; empty afterwards
 *
 * What is forgotten can never be answered, as over a restart.
 */
void
cs_challenges_forget(CsChallenges *challenges)
{
	table_clear(&challenges->challenges);
	table_clear(&challenges->nonces);
}
