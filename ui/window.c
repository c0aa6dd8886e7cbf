/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/window.h"

#include "ui/about-dialog.h"
#include "ui/account-page.h"
#include "ui/accounts-page.h"
#include "ui/add-page.h"
#include "ui/delete-dialog.h"
#include "ui/diagnostics-dialog.h"
#include "ui/explanation-page.h"
#include "ui/repurpose-page.h"
#include "ui/resources.h"
#include "ui/window-size.h"
#include "ui/words.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define PAGE_ACCOUNTS	 "accounts"
#define PAGE_ACCOUNT	 "account"
#define PAGE_EXPLANATION "explanation"
#define PAGE_ADD	 "add"
#define PAGE_REPURPOSE	 "repurpose"

/* The longest that an age may be wrong: after the machine slept, whose time no timer counts. */
#define MAX_AGE_WAIT_S 60

struct _CsWindow {
	GtkWindow parent_instance;
	GApplication *application;
	CsAgent *agent;
	CsWindowSettings settings;
	GActionMap *actions;
	CsAccountsPage *accounts;
	CsAccountPage *account;
	CsExplanationPage *explanation; /* of that account */
	CsAddPage *add;
	CsRepurposePage *repurpose;
	gboolean adds_for_guide; /* the guide goes on when the account is added, or is not */
	GtkHeaderBar *header;
	GtkWidget *back_button;
	GtkWidget *add_button;
	GtkToggleButton *menu_button;
	GtkInfoBar *info_bar;
	GtkLabel *info_label;
	GtkStack *stack;
	guint ages_id; /* 0 while nobody can see an age */
	gboolean is_iconified;
};

G_DEFINE_TYPE(CsWindow, cs_window, GTK_TYPE_WINDOW)

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

static gboolean
is_at(CsWindow *self, const char *page)
{
	return strcmp(gtk_stack_get_visible_child_name(self->stack), page) == 0;
}

static void
enable(CsWindow *self, const char *action, gboolean is_enabled)
{
	g_simple_action_set_enabled(
		G_SIMPLE_ACTION(g_action_map_lookup_action(self->actions, action)), is_enabled);
}

static void
set_title(CsWindow *self, const char *title, const char *subtitle)
{
	gtk_header_bar_set_title(self->header, title);
	gtk_header_bar_set_subtitle(self->header, subtitle);
	gtk_window_set_title(GTK_WINDOW(self), title);
}

static void
update_title(CsWindow *self)
{
	const char *id = cs_account_page_get_id(self->account);
	const CsAccount *account = id ? cs_agent_get_account(self->agent, id) : NULL;

	if (is_at(self, PAGE_ADD))
		set_title(self, _("Add Account"), NULL);
	else if (is_at(self, PAGE_REPURPOSE))
		set_title(self, _("Repurpose This Device"), NULL);
	else if ((is_at(self, PAGE_ACCOUNT) || is_at(self, PAGE_EXPLANATION)) && account)
		set_title(self, account->user, account->organisation);
	else
		set_title(self, "Countersign", NULL);
}

/* What can be done here and now. */
static void
update_actions(CsWindow *self)
{
	gboolean is_account = is_at(self, PAGE_ACCOUNT);
	gboolean has_accounts = cs_agent_get_accounts(self->agent)->len > 0;
	gboolean has_error = cs_agent_get_book_error(self->agent) != NULL;
	const char *id = is_account || is_at(self, PAGE_EXPLANATION)
				 ? cs_account_page_get_id(self->account)
				 : NULL;
	gboolean is_checking = cs_agent_get_state(self->agent, id) == CS_AGENT_CHECKING;

	enable(self, "check",
	       (has_accounts || has_error) && !is_checking && !is_at(self, PAGE_ADD));
	enable(self, "delete", is_account);
	enable(self, "explain", is_account);
	enable(self, "add", !is_at(self, PAGE_ADD) && !has_error);
	enable(self, "repurpose", !is_at(self, PAGE_REPURPOSE));
	enable(self, "back", !is_at(self, PAGE_ACCOUNTS));
	gtk_widget_set_visible(self->back_button, !is_at(self, PAGE_ACCOUNTS));
	gtk_widget_set_visible(self->add_button,
			       is_at(self, PAGE_ACCOUNTS) && has_accounts && !has_error);
}

