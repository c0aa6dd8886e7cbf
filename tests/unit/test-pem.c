/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/pem.h"

#include <string.h>

#define BEGIN_X "-----BEGIN X-----\n"
#define END_X	"-----END X-----\n"

static CsPemBlock
block_of(const char *body)
{
	return (CsPemBlock){"X", 1, body, strlen(body)};
}

static void
test_round_trip(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(7468);

	for (gsize length = 1; length < 300; length++) {
		g_autofree guint8 *data = g_malloc(length);
		for (gsize i = 0; i < length; i++)
			data[i] = (guint8)g_rand_int_range(random, 0, 256);
		g_autofree char *text = cs_pem_encode("X", data, length);
		const char *at = text;
		gsize left = strlen(text);
		CsPemBlock block;
		g_assert_true(cs_pem_next(&at, &left, &block));
		g_assert_true(cs_pem_is(&block, "X"));
		gsize decoded_length = 0;
		g_autofree guint8 *decoded = cs_pem_decode(&block, &decoded_length);
		g_assert_cmpmem(decoded, decoded_length, data, length);
		g_assert_false(cs_pem_next(&at, &left, &block));
	}
}

static void
test_decode(void)
{
	static const struct {
		const char *body;
		const char *bytes; /* NULL: malformed */
	} cases[] = {
		{"QUJD", "ABC"},
		{"\r\nQU JD\tRA\n==\n", "ABCD"},
		{"Q U\nE=", "AA"},
		{"QQ==", "A"},
		{"+/+/", "\xfb\xff\xbf"},
		{"", NULL},
		{"\n \n", NULL},
		{"QUJ", NULL}, /* cut short */
		{"QUJDQ", NULL},
		{"QQ=", NULL},
		{"Q===", NULL},
		{"====", NULL},
		{"QQ==QUJD", NULL}, /* padding in the middle */
		{"QQ=A", NULL},
		{"QR==", NULL}, /* stray bits */
		{"QUF=", NULL},
		{"QU-D", NULL},
		{"QU_D", NULL},
		{"QU\xc3\xa4", NULL},
		{"Proc-Type: 4,ENCRYPTED\n\nQUJD", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		CsPemBlock block = block_of(cases[i].body);
		gsize length = 0;
		g_autofree guint8 *bytes = cs_pem_decode(&block, &length);
		g_test_message("case %" G_GSIZE_FORMAT, i);
		if (cases[i].bytes == NULL)
			g_assert_null(bytes);
		else
			g_assert_cmpmem(bytes, length, cases[i].bytes, strlen(cases[i].bytes));
	}
}

/* Every byte in every place of a group is what GLib says it is. */
static void
test_alphabet(void)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (guint byte = 1; byte < 256; byte++) {
		for (guint place = 0; place < 4; place++) {
			char body[] = "AAAA";
			body[place] = (char)byte;
			CsPemBlock block = block_of(body);
			gsize length = 0;
			g_autofree guint8 *bytes = cs_pem_decode(&block, &length);
			if (strchr(digits, (int)byte) != NULL) {
				gsize expected_length = 0;
				g_autofree guint8 *expected =
					g_base64_decode(body, &expected_length);
				g_assert_cmpmem(bytes, length, expected, expected_length);
			} else if (byte != '=' || place != 3) {
				g_assert_null(bytes);
			}
		}
	}
}

static void
test_blocks(void)
{
	static const struct {
		const char *text;
		const char *labels; /* of the blocks found */
	} cases[] = {
		{"", ""},
		{"no block", ""},
		{"Bag Attributes\n" BEGIN_X "QUJD\n" END_X "tail", "X,"},
		{BEGIN_X "QUJD\n" END_X BEGIN_X "QUJD\n" END_X, "X,X,"},
		{BEGIN_X "QUJD\n", ""},			 /* no end */
		{BEGIN_X "QUJD\n-----END Y-----\n", ""}, /* another's end */
		{BEGIN_X "QUJD\n-----END XY-----\n" END_X, "X,"},
		{BEGIN_X "QUJD\n-----END X", ""}, /* cut */
		{"-----BEGIN ", ""},
		{"-----BEGIN X", ""},
		{"-----BEGIN A-----\nQUJD\n-----END A-----\n" BEGIN_X "QUJD\n" END_X, "A,X,"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *at = cases[i].text;
		gsize left = strlen(at);
		g_autoptr(GString) labels = g_string_new(NULL);
		CsPemBlock block;
		while (cs_pem_next(&at, &left, &block)) {
			g_string_append_len(labels, block.label, (gssize)block.label_length);
			g_string_append_c(labels, ',');
		}
		g_assert_cmpstr(labels->str, ==, cases[i].labels);
	}
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pem/round-trip", test_round_trip);
	g_test_add_func("/pem/decode", test_decode);
	g_test_add_func("/pem/alphabet", test_alphabet);
	g_test_add_func("/pem/blocks", test_blocks);
	return g_test_run();
}
