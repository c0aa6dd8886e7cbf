/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/text-icon.h"

struct _CsTextIcon {
	GtkImage parent_instance;
};

G_DEFINE_TYPE(CsTextIcon, cs_text_icon, GTK_TYPE_IMAGE)

static void
style_updated_cb(GtkWidget *widget)
{
	g_autoptr(PangoLayout) line = NULL;
	int height = 0;

	GTK_WIDGET_CLASS(cs_text_icon_parent_class)->style_updated(widget);
	line = gtk_widget_create_pango_layout(widget, "X");
	pango_layout_get_pixel_size(line, NULL, &height);
	gtk_image_set_pixel_size(GTK_IMAGE(widget), height);
}

static void
cs_text_icon_class_init(CsTextIconClass *class)
{
	GTK_WIDGET_CLASS(class)->style_updated = style_updated_cb;
}

static void
cs_text_icon_init(CsTextIcon *self)
{
}
