/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"
#include "core/base/error.h"
#include "tests/fixtures/agent-fixture.h"

#include <string.h>

#define DAY_S	((gint64)24 * 3600)
#define SLACK_S 3600

/* Of the certificate in the verdict, from the server's time on; and what the device's clock says. */
static gint64 lifetime_s;
static gint64 now;

static void
shorten(CsVerdict *verdict)
{
	if (verdict->certificate_fingerprint != NULL)
		verdict->certificate_not_after = CS_TEST_SERVER_NOW + lifetime_s;
}

static gint64
get_unix_s(gpointer data)
{
	return now;
}

static void
start(CsTestAgent *f)
{
	cs_test_agent_start(f);
	cs_test_agent_settle(f);
}

static void
install(CsTestAgent *f, gint64 days)
{
	now = CS_TEST_SERVER_NOW;
	f->home->clock.get_unix_s = get_unix_s;
	lifetime_s = days * DAY_S;
	f->faults->bend_verdict = shorten;
	cs_test_agent_install(f);
}

static void
check(CsTestAgent *f)
{
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
}

static void
expect(CsTestAgent *f, guint count, const char *topic, gboolean urgent)
{
	const CsAgentNotice *notice = cs_test_agent_get_notice(f, count);

	g_test_message("%s | %s | %s", notice->title, notice->sentence, notice->next_step);
	g_assert_cmpstr(notice->account_id, ==, f->id);
	g_assert_cmpstr(notice->topic, ==, topic);
	g_assert_cmpint(notice->urgent, ==, urgent);
	g_assert_nonnull(notice->next_step);
}

/* One shot, at the next of the three; none where nothing is to come. */
static void
test_alarm(CsTestAgent *f, gconstpointer data)
{
	start(f);
	g_assert_cmpint(f->alarm_at, ==, 0);
	install(f, 100);
	check(f);
	g_assert_cmpint(f->alarm_at, ==, CS_TEST_SERVER_NOW + 86 * DAY_S + SLACK_S);
	/* the same after a restart, before the server has said anything */
	f->faults->status = 503;
	start(f);
	g_assert_cmpint(f->alarm_at, ==, CS_TEST_SERVER_NOW + 86 * DAY_S + SLACK_S);
	f->faults->status = 0;
	lifetime_s = 10 * DAY_S;
	check(f);
	g_assert_cmpint(f->alarm_at, ==, CS_TEST_SERVER_NOW + 7 * DAY_S + SLACK_S);
	cs_test_agent_uninstall(f);
	check(f);
	g_assert_cmpint(f->alarm_at, ==, 0);
}

/* It goes off: the server is asked first, and then it is told. */
static void
test_rings(CsTestAgent *f, gconstpointer data)
{
	guint checks = 0;

	install(f, 15);
	start(f);
	cs_test_agent_get_notice(f, 0);
	checks = cs_test_agent_count_checks(f);
	lifetime_s = 14 * DAY_S - SLACK_S; /* as the server sees it then */
	now = f->alarm_at;
	cs_test_agent_ring(f);
	cs_test_agent_settle(f);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, checks + 1);
	expect(f, 1, "certificate-expiring-14", FALSE);
	g_assert_cmpstr(cs_test_agent_get_notice(f, 1)->code, ==, "certificate-expiring");
	g_assert_cmpstr(cs_test_agent_get_notice(f, 1)->title, ==,
			"Certificate ends soon: ada at Example Corp");
	g_assert_cmpint(f->alarm_at, >, now);
	/* while the server is away, by the device's clock */
	f->faults->status = 503;
	now = f->alarm_at;
	cs_test_agent_ring(f);
	cs_test_agent_settle(f);
	expect(f, 2, "certificate-expiring-3", TRUE);
	now = f->alarm_at;
	cs_test_agent_ring(f);
	cs_test_agent_settle(f);
	expect(f, 3, "certificate-expiring-1", TRUE);
	g_assert_cmpint(f->alarm_at, ==, 0);
}

static void
check_without_server(CsTestAgent *f)
{
	f->faults->status = 503;
	check(f);
	f->faults->status = 0;
}

/* The server is away and the device's clock is ahead: what that says is told once, but keeps nothing
 * that a verdict says later from being told. */
