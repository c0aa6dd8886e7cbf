/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/agent.h"

#include "core/account/agent-private.h"
#include "core/account/standing.h"
#include "core/base/error.h"
#include "core/base/file.h"

enum {
	CHANGED,
	NOTICE,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(CsAgent, cs_agent, G_TYPE_OBJECT)

static gboolean
shot_cb(gpointer data)
{
	CsAgent *agent = data;

	g_clear_pointer(&agent->shot, g_source_unref);
	cs_agent_retry(agent);
	return G_SOURCE_REMOVE;
}

static void
start_shot(CsAgent *agent, guint delay_ms, gpointer data)
{
	agent->shot = g_timeout_source_new(delay_ms);
	g_source_set_callback(agent->shot, shot_cb, agent, NULL);
	g_source_attach(agent->shot, agent->context);
}

static void
stop_shot(CsAgent *agent, gpointer data)
{
	if (agent->shot != NULL)
		g_source_destroy(agent->shot);
	g_clear_pointer(&agent->shot, g_source_unref);
}

static void
cs_agent_init(CsAgent *agent)
{
	agent->context = g_main_context_ref_thread_default();
	agent->accounts = g_ptr_array_new_with_free_func((GDestroyNotify)cs_account_free);
	agent->checks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      (GDestroyNotify)cs_agent_check_free);
	agent->unnoted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	agent->timer = (CsAgentTimer){start_shot, stop_shot, NULL};
	cs_agent_stop_timer(agent);
	cs_agent_init_alarm(agent);
	g_mutex_init(&agent->lock);
	g_mutex_init(&agent->look);
	g_cond_init(&agent->idle);
}

/* No thread is at work any more: each job holds a reference. */
static void
dispose(GObject *object)
{
	CsAgent *agent = CS_AGENT(object);

	cs_agent_unwatch(agent);
	cs_agent_stop_timer(agent);
	cs_agent_stop_alarm(agent);
	G_OBJECT_CLASS(cs_agent_parent_class)->dispose(object);
}

static void
finalize(GObject *object)
{
	CsAgent *agent = CS_AGENT(object);

	g_ptr_array_unref(agent->accounts);
	g_hash_table_unref(agent->checks);
	g_hash_table_unref(agent->unnoted);
	g_clear_error(&agent->book_error);
	g_main_context_unref(agent->context);
	g_mutex_clear(&agent->lock);
	g_mutex_clear(&agent->look);
	g_cond_clear(&agent->idle);
	G_OBJECT_CLASS(cs_agent_parent_class)->finalize(object);
}

static void
cs_agent_class_init(CsAgentClass *class)
{
	GObjectClass *object_class = G_OBJECT_CLASS(class);

	object_class->dispose = dispose;
	object_class->finalize = finalize;
	signals[CHANGED] = g_signal_new("changed", CS_TYPE_AGENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
					NULL, G_TYPE_NONE, 0);
	signals[NOTICE] =
		g_signal_new("notice", CS_TYPE_AGENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
			     G_TYPE_NONE, 1, CS_TYPE_AGENT_NOTICE | G_SIGNAL_TYPE_STATIC_SCOPE);
}

/**
 * cs_agent_new:
 * @client: whose accounts; lent until cs_agent_stop() has returned, after which none of the
 *   operations touches it
 *
 * Everything of the agent is used on this thread, with its main context.
 *
 * Returns: (transfer full): an agent that does nothing yet
 */
CsAgent *
cs_agent_new(const CsClient *client)
{
	CsAgent *agent = g_object_new(CS_TYPE_AGENT, NULL);

	agent->client = client;
	return agent;
}

/* That the folder could not be made is said by who reads the book. */
static void
run_load(CsAgentJob *job, GError **error)
{
	if (job->makes_folder &&
	    !cs_file_ensure_folder(cs_settings_get_state_folder(job->client.settings), NULL))
		g_debug("the state folder could not be made");
}

static void start_load(CsAgent *agent, gboolean makes_folder);

