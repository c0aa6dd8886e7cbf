/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/history-list.h"

#include "ui/history-row.h"

/* A row costs a millisecond or two to make and to place. */
#define ROWS_A_FRAME 2

struct _CsHistoryList {
	GtkListBox parent_instance;
	GPtrArray *entries; /* (element-type CsHistoryEntry): what is shown, or about to be */
	guint n_rows;	    /* of them */
	guint fill_id;	    /* 0 once all have one, or while the list is empty */
};

G_DEFINE_TYPE(CsHistoryList, cs_history_list, GTK_TYPE_LIST_BOX)

static gboolean
is_same(const CsHistoryEntry *one, const CsHistoryEntry *other)
{
	return one->at == other->at && one->managed == other->managed &&
	       one->reason == other->reason && g_strcmp0(one->error_code, other->error_code) == 0 &&
	       g_strcmp0(one->request, other->request) == 0;
}

/* How many came before the first that was there already; all, where none was. */
static guint
count_new(GPtrArray *before, GPtrArray *entries)
{
	guint n_new = 0;
	guint n_same = 0;

	while (n_new + n_same < entries->len && n_same < before->len) {
		if (is_same(before->pdata[n_same], entries->pdata[n_new + n_same])) {
			n_same++;
		} else {
			n_new++;
			n_same = 0;
		}
	}
	return n_same > 0 ? n_new : entries->len;
}

static void
remove_rows(CsHistoryList *self, guint n_kept)
{
	GtkListBox *list = GTK_LIST_BOX(self);

	for (; self->n_rows > n_kept; self->n_rows--)
		gtk_widget_destroy(
			GTK_WIDGET(gtk_list_box_get_row_at_index(list, (int)self->n_rows - 1)));
}

static void
insert_row(CsHistoryList *self, guint index)
{
	gtk_list_box_insert(GTK_LIST_BOX(self), cs_history_row_new(self->entries->pdata[index]),
			    (int)index);
	self->n_rows++;
}

static gboolean
fill_cb(GtkWidget *widget, GdkFrameClock *frame_clock, gpointer data)
{
	CsHistoryList *self = data;

	for (guint i = 0; i < ROWS_A_FRAME && self->n_rows < self->entries->len; i++)
		insert_row(self, self->n_rows);
	if (self->n_rows < self->entries->len)
		return G_SOURCE_CONTINUE;
	self->fill_id = 0;
	return G_SOURCE_REMOVE;
}

static void
finalize_cb(GObject *object)
{
	g_ptr_array_unref(CS_HISTORY_LIST(object)->entries);
	G_OBJECT_CLASS(cs_history_list_parent_class)->finalize(object);
}

static void
cs_history_list_class_init(CsHistoryListClass *class)
{
	G_OBJECT_CLASS(class)->finalize = finalize_cb;
}

static void
cs_history_list_init(CsHistoryList *self)
{
	self->entries = g_ptr_array_new();
}

/**
 * cs_history_list_set_entries:
 * @list: the list
 * @entries: (element-type CsHistoryEntry): all of them, newest first; kept, not to be changed
 *
 * Rows of what was shown before stay as they are. A long list is filled a few rows a frame, from
 * the newest, so that nothing else waits for it.
 */
void
cs_history_list_set_entries(CsHistoryList *list, GPtrArray *entries)
{
	guint n_new = count_new(list->entries, entries);

	if (n_new == entries->len)
		remove_rows(list, 0);
	g_ptr_array_unref(list->entries);
	list->entries = g_ptr_array_ref(entries);
	if (n_new <= ROWS_A_FRAME) {
		for (guint i = 0; i < n_new; i++)
			insert_row(list, i);
	} else {
		remove_rows(list, 0);
	}
	remove_rows(list, MIN(list->n_rows, entries->len));
	if (list->n_rows < entries->len && list->fill_id == 0)
		list->fill_id = gtk_widget_add_tick_callback(GTK_WIDGET(list), fill_cb, list, NULL);
}

/**
 * cs_history_list_clear:
 * @list: the list, which is to show another account's
 */
void
cs_history_list_clear(CsHistoryList *list)
{
	g_autoptr(GPtrArray) none = g_ptr_array_new();

	cs_history_list_set_entries(list, none);
}
