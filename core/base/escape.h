/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Text from anywhere, made fit for a line that people read: nothing in it may move a cursor, forge
 * a line or hide. */
gboolean cs_escape_is_hidden(gunichar character);
char *cs_escape(const char *text, gboolean keep_newlines);
char *cs_escape_quoted(const char *text); /* for between two "; those are escaped, too */
