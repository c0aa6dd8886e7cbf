/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/der.h"

#include <string.h>
#include <time.h>

#define DER(text) ((CsDer){(const guint8 *)(text), sizeof(text) - 1})

static void
test_next(void)
{
	CsDer der = DER("\x02\x01\x05\x04\x00\x30\x81\x80"), contents, whole;
	guint8 tag = 0;

	g_assert_true(cs_der_next(&der, &tag, &contents, &whole));
	g_assert_cmpint(tag, ==, CS_DER_INTEGER);
	g_assert_true(cs_der_equal(contents, "\x05", 1));
	g_assert_true(cs_der_equal(whole, "\x02\x01\x05", 3));
	g_assert_false(cs_der_expect(&der, CS_DER_INTEGER, &contents, NULL));
	g_assert_true(cs_der_expect(&der, CS_DER_OCTET_STRING, &contents, NULL));
	g_assert_cmpuint(contents.length, ==, 0);
	/* A length past the end leaves everything as it was. */
	g_assert_cmpuint(der.length, ==, 3);
	g_assert_false(cs_der_next(&der, &tag, &contents, NULL));
	g_assert_cmpuint(der.length, ==, 3);
}

static void
test_lengths(void)
{
	static const struct {
		CsDer der;
		gboolean good;
	} cases[] = {
		{{(const guint8 *)"", 0}, FALSE},
		{DER("\x04"), FALSE},
		{DER("\x04\x80\x00\x00"), FALSE},	      /* indefinite */
		{DER("\x04\x81\x01\x00"), FALSE},	      /* not the shortest */
		{DER("\x04\x82\x00\x80"), FALSE},	      /* leading zero */
		{DER("\x04\x84\xff\xff\xff\xff"), FALSE},     /* past the end */
		{DER("\x04\x85\x01\x00\x00\x00\x00"), FALSE}, /* five octets */
		{DER("\x04\xff"), FALSE},		      /* reserved */
		{DER("\x04\x82\x01"), FALSE},		      /* cut within the length */
		{DER("\x1f\x81\x01\x00"), FALSE},	      /* tag of many octets */
		{DER("\x00\x00"), FALSE},		      /* end of contents */
		{DER("\x04\x03\x01\x02"), FALSE},	      /* cut within the contents */
		{DER("\x04\x01\x01"), TRUE},
	};
	CsDer contents;
	guint8 tag = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		CsDer der = cases[i].der;
		g_assert_cmpint(cs_der_next(&der, &tag, &contents, NULL), ==, cases[i].good);
	}
}

/* Room enough behind it, so that nothing but the form is wrong. */
static void
test_long_form(void)
{
	static const struct {
		guint8 header[6];
		gsize header_length;
		gsize contents_length;
		gboolean good;
	} cases[] = {
		{{0x04, 0x81, 0x80}, 3, 0x80, TRUE},
		{{0x04, 0x81, 0x7f}, 3, 0x7f, FALSE},
		{{0x04, 0x82, 0x00, 0x80}, 4, 0x80, FALSE},
		{{0x04, 0x82, 0x01, 0x00}, 4, 0x100, TRUE},
		{{0x04, 0x83, 0x00, 0x01, 0x00}, 5, 0x100, FALSE},
		{{0x04, 0x84, 0x00, 0x00, 0x01, 0x00}, 6, 0x100, FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		guint8 data[512] = {0};
		CsDer contents;
		memcpy(data, cases[i].header, cases[i].header_length);
		CsDer der = {data, cases[i].header_length + cases[i].contents_length};
		gboolean read = cs_der_expect(&der, CS_DER_OCTET_STRING, &contents, NULL);
		g_assert_cmpint(read, ==, cases[i].good);
		if (read)
			g_assert_cmpuint(contents.length, ==, cases[i].contents_length);
	}
}

static void
test_append(void)
{
	static const gsize lengths[] = {0, 1, 127, 128, 255, 256, 65535};
	static guint8 contents[65535];

	for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
		g_autoptr(GByteArray) out = g_byte_array_new();
		cs_der_append(out, CS_DER_OCTET_STRING, contents, lengths[i]);
		CsDer der = {out->data, out->len}, read;
		g_assert_true(cs_der_expect(&der, CS_DER_OCTET_STRING, &read, NULL));
		g_assert_cmpuint(read.length, ==, lengths[i]);
		g_assert_cmpuint(der.length, ==, 0);
	}
}

