/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/ui/ui-fixture.h"

#include "core/protocol/helpdesk-code.h"

#include <string.h>

#define HOUR_S 3600

static void
open_account(CsTestDesktop *d)
{
	cs_test_desktop_open(d);
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	cs_test_desktop_draw(d);
}

static GtkWidget *
get_entry(guint index)
{
	GtkListBox *history = GTK_LIST_BOX(cs_test_find("history"));

	return GTK_WIDGET(gtk_list_box_get_row_at_index(history, (int)index));
}

static void
expect_tooltip(guint index, const char *expected)
{
	g_autofree char *text = gtk_widget_get_tooltip_text(get_entry(index));

	g_assert_cmpstr(text, ==, expected);
}

static const char *
get_entry_name(guint index)
{
	return atk_object_get_name(gtk_widget_get_accessible(get_entry(index)));
}

static void
check(CsTestDesktop *d)
{
	cs_test_press("check_button");
	cs_test_agent_settle(&d->base);
}

static void
test_managed(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *path = NULL;

	cs_test_agent_install(&d->base);
	d->now = CS_TEST_SERVER_NOW + 3 * HOUR_S;
	open_account(d);
	path = g_build_filename(d->base.home->certificates, "device.pem", NULL);
	g_assert_cmpstr(cs_test_get_text("state"), ==, "Managed");
	cs_test_expect_text("sentence", "recognises this device as managed");
	cs_test_expect_text("next_step", "nothing for you to do");
	g_assert_cmpstr(cs_test_get_text("age"), ==, "checked 3 hours ago");
	g_assert_cmpstr(cs_test_get_text("organisation"), ==, "Example Corp");
	g_assert_cmpstr(cs_test_get_text("user"), ==, "ada");
	g_assert_cmpstr(cs_test_get_text("device_name"), ==, "Ada's laptop");
	g_assert_cmpstr(cs_test_get_text("device_id"), ==,
			cs_agent_get_account(d->base.agent, d->base.id)->device_id);
	g_assert_cmpstr(cs_test_get_text("issuer"), ==,
			cs_agent_get_account(d->base.agent, d->base.id)->certificate_issuer);
	cs_test_wait_text("location", "In your own store: ");
	cs_test_expect_text("location", path);
	cs_test_expect_text("key", "Can be copied");
	g_assert_cmpstr(gtk_header_bar_get_title(GTK_HEADER_BAR(cs_test_find("header"))), ==,
			"ada");
}

/* A day in words; the test's time zone is UTC. */
static void
test_valid_until(CsTestDesktop *d, gconstpointer data)
{
	const CsAccount *account = NULL;
	g_autoptr(GDateTime) end = NULL;
	g_autofree char *day = NULL;

	cs_test_agent_install(&d->base);
	open_account(d);
	account = cs_agent_get_account(d->base.agent, d->base.id);
	end = g_date_time_new_from_unix_utc(account->certificate_not_after);
	day = g_date_time_format(end, "%-d %B %Y");
	g_assert_cmpstr(cs_test_get_text("valid_until"), ==, day);
}

static void
test_not_managed(CsTestDesktop *d, gconstpointer data)
{
	open_account(d);
	g_assert_cmpstr(cs_test_get_text("state"), ==, "Not managed");
	cs_test_expect_text("sentence", "has no certificate from an authority");
	cs_test_expect_text("next_step", "Ask the helpdesk");
	g_assert_false(cs_test_is_shown("certificate_box"));
}

static void
test_copy(CsTestDesktop *d, gconstpointer data)
{
	GtkClipboard *clipboard = NULL;
	g_autofree char *text = NULL;

	open_account(d);
	cs_test_press("copy_button");
	clipboard = gtk_widget_get_clipboard(d->window, GDK_SELECTION_CLIPBOARD);
	text = gtk_clipboard_wait_for_text(clipboard);
	g_assert_cmpstr(text, ==, cs_test_get_text("device_id"));
	g_assert_cmpstr(gtk_button_get_label(GTK_BUTTON(cs_test_find("copy_button"))), ==,
			"C_opied");
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	g_assert_cmpstr(gtk_button_get_label(GTK_BUTTON(cs_test_find("copy_button"))), ==, "C_opy");
}

