/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/ui/ui-fixture.h"

#include <string.h>

#define MALFORMED "short"
#define CODE	  "0123456789AB"
#define LOCAL	  "127.0.0.1"

static void
open_page(CsTestDesktop *d)
{
	cs_test_desktop_open(d);
	cs_window_show_add(CS_WINDOW(d->window), NULL);
}

/* The address is the settings' own. */
static void
meet(CsTestDesktop *d)
{
	open_page(d);
	cs_test_press("continue_button");
	cs_test_wait_shown("fingerprint");
}

static guint
count_told(CsTestDesktop *d)
{
	return cs_test_server_count_calls(d->base.server, "/v1/nonce") +
	       cs_test_server_count_calls(d->base.server, "/v1/accounts");
}

static void
expect_busy(const char *first, gboolean is_busy)
{
	g_assert_true(gtk_widget_is_sensitive(cs_test_find(first)) == !is_busy);
}

static void
test_code(CsTestDesktop *d, gconstpointer data)
{
	const char *fingerprint = cs_jwk_get_fingerprint(cs_test_server_get_key(d->base.server));
	g_autofree char *shown = NULL;
	guint n_told = 0;

	cs_test_desktop_add_code(d, CODE, "grace");
	open_page(d);
	g_assert_cmpstr(cs_test_get_text("address"), ==, cs_test_server_get_url(d->base.server));
	n_told = count_told(d);
	cs_test_press("continue_button");
	cs_test_wait_shown("fingerprint");
	/* the server's name, without the escape in it */
	g_assert_cmpstr(cs_test_get_text("organisation"), ==, "Example [31mCorp");
	g_assert_cmpstr(cs_test_get_text("server"), ==, cs_test_server_get_url(d->base.server));
	shown = g_strdelimit(g_strdup(cs_test_get_text("fingerprint")), "\n", ' ');
	g_assert_true(
		g_str_has_prefix(shown + 5, (char[]){fingerprint[4], fingerprint[5], fingerprint[6],
						     fingerprint[7], ' ', '\0'}));
	cs_test_expect_text("comparison", "Compare the fingerprint");
	cs_test_expect_text("consent", "is your consent");
	g_assert_cmpuint(count_told(d), ==, n_told);

	g_assert_true(gtk_window_get_focus(GTK_WINDOW(d->window)) == cs_test_find("code"));
	cs_test_type("code", "0123-4567-89ab");
	cs_test_key(d->window, GDK_KEY_Return, 0);
	cs_test_wait_shown("check_button");
	cs_test_agent_settle(&d->base);
	g_assert_cmpstr(cs_test_get_text("user"), ==, "grace");
	g_assert_cmpuint(cs_test_server_count_accounts(d->base.server), ==, 2);
	g_assert_cmpuint(cs_agent_get_accounts(d->base.agent)->len, ==, 2);
}

/* A link vouches for the key by itself; its code is never on the screen. */
static void
add_by_link(CsTestDesktop *d)
{
	cs_test_press("continue_button");
	cs_test_wait_shown("fingerprint");
	cs_test_expect_text("comparison", "your activation link names");
	cs_test_expect_text("consent", "is your consent");
	g_assert_false(cs_test_is_shown("code"));
	g_assert_true(gtk_window_get_focus(GTK_WINDOW(d->window)) == cs_test_find("add_button"));
	cs_test_press("add_button");
	cs_test_wait_shown("check_button");
	g_assert_cmpstr(cs_test_get_text("user"), ==, "grace");
	cs_test_agent_settle(&d->base);
}

static void
test_pasted_link(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *link = cs_test_desktop_make_link(d, CODE);

	cs_test_desktop_add_code(d, CODE, "grace");
	open_page(d);
	cs_test_type("address", link);
	cs_test_press("continue_button");
	cs_test_wait_shown("fingerprint");
	cs_test_key(d->window, GDK_KEY_Escape, 0);
	g_assert_cmpstr(cs_test_get_text("address"), ==, cs_test_server_get_url(d->base.server));
	g_assert_true(cs_test_is_shown("link_note"));
	add_by_link(d);
}

