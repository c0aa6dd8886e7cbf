/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/diagnostics-dialog.h"

#include "ui/problem.h"
#include "ui/resources.h"

#include <glib/gi18n-lib.h>

#define FILE_NAME "countersign-diagnostics.txt"

#define PAGE_REPORT   "report"
#define PAGE_PROGRESS "progress"

/* Those of the .ui file's buttons; the rest close it. */
#define RESPONSE_COPY 1
#define RESPONSE_SAVE 2

struct _CsDiagnosticsDialog {
	GtkDialog parent_instance;
	CsAgent *agent;
	const CsDiagnosisSurroundings *surroundings;
	GCancellable *cancellable;     /* (nullable): of the report that is being made */
	GtkFileChooserNative *chooser; /* (nullable): while somebody chooses */
	GtkToggleButton *initials_button;
	GtkStack *stack;
	GtkTextView *report;
	CsProblem *problem;
	GtkLabel *outcome;
};

G_DEFINE_TYPE(CsDiagnosticsDialog, cs_diagnostics_dialog, GTK_TYPE_DIALOG)

static void
tell(CsDiagnosticsDialog *self, const char *outcome)
{
	cs_problem_clear(self->problem);
	gtk_label_set_text(self->outcome, outcome);
	gtk_widget_set_visible(GTK_WIDGET(self->outcome), outcome[0] != '\0');
}

static void
show_failure(CsDiagnosticsDialog *self, const GError *error)
{
	tell(self, "");
	cs_problem_show(self->problem, error, NULL);
}

static char *
dup_report(CsDiagnosticsDialog *self)
{
	GtkTextBuffer *buffer = gtk_text_view_get_buffer(self->report);
	GtkTextIter start;
	GtkTextIter end;

	gtk_text_buffer_get_bounds(buffer, &start, &end);
	return gtk_text_buffer_get_text(buffer, &start, &end, FALSE);
}

/* Nothing is copied or saved that has not been on the screen. */
static void
set_ready(CsDiagnosticsDialog *self, gboolean is_ready)
{
	gtk_stack_set_visible_child_name(self->stack, is_ready ? PAGE_REPORT : PAGE_PROGRESS);
	gtk_dialog_set_response_sensitive(GTK_DIALOG(self), RESPONSE_COPY, is_ready);
	gtk_dialog_set_response_sensitive(GTK_DIALOG(self), RESPONSE_SAVE, is_ready);
}

static gboolean
is_gone(CsDiagnosticsDialog *self)
{
	return gtk_widget_in_destruction(GTK_WIDGET(self)) || !self->agent;
}

static void
made_cb(GObject *agent, GAsyncResult *result, gpointer data)
{
	g_autoptr(CsDiagnosticsDialog) self = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = cs_agent_diagnose_finish(CS_AGENT(agent), result, &error);
	GtkTextBuffer *buffer;
	GtkTextIter start;

	/* Another one is on its way, or nobody waits. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || is_gone(self))
		return;
	g_clear_object(&self->cancellable);
	if (!text) {
		show_failure(self, error);
		return;
	}
	buffer = gtk_text_view_get_buffer(self->report);
	gtk_text_buffer_set_text(buffer, text, -1);
	gtk_text_buffer_get_start_iter(buffer, &start);
	gtk_text_buffer_place_cursor(buffer, &start);
	set_ready(self, TRUE);
}

static void
make_report(CsDiagnosticsDialog *self)
{
	if (self->cancellable)
		g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	self->cancellable = g_cancellable_new();
	tell(self, "");
	set_ready(self, FALSE);
	cs_agent_diagnose_async(self->agent, self->surroundings,
				gtk_toggle_button_get_active(self->initials_button),
				self->cancellable, made_cb, g_object_ref(self));
}

static void
initials_toggled_cb(GtkToggleButton *button, gpointer data)
{
	make_report(data);
}

static void
copy_report(CsDiagnosticsDialog *self)
{
	g_autofree char *text = dup_report(self);

	gtk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(self), GDK_SELECTION_CLIPBOARD),
			       text, -1);
	tell(self, _("The report is in the clipboard."));
}

/* What is told once it is done; the path is not the agent's to remember. */
typedef struct {
	CsDiagnosticsDialog *dialog;
	char *name;
} Saving;

static void
saved_cb(GObject *agent, GAsyncResult *result, gpointer data)
{
	Saving *saving = data;
	g_autoptr(CsDiagnosticsDialog) self = saving->dialog;
	g_autofree char *name = saving->name;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	gboolean is_saved = cs_agent_save_report_finish(CS_AGENT(agent), result, &error);

	g_free(saving);
	if (is_gone(self))
		return;
	if (!is_saved) {
		show_failure(self, error);
		return;
	}
	text = g_strdup_printf(_("The report is saved as %s."), name);
	tell(self, text);
}

static void
chosen_cb(GtkNativeDialog *chooser, int response, gpointer data)
{
	CsDiagnosticsDialog *self = data;
	g_autofree char *path = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(chooser));

	if (response == GTK_RESPONSE_ACCEPT && path)
		cs_diagnostics_dialog_save(self, path);
	g_clear_object(&self->chooser);
}

