/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Watches the main loop: how long this thread is away from it, from when it was woken until it waits
 * again. What counts is what the program does: the processor's time it takes, and the time it sleeps
 * anywhere but in the loop's own wait. Time for which it could have run and another process did is
 * not its own, nor is what the X server takes to answer GTK. */
typedef struct {
	gint64 own_us;	     /* what counts: blocked_us, and processor_us but for the allowance */
	gint64 processor_us; /* of this thread */
	gint64 blocked_us;   /* asleep: a file, a lock, a call that is waited for */
	gint64 preempted_us; /* others ran */
	gint64 display_us;   /* waiting for the X server */
	const char *where;   /* as last said */
} CsTestTurn;

/* From now on, on this thread, which runs the default main context. */
void cs_test_watchdog_start(void);
/* What comes now (lent), and how much of the processor's time does not count in it. */
void cs_test_watchdog_say(const char *where, gint64 allowance_us);
/* The longest turn since the start. */
CsTestTurn cs_test_watchdog_stop(void);
