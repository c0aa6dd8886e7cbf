/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

/* SIGINT and SIGTERM as a cancellable. Before any other thread is made. */
void cs_signals_watch(GCancellable *cancellable);
int cs_signals_get_received(void); /* 0: none */
