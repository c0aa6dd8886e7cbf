/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/helpdesk-code.h"
#include "tests/ui/ui-fixture.h"

#include <string.h>

#define CODE "0123456789AB"

static void
act(CsTestDesktop *d, const char *action)
{
	g_action_group_activate_action(gtk_widget_get_action_group(d->window, "win"), action, NULL);
}

static void
open_guide(CsTestDesktop *d)
{
	cs_test_desktop_open(d);
	act(d, "repurpose");
	cs_test_wait_shown("steps");
}

static GtkWidget *
get_page(void)
{
	return gtk_widget_get_ancestor(cs_test_find("heading"), GTK_TYPE_SCROLLED_WINDOW);
}

static AtkObject *
get_step(guint step)
{
	GtkListBox *steps = GTK_LIST_BOX(cs_test_find("steps"));

	return gtk_widget_get_accessible(
		GTK_WIDGET(gtk_list_box_get_row_at_index(steps, (int)step)));
}

/* What is heard of a step: which it is by its name, how far it is by its description. */
static void
expect_step(guint step, const char *name, const char *description)
{
	g_assert_cmpstr(atk_object_get_name(get_step(step)), ==, name);
	g_assert_cmpstr(atk_object_get_description(get_step(step)), ==, description);
	g_assert_cmpint(atk_object_get_role(get_step(step)), ==, ATK_ROLE_LIST_ITEM);
}

static guint
count_questions(CsTestDesktop *d)
{
	return cs_test_server_count_calls(d->base.server, "/v1/device");
}

/* rule 25: which step is done, which is next, and whose it is */
static void
test_steps(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *code = cs_helpdesk_code_format(CS_TEST_SERVER_HELPDESK_CODE);

	open_guide(d);
	cs_test_expect_text("heading", "Step 1 of 5");
	cs_test_expect_text("sentence", "delete the account of ada");
	g_assert_true(cs_test_is_shown("delete_button"));
	g_assert_false(cs_test_is_shown("choice"));
	cs_test_expect_text("device_id", "device1");
	cs_test_expect_text("helpdesk_code", code);
	expect_step(0, "Step 1 of 5: Delete the account on the device", "Next: on this device");
	expect_step(1, "Step 2 of 5: The administrator deactivates the device",
		    "The administrator");
	d->base.faults->steps = "xx...";
	cs_agent_reload(d->base.agent);
	cs_test_wait_text("heading", "Step 3 of 5");
	cs_test_expect_text("sentence", "The administrator’s to do: reactivate");
	g_assert_false(cs_test_is_shown("delete_button"));
	expect_step(0, "Step 1 of 5: Delete the account on the device", "Done");
	expect_step(2, "Step 3 of 5: The administrator reactivates the device",
		    "Next: the administrator");
	d->base.faults->steps = "x....";
	cs_agent_reload(d->base.agent);
	cs_test_wait_text("sentence", "The administrator’s to do: deactivate");
}

static void
spoken_cb(AtkObject *object, const char *text, gpointer spoken)
{
	g_free(*(char **)spoken);
	*(char **)spoken = g_strdup(text);
}

/* What changes by itself is said aloud, once. */
static void
test_announced(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *spoken = NULL;
	AtkObject *object = NULL;

	if (g_signal_lookup("announcement", ATK_TYPE_OBJECT) == 0) {
		g_test_skip("ATK is older than 2.46");
		return;
	}
	open_guide(d);
	object = gtk_widget_get_accessible(get_page());
	g_signal_connect(object, "announcement", G_CALLBACK(spoken_cb), &spoken);
	cs_agent_reload(d->base.agent);
	cs_test_desktop_draw(d);
	g_assert_null(spoken);
	d->base.faults->steps = "xxx..";
	cs_agent_reload(d->base.agent);
	cs_test_wait_text("heading", "Step 4 of 5");
	g_assert_nonnull(strstr(spoken, "The new user’s to do"));
	g_signal_handlers_disconnect_by_data(object, &spoken);
}

/* It is asked for as long as the page is on the screen, and never else: there is no timer then. */
static void
test_only_while_shown(CsTestDesktop *d, gconstpointer data)
{
	GtkWidget *page = NULL;
	guint questions = 0;

	cs_test_desktop_open(d);
	g_assert_cmpuint(count_questions(d), ==, 0);
	act(d, "repurpose");
	cs_test_wait_shown("steps");
	page = get_page();
	cs_test_desktop_draw(d);
	questions = count_questions(d);
	g_assert_cmpuint(questions, >, 0);
	g_assert_nonnull(g_main_context_find_source_by_user_data(NULL, page));
	act(d, "back");
	g_assert_false(cs_test_is_shown("steps"));
	g_assert_null(g_main_context_find_source_by_user_data(NULL, page));
	cs_agent_reload(d->base.agent);
	cs_test_desktop_draw(d);
	g_assert_cmpuint(count_questions(d), ==, questions);
	/* nor while it waits for an answer that it does not want any more */
	cs_test_agent_hold(&d->base, "/v1/nonce");
	act(d, "repurpose");
	cs_test_agent_wait_for_held(&d->base);
	act(d, "back");
	cs_test_agent_release(&d->base);
	cs_test_desktop_draw(d);
	g_assert_null(g_main_context_find_source_by_user_data(NULL, page));
	g_assert_cmpuint(count_questions(d), ==, questions);
}

