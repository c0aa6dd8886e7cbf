/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/add-page.h"

#include "core/account/clean-text.h"
#include "core/account/wording.h"
#include "core/base/error.h"
#include "core/protocol/activation-code.h"
#include "ui/field.h"
#include "ui/problem.h"
#include "ui/resources.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define PAGE_ADDRESS "address"
#define PAGE_CODE    "code"

#define GROUPS_A_LINE 4

struct _CsAddPage {
	GtkStack parent_instance;
	CsAgent *agent;
	CsSecret *link_code;	      /* (nullable): of the link that the address came from */
	char *link_thumbprint;	      /* (nullable): of the key that the link names */
	CsIntroduction *introduction; /* (nullable): who answered */
	GCancellable *cancellable;    /* (nullable): of what is under way */
	GtkEntry *address;
	GtkWidget *link_note;
	CsProblem *address_problem;
	GtkWidget *address_progress;
	GtkWidget *address_cancel;
	GtkWidget *continue_button;
	CsField *organisation;
	CsField *server;
	CsField *fingerprint;
	GtkLabel *comparison;
	GtkLabel *consent;
	GtkWidget *code_box;
	GtkEntry *code;
	GtkToggleButton *hide_code;
	CsProblem *code_problem;
	GtkWidget *code_progress;
	GtkWidget *code_cancel;
	GtkWidget *add_button;
};

