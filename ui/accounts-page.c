/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/accounts-page.h"

#include "ui/account-row.h"
#include "ui/problem.h"
#include "ui/resources.h"

#include <string.h>

struct _CsAccountsPage {
	GtkStack parent_instance;
	CsAgent *agent;
	const CsClock *clock;
	GtkListBox *list;
	GtkWidget *empty_add_button;
	CsProblem *problem;
	GtkWidget *retry_button;
};

enum {
	SIGNAL_ACCOUNT_OPENED,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_TYPE(CsAccountsPage, cs_accounts_page, GTK_TYPE_STACK)

static void
row_activated_cb(GtkListBox *list, GtkListBoxRow *row, gpointer data)
{
	g_signal_emit(data, signals[SIGNAL_ACCOUNT_OPENED], 0,
		      cs_account_row_get_id(CS_ACCOUNT_ROW(row)));
}

static void
dispose_cb(GObject *object)
{
	g_clear_object(&CS_ACCOUNTS_PAGE(object)->agent);
	G_OBJECT_CLASS(cs_accounts_page_parent_class)->dispose(object);
}

static void
cs_accounts_page_class_init(CsAccountsPageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = dispose_cb;
	signals[SIGNAL_ACCOUNT_OPENED] =
		g_signal_new("account-opened", CS_TYPE_ACCOUNTS_PAGE, G_SIGNAL_RUN_LAST, 0, NULL,
			     NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
	g_type_ensure(CS_TYPE_PROBLEM);
	gtk_widget_class_set_template_from_resource(widget_class,
						    CS_UI_RESOURCE("accounts-page.ui"));
	gtk_widget_class_bind_template_child(widget_class, CsAccountsPage, list);
	gtk_widget_class_bind_template_child(widget_class, CsAccountsPage, empty_add_button);
	gtk_widget_class_bind_template_child(widget_class, CsAccountsPage, problem);
	gtk_widget_class_bind_template_child(widget_class, CsAccountsPage, retry_button);
	gtk_widget_class_bind_template_callback(widget_class, row_activated_cb);
}

static void
cs_accounts_page_init(CsAccountsPage *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
}

/**
 * cs_accounts_page_new:
 * @agent: the resident client
 * @clock: lent, tells how old a verdict is
 *
 * Returns: (transfer floating): the page
 */
GtkWidget *
cs_accounts_page_new(CsAgent *agent, const CsClock *clock)
{
	CsAccountsPage *self = g_object_new(CS_TYPE_ACCOUNTS_PAGE, NULL);

	self->agent = g_object_ref(agent);
	self->clock = clock;
	return GTK_WIDGET(self);
}

static CsAccountRow *
get_row(CsAccountsPage *self, guint index)
{
	GtkListBoxRow *row = gtk_list_box_get_row_at_index(self->list, (int)index);

	return row ? CS_ACCOUNT_ROW(row) : NULL;
}

static void
remove_gone(CsAccountsPage *self)
{
	CsAccountRow *row;

	for (guint i = 0; (row = get_row(self, i));) {
		if (cs_agent_get_account(self->agent, cs_account_row_get_id(row)))
			i++;
		else
			gtk_widget_destroy(GTK_WIDGET(row));
	}
}

/* A row stays as long as its account, so that the keyboard's place stays too. */
static CsAccountRow *
ensure_row(CsAccountsPage *self, guint index, const char *id)
{
	CsAccountRow *row = get_row(self, index);

	if (row && strcmp(cs_account_row_get_id(row), id) == 0)
		return row;
	row = CS_ACCOUNT_ROW(cs_account_row_new(id));
	gtk_list_box_insert(self->list, GTK_WIDGET(row), (int)index);
	return row;
}

static void
show(CsAccountsPage *self, const char *name)
{
	gtk_stack_set_visible_child_name(GTK_STACK(self), name);
}

/**
 * cs_accounts_page_refresh:
 * @page: the page
 */
void
cs_accounts_page_refresh(CsAccountsPage *page)
{
	GPtrArray *accounts = cs_agent_get_accounts(page->agent);
	const GError *error = cs_agent_get_book_error(page->agent);
	gint64 now = cs_clock_get_unix_s(page->clock);

	remove_gone(page);
	for (guint i = 0; i < accounts->len; i++) {
		const CsAccount *account = accounts->pdata[i];

		cs_account_row_update(ensure_row(page, i, account->id), account,
				      cs_agent_get_state(page->agent, account->id), now);
	}
	gtk_widget_set_visible(GTK_WIDGET(page->list), accounts->len > 0);
	if (error) {
		cs_problem_show(page->problem, error, NULL);
		show(page, "problem");
	} else if (cs_agent_get_state(page->agent, NULL) == CS_AGENT_NO_ACCOUNT) {
		show(page, "empty");
	} else {
		show(page, "list");
	}
}

/**
 * cs_accounts_page_focus:
 * @page: the page
 * @id: (nullable): the account to put the keyboard's focus on; the first where there is none such
 */
void
cs_accounts_page_focus(CsAccountsPage *page, const char *id)
{
	CsAccountRow *chosen = get_row(page, 0);
	CsAccountRow *row;

	for (guint i = 0; (row = get_row(page, i)); i++) {
		if (g_strcmp0(cs_account_row_get_id(row), id) == 0)
			chosen = row;
	}
	if (cs_agent_get_book_error(page->agent))
		gtk_widget_grab_focus(page->retry_button);
	else
		gtk_widget_grab_focus(chosen ? GTK_WIDGET(chosen) : page->empty_add_button);
}
