/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/name.h"

#include <string.h>

#include "core/pki/name-string.h"

#define TAG_NUMERIC 0x12

/* Builds a Name: "CN=text" for each RDN, "+" before a member that joins the one before. */
typedef struct {
	const char *type; /* OID's contents, without an arc of 0 */
	guint8 tag;
	const char *value;
	gsize length;
	gboolean joins;
} Member;

#define CN	    "\x55\x04\x03"
#define O	    "\x55\x04\x0a"
#define DC	    "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"
#define VALUE(text) text, sizeof(text) - 1
#define PRINTABLE(t, text)                                                                         \
	{                                                                                          \
		t, CS_DER_PRINTABLE_STRING, VALUE(text), FALSE                                     \
	}
#define UTF8(t, text)                                                                              \
	{                                                                                          \
		t, CS_DER_UTF8_STRING, VALUE(text), FALSE                                          \
	}
#define UTF8_PLUS(t, text)                                                                         \
	{                                                                                          \
		t, CS_DER_UTF8_STRING, VALUE(text), TRUE                                           \
	}

static GBytes *
build(const Member *members, gsize count)
{
	g_autoptr(GByteArray) sequence = g_byte_array_new();
	GByteArray *name = g_byte_array_new();

	for (gsize i = 0; i < count;) {
		g_autoptr(GByteArray) rdn = g_byte_array_new();
		do {
			g_autoptr(GByteArray) pair = g_byte_array_new();
			cs_der_append(pair, CS_DER_OID, members[i].type, strlen(members[i].type));
			cs_der_append(pair, members[i].tag, members[i].value, members[i].length);
			cs_der_append(rdn, CS_DER_SEQUENCE, pair->data, pair->len);
			i++;
		} while (i < count && members[i].joins);
		cs_der_append(sequence, CS_DER_SET, rdn->data, rdn->len);
	}
	cs_der_append(name, CS_DER_SEQUENCE, sequence->data, sequence->len);
	return g_byte_array_free_to_bytes(name);
}

static CsDer
der_of(GBytes *bytes)
{
	CsDer der = {0};
	der.data = g_bytes_get_data(bytes, &der.length);
	return der;
}

static gboolean
are_equal(const Member *first, gsize first_count, const Member *second, gsize second_count)
{
	g_autoptr(GBytes) one = build(first, first_count);
	g_autoptr(GBytes) two = build(second, second_count);
	g_autoptr(GBytes) one_form = cs_name_canonicalise(der_of(one));
	g_autoptr(GBytes) two_form = cs_name_canonicalise(der_of(two));

	g_assert_nonnull(one_form);
	g_assert_nonnull(two_form);
	return g_bytes_equal(one_form, two_form);
}

#define ONE(...) (const Member[]){__VA_ARGS__}, G_N_ELEMENTS(((const Member[]){__VA_ARGS__}))

static gboolean
values_are_equal(guint8 first_tag,
		 const char *first,
		 gsize first_length,
		 guint8 second_tag,
		 const char *second,
		 gsize second_length)
{
	Member one = {CN, first_tag, first, first_length, FALSE};
	Member two = {CN, second_tag, second, second_length, FALSE};
	return are_equal(&one, 1, &two, 1);
}