static const CsClock *
get_clock(CsWindow *self)
{
	return self->settings.clock ? self->settings.clock : cs_clock_get_system();
}

/* Until the first of the ages says something else. */
static guint
get_age_wait_s(CsWindow *self)
{
	GPtrArray *accounts = cs_agent_get_accounts(self->agent);
	gint64 now = cs_clock_get_unix_s(get_clock(self));
	gint64 wait_s = MAX_AGE_WAIT_S;

	for (guint i = 0; i < accounts->len; i++) {
		const CsAccount *account = accounts->pdata[i];

		wait_s = MIN(wait_s, cs_time_get_age_change_s(account->checked_at, now));
	}
	return (guint)wait_s;
}

static void follow_ages(CsWindow *self);

static gboolean
ages_cb(gpointer data)
{
	CsWindow *self = data;

	self->ages_id = 0;
	cs_accounts_page_refresh(self->accounts);
	cs_account_page_update_age(self->account);
	cs_explanation_page_update_age(self->explanation);
	follow_ages(self);
	return G_SOURCE_REMOVE;
}

/* Verdicts grow older before the eyes of whoever looks; while nobody can, nothing wakes up for it. */
static void
follow_ages(CsWindow *self)
{
	gboolean is_seen = gtk_widget_get_mapped(GTK_WIDGET(self)) && !self->is_iconified &&
			   cs_agent_get_accounts(self->agent)->len > 0;

	g_clear_handle_id(&self->ages_id, g_source_remove);
	if (is_seen)
		self->ages_id = g_timeout_add_seconds(get_age_wait_s(self), ages_cb, self);
}

static void
refresh(CsWindow *self)
{
	follow_ages(self);
	cs_accounts_page_refresh(self->accounts);
	if ((is_at(self, PAGE_ACCOUNT) && !cs_account_page_refresh(self->account)) ||
	    (is_at(self, PAGE_EXPLANATION) && !cs_explanation_page_refresh(self->explanation))) {
		cs_window_show_accounts(self);
		return;
	}
	cs_repurpose_page_refresh(self->repurpose);
	update_title(self);
	update_actions(self);
}

/* What was typed to add an account does not outlive the page. */
static void
go_to(CsWindow *self, const char *page)
{
	gboolean leaves_add = is_at(self, PAGE_ADD) && strcmp(page, PAGE_ADD) != 0;

	gtk_window_set_default(GTK_WINDOW(self), NULL);
	gtk_stack_set_visible_child_name(self->stack, page);
	if (leaves_add)
		cs_add_page_clear(self->add);
	refresh(self);
}

static void
say(CsWindow *self, GtkMessageType kind, const char *text)
{
	gtk_info_bar_set_message_type(self->info_bar, kind);
	gtk_label_set_text(self->info_label, text);
	gtk_widget_show(GTK_WIDGET(self->info_bar));
}

static void
close_info_cb(GtkInfoBar *bar, int response, gpointer data)
{
	gtk_widget_hide(GTK_WIDGET(bar));
}

/* What is to be told of an account that is still there, its state says. */
static void
noticed_cb(CsAgent *agent, const CsAgentNotice *notice, gpointer data)
{
	g_autofree char *text = NULL;

	if (!notice->account_id || cs_agent_get_account(agent, notice->account_id))
		return;
	text = g_strconcat(notice->sentence, notice->next_step ? " " : NULL, notice->next_step,
			   NULL);
	say(data, notice->urgent ? GTK_MESSAGE_WARNING : GTK_MESSAGE_INFO, text);
}

static void
account_opened_cb(CsAccountsPage *page, const char *id, gpointer data)
{
	cs_window_show_account(data, id);
}

