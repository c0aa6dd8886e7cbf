/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"
#include "core/account/agent-private.h"
#include "core/base/error.h"

#include <glib/gi18n-lib.h>

/* Why an account's device is managed or is not, and what a person can do about it here. */

static void
run_get_explanation(CsAgentJob *job, GError **error)
{
	g_autoptr(cJSON) json = cs_account_book_get_explanation(&job->client, job->id, error);

	if (json != NULL)
		job->result = cs_explanation_from_json(json, error);
}

/**
 * cs_agent_get_explanation_async:
 * @agent: an agent
 * @id: an account's id
 * @cancellable: (nullable): cancels
 * @callback: called on the main thread
 * @data: for @callback
 *
 * Reads the explanation that the account's last authentication left.
 */
void
cs_agent_get_explanation_async(CsAgent *agent,
			       const char *id,
			       GCancellable *cancellable,
			       GAsyncReadyCallback callback,
			       gpointer data)
{
	CsAgentJob *job = cs_agent_operation_new(agent, run_get_explanation, cancellable, callback,
						 data, cs_agent_get_explanation_async);

	job->id = g_strdup(id);
	job->free_result = (GDestroyNotify)cs_explanation_free;
	cs_agent_job_start(job, cancellable);
}

/**
 * cs_agent_get_explanation_finish:
 * @agent: an agent
 * @result: what the callback was given
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the explanation, for display; %NULL without error where
 *   there is none; %NULL with %CS_ERROR_STATE or %CS_ERROR_INVALID where what was kept cannot be
 *   read, or %G_IO_ERROR_CANCELLED
 */
CsExplanation *
cs_agent_get_explanation_finish(CsAgent *agent, GAsyncResult *result, GError **error)
{
	return cs_agent_operation_finish(agent, result, cs_agent_get_explanation_async, error);
}

static void
run_plan_removal(CsAgentJob *job, GError **error)
{
	job->result = cs_removal_plan(job->client.settings, job->id, job->cancellable, error);
}

static void
run_remove_certificate(CsAgentJob *job, GError **error)
{
	job->result = cs_removal_run(job->client.settings, job->id, job->cancellable, error);
}

/**
 * cs_agent_plan_removal_async:
 * @agent: an agent
 * @fingerprint: of a certificate
 * @cancellable: (nullable): cancels
 * @callback: called on the main thread
 * @data: for @callback
 *
 * cs_removal_plan() in a thread.
 */
void
cs_agent_plan_removal_async(CsAgent *agent,
			    const char *fingerprint,
			    GCancellable *cancellable,
			    GAsyncReadyCallback callback,
			    gpointer data)
{
	CsAgentJob *job = cs_agent_operation_new(agent, run_plan_removal, cancellable, callback,
						 data, cs_agent_plan_removal_async);

	job->id = g_strdup(fingerprint);
	job->free_result = (GDestroyNotify)cs_removal_free;
	cs_agent_job_start(job, cancellable);
}

/**
 * cs_agent_plan_removal_finish:
 * @agent: an agent
 * @result: what the callback was given
 * @error: return location
 *
 * Returns: (transfer full): as cs_removal_plan()
 */
CsRemoval *
cs_agent_plan_removal_finish(CsAgent *agent, GAsyncResult *result, GError **error)
{
	return cs_agent_operation_finish(agent, result, cs_agent_plan_removal_async, error);
}

/* Another certificate may be used from now on. */
static void
removal_done(CsAgentJob *job)
{
	if (job->result != NULL)
		cs_agent_check(job->agent, NULL);
}

/**
 * cs_agent_remove_certificate_async:
 * @agent: an agent
 * @fingerprint: of a certificate; the caller has asked once
 * @cancellable: (nullable): cancels, until the first file is touched
 * @callback: called on the main thread
 * @data: for @callback
 *
 * cs_removal_run() in a thread (rule 9). Then every account is checked again.
 */
