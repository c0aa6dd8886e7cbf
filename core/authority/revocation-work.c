/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-watch-private.h"

#define LOOK_AGAIN_S	5 /* at files, where nothing is due */
#define KEPT_UNWANTED_S 86400
#define KEPT_S		2592000 /* 30 days without a fetch */

static void
tell(const CsRevocationWatch *watch)
{
	if (watch->told != NULL)
		watch->told(watch->told_data);
}

/* ---- what is at hand ---- */

static void
publish(CsRevocationWatch *watch)
{
	g_autoptr(GPtrArray) views =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_revocation_view_unref);
	GPtrArray *before = NULL;

	for (guint i = 0; i < watch->feeds->len; i++)
		g_ptr_array_add(views, cs_revocation_feed_dup_view(watch->feeds->pdata[i]));
	g_mutex_lock(&watch->mutex);
	before = watch->views;
	watch->views = g_steal_pointer(&views);
	cs_revocation_watch_keep_current(watch);
	g_mutex_unlock(&watch->mutex);
	g_ptr_array_unref(before);
}

static gboolean
is_wanted(const CsRevocationWatch *watch, const CsRevocationRecord *record)
{
	for (guint i = 0; i < watch->feeds->len; i++) {
		if (cs_revocation_feed_may_use(watch->feeds->pdata[i], record))
			return TRUE;
	}
	return FALSE;
}

static gint64
find_last_try(const GPtrArray *records)
{
	gint64 last = 0;

	for (guint i = 0; i < records->len; i++) {
		const CsRevocationRecord *record = g_ptr_array_index(records, i);

		last = MAX(last, MAX(record->fetched_at, record->tried_at));
	}
	return last;
}

/* What nobody has fetched for long, and what no choice of the administrator's allows any longer, is
 * not kept for ever. Another process may know of a later choice, hence not at once. Beside the latest
 * try nothing is old: a clock that runs ahead throws nothing away. */
static void
clean_store(const CsRevocationWatch *watch, GPtrArray *records)
{
	gint64 now = MIN(cs_revocation_watch_get_now(watch), find_last_try(records));

	for (guint i = 0; i < records->len; i++) {
		const CsRevocationRecord *record = g_ptr_array_index(records, i);
		gint64 age_s = now - MAX(record->fetched_at, record->tried_at);
		g_autoptr(GError) error = NULL;

		if (age_s > (is_wanted(watch, record) ? KEPT_S : KEPT_UNWANTED_S) &&
		    !cs_revocation_store_delete(watch->folder, record, &error))
			g_debug("an old answer stays: %s", error->message);
	}
}

static CsRevocationFeed *
find_feed(const CsRevocationWatch *watch, const char *issuer)
{
	for (guint i = 0; i < watch->feeds->len; i++) {
		CsRevocationFeed *feed = g_ptr_array_index(watch->feeds, i);

		if (g_str_equal(cs_revocation_feed_get_row(feed)->fingerprint, issuer))
			return feed;
	}
	return NULL;
}

/**
 * cs_revocation_watch_load:
 * @watch: a watch
 * @rows: (element-type CsIssuerRow): the issuers
 *
 * Reads what was kept and the administrator's files, and publishes it. An issuer that is not asked
 * about has no feed.
 */
void
cs_revocation_watch_load(CsRevocationWatch *watch, GPtrArray *rows)
{
	g_autoptr(GPtrArray) records = NULL;
	g_autoptr(GPtrArray) feeds =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_revocation_feed_free);

	/* First: what is written while it is read is read once more. */
	watch->stamp = cs_revocation_store_get_stamp(watch->folder);
	g_mutex_lock(&watch->mutex);
	watch->seen_stamp = watch->stamp;
	g_mutex_unlock(&watch->mutex);
	records = cs_revocation_store_list(watch->folder);
	for (guint i = 0; i < rows->len; i++) {
		const CsIssuerRow *row = g_ptr_array_index(rows, i);
		CsRevocationFeed *feed =
			row->revocation != NULL ? cs_revocation_feed_new(row, watch->folder) : NULL;
		const CsRevocationFeed *before;

		if (feed == NULL)
			continue;
		before = find_feed(watch, row->fingerprint);
		if (before != NULL)
			cs_revocation_feed_inherit_uses(feed, before);
		cs_revocation_feed_load(feed, records, cs_revocation_watch_get_now(watch));
		g_ptr_array_add(feeds, feed);
	}
	g_ptr_array_unref(watch->feeds);
	watch->feeds = g_steal_pointer(&feeds);
	clean_store(watch, records);
	publish(watch);
}

