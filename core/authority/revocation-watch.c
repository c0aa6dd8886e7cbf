/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-watch.h"

#include "core/authority/revocation-feed.h"

#define MAX_QUESTIONS 1024    /* waiting; more are asked again at their next sign-in */
#define LOOK_AGAIN_S  5	      /* at files, where nothing is due */
#define KEPT_S	      2592000 /* 30 days without a fetch */
#define US_PER_S      G_GINT64_CONSTANT(1000000)

/* A certificate whose answer is unknown. */
typedef struct {
	char *issuer;
	CsCertificate *certificate;
} Question;

struct _CsRevocationWatch {
	char *folder;
	CsClock clock;
	GCancellable *cancellable; /* cancelled: the thread ends */
	GThread *thread;

	GPtrArray *feeds; /* (element-type CsRevocationFeed): the thread's, once there is one */
	guint64 stamp;	  /* of the store, likewise */

	GAsyncQueue *wake; /* anything in it: look at once */

	GMutex mutex;
	GPtrArray *rows;   /* (nullable) */
	gboolean changed;  /* rows, the store or a file: to be loaded */
	GPtrArray *views;  /* (element-type CsRevocationView) */
	GQueue *questions; /* (element-type Question) */
	GHashTable *used;  /* fingerprints of certificates asked about, for the thread to note */
	guint64 seen_stamp;
};

static void
question_free(Question *question)
{
	g_free(question->issuer);
	cs_certificate_unref(question->certificate);
	g_free(question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Question, question_free)

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
	watch->questions = g_queue_new();
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
	g_queue_free_full(watch->questions, (GDestroyNotify)question_free);
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

/* ---- the thread's work ---- */

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

/* What cannot be kept is still used. */
static void
fetch_all(CsRevocationWatch *watch, CsRevocationFeed *feed, GPtrArray *wanted)
{
	for (guint i = 0; i < wanted->len && !g_cancellable_is_cancelled(watch->cancellable); i++) {
		CsRevocationRecord *record = cs_revocation_feed_fetch(
			feed, g_ptr_array_index(wanted, i), get_now(watch), watch->cancellable);
		g_autoptr(GError) error = NULL;

		if (g_cancellable_is_cancelled(watch->cancellable)) {
			cs_revocation_record_free(record);
			return;
		}
		if (!cs_revocation_store_put(watch->folder, record, &error))
			g_debug("revocation is not kept: %s", error->message);
		cs_revocation_feed_take(feed, record, get_now(watch));
	}
	if (wanted->len > 0) {
		watch->stamp = cs_revocation_store_get_stamp(watch->folder);
		publish(watch);
	}
}

static void
answer_question(CsRevocationWatch *watch, const Question *question)
{
	CsRevocationFeed *feed = find_feed(watch, question->issuer);
	g_autoptr(GPtrArray) wanted = NULL;

	if (feed == NULL)
		return;
	wanted = cs_revocation_feed_list_wanted(feed, question->certificate, get_now(watch));
	fetch_all(watch, feed, wanted);
}

/* Returns when the next one is due. */
static gint64
fetch_due(CsRevocationWatch *watch)
{
	gint64 due = get_now(watch) + LOOK_AGAIN_S;

	for (guint i = 0; i < watch->feeds->len; i++) {
		CsRevocationFeed *feed = g_ptr_array_index(watch->feeds, i);
		g_autoptr(GPtrArray) list = cs_revocation_feed_list_due(feed, get_now(watch), &due);

		fetch_all(watch, feed, list);
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
	g_autoptr(Question) question = NULL;

	g_mutex_lock(&watch->mutex);
	if (watch->changed)
		rows = g_ptr_array_ref(watch->rows);
	watch->changed = FALSE;
	question = g_queue_pop_head(watch->questions);
	note_uses(watch);
	g_mutex_unlock(&watch->mutex);
	if (rows != NULL)
		load(watch, rows);
	if (question != NULL) {
		answer_question(watch, question);
		return get_now(watch);
	}
	return fetch_due(watch);
}

static gboolean
has_more(CsRevocationWatch *watch, gboolean outdated)
{
	gboolean more = FALSE;

	g_mutex_lock(&watch->mutex);
	watch->changed = watch->changed || outdated;
	more = watch->changed || !g_queue_is_empty(watch->questions);
	g_mutex_unlock(&watch->mutex);
	return more;
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
 * Cheap while the same array is given. The thread starts with the first issuer that needs it; what
 * was kept of earlier runs has been read by then, so that the first answers know of it.
 */
void
cs_revocation_watch_set_issuers(CsRevocationWatch *watch, GPtrArray *rows)
{
	if (rows == watch->rows)
		return;
	g_mutex_lock(&watch->mutex);
	g_clear_pointer(&watch->rows, g_ptr_array_unref);
	watch->rows = g_ptr_array_ref(rows);
	watch->changed = TRUE;
	g_mutex_unlock(&watch->mutex);
	wake(watch);
	if (watch->thread != NULL || !has_work(rows))
		return;
	load(watch, rows);
	watch->seen_stamp = watch->stamp;
	watch->changed = FALSE;
	watch->thread = g_thread_new("revocation", watch_thread_cb, watch);
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

/* Under the mutex. */
static gboolean
is_waiting(const CsRevocationWatch *watch, const CsCertificate *certificate)
{
	for (const GList *link = watch->questions->head; link != NULL; link = link->next) {
		if (((const Question *)link->data)->certificate == certificate)
			return TRUE;
	}
	return FALSE;
}

static void
send_for(CsRevocationWatch *watch, const char *issuer, const CsCertificate *certificate)
{
	Question *question = g_new0(Question, 1);

	question->issuer = g_strdup(issuer);
	question->certificate = cs_certificate_ref((CsCertificate *)certificate);
	g_mutex_lock(&watch->mutex);
	if (watch->questions->length < MAX_QUESTIONS && !is_waiting(watch, certificate))
		g_queue_push_tail(watch->questions, g_steal_pointer(&question));
	g_mutex_unlock(&watch->mutex);
	wake(watch);
	g_clear_pointer(&question, question_free);
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
 * Where that is unknown, what the administrator allows is sent for, and the next sign-in knows more.
 * From one thread at a time.
 */
void
cs_revocation_watch_ask(CsRevocationWatch *watch,
			const char *issuer,
			const CsCertificate *certificate,
			gint64 now,
			CsRevocationAnswer *answer)
{
	g_autoptr(CsRevocationView) view = NULL;
	gboolean changed = FALSE;

	g_mutex_lock(&watch->mutex);
	changed = sees_change(watch);
	view = find_view(watch, issuer);
	if (view != NULL)
		g_hash_table_add(watch->used,
				 g_strdup(cs_certificate_get_fingerprint(certificate)));
	g_mutex_unlock(&watch->mutex);
	if (changed)
		wake(watch);
	if (view == NULL) {
		cs_revocation_answer_set_unknown(answer, "crl-missing");
		return;
	}
	cs_revocation_view_decide(view, certificate, now, answer);
	if (answer->status == CS_REVOCATION_UNKNOWN)
		send_for(watch, issuer, certificate);
}
