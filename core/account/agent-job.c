/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/agent-private.h"
#include "core/account/notices.h"

/**
 * cs_agent_snapshot_free:
 * @snapshot: (nullable) (transfer full): a snapshot
 */
void
cs_agent_snapshot_free(CsAgentSnapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	g_clear_pointer(&snapshot->accounts, g_ptr_array_unref);
	g_clear_pointer(&snapshot->notices, g_ptr_array_unref);
	g_clear_error(&snapshot->error);
	g_free(snapshot);
}

/* One at a time: of two, the one with the higher number saw the later state. */
static CsAgentSnapshot *
take_snapshot(CsAgent *agent)
{
	CsAgentSnapshot *snapshot = g_new0(CsAgentSnapshot, 1);

	g_mutex_lock(&agent->look);
	snapshot->generation = ++agent->last_generation;
	snapshot->has_folder = g_file_test(cs_settings_get_state_folder(agent->client->settings),
					   G_FILE_TEST_IS_DIR);
	snapshot->accounts = cs_account_book_list(agent->client, &snapshot->error);
	g_mutex_unlock(&agent->look);
	snapshot->notices = cs_notices_take(agent->client, &snapshot->is_noted);
	return snapshot;
}

/**
 * cs_agent_job_new:
 * @agent: whose job, kept until it is done
 * @run: what blocks
 *
 * Returns: (transfer full): a job for cs_agent_job_start()
 */
CsAgentJob *
cs_agent_job_new(CsAgent *agent, void (*run)(CsAgentJob *, GError **))
{
	CsAgentJob *job = g_new0(CsAgentJob, 1);

	job->agent = g_object_ref(agent);
	job->run = run;
	job->cancellable = g_cancellable_new();
	return job;
}

static void
job_free(CsAgentJob *job)
{
	g_clear_pointer(&job->id, g_free);
	g_clear_pointer(&job->url, g_free);
	g_clear_pointer(&job->pin, g_free);
	g_clear_pointer(&job->text, g_free);
	g_clear_pointer(&job->introduction, cs_introduction_free);
	g_clear_pointer(&job->code, cs_secret_unref);
	if (job->result != NULL && job->free_result != NULL)
		job->free_result(job->result);
	g_clear_error(&job->error);
	g_clear_pointer(&job->snapshot, cs_agent_snapshot_free);
	if (job->outer != NULL)
		g_cancellable_disconnect(job->outer, job->outer_handler);
	g_clear_object(&job->outer);
	g_clear_object(&job->cancellable);
	g_clear_object(&job->task);
	g_clear_object(&job->agent);
	g_free(job);
}

static void
run_thread_cb(GTask *thread_task, gpointer source, gpointer data, GCancellable *cancellable)
{
	CsAgentJob *job = data;
	CsAgent *agent = job->agent;

	job->client = *agent->client;
	job->client.http = NULL;
	if (job->needs_network)
		job->client.http =
			cs_http_client_new(cs_settings_get_tls_ca_file(job->client.settings),
					   cs_settings_get_timeout_ms(job->client.settings));
	if (!g_cancellable_set_error_if_cancelled(job->cancellable, &job->error))
		job->run(job, &job->error);
	cs_http_client_free(job->client.http);
	if (job->looks && !g_atomic_int_get(&agent->is_stopping))
		job->snapshot = take_snapshot(agent);
	g_mutex_lock(&agent->lock);
	agent->n_threads--;
	g_cond_broadcast(&agent->idle);
	g_mutex_unlock(&agent->lock);
	/* From here on the job, and the agent with it, is the main thread's. */
	g_task_return_boolean(thread_task, TRUE);
}

static void
answer(CsAgentJob *job)
{
	if (job->task == NULL)
		return;
	if (job->error != NULL)
		g_task_return_error(job->task, g_steal_pointer(&job->error));
	else
		g_task_return_pointer(job->task, g_steal_pointer(&job->result), job->free_result);
}

static void
done_cb(GObject *source, GAsyncResult *result, gpointer data)
{
	CsAgentJob *job = data;
	CsAgent *agent = job->agent;

	agent->jobs = g_list_remove(agent->jobs, job);
	if (!agent->is_stopped) {
		if (job->snapshot != NULL)
			cs_agent_publish(agent, job->snapshot);
		if (job->done != NULL)
			job->done(job);
		if (job->snapshot != NULL)
			cs_agent_announce(agent, job->snapshot);
	}
	answer(job);
	job_free(job);
}

static void
cancel_cb(GCancellable *outer, gpointer cancellable)
{
	g_cancellable_cancel(cancellable);
}

/**
 * cs_agent_job_start:
 * @job: (transfer full): what to run
 * @outer: (nullable): the caller's, which cancels it too
 *
 * Runs the job in a thread, and its `done` on the main thread. The thread owns the job meanwhile:
 * all that it needs has been copied into it. Once the agent has been stopped nothing is begun: the
 * caller hears that it was cancelled.
 */
void
cs_agent_job_start(CsAgentJob *job, GCancellable *outer)
{
	CsAgent *agent = job->agent;
	g_autoptr(GTask) thread_task = NULL;

	if (agent->is_stopped) {
		g_cancellable_cancel(job->cancellable);
		g_cancellable_set_error_if_cancelled(job->cancellable, &job->error);
		answer(job);
		job_free(job);
		return;
	}
	if (outer != NULL) {
		job->outer = g_object_ref(outer);
		job->outer_handler =
			g_cancellable_connect(outer, G_CALLBACK(cancel_cb),
					      g_object_ref(job->cancellable), g_object_unref);
	}
	agent->jobs = g_list_prepend(agent->jobs, job);
	g_mutex_lock(&agent->lock);
	agent->n_threads++;
	g_mutex_unlock(&agent->lock);
	thread_task = g_task_new(NULL, NULL, done_cb, job);
	g_task_set_source_tag(thread_task, cs_agent_job_start);
	g_task_set_task_data(thread_task, job, NULL);
	g_task_run_in_thread(thread_task, run_thread_cb);
}

/**
 * cs_agent_cancel_jobs:
 * @agent: an agent
 *
 * Cancels what is under way and waits until no thread is at work any more. What came of it is
 * delivered by the main loop, if it runs again.
 */
void
cs_agent_cancel_jobs(CsAgent *agent)
{
	for (GList *item = agent->jobs; item != NULL; item = item->next)
		g_cancellable_cancel(((CsAgentJob *)item->data)->cancellable);
	g_mutex_lock(&agent->lock);
	while (agent->n_threads > 0)
		g_cond_wait(&agent->idle, &agent->lock);
	g_mutex_unlock(&agent->lock);
}
