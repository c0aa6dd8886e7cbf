/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/account-page.h"

#include "core/protocol/helpdesk-code.h"
#include "ui/field.h"
#include "ui/history-list.h"
#include "ui/label.h"
#include "ui/resources.h"
#include "ui/state-mark.h"
#include "ui/words.h"

#include <glib/gi18n-lib.h>

struct _CsAccountPage {
	GtkScrolledWindow parent_instance;
	CsAgent *agent;
	const CsClock *clock;
	char *id;		   /* (nullable) */
	GCancellable *cancellable; /* (nullable): of what is being read for the page */
	CsStateMark *mark;
	GtkLabel *state;
	GtkLabel *sentence;
	GtkLabel *next_step;
	GtkLabel *age;
	GtkWidget *check_button;
	GtkButton *explain_button;
	CsField *organisation;
	CsField *user;
	CsField *device_name;
	GtkWidget *device_box;
	CsField *device_id;
	GtkButton *copy_button;
	GtkWidget *code_box;
	CsField *helpdesk_code;
	GtkButton *copy_code_button;
	GtkWidget *certificate_box;
	CsField *issuer;
	CsField *valid_until;
	CsField *location;
	CsField *key;
	GtkLabel *history_note;
	CsHistoryList *history;
};

G_DEFINE_TYPE(CsAccountPage, cs_account_page, GTK_TYPE_SCROLLED_WINDOW)

static void
stop_reading(CsAccountPage *self)
{
	if (self->cancellable)
		g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
}

static void
copy_text(GtkWidget *widget, const char *text)
{
	gtk_clipboard_set_text(gtk_widget_get_clipboard(widget, GDK_SELECTION_CLIPBOARD), text, -1);
}

static void
copy_cb(GtkButton *button, gpointer data)
{
	CsAccountPage *self = data;

	copy_text(GTK_WIDGET(self), cs_field_get_value(self->device_id));
	gtk_button_set_label(button, _("C_opied"));
}

static void
copy_code_cb(GtkButton *button, gpointer data)
{
	CsAccountPage *self = data;

	copy_text(GTK_WIDGET(self), cs_field_get_value(self->helpdesk_code));
	gtk_button_set_label(button, _("Co_de Copied"));
}

static void
fill_history(CsAccountPage *self, GPtrArray *entries)
{
	cs_history_list_set_entries(self->history, entries);
	gtk_widget_set_visible(GTK_WIDGET(self->history), entries->len > 0);
	gtk_widget_set_visible(GTK_WIDGET(self->history_note), entries->len == 0);
	cs_label_set_text(self->history_note, _("There has been none yet."));
}

/* Not of the account that was shown before. */
static gboolean
is_current(CsAccountPage *self, GAsyncResult *result)
{
	return self->cancellable && self->cancellable == g_task_get_cancellable(G_TASK(result));
}

static void
history_listed_cb(GObject *agent, GAsyncResult *result, gpointer data)
{
	g_autoptr(CsAccountPage) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries =
		cs_agent_list_history_finish(CS_AGENT(agent), result, &error);

	if (entries && is_current(self, result))
		fill_history(self, entries);
}

static void
certificate_found_cb(GObject *agent, GAsyncResult *result, gpointer data)
{
	g_autoptr(CsAccountPage) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAgentCertificatePlace) place =
		cs_agent_find_certificate_finish(CS_AGENT(agent), result, &error);
	g_autofree char *location = NULL;

	if (!is_current(self, result))
		return;
	if (place)
		/* Translators: %s is a file's path. */
		location = g_strdup_printf(place->is_machine ? _("In the machine’s store: %s")
							     : _("In your own store: %s"),
					   place->location);
	cs_field_set_value(self->location, location);
	cs_field_set_value(self->key, !place ? NULL
				      : place->key_exportable
					      ? _("Can be copied by whoever may read it")
					      : _("Cannot be copied off this device"));
}

