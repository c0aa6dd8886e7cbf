/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/escape.h"

#include <string.h>

/**
 * cs_escape_is_hidden:
 * @character: a character
 *
 * Returns: whether it is a control character, or one of the invisible ones that reorder what a
 *   person reads
 */
gboolean
cs_escape_is_hidden(gunichar character)
{
	switch ((int)g_unichar_type(character)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_UNASSIGNED:
		return TRUE;
	default:
		return FALSE;
	}
}

static char *
escape(const char *text, const char *kept, const char *marked)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *out = g_string_new(NULL);

	for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar character = g_utf8_get_char(at);
		gboolean is_ascii = character < 0x80;

		if (is_ascii && strchr(marked, (int)character) != NULL)
			g_string_append_printf(out, "\\%c", (char)character);
		else if (!cs_escape_is_hidden(character) ||
			 (is_ascii && strchr(kept, (int)character) != NULL))
			g_string_append_unichar(out, character);
		else
			g_string_append_printf(out, is_ascii ? "\\x%02x" : "\\u%04x", character);
	}
	return g_string_free(out, FALSE);
}

/**
 * cs_escape:
 * @text: text from anywhere, valid UTF-8 or not
 * @keep_newlines: whether line feeds stay
 *
 * Returns: (transfer full): valid UTF-8 in which control characters, and those that are invisible
 *   or change the direction of writing, are spelled out ("\x1b", "\u202e")
 */
char *
cs_escape(const char *text, gboolean keep_newlines)
{
	return escape(text, keep_newlines ? "\n" : "", "");
}

/**
 * cs_escape_quoted:
 * @text: text from anywhere, valid UTF-8 or not
 *
 * Returns: (transfer full): as cs_escape(), and quotation marks and backslashes have a backslash
 *   before them, so that what is written between quotation marks ends at the second one
 */
char *
cs_escape_quoted(const char *text)
{
	return escape(text, "", "\"\\");
}
