/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/tray.h"

#include "ui/state-icon.h"
#include "ui/tray-menu.h"

#include <glib/gi18n-lib.h>

#define RESOURCE_FOLDER	  "/org/countersign/Countersign/tray/"
#define ITEM_INTERFACE	  "org.kde.StatusNotifierItem"
#define WATCHER_NAME	  "org.kde.StatusNotifierWatcher"
#define WATCHER_PATH	  "/StatusNotifierWatcher"
#define WATCHER_INTERFACE "org.kde.StatusNotifierWatcher"
#define PIXMAPS_TYPE	  "a(iiay)"
#define TOOLTIP_TYPE	  "(s" PIXMAPS_TYPE "ss)"
#define BYTES_PER_PIXEL	  4

/* The sizes of the pictures in a resource, one after the other (resources/meson.build). */
static const int picture_sizes[] = {22, 32, 48};

static const char *const pictures[] = {
	[CS_AGENT_NO_ACCOUNT] = RESOURCE_FOLDER "tray-none.argb",
	[CS_AGENT_MANAGED] = RESOURCE_FOLDER "tray-managed.argb",
	[CS_AGENT_NOT_MANAGED] = RESOURCE_FOLDER "tray-not-managed.argb",
	[CS_AGENT_ACTION_NEEDED] = RESOURCE_FOLDER "tray-action.argb",
	[CS_AGENT_CHECKING] = RESOURCE_FOLDER "tray-checking.argb",
};

/* What is on the bus: compared with what it should be, so that a host hears of changes only. */
typedef struct {
	CsAgentState state;
	char *title;
	char *tooltip_text;
} Shown;

struct _CsTray {
	GObject parent_instance;

	GDBusConnection *bus;
	CsAgent *agent;
	GActionGroup *actions; /* lent */
	CsTrayMenu *menu;
	Shown shown;
	CsTrayHost host;
	guint object_id;
	guint watcher_id;
	guint subscription_id;
	guint redraw_id;
	GCancellable *question; /* (nullable): whether a host is there, asked last */
};

enum {
	SIGNAL_HOST_CHANGED,
	SIGNAL_ACTIVATION_TOKEN,
	N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(CsTray, cs_tray, G_TYPE_OBJECT)

static void
shown_clear(Shown *shown)
{
	g_clear_pointer(&shown->title, g_free);
	g_clear_pointer(&shown->tooltip_text, g_free);
}

/* A tooltip's text is markup, and names in it come from servers. */
static char *
dup_tooltip_text(CsAgent *agent)
{
	g_autofree char *sentence = cs_agent_dup_sentence(agent, NULL);
	g_autofree char *next_step = cs_agent_dup_next_step(agent, NULL);
	g_autofree char *text = NULL;

	text = g_strconcat(sentence != NULL ? sentence : "",
			   sentence != NULL && next_step != NULL ? "\n" : "", next_step, NULL);
	return g_markup_escape_text(text, -1);
}

static void
shown_init(Shown *shown, CsAgent *agent)
{
	shown->state = cs_agent_get_state(agent, NULL);
	shown->title = g_strdup_printf(_("Countersign: %s"), cs_agent_state_get_name(shown->state));
	shown->tooltip_text = dup_tooltip_text(agent);
}

static GVariant *
make_pixmaps(const char *resource)
{
	g_autoptr(GBytes) data =
		g_resources_lookup_data(resource, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
	gsize offset = 0;
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE(PIXMAPS_TYPE));
	for (gsize at = 0; data != NULL && at < G_N_ELEMENTS(picture_sizes); at++) {
		int size = picture_sizes[at];
		gsize length = (gsize)size * (gsize)size * BYTES_PER_PIXEL;
		g_autoptr(GBytes) picture = NULL;

		if (offset + length > g_bytes_get_size(data))
			break;
		picture = g_bytes_new_from_bytes(data, offset, length);
		offset += length;
		g_variant_builder_add(
			&builder, "(ii@ay)", size, size,
			g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, picture, TRUE));
	}
	return g_variant_builder_end(&builder);
}

static GVariant *
get_category(CsTray *tray)
{
	return g_variant_new_string("ApplicationStatus");
}

