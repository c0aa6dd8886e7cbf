/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"
#include "core/account/agent-private.h"

#include <string.h>

static gboolean
is_book(GFile *file)
{
	g_autofree char *name = file == NULL ? NULL : g_file_get_basename(file);

	return g_strcmp0(name, CS_BOOK_FILE) == 0;
}

static void
unwatch_folder(CsAgent *agent)
{
	if (agent->folder == NULL)
		return;
	g_signal_handlers_disconnect_by_data(agent->folder, agent);
	g_file_monitor_cancel(agent->folder);
	g_clear_object(&agent->folder);
}

/* A monitor of a folder that is gone would look for it every few seconds; it is set up again with
 * the next snapshot that finds the folder. */
static void
folder_changed_cb(
	GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer data)
{
	CsAgent *agent = data;
	const char *folder = cs_settings_get_state_folder(agent->client->settings);
	gboolean is_lost =
		g_strcmp0(g_file_peek_path(file), folder) == 0 &&
		(event == G_FILE_MONITOR_EVENT_DELETED || event == G_FILE_MONITOR_EVENT_MOVED_OUT ||
		 event == G_FILE_MONITOR_EVENT_RENAMED || event == G_FILE_MONITOR_EVENT_UNMOUNTED);

	if (is_lost)
		unwatch_folder(agent);
	if (is_lost || is_book(file) || is_book(other))
		cs_agent_reload(agent);
}

/**
 * cs_agent_watch_folder:
 * @agent: an agent whose state folder is there
 *
 * Hears of other processes' changes of the book from now on, by inotify; and reads it once more, for
 * what happened before.
 */
void
cs_agent_watch_folder(CsAgent *agent)
{
	g_autoptr(GFile) folder = NULL;

	if (agent->folder != NULL)
		return;
	folder = g_file_new_for_path(cs_settings_get_state_folder(agent->client->settings));
	agent->folder = g_file_monitor_directory(folder, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
	if (agent->folder == NULL)
		return;
	g_signal_connect(agent->folder, "changed", G_CALLBACK(folder_changed_cb), agent);
	cs_agent_reload(agent);
}

/* What was asked for while there was no network is not worth waiting for. */
static void
network_returned(CsAgent *agent)
{
	if (!agent->is_started || agent->is_stopped)
		return;
	cs_agent_check_all(agent);
}

static void
network_changed_cb(GNetworkMonitor *network, gboolean is_available, gpointer data)
{
	CsAgent *agent = data;
	gboolean was_available = agent->is_network_available;

	agent->is_network_available = is_available;
	if (is_available && !was_available)
		network_returned(agent);
}

static void
connectivity_changed_cb(GObject *network, GParamSpec *property, gpointer data)
{
	CsAgent *agent = data;
	GNetworkConnectivity before = agent->connectivity;

	agent->connectivity = g_network_monitor_get_connectivity(G_NETWORK_MONITOR(network));
	if (agent->connectivity == G_NETWORK_CONNECTIVITY_FULL &&
	    before != G_NETWORK_CONNECTIVITY_FULL)
		network_returned(agent);
}

static void
unwatch_network(CsAgent *agent)
{
	if (agent->network != NULL)
		g_signal_handlers_disconnect_by_data(agent->network, agent);
	g_clear_object(&agent->network);
}

/**
 * cs_agent_watch_network:
 * @agent: an agent
 * @monitor: (nullable): what tells of the network, in place of the one before
 *
 * When the network returns, or goes from a restricted one such as a portal's to the whole, every
 * account is authenticated.
 */
void
cs_agent_watch_network(CsAgent *agent, GNetworkMonitor *monitor)
{
	unwatch_network(agent);
	if (monitor == NULL || agent->is_stopped)
		return;
	agent->network = g_object_ref(monitor);
	agent->is_network_available = g_network_monitor_get_network_available(monitor);
	agent->connectivity = g_network_monitor_get_connectivity(monitor);
	g_signal_connect(monitor, "network-changed", G_CALLBACK(network_changed_cb), agent);
	g_signal_connect(monitor, "notify::connectivity", G_CALLBACK(connectivity_changed_cb),
			 agent);
}

/**
 * cs_agent_unwatch:
 * @agent: an agent that hears of nothing any more
 */
void
cs_agent_unwatch(CsAgent *agent)
{
	unwatch_folder(agent);
	unwatch_network(agent);
}
