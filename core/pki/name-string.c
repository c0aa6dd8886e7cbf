/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/name-string.h"

#include <string.h>

#define CS_DER_NUMERIC_STRING 0x12
#define CS_DER_VISIBLE_STRING 0x1a
#define ASCII_FIRST_PRINTABLE 0x20
#define ASCII_LAST_PRINTABLE  0x7e

typedef struct {
	gunichar first;
	gunichar last;
} CharacterRange;

/* RFC 4518 section 2.2: mapped to nothing. Sorted. */
static const CharacterRange mapped_to_nothing[] = {
	{0x0000, 0x0008}, {0x000e, 0x001f},   {0x007f, 0x0084},	  {0x0086, 0x009f},
	{0x00ad, 0x00ad}, {0x034f, 0x034f},   {0x06dd, 0x06dd},	  {0x070f, 0x070f},
	{0x1806, 0x1806}, {0x180b, 0x180e},   {0x200b, 0x200f},	  {0x202a, 0x202e},
	{0x2060, 0x2063}, {0x206a, 0x206f},   {0xfe00, 0xfe0f},	  {0xfeff, 0xfeff},
	{0xfff9, 0xfffc}, {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f},
};

/* The same section: mapped to a space. Sorted. */
static const CharacterRange mapped_to_space[] = {
	{0x0009, 0x000d}, {0x0020, 0x0020}, {0x0085, 0x0085}, {0x00a0, 0x00a0}, {0x1680, 0x1680},
	{0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

static gboolean
is_within(gunichar character, const CharacterRange *ranges, gsize count)
{
	for (gsize i = 0; i < count && ranges[i].first <= character; i++) {
		if (character <= ranges[i].last)
			return TRUE;
	}
	return FALSE;
}

/* ---- out of the encodings ---- */

static gboolean
decode_utf8(CsDer contents, GString *text)
{
	/* A NUL inside is refused here, too. */
	if (contents.length > 0 &&
	    !g_utf8_validate_len((const char *)contents.data, contents.length, NULL))
		return FALSE;
	g_string_append_len(text, (const char *)contents.data, (gssize)contents.length);
	return TRUE;
}

static gboolean
decode_ascii(CsDer contents, GString *text)
{
	for (gsize i = 0; i < contents.length; i++) {
		if (contents.data[i] >= 0x80)
			return FALSE;
	}
	return decode_utf8(contents, text);
}

static gboolean
append_character(GString *text, gunichar character)
{
	if (character == 0 || !g_unichar_validate(character))
		return FALSE;
	g_string_append_unichar(text, character);
	return TRUE;
}

/* T.61 as everybody has used it: ISO 8859-1. */
static gboolean
decode_latin1(CsDer contents, GString *text)
{
	for (gsize i = 0; i < contents.length; i++) {
		if (!append_character(text, contents.data[i]))
			return FALSE;
	}
	return TRUE;
}

/* UCS-2 has no surrogates: they fail as characters do that are none. */
static gboolean
decode_bmp(CsDer contents, GString *text)
{
	if (contents.length % 2 != 0)
		return FALSE;
	for (gsize i = 0; i < contents.length; i += 2) {
		const guint8 *at = contents.data + i;
		if (!append_character(text, (gunichar)at[0] << 8 | at[1]))
			return FALSE;
	}
	return TRUE;
}

static gboolean
decode_universal(CsDer contents, GString *text)
{
	if (contents.length % 4 != 0)
		return FALSE;
	for (gsize i = 0; i < contents.length; i += 4) {
		const guint8 *at = contents.data + i;
		gunichar character = (gunichar)at[0] << 24 | (gunichar)at[1] << 16 |
				     (gunichar)at[2] << 8 | at[3];
		if (!append_character(text, character))
			return FALSE;
	}
	return TRUE;
}

typedef gboolean (*StringDecoder)(CsDer contents, GString *text);

static const struct {
	guint8 tag;
	StringDecoder decode;
} decoders[] = {
	{CS_DER_UTF8_STRING, decode_utf8},     {CS_DER_PRINTABLE_STRING, decode_ascii},
	{CS_DER_IA5_STRING, decode_ascii},     {CS_DER_TELETEX_STRING, decode_latin1},
	{CS_DER_BMP_STRING, decode_bmp},       {CS_DER_UNIVERSAL_STRING, decode_universal},
	{CS_DER_NUMERIC_STRING, decode_ascii}, {CS_DER_VISIBLE_STRING, decode_ascii},
};

/**
 * cs_name_string_decode:
 * @tag: the value's tag
 * @contents: its contents
 * @text: appended to
 *
 * A PrintableString may hold any ASCII character, not only its own: such names exist and mean the
 * same. A NUL is valid in none.
 *
 * Returns: FALSE where the tag is no string's or the octets are not valid in it; @text is then as
 *   before
 */
gboolean
cs_name_string_decode(guint8 tag, CsDer contents, GString *text)
{
	gsize before = text->len;

	for (gsize i = 0; i < G_N_ELEMENTS(decoders); i++) {
		if (decoders[i].tag != tag)
			continue;
		if (decoders[i].decode(contents, text))
			return TRUE;
		g_string_truncate(text, before);
		return FALSE;
	}
	return FALSE;
}

/* ---- comparison ---- */

/* White space at both ends goes, inside it becomes one space (RFC 4518 section 2.6.1, but without
 * the spaces that it adds to every string alike). */
static void
append_collapsed(GString *folded, const char *text)
{
	gboolean space_due = FALSE;
	gsize start = folded->len;

	for (; *text != '\0'; text++) {
		if (*text == ' ') {
			space_due = folded->len > start;
			continue;
		}
		if (space_due)
			g_string_append_c(folded, ' ');
		space_due = FALSE;
		g_string_append_c(folded, *text);
	}
}

static gboolean
is_plain(guint8 tag, CsDer contents)
{
	if (tag != CS_DER_UTF8_STRING && tag != CS_DER_PRINTABLE_STRING && tag != CS_DER_IA5_STRING)
		return FALSE;
	for (gsize i = 0; i < contents.length; i++) {
		if (contents.data[i] < ASCII_FIRST_PRINTABLE ||
		    contents.data[i] > ASCII_LAST_PRINTABLE)
			return FALSE;
	}
	return TRUE;
}

/* Nearly every name in the world; the same answer as the long way. */
static void
fold_plain(CsDer contents, GString *folded)
{
	gboolean space_due = FALSE;
	gsize start = folded->len;

	for (gsize i = 0; i < contents.length; i++) {
		char character = (char)contents.data[i];
		if (character == ' ') {
			space_due = folded->len > start;
			continue;
		}
		if (space_due)
			g_string_append_c(folded, ' ');
		space_due = FALSE;
		g_string_append_c(folded, g_ascii_tolower(character));
	}
}

static char *
map_characters(const char *text)
{
	GString *mapped = g_string_new(NULL);

	for (; *text != '\0'; text = g_utf8_next_char(text)) {
		gunichar character = g_utf8_get_char(text);
		if (is_within(character, mapped_to_nothing, G_N_ELEMENTS(mapped_to_nothing)))
			continue;
		if (is_within(character, mapped_to_space, G_N_ELEMENTS(mapped_to_space)))
			character = ' ';
		g_string_append_unichar(mapped, character);
	}
	return g_string_free(mapped, FALSE);
}

/**
 * cs_name_string_fold:
 * @tag: the value's tag
 * @contents: its contents
 * @folded: appended to
 *
 * RFC 4518's preparation with case ignored, as RFC 5280 section 7.1 asks: characters mapped,
 * NFKC, case folded, NFKC again (folding may undo it), white space trimmed and collapsed. Code
 * points that the RFC prohibits are compared like any other.
 *
 * Returns: FALSE where the tag is no string's or the octets are not valid in it
 */
gboolean
cs_name_string_fold(guint8 tag, CsDer contents, GString *folded)
{
	if (is_plain(tag, contents)) {
		fold_plain(contents, folded);
		return TRUE;
	}
	g_autoptr(GString) text = g_string_new(NULL);
	if (!cs_name_string_decode(tag, contents, text))
		return FALSE;
	g_autofree char *mapped = map_characters(text->str);
	g_autofree char *normal = g_utf8_normalize(mapped, -1, G_NORMALIZE_NFKC);
	g_autofree char *lower = g_utf8_casefold(normal, -1);
	g_autofree char *again = g_utf8_normalize(lower, -1, G_NORMALIZE_NFKC);
	append_collapsed(folded, again);
	return TRUE;
}
