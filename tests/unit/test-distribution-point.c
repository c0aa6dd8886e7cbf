/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/distribution-point.h"

#include "tests/fixtures/revocation-fixture.h"

static CsDer
lend(GBytes *bytes)
{
	CsDer der = {0};

	der.data = g_bytes_get_data(bytes, &der.length);
	return der;
}

#define NAME_X	"300c310a300806035504030c0178"			       /* CN=x */
#define NAME_XY "3018310a300806035504030c0178310a300806035504030c0179" /* CN=x, CN=y */
#define RDN_Y	"300806035504030c0179"

static gboolean
share(const char *a, const char *b)
{
	g_autoptr(GBytes) issuer = cs_test_der_decode(NAME_X);
	g_autoptr(GBytes) first = cs_test_der_decode(a);
	g_autoptr(GBytes) second = cs_test_der_decode(b);
	g_autoptr(GPtrArray) names = cs_distribution_point_list_names(lend(first), lend(issuer));
	g_autoptr(GPtrArray) others = cs_distribution_point_list_names(lend(second), lend(issuer));

	g_assert_nonnull(names);
	g_assert_nonnull(others);
	return cs_distribution_point_share_name(names, others);
}

static void
test_names(void)
{
	const char *full = cs_test_der(0xa0, cs_test_der(0xa4, NAME_XY, NULL), NULL);
	const char *relative = cs_test_der(0xa1, RDN_Y, NULL);

	g_assert_true(share("a006860161860162", "a003860162"));
	g_assert_false(share("a003860161", "a003860162"));
	g_assert_true(share(relative, relative));
	g_assert_true(share(relative, full));
	g_assert_false(share(relative, cs_test_der(0xa0, cs_test_der(0xa4, NAME_X, NULL), NULL)));
}

static void
test_malformed_names(void)
{
	static const char *const names[] = {"",		"a000",		"a003860261",	 "0500",
					    "a1020500", "a004a4020500", "a0038601610500"};
	g_autoptr(GBytes) issuer = cs_test_der_decode(NAME_X);

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GBytes) name = cs_test_der_decode(names[i]);

		g_assert_null(cs_distribution_point_list_names(lend(name), lend(issuer)));
	}
}

static void
test_reasons(void)
{
	static const struct {
		const char *bits;
		gboolean good;
		guint reasons;
	} cases[] = {
		{"0640", TRUE, 0x02}, {"0780", TRUE, 0},	 {"077f80", TRUE, CS_REASONS_ALL},
		{"00", TRUE, 0},      {"00ffffff", TRUE, 0x1fe}, {"", FALSE, 0},
		{"0840", FALSE, 0},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) bits = cs_test_der_decode(cases[i].bits);
		guint reasons = 0;

		g_assert_cmpint(cs_reason_flags_read(lend(bits), &reasons), ==, cases[i].good);
		if (cases[i].good)
			g_assert_cmphex(reasons, ==, cases[i].reasons);
	}
}

static void
test_points(void)
{
	static const char *const malformed[] = {"30020500", "300481020940", "3007a0058601610500"};
	g_autoptr(GBytes) good = cs_test_der_decode("300b"
						    "a005a003860161"
						    "81020640");
	CsDer rest = lend(good);
	CsDistributionPoint point;

	g_assert_true(cs_distribution_point_next(&rest, &point));
	g_assert_cmphex(point.reasons, ==, 0x02);
	g_assert_cmpuint(point.name.length, ==, 5);
	g_assert_false(cs_distribution_point_next(&rest, &point));
	g_assert_cmpuint(rest.length, ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(malformed); i++) {
		g_autoptr(GBytes) bytes = cs_test_der_decode(malformed[i]);

		rest = lend(bytes);
		g_assert_false(cs_distribution_point_next(&rest, &point));
		g_assert_cmpuint(rest.length, >, 0);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/distribution-point/names", test_names);
	g_test_add_func("/distribution-point/malformed-names", test_malformed_names);
	g_test_add_func("/distribution-point/reasons", test_reasons);
	g_test_add_func("/distribution-point/points", test_points);
	return g_test_run();
}
