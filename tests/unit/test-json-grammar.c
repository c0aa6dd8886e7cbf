/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/json-grammar.h"

#include "core/base/error.h"

#include <string.h>

typedef struct {
	const char *text;
	gsize length; /* 0: strlen */
} Text;

static const Text good[] = {
	{"{}"},
	{"[]"},
	{" \t\r\n{ } \n"},
	{"null"},
	{"true"},
	{"false"},
	{"0"},
	{"-0"},
	{"-0.5e-10"},
	{"1E+2"},
	{"\"\""},
	{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\""},
	{"\"\\ud83d\\ude00\""},
	{"\"\xc3\xa9\x7f\""},
	{"{\"a\":1,\"b\":[1,{\"c\":[]}],\"d\":{\"e\":null}}"},
	{"[[],[[]],{},[{}]]"},
	{"[1 , 2 ]"},
	{"{\"a\" : {} , \"b\" : [ ] }"},
};

static const Text bad[] = {
	{""},
	{" "},
	{"{"},
	{"}"},
	{"[1,]"},
	{"[,1]"},
	{"[1 2]"},
	{"[1}"},
	{"{]"},
	{"{\"a\":1]"},
	{"{\"a\"}"},
	{"{\"a\":}"},
	{"{\"a\":1,}"},
	{"{a:1}"},
	{"{'a':1}"},
	{"{1:1}"},
	{"{\"a\" 1}"},
	{"{}{}"},
	{"{} x"},
	{"nul"},
	{"nulll"},
	{"True"},
	{"NaN"},
	{"Infinity"},
	{"-"},
	{"+1"},
	{"01"},
	{"-01"},
	{"1."},
	{".5"},
	{"1e"},
	{"1e+"},
	{"0x10"},
	{"1.5.2"},
	{"\""},
	{"\"\\\""},
	{"\"\\x\""},
	{"\"\\u12\""},
	{"\"\\u12g4\""},
	{"\"\\u0000\""},
	{"\"\\ud83d\""},
	{"\"\\ud83dx\""},
	{"\"\\ud83d\\u0041\""},
	{"\"\\ud83d\\ud83d\""},
	{"\"\\ude00\""},
	{"\"\\ude00\\ude00\""},
	{"\"\t\""},
	{"\"\n\""},
	{"\"\x01\""},
	{"\"\x1f\""},
	{"\"\xff\""},
	{"\"\xc0\x80\""},
	{"\"\xed\xa0\x80\""},
	{"\xef\xbb\xbf{}"},
	{"/* */ {}"},
	{"{}\0", 3},
	{"\"a\0b\"", 5},
	{"12345678901234567890123456789012345678901"},
	{"\v1"},
	{"\xc2\xa0[]"},
};

static void
test_good(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", good[i].text);
		g_assert_true(cs_json_check_grammar(good[i].text, strlen(good[i].text), &error));
		g_assert_no_error(error);
	}
}

static void
test_bad(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		gsize length = bad[i].length > 0 ? bad[i].length : strlen(bad[i].text);

		g_test_message("case %" G_GSIZE_FORMAT, i);
		g_assert_false(cs_json_check_grammar(bad[i].text, length, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	}
	g_assert_false(cs_json_check_grammar(NULL, 0, NULL));
}

/* Every beginning of a good text is looked at in a buffer of just that size, so that the address
 * sanitizer sees a step beyond the end. */
static void
test_never_reads_beyond(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		for (gsize length = 1; length < strlen(good[i].text); length++) {
			g_autofree char *part = g_memdup2(good[i].text, length);

			cs_json_check_grammar(part, length, NULL);
		}
	}
}

static char *
nest(guint depth, const char *open, const char *inner, const char *close)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < depth; i++)
		g_string_append(text, open);
	g_string_append(text, inner);
	for (guint i = 0; i < depth; i++)
		g_string_append(text, close);
	return g_string_free(text, FALSE);
}

static void
assert_grammar(const char *text, gboolean expected)
{
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(cs_json_check_grammar(text, strlen(text), &error), ==, expected);
	if (!expected)
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
}

static void
test_depth(void)
{
	g_autofree char *deep = nest(16, "[", "", "]");
	g_autofree char *deeper = nest(17, "[", "", "]");
	g_autofree char *objects = nest(16, "{\"a\":", "1", "}");
	g_autofree char *more_objects = nest(17, "{\"a\":", "1", "}");
	g_autofree char *endless = nest(100000, "[", "", "");

	assert_grammar(deep, TRUE);
	assert_grammar(deeper, FALSE);
	assert_grammar(objects, TRUE);
	assert_grammar(more_objects, FALSE);
	assert_grammar(endless, FALSE);
}

static void
test_count(void)
{
	g_autofree char *most = nest(65534, "1,", "1", "");
	g_autofree char *list = g_strconcat("[", most, "]", NULL);
	g_autofree char *too_long = g_strconcat("[1,", most, "]", NULL);

	assert_grammar(list, TRUE);
	assert_grammar(too_long, FALSE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/json-grammar/good", test_good);
	g_test_add_func("/json-grammar/bad", test_bad);
	g_test_add_func("/json-grammar/never-reads-beyond", test_never_reads_beyond);
	g_test_add_func("/json-grammar/depth", test_depth);
	g_test_add_func("/json-grammar/count", test_count);
	return g_test_run();
}
