/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/ui/ui-fixture.h"
#include "tests/ui/watchdog.h"
#include "ui/tray.h"

#include <glib/gstdio.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

/* Nothing keeps the main loop for 16 ms: with a store of 10,000 files, a server that stalls, the
 * icon on the bus and the window open. */

#if defined(__SANITIZE_ADDRESS__)
#define SLOWNESS 4
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOWNESS 4
#endif
#endif
#ifndef SLOWNESS
#define SLOWNESS 1
#endif
#define LIMIT_US (16 * 1000 * SLOWNESS)
/* What GTK may take of the processor to make, place and draw a window, a page or a dialog that was
 * not there: it does that in one go. That it sleeps meanwhile is not allowed either. */
#define SHOWING_US (250 * 1000 * SLOWNESS)

#define CERTIFICATES 10000
#define ISSUERS	     20 /* the first is the server's */
#define KEYS	     50
#define ACCOUNTS     3
#define CHECKS	     20 /* as many as are remembered */
#define CODE	     "0123456789AB"

/* A machine whose processor is taken from it shows long turns that nobody has made; they do not come
 * three times at the same place. What the program does comes each time. */
#define PLAYS 3

#define COMPETITORS 7

typedef struct {
	CsTestDesktop desktop;
	GDBusConnection *bus;
	GSimpleActionGroup *actions;
	CsTray *tray;
} Play;

/* Of the whole run: it takes a while to make. */
static char *stock_folder;
static char *stock;

static void
write_certificate(guint number, CsTestIdentity *issuer, char **keys)
{
	g_autofree char *name = g_strdup_printf("%05u.pem", number);
	const CsTestProfile profile = {.key_number = 1 + number % KEYS};
	g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(&profile, issuer);
	char **key = &keys[number % KEYS];
	g_autofree char *text = NULL;

	if (!*key)
		*key = cs_test_identity_dup_key_pem(leaf, CS_TEST_KEY_PKCS8, NULL);
	text = g_strconcat(cs_test_identity_get_pem(leaf), *key, NULL);
	g_free(cs_test_write_text(stock, name, text));
}

static void
make_stock(void)
{
	CsTestIdentity *issuers[ISSUERS] = {NULL};
	char *keys[KEYS] = {NULL};

	stock_folder = cs_test_make_folder();
	stock = g_build_filename(stock_folder, "certificates", NULL);
	g_assert_cmpint(g_mkdir(stock, 0700), ==, 0);
	for (guint i = 0; i < ISSUERS; i++) {
		g_autofree char *subject = g_strdup_printf("CN=Issuer %u", i);
		const CsTestProfile profile = {
			.subject = i == 0 ? NULL : subject, .ca = TRUE, .key_number = 1};

		issuers[i] = cs_test_identity_new(&profile, NULL);
	}
	for (guint i = 0; i < CERTIFICATES; i++)
		write_certificate(i, issuers[i % ISSUERS], keys);
	for (guint i = 0; i < ISSUERS; i++)
		cs_test_identity_free(issuers[i]);
	for (guint i = 0; i < KEYS; i++)
		g_free(keys[i]);
}

static void
set_up(Play *play)
{
	CsTestDesktop *d = &play->desktop;
	g_autoptr(GError) error = NULL;

	cs_test_desktop_set_up(d, NULL);
	g_assert_cmpint(g_rmdir(d->base.home->certificates), ==, 0);
	g_assert_cmpint(g_rename(stock, d->base.home->certificates), ==, 0);
	for (guint i = 1; i < ACCOUNTS; i++) {
		g_autofree char *user = g_strdup_printf("user %u", i);

		g_free(cs_test_home_enrol(d->base.home, d->base.server, user));
	}
	play->bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, &error);
	g_assert_no_error(error);
	play->actions = g_simple_action_group_new();
}

static void
tear_down(Play *play)
{
	CsTestDesktop *d = &play->desktop;

	cs_test_agent_release(&d->base);
	cs_test_agent_settle(&d->base);
	g_clear_object(&play->tray);
	g_object_unref(play->actions);
	g_object_unref(play->bus);
	g_assert_cmpint(g_rename(d->base.home->certificates, stock), ==, 0);
	cs_test_desktop_tear_down(d, NULL);
}

