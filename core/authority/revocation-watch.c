/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-watch.h"

#include "core/authority/revocation-feed.h"
#include "core/authority/revocation-questions.h"

#define ROUNDS	      2	      /* what is wanted, and the delta CRLs that it points to */
#define MAX_QUESTIONS 1024    /* waiting; more are asked again at their next sign-in */
#define LOOK_AGAIN_S  5	      /* at files, where nothing is due */
#define KEPT_S	      2592000 /* 30 days without a fetch */
#define US_PER_S      G_GINT64_CONSTANT(1000000)

struct _CsRevocationWatch {
	char *folder;
	CsClock clock;
	GCancellable *cancellable; /* cancelled: the thread ends */
	GThread *thread;
	CsRevocationTold told; /* (nullable), before the thread */
	gpointer told_data;

	GPtrArray *feeds; /* (element-type CsRevocationFeed): the thread's, once there is one */
	guint64 stamp;	  /* of the store, likewise */

	GAsyncQueue *wake; /* anything in it: look at once */

	GMutex mutex;
	GPtrArray *rows;  /* (nullable) */
	gboolean changed; /* rows, the store or a file: to be loaded */
	gboolean loading; /* they are */
	GPtrArray *views; /* (element-type CsRevocationView) */
	CsRevocationQuestions *questions;
	GHashTable *used; /* fingerprints of certificates asked about, for the thread to note */
	guint64 seen_stamp;
};

static void
wake(CsRevocationWatch *watch)
{
	g_async_queue_push(watch->wake, watch);
}

static gint64
get_now(const CsRevocationWatch *watch)
{
	return cs_clock_get_unix_s(&watch->clock);
}

/**
 * cs_revocation_watch_new:
 * @folder: the authority's
 * @clock: the time; copied
 *
 * Returns: (transfer full): a watch over no issuer yet, without a thread
 */
CsRevocationWatch *
cs_revocation_watch_new(const char *folder, const CsClock *clock)
{
	CsRevocationWatch *watch = g_new0(CsRevocationWatch, 1);

	watch->folder = g_strdup(folder);
	watch->clock = *clock;
	watch->cancellable = g_cancellable_new();
	watch->feeds = g_ptr_array_new_with_free_func((GDestroyNotify)cs_revocation_feed_free);
	watch->views = g_ptr_array_new_with_free_func((GDestroyNotify)cs_revocation_view_unref);
	watch->questions = cs_revocation_questions_new(MAX_QUESTIONS);
	watch->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_mutex_init(&watch->mutex);
	watch->wake = g_async_queue_new();
	return watch;
}

/**
 * cs_revocation_watch_free:
 * @watch: (nullable) (transfer full): a watch
 *
 * Ends its thread; a fetch under way is given up within a second.
 */
void
cs_revocation_watch_free(CsRevocationWatch *watch)
{
	if (watch == NULL)
		return;
	g_cancellable_cancel(watch->cancellable);
	wake(watch);
	g_clear_pointer(&watch->thread, g_thread_join);
	cs_revocation_questions_free(watch->questions);
	g_hash_table_unref(watch->used);
	g_ptr_array_unref(watch->views);
	g_ptr_array_unref(watch->feeds);
	g_clear_pointer(&watch->rows, g_ptr_array_unref);
	g_object_unref(watch->cancellable);
	g_mutex_clear(&watch->mutex);
	g_async_queue_unref(watch->wake);
	g_free(watch->folder);
	g_free(watch);
}

/**
 * cs_revocation_watch_set_told:
 * @watch: a watch, before its first issuers
 * @told: called in its thread whenever an answer may be another than before; it must not block
 * @data: for @told
 *
 * For those who wait for what cs_revocation_watch_ask() has sent for.
 */
void
cs_revocation_watch_set_told(CsRevocationWatch *watch, CsRevocationTold told, gpointer data)
{
	watch->told = told;
	watch->told_data = data;
}

/* ---- the thread's work ---- */

static void
tell(const CsRevocationWatch *watch)
{
	if (watch->told != NULL)
		watch->told(watch->told_data);
}

/* Under the mutex. */
static gboolean
is_current(const CsRevocationWatch *watch, const CsRevocationView *view)
{
	for (guint i = 0; i < watch->rows->len; i++) {
		if (cs_issuer_row_equal(watch->rows->pdata[i], cs_revocation_view_get_row(view)))
			return TRUE;
	}
	return FALSE;
}

/* Under the mutex. What answers by another choice than the administrator's of now answers no
 * longer: until it is read anew, nothing is known of that issuer. */
