/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/about-dialog.h"

#include "ui/state-icon.h"

#include <glib/gi18n-lib.h>

/**
 * cs_about_dialog_new:
 * @parent: the window that asks
 *
 * Returns: (transfer none): what this program is, not shown yet; closing it destroys it
 */
GtkWidget *
cs_about_dialog_new(GtkWindow *parent)
{
	GtkWidget *dialog = g_object_new(
		GTK_TYPE_ABOUT_DIALOG, "transient-for", parent, "modal", TRUE,
		"destroy-with-parent", TRUE, "program-name", "Countersign", "version", CS_VERSION,
		"logo-icon-name", CS_APPLICATION_ID, "comments",
		_("Shows your organisation that this device is managed"), "copyright",
		_("Copyright © The Countersign authors"), "license-type", GTK_LICENSE_APACHE_2_0,
		/* Translators: your names, one a line. */
		"translator-credits", _("translator-credits"), NULL);

	g_signal_connect(dialog, "response", G_CALLBACK(gtk_widget_destroy), NULL);
	return dialog;
}
