/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Figures beside their limits, measured in turns in one run. A row that misses its target is
 * reported, never failed: machines are noisy, and a bench is no test. */
typedef void (*CsBenchCall)(gpointer data);

typedef struct {
	const char *name;
	CsBenchCall call;
	CsBenchCall prepare; /* (nullable): before each call, not measured */
} CsBenchSide;

/* Both sides in turns, `runs` of each after one for warmth; the medians' ratio against `target`
 * (0: none, only reported). Returns the ratio. */
double cs_bench_compare(const char *row,
			const CsBenchSide *side,
			const CsBenchSide *limit,
			gpointer data,
			guint runs,
			double target);
/* Microseconds a call, the median. */
double cs_bench_measure(const CsBenchSide *side, gpointer data, guint runs);
void cs_bench_say(const char *row, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* "row  name value, target x: pass"; goal 0: none, below 0: at least -goal, else at most goal. */
void cs_bench_say_goal(const char *row, const char *name, double value, double goal);
/* Sorts them. quantile: 0.5 is the median. */
double cs_bench_find_quantile(double *values, gsize count, double quantile);