static void
keep_current(CsRevocationWatch *watch)
{
	for (guint i = watch->views->len; i > 0; i--) {
		if (!is_current(watch, watch->views->pdata[i - 1]))
			g_ptr_array_remove_index_fast(watch->views, i - 1);
	}
}

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
	keep_current(watch);
	watch->seen_stamp = watch->stamp;
	g_mutex_unlock(&watch->mutex);
	g_ptr_array_unref(before);
}

/* Answers about certificates that nobody has shown for long are not kept for ever. */
static void
clean_store(const CsRevocationWatch *watch, GPtrArray *records)
{
	for (guint i = 0; i < records->len; i++) {
		const CsRevocationRecord *record = g_ptr_array_index(records, i);
		g_autoptr(GError) error = NULL;

		if (record->certificate != NULL &&
		    get_now(watch) - MAX(record->fetched_at, record->tried_at) > KEPT_S &&
		    !cs_revocation_store_delete(watch->folder, record, &error))
			g_debug("an old answer stays: %s", error->message);
	}
}

/* An issuer that is not asked about has no feed. */
static void
load(CsRevocationWatch *watch, GPtrArray *rows)
{
	guint64 stamp = cs_revocation_store_get_stamp(watch->folder);
	g_autoptr(GPtrArray) records = cs_revocation_store_list(watch->folder);

	clean_store(watch, records);
	g_ptr_array_set_size(watch->feeds, 0);
	for (guint i = 0; i < rows->len; i++) {
		const CsIssuerRow *row = g_ptr_array_index(rows, i);
		CsRevocationFeed *feed =
			row->revocation != NULL ? cs_revocation_feed_new(row, watch->folder) : NULL;

		if (feed == NULL)
			continue;
		cs_revocation_feed_load(feed, records, get_now(watch));
		g_ptr_array_add(watch->feeds, feed);
	}
	watch->stamp = stamp;
	publish(watch);
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

static void
show(CsRevocationWatch *watch)
{
	watch->stamp = cs_revocation_store_get_stamp(watch->folder);
	publish(watch);
}

/* Where one is taken. */
static void
settle(CsRevocationWatch *watch)
{
	g_mutex_lock(&watch->mutex);
	cs_revocation_questions_settle(watch->questions, get_now(watch));
	g_mutex_unlock(&watch->mutex);
	tell(watch);
}

/* What cannot be kept is still used. FALSE: the watch ends. */
static gboolean
fetch(CsRevocationWatch *watch, CsRevocationFeed *feed, const CsRevocationRecord *wanted)
{
	CsRevocationRecord *record =
		cs_revocation_feed_fetch(feed, wanted, get_now(watch), watch->cancellable);
	g_autoptr(GError) error = NULL;

	if (g_cancellable_is_cancelled(watch->cancellable)) {
		cs_revocation_record_free(record);
		return FALSE;
	}
	if (!cs_revocation_store_put(watch->folder, record, &error))
		g_debug("revocation is not kept: %s", error->message);
	cs_revocation_feed_take(feed, record, get_now(watch));
	return TRUE;
}

/* Under the mutex. */
static CsRevocationView *
find_view(const CsRevocationWatch *watch, const char *issuer)
{
	for (guint i = 0; i < watch->views->len; i++) {
		CsRevocationView *view = g_ptr_array_index(watch->views, i);

		if (g_str_equal(cs_revocation_view_get_issuer(view), issuer))
			return cs_revocation_view_ref(view);
	}
	return NULL;
}

/* Once what came has answered it, whoever waits need wait no longer. */
static void
settle_if_known(CsRevocationWatch *watch)
{
	const CsRevocationQuestion *question = cs_revocation_questions_get_taken(watch->questions);
	g_autoptr(CsRevocationView) view = NULL;
	CsRevocationAnswer answer;

	if (question == NULL)
		return;
	g_mutex_lock(&watch->mutex);
	view = find_view(watch, question->issuer);
	g_mutex_unlock(&watch->mutex);
	if (view == NULL) /* no longer an issuer that is asked about */
		return;
	cs_revocation_view_decide(view, question->certificate, get_now(watch), &answer);
	if (answer.status != CS_REVOCATION_UNKNOWN)
		settle(watch);
}

/* FALSE: the watch ends. */
static gboolean
fetch_wanted(CsRevocationWatch *watch, CsRevocationFeed *feed, GPtrArray *wanted)
{
	for (guint i = 0; i < wanted->len; i++) {
		if (!fetch(watch, feed, g_ptr_array_index(wanted, i)))
			return FALSE;
		show(watch);
		settle_if_known(watch);
	}
	return TRUE;
}

static gboolean
is_taken(const CsRevocationWatch *watch)
{
	return cs_revocation_questions_get_taken(watch->questions) != NULL;
}

static void
answer_question(CsRevocationWatch *watch, const CsRevocationQuestion *question)
{
	CsRevocationFeed *feed = find_feed(watch, question->issuer);
	g_autoptr(CsCertificate) certificate = cs_certificate_ref(question->certificate);

	settle_if_known(watch); /* by what came since it was asked */
	for (guint round = 0; feed != NULL && round < ROUNDS && is_taken(watch); round++) {
		g_autoptr(GPtrArray) wanted =
			cs_revocation_feed_list_wanted(feed, certificate, get_now(watch));

		if (!fetch_wanted(watch, feed, wanted))
			return;
	}
	settle(watch);
}

static void
load_anew(CsRevocationWatch *watch, GPtrArray *rows)
{
	load(watch, rows);
	g_mutex_lock(&watch->mutex);
	watch->loading = FALSE;
	cs_revocation_questions_reopen(watch->questions);
	g_mutex_unlock(&watch->mutex);
	tell(watch);
}

static gboolean
has_more(CsRevocationWatch *watch, gboolean outdated)
{
	gboolean more = FALSE;

	g_mutex_lock(&watch->mutex);
	watch->changed = watch->changed || outdated;
	more = watch->changed || !cs_revocation_questions_is_empty(watch->questions);
	g_mutex_unlock(&watch->mutex);
	return more;
}

/* Until a question is asked, which comes first. */
static void
fetch_list(CsRevocationWatch *watch, CsRevocationFeed *feed, GPtrArray *list)
{
	guint fetched = 0;

	while (fetched < list->len && !has_more(watch, FALSE) &&
	       fetch(watch, feed, g_ptr_array_index(list, fetched)))
		fetched++;
	if (fetched > 0)
		show(watch);
}

/* Returns when the next one is due. */
static gint64
fetch_due(CsRevocationWatch *watch)
{
	gint64 due = get_now(watch) + LOOK_AGAIN_S;

	for (guint i = 0; i < watch->feeds->len; i++) {
		CsRevocationFeed *feed = g_ptr_array_index(watch->feeds, i);
		g_autoptr(GPtrArray) list = cs_revocation_feed_list_due(feed, get_now(watch), &due);

		fetch_list(watch, feed, list);
	}
	return due;
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
						    get_now(watch));
	}
	g_hash_table_remove_all(watch->used);
}

