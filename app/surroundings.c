/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/surroundings.h"

#ifdef CS_HAS_DESKTOP
#include "app/autostart.h"
#endif

#include <gio/gio.h>
#include <locale.h>
#include <sys/utsname.h>

#define WATCHER_NAME	  "org.kde.StatusNotifierWatcher"
#define WATCHER_PATH	  "/StatusNotifierWatcher"
#define BUS_TIMEOUT_MS	  1000
#define FLATPAK_INFO	  "/.flatpak-info"
#define ROOT_LIKE_UNKNOWN "Unknown"

struct _CsSurroundings {
	CsDiagnosisSurroundings known;
	char *home;
	char *login;
	char *real_name;
	char *config_home;
	char *gtk_version;
	char *desktop;
	char *session_type;
	char *display;
	char *language;
	char *bus_address; /* (nullable) */
	const char *sandbox;
	GError *settings_error;
};

/* Only a bus that is there: GLib would else try to start one. */
static char *
dup_bus_address(void)
{
	const char *address = g_getenv("DBUS_SESSION_BUS_ADDRESS");
	const char *folder = g_getenv("XDG_RUNTIME_DIR");
	g_autofree char *path = NULL;

	if (address != NULL && address[0] != '\0')
		return g_strdup(address);
	path = folder == NULL ? NULL : g_build_filename(folder, "bus", NULL);
	if (path == NULL || !g_file_test(path, G_FILE_TEST_EXISTS))
		return NULL;
	return g_strconcat("unix:path=", path, NULL);
}

static const char *
find_display(void)
{
	const char *wayland = g_getenv("WAYLAND_DISPLAY");
	const char *x11 = g_getenv("DISPLAY");

	if (wayland != NULL && wayland[0] != '\0')
		return "wayland";
	return x11 != NULL && x11[0] != '\0' ? "x11" : NULL;
}

static const char *
find_sandbox(void)
{
	if (g_file_test(FLATPAK_INFO, G_FILE_TEST_EXISTS))
		return "flatpak";
	return g_getenv("SNAP") != NULL ? "snap" : NULL;
}

static char *
dup_text(const char *text)
{
	return text != NULL && text[0] != '\0' ? g_utf8_make_valid(text, -1) : NULL;
}

static char *
dup_language(void)
{
	const char *languages = g_getenv("LANGUAGE");

	if (languages != NULL && languages[0] != '\0')
		return dup_text(languages);
	return dup_text(setlocale(LC_MESSAGES, NULL));
}

static void
describe_system(cJSON *versions, const CsSurroundings *self)
{
	g_autofree char *os = g_get_os_info(G_OS_INFO_KEY_PRETTY_NAME);
	struct utsname system;

	cs_json_add_string(versions, "gtk", self->gtk_version);
	cs_json_add_string(versions, "os", os);
	if (uname(&system) != 0)
		return;
	cs_json_add_string(versions, "kernel", system.release);
	cs_json_add_string(versions, "architecture", system.machine);
}

/* (nullable) (transfer full): what somebody on the bus answers in time. */
static GVariant *
call(GDBusConnection *bus,
     const char *name,
     const char *path,
     const char *interface,
     const char *method,
     GVariant *arguments)
{
	return g_dbus_connection_call_sync(bus, name, path, interface, method, arguments, NULL,
					   G_DBUS_CALL_FLAGS_NO_AUTO_START, BUS_TIMEOUT_MS, NULL,
					   NULL);
}

static void
add_answer(cJSON *object, const char *name, GVariant *answer, const char *format)
{
	g_autoptr(GVariant) inner = NULL;

	if (answer == NULL || !g_variant_is_of_type(answer, G_VARIANT_TYPE(format))) {
		cs_json_add_null(object, name);
		return;
	}
	inner = g_variant_get_child_value(answer, 0);
	if (g_variant_is_of_type(inner, G_VARIANT_TYPE_VARIANT)) {
		g_autoptr(GVariant) wrapped = g_steal_pointer(&inner);

		inner = g_variant_get_variant(wrapped);
	}
	if (g_variant_is_of_type(inner, G_VARIANT_TYPE_BOOLEAN))
		cs_json_add_boolean(object, name, g_variant_get_boolean(inner));
	else
		cs_json_add_null(object, name);
}

typedef struct {
	GDBusConnection *bus;
	gboolean is_done;
} Connecting;

static void
connected_cb(GObject *source, GAsyncResult *result, gpointer data)
{
	Connecting *connecting = data;

	connecting->bus = g_dbus_connection_new_for_address_finish(result, NULL);
	connecting->is_done = TRUE;
}

static gboolean
give_up_cb(gpointer cancellable)
{
	g_cancellable_cancel(cancellable);
	return G_SOURCE_REMOVE;
}

/* (nullable) (transfer full): whoever listens there, if it lets us in in time. */
static GDBusConnection *
connect_to(const char *address)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GSource) limit = g_timeout_source_new(BUS_TIMEOUT_MS);
	Connecting connecting = {NULL, FALSE};

	g_source_set_callback(limit, give_up_cb, cancellable, NULL);
	g_source_attach(limit, context);
	g_main_context_push_thread_default(context);
	g_dbus_connection_new_for_address(address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
					  NULL, cancellable, connected_cb, &connecting);
	while (!connecting.is_done)
		g_main_context_iteration(context, TRUE);
	g_main_context_pop_thread_default(context);
	g_source_destroy(limit);
	return connecting.bus;
}