static void
test_opened_link(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *link = cs_test_desktop_make_link(d, CODE);
	g_autoptr(CsSecret) secret = cs_secret_new(link, strlen(link));
	guint n_calls = 0;

	cs_test_desktop_add_code(d, CODE, "grace");
	cs_test_desktop_open(d);
	n_calls = cs_test_server_count_calls(d->base.server, "/");
	cs_window_show_add(CS_WINDOW(d->window), secret);
	cs_test_desktop_draw(d);
	/* whoever made us open it has made us ask nobody */
	g_assert_cmpuint(cs_test_server_count_calls(d->base.server, "/"), ==, n_calls);
	g_assert_cmpstr(cs_test_get_text("address"), ==, cs_test_server_get_url(d->base.server));
	g_assert_true(cs_test_is_shown("link_note"));
	add_by_link(d);
}

/* What belongs to a link is not taken over to another address. */
static void
test_edited_link(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *link = cs_test_desktop_make_link(d, CODE);
	g_autoptr(CsSecret) secret = cs_secret_new(link, strlen(link));

	cs_test_desktop_open(d);
	cs_window_show_add(CS_WINDOW(d->window), secret);
	cs_test_type("address", "https://another.example.org");
	g_assert_false(cs_test_is_shown("link_note"));
	cs_test_type("address", cs_test_server_get_url(d->base.server));
	cs_test_press("continue_button");
	cs_test_wait_shown("fingerprint");
	g_assert_true(cs_test_is_shown("code"));
}

static void
test_wrong_key(CsTestDesktop *d, gconstpointer data)
{
	g_autoptr(CsPrivateKey) other = cs_private_key_generate_p256(NULL);
	g_autoptr(CsJwk) jwk = cs_jwk_new_from_private_key(other, NULL);
	g_autofree char *link =
		g_strdup_printf("%s#" CODE ".%s", cs_test_server_get_url(d->base.server),
				cs_jwk_get_thumbprint(jwk));
	guint n_told = 0;

	open_page(d);
	n_told = count_told(d);
	cs_test_type("address", link);
	cs_test_press("continue_button");
	cs_test_wait_shown("address_problem");
	cs_test_expect_text("address_problem", "may not be your organisation's");
	g_assert_false(cs_test_is_shown("fingerprint"));
	g_assert_cmpuint(count_told(d), ==, n_told);
}

typedef struct {
	const char *typed;
	const char *said;
} Address;

/* Beside the field, described to whoever cannot see it, and gone when it is corrected. */
static void
test_address_errors(CsTestDesktop *d, gconstpointer data)
{
	static const Address rows[] = {
		{"http://id.example.org", "not the address of a server"},
		{"ftp://id.example.org", "not the address of a server"},
		{"", "not the address of a server"},
		{"https://id.example.org/path with space", "not the address of a server"},
		{"https://id.example.org#" MALFORMED, "not a whole activation link"},
		{"#", "not a whole activation link"},
	};
	guint n_calls = 0;

	open_page(d);
	n_calls = cs_test_server_count_calls(d->base.server, "/");
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		GtkWidget *entry = cs_test_find("address");

		cs_test_type("address", rows[i].typed);
		g_assert_false(cs_test_is_shown("address_problem"));
		cs_test_key(d->window, GDK_KEY_Return, 0);
		cs_test_wait_shown("address_problem");
		cs_test_expect_text("address_problem", rows[i].said);
		g_assert_true(gtk_window_get_focus(GTK_WINDOW(d->window)) == entry);
		g_assert_cmpstr(atk_object_get_description(gtk_widget_get_accessible(entry)), ==,
				cs_test_get_text("address_problem"));
	}
	g_assert_cmpuint(cs_test_server_count_calls(d->base.server, "/"), ==, n_calls);
}

static void
test_unreachable(CsTestDesktop *d, gconstpointer data)
{
	open_page(d);
	d->base.faults->status = 503;
	cs_test_press("continue_button");
	cs_test_wait_shown("address_problem");
	cs_test_expect_text("address_problem", "Check the network and the address");
	g_assert_true(gtk_widget_is_sensitive(cs_test_find("continue_button")));
	d->base.faults->status = 0;
	cs_test_press("continue_button");
	cs_test_wait_shown("fingerprint");
}

