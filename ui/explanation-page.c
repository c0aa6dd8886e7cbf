/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/explanation-page.h"

#include "core/base/error.h"
#include "ui/explanation-list.h"
#include "ui/label.h"
#include "ui/removal-dialog.h"
#include "ui/resources.h"
#include "ui/state-mark.h"
#include "ui/words.h"

#include <glib/gi18n-lib.h>

struct _CsExplanationPage {
	GtkScrolledWindow parent_instance;
	CsAgent *agent;
	const CsClock *clock;
	char *id;		    /* (nullable) */
	GCancellable *cancellable;  /* (nullable): of what is being read for the page */
	CsExplanation *explanation; /* (nullable): of the last authentication */
	CsRemoval *removal;	    /* (nullable): of the certificate that was revoked */
	GError *removal_error;	    /* (nullable): why it is not known */
	CsStateMark *mark;
	GtkLabel *step;
	GtkLabel *sentence;
	GtkLabel *age;
	GtkWidget *offer_box;
	GtkLabel *offer;
	GtkWidget *delete_button;
	GtkWidget *command_box;
	GtkLabel *command;
	GtkButton *copy_command_button;
	GtkButton *copy_button;
	GtkToggleButton *details;
	GtkWidget *list_box;
	GtkLabel *judged;
	GtkBox *list;
	gboolean is_listed; /* the list shows the explanation */
};

G_DEFINE_TYPE(CsExplanationPage, cs_explanation_page, GTK_TYPE_SCROLLED_WINDOW)

static void
copy(CsExplanationPage *self, const char *text, GtkButton *button)
{
	gtk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(self), GDK_SELECTION_CLIPBOARD),
			       text, -1);
	gtk_button_set_label(button, _("C_opied"));
}

static void
copy_cb(GtkButton *button, gpointer data)
{
	CsExplanationPage *self = data;
	g_autofree char *text = cs_agent_dup_explanation_text(
		self->agent, self->id, gtk_label_get_text(self->step), self->explanation);

	if (text)
		copy(self, text, button);
}

static void
copy_command_cb(GtkButton *button, gpointer data)
{
	CsExplanationPage *self = data;

	copy(self, gtk_label_get_text(self->command), button);
}

static void
delete_cb(GtkButton *button, gpointer data)
{
	CsExplanationPage *self = data;
	GtkWidget *window = gtk_widget_get_toplevel(GTK_WIDGET(self));

	if (self->removal)
		gtk_window_present(GTK_WINDOW(
			cs_removal_dialog_new(GTK_WINDOW(window), self->agent, self->removal)));
}

static gboolean
is_current(CsExplanationPage *self, GAsyncResult *result)
{
	return self->cancellable && self->cancellable == g_task_get_cancellable(G_TASK(result));
}

/* Rows are made for whoever opens the list, and stay as long as they are true: a text that somebody
 * has selected, and a screen reader's place, are not lost to a look elsewhere. */
static void
update_list(CsExplanationPage *self)
{
	GList *rows = NULL;
	g_autofree char *time = NULL;

	gtk_widget_set_visible(GTK_WIDGET(self->details), self->explanation != NULL);
	if (!self->explanation || !gtk_toggle_button_get_active(self->details))
		return;
	time = cs_explanation_list_dup_time(self->explanation);
	cs_label_set_text(self->judged, time);
	if (self->is_listed)
		return;
	rows = gtk_container_get_children(GTK_CONTAINER(self->list));
	g_list_free_full(rows, (GDestroyNotify)gtk_widget_destroy);
	cs_explanation_list_fill(self->list, self->explanation);
	self->is_listed = TRUE;
}

static void
details_cb(GtkToggleButton *button, gpointer data)
{
	CsExplanationPage *self = data;

	update_list(self);
	gtk_widget_set_visible(self->list_box, gtk_toggle_button_get_active(button));
}

static void
take_explanation(CsExplanationPage *self, CsExplanation *explanation)
{
	if (!self->explanation || !explanation ||
	    !cs_explanation_has_same_details(self->explanation, explanation))
		self->is_listed = FALSE;
	g_clear_pointer(&self->explanation, cs_explanation_free);
	self->explanation = explanation;
	update_list(self);
}

