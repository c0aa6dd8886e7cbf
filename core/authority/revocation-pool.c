/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-pool.h"

#define MAX_THREADS 8 /* hosts that are talked to at a time */

typedef struct {
	char *name;
	GQueue urgent; /* of CsRevocationErrand */
	GQueue due;
	gboolean busy;
	guint64 turn; /* when it was talked to last, counted */
} Host;

struct _CsRevocationPool {
	CsRevocationFetched fetched;
	gpointer data;
	GCancellable *cancellable;
	GThreadPool *threads;

	GMutex mutex;
	GHashTable *hosts; /* name, lent, to Host */
	GHashTable *keys;  /* of errands not collected, owned by these */
	GQueue done;	   /* of CsRevocationErrand */
	guint running;
	guint64 turn;
};

static void
host_free(Host *host)
{
	g_queue_clear_full(&host->urgent, (GDestroyNotify)cs_revocation_errand_free);
	g_queue_clear_full(&host->due, (GDestroyNotify)cs_revocation_errand_free);
	g_free(host->name);
	g_free(host);
}

static Host *
ensure_host(CsRevocationPool *pool, const char *name)
{
	Host *host = g_hash_table_lookup(pool->hosts, name);

	if (host != NULL)
		return host;
	host = g_new0(Host, 1);
	host->name = g_strdup(name);
	g_queue_init(&host->urgent);
	g_queue_init(&host->due);
	g_hash_table_insert(pool->hosts, host->name, host);
	return host;
}

static gboolean
goes_before(const Host *a, const Host *b)
{
	gboolean a_urgent = a->urgent.length > 0, b_urgent = b->urgent.length > 0;

	return a_urgent != b_urgent ? a_urgent : a->turn < b->turn;
}

/* Under the mutex. Whoever has something urgent, then whoever had no turn for longest. */
static Host *
choose_host(CsRevocationPool *pool)
{
	GHashTableIter iter;
	gpointer value;
	Host *chosen = NULL;

	g_hash_table_iter_init(&iter, pool->hosts);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Host *host = value;

		if (!host->busy && host->urgent.length + host->due.length > 0 &&
		    (chosen == NULL || goes_before(host, chosen)))
			chosen = host;
	}
	return chosen;
}

/* Under the mutex. */
static void
start_ready(CsRevocationPool *pool)
{
	Host *host;

	while (pool->running < MAX_THREADS && !g_cancellable_is_cancelled(pool->cancellable) &&
	       (host = choose_host(pool)) != NULL) {
		CsRevocationErrand *errand = g_queue_pop_head(&host->urgent);

		if (errand == NULL)
			errand = g_queue_pop_head(&host->due);
		host->busy = TRUE;
		host->turn = ++pool->turn;
		pool->running++;
		g_thread_pool_push(pool->threads, errand, NULL);
	}
}

/* Under the mutex. */
static void
abandon_all(CsRevocationPool *pool, GQueue *queue)
{
	CsRevocationErrand *errand;

	while ((errand = g_queue_pop_head(queue)) != NULL) {
		errand->abandoned = TRUE;
		g_queue_push_tail(&pool->done, errand);
	}
}

/* Under the mutex. */
static void
finish(CsRevocationPool *pool, CsRevocationErrand *errand)
{
	Host *host = g_hash_table_lookup(pool->hosts, errand->host);

	g_queue_push_tail(&pool->done, errand);
	if (cs_revocation_errand_met_nobody(errand)) {
		abandon_all(pool, &host->urgent);
		abandon_all(pool, &host->due);
	}
	pool->running--;
	host->busy = FALSE;
	if (host->urgent.length + host->due.length == 0)
		g_hash_table_remove(pool->hosts, host->name);
}

static void
run_thread_cb(gpointer errand, gpointer data)
{
	CsRevocationPool *pool = data;

	cs_revocation_errand_run(errand, pool->cancellable);
	g_mutex_lock(&pool->mutex);
	finish(pool, errand);
	start_ready(pool);
	g_mutex_unlock(&pool->mutex);
	pool->fetched(pool->data);
}

