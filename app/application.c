/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/application.h"

#include "app/autostart.h"
#include "core/account/agent.h"
#include "core/account/device-identity.h"
#include "core/base/error.h"
#include "ui/state-icon.h"
#include "ui/tray.h"
#include "ui/window-module.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* At login the panel may come after us, and one that crashed comes back: so long nobody is told
 * that there is no tray. */
#define TRAY_PATIENCE_S 5

/* What a link is opened by; the rest is the activation link. */
#define LINK_SCHEME "countersign:"

#define NOTICE_WITHOUT_ACCOUNT "general"
#define NOTICE_NO_TRAY	       "no-tray"

struct _CsApplication {
	GApplication parent_instance;

	const CsApplicationOptions *options; /* lent */
	CsAgent *agent;
	CsTray *tray;
	const CsWindowModule *windows; /* (nullable): once loaded */
	GObject *window;	       /* (nullable): weak */
	CsWindowSettings window_settings;
	char *device_name;
	char *state_file;
	char *startup_id; /* (nullable): of the call that is being answered */
	GSource *end_source;
	guint patience_id;
	gboolean was_shown; /* a window, or an icon, was there */
	gboolean told_no_tray;
	gulong closed_id;
	GError *failure;
};

G_DEFINE_FINAL_TYPE(CsApplication, cs_application, G_TYPE_APPLICATION)

/* Ends it, and says why; only what is wrong from the beginning is worth that. */
static void
fail(CsApplication *self, GError *error)
{
	if (self->failure == NULL)
		self->failure = error;
	else
		g_error_free(error);
	g_application_quit(G_APPLICATION(self));
}

static void
set_no_bus(GError **error)
{
	cs_error_set(error, CS_ERROR_STATE, "no-session-bus",
		     _("the session's message bus cannot be reached: the desktop application needs "
		       "a desktop session"));
}

static gboolean
get_autostart_cb(gpointer data)
{
	return cs_autostart_get(CS_APPLICATION(data)->options->config_home);
}

static gboolean
set_autostart_cb(gboolean start, gpointer data, GError **error)
{
	return cs_autostart_set(CS_APPLICATION(data)->options->config_home, start, error);
}

static void
fill_window_settings(CsApplication *self)
{
	const CsClient *client = self->options->client;

	self->device_name = cs_device_identity_make_name(client->settings);
	self->state_file =
		g_build_filename(cs_settings_get_state_folder(client->settings), "window", NULL);
	self->window_settings = (CsWindowSettings){
		.clock = client->clock,
		.organisation_url = cs_settings_get_organisation_url(client->settings),
		.device_name = self->device_name,
		.surroundings = self->options->surroundings != NULL
					? cs_surroundings_get(self->options->surroundings)
					: NULL,
		.get_autostart = get_autostart_cb,
		.set_autostart = set_autostart_cb,
		.data = self,
		.state_file = self->state_file,
	};
}

/* What GTK there is, is known once it is loaded; until then no report is asked for. */
static void
load_windows(CsApplication *self, GError **error)
{
	g_autofree char *gtk_version = NULL;

	if (self->windows != NULL)
		return;
	self->windows = cs_window_module_load(error);
	if (self->windows == NULL || self->options->surroundings == NULL)
		return;
	gtk_version = self->windows->dup_gtk_version();
	cs_surroundings_set_gtk_version(self->options->surroundings, gtk_version);
}

static void
show_notification(CsApplication *self,
		  const char *id,
		  const char *title,
		  const char *body,
		  const char *account_id,
		  gboolean urgent)
{
	g_autoptr(GNotification) notification = g_notification_new(title);
	g_autoptr(GIcon) icon = g_themed_icon_new(CS_APPLICATION_ID);

	g_notification_set_body(notification, body);
	g_notification_set_icon(notification, icon);
	g_notification_set_priority(notification, urgent ? G_NOTIFICATION_PRIORITY_HIGH
							 : G_NOTIFICATION_PRIORITY_NORMAL);
	if (account_id != NULL)
		g_notification_set_default_action_and_target(notification, "app.account", "s",
							     account_id);
	else
		g_notification_set_default_action(notification, "app.open");
	g_application_send_notification(G_APPLICATION(self), id, notification);
}

/* The window is made when it is asked for, and again when it was closed. Without a screen there is
 * nothing to show: at the start that is the end, later it is said in the log. */
