/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"
#include "core/account/agent-private.h"
#include "core/account/deletion.h"

/* The blocking functions' twins: arguments are copied into a job, which runs in a thread. */

/**
 * cs_agent_operation_new:
 * @agent: an agent
 * @run: what blocks
 * @cancellable: (nullable): the caller's
 * @callback: called on the main thread
 * @data: for @callback
 * @tag: the function that the caller called
 *
 * The truth is answered, also where it came after the caller had cancelled: what was added or
 * deleted by then stays so.
 *
 * Returns: (transfer full): a job for cs_agent_job_start(), which answers the caller
 */
CsAgentJob *
cs_agent_operation_new(CsAgent *agent,
		       void (*run)(CsAgentJob *, GError **),
		       GCancellable *cancellable,
		       GAsyncReadyCallback callback,
		       gpointer data,
		       gpointer tag)
{
	CsAgentJob *job = cs_agent_job_new(agent, run);

	job->task = g_task_new(agent, cancellable, callback, data);
	g_task_set_check_cancellable(job->task, FALSE);
	g_task_set_source_tag(job->task, tag);
	return job;
}

/**
 * cs_agent_operation_finish:
 * @agent: an agent
 * @result: what the callback was given
 * @tag: the function that the caller called
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the job's result
 */
gpointer
cs_agent_operation_finish(CsAgent *agent, GAsyncResult *result, gpointer tag, GError **error)
{
	g_return_val_if_fail(g_async_result_is_tagged(result, tag), NULL);
	g_return_val_if_fail(g_task_is_valid(result, agent), NULL);
	return g_task_propagate_pointer(G_TASK(result), error);
}

static void
run_introduce(CsAgentJob *job, GError **error)
{
	job->result =
		cs_enrolment_introduce(&job->client, job->url, job->pin, job->cancellable, error);
}

/**
 * cs_agent_introduce_async:
 * @agent: an agent
 * @url: an organisation's address as typed
 * @pin: (nullable): its key's fingerprint or thumbprint
 * @cancellable: (nullable): cancels
 * @callback: called on the main thread
 * @data: for @callback
 *
 * cs_enrolment_introduce() in a thread.
 */
void
cs_agent_introduce_async(CsAgent *agent,
			 const char *url,
			 const char *pin,
			 GCancellable *cancellable,
			 GAsyncReadyCallback callback,
			 gpointer data)
{
	CsAgentJob *job = cs_agent_operation_new(agent, run_introduce, cancellable, callback, data,
						 cs_agent_introduce_async);

	job->needs_network = TRUE;
	job->url = g_strdup(url);
	job->pin = g_strdup(pin);
	job->free_result = (GDestroyNotify)cs_introduction_free;
	cs_agent_job_start(job, cancellable);
}

/**
 * cs_agent_introduce_finish:
 * @agent: an agent
 * @result: what the callback was given
 * @error: return location
 *
 * Returns: (transfer full): as cs_enrolment_introduce()
 */
CsIntroduction *
cs_agent_introduce_finish(CsAgent *agent, GAsyncResult *result, GError **error)
{
	return cs_agent_operation_finish(agent, result, cs_agent_introduce_async, error);
}

static void
run_add(CsAgentJob *job, GError **error)
{
	g_autoptr(CsAccount) account = cs_enrolment_add(&job->client, job->introduction, job->code,
							job->cancellable, error);

	job->result = account == NULL ? NULL : g_strdup(account->id);
}

/**
 * cs_agent_add_async:
 * @agent: an agent
 * @introduction: of the server
 * @code: an activation code as typed
 * @cancellable: (nullable): cancels
 * @callback: called on the main thread, when the account is in the list
 * @data: for @callback
 *
 * cs_enrolment_add() in a thread. The new account's first authentication begins by itself.
 */
void
cs_agent_add_async(CsAgent *agent,
		   const CsIntroduction *introduction,
		   CsSecret *code,
		   GCancellable *cancellable,
		   GAsyncReadyCallback callback,
		   gpointer data)
{
	CsAgentJob *job = cs_agent_operation_new(agent, run_add, cancellable, callback, data,
						 cs_agent_add_async);

	job->needs_network = TRUE;
	job->looks = TRUE;
	job->introduction = cs_introduction_copy(introduction);
	job->code = cs_secret_ref(code);
	job->free_result = g_free;
	cs_agent_job_start(job, cancellable);
}

