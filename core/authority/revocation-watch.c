/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-watch-private.h"

#define MAX_QUESTIONS 1024 /* waiting; more are asked again at their next sign-in */
#define LOOK_AGAIN_S  5	   /* at files, where nothing is due */
#define US_PER_S      G_GINT64_CONSTANT(1000000)

static void
wake(CsRevocationWatch *watch)
{
	g_async_queue_push(watch->wake, watch);
}

static void
fetched_cb(gpointer data)
{
	wake(data);
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
	watch->pool = cs_revocation_pool_new(fetched_cb, watch);
	return watch;
}

/**
 * cs_revocation_watch_free:
 * @watch: (nullable) (transfer full): a watch
 *
 * Ends its threads; a fetch under way is given up within a second.
 */
void
cs_revocation_watch_free(CsRevocationWatch *watch)
{
	if (watch == NULL)
		return;
	g_cancellable_cancel(watch->cancellable);
	wake(watch);
	g_clear_pointer(&watch->thread, g_thread_join);
	cs_revocation_pool_free(watch->pool);
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

/* ---- for both sides ---- */

/**
 * cs_revocation_watch_get_now:
 * @watch: a watch
 *
 * Returns: Unix seconds, by its clock
 */
gint64
cs_revocation_watch_get_now(const CsRevocationWatch *watch)
{
	return cs_clock_get_unix_s(&watch->clock);
}

/**
 * cs_revocation_watch_find_view:
 * @watch: a watch, under its mutex
 * @issuer: the fingerprint of the issuer's certificate
 *
 * Returns: (transfer full) (nullable): what is at hand of it
 */
CsRevocationView *
cs_revocation_watch_find_view(const CsRevocationWatch *watch, const char *issuer)
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
is_current(const CsRevocationWatch *watch, const CsRevocationView *view)
{
	for (guint i = 0; i < watch->rows->len; i++) {
		if (cs_issuer_row_equal(watch->rows->pdata[i], cs_revocation_view_get_row(view)))
			return TRUE;
	}
	return FALSE;
}

/**
 * cs_revocation_watch_keep_current:
 * @watch: a watch, under its mutex
 *
 * What answers by another choice than the administrator's of now answers no longer: until it is read
 * anew, nothing is known of that issuer.
 */
void
cs_revocation_watch_keep_current(CsRevocationWatch *watch)
{
	for (guint i = watch->views->len; i > 0; i--) {
		if (!is_current(watch, watch->views->pdata[i - 1]))
			g_ptr_array_remove_index_fast(watch->views, i - 1);
	}
}

/* ---- the thread ---- */

static void
wait_until_due(CsRevocationWatch *watch, gint64 due)
{
	gint64 wait_s = CLAMP(due - cs_revocation_watch_get_now(watch), 1, LOOK_AGAIN_S);

	g_async_queue_timeout_pop(watch->wake, (guint64)(wait_s * US_PER_S));
	while (g_async_queue_try_pop(watch->wake) != NULL)
		continue;
}

static gpointer
watch_thread_cb(gpointer data)
{
	CsRevocationWatch *watch = data;

	while (!g_cancellable_is_cancelled(watch->cancellable)) {
		gint64 due = cs_revocation_watch_work(watch);

		if (!cs_revocation_watch_has_more(watch) &&
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
	cs_revocation_watch_keep_current(watch);
	g_mutex_unlock(&watch->mutex);
	wake(watch);
	if (watch->thread != NULL || !has_work(rows))
		return;
	if (first) {
		cs_revocation_watch_load(watch, rows);
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
	view = cs_revocation_watch_find_view(watch, issuer);
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