/* Whoever has gone elsewhere meanwhile finds the new account in the list. */
static void
account_added_cb(CsAddPage *page, const char *id, gpointer data)
{
	CsWindow *self = data;

	if (!is_at(self, PAGE_ADD))
		return;
	if (self->adds_for_guide)
		cs_window_show_repurpose(self);
	else
		cs_window_show_account(self, id);
}

static void
leave_add(CsWindow *self)
{
	if (self->adds_for_guide)
		cs_window_show_repurpose(self);
	else
		cs_window_show_accounts(self);
}

static void
add_left_cb(CsAddPage *page, gpointer data)
{
	leave_add(data);
}

static void
begin_adding(CsWindow *self, const char *address, CsSecret *link, gboolean is_for_guide)
{
	go_to(self, PAGE_ADD);
	self->adds_for_guide = is_for_guide;
	cs_add_page_begin(self->add, address, link);
}

static void
guide_adds_cb(CsRepurposePage *page, const char *url, gpointer data)
{
	CsWindow *self = data;

	begin_adding(self, url ? url : self->settings.organisation_url, NULL, TRUE);
}

static void
show_deletion(CsWindow *self, const char *id)
{
	const CsAccount *account = id ? cs_agent_get_account(self->agent, id) : NULL;

	if (account)
		gtk_window_present(
			GTK_WINDOW(cs_delete_dialog_new(GTK_WINDOW(self), self->agent, account)));
}

static void
guide_deletes_cb(CsRepurposePage *page, const char *id, gpointer data)
{
	show_deletion(data, id);
}

static void
guide_opens_cb(CsRepurposePage *page, const char *id, gpointer data)
{
	cs_window_show_account(data, id);
}

static void
check_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	CsWindow *self = data;

	if (cs_agent_get_book_error(self->agent))
		cs_agent_reload(self->agent);
	else
		cs_agent_check(self->agent,
			       is_at(self, PAGE_ACCOUNT) || is_at(self, PAGE_EXPLANATION)
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

	if (is_at(self, PAGE_EXPLANATION))
		go_to(self, PAGE_ACCOUNT);
	else if (!is_at(self, PAGE_ADD))
		cs_window_show_accounts(self);
	else if (!cs_add_page_go_back(self->add))
		leave_add(self);
}

static void
explain_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	CsWindow *self = data;

	cs_explanation_page_show(self->explanation, cs_account_page_get_id(self->account));
	go_to(self, PAGE_EXPLANATION);
}

static void
delete_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
	CsWindow *self = data;

	show_deletion(self, cs_account_page_get_id(self->account));
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
	say(self, GTK_MESSAGE_ERROR, text);
}