static void
test_code_errors(CsTestDesktop *d, gconstpointer data)
{
	guint n_told = 0;

	meet(d);
	n_told = count_told(d);
	cs_test_type("code", MALFORMED);
	cs_test_press("add_button");
	cs_test_expect_text("code_problem", "twelve letters and digits");
	g_assert_cmpuint(count_told(d), ==, n_told);
	g_assert_true(gtk_window_get_focus(GTK_WINDOW(d->window)) == cs_test_find("code"));

	cs_test_type("code", CODE);
	g_assert_false(cs_test_is_shown("code_problem"));
	cs_test_press("add_button");
	cs_test_wait_shown("code_problem");
	cs_test_expect_text("code_problem", "does not count");
	g_assert_true(gtk_window_get_focus(GTK_WINDOW(d->window)) == cs_test_find("code"));

	cs_test_desktop_add_code(d, CODE, "grace");
	cs_test_press("add_button");
	cs_test_wait_shown("check_button");
	cs_test_agent_settle(&d->base);
}

/* The link's own code is wrong: there is no other field to say it beside. */
static void
test_link_code_invalid(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *link = cs_test_desktop_make_link(d, CODE);

	open_page(d);
	cs_test_type("address", link);
	cs_test_press("continue_button");
	cs_test_wait_shown("fingerprint");
	cs_test_press("add_button");
	cs_test_wait_shown("address_problem");
	cs_test_expect_text("address_problem", "does not count");
}

/* No field's fault: nothing is marked as wrong. */
static void
test_not_active(CsTestDesktop *d, gconstpointer data)
{
	meet(d);
	d->base.faults->path = "/v1/accounts";
	d->base.faults->status = 403;
	d->base.faults->content_type = "application/problem+json";
	d->base.faults->body = "{\"status\":403,\"code\":\"device-not-active\"}";
	cs_test_type("code", CODE);
	cs_test_press("add_button");
	cs_test_wait_shown("code_problem");
	cs_test_expect_text("code_problem", "this device is suspended or deactivated");
	g_assert_false(gtk_style_context_has_class(
		gtk_widget_get_style_context(cs_test_find("code")), GTK_STYLE_CLASS_ERROR));
	g_assert_true(gtk_window_get_focus(GTK_WINDOW(d->window)) == cs_test_find("add_button"));
}

static void
test_cancel_introduction(CsTestDesktop *d, gconstpointer data)
{
	open_page(d);
	cs_test_agent_hold(&d->base, "/.well-known");
	cs_test_press("continue_button");
	g_assert_true(cs_test_is_shown("address_progress"));
	expect_busy("continue_button", TRUE);
	cs_test_agent_wait_for_held(&d->base);
	cs_test_press("address_cancel");
	g_assert_false(cs_test_is_shown("address_progress"));
	expect_busy("continue_button", FALSE);
	cs_test_agent_release(&d->base);
	cs_test_agent_settle(&d->base);
	g_assert_true(cs_test_is_shown("address"));
	g_assert_false(cs_test_is_shown("address_problem"));
	cs_test_press("address_cancel");
	g_assert_true(cs_test_is_shown("list"));
}

/* Nothing is half added: the same code takes up what the server has heard of. */
static void
test_cancel_add(CsTestDesktop *d, gconstpointer data)
{
	cs_test_desktop_add_code(d, CODE, "grace");
	meet(d);
	cs_test_agent_hold(&d->base, "/v1/accounts");
	cs_test_type("code", CODE);
	cs_test_press("add_button");
	g_assert_true(cs_test_is_shown("code_progress"));
	cs_test_agent_wait_for_held(&d->base);
	cs_test_key(d->window, GDK_KEY_Escape, 0);
	g_assert_false(cs_test_is_shown("code_progress"));
	cs_test_agent_release(&d->base);
	cs_test_agent_settle(&d->base);
	g_assert_cmpuint(cs_agent_get_accounts(d->base.agent)->len, ==, 1);
	g_assert_false(cs_test_is_shown("code_problem"));
	expect_busy("add_button", FALSE);
	cs_test_press("add_button");
	cs_test_wait_shown("check_button");
	cs_test_agent_settle(&d->base);
	g_assert_cmpuint(cs_agent_get_accounts(d->base.agent)->len, ==, 2);
	g_assert_cmpuint(cs_test_server_count_accounts(d->base.server), ==, 2);
}

