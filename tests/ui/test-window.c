/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/ui/ui-fixture.h"

#include "core/base/file.h"
#include "ui/diagnostics-dialog.h"

#include <string.h>

#define HOUR_S 3600

static GtkWidget *
get_row(guint index)
{
	GtkListBox *list = GTK_LIST_BOX(cs_test_find("list"));

	return GTK_WIDGET(gtk_list_box_get_row_at_index(list, (int)index));
}

/* All that a row says, as it is read aloud. */
static const char *
get_row_name(guint index)
{
	return atk_object_get_name(gtk_widget_get_accessible(get_row(index)));
}

static void
test_empty(CsTestDesktop *d, gconstpointer data)
{
	cs_test_desktop_empty(d);
	cs_test_desktop_open(d);
	g_assert_true(cs_test_is_shown("empty_add_button"));
	g_assert_false(cs_test_is_shown("list"));
	g_assert_false(cs_test_is_shown("add_button"));
	g_assert_true(gtk_window_get_focus(GTK_WINDOW(d->window)) ==
		      cs_test_find("empty_add_button"));
	cs_test_press("empty_add_button");
	g_assert_true(cs_test_is_shown("address"));
}

static void
test_list(CsTestDesktop *d, gconstpointer data)
{
	g_free(cs_test_home_enrol(d->base.home, d->base.server, "grace.hopper@example.org"));
	cs_test_agent_install(&d->base);
	d->now = CS_TEST_SERVER_NOW + 5 * 60;
	cs_test_desktop_open(d);
	g_assert_cmpstr(get_row_name(0), ==, "ada at Example Corp: Managed, checked 5 minutes ago");
	g_assert_cmpstr(get_row_name(1), ==,
			"grace.hopper@example.org at Example Corp: Managed, checked 5 minutes ago");
	cs_test_expect_text("initials", "A");
	cs_test_expect_text("user", "ada");
	cs_test_expect_text("organisation", "Example Corp");
	cs_test_expect_text("state", "Managed · checked 5 minutes ago");
}

static gboolean
wakes_up(CsTestDesktop *d)
{
	return g_main_context_find_source_by_user_data(NULL, d->window) != NULL;
}

static void
iconify(CsTestDesktop *d, gboolean is_iconified)
{
	GdkEvent *event = gdk_event_new(GDK_WINDOW_STATE);

	event->window_state.window = g_object_ref(gtk_widget_get_window(d->window));
	event->window_state.changed_mask = GDK_WINDOW_STATE_ICONIFIED;
	event->window_state.new_window_state = is_iconified ? GDK_WINDOW_STATE_ICONIFIED : 0;
	gtk_widget_event(d->window, event);
	gdk_event_free(event);
}

/* The verdict grows older before the eyes of whoever looks, on either page; where nobody can see it,
 * nothing wakes up. */
static void
test_age_grows(CsTestDesktop *d, gconstpointer data)
{
	d->now = CS_TEST_SERVER_NOW + 59;
	cs_test_desktop_open(d);
	cs_test_expect_text("state", "checked just now");
	g_assert_true(wakes_up(d));
	d->now += 1;
	cs_test_wait_text("state", "checked 1 minute ago");
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	d->now += 58;
	cs_test_give_focus(d->window, TRUE);
	cs_test_agent_settle(&d->base);
	cs_test_expect_text("age", "checked 1 minute ago");
	d->now += 2;
	cs_test_wait_text("age", "checked 2 minutes ago");
	iconify(d, TRUE);
	g_assert_false(wakes_up(d));
	d->now += HOUR_S;
	iconify(d, FALSE);
	g_assert_true(wakes_up(d));
	cs_test_expect_text("age", "checked 1 hour ago");
	gtk_widget_hide(d->window);
	g_assert_false(wakes_up(d));
}

/* Whoever comes back sees the truth at once. */
static void
test_age(CsTestDesktop *d, gconstpointer data)
{
	cs_test_desktop_open(d);
	cs_test_expect_text("state", "checked just now");
	d->now += 2 * HOUR_S;
	cs_test_give_focus(d->window, FALSE);
	cs_test_expect_text("state", "checked just now");
	cs_test_give_focus(d->window, TRUE);
	cs_test_expect_text("state", "checked 2 hours ago");
}

