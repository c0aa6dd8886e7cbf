/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/x509-parts.h"

#include "tests/fixtures/revocation-fixture.h"

#include <string.h>

#define MAX_EXTENSIONS 64

/* Bytes, and a part of them to walk over. */
typedef struct {
	GBytes *bytes;
	CsDer rest;
} Input;

static void
input_clear(Input *input)
{
	g_clear_pointer(&input->bytes, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Input, input_clear)

static void
set(Input *input, const char *hex)
{
	input_clear(input);
	input->bytes = cs_test_der_decode(hex);
	input->rest.data = g_bytes_get_data(input->bytes, &input->rest.length);
}

static void
assert_algorithm(const char *hex, gboolean good)
{
	g_auto(Input) input = {NULL};
	CsDer whole;

	set(&input, hex);
	g_test_message("%s", hex);
	g_assert_true(cs_x509_read_algorithm(&input.rest, &whole) == good);
	if (!good)
		return;
	g_assert_cmpuint(input.rest.length, ==, 2); /* what stands behind it */
	g_assert_cmpuint(whole.length, ==, g_bytes_get_size(input.bytes) - 2);
}

static void
test_algorithm(void)
{
	assert_algorithm("300406022a030500", TRUE);
	assert_algorithm("300606022a0305000500", TRUE);
	assert_algorithm("300806022a03050005000500", FALSE); /* two parameters */
	assert_algorithm("300606022a030502", FALSE);	     /* one that is cut off */
	assert_algorithm("30020600", FALSE);
	assert_algorithm("300406022a83", FALSE); /* an OID that does not end */
	assert_algorithm("310406022a030500", FALSE);
	assert_algorithm("", FALSE);
}

static void
test_time(void)
{
	g_auto(Input) input = {NULL};
	gint64 time = 0;

	set(&input, "170d3730303130313030303030305a0500");
	g_assert_true(cs_x509_read_time(&input.rest, &time));
	g_assert_cmpint(time, ==, 0);
	g_assert_cmpuint(input.rest.length, ==, 2);
	set(&input, "180f32303530303130313030303030305a");
	g_assert_true(cs_x509_read_time(&input.rest, &time));
	g_assert_cmpint(time, ==, G_GINT64_CONSTANT(2524608000));
	set(&input, "0500");
	g_assert_false(cs_x509_read_time(&input.rest, &time));
	set(&input, "170d37303031303130303030");
	g_assert_false(cs_x509_read_time(&input.rest, &time));
}

static void
test_name(void)
{
	g_auto(Input) input = {NULL};
	CsDer whole;

	set(&input, "300e310c300a06035504030c03466f6f0500");
	g_assert_true(cs_x509_read_name(&input.rest, &whole));
	g_assert_cmpuint(whole.length, ==, 16);
	g_assert_cmpuint(input.rest.length, ==, 2);
	set(&input, "3000");
	g_assert_true(cs_x509_read_name(&input.rest, &whole));
	set(&input, "30023100"); /* an RDN of nothing */
	g_assert_false(cs_x509_read_name(&input.rest, &whole));
	set(&input, "3100");
	g_assert_false(cs_x509_read_name(&input.rest, &whole));
}

static void
test_bit_string(void)
{
	static const guint8 none[] = {0}, seven[] = {7, 0x80}, eight[] = {8, 0x80}, odd[] = {1};

	g_assert_true(cs_x509_is_bit_string((CsDer){none, sizeof(none)}));
	g_assert_true(cs_x509_is_bit_string((CsDer){seven, sizeof(seven)}));
	g_assert_false(cs_x509_is_bit_string((CsDer){eight, sizeof(eight)}));
	g_assert_false(cs_x509_is_bit_string((CsDer){odd, sizeof(odd)}));
	g_assert_false(cs_x509_is_bit_string((CsDer){NULL, 0}));
}

/* Of the one whose last octet is 5 the reader wants no more. */
static gboolean
read_cb(const CsX509Extension *extension, gpointer data)
{
	guint *seen = data;

	*seen += extension->critical ? 100 : 1;
	return extension->value.length == 0 || extension->value.data[0] != 5;
}

static void
assert_extensions(const char *extensions, gboolean good, guint seen)
{
	g_auto(Input) input = {NULL};
	guint counted = 0;

	set(&input, extensions);
	g_test_message("%s", extensions);
	g_assert_true(cs_x509_read_extensions(input.rest, read_cb, &counted) == good);
	g_assert_cmpuint(counted, ==, seen);
}

static const char *
make_many(guint count)
{
	const char *all = "";

	for (guint i = 0; i < count; i++) {
		g_autofree char *oid = g_strdup_printf("2a03%02x", i);

		all = cs_test_der_join(all, cs_test_der_extension(oid, FALSE, ""), NULL);
	}
	return cs_test_der(0x30, all, NULL);
}

static void
test_extensions(void)
{
	const char *one = cs_test_der_extension("2a03", FALSE, "0500");
	const char *other = cs_test_der_extension("2a04", TRUE, "00");
	const char *five = cs_test_der_extension("2a05", FALSE, "05");

	assert_extensions(cs_test_der(0x30, other, NULL), TRUE, 100);
	assert_extensions(cs_test_der(0x30, cs_test_der_extension("2a03", FALSE, ""), other, NULL),
			  TRUE, 101);
	assert_extensions(cs_test_der(0x30, one, other, NULL), FALSE, 1);
	assert_extensions(cs_test_der(0x30, other, other, NULL), FALSE, 100);
	assert_extensions(cs_test_der(0x30, other, five, NULL), FALSE, 101);
	assert_extensions("3000", FALSE, 0);
	assert_extensions("", FALSE, 0);
	assert_extensions(cs_test_der_join(cs_test_der(0x30, other, NULL), "0500", NULL), FALSE, 0);
	assert_extensions(make_many(MAX_EXTENSIONS), TRUE, MAX_EXTENSIONS);
	assert_extensions(make_many(MAX_EXTENSIONS + 1), FALSE, MAX_EXTENSIONS);
}

/* An explicit FALSE, a TRUE that is not 0xff, two octets of it, no value, more behind it. */
static void
test_extension(void)
{
	static const char *const bad[] = {"300906022a030101000400",   "300906022a030101010400",
					  "300a06022a030102ffff0400", "300406022a03",
					  "300806022a0304000500",     "300406000400",
					  "310606022a030400"};
	g_auto(Input) input = {NULL};
	CsX509Extension extension;

	set(&input, "300906022a030101ff04000500");
	g_assert_true(cs_x509_next_extension(&input.rest, &extension));
	g_assert_true(extension.critical);
	g_assert_true(cs_der_equal(extension.oid, "\x2a\x03", 2));
	g_assert_cmpuint(extension.value.length, ==, 0);
	g_assert_cmpuint(input.rest.length, ==, 2);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		set(&input, bad[i]);
		g_test_message("%s", bad[i]);
		g_assert_false(cs_x509_next_extension(&input.rest, &extension));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/x509-parts/algorithm", test_algorithm);
	g_test_add_func("/x509-parts/time", test_time);
	g_test_add_func("/x509-parts/name", test_name);
	g_test_add_func("/x509-parts/bit-string", test_bit_string);
	g_test_add_func("/x509-parts/extensions", test_extensions);
	g_test_add_func("/x509-parts/extension", test_extension);
	return g_test_run();
}
