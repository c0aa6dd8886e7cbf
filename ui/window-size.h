/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gtk/gtk.h>

/* The window's size, from one run to the next. path: a GKeyFile; one that cannot be read or written
 * costs no more than the default size. */
void cs_window_size_restore(GtkWindow *window, const char *path);
/* From now on, until the window is destroyed. */
void cs_window_size_follow(GtkWindow *window, const char *path);
