/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/clock.h"
#include "core/base/event.h"

/* The log: what happened on this device, or in this server, for whoever is asked to help. Written by
 * the one writer function that GLib has, in whatever thread something happens. */
typedef struct _CsLog CsLog;

/* Once a process, before any thread is made; it lives as long as the process. */
CsLog *cs_log_install(const CsClock *clock);
/* From now on events are kept. state_folder: the client's. */
void cs_log_open(CsLog *log, const char *state_folder, CsEventLevel level);
/* The same for the server's. folder: the log's own; NULL: standard error. */
void cs_log_open_for_server(CsLog *log, const char *folder);
gboolean cs_log_is_open(CsLog *log);