static GVariant *
get_id(CsTray *tray)
{
	return g_variant_new_string(CS_APPLICATION_ID);
}

/* The state in words: what a screen reader says. */
static GVariant *
get_title(CsTray *tray)
{
	return g_variant_new_string(tray->shown.title);
}

/* Never "Passive": trays hide that. */
static GVariant *
get_status(CsTray *tray)
{
	return g_variant_new_string(tray->shown.state == CS_AGENT_ACTION_NEEDED ? "NeedsAttention"
										: "Active");
}

static GVariant *
get_no_window(CsTray *tray)
{
	return g_variant_new_int32(0);
}

static GVariant *
get_nothing(CsTray *tray)
{
	return g_variant_new_string("");
}

static GVariant *
get_no_pixmaps(CsTray *tray)
{
	return g_variant_new_array(G_VARIANT_TYPE("(iiay)"), NULL, 0);
}

static GVariant *
get_icon_name(CsTray *tray)
{
	return g_variant_new_string(cs_state_icon_get_name(tray->shown.state));
}

static GVariant *
get_icon_pixmaps(CsTray *tray)
{
	return make_pixmaps(pictures[tray->shown.state]);
}

static GVariant *
get_attention_name(CsTray *tray)
{
	return g_variant_new_string(cs_state_icon_get_name(CS_AGENT_ACTION_NEEDED));
}

static GVariant *
get_attention_pixmaps(CsTray *tray)
{
	return make_pixmaps(pictures[CS_AGENT_ACTION_NEEDED]);
}

static GVariant *
get_tooltip(CsTray *tray)
{
	return g_variant_new("(s@" PIXMAPS_TYPE "ss)", cs_state_icon_get_name(tray->shown.state),
			     get_no_pixmaps(tray), tray->shown.title, tray->shown.tooltip_text);
}

static GVariant *
get_item_is_menu(CsTray *tray)
{
	return g_variant_new_boolean(FALSE);
}

static GVariant *
get_menu(CsTray *tray)
{
	return g_variant_new_object_path(CS_TRAY_MENU_PATH);
}

static const struct {
	const char *name;
	GVariant *(*get)(CsTray *tray);
} properties[] = {
	{"Category", get_category},
	{"Id", get_id},
	{"Title", get_title},
	{"Status", get_status},
	{"WindowId", get_no_window},
	{"IconThemePath", get_nothing},
	{"IconName", get_icon_name},
	{"IconPixmap", get_icon_pixmaps},
	{"IconAccessibleDesc", get_title},
	{"OverlayIconName", get_nothing},
	{"OverlayIconPixmap", get_no_pixmaps},
	{"AttentionIconName", get_attention_name},
	{"AttentionIconPixmap", get_attention_pixmaps},
	{"AttentionAccessibleDesc", get_title},
	{"AttentionMovieName", get_nothing},
	{"ToolTip", get_tooltip},
	{"ItemIsMenu", get_item_is_menu},
	{"Menu", get_menu},
};

static GVariant *
get_property_cb(GDBusConnection *bus,
		const char *sender,
		const char *path,
		const char *interface,
		const char *name,
		GError **error,
		gpointer data)
{
	for (gsize at = 0; at < G_N_ELEMENTS(properties); at++) {
		if (g_str_equal(properties[at].name, name))
			return properties[at].get(data);
	}
	g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_PROPERTY, "no property %s", name);
	return NULL;
}

/* A menu is shown by whoever asks for it, and there is nothing to scroll: those are answered and
 * nothing happens. */
static void
call_method_cb(GDBusConnection *bus,
	       const char *sender,
	       const char *path,
	       const char *interface,
	       const char *method,
	       GVariant *parameters,
	       GDBusMethodInvocation *invocation,
	       gpointer data)
{
	CsTray *tray = data;
	const char *token = NULL;

	if (g_str_equal(method, "ProvideXdgActivationToken")) {
		g_variant_get(parameters, "(&s)", &token);
		g_signal_emit(tray, signals[SIGNAL_ACTIVATION_TOKEN], 0, token);
	} else if (g_str_equal(method, "Activate") || g_str_equal(method, "SecondaryActivate")) {
		g_action_group_activate_action(tray->actions, "open", NULL);
	}
	g_dbus_method_invocation_return_value(invocation, NULL);
}

