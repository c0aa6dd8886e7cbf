/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/repurpose-text.h"

#include "core/protocol/repurpose-step.h"

#include <glib/gi18n-lib.h>

/**
 * cs_repurpose_step_is_done:
 * @step: (nullable): one of {"step", "done", "by"}
 *
 * Returns: whether it is done
 */
gboolean
cs_repurpose_step_is_done(const cJSON *step)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(step, "done"));
}

/**
 * cs_repurpose_steps_are_done:
 * @steps: an array of them
 *
 * Returns: whether all are done
 */
gboolean
cs_repurpose_steps_are_done(const cJSON *steps)
{
	const cJSON *step = NULL;

	cJSON_ArrayForEach (step, steps) {
		if (!cs_repurpose_step_is_done(step))
			return FALSE;
	}
	return TRUE;
}

/**
 * cs_repurpose_steps_to_text:
 * @steps: rule 25's five steps in their order: [{"step", "done", "by"}]
 *
 * Returns: (transfer full): a line a step: whether it is done, whose it is, and which is next
 */
char *
cs_repurpose_steps_to_text(const cJSON *steps)
{
	GString *out = g_string_new(NULL);
	const cJSON *step = NULL;
	gboolean next_marked = FALSE;
	guint place = 0;

	cJSON_ArrayForEach (step, steps) {
		gboolean is_done = cs_repurpose_step_is_done(step);
		gboolean is_next = !is_done && !next_marked;
		const char *actor = NULL;

		if (place == CS_REPURPOSE_STEPS)
			break;
		actor = cs_repurpose_actor_get_text(cs_repurpose_step_get_actor(place));
		g_string_append_printf(out, "  [%s] %u. %s (%s)%s\n", is_done ? "x" : " ",
				       place + 1, cs_repurpose_step_get_text(place), actor,
				       is_next ? _("  <- next") : "");
		next_marked = next_marked || is_next;
		place++;
	}
	return g_string_free(out, FALSE);
}
