/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/policy.h"

static void
expect(CsPolicyDemand demand, CsReason device_reason, gboolean allowed, CsReason reason)
{
	const CsPolicyFacts facts = {.authenticated = TRUE, .device_reason = device_reason};
	CsPolicyAnswer answer = cs_policy_decide(demand, &facts);

	g_assert_cmpint(answer.allowed, ==, allowed);
	g_assert_cmpint(answer.reason, ==, reason);
}

/* rule 21: every reason that a device can have, under every demand */
static void
test_every_reason(void)
{
	for (CsReason reason = CS_REASON_MANAGED; reason < CS_REASON_COUNT; reason++) {
		gboolean managed = reason == CS_REASON_MANAGED;
		gboolean known = reason != CS_REASON_REVOCATION_UNKNOWN;

		expect(CS_POLICY_ANY, reason, TRUE, CS_REASON_NONE);
		expect(CS_POLICY_MANAGED, reason, managed, managed ? CS_REASON_NONE : reason);
		expect(CS_POLICY_NOT_MANAGED, reason, !managed && known,
		       !managed && known ? CS_REASON_NONE : reason);
	}
}

/* rule 21: an unknown answer satisfies neither of the first two */
static void
test_unknown(void)
{
	expect(CS_POLICY_MANAGED, CS_REASON_REVOCATION_UNKNOWN, FALSE,
	       CS_REASON_REVOCATION_UNKNOWN);
	expect(CS_POLICY_NOT_MANAGED, CS_REASON_REVOCATION_UNKNOWN, FALSE,
	       CS_REASON_REVOCATION_UNKNOWN);
	expect(CS_POLICY_ANY, CS_REASON_REVOCATION_UNKNOWN, TRUE, CS_REASON_NONE);
}

/* Whoever is not let in gets nowhere, whatever the policy. */
static void
test_not_authenticated(void)
{
	const CsPolicyFacts facts = {.reason = CS_REASON_DEVICE_SUSPENDED};

	for (guint demand = CS_POLICY_ANY; demand <= CS_POLICY_NOT_MANAGED; demand++) {
		CsPolicyAnswer answer = cs_policy_decide((CsPolicyDemand)demand, &facts);

		g_assert_false(answer.allowed);
		g_assert_cmpint(answer.reason, ==, CS_REASON_DEVICE_SUSPENDED);
	}
}

static void
test_text(void)
{
	CsPolicyDemand demand = CS_POLICY_ANY;

	g_assert_true(cs_policy_demand_from_text("not-managed", &demand));
	g_assert_cmpint(demand, ==, CS_POLICY_NOT_MANAGED);
	g_assert_true(cs_policy_demand_from_text("managed", &demand));
	g_assert_cmpint(demand, ==, CS_POLICY_MANAGED);
	g_assert_false(cs_policy_demand_from_text("Managed", &demand));
	g_assert_false(cs_policy_demand_from_text("", &demand));
	g_assert_false(cs_policy_demand_from_text(NULL, &demand));
	g_assert_cmpint(demand, ==, CS_POLICY_MANAGED);
	g_assert_cmpstr(cs_policy_demand_to_text(CS_POLICY_ANY), ==, "any");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/every-reason", test_every_reason);
	g_test_add_func("/policy/unknown", test_unknown);
	g_test_add_func("/policy/not-authenticated", test_not_authenticated);
	g_test_add_func("/policy/text", test_text);
	return g_test_run();
}
