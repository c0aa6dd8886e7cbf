/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/signals.h"

#include <pthread.h>
#include <signal.h>

static int received; /* atomic; the first signal, for the exit code */

static void
make_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

/* The first signal asks; whoever sends a second will not wait. */
static gpointer
watch_thread_cb(gpointer data)
{
	g_autoptr(GCancellable) cancellable = data;
	sigset_t set;
	int number = 0;

	make_set(&set);
	while (sigwait(&set, &number) != 0)
		continue;
	g_atomic_int_set(&received, number);
	g_cancellable_cancel(cancellable);
	while (sigwait(&set, &number) != 0)
		continue;
	(void)signal(number, SIG_DFL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(number);
	return NULL;
}

/**
 * cs_signals_watch:
 * @cancellable: what the first SIGINT or SIGTERM cancels; a second one ends the process
 *
 * Blocks both signals in this thread, and so in all that it makes later, and waits for them in a
 * thread of its own. Call it once, before any other thread is made.
 */
void
cs_signals_watch(GCancellable *cancellable)
{
	sigset_t set;

	make_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	g_thread_unref(g_thread_new("signals", watch_thread_cb, g_object_ref(cancellable)));
}

/**
 * cs_signals_get_received:
 *
 * Returns: the number of the signal that cancelled, 0 where none came
 */
int
cs_signals_get_received(void)
{
	return g_atomic_int_get(&received);
}
