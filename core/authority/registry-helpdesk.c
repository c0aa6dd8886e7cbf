/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/base/error.h"
#include "core/protocol/helpdesk-code.h"

#include <glib/gi18n-lib.h>

/* Among 36 million codes, an organisation with a million devices meets a taken one at one draw in
 * 36. */
#define MAX_DRAWS 64

/* *exists: whether some record, in whatever state, has the code. */
static gboolean
is_given(CsRegistry *r, const char *code, gboolean *exists, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, "SELECT count(*) FROM devices WHERE helpdesk_code = ?",
			       error))
		return FALSE;
	cs_statement_add_text(&s, code);
	if (cs_statement_step(&s, error) != CS_STEP_ROW)
		return FALSE;
	*exists = cs_statement_get_int64(&s, 0) != 0;
	return TRUE;
}

/**
 * cs_registry_make_helpdesk_code:
 * @r: the registry, inside the transaction that gives the code away
 * @error: where to put the error
 *
 * Draws codes until one is nobody's, of a deleted record neither.
 *
 * Returns: (transfer full) (nullable): the code in its normal form; CS_ERROR_STATE,
 *   "helpdesk-codes-used-up" where many draws found none
 */
char *
cs_registry_make_helpdesk_code(CsRegistry *r, GError **error)
{
	for (guint i = 0; i < MAX_DRAWS; i++) {
		g_autofree char *code = cs_helpdesk_code_generate(error);
		gboolean exists = FALSE;

		if (code == NULL || !is_given(r, code, &exists, error))
			return NULL;
		if (!exists)
			return g_steal_pointer(&code);
	}
	cs_error_set(error, CS_ERROR_STATE, "helpdesk-codes-used-up",
		     _("no helpdesk code is left that no device has"));
	return NULL;
}

static gboolean
give_code(CsRegistry *r, const char *device_id, GError **error)
{
	g_auto(CsStatement) s = {0};
	g_autofree char *code = cs_registry_make_helpdesk_code(r, error);

	if (code == NULL ||
	    !cs_statement_open(&s, r, "UPDATE devices SET helpdesk_code = ? WHERE id = ?", error))
		return FALSE;
	cs_statement_add_text(&s, code);
	cs_statement_add_text(&s, device_id);
	return cs_statement_run(&s, NULL, error);
}

static gpointer
read_id(CsStatement *s)
{
	return cs_statement_dup_text(s, 0);
}

/**
 * cs_registry_give_helpdesk_codes:
 * @r: the registry, inside a transaction
 * @error: where to put the error
 *
 * Gives a code to every record of a time before there were any.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_give_helpdesk_codes(CsRegistry *r, GError **error)
{
	g_auto(CsStatement) s = {0};
	g_autoptr(GPtrArray) ids = NULL;

	if (!cs_statement_open(&s, r, "SELECT id FROM devices WHERE helpdesk_code IS NULL", error))
		return FALSE;
	ids = cs_statement_list(&s, read_id, g_free, error);
	for (guint i = 0; ids != NULL && i < ids->len; i++) {
		if (!give_code(r, g_ptr_array_index(ids, i), error))
			return FALSE;
	}
	return ids != NULL;
}