/* ---- what comes ---- */

/* What cannot be kept is still used. FALSE: nothing has changed. */
static gboolean
take_in(CsRevocationWatch *watch, const CsRevocationErrand *errand)
{
	CsRevocationFeed *feed = find_feed(watch, errand->wanted->issuer);
	gint64 now = cs_revocation_watch_get_now(watch);
	g_autoptr(GError) error = NULL;
	CsRevocationRecord *record;

	/* The administrator may have chosen anew meanwhile. */
	if (feed == NULL || !cs_revocation_feed_may_use(feed, errand->wanted))
		return FALSE;
	if (errand->abandoned) {
		cs_revocation_feed_note_begun(feed, errand->wanted, now);
		return FALSE;
	}
	record = cs_revocation_feed_conclude(feed, errand, now);
	if (!cs_revocation_feed_take(feed, record, now))
		return FALSE;
	if (!cs_revocation_store_put(watch->folder, record, &error))
		g_debug("revocation is not kept: %s", error->message);
	return TRUE;
}

static void
settle(CsRevocationWatch *watch, const CsRevocationQuestion *question)
{
	g_mutex_lock(&watch->mutex);
	cs_revocation_questions_settle(watch->questions, question,
				       cs_revocation_watch_get_now(watch));
	g_mutex_unlock(&watch->mutex);
}

static gboolean
is_known(CsRevocationWatch *watch, const CsRevocationQuestion *question)
{
	g_autoptr(CsRevocationView) view = NULL;
	CsRevocationAnswer answer;

	g_mutex_lock(&watch->mutex);
	view = cs_revocation_watch_find_view(watch, question->issuer);
	g_mutex_unlock(&watch->mutex);
	if (view == NULL)
		return FALSE;
	cs_revocation_view_decide(view, question->certificate, cs_revocation_watch_get_now(watch),
				  &answer);
	return answer.status != CS_REVOCATION_UNKNOWN;
}

/* question: (nullable): who waits for it. */
static void
begin(CsRevocationWatch *watch,
      CsRevocationFeed *feed,
      GPtrArray *wanted,
      const CsRevocationQuestion *question)
{
	for (guint i = 0; i < wanted->len; i++) {
		const CsRevocationRecord *record = g_ptr_array_index(wanted, i);
		g_autoptr(CsRevocationErrand) errand = cs_revocation_feed_begin(feed, record);

		if (question != NULL && !cs_revocation_question_await(question, errand->key))
			continue;
		cs_revocation_feed_note_begun(feed, record, cs_revocation_watch_get_now(watch));
		cs_revocation_pool_put(watch->pool, g_steal_pointer(&errand), question != NULL);
	}
}

/* Once it is answered, or nothing more can come, whoever waits need wait no longer. What came may
 * point to more. */
static void
proceed(CsRevocationWatch *watch, const CsRevocationQuestion *question)
{
	CsRevocationFeed *feed = find_feed(watch, question->issuer);
	g_autoptr(GPtrArray) wanted = NULL;

	if (is_known(watch, question)) {
		settle(watch, question);
		return;
	}
	if (feed != NULL) {
		wanted = cs_revocation_feed_list_wanted(feed, question->certificate,
							cs_revocation_watch_get_now(watch));
		begin(watch, feed, wanted, question);
	}
	if (g_hash_table_size(question->awaits) == 0)
		settle(watch, question);
}

/* What was abandoned is not begun again at once: its host answers nobody. */
static void
hear(CsRevocationWatch *watch, const CsRevocationQuestion *question, GPtrArray *errands)
{
	gboolean concluded = FALSE;
	gboolean any = FALSE;

	for (guint i = 0; i < errands->len; i++) {
		const CsRevocationErrand *errand = g_ptr_array_index(errands, i);

		if (!g_hash_table_remove(question->awaits, errand->key))
			continue;
		any = TRUE;
		concluded = concluded || !errand->abandoned;
	}
	if (concluded)
		proceed(watch, question);
	else if (any && g_hash_table_size(question->awaits) == 0)
		settle(watch, question);
}

