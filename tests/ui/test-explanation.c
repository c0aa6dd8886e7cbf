/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/tokens.h"
#include "tests/ui/ui-fixture.h"
#include "ui/explanation-list.h"

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
				       "It is the helpdesk's turn. Ask the helpdesk to have"));
	cs_test_expect_text("sentence", "has no certificate from an authority");
	g_assert_false(cs_test_is_shown("offer_box"));
	cs_test_wait_shown("details");
	g_assert_false(cs_test_is_shown("list"));
	gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(cs_test_find("details")), TRUE);
	cs_test_wait_shown("list");
}

static GtkWidget *
get_row(void)
{
	g_autoptr(GList) rows = gtk_container_get_children(GTK_CONTAINER(cs_test_find("list")));

	return g_list_nth_data(rows, 0);
}

/* A text that somebody has selected there stays so: rows are made anew only where they change. */
static void
test_list_stays(CsTestDesktop *d, gconstpointer data)
{
	GtkWidget *row = NULL;

	open_explanation(d);
	cs_test_press("details");
	row = get_row();
	cs_test_give_focus(d->window, FALSE);
	cs_test_give_focus(d->window, TRUE);
	cs_test_desktop_draw(d);
	g_assert_true(get_row() == row);
	g_object_add_weak_pointer(G_OBJECT(row), (gpointer *)&row);
	cs_agent_check(d->base.agent, NULL);
	cs_test_desktop_draw(d);
	g_assert_true(get_row() == row);
	cs_test_agent_install(&d->base);
	cs_agent_check(d->base.agent, NULL);
	cs_test_desktop_draw(d);
	g_assert_null(row);
	g_assert_nonnull(get_row());
}

static void
add_issuer(CsExplanation *explanation, guint n_candidates)
{
	CsIssuerExplanation *issuer = g_new0(CsIssuerExplanation, 1);

	issuer->subject = g_strdup("CN=Issuer");
	issuer->answered = TRUE;
	issuer->candidates = g_ptr_array_new_with_free_func((GDestroyNotify)cs_candidate_free);
	for (guint i = 0; i < n_candidates; i++) {
		CsCandidate *candidate = g_new0(CsCandidate, 1);

		candidate->detail = g_strdup("Why.");
		candidate->location = g_strdup_printf("/%u.pem", i);
		candidate->outcome = CS_OUTCOME_FAILED;
		g_ptr_array_add(issuer->candidates, candidate);
	}
	g_ptr_array_add(explanation->issuers, issuer);
}

static void
collect_cb(GtkWidget *widget, gpointer text)
{
	if (GTK_IS_LABEL(widget))
		g_string_append_printf(text, "%s\n", gtk_label_get_text(GTK_LABEL(widget)));
	else
		gtk_container_foreach(GTK_CONTAINER(widget), collect_cb, text);
}

static char *
list(const CsExplanation *explanation)
{
	GtkWidget *box = g_object_ref_sink(gtk_box_new(GTK_ORIENTATION_VERTICAL, 0));
	GString *text = g_string_new(NULL);

	cs_explanation_list_fill(GTK_BOX(box), explanation);
	collect_cb(box, text);
	g_object_unref(box);
	return g_string_free(text, FALSE);
}

static guint
count(const char *text, const char *part)
{
	g_auto(GStrv) parts = g_strsplit(text, part, -1);

	return g_strv_length(parts) - 1;
}

/* Of many the newest, and always the one that was selected. */
static void
test_many(void)
{
	g_autoptr(CsExplanation) explanation = cs_explanation_new(0);
	CsIssuerExplanation *issuer = NULL;
	g_autofree char *text = NULL;

	add_issuer(explanation, 500);
	issuer = g_ptr_array_index(explanation->issuers, 0);
	((CsCandidate *)g_ptr_array_index(issuer->candidates, 400))->outcome = CS_OUTCOME_SELECTED;
	text = list(explanation);
	g_assert_cmpuint(count(text, "Why."), ==, 11);
	g_assert_nonnull(strstr(text, "/9.pem\n"));
	g_assert_null(strstr(text, "/10.pem\n"));
	g_assert_nonnull(strstr(text, "/400.pem\n"));
	g_assert_nonnull(strstr(text, "\nand 489 more\n"));
}