/* The server's word changes what is shown; the row, and the keyboard's place on it, stay. */
static void
test_change(CsTestDesktop *d, gconstpointer data)
{
	GtkWidget *row = NULL;

	cs_test_desktop_open(d);
	row = get_row(0);
	g_assert_true(gtk_window_get_focus(GTK_WINDOW(d->window)) == row);
	g_assert_nonnull(strstr(get_row_name(0), "Not managed"));
	d->base.faults->reason = CS_REASON_DEVICE_SUSPENDED;
	cs_test_key(d->window, GDK_KEY_F5, 0);
	cs_test_agent_settle(&d->base);
	g_assert_nonnull(strstr(get_row_name(0), "Action needed"));
	g_assert_true(get_row(0) == row);
	g_assert_true(gtk_window_get_focus(GTK_WINDOW(d->window)) == row);
	cs_test_key(d->window, GDK_KEY_Return, 0);
	cs_test_expect_text("sentence", "Your organisation has suspended this device.");
	cs_test_expect_text("next_step", "only the administrator can resume it");
	cs_test_key(d->window, GDK_KEY_Escape, 0);
	g_assert_true(gtk_window_get_focus(GTK_WINDOW(d->window)) == row);
}

/* Progress is shown, and one check is not begun twice. */
static void
test_checking(CsTestDesktop *d, gconstpointer data)
{
	guint n_checks = 0;

	cs_test_agent_install(&d->base);
	cs_test_desktop_open(d);
	n_checks = cs_test_agent_count_checks(&d->base);
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	cs_test_agent_hold(&d->base, "/v1/transactions");
	cs_test_press("check_button");
	cs_test_expect_text("state", "Checking");
	g_assert_false(gtk_widget_is_sensitive(cs_test_find("check_button")));
	cs_test_key(d->window, GDK_KEY_F5, 0);
	cs_test_agent_wait_for_held(&d->base);
	cs_test_agent_release(&d->base);
	cs_test_agent_settle(&d->base);
	cs_test_expect_text("state", "Managed");
	g_assert_true(gtk_widget_is_sensitive(cs_test_find("check_button")));
	g_assert_cmpuint(cs_test_agent_count_checks(&d->base), ==, n_checks + 1);
}

/* Rule 23: the server's word ends an account while somebody looks at it. */
static void
test_ended(CsTestDesktop *d, gconstpointer data)
{
	cs_test_desktop_open(d);
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	cs_test_server_end_account(d->base.server, d->base.id, CS_REASON_DEVICE_DEACTIVATED);
	cs_test_key(d->window, GDK_KEY_r, GDK_CONTROL_MASK);
	cs_test_wait_shown("empty_add_button");
	cs_test_wait_text("info_label", "has deactivated this device");
	cs_test_expect_text("info_label", "the administrator has to reactivate the device");
}

static void
test_unknown_account(CsTestDesktop *d, gconstpointer data)
{
	cs_test_desktop_open(d);
	cs_window_show_account(CS_WINDOW(d->window), "nosuchaccount");
	g_assert_true(cs_test_is_shown("list"));
}

/* Keys of the window; those of its pages are seen where the pages are. */
static void
test_keys(CsTestDesktop *d, gconstpointer data)
{
	cs_test_desktop_open(d);
	cs_test_key(d->window, GDK_KEY_n, GDK_CONTROL_MASK);
	g_assert_true(cs_test_is_shown("address"));
	cs_test_key(d->window, GDK_KEY_Left, GDK_MOD1_MASK);
	g_assert_true(cs_test_is_shown("list"));
	cs_test_key(d->window, GDK_KEY_Delete, 0);
	g_assert_null(cs_test_get_dialog());
	cs_test_key(d->window, GDK_KEY_F10, 0);
	g_assert_true(gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(cs_test_find("menu_button"))));
	gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(cs_test_find("menu_button")), FALSE);
	cs_test_key(d->window, GDK_KEY_w, GDK_CONTROL_MASK);
	g_assert_null(d->window);
}

/* While something is typed, Delete deletes a character. */
static void
test_delete_key_in_entry(CsTestDesktop *d, gconstpointer data)
{
	cs_test_desktop_open(d);
	cs_window_show_add(CS_WINDOW(d->window), NULL);
	cs_test_type("address", "xy");
	gtk_editable_set_position(GTK_EDITABLE(cs_test_find("address")), 0);
	cs_test_key(d->window, GDK_KEY_Delete, 0);
	g_assert_cmpstr(cs_test_get_text("address"), ==, "y");
	g_assert_null(cs_test_get_dialog());
}