static void
test_clock_ahead(CsTestAgent *f, gconstpointer data)
{
	install(f, 100);
	start(f);
	now = CS_TEST_SERVER_NOW + 98 * DAY_S;
	check_without_server(f);
	expect(f, 1, "certificate-expiring-3", TRUE);
	check_without_server(f);
	f->faults->status = 503;
	start(f);
	f->faults->status = 0;
	cs_test_agent_get_notice(f, 1);
	now = CS_TEST_SERVER_NOW;
	lifetime_s = 14 * DAY_S;
	check(f);
	expect(f, 2, "certificate-expiring-14", FALSE);
	/* and now that it was disproved, it is told when it is true */
	lifetime_s = 3 * DAY_S;
	check(f);
	expect(f, 3, "certificate-expiring-3", TRUE);
}

/* Where the verdict says more days than are told of, too; or that there is nothing to tell yet. */
static void
test_clock_ahead_after(CsTestAgent *f, gconstpointer data)
{
	install(f, 14);
	start(f);
	expect(f, 1, "certificate-expiring-14", FALSE);
	now = CS_TEST_SERVER_NOW + 12 * DAY_S;
	check_without_server(f);
	expect(f, 2, "certificate-expiring-3", TRUE);
	check(f);
	cs_test_agent_get_notice(f, 2);
	lifetime_s = 3 * DAY_S;
	check(f);
	expect(f, 3, "certificate-expiring-3", TRUE);
	cs_test_agent_uninstall(f);
	lifetime_s = 100 * DAY_S;
	cs_test_agent_install(f);
	now = CS_TEST_SERVER_NOW;
	check(f);
	now = CS_TEST_SERVER_NOW + 90 * DAY_S;
	check_without_server(f);
	expect(f, 4, "certificate-expiring-14", FALSE);
	check(f);
	lifetime_s = 14 * DAY_S;
	check(f);
	expect(f, 5, "certificate-expiring-14", FALSE);
}

/* Where the clock was right, the verdict says nothing new. */
static void
test_clock_right(CsTestAgent *f, gconstpointer data)
{
	install(f, 20);
	start(f);
	now = CS_TEST_SERVER_NOW + 6 * DAY_S;
	check_without_server(f);
	expect(f, 1, "certificate-expiring-14", FALSE);
	lifetime_s = 13 * DAY_S;
	check(f);
	start(f);
	check_without_server(f);
	cs_test_agent_get_notice(f, 1);
	lifetime_s = 3 * DAY_S;
	check(f);
	expect(f, 2, "certificate-expiring-3", TRUE);
}

/* Each once, also over restarts; another certificate begins anew. */
static void
test_each_once(CsTestAgent *f, gconstpointer data)
{
	install(f, 14);
	start(f);
	expect(f, 1, "certificate-expiring-14", FALSE);
	check(f);
	start(f);
	lifetime_s = 4 * DAY_S;
	check(f);
	cs_test_agent_get_notice(f, 1);
	lifetime_s = DAY_S;
	check(f);
	expect(f, 2, "certificate-expiring-1", TRUE);
	lifetime_s = 2 * DAY_S; /* the clocks went back */
	check(f);
	start(f);
	cs_test_agent_get_notice(f, 2);
	lifetime_s = -DAY_S;
	check(f);
	cs_test_agent_get_notice(f, 2);
	cs_test_agent_uninstall(f);
	lifetime_s = 14 * DAY_S;
	cs_test_agent_install(f);
	check(f);
	expect(f, 3, "certificate-expiring-14", FALSE);
}

/* One that begins later takes over; it is seen by the check that comes before the telling. */
static void
test_successor(CsTestAgent *f, gconstpointer data)
{
	const CsTestProfile next = {
		.not_before = CS_TEST_SERVER_NOW + DAY_S,
		.not_after = CS_TEST_SERVER_NOW + 400 * DAY_S,
	};
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&next, f->ca);

	install(f, 15);
	start(f);
	cs_test_home_install(f->home, "next", identity);
	lifetime_s = 14 * DAY_S - SLACK_S;
	now = f->alarm_at;
	cs_test_agent_ring(f);
	cs_test_agent_settle(f);
	cs_test_agent_get_notice(f, 0);
}

/* One certificate, two accounts: once. */
static void
test_two_accounts(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *second = cs_test_home_enrol(f->home, f->server, "grace");

	install(f, 3);
	start(f);
	cs_test_agent_get_notice(f, 1);
	lifetime_s = DAY_S;
	check(f);
	cs_test_agent_get_notice(f, 2);
	g_assert_nonnull(second);
}