/* (nullable) (transfer full): a connection of its own: the application's belongs to the main thread's
 * doings. GLib would wait for the answer to its own greeting for longer than anybody who needs help. */
static GDBusConnection *
open_bus(const char *address)
{
	g_autoptr(GDBusConnection) bus = address != NULL ? connect_to(address) : NULL;
	g_autoptr(GVariant) name = NULL;

	if (bus == NULL)
		return NULL;
	name = call(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
		    "Hello", NULL);
	return name != NULL ? g_steal_pointer(&bus) : NULL;
}

static void
describe_tray(cJSON *desktop, const CsSurroundings *self)
{
	g_autoptr(GDBusConnection) bus = open_bus(self->bus_address);
	g_autoptr(GVariant) watcher = NULL;
	g_autoptr(GVariant) host = NULL;

	cs_json_add_boolean(desktop, "session_bus", bus != NULL);
	if (bus != NULL) {
		watcher = call(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			       "org.freedesktop.DBus", "NameHasOwner",
			       g_variant_new("(s)", WATCHER_NAME));
		host = call(bus, WATCHER_NAME, WATCHER_PATH, "org.freedesktop.DBus.Properties",
			    "Get",
			    g_variant_new("(ss)", WATCHER_NAME, "IsStatusNotifierHostRegistered"));
	}
	add_answer(desktop, "tray_watcher", watcher, "(b)");
	add_answer(desktop, "tray_host", host, "(v)");
}

static void
describe_cb(cJSON *versions, cJSON *desktop, gpointer data)
{
	const CsSurroundings *self = data;

	describe_system(versions, self);
	cs_json_add_string(desktop, "desktop", self->desktop);
	cs_json_add_string(desktop, "session_type", self->session_type);
	cs_json_add_string(desktop, "display", self->display);
	cs_json_add_string(desktop, "language", self->language);
	describe_tray(desktop, self);
#ifdef CS_HAS_DESKTOP
	cs_json_add_boolean(desktop, "start_at_login", cs_autostart_get(self->config_home));
#else
	cs_json_add_null(desktop, "start_at_login");
#endif
	cs_json_add_string(desktop, "sandbox", self->sandbox);
}

/**
 * cs_surroundings_new:
 * @paths: where the home folder and start at login are
 * @gtk_version: (nullable): of the windows
 * @settings_error: (nullable): why the client's settings are the defaults
 *
 * Reads the environment; call it on the main thread.
 *
 * Returns: (transfer full): what is known; its description may be asked for in any thread
 */
CsSurroundings *
cs_surroundings_new(const CsSettingsPaths *paths,
		    const char *gtk_version,
		    const GError *settings_error)
{
	CsSurroundings *self = g_new0(CsSurroundings, 1);
	const char *real_name = g_get_real_name();

	self->home = g_strdup(paths->home);
	self->config_home = g_strdup(paths->config_home);
	self->login = dup_text(g_get_user_name());
	if (g_strcmp0(real_name, ROOT_LIKE_UNKNOWN) != 0)
		self->real_name = dup_text(real_name);
	self->gtk_version = g_strdup(gtk_version);
	self->desktop = dup_text(g_getenv("XDG_CURRENT_DESKTOP"));
	self->session_type = dup_text(g_getenv("XDG_SESSION_TYPE"));
	self->display = g_strdup(find_display());
	self->language = dup_language();
	self->bus_address = dup_bus_address();
	self->sandbox = find_sandbox();
	self->settings_error = settings_error != NULL ? g_error_copy(settings_error) : NULL;
	self->known = (CsDiagnosisSurroundings){
		.home = self->home,
		.login = self->login,
		.real_name = self->real_name,
		.settings_error = self->settings_error,
		.describe = describe_cb,
		.data = self,
	};
	return self;
}

/**
 * cs_surroundings_free:
 * @surroundings: (nullable) (transfer full): what is known; no report is being made any more
 */
void
cs_surroundings_free(CsSurroundings *surroundings)
{
	if (surroundings == NULL)
		return;
	g_free(surroundings->home);
	g_free(surroundings->login);
	g_free(surroundings->real_name);
	g_free(surroundings->config_home);
	g_free(surroundings->gtk_version);
	g_free(surroundings->desktop);
	g_free(surroundings->session_type);
	g_free(surroundings->display);
	g_free(surroundings->language);
	g_free(surroundings->bus_address);
	g_clear_error(&surroundings->settings_error);
	g_free(surroundings);
}

/**
 * cs_surroundings_set_gtk_version:
 * @surroundings: what is known
 * @gtk_version: (nullable): of the windows, once they are loaded
 *
 * Call it before a report is asked for in another thread.
 */
void
cs_surroundings_set_gtk_version(CsSurroundings *surroundings, const char *gtk_version)
{
	g_free(surroundings->gtk_version);
	surroundings->gtk_version = g_strdup(gtk_version);
}

/**
 * cs_surroundings_get:
 * @surroundings: what is known
 *
 * Returns: (transfer none): as a report takes it
 */
const CsDiagnosisSurroundings *
cs_surroundings_get(const CsSurroundings *surroundings)
{
	return &surroundings->known;
}
