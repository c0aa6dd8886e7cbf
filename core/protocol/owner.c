/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/owner.h"

#include <glib/gi18n-lib.h>

/**
 * cs_owner_dup_step:
 * @owner: whose it is
 * @step: (nullable): a sentence that says what to do, translated
 *
 * Returns: (transfer full): whose it is, and what; @step alone where it is nobody's; empty where
 *   there is none
 */
char *
cs_owner_dup_step(CsOwner owner, const char *step)
{
	if (step == NULL || step[0] == '\0')
		return g_strdup("");
	switch (owner) {
	case CS_OWNER_USER:
		/* Translators: %s is a sentence: what the person at the device does next. */
		return g_strdup_printf(_("Yours to do: %s"), step);
	case CS_OWNER_HELPDESK:
		/* Translators: %s is a sentence: what is next, which the helpdesk does. */
		return g_strdup_printf(_("For the helpdesk: %s"), step);
	case CS_OWNER_ADMINISTRATOR:
		/* Translators: %s is a sentence: what is next, which the administrator does. */
		return g_strdup_printf(_("For the administrator: %s"), step);
	case CS_OWNER_NOBODY:
	case CS_OWNER_COUNT:
	default:
		return g_strdup(step);
	}
}
