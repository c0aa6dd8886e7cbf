/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/workers.h"

typedef enum {
	STATE_WAITING, /* in the queue */
	STATE_RUNNING,
	STATE_DONE,
} State;

struct _CsWork {
	GList link; /* in the queue */
	CsWorkers *workers;
	CsWorkFunction function;
	gpointer data;
	State state;
};

struct _CsWorkers {
	GMutex mutex; /* of all below, and of every work's state */
	GCond wanted; /* there is something in the queue, or it is over */
	GCond done;   /* something has been done */
	GQueue queue; /* of CsWork, waiting */
	gboolean over;
	GPtrArray *threads;
};

/* Under the mutex, which is let go of meanwhile. */
static void
run(CsWorkers *workers, CsWork *work)
{
	g_queue_unlink(&workers->queue, &work->link);
	work->state = STATE_RUNNING;
	g_mutex_unlock(&workers->mutex);
	work->function(work->data);
	g_mutex_lock(&workers->mutex);
	work->state = STATE_DONE;
	g_cond_broadcast(&workers->done);
}

static gpointer
work_thread_cb(gpointer data)
{
	CsWorkers *workers = data;

	g_mutex_lock(&workers->mutex);
	while (!workers->over) {
		CsWork *first = g_queue_peek_head(&workers->queue);

		if (first != NULL)
			run(workers, first);
		else
			g_cond_wait(&workers->wanted, &workers->mutex);
	}
	g_mutex_unlock(&workers->mutex);
	return NULL;
}

/**
 * cs_workers_new:
 * @n_threads: how many there are beside those that call cs_work_finish(); 0 is fine
 *
 * Returns: (transfer full): idle workers
 */
CsWorkers *
cs_workers_new(guint n_threads)
{
	CsWorkers *workers = g_new0(CsWorkers, 1);

	g_mutex_init(&workers->mutex);
	g_cond_init(&workers->wanted);
	g_cond_init(&workers->done);
	workers->threads = g_ptr_array_new();
	for (guint i = 0; i < n_threads; i++)
		g_ptr_array_add(workers->threads, g_thread_new("worker", work_thread_cb, workers));
	return workers;
}

/**
 * cs_workers_free:
 * @workers: (nullable) (transfer full): workers, all of whose work has been finished
 *
 * Ends their threads.
 */
void
cs_workers_free(CsWorkers *workers)
{
	if (workers == NULL)
		return;
	g_mutex_lock(&workers->mutex);
	workers->over = TRUE;
	g_cond_broadcast(&workers->wanted);
	g_mutex_unlock(&workers->mutex);
	for (guint i = 0; i < workers->threads->len; i++)
		g_thread_join(g_ptr_array_index(workers->threads, i));
	g_ptr_array_unref(workers->threads);
	g_mutex_clear(&workers->mutex);
	g_cond_clear(&workers->wanted);
	g_cond_clear(&workers->done);
	g_free(workers);
}

/**
 * cs_workers_begin:
 * @workers: workers
 * @function: what is to be done, in whatever thread
 * @data: for @function; nobody else touches it before cs_work_finish() has returned
 *
 * Any thread. What is begun first is taken up first.
 *
 * Returns: (transfer full): the work, which must be finished
 */
CsWork *
cs_workers_begin(CsWorkers *workers, CsWorkFunction function, gpointer data)
{
	CsWork *work = g_new0(CsWork, 1);

	work->link.data = work;
	work->workers = workers;
	work->function = function;
	work->data = data;
	g_mutex_lock(&workers->mutex);
	g_queue_push_tail_link(&workers->queue, &work->link);
	g_cond_signal(&workers->wanted);
	g_mutex_unlock(&workers->mutex);
	return work;
}

/**
 * cs_work_finish:
 * @work: (nullable) (transfer full): work that was begun; once
 *
 * Returns when its function has returned. Where nobody has taken it up this thread does it; where
 * somebody is at it this thread does what else waits meanwhile. What @function wrote can then be read.
 */
void
cs_work_finish(CsWork *work)
{
	CsWorkers *workers;

	if (work == NULL)
		return;
	workers = work->workers;
	g_mutex_lock(&workers->mutex);
	while (work->state != STATE_DONE) {
		CsWork *next =
			work->state == STATE_WAITING ? work : g_queue_peek_head(&workers->queue);

		if (next != NULL)
			run(workers, next);
		else
			g_cond_wait(&workers->done, &workers->mutex);
	}
	g_mutex_unlock(&workers->mutex);
	g_free(work);
}
