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

double
cs_bench_find_quantile(double *values, gsize count, double quantile)
{
	qsort(values, count, sizeof(double), compare_times);
	return values[MIN(count - 1, (gsize)((double)count * quantile))];
}

double
cs_bench_measure(const CsBenchSide *side, gpointer data, guint runs)
{
	g_autofree double *times = g_new(double, runs);

	run_once(side, data);
	for (guint run = 0; run < runs; run++)
		times[run] = run_once(side, data);
	return cs_bench_find_quantile(times, runs, 0.5);
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
	double us = cs_bench_find_quantile(sides, runs, 0.5);
	double limit_us = cs_bench_find_quantile(limits, runs, 0.5);
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

void
cs_bench_say_goal(const char *row, const char *name, double value, double goal)
{
	gboolean reached = goal < 0 ? value >= -goal : value <= goal;

	if (goal == 0)
		cs_bench_say(row, "%s %.2f", name, value);
	else
		cs_bench_say(row, "%s %.2f, target %.2f: %s", name, value, ABS(goal),
			     reached ? "pass" : "not reached");
}
