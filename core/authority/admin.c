/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin-private.h"

#include "core/base/error.h"

#define ACTOR  "administrator"
#define ORIGIN "cli"

static void
act_init(CsAdminAct *act, CsAuthority *a, const char *event)
{
	act->authority = a;
	act->registry = cs_authority_get_registry(a);
	act->event = event;
	act->now = cs_clock_get_unix_s(cs_authority_get_clock(a));
}

static void
act_clear(CsAdminAct *act)
{
	g_clear_pointer(&act->device, g_free);
	g_clear_pointer(&act->account, g_free);
	g_clear_pointer(&act->certificate, g_free);
	g_clear_pointer(&act->application, g_free);
	g_clear_pointer(&act->detail, g_free);
}

typedef CsAdminAct ScopedAct;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScopedAct, act_clear)

/* reason: NULL where the act was done. */
static gboolean
log_act(const CsAdminAct *act, const char *reason, GError **error)
{
	const CsLogEntry entry = {
		.time = act->now,
		.event = act->event,
		.actor = ACTOR,
		.device = act->device,
		.account = act->account,
		.certificate = act->certificate,
		.outcome = reason == NULL ? "ok" : "refused",
		.reason = reason,
		.operator_user = cs_authority_get_operator(act->authority),
		.origin = ORIGIN,
		.application = act->application,
		.detail = act->detail,
	};

	return cs_registry_log(act->registry, &entry, error);
}

/* What a rule, or what is not there, forbids is a refusal and has its line; a misspelt argument and
 * a registry that cannot be written have none. */
static gboolean
is_refusal(const GError *error)
{
	return error->domain == CS_ERROR && error->code != CS_ERROR_USAGE &&
	       error->code != CS_ERROR_STATE;
}

static void
log_refusal(const CsAdminAct *act, const GError *refusal)
{
	g_autoptr(GError) error = NULL;

	if (is_refusal(refusal) && !log_act(act, cs_error_get_reason(refusal), &error))
		g_debug("a refusal could not be logged: %s", error->message);
}

/**
 * cs_admin_run:
 * @a: the authority
 * @event: the act's name in the log ("device-suspend")
 * @body: the act
 * @data: for @body
 * @error: where to put the error
 *
 * Runs an act and writes its line in one transaction: nobody finds the one without the other. What
 * a refused act wrote is rolled back, and the refusal has a line of its own.
 *
 * Returns: (transfer full) (nullable): what @body answered, once it is on disk; @body's errors;
 *   CS_ERROR_STATE
 */
cJSON *
cs_admin_run(CsAuthority *a, const char *event, CsAdminBody body, gpointer data, GError **error)
{
	g_auto(ScopedAct) act = {0};
	g_autoptr(cJSON) answer = NULL;
	g_autoptr(GError) local_error = NULL;

	act_init(&act, a, event);
	if (!cs_registry_begin(act.registry, error))
		return NULL;
	answer = body(&act, data, &local_error);
	if (answer == NULL && local_error == NULL)
		cs_json_set_lost(&local_error);
	if (answer != NULL && log_act(&act, NULL, &local_error) &&
	    cs_registry_commit(act.registry, &local_error))
		return g_steal_pointer(&answer);
	cs_registry_rollback(act.registry);
	log_refusal(&act, local_error);
	g_propagate_error(error, g_steal_pointer(&local_error));
	return NULL;
}

/**
 * cs_admin_read:
 * @a: the authority
 * @body: the question
 * @data: for @body
 * @error: where to put the error
 *
 * Asks the registry several things of one moment, without holding up the server.
 *
 * Returns: (transfer full) (nullable): what @body answered; @body's errors; CS_ERROR_STATE
 */
cJSON *
cs_admin_read(CsAuthority *a, CsAdminBody body, gpointer data, GError **error)
{
	g_auto(ScopedAct) act = {0};
	g_autoptr(GError) local_error = NULL;
	cJSON *answer = NULL;

	act_init(&act, a, NULL);
	if (!cs_registry_begin_reading(act.registry, error))
		return NULL;
	answer = body(&act, data, &local_error);
	cs_registry_rollback(act.registry);
	if (answer == NULL && local_error == NULL)
		cs_json_set_lost(&local_error);
	if (answer == NULL)
		g_propagate_error(error, g_steal_pointer(&local_error));
	return answer;
}

/**
 * cs_admin_log_effect:
 * @act: the act
 * @event: what it brought about ("account-delete")
 * @account: (nullable): which account
 * @certificate: (nullable): which certificate
 * @error: where to put the error
 *
 * Writes a further line, with the act's device.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_admin_log_effect(CsAdminAct *act,
		    const char *event,
		    const char *account,
		    const char *certificate,
		    GError **error)
{
	const CsLogEntry entry = {
		.time = act->now,
		.event = event,
		.actor = ACTOR,
		.device = act->device,
		.account = account,
		.certificate = certificate,
		.outcome = "ok",
		.operator_user = cs_authority_get_operator(act->authority),
		.origin = ORIGIN,
	};

	return cs_registry_log(act->registry, &entry, error);
}

/**
 * cs_admin_end_account:
 * @act: the act
 * @account: the account
 * @error: where to put the error
 *
 * Ends an account for good (rule 22); an ended one is left as it is.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_admin_end_account(CsAdminAct *act, CsAccountRow *account, GError **error)
{
	if (account->deleted)
		return TRUE;
	account->deleted = TRUE;
	account->deleted_at = act->now;
	return cs_registry_put_account(act->registry, account, error) &&
	       cs_admin_log_effect(act, "account-delete", account->id, NULL, error);
}

/**
 * cs_admin_revoke:
 * @act: the act
 * @issued: a certificate of the built-in CA
 * @error: where to put the error
 *
 * Revokes it (rule 12); a revoked one keeps the time of its revocation.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_admin_revoke(CsAdminAct *act, CsIssuedRow *issued, GError **error)
{
	if (issued->revoked_at != 0)
		return TRUE;
	issued->revoked_at = act->now;
	return cs_registry_put_issued(act->registry, issued, error);
}

/**
 * cs_admin_normalise_fingerprint:
 * @text: as an administrator types or pastes it
 *
 * Returns: (transfer full): in lower case and without colons
 */
char *
cs_admin_normalise_fingerprint(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", -1);
	g_autofree char *joined = g_strjoinv("", parts);

	return g_ascii_strdown(joined, -1);
}
