/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>

/* What follows the application's own row is the default's. */
#define SELECT_DEMAND                                                                              \
	"SELECT demand FROM policies WHERE application IN (?, '')"                                 \
	" ORDER BY application DESC LIMIT 1"
#define SELECT_AUTHENTICATIONS                                                                     \
	"SELECT time, actor, device, account, outcome, reason, application FROM log"               \
	" WHERE event = 'authentication' AND actor <> 'device'"

static const char *const demands[] = {
	[CS_POLICY_ANY] = "any",
	[CS_POLICY_MANAGED] = "managed",
	[CS_POLICY_NOT_MANAGED] = "not-managed",
	NULL,
};

static CsPolicyDemand
get_demand(CsStatement *s, int column)
{
	return (CsPolicyDemand)cs_statement_get_choice(s, column, demands);
}

/**
 * cs_policy_row_free:
 * @row: (nullable) (transfer full): a policy
 */
void
cs_policy_row_free(CsPolicyRow *row)
{
	if (row == NULL)
		return;
	g_free(row->application);
	g_free(row);
}

/**
 * cs_registry_get_policy:
 * @r: the registry
 * @application: its name
 * @demand: (out): what its policy asks for: its own, else the default's, else %CS_POLICY_ANY
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_get_policy(CsRegistry *r,
		       const char *application,
		       CsPolicyDemand *demand,
		       GError **error)
{
	g_auto(CsStatement) s = {0};
	CsStep step = CS_STEP_ERROR;

	*demand = CS_POLICY_ANY;
	if (!cs_statement_open(&s, r, SELECT_DEMAND, error))
		return FALSE;
	cs_statement_add_text(&s, application);
	step = cs_statement_step(&s, error);
	if (step == CS_STEP_ROW) {
		*demand = get_demand(&s, 0);
		step = cs_statement_step(&s, error); /* an odd row is told here */
	}
	return step != CS_STEP_ERROR;
}

static gpointer
read_policy(CsStatement *s)
{
	CsPolicyRow *row = g_new0(CsPolicyRow, 1);

	row->application = cs_statement_dup_text(s, 0);
	row->demand = get_demand(s, 1);
	row->set_at = cs_statement_get_int64(s, 2);
	return row;
}

/**
 * cs_registry_list_policies:
 * @r: the registry
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable) (element-type CsPolicyRow): the policies that were set, by
 *   name; the default's has the empty name; CS_ERROR_STATE
 */
GPtrArray *
cs_registry_list_policies(CsRegistry *r, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "SELECT application, demand, set_at FROM policies"
			       " ORDER BY application",
			       error))
		return NULL;
	return cs_statement_list(&s, read_policy, (GDestroyNotify)cs_policy_row_free, error);
}

/**
 * cs_registry_put_policy:
 * @r: the registry
 * @row: a policy; the empty name is the default's
 * @error: where to put the error
 *
 * Inserts or replaces by application.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_put_policy(CsRegistry *r, const CsPolicyRow *row, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "INSERT INTO policies (application, demand, set_at) VALUES (?, ?, ?)"
			       " ON CONFLICT (application) DO UPDATE SET demand = excluded.demand,"
			       " set_at = excluded.set_at",
			       error))
		return FALSE;
	cs_statement_add_text(&s, row->application);
	cs_statement_add_text(&s, demands[row->demand]);
	cs_statement_add_int64(&s, row->set_at);
	return cs_statement_run(&s, NULL, error);
}

/**
 * cs_registry_delete_policy:
 * @r: the registry
 * @application: its name
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_NOT_FOUND or CS_ERROR_STATE
 */
gboolean
cs_registry_delete_policy(CsRegistry *r, const char *application, GError **error)
{
	g_auto(CsStatement) s = {0};
	int changed = 0;

	if (!cs_statement_open(&s, r, "DELETE FROM policies WHERE application = ?", error))
		return FALSE;
	cs_statement_add_text(&s, application);
	if (!cs_statement_run(&s, &changed, error))
		return FALSE;
	if (changed == 1)
		return TRUE;
	cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found",
		     _("there is no policy for this application"));
	return FALSE;
}

/**
 * cs_past_authentication_free:
 * @past: (nullable) (transfer full): an authentication
 */
void
cs_past_authentication_free(CsPastAuthentication *past)
{
	if (past == NULL)
		return;
	g_free(past->actor);
	g_free(past->device);
	g_free(past->account);
	g_free(past->reason);
	g_free(past->application);
	g_free(past);
}

static gpointer
read_authentication(CsStatement *s)
{
	static const char *const outcomes[] = {"refused", "ok", NULL};
	CsPastAuthentication *past = g_new0(CsPastAuthentication, 1);

	past->time = cs_statement_get_int64(s, 0);
	past->actor = cs_statement_dup_text(s, 1);
	past->device = cs_statement_dup_text(s, 2);
	past->account = cs_statement_dup_text(s, 3);
	past->authenticated = cs_statement_get_choice(s, 4, outcomes) == 1;
	past->reason = cs_statement_dup_text(s, 5);
	past->application = cs_statement_dup_text(s, 6);
	return past;
}

/**
 * cs_registry_list_authentications:
 * @r: the registry
 * @since: Unix seconds
 * @error: where to put the error
 *
 * Those that somebody signed; what nobody proved says nothing about an account.
 *
 * Returns: (transfer full) (nullable) (element-type CsPastAuthentication): the log's
 *   authentications since then, oldest first; CS_ERROR_STATE
 */
GPtrArray *
cs_registry_list_authentications(CsRegistry *r, gint64 since, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, SELECT_AUTHENTICATIONS " AND time >= ? ORDER BY seq", error))
		return NULL;
	cs_statement_add_int64(&s, since);
	return cs_statement_list(&s, read_authentication,
				 (GDestroyNotify)cs_past_authentication_free, error);
}

/**
 * cs_registry_find_last_authentication:
 * @r: the registry
 * @account: an account's id
 * @past: (out) (transfer full) (nullable): its last authentication; %NULL where there was none
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_find_last_authentication(CsRegistry *r,
				     const char *account,
				     CsPastAuthentication **past,
				     GError **error)
{
	g_auto(CsStatement) s = {0};

	*past = NULL;
	if (!cs_statement_open(&s, r,
			       SELECT_AUTHENTICATIONS " AND account = ? ORDER BY seq DESC LIMIT 1",
			       error))
		return FALSE;
	cs_statement_add_text(&s, account);
	return cs_statement_find(&s, read_authentication,
				 (GDestroyNotify)cs_past_authentication_free, (gpointer *)past,
				 error);
}
