/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

/* What the agent's files share. All of it belongs to the main thread but where it says otherwise. */

/* What a thread found in the state folder. */
typedef struct {
	guint64 generation;  /* an older one is not published after a newer one */
	GPtrArray *accounts; /* (nullable) where the book could not be read: error */
	GError *error;
	gboolean has_folder;
	GPtrArray *notices; /* (element-type CsAgentNotice) */
	gboolean is_noted;
} CsAgentSnapshot;

/* An account's checks. */
typedef struct {
	gboolean is_due; /* to be begun as soon as there is room */
	gboolean is_running;
	gboolean is_asked; /* a person waits for it */
	gboolean is_again; /* the network returned meanwhile: where it fails, it is begun again */
	GError *error;	   /* (nullable): why the last had no answer */
} CsAgentCheck;

/* One shot, and only while some account lacks an answer. */
typedef struct {
	void (*start)(CsAgent *agent, guint delay_ms, gpointer data);
	void (*stop)(CsAgent *agent, gpointer data);
	gpointer data;
} CsAgentTimer;

/* The other clock that the agent has, on the wall: one shot, days ahead, where something is to be
 * judged then. */
typedef struct {
	void (*start)(CsAgent *agent, gint64 at_unix_s, gpointer data);
	void (*stop)(CsAgent *agent, gpointer data);
	gpointer data;
} CsAgentAlarm;

/* One blocking function in a thread. */
typedef struct _CsAgentJob CsAgentJob;
struct _CsAgentJob {
	CsAgent *agent;
	/* In the thread; what it reads and writes is the job's alone. */
	void (*run)(CsAgentJob *job, GError **error);
	/* (nullable) On the main thread, after the snapshot was published; not once stopped. */
	void (*done)(CsAgentJob *job);
	gboolean needs_network;
	gboolean looks;	 /* takes a snapshot when it has run */
	CsClient client; /* with an HTTP client of its own, which one thread uses at a time */
	GCancellable *cancellable;
	GCancellable *outer; /* (nullable): the caller's */
	gulong outer_handler;
	GTask *task; /* (nullable): the caller's */
	/* arguments, copied */
	char *id;
	char *url;
	char *pin;
	CsIntroduction *introduction;
	CsSecret *code;
	gboolean makes_folder;
	const CsDiagnosisSurroundings *surroundings; /* (nullable), lent */
	gboolean initials;
	char *text;
	/* results */
	gpointer result; /* of the caller's */
	GDestroyNotify free_result;
	GError *error;
	CsAgentSnapshot *snapshot;
};

struct _CsAgent {
	GObject parent_instance;
	const CsClient *client;
	GMainContext *context;
	gboolean is_started;
	gboolean is_stopped;
	/* published */
	gboolean is_loaded;
	guint64 generation;
	GPtrArray *accounts; /* (element-type CsAccount) */
	GError *book_error;
	GHashTable *unnoted; /* account and topic to code: told, and not noted on the disk */
	/* occasions */
	GFileMonitor *folder; /* (nullable) */
	GNetworkMonitor *network;
	gboolean is_network_available;
	GNetworkConnectivity connectivity;
	gboolean is_loading;
	gboolean loads_again;
	gboolean checks_when_loaded;
	gboolean is_retrying_deletions;
	gboolean retries_deletions_again;
	/* checks */
	GHashTable *checks; /* account id to CsAgentCheck */
	guint n_running;
	guint delay_s; /* the next one's */
	gboolean is_timer_started;
	CsAgentTimer timer;
	GSource *shot;
	/* what is to come */
	CsAgentAlarm alarm;
	gint64 alarm_at; /* Unix seconds; 0: it is not set */
	GSource *alarm_source;
	int alarm_fd; /* of that */
	gboolean is_looking_at_keys;
	/* threads */
	GList *jobs;	  /* running */
	gint is_stopping; /* atomic: nobody will see what is found from now on */
	GMutex lock;
	GCond idle;
	guint n_threads;	 /* under the lock */
	GMutex look;		 /* held while the book is read, so never by the main thread */
	guint64 last_generation; /* under the look */
};

/* agent-job.c */
CsAgentJob *cs_agent_job_new(CsAgent *agent, void (*run)(CsAgentJob *, GError **));
/* Takes the job. */
void cs_agent_job_start(CsAgentJob *job, GCancellable *outer);
void cs_agent_cancel_jobs(CsAgent *agent);
void cs_agent_snapshot_free(CsAgentSnapshot *snapshot);

/* agent-operations.c */
CsAgentJob *cs_agent_operation_new(CsAgent *agent,
				   void (*run)(CsAgentJob *, GError **),
				   GCancellable *cancellable,
				   GAsyncReadyCallback callback,
				   gpointer data,
				   gpointer tag);
gpointer
cs_agent_operation_finish(CsAgent *agent, GAsyncResult *result, gpointer tag, GError **error);

/* agent.c */
void cs_agent_publish(CsAgent *agent, const CsAgentSnapshot *snapshot);
/* Emits, last of all. */
void cs_agent_announce(CsAgent *agent, const CsAgentSnapshot *snapshot);

/* agent-text.c */
const GError *cs_agent_get_trouble(CsAgent *agent, const CsAccount *account);

/* agent-watch.c */
void cs_agent_watch_folder(CsAgent *agent);
void cs_agent_unwatch(CsAgent *agent);

/* agent-alarm.c */
void cs_agent_init_alarm(CsAgent *agent);
void cs_agent_update_alarm(CsAgent *agent);
void cs_agent_stop_alarm(CsAgent *agent);
void cs_agent_look_at_keys(CsAgent *agent);
/* In place of the kernel's clock, before the start; and what the alarm does. */
void cs_agent_set_alarm(CsAgent *agent, const CsAgentAlarm *alarm);
void cs_agent_wake(CsAgent *agent);

/* agent-check.c */
void cs_agent_check_free(CsAgentCheck *check);
CsAgentCheck *cs_agent_get_check(CsAgent *agent, const char *id); /* (nullable) */
void cs_agent_update_checks(CsAgent *agent);
/* Every account, at an occasion of its own. */
void cs_agent_check_all(CsAgent *agent);
/* In place of the main loop's clock, before the start; and what the shot does. */
void cs_agent_set_timer(CsAgent *agent, const CsAgentTimer *timer);
void cs_agent_retry(CsAgent *agent);
void cs_agent_stop_timer(CsAgent *agent);
