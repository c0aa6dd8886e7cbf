/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/window-private.h"

#include "ui/about-dialog.h"
#include "ui/diagnostics-dialog.h"
#include "ui/words.h"

/* Keys that nobody in the window had a use for; and one that GTK uses to move into the header. */
static const struct {
	guint key;
	GdkModifierType modifiers;
	const char *action;
	gboolean is_first; /* before anybody else */
} shortcuts[] = {
	{GDK_KEY_n, GDK_CONTROL_MASK, "add"},
	{GDK_KEY_r, GDK_CONTROL_MASK, "check"},
	{GDK_KEY_F5, 0, "check"},
	{GDK_KEY_Escape, 0, "back"},
	{GDK_KEY_Left, GDK_MOD1_MASK, "back"},
	{GDK_KEY_Back, 0, "back"},
	{GDK_KEY_Delete, 0, "delete"},
	{GDK_KEY_KP_Delete, 0, "delete"},
	{GDK_KEY_F10, 0, "menu", TRUE},
	{GDK_KEY_w, GDK_CONTROL_MASK, "close"},
	{GDK_KEY_q, GDK_CONTROL_MASK, "quit"},
};

static void
enable(CsWindow *self, const char *action, gboolean is_enabled)
{
	g_simple_action_set_enabled(
		G_SIMPLE_ACTION(g_action_map_lookup_action(self->actions, action)), is_enabled);
}

/**
 * cs_window_update_actions:
 * @self: the window, with its pages
 *
 * Enables what can be done here and now, and shows the buttons for it.
 */
void
cs_window_update_actions(CsWindow *self)
{
	gboolean is_account = cs_window_is_at(self, CS_PAGE_ACCOUNT);
	gboolean has_accounts = cs_agent_get_accounts(self->agent)->len > 0;
	gboolean has_error = cs_agent_get_book_error(self->agent) != NULL;
	const char *id = is_account || cs_window_is_at(self, CS_PAGE_EXPLANATION)
				 ? cs_account_page_get_id(self->account)
				 : NULL;
	gboolean is_checking = cs_agent_get_state(self->agent, id) == CS_AGENT_CHECKING;

	enable(self, "check",
	       (has_accounts || has_error) && !is_checking && !cs_window_is_at(self, CS_PAGE_ADD));
	enable(self, "delete", is_account);
	enable(self, "explain", is_account);
	enable(self, "add", !cs_window_is_at(self, CS_PAGE_ADD) && !has_error);
	enable(self, "repurpose", !cs_window_is_at(self, CS_PAGE_REPURPOSE));
	enable(self, "back", !cs_window_is_at(self, CS_PAGE_ACCOUNTS));
	gtk_widget_set_visible(self->back_button, !cs_window_is_at(self, CS_PAGE_ACCOUNTS));
	gtk_widget_set_visible(self->add_button, cs_window_is_at(self, CS_PAGE_ACCOUNTS) &&
							 has_accounts && !has_error);
}

static void
check_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	CsWindow *self = data;

	if (cs_agent_get_book_error(self->agent))
		cs_agent_reload(self->agent);
	else
		cs_agent_check(self->agent,
			       cs_window_is_at(self, CS_PAGE_ACCOUNT) ||
					       cs_window_is_at(self, CS_PAGE_EXPLANATION)
				       ? cs_account_page_get_id(self->account)
				       : NULL);
}

static void
add_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	cs_window_show_add(data, NULL);
}

static void
back_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	CsWindow *self = data;

	if (cs_window_is_at(self, CS_PAGE_EXPLANATION))
		cs_window_go_to(self, CS_PAGE_ACCOUNT);
	else if (!cs_window_is_at(self, CS_PAGE_ADD))
		cs_window_show_accounts(self);
	else if (!cs_add_page_go_back(self->add))
		cs_window_leave_add(self);
}