/**
 * cs_agent_add_finish:
 * @agent: an agent
 * @result: what the callback was given
 * @error: return location
 *
 * Returns: (transfer full): the new account's id; %NULL as cs_enrolment_add(). Where it was
 *   cancelled after the server had heard of it, adding again with the same code takes it up
 */
char *
cs_agent_add_finish(CsAgent *agent, GAsyncResult *result, GError **error)
{
	return cs_agent_operation_finish(agent, result, cs_agent_add_async, error);
}

static void
run_delete(CsAgentJob *job, GError **error)
{
	g_autofree gboolean *is_pending = g_new0(gboolean, 1);

	if (cs_deletion_delete(&job->client, job->id, is_pending, job->cancellable, error))
		job->result = g_steal_pointer(&is_pending);
}

/**
 * cs_agent_delete_async:
 * @agent: an agent
 * @id: an account's id; the caller has asked once
 * @cancellable: (nullable): cancels the talk with the server, not the deletion
 * @callback: called on the main thread, when the account has left the list
 * @data: for @callback
 *
 * cs_deletion_delete() in a thread. What the server could not be told is tried again at the next
 * occasions.
 */
void
cs_agent_delete_async(CsAgent *agent,
		      const char *id,
		      GCancellable *cancellable,
		      GAsyncReadyCallback callback,
		      gpointer data)
{
	CsAgentJob *job = cs_agent_operation_new(agent, run_delete, cancellable, callback, data,
						 cs_agent_delete_async);

	job->needs_network = TRUE;
	job->looks = TRUE;
	job->id = g_strdup(id);
	job->free_result = g_free;
	cs_agent_job_start(job, cancellable);
}

/**
 * cs_agent_delete_finish:
 * @agent: an agent
 * @result: what the callback was given
 * @pending: (out): %TRUE where the server has not heard of it yet
 * @error: return location
 *
 * Returns: as cs_deletion_delete()
 */
gboolean
cs_agent_delete_finish(CsAgent *agent, GAsyncResult *result, gboolean *pending, GError **error)
{
	g_autofree gboolean *is_pending =
		cs_agent_operation_finish(agent, result, cs_agent_delete_async, error);

	*pending = is_pending != NULL && *is_pending;
	return is_pending != NULL;
}

static void
run_list_history(CsAgentJob *job, GError **error)
{
	job->result = cs_history_list(&job->client, job->id);
}

/**
 * cs_agent_list_history_async:
 * @agent: an agent
 * @id: an account's id
 * @cancellable: (nullable): cancels
 * @callback: called on the main thread
 * @data: for @callback
 *
 * cs_history_list() in a thread.
 */
void
cs_agent_list_history_async(CsAgent *agent,
			    const char *id,
			    GCancellable *cancellable,
			    GAsyncReadyCallback callback,
			    gpointer data)
{
	CsAgentJob *job = cs_agent_operation_new(agent, run_list_history, cancellable, callback,
						 data, cs_agent_list_history_async);

	job->id = g_strdup(id);
	job->free_result = (GDestroyNotify)g_ptr_array_unref;
	cs_agent_job_start(job, cancellable);
}

/**
 * cs_agent_list_history_finish:
 * @agent: an agent
 * @result: what the callback was given
 * @error: return location
 *
 * Returns: (transfer full) (element-type CsHistoryEntry): newest first, perhaps none; %NULL only
 *   where it was cancelled
 */
GPtrArray *
cs_agent_list_history_finish(CsAgent *agent, GAsyncResult *result, GError **error)
{
	return cs_agent_operation_finish(agent, result, cs_agent_list_history_async, error);
}

static void
run_follow_repurposing(CsAgentJob *job, GError **error)
{
	job->result = cs_repurposing_follow(&job->client, job->url, job->cancellable, error);
}

/**
 * cs_agent_follow_repurposing_async:
 * @agent: an agent
 * @url: (nullable): the organisation that is followed
 * @cancellable: (nullable): cancels
 * @callback: called on the main thread
 * @data: for @callback
 *
 * cs_repurposing_follow() in a thread.
 */