/* One round: what changed, what was asked, what is due. Returns when the next is to be. */
static gint64
work(CsRevocationWatch *watch)
{
	g_autoptr(GPtrArray) rows = NULL;
	const CsRevocationQuestion *question;

	g_mutex_lock(&watch->mutex);
	if (watch->changed)
		rows = g_ptr_array_ref(watch->rows);
	watch->loading = watch->changed;
	watch->changed = FALSE;
	question = cs_revocation_questions_take(watch->questions);
	note_uses(watch);
	g_mutex_unlock(&watch->mutex);
	if (rows != NULL)
		load_anew(watch, rows);
	if (question != NULL) {
		answer_question(watch, question);
		return get_now(watch);
	}
	return fetch_due(watch);
}

static void
wait_until_due(CsRevocationWatch *watch, gint64 due)
{
	gint64 wait_s = CLAMP(due - get_now(watch), 1, LOOK_AGAIN_S);

	g_async_queue_timeout_pop(watch->wake, (guint64)(wait_s * US_PER_S));
	while (g_async_queue_try_pop(watch->wake) != NULL)
		continue;
}

static gpointer
watch_thread_cb(gpointer data)
{
	CsRevocationWatch *watch = data;

	while (!g_cancellable_is_cancelled(watch->cancellable)) {
		gint64 due = work(watch);

		if (!has_more(watch, is_outdated(watch)) &&
		    !g_cancellable_is_cancelled(watch->cancellable))
			wait_until_due(watch, due);
	}
	return NULL;
}

/* ---- the others' side ---- */

/* Somebody wants revocation to be asked for. */
static gboolean
has_work(const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++) {
		if (((const CsIssuerRow *)rows->pdata[i])->revocation != NULL)
			return TRUE;
	}
	return FALSE;
}

/**
 * cs_revocation_watch_set_issuers:
 * @watch: a watch
 * @rows: (element-type CsIssuerRow): the issuers as they are now; kept, and changed by nobody
 *
 * Cheap while the same array is given. Another choice counts from this call on: what was known of
 * such an issuer is unknown until it is read anew. The thread starts with the first issuer that needs it. The
 * first rows, given before anybody asks, are read at once, with what was kept of earlier runs; later
 * ones are the thread's to read, however large, and those who ask meanwhile may wait.
 */