static void
collect(CsRevocationWatch *watch)
{
	g_autoptr(GPtrArray) errands =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_revocation_errand_free);
	const GPtrArray *taken = cs_revocation_questions_get_taken(watch->questions);
	CsRevocationErrand *errand;
	gboolean changed = FALSE;

	while ((errand = cs_revocation_pool_collect(watch->pool)) != NULL) {
		g_ptr_array_add(errands, errand);
		changed = take_in(watch, errand) || changed;
	}
	if (errands->len == 0)
		return;
	if (changed)
		publish(watch);
	for (guint i = taken->len; i > 0; i--)
		hear(watch, taken->pdata[i - 1], errands);
	tell(watch);
}

/* ---- what is asked, and what is due ---- */

static void
take_questions(CsRevocationWatch *watch)
{
	const CsRevocationQuestion *question = NULL;
	gboolean any = FALSE;

	do {
		g_mutex_lock(&watch->mutex);
		question = cs_revocation_questions_take(watch->questions);
		g_mutex_unlock(&watch->mutex);
		if (question != NULL)
			proceed(watch, question);
		any = any || question != NULL;
	} while (question != NULL);
	if (any)
		tell(watch);
}

/* Returns when the next one is due. */
static gint64
begin_due(CsRevocationWatch *watch)
{
	gint64 now = cs_revocation_watch_get_now(watch);
	gint64 due = now + LOOK_AGAIN_S;

	for (guint i = 0; i < watch->feeds->len; i++) {
		CsRevocationFeed *feed = g_ptr_array_index(watch->feeds, i);
		g_autoptr(GPtrArray) list = cs_revocation_feed_list_due(feed, now, &due);

		begin(watch, feed, list, NULL);
	}
	return due;
}

/* Under the mutex. */
static void
note_uses(CsRevocationWatch *watch)
{
	GHashTableIter iter;
	gpointer fingerprint;

	g_hash_table_iter_init(&iter, watch->used);
	while (g_hash_table_iter_next(&iter, &fingerprint, NULL)) {
		for (guint i = 0; i < watch->feeds->len; i++)
			cs_revocation_feed_note_use(watch->feeds->pdata[i], fingerprint,
						    cs_revocation_watch_get_now(watch));
	}
	g_hash_table_remove_all(watch->used);
}

static void
load_anew(CsRevocationWatch *watch, GPtrArray *rows)
{
	cs_revocation_watch_load(watch, rows);
	g_mutex_lock(&watch->mutex);
	watch->loading = FALSE;
	cs_revocation_questions_reopen(watch->questions);
	g_mutex_unlock(&watch->mutex);
	tell(watch);
}

/**
 * cs_revocation_watch_work:
 * @watch: a watch, in its thread
 *
 * What changed, what came, what was asked, what is due; nothing here waits for a network.
 *
 * Returns: when the next round is to be, Unix seconds
 */
gint64
cs_revocation_watch_work(CsRevocationWatch *watch)
{
	g_autoptr(GPtrArray) rows = NULL;

	g_mutex_lock(&watch->mutex);
	if (watch->changed)
		rows = g_ptr_array_ref(watch->rows);
	watch->loading = watch->changed;
	watch->changed = FALSE;
	note_uses(watch);
	g_mutex_unlock(&watch->mutex);
	if (rows != NULL)
		load_anew(watch, rows);
	collect(watch);
	take_questions(watch);
	return begin_due(watch);
}

static gboolean
is_outdated(const CsRevocationWatch *watch)
{
	if (cs_revocation_store_get_stamp(watch->folder) != watch->stamp)
		return TRUE;
	for (guint i = 0; i < watch->feeds->len; i++) {
		if (cs_revocation_feed_is_outdated(watch->feeds->pdata[i]))
			return TRUE;
	}
	return FALSE;
}

/**
 * cs_revocation_watch_has_more:
 * @watch: a watch, in its thread
 *
 * Returns: whether something has changed, or was asked, since the last round
 */
gboolean
cs_revocation_watch_has_more(CsRevocationWatch *watch)
{
	gboolean outdated = is_outdated(watch);
	gboolean more = FALSE;

	g_mutex_lock(&watch->mutex);
	watch->changed = watch->changed || outdated;
	more = watch->changed || !cs_revocation_questions_is_empty(watch->questions);
	g_mutex_unlock(&watch->mutex);
	return more;
}