static gboolean
ensure_window(CsApplication *self)
{
	g_autoptr(GError) error = NULL;

	if (self->window != NULL)
		return TRUE;
	load_windows(self, &error);
	if (self->windows != NULL && self->windows->prepare(&error)) {
		g_set_weak_pointer(&self->window,
				   self->windows->create(G_APPLICATION(self), self->agent,
							 &self->window_settings));
		self->was_shown = TRUE;
		return TRUE;
	}
	if (self->was_shown)
		g_warning("%s", error->message);
	else
		fail(self, g_steal_pointer(&error));
	return FALSE;
}

static void
present(CsApplication *self)
{
	self->windows->present(self->window, self->startup_id);
	g_clear_pointer(&self->startup_id, g_free);
}

static void
show_accounts(CsApplication *self)
{
	if (!ensure_window(self))
		return;
	cs_agent_reload(self->agent);
	self->windows->show_accounts(self->window);
	present(self);
}

static void
show_add(CsApplication *self, CsSecret *link)
{
	if (!ensure_window(self))
		return;
	self->windows->show_add(self->window, link);
	present(self);
}

/* Once: where a window is there, in it; where nothing else was ever seen, in one; else beside. */
static void
tell_no_tray(CsApplication *self)
{
	if (self->told_no_tray)
		return;
	if (!self->was_shown)
		show_accounts(self);
	self->told_no_tray = TRUE;
	if (self->window != NULL)
		self->windows->show_no_tray(self->window);
	else if (self->failure == NULL)
		show_notification(self, NOTICE_NO_TRAY, _("Countersign has no icon any more"),
				  _("There is no tray that shows it. Countersign goes on; start it "
				    "again to open its window."),
				  NULL, FALSE);
}

static gboolean
patience_over_cb(gpointer data)
{
	CsApplication *self = data;

	self->patience_id = 0;
	if (cs_tray_get_host(self->tray) != CS_TRAY_HOST_PRESENT)
		tell_no_tray(self);
	return G_SOURCE_REMOVE;
}

static void
host_changed_cb(CsTray *tray, gpointer data)
{
	CsApplication *self = data;
	gboolean is_present = cs_tray_get_host(tray) == CS_TRAY_HOST_PRESENT;

	cs_event(CS_EVENT_INFO, "tray", CS_FIELD_TRAY, is_present ? "present" : "none",
		 CS_FIELD_END);
	if (is_present) {
		self->was_shown = TRUE;
		g_clear_handle_id(&self->patience_id, g_source_remove);
	} else if (self->patience_id == 0 && !self->told_no_tray) {
		self->patience_id = g_timeout_add_seconds(TRAY_PATIENCE_S, patience_over_cb, self);
	}
}

static void
token_cb(CsTray *tray, const char *token, gpointer data)
{
	CsApplication *self = data;

	g_free(self->startup_id);
	self->startup_id = g_strdup(token);
}

static void
notice_cb(CsAgent *agent, const CsAgentNotice *notice, gpointer data)
{
	CsApplication *self = data;
	g_autofree char *body = g_strconcat(
		notice->sentence, notice->next_step != NULL ? "\n" : NULL, notice->next_step, NULL);

	/* What is to come stands beside the account's state and does not take its place. */
	g_autofree char *id = g_strconcat(notice->account_id != NULL ? notice->account_id
								     : NOTICE_WITHOUT_ACCOUNT,
					  notice->topic != NULL ? "/" : NULL, notice->code, NULL);

	show_notification(self, id, notice->title, body, notice->account_id, notice->urgent);
}

static void
open_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	show_accounts(data);
}

static void
account_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	CsApplication *self = data;

	if (!ensure_window(self))
		return;
	cs_agent_reload(self->agent);
	self->windows->show_account(self->window, g_variant_get_string(parameter, NULL));
	present(self);
}

static void
check_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	cs_agent_check(CS_APPLICATION(data)->agent, NULL);
}

static void
add_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	show_add(data, NULL);
}

static void
repurpose_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	CsApplication *self = data;

	if (!ensure_window(self))
		return;
	self->windows->show_repurpose(self->window);
	present(self);
}

static void
quit_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	g_application_quit(data);
}

static const GActionEntry actions[] = {
	{.name = "open", .activate = open_cb},
	{.name = "account", .activate = account_cb, .parameter_type = "s"},
	{.name = "check", .activate = check_cb},
	{.name = "add", .activate = add_cb},
	{.name = "repurpose", .activate = repurpose_cb},
	{.name = "quit", .activate = quit_cb},
};

static gboolean
end_cb(GCancellable *cancellable, gpointer data)
{
	g_application_quit(data);
	return G_SOURCE_REMOVE;
}

