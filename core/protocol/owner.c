/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/owner.h"

#include <glib/gi18n-lib.h>

/**
 * cs_owner_dup_step:
 * @owner: whose it is
 * @step: (nullable): a sentence that says what to do to the person at the device, whoever's turn it
 *   is, translated
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
		/* Translators: %s is a sentence that tells the person at the device what to do. */
		return g_strdup_printf(_("It is your turn. %s"), step);
	case CS_OWNER_HELPDESK:
		/* Translators: %s is a sentence that tells the person at the device what to do,
		 * who is not the helpdesk. */
		return g_strdup_printf(_("It is the helpdesk's turn. %s"), step);
	case CS_OWNER_ADMINISTRATOR:
		/* Translators: %s is a sentence that tells the person at the device what to do,
		 * who is not the administrator. */
		return g_strdup_printf(_("It is the administrator's turn. %s"), step);
	case CS_OWNER_NOBODY:
	case CS_OWNER_COUNT:
	default:
		return g_strdup(step);
	}
}
