/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/lifecycle.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define N_STATES (CS_DEVICE_DELETED + 1)
#define N_MOVES	 (CS_MOVE_DELETE + 1)
#define NONE	 (-1)

/* Rule 22: where each move leads from each state; every other is refused. */
static const int transitions[N_STATES][N_MOVES] = {
	[CS_DEVICE_ACTIVE] =
		{
			[CS_MOVE_SUSPEND] = CS_DEVICE_SUSPENDED,
			[CS_MOVE_RESUME] = NONE,
			[CS_MOVE_DEACTIVATE] = CS_DEVICE_DEACTIVATED,
			[CS_MOVE_REACTIVATE] = NONE,
			[CS_MOVE_DELETE] = NONE,
		},
	[CS_DEVICE_SUSPENDED] =
		{
			[CS_MOVE_SUSPEND] = NONE,
			[CS_MOVE_RESUME] = CS_DEVICE_ACTIVE,
			[CS_MOVE_DEACTIVATE] = CS_DEVICE_DEACTIVATED,
			[CS_MOVE_REACTIVATE] = NONE,
			[CS_MOVE_DELETE] = NONE,
		},
	[CS_DEVICE_DEACTIVATED] =
		{
			[CS_MOVE_SUSPEND] = NONE,
			[CS_MOVE_RESUME] = NONE,
			[CS_MOVE_DEACTIVATE] = NONE,
			[CS_MOVE_REACTIVATE] = CS_DEVICE_ACTIVE,
			[CS_MOVE_DELETE] = CS_DEVICE_DELETED,
		},
	[CS_DEVICE_DELETED] =
		{
			[CS_MOVE_SUSPEND] = NONE,
			[CS_MOVE_RESUME] = NONE,
			[CS_MOVE_DEACTIVATE] = NONE,
			[CS_MOVE_REACTIVATE] = NONE,
			[CS_MOVE_DELETE] = NONE,
		},
};

static const char *const refusals[N_STATES] = {
	[CS_DEVICE_ACTIVE] = N_("the device is active: it can be suspended or deactivated"),
	[CS_DEVICE_SUSPENDED] = N_("the device is suspended: it can be resumed or deactivated"),
	[CS_DEVICE_DEACTIVATED] = N_("the device is deactivated: it can be reactivated or deleted"),
	[CS_DEVICE_DELETED] = N_("the device is deleted, and stays so"),
};

/**
 * cs_lifecycle_decide:
 * @from: the device's state
 * @move: what the administrator wants
 * @to: (out): the state that follows; untouched where the move is refused
 * @error: where to put the error
 *
 * Rule 22's table of states. What a move does to links and accounts is in admin-devices.c.
 *
 * Returns: %FALSE with CS_ERROR_REFUSED "transition-forbidden"; the message says from which state,
 *   and what is possible
 */
gboolean
cs_lifecycle_decide(CsDeviceState from, CsDeviceMove move, CsDeviceState *to, GError **error)
{
	int next = NONE;

	g_return_val_if_fail((guint)from < N_STATES && (guint)move < N_MOVES, FALSE);
	next = transitions[from][move];
	if (next == NONE) {
		cs_error_set(error, CS_ERROR_REFUSED, "transition-forbidden", "%s",
			     _(refusals[from]));
		return FALSE;
	}
	*to = (CsDeviceState)next;
	return TRUE;
}

/* Rule 26: a key is refused where bound links are there and none of them names it. */
static void
gather_links(const GPtrArray *links, const CsDeviceKeyRow *key, CsRepurposeFacts *facts)
{
	gboolean any_bound = FALSE;
	gboolean may_use = key == NULL || key->approval == CS_APPROVAL_ADMINISTRATOR;

	for (guint i = 0; i < links->len; i++) {
		const CsLinkRow *link = g_ptr_array_index(links, i);

		facts->any_suspended_link |= link->state == CS_LINK_SUSPENDED;
		if (link->state != CS_LINK_BOUND)
			continue;
		any_bound = TRUE;
		facts->last_bound_at = MAX(facts->last_bound_at, link->bound_at);
		may_use |= key != NULL && link->key_ids != NULL &&
			   g_strv_contains((const char *const *)link->key_ids, key->id);
	}
	facts->key_refused = any_bound && !may_use;
}

