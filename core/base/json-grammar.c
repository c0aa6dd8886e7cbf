/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/json-grammar.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define DEPTH_MAX	  16
#define VALUES_MAX	  65536
#define NUMBER_LENGTH_MAX 40

/* Where we are, and which brackets have yet to close. */
typedef struct {
	const char *next;
	const char *end;
	guint depth;
	guint values;
	char closers[DEPTH_MAX];
} Scan;

static gboolean
set_malformed(GError **error, const char *what)
{
	cs_error_set(error, CS_ERROR_INVALID, NULL, _("malformed JSON: %s"), what);
	return FALSE;
}

static char
peek(const Scan *scan)
{
	return scan->next < scan->end ? *scan->next : '\0';
}

static gboolean
skip_char(Scan *scan, char wanted)
{
	if (peek(scan) != wanted)
		return FALSE;
	scan->next++;
	return TRUE;
}

static void
skip_white_space(Scan *scan)
{
	static const char spaces[] = {' ', '\t', '\r', '\n'};

	while (scan->next < scan->end && memchr(spaces, *scan->next, sizeof(spaces)) != NULL)
		scan->next++;
}

static gboolean
skip_digits(Scan *scan)
{
	const char *start = scan->next;

	while (g_ascii_isdigit(peek(scan)))
		scan->next++;
	return scan->next > start;
}

static gboolean
scan_number(Scan *scan, GError **error)
{
	const char *start = scan->next;
	gboolean good;

	skip_char(scan, '-');
	good = skip_char(scan, '0') || skip_digits(scan);
	if (good && skip_char(scan, '.'))
		good = skip_digits(scan);
	if (good && (skip_char(scan, 'e') || skip_char(scan, 'E'))) {
		if (!skip_char(scan, '+'))
			skip_char(scan, '-');
		good = skip_digits(scan);
	}
	if (!good || scan->next - start > NUMBER_LENGTH_MAX)
		return set_malformed(error, _("a number that is none"));
	return TRUE;
}

/* The four digits behind \u; -1 when they are not. */
static int
scan_code_unit(Scan *scan)
{
	int unit = 0;

	if (scan->end - scan->next < 4)
		return -1;
	for (guint i = 0; i < 4; i++) {
		int digit = g_ascii_xdigit_value(*scan->next++);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static gboolean
scan_escape(Scan *scan, GError **error)
{
	int unit;

	if (peek(scan) != '\0' && strchr("\"\\/bfnrt", *scan->next) != NULL) {
		scan->next++;
		return TRUE;
	}
	if (!skip_char(scan, 'u'))
		return set_malformed(error, _("an escape sequence that is none"));
	unit = scan_code_unit(scan);
	if (unit <= 0)
		return set_malformed(error, _("an escape sequence that is none"));
	if (unit < 0xd800 || unit > 0xdfff)
		return TRUE;
	if (unit > 0xdbff || !skip_char(scan, '\\') || !skip_char(scan, 'u'))
		return set_malformed(error, _("half a surrogate pair"));
	unit = scan_code_unit(scan);
	if (unit < 0xdc00 || unit > 0xdfff)
		return set_malformed(error, _("half a surrogate pair"));
	return TRUE;
}

static gboolean
scan_string(Scan *scan, GError **error)
{
	if (!skip_char(scan, '"'))
		return set_malformed(error, _("a string is expected"));
	while (scan->next < scan->end) {
		guchar character = (guchar)*scan->next++;

		if (character == '"')
			return TRUE;
		if (character < 0x20)
			return set_malformed(error, _("a control character in a string"));
		if (character == '\\' && !scan_escape(scan, error))
			return FALSE;
	}
	return set_malformed(error, _("a string without an end"));
}

static gboolean
scan_word(Scan *scan, GError **error)
{
	static const char *const words[] = {"true", "false", "null"};

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		gsize length = strlen(words[i]);

		if ((gsize)(scan->end - scan->next) >= length &&
		    memcmp(scan->next, words[i], length) == 0) {
			scan->next += length;
			return TRUE;
		}
	}
	return set_malformed(error, _("a value is expected"));
}

static gboolean
scan_member_name(Scan *scan, GError **error)
{
	skip_white_space(scan);
	if (!scan_string(scan, error))
		return FALSE;
	skip_white_space(scan);
	if (!skip_char(scan, ':'))
		return set_malformed(error, _("a colon is expected"));
	return TRUE;
}

/* Enters an object or array. *complete: it was empty, so it is a whole value already. */
static gboolean
scan_opening(Scan *scan, char closer, gboolean *complete, GError **error)
{
	if (scan->depth == DEPTH_MAX)
		return set_malformed(error, _("nested too deeply"));
	scan->next++;
	skip_white_space(scan);
	*complete = skip_char(scan, closer);
	if (*complete)
		return TRUE;
	scan->closers[scan->depth++] = closer;
	return closer == '}' ? scan_member_name(scan, error) : TRUE;
}

static gboolean
scan_value_start(Scan *scan, gboolean *complete, GError **error)
{
	char first;

	skip_white_space(scan);
	first = peek(scan);
	*complete = TRUE;
	if (++scan->values > VALUES_MAX)
		return set_malformed(error, _("too many values"));
	if (first == '{')
		return scan_opening(scan, '}', complete, error);
	if (first == '[')
		return scan_opening(scan, ']', complete, error);
	if (first == '"')
		return scan_string(scan, error);
	if (first == '-' || g_ascii_isdigit(first))
		return scan_number(scan, error);
	return scan_word(scan, error);
}

/* After a whole value: closes what closes, up to the comma before the next value or to the end. */
static gboolean
scan_value_end(Scan *scan, GError **error)
{
	while (scan->depth > 0) {
		char closer = scan->closers[scan->depth - 1];

		skip_white_space(scan);
		if (skip_char(scan, ',')) {
			if (closer == '}' && !scan_member_name(scan, error))
				return FALSE;
			return TRUE;
		}
		if (!skip_char(scan, closer))
			return set_malformed(error, _("a comma or a closing bracket is expected"));
		scan->depth--;
	}
	return TRUE;
}

/**
 * cs_json_check_grammar:
 * @text: (nullable): JSON text, not necessarily NUL-terminated
 * @length: its bytes
 * @error: %CS_ERROR_INVALID
 *
 * The strict reading that cs_json_parse() promises, short of duplicate members and the range of
 * numbers: those need decoded values. One pass, no recursion, no allocation.
 *
 * Returns: FALSE where the text is anything else than one JSON value.
 */
gboolean
cs_json_check_grammar(const char *text, gsize length, GError **error)
{
	Scan scan = {text};
	gboolean complete;

	if (length == 0 || !g_utf8_validate_len(text, length, NULL))
		return set_malformed(error, _("not UTF-8 text"));
	scan.end = text + length;
	do {
		if (!scan_value_start(&scan, &complete, error))
			return FALSE;
		if (complete && !scan_value_end(&scan, error))
			return FALSE;
	} while (scan.depth > 0);
	skip_white_space(&scan);
	if (scan.next != scan.end)
		return set_malformed(error, _("something behind the value"));
	return TRUE;
}
