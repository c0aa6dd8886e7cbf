/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/crl.h"

#include <string.h>

#define SEED	     1
#define WORDS	     4 /* of a serial */
#define POSITIVE     0x7fffffffU
#define LARGE	     0x40000000U /* no leading zero to leave out */
#define SERIAL_ENTRY "0210%08x%08x%08x%08x"

GBytes *
cs_bench_crl_new(CsTestIdentity *ca, guint entries)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
	g_autoptr(GString) hex = g_string_new(NULL);
	const char *time = cs_test_der_time(CS_TEST_CRL_NOW - 1);
	gsize length = 2 + WORDS * 4 + strlen(time) / 2;

	for (guint i = 0; i < entries; i++) {
		g_string_append_printf(hex, "30%02x", (guint)length);
		g_string_append_printf(hex, SERIAL_ENTRY, (g_rand_int(random) & POSITIVE) | LARGE,
				       g_rand_int(random), g_rand_int(random), g_rand_int(random));
		g_string_append(hex, time);
	}
	return cs_test_crl_new(&(CsTestCrlProfile){.number = "01", .entries = hex->str}, ca);
}

CsCrlSet *
cs_bench_crl_set_new(CsTestIdentity *ca, GBytes *crl)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsIssuer) issuer = cs_issuer_new(cs_test_identity_get_certificate(ca), &error);
	g_autoptr(GPtrArray) crls = g_ptr_array_new_with_free_func((GDestroyNotify)cs_crl_unref);
	CsCrlSet *set;

	g_assert_no_error(error);
	g_ptr_array_add(crls, cs_crl_new(crl, &error));
	g_assert_no_error(error);
	set = cs_crl_set_new(issuer, crls, NULL);
	g_assert_cmpstr(cs_crl_set_get_problem(set, 0), ==, NULL);
	return set;
}
