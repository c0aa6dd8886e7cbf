/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/agent-private.h"
#include "core/account/forewarning.h"

#include <glib-unix.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* So that the server's clock has passed the moment too. */
#define SLACK_S 3600

static gboolean
alarm_cb(int fd, GIOCondition condition, gpointer data)
{
	CsAgent *agent = data;

	g_clear_pointer(&agent->alarm_source, g_source_unref);
	close(fd);
	cs_agent_wake(agent);
	return G_SOURCE_REMOVE;
}

/* By the clock on the wall, which goes on while the machine sleeps and may be set: the kernel wakes
 * us at that time and never before. */
static void
start_alarm(CsAgent *agent, gint64 at_unix_s, gpointer data)
{
	const struct itimerspec at = {.it_value.tv_sec = (time_t)at_unix_s};
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL) != 0) {
		g_debug("no timer for what is to come: it is judged at the other occasions");
		if (fd >= 0)
			close(fd);
		return;
	}
	agent->alarm_fd = fd;
	agent->alarm_source = g_unix_fd_source_new(fd, G_IO_IN);
	g_source_set_callback(agent->alarm_source, G_SOURCE_FUNC(alarm_cb), agent, NULL);
	g_source_attach(agent->alarm_source, agent->context);
}

static void
stop_alarm(CsAgent *agent, gpointer data)
{
	if (agent->alarm_source == NULL)
		return;
	g_source_destroy(agent->alarm_source);
	g_clear_pointer(&agent->alarm_source, g_source_unref);
	close(agent->alarm_fd);
}

/**
 * cs_agent_init_alarm:
 * @agent: a new agent
 */
void
cs_agent_init_alarm(CsAgent *agent)
{
	agent->alarm = (CsAgentAlarm){start_alarm, stop_alarm, NULL};
}

/**
 * cs_agent_stop_alarm:
 * @agent: an agent
 */
void
cs_agent_stop_alarm(CsAgent *agent)
{
	if (agent->alarm_at != 0)
		agent->alarm.stop(agent, agent->alarm.data);
	agent->alarm_at = 0;
}

/**
 * cs_agent_update_alarm:
 * @agent: an agent whose list has changed
 *
 * One shot, for the next moment at which some account's certificate is worth a word; none where there
 * is no such moment. Nothing wakes up periodically.
 */
void
cs_agent_update_alarm(CsAgent *agent)
{
	gint64 now = cs_clock_get_unix_s(agent->client->clock);
	gint64 at = 0;

	for (guint i = 0; i < agent->accounts->len; i++) {
		gint64 next = cs_forewarning_get_next(g_ptr_array_index(agent->accounts, i),
						      now - SLACK_S);

		if (next != 0 && (at == 0 || next + SLACK_S < at))
			at = next + SLACK_S;
	}
	if (at == agent->alarm_at)
		return;
	cs_agent_stop_alarm(agent);
	if (at == 0)
		return;
	agent->alarm_at = at;
	agent->alarm.start(agent, at, agent->alarm.data);
}

/**
 * cs_agent_wake:
 * @agent: an agent whose alarm has gone off
 *
 * Whoever is near a certificate's end is authenticated first: what is told after that is judged by
 * the certificates that are there now.
 */
void
cs_agent_wake(CsAgent *agent)
{
	gint64 now = cs_clock_get_unix_s(agent->client->clock);

	agent->alarm_at = 0;
	for (guint i = 0; i < agent->accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(agent->accounts, i);
		CsAgentCheck *check = cs_agent_get_check(agent, account->id);

		if (check != NULL && cs_forewarning_get_days(account, now) != 0)
			check->is_due = !check->is_running;
	}
	cs_agent_update_checks(agent);
}

/**
 * cs_agent_set_alarm:
 * @agent: an agent that has not been started
 * @alarm: what waits in place of the kernel; at the end of the wait it calls cs_agent_wake()
 */
void
cs_agent_set_alarm(CsAgent *agent, const CsAgentAlarm *alarm)
{
	agent->alarm = *alarm;
}

static void
run_look_at_keys(CsAgentJob *job, GError **error)
{
	cs_forewarning_look_at_keys(&job->client, &job->looks, job->cancellable);
}

static void
look_done(CsAgentJob *job)
{
	job->agent->is_looking_at_keys = FALSE;
}

/**
 * cs_agent_look_at_keys:
 * @agent: an agent
 *
 * Whether a server is about to sign with another key is asked where every account is authenticated.
 */
void
cs_agent_look_at_keys(CsAgent *agent)
{
	CsAgentJob *job;

	if (agent->is_looking_at_keys)
		return;
	agent->is_looking_at_keys = TRUE;
	job = cs_agent_job_new(agent, run_look_at_keys);
	job->needs_network = TRUE;
	job->done = look_done;
	cs_agent_job_start(job, NULL);
}