static void
load_done(CsAgentJob *job)
{
	CsAgent *agent = job->agent;
	gboolean again = agent->loads_again;

	agent->is_loading = FALSE;
	agent->loads_again = FALSE;
	if (again)
		start_load(agent, FALSE);
}

static void
start_load(CsAgent *agent, gboolean makes_folder)
{
	CsAgentJob *job = cs_agent_job_new(agent, run_load);

	agent->is_loading = TRUE;
	job->makes_folder = makes_folder;
	job->looks = TRUE;
	job->done = load_done;
	cs_agent_job_start(job, NULL);
}

/**
 * cs_agent_start:
 * @agent: an agent
 *
 * Reads the book, follows its changes, and authenticates every account. Once.
 */
void
cs_agent_start(CsAgent *agent)
{
	if (agent->is_started || agent->is_stopped)
		return;
	agent->is_started = TRUE;
	agent->checks_when_loaded = TRUE;
	start_load(agent, TRUE);
}

/**
 * cs_agent_stop:
 * @agent: an agent
 *
 * Cancels what is under way and waits for it, a second or so at the most where a server does not
 * answer. Nothing is half done then: an account that was being added is there or is not. Nothing
 * more is signalled; the answers to what was under way are still delivered where the main loop
 * runs on.
 */
void
cs_agent_stop(CsAgent *agent)
{
	if (agent->is_stopped)
		return;
	agent->is_stopped = TRUE;
	g_atomic_int_set(&agent->is_stopping, TRUE);
	cs_agent_unwatch(agent);
	cs_agent_stop_timer(agent);
	cs_agent_stop_alarm(agent);
	cs_agent_cancel_jobs(agent);
}

/**
 * cs_agent_reload:
 * @agent: a started agent
 *
 * Reads the book again. Asked for often it is read once more, not once each.
 */
void
cs_agent_reload(CsAgent *agent)
{
	if (!agent->is_started || agent->is_stopped)
		return;
	if (agent->is_loading)
		agent->loads_again = TRUE;
	else
		start_load(agent, FALSE);
}

static void
publish_list(CsAgent *agent, const CsAgentSnapshot *snapshot)
{
	agent->generation = snapshot->generation;
	agent->is_loaded = TRUE;
	g_clear_error(&agent->book_error);
	/* The last list that could be read stays. */
	if (snapshot->accounts == NULL) {
		agent->book_error = g_error_copy(snapshot->error);
		return;
	}
	g_ptr_array_unref(agent->accounts);
	agent->accounts = g_ptr_array_ref(snapshot->accounts);
}

/**
 * cs_agent_publish:
 * @agent: an agent
 * @snapshot: what a thread found
 *
 * Takes the list over, where no later one has been, and begins the checks that follow from it.
 */
void
cs_agent_publish(CsAgent *agent, const CsAgentSnapshot *snapshot)
{
	if (snapshot->generation <= agent->generation)
		return;
	publish_list(agent, snapshot);
	if (snapshot->has_folder)
		cs_agent_watch_folder(agent);
	if (!agent->checks_when_loaded || agent->book_error != NULL) {
		cs_agent_update_checks(agent);
		return;
	}
	agent->checks_when_loaded = FALSE;
	cs_agent_check_all(agent);
}

/* What could not be noted on the disk comes up again, for as long as it cannot; the last of each
 * account, and of each topic beside its state, is remembered here. */
static gboolean
is_repeated(CsAgent *agent, const CsAgentNotice *notice, gboolean is_noted)
{
	g_autofree char *key =
		g_strdup_printf("%s %s", notice->account_id ? notice->account_id : "",
				notice->topic ? notice->topic : "");
	gboolean is_same = g_strcmp0(g_hash_table_lookup(agent->unnoted, key), notice->code) == 0;

	if (is_noted)
		g_hash_table_remove(agent->unnoted, key);
	else
		g_hash_table_insert(agent->unnoted, g_steal_pointer(&key), g_strdup(notice->code));
	return is_same;
}

