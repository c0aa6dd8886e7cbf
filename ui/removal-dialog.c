/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/removal-dialog.h"

#include "ui/problem.h"
#include "ui/resources.h"

#include <glib/gi18n-lib.h>

struct _CsRemovalDialog {
	GtkDialog parent_instance;
	CsAgent *agent;
	char *fingerprint;
	GCancellable *cancellable; /* (nullable): of the deletion under way */
	GtkLabel *question;
	GtkLabel *files;
	GtkLabel *backup;
	CsProblem *problem;
	GtkButton *cancel_button;
	GtkWidget *delete_button;
};

G_DEFINE_TYPE(CsRemovalDialog, cs_removal_dialog, GTK_TYPE_DIALOG)

static void
set_busy(CsRemovalDialog *self, gboolean is_busy)
{
	g_clear_object(&self->cancellable);
	if (is_busy)
		self->cancellable = g_cancellable_new();
	gtk_widget_set_sensitive(self->delete_button, !is_busy);
	gtk_widget_grab_focus(GTK_WIDGET(self->cancel_button));
}

/* A line a file. */
static void
show_files(CsRemovalDialog *self, const CsRemoval *removal)
{
	GString *lines = g_string_new(NULL);
	g_autofree char *valid = NULL;
	g_autofree char *backup = g_utf8_make_valid(removal->backup, -1);

	for (guint i = 0; i < removal->files->len; i++)
		g_string_append_printf(lines, "%s%s", i > 0 ? "\n" : "",
				       (const char *)removal->files->pdata[i]);
	valid = g_utf8_make_valid(lines->str, -1);
	g_string_free(lines, TRUE);
	gtk_label_set_text(self->files, valid);
	gtk_label_set_text(self->backup, backup);
}

static void
show_done(CsRemovalDialog *self, const CsRemoval *removal)
{
	gtk_label_set_text(self->question, _("The certificate is deleted from your store. This "
					     "device is checked again by itself."));
	show_files(self, removal);
	gtk_widget_hide(self->delete_button);
	gtk_button_set_label(self->cancel_button, _("_Close"));
}

static void
removed_cb(GObject *agent, GAsyncResult *result, gpointer data)
{
	g_autoptr(CsRemovalDialog) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(CsRemoval) removal =
		cs_agent_remove_certificate_finish(CS_AGENT(agent), result, &error);

	if (gtk_widget_in_destruction(GTK_WIDGET(self)) || !self->agent)
		return;
	set_busy(self, FALSE);
	if (removal)
		show_done(self, removal);
	else if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		cs_problem_show(self->problem, error, NULL);
}

static void
response_cb(GtkDialog *dialog, int response)
{
	CsRemovalDialog *self = CS_REMOVAL_DIALOG(dialog);

	if (response == GTK_RESPONSE_ACCEPT) {
		cs_problem_clear(self->problem);
		set_busy(self, TRUE);
		cs_agent_remove_certificate_async(self->agent, self->fingerprint, self->cancellable,
						  removed_cb, g_object_ref(self));
	} else if (response == GTK_RESPONSE_CANCEL && self->cancellable) {
		g_cancellable_cancel(self->cancellable);
	} else {
		gtk_widget_destroy(GTK_WIDGET(self));
	}
}

static void
dispose_cb(GObject *object)
{
	CsRemovalDialog *self = CS_REMOVAL_DIALOG(object);

	if (self->cancellable)
		g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	g_clear_object(&self->agent);
	g_clear_pointer(&self->fingerprint, g_free);
	G_OBJECT_CLASS(cs_removal_dialog_parent_class)->dispose(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget_class, CsRemovalDialog, name)

static void
cs_removal_dialog_class_init(CsRemovalDialogClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = dispose_cb;
	GTK_DIALOG_CLASS(class)->response = response_cb;
	g_type_ensure(CS_TYPE_PROBLEM);
	gtk_widget_class_set_template_from_resource(widget_class,
						    CS_UI_RESOURCE("removal-dialog.ui"));
	BIND(question);
	BIND(files);
	BIND(backup);
	BIND(problem);
	BIND(cancel_button);
	BIND(delete_button);
}

static void
cs_removal_dialog_init(CsRemovalDialog *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
	gtk_dialog_set_default_response(GTK_DIALOG(self), GTK_RESPONSE_CANCEL);
}

/**
 * cs_removal_dialog_new:
 * @parent: the window that asks
 * @agent: the resident client
 * @removal: what is done if the answer is yes
 *
 * Returns: (transfer none): the dialog, not shown yet
 */
GtkWidget *
cs_removal_dialog_new(GtkWindow *parent, CsAgent *agent, const CsRemoval *removal)
{
	CsRemovalDialog *self = g_object_new(CS_TYPE_REMOVAL_DIALOG, "transient-for", parent, NULL);
	/* Translators: %s is whom a certificate names. */
	g_autofree char *question =
		g_strdup_printf(_("Delete the certificate of %s?"), removal->subject);

	self->agent = g_object_ref(agent);
	self->fingerprint = g_strdup(removal->fingerprint);
	gtk_label_set_text(self->question, question);
	show_files(self, removal);
	gtk_widget_grab_focus(GTK_WIDGET(self->cancel_button));
	return GTK_WIDGET(self);
}
