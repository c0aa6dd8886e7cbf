/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/repurpose-step.h"

#include <glib/gi18n-lib.h>

static const struct {
	const char *id;
	const char *actor;
	const char *text;
} steps[CS_REPURPOSE_STEPS] = {
	{"delete-account", "user", N_("Delete the account on the device")},
	{"deactivate", "administrator", N_("The administrator deactivates the device")},
	{"reactivate", "administrator", N_("The administrator reactivates the device")},
	{"add-account", "new-user", N_("The new user adds an account on the device")},
	{"first-authentication", "new-user", N_("The new user authenticates for the first time")},
};

static const struct {
	const char *actor;
	const char *text;
} actors[] = {
	{"user", N_("user, on the device")},
	{"administrator", N_("administrator")},
	{"new-user", N_("new user, on the device")},
};

/**
 * cs_repurpose_step_get_id:
 * @step: 0 to 4
 *
 * Returns: (transfer none): "delete-account", "deactivate", "reactivate", "add-account" or
 *   "first-authentication"
 */
const char *
cs_repurpose_step_get_id(guint step)
{
	g_return_val_if_fail(step < CS_REPURPOSE_STEPS, NULL);
	return steps[step].id;
}

/**
 * cs_repurpose_step_get_actor:
 * @step: 0 to 4
 *
 * Returns: (transfer none): whose it is: "user", "administrator" or "new-user"
 */
const char *
cs_repurpose_step_get_actor(guint step)
{
	g_return_val_if_fail(step < CS_REPURPOSE_STEPS, NULL);
	return steps[step].actor;
}

/**
 * cs_repurpose_step_get_text:
 * @step: 0 to 4
 *
 * Returns: (transfer none): what is to be done, in the reader's language
 */
const char *
cs_repurpose_step_get_text(guint step)
{
	g_return_val_if_fail(step < CS_REPURPOSE_STEPS, NULL);
	return _(steps[step].text);
}

/**
 * cs_repurpose_actor_get_text:
 * @actor: (nullable): whose a step is, perhaps as a server says
 *
 * Returns: (transfer none) (nullable): the same for people; %NULL where there is no such actor
 */
const char *
cs_repurpose_actor_get_text(const char *actor)
{
	for (guint i = 0; i < G_N_ELEMENTS(actors); i++) {
		if (g_strcmp0(actors[i].actor, actor) == 0)
			return _(actors[i].text);
	}
	return NULL;
}