static void
dispose_cb(GObject *object)
{
	CsAccountPage *self = CS_ACCOUNT_PAGE(object);

	stop_reading(self);
	g_clear_object(&self->agent);
	g_clear_pointer(&self->id, g_free);
	G_OBJECT_CLASS(cs_account_page_parent_class)->dispose(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget_class, CsAccountPage, name)

static void
cs_account_page_class_init(CsAccountPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = dispose_cb;
	g_type_ensure(CS_TYPE_FIELD);
	g_type_ensure(CS_TYPE_HISTORY_LIST);
	g_type_ensure(CS_TYPE_STATE_MARK);
	gtk_widget_class_set_template_from_resource(widget_class,
						    CS_UI_RESOURCE("account-page.ui"));
	BIND(mark);
	BIND(state);
	BIND(sentence);
	BIND(next_step);
	BIND(age);
	BIND(check_button);
	BIND(explain_button);
	BIND(organisation);
	BIND(user);
	BIND(device_name);
	BIND(device_box);
	BIND(device_id);
	BIND(copy_button);
	BIND(code_box);
	BIND(helpdesk_code);
	BIND(copy_code_button);
	BIND(certificate_box);
	BIND(issuer);
	BIND(valid_until);
	BIND(location);
	BIND(key);
	BIND(history_note);
	BIND(history);
	gtk_widget_class_bind_template_callback(widget_class, copy_cb);
	gtk_widget_class_bind_template_callback(widget_class, copy_code_cb);
}

static void
cs_account_page_init(CsAccountPage *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
}

/**
 * cs_account_page_new:
 * @agent: the resident client
 * @clock: lent, tells how old a verdict is
 * @device_name: (nullable): what this device calls itself
 *
 * Returns: (transfer floating): the page, of no account yet
 */
GtkWidget *
cs_account_page_new(CsAgent *agent, const CsClock *clock, const char *device_name)
{
	CsAccountPage *self = g_object_new(CS_TYPE_ACCOUNT_PAGE, NULL);

	self->agent = g_object_ref(agent);
	self->clock = clock;
	cs_field_set_value(self->device_name, device_name);
	return GTK_WIDGET(self);
}

static void
show_age(CsAccountPage *self, const CsAccount *account)
{
	g_autofree char *age = cs_words_dup_checked(account, cs_clock_get_unix_s(self->clock));

	cs_label_set_text(self->age, age);
}

static void
show_state(CsAccountPage *self, const CsAccount *account)
{
	CsAgentState state = cs_agent_get_state(self->agent, self->id);
	g_autofree char *sentence = cs_agent_dup_sentence(self->agent, self->id);
	g_autofree char *next_step = cs_agent_dup_next_step(self->agent, self->id);

	cs_state_mark_set_state(self->mark, state);
	cs_label_set_text(self->state, cs_agent_state_get_name(state));
	cs_label_set_text(self->sentence, sentence ? sentence : "");
	gtk_widget_set_visible(GTK_WIDGET(self->sentence), sentence && *sentence != '\0');
	cs_label_set_text(self->next_step, next_step ? next_step : "");
	gtk_widget_set_visible(GTK_WIDGET(self->next_step), next_step && *next_step != '\0');
	show_age(self, account);
	gtk_button_set_label(self->explain_button, state == CS_AGENT_NOT_MANAGED
							   ? _("_Why Not Managed?")
							   : _("E_xplanation"));
}

static void
show_helpdesk_code(CsAccountPage *self, const char *code)
{
	g_autofree char *text = code ? cs_helpdesk_code_format(code) : NULL;

	cs_field_set_value(self->helpdesk_code, text);
	gtk_widget_set_visible(self->code_box, code != NULL);
}

static void
show_account(CsAccountPage *self, const CsAccount *account)
{
	g_autofree char *valid_until = cs_words_dup_day(account->certificate_not_after);

	cs_field_set_value(self->organisation, account->organisation);
	cs_field_set_value(self->user, account->user);
	cs_field_set_value(self->device_id, account->device_id);
	gtk_widget_set_visible(self->device_box, account->device_id != NULL);
	show_helpdesk_code(self, account->helpdesk_code);
	gtk_widget_set_visible(self->certificate_box, account->certificate_fingerprint != NULL);
	cs_field_set_value(self->issuer, account->certificate_issuer);
	cs_field_set_value(self->valid_until, valid_until);
}

/* What lies in files comes when it has been read; until then the page shows what it showed. */
static void
start_reading(CsAccountPage *self)
{
	stop_reading(self);
	self->cancellable = g_cancellable_new();
	cs_agent_list_history_async(self->agent, self->id, self->cancellable, history_listed_cb,
				    g_object_ref(self));
	cs_agent_find_certificate_async(self->agent, self->id, self->cancellable,
					certificate_found_cb, g_object_ref(self));
}

/**
 * cs_account_page_show:
 * @page: the page
 * @id: the account that it is to show, from its top
 */
void
cs_account_page_show(CsAccountPage *page, const char *id)
{
	GtkAdjustment *scroll = gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(page));

	g_free(page->id);
	page->id = g_strdup(id);
	gtk_adjustment_set_value(scroll, 0);
	gtk_button_set_label(page->copy_button, _("C_opy"));
	gtk_button_set_label(page->copy_code_button, _("Copy Co_de"));
	cs_label_set_text(page->history_note, "");
	gtk_widget_hide(GTK_WIDGET(page->history));
	cs_history_list_clear(page->history);
	cs_field_set_value(page->location, NULL);
	cs_field_set_value(page->key, NULL);
	if (cs_account_page_refresh(page))
		gtk_widget_grab_focus(page->check_button);
}

/**
 * cs_account_page_get_id:
 * @page: the page
 *
 * Returns: (nullable) (transfer none): its account
 */
const char *
cs_account_page_get_id(CsAccountPage *page)
{
	return page->id;
}

/**
 * cs_account_page_update_age:
 * @page: the page
 *
 * Nothing has happened but that time has passed.
 */
void
cs_account_page_update_age(CsAccountPage *page)
{
	const CsAccount *account = page->id ? cs_agent_get_account(page->agent, page->id) : NULL;

	if (account)
		show_age(page, account);
}

/**
 * cs_account_page_refresh:
 * @page: the page
 *
 * Returns: FALSE where its account is no longer there, and the page shows what it showed
 */
gboolean
cs_account_page_refresh(CsAccountPage *page)
{
	const CsAccount *account = page->id ? cs_agent_get_account(page->agent, page->id) : NULL;

	if (!account)
		return FALSE;
	show_state(page, account);
	show_account(page, account);
	start_reading(page);
	return TRUE;
}
