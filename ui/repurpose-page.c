/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/repurpose-page.h"

#include "core/protocol/helpdesk-code.h"
#include "ui/field.h"
#include "ui/problem.h"
#include "ui/repurpose-words.h"
#include "ui/resources.h"
#include "ui/state-mark.h"
#include "ui/step-row.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* From one answer to the next question. */
#define FOLLOW_INTERVAL_S 5

struct _CsRepurposePage {
	GtkScrolledWindow parent_instance;
	CsAgent *agent;
	char *url;		   /* (nullable): of the organisation that is followed */
	GPtrArray *organisations;  /* (nullable) (element-type CsRepurposing), as last heard */
	CsRepurposing *answer;	   /* (nullable): lent by known; the last that said something */
	GPtrArray *known;	   /* (nullable): keeps it */
	GCancellable *cancellable; /* (nullable): of the question under way */
	gboolean asks_again;	   /* something has happened since it was asked */
	guint timer;		   /* 0: none */
	gboolean is_filling;
	char *listed; /* (nullable): what can be chosen */
	CsStateMark *mark;
	GtkLabel *heading;
	GtkLabel *sentence;
	GtkLabel *note;
	GtkWidget *away_box;
	GtkLabel *away;
	CsProblem *problem;
	GtkWidget *progress;
	GtkWidget *delete_button;
	GtkWidget *add_button;
	GtkWidget *check_button;
	GtkWidget *account_button;
	GtkWidget *choice_box;
	GtkComboBoxText *choice;
	CsField *organisation;
	GtkListBox *steps;
	CsField *helpdesk_code;
	CsField *device_id;
};

enum {
	SIGNAL_DELETE_WANTED,
	SIGNAL_ADD_WANTED,
	SIGNAL_ACCOUNT_OPENED,
	N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_TYPE(CsRepurposePage, cs_repurpose_page, GTK_TYPE_SCROLLED_WINDOW)

static void ask(CsRepurposePage *self);

/* (nullable): the user's own at the organisation that is followed. */
static const CsAccount *
find_account(CsRepurposePage *self)
{
	GPtrArray *accounts = cs_agent_get_accounts(self->agent);

	for (guint i = 0; i < accounts->len; i++) {
		const CsAccount *account = accounts->pdata[i];

		if (g_strcmp0(account->url, self->url) == 0)
			return account;
	}
	return NULL;
}

static const CsRepurposing *
find_asked(CsRepurposePage *self)
{
	for (guint i = 0; self->organisations && i < self->organisations->len; i++) {
		const CsRepurposing *item = self->organisations->pdata[i];

		if (item->is_asked)
			return item;
	}
	return NULL;
}

static void
set_text(GtkLabel *label, const char *text)
{
	/* Set again as it was, it would be read aloud again. */
	if (g_strcmp0(gtk_label_get_text(label), text ? text : "") != 0)
		gtk_label_set_text(label, text ? text : "");
	gtk_widget_set_visible(GTK_WIDGET(label), text && *text != '\0');
}

/* Whoever hears the screen is told what has changed without having to look for it. ATK knows how to
 * since 2.46. */
static void
announce(CsRepurposePage *self)
{
	AtkObject *object = gtk_widget_get_accessible(GTK_WIDGET(self));
	const char *text = gtk_label_get_text(self->sentence);

	if (g_signal_lookup("announcement", ATK_TYPE_OBJECT) != 0 && *text != '\0')
		g_signal_emit_by_name(object, "announcement", text);
}

static gboolean
show_steps(CsRepurposePage *self, const CsRepurposing *answer)
{
	gboolean is_news = FALSE;

	gtk_widget_set_visible(GTK_WIDGET(self->steps),
			       answer && cs_repurpose_words_has_steps(answer));
	for (int i = 0; answer && i < CS_REPURPOSING_STEPS; i++) {
		GtkListBoxRow *row = gtk_list_box_get_row_at_index(self->steps, i);

		is_news = cs_step_row_update(CS_STEP_ROW(row), answer) || is_news;
	}
	return is_news;
}

/* (transfer full) */
static char *
dup_heading(const CsRepurposing *answer)
{
	guint next = answer ? cs_repurposing_get_next(answer) : 0;

	if (!answer)
		return g_strdup(_("Five steps"));
	if (!cs_repurpose_words_has_steps(answer))
		return g_strdup(_("Not possible"));
	if (next == CS_REPURPOSING_STEPS)
		return g_strdup(_("Done"));
	/* Translators: a heading: "Step 2 of 5". */
	return g_strdup_printf(_("Step %u of %u"), next + 1, (guint)CS_REPURPOSING_STEPS);
}

/* At the last step and after it, the new account's state is what it is all about. */
static void
show_heading(CsRepurposePage *self, const CsRepurposing *answer, const CsAccount *account)
{
	gboolean is_account =
		answer && account && cs_repurposing_get_next(answer) >= CS_REPURPOSING_AUTHENTICATE;
	CsAgentState state =
		is_account ? cs_agent_get_state(self->agent, account->id) : CS_AGENT_NO_ACCOUNT;
	g_autofree char *heading =
		is_account ? g_strdup(cs_agent_state_get_name(state)) : dup_heading(answer);

	gtk_widget_set_visible(GTK_WIDGET(self->mark), is_account);
	cs_state_mark_set_state(self->mark, state);
	set_text(self->heading, heading);
}

static void
show_offers(CsRepurposePage *self, CsGuideOffers offers)
{
	gtk_widget_set_visible(self->delete_button, offers & CS_GUIDE_OFFERS_DELETE);
	gtk_widget_set_visible(self->add_button, offers & CS_GUIDE_OFFERS_ADD);
	gtk_widget_set_visible(self->check_button, offers & CS_GUIDE_OFFERS_CHECK);
	gtk_widget_set_visible(self->account_button, offers & CS_GUIDE_OFFERS_ACCOUNT);
}

/* The button that had it may be gone. */
static void
keep_focus(CsRepurposePage *self)
{
	GtkWidget *const places[] = {self->account_button, self->delete_button, self->add_button,
				     self->check_button};
	GtkWidget *window = gtk_widget_get_toplevel(GTK_WIDGET(self));
	GtkWidget *focus = GTK_IS_WINDOW(window) ? gtk_window_get_focus(GTK_WINDOW(window)) : NULL;

	if ((focus && gtk_widget_get_mapped(focus)) || !gtk_widget_get_mapped(GTK_WIDGET(self)))
		return;
	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		if (!gtk_widget_get_visible(places[i]))
			continue;
		gtk_widget_grab_focus(places[i]);
		return;
	}
	gtk_widget_child_focus(GTK_WIDGET(self->steps), GTK_DIR_TAB_FORWARD);
}

