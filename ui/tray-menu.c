/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/tray-menu.h"

#include "ui/state-icon.h"

#include <glib/gi18n-lib.h>
#include <libdbusmenu-glib/client.h>
#include <libdbusmenu-glib/server.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbusmenuMenuitem, g_object_unref)

/* A server chooses names; a menu must not grow over the screen by them. */
#define MAX_NAME_CHARACTERS 40

#define ACTION_KEY "countersign-action"
#define TARGET_KEY "countersign-target"

struct _CsTrayMenu {
	CsAgent *agent;
	GActionGroup *actions; /* lent */
	DbusmenuServer *server;
	DbusmenuMenuitem *root;
	DbusmenuMenuitem *separator; /* (nullable): below the accounts, where there are any */
	GPtrArray *accounts;	     /* (element-type DbusmenuMenuitem), the first of the menu */
};

static const struct {
	const char *label; /* NULL: a separator */
	const char *action;
} entries[] = {
	{N_("_Check now"), "check"},
	{N_("_Add account…"), "add"},
	{N_("_Repurpose this device…"), "repurpose"},
	{NULL, NULL},
	{N_("_Open Countersign"), "open"},
	{N_("_Quit"), "quit"},
};

static void
activated_cb(DbusmenuMenuitem *item, guint timestamp, gpointer data)
{
	CsTrayMenu *menu = data;
	const char *target = g_object_get_data(G_OBJECT(item), TARGET_KEY);

	g_action_group_activate_action(menu->actions, g_object_get_data(G_OBJECT(item), ACTION_KEY),
				       target != NULL ? g_variant_new_string(target) : NULL);
}

static DbusmenuMenuitem *
make_item(CsTrayMenu *menu, const char *action)
{
	DbusmenuMenuitem *item = dbusmenu_menuitem_new();

	g_object_set_data(G_OBJECT(item), ACTION_KEY, (gpointer)action);
	g_signal_connect(item, DBUSMENU_MENUITEM_SIGNAL_ITEM_ACTIVATED, G_CALLBACK(activated_cb),
			 menu);
	return item;
}

static DbusmenuMenuitem *
make_separator(void)
{
	DbusmenuMenuitem *item = dbusmenu_menuitem_new();

	dbusmenu_menuitem_property_set(item, DBUSMENU_MENUITEM_PROP_TYPE,
				       DBUSMENU_CLIENT_TYPES_SEPARATOR);
	return item;
}

static void
add_entries(CsTrayMenu *menu)
{
	for (gsize at = 0; at < G_N_ELEMENTS(entries); at++) {
		g_autoptr(DbusmenuMenuitem) item = NULL;

		if (entries[at].label != NULL) {
			item = make_item(menu, entries[at].action);
			dbusmenu_menuitem_property_set(item, DBUSMENU_MENUITEM_PROP_LABEL,
						       _(entries[at].label));
		} else {
			item = make_separator();
		}
		dbusmenu_menuitem_child_append(menu->root, item);
	}
}

static char *
shorten(const char *name)
{
	g_autofree char *start = NULL;

	if (g_utf8_strlen(name, -1) <= MAX_NAME_CHARACTERS)
		return g_strdup(name);
	start = g_utf8_substring(name, 0, MAX_NAME_CHARACTERS - 1);
	return g_strconcat(start, "…", NULL);
}

/* "ada, Example: Managed" */
static char *
dup_account_label(const CsAccount *account, CsAgentState state)
{
	g_autofree char *user = shorten(account->user);
	g_autofree char *organisation = shorten(account->organisation);
	/* Translators: a line of the tray's menu: user, organisation, state. */
	g_autofree char *text = g_strdup_printf(_("%s, %s: %s"), user, organisation,
						cs_agent_state_get_name(state));

	return cs_tray_menu_escape(text);
}

/* The menu hears of a property that is set again as it was; hosts would redraw. */
static void
set_property(DbusmenuMenuitem *item, const char *property, const char *value)
{
	if (g_strcmp0(dbusmenu_menuitem_property_get(item, property), value) != 0)
		dbusmenu_menuitem_property_set(item, property, value);
}

