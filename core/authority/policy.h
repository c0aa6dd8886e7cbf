/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/protocol/reason.h"

#include <glib.h>

/* Rule 21 as a pure function: what an access policy asks of the device, and what that makes of one
 * authentication. */
typedef enum {
	CS_POLICY_ANY,	       /* neither: whoever authenticated */
	CS_POLICY_MANAGED,     /* managed devices only */
	CS_POLICY_NOT_MANAGED, /* devices that are known not to be managed only */
} CsPolicyDemand;

/* What an authentication came to, be it the verifier's decision or a line of the log. */
typedef struct {
	gboolean authenticated;
	CsReason reason;	/* of the authentication's failure; else NONE */
	CsReason device_reason; /* CS_REASON_MANAGED or why not; NONE where not authenticated */
} CsPolicyFacts;

typedef struct {
	gboolean allowed;
	CsReason reason; /* CS_REASON_NONE where allowed */
} CsPolicyAnswer;

CsPolicyAnswer cs_policy_decide(CsPolicyDemand demand, const CsPolicyFacts *facts);
const char *cs_policy_demand_to_text(CsPolicyDemand demand);
gboolean cs_policy_demand_from_text(const char *text, CsPolicyDemand *demand);
