/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/window-private.h"

#include "ui/delete-dialog.h"
#include "ui/resources.h"
#include "ui/window-size.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* The longest that an age may be wrong: after the machine slept, whose time no timer counts. */
#define MAX_AGE_WAIT_S 60

G_DEFINE_TYPE(CsWindow, cs_window, GTK_TYPE_WINDOW)

/**
 * cs_window_is_at:
 * @self: the window
 * @page: one of the stack's, as %CS_PAGE_ADD
 *
 * Returns: whether that page is shown
 */
gboolean
cs_window_is_at(CsWindow *self, const char *page)
{
	return strcmp(gtk_stack_get_visible_child_name(self->stack), page) == 0;
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

	if (cs_window_is_at(self, CS_PAGE_ADD))
		set_title(self, _("Add Account"), NULL);
	else if (cs_window_is_at(self, CS_PAGE_REPURPOSE))
		set_title(self, _("Repurpose This Device"), NULL);
	else if ((cs_window_is_at(self, CS_PAGE_ACCOUNT) ||
		  cs_window_is_at(self, CS_PAGE_EXPLANATION)) &&
		 account)
		set_title(self, account->user, account->organisation);
	else
		set_title(self, "Countersign", NULL);
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
	if ((cs_window_is_at(self, CS_PAGE_ACCOUNT) && !cs_account_page_refresh(self->account)) ||
	    (cs_window_is_at(self, CS_PAGE_EXPLANATION) &&
	     !cs_explanation_page_refresh(self->explanation))) {
		cs_window_show_accounts(self);
		return;
	}
	cs_repurpose_page_refresh(self->repurpose);
	update_title(self);
	cs_window_update_actions(self);
}

/**
 * cs_window_go_to:
 * @self: the window
 * @page: one of the stack's, as %CS_PAGE_ADD
 *
 * Shows a page. What was typed to add an account does not outlive its page.
 */
void
cs_window_go_to(CsWindow *self, const char *page)
{
	gboolean leaves_add = cs_window_is_at(self, CS_PAGE_ADD) && strcmp(page, CS_PAGE_ADD) != 0;

	gtk_window_set_default(GTK_WINDOW(self), NULL);
	gtk_stack_set_visible_child_name(self->stack, page);
	if (leaves_add)
		cs_add_page_clear(self->add);
	refresh(self);
}

/**
 * cs_window_say:
 * @self: the window
 * @kind: how much it matters
 * @text: what to say
 *
 * Says it above the page, until somebody closes it.
 */
void
cs_window_say(CsWindow *self, GtkMessageType kind, const char *text)
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
	cs_window_say(data, notice->urgent ? GTK_MESSAGE_WARNING : GTK_MESSAGE_INFO, text);
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

	if (!cs_window_is_at(self, CS_PAGE_ADD))
		return;
	if (self->adds_for_guide)
		cs_window_show_repurpose(self);
	else
		cs_window_show_account(self, id);
}

/**
 * cs_window_leave_add:
 * @self: the window
 *
 * Goes back to where adding an account was begun.
 */
void
cs_window_leave_add(CsWindow *self)
{
	if (self->adds_for_guide)
		cs_window_show_repurpose(self);
	else
		cs_window_show_accounts(self);
}

static void
add_left_cb(CsAddPage *page, gpointer data)
{
	cs_window_leave_add(data);
}

static void
begin_adding(CsWindow *self, const char *address, CsSecret *link, gboolean is_for_guide)
{
	cs_window_go_to(self, CS_PAGE_ADD);
	self->adds_for_guide = is_for_guide;
	cs_add_page_begin(self->add, address, link);
}

static void
guide_adds_cb(CsRepurposePage *page, const char *url, gpointer data)
{
	CsWindow *self = data;

	begin_adding(self, url ? url : self->settings.organisation_url, NULL, TRUE);
}

/**
 * cs_window_show_deletion:
 * @self: the window
 * @id: (nullable): an account's; nothing happens where there is none such
 *
 * Asks whether to delete it.
 */
void
cs_window_show_deletion(CsWindow *self, const char *id)
{
	const CsAccount *account = id ? cs_agent_get_account(self->agent, id) : NULL;

	if (account)
		gtk_window_present(
			GTK_WINDOW(cs_delete_dialog_new(GTK_WINDOW(self), self->agent, account)));
}

static void
guide_deletes_cb(CsRepurposePage *page, const char *id, gpointer data)
{
	cs_window_show_deletion(data, id);
}

static void
guide_opens_cb(CsRepurposePage *page, const char *id, gpointer data)
{
	cs_window_show_account(data, id);
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
cs_window_init(CsWindow *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
	cs_window_add_actions(self);
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
	gtk_stack_add_named(self->stack, GTK_WIDGET(self->accounts), CS_PAGE_ACCOUNTS);
	gtk_stack_add_named(self->stack, GTK_WIDGET(self->account), CS_PAGE_ACCOUNT);
	gtk_stack_add_named(self->stack, GTK_WIDGET(self->explanation), CS_PAGE_EXPLANATION);
	gtk_stack_add_named(self->stack, GTK_WIDGET(self->add), CS_PAGE_ADD);
	gtk_stack_add_named(self->stack, GTK_WIDGET(self->repurpose), CS_PAGE_REPURPOSE);
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
	cs_window_go_to(window, CS_PAGE_ACCOUNTS);
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
	cs_window_go_to(window, CS_PAGE_ACCOUNT);
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
	if (cs_window_is_at(window, CS_PAGE_ADD) && !link)
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
	const char *id = cs_window_is_at(window, CS_PAGE_ACCOUNT)
				 ? cs_account_page_get_id(window->account)
				 : NULL;
	const CsAccount *account = id ? cs_agent_get_account(window->agent, id) : NULL;

	cs_repurpose_page_choose(window->repurpose, account ? account->url : NULL);
	cs_window_go_to(window, CS_PAGE_REPURPOSE);
}

/**
 * cs_window_show_no_tray:
 * @window: the window
 */
void
cs_window_show_no_tray(CsWindow *window)
{
	cs_window_say(window, GTK_MESSAGE_INFO,
		      _("This desktop shows no tray icons. Countersign goes on working when you "
			"close this window: start it again to come back."));
}