/**
 * cs_revocation_pool_new:
 * @fetched: called in a thread of the pool whenever there is something to collect
 * @data: for @fetched
 *
 * Returns: (transfer full): a pool without an errand
 */
CsRevocationPool *
cs_revocation_pool_new(CsRevocationFetched fetched, gpointer data)
{
	CsRevocationPool *pool = g_new0(CsRevocationPool, 1);

	pool->fetched = fetched;
	pool->data = data;
	pool->cancellable = g_cancellable_new();
	pool->threads = g_thread_pool_new(run_thread_cb, pool, MAX_THREADS, FALSE, NULL);
	g_mutex_init(&pool->mutex);
	pool->hosts =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)host_free);
	pool->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_queue_init(&pool->done);
	return pool;
}

/**
 * cs_revocation_pool_free:
 * @pool: (transfer full): a pool
 *
 * What is under way is given up within a second; what waits, at once.
 */
void
cs_revocation_pool_free(CsRevocationPool *pool)
{
	/* Between another thread's look at it and its push, that push would be into what is freed. */
	g_mutex_lock(&pool->mutex);
	g_cancellable_cancel(pool->cancellable);
	g_mutex_unlock(&pool->mutex);
	g_thread_pool_free(pool->threads, FALSE, TRUE);
	g_queue_clear_full(&pool->done, (GDestroyNotify)cs_revocation_errand_free);
	g_hash_table_unref(pool->hosts);
	g_hash_table_unref(pool->keys);
	g_object_unref(pool->cancellable);
	g_mutex_clear(&pool->mutex);
	g_free(pool);
}

static int
has_other_key(gconstpointer errand, gconstpointer key)
{
	return g_strcmp0(((const CsRevocationErrand *)errand)->key, key);
}

/* Under the mutex. Somebody waits now for what was only due. */
static void
hurry(CsRevocationPool *pool, const CsRevocationErrand *errand)
{
	Host *host = g_hash_table_lookup(pool->hosts, errand->host);
	GList *link =
		host != NULL ? g_queue_find_custom(&host->due, errand->key, has_other_key) : NULL;

	if (link == NULL)
		return;
	g_queue_unlink(&host->due, link);
	g_queue_push_tail_link(&host->urgent, link);
}

/**
 * cs_revocation_pool_put:
 * @pool: a pool
 * @errand_taken: (transfer full): what to do
 * @urgent: a sign-in waits for it
 *
 * At most eight hosts are talked to at a time, each in one thread. Where one answers nothing within
 * its time, or cannot be connected to, all that waits for it is abandoned.
 *
 * Returns: %FALSE where the same errand is in the pool already; where it waits there, it is as
 *   urgent as the more urgent of the two
 */
gboolean
cs_revocation_pool_put(CsRevocationPool *pool, CsRevocationErrand *errand_taken, gboolean urgent)
{
	g_autoptr(CsRevocationErrand) errand = errand_taken;
	gboolean added = FALSE;

	g_mutex_lock(&pool->mutex);
	if (!g_hash_table_contains(pool->keys, errand->key)) {
		Host *host = ensure_host(pool, errand->host);

		g_hash_table_add(pool->keys, g_strdup(errand->key));
		g_queue_push_tail(urgent ? &host->urgent : &host->due, g_steal_pointer(&errand));
		start_ready(pool);
		added = TRUE;
	} else if (urgent) {
		hurry(pool, errand);
	}
	g_mutex_unlock(&pool->mutex);
	return added;
}

/**
 * cs_revocation_pool_collect:
 * @pool: a pool
 *
 * Returns: (transfer full) (nullable): an errand that was run or abandoned; it may be put again
 */
CsRevocationErrand *
cs_revocation_pool_collect(CsRevocationPool *pool)
{
	CsRevocationErrand *errand;

	g_mutex_lock(&pool->mutex);
	errand = g_queue_pop_head(&pool->done);
	if (errand != NULL)
		g_hash_table_remove(pool->keys, errand->key);
	g_mutex_unlock(&pool->mutex);
	return errand;
}