/* As many issuers as an organisation may list, and the last has what was selected. */
static void
test_many_issuers(void)
{
	g_autoptr(CsExplanation) explanation = cs_explanation_new(0);
	CsIssuerExplanation *issuer = NULL;
	g_autofree char *text = NULL;

	for (guint i = 0; i < CS_MAX_ISSUERS; i++)
		add_issuer(explanation, 12);
	issuer = g_ptr_array_index(explanation->issuers, CS_MAX_ISSUERS - 1);
	((CsCandidate *)g_ptr_array_index(issuer->candidates, 11))->outcome = CS_OUTCOME_SELECTED;
	text = list(explanation);
	g_assert_cmpuint(count(text, "CN=Issuer"), ==, 21);
	g_assert_cmpuint(count(text, "Why."), ==, 31);
	g_assert_cmpuint(count(text, "/11.pem"), ==, 1);
	g_assert_true(g_str_has_suffix(text, "\nand 43 more\n"));
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
		g_str_has_prefix(cs_test_get_text("step"), "It is your turn. Delete the revoked"));
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
	g_assert_true(g_str_has_prefix(cs_test_get_text("step"),
				       "It is the administrator's turn. Have the"));
	cs_test_press("copy_command_button");
	text = get_clipboard(d);
	g_assert_cmpstr(text, ==, cs_test_get_text("command"));
	cs_test_press("copy_button");
	whole = get_clipboard(d);
	g_assert_true(g_str_has_prefix(whole, "It is the administrator's turn. Have the"));
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

/* What the stores say meanwhile, the page says when somebody comes back to look. */
static void
look_again(CsTestDesktop *d)
{
	cs_test_give_focus(d->window, FALSE);
	cs_test_give_focus(d->window, TRUE);
	cs_test_desktop_draw(d);
}

/* It was deleted by other means: there is nothing left to delete. */
static void
test_revoked_gone(CsTestDesktop *d, gconstpointer data)
{
	revoke_device(d);
	open_explanation(d);
	cs_test_wait_shown("delete_button");
	cs_test_agent_uninstall(&d->base);
	look_again(d);
	cs_test_wait_text("step", "It is your turn. The revoked certificate is gone");
	g_assert_false(cs_test_is_shown("offer_box"));
	cs_agent_check(d->base.agent, NULL);
	cs_test_agent_settle(&d->base);
	cs_test_wait_text("step", "It is the helpdesk's turn. Ask the helpdesk to have");
}

/* A store that cannot be read is said, with what to do, in place of the offer. */
static void
test_revoked_unread(CsTestDesktop *d, gconstpointer data)
{
	revoke_device(d);
	open_explanation(d);
	cs_test_wait_shown("delete_button");
	cs_test_desktop_block_store(d);
	look_again(d);
	cs_test_wait_text("offer", "Cannot open folder");
	cs_test_expect_text("offer", "then try again.");
	g_assert_false(cs_test_is_shown("delete_button"));
	g_assert_false(cs_test_is_shown("command"));
	cs_test_desktop_unblock_store(d);
	look_again(d);
	cs_test_wait_shown("delete_button");
}

/* Files may have names that are no text. */
static void
test_revoked_odd_name(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *machine = g_build_filename(d->base.home->folder, "machine", NULL);
	g_autofree char *path = g_build_filename(d->base.home->certificates, "device.pem", NULL);
	g_autofree char *odd = g_build_filename(d->base.home->certificates, "\xff.pem", NULL);

	cs_test_agent_install(&d->base);
	g_assert_cmpint(g_rename(path, odd), ==, 0);
	g_assert_cmpint(g_rename(d->base.home->certificates, machine), ==, 0);
	d->base.faults->device_reason = CS_REASON_CERTIFICATE_REVOKED;
	open_explanation(d);
	cs_test_wait_shown("command");
	cs_test_expect_text("command", "machine/\xef\xbf\xbd.pem'");
}

int
main(int argc, char **argv)
{
	cs_test_desktop_init(&argc, &argv);
	cs_test_add_desktop_test("/explanation/not-managed", test_not_managed);
	cs_test_add_desktop_test("/explanation/list-stays", test_list_stays);
	g_test_add_func("/explanation/many", test_many);
	g_test_add_func("/explanation/many-issuers", test_many_issuers);
	cs_test_add_desktop_test("/explanation/managed", test_managed);
	cs_test_add_desktop_test("/explanation/copy", test_copy);
	cs_test_add_desktop_test("/explanation/back", test_back);
	cs_test_add_desktop_test("/explanation/revoked", test_revoked);
	cs_test_add_desktop_test("/explanation/revoked/fails", test_revoked_fails);
	cs_test_add_desktop_test("/explanation/revoked/machine", test_revoked_machine);
	cs_test_add_desktop_test("/explanation/revoked/shared", test_revoked_shared);
	cs_test_add_desktop_test("/explanation/revoked/gone", test_revoked_gone);
	cs_test_add_desktop_test("/explanation/revoked/unread", test_revoked_unread);
	cs_test_add_desktop_test("/explanation/revoked/odd-name", test_revoked_odd_name);
	return g_test_run();
}
