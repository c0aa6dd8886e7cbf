/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/helpdesk-code.h"

#include <string.h>

#define ALPHABET CS_HELPDESK_CODE_ALPHABET
#define LENGTH	 CS_HELPDESK_CODE_LENGTH
#define N_CODES	 2000

static char *
generate(void)
{
	char *code = cs_helpdesk_code_generate(NULL);

	g_assert_nonnull(code);
	return code;
}

static void
test_alphabet(void)
{
	const char *never = "AEIOUYBCDGPTVHJNQSXZ015";

	for (const char *letter = never; *letter != '\0'; letter++)
		g_assert_null(strchr(ALPHABET, *letter));
	g_assert_cmpuint(strlen(ALPHABET), ==, 13);
}

static void
test_generate(void)
{
	g_autoptr(GHashTable) codes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	guint seen[128] = {0};

	for (guint i = 0; i < N_CODES; i++) {
		char *code = generate();

		g_assert_true(cs_helpdesk_code_is_valid(code));
		for (gsize place = 0; place < LENGTH; place++) {
			seen[(guint)code[place]]++;
			g_assert_true(place == 0 || code[place] != code[place - 1]);
		}
		g_hash_table_add(codes, code);
	}
	g_assert_cmpuint(g_hash_table_size(codes), >, N_CODES - 10);
	for (const char *letter = ALPHABET; *letter != '\0'; letter++)
		g_assert_cmpuint(seen[(guint)*letter], >, N_CODES * LENGTH / 13 / 2);
}

static void
test_valid(void)
{
	g_assert_true(cs_helpdesk_code_is_valid("22222222"));
	/* F is 7 and L is 9: 8 x 7 + 1 x 9 is 5 x 13. */
	g_assert_true(cs_helpdesk_code_is_valid("F222222L"));
	g_assert_false(cs_helpdesk_code_is_valid("F222222M"));
	g_assert_false(cs_helpdesk_code_is_valid("f222222L"));
	g_assert_false(cs_helpdesk_code_is_valid("F222-222L"));
	g_assert_false(cs_helpdesk_code_is_valid("F222222"));
	g_assert_false(cs_helpdesk_code_is_valid("F22222222"));
	g_assert_false(cs_helpdesk_code_is_valid("?2222222"));
	g_assert_false(cs_helpdesk_code_is_valid(""));
	g_assert_false(cs_helpdesk_code_is_valid(NULL));
}

static gboolean
is_among(char **codes, const char *code)
{
	return g_strv_contains((const char *const *)codes, code);
}

/* One mistake: it is noticed, and the code that was meant is among the candidates. */
static void
assert_mended(const char *meant, const char *heard)
{
	g_auto(GStrv) candidates = cs_helpdesk_code_list_candidates(heard);

	g_assert_false(cs_helpdesk_code_is_valid(heard));
	g_assert_true(is_among(candidates, meant));
	g_assert_cmpuint(g_strv_length(candidates), >=, LENGTH);
	g_assert_cmpuint(g_strv_length(candidates), <=, 2 * LENGTH - 1);
	for (char **candidate = candidates; *candidate != NULL; candidate++) {
		g_assert_true(cs_helpdesk_code_is_valid(*candidate));
		g_assert_false(is_among(candidate + 1, *candidate));
	}
}

static void
try_all_mistakes(const char *code)
{
	char heard[LENGTH + 1];

	g_strlcpy(heard, code, sizeof(heard));
	for (gsize i = 0; i < LENGTH; i++) {
		for (const char *letter = ALPHABET; *letter != '\0'; letter++) {
			heard[i] = *letter;
			if (*letter != code[i])
				assert_mended(code, heard);
		}
		heard[i] = code[i];
	}
	for (gsize i = 0; i + 1 < LENGTH; i++) {
		heard[i] = code[i + 1];
		heard[i + 1] = code[i];
		if (code[i] != code[i + 1])
			assert_mended(code, heard);
		heard[i] = code[i];
		heard[i + 1] = code[i + 1];
	}
}

/* Whether a code is valid is a sum over its places of something of place and character alone. So two
 * characters at two places, each with each, and the check that fits, meet every mistake there is:
 * every replacement at every place, and every two that change places. */
static void
test_every_mistake(void)
{
	char code[LENGTH + 1] = "22222222";

	for (gsize i = 0; i < LENGTH - 1; i++) {
		for (guint j = 0; j < 169; j++) {
			guint fitting = 0;

			memset(code, '2', LENGTH);
			code[i] = ALPHABET[j / 13];
			code[(i + 1) % (LENGTH - 1)] = ALPHABET[j % 13];
			for (const char *letter = ALPHABET; *letter != '\0'; letter++) {
				code[LENGTH - 1] = *letter;
				if (!cs_helpdesk_code_is_valid(code))
					continue;
				fitting++;
				try_all_mistakes(code);
			}
			g_assert_cmpuint(fitting, ==, 1);
		}
	}
}