void
cs_agent_remove_certificate_async(CsAgent *agent,
				  const char *fingerprint,
				  GCancellable *cancellable,
				  GAsyncReadyCallback callback,
				  gpointer data)
{
	CsAgentJob *job = cs_agent_operation_new(agent, run_remove_certificate, cancellable,
						 callback, data, cs_agent_remove_certificate_async);

	job->id = g_strdup(fingerprint);
	job->done = removal_done;
	job->free_result = (GDestroyNotify)cs_removal_free;
	cs_agent_job_start(job, cancellable);
}

/**
 * cs_agent_remove_certificate_finish:
 * @agent: an agent
 * @result: what the callback was given
 * @error: return location
 *
 * Returns: (transfer full): as cs_removal_run()
 */
CsRemoval *
cs_agent_remove_certificate_finish(CsAgent *agent, GAsyncResult *result, GError **error)
{
	return cs_agent_operation_finish(agent, result, cs_agent_remove_certificate_async, error);
}

static void
append_line(GString *text, const char *line)
{
	g_string_append_printf(text, "%s\n", line);
}

static void
append_request(GString *text, const char *request)
{
	if (request == NULL)
		return;
	g_string_append_printf(text, _("request: %s (for the helpdesk)"), request);
	g_string_append_c(text, '\n');
}

/* (nullable) */
static const char *
get_verdict_code(const CsAccount *account)
{
	return cs_reason_to_code(account->managed == CS_MANAGED_YES ? CS_REASON_MANAGED
								    : account->reason);
}

/* What the check before said, which failed since: it does not explain what is shown now. */
static void
append_last_verdict(GString *text, const CsAccount *account)
{
	const char *code = get_verdict_code(account);

	if (code == NULL)
		return;
	g_string_append_printf(text, _("last verdict: %s, request: %s"), code,
			       account->request != NULL ? account->request : "-");
	g_string_append_c(text, '\n');
}

static void
append_account(GString *text, const CsAccount *account, const GError *trouble)
{
	const char *code =
		trouble != NULL ? cs_account_get_error_code(trouble) : get_verdict_code(account);

	g_string_append_printf(text, _("%s at %s"), account->user, account->organisation);
	g_string_append_c(text, '\n');
	if (code != NULL)
		append_line(text, code);
	g_string_append_printf(text, _("account: %s, device: %s"), account->id,
			       account->device_id != NULL ? account->device_id : "-");
	g_string_append_c(text, '\n');
	g_string_append_printf(text, _("server: %s"), account->url);
	g_string_append_c(text, '\n');
	append_request(text, trouble != NULL ? cs_error_get_request(trouble) : account->request);
	if (trouble != NULL)
		append_last_verdict(text, account);
}

/**
 * cs_agent_dup_explanation_text:
 * @agent: an agent
 * @id: an account's id
 * @step: the one thing to do and whose it is, as it is shown; empty where there is none
 * @explanation: (nullable): of its last authentication
 *
 * All of it in lines, to be sent to the helpdesk: first the one thing to do and whose it is, then
 * what it is about, then issuer by issuer and certificate by certificate.
 *
 * Returns: (transfer full) (nullable): the text, translated; %NULL where there is no such account
 */
char *
cs_agent_dup_explanation_text(CsAgent *agent,
			      const char *id,
			      const char *step,
			      const CsExplanation *explanation)
{
	const CsAccount *account = cs_agent_get_account(agent, id);
	g_autofree char *sentence = cs_agent_dup_sentence(agent, id);
	g_autofree char *details = NULL;
	GString *text;

	if (account == NULL)
		return NULL;
	text = g_string_new(NULL);
	if (step[0] != '\0')
		append_line(text, step);
	append_line(text, sentence);
	g_string_append_c(text, '\n');
	append_account(text, account, cs_agent_get_trouble(agent, account));
	if (explanation == NULL)
		return g_string_free(text, FALSE);
	details = cs_explanation_details_to_text(explanation);
	g_string_append_printf(text, "\n%s", details);
	return g_string_free(text, FALSE);
}
