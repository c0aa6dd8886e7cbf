/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/step-row.h"

#include "ui/repurpose-words.h"
#include "ui/resources.h"
#include "ui/state-icon.h"
#include "ui/text-icon.h"

#include <string.h>

struct _CsStepRow {
	GtkListBoxRow parent_instance;
	guint step;
	GtkStack *mark;
	GtkImage *done;
	GtkLabel *number;
	GtkLabel *text;
	GtkLabel *whose;
};

G_DEFINE_TYPE(CsStepRow, cs_step_row, GTK_TYPE_LIST_BOX_ROW)

static void
cs_step_row_class_init(CsStepRowClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	g_type_ensure(CS_TYPE_TEXT_ICON);
	gtk_widget_class_set_template_from_resource(widget_class, CS_UI_RESOURCE("step-row.ui"));
	gtk_widget_class_bind_template_child(widget_class, CsStepRow, mark);
	gtk_widget_class_bind_template_child(widget_class, CsStepRow, done);
	gtk_widget_class_bind_template_child(widget_class, CsStepRow, number);
	gtk_widget_class_bind_template_child(widget_class, CsStepRow, text);
	gtk_widget_class_bind_template_child(widget_class, CsStepRow, whose);
}

static void
cs_step_row_init(CsStepRow *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
}

/**
 * cs_step_row_new:
 * @step: one of rule 25's
 *
 * Returns: (transfer floating): its row, of which nothing is known yet
 */
GtkWidget *
cs_step_row_new(guint step)
{
	CsStepRow *self = g_object_new(CS_TYPE_STEP_ROW, NULL);
	g_autofree char *number = g_strdup_printf("%u", step + 1);
	g_autofree char *name = cs_repurpose_words_dup_step_name(step);

	self->step = step;
	gtk_label_set_text(self->number, number);
	gtk_label_set_text(self->text, cs_repurposing_get_step_text(step));
	gtk_image_set_from_icon_name(self->done, cs_state_icon_get_name(CS_AGENT_MANAGED),
				     GTK_ICON_SIZE_BUTTON);
	atk_object_set_name(gtk_widget_get_accessible(GTK_WIDGET(self)), name);
	return GTK_WIDGET(self);
}

static void
set_class(CsStepRow *self, const char *name, gboolean is_set)
{
	GtkStyleContext *style = gtk_widget_get_style_context(GTK_WIDGET(self));

	if (is_set)
		gtk_style_context_add_class(style, name);
	else
		gtk_style_context_remove_class(style, name);
}

/**
 * cs_step_row_update:
 * @row: a row
 * @repurposing: what the server said
 *
 * The row is one thing to whoever hears it: its name says which step it is, its description how far
 * that is.
 *
 * Returns: TRUE where it says something else than before
 */
gboolean
cs_step_row_update(CsStepRow *row, const CsRepurposing *repurposing)
{
	gboolean is_done = repurposing->steps[row->step].is_done;
	gboolean is_next = row->step == cs_repurposing_get_next(repurposing);
	g_autofree char *whose = cs_repurpose_words_dup_whose(repurposing, row->step);
	gboolean is_news = strcmp(gtk_label_get_text(row->whose), whose) != 0;

	gtk_label_set_text(row->whose, whose);
	gtk_stack_set_visible_child(row->mark,
				    is_done ? GTK_WIDGET(row->done) : GTK_WIDGET(row->number));
	set_class(row, "step-next", is_next);
	atk_object_set_description(gtk_widget_get_accessible(GTK_WIDGET(row)), whose);
	return is_news;
}