/* In groups, as it is read out. */
static void
test_helpdesk_code(CsTestDesktop *d, gconstpointer data)
{
	GtkClipboard *clipboard = NULL;
	g_autofree char *code = cs_helpdesk_code_format(CS_TEST_SERVER_HELPDESK_CODE);
	g_autofree char *text = NULL;

	open_account(d);
	g_assert_true(cs_test_is_shown("code_box"));
	g_assert_cmpstr(cs_test_get_text("helpdesk_code"), ==, code);
	cs_test_press("copy_code_button");
	clipboard = gtk_widget_get_clipboard(d->window, GDK_SELECTION_CLIPBOARD);
	text = gtk_clipboard_wait_for_text(clipboard);
	g_assert_cmpstr(text, ==, code);
	g_assert_cmpstr(gtk_button_get_label(GTK_BUTTON(cs_test_find("copy_code_button"))), ==,
			"Co_de Copied");
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	g_assert_cmpstr(gtk_button_get_label(GTK_BUTTON(cs_test_find("copy_code_button"))), ==,
			"Copy Co_de");
}

/* Newest first, in words, with the code where the help desk asks for it. */
static void
test_history(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *moment = NULL;
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(CS_TEST_SERVER_NOW);

	open_account(d);
	cs_test_agent_install(&d->base);
	check(d);
	d->base.faults->status = 503;
	check(d);
	d->base.faults->status = 0;
	cs_test_wait_shown("history");
	cs_test_wait_rows("history", 3);
	cs_test_desktop_draw(d);
	moment = g_date_time_format(time, "%-d %B %Y, %H:%M");
	g_assert_nonnull(strstr(get_entry_name(0), "The server could not be reached."));
	expect_tooltip(0, "unreachable");
	g_assert_true(g_str_has_prefix(get_entry_name(1), moment));
	g_assert_nonnull(strstr(get_entry_name(1), "Managed"));
	expect_tooltip(1, "managed, request request1");
	g_assert_nonnull(strstr(get_entry_name(2), "Not managed. This device has no certificate"));
	g_assert_cmpstr(atk_object_get_description(gtk_widget_get_accessible(get_entry(2))), ==,
			"no-certificate, request request1");
	g_assert_null(get_entry(3));
	cs_test_expect_text("sentence", "what it said before still stands");
}

/* Before the first answer there is nothing to show, and that is said. */
static void
test_never_checked(CsTestDesktop *d, gconstpointer data)
{
	cs_test_agent_hold(&d->base, "/v1/transactions");
	cs_test_agent_start(&d->base);
	cs_test_agent_wait_for_held(&d->base);
	cs_test_desktop_open_window(d);
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	cs_test_wait_text("history_note", "none yet");
	g_assert_cmpstr(cs_test_get_text("state"), ==, "Checking");
	g_assert_cmpstr(cs_test_get_text("age"), ==, "not checked yet");
	g_assert_false(cs_test_is_shown("certificate_box"));
	cs_test_agent_release(&d->base);
	cs_test_agent_settle(&d->base);
	cs_test_wait_shown("history");
}

static GtkWidget *
ask(CsTestDesktop *d)
{
	open_account(d);
	cs_test_key(d->window, GDK_KEY_Delete, 0);
	cs_test_desktop_draw(d);
	g_assert_nonnull(cs_test_get_dialog());
	return cs_test_get_dialog();
}

/* Rule 23: Cancel is what Enter does, and Escape. */
static void
test_delete_cancelled(CsTestDesktop *d, gconstpointer data)
{
	GtkWidget *dialog = ask(d);

	cs_test_expect_text("question", "Delete the account of ada at Example Corp?");
	cs_test_expect_text("consequences", "no longer sign in there");
	g_assert_true(gtk_window_get_focus(GTK_WINDOW(dialog)) == cs_test_find("cancel_button"));
	g_assert_true(gtk_window_get_default_widget(GTK_WINDOW(dialog)) ==
		      cs_test_find("cancel_button"));
	cs_test_key(dialog, GDK_KEY_Return, 0);
	cs_test_wait_hidden("question");
	cs_test_key(d->window, GDK_KEY_Delete, 0);
	cs_test_key(cs_test_get_dialog(), GDK_KEY_Escape, 0);
	g_assert_null(cs_test_get_dialog());
	g_assert_nonnull(cs_agent_get_account(d->base.agent, d->base.id));
	g_assert_true(cs_test_is_shown("check_button"));
	g_assert_cmpuint(cs_test_server_count_calls(d->base.server, "/v1/accounts/"), ==, 0);
}

