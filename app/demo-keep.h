/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "app/demo-stage.h"

/* What the demo leaves to its user: a folder, and commands to go on by hand. */
gboolean cs_demo_folder_is_free(const char *path); /* not there yet, or empty */
void cs_demo_print_commands(CsDemoStage *stage, CsDemoDevice *const *devices, gsize device_count);
void cs_demo_wait_until_cancelled(GCancellable *cancellable);
