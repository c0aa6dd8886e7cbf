/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/escape.h"

static void
test_texts(void)
{
	static const struct {
		const char *text;
		const char *line;
		const char *lines;
		const char *quoted;
	} cases[] = {
		{"", "", "", ""},
		{"plain", "plain", "plain", "plain"},
		{"Gr\xc3\xbc\xc3\x9f"
		 "e",
		 "Gr\xc3\xbc\xc3\x9f"
		 "e",
		 "Gr\xc3\xbc\xc3\x9f"
		 "e",
		 "Gr\xc3\xbc\xc3\x9f"
		 "e"},
		{"a\nb", "a\\x0ab", "a\nb", "a\\x0ab"},
		{"\033[2J\r\t", "\\x1b[2J\\x0d\\x09", "\\x1b[2J\\x0d\\x09", "\\x1b[2J\\x0d\\x09"},
		{"\xe2\x80\xaetxt", "\\u202etxt", "\\u202etxt", "\\u202etxt"},
		{"\xe2\x80\xa8", "\\u2028", "\\u2028", "\\u2028"},
		{"\xc2\x9b", "\\u009b", "\\u009b", "\\u009b"},
		{"a\"b\\c", "a\"b\\c", "a\"b\\c", "a\\\"b\\\\c"},
		{"\xff", "\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbd"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *line = cs_escape(cases[i].text, FALSE);
		g_autofree char *lines = cs_escape(cases[i].text, TRUE);
		g_autofree char *quoted = cs_escape_quoted(cases[i].text);

		g_assert_cmpstr(line, ==, cases[i].line);
		g_assert_cmpstr(lines, ==, cases[i].lines);
		g_assert_cmpstr(quoted, ==, cases[i].quoted);
	}
}

static void
test_hidden(void)
{
	g_assert_false(cs_escape_is_hidden(' '));
	g_assert_false(cs_escape_is_hidden(0x1f512));
	g_assert_true(cs_escape_is_hidden(0));
	g_assert_true(cs_escape_is_hidden(0x7f));
	g_assert_true(cs_escape_is_hidden(0xfeff));
	g_assert_true(cs_escape_is_hidden(0xe000));
	g_assert_true(cs_escape_is_hidden(0x2029));
	g_assert_true(cs_escape_is_hidden(0x0378));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/escape/texts", test_texts);
	g_test_add_func("/escape/hidden", test_hidden);
	return g_test_run();
}
