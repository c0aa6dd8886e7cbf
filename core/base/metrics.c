/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/metrics.h"

#include <math.h>

#define MAX_LABEL_WORDS 10 /* names and values */

static const char *const types[] = {
	[CS_METRICS_COUNTER] = "counter",
	[CS_METRICS_GAUGE] = "gauge",
	[CS_METRICS_HISTOGRAM] = "histogram",
};

/**
 * cs_metrics_begin:
 * @text: what is written so far
 * @name: the family's, with its unit: "countersign_commits_total"
 * @type: what kind of numbers they are
 * @help: what they say, one line
 *
 * Begins a family; its samples follow at once.
 */
void
cs_metrics_begin(GString *text, const char *name, CsMetricsType type, const char *help)
{
	g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

/* A backslash, a quotation mark and a line feed; whatever is no UTF-8 is replaced. */
static void
append_label(GString *text, const char *name, const char *value)
{
	g_autofree char *valid = g_utf8_make_valid(value, -1);

	g_string_append_printf(text, "%s=\"", name);
	for (const char *next = valid; *next != '\0'; next++) {
		if (*next == '\n')
			g_string_append(text, "\\n");
		else if (*next == '"' || *next == '\\')
			g_string_append_printf(text, "\\%c", *next);
		else
			g_string_append_c(text, *next);
	}
	g_string_append_c(text, '"');
}

static void
append_labels(GString *text, const char *const *labels)
{
	if (labels == NULL || labels[0] == NULL)
		return;
	for (guint i = 0; labels[i] != NULL; i += 2) {
		g_string_append_c(text, i == 0 ? '{' : ',');
		append_label(text, labels[i], labels[i + 1]);
	}
	g_string_append_c(text, '}');
}

/* The same in every language, and exactly what a reader makes of it again. */
static const char *
format_value(char buffer[G_ASCII_DTOSTR_BUF_SIZE], double value)
{
	if (isnan(value))
		return "NaN";
	if (isinf(value))
		return value > 0 ? "+Inf" : "-Inf";
	return g_ascii_formatd(buffer, G_ASCII_DTOSTR_BUF_SIZE, "%.15g", value);
}

/**
 * cs_metrics_add:
 * @text: what is written so far
 * @name: the family's
 * @labels: (nullable): pairs of name and value
 * @value: what it is now
 *
 * Adds a sample to the family that was begun last.
 */
void
cs_metrics_add(GString *text, const char *name, const char *const *labels, double value)
{
	char buffer[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(text, name);
	append_labels(text, labels);
	g_string_append_printf(text, " %s\n", format_value(buffer, value));
}

/**
 * cs_histogram_init:
 * @histogram: (out caller-allocates): empty afterwards
 * @bounds: rising upper bounds; kept, without the infinite one
 * @n_bounds: how many, at most %CS_HISTOGRAM_MAX_BOUNDS
 */
void
cs_histogram_init(CsHistogram *histogram, const double *bounds, guint n_bounds)
{
	*histogram =
		(CsHistogram){.bounds = bounds, .n_bounds = MIN(n_bounds, CS_HISTOGRAM_MAX_BOUNDS)};
}

/**
 * cs_histogram_note:
 * @histogram: a histogram
 * @value: counted in the first bucket whose bound is not below it
 */
void
cs_histogram_note(CsHistogram *histogram, double value)
{
	guint bucket = 0;

	histogram->total++;
	histogram->sum += value;
	while (bucket < histogram->n_bounds && value > histogram->bounds[bucket])
		bucket++;
	if (bucket < histogram->n_bounds)
		histogram->counts[bucket]++;
}

/**
 * cs_metrics_add_histogram:
 * @text: what is written so far
 * @name: the family's
 * @labels: (nullable): at most 5 pairs of name and value
 * @histogram: what was counted
 *
 * Adds a histogram's samples: cumulative buckets, sum and count.
 */
void
cs_metrics_add_histogram(GString *text,
			 const char *name,
			 const char *const *labels,
			 const CsHistogram *histogram)
{
	g_autofree char *bucket_name = g_strconcat(name, "_bucket", NULL);
	g_autofree char *sum_name = g_strconcat(name, "_sum", NULL);
	g_autofree char *count_name = g_strconcat(name, "_count", NULL);
	const char *with_bound[MAX_LABEL_WORDS + 3] = {NULL};
	char buffer[G_ASCII_DTOSTR_BUF_SIZE];
	guint64 cumulated = 0;
	guint n = 0;

	for (; labels != NULL && labels[n] != NULL && n < MAX_LABEL_WORDS; n++)
		with_bound[n] = labels[n];
	with_bound[n] = "le";
	for (guint i = 0; i < histogram->n_bounds; i++) {
		cumulated += histogram->counts[i];
		with_bound[n + 1] = format_value(buffer, histogram->bounds[i]);
		cs_metrics_add(text, bucket_name, with_bound, (double)cumulated);
	}
	with_bound[n + 1] = "+Inf";
	cs_metrics_add(text, bucket_name, with_bound, (double)histogram->total);
	cs_metrics_add(text, sum_name, labels, histogram->sum);
	cs_metrics_add(text, count_name, labels, (double)histogram->total);
}