static void
explained_cb(GObject *agent, GAsyncResult *result, gpointer data)
{
	g_autoptr(CsExplanationPage) self = data;
	g_autoptr(GError) error = NULL;
	CsExplanation *explanation =
		cs_agent_get_explanation_finish(CS_AGENT(agent), result, &error);

	if (is_current(self, result))
		take_explanation(self, explanation);
	else
		g_clear_pointer(&explanation, cs_explanation_free);
}

static const char *
get_offer(const CsRemoval *removal)
{
	if (removal->files->len > 0)
		return _("The revoked certificate is still in your own store. Deleted, it is no "
			 "longer in the way of another. A copy is kept.");
	return _("The revoked certificate is in the machine’s store, where only the administrator "
		 "may delete it. This is the command for that:");
}

static gboolean
is_only_machines(const CsRemoval *removal)
{
	return removal && !removal->hindrance && removal->files->len == 0 && removal->command;
}

/* Rule 9: of the machine's store the one thing to do is the administrator's; and what is gone is not
 * deleted once more. */
static char *
dup_step(CsExplanationPage *self)
{
	if (is_only_machines(self->removal))
		return cs_owner_dup_step(
			CS_OWNER_ADMINISTRATOR,
			_("Have the administrator delete the revoked certificate from the "
			  "machine’s store; the command stands below."));
	if (g_error_matches(self->removal_error, CS_ERROR, CS_ERROR_NOT_FOUND))
		return cs_owner_dup_step(CS_OWNER_USER,
					 _("The revoked certificate is gone from the stores. Go "
					   "back and press “Check Now”, to see whether another "
					   "counts."));
	return cs_agent_dup_owned_step(self->agent, self->id);
}

static void
show_step(CsExplanationPage *self)
{
	g_autofree char *step = dup_step(self);

	cs_label_set_text(self->step, step);
	gtk_widget_set_visible(GTK_WIDGET(self->step), *step != '\0');
}

/* (transfer full) (nullable): what can be done here; or what cannot, with who can. */
static char *
dup_offer(const CsRemoval *removal, const GError *error)
{
	if (error && !g_error_matches(error, CS_ERROR, CS_ERROR_NOT_FOUND))
		return cs_words_dup_error(error);
	if (removal && removal->hindrance)
		/* Translators: %s is why, the name of a file first. */
		return g_strdup_printf(_("The revoked certificate cannot be deleted here, because "
					 "%s. Show the helpdesk this page."),
				       removal->hindrance);
	return removal ? g_strdup(get_offer(removal)) : NULL;
}

static void
show_offer(CsExplanationPage *self)
{
	const CsRemoval *removal = self->removal;
	gboolean is_own = removal && !removal->hindrance && removal->files->len > 0;
	gboolean is_machine = is_only_machines(removal);
	g_autofree char *offer = dup_offer(removal, self->removal_error);

	if (offer)
		cs_label_set_text(self->offer, offer);
	cs_label_set_text(self->command, is_machine ? removal->command : "");
	gtk_widget_set_visible(self->offer_box, offer != NULL);
	gtk_widget_set_visible(self->delete_button, is_own);
	gtk_widget_set_visible(self->command_box, is_machine);
	show_step(self);
}

static void
clear_removal(CsExplanationPage *self)
{
	g_clear_pointer(&self->removal, cs_removal_free);
	g_clear_error(&self->removal_error);
}

static void
planned_cb(GObject *agent, GAsyncResult *result, gpointer data)
{
	g_autoptr(CsExplanationPage) self = data;
	g_autoptr(GError) error = NULL;
	CsRemoval *removal = cs_agent_plan_removal_finish(CS_AGENT(agent), result, &error);

	if (!is_current(self, result) || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
		g_clear_pointer(&removal, cs_removal_free);
		return;
	}
	clear_removal(self);
	self->removal = removal;
	self->removal_error = g_steal_pointer(&error);
	show_offer(self);
}

static void
stop_reading(CsExplanationPage *self)
{
	if (self->cancellable)
		g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
}

static void
forget(CsExplanationPage *self)
{
	stop_reading(self);
	g_clear_pointer(&self->explanation, cs_explanation_free);
	clear_removal(self);
}