static void
update_account(CsTrayMenu *menu, DbusmenuMenuitem *item, const CsAccount *account)
{
	CsAgentState state = cs_agent_get_state(menu->agent, account->id);
	g_autofree char *label = dup_account_label(account, state);

	if (g_strcmp0(g_object_get_data(G_OBJECT(item), TARGET_KEY), account->id) != 0)
		g_object_set_data_full(G_OBJECT(item), TARGET_KEY, g_strdup(account->id), g_free);
	set_property(item, DBUSMENU_MENUITEM_PROP_LABEL, label);
	set_property(item, DBUSMENU_MENUITEM_PROP_ICON_NAME, cs_state_icon_get_name(state));
}

static void
remove_item(CsTrayMenu *menu, DbusmenuMenuitem *item)
{
	g_signal_handlers_disconnect_by_data(item, menu);
	dbusmenu_menuitem_child_delete(menu->root, item);
}

/* As many lines as accounts: an open menu keeps those that it has. */
static void
set_account_count(CsTrayMenu *menu, guint count)
{
	while (menu->accounts->len > count) {
		remove_item(menu, menu->accounts->pdata[menu->accounts->len - 1]);
		g_ptr_array_set_size(menu->accounts, (int)menu->accounts->len - 1);
	}
	while (menu->accounts->len < count) {
		DbusmenuMenuitem *item = make_item(menu, "account");

		dbusmenu_menuitem_child_add_position(menu->root, item, menu->accounts->len);
		g_ptr_array_add(menu->accounts, item);
	}
	if (count > 0 && menu->separator == NULL) {
		menu->separator = make_separator();
		dbusmenu_menuitem_child_add_position(menu->root, menu->separator, count);
	} else if (count == 0 && menu->separator != NULL) {
		remove_item(menu, menu->separator);
		g_clear_object(&menu->separator);
	}
}

/**
 * cs_tray_menu_escape:
 * @text: text for people
 *
 * Returns: (transfer full): a label that shows it: an underscore in a label would mark a key
 */
char *
cs_tray_menu_escape(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "_", -1);

	return g_strjoinv("__", parts);
}

/**
 * cs_tray_menu_update:
 * @menu: the menu
 *
 * Brings the accounts' lines to what the agent says, in place: an open menu stays open.
 */
void
cs_tray_menu_update(CsTrayMenu *menu)
{
	GPtrArray *accounts = cs_agent_get_accounts(menu->agent);

	set_account_count(menu, accounts->len);
	for (guint at = 0; at < accounts->len; at++)
		update_account(menu, menu->accounts->pdata[at], accounts->pdata[at]);
}

/**
 * cs_tray_menu_new:
 * @agent: whose accounts are listed
 * @actions: lent; what the lines activate
 *
 * Returns: (transfer full): the menu, on the session's bus
 */
CsTrayMenu *
cs_tray_menu_new(CsAgent *agent, GActionGroup *actions)
{
	CsTrayMenu *menu = g_new0(CsTrayMenu, 1);

	menu->agent = g_object_ref(agent);
	menu->actions = actions;
	menu->accounts = g_ptr_array_new_with_free_func(g_object_unref);
	menu->root = dbusmenu_menuitem_new();
	add_entries(menu);
	cs_tray_menu_update(menu);
	menu->server = dbusmenu_server_new(CS_TRAY_MENU_PATH);
	dbusmenu_server_set_root(menu->server, menu->root);
	return menu;
}

/**
 * cs_tray_menu_free:
 * @menu: (nullable): what to free
 */
void
cs_tray_menu_free(CsTrayMenu *menu)
{
	if (menu == NULL)
		return;
	for (GList *child = dbusmenu_menuitem_get_children(menu->root); child != NULL;
	     child = child->next)
		g_signal_handlers_disconnect_by_data(child->data, menu);
	g_clear_object(&menu->server);
	g_clear_pointer(&menu->accounts, g_ptr_array_unref);
	g_clear_object(&menu->separator);
	g_clear_object(&menu->root);
	g_clear_object(&menu->agent);
	g_free(menu);
}
