/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/token-private.h"

#include <math.h>
#include <string.h>

#define HASH "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
#define HEX  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef struct {
	char *string;
	char **strings;
	gint64 time;
	gboolean boolean;
	CsReason reason;
	CsJwk *key;
} Sample;

static const gsize offsets[] = {
	[CS_CLAIM_ID] = G_STRUCT_OFFSET(Sample, string),
	[CS_CLAIM_WORD] = G_STRUCT_OFFSET(Sample, string),
	[CS_CLAIM_UNIQUE] = G_STRUCT_OFFSET(Sample, string),
	[CS_CLAIM_PARTY] = G_STRUCT_OFFSET(Sample, string),
	[CS_CLAIM_URI] = G_STRUCT_OFFSET(Sample, string),
	[CS_CLAIM_TEXT] = G_STRUCT_OFFSET(Sample, string),
	[CS_CLAIM_HASH] = G_STRUCT_OFFSET(Sample, string),
	[CS_CLAIM_HEX] = G_STRUCT_OFFSET(Sample, string),
	[CS_CLAIM_PARTIES] = G_STRUCT_OFFSET(Sample, strings),
	[CS_CLAIM_WORDS] = G_STRUCT_OFFSET(Sample, strings),
	[CS_CLAIM_TIME] = G_STRUCT_OFFSET(Sample, time),
	[CS_CLAIM_DATE] = G_STRUCT_OFFSET(Sample, time),
	[CS_CLAIM_BOOLEAN] = G_STRUCT_OFFSET(Sample, boolean),
	[CS_CLAIM_PROTECTION] = G_STRUCT_OFFSET(Sample, boolean),
	[CS_CLAIM_REASON] = G_STRUCT_OFFSET(Sample, reason),
	[CS_CLAIM_KEY] = G_STRUCT_OFFSET(Sample, key),
};

static void
clear(const CsTokenValue *value, const CsClaim *claim, Sample *sample)
{
	if (value->clear != NULL)
		value->clear(claim, sample);
	*sample = (Sample){0};
}

/* Reads JSON and, where it is taken, writes it back. */
static gboolean
takes(CsClaimKind kind, const char *json)
{
	const CsClaim claim = {"c", kind, CS_CLAIM_REQUIRED, offsets[kind], NULL};
	const CsTokenValue *value = cs_token_value_get(kind);
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) parsed = cs_json_parse(json, strlen(json), &error);
	Sample sample = {0};
	gboolean taken;

	g_assert_no_error(error);
	taken = value->read(&claim, parsed, &sample);
	if (taken) {
		g_autoptr(cJSON) object = cJSON_CreateObject();
		g_autoptr(cJSON) again = NULL;
		g_autofree char *text = NULL;

		g_assert_true(value->is_null == NULL || !value->is_null(&claim, &sample));
		g_assert_true(value->write(&claim, &sample, object));
		text = cs_json_print(object);
		again = cs_json_parse(text, strlen(text), &error);
		g_assert_no_error(error);
		g_assert_true(
			cJSON_Compare(cJSON_GetObjectItemCaseSensitive(again, "c"), parsed, TRUE));
	}
	clear(value, &claim, &sample);
	return taken;
}

typedef struct {
	CsClaimKind kind;
	const char *json;
} Case;

static const Case taken_cases[] = {
	{CS_CLAIM_ID, "\"a\""},
	{CS_CLAIM_ID, "\"0123456789abcdefghijklmnopqrstuvwxyz\""},
	{CS_CLAIM_WORD, "\"user-verification-2\""},
	{CS_CLAIM_UNIQUE, "\"AZaz09_-\""},
	{CS_CLAIM_PARTY, "\"https://a.example:8443/management\""},
	{CS_CLAIM_URI, "\"https://a.example/v1?a=b#c\""},
	{CS_CLAIM_TEXT, "\"\""},
	{CS_CLAIM_TEXT, "\"CN=Zoë,O=\\\"Ex\\\\ample\\\" \xf0\x9f\x94\x91\""},
	{CS_CLAIM_HASH, "\"" HASH "\""},
	{CS_CLAIM_HEX, "\"" HEX "\""},
	{CS_CLAIM_TIME, "0"},
	{CS_CLAIM_TIME, "1800000000"},
	{CS_CLAIM_TIME, "9007199254740991"},
	{CS_CLAIM_TIME, "1.8e9"},
	{CS_CLAIM_DATE, "-631152000"},
	{CS_CLAIM_DATE, "-9007199254740991"},
	{CS_CLAIM_DATE, "253402300799"},
	{CS_CLAIM_BOOLEAN, "true"},
	{CS_CLAIM_BOOLEAN, "false"},
	{CS_CLAIM_PROTECTION, "\"hwk\""},
	{CS_CLAIM_PROTECTION, "\"swk\""},
	{CS_CLAIM_REASON, "\"managed\""},
	{CS_CLAIM_PARTIES, "[]"},
	{CS_CLAIM_PARTIES, "[\"https://a.example\",\"https://b.example\"]"},
	{CS_CLAIM_WORDS, "[\"pop\",\"hwk\"]"},
	{CS_CLAIM_KEY, "{\"kty\":\"EC\",\"crv\":\"P-256\","
		       "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		       "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"},
};

static void
test_taken(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(taken_cases); i++) {
		g_test_message("%s", taken_cases[i].json);
		g_assert_true(takes(taken_cases[i].kind, taken_cases[i].json));
	}
}

