/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Start at login: an entry of our own in the user's autostart folder (XDG Autostart). */
gboolean cs_autostart_get(const char *config_home);
gboolean cs_autostart_set(const char *config_home, gboolean start, GError **error);