static void
test_random_mistakes(void)
{
	for (guint i = 0; i < 200; i++) {
		g_autofree char *code = generate();

		try_all_mistakes(code);
	}
}

/* Any two of a code that change places, however far apart. */
static void
test_far_swaps(void)
{
	for (guint i = 0; i < 200; i++) {
		g_autofree char *code = generate();

		for (gsize a = 0; a < LENGTH; a++) {
			for (gsize b = 0; b < a; b++) {
				g_autofree char *heard = g_strdup(code);

				heard[a] = code[b];
				heard[b] = code[a];
				g_assert_true(code[a] == code[b] ||
					      !cs_helpdesk_code_is_valid(heard));
			}
		}
	}
}

/* A character that no code has tells its own place. */
static void
test_foreign(void)
{
	for (guint i = 0; i < 200; i++) {
		g_autofree char *code = generate();

		for (gsize place = 0; place < LENGTH; place++) {
			g_autofree char *heard =
				g_strdup_printf("%.*sä%s", (int)place, code, code + place + 1);
			g_autofree char *normal = cs_helpdesk_code_normalise(heard);
			g_auto(GStrv) candidates = cs_helpdesk_code_list_candidates(normal);

			g_assert_cmpuint(g_strv_length(candidates), ==, 1);
			g_assert_cmpstr(candidates[0], ==, code);
		}
	}
}

/* No single mistake leads to a valid code, so there is nothing that it may have been. */
static void
test_valid_has_no_candidates(void)
{
	g_autofree char *code = generate();
	g_auto(GStrv) candidates = cs_helpdesk_code_list_candidates(code);

	g_assert_cmpuint(g_strv_length(candidates), ==, 0);
}

static void
test_normalise(void)
{
	static const char *const same[] = {"K7M39WFR", "k7m3-9wfr", " K7m3 9wFr ", "K-7-M-3 9WFR",
					   "k 7 m 3 - 9 w f r"};
	static const char *const none[] = {"",	       "-",	     "K7M39WF",	    "K7M39WFRR",
					   "O7M39WF5", "K7M39W\xff", "K7M39W FB T", "k7ä39wfö"};
	g_autofree char *spaces = g_strnfill(4096, ' ');
	g_autofree char *long_code = g_strconcat(spaces, "K7M39WFR", NULL);
	g_autofree char *foreign = cs_helpdesk_code_normalise("k7m3-9wfü");
	g_autofree char *question = cs_helpdesk_code_normalise("?7m3-9wfr");

	for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
		g_autofree char *normal = cs_helpdesk_code_normalise(same[i]);

		g_assert_cmpstr(normal, ==, "K7M39WFR");
	}
	for (gsize i = 0; i < G_N_ELEMENTS(none); i++)
		g_assert_null(cs_helpdesk_code_normalise(none[i]));
	g_assert_null(cs_helpdesk_code_normalise(NULL));
	g_assert_null(cs_helpdesk_code_normalise(long_code));
	g_assert_cmpstr(foreign, ==, "K7M39WF?");
	g_assert_cmpstr(question, ==, "?7M39WFR");
}

static void
test_format(void)
{
	g_autofree char *text = cs_helpdesk_code_format("K7M39WFR");
	g_autofree char *normal = cs_helpdesk_code_normalise(text);

	g_assert_cmpstr(text, ==, "K7M3-9WFR");
	g_assert_cmpstr(normal, ==, "K7M39WFR");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/helpdesk-code/alphabet", test_alphabet);
	g_test_add_func("/helpdesk-code/generate", test_generate);
	g_test_add_func("/helpdesk-code/valid", test_valid);
	g_test_add_func("/helpdesk-code/every-mistake", test_every_mistake);
	g_test_add_func("/helpdesk-code/random-mistakes", test_random_mistakes);
	g_test_add_func("/helpdesk-code/far-swaps", test_far_swaps);
	g_test_add_func("/helpdesk-code/foreign", test_foreign);
	g_test_add_func("/helpdesk-code/valid-has-no-candidates", test_valid_has_no_candidates);
	g_test_add_func("/helpdesk-code/normalise", test_normalise);
	g_test_add_func("/helpdesk-code/format", test_format);
	return g_test_run();
}
