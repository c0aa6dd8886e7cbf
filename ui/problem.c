/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/problem.h"

#include "ui/resources.h"
#include "ui/text-icon.h"
#include "ui/words.h"

struct _CsProblem {
	GtkBox parent_instance;
	GtkLabel *text;
	GtkWidget *field; /* (nullable) weak: the one that is marked */
};

G_DEFINE_TYPE(CsProblem, cs_problem, GTK_TYPE_BOX)

static void
dispose_cb(GObject *object)
{
	g_clear_weak_pointer(&CS_PROBLEM(object)->field);
	G_OBJECT_CLASS(cs_problem_parent_class)->dispose(object);
}

static void
cs_problem_class_init(CsProblemClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = dispose_cb;
	g_type_ensure(CS_TYPE_TEXT_ICON);
	gtk_widget_class_set_template_from_resource(widget_class, CS_UI_RESOURCE("problem.ui"));
	gtk_widget_class_bind_template_child(widget_class, CsProblem, text);
}

static void
cs_problem_init(CsProblem *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
}

/* The description is read out when the field gets the focus. */
static void
mark(GtkWidget *field, const char *text)
{
	GtkStyleContext *style = gtk_widget_get_style_context(field);

	if (text)
		gtk_style_context_add_class(style, GTK_STYLE_CLASS_ERROR);
	else
		gtk_style_context_remove_class(style, GTK_STYLE_CLASS_ERROR);
	atk_object_set_description(gtk_widget_get_accessible(field), text ? text : "");
}

/* Whoever reads with large letters need not look for it. */
static gboolean
scroll_to_cb(gpointer data)
{
	GtkWidget *widget = data;
	GtkWidget *viewport = gtk_widget_get_ancestor(widget, GTK_TYPE_VIEWPORT);
	GtkAdjustment *scroll =
		viewport ? gtk_scrollable_get_vadjustment(GTK_SCROLLABLE(viewport)) : NULL;
	int top = 0;

	if (!scroll || !gtk_widget_translate_coordinates(widget, viewport, 0, 0, NULL, &top))
		return G_SOURCE_REMOVE;
	top += (int)gtk_adjustment_get_value(scroll);
	gtk_adjustment_clamp_page(scroll, top, top + gtk_widget_get_allocated_height(widget));
	return G_SOURCE_REMOVE;
}

/* Its place is known, but not yet how far one can scroll. */
static void
placed_cb(GtkWidget *widget, GdkRectangle *allocation, gpointer data)
{
	g_signal_handlers_disconnect_by_func(widget, placed_cb, data);
	g_idle_add_full(G_PRIORITY_DEFAULT, scroll_to_cb, g_object_ref(widget), g_object_unref);
}

/**
 * cs_problem_show:
 * @problem: where to say it
 * @error: what went wrong
 * @field: (nullable): the field that caused it: it is marked, described by the text and focused
 */
void
cs_problem_show(CsProblem *problem, const GError *error, GtkWidget *field)
{
	g_autofree char *text = cs_words_dup_error(error);

	cs_problem_clear(problem);
	gtk_label_set_text(problem->text, text);
	gtk_widget_show(GTK_WIDGET(problem));
	g_signal_connect(problem, "size-allocate", G_CALLBACK(placed_cb), NULL);
	if (!field)
		return;
	g_set_weak_pointer(&problem->field, field);
	mark(field, text);
	if (GTK_IS_ENTRY(field))
		gtk_entry_grab_focus_without_selecting(GTK_ENTRY(field));
	else
		gtk_widget_grab_focus(field);
}

/**
 * cs_problem_clear:
 * @problem: where nothing is wrong any more
 */
void
cs_problem_clear(CsProblem *problem)
{
	if (problem->field)
		mark(problem->field, NULL);
	g_clear_weak_pointer(&problem->field);
	gtk_label_set_text(problem->text, "");
	gtk_widget_hide(GTK_WIDGET(problem));
}

/**
 * cs_problem_get_text:
 * @problem: where problems are said
 *
 * Returns: (transfer none): what it says, "" where nothing is wrong
 */
const char *
cs_problem_get_text(CsProblem *problem)
{
	return gtk_label_get_text(problem->text);
}