void
cs_revocation_watch_set_issuers(CsRevocationWatch *watch, GPtrArray *rows)
{
	gboolean first = watch->rows == NULL;

	if (rows == watch->rows)
		return;
	g_mutex_lock(&watch->mutex);
	g_clear_pointer(&watch->rows, g_ptr_array_unref);
	watch->rows = g_ptr_array_ref(rows);
	watch->changed = TRUE;
	keep_current(watch);
	g_mutex_unlock(&watch->mutex);
	wake(watch);
	if (watch->thread != NULL || !has_work(rows))
		return;
	if (first) {
		load(watch, rows);
		watch->changed = FALSE;
	}
	watch->thread = g_thread_new("revocation", watch_thread_cb, watch);
}

/* Under the mutex. Without a thread nobody ever loads. */
static gboolean
is_loading(const CsRevocationWatch *watch)
{
	return watch->thread != NULL && (watch->changed || watch->loading);
}

/* Whether it may come. */
static gboolean
send_for(CsRevocationWatch *watch, const char *issuer, const CsCertificate *certificate, gint64 now)
{
	gboolean open = FALSE;

	g_mutex_lock(&watch->mutex);
	open = cs_revocation_questions_put(watch->questions, issuer, certificate, now);
	g_mutex_unlock(&watch->mutex);
	if (open)
		wake(watch);
	return open;
}

/* Another process has refreshed. Under the mutex. */
static gboolean
sees_change(CsRevocationWatch *watch)
{
	guint64 stamp = cs_revocation_store_get_stamp(watch->folder);

	if (stamp == watch->seen_stamp || watch->thread == NULL)
		return FALSE;
	watch->seen_stamp = stamp;
	watch->changed = TRUE;
	return TRUE;
}

/**
 * cs_revocation_watch_ask:
 * @watch: a watch
 * @issuer: the fingerprint of the issuer's certificate
 * @certificate: one that it has issued
 * @now: Unix seconds
 * @answer: (out): by what is at hand
 *
 * Where that is unknown, what the administrator allows is sent for. From one thread at a time.
 *
 * Returns: %TRUE where it is unknown and may soon be known: it is being read or fetched, and whoever
 *   set cs_revocation_watch_set_told() hears when to ask again; that it comes at all is not said
 */
gboolean
cs_revocation_watch_ask(CsRevocationWatch *watch,
			const char *issuer,
			const CsCertificate *certificate,
			gint64 now,
			CsRevocationAnswer *answer)
{
	g_autoptr(CsRevocationView) view = NULL;
	gboolean changed = FALSE;
	gboolean loading = FALSE;

	g_mutex_lock(&watch->mutex);
	changed = sees_change(watch);
	loading = is_loading(watch);
	view = find_view(watch, issuer);
	if (view != NULL)
		g_hash_table_add(watch->used,
				 g_strdup(cs_certificate_get_fingerprint(certificate)));
	g_mutex_unlock(&watch->mutex);
	if (changed)
		wake(watch);
	if (view == NULL) {
		cs_revocation_answer_set_unknown(answer, "crl-missing");
		return loading;
	}
	cs_revocation_view_decide(view, certificate, now, answer);
	if (answer->status != CS_REVOCATION_UNKNOWN)
		return FALSE;
	return send_for(watch, issuer, certificate, now) || loading;
}

/**
 * cs_revocation_watch_is_busy:
 * @watch: a watch
 * @fingerprint: of a certificate whose answer was unknown
 *
 * Returns: whether what could make it known is still being read or fetched; from the thread that
 *   asks
 */
gboolean
cs_revocation_watch_is_busy(CsRevocationWatch *watch, const char *fingerprint)
{
	gboolean busy = FALSE;

	g_mutex_lock(&watch->mutex);
	busy = is_loading(watch) || cs_revocation_questions_is_open(watch->questions, fingerprint);
	g_mutex_unlock(&watch->mutex);
	return busy;
}

/**
 * cs_revocation_watch_dup_views:
 * @watch: the watch
 *
 * Returns: (transfer full) (element-type CsRevocationView): what is at hand of each issuer, now
 */
GPtrArray *
cs_revocation_watch_dup_views(CsRevocationWatch *watch)
{
	GPtrArray *views = g_ptr_array_new_with_free_func((GDestroyNotify)cs_revocation_view_unref);

	g_mutex_lock(&watch->mutex);
	for (guint i = 0; i < watch->views->len; i++)
		g_ptr_array_add(views, cs_revocation_view_ref(watch->views->pdata[i]));
	g_mutex_unlock(&watch->mutex);
	return views;
}
