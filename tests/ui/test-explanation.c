/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/ui/ui-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

static void
open_explanation(CsTestDesktop *d)
{
	cs_test_desktop_open(d);
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	cs_test_press("explain_button");
	cs_test_desktop_draw(d);
}

static void
revoke_device(CsTestDesktop *d)
{
	cs_test_agent_install(&d->base);
	d->base.faults->device_reason = CS_REASON_CERTIFICATE_REVOKED;
}

static gboolean
is_installed(CsTestDesktop *d)
{
	g_autofree char *path = g_build_filename(d->base.home->certificates, "device.pem", NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static char *
get_clipboard(CsTestDesktop *d)
{
	return gtk_clipboard_wait_for_text(
		gtk_widget_get_clipboard(d->window, GDK_SELECTION_CLIPBOARD));
}

/* The first sentence says the one thing to do and whose it is; the rest can be opened. */
static void
test_not_managed(CsTestDesktop *d, gconstpointer data)
{
	open_explanation(d);
	g_assert_true(g_str_has_prefix(cs_test_get_text("step"),
				       "For the helpdesk: Ask the helpdesk to have"));
	cs_test_expect_text("sentence", "has no certificate from an authority");
	g_assert_false(cs_test_is_shown("offer_box"));
	cs_test_wait_shown("details");
	g_assert_false(cs_test_is_shown("list"));
	gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(cs_test_find("details")), TRUE);
	cs_test_wait_shown("list");
}

static void
test_managed(CsTestDesktop *d, gconstpointer data)
{
	cs_test_agent_install(&d->base);
	open_explanation(d);
	g_assert_cmpstr(cs_test_get_text("step"), ==, "There is nothing for you to do.");
	g_assert_false(cs_test_is_shown("offer_box"));
}

/* What the helpdesk gets: the code, and every issuer. */
static void
test_copy(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *text = NULL;
	g_autofree char *first = NULL;

	open_explanation(d);
	cs_test_wait_shown("details");
	cs_test_press("copy_button");
	text = get_clipboard(d);
	first = g_strconcat(cs_test_get_text("step"), "\n", NULL);
	g_assert_true(g_str_has_prefix(text, first));
	g_assert_nonnull(strstr(text, "\nada at Example Corp\nno-certificate\n"));
	g_assert_nonnull(strstr(text, "\n1. CN=Test CA\n"));
	g_assert_nonnull(strstr(text, "request: request1"));
	g_assert_cmpstr(gtk_button_get_label(GTK_BUTTON(cs_test_find("copy_button"))), ==,
			"C_opied");
}

/* Back leads to the account, from where it was opened; its end leads to the list. */
static void
test_back(CsTestDesktop *d, gconstpointer data)
{
	open_explanation(d);
	cs_test_key(d->window, GDK_KEY_Escape, 0);
	cs_test_wait_shown("check_button");
	cs_test_press("explain_button");
	cs_test_wait_shown("step");
	cs_test_desktop_empty(d);
	cs_agent_reload(d->base.agent);
	cs_test_wait_shown("empty_add_button");
}

/* rule 9: offered, asked, done, and the device is checked again */
static void
test_revoked(CsTestDesktop *d, gconstpointer data)
{
	revoke_device(d);
	open_explanation(d);
	g_assert_true(
		g_str_has_prefix(cs_test_get_text("step"), "Yours to do: Delete the revoked"));
	cs_test_wait_shown("delete_button");
	cs_test_press("delete_button");
	cs_test_desktop_place(d);
	cs_test_expect_text("question", "Delete the certificate of CN=Test device?");
	cs_test_expect_text("files", "certificates/device.pem");
	cs_test_expect_text("backup", "deleted-certificates/");
	g_assert_true(gtk_window_get_default_widget(GTK_WINDOW(cs_test_get_dialog())) ==
		      cs_test_find("cancel_button"));
	cs_test_key(cs_test_get_dialog(), GDK_KEY_Return, 0);
	cs_test_wait_hidden("question");
	g_assert_true(is_installed(d));
	cs_test_press("delete_button");
	cs_test_press("delete_button");
	cs_test_wait_text("question", "is deleted from your store");
	cs_test_expect_text("backup", "deleted-certificates/");
	g_assert_false(is_installed(d));
	cs_test_press("cancel_button");
	cs_test_agent_settle(&d->base);
	cs_test_wait_text("sentence", "has no certificate from an authority");
	g_assert_false(cs_test_is_shown("offer_box"));
}

/* What cannot be done is said, and nothing is shown as done. */
static void
test_revoked_fails(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *path = g_build_filename(d->base.home->state, "deleted-certificates", NULL);

	revoke_device(d);
	open_explanation(d);
	cs_test_wait_shown("delete_button");
	cs_test_press("delete_button");
	cs_test_desktop_place(d);
	g_assert_true(g_file_set_contents(path, "", 0, NULL));
	cs_test_press("delete_button");
	cs_test_wait_shown("problem");
	g_assert_true(gtk_widget_is_sensitive(cs_test_find("delete_button")));
	g_assert_true(is_installed(d));
}

/* rule 9: the administrator's command, to be copied */
static void
test_revoked_machine(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *machine = g_build_filename(d->base.home->folder, "machine", NULL);
	g_autofree char *text = NULL;
	g_autofree char *whole = NULL;

	revoke_device(d);
	g_assert_cmpint(g_rename(d->base.home->certificates, machine), ==, 0);
	open_explanation(d);
	cs_test_wait_shown("command");
	g_assert_false(cs_test_is_shown("delete_button"));
	cs_test_expect_text("command", "sudo rm -i -- '");
	g_assert_true(g_str_has_prefix(cs_test_get_text("step"), "For the administrator: Delete"));
	cs_test_press("copy_command_button");
	text = get_clipboard(d);
	g_assert_cmpstr(text, ==, cs_test_get_text("command"));
	cs_test_press("copy_button");
	whole = get_clipboard(d);
	g_assert_true(g_str_has_prefix(whole, "For the administrator: Delete"));
}

static void
test_revoked_shared(CsTestDesktop *d, gconstpointer data)
{
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(NULL, NULL);
	g_autofree char *path = g_build_filename(d->base.home->certificates, "device.pem", NULL);
	g_autofree char *content = NULL;
	g_autofree char *both = NULL;

	revoke_device(d);
	g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
	both = g_strconcat(content, cs_test_identity_get_pem(other), NULL);
	g_assert_true(g_file_set_contents(path, both, -1, NULL));
	open_explanation(d);
	cs_test_wait_text("offer", "also holds other certificates");
	g_assert_false(cs_test_is_shown("delete_button"));
	g_assert_false(cs_test_is_shown("command"));
}

int
main(int argc, char **argv)
{
	cs_test_desktop_init(&argc, &argv);
	cs_test_add_desktop_test("/explanation/not-managed", test_not_managed);
	cs_test_add_desktop_test("/explanation/managed", test_managed);
	cs_test_add_desktop_test("/explanation/copy", test_copy);
	cs_test_add_desktop_test("/explanation/back", test_back);
	cs_test_add_desktop_test("/explanation/revoked", test_revoked);
	cs_test_add_desktop_test("/explanation/revoked/fails", test_revoked_fails);
	cs_test_add_desktop_test("/explanation/revoked/machine", test_revoked_machine);
	cs_test_add_desktop_test("/explanation/revoked/shared", test_revoked_shared);
	return g_test_run();
}
