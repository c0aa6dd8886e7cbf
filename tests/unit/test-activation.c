/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/activation.h"

#include "tests/fixtures/authority-fixture.h"

#include <string.h>

#define N_CODES 2000

/* Normal form, never twice, and every character of the alphabet in every place: 60 bits. */
static void
test_generate(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	gboolean used[CS_ACTIVATION_CODE_LENGTH][256] = {{FALSE}};

	for (int i = 0; i < N_CODES; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(CsSecret) code = cs_activation_generate(&error);
		const char *text = NULL;
		g_autofree char *normal = NULL;

		g_assert_no_error(error);
		text = cs_secret_get_text(code);
		normal = cs_activation_code_normalise(text);
		g_assert_cmpstr(normal, ==, text);
		g_assert_true(g_hash_table_add(seen, g_strdup(text)));
		for (gsize place = 0; place < CS_ACTIVATION_CODE_LENGTH; place++)
			used[place][(guint8)text[place]] = TRUE;
	}
	for (gsize place = 0; place < CS_ACTIVATION_CODE_LENGTH; place++)
		for (const char *c = CS_ACTIVATION_CODE_ALPHABET; *c != '\0'; c++)
			g_assert_true(used[place][(guint8)*c]);
}

static void
test_format(void)
{
	g_autofree char *shown = cs_activation_format("0123456789AB");
	g_autofree char *back = cs_activation_code_normalise(shown);

	g_assert_cmpstr(shown, ==, "0123-4567-89AB");
	g_assert_cmpstr(back, ==, "0123456789AB");
}

/* A group's hash is another's only where both stand in the same place, and never a whole code's. */
static void
test_hashes(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autofree char *hash = cs_activation_hash(test->authority, "AAAAAAAABBBB");
	g_autofree char *again = cs_activation_hash(test->authority, "AAAAAAAABBBB");
	g_autofree char *other = cs_activation_hash(test->authority, "AAAAAAAABBBC");
	g_auto(GStrv) groups = cs_activation_hash_groups(test->authority, "AAAAAAAABBBB");
	g_auto(GStrv) near = cs_activation_hash_groups(test->authority, "BBBBAAAACCCC");

	g_assert_cmpstr(hash, ==, again);
	g_assert_cmpstr(hash, !=, other);
	g_assert_cmpuint(g_strv_length(groups), ==, 3);
	g_assert_cmpstr(groups[0], !=, groups[1]);
	g_assert_cmpstr(groups[1], ==, near[1]);
	g_assert_cmpstr(groups[2], !=, near[0]);
	g_assert_cmpstr(groups[0], !=, near[0]);
	g_assert_cmpstr(groups[2], !=, near[2]);
	g_assert_null(strstr(hash, "AAAA"));
}

/* Without the authority's key a hash says nothing: another authority's differs. */
static void
test_keyed(void)
{
	g_autoptr(CsTestAuthority) one = cs_test_authority_new();
	g_autoptr(CsTestAuthority) two = cs_test_authority_new();
	g_autofree char *of_one = cs_activation_hash(one->authority, "AAAAAAAABBBB");
	g_autofree char *of_two = cs_activation_hash(two->authority, "AAAAAAAABBBB");

	g_assert_cmpstr(of_one, !=, of_two);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/activation/generate", test_generate);
	g_test_add_func("/activation/format", test_format);
	g_test_add_func("/activation/hashes", test_hashes);
	g_test_add_func("/activation/keyed", test_keyed);
	return g_test_run();
}