/* Only where it lists others than before: somebody may be choosing just now. */
static void
fill_choice(CsRepurposePage *self)
{
	g_autoptr(GString) listed = g_string_new(NULL);

	for (guint i = 0; i < self->organisations->len; i++) {
		const CsRepurposing *item = self->organisations->pdata[i];

		g_string_append_printf(listed, "%s %s\n", item->url, item->organisation);
	}
	if (g_strcmp0(listed->str, self->listed) == 0)
		return;
	g_free(self->listed);
	self->listed = g_strdup(listed->str);
	gtk_combo_box_text_remove_all(self->choice);
	for (guint i = 0; i < self->organisations->len; i++) {
		const CsRepurposing *item = self->organisations->pdata[i];

		gtk_combo_box_text_append(self->choice, item->url, item->organisation);
	}
}

static void
show_organisations(CsRepurposePage *self)
{
	const CsRepurposing *asked = find_asked(self);
	gboolean is_one = self->organisations->len == 1;

	self->is_filling = TRUE;
	fill_choice(self);
	gtk_combo_box_set_active_id(GTK_COMBO_BOX(self->choice), self->url);
	self->is_filling = FALSE;
	gtk_widget_set_visible(self->choice_box, self->organisations->len > 1);
	cs_field_set_value(self->organisation, is_one && asked ? asked->organisation : NULL);
}

static void
show_nobody(CsRepurposePage *self)
{
	show_offers(self, CS_GUIDE_OFFERS_ADD);
	set_text(self->sentence, _("No organisation knows this user’s device yet. If you are the "
				   "new user of a device that was reactivated, add your account."));
}

/* (nullable): what came of asking the one that is followed, also where that is no answer; of the one
 * before, nothing is said. */
static const CsRepurposing *
find_followed(CsRepurposePage *self)
{
	const CsRepurposing *asked = find_asked(self);

	return asked && g_strcmp0(asked->url, self->url) == 0 ? asked : NULL;
}

static gboolean
is_waiting(CsRepurposePage *self)
{
	gboolean is_nobody = self->organisations && self->organisations->len == 0;

	return self->cancellable && !self->answer && !find_followed(self) && !is_nobody;
}

/* What was heard last stands until there is something newer; that the server is away is said beside
 * it. */
