/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/owner.h"

static void
test_step(void)
{
	static const char *const expected[CS_OWNER_COUNT] = {
		[CS_OWNER_NOBODY] = "Rest.",
		[CS_OWNER_USER] = "It is your turn. Rest.",
		[CS_OWNER_HELPDESK] = "It is the helpdesk's turn. Rest.",
		[CS_OWNER_ADMINISTRATOR] = "It is the administrator's turn. Rest.",
	};

	for (CsOwner owner = CS_OWNER_NOBODY; owner < CS_OWNER_COUNT; owner++) {
		g_autofree char *step = cs_owner_dup_step(owner, "Rest.");

		g_assert_cmpstr(step, ==, expected[owner]);
	}
}

static void
test_none(void)
{
	g_autofree char *absent = cs_owner_dup_step(CS_OWNER_USER, NULL);
	g_autofree char *empty = cs_owner_dup_step(CS_OWNER_HELPDESK, "");
	g_autofree char *unknown = cs_owner_dup_step(CS_OWNER_COUNT, "Rest.");

	g_assert_cmpstr(absent, ==, "");
	g_assert_cmpstr(empty, ==, "");
	g_assert_cmpstr(unknown, ==, "Rest.");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/owner/step", test_step);
	g_test_add_func("/owner/none", test_none);
	return g_test_run();
}
