/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <cjson/cJSON.h>
#include <glib.h>

/* Text for people: nothing that comes from outside may move the cursor or forge a line. */
char *cs_text_escape(const char *text, gboolean keep_newlines);
char *cs_text_format(const char *format, va_list arguments) G_GNUC_PRINTF(1, 0);
void cs_text_append_wrapped(GString *out, const char *paragraph, guint indent, guint width);

/* A table with a column per member of the objects of an array. */
typedef struct {
	const char *member; /* NULL ends the list */
	const char *title;  /* N_() */
} CsTextColumn;
char *cs_text_format_table(const cJSON *array, const CsTextColumn *columns);
/* "title: value" lines of one object. */
char *cs_text_format_fields(const cJSON *object, const CsTextColumn *fields);
