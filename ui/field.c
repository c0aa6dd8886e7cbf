/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/field.h"

#include "ui/label.h"
#include "ui/resources.h"

struct _CsField {
	GtkBox parent_instance;
	GtkLabel *title;
	GtkLabel *value;
};

enum {
	PROPERTY_TITLE = 1,
	PROPERTY_SELECTABLE,
};

G_DEFINE_TYPE(CsField, cs_field, GTK_TYPE_BOX)

static void
set_property_cb(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
	CsField *self = CS_FIELD(object);

	if (id == PROPERTY_TITLE)
		gtk_label_set_text(self->title, g_value_get_string(value));
	else
		gtk_label_set_selectable(self->value, g_value_get_boolean(value));
}

static void
cs_field_class_init(CsFieldClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
	GObjectClass *object_class = G_OBJECT_CLASS(class);

	object_class->set_property = set_property_cb;
	g_object_class_install_property(
		object_class, PROPERTY_TITLE,
		g_param_spec_string("title", NULL, NULL, NULL,
				    G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
	g_object_class_install_property(
		object_class, PROPERTY_SELECTABLE,
		g_param_spec_boolean("selectable", NULL, NULL, FALSE,
				     G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
	gtk_widget_class_set_template_from_resource(widget_class, CS_UI_RESOURCE("field.ui"));
	gtk_widget_class_bind_template_child(widget_class, CsField, title);
	gtk_widget_class_bind_template_child(widget_class, CsField, value);
}

static void
cs_field_init(CsField *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
}

/**
 * cs_field_set_value:
 * @field: a field
 * @value: (nullable): its value; without one the field is hidden
 */
void
cs_field_set_value(CsField *field, const char *value)
{
	cs_label_set_text(field->value, value ? value : "");
	gtk_widget_set_visible(GTK_WIDGET(field), value && *value != '\0');
}

/**
 * cs_field_get_value:
 * @field: a field
 *
 * Returns: (transfer none): what it shows, never %NULL
 */
const char *
cs_field_get_value(CsField *field)
{
	return gtk_label_get_text(field->value);
}
