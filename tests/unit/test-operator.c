/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/operator.h"

static void
test_describe(void)
{
	g_autofree char *root = cs_operator_describe(0);
	g_autofree char *nobody_here = cs_operator_describe(3999999999U);

	g_assert_cmpstr(root, ==, "root (uid 0)");
	g_assert_cmpstr(nobody_here, ==, "uid 3999999999");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/operator/describe", test_describe);
	return g_test_run();
}
