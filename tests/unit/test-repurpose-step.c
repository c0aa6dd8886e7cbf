/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/repurpose-step.h"

/* rule 25: five steps, each somebody's */
static void
test_steps(void)
{
	static const char *const expected[CS_REPURPOSE_STEPS][2] = {
		{"delete-account", "user"},	      {"deactivate", "administrator"},
		{"reactivate", "administrator"},      {"add-account", "new-user"},
		{"first-authentication", "new-user"},
	};

	for (guint i = 0; i < CS_REPURPOSE_STEPS; i++) {
		const char *actor = cs_repurpose_step_get_actor(i);

		g_assert_cmpstr(cs_repurpose_step_get_id(i), ==, expected[i][0]);
		g_assert_cmpstr(actor, ==, expected[i][1]);
		g_assert_nonnull(cs_repurpose_step_get_text(i));
		g_assert_nonnull(cs_repurpose_actor_get_text(actor));
	}
}

static void
test_strangers(void)
{
	g_assert_null(cs_repurpose_actor_get_text("nobody"));
	g_assert_null(cs_repurpose_actor_get_text(NULL));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/repurpose-step/steps", test_steps);
	g_test_add_func("/repurpose-step/strangers", test_strangers);
	return g_test_run();
}