static void
act(CsTestDesktop *d, const char *action)
{
	g_action_group_activate_action(gtk_widget_get_action_group(d->window, "win"), action, NULL);
}

/* Icon and accounts; the store is read for the first check. */
static void
start(Play *play)
{
	CsTestDesktop *d = &play->desktop;
	g_autoptr(GError) error = NULL;

	cs_test_watchdog_say("the start", 0);
	cs_test_agent_start(&d->base);
	play->tray = cs_tray_new(play->bus, d->base.agent, G_ACTION_GROUP(play->actions), &error);
	g_assert_no_error(error);
	cs_test_agent_settle(&d->base);
	g_assert_cmpint(cs_agent_get_state(d->base.agent, NULL), ==, CS_AGENT_MANAGED);
	g_assert_cmpuint(cs_stores_count(d->base.home->client.stores), ==, CERTIFICATES);
}

static void
open_window(Play *play)
{
	start(play);
	cs_test_watchdog_say("the window opens", SHOWING_US);
	cs_test_desktop_open_window(&play->desktop);
	cs_test_desktop_place(&play->desktop);
}

/* The server takes the call and says nothing. */
static void
stall(CsTestDesktop *d, const char *path)
{
	cs_test_agent_hold(&d->base, path);
}

static void
go_on(CsTestDesktop *d)
{
	cs_test_agent_release(&d->base);
	cs_test_agent_settle(&d->base);
	cs_test_desktop_place(d);
}

static void
play_check(Play *play)
{
	CsTestDesktop *d = &play->desktop;

	open_window(play);
	cs_test_watchdog_say("check", 0);
	stall(d, "/v1/transactions");
	act(d, "check");
	cs_test_desktop_place(d);
	cs_test_watchdog_say("the server stalls", 0);
	cs_test_agent_wait_for_held(&d->base);
	cs_test_watchdog_say("the check's end", 0);
	go_on(d);
}

/* One issuer has a twentieth of the store. It is read again after each check, and whenever somebody
 * comes back to look. */
static void
look_at_explanation(CsTestDesktop *d)
{
	cs_test_watchdog_say("the account's page", SHOWING_US);
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	cs_test_desktop_draw(d);
	cs_test_watchdog_say("why it is managed", SHOWING_US);
	act(d, "explain");
	cs_test_desktop_draw(d);
	cs_test_watchdog_say("issuers and certificates", SHOWING_US);
	cs_test_press("details");
	cs_test_desktop_draw(d);
	cs_test_watchdog_say("somebody comes back to look", 0);
	cs_test_give_focus(d->window, FALSE);
	cs_test_give_focus(d->window, TRUE);
	cs_test_desktop_draw(d);
	cs_test_watchdog_say("a check, while the explanation is open", 0);
	act(d, "check");
	cs_test_desktop_draw(d);
}

static void
play_pages(Play *play)
{
	CsTestDesktop *d = &play->desktop;
	CsWindow *window = NULL;

	open_window(play);
	window = CS_WINDOW(d->window);
	for (guint i = 0; i < CHECKS; i++) {
		act(d, "check");
		cs_test_agent_settle(&d->base);
	}
	look_at_explanation(d);
	cs_test_watchdog_say("the next check", 0);
	stall(d, "/v1/transactions");
	act(d, "check");
	cs_test_agent_wait_for_held(&d->base);
	cs_test_watchdog_say("the account's page, while the server stalls", SHOWING_US);
	cs_window_show_account(window, d->base.id);
	cs_test_desktop_place(d);
	cs_test_wait_shown("history");
	cs_test_desktop_place(d);
	cs_test_watchdog_say("the question whether to delete", SHOWING_US);
	act(d, "delete");
	cs_test_desktop_place(d);
	gtk_widget_destroy(cs_test_get_dialog());
	cs_test_watchdog_say("About", SHOWING_US);
	act(d, "about");
	cs_test_desktop_place(d);
	gtk_widget_destroy(cs_test_get_dialog());
	cs_test_watchdog_say("the menu", SHOWING_US);
	act(d, "menu");
	cs_test_desktop_place(d);
	cs_test_watchdog_say("the page to add an account", SHOWING_US);
	cs_window_show_add(window, NULL);
	cs_test_desktop_place(d);
	cs_test_watchdog_say("the list of accounts", SHOWING_US);
	cs_window_show_accounts(window);
	cs_test_desktop_place(d);
	cs_test_watchdog_say("the window closes", SHOWING_US);
	act(d, "close");
	while (d->window || gtk_events_pending())
		gtk_main_iteration();
	cs_test_watchdog_say("the check's end, without a window", 0);
	cs_test_agent_release(&d->base);
	cs_test_agent_settle(&d->base);
}

