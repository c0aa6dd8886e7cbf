/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Threads that work ahead of the one that needs the result. That one works too, instead of waiting,
 * so that with no thread at all the same happens, later. */
typedef struct _CsWorkers CsWorkers;
typedef struct _CsWork CsWork;

typedef void (*CsWorkFunction)(gpointer data);

CsWorkers *cs_workers_new(guint n_threads);
/* After all that was begun has been finished. */
void cs_workers_free(CsWorkers *workers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsWorkers, cs_workers_free)

/* data: nobody else's until cs_work_finish(). */
CsWork *cs_workers_begin(CsWorkers *workers, CsWorkFunction function, gpointer data);
/* Returns once the function has; frees. */
void cs_work_finish(CsWork *work);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsWork, cs_work_finish)