static void
choose_file(CsDiagnosticsDialog *self)
{
	GtkFileChooser *chooser;

	if (self->chooser)
		return;
	self->chooser =
		gtk_file_chooser_native_new(_("Save Report"), GTK_WINDOW(self),
					    GTK_FILE_CHOOSER_ACTION_SAVE, _("_Save"), _("_Cancel"));
	chooser = GTK_FILE_CHOOSER(self->chooser);
	gtk_file_chooser_set_current_name(chooser, FILE_NAME);
	gtk_file_chooser_set_do_overwrite_confirmation(chooser, TRUE);
	gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(self->chooser), TRUE);
	g_signal_connect(self->chooser, "response", G_CALLBACK(chosen_cb), self);
	gtk_native_dialog_show(GTK_NATIVE_DIALOG(self->chooser));
}

static void
response_cb(GtkDialog *dialog, int response)
{
	CsDiagnosticsDialog *self = CS_DIAGNOSTICS_DIALOG(dialog);

	if (response == RESPONSE_COPY)
		copy_report(self);
	else if (response == RESPONSE_SAVE)
		choose_file(self);
	else
		gtk_widget_destroy(GTK_WIDGET(self));
}

static void
dispose_cb(GObject *object)
{
	CsDiagnosticsDialog *self = CS_DIAGNOSTICS_DIALOG(object);

	if (self->cancellable)
		g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	if (self->chooser)
		gtk_native_dialog_destroy(GTK_NATIVE_DIALOG(self->chooser));
	g_clear_object(&self->chooser);
	g_clear_object(&self->agent);
	G_OBJECT_CLASS(cs_diagnostics_dialog_parent_class)->dispose(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget_class, CsDiagnosticsDialog, name)

static void
cs_diagnostics_dialog_class_init(CsDiagnosticsDialogClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = dispose_cb;
	GTK_DIALOG_CLASS(class)->response = response_cb;
	g_type_ensure(CS_TYPE_PROBLEM);
	gtk_widget_class_set_template_from_resource(widget_class,
						    CS_UI_RESOURCE("diagnostics-dialog.ui"));
	BIND(initials_button);
	BIND(stack);
	BIND(report);
	BIND(problem);
	BIND(outcome);
	gtk_widget_class_bind_template_callback(widget_class, initials_toggled_cb);
}

static void
cs_diagnostics_dialog_init(CsDiagnosticsDialog *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
}

/**
 * cs_diagnostics_dialog_new:
 * @parent: the window that it belongs to
 * @agent: the resident client
 * @surroundings: (nullable): what the program knows of the machine; lent until the agent has stopped
 *
 * Returns: (transfer none): the dialog, not shown yet; its report is being made
 */
GtkWidget *
cs_diagnostics_dialog_new(GtkWindow *parent,
			  CsAgent *agent,
			  const CsDiagnosisSurroundings *surroundings)
{
	CsDiagnosticsDialog *self =
		g_object_new(CS_TYPE_DIAGNOSTICS_DIALOG, "transient-for", parent, NULL);

	self->agent = g_object_ref(agent);
	self->surroundings = surroundings;
	make_report(self);
	return GTK_WIDGET(self);
}

/**
 * cs_diagnostics_dialog_save:
 * @dialog: the dialog, its report on the screen
 * @path: where to
 *
 * Writes what is shown, in a thread, for this user alone to read; then says so, or what went wrong.
 */
void
cs_diagnostics_dialog_save(CsDiagnosticsDialog *dialog, const char *path)
{
	g_autofree char *text = dup_report(dialog);
	Saving *saving = g_new(Saving, 1);

	saving->dialog = g_object_ref(dialog);
	saving->name = g_filename_display_name(path);
	cs_agent_save_report_async(dialog->agent, path, text, saved_cb, saving);
}