void
cs_agent_follow_repurposing_async(CsAgent *agent,
				  const char *url,
				  GCancellable *cancellable,
				  GAsyncReadyCallback callback,
				  gpointer data)
{
	CsAgentJob *job = cs_agent_operation_new(agent, run_follow_repurposing, cancellable,
						 callback, data, cs_agent_follow_repurposing_async);

	job->needs_network = TRUE;
	job->url = g_strdup(url);
	job->free_result = (GDestroyNotify)g_ptr_array_unref;
	cs_agent_job_start(job, cancellable);
}

/**
 * cs_agent_follow_repurposing_finish:
 * @agent: an agent
 * @result: what the callback was given
 * @error: return location
 *
 * Returns: (transfer full) (element-type CsRepurposing): as cs_repurposing_follow()
 */
GPtrArray *
cs_agent_follow_repurposing_finish(CsAgent *agent, GAsyncResult *result, GError **error)
{
	return cs_agent_operation_finish(agent, result, cs_agent_follow_repurposing_async, error);
}

/**
 * cs_agent_certificate_place_free:
 * @place: (nullable) (transfer full): where a certificate lives
 */
void
cs_agent_certificate_place_free(CsAgentCertificatePlace *place)
{
	if (place == NULL)
		return;
	g_free(place->location);
	g_free(place);
}

static const CsCandidate *
find_candidate(const CsIssuerExplanation *issuer, const char *fingerprint)
{
	for (guint i = 0; i < issuer->candidates->len; i++) {
		const CsCandidate *candidate = g_ptr_array_index(issuer->candidates, i);

		if (candidate->outcome == CS_OUTCOME_SELECTED &&
		    g_strcmp0(candidate->fingerprint, fingerprint) == 0)
			return candidate;
	}
	return NULL;
}

static const CsCandidate *
find_selected(const CsExplanation *explanation)
{
	const CsCandidate *candidate = NULL;

	for (guint i = 0; candidate == NULL && i < explanation->issuers->len; i++)
		candidate = find_candidate(g_ptr_array_index(explanation->issuers, i),
					   explanation->selected);
	return candidate;
}

/* A file can be copied, whoever may read it; what a token holds is known by another kind of name. */
static void
run_find_certificate(CsAgentJob *job, GError **error)
{
	g_autoptr(cJSON) json = cs_account_book_get_explanation(&job->client, job->id, error);
	g_autoptr(CsExplanation) explanation =
		json == NULL ? NULL : cs_explanation_from_json(json, error);
	const CsCandidate *candidate = explanation == NULL || explanation->selected == NULL
					       ? NULL
					       : find_selected(explanation);
	CsAgentCertificatePlace *place;

	if (candidate == NULL)
		return;
	place = g_new0(CsAgentCertificatePlace, 1);
	place->location = g_strdup(candidate->location);
	place->is_machine = candidate->store == CS_STORE_MACHINE;
	place->key_exportable = g_path_is_absolute(candidate->location);
	job->result = place;
}

/**
 * cs_agent_find_certificate_async:
 * @agent: an agent
 * @id: an account's id
 * @cancellable: (nullable): cancels
 * @callback: called on the main thread
 * @data: for @callback
 *
 * Finds where the certificate lived that the last authentication used.
 */
void
cs_agent_find_certificate_async(CsAgent *agent,
				const char *id,
				GCancellable *cancellable,
				GAsyncReadyCallback callback,
				gpointer data)
{
	CsAgentJob *job = cs_agent_operation_new(agent, run_find_certificate, cancellable, callback,
						 data, cs_agent_find_certificate_async);

	job->id = g_strdup(id);
	job->free_result = (GDestroyNotify)cs_agent_certificate_place_free;
	cs_agent_job_start(job, cancellable);
}

/**
 * cs_agent_find_certificate_finish:
 * @agent: an agent
 * @result: what the callback was given
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the place; %NULL without error where no certificate was used
 *   or nothing is known; %NULL with %CS_ERROR_STATE or %CS_ERROR_INVALID where what was kept cannot
 *   be read, or %G_IO_ERROR_CANCELLED
 */
CsAgentCertificatePlace *
cs_agent_find_certificate_finish(CsAgent *agent, GAsyncResult *result, GError **error)
{
	return cs_agent_operation_finish(agent, result, cs_agent_find_certificate_async, error);
}
