/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* cJSON is lax: it lets raw control characters, "01", \u0000 and text behind the value through. So
 * this looks first, and cJSON only ever sees what RFC 8259 allows. For json.c alone. */
gboolean cs_json_check_grammar(const char *text, gsize length, GError **error);
