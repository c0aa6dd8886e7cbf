/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Time arrives as an argument, so that a test can replace it. */
typedef struct {
	gint64 (*get_unix_s)(gpointer data);
	gint64 (*get_monotonic_us)(gpointer data);
	gpointer data;
} CsClock;

const CsClock *cs_clock_get_system(void);
gint64 cs_clock_get_unix_s(const CsClock *clock);
gint64 cs_clock_get_monotonic_us(const CsClock *clock);

/* Where the two clocks stood; zeroed: nobody has looked yet. */
typedef struct {
	gint64 ahead_us; /* the wall's of the monotonic one */
	gboolean is_set;
} CsClockMark;

/* By how many seconds the clock was set since the last look; 0: less than 5. */
gint64 cs_clock_find_jump(const CsClock *clock, CsClockMark *mark);

/* "2026-11-22T18:19:08Z": UTC, whole seconds. */
char *cs_time_format_rfc3339(gint64 time_unix_s);
gboolean cs_time_parse_rfc3339(const char *text, gint64 *time_unix_s, GError **error);
/* "3 minutes ago", translated; for people. */
char *cs_time_format_age(gint64 time_unix_s, gint64 now_unix_s);
/* In how many seconds it says something else; 1 or more. */
gint64 cs_time_get_age_change_s(gint64 time_unix_s, gint64 now_unix_s);
