/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Prometheus' text format, version 0.0.4: a family is begun once, then come its samples. */
#define CS_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef enum {
	CS_METRICS_COUNTER,
	CS_METRICS_GAUGE,
	CS_METRICS_HISTOGRAM,
} CsMetricsType;

/* name, help: ours; help is one line. */
void cs_metrics_begin(GString *text, const char *name, CsMetricsType type, const char *help);
/* labels (nullable): pairs of a name, which is ours, and a value, from anywhere; NULL-terminated. */
void cs_metrics_add(GString *text, const char *name, const char *const *labels, double value);

#define CS_HISTOGRAM_MAX_BOUNDS 16

/* How many values were at most so large. */
typedef struct {
	const double *bounds; /* rising; static */
	guint n_bounds;
	guint64 counts[CS_HISTOGRAM_MAX_BOUNDS]; /* each of its own bucket alone */
	guint64 total;
	double sum;
} CsHistogram;

void cs_histogram_init(CsHistogram *histogram, const double *bounds, guint n_bounds);
void cs_histogram_note(CsHistogram *histogram, double value);
/* At most 5 pairs of labels. */
void cs_metrics_add_histogram(GString *text,
			      const char *name,
			      const char *const *labels,
			      const CsHistogram *histogram);