static void
dispose_cb(GObject *object)
{
	CsExplanationPage *self = CS_EXPLANATION_PAGE(object);

	forget(self);
	g_clear_object(&self->agent);
	g_clear_pointer(&self->id, g_free);
	G_OBJECT_CLASS(cs_explanation_page_parent_class)->dispose(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget_class, CsExplanationPage, name)

static void
cs_explanation_page_class_init(CsExplanationPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = dispose_cb;
	g_type_ensure(CS_TYPE_STATE_MARK);
	gtk_widget_class_set_template_from_resource(widget_class,
						    CS_UI_RESOURCE("explanation-page.ui"));
	BIND(mark);
	BIND(step);
	BIND(sentence);
	BIND(age);
	BIND(offer_box);
	BIND(offer);
	BIND(delete_button);
	BIND(command_box);
	BIND(command);
	BIND(copy_command_button);
	BIND(copy_button);
	BIND(details);
	BIND(list_box);
	BIND(judged);
	BIND(list);
	gtk_widget_class_bind_template_callback(widget_class, copy_cb);
	gtk_widget_class_bind_template_callback(widget_class, copy_command_cb);
	gtk_widget_class_bind_template_callback(widget_class, delete_cb);
	gtk_widget_class_bind_template_callback(widget_class, details_cb);
}

static void
cs_explanation_page_init(CsExplanationPage *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
}

/**
 * cs_explanation_page_new:
 * @agent: the resident client
 * @clock: lent, tells how old a verdict is
 *
 * Returns: (transfer floating): the page, of no account yet
 */
GtkWidget *
cs_explanation_page_new(CsAgent *agent, const CsClock *clock)
{
	CsExplanationPage *self = g_object_new(CS_TYPE_EXPLANATION_PAGE, NULL);

	self->agent = g_object_ref(agent);
	self->clock = clock;
	return GTK_WIDGET(self);
}

static void
show_age(CsExplanationPage *self, const CsAccount *account)
{
	g_autofree char *age = cs_words_dup_checked(account, cs_clock_get_unix_s(self->clock));

	cs_label_set_text(self->age, age);
}

static void
show_state(CsExplanationPage *self, const CsAccount *account)
{
	g_autofree char *sentence = cs_agent_dup_sentence(self->agent, self->id);

	cs_state_mark_set_state(self->mark, cs_agent_get_state(self->agent, self->id));
	show_step(self);
	cs_label_set_text(self->sentence, sentence ? sentence : "");
	show_age(self, account);
}

/* What lies in files comes when it has been read; until then the page shows what it showed. */
static void
start_reading(CsExplanationPage *self, const CsAccount *account)
{
	stop_reading(self);
	self->cancellable = g_cancellable_new();
	cs_agent_get_explanation_async(self->agent, self->id, self->cancellable, explained_cb,
				       g_object_ref(self));
	if (account->managed == CS_MANAGED_NO && account->reason == CS_REASON_CERTIFICATE_REVOKED &&
	    account->certificate_fingerprint) {
		cs_agent_plan_removal_async(self->agent, account->certificate_fingerprint,
					    self->cancellable, planned_cb, g_object_ref(self));
		return;
	}
	clear_removal(self);
	show_offer(self);
}

/**
 * cs_explanation_page_show:
 * @page: the page
 * @id: the account that it is to explain, from its top
 */
void
cs_explanation_page_show(CsExplanationPage *page, const char *id)
{
	GtkAdjustment *scroll = gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(page));

	forget(page);
	g_free(page->id);
	page->id = g_strdup(id);
	gtk_adjustment_set_value(scroll, 0);
	gtk_button_set_label(page->copy_button, _("Copy as _Text"));
	gtk_button_set_label(page->copy_command_button, _("Copy Co_mmand"));
	gtk_toggle_button_set_active(page->details, FALSE);
	take_explanation(page, NULL);
	show_offer(page);
	if (cs_explanation_page_refresh(page))
		gtk_widget_grab_focus(GTK_WIDGET(page->copy_button));
}

/**
 * cs_explanation_page_refresh:
 * @page: the page
 *
 * Returns: FALSE where its account is no longer there, and the page shows what it showed
 */
gboolean
cs_explanation_page_refresh(CsExplanationPage *page)
{
	const CsAccount *account = page->id ? cs_agent_get_account(page->agent, page->id) : NULL;

	if (!account)
		return FALSE;
	show_state(page, account);
	start_reading(page, account);
	return TRUE;
}

/**
 * cs_explanation_page_update_age:
 * @page: the page
 *
 * Nothing has happened but that time has passed.
 */
void
cs_explanation_page_update_age(CsExplanationPage *page)
{
	const CsAccount *account = page->id ? cs_agent_get_account(page->agent, page->id) : NULL;

	if (account)
		show_age(page, account);
}
