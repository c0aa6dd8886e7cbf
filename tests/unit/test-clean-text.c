/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/clean-text.h"

static void
test_clean(void)
{
	static const struct {
		const char *text;
		const char *clean;
	} cases[] = {
		{"Ada's laptop", "Ada's laptop"},
		{"  Ada's laptop \n", "Ada's laptop"},
		{"\x1b[31mred\x07", "[31mred"},
		{"a\xe2\x80\xae"
		 "b",
		 "ab"}, /* right-to-left override */
		{"a\xe2\x80\xa8"
		 "b",
		 "ab"}, /* line separator */
		{"\xc3\x84rzte", "\xc3\x84rzte"},
		{"\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7"},
		{"a\xff", "a\xef\xbf\xbd"}, /* no UTF-8 */
		{"\x01 a \x01", "a"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *clean = cs_clean_text(cases[i].text, 64);

		g_assert_cmpstr(clean, ==, cases[i].clean);
	}
}

static void
test_nothing_left(void)
{
	g_assert_null(cs_clean_text(NULL, 64));
	g_assert_null(cs_clean_text("", 64));
	g_assert_null(cs_clean_text(" \t\n", 64));
	g_assert_null(cs_clean_text("\x01\x1b\x7f", 64));
}

/* Characters are counted, not bytes. */
static void
test_length(void)
{
	g_autofree char *long_text = g_strnfill(100, 'a');
	g_autofree char *cut = cs_clean_text(long_text, 64);
	g_autofree char *wide = cs_clean_text("\xc3\x84\xc3\x84\xc3\x84", 2);
	g_autofree char *ends_in_space = cs_clean_text("ab cd", 3);

	g_assert_cmpint(g_utf8_strlen(cut, -1), ==, 64);
	g_assert_cmpstr(wide, ==, "\xc3\x84\xc3\x84");
	g_assert_cmpstr(ends_in_space, ==, "ab");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/clean-text/clean", test_clean);
	g_test_add_func("/clean-text/nothing-left", test_nothing_left);
	g_test_add_func("/clean-text/length", test_length);
	return g_test_run();
}