static void
test_time(void)
{
	static const struct {
		guint8 tag;
		const char *text;
		gint64 time_unix_s;
	} good[] = {
		{CS_DER_UTC_TIME, "700101000000Z", 0},
		{CS_DER_UTC_TIME, "500101000000Z", -631152000},
		{CS_DER_UTC_TIME, "491231235959Z", 2524607999},
		{CS_DER_UTC_TIME, "000229120000Z", 951825600},
		{CS_DER_GENERALIZED_TIME, "20500101000000Z", 2524608000},
		{CS_DER_GENERALIZED_TIME, "19691231235959Z", -1},
		{CS_DER_GENERALIZED_TIME, "99991231235959Z", 253402300799},
		{CS_DER_GENERALIZED_TIME, "00000301000000Z", -62162035200 + 0},
	};
	static const struct {
		guint8 tag;
		const char *text;
	} bad[] = {
		{CS_DER_UTC_TIME, "7001010000Z"},	/* without seconds */
		{CS_DER_UTC_TIME, "700101000000+0000"}, /* offset */
		{CS_DER_UTC_TIME, "700101000000z"},
		{CS_DER_UTC_TIME, "7001010000 0Z"},
		{CS_DER_UTC_TIME, "701301000000Z"},
		{CS_DER_UTC_TIME, "700001000000Z"},
		{CS_DER_UTC_TIME, "700100000000Z"},
		{CS_DER_UTC_TIME, "700431000000Z"},
		{CS_DER_UTC_TIME, "010229000000Z"},
		{CS_DER_UTC_TIME, "700101240000Z"},
		{CS_DER_UTC_TIME, "700101006000Z"},
		{CS_DER_UTC_TIME, "700101000060Z"},
		{CS_DER_UTC_TIME, "19700101000000Z"}, /* the other's form */
		{CS_DER_GENERALIZED_TIME, "700101000000Z"},
		{CS_DER_GENERALIZED_TIME, "19700101000000.5Z"},
		{CS_DER_GENERALIZED_TIME, "21000229000000Z"},
		{CS_DER_INTEGER, "700101000000Z"},
		{CS_DER_UTC_TIME, ""},
	};
	gint64 read = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		CsDer der = {(const guint8 *)good[i].text, strlen(good[i].text)};
		g_assert_true(cs_der_read_time(good[i].tag, der, &read));
		g_assert_cmpint(read, ==, good[i].time_unix_s);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		CsDer der = {(const guint8 *)bad[i].text, strlen(bad[i].text)};
		g_assert_false(cs_der_read_time(bad[i].tag, der, &read));
	}
}

/* Against the C library, over every kind of day. */
static void
test_calendar(void)
{
	for (gint64 day = -62135596800; day < 253402300800; day += 86400 * 13 + 3607) {
		time_t instant = (time_t)day;
		struct tm parts;
		char text[32];
		gint64 read = 0;

		gmtime_r(&instant, &parts);
		g_snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02dZ", parts.tm_year + 1900,
			   parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
			   parts.tm_sec);
		CsDer der = {(const guint8 *)text, strlen(text)};
		g_assert_true(cs_der_read_time(CS_DER_GENERALIZED_TIME, der, &read));
		g_assert_cmpint(read, ==, day);
	}
}

static void
test_contents(void)
{
	CsDer octets;

	g_assert_true(cs_der_is_integer(DER("\x00")));
	g_assert_true(cs_der_is_integer(DER("\x00\x80")));
	g_assert_true(cs_der_is_integer(DER("\xff\x7f")));
	g_assert_false(cs_der_is_integer(DER("")));
	g_assert_false(cs_der_is_integer(DER("\x00\x7f")));
	g_assert_false(cs_der_is_integer(DER("\xff\x80")));

	g_assert_true(cs_der_is_oid(DER("\x55\x1d\x0f")));
	g_assert_true(cs_der_is_oid(DER("\x2a\x86\x48")));
	g_assert_false(cs_der_is_oid(DER("")));
	g_assert_false(cs_der_is_oid(DER("\x2a\x86")));
	g_assert_false(cs_der_is_oid(DER("\x2a\x80\x01")));

	g_assert_true(cs_der_read_octets(DER("\x00\x01\x02"), &octets));
	g_assert_true(cs_der_equal(octets, "\x01\x02", 2));
	g_assert_false(cs_der_read_octets(DER("\x01\x02"), &octets));
	g_assert_false(cs_der_read_octets(DER("\x00"), &octets));
	g_assert_false(cs_der_read_octets(DER(""), &octets));
	g_assert_true(cs_der_equal(DER(""), NULL, 0));
}

/* Whatever the bytes are, the walk stays within them and ends. */
static void
test_random_bytes(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(20261122);

	for (guint round = 0; round < 20000; round++) {
		gsize length = (gsize)g_rand_int_range(random, 0, 40);
		g_autofree guint8 *data = g_malloc(length + 1);
		for (gsize i = 0; i < length; i++)
			data[i] = (guint8)g_rand_int_range(random, 0, i % 2 == 1 ? 12 : 256);
		CsDer der = {data, length}, contents, whole;
		guint8 tag = 0;
		while (cs_der_next(&der, &tag, &contents, &whole)) {
			g_assert_true(contents.data >= data);
			g_assert_true(contents.data + contents.length == der.data);
			g_assert_true(der.data + der.length == data + length);
		}
	}
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/der/next", test_next);
	g_test_add_func("/der/lengths", test_lengths);
	g_test_add_func("/der/long-form", test_long_form);
	g_test_add_func("/der/append", test_append);
	g_test_add_func("/der/time", test_time);
	g_test_add_func("/der/calendar", test_calendar);
	g_test_add_func("/der/contents", test_contents);
	g_test_add_func("/der/random-bytes", test_random_bytes);
	return g_test_run();
}
