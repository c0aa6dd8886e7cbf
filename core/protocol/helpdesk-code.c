/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/helpdesk-code.h"

#include "core/base/random.h"

#include <string.h>

#define LENGTH	     CS_HELPDESK_CODE_LENGTH
#define BASE	     ((guint)(sizeof(CS_HELPDESK_CODE_ALPHABET) - 1))
#define GROUP_LENGTH 4
/* What stands in a normal form for a character that is in no code. */
#define FOREIGN '?'
/* Longer input is no code, however many spaces a person typed. */
#define MAX_HEARD_LENGTH 256

/* Weights 8 to 1, as ISBN-10 has 10 to 1, modulo a prime greater than any of them: each weight and
 * each difference of two has an inverse. So one character replaced by another, and any two that
 * differ and change places, neighbours or not, always change the sum. */
G_STATIC_ASSERT(sizeof(CS_HELPDESK_CODE_ALPHABET) - 1 == 13 && LENGTH < 13);

/* -1 where it is none of ours. */
static int
get_value(char character)
{
	const char *place = character != '\0' ? strchr(CS_HELPDESK_CODE_ALPHABET, character) : NULL;

	return place != NULL ? (int)(place - CS_HELPDESK_CODE_ALPHABET) : -1;
}

static guint
get_weight(gsize place)
{
	return (guint)(LENGTH - place);
}

/* The weighted sum, modulo the base, of all places but @except; foreign characters count nothing. */
static guint
sum_without(const char code[LENGTH], gsize except)
{
	guint sum = 0;

	for (gsize i = 0; i < LENGTH; i++) {
		int value = get_value(code[i]);

		if (i != except && value > 0)
			sum += get_weight(i) * (guint)value;
	}
	return sum % BASE;
}

/* The one character with which the sum is 0: the base is a prime, so there always is one. */
static char
find_fitting(const char code[LENGTH], gsize place)
{
	guint sum = sum_without(code, place);
	guint value = 0;

	while ((sum + get_weight(place) * value) % BASE != 0)
		value++;
	return CS_HELPDESK_CODE_ALPHABET[value];
}

static gboolean
has_neighbouring_twins(const char code[LENGTH])
{
	for (gsize i = 1; i < LENGTH; i++) {
		if (code[i] == code[i - 1])
			return TRUE;
	}
	return FALSE;
}

/* Each character as likely as any other: bytes beyond the greatest multiple are drawn again. */
static gboolean
draw(char code[LENGTH], GError **error)
{
	guint8 random = 0;

	for (gsize i = 0; i + 1 < LENGTH; i++) {
		do {
			if (!cs_random_bytes(&random, sizeof(random), error))
				return FALSE;
		} while (random >= G_MAXUINT8 / BASE * BASE);
		code[i] = CS_HELPDESK_CODE_ALPHABET[random % BASE];
	}
	code[LENGTH - 1] = find_fitting(code, LENGTH - 1);
	return TRUE;
}

/**
 * cs_helpdesk_code_generate:
 * @error: where to put the error
 *
 * Draws one of some 36 million codes. None has the same character twice in a row, which is said and
 * heard badly ("double three"). That nobody else has it is for the caller to see to.
 *
 * Returns: (transfer full) (nullable): a code in its normal form; CS_ERROR_STATE where there is no
 *   randomness
 */
char *
cs_helpdesk_code_generate(GError **error)
{
	char code[LENGTH + 1] = {0};

	do {
		if (!draw(code, error))
			return NULL;
	} while (has_neighbouring_twins(code));
	return g_strdup(code);
}

/**
 * cs_helpdesk_code_is_valid:
 * @code: (nullable): what claims to be a code in its normal form
 *
 * Returns: whether it is eight characters of the alphabet of which the last fits. That any device
 *   has it is not said
 */
gboolean
cs_helpdesk_code_is_valid(const char *code)
{
	return code != NULL && strlen(code) == LENGTH &&
	       strspn(code, CS_HELPDESK_CODE_ALPHABET) == LENGTH && sum_without(code, LENGTH) == 0;
}

