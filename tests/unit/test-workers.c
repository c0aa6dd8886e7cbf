/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/workers.h"

#define MANY 2000

static void
count_cb(gpointer data)
{
	(*(guint *)data)++;
}

/* Each is done once, by whomever, and seen to be done by the one that finishes it, in any order. */
static void
test_each_once(gconstpointer n_threads)
{
	g_autoptr(CsWorkers) workers = cs_workers_new(GPOINTER_TO_UINT(n_threads));
	g_autofree guint *counts = g_new0(guint, MANY);
	g_autofree CsWork **works = g_new(CsWork *, MANY);

	for (guint i = 0; i < MANY; i++)
		works[i] = cs_workers_begin(workers, count_cb, &counts[i]);
	for (guint i = 1; i < MANY; i += 2) {
		cs_work_finish(works[i]);
		g_assert_cmpuint(counts[i], ==, 1);
	}
	for (guint i = MANY; i > 0; i -= 2) {
		cs_work_finish(works[i - 2]);
		g_assert_cmpuint(counts[i - 2], ==, 1);
	}
}

typedef struct {
	GMutex mutex;
	GCond cond;
	gboolean first_runs;
	gboolean second_ran;
	GThread *second_thread;
} Pair;

/* Does not return before the other has. */
static void
first_cb(gpointer data)
{
	Pair *pair = data;

	g_mutex_lock(&pair->mutex);
	pair->first_runs = TRUE;
	g_cond_broadcast(&pair->cond);
	while (!pair->second_ran)
		g_cond_wait(&pair->cond, &pair->mutex);
	g_mutex_unlock(&pair->mutex);
}

static void
second_cb(gpointer data)
{
	Pair *pair = data;

	g_mutex_lock(&pair->mutex);
	pair->second_ran = TRUE;
	pair->second_thread = g_thread_self();
	g_cond_broadcast(&pair->cond);
	g_mutex_unlock(&pair->mutex);
}

/* The one thread is busy with what is waited for: who waits does the other work, or nobody would. */
static void
test_waiting_is_working(void)
{
	g_autoptr(CsWorkers) workers = cs_workers_new(1);
	Pair pair = {0};
	CsWork *first = NULL;
	CsWork *second = NULL;

	g_mutex_init(&pair.mutex);
	g_cond_init(&pair.cond);
	first = cs_workers_begin(workers, first_cb, &pair);
	g_mutex_lock(&pair.mutex);
	while (!pair.first_runs)
		g_cond_wait(&pair.cond, &pair.mutex);
	g_mutex_unlock(&pair.mutex);
	second = cs_workers_begin(workers, second_cb, &pair);
	cs_work_finish(first);
	g_assert_true(pair.second_thread == g_thread_self());
	cs_work_finish(second);
	g_mutex_clear(&pair.mutex);
	g_cond_clear(&pair.cond);
}

static void
test_nothing(void)
{
	cs_work_finish(NULL);
	cs_workers_free(NULL);
	cs_workers_free(cs_workers_new(3));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/workers/no-thread", GUINT_TO_POINTER(0), test_each_once);
	g_test_add_data_func("/workers/one-thread", GUINT_TO_POINTER(1), test_each_once);
	g_test_add_data_func("/workers/four-threads", GUINT_TO_POINTER(4), test_each_once);
	g_test_add_func("/workers/waiting-is-working", test_waiting_is_working);
	g_test_add_func("/workers/nothing", test_nothing);
	return g_test_run();
}
