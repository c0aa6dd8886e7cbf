/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/ui/scenes.h"

#include "ui/diagnostics-dialog.h"

#include <glib/gstdio.h>
#include <string.h>

#define CODE "0123456789AB"

static void
act(CsTestDesktop *d, const char *action)
{
	g_action_group_activate_action(gtk_widget_get_action_group(d->window, "win"), action, NULL);
}

static void
show_empty(CsTestDesktop *d)
{
	cs_test_desktop_empty(d);
	cs_test_desktop_open(d);
}

static void
show_unreadable(CsTestDesktop *d)
{
	cs_test_home_write_book(d->base.home, "{");
	cs_test_desktop_open(d);
}

/* In each of the states. */
static void
show_accounts(CsTestDesktop *d)
{
	g_autofree char *grace =
		cs_test_home_enrol(d->base.home, d->base.server, "grace.hopper@example.org");
	g_autofree char *mary = cs_test_home_enrol(d->base.home, d->base.server, "Mary Jackson");
	g_autofree char *katherine =
		cs_test_home_enrol(d->base.home, d->base.server, "Katherine Johnson");

	d->now += 5 * 60;
	cs_test_agent_install(&d->base);
	cs_test_desktop_open(d);
	d->base.faults->reason = CS_REASON_USER_SUSPENDED;
	cs_agent_check(d->base.agent, grace);
	cs_test_agent_settle(&d->base);
	d->base.faults->reason = CS_REASON_NONE;
	cs_test_agent_uninstall(&d->base);
	cs_agent_check(d->base.agent, mary);
	cs_test_agent_settle(&d->base);
	cs_test_agent_hold(&d->base, "/v1/transactions");
	cs_agent_check(d->base.agent, katherine);
	cs_test_agent_wait_for_held(&d->base);
}

static void
show_no_tray(CsTestDesktop *d)
{
	cs_test_agent_install(&d->base);
	cs_test_desktop_open(d);
	cs_window_show_no_tray(CS_WINDOW(d->window));
}

static void
show_menu(CsTestDesktop *d)
{
	cs_test_agent_install(&d->base);
	cs_test_desktop_open(d);
	act(d, "menu");
}

static void
show_managed(CsTestDesktop *d)
{
	cs_test_agent_install(&d->base);
	cs_test_desktop_open(d);
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	cs_test_wait_shown("location");
	cs_test_wait_shown("history");
}

/* With a past, and seen from its end. */
static void
show_managed_below(CsTestDesktop *d)
{
	GtkWidget *page = NULL;
	GtkAdjustment *scroll = NULL;

	show_managed(d);
	cs_test_agent_uninstall(&d->base);
	act(d, "check");
	cs_test_agent_settle(&d->base);
	d->base.faults->status = 503;
	act(d, "check");
	cs_test_agent_settle(&d->base);
	d->base.faults->status = 0;
	cs_test_agent_install(&d->base);
	act(d, "check");
	cs_test_agent_settle(&d->base);
	cs_test_wait_rows("history", 4);
	cs_test_desktop_draw(d);
	page = gtk_widget_get_ancestor(cs_test_find("history"), GTK_TYPE_SCROLLED_WINDOW);
	scroll = gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(page));
	gtk_adjustment_set_value(scroll, gtk_adjustment_get_upper(scroll));
}

static void
show_not_managed(CsTestDesktop *d)
{
	cs_test_desktop_open(d);
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	cs_test_wait_shown("history");
}

static void
show_action_needed(CsTestDesktop *d)
{
	d->base.faults->reason = CS_REASON_DEVICE_SUSPENDED;
	show_not_managed(d);
}

static void
show_add_address(CsTestDesktop *d)
{
	cs_test_desktop_open(d);
	cs_window_show_add(CS_WINDOW(d->window), NULL);
}

static void
show_add_address_error(CsTestDesktop *d)
{
	show_add_address(d);
	cs_test_type("address", "https://id.example.org#0123-4567");
	cs_test_press("continue_button");
}

static void
show_add_progress(CsTestDesktop *d)
{
	show_add_address(d);
	cs_test_agent_hold(&d->base, "/.well-known");
	cs_test_press("continue_button");
}

/* A name that a person would give. */
static void
rename_cb(cJSON *answer)
{
	if (cJSON_HasObjectItem(answer, "name"))
		cJSON_ReplaceItemInObjectCaseSensitive(answer, "name",
						       cJSON_CreateString("Example Corp"));
}

static void
show_add_code(CsTestDesktop *d)
{
	d->base.faults->bend_answer = rename_cb;
	show_add_address(d);
	cs_test_press("continue_button");
	cs_test_wait_shown("fingerprint");
}

static void
show_add_code_error(CsTestDesktop *d)
{
	show_add_code(d);
	cs_test_type("code", CODE);
	cs_test_press("add_button");
	cs_test_wait_shown("code_problem");
}

