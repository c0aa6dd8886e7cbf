/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"
#include "core/account/authentication.h"
#include "core/account/deletion.h"
#include "tests/fixtures/agent-fixture.h"

#include <glib/gstdio.h>

static void
start(CsTestAgent *f)
{
	cs_test_agent_start(f);
	cs_test_agent_settle(f);
}

static void
leave(CsTestAgent *f)
{
	cs_test_agent_set_network(f, FALSE, G_NETWORK_CONNECTIVITY_LOCAL);
	cs_test_agent_settle(f);
}

static void
come_back(CsTestAgent *f, GNetworkConnectivity connectivity)
{
	cs_test_agent_set_network(f, TRUE, connectivity);
	cs_test_agent_settle(f);
}

static void
test_network_returns(CsTestAgent *f, gconstpointer data)
{
	start(f);
	/* it was there all along */
	come_back(f, G_NETWORK_CONNECTIVITY_FULL);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 1);
	leave(f);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 1);
	come_back(f, G_NETWORK_CONNECTIVITY_LIMITED);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 2);
	come_back(f, G_NETWORK_CONNECTIVITY_LIMITED);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 2);
}

/* Behind a portal everything answers, and nobody of ours. */
static void
test_portal(CsTestAgent *f, gconstpointer data)
{
	start(f);
	leave(f);
	come_back(f, G_NETWORK_CONNECTIVITY_PORTAL);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 2);
	come_back(f, G_NETWORK_CONNECTIVITY_FULL);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 3);
	come_back(f, G_NETWORK_CONNECTIVITY_FULL);
	g_object_notify(G_OBJECT(f->network), "connectivity");
	cs_test_agent_settle(f);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 3);
}

/* The wait after failures begins anew, too. */
static void
test_network_ends_the_wait(CsTestAgent *f, gconstpointer data)
{
	f->faults->status = 503;
	start(f);
	cs_test_agent_shoot(f);
	cs_test_agent_settle(f);
	g_assert_cmpuint(f->wait_ms, >=, 20 * 1000);
	leave(f);
	come_back(f, G_NETWORK_CONNECTIVITY_LIMITED);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 3);
	g_assert_cmpuint(f->wait_ms, <, 20 * 1000);
	f->faults->status = 0;
	leave(f);
	come_back(f, G_NETWORK_CONNECTIVITY_LIMITED);
	g_assert_cmpuint(f->wait_ms, ==, 0);
}

/* Begun before the network came back, it fails; and then it is not lost. */
static void
test_returns_meanwhile(CsTestAgent *f, gconstpointer data)
{
	cs_test_agent_hold(f, "/v1/transactions");
	f->faults->lose_answer = TRUE;
	cs_test_agent_start(f);
	cs_test_agent_wait_for_held(f);
	cs_test_agent_set_network(f, FALSE, G_NETWORK_CONNECTIVITY_LOCAL);
	cs_test_agent_set_network(f, TRUE, G_NETWORK_CONNECTIVITY_LIMITED);
	cs_test_agent_release(f);
	cs_test_agent_settle(f);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 2);
	/* that one failed as well, and nothing has happened since */
	g_assert_cmpuint(f->wait_ms, >, 0);
}

static void
test_returns_meanwhile_with_answer(CsTestAgent *f, gconstpointer data)
{
	cs_test_agent_hold(f, "/v1/transactions");
	cs_test_agent_start(f);
	cs_test_agent_wait_for_held(f);
	cs_test_agent_set_network(f, FALSE, G_NETWORK_CONNECTIVITY_LOCAL);
	cs_test_agent_set_network(f, TRUE, G_NETWORK_CONNECTIVITY_LIMITED);
	cs_test_agent_release(f);
	cs_test_agent_settle(f);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 1);
}

static void
test_another_monitor(CsTestAgent *f, gconstpointer data)
{
	start(f);
	leave(f);
	cs_agent_watch_network(f->agent, NULL);
	come_back(f, G_NETWORK_CONNECTIVITY_FULL);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 1);
	cs_agent_watch_network(f->agent, f->network);
	leave(f);
	come_back(f, G_NETWORK_CONNECTIVITY_LIMITED);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 2);
}