/**
 * cs_lifecycle_gather_facts:
 * @device: the record
 * @accounts: (element-type CsAccountRow): those under it, deleted ones too
 * @links: (element-type CsLinkRow): its links in whatever state
 * @key: (nullable): the device key that asks; %NULL where an administrator does
 * @facts: (out caller-allocates): what they say
 *
 * Counts rule 25's facts out of one record's rows, which must be of one moment.
 */
void
cs_lifecycle_gather_facts(const CsDeviceRow *device,
			  const GPtrArray *accounts,
			  const GPtrArray *links,
			  const CsDeviceKeyRow *key,
			  CsRepurposeFacts *facts)
{
	memset(facts, 0, sizeof(*facts));
	facts->state = device->state;
	facts->reactivated_at = device->reactivated_at;
	for (guint i = 0; i < accounts->len; i++) {
		const CsAccountRow *account = g_ptr_array_index(accounts, i);

		facts->live_accounts += account->deleted ? 0 : 1;
	}
	gather_links(links, key, facts);
}

/* The first n_done are done; the last two are the new user's. */
static void
fill_steps(gboolean done[CS_REPURPOSE_STEPS], guint n_done, gboolean added, gboolean authenticated)
{
	for (guint i = 0; i < CS_REPURPOSE_STEPS; i++)
		done[i] = i < n_done;
	done[3] = added;
	done[4] = authenticated;
}

/**
 * cs_lifecycle_repurpose_steps:
 * @facts: what the record says
 * @done: (out caller-allocates): for each of rule 25's steps, whether it is done
 *
 * Where a device stands in being repurposed. A deactivated record has the first two behind it
 * (its accounts were dropped). A reactivated one has three, then the account of the new user, then
 * the first authentication with a certificate that was bound since; that another certificate's link
 * still waits takes nothing away. A cycle that ended and whose accounts are gone again, one that
 * went to another device key than the one that asks, and a record that was never deactivated all
 * stand at the beginning: only the first step may be done. Being suspended hides nothing: all comes
 * back on resume (rule 22). A deleted record cannot be repurposed, so nothing of it is done.
 */
void
cs_lifecycle_repurpose_steps(const CsRepurposeFacts *facts, gboolean done[CS_REPURPOSE_STEPS])
{
	gboolean live = facts->live_accounts > 0;
	gboolean reactivated = facts->reactivated_at != 0;
	gboolean bound_since = reactivated && facts->last_bound_at >= facts->reactivated_at;

	if (facts->state == CS_DEVICE_DELETED)
		fill_steps(done, 0, FALSE, FALSE);
	else if (facts->state == CS_DEVICE_DEACTIVATED)
		fill_steps(done, 2, FALSE, FALSE);
	else if (bound_since && live && !facts->key_refused)
		fill_steps(done, 3, TRUE, TRUE);
	else if (reactivated && (facts->any_suspended_link || !bound_since))
		fill_steps(done, 3, live, FALSE);
	else
		fill_steps(done, live ? 0 : 1, FALSE, FALSE);
}

/**
 * cs_lifecycle_steps_to_json:
 * @facts: what the record says
 *
 * Returns: (transfer full): [{"step", "done", "by"}], rule 25's five steps in their order
 */
cJSON *
cs_lifecycle_steps_to_json(const CsRepurposeFacts *facts)
{
	gboolean done[CS_REPURPOSE_STEPS] = {FALSE};
	cJSON *steps = cJSON_CreateArray();

	cs_lifecycle_repurpose_steps(facts, done);
	for (guint i = 0; i < CS_REPURPOSE_STEPS; i++) {
		cJSON *step = cJSON_CreateObject();

		cs_json_add_string(step, "step", cs_repurpose_step_get_id(i));
		cs_json_add_boolean(step, "done", done[i]);
		cs_json_add_string(step, "by", cs_repurpose_step_get_actor(i));
		cs_json_append(steps, step);
	}
	return steps;
}