/* The session's bus ends with the session. */
static void
closed_cb(GDBusConnection *bus, gboolean by_peer, GError *error, gpointer data)
{
	g_application_quit(data);
}

static void
find_network_thread_cb(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	g_task_return_pointer(task, g_object_ref(g_network_monitor_get_default()), g_object_unref);
}

static void
network_found_cb(GObject *source, GAsyncResult *result, gpointer data)
{
	CsApplication *self = CS_APPLICATION(source);
	g_autoptr(GNetworkMonitor) network = g_task_propagate_pointer(G_TASK(result), NULL);

	if (self->agent != NULL)
		cs_agent_watch_network(self->agent, network);
}

/* Who tells of the network is asked over the system's bus, and may be slow to answer: in a thread.
 * What it tells later, it tells the main loop. */
static gboolean
start_agent_cb(gpointer data)
{
	CsApplication *self = data;
	g_autoptr(GTask) task = NULL;

	if (self->agent == NULL)
		return G_SOURCE_REMOVE;
	task = g_task_new(self, NULL, network_found_cb, NULL);
	g_task_set_source_tag(task, start_agent_cb);
	g_task_run_in_thread(task, find_network_thread_cb);
	cs_agent_start(self->agent);
	return G_SOURCE_REMOVE;
}

/* The icon before everything else; what the accounts are is read when it is on its way. */
static void
cs_application_startup(GApplication *application)
{
	CsApplication *self = CS_APPLICATION(application);
	GDBusConnection *bus = g_application_get_dbus_connection(application);
	GError *error = NULL;

	G_APPLICATION_CLASS(cs_application_parent_class)->startup(application);
	if (bus == NULL)
		return; /* cs_application_local_command_line() says so */
	self->agent = cs_agent_new(self->options->client);
	self->tray = cs_tray_new(bus, self->agent, G_ACTION_GROUP(application), &error);
	if (self->tray == NULL) {
		fail(self, error);
		return;
	}
	g_action_map_add_action_entries(G_ACTION_MAP(application), actions, G_N_ELEMENTS(actions),
					self);
	g_dbus_connection_set_exit_on_close(bus, FALSE);
	self->closed_id = g_signal_connect(bus, "closed", G_CALLBACK(closed_cb), self);
	g_signal_connect(self->tray, "host-changed", G_CALLBACK(host_changed_cb), self);
	g_signal_connect(self->tray, "activation-token", G_CALLBACK(token_cb), self);
	g_signal_connect(self->agent, "notice", G_CALLBACK(notice_cb), self);
	fill_window_settings(self);
	g_application_hold(application);
	g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, start_agent_cb, g_object_ref(self),
			g_object_unref);
}

/* What is under way is cancelled and waited for: nothing is left half done. */
static void
cs_application_shutdown(GApplication *application)
{
	CsApplication *self = CS_APPLICATION(application);

	if (self->window != NULL)
		self->windows->destroy(self->window);
	g_clear_weak_pointer(&self->window);
	g_clear_handle_id(&self->patience_id, g_source_remove);
	if (self->closed_id != 0)
		g_signal_handler_disconnect(g_application_get_dbus_connection(application),
					    self->closed_id);
	self->closed_id = 0;
	g_clear_object(&self->tray);
	if (self->agent != NULL)
		cs_agent_stop(self->agent);
	g_clear_object(&self->agent);
	G_APPLICATION_CLASS(cs_application_parent_class)->shutdown(application);
}

static void
cs_application_activate(GApplication *application)
{
	show_accounts(CS_APPLICATION(application));
}

/* A link that was opened: by D-Bus only, never by the command line, where others would see it. */
static void
cs_application_open(GApplication *application, GFile **files, int count, const char *hint)
{
	g_autofree char *uri = count > 0 ? g_file_get_uri(files[0]) : NULL;
	const char *text = uri;
	g_autoptr(CsSecret) link = NULL;

	if (text == NULL)
		return;
	if (g_ascii_strncasecmp(text, LINK_SCHEME, strlen(LINK_SCHEME)) == 0)
		text += strlen(LINK_SCHEME);
	link = cs_secret_new(text, strlen(text));
	cs_secret_wipe(uri, strlen(uri));
	show_add(CS_APPLICATION(application), link);
}