static gboolean
has_no_account(gpointer data)
{
	return cs_agent_get_state(((CsTestAgent *)data)->agent, NULL) == CS_AGENT_NO_ACCOUNT;
}

static gboolean
is_managed(gpointer data)
{
	return cs_agent_get_state(((CsTestAgent *)data)->agent, NULL) == CS_AGENT_MANAGED;
}

/* The command line deletes an account, and adds one: seen without being asked to look. */
static void
test_another_process(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(CsTestHome) other = cs_test_home_new_beside(f->home);
	g_autofree char *second = NULL;
	gboolean pending = TRUE;

	cs_test_agent_install(f);
	start(f);
	g_assert_true(cs_deletion_delete(&other->client, f->id, &pending, NULL, NULL));
	cs_test_agent_wait(has_no_account, f);
	cs_test_server_set_next_id(f->server, "second");
	second = cs_test_home_enrol(other, f->server, "grace");
	cs_test_agent_wait(is_managed, f);
	g_assert_nonnull(cs_agent_get_account(f->agent, second));
}

static gboolean
is_suspended(gpointer data)
{
	return cs_agent_get_state(((CsTestAgent *)data)->agent, NULL) == CS_AGENT_ACTION_NEEDED;
}

/* What `status --check` hears is shown, too, and told once. */
static void
test_another_processs_check(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(CsTestHome) other = cs_test_home_new_beside(f->home);
	g_autoptr(CsAccount) account = NULL;

	cs_test_agent_install(f);
	start(f);
	f->faults->reason = CS_REASON_DEVICE_SUSPENDED;
	account = cs_authentication_run(&other->client, f->id, NULL, NULL, NULL, NULL);
	cs_test_agent_wait(is_suspended, f);
	cs_test_agent_settle(f);
	g_assert_cmpstr(cs_test_agent_get_notice(f, 1)->code, ==, "device-suspended");
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 2);
}

static gboolean
is_unwatched(gpointer data)
{
	return ((CsTestAgent *)data)->agent->folder == NULL;
}

static gboolean
is_watched(gpointer data)
{
	return ((CsTestAgent *)data)->agent->folder != NULL;
}

/* Somebody moves the state away: no account, and nothing that looks for the folder from time to
 * time. The next look that finds one follows it again. */
static void
test_folder_goes(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *aside = g_strconcat(f->home->state, ".aside", NULL);

	start(f);
	g_assert_nonnull(f->agent->folder);
	g_assert_cmpint(g_rename(f->home->state, aside), ==, 0);
	cs_test_agent_wait(is_unwatched, f);
	cs_test_agent_wait(has_no_account, f);
	cs_test_agent_settle(f);
	g_assert_null(f->agent->folder);
	g_assert_cmpint(g_rename(aside, f->home->state), ==, 0);
	cs_agent_check(f->agent, NULL);
	cs_agent_reload(f->agent);
	cs_test_agent_wait(is_watched, f);
	cs_test_agent_settle(f);
	cs_test_agent_expect_state(f, CS_AGENT_NOT_MANAGED);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_add_agent_test("/agent-watch/network-returns", test_network_returns);
	cs_test_add_agent_test("/agent-watch/portal", test_portal);
	cs_test_add_agent_test("/agent-watch/network-ends-the-wait", test_network_ends_the_wait);
	cs_test_add_agent_test("/agent-watch/returns-meanwhile", test_returns_meanwhile);
	cs_test_add_agent_test("/agent-watch/returns-meanwhile-with-answer",
			       test_returns_meanwhile_with_answer);
	cs_test_add_agent_test("/agent-watch/another-monitor", test_another_monitor);
	cs_test_add_agent_test("/agent-watch/another-process", test_another_process);
	cs_test_add_agent_test("/agent-watch/another-processs-check", test_another_processs_check);
	cs_test_add_agent_test("/agent-watch/folder-goes", test_folder_goes);
	return g_test_run();
}