static void
show(CsRepurposePage *self)
{
	const CsRepurposing *asked = find_followed(self);
	const CsRepurposing *answer = self->answer;
	const CsAccount *account = find_account(self);
	g_autofree char *sentence =
		answer ? cs_repurpose_words_dup_sentence(answer, self->agent, account) : NULL;
	g_autofree char *away =
		asked && asked->error_code ? cs_repurpose_words_dup_away(asked) : NULL;
	g_autofree char *code = answer && answer->helpdesk_code
					? cs_helpdesk_code_format(answer->helpdesk_code)
					: NULL;
	gboolean is_news = show_steps(self, answer);

	is_news = is_news || g_strcmp0(sentence, gtk_label_get_text(self->sentence)) != 0;
	set_text(self->away, away);
	gtk_widget_set_visible(self->away_box, away != NULL);
	set_text(self->sentence, sentence);
	set_text(self->note, answer ? cs_repurpose_words_get_note(answer) : NULL);
	show_heading(self, answer, account);
	show_offers(self, answer ? cs_repurpose_words_get_offers(answer, account) : 0);
	cs_field_set_value(self->helpdesk_code, code);
	cs_field_set_value(self->device_id, answer ? answer->device_id : NULL);
	gtk_widget_set_visible(self->progress, is_waiting(self));
	if (self->organisations && self->organisations->len == 0)
		show_nobody(self);
	keep_focus(self);
	if (is_news)
		announce(self);
}

static gboolean
timer_cb(gpointer data)
{
	CsRepurposePage *self = data;

	self->timer = 0;
	ask(self);
	return G_SOURCE_REMOVE;
}

static void
stop_timer(CsRepurposePage *self)
{
	g_clear_handle_id(&self->timer, g_source_remove);
}

static void
forget_answer(CsRepurposePage *self)
{
	self->answer = NULL;
	g_clear_pointer(&self->known, g_ptr_array_unref);
}

static void
take(CsRepurposePage *self, GPtrArray *organisations)
{
	const CsRepurposing *asked = NULL;

	g_clear_pointer(&self->organisations, g_ptr_array_unref);
	self->organisations = organisations;
	asked = find_asked(self);
	if (!asked || g_strcmp0(asked->url, self->url) != 0)
		forget_answer(self);
	g_free(self->url);
	self->url = asked ? g_strdup(asked->url) : NULL;
	if (asked && asked->state) {
		forget_answer(self);
		self->known = g_ptr_array_ref(organisations);
		self->answer = (CsRepurposing *)asked;
	}
	show_organisations(self);
}

/* Not of something that was given up. */
static gboolean
is_current(CsRepurposePage *self, GAsyncResult *result)
{
	return self->cancellable && self->cancellable == g_task_get_cancellable(G_TASK(result));
}

static void
answered_cb(GObject *agent, GAsyncResult *result, gpointer data)
{
	g_autoptr(CsRepurposePage) self = data;
	g_autoptr(GError) error = NULL;
	GPtrArray *organisations =
		cs_agent_follow_repurposing_finish(CS_AGENT(agent), result, &error);

	if (!is_current(self, result)) {
		g_clear_pointer(&organisations, g_ptr_array_unref);
		return;
	}
	g_clear_object(&self->cancellable);
	if (organisations) {
		cs_problem_clear(self->problem);
		take(self, organisations);
	} else {
		cs_problem_show(self->problem, error, NULL);
	}
	show(self);
	if (self->asks_again)
		ask(self);
	else
		self->timer = g_timeout_add_seconds(FOLLOW_INTERVAL_S, timer_cb, self);
}

static void
stop(CsRepurposePage *self)
{
	stop_timer(self);
	if (self->cancellable)
		g_cancellable_cancel(self->cancellable);
	g_clear_object(&self->cancellable);
}

static void
ask(CsRepurposePage *self)
{
	stop_timer(self);
	self->asks_again = self->cancellable != NULL;
	if (self->cancellable)
		return;
	self->cancellable = g_cancellable_new();
	cs_agent_follow_repurposing_async(self->agent, self->url, self->cancellable, answered_cb,
					  g_object_ref(self));
}

static void
map_cb(GtkWidget *widget)
{
	CsRepurposePage *self = CS_REPURPOSE_PAGE(widget);

	GTK_WIDGET_CLASS(cs_repurpose_page_parent_class)->map(widget);
	if (!self->agent)
		return;
	ask(self);
	show(self);
}

static void
unmap_cb(GtkWidget *widget)
{
	stop(CS_REPURPOSE_PAGE(widget));
	GTK_WIDGET_CLASS(cs_repurpose_page_parent_class)->unmap(widget);
}

static void
chosen_cb(GtkComboBox *choice, gpointer data)
{
	CsRepurposePage *self = data;
	const char *url = gtk_combo_box_get_active_id(choice);

	if (self->is_filling || !url || g_strcmp0(url, self->url) == 0)
		return;
	stop(self);
	forget_answer(self);
	g_free(self->url);
	self->url = g_strdup(url);
	ask(self);
	show(self);
}

static void
delete_cb(GtkButton *button, gpointer data)
{
	const CsAccount *account = find_account(data);

	if (account)
		g_signal_emit(data, signals[SIGNAL_DELETE_WANTED], 0, account->id);
}

