/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/pem.h"

#include <openssl/crypto.h>
#include <string.h>

#define BEGIN		"-----BEGIN "
#define END		"-----END "
#define DASHES		"-----"
#define LINE_CHARACTERS 64
#define GROUP		4 /* characters that make 3 bytes */
#define NO_DIGIT	(-1)

/* ---- blocks ---- */

/* All that is looked for begins with a dash, which base64 has none of: so the next dash is nearly
 * always it, and a dash is found many characters at a time. */
static const char *
find(const char *text, gsize length, const char *what)
{
	gsize wanted = strlen(what);

	while (length >= wanted) {
		const char *at = memchr(text, '-', length - wanted + 1);
		if (at == NULL)
			return NULL;
		if (memcmp(at, what, wanted) == 0)
			return at;
		length -= (gsize)(at - text) + 1;
		text = at + 1;
	}
	return NULL;
}

static gsize
up_to(const char *from, const char *until)
{
	return (gsize)(until - from);
}

/* The END line with the label of the BEGIN line; another label ends nothing. */
static const char *
find_end(const char *text, gsize length, const CsPemBlock *block)
{
	const char *past = text + length;
	const char *at = text;

	while ((at = find(at, up_to(at, past), END)) != NULL) {
		const char *label = at + strlen(END);
		gsize left = up_to(label, past);
		if (left >= block->label_length + strlen(DASHES) &&
		    memcmp(label, block->label, block->label_length) == 0 &&
		    memcmp(label + block->label_length, DASHES, strlen(DASHES)) == 0)
			return at;
		at = label;
	}
	return NULL;
}

/**
 * cs_pem_next:
 * @text: (inout): what is left; moved behind the block
 * @length: (inout): how much of it
 * @block: (out): the block, lent from the text
 *
 * A block whose END line is missing is none, and neither is one that begins within it: a file
 * that breaks off holds only what came before.
 *
 * Returns: FALSE where there is no further whole block
 */
gboolean
cs_pem_next(const char **text, gsize *length, CsPemBlock *block)
{
	const char *begin = find(*text, *length, BEGIN);

	if (begin == NULL)
		return FALSE;
	const char *past = *text + *length;
	block->label = begin + strlen(BEGIN);
	const char *dashes = find(block->label, up_to(block->label, past), DASHES);
	if (dashes == NULL)
		return FALSE;
	block->label_length = up_to(block->label, dashes);
	block->body = dashes + strlen(DASHES);
	const char *end = find_end(block->body, up_to(block->body, past), block);
	if (end == NULL)
		return FALSE;
	block->body_length = up_to(block->body, end);
	*text = end + strlen(END) + block->label_length + strlen(DASHES);
	*length = up_to(*text, past);
	return TRUE;
}

/**
 * cs_pem_is:
 * @block: a block
 * @label: a label, such as "CERTIFICATE"
 *
 * Returns: whether it is the block's, exactly
 */
gboolean
cs_pem_is(const CsPemBlock *block, const char *label)
{
	return strlen(label) == block->label_length &&
	       memcmp(label, block->label, block->label_length) == 0;
}

/* ---- base64 ---- */

/* The digits' values; one look-up a character is what makes the scan of a big folder cheap. It is
 * not constant in time, as no common PEM reader is. */
#define A(first) first, first + 1, first + 2, first + 3, first + 4, first + 5, first + 6, first + 7
#define NO8	 NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT
static const gint8 digits[256] = {
	NO8, NO8, NO8, NO8, NO8,
	/* ( ) * + , - . / */
	NO_DIGIT, NO_DIGIT, NO_DIGIT, 62, NO_DIGIT, NO_DIGIT, NO_DIGIT, 63,
	/* 0 to 9, six others */
	A(52), 60, 61, NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT, NO_DIGIT,
	/* @, A to Z, five others */
	NO_DIGIT, 0, 1, 2, 3, 4, 5, 6, A(7), A(15), 23, 24, 25, NO_DIGIT, NO_DIGIT, NO_DIGIT,
	NO_DIGIT, NO_DIGIT,
	/* `, a to z, five others */
	NO_DIGIT, 26, 27, 28, 29, 30, 31, 32, A(33), A(41), 49, 50, 51, NO_DIGIT, NO_DIGIT,
	NO_DIGIT, NO_DIGIT, NO_DIGIT,
	/* past ASCII */
	NO8, NO8, NO8, NO8, NO8, NO8, NO8, NO8, NO8, NO8, NO8, NO8, NO8, NO8, NO8, NO8};