static void
play_add(Play *play)
{
	CsTestDesktop *d = &play->desktop;

	cs_test_desktop_add_code(d, CODE, "grace");
	open_window(play);
	cs_test_watchdog_say("whom to add an account with", SHOWING_US);
	cs_window_show_add(CS_WINDOW(d->window), NULL);
	stall(d, "/.well-known");
	cs_test_press("continue_button");
	cs_test_agent_wait_for_held(&d->base);
	go_on(d);
	cs_test_watchdog_say("adding", 0);
	stall(d, "/v1/accounts");
	cs_test_type("code", CODE);
	cs_test_press("add_button");
	cs_test_agent_wait_for_held(&d->base);
	cs_test_watchdog_say("added", SHOWING_US);
	cs_test_agent_release(&d->base);
	cs_test_wait_shown("certificate_box");
	go_on(d);
}

/* Once where the server never answers, and is no longer waited for; once where it does. */
static void
play_delete(Play *play)
{
	CsTestDesktop *d = &play->desktop;
	g_autofree char *second = NULL;

	open_window(play);
	second = g_strdup(
		((CsAccount *)g_ptr_array_index(cs_agent_get_accounts(d->base.agent), 1))->id);
	cs_window_show_account(CS_WINDOW(d->window), d->base.id);
	act(d, "delete");
	cs_test_desktop_place(d);
	cs_test_watchdog_say("deleting, while the server stalls", 0);
	stall(d, "/v1/nonce");
	cs_test_press("delete_button");
	cs_test_agent_wait_for_held(&d->base);
	cs_test_press("cancel_button");
	cs_test_wait_hidden("delete_button");
	cs_test_watchdog_say("the dialog goes", SHOWING_US);
	cs_test_press("cancel_button");
	go_on(d);
	cs_test_watchdog_say("another account", SHOWING_US);
	cs_window_show_account(CS_WINDOW(d->window), second);
	act(d, "delete");
	cs_test_desktop_place(d);
	cs_test_watchdog_say("deleting", 0);
	cs_test_press("delete_button");
	cs_test_wait_hidden("delete_button");
	cs_test_watchdog_say("the list of accounts", SHOWING_US);
	go_on(d);
	g_assert_null(cs_agent_get_account(d->base.agent, second));
}

/* The files of a whole store change under it. */
static void
play_store(Play *play)
{
	CsTestDesktop *d = &play->desktop;

	open_window(play);
	cs_test_watchdog_say("certificates come and go", 0);
	cs_test_agent_install(&d->base);
	act(d, "check");
	cs_test_agent_settle(&d->base);
	cs_test_agent_uninstall(&d->base);
	act(d, "check");
	go_on(d);
}

static gboolean
sleep_cb(gpointer data)
{
	g_usleep(2 * LIMIT_US);
	return G_SOURCE_REMOVE;
}