static void
explain_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	CsWindow *self = data;

	cs_explanation_page_show(self->explanation, cs_account_page_get_id(self->account));
	cs_window_go_to(self, CS_PAGE_EXPLANATION);
}

static void
delete_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	CsWindow *self = data;

	cs_window_show_deletion(self, cs_account_page_get_id(self->account));
}

static void
repurpose_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	cs_window_show_repurpose(data);
}

static void
menu_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	gtk_toggle_button_set_active(CS_WINDOW(data)->menu_button, TRUE);
}

static void
diagnostics_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	CsWindow *self = data;

	gtk_window_present(GTK_WINDOW(cs_diagnostics_dialog_new(GTK_WINDOW(self), self->agent,
								self->settings.surroundings)));
}

static void
about_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	gtk_window_present(GTK_WINDOW(cs_about_dialog_new(data)));
}

static void
close_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	gtk_window_close(data);
}

static void
quit_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	g_application_quit(CS_WINDOW(data)->application);
}

static void
change_autostart_cb(GSimpleAction *action, GVariant *value, gpointer data)
{
	CsWindow *self = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (self->settings.set_autostart(g_variant_get_boolean(value), self->settings.data,
					 &error)) {
		g_simple_action_set_state(action, value);
		return;
	}
	text = cs_words_dup_error(error);
	cs_window_say(self, GTK_MESSAGE_ERROR, text);
}

static gboolean
take_key(CsWindow *self, const GdkEventKey *event, gboolean is_first)
{
	guint modifiers = event->state & gtk_accelerator_get_default_mod_mask();

	for (guint i = 0; i < G_N_ELEMENTS(shortcuts); i++) {
		if (shortcuts[i].key != gdk_keyval_to_lower(event->keyval) ||
		    shortcuts[i].modifiers != modifiers || shortcuts[i].is_first != is_first)
			continue;
		g_action_group_activate_action(G_ACTION_GROUP(self->actions), shortcuts[i].action,
					       NULL);
		return GDK_EVENT_STOP;
	}
	return GDK_EVENT_PROPAGATE;
}

static gboolean
key_pressed_cb(GtkWidget *widget, GdkEventKey *event, gpointer data)
{
	return take_key(data, event, TRUE);
}

static gboolean
key_unused_cb(GtkWidget *widget, GdkEventKey *event, gpointer data)
{
	return take_key(data, event, FALSE);
}

/**
 * cs_window_add_actions:
 * @self: the window, being made
 *
 * Adds the actions, as "win", and the keys for them.
 */
void
cs_window_add_actions(CsWindow *self)
{
	static const GActionEntry entries[] = {
		{"check", check_cb, NULL, NULL, NULL},
		{"add", add_cb, NULL, NULL, NULL},
		{"back", back_cb, NULL, NULL, NULL},
		{"delete", delete_cb, NULL, NULL, NULL},
		{"explain", explain_cb, NULL, NULL, NULL},
		{"repurpose", repurpose_cb, NULL, NULL, NULL},
		{"menu", menu_cb, NULL, NULL, NULL},
		{"start-at-login", NULL, NULL, "false", change_autostart_cb},
		{"diagnostics", diagnostics_cb, NULL, NULL, NULL},
		{"about", about_cb, NULL, NULL, NULL},
		{"close", close_cb, NULL, NULL, NULL},
		{"quit", quit_cb, NULL, NULL, NULL},
	};
	GSimpleActionGroup *group = g_simple_action_group_new();

	g_action_map_add_action_entries(G_ACTION_MAP(group), entries, G_N_ELEMENTS(entries), self);
	gtk_widget_insert_action_group(GTK_WIDGET(self), "win", G_ACTION_GROUP(group));
	self->actions = G_ACTION_MAP(group);
	g_signal_connect(self, "key-press-event", G_CALLBACK(key_pressed_cb), self);
	g_signal_connect_after(self, "key-press-event", G_CALLBACK(key_unused_cb), self);
}
