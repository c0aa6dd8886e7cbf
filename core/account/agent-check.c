/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/agent-private.h"
#include "core/account/authentication.h"
#include "core/account/deletion.h"
#include "core/account/standing.h"
#include "core/base/error.h"

#define FIRST_DELAY_S 10
#define LAST_DELAY_S  (15 * 60)
/* So that a server that comes back does not hear from every device at once. */
#define JITTER_DIVISOR 4
/* At once; one server that stalls must not take every thread. */
#define MAX_RUNNING 4

/**
 * cs_agent_check_free:
 * @check: (transfer full): an account's checks
 */
void
cs_agent_check_free(CsAgentCheck *check)
{
	g_clear_error(&check->error);
	g_free(check);
}

/**
 * cs_agent_get_check:
 * @agent: an agent
 * @id: (nullable): an account's id
 *
 * Returns: (transfer none) (nullable): its checks
 */
CsAgentCheck *
cs_agent_get_check(CsAgent *agent, const char *id)
{
	return id == NULL ? NULL : g_hash_table_lookup(agent->checks, id);
}

static gboolean
lacks_answer(const CsAccount *account, const CsAgentCheck *check)
{
	if (check->error != NULL)
		return cs_standing_of_failure(cs_account_get_error_code(check->error))->is_retried;
	return account->managed != CS_MANAGED_UNKNOWN &&
	       cs_standing_of_verdict(account->managed, account->reason)->is_retried;
}

/**
 * cs_agent_stop_timer:
 * @agent: an agent
 *
 * Nothing is tried again by itself until the next failure, and then soon.
 */
void
cs_agent_stop_timer(CsAgent *agent)
{
	agent->delay_s = FIRST_DELAY_S;
	if (!agent->is_timer_started)
		return;
	agent->is_timer_started = FALSE;
	agent->timer.stop(agent, agent->timer.data);
}

/* Backing off: one shot, later each time, for as long as some account lacks an answer. */
static void
start_timer(CsAgent *agent)
{
	guint delay_ms = agent->delay_s * 1000;

	if (agent->is_timer_started)
		return;
	agent->is_timer_started = TRUE;
	agent->delay_s = MIN(agent->delay_s * 2, LAST_DELAY_S);
	delay_ms += (guint)g_random_int_range(0, (gint32)(delay_ms / JITTER_DIVISOR));
	agent->timer.start(agent, delay_ms, agent->timer.data);
}

/* Nothing is decided while a check is under way. */
static void
settle(CsAgent *agent)
{
	gboolean is_lacking = FALSE;

	for (guint i = 0; i < agent->accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(agent->accounts, i);
		const CsAgentCheck *check = cs_agent_get_check(agent, account->id);

		if (check->is_running || check->is_due)
			return;
		is_lacking = is_lacking || lacks_answer(account, check);
	}
	if (is_lacking)
		start_timer(agent);
	else
		cs_agent_stop_timer(agent);
}

static void
run_check(CsAgentJob *job, GError **error)
{
	/* What became of the account is read from the book. */
	cs_account_free(
		cs_authentication_run(&job->client, job->id, NULL, NULL, job->cancellable, error));
}

/* An account that is gone meanwhile has nothing to say; and cancelled is only what was stopped. */
static void
check_done(CsAgentJob *job)
{
	CsAgent *agent = job->agent;
	CsAgentCheck *check = cs_agent_get_check(agent, job->id);

	agent->n_running--;
	check->is_running = FALSE;
	g_clear_error(&check->error);
	if (!g_error_matches(job->error, CS_ERROR, CS_ERROR_NOT_FOUND))
		check->error = g_steal_pointer(&job->error);
	check->is_due = check->is_due || (check->is_again && check->error != NULL);
	check->is_asked = check->is_asked && check->is_due;
	check->is_again = FALSE;
	cs_agent_update_checks(agent);
}

static void
start_check(CsAgent *agent, const char *id, CsAgentCheck *check)
{
	CsAgentJob *job = cs_agent_job_new(agent, run_check);

	check->is_due = FALSE;
	check->is_running = TRUE;
	agent->n_running++;
	job->id = g_strdup(id);
	job->needs_network = TRUE;
	job->looks = TRUE;
	job->done = check_done;
	cs_agent_job_start(job, NULL);
}

static void
start_due(CsAgent *agent)
{
	for (guint i = 0; i < agent->accounts->len && agent->n_running < MAX_RUNNING; i++) {
		const CsAccount *account = g_ptr_array_index(agent->accounts, i);
		CsAgentCheck *check = cs_agent_get_check(agent, account->id);

		if (check->is_due && !check->is_running)
			start_check(agent, account->id, check);
	}
}

static gboolean
is_finished(CsAgent *agent, const char *id, const CsAgentCheck *check)
{
	return !check->is_running && cs_agent_get_account(agent, id) == NULL;
}