/* Rule 23 */
static void
test_delete(CsTestDesktop *d, gconstpointer data)
{
	ask(d);
	cs_test_agent_hold(&d->base, "/v1/accounts/");
	cs_test_press("delete_button");
	g_assert_true(cs_test_is_shown("progress"));
	g_assert_false(gtk_widget_is_sensitive(cs_test_find("delete_button")));
	cs_test_agent_wait_for_held(&d->base);
	cs_test_agent_release(&d->base);
	cs_test_agent_settle(&d->base);
	g_assert_null(cs_test_get_dialog());
	g_assert_true(cs_test_is_shown("empty_add_button"));
	g_assert_true(cs_test_server_is_deleted(d->base.server, d->base.id));
}

/* Rule 23: gone from here, and the person is told what is still to come. */
static void
test_delete_offline(CsTestDesktop *d, gconstpointer data)
{
	ask(d);
	d->base.faults->status = 503;
	cs_test_press("delete_button");
	cs_test_wait_text("question", "is deleted on this device");
	cs_test_expect_text("consequences", "has not heard of it yet");
	g_assert_false(cs_test_is_shown("delete_button"));
	cs_test_press("cancel_button");
	g_assert_null(cs_test_get_dialog());
	cs_test_agent_settle(&d->base);
	g_assert_true(cs_test_is_shown("empty_add_button"));
	g_assert_false(cs_test_server_is_deleted(d->base.server, d->base.id));
}

/* Who does not want to wait for the server is told what has happened. */
static void
test_delete_stopped(CsTestDesktop *d, gconstpointer data)
{
	ask(d);
	cs_test_agent_hold(&d->base, "/v1/nonce");
	cs_test_press("delete_button");
	cs_test_agent_wait_for_held(&d->base);
	cs_test_press("cancel_button");
	cs_test_agent_release(&d->base);
	cs_test_wait_text("question", "is deleted on this device");
	cs_test_agent_settle(&d->base);
	g_assert_null(cs_agent_get_account(d->base.agent, d->base.id));
}

/* What cannot be done is said, and nothing is shown as done. */
static void
test_delete_fails(CsTestDesktop *d, gconstpointer data)
{
	ask(d);
	cs_test_home_write_book(d->base.home, "{");
	cs_test_press("delete_button");
	cs_test_wait_shown("problem");
	g_assert_cmpuint(strlen(cs_test_get_text("problem")), >, 20);
	g_assert_true(gtk_widget_is_sensitive(cs_test_find("delete_button")));
	cs_test_agent_settle(&d->base);
}

/* The window goes, and its dialog with it, while the server is being told. */
static void
test_delete_closed(CsTestDesktop *d, gconstpointer data)
{
	ask(d);
	cs_test_agent_hold(&d->base, "/v1/nonce");
	cs_test_press("delete_button");
	cs_test_agent_wait_for_held(&d->base);
	gtk_widget_destroy(d->window);
	g_assert_null(cs_test_get_dialog());
	cs_test_agent_release(&d->base);
	cs_test_agent_settle(&d->base);
	g_assert_null(cs_agent_get_account(d->base.agent, d->base.id));
}

int
main(int argc, char **argv)
{
	cs_test_desktop_init(&argc, &argv);
	cs_test_add_desktop_test("/account/managed", test_managed);
	cs_test_add_desktop_test("/account/valid-until", test_valid_until);
	cs_test_add_desktop_test("/account/not-managed", test_not_managed);
	cs_test_add_desktop_test("/account/copy", test_copy);
	cs_test_add_desktop_test("/account/helpdesk-code", test_helpdesk_code);
	cs_test_add_desktop_test("/account/history", test_history);
	cs_test_add_desktop_test("/account/never-checked", test_never_checked);
	cs_test_add_desktop_test("/account/delete/cancelled", test_delete_cancelled);
	cs_test_add_desktop_test("/account/delete/done", test_delete);
	cs_test_add_desktop_test("/account/delete/offline", test_delete_offline);
	cs_test_add_desktop_test("/account/delete/stopped", test_delete_stopped);
	cs_test_add_desktop_test("/account/delete/fails", test_delete_fails);
	cs_test_add_desktop_test("/account/delete/closed", test_delete_closed);
	return g_test_run();
}
