/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/state-icon.h"

static const char *const names[] = {
	[CS_AGENT_NO_ACCOUNT] = CS_APPLICATION_ID "-none-symbolic",
	[CS_AGENT_MANAGED] = CS_APPLICATION_ID "-managed-symbolic",
	[CS_AGENT_NOT_MANAGED] = CS_APPLICATION_ID "-not-managed-symbolic",
	[CS_AGENT_ACTION_NEEDED] = CS_APPLICATION_ID "-action-symbolic",
	[CS_AGENT_CHECKING] = CS_APPLICATION_ID "-checking-symbolic",
};

/**
 * cs_state_icon_get_name:
 * @state: of an account, or of all
 *
 * Returns: (transfer none): the name of its icon; what is no state looks like one that needs
 *   somebody's eyes
 */
const char *
cs_state_icon_get_name(CsAgentState state)
{
	return (guint)state < G_N_ELEMENTS(names) ? names[state] : names[CS_AGENT_ACTION_NEEDED];
}
