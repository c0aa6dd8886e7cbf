/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/agent-private.h"

#include "core/base/file.h"

#include <string.h>

static CsAgentJob *
job_new(CsAgent *agent,
	void (*run)(CsAgentJob *, GError **),
	GCancellable *cancellable,
	GAsyncReadyCallback callback,
	gpointer data,
	gpointer tag)
{
	CsAgentJob *job = cs_agent_job_new(agent, run);

	job->task = g_task_new(agent, cancellable, callback, data);
	g_task_set_source_tag(job->task, tag);
	return job;
}

static void
run_diagnose(CsAgentJob *job, GError **error)
{
	g_autoptr(cJSON) diagnosis =
		cs_diagnosis_make(&job->client, job->surroundings, job->initials, job->cancellable);

	job->result = cs_diagnosis_to_text(diagnosis);
}

/**
 * cs_agent_diagnose_async:
 * @agent: an agent
 * @surroundings: (nullable): lent until the agent has stopped
 * @initials: whether names are reduced to initials
 * @cancellable: (nullable): cancels
 * @callback: called on the main thread
 * @data: for @callback
 *
 * cs_diagnosis_make() and cs_diagnosis_to_text() in a thread.
 */
void
cs_agent_diagnose_async(CsAgent *agent,
			const CsDiagnosisSurroundings *surroundings,
			gboolean initials,
			GCancellable *cancellable,
			GAsyncReadyCallback callback,
			gpointer data)
{
	CsAgentJob *job =
		job_new(agent, run_diagnose, cancellable, callback, data, cs_agent_diagnose_async);

	job->surroundings = surroundings;
	job->initials = initials;
	job->free_result = g_free;
	cs_agent_job_start(job, cancellable);
}

/**
 * cs_agent_diagnose_finish:
 * @agent: an agent
 * @result: what the callback was given
 * @error: return location
 *
 * Returns: (transfer full): the report for people; %NULL with %G_IO_ERROR_CANCELLED
 */
char *
cs_agent_diagnose_finish(CsAgent *agent, GAsyncResult *result, GError **error)
{
	g_return_val_if_fail(g_async_result_is_tagged(result, cs_agent_diagnose_async), NULL);
	return g_task_propagate_pointer(G_TASK(result), error);
}

static void
run_save(CsAgentJob *job, GError **error)
{
	if (cs_file_write_atomically(job->id, job->text, strlen(job->text), error))
		job->result = g_strdup(job->id);
}

/**
 * cs_agent_save_report_async:
 * @agent: an agent
 * @path: where the person who has read it wants it; what is there is replaced, a symbolic link
 *   itself
 * @text: the report
 * @callback: called on the main thread
 * @data: for @callback
 *
 * Writes a file 0600, all of it or nothing, in a thread.
 */
void
cs_agent_save_report_async(CsAgent *agent,
			   const char *path,
			   const char *text,
			   GAsyncReadyCallback callback,
			   gpointer data)
{
	CsAgentJob *job =
		job_new(agent, run_save, NULL, callback, data, cs_agent_save_report_async);

	job->id = g_strdup(path);
	job->text = g_strdup(text);
	job->free_result = g_free;
	cs_agent_job_start(job, NULL);
}

/**
 * cs_agent_save_report_finish:
 * @agent: an agent
 * @result: what the callback was given
 * @error: return location
 *
 * Returns: whether it is on the disk; otherwise %CS_ERROR_STATE or %G_IO_ERROR_CANCELLED
 */
gboolean
cs_agent_save_report_finish(CsAgent *agent, GAsyncResult *result, GError **error)
{
	g_autofree char *path = NULL;

	g_return_val_if_fail(g_async_result_is_tagged(result, cs_agent_save_report_async), FALSE);
	path = g_task_propagate_pointer(G_TASK(result), error);
	return path != NULL;
}