/**
 * cs_agent_announce:
 * @agent: an agent
 * @snapshot: what has been published
 *
 * Says so: first that something has changed, then what is to be told. Notices count even where a
 * later list has been published before.
 */
void
cs_agent_announce(CsAgent *agent, const CsAgentSnapshot *snapshot)
{
	g_signal_emit(agent, signals[CHANGED], 0);
	for (guint i = 0; i < snapshot->notices->len; i++) {
		const CsAgentNotice *notice = g_ptr_array_index(snapshot->notices, i);

		if (!is_repeated(agent, notice, snapshot->is_noted))
			g_signal_emit(agent, signals[NOTICE], 0, notice);
	}
}

/**
 * cs_agent_get_accounts:
 * @agent: an agent
 *
 * Returns: (transfer none) (element-type CsAccount): the accounts, in the order added; empty before
 *   the book has been read
 */
GPtrArray *
cs_agent_get_accounts(CsAgent *agent)
{
	return agent->accounts;
}

/**
 * cs_agent_get_account:
 * @agent: an agent
 * @id: an account's id
 *
 * Returns: (transfer none) (nullable): the account
 */
const CsAccount *
cs_agent_get_account(CsAgent *agent, const char *id)
{
	for (guint i = 0; i < agent->accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(agent->accounts, i);

		if (g_strcmp0(account->id, id) == 0)
			return account;
	}
	return NULL;
}

/**
 * cs_agent_get_last_error:
 * @agent: an agent
 * @id: an account's id
 *
 * Returns: (transfer none) (nullable): why the last check of this run had no answer
 */
const GError *
cs_agent_get_last_error(CsAgent *agent, const char *id)
{
	const CsAgentCheck *check = cs_agent_get_check(agent, id);

	return check == NULL ? NULL : check->error;
}

/**
 * cs_agent_get_book_error:
 * @agent: an agent
 *
 * Returns: (transfer none) (nullable): why the book could not be read
 */
const GError *
cs_agent_get_book_error(CsAgent *agent)
{
	return agent->book_error;
}

static CsAgentState
get_account_state(CsAgent *agent, const CsAccount *account)
{
	const CsAgentCheck *check = cs_agent_get_check(agent, account->id);
	gboolean is_known = account->managed != CS_MANAGED_UNKNOWN;
	const CsStanding *failure = NULL;

	if (check != NULL && (check->is_running || check->is_due) && (check->is_asked || !is_known))
		return CS_AGENT_CHECKING;
	if (check != NULL && check->error != NULL)
		failure = cs_standing_of_failure(cs_account_get_error_code(check->error));
	if (failure != NULL && !failure->keeps_last)
		return failure->state;
	return cs_standing_of_verdict(account->managed, account->reason)->state;
}

static CsAgentState
get_worst_state(CsAgent *agent)
{
	CsAgentState worst = CS_AGENT_NO_ACCOUNT;

	for (guint i = 0; i < agent->accounts->len; i++)
		worst = MAX(worst, get_account_state(agent, g_ptr_array_index(agent->accounts, i)));
	return worst;
}

/**
 * cs_agent_get_state:
 * @agent: an agent
 * @id: (nullable): an account's id, or %NULL for all of them
 *
 * A verdict stands until there is another: that a server is away changes nothing but its age. It is
 * for people to see; what an organisation grants is decided by its own server.
 *
 * Returns: the account's state, %CS_AGENT_NO_ACCOUNT where there is none such; of all, the worst,
 *   %CS_AGENT_CHECKING while one is being checked or nothing is known yet
 */
CsAgentState
cs_agent_get_state(CsAgent *agent, const char *id)
{
	const CsAccount *account;

	if (id != NULL) {
		account = cs_agent_get_account(agent, id);
		return account == NULL ? CS_AGENT_NO_ACCOUNT : get_account_state(agent, account);
	}
	if (!agent->is_loaded)
		return CS_AGENT_CHECKING;
	return agent->book_error != NULL ? CS_AGENT_ACTION_NEEDED : get_worst_state(agent);
}
