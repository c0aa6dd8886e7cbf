/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/measure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int
compare_times(gconstpointer a, gconstpointer b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static double
run_once(const CsBenchSide *side, gpointer data)
{
	if (side->prepare != NULL)
		side->prepare(data);
	gint64 began = g_get_monotonic_time();
	side->call(data);
	return (double)(g_get_monotonic_time() - began);
}

static double
find_median(double *times, guint count)
{
	qsort(times, count, sizeof(double), compare_times);
	return times[count / 2];
}

double
cs_bench_measure(const CsBenchSide *side, gpointer data, guint runs)
{
	g_autofree double *times = g_new(double, runs);

	run_once(side, data);
	for (guint run = 0; run < runs; run++)
		times[run] = run_once(side, data);
	return find_median(times, runs);
}

double
cs_bench_compare(const char *row,
		 const CsBenchSide *side,
		 const CsBenchSide *limit,
		 gpointer data,
		 guint runs,
		 double target)
{
	g_autofree double *sides = g_new(double, runs);
	g_autofree double *limits = g_new(double, runs);

	run_once(limit, data);
	run_once(side, data);
	for (guint run = 0; run < runs; run++) {
		limits[run] = run_once(limit, data);
		sides[run] = run_once(side, data);
	}
	double us = find_median(sides, runs);
	double limit_us = find_median(limits, runs);
	double ratio = us / limit_us;
	printf("%-38s %11.1f us | %-38s %11.1f us | ratio %7.3f", row, us, limit->name, limit_us,
	       ratio);
	if (target > 0)
		printf(", target %5.2f: %s", target, ratio <= target ? "pass" : "not reached");
	printf("\n");
	(void)fflush(stdout);
	return ratio;
}

void
cs_bench_say(const char *row, const char *format, ...)
{
	va_list arguments;

	printf("%-38s ", row);
	va_start(arguments, format);
	(void)vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	(void)fflush(stdout);
}