/* Whether it starts at login may have been changed elsewhere since. */
static void
menu_toggled_cb(GtkToggleButton *button, gpointer data)
{
	CsWindow *self = data;
	GAction *action = g_action_map_lookup_action(self->actions, "start-at-login");

	if (gtk_toggle_button_get_active(button))
		g_simple_action_set_state(
			G_SIMPLE_ACTION(action),
			g_variant_new_boolean(self->settings.get_autostart(self->settings.data)));
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

static gboolean
state_changed_cb(GtkWidget *widget, GdkEventWindowState *event, gpointer data)
{
	CsWindow *self = data;

	self->is_iconified = (event->new_window_state & GDK_WINDOW_STATE_ICONIFIED) != 0;
	if (event->changed_mask & GDK_WINDOW_STATE_ICONIFIED)
		refresh(self);
	return GDK_EVENT_PROPAGATE;
}

/* Ages, and what lies in files, are told anew whenever somebody comes to look. */
static void
looked_at_cb(GObject *window, GParamSpec *spec, gpointer data)
{
	if (gtk_window_is_active(GTK_WINDOW(window)) &&
	    !gtk_widget_in_destruction(GTK_WIDGET(window)))
		refresh(data);
}

static void
dispose_cb(GObject *object)
{
	CsWindow *self = CS_WINDOW(object);

	/* GTK stumbles over a menu that is still open. */
	if (self->menu_button)
		gtk_toggle_button_set_active(self->menu_button, FALSE);
	g_clear_handle_id(&self->ages_id, g_source_remove);
	if (self->agent)
		g_signal_handlers_disconnect_by_data(self->agent, self);
	G_OBJECT_CLASS(cs_window_parent_class)->dispose(object);
}

/* Not before: the widgets still use them while they go, as a menu does that was open. */
static void
finalize_cb(GObject *object)
{
	CsWindow *self = CS_WINDOW(object);

	g_clear_object(&self->agent);
	g_clear_object(&self->application);
	g_clear_object(&self->actions);
	G_OBJECT_CLASS(cs_window_parent_class)->finalize(object);
}

static void
load_style(void)
{
	g_autoptr(GtkCssProvider) style = gtk_css_provider_new();

	gtk_css_provider_load_from_resource(style, CS_UI_RESOURCE("countersign.css"));
	gtk_style_context_add_provider_for_screen(gdk_screen_get_default(),
						  GTK_STYLE_PROVIDER(style),
						  GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
	gtk_icon_theme_add_resource_path(gtk_icon_theme_get_default(), CS_RESOURCE_PREFIX "/icons");
}

#define BIND(name) gtk_widget_class_bind_template_child(widget_class, CsWindow, name)

static void
cs_window_class_init(CsWindowClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = dispose_cb;
	G_OBJECT_CLASS(class)->finalize = finalize_cb;
	(void)cs_resources_get_resource();
	load_style();
	gtk_widget_class_set_template_from_resource(widget_class, CS_UI_RESOURCE("window.ui"));
	BIND(header);
	BIND(back_button);
	BIND(add_button);
	BIND(menu_button);
	BIND(info_bar);
	BIND(info_label);
	BIND(stack);
	gtk_widget_class_bind_template_callback(widget_class, close_info_cb);
	gtk_widget_class_bind_template_callback(widget_class, menu_toggled_cb);
}

static void
add_actions(CsWindow *self)
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
}

static void
cs_window_init(CsWindow *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
	add_actions(self);
	g_signal_connect(self, "key-press-event", G_CALLBACK(key_pressed_cb), self);
	g_signal_connect_after(self, "key-press-event", G_CALLBACK(key_unused_cb), self);
}

static void
add_pages(CsWindow *self)
{
	const CsClock *clock = get_clock(self);

	self->accounts = CS_ACCOUNTS_PAGE(cs_accounts_page_new(self->agent, clock));
	self->account = CS_ACCOUNT_PAGE(
		cs_account_page_new(self->agent, clock, self->settings.device_name));
	self->explanation = CS_EXPLANATION_PAGE(cs_explanation_page_new(self->agent, clock));
	self->add = CS_ADD_PAGE(cs_add_page_new(self->agent));
	self->repurpose = CS_REPURPOSE_PAGE(cs_repurpose_page_new(self->agent));
	gtk_stack_add_named(self->stack, GTK_WIDGET(self->accounts), PAGE_ACCOUNTS);
	gtk_stack_add_named(self->stack, GTK_WIDGET(self->account), PAGE_ACCOUNT);
	gtk_stack_add_named(self->stack, GTK_WIDGET(self->explanation), PAGE_EXPLANATION);
	gtk_stack_add_named(self->stack, GTK_WIDGET(self->add), PAGE_ADD);
	gtk_stack_add_named(self->stack, GTK_WIDGET(self->repurpose), PAGE_REPURPOSE);
	gtk_widget_show(GTK_WIDGET(self->accounts));
	gtk_widget_show(GTK_WIDGET(self->account));
	gtk_widget_show(GTK_WIDGET(self->explanation));
	gtk_widget_show(GTK_WIDGET(self->add));
	gtk_widget_show(GTK_WIDGET(self->repurpose));
	g_signal_connect(self->accounts, "account-opened", G_CALLBACK(account_opened_cb), self);
	g_signal_connect(self->add, "added", G_CALLBACK(account_added_cb), self);
	g_signal_connect(self->add, "left", G_CALLBACK(add_left_cb), self);
	g_signal_connect(self->repurpose, "add-wanted", G_CALLBACK(guide_adds_cb), self);
	g_signal_connect(self->repurpose, "delete-wanted", G_CALLBACK(guide_deletes_cb), self);
	g_signal_connect(self->repurpose, "account-opened", G_CALLBACK(guide_opens_cb), self);
}

/**
 * cs_window_new:
 * @application: what Quit ends; any application, it need not be GTK's
 * @agent: the resident client
 * @settings: what the window needs of the program around it
 *
 * GTK has been initialised.
 *
 * Returns: (transfer none): the window with its accounts, not shown yet; closing it destroys it
 */
GtkWidget *
cs_window_new(GApplication *application, CsAgent *agent, const CsWindowSettings *settings)
{
	CsWindow *self = g_object_new(CS_TYPE_WINDOW, NULL);

	self->application = g_object_ref(application);
	self->agent = g_object_ref(agent);
	self->settings = *settings;
	cs_window_size_restore(GTK_WINDOW(self), settings->state_file);
	cs_window_size_follow(GTK_WINDOW(self), settings->state_file);
	add_pages(self);
	g_signal_connect_object(agent, "changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
	g_signal_connect_object(agent, "notice", G_CALLBACK(noticed_cb), self, 0);
	g_signal_connect(self, "notify::is-active", G_CALLBACK(looked_at_cb), self);
	g_signal_connect(self, "window-state-event", G_CALLBACK(state_changed_cb), self);
	g_signal_connect_after(self, "map", G_CALLBACK(follow_ages), NULL);
	g_signal_connect_after(self, "unmap", G_CALLBACK(follow_ages), NULL);
	cs_window_show_accounts(self);
	return GTK_WIDGET(self);
}

/**
 * cs_window_show_accounts:
 * @window: the window
 *
 * The keyboard's focus stands on the account that was shown.
 */
void
cs_window_show_accounts(CsWindow *window)
{
	go_to(window, PAGE_ACCOUNTS);
	cs_accounts_page_focus(window->accounts, cs_account_page_get_id(window->account));
}

/**
 * cs_window_show_account:
 * @window: the window
 * @id: an account's; the list is shown where there is none such
 */
void
cs_window_show_account(CsWindow *window, const char *id)
{
	cs_account_page_show(window->account, id);
	go_to(window, PAGE_ACCOUNT);
}

/**
 * cs_window_show_add:
 * @window: the window
 * @link: (nullable): an activation link that was opened; its code is not shown
 *
 * What is under way or typed there already is given up for a link, and kept otherwise.
 */
void
cs_window_show_add(CsWindow *window, CsSecret *link)
{
	if (is_at(window, PAGE_ADD) && !link)
		return;
	begin_adding(window, window->settings.organisation_url, link, FALSE);
}

/**
 * cs_window_show_repurpose:
 * @window: the window
 *
 * From an account's page, of its organisation; else of the one that was followed last.
 */
void
cs_window_show_repurpose(CsWindow *window)
{
	const char *id =
		is_at(window, PAGE_ACCOUNT) ? cs_account_page_get_id(window->account) : NULL;
	const CsAccount *account = id ? cs_agent_get_account(window->agent, id) : NULL;

	cs_repurpose_page_choose(window->repurpose, account ? account->url : NULL);
	go_to(window, PAGE_REPURPOSE);
}

/**
 * cs_window_show_no_tray:
 * @window: the window
 */
void
cs_window_show_no_tray(CsWindow *window)
{
	say(window, GTK_MESSAGE_INFO,
	    _("This desktop shows no tray icons. Countersign goes on working when you close this "
	      "window: start it again to come back."));
}
