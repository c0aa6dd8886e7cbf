/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

gboolean cs_random_bytes(guint8 *data, gsize length, GError **error);
/* An id of `length` characters out of [a-z2-7], 5 bits each; 16 for everything that is stored. */
char *cs_random_id(gsize length, GError **error);
char *cs_random_base64url(gsize length_bytes, GError **error);