static gboolean
press_quit_cb(gpointer data)
{
	cs_test_key(data, GDK_KEY_q, GDK_CONTROL_MASK);
	return G_SOURCE_REMOVE;
}

static gboolean
too_late_cb(gpointer data)
{
	g_error("Ctrl+Q did not quit");
	return G_SOURCE_REMOVE;
}

static void
test_quit(CsTestDesktop *d, gconstpointer data)
{
	guint limit = 0;

	cs_test_desktop_open(d);
	limit = g_timeout_add_seconds(120, too_late_cb, NULL);
	g_application_hold(d->application);
	g_signal_connect(d->application, "activate", G_CALLBACK(g_application_get_is_registered),
			 NULL);
	g_idle_add(press_quit_cb, d->window);
	g_assert_cmpint(g_application_run(d->application, 0, NULL), ==, 0);
	g_source_remove(limit);
}

static gboolean
get_switch(CsTestDesktop *d)
{
	GActionGroup *actions = gtk_widget_get_action_group(d->window, "win");
	g_autoptr(GVariant) state = g_action_group_get_action_state(actions, "start-at-login");

	return g_variant_get_boolean(state);
}

static void
flip_switch(CsTestDesktop *d)
{
	g_action_group_activate_action(gtk_widget_get_action_group(d->window, "win"),
				       "start-at-login", NULL);
}

static void
test_autostart(CsTestDesktop *d, gconstpointer data)
{
	cs_test_desktop_open(d);
	d->is_autostarted = TRUE; /* by somebody else, since */
	cs_test_key(d->window, GDK_KEY_F10, 0);
	g_assert_true(get_switch(d));
	flip_switch(d);
	g_assert_false(d->is_autostarted);
	g_assert_false(get_switch(d));
	g_assert_false(cs_test_is_shown("info_label"));

	d->is_autostart_broken = TRUE;
	flip_switch(d);
	g_assert_false(d->is_autostarted);
	g_assert_false(get_switch(d));
	cs_test_expect_text("info_label", "The folder cannot be written.");
}

static void
test_size(CsTestDesktop *d, gconstpointer data)
{
	int width = 0;
	int height = 0;

	cs_test_desktop_open(d);
	gtk_window_resize(GTK_WINDOW(d->window), 640, 700);
	do {
		cs_test_desktop_draw(d);
		gtk_window_get_size(GTK_WINDOW(d->window), &width, &height);
	} while (width != 640 || height != 700);
	gtk_widget_destroy(d->window);
	cs_test_desktop_open_window(d);
	gtk_window_get_default_size(GTK_WINDOW(d->window), &width, &height);
	g_assert_cmpint(width, ==, 640);
	g_assert_cmpint(height, ==, 700);
}

/* A file that is not ours costs no more than the size. */
static void
test_odd_size(CsTestDesktop *d, gconstpointer data)
{
	static const char *const texts[] = {
		"[window]\nwidth=-5\nheight=700\n",
		"[window]\nwidth=99999999\nheight=700\n",
		"[window]\nwidth=many\n",
		"no key file at all",
		"",
	};
	g_autofree char *folder = g_path_get_dirname(d->state_file);
	int width = 0;

	g_assert_true(cs_file_ensure_folder(folder, NULL));
	cs_test_desktop_open(d);
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		gtk_widget_destroy(d->window);
		g_assert_true(g_file_set_contents(d->state_file, texts[i], -1, NULL));
		cs_test_desktop_open_window(d);
		gtk_window_get_default_size(GTK_WINDOW(d->window), &width, NULL);
		g_assert_cmpint(width, ==, 520);
	}
}

/* A book that cannot be read is not "no account yet". */
static void
test_broken_book(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *book = cs_test_home_read_book(d->base.home);

	cs_test_home_write_book(d->base.home, "{");
	cs_test_desktop_open(d);
	g_assert_false(cs_test_is_shown("empty_add_button"));
	g_assert_true(cs_test_is_shown("problem"));
	g_assert_cmpuint(strlen(cs_test_get_text("problem")), >, 20);
	cs_test_home_write_book(d->base.home, book);
	cs_test_press("retry_button");
	cs_test_wait_shown("list");
}

