/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/account-row.h"

#include "core/account/redaction.h"
#include "ui/label.h"
#include "ui/resources.h"
#include "ui/state-mark.h"
#include "ui/words.h"

#include <glib/gi18n-lib.h>

struct _CsAccountRow {
	GtkListBoxRow parent_instance;
	char *id;
	GtkLabel *initials;
	GtkLabel *user;
	GtkLabel *organisation;
	CsStateMark *mark;
	GtkLabel *state;
};

G_DEFINE_TYPE(CsAccountRow, cs_account_row, GTK_TYPE_LIST_BOX_ROW)

static void
finalize_cb(GObject *object)
{
	g_free(CS_ACCOUNT_ROW(object)->id);
	G_OBJECT_CLASS(cs_account_row_parent_class)->finalize(object);
}

static void
cs_account_row_class_init(CsAccountRowClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->finalize = finalize_cb;
	g_type_ensure(CS_TYPE_STATE_MARK);
	gtk_widget_class_set_template_from_resource(widget_class, CS_UI_RESOURCE("account-row.ui"));
	gtk_widget_class_bind_template_child(widget_class, CsAccountRow, initials);
	gtk_widget_class_bind_template_child(widget_class, CsAccountRow, user);
	gtk_widget_class_bind_template_child(widget_class, CsAccountRow, organisation);
	gtk_widget_class_bind_template_child(widget_class, CsAccountRow, mark);
	gtk_widget_class_bind_template_child(widget_class, CsAccountRow, state);
}

static void
cs_account_row_init(CsAccountRow *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
}

/**
 * cs_account_row_new:
 * @id: the account's
 *
 * Returns: (transfer floating): a row that says nothing yet
 */
GtkWidget *
cs_account_row_new(const char *id)
{
	CsAccountRow *self = g_object_new(CS_TYPE_ACCOUNT_ROW, NULL);

	self->id = g_strdup(id);
	return GTK_WIDGET(self);
}

/**
 * cs_account_row_get_id:
 * @row: a row
 *
 * Returns: (transfer none): its account's id
 */
const char *
cs_account_row_get_id(CsAccountRow *row)
{
	return row->id;
}

/**
 * cs_account_row_update:
 * @row: a row
 * @account: what it shows
 * @state: the account's
 * @now_unix_s: the clock's time now
 *
 * The row is one control, so that it has one name: all that it shows, in a sentence.
 */
void
cs_account_row_update(CsAccountRow *row,
		      const CsAccount *account,
		      CsAgentState state,
		      gint64 now_unix_s)
{
	g_autofree char *initials = cs_initials_dup(account->user);
	g_autofree char *checked = cs_words_dup_checked(account, now_unix_s);
	/* Translators: a state and the age of the verdict: "Managed · checked 5 minutes ago". */
	g_autofree char *words =
		g_strdup_printf(_("%s · %s"), cs_agent_state_get_name(state), checked);
	g_autofree char *name =
		/* Translators: read aloud: user, organisation, state and the verdict's age. */
		g_strdup_printf(_("%s at %s: %s, %s"), account->user, account->organisation,
				cs_agent_state_get_name(state), checked);

	cs_label_set_text(row->initials, initials);
	cs_label_set_text(row->user, account->user);
	cs_label_set_text(row->organisation, account->organisation);
	cs_label_set_text(row->state, words);
	cs_state_mark_set_state(row->mark, state);
	atk_object_set_name(gtk_widget_get_accessible(GTK_WIDGET(row)), name);
}