static gint64
get_processor_us(void)
{
	struct timespec time = {0};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (gint64)time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

static gboolean
compute_cb(gpointer data)
{
	gint64 end = get_processor_us() + 2 * LIMIT_US;

	while (get_processor_us() < end) {
	}
	return G_SOURCE_REMOVE;
}

static gboolean
share_cb(gpointer data)
{
	gint64 end = g_get_monotonic_time() + 3 * LIMIT_US;

	while (g_get_monotonic_time() < end) {
	}
	return G_SOURCE_REMOVE;
}

static CsTestTurn
watch(GSourceFunc turn, gint64 allowance_us)
{
	cs_test_watchdog_start();
	cs_test_watchdog_say("a sample", allowance_us);
	g_idle_add(turn, NULL);
	while (g_main_context_iteration(NULL, FALSE)) {
	}
	return cs_test_watchdog_stop();
}

static gpointer
compete_thread_cb(gpointer stop)
{
	while (!g_atomic_int_get((gint *)stop)) {
	}
	return NULL;
}

/* On one processor with others, which it shares fairly: little of a long turn is its own. */
static void
test_preempted(void)
{
	GThread *others[COMPETITORS];
	gint stop = FALSE;
	cpu_set_t before;
	cpu_set_t one;
	CsTestTurn turn = {0};

	g_assert_cmpint(sched_getaffinity(0, sizeof(before), &before), ==, 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	g_assert_cmpint(sched_setaffinity(0, sizeof(one), &one), ==, 0);
	for (guint i = 0; i < COMPETITORS; i++)
		others[i] = g_thread_new("other", compete_thread_cb, &stop);
	turn = watch(share_cb, 0);
	g_atomic_int_set(&stop, TRUE);
	for (guint i = 0; i < COMPETITORS; i++)
		g_thread_join(others[i]);
	g_assert_cmpint(sched_setaffinity(0, sizeof(before), &before), ==, 0);
	g_assert_cmpint(turn.preempted_us, >, LIMIT_US);
	g_assert_cmpint(turn.own_us, <=, LIMIT_US);
}

/* What the watchdog exists to find: it does. */
static void
test_samples(void)
{
	g_assert_cmpint(watch(sleep_cb, 0).own_us, >, LIMIT_US);
	g_assert_cmpint(watch(sleep_cb, SHOWING_US).own_us, >, LIMIT_US);
	g_assert_cmpint(watch(compute_cb, 0).own_us, >, LIMIT_US);
	g_assert_cmpint(watch(compute_cb, SHOWING_US).own_us, <=, LIMIT_US);
}

static CsTestTurn
run(void (*scene)(Play *play))
{
	Play play = {0};
	CsTestTurn longest;

	set_up(&play);
	cs_test_watchdog_start();
	scene(&play);
	longest = cs_test_watchdog_stop();
	tear_down(&play);
	g_test_message("%s: %.1f ms: processor %.1f, asleep %.1f; beside it preempted %.1f, "
		       "display %.1f",
		       longest.where, (double)longest.own_us / 1000,
		       (double)longest.processor_us / 1000, (double)longest.blocked_us / 1000,
		       (double)longest.preempted_us / 1000, (double)longest.display_us / 1000);
	return longest;
}

static void
test_scene(gconstpointer data)
{
	void (*scene)(Play *) = *(void (*const *)(Play *))data;
	CsTestTurn turn = {0};

	for (guint i = 0; i == 0 || (turn.own_us > LIMIT_US && i < PLAYS); i++)
		turn = run(scene);
	g_assert_cmpint(turn.own_us, <=, LIMIT_US);
}

static const struct {
	const char *name;
	void (*scene)(Play *play);
} scenes[] = {
	{"/main-loop/start", start},	  {"/main-loop/window", open_window},
	{"/main-loop/check", play_check}, {"/main-loop/pages", play_pages},
	{"/main-loop/add", play_add},	  {"/main-loop/delete", play_delete},
	{"/main-loop/store", play_store},
};

int
main(int argc, char **argv)
{
	int status = 0;

	cs_test_desktop_init(&argc, &argv);
	g_test_add_func("/main-loop/samples", test_samples);
	g_test_add_func("/main-loop/preempted", test_preempted);
	make_stock();
	for (guint i = 0; i < G_N_ELEMENTS(scenes); i++)
		g_test_add_data_func(scenes[i].name, &scenes[i].scene, test_scene);
	status = g_test_run();
	cs_test_delete_folder(stock_folder);
	g_free(stock_folder);
	g_free(stock);
	return status;
}