static void
show_add_link(CsTestDesktop *d)
{
	g_autofree char *link = cs_test_desktop_make_link(d, CODE);

	d->base.faults->bend_answer = rename_cb;
	show_add_address(d);
	cs_test_type("address", link);
	cs_test_press("continue_button");
	cs_test_wait_shown("fingerprint");
}

static void
show_delete(CsTestDesktop *d)
{
	show_managed(d);
	act(d, "delete");
}

static void
show_delete_pending(CsTestDesktop *d)
{
	show_delete(d);
	d->base.faults->status = 503;
	cs_test_press("delete_button");
	cs_test_wait_hidden("delete_button");
}

static void
show_diagnostics(CsTestDesktop *d)
{
	show_managed(d);
	act(d, "diagnostics");
	cs_test_wait_shown("report");
}

/* Where it was saved to, and with names reduced. */
static void
show_diagnostics_saved(CsTestDesktop *d)
{
	g_autofree char *path = g_build_filename(d->base.home->folder, "report.txt", NULL);

	show_diagnostics(d);
	gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(cs_test_find("initials_button")), TRUE);
	cs_test_wait_shown("report");
	cs_diagnostics_dialog_save(CS_DIAGNOSTICS_DIALOG(cs_test_get_dialog()), path);
	cs_test_wait_shown("outcome");
	gtk_label_set_text(GTK_LABEL(cs_test_find("outcome")),
			   "The report is saved as /home/ada/countersign-diagnostics.txt.");
}

static void
show_about(CsTestDesktop *d)
{
	show_managed(d);
	act(d, "about");
}

/* Rule 25, as far as it has come. */
static void
show_guide(CsTestDesktop *d, const char *steps)
{
	d->base.faults->steps = steps;
	cs_test_desktop_open(d);
	cs_window_show_repurpose(CS_WINDOW(d->window));
	cs_test_wait_shown("steps");
}

static void
rename_other_cb(cJSON *answer)
{
	if (cJSON_HasObjectItem(answer, "name"))
		cJSON_ReplaceItemInObjectCaseSensitive(
			answer, "name",
			cJSON_CreateString("The University of Somewhere Rather Far Away"));
}

/* At one of two organisations. */
static void
show_guide_delete(CsTestDesktop *d)
{
	g_autoptr(CsTestServer) other = cs_test_server_new();
	g_autofree char *id = NULL;

	cs_test_server_get_faults(other)->bend_answer = rename_other_cb;
	id = cs_test_home_enrol(d->base.home, other, "ada");
	show_guide(d, NULL);
	cs_test_wait_shown("choice");
}

static void
show_guide_waiting(CsTestDesktop *d)
{
	cs_test_desktop_empty(d);
	d->base.faults->device_state = "deactivated";
	show_guide(d, "xx...");
}

static void
show_guide_add(CsTestDesktop *d)
{
	cs_test_desktop_empty(d);
	d->base.faults->device_state = "suspended";
	show_guide(d, "xxx..");
}

static void
show_guide_authenticate(CsTestDesktop *d)
{
	show_guide(d, "xxxx.");
}

static void
show_guide_done(CsTestDesktop *d)
{
	cs_test_agent_install(&d->base);
	show_guide(d, "xxxxx");
}

static void
show_guide_deleted(CsTestDesktop *d)
{
	d->base.faults->device_state = "deleted";
	d->base.faults->steps = ".....";
	cs_test_desktop_open(d);
	cs_window_show_repurpose(CS_WINDOW(d->window));
	cs_test_wait_shown("delete_button");
}

static void
show_guide_away(CsTestDesktop *d)
{
	show_guide_waiting(d);
	d->base.faults->status = 503;
	cs_agent_reload(d->base.agent);
	cs_test_wait_shown("away");
}

static void
show_guide_asking(CsTestDesktop *d)
{
	cs_test_desktop_open(d);
	cs_test_agent_hold(&d->base, "/v1/nonce");
	cs_window_show_repurpose(CS_WINDOW(d->window));
	cs_test_wait_shown("progress");
}

static void
show_guide_unreadable(CsTestDesktop *d)
{
	show_unreadable(d);
	cs_window_show_repurpose(CS_WINDOW(d->window));
	cs_test_wait_shown("problem");
}

static void
show_guide_nobody(CsTestDesktop *d)
{
	cs_test_home_write_book(d->base.home, "{\"version\":1,\"organisations\":[],"
					      "\"accounts\":[]}");
	cs_test_desktop_open(d);
	cs_window_show_repurpose(CS_WINDOW(d->window));
	cs_test_wait_shown("sentence");
}

static void
show_explanation(CsTestDesktop *d)
{
	show_not_managed(d);
	act(d, "explain");
	cs_test_wait_shown("details");
}