static void
emit(CsTray *tray, const char *signal, GVariant *parameters)
{
	g_dbus_connection_emit_signal(tray->bus, NULL, CS_TRAY_ITEM_PATH, ITEM_INTERFACE, signal,
				      parameters, NULL);
}

static gboolean
redraw_cb(gpointer data)
{
	CsTray *tray = data;
	Shown before = tray->shown;

	tray->redraw_id = 0;
	shown_init(&tray->shown, tray->agent);
	if (before.state != tray->shown.state) {
		emit(tray, "NewIcon", NULL);
		emit(tray, "NewStatus", g_variant_new("(@s)", get_status(tray)));
	}
	if (!g_str_equal(before.title, tray->shown.title))
		emit(tray, "NewTitle", NULL);
	if (!g_str_equal(before.title, tray->shown.title) ||
	    !g_str_equal(before.tooltip_text, tray->shown.tooltip_text))
		emit(tray, "NewToolTip", NULL);
	shown_clear(&before);
	cs_tray_menu_update(tray->menu);
	return G_SOURCE_REMOVE;
}

/* Many events, one redrawing. */
static void
changed_cb(CsAgent *agent, gpointer data)
{
	CsTray *tray = data;

	if (tray->redraw_id == 0)
		tray->redraw_id = g_idle_add(redraw_cb, tray);
}

static void
set_host(CsTray *tray, CsTrayHost host)
{
	if (tray->host == host)
		return;
	tray->host = host;
	g_signal_emit(tray, signals[SIGNAL_HOST_CHANGED], 0);
}

static void
forget_question(CsTray *tray)
{
	g_cancellable_cancel(tray->question);
	g_clear_object(&tray->question);
}

/* An answer that came after its question was forgotten is cancelled, and the tray may be gone. */
static void
host_answered_cb(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	g_autoptr(GVariant) value = NULL;
	gboolean present = FALSE;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (reply != NULL)
		g_variant_get(reply, "(v)", &value);
	if (value != NULL && g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN))
		present = g_variant_get_boolean(value);
	if (error != NULL)
		g_debug("tray: %s", error->message);
	set_host(data, present ? CS_TRAY_HOST_PRESENT : CS_TRAY_HOST_NONE);
}