static void
add_cb(GtkButton *button, gpointer data)
{
	g_signal_emit(data, signals[SIGNAL_ADD_WANTED], 0, CS_REPURPOSE_PAGE(data)->url);
}

static void
check_cb(GtkButton *button, gpointer data)
{
	const CsAccount *account = find_account(data);

	if (account)
		cs_agent_check(CS_REPURPOSE_PAGE(data)->agent, account->id);
}

static void
account_cb(GtkButton *button, gpointer data)
{
	const CsAccount *account = find_account(data);

	if (account)
		g_signal_emit(data, signals[SIGNAL_ACCOUNT_OPENED], 0, account->id);
}

static void
dispose_cb(GObject *object)
{
	CsRepurposePage *self = CS_REPURPOSE_PAGE(object);

	stop(self);
	forget_answer(self);
	g_clear_pointer(&self->organisations, g_ptr_array_unref);
	g_clear_pointer(&self->url, g_free);
	g_clear_pointer(&self->listed, g_free);
	g_clear_object(&self->agent);
	G_OBJECT_CLASS(cs_repurpose_page_parent_class)->dispose(object);
}

static guint
make_signal(const char *name)
{
	return g_signal_new(name, CS_TYPE_REPURPOSE_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
			    G_TYPE_NONE, 1, G_TYPE_STRING);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget_class, CsRepurposePage, name)

static void
bind_children(GtkWidgetClass *widget_class)
{
	BIND(mark);
	BIND(heading);
	BIND(sentence);
	BIND(note);
	BIND(away_box);
	BIND(away);
	BIND(problem);
	BIND(progress);
	BIND(delete_button);
	BIND(add_button);
	BIND(check_button);
	BIND(account_button);
	BIND(choice_box);
	BIND(choice);
	BIND(organisation);
	BIND(steps);
	BIND(helpdesk_code);
	BIND(device_id);
}

static void
cs_repurpose_page_class_init(CsRepurposePageClass *class)
{
	GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

	G_OBJECT_CLASS(class)->dispose = dispose_cb;
	widget_class->map = map_cb;
	widget_class->unmap = unmap_cb;
	signals[SIGNAL_DELETE_WANTED] = make_signal("delete-wanted");
	signals[SIGNAL_ADD_WANTED] = make_signal("add-wanted");
	signals[SIGNAL_ACCOUNT_OPENED] = make_signal("account-opened");
	g_type_ensure(CS_TYPE_FIELD);
	g_type_ensure(CS_TYPE_PROBLEM);
	g_type_ensure(CS_TYPE_STATE_MARK);
	gtk_widget_class_set_template_from_resource(widget_class,
						    CS_UI_RESOURCE("repurpose-page.ui"));
	bind_children(widget_class);
	gtk_widget_class_bind_template_callback(widget_class, chosen_cb);
	gtk_widget_class_bind_template_callback(widget_class, delete_cb);
	gtk_widget_class_bind_template_callback(widget_class, add_cb);
	gtk_widget_class_bind_template_callback(widget_class, check_cb);
	gtk_widget_class_bind_template_callback(widget_class, account_cb);
}

static void
cs_repurpose_page_init(CsRepurposePage *self)
{
	gtk_widget_init_template(GTK_WIDGET(self));
	for (guint i = 0; i < CS_REPURPOSING_STEPS; i++)
		gtk_container_add(GTK_CONTAINER(self->steps), cs_step_row_new(i));
}

/**
 * cs_repurpose_page_new:
 * @agent: the resident client
 *
 * Returns: (transfer floating): the page, which asks nobody before it is on the screen
 */
GtkWidget *
cs_repurpose_page_new(CsAgent *agent)
{
	CsRepurposePage *self = g_object_new(CS_TYPE_REPURPOSE_PAGE, NULL);

	self->agent = g_object_ref(agent);
	return GTK_WIDGET(self);
}

/**
 * cs_repurpose_page_choose:
 * @page: the page
 * @url: (nullable): the address of an organisation; the one that was followed last stays otherwise
 */
void
cs_repurpose_page_choose(CsRepurposePage *page, const char *url)
{
	if (!url || g_strcmp0(url, page->url) == 0)
		return;
	forget_answer(page);
	g_free(page->url);
	page->url = g_strdup(url);
}

/**
 * cs_repurpose_page_refresh:
 * @page: the page
 *
 * The accounts are others, or in other states: the server is asked at once, if the page is on the
 * screen.
 */
void
cs_repurpose_page_refresh(CsRepurposePage *page)
{
	if (!gtk_widget_get_mapped(GTK_WIDGET(page)))
		return;
	ask(page);
	show(page);
}
