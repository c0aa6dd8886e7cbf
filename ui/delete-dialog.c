/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/delete-dialog.h"

#include "core/account/wording.h"
#include "ui/problem.h"
#include "ui/resources.h"

#include <glib/gi18n-lib.h>

struct _CsDeleteDialog {
	GtkDialog parent_instance;
	CsAgent *agent;
	char *id;
	GCancellable *cancellable; /* (nullable): of the deletion under way */
	GtkLabel *question;
	GtkLabel *consequences;
	CsProblem *problem;
	GtkWidget *progress;
	GtkButton *cancel_button;
	GtkWidget *delete_button;
};

G_DEFINE_TYPE(CsDeleteDialog, cs_delete_dialog, GTK_TYPE_DIALOG)

static void
set_busy(CsDeleteDialog *self, gboolean is_busy)
{
	g_clear_object(&self->cancellable);
	if (is_busy)
		self->cancellable = g_cancellable_new();
	gtk_widget_set_visible(self->progress, is_busy);
	gtk_widget_set_sensitive(self->delete_button, !is_busy);
	gtk_widget_grab_focus(GTK_WIDGET(self->cancel_button));
}

/* Rule 23: the account is gone from here, and the person is told what is still to come. */
static void
show_pending(CsDeleteDialog *self)
{
	gtk_label_set_text(self->question, _("The account is deleted on this device."));
	gtk_label_set_text(
		self->consequences,
		_("The server has not heard of it yet, and will be told as soon as it can be "
		  "reached. Until then a key stays here that is good for nothing else."));
	gtk_widget_hide(self->delete_button);
	gtk_button_set_label(self->cancel_button, _("_Close"));
}

static void
deleted_cb(GObject *agent, GAsyncResult *result, gpointer data)
{
	g_autoptr(CsDeleteDialog) self = data;
	g_autoptr(GError) error = NULL;
	gboolean pending = FALSE;
	gboolean deleted = cs_agent_delete_finish(CS_AGENT(agent), result, &pending, &error);

	if (gtk_widget_in_destruction(GTK_WIDGET(self)) || !self->agent)
		return;
	set_busy(self, FALSE);
	if (deleted && pending)
		show_pending(self);
	else if (deleted)
		gtk_widget_destroy(GTK_WIDGET(self));
	else if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		cs_problem_show(self->problem, error, NULL);
}

static void
response_cb(GtkDialog *dialog, int response)
{
	CsDeleteDialog *self = CS_DELETE_DIALOG(dialog);

	if (response == GTK_RESPONSE_ACCEPT) {
		cs_problem_clear(self->problem);
		set_busy(self, TRUE);
		cs_agent_delete_async(self->agent, self->id, self->cancellable, deleted_cb,
				      g_object_ref(self));
	} else if (response == GTK_RESPONSE_CANCEL && self->cancellable) {
		g_cancellable_cancel(self->cancellable);
	} else {
		gtk_widget_destroy(GTK_WIDGET(self));
	}
}

static void
dispose_cb(GObject *object)
{
	CsDeleteDialog *self = CS_DELETE_DIALOG(object);

	if (self->cancellable)
		g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	g_clear_object(&self->agent);
	g_clear_pointer(&self->id, g_free);
	G_OBJECT_CLASS(cs_delete_dialog_parent_class)->dispose(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget_class, CsDeleteDialog, name)

static void
cs_delete_dialog_class_init(CsDeleteDialogClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = dispose_cb;
	GTK_DIALOG_CLASS(class)->response = response_cb;
	g_type_ensure(CS_TYPE_PROBLEM);
	gtk_widget_class_set_template_from_resource(widget_class,
						    CS_UI_RESOURCE("delete-dialog.ui"));
	BIND(question);
	BIND(consequences);
	BIND(problem);
	BIND(progress);
	BIND(cancel_button);
	BIND(delete_button);
}

static void
cs_delete_dialog_init(CsDeleteDialog *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
	gtk_label_set_text(self->consequences, cs_wording_get_deletion());
	gtk_dialog_set_default_response(GTK_DIALOG(self), GTK_RESPONSE_CANCEL);
}

/**
 * cs_delete_dialog_new:
 * @parent: the window that asks
 * @agent: the resident client
 * @account: the account that is to be deleted, if the answer is yes
 *
 * Returns: (transfer none): the dialog, not shown yet
 */
GtkWidget *
cs_delete_dialog_new(GtkWindow *parent, CsAgent *agent, const CsAccount *account)
{
	CsDeleteDialog *self = g_object_new(CS_TYPE_DELETE_DIALOG, "transient-for", parent, NULL);
	/* Translators: user and organisation. */
	g_autofree char *question = g_strdup_printf(_("Delete the account of %s at %s?"),
						    account->user, account->organisation);

	self->agent = g_object_ref(agent);
	self->id = g_strdup(account->id);
	gtk_label_set_text(self->question, question);
	return GTK_WIDGET(self);
}
