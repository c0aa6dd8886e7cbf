/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/standing.h"

static const CsReason not_of_a_check[] = {CS_REASON_NONE, CS_REASON_MANAGED};

static gboolean
is_of_a_check(CsReason reason)
{
	for (gsize i = 0; i < G_N_ELEMENTS(not_of_a_check); i++) {
		if (not_of_a_check[i] == reason)
			return FALSE;
	}
	return TRUE;
}

/* Managed is said by one answer alone. */
static void
test_managed(void)
{
	g_assert_cmpint(cs_standing_of_verdict(CS_MANAGED_YES, CS_REASON_MANAGED)->state, ==,
			CS_AGENT_MANAGED);
	for (int reason = 0; reason <= CS_REASON_COUNT; reason++) {
		g_assert_cmpint(cs_standing_of_verdict(CS_MANAGED_NO, (CsReason)reason)->state, !=,
				CS_AGENT_MANAGED);
		g_assert_cmpint(cs_standing_of_verdict(CS_MANAGED_UNKNOWN, (CsReason)reason)->state,
				!=, CS_AGENT_MANAGED);
	}
	g_assert_cmpint(cs_standing_of_failure("managed")->state, !=, CS_AGENT_MANAGED);
	g_assert_cmpint(cs_standing_of_code("managed")->state, ==, CS_AGENT_MANAGED);
}

/* A sign-in that went wrong needs somebody, or another try; an attestation that does not count
 * needs neither for the sign-in. */
static void
test_sides(void)
{
	const int attestation = CS_REASON_SIDE_CLIENT | CS_REASON_SIDE_SERVER;

	for (int i = 0; i < CS_REASON_COUNT; i++) {
		CsReason reason = (CsReason)i;
		const CsStanding *standing = cs_standing_of_verdict(CS_MANAGED_NO, reason);

		if (!is_of_a_check(reason))
			continue;
		g_test_message("reason: %s", cs_reason_to_code(reason));
		g_assert_true(standing == cs_standing_of_code(cs_reason_to_code(reason)));
		g_assert_false(standing->keeps_last);
		if (cs_reason_is_of(reason, (CsReasonSide)attestation))
			g_assert_cmpint(standing->state, ==, CS_AGENT_NOT_MANAGED);
		else if (!standing->is_retried)
			g_assert_cmpint(standing->state, ==, CS_AGENT_ACTION_NEEDED);
		/* whatever ends an account, and whatever needs the user, is told */
		if (cs_reason_ends_account(reason) || standing->state == CS_AGENT_ACTION_NEEDED)
			g_assert_true(standing->is_told);
		/* what may be over in a moment is not */
		if (standing->is_retried)
			g_assert_false(standing->is_told);
	}
}

static void
test_failures(void)
{
	static const struct {
		const char *code;
		CsAgentState state;
		gboolean is_told;
		gboolean is_retried;
		gboolean keeps_last;
	} cases[] = {
		{"unreachable", CS_AGENT_NOT_MANAGED, FALSE, TRUE, TRUE},
		{"cancelled", CS_AGENT_NOT_MANAGED, FALSE, FALSE, TRUE},
		{"server-key-unknown", CS_AGENT_ACTION_NEEDED, TRUE, FALSE, FALSE},
		{"key-missing", CS_AGENT_ACTION_NEEDED, TRUE, FALSE, FALSE},
		{"key-unusable", CS_AGENT_ACTION_NEEDED, TRUE, FALSE, FALSE},
		{"verdict-invalid", CS_AGENT_ACTION_NEEDED, TRUE, FALSE, FALSE},
		{"state-unavailable", CS_AGENT_ACTION_NEEDED, TRUE, FALSE, FALSE},
		{"account-unknown", CS_AGENT_ACTION_NEEDED, TRUE, FALSE, FALSE},
		{"challenge-unknown", CS_AGENT_NOT_MANAGED, FALSE, TRUE, FALSE},
		{"whatever-comes", CS_AGENT_ACTION_NEEDED, TRUE, FALSE, FALSE},
		{"", CS_AGENT_ACTION_NEEDED, TRUE, FALSE, FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const CsStanding *standing = cs_standing_of_failure(cases[i].code);

		g_test_message("code: %s", cases[i].code);
		g_assert_cmpint(standing->state, ==, cases[i].state);
		g_assert_cmpint(standing->is_told, ==, cases[i].is_told);
		g_assert_cmpint(standing->is_retried, ==, cases[i].is_retried);
		g_assert_cmpint(standing->keeps_last, ==, cases[i].keeps_last);
	}
}

static void
test_of_device(void)
{
	g_assert_true(
		cs_standing_of_verdict(CS_MANAGED_NO, CS_REASON_DEVICE_SUSPENDED)->is_of_device);
	g_assert_false(
		cs_standing_of_verdict(CS_MANAGED_NO, CS_REASON_USER_SUSPENDED)->is_of_device);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/standing/managed", test_managed);
	g_test_add_func("/standing/sides", test_sides);
	g_test_add_func("/standing/failures", test_failures);
	g_test_add_func("/standing/of-device", test_of_device);
	return g_test_run();
}