/* The whole way of whoever is at the device. */
static void
test_delete_and_add(CsTestDesktop *d, gconstpointer data)
{
	cs_test_agent_install(&d->base);
	open_guide(d);
	cs_test_press("delete_button");
	g_assert_nonnull(cs_test_get_dialog());
	cs_test_press("delete_button");
	cs_test_wait_hidden("question");
	g_assert_null(cs_test_get_dialog());
	cs_test_wait_text("heading", "Step 2 of 5");
	d->base.faults->steps = "xxx..";
	cs_agent_reload(d->base.agent);
	cs_test_wait_text("heading", "Step 4 of 5");
	/* the button that had the keyboard's focus is gone, the focus is not */
	g_assert_nonnull(gtk_window_get_focus(GTK_WINDOW(d->window)));
	cs_test_press("add_button");
	g_assert_cmpstr(cs_test_get_text("address"), ==, cs_test_server_get_url(d->base.server));
	/* whoever thinks better of it is where they were */
	act(d, "back");
	g_assert_true(cs_test_is_shown("steps"));
	cs_test_press("add_button");
	cs_test_press("address_cancel");
	g_assert_true(cs_test_is_shown("steps"));
	cs_test_press("add_button");
	cs_test_press("continue_button");
	cs_test_wait_shown("fingerprint");
	cs_test_desktop_add_code(d, CODE, "bob");
	cs_test_type("code", CODE);
	d->base.faults->steps = "xxxxx";
	cs_test_press("add_button");
	cs_test_wait_text("heading", "Managed");
	cs_test_wait_text("sentence", "this device serves bob at Example Corp now");
	expect_step(4, "Step 5 of 5: The new user authenticates for the first time", "Done");
	cs_test_press("account_button");
	cs_test_expect_text("user", "bob");
	/* an account that is added elsewhere is shown as always */
	act(d, "add");
	act(d, "back");
	g_assert_true(cs_test_is_shown("list"));
}

/* What keeps the new user from being managed is said, and can be tried again. */
static void
test_not_managed(CsTestDesktop *d, gconstpointer data)
{
	d->base.faults->steps = "xxxx.";
	open_guide(d);
	cs_test_expect_text("heading", "Not managed");
	cs_test_expect_text("sentence", "no certificate");
	cs_test_agent_install(&d->base);
	cs_test_press("check_button");
	d->base.faults->steps = "xxxxx";
	cs_test_wait_text("heading", "Managed");
	cs_test_wait_shown("account_button");
}

/* The last answer stays while the server is away, which is said; it goes on by itself. */
static void
test_away(CsTestDesktop *d, gconstpointer data)
{
	d->base.faults->steps = "xx...";
	open_guide(d);
	d->base.faults->status = 503;
	cs_agent_reload(d->base.agent);
	cs_test_wait_shown("away");
	cs_test_expect_text("away", "Example Corp cannot be reached. It is asked again");
	cs_test_expect_text("heading", "Step 3 of 5");
	cs_test_desktop_draw(d);
	g_assert_nonnull(g_main_context_find_source_by_user_data(NULL, get_page()));
	d->base.faults->status = 404;
	d->base.faults->content_type = "application/problem+json";
	d->base.faults->body = "{\"code\":\"device-unknown\"}";
	cs_agent_reload(d->base.agent);
	cs_test_wait_text("away", "tell the helpdesk this word: device-unknown");
	d->base.faults->status = 0;
	cs_agent_reload(d->base.agent);
	cs_test_wait_hidden("away");
	cs_test_expect_text("heading", "Step 3 of 5");
}

/* Of several organisations one is followed: that of the account where one comes from, or the one
 * that is chosen. */
static void
test_choice(CsTestDesktop *d, gconstpointer data)
{
	g_autoptr(CsTestServer) other = cs_test_server_new();
	g_autofree char *id = cs_test_home_enrol(d->base.home, other, "ada");

	cs_test_server_get_faults(other)->steps = "x....";
	cs_test_desktop_open(d);
	cs_window_show_account(CS_WINDOW(d->window), id);
	act(d, "repurpose");
	cs_test_wait_text("heading", "Step 2 of 5");
	g_assert_cmpuint(count_questions(d), ==, 0);
	g_assert_cmpstr(gtk_combo_box_get_active_id(GTK_COMBO_BOX(cs_test_find("choice"))), ==,
			cs_test_server_get_url(other));
	gtk_combo_box_set_active_id(GTK_COMBO_BOX(cs_test_find("choice")),
				    cs_test_server_get_url(d->base.server));
	cs_test_wait_text("heading", "Step 1 of 5");
	cs_test_desktop_draw(d);
	/* and stays chosen */
	act(d, "back");
	act(d, "repurpose");
	cs_test_wait_text("heading", "Step 1 of 5");
	g_assert_cmpstr(gtk_combo_box_get_active_id(GTK_COMBO_BOX(cs_test_find("choice"))), ==,
			cs_test_server_get_url(d->base.server));
}