/* The window goes while something is under way: at log-out, say. */
static void
test_closed_meanwhile(CsTestDesktop *d, gconstpointer data)
{
	open_page(d);
	cs_test_agent_hold(&d->base, "/.well-known");
	cs_test_press("continue_button");
	cs_test_agent_wait_for_held(&d->base);
	cs_test_key(d->window, GDK_KEY_w, GDK_CONTROL_MASK);
	g_assert_null(d->window);
	cs_test_agent_release(&d->base);
	cs_test_agent_settle(&d->base);
	g_assert_cmpuint(cs_agent_get_accounts(d->base.agent)->len, ==, 1);
}

/* Whatever was typed is forgotten when the page is left, by whichever way. */
static void
test_forgets(CsTestDesktop *d, gconstpointer data)
{
	GtkEntry *code = NULL;
	GtkEntry *address = NULL;

	open_page(d);
	address = GTK_ENTRY(cs_test_find("address"));
	cs_test_press("continue_button");
	cs_test_wait_shown("fingerprint");
	code = GTK_ENTRY(cs_test_find("code"));
	cs_test_type("code", CODE);
	cs_test_press("code_cancel");
	g_assert_true(cs_test_is_shown("list"));
	g_assert_cmpstr(gtk_entry_get_text(code), ==, "");
	g_assert_cmpstr(gtk_entry_get_text(address), ==, "");

	cs_window_show_add(CS_WINDOW(d->window), NULL);
	cs_test_type("address", "https://id.example.org#" CODE);
	cs_test_key(d->window, GDK_KEY_Escape, 0);
	g_assert_true(cs_test_is_shown("list"));
	g_assert_cmpstr(gtk_entry_get_text(address), ==, "");

	cs_window_show_add(CS_WINDOW(d->window), NULL);
	cs_test_type("address", "https://id.example.org#" CODE);
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	g_assert_cmpstr(gtk_entry_get_text(address), ==, "");
}

/* A code is typed from paper, so it is shown; whoever is watched hides it. */
static void
test_hide(CsTestDesktop *d, gconstpointer data)
{
	meet(d);
	g_assert_true(gtk_entry_get_visibility(GTK_ENTRY(cs_test_find("code"))));
	cs_test_press("hide_code");
	g_assert_false(gtk_entry_get_visibility(GTK_ENTRY(cs_test_find("code"))));
}

/* What somebody is typing is not thrown away by a menu; a link that was opened is meant. */
static void
test_again(CsTestDesktop *d, gconstpointer data)
{
	g_autofree char *link = cs_test_desktop_make_link(d, CODE);
	g_autoptr(CsSecret) secret = cs_secret_new(link, strlen(link));

	open_page(d);
	cs_test_type("address", LOCAL);
	cs_window_show_add(CS_WINDOW(d->window), NULL);
	g_assert_cmpstr(cs_test_get_text("address"), ==, LOCAL);
	cs_window_show_add(CS_WINDOW(d->window), secret);
	g_assert_cmpstr(cs_test_get_text("address"), ==, cs_test_server_get_url(d->base.server));
}

int
main(int argc, char **argv)
{
	cs_test_desktop_init(&argc, &argv);
	cs_test_add_desktop_test("/add/code", test_code);
	cs_test_add_desktop_test("/add/pasted-link", test_pasted_link);
	cs_test_add_desktop_test("/add/opened-link", test_opened_link);
	cs_test_add_desktop_test("/add/edited-link", test_edited_link);
	cs_test_add_desktop_test("/add/wrong-key", test_wrong_key);
	cs_test_add_desktop_test("/add/address-errors", test_address_errors);
	cs_test_add_desktop_test("/add/unreachable", test_unreachable);
	cs_test_add_desktop_test("/add/code-errors", test_code_errors);
	cs_test_add_desktop_test("/add/link-code-invalid", test_link_code_invalid);
	cs_test_add_desktop_test("/add/not-active", test_not_active);
	cs_test_add_desktop_test("/add/cancel-introduction", test_cancel_introduction);
	cs_test_add_desktop_test("/add/cancel-add", test_cancel_add);
	cs_test_add_desktop_test("/add/closed-meanwhile", test_closed_meanwhile);
	cs_test_add_desktop_test("/add/forgets", test_forgets);
	cs_test_add_desktop_test("/add/hide", test_hide);
	cs_test_add_desktop_test("/add/again", test_again);
	return g_test_run();
}