static const Case refused_cases[] = {
	{CS_CLAIM_ID, "\"\""},
	{CS_CLAIM_ID, "\"A\""},
	{CS_CLAIM_ID, "\"a-b\""},
	{CS_CLAIM_ID, "\"a b\""},
	{CS_CLAIM_ID, "\"../a\""},
	{CS_CLAIM_ID, "\"\xc3\xa9\""},
	{CS_CLAIM_WORD, "\"Direct\""},
	{CS_CLAIM_WORD, "\"a_b\""},
	{CS_CLAIM_UNIQUE, "\"a.b\""},
	{CS_CLAIM_UNIQUE, "\"\""},
	{CS_CLAIM_PARTY, "\"\""},
	{CS_CLAIM_PARTY, "\"https://a.example \""},
	{CS_CLAIM_PARTY, "\"https://a\\n\""},
	{CS_CLAIM_PARTY, "\"https://\xc3\xa9.example\""},
	{CS_CLAIM_PARTY, "\"\\u007f\""},
	{CS_CLAIM_URI, "\"https://a.example/\\u0001\""},
	{CS_CLAIM_TEXT, "\"a\\nb\""},
	{CS_CLAIM_TEXT, "\"a\\u001b[31mb\""},
	{CS_CLAIM_TEXT, "\"a\\u0085b\""},
	{CS_CLAIM_TEXT, "\"a\\u007fb\""},
	{CS_CLAIM_HASH, "\"\""},
	{CS_CLAIM_HASH, "\"" HASH "=\""},
	{CS_CLAIM_HASH, "\"" HASH "A\""},
	{CS_CLAIM_HASH, "\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\""},
	/* the same bytes with a bit left over, and of the other alphabet */
	{CS_CLAIM_HASH, "\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF\""},
	{CS_CLAIM_HASH, "\"+QEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\""},
	{CS_CLAIM_HEX, "\"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\""},
	{CS_CLAIM_HEX, "\"" HEX "0\""},
	{CS_CLAIM_HEX, "\"0123\""},
	{CS_CLAIM_TIME, "-1"},
	{CS_CLAIM_TIME, "0.5"},
	{CS_CLAIM_TIME, "1800000000.25"},
	{CS_CLAIM_TIME, "9007199254740992"},
	{CS_CLAIM_TIME, "1e300"},
	{CS_CLAIM_TIME, "\"1800000000\""},
	{CS_CLAIM_TIME, "true"},
	{CS_CLAIM_DATE, "-9007199254740992"},
	{CS_CLAIM_DATE, "-0.5"},
	{CS_CLAIM_BOOLEAN, "1"},
	{CS_CLAIM_BOOLEAN, "\"true\""},
	{CS_CLAIM_BOOLEAN, "[]"},
	{CS_CLAIM_PROTECTION, "\"HWK\""},
	{CS_CLAIM_PROTECTION, "\"\""},
	{CS_CLAIM_PROTECTION, "true"},
	{CS_CLAIM_REASON, "\"\""},
	{CS_CLAIM_REASON, "\"unheard-of\""},
	{CS_CLAIM_REASON, "1"},
	{CS_CLAIM_PARTIES, "\"https://a.example\""},
	{CS_CLAIM_PARTIES, "[\"https://a.example\",1]"},
	{CS_CLAIM_PARTIES, "[\"https://a.example\",null]"},
	{CS_CLAIM_PARTIES, "[\"a b\"]"},
	{CS_CLAIM_PARTIES, "{\"a\":\"https://a.example\"}"},
	{CS_CLAIM_WORDS, "[\"POP\"]"},
	{CS_CLAIM_WORDS, "[[\"pop\"]]"},
	{CS_CLAIM_KEY, "{}"},
	{CS_CLAIM_KEY, "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""},
};

static void
test_refused(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(refused_cases); i++) {
		g_test_message("%s", refused_cases[i].json);
		g_assert_false(takes(refused_cases[i].kind, refused_cases[i].json));
	}
	for (guint kind = 0; kind < CS_CLAIM_OBJECT; kind++) {
		g_assert_false(takes((CsClaimKind)kind, "null"));
		if (kind != CS_CLAIM_KEY)
			g_assert_false(takes((CsClaimKind)kind, "{}"));
	}
}

