/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/label.h"

#include <string.h>

/**
 * cs_label_set_text:
 * @label: a label
 * @text: what it is to say; bytes that are no UTF-8, as in a file's name, are replaced
 *
 * As gtk_label_set_text(), but nothing is done where it says so already: GTK would shape the same
 * text and place the whole window again, which of a list of accounts takes longer than a frame.
 */
void
cs_label_set_text(GtkLabel *label, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	if (strcmp(gtk_label_get_text(label), valid) != 0)
		gtk_label_set_text(label, valid);
}
