/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/clean-text.h"

/* Control characters drive a terminal; format characters (direction overrides among them) make a
 * text look like another. */
static gboolean
is_shown(gunichar character)
{
	switch ((int)g_unichar_type(character)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return FALSE;
	default:
		return TRUE;
	}
}

/**
 * cs_clean_text:
 * @text: (nullable): bytes that claim to be UTF-8
 * @max_characters: how many characters may be left
 *
 * Drops control and format characters and the space around, and cuts what is too long. Two texts
 * that differ may still look alike.
 *
 * Returns: (transfer full) (nullable): valid UTF-8, or %NULL where nothing is left
 */
char *
cs_clean_text(const char *text, gsize max_characters)
{
	g_autofree char *valid = g_utf8_make_valid(text == NULL ? "" : text, -1);
	g_autoptr(GString) clean = g_string_new(NULL);
	gsize n_characters = 0;

	g_strstrip(valid);
	for (const char *next = valid; *next != '\0' && n_characters < max_characters;
	     next = g_utf8_next_char(next)) {
		gunichar character = g_utf8_get_char(next);

		if (!is_shown(character))
			continue;
		g_string_append_unichar(clean, character);
		n_characters++;
	}
	g_strstrip(clean->str);
	return clean->str[0] == '\0' ? NULL : g_strdup(clean->str);
}