/* The JSON reader lets no such number through; the conversion would be undefined behaviour. */
static void
test_numbers_that_are_none(void)
{
	const double numbers[] = {INFINITY, -INFINITY, NAN, 0x1p63, -0x1p63, 0x1p1000};

	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
		const CsClaim claim = {"c", CS_CLAIM_DATE, CS_CLAIM_REQUIRED,
				       offsets[CS_CLAIM_DATE], NULL};
		g_autoptr(cJSON) number = cJSON_CreateNumber(numbers[i]);
		Sample sample = {0};

		g_assert_false(cs_token_value_get(CS_CLAIM_DATE)->read(&claim, number, &sample));
		g_assert_cmpint(sample.time, ==, 0);
	}
}

static char *
dup_of_length(gsize length)
{
	g_autofree char *fill = g_strnfill(length, 'a');

	return g_strdup_printf("\"%s\"", fill);
}

static void
test_lengths(void)
{
	static const struct {
		CsClaimKind kind;
		gsize max;
	} limits[] = {
		{CS_CLAIM_ID, 64},     {CS_CLAIM_WORD, 64},  {CS_CLAIM_UNIQUE, 128},
		{CS_CLAIM_PARTY, 512}, {CS_CLAIM_URI, 2048}, {CS_CLAIM_TEXT, 2048},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(limits); i++) {
		g_autofree char *longest = dup_of_length(limits[i].max);
		g_autofree char *too_long = dup_of_length(limits[i].max + 1);
		g_autofree char *far_too_long = dup_of_length(20000);

		g_assert_true(takes(limits[i].kind, longest));
		g_assert_false(takes(limits[i].kind, too_long));
		g_assert_false(takes(limits[i].kind, far_too_long));
	}
}

static void
test_list_length(void)
{
	g_autoptr(GString) list = g_string_new("[\"a\"");

	for (guint i = 1; i < 64; i++)
		g_string_append(list, ",\"a\"");
	g_string_append_c(list, ']');
	g_assert_true(takes(CS_CLAIM_WORDS, list->str));
	g_assert_true(takes(CS_CLAIM_PARTIES, list->str));
	g_string_truncate(list, list->len - 1);
	g_string_append(list, ",\"a\"]");
	g_assert_false(takes(CS_CLAIM_WORDS, list->str));
	g_assert_false(takes(CS_CLAIM_PARTIES, list->str));
}

static gboolean
writes(CsClaimKind kind, const Sample *sample)
{
	const CsClaim claim = {"c", kind, CS_CLAIM_REQUIRED, offsets[kind], NULL};
	g_autoptr(cJSON) object = cJSON_CreateObject();

	return cs_token_value_get(kind)->write(&claim, sample, object);
}

/* What would not be taken is not written. */
static void
test_writing_refused(void)
{
	static char *wrong[] = {(char *)"a b", NULL};
	static char *many[66];
	const Sample text = {.string = (char *)"A\n"};
	const Sample list = {.strings = wrong};
	const Sample long_list = {.strings = many};
	const Sample negative = {.time = -1};
	const Sample beyond = {.time = CS_TOKEN_MAX_TIME + 1};
	const Sample reason = {.reason = (CsReason)1000};

	for (guint i = 0; i < 65; i++)
		many[i] = (char *)"a";
	for (guint kind = CS_CLAIM_ID; kind <= CS_CLAIM_HEX; kind++)
		g_assert_false(writes((CsClaimKind)kind, &text));
	g_assert_false(writes(CS_CLAIM_PARTIES, &list));
	g_assert_false(writes(CS_CLAIM_WORDS, &list));
	g_assert_false(writes(CS_CLAIM_WORDS, &long_list));
	g_assert_false(writes(CS_CLAIM_TIME, &negative));
	g_assert_true(writes(CS_CLAIM_DATE, &negative));
	g_assert_false(writes(CS_CLAIM_TIME, &beyond));
	g_assert_false(writes(CS_CLAIM_DATE, &beyond));
	g_assert_false(writes(CS_CLAIM_REASON, &reason));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/token-values/taken", test_taken);
	g_test_add_func("/token-values/refused", test_refused);
	g_test_add_func("/token-values/numbers-that-are-none", test_numbers_that_are_none);
	g_test_add_func("/token-values/lengths", test_lengths);
	g_test_add_func("/token-values/list-length", test_list_length);
	g_test_add_func("/token-values/writing-refused", test_writing_refused);
	return g_test_run();
}
