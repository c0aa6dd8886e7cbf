/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/state-mark.h"

#include "ui/state-icon.h"
#include "ui/text-icon.h"
#include "ui/words.h"

struct _CsStateMark {
	GtkStack parent_instance;
	GtkImage *image;
	GtkSpinner *spinner;
	const char *style_class; /* (nullable): before the first state */
	CsAgentState state;
};

G_DEFINE_TYPE(CsStateMark, cs_state_mark, GTK_TYPE_STACK)

static void
cs_state_mark_class_init(CsStateMarkClass *class)
{
}

static void
cs_state_mark_init(CsStateMark *self)
{
	self->image = g_object_new(CS_TYPE_TEXT_ICON, NULL);
	self->spinner = GTK_SPINNER(gtk_spinner_new());
	gtk_container_add(GTK_CONTAINER(self), GTK_WIDGET(self->image));
	gtk_container_add(GTK_CONTAINER(self), GTK_WIDGET(self->spinner));
	gtk_widget_show_all(GTK_WIDGET(self));
}

static void
set_class(CsStateMark *self, const char *style_class)
{
	GtkStyleContext *style = gtk_widget_get_style_context(GTK_WIDGET(self));

	if (self->style_class)
		gtk_style_context_remove_class(style, self->style_class);
	gtk_style_context_add_class(style, style_class);
	self->style_class = style_class;
}

/**
 * cs_state_mark_set_state:
 * @mark: a mark
 * @state: what it is to show
 */
void
cs_state_mark_set_state(CsStateMark *mark, CsAgentState state)
{
	gboolean is_checking = state == CS_AGENT_CHECKING;
	GtkWidget *shown = is_checking ? GTK_WIDGET(mark->spinner) : GTK_WIDGET(mark->image);

	if (mark->style_class && mark->state == state)
		return;
	mark->state = state;
	gtk_image_set_from_icon_name(mark->image, cs_state_icon_get_name(state),
				     GTK_ICON_SIZE_BUTTON);
	set_class(mark, cs_words_get_state_class(state));
	g_object_set(mark->spinner, "active", is_checking, NULL);
	gtk_stack_set_visible_child(GTK_STACK(mark), shown);
}