static void
test_no_tray(CsTestDesktop *d, gconstpointer data)
{
	cs_test_desktop_open(d);
	g_assert_false(cs_test_is_shown("info_label"));
	cs_window_show_no_tray(CS_WINDOW(d->window));
	cs_test_expect_text("info_label", "shows no tray icons");
	cs_test_press("info_close_button");
	g_assert_false(cs_test_is_shown("info_label"));
}

/* Read first: nothing can be copied or saved before it is on the screen; then it is what is shown. */
static void
test_diagnostics(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *path = g_build_filename(d->base.home->folder, "report.txt", NULL);
	g_autofree char *broken = g_build_filename(d->base.home->folder, "none", "x.txt", NULL);
	g_autofree char *copied = NULL;
	g_autofree char *saved = NULL;
	GtkWidget *dialog = NULL;

	cs_test_desktop_open(d);
	g_action_group_activate_action(gtk_widget_get_action_group(d->window, "win"), "diagnostics",
				       NULL);
	dialog = cs_test_get_dialog();
	g_assert_false(gtk_widget_get_sensitive(cs_test_find("copy_button")));
	g_assert_false(gtk_widget_get_sensitive(cs_test_find("save_button")));
	cs_test_wait_shown("report");
	cs_test_press("copy_button");
	cs_test_expect_text("outcome", "clipboard");
	copied = gtk_clipboard_wait_for_text(
		gtk_widget_get_clipboard(dialog, GDK_SELECTION_CLIPBOARD));
	g_assert_nonnull(strstr(copied, "ada at Example Corp"));
	gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(cs_test_find("initials_button")), TRUE);
	g_assert_false(gtk_widget_get_sensitive(cs_test_find("save_button")));
	cs_test_wait_shown("report");
	cs_diagnostics_dialog_save(CS_DIAGNOSTICS_DIALOG(dialog), path);
	cs_test_wait_shown("outcome");
	cs_test_expect_text("outcome", "report.txt");
	g_assert_true(g_file_get_contents(path, &saved, NULL, NULL));
	g_assert_nonnull(strstr(saved, "A at Example Corp"));
	g_assert_null(strstr(saved, "ada"));
	cs_diagnostics_dialog_save(CS_DIAGNOSTICS_DIALOG(dialog), broken);
	cs_test_wait_shown("problem");
	cs_test_press("close_button");
	g_assert_null(cs_test_get_dialog());
}

static void
test_about(CsTestDesktop *d, gconstpointer data)
{
	GtkWidget *dialog = NULL;

	cs_test_desktop_open(d);
	g_action_group_activate_action(gtk_widget_get_action_group(d->window, "win"), "about",
				       NULL);
	dialog = cs_test_get_dialog();
	g_assert_cmpstr(gtk_about_dialog_get_version(GTK_ABOUT_DIALOG(dialog)), ==, CS_VERSION);
	gtk_dialog_response(GTK_DIALOG(dialog), GTK_RESPONSE_DELETE_EVENT);
	g_assert_null(cs_test_get_dialog());
}

int
main(int argc, char **argv)
{
	cs_test_desktop_init(&argc, &argv);
	cs_test_add_desktop_test("/window/empty", test_empty);
	cs_test_add_desktop_test("/window/list", test_list);
	cs_test_add_desktop_test("/window/age", test_age);
	cs_test_add_desktop_test("/window/age-grows", test_age_grows);
	cs_test_add_desktop_test("/window/change", test_change);
	cs_test_add_desktop_test("/window/checking", test_checking);
	cs_test_add_desktop_test("/window/ended", test_ended);
	cs_test_add_desktop_test("/window/unknown-account", test_unknown_account);
	cs_test_add_desktop_test("/window/keys", test_keys);
	cs_test_add_desktop_test("/window/delete-key-in-entry", test_delete_key_in_entry);
	cs_test_add_desktop_test("/window/quit", test_quit);
	cs_test_add_desktop_test("/window/autostart", test_autostart);
	cs_test_add_desktop_test("/window/size", test_size);
	cs_test_add_desktop_test("/window/odd-size", test_odd_size);
	cs_test_add_desktop_test("/window/broken-book", test_broken_book);
	cs_test_add_desktop_test("/window/no-tray", test_no_tray);
	cs_test_add_desktop_test("/window/diagnostics", test_diagnostics);
	cs_test_add_desktop_test("/window/about", test_about);
	return g_test_run();
}
