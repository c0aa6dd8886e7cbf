/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/metrics.h"
#include "core/protocol/reason.h"

#include <glib.h>

/* What the service counts of its own work, since it began: kept by its files, shown by
 * service-metrics.c. */
typedef struct _CsServiceCounts CsServiceCounts;

CsServiceCounts *cs_service_counts_new(void);
void cs_service_counts_free(CsServiceCounts *counts);

/* route: (nullable) static. status 0: never answered. */
void cs_service_counts_note_request(CsServiceCounts *counts,
				    const char *route,
				    guint status,
				    gint64 duration_us);
/* Of a turn under way: it counts when that is kept. */
void
cs_service_counts_note_decision(CsServiceCounts *counts, gboolean authenticated, CsReason reason);
/* parts: requests that shared it. */
void cs_service_counts_note_commit(CsServiceCounts *counts,
				   gboolean kept,
				   guint parts,
				   gint64 duration_us);
/* jump_s: above 0: forwards. */
void cs_service_counts_note_jump(CsServiceCounts *counts, gint64 jump_s);
void cs_service_counts_write(const CsServiceCounts *counts, GString *text);
