/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/text.h"

#include "core/base/escape.h"
#include "core/base/json.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define COLUMN_GAP 2

static guint
count_newlines(const char *text)
{
	guint count = 0;

	for (; (text = strchr(text, '\n')); text++)
		count++;
	return count;
}

static glong
get_width(const char *text)
{
	glong width = 0;

	for (; *text; text = g_utf8_next_char(text)) {
		gunichar character = g_utf8_get_char(text);

		if (!g_unichar_iszerowidth(character))
			width += g_unichar_iswide(character) ? 2 : 1;
	}
	return width;
}

/* (transfer full): a member's value as a person reads it, escaped. */
static char *
member_to_text(const cJSON *object, const char *name)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
	g_autoptr(GString) joined = NULL;
	const cJSON *item;

	if (cJSON_IsBool(value))
		return g_strdup(cJSON_IsTrue(value) ? _("yes") : _("no"));
	if (cJSON_IsString(value))
		return cs_text_escape(value->valuestring, FALSE);
	if (cJSON_IsNumber(value))
		return g_strdup_printf("%.0f", value->valuedouble);
	if (!cJSON_IsArray(value))
		return g_strdup("-");
	joined = g_string_new(NULL);
	cJSON_ArrayForEach (item, value) {
		g_autofree char *text =
			cs_text_escape(cJSON_IsString(item) ? item->valuestring : "?", FALSE);

		g_string_append_printf(joined, "%s%s", joined->len > 0 ? ", " : "", text);
	}
	return g_strdup(joined->len > 0 ? joined->str : "-");
}

static void
append_padded(GString *out, const char *text, glong width)
{
	g_string_append(out, text);
	for (glong i = get_width(text); i < width; i++)
		g_string_append_c(out, ' ');
}

static void
append_row(GString *out, char *const *cells, const glong *widths, guint n_columns)
{
	for (guint i = 0; i + 1 < n_columns; i++)
		append_padded(out, cells[i], widths[i] + COLUMN_GAP);
	g_string_append(out, cells[n_columns - 1]);
	g_string_append_c(out, '\n');
}

static char **
make_row(const cJSON *object, const CsTextColumn *columns, guint n_columns)
{
	char **cells = g_new0(char *, n_columns + 1);

	for (guint i = 0; i < n_columns; i++)
		cells[i] = object ? member_to_text(object, columns[i].member)
				  : g_strdup(_(columns[i].title));
	return cells;
}

/**
 * cs_text_escape:
 * @text: text from anywhere, valid UTF-8 or not
 * @keep_newlines: whether line feeds stay
 *
 * Returns: (transfer full): valid UTF-8 in which control characters, and those that are invisible
 *   or change the direction of writing, are spelled out ("\x1b", "\u202e")
 */
char *
cs_text_escape(const char *text, gboolean keep_newlines)
{
	return cs_escape(text, keep_newlines);
}

/**
 * cs_text_format:
 * @format: our own format, in which line feeds are meant
 * @arguments: what goes into it, from anywhere
 *
 * An argument cannot add a line: where there are more line feeds than @format has, only one at the
 * very end stays.
 *
 * Returns: (transfer full): the text, escaped
 */
char *
cs_text_format(const char *format, va_list arguments)
{
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	g_autofree char *escaped = NULL;

	if (count_newlines(text) == count_newlines(format))
		return cs_text_escape(text, TRUE);
	if (g_str_has_suffix(format, "\n"))
		text[strlen(text) - 1] = '\0';
	escaped = cs_text_escape(text, FALSE);
	return g_strconcat(escaped, g_str_has_suffix(format, "\n") ? "\n" : "", NULL);
}

/**
 * cs_text_append_wrapped:
 * @out: what to append to
 * @paragraph: our own text; a line feed in it begins a new line
 * @indent: columns left free before each line
 * @width: columns to fill at most, @indent among them
 *
 * Breaks at spaces only; a longer word gets a line of its own.
 */
void
cs_text_append_wrapped(GString *out, const char *paragraph, guint indent, guint width)
{
	g_auto(GStrv) lines = g_strsplit(paragraph, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);
		glong column = 0;

		for (char **word = words; *word; word++) {
			glong length = get_width(*word);
			gboolean fits = column > 0 && column + 1 + length <= (glong)width;

			if (fits)
				g_string_append_c(out, ' ');
			else
				g_string_append_printf(out, "%s%*s", column > 0 ? "\n" : "",
						       (int)indent, "");
			g_string_append(out, *word);
			column = fits ? column + 1 + length : (glong)indent + length;
		}
		g_string_append_c(out, '\n');
	}
}

/**
 * cs_text_format_table:
 * @array: objects
 * @columns: which members, and their titles
 *
 * Returns: (transfer full): a line of titles and a line an object, aligned, escaped; "" for an
 *   empty @array
 */
char *
cs_text_format_table(const cJSON *array, const CsTextColumn *columns)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	g_autofree glong *widths = NULL;
	GString *out = g_string_new(NULL);
	guint n_columns = 0;
	const cJSON *object;

	while (columns[n_columns].member)
		n_columns++;
	widths = g_new0(glong, n_columns + 1);
	g_ptr_array_add(rows, make_row(NULL, columns, n_columns));
	cJSON_ArrayForEach (object, array)
		g_ptr_array_add(rows, make_row(object, columns, n_columns));
	for (guint i = 0; i < rows->len; i++) {
		for (guint j = 0; j < n_columns; j++)
			widths[j] = MAX(widths[j], get_width(((char **)rows->pdata[i])[j]));
	}
	for (guint i = 0; rows->len > 1 && i < rows->len; i++)
		append_row(out, rows->pdata[i], widths, n_columns);
	return g_string_free(out, FALSE);
}

/**
 * cs_text_format_fields:
 * @object: an object
 * @fields: which members, and their titles; absent ones are left out
 *
 * Returns: (transfer full): a line a member, aligned, escaped
 */
char *
cs_text_format_fields(const cJSON *object, const CsTextColumn *fields)
{
	GString *out = g_string_new(NULL);
	glong width = 0;

	for (const CsTextColumn *field = fields; field->member; field++)
		width = MAX(width, get_width(_(field->title)));
	for (const CsTextColumn *field = fields; field->member; field++) {
		g_autofree char *title = g_strconcat(_(field->title), ":", NULL);
		g_autofree char *value = NULL;

		if (!cJSON_HasObjectItem(object, field->member))
			continue;
		value = member_to_text(object, field->member);
		append_padded(out, title, width + 1 + COLUMN_GAP);
		g_string_append_printf(out, "%s\n", value);
	}
	return g_string_free(out, FALSE);
}