static gboolean
is_space(guint8 character)
{
	return character == '\n' || character == '\r' || character == ' ' || character == '\t';
}

/* Four characters, or fewer at the end, white space passed over. Returns how many. */
static gsize
next_group(const guint8 **text, const guint8 *past, guint8 group[GROUP])
{
	gsize count = 0;

	while (*text < past && count < GROUP) {
		guint8 character = *(*text)++;
		if (!is_space(character))
			group[count++] = character;
	}
	return count;
}

/* The last group, with one or two '='; only white space may follow it. Returns the bytes made, 0
 * where it is malformed. */
static gsize
decode_padded(const guint8 group[GROUP], const guint8 *text, const guint8 *past, guint8 *out)
{
	guint8 rest[GROUP];
	gint8 first = digits[group[0]], second = digits[group[1]], third = digits[group[2]];

	if (next_group(&text, past, rest) != 0 || group[3] != '=' || first == NO_DIGIT ||
	    second == NO_DIGIT)
		return 0;
	out[0] = (guint8)(first << 2 | second >> 4);
	if (group[2] == '=')
		return (second & 0x0f) == 0 ? 1 : 0;
	if (third == NO_DIGIT || (third & 0x03) != 0)
		return 0;
	out[1] = (guint8)(second << 4 | third >> 2);
	return 2;
}

static gboolean
decode_group(const guint8 *text, guint8 *out)
{
	/* Six bits a digit; what is none is negative, and sets the highest bits. */
	guint32 bits = (guint32)digits[text[0]] << 18 | (guint32)digits[text[1]] << 12 |
		       (guint32)digits[text[2]] << 6 | (guint32)digits[text[3]];

	if (bits >> 24 != 0)
		return FALSE;
	out[0] = (guint8)(bits >> 16);
	out[1] = (guint8)(bits >> 8);
	out[2] = (guint8)bits;
	return TRUE;
}

/* Returns the bytes made, 0 where it is malformed or empty. `out` has room for 3 a group. */
static gsize
decode_body(const guint8 *text, const guint8 *past, guint8 *out)
{
	guint8 group[GROUP];
	gsize made = 0;

	while (text < past) {
		if (past - text >= GROUP && decode_group(text, out + made)) {
			text += GROUP;
			made += 3;
			continue;
		}
		gsize count = next_group(&text, past, group);
		if (count == 0)
			break;
		if (count != GROUP)
			return 0;
		if (decode_group(group, out + made)) {
			made += 3;
			continue;
		}
		gsize last = decode_padded(group, text, past, out + made);
		return last > 0 ? made + last : 0;
	}
	return made;
}

/**
 * cs_pem_decode:
 * @block: a block
 * @length: (out): how many bytes
 *
 * RFC 7468's base64: white space anywhere, padding only where it is due and always there, no
 * stray bits, no header lines.
 *
 * Returns: (transfer full) (nullable): the bytes, to free with g_free(); NULL where the body is
 *   empty or no base64, and whatever was decoded till then is wiped
 */
guint8 *
cs_pem_decode(const CsPemBlock *block, gsize *length)
{
	const guint8 *text = (const guint8 *)block->body;
	gsize room = block->body_length / GROUP * 3 + 3;
	guint8 *out = g_malloc(room);

	*length = decode_body(text, text + block->body_length, out);
	if (*length > 0)
		return out;
	OPENSSL_cleanse(out, room);
	g_free(out);
	return NULL;
}

/**
 * cs_pem_encode:
 * @label: the label, such as "CERTIFICATE"
 * @data: bytes; not secret ones, for copies of them stay behind
 * @length: how many
 *
 * Returns: (transfer full): one block
 */
char *
cs_pem_encode(const char *label, gconstpointer data, gsize length)
{
	g_autofree char *body = g_base64_encode(data, length);
	GString *text = g_string_new(NULL);
	gsize left = strlen(body);

	g_string_append_printf(text, BEGIN "%s" DASHES "\n", label);
	for (const char *line = body; left > 0;) {
		gsize taken = MIN(left, LINE_CHARACTERS);
		g_string_append_len(text, line, (gssize)taken);
		g_string_append_c(text, '\n');
		line += taken;
		left -= taken;
	}
	g_string_append_printf(text, END "%s" DASHES "\n", label);
	return g_string_free(text, FALSE);
}
