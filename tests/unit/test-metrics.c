/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/metrics.h"

#include <math.h>

static void
expect(GString *text, const char *wanted)
{
	g_assert_cmpstr(text->str, ==, wanted);
	g_string_free(text, TRUE);
}

static void
test_families(void)
{
	static const char *const labels[] = {"outcome", "ok", "reason", "managed", NULL};
	static const char *const none[] = {NULL};
	GString *text = g_string_new(NULL);

	cs_metrics_begin(text, "x_total", CS_METRICS_COUNTER, "How many.");
	cs_metrics_add(text, "x_total", labels, 3);
	cs_metrics_begin(text, "y", CS_METRICS_GAUGE, "How much.");
	cs_metrics_add(text, "y", NULL, 0.25);
	cs_metrics_add(text, "y", none, 9007199254740991.0);
	expect(text, "# HELP x_total How many.\n# TYPE x_total counter\n"
		     "x_total{outcome=\"ok\",reason=\"managed\"} 3\n"
		     "# HELP y How much.\n# TYPE y gauge\ny 0.25\ny 9.00719925474099e+15\n");
}

/* Whatever a value is, it stays one label on one line. */
static void
test_label_values(void)
{
	static const char *const labels[] = {"a", "q\"b\\n\nz\xff", NULL};
	GString *text = g_string_new(NULL);

	cs_metrics_add(text, "x", labels, -1);
	expect(text, "x{a=\"q\\\"b\\\\n\\nz\xef\xbf\xbd\"} -1\n");
}

static void
test_odd_values(void)
{
	GString *text = g_string_new(NULL);

	cs_metrics_add(text, "x", NULL, NAN);
	cs_metrics_add(text, "x", NULL, INFINITY);
	cs_metrics_add(text, "x", NULL, -INFINITY);
	expect(text, "x NaN\nx +Inf\nx -Inf\n");
}

/* A bound counts what is as large; buckets are cumulative, and the last is all there is. */
static void
test_histogram(void)
{
	static const double bounds[] = {0.5, 1, 10};
	static const char *const labels[] = {"route", "/", NULL};
	CsHistogram histogram;
	GString *text = g_string_new(NULL);

	cs_histogram_init(&histogram, bounds, G_N_ELEMENTS(bounds));
	cs_histogram_note(&histogram, 0.5);
	cs_histogram_note(&histogram, 0.75);
	cs_histogram_note(&histogram, 11);
	cs_metrics_add_histogram(text, "x", labels, &histogram);
	expect(text, "x_bucket{route=\"/\",le=\"0.5\"} 1\nx_bucket{route=\"/\",le=\"1\"} 2\n"
		     "x_bucket{route=\"/\",le=\"10\"} 2\nx_bucket{route=\"/\",le=\"+Inf\"} 3\n"
		     "x_sum{route=\"/\"} 12.25\nx_count{route=\"/\"} 3\n");
	text = g_string_new(NULL);
	cs_histogram_init(&histogram, bounds, 1);
	cs_metrics_add_histogram(text, "x", NULL, &histogram);
	expect(text, "x_bucket{le=\"0.5\"} 0\nx_bucket{le=\"+Inf\"} 0\nx_sum 0\nx_count 0\n");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/metrics/families", test_families);
	g_test_add_func("/metrics/label-values", test_label_values);
	g_test_add_func("/metrics/odd-values", test_odd_values);
	g_test_add_func("/metrics/histogram", test_histogram);
	return g_test_run();
}
