/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/registry.h"
#include "core/protocol/repurpose-step.h"

/* Rule 22's table, pure. */
typedef enum {
	CS_MOVE_SUSPEND,
	CS_MOVE_RESUME,
	CS_MOVE_DEACTIVATE,
	CS_MOVE_REACTIVATE,
	CS_MOVE_DELETE,
} CsDeviceMove;

/* CS_ERROR_REFUSED, "transition-forbidden", for a move that rule 22 does not allow; the message
 * says from which state, and what is possible. */
gboolean
cs_lifecycle_decide(CsDeviceState from, CsDeviceMove move, CsDeviceState *to, GError **error);

/* Rule 25's five steps, pure, from what the record says. */
typedef struct {
	CsDeviceState state;
	guint live_accounts; /* under this record, not deleted */
	gboolean any_suspended_link;
	gint64 reactivated_at; /* 0: never */
	gint64 last_bound_at;  /* latest bound_at among bound links, 0: none */
	gboolean key_refused;  /* this device key may use none of the record's links (rule 26) */
} CsRepurposeFacts;
/* Counts them out of the record's rows. key (nullable): which of its device keys asks. */
void cs_lifecycle_gather_facts(const CsDeviceRow *device,
			       const GPtrArray *accounts,
			       const GPtrArray *links,
			       const CsDeviceKeyRow *key,
			       CsRepurposeFacts *facts);
/* done[]: in the order of repurpose-step.h. */
void cs_lifecycle_repurpose_steps(const CsRepurposeFacts *facts, gboolean done[CS_REPURPOSE_STEPS]);
/* [{"step", "done", "by"}], as POST /v1/device and `device show` answer them. */
cJSON *cs_lifecycle_steps_to_json(const CsRepurposeFacts *facts);