/* An account that is new, and has no verdict yet, is due. */
static void
follow_accounts(CsAgent *agent)
{
	GHashTableIter iter;
	gpointer id;
	gpointer value;

	for (guint i = 0; i < agent->accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(agent->accounts, i);
		CsAgentCheck *check = cs_agent_get_check(agent, account->id);

		if (check != NULL)
			continue;
		check = g_new0(CsAgentCheck, 1);
		check->is_due = account->managed == CS_MANAGED_UNKNOWN;
		g_hash_table_insert(agent->checks, g_strdup(account->id), check);
	}
	g_hash_table_iter_init(&iter, agent->checks);
	while (g_hash_table_iter_next(&iter, &id, &value)) {
		if (is_finished(agent, id, value))
			g_hash_table_iter_remove(&iter);
	}
}

/**
 * cs_agent_update_checks:
 * @agent: an agent whose list, or one of whose checks, has changed
 *
 * Begins what is due, new accounts that have no verdict yet among it, and sees to the timer
 * and the alarm.
 */
void
cs_agent_update_checks(CsAgent *agent)
{
	follow_accounts(agent);
	start_due(agent);
	settle(agent);
	cs_agent_update_alarm(agent);
}

static void
run_deletions(CsAgentJob *job, GError **error)
{
	cs_deletion_retry(&job->client, job->cancellable, error);
}

static void retry_deletions(CsAgent *agent);

static void
deletions_done(CsAgentJob *job)
{
	CsAgent *agent = job->agent;
	gboolean again = agent->retries_deletions_again;

	agent->is_retrying_deletions = FALSE;
	agent->retries_deletions_again = FALSE;
	if (again)
		retry_deletions(agent);
}

/* Accounts that were deleted here and of which a server has not heard yet (rule 23). */
static void
retry_deletions(CsAgent *agent)
{
	CsAgentJob *job;

	if (agent->is_retrying_deletions) {
		agent->retries_deletions_again = TRUE;
		return;
	}
	agent->is_retrying_deletions = TRUE;
	job = cs_agent_job_new(agent, run_deletions);
	job->needs_network = TRUE;
	job->done = deletions_done;
	cs_agent_job_start(job, NULL);
}

/* One check an account at a time. */
static void
ask(CsAgentCheck *check)
{
	if (check->is_running)
		check->is_again = TRUE;
	else
		check->is_due = TRUE;
}

/**
 * cs_agent_check_all:
 * @agent: a started agent
 *
 * An occasion has come: the start, or the network's return. A check that is under way, begun before
 * there was a network perhaps, is begun again where it fails.
 */
void
cs_agent_check_all(CsAgent *agent)
{
	GHashTableIter iter;
	gpointer check;

	/* A book that could not be read may be readable now. */
	if (!agent->is_loaded || agent->book_error != NULL) {
		agent->checks_when_loaded = TRUE;
		cs_agent_reload(agent);
		return;
	}
	cs_agent_stop_timer(agent);
	retry_deletions(agent);
	cs_agent_look_at_keys(agent);
	follow_accounts(agent);
	g_hash_table_iter_init(&iter, agent->checks);
	while (g_hash_table_iter_next(&iter, NULL, &check))
		ask(check);
	cs_agent_update_checks(agent);
}

/**
 * cs_agent_retry:
 * @agent: an agent whose timer has come to its end
 *
 * Tries the accounts that lack an answer, and only these.
 */
void
cs_agent_retry(CsAgent *agent)
{
	if (!agent->is_timer_started)
		return;
	agent->is_timer_started = FALSE;
	retry_deletions(agent);
	for (guint i = 0; i < agent->accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(agent->accounts, i);
		CsAgentCheck *check = cs_agent_get_check(agent, account->id);

		if (lacks_answer(account, check))
			check->is_due = TRUE;
	}
	cs_agent_update_checks(agent);
}

/**
 * cs_agent_set_timer:
 * @agent: an agent that has not been started
 * @timer: what waits in place of the main loop; at the end of the wait it calls cs_agent_retry()
 */
void
cs_agent_set_timer(CsAgent *agent, const CsAgentTimer *timer)
{
	agent->timer = *timer;
}

/**
 * cs_agent_check:
 * @agent: an agent
 * @id: (nullable): an account's id, or %NULL for every account
 *
 * Somebody asks, and waits for the answer: CHECKING shows until it is there. What is under way is
 * not begun again.
 */
void
cs_agent_check(CsAgent *agent, const char *id)
{
	GHashTableIter iter;
	gpointer key;
	gpointer value;

	if (!agent->is_started || agent->is_stopped)
		return;
	if (!agent->is_loaded || agent->book_error != NULL) {
		cs_agent_check_all(agent);
		return;
	}
	cs_agent_stop_timer(agent);
	retry_deletions(agent);
	if (id == NULL)
		cs_agent_look_at_keys(agent);
	g_hash_table_iter_init(&iter, agent->checks);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		CsAgentCheck *check = value;

		if (id != NULL && g_strcmp0(key, id) != 0)
			continue;
		check->is_asked = TRUE;
		check->is_due = !check->is_running;
	}
	cs_agent_update_checks(agent);
	g_signal_emit_by_name(agent, "changed");
}