/* The desktop's leave to take the focus, from whoever asks, even from another process. */
static void
cs_application_before_emit(GApplication *application, GVariant *platform_data)
{
	CsApplication *self = CS_APPLICATION(application);
	const char *id = NULL;

	if (g_variant_lookup(platform_data, "activation-token", "&s", &id) ||
	    g_variant_lookup(platform_data, "desktop-startup-id", "&s", &id)) {
		g_free(self->startup_id);
		self->startup_id = g_strdup(id);
	}
	G_APPLICATION_CLASS(cs_application_parent_class)->before_emit(application, platform_data);
}

static void
cs_application_add_platform_data(GApplication *application, GVariantBuilder *builder)
{
	const char *id = CS_APPLICATION(application)->options->startup_id;

	if (id == NULL || !g_utf8_validate(id, -1, NULL))
		return;
	g_variant_builder_add(builder, "{sv}", "activation-token", g_variant_new_string(id));
	g_variant_builder_add(builder, "{sv}", "desktop-startup-id", g_variant_new_string(id));
}

/* The command line was read already; what is left is to be the one instance, or to tell it. */
static gboolean
cs_application_local_command_line(GApplication *application, char ***arguments, int *status)
{
	CsApplication *self = CS_APPLICATION(application);

	*status = 0;
	if (!g_application_register(application, self->options->cancellable, &self->failure))
		return TRUE;
	if (g_application_get_dbus_connection(application) == NULL)
		set_no_bus(&self->failure);
	else if (self->failure == NULL && self->options->shows_window)
		g_application_activate(application);
	return TRUE;
}

static void
cs_application_finalize(GObject *object)
{
	CsApplication *self = CS_APPLICATION(object);

	g_clear_pointer(&self->device_name, g_free);
	g_clear_pointer(&self->state_file, g_free);
	g_clear_pointer(&self->startup_id, g_free);
	g_clear_error(&self->failure);
	G_OBJECT_CLASS(cs_application_parent_class)->finalize(object);
}

static void
cs_application_class_init(CsApplicationClass *class)
{
	GApplicationClass *application = G_APPLICATION_CLASS(class);

	G_OBJECT_CLASS(class)->finalize = cs_application_finalize;
	application->startup = cs_application_startup;
	application->shutdown = cs_application_shutdown;
	application->activate = cs_application_activate;
	application->open = cs_application_open;
	application->before_emit = cs_application_before_emit;
	application->add_platform_data = cs_application_add_platform_data;
	application->local_command_line = cs_application_local_command_line;
}

static void
cs_application_init(CsApplication *self)
{
}

/**
 * cs_application_can_run:
 *
 * Loads the windows and connects to the session's bus, as cs_application_run() would.
 *
 * Returns: TRUE where it could. CS_ERROR_STATE: "no-session-bus", "no-display", "windows-missing"
 */
gboolean
cs_application_can_run(GError **error)
{
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
	const CsWindowModule *windows = NULL;

	if (bus == NULL) {
		set_no_bus(error);
		return FALSE;
	}
	windows = cs_window_module_load(error);
	return windows != NULL && windows->prepare(error);
}

/**
 * cs_application_run:
 * @options: what it works with
 *
 * Runs the application on the default main context. Call it once.
 *
 * Returns: TRUE at its end, or where another instance runs and was told. CS_ERROR_STATE:
 *   "no-session-bus", "no-display", "windows-missing"
 */
gboolean
cs_application_run(const CsApplicationOptions *options, GError **error)
{
	char name[] = "countersign";
	char *arguments[] = {name, NULL};
	g_autoptr(CsApplication) self = NULL;
	g_autoptr(GSource) end = g_cancellable_source_new(options->cancellable);

	g_set_prgname(CS_APPLICATION_ID);
	g_set_application_name("Countersign");
	self = g_object_new(CS_TYPE_APPLICATION, "application-id", CS_APPLICATION_ID, "flags",
			    G_APPLICATION_HANDLES_OPEN |
				    (options->is_private ? G_APPLICATION_NON_UNIQUE : 0),
			    NULL);
	self->options = options;
	g_source_set_callback(end, G_SOURCE_FUNC(end_cb), self, NULL);
	g_source_attach(end, NULL);
	cs_event(CS_EVENT_INFO, "start", CS_FIELD_VERSION, CS_VERSION, CS_FIELD_END);
	g_application_run(G_APPLICATION(self), 1, arguments);
	g_source_destroy(end);
	cs_event(CS_EVENT_INFO, "stop", CS_FIELD_CODE,
		 self->failure != NULL ? cs_error_get_reason(self->failure) : NULL, CS_FIELD_END);
	if (self->failure == NULL)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&self->failure));
	return FALSE;
}