enum {
	SIGNAL_ADDED,
	SIGNAL_LEFT,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_TYPE(CsAddPage, cs_add_page, GTK_TYPE_STACK)

/* Where an error is to be seen: beside the field that caused it. */
typedef enum {
	AT_ADDRESS,
	AT_CODE,
	AT_STEP, /* of no field's making */
} Place;

static gboolean
is_at(CsAddPage *self, const char *name)
{
	return g_strcmp0(gtk_stack_get_visible_child_name(GTK_STACK(self)), name) == 0;
}

/* The focus moves first: the stack would hand it to whatever comes first, and a fingerprint that gets
 * it is marked all over. */
static void
show_step(CsAddPage *self, const char *name)
{
	GtkWidget *button = strcmp(name, PAGE_CODE) == 0 ? self->add_button : self->continue_button;
	GtkWidget *first = strcmp(name, PAGE_ADDRESS) == 0 ? GTK_WIDGET(self->address)
			   : self->link_code		   ? self->add_button
							   : GTK_WIDGET(self->code);

	gtk_widget_grab_focus(first);
	gtk_stack_set_visible_child_name(GTK_STACK(self), name);
	gtk_widget_grab_default(button);
}

static void
set_busy(CsAddPage *self, gboolean is_busy)
{
	gboolean is_first = is_at(self, PAGE_ADDRESS);

	g_clear_object(&self->cancellable);
	if (is_busy)
		self->cancellable = g_cancellable_new();
	gtk_widget_set_visible(self->address_progress, is_busy && is_first);
	gtk_widget_set_visible(self->code_progress, is_busy && !is_first);
	gtk_widget_set_sensitive(GTK_WIDGET(self->address), !is_busy);
	gtk_widget_set_sensitive(self->continue_button, !is_busy);
	gtk_widget_set_sensitive(self->code_box, !is_busy);
	gtk_widget_set_sensitive(GTK_WIDGET(self->hide_code), !is_busy);
	gtk_widget_set_sensitive(self->add_button, !is_busy);
	if (!is_busy)
		return;
	cs_problem_clear(self->address_problem);
	cs_problem_clear(self->code_problem);
	gtk_widget_grab_focus(is_first ? self->address_cancel : self->code_cancel);
}

static void
show_error(CsAddPage *self, const GError *error, Place place)
{
	if (place == AT_ADDRESS) {
		show_step(self, PAGE_ADDRESS);
		cs_problem_show(self->address_problem, error, GTK_WIDGET(self->address));
	} else if (place == AT_CODE) {
		cs_problem_show(self->code_problem, error, GTK_WIDGET(self->code));
	} else {
		cs_problem_show(self->code_problem, error, NULL);
		gtk_widget_grab_focus(self->add_button);
	}
}

/* A link that has been taken apart: its address is shown, the rest is kept out of sight. */
static gboolean
take_link(CsAddPage *self, const char *link, GError **error)
{
	g_autofree char *url = NULL;
	g_autofree char *thumbprint = NULL;
	g_autoptr(CsSecret) code = NULL;

	if (!cs_enrolment_parse_link(link, &url, &code, &thumbprint, error))
		return FALSE;
	gtk_entry_set_text(self->address, url);
	g_clear_pointer(&self->link_code, cs_secret_unref);
	g_free(self->link_thumbprint);
	self->link_code = g_steal_pointer(&code);
	self->link_thumbprint = g_steal_pointer(&thumbprint);
	gtk_widget_show(self->link_note);
	return TRUE;
}

static void
forget_link(CsAddPage *self)
{
	g_clear_pointer(&self->link_code, cs_secret_unref);
	g_clear_pointer(&self->link_thumbprint, g_free);
	gtk_widget_hide(self->link_note);
}

/* What belongs to another address is no longer meant. */
static void
address_changed_cb(GtkEditable *editable, gpointer data)
{
	CsAddPage *self = data;

	forget_link(self);
	cs_problem_clear(self->address_problem);
}

static void
code_changed_cb(GtkEditable *editable, gpointer data)
{
	cs_problem_clear(CS_ADD_PAGE(data)->code_problem);
}

/* Four groups a line, so that a line is easily found again. */
static void
show_fingerprint(CsAddPage *self)
{
	g_autofree char *groups = cs_wording_group_fingerprint(self->introduction);
	guint n_groups = 0;

	for (char *at = groups; (at = strchr(at, ' ')); at++) {
		if (++n_groups % GROUPS_A_LINE == 0)
			*at = '\n';
	}
	cs_field_set_value(self->fingerprint, groups);
}

static void
show_introduction(CsAddPage *self)
{
	g_autofree char *name =
		cs_clean_text(self->introduction->name, CS_CLEAN_TEXT_MAX_CHARACTERS);

	/* whatever else it says: it must not look like anything but a name */
	cs_field_set_value(self->organisation, name ? name : self->introduction->url);
	cs_field_set_value(self->server, self->introduction->url);
	show_fingerprint(self);
	gtk_label_set_text(self->comparison,
			   self->link_code ? _("It is the key that your activation link names.")
					   : cs_wording_get_comparison());
	gtk_widget_set_visible(self->code_box, self->link_code == NULL);
	gtk_widget_set_visible(GTK_WIDGET(self->hide_code), self->link_code == NULL);
	show_step(self, PAGE_CODE);
}

/* Not of something that was stopped. */
static gboolean
is_current(CsAddPage *self, GAsyncResult *result)
{
	return self->cancellable && self->cancellable == g_task_get_cancellable(G_TASK(result));
}

static void
introduced_cb(GObject *agent, GAsyncResult *result, gpointer data)
{
	g_autoptr(CsAddPage) self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(CsIntroduction) introduction =
		cs_agent_introduce_finish(CS_AGENT(agent), result, &error);

	if (!is_current(self, result))
		return;
	set_busy(self, FALSE);
	if (!introduction) {
		show_error(self, error, AT_ADDRESS);
		return;
	}
	g_clear_pointer(&self->introduction, cs_introduction_free);
	self->introduction = g_steal_pointer(&introduction);
	show_introduction(self);
}

/* (transfer full): what was typed, as an address: most people leave the scheme out. */
static char *
make_address(CsAddPage *self)
{
	g_autofree char *text = g_strstrip(g_strdup(gtk_entry_get_text(self->address)));

	return strstr(text, "://") ? g_steal_pointer(&text) : g_strconcat("https://", text, NULL);
}

static void
continue_cb(GtkButton *button, gpointer data)
{
	CsAddPage *self = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *url = NULL;

	if (strchr(gtk_entry_get_text(self->address), '#') &&
	    !take_link(self, gtk_entry_get_text(self->address), &error)) {
		show_error(self, error, AT_ADDRESS);
		return;
	}
	url = make_address(self);
	set_busy(self, TRUE);
	cs_agent_introduce_async(self->agent, url, self->link_thumbprint, self->cancellable,
				 introduced_cb, g_object_ref(self));
}

/* Which field an error of the second step is about. */
static Place
find_place(CsAddPage *self, const GError *error)
{
	const char *code = cs_error_get_reason(error);

	if (strcmp(code, cs_reason_to_code(CS_REASON_SERVER_KEY_UNKNOWN)) == 0)
		return AT_ADDRESS;
	if (strcmp(code, cs_reason_to_code(CS_REASON_CODE_INVALID)) == 0)
		return self->link_code ? AT_ADDRESS : AT_CODE;
	return AT_STEP;
}

/* An account that was added all the same, when Cancel came too late, is not kept back. */
static void
added_cb(GObject *agent, GAsyncResult *result, gpointer data)
{
	g_autoptr(CsAddPage) self = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *id = cs_agent_add_finish(CS_AGENT(agent), result, &error);

	if (!self->agent || (!id && !is_current(self, result)))
		return;
	set_busy(self, FALSE);
	if (id)
		g_signal_emit(self, signals[SIGNAL_ADDED], 0, id);
	else
		show_error(self, error, find_place(self, error));
}

/* (nullable): the link's code, or what was typed if it can be one: nothing else is sent. */
static CsSecret *
make_code(CsAddPage *self, GError **error)
{
	char *normal = NULL;

	if (self->link_code)
		return cs_secret_ref(self->link_code);
	normal = cs_activation_code_normalise(gtk_entry_get_text(self->code));
	if (normal)
		return cs_secret_new_take(normal, strlen(normal));
	cs_error_set(error, CS_ERROR_USAGE, "code-malformed", "not an activation code");
	return NULL;
}

static void
add_cb(GtkButton *button, gpointer data)
{
	CsAddPage *self = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(CsSecret) code = make_code(self, &error);

	if (!code) {
		show_error(self, error, AT_CODE);
		return;
	}
	set_busy(self, TRUE);
	cs_agent_add_async(self->agent, self->introduction, code, self->cancellable, added_cb,
			   g_object_ref(self));
}

/* Cancel: what is under way, else the whole thing. */
static void
leave_cb(GtkButton *button, gpointer data)
{
	CsAddPage *self = data;

	if (self->cancellable)
		(void)cs_add_page_go_back(self);
	else
		g_signal_emit(self, signals[SIGNAL_LEFT], 0);
}

static void
dispose_cb(GObject *object)
{
	CsAddPage *self = CS_ADD_PAGE(object);

	if (self->cancellable)
		g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
	g_clear_object(&self->agent);
	g_clear_pointer(&self->link_code, cs_secret_unref);
	g_clear_pointer(&self->link_thumbprint, g_free);
	g_clear_pointer(&self->introduction, cs_introduction_free);
	G_OBJECT_CLASS(cs_add_page_parent_class)->dispose(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget_class, CsAddPage, name)

static void
cs_add_page_class_init(CsAddPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = dispose_cb;
	signals[SIGNAL_ADDED] = g_signal_new("added", CS_TYPE_ADD_PAGE, G_SIGNAL_RUN_LAST, 0, NULL,
					     NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
	signals[SIGNAL_LEFT] = g_signal_new("left", CS_TYPE_ADD_PAGE, G_SIGNAL_RUN_LAST, 0, NULL,
					    NULL, NULL, G_TYPE_NONE, 0);
	g_type_ensure(CS_TYPE_FIELD);
	g_type_ensure(CS_TYPE_PROBLEM);
	gtk_widget_class_set_template_from_resource(widget_class, CS_UI_RESOURCE("add-page.ui"));
	BIND(address);
	BIND(link_note);
	BIND(address_problem);
	BIND(address_progress);
	BIND(address_cancel);
	BIND(continue_button);
	BIND(organisation);
	BIND(server);
	BIND(fingerprint);
	BIND(comparison);
	BIND(consent);
	BIND(code_box);
	BIND(code);
	BIND(hide_code);
	BIND(code_problem);
	BIND(code_progress);
	BIND(code_cancel);
	BIND(add_button);
	gtk_widget_class_bind_template_callback(widget_class, address_changed_cb);
	gtk_widget_class_bind_template_callback(widget_class, code_changed_cb);
	gtk_widget_class_bind_template_callback(widget_class, continue_cb);
	gtk_widget_class_bind_template_callback(widget_class, add_cb);
	gtk_widget_class_bind_template_callback(widget_class, leave_cb);
}

static void
cs_add_page_init(CsAddPage *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
	gtk_label_set_text(self->consent, cs_wording_get_consent());
	g_object_bind_property(self->hide_code, "active", self->code, "visibility",
			       G_BINDING_SYNC_CREATE | G_BINDING_INVERT_BOOLEAN);
}

/**
 * cs_add_page_new:
 * @agent: the resident client
 *
 * Returns: (transfer floating): the page, at its beginning
 */
GtkWidget *
cs_add_page_new(CsAgent *agent)
{
	CsAddPage *self = g_object_new(CS_TYPE_ADD_PAGE, NULL);

	self->agent = g_object_ref(agent);
	return GTK_WIDGET(self);
}

/**
 * cs_add_page_begin:
 * @page: the page, on the screen
 * @address: (nullable): to begin with
 * @link: (nullable): an activation link that was opened; nobody is asked before Continue
 */
void
cs_add_page_begin(CsAddPage *page, const char *address, CsSecret *link)
{
	g_autoptr(GError) error = NULL;

	cs_add_page_clear(page);
	gtk_entry_set_text(page->address, address ? address : "");
	show_step(page, PAGE_ADDRESS);
	if (link && !take_link(page, cs_secret_get_text(link), &error))
		show_error(page, error, AT_ADDRESS);
	else if (link)
		gtk_widget_grab_focus(page->continue_button);
}

/**
 * cs_add_page_go_back:
 * @page: the page
 *
 * Returns: TRUE where something was stopped, or the address is shown again; FALSE where the page
 *   was at its beginning
 */
gboolean
cs_add_page_go_back(CsAddPage *page)
{
	if (page->cancellable) {
		g_cancellable_cancel(page->cancellable);
		set_busy(page, FALSE);
		return TRUE;
	}
	if (is_at(page, PAGE_ADDRESS))
		return FALSE;
	gtk_entry_set_text(page->code, "");
	show_step(page, PAGE_ADDRESS);
	return TRUE;
}

/**
 * cs_add_page_clear:
 * @page: the page
 *
 * GTK's entry buffer overwrites what it frees, so that emptying an entry wipes it; what was drawn
 * of a code that its user chose to see is beyond our reach.
 */
void
cs_add_page_clear(CsAddPage *page)
{
	if (page->cancellable)
		g_cancellable_cancel(page->cancellable);
	set_busy(page, FALSE);
	gtk_entry_set_text(page->address, "");
	gtk_entry_set_text(page->code, "");
	gtk_toggle_button_set_active(page->hide_code, FALSE);
	forget_link(page);
	g_clear_pointer(&page->introduction, cs_introduction_free);
	cs_problem_clear(page->address_problem);
	cs_problem_clear(page->code_problem);
	gtk_stack_set_visible_child_name(GTK_STACK(page), PAGE_ADDRESS);
}