/**
 * cs_helpdesk_code_format:
 * @code: a code in its normal form
 *
 * Returns: (transfer full): as people see it and say it: "XXXX-XXXX"
 */
char *
cs_helpdesk_code_format(const char *code)
{
	g_return_val_if_fail(strlen(code) == LENGTH, NULL);
	return g_strdup_printf("%.4s-%.4s", code, code + GROUP_LENGTH);
}

/* A character that is in no code keeps its place: it was misheard. */
static char
fold(gunichar character)
{
	char upper = character < 0x80 ? g_ascii_toupper((char)character) : FOREIGN;

	return get_value(upper) >= 0 ? upper : FOREIGN;
}

/**
 * cs_helpdesk_code_normalise:
 * @heard: (nullable): a code as somebody heard and typed it
 *
 * Upper case, without spaces and hyphens. The check is not asked; at most one character may be of
 * none that a code has, and "?" stands in its place.
 *
 * Returns: (transfer full) (nullable): eight characters; %NULL where @heard is no code, not even one
 *   with a misheard character
 */
char *
cs_helpdesk_code_normalise(const char *heard)
{
	char normal[LENGTH + 1] = {0};
	gsize length = 0;
	guint foreign = 0;

	if (heard == NULL || strlen(heard) > MAX_HEARD_LENGTH || !g_utf8_validate(heard, -1, NULL))
		return NULL;
	for (const char *next = heard; *next != '\0'; next = g_utf8_next_char(next)) {
		if (*next == ' ' || *next == '-')
			continue;
		if (length == LENGTH)
			return NULL;
		normal[length] = fold(g_utf8_get_char(next));
		foreign += normal[length++] == FOREIGN ? 1 : 0;
	}
	return length == LENGTH && foreign <= 1 ? g_strdup(normal) : NULL;
}

/* Whatever stands at @place was misheard. */
static void
add_replaced(GPtrArray *candidates, const char *normal, gsize place)
{
	char *candidate = g_strdup(normal);

	candidate[place] = find_fitting(normal, place);
	g_ptr_array_add(candidates, candidate);
}

/* What stands at @place was said after its neighbour. */
static void
add_swapped(GPtrArray *candidates, const char *normal, gsize place)
{
	g_autofree char *candidate = g_strdup(normal);

	candidate[place] = normal[place + 1];
	candidate[place + 1] = normal[place];
	if (sum_without(candidate, LENGTH) == 0)
		g_ptr_array_add(candidates, g_steal_pointer(&candidate));
}

/**
 * cs_helpdesk_code_list_candidates:
 * @normal: what cs_helpdesk_code_normalise() made
 *
 * The codes that it may have been before one character was misheard or two neighbours changed
 * places. For each place there is exactly one character that fits, so that they are at most fifteen;
 * where a character is in no code, its place is known, and they are one. Which of them are given out
 * the authority knows.
 *
 * Returns: (transfer full) (array zero-terminated=1): valid codes, each once; none where @normal is
 *   a valid code itself, which no single mistake makes of another
 */
char **
cs_helpdesk_code_list_candidates(const char *normal)
{
	GPtrArray *candidates = g_ptr_array_new();
	const char *foreign = strchr(normal, FOREIGN);

	g_return_val_if_fail(strlen(normal) == LENGTH, NULL);
	if (foreign != NULL) {
		add_replaced(candidates, normal, (gsize)(foreign - normal));
	} else if (!cs_helpdesk_code_is_valid(normal)) {
		for (gsize i = 0; i < LENGTH; i++)
			add_replaced(candidates, normal, i);
		for (gsize i = 0; i + 1 < LENGTH; i++)
			add_swapped(candidates, normal, i);
	}
	g_ptr_array_add(candidates, NULL);
	return (char **)g_ptr_array_free(candidates, FALSE);
}
