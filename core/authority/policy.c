/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/policy.h"

static const char *const demands[] = {
	[CS_POLICY_ANY] = "any",
	[CS_POLICY_MANAGED] = "managed",
	[CS_POLICY_NOT_MANAGED] = "not-managed",
};

static CsPolicyAnswer
answer(gboolean allowed, CsReason reason)
{
	return (CsPolicyAnswer){allowed, allowed ? CS_REASON_NONE : reason};
}

/**
 * cs_policy_decide:
 * @demand: what the application's policy asks for
 * @facts: one authentication
 *
 * Decides access (rule 21). Where nobody knows whether the certificate is revoked
 * (revocation-unknown), the device is neither managed nor known not to be: only a policy that asks
 * for nothing is satisfied. What the application does with the answer is not known here.
 *
 * Returns: whether access is allowed, and if not, the code that says why: that of the
 *   authentication's failure, that of what is missing to being managed, or "managed" where the
 *   policy asks for a device that is not
 */
CsPolicyAnswer
cs_policy_decide(CsPolicyDemand demand, const CsPolicyFacts *facts)
{
	gboolean is_managed = facts->device_reason == CS_REASON_MANAGED;

	if (!facts->authenticated)
		return answer(FALSE, facts->reason);
	switch (demand) {
	case CS_POLICY_ANY:
		return answer(TRUE, CS_REASON_NONE);
	case CS_POLICY_NOT_MANAGED:
		return answer(!is_managed && facts->device_reason != CS_REASON_REVOCATION_UNKNOWN,
			      facts->device_reason);
	case CS_POLICY_MANAGED:
	default:
		return answer(is_managed, facts->device_reason);
	}
}

/**
 * cs_policy_demand_to_text:
 * @demand: what a policy asks for
 *
 * Returns: (transfer none): as the registry, the command line and JSON write it
 */
const char *
cs_policy_demand_to_text(CsPolicyDemand demand)
{
	g_return_val_if_fail((guint)demand < G_N_ELEMENTS(demands), NULL);
	return demands[demand];
}

/**
 * cs_policy_demand_from_text:
 * @text: (nullable): from outside
 * @demand: (out): what it names
 *
 * Returns: %FALSE where it names none; @demand is then unchanged
 */
gboolean
cs_policy_demand_from_text(const char *text, CsPolicyDemand *demand)
{
	for (guint i = 0; i < G_N_ELEMENTS(demands); i++) {
		if (g_strcmp0(text, demands[i]) == 0) {
			*demand = (CsPolicyDemand)i;
			return TRUE;
		}
	}
	return FALSE;
}