/* rule 5: RFC 5280 section 7.1's comparison */
static void
test_equal_values(void)
{
	static const struct {
		guint8 first_tag;
		const char *first;
		gsize first_length;
		guint8 second_tag;
		const char *second;
		gsize second_length;
		gboolean equal;
	} cases[] = {
		{0x13, VALUE("Example CA"), 0x0c, VALUE("example ca"), TRUE},
		{0x13, VALUE("  Example   CA "), 0x0c, VALUE("Example CA"), TRUE},
		{0x0c, VALUE("Example\tCA"), 0x0c, VALUE("Example CA"), TRUE},
		{0x0c, VALUE("ExampleCA"), 0x0c, VALUE("Example CA"), FALSE},
		{0x0c, VALUE("Exa\xc2\xadmple"), 0x0c, VALUE("Example"), TRUE}, /* soft hyphen */
		{0x0c,
		 VALUE("Stra\xc3\x9f"
		       "e"),
		 0x0c, VALUE("STRASSE"), TRUE},
		{0x0c, VALUE("\xc3\x89t\xc3\xa9"), 0x0c, VALUE("e\xcc\x81te\xcc\x81"), TRUE},
		{0x0c, VALUE("\xef\xbc\xa1"), 0x0c, VALUE("a"), TRUE}, /* full-width A */
		{0x0c, VALUE("\xe2\x84\xaa"), 0x13, VALUE("K"), TRUE}, /* Kelvin sign */
		{0x0c,
		 VALUE("a\xe3\x80\x80"
		       "b"),
		 0x0c, VALUE("a b"), TRUE}, /* ideographic space */
		{0x0c,
		 VALUE("a\xe1\x9a\x80"
		       "b"),
		 0x0c, VALUE("a b"), TRUE}, /* Ogham space */
		{0x14, VALUE("\xe9t\xe9"), 0x0c, VALUE("\xc3\xa9t\xc3\xa9"), TRUE}, /* Latin-1 */
		{0x1e, VALUE("\0E\0x\x20\xac"), 0x0c, VALUE("ex\xe2\x82\xac"), TRUE},
		{0x1c, VALUE("\0\0\0E\0\x01\xf6\x00"), 0x0c, VALUE("e\xf0\x9f\x98\x80"), TRUE},
		{0x16, VALUE("Example.COM"), 0x16, VALUE("example.com"), TRUE},
		{TAG_NUMERIC, VALUE("12 34"), 0x13, VALUE("12  34"), TRUE},
		/* Strings that are none equal only themselves. */
		{0x0c, VALUE("\xff"), 0x0c, VALUE("\xff"), TRUE},
		{0x0c, VALUE("\xff"), 0x13, VALUE("\xff"), FALSE},
		{0x0c, VALUE("a\0b"), 0x0c, VALUE("ab"), FALSE},
		{0x0c, VALUE("a\0b"), 0x0c, VALUE("A\0b"), FALSE},
		{0x1e, VALUE("\xd8\x00"), 0x1e, VALUE("\xd8\x01"), FALSE}, /* surrogates */
		{0x1e, VALUE("\0a\0\0"), 0x0c, VALUE("a"), FALSE},
		{0x1c, VALUE("\0\0\0a\0\0\0\0"), 0x0c, VALUE("a"), FALSE},
		{0x14, VALUE("a\0"), 0x0c, VALUE("a"), FALSE},
		{0x1e, VALUE("\0a\0"), 0x1e, VALUE("\0a"), FALSE},
		{0x1c, VALUE("\x7f\0\0\0"), 0x1c, VALUE("\x7f\0\0\x01"), FALSE},
		{0x13, VALUE("\xc3\xa9"), 0x0c, VALUE("\xc3\xa9"), FALSE},
		/* No string type at all. */
		{0x03, VALUE("\0abc"), 0x0c, VALUE("abc"), FALSE},
		{0x0c, VALUE(""), 0x0c, VALUE("   "), TRUE},
		{0x0c, VALUE(""), 0x0c, VALUE("x"), FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("case %" G_GSIZE_FORMAT, i);
		g_assert_cmpint(values_are_equal(cases[i].first_tag, cases[i].first,
						 cases[i].first_length, cases[i].second_tag,
						 cases[i].second, cases[i].second_length),
				==, cases[i].equal);
	}
}

/* rule 5 */
static void
test_equal_names(void)
{
	g_assert_true(are_equal(ONE(PRINTABLE(O, "Example"), UTF8(CN, "CA")),
				ONE(UTF8(O, "EXAMPLE"), PRINTABLE(CN, "ca"))));
	/* Order counts between RDNs, not within one. */
	g_assert_false(
		are_equal(ONE(UTF8(O, "a"), UTF8(CN, "b")), ONE(UTF8(CN, "b"), UTF8(O, "a"))));
	g_assert_true(are_equal(ONE(UTF8(O, "a"), UTF8_PLUS(CN, "b")),
				ONE(UTF8(CN, "b"), UTF8_PLUS(O, "a"))));
	g_assert_true(are_equal(ONE(UTF8(CN, "x"), UTF8_PLUS(CN, "Y")),
				ONE(UTF8(CN, "y"), UTF8_PLUS(CN, "X"))));
	g_assert_false(
		are_equal(ONE(UTF8(O, "a"), UTF8_PLUS(CN, "b")), ONE(UTF8(O, "a"), UTF8(CN, "b"))));
	g_assert_false(are_equal(ONE(UTF8(CN, "a")), ONE(UTF8(O, "a"))));
	g_assert_false(are_equal(ONE(UTF8(CN, "a")), ONE(UTF8(CN, "a"), UTF8(CN, "a"))));
	g_assert_false(are_equal(ONE(UTF8(CN, "a"), UTF8_PLUS(CN, "a")), ONE(UTF8(CN, "a"))));
	/* What separates two values cannot be said by one. */
	g_assert_false(
		are_equal(ONE(UTF8(CN, "aR"), UTF8(CN, "b")), ONE(UTF8(CN, "a"), UTF8(CN, "Rb"))));
	g_assert_true(are_equal(NULL, 0, NULL, 0));
	g_assert_false(are_equal(NULL, 0, ONE(UTF8(CN, ""))));
}

/* The short way for plain text and the long way give one answer. */
static void
test_fold_paths_agree(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(5280);

	for (guint round = 0; round < 2000; round++) {
		char text[16];
		gsize length = (gsize)g_rand_int_range(random, 0, sizeof(text));
		for (gsize i = 0; i < length; i++)
			text[i] = (char)(g_rand_boolean(random)
						 ? ' '
						 : g_rand_int_range(random, 0x20, 0x7f));
		CsDer value = {(const guint8 *)text, length};
		g_autoptr(GString) quick = g_string_new("before");
		g_autoptr(GString) slow = g_string_new("before");
		/* TeletexString always goes the long way. */
		g_assert_true(cs_name_string_fold(CS_DER_UTF8_STRING, value, quick));
		g_assert_true(cs_name_string_fold(CS_DER_TELETEX_STRING, value, slow));
		g_assert_cmpstr(quick->str, ==, slow->str);
	}
}

static void
test_malformed(void)
{
	static const CsDer names[] = {
		{(const guint8 *)"", 0},
		{(const guint8 *)"\x31\x00", 2},		 /* a set */
		{(const guint8 *)"\x30\x00\x00", 3},		 /* trailing */
		{(const guint8 *)"\x30\x02\x31\x00", 4},	 /* an empty RDN */
		{(const guint8 *)"\x30\x02\x30\x00", 4},	 /* no set */
		{(const guint8 *)"\x30\x04\x31\x02\x30\x00", 6}, /* no pair */
		{(const guint8 *)"\x30\x09\x31\x07\x30\x05\x06\x01\x55\x0c\x01", 11},
		{(const guint8 *)"\x30\x0b\x31\x09\x30\x07\x06\x01\x55\x0c\x00\x0c\x00", 13},
		{(const guint8 *)"\x30\x0b\x31\x09\x30\x07\x06\x03\x55\x04\x83\x0c\x00", 13},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_assert_false(cs_name_is_well_formed(names[i]));
		g_assert_null(cs_name_canonicalise(names[i]));
		g_assert_null(cs_name_format(names[i]));
	}
}

static void
assert_format(const Member *members, gsize count, const char *expected)
{
	g_autoptr(GBytes) name = build(members, count);
	g_autofree char *text = cs_name_format(der_of(name));
	g_assert_cmpstr(text, ==, expected);
	g_assert_true(g_utf8_validate(text, -1, NULL));
}

static void
test_format(void)
{
	assert_format(ONE(UTF8(O, "Example"), UTF8(CN, "CA")), "CN=CA,O=Example");
	assert_format(NULL, 0, "");
	assert_format(ONE(UTF8(CN, "a"), UTF8_PLUS(O, "b")), "CN=a+O=b");
	assert_format(ONE(UTF8(CN, " a,b+c\"d\\e<f>g;h=i# ")),
		      "CN=\\ a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h=i#\\ ");
	assert_format(ONE(UTF8(CN, "#1")), "CN=\\#1");
	assert_format(ONE(UTF8(CN, "a\nb\x1b[2J\x7f")), "CN=a\\0Ab\\1B[2J\\7F");
	/* Right-to-left override, zero width space, paragraph separator, private use. */
	assert_format(ONE(UTF8(CN, "x\xe2\x80\xaey\xe2\x80\x8bz\xe2\x80\xa9\xee\x80\x80")),
		      "CN=x\\E2\\80\\AEy\\E2\\80\\8Bz\\E2\\80\\A9\\EE\\80\\80");
	assert_format(ONE(UTF8(CN, "\xc3\xa9\xe6\x97\xa5")), "CN=\xc3\xa9\xe6\x97\xa5");
	assert_format(ONE({CN, CS_DER_TELETEX_STRING, VALUE("\xe9"), FALSE}), "CN=\xc3\xa9");
	assert_format(ONE({CN, CS_DER_UTF8_STRING, VALUE("\xff"), FALSE}), "CN=#0C01FF");
	assert_format(ONE({CN, CS_DER_UTF8_STRING, VALUE("a\0b"), FALSE}), "CN=#0C03610062");
	assert_format(ONE({CN, CS_DER_OCTET_STRING, VALUE("\x01"), FALSE}), "CN=#040101");
	assert_format(ONE({DC, CS_DER_IA5_STRING, VALUE("org"), FALSE},
			  {DC, CS_DER_IA5_STRING, VALUE("example"), FALSE}),
		      "DC=example,DC=org");
	assert_format(ONE(UTF8("\x2a\x03\x04", "x")), "1.2.3.4=x");
	assert_format(ONE(UTF8("\x88\x37", "x")), "2.999=x");
	/* An arc beyond 64 bits. */
	assert_format(ONE(UTF8("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "x")),
		      "2AFFFFFFFFFFFFFFFFFF7F=x");
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/name/equal-values", test_equal_values);
	g_test_add_func("/name/equal-names", test_equal_names);
	g_test_add_func("/name/fold-paths-agree", test_fold_paths_agree);
	g_test_add_func("/name/malformed", test_malformed);
	g_test_add_func("/name/format", test_format);
	return g_test_run();
}
