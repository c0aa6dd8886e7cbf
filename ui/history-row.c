/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/history-row.h"

#include "ui/state-mark.h"
#include "ui/words.h"

#include <glib/gi18n-lib.h>

#define ROW_SPACING    2
#define COLUMN_SPACING 10
#define ROW_MARGIN     10

static GtkWidget *
make_label(const char *text)
{
	GtkWidget *label = gtk_label_new(text);

	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
	gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
	return label;
}

/* (transfer full) (nullable): what the help desk asks for. */
static char *
make_code(const CsHistoryEntry *entry)
{
	const char *code = entry->error_code ? entry->error_code : cs_reason_to_code(entry->reason);

	if (code && entry->request)
		/* Translators: a reason's code, and the server's number of the request. */
		return g_strdup_printf(_("%s, request %s"), code, entry->request);
	return g_strdup(code);
}

/**
 * cs_history_row_new:
 * @entry: an authentication
 *
 * Returns: (transfer floating): a row for it; its code is in the tooltip
 */
GtkWidget *
cs_history_row_new(const CsHistoryEntry *entry)
{
	g_autofree char *words = cs_words_dup_authentication(entry);
	g_autofree char *moment = cs_words_dup_moment(entry->at);
	g_autofree char *code = make_code(entry);
	g_autofree char *name = g_strdup_printf("%s, %s", moment, words);
	GtkWidget *row = gtk_list_box_row_new();
	GtkWidget *columns = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, COLUMN_SPACING);
	GtkWidget *texts = gtk_box_new(GTK_ORIENTATION_VERTICAL, ROW_SPACING);
	GtkWidget *mark = g_object_new(CS_TYPE_STATE_MARK, "valign", GTK_ALIGN_START, NULL);
	GtkWidget *when = make_label(moment);

	cs_state_mark_set_state(CS_STATE_MARK(mark), cs_words_get_authentication_state(entry));
	gtk_style_context_add_class(gtk_widget_get_style_context(when), GTK_STYLE_CLASS_DIM_LABEL);
	gtk_container_add(GTK_CONTAINER(texts), make_label(words));
	gtk_container_add(GTK_CONTAINER(texts), when);
	gtk_container_add(GTK_CONTAINER(columns), mark);
	gtk_container_add(GTK_CONTAINER(columns), texts);
	g_object_set(columns, "margin", ROW_MARGIN, NULL);
	gtk_container_add(GTK_CONTAINER(row), columns);
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
	gtk_widget_set_tooltip_text(row, code);
	atk_object_set_name(gtk_widget_get_accessible(row), name);
	atk_object_set_description(gtk_widget_get_accessible(row), code ? code : "");
	gtk_widget_show_all(row);
	return row;
}
