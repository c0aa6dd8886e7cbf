/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/activation-code.h"

static void
test_normal(void)
{
	static const char *const same[] = {
		"ABCD-EF01-2345",	   "abcdef012345",     "abcd efOl 2345",
		"abcd-efoI-2345",	   " abcd-EFOi-2345 ", "--abcd--ef01--2345--",
		"a b c d e f o l 2 3 4 5",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
		g_autofree char *normal = cs_activation_code_normalise(same[i]);

		g_assert_cmpstr(normal, ==, "ABCDEF012345");
	}
}

static void
test_whole_alphabet(void)
{
	g_autofree char *first = cs_activation_code_normalise("0123456789ab");
	g_autofree char *second = cs_activation_code_normalise("cdefghjkmnpq");
	g_autofree char *third = cs_activation_code_normalise("rstvwxyz0000");

	g_assert_cmpstr(first, ==, "0123456789AB");
	g_assert_cmpstr(second, ==, "CDEFGHJKMNPQ");
	g_assert_cmpstr(third, ==, "RSTVWXYZ0000");
}

static void
test_no_code(void)
{
	static const char *const none[] = {
		"",
		"-",
		"ABCDEF01234",	 /* too short */
		"ABCDEF0123456", /* too long */
		"UBCDEF012345",	 /* u is not in the alphabet */
		"ABCD_EF01_2345",
		"ABCDEF01234\n5",
		"ABCDEF01234\xc3\x85",
		"ABCDEF01234.",
	};
	g_autofree char *spaces = g_strnfill(4096, ' ');
	g_autofree char *long_code = g_strconcat(spaces, "ABCDEF012345", NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(none); i++)
		g_assert_null(cs_activation_code_normalise(none[i]));
	g_assert_null(cs_activation_code_normalise(NULL));
	g_assert_null(cs_activation_code_normalise(long_code));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/activation-code/normal", test_normal);
	g_test_add_func("/activation-code/whole-alphabet", test_whole_alphabet);
	g_test_add_func("/activation-code/no-code", test_no_code);
	return g_test_run();
}