/* That one is away says nothing of another that is chosen: it is being asked. */
static void
test_choice_while_away(CsTestDesktop *d, gconstpointer data)
{
	g_autoptr(CsTestServer) other = cs_test_server_new();
	g_autofree char *id = cs_test_home_enrol(d->base.home, other, "ada");

	cs_test_server_get_faults(other)->status = 503;
	cs_test_desktop_open(d);
	cs_window_show_account(CS_WINDOW(d->window), id);
	act(d, "repurpose");
	cs_test_wait_shown("away");
	cs_test_agent_hold(&d->base, "/v1/nonce");
	gtk_combo_box_set_active_id(GTK_COMBO_BOX(cs_test_find("choice")),
				    cs_test_server_get_url(d->base.server));
	g_assert_false(cs_test_is_shown("away"));
	g_assert_true(cs_test_is_shown("progress"));
	cs_test_agent_release(&d->base);
	cs_test_wait_text("heading", "Step 1 of 5");
	g_assert_false(cs_test_is_shown("progress"));
	/* back to the one that is away, which is asked, and then said to be */
	gtk_combo_box_set_active_id(GTK_COMBO_BOX(cs_test_find("choice")),
				    cs_test_server_get_url(other));
	g_assert_true(cs_test_is_shown("progress"));
	cs_test_wait_shown("away");
	g_assert_false(cs_test_is_shown("progress"));
}

/* From any state: nobody's device, a device that was deleted, a suspended one, a book that is broken. */
static void
test_nobody(CsTestDesktop *d, gconstpointer data)
{
	cs_test_home_write_book(d->base.home,
				"{\"version\":1,\"organisations\":[],\"accounts\":[]}");
	cs_test_desktop_open(d);
	act(d, "repurpose");
	cs_test_wait_text("sentence", "No organisation knows");
	cs_test_press("add_button");
	g_assert_cmpstr(cs_test_get_text("address"), ==, cs_test_server_get_url(d->base.server));
}

static void
test_deleted(CsTestDesktop *d, gconstpointer data)
{
	d->base.faults->device_state = "deleted";
	d->base.faults->steps = ".....";
	cs_test_desktop_open(d);
	act(d, "repurpose");
	cs_test_wait_text("heading", "Not possible");
	cs_test_expect_text("sentence", "has deleted this device");
	g_assert_false(cs_test_is_shown("steps"));
	g_assert_true(cs_test_is_shown("delete_button"));
}

static void
test_suspended(CsTestDesktop *d, gconstpointer data)
{
	cs_test_desktop_empty(d);
	d->base.faults->device_state = "suspended";
	open_guide(d);
	cs_test_expect_text("note", "suspended");
	cs_test_expect_text("heading", "Step 2 of 5");
}

static void
test_unreadable(CsTestDesktop *d, gconstpointer data)
{
	cs_test_home_write_book(d->base.home, "{");
	cs_test_desktop_open(d);
	act(d, "repurpose");
	cs_test_wait_shown("problem");
	g_assert_false(cs_test_is_shown("steps"));
}

/* Others' steps: whoever is at the device now has no account, and hears whose turn it is. */
static void
test_others(CsTestDesktop *d, gconstpointer data)
{
	static const struct {
		const char *steps;
		const char *sentence;
		gboolean adds;
	} cases[] = {
		{".....", "Another user of this computer still has an account", FALSE},
		{"xxxx.", "add your account here", TRUE},
		{"xxxxx", "the device serves another user", FALSE},
	};

	cs_test_desktop_empty(d);
	open_guide(d);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		d->base.faults->steps = cases[i].steps;
		cs_agent_reload(d->base.agent);
		cs_test_wait_text("sentence", cases[i].sentence);
		g_assert_cmpint(cs_test_is_shown("add_button"), ==, cases[i].adds);
		g_assert_false(cs_test_is_shown("delete_button"));
	}
}

int
main(int argc, char **argv)
{
	cs_test_desktop_init(&argc, &argv);
	cs_test_add_desktop_test("/repurpose/steps", test_steps);
	cs_test_add_desktop_test("/repurpose/announced", test_announced);
	cs_test_add_desktop_test("/repurpose/only-while-shown", test_only_while_shown);
	cs_test_add_desktop_test("/repurpose/delete-and-add", test_delete_and_add);
	cs_test_add_desktop_test("/repurpose/not-managed", test_not_managed);
	cs_test_add_desktop_test("/repurpose/away", test_away);
	cs_test_add_desktop_test("/repurpose/choice", test_choice);
	cs_test_add_desktop_test("/repurpose/choice-while-away", test_choice_while_away);
	cs_test_add_desktop_test("/repurpose/nobody", test_nobody);
	cs_test_add_desktop_test("/repurpose/deleted", test_deleted);
	cs_test_add_desktop_test("/repurpose/suspended", test_suspended);
	cs_test_add_desktop_test("/repurpose/unreadable", test_unreadable);
	cs_test_add_desktop_test("/repurpose/others", test_others);
	return g_test_run();
}