/* All of it: two issuers, certificates of each kind of fate, and files that were passed over. */
static void
show_explanation_open(CsTestDesktop *d)
{
	const CsTestProfile expired = {.not_after = 1700000000};
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(
		&(CsTestProfile){.ca = TRUE, .subject = "CN=Laptops 2026,O=Example Corp"}, NULL);
	g_autoptr(CsTestIdentity) old = cs_test_identity_new(&expired, other);

	cs_test_server_add_issuer(d->base.server, cs_test_identity_get_certificate(other));
	cs_test_home_install(d->base.home, "old", old);
	g_free(cs_test_write_text(d->base.home->certificates, "notes.txt", "not a certificate"));
	cs_test_agent_install(&d->base);
	show_managed(d);
	act(d, "explain");
	cs_test_wait_shown("details");
	gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(cs_test_find("details")), TRUE);
	cs_test_wait_shown("list");
}

static void
show_explanation_revoked(CsTestDesktop *d)
{
	d->base.faults->device_reason = CS_REASON_CERTIFICATE_REVOKED;
	show_managed(d);
	act(d, "explain");
	cs_test_wait_shown("details");
	cs_test_wait_shown("delete_button");
}

/* rule 9: the machine's */
static void
show_explanation_command(CsTestDesktop *d)
{
	g_autofree char *machine = g_build_filename(d->base.home->folder, "machine", NULL);

	d->base.faults->device_reason = CS_REASON_CERTIFICATE_REVOKED;
	cs_test_agent_install(&d->base);
	g_assert_cmpint(g_rename(d->base.home->certificates, machine), ==, 0);
	cs_test_desktop_open(d);
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	act(d, "explain");
	cs_test_wait_shown("command");
}

static void
show_explanation_gone(CsTestDesktop *d)
{
	show_explanation_revoked(d);
	cs_test_agent_uninstall(&d->base);
	cs_test_give_focus(d->window, FALSE);
	cs_test_give_focus(d->window, TRUE);
	cs_test_wait_hidden("delete_button");
}

static void
show_explanation_unread(CsTestDesktop *d)
{
	show_explanation_revoked(d);
	cs_test_desktop_block_store(d);
	cs_test_give_focus(d->window, FALSE);
	cs_test_give_focus(d->window, TRUE);
	cs_test_wait_text("offer", d->base.home->certificates);
}

static void
show_removal(CsTestDesktop *d)
{
	show_explanation_revoked(d);
	cs_test_press("delete_button");
	cs_test_wait_shown("backup");
}

static void
show_removal_done(CsTestDesktop *d)
{
	show_removal(d);
	cs_test_press("delete_button");
	cs_test_wait_hidden("delete_button");
}

const CsTestScene cs_test_scenes[] = {
	{"empty", show_empty},
	{"unreadable", show_unreadable},
	{"accounts", show_accounts},
	{"no-tray", show_no_tray},
	{"menu", show_menu},
	{"managed", show_managed},
	{"managed-below", show_managed_below},
	{"not-managed", show_not_managed},
	{"action-needed", show_action_needed},
	{"add-address", show_add_address},
	{"add-address-error", show_add_address_error},
	{"add-progress", show_add_progress},
	{"add-code", show_add_code},
	{"add-code-error", show_add_code_error},
	{"add-link", show_add_link},
	{"delete", show_delete},
	{"delete-pending", show_delete_pending},
	{"diagnostics", show_diagnostics},
	{"diagnostics-saved", show_diagnostics_saved},
	{"about", show_about},
	{"explanation", show_explanation},
	{"explanation-open", show_explanation_open},
	{"explanation-revoked", show_explanation_revoked},
	{"explanation-command", show_explanation_command},
	{"explanation-gone", show_explanation_gone},
	{"explanation-unread", show_explanation_unread},
	{"removal", show_removal},
	{"removal-done", show_removal_done},
	{"guide-delete", show_guide_delete},
	{"guide-waiting", show_guide_waiting},
	{"guide-add", show_guide_add},
	{"guide-authenticate", show_guide_authenticate},
	{"guide-done", show_guide_done},
	{"guide-deleted", show_guide_deleted},
	{"guide-away", show_guide_away},
	{"guide-asking", show_guide_asking},
	{"guide-unreadable", show_guide_unreadable},
	{"guide-nobody", show_guide_nobody},
	{NULL},
};

void
cs_test_scene_run(const CsTestScene *scene, void (*look)(CsTestDesktop *, const CsTestScene *))
{
	CsTestDesktop d = {{NULL}};

	cs_test_desktop_set_up(&d, NULL);
	scene->show(&d);
	cs_test_desktop_place(&d);
	look(&d, scene);
	cs_test_desktop_tear_down(&d, NULL);
}