/* The kernel's own, by the clock on the wall: what lies behind goes off at once. */
static gboolean
is_told(gpointer data)
{
	return ((CsTestAgent *)data)->notices->len == 1;
}

static void
test_real_alarm(CsTestAgent *f, gconstpointer data)
{
	install(f, 15);
	start(f);
	cs_test_agent_end(f);
	/* the device's clock says 1985 to the agent, the kernel knows better */
	now = CS_TEST_DEVICE_NOW;
	f->home->clock.get_unix_s = get_unix_s;
	f->has_real_alarm = TRUE;
	lifetime_s = CS_TEST_DEVICE_NOW - CS_TEST_SERVER_NOW + 14 * DAY_S;
	start(f);
	lifetime_s = 14 * DAY_S;
	cs_test_agent_wait(is_told, f);
	expect(f, 1, "certificate-expiring-14", FALSE);
	/* and one that is days ahead, and is given up */
	now = g_get_real_time() / G_USEC_PER_SEC;
	lifetime_s = now - CS_TEST_SERVER_NOW + 20 * DAY_S;
	check(f);
	cs_test_agent_end(f);
}

/* A new key of the server's that the present one vouches for is told once. */
static void
test_key(CsTestAgent *f, gconstpointer data)
{
	CsPrivateKey *present = NULL;

	cs_test_agent_install(f);
	start(f);
	present = cs_private_key_ref(cs_test_server_get_private_key(f->server));
	cs_test_server_rotate(f->server, NULL, 1);
	f->faults->challenge_key = present;
	f->faults->verdict_key = present;
	start(f);
	expect(f, 1, "key-rotating", FALSE);
	g_assert_cmpstr(cs_test_agent_get_notice(f, 1)->title, ==,
			"New key announced: Example Corp");
	g_assert_nonnull(strstr(cs_test_agent_get_notice(f, 1)->sentence, "is about to sign"));
	/* a body is read as markup by those who show it: a name of the server's is in the title */
	g_assert_null(strstr(cs_test_agent_get_notice(f, 1)->sentence, "Example Corp"));
	cs_test_agent_set_network(f, FALSE, G_NETWORK_CONNECTIVITY_LOCAL);
	cs_test_agent_set_network(f, TRUE, G_NETWORK_CONNECTIVITY_FULL);
	cs_test_agent_settle(f);
	start(f);
	cs_test_agent_get_notice(f, 1);
	/* it signs with it from now on, and that is no news */
	f->faults->challenge_key = NULL;
	f->faults->verdict_key = NULL;
	start(f);
	cs_test_agent_expect_state(f, CS_AGENT_MANAGED);
	cs_test_agent_get_notice(f, 1);
	cs_private_key_unref(present);
}

/* A desktop that is always online hears of it where somebody has every account checked. */
static void
test_key_when_asked(CsTestAgent *f, gconstpointer data)
{
	CsPrivateKey *present = NULL;

	cs_test_agent_install(f);
	start(f);
	present = cs_private_key_ref(cs_test_server_get_private_key(f->server));
	cs_test_server_rotate(f->server, NULL, 1);
	f->faults->challenge_key = present;
	f->faults->verdict_key = present;
	cs_agent_check(f->agent, f->id);
	cs_test_agent_settle(f);
	cs_test_agent_get_notice(f, 0);
	check(f);
	expect(f, 1, "key-rotating", FALSE);
	f->faults->challenge_key = NULL;
	f->faults->verdict_key = NULL;
	cs_private_key_unref(present);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_add_agent_test("/agent-alarm/alarm", test_alarm);
	cs_test_add_agent_test("/agent-alarm/rings", test_rings);
	cs_test_add_agent_test("/agent-alarm/clock-ahead", test_clock_ahead);
	cs_test_add_agent_test("/agent-alarm/clock-ahead-after", test_clock_ahead_after);
	cs_test_add_agent_test("/agent-alarm/clock-right", test_clock_right);
	cs_test_add_agent_test("/agent-alarm/each-once", test_each_once);
	cs_test_add_agent_test("/agent-alarm/successor", test_successor);
	cs_test_add_agent_test("/agent-alarm/two-accounts", test_two_accounts);
	cs_test_add_agent_test("/agent-alarm/real-alarm", test_real_alarm);
	cs_test_add_agent_test("/agent-alarm/key", test_key);
	cs_test_add_agent_test("/agent-alarm/key-when-asked", test_key_when_asked);
	return g_test_run();
}