static void
ask_for_host(CsTray *tray)
{
	forget_question(tray);
	tray->question = g_cancellable_new();
	g_dbus_connection_call(
		tray->bus, WATCHER_NAME, WATCHER_PATH, "org.freedesktop.DBus.Properties", "Get",
		g_variant_new("(ss)", WATCHER_INTERFACE, "IsStatusNotifierHostRegistered"),
		G_VARIANT_TYPE("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, tray->question,
		host_answered_cb, tray);
}

/* Registered by path: the watcher then takes our unique name, and a sandbox need not let us own
 * another. Whether it worked is seen by whether a host is there. */
static void
watcher_appeared_cb(GDBusConnection *bus, const char *name, const char *owner, gpointer data)
{
	CsTray *tray = data;

	g_dbus_connection_call(bus, owner, WATCHER_PATH, WATCHER_INTERFACE,
			       "RegisterStatusNotifierItem",
			       g_variant_new("(s)", CS_TRAY_ITEM_PATH), NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
	ask_for_host(tray);
}

static void
watcher_vanished_cb(GDBusConnection *bus, const char *name, gpointer data)
{
	CsTray *tray = data;

	forget_question(tray);
	set_host(tray, CS_TRAY_HOST_NONE);
}

static void
watcher_signal_cb(GDBusConnection *bus,
		  const char *sender,
		  const char *path,
		  const char *interface,
		  const char *signal,
		  GVariant *parameters,
		  gpointer data)
{
	if (g_str_has_prefix(signal, "StatusNotifierHost"))
		ask_for_host(data);
}

static void
cs_tray_dispose(GObject *object)
{
	CsTray *tray = CS_TRAY(object);

	forget_question(tray);
	g_clear_handle_id(&tray->redraw_id, g_source_remove);
	g_clear_handle_id(&tray->watcher_id, g_bus_unwatch_name);
	if (tray->subscription_id != 0)
		g_dbus_connection_signal_unsubscribe(tray->bus, tray->subscription_id);
	if (tray->object_id != 0)
		g_dbus_connection_unregister_object(tray->bus, tray->object_id);
	tray->subscription_id = tray->object_id = 0;
	if (tray->agent != NULL)
		g_signal_handlers_disconnect_by_data(tray->agent, tray);
	g_clear_pointer(&tray->menu, cs_tray_menu_free);
	g_clear_object(&tray->agent);
	g_clear_object(&tray->bus);
	G_OBJECT_CLASS(cs_tray_parent_class)->dispose(object);
}

static void
cs_tray_finalize(GObject *object)
{
	shown_clear(&CS_TRAY(object)->shown);
	G_OBJECT_CLASS(cs_tray_parent_class)->finalize(object);
}

static void
cs_tray_class_init(CsTrayClass *class)
{
	G_OBJECT_CLASS(class)->dispose = cs_tray_dispose;
	G_OBJECT_CLASS(class)->finalize = cs_tray_finalize;
	signals[SIGNAL_HOST_CHANGED] = g_signal_new("host-changed", CS_TYPE_TRAY, G_SIGNAL_RUN_LAST,
						    0, NULL, NULL, NULL, G_TYPE_NONE, 0);
	signals[SIGNAL_ACTIVATION_TOKEN] =
		g_signal_new("activation-token", CS_TYPE_TRAY, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
			     NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
cs_tray_init(CsTray *tray)
{
}

static gboolean
export_item(CsTray *tray, GError **error)
{
	static const GDBusInterfaceVTable table = {call_method_cb, get_property_cb, NULL, {NULL}};
	g_autoptr(GBytes) xml =
		g_resources_lookup_data(RESOURCE_FOLDER "dbus/org.kde.StatusNotifierItem.xml",
					G_RESOURCE_LOOKUP_FLAGS_NONE, error);
	g_autoptr(GDBusNodeInfo) node =
		xml != NULL ? g_dbus_node_info_new_for_xml(g_bytes_get_data(xml, NULL), error)
			    : NULL;

	if (node == NULL)
		return FALSE;
	tray->object_id = g_dbus_connection_register_object(
		tray->bus, CS_TRAY_ITEM_PATH,
		g_dbus_node_info_lookup_interface(node, ITEM_INTERFACE), &table, tray, NULL, error);
	return tray->object_id != 0;
}

/**
 * cs_tray_new:
 * @bus: the session's bus
 * @agent: whose state is shown
 * @actions: lent; what a click and the menu activate
 *
 * Puts the item on the bus and registers it with the tray that is there, and with each that comes
 * later. No tray is no error: cs_tray_get_host() tells.
 *
 * Returns: (nullable) (transfer full): the tray; NULL where the object cannot be exported
 */
CsTray *
cs_tray_new(GDBusConnection *bus, CsAgent *agent, GActionGroup *actions, GError **error)
{
	g_autoptr(CsTray) tray = g_object_new(CS_TYPE_TRAY, NULL);

	tray->bus = g_object_ref(bus);
	tray->agent = g_object_ref(agent);
	tray->actions = actions;
	shown_init(&tray->shown, agent);
	if (!export_item(tray, error))
		return NULL;
	tray->menu = cs_tray_menu_new(agent, actions);
	g_signal_connect(agent, "changed", G_CALLBACK(changed_cb), tray);
	tray->subscription_id = g_dbus_connection_signal_subscribe(
		bus, WATCHER_NAME, WATCHER_INTERFACE, NULL, WATCHER_PATH, NULL,
		G_DBUS_SIGNAL_FLAGS_NONE, watcher_signal_cb, tray, NULL);
	tray->watcher_id = g_bus_watch_name_on_connection(
		bus, WATCHER_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, watcher_appeared_cb,
		watcher_vanished_cb, tray, NULL);
	return g_steal_pointer(&tray);
}

/**
 * cs_tray_get_host:
 * @tray: the item
 *
 * Returns: whether somebody shows it
 */
CsTrayHost
cs_tray_get_host(CsTray *tray)
{
	return tray->host;
}
