/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/agent.h"

#include "core/account/account-book-private.h"
#include "core/account/deletion.h"
#include "core/base/error.h"
#include "tests/fixtures/agent-fixture.h"

#include <glib/gstdio.h>

static void
start(CsTestAgent *f)
{
	cs_test_agent_start(f);
	cs_test_agent_settle(f);
}

static void
test_no_account(CsTestAgent *f, gconstpointer data)
{
	gboolean pending = TRUE;

	g_assert_true(cs_deletion_delete(&f->home->client, f->id, &pending, NULL, NULL));
	cs_test_agent_start(f);
	cs_test_agent_expect_state(f, CS_AGENT_CHECKING);
	cs_test_agent_settle(f);
	cs_test_agent_expect_state(f, CS_AGENT_NO_ACCOUNT);
	g_assert_cmpuint(cs_agent_get_accounts(f->agent)->len, ==, 0);
	g_assert_null(cs_agent_get_account(f->agent, f->id));
	g_assert_cmpint(cs_agent_get_state(f->agent, f->id), ==, CS_AGENT_NO_ACCOUNT);
	g_assert_cmpuint(f->n_waits, ==, 0);
}

/* A user who never had anything: the folder is made, so that it can be watched. */
static void
test_no_folder(CsTestAgent *f, gconstpointer data)
{
	cs_test_delete_folder(f->home->state);
	start(f);
	cs_test_agent_expect_state(f, CS_AGENT_NO_ACCOUNT);
	g_assert_true(g_file_test(f->home->state, G_FILE_TEST_IS_DIR));
}

static void
test_managed(CsTestAgent *f, gconstpointer data)
{
	cs_test_agent_install(f);
	start(f);
	cs_test_agent_expect_state(f, CS_AGENT_MANAGED);
	g_assert_cmpint(cs_agent_get_state(f->agent, f->id), ==, CS_AGENT_MANAGED);
	g_assert_cmpint(cs_agent_get_account(f->agent, f->id)->managed, ==, CS_MANAGED_YES);
	g_assert_null(cs_agent_get_last_error(f->agent, f->id));
	g_assert_null(cs_agent_get_book_error(f->agent));
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 1);
	g_assert_cmpuint(f->n_changed, >, 0);
	g_assert_cmpuint(f->n_waits, ==, 0);
}

static void
test_not_managed(CsTestAgent *f, gconstpointer data)
{
	start(f);
	cs_test_agent_expect_state(f, CS_AGENT_NOT_MANAGED);
	g_assert_cmpint(cs_agent_get_account(f->agent, f->id)->reason, ==,
			CS_REASON_NO_CERTIFICATE);
}

static void
test_action_needed(CsTestAgent *f, gconstpointer data)
{
	cs_test_agent_install(f);
	f->faults->reason = CS_REASON_DEVICE_SUSPENDED;
	start(f);
	cs_test_agent_expect_state(f, CS_AGENT_ACTION_NEEDED);
	f->faults->reason = CS_REASON_NONE;
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	cs_test_agent_expect_state(f, CS_AGENT_MANAGED);
}

/* A key of ours that is gone: the last verdict says managed, and it cannot be so. */
static void
test_key_missing(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *folder = cs_book_path(&f->home->client, CS_BOOK_KEYS_FOLDER, "");

	cs_test_agent_install(f);
	start(f);
	cs_test_agent_expect_state(f, CS_AGENT_MANAGED);
	cs_test_delete_folder(folder);
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	cs_test_agent_expect_state(f, CS_AGENT_ACTION_NEEDED);
	g_assert_error(cs_agent_get_last_error(f->agent, f->id), CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpuint(f->n_waits, ==, 0);
}

/* CHECKING before the first verdict, and where somebody waits; not for what is done by itself. */
static void
test_checking(CsTestAgent *f, gconstpointer data)
{
	cs_test_agent_hold(f, "/v1/transactions");
	cs_test_agent_start(f);
	cs_test_agent_wait_for_held(f);
	cs_test_agent_expect_state(f, CS_AGENT_CHECKING);
	cs_test_agent_release(f);
	cs_test_agent_settle(f);
	cs_test_agent_expect_state(f, CS_AGENT_NOT_MANAGED);

	cs_test_agent_hold(f, "/v1/transactions");
	cs_test_agent_set_network(f, FALSE, G_NETWORK_CONNECTIVITY_LOCAL);
	cs_test_agent_set_network(f, TRUE, G_NETWORK_CONNECTIVITY_FULL);
	cs_test_agent_wait_for_held(f);
	cs_test_agent_expect_state(f, CS_AGENT_NOT_MANAGED);
	cs_agent_check(f->agent, f->id);
	cs_test_agent_expect_state(f, CS_AGENT_CHECKING);
	cs_test_agent_release(f);
	cs_test_agent_settle(f);
	cs_test_agent_expect_state(f, CS_AGENT_NOT_MANAGED);
	/* the one under way has answered both */
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 2);
}

/* What was said last still stands where nobody answers. */
static void
test_away(CsTestAgent *f, gconstpointer data)
{
	cs_test_agent_install(f);
	start(f);
	f->faults->status = 503;
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	cs_test_agent_expect_state(f, CS_AGENT_MANAGED);
	g_assert_error(cs_agent_get_last_error(f->agent, f->id), CS_ERROR, CS_ERROR_UNREACHABLE);
	f->faults->status = 0;
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	g_assert_null(cs_agent_get_last_error(f->agent, f->id));
}

static void
suspend_grace(CsVerdict *verdict)
{
	if (g_strcmp0(verdict->account, "grace") != 0)
		return;
	verdict->authenticated = FALSE;
	verdict->managed = FALSE;
	verdict->reason = CS_REASON_USER_SUSPENDED;
	verdict->device_reason = CS_REASON_NONE;
	g_clear_pointer(&verdict->certificate_fingerprint, g_free);
	g_clear_pointer(&verdict->certificate_issuer, g_free);
	verdict->certificate_not_before = 0;
	verdict->certificate_not_after = 0;
}

static void
test_worst_of_several(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *second = NULL;

	cs_test_server_set_next_id(f->server, "grace");
	second = cs_test_home_enrol(f->home, f->server, "grace");
	g_assert_cmpstr(second, ==, "grace");
	cs_test_agent_install(f);
	f->faults->bend_verdict = suspend_grace;
	start(f);
	g_assert_cmpint(cs_agent_get_state(f->agent, f->id), ==, CS_AGENT_MANAGED);
	g_assert_cmpint(cs_agent_get_state(f->agent, second), ==, CS_AGENT_ACTION_NEEDED);
	cs_test_agent_expect_state(f, CS_AGENT_ACTION_NEEDED);
	g_assert_cmpuint(cs_agent_get_accounts(f->agent)->len, ==, 2);
}

/* rule 23: on the server's signed word */
static void
test_ended(CsTestAgent *f, gconstpointer data)
{
	start(f);
	cs_test_server_end_account(f->server, f->id, CS_REASON_DEVICE_DEACTIVATED);
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	cs_test_agent_expect_state(f, CS_AGENT_NO_ACCOUNT);
	g_assert_cmpuint(cs_agent_get_accounts(f->agent)->len, ==, 0);
	g_assert_cmpint(g_hash_table_size(f->agent->checks), ==, 0);
}

/* The list that could be read last stays, but nobody takes it for good news. */
static void
test_book_unreadable(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *book = NULL;

	cs_test_agent_install(f);
	start(f);
	book = cs_test_home_read_book(f->home);
	cs_test_home_write_book(f->home, "");
	cs_agent_reload(f->agent);
	cs_test_agent_settle(f);
	cs_test_agent_expect_state(f, CS_AGENT_ACTION_NEEDED);
	g_assert_error(cs_agent_get_book_error(f->agent), CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpuint(cs_agent_get_accounts(f->agent)->len, ==, 1);
	/* asking for a check reads it again, and then checks */
	cs_test_home_write_book(f->home, book);
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	g_assert_null(cs_agent_get_book_error(f->agent));
	cs_test_agent_expect_state(f, CS_AGENT_MANAGED);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 2);
}

static void
test_book_unreadable_at_start(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *book = cs_test_home_read_book(f->home);

	cs_test_home_write_book(f->home, "");
	start(f);
	cs_test_agent_expect_state(f, CS_AGENT_ACTION_NEEDED);
	cs_test_home_write_book(f->home, book);
	cs_agent_reload(f->agent);
	cs_test_agent_settle(f);
	cs_test_agent_expect_state(f, CS_AGENT_NOT_MANAGED);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 1);
}

/* Of two snapshots the later one counts, in whatever order they arrive. */
static void
test_stale_snapshot(CsTestAgent *f, gconstpointer data)
{
	CsAgentSnapshot *snapshot = g_new0(CsAgentSnapshot, 1);

	start(f);
	snapshot->generation = f->agent->generation - 1;
	snapshot->accounts = g_ptr_array_new();
	snapshot->notices = g_ptr_array_new();
	cs_agent_publish(f->agent, snapshot);
	g_assert_cmpuint(cs_agent_get_accounts(f->agent)->len, ==, 1);
	snapshot->generation += 2;
	cs_agent_publish(f->agent, snapshot);
	g_assert_cmpuint(cs_agent_get_accounts(f->agent)->len, ==, 0);
	cs_agent_snapshot_free(snapshot);
}

static gboolean
count_cb(gpointer data)
{
	++*(guint *)data;
	return G_SOURCE_CONTINUE;
}

static gboolean
has_counted(gpointer data)
{
	return *(guint *)data > 1000;
}

/* A server that stalls does not keep the main loop from anything else. */
static void
test_stalling_server(CsTestAgent *f, gconstpointer data)
{
	guint count = 0;
	guint source = 0;

	cs_test_agent_hold(f, NULL);
	cs_test_agent_start(f);
	cs_test_agent_wait_for_held(f);
	source = g_timeout_add(0, count_cb, &count);
	cs_test_agent_wait(has_counted, &count);
	g_source_remove(source);
	cs_test_agent_expect_state(f, CS_AGENT_CHECKING);
	cs_agent_stop(f->agent);
	cs_test_agent_settle(f);
	/* nobody has answered, and nothing is said of that */
	g_assert_true(f->is_held);
	g_assert_null(cs_agent_get_last_error(f->agent, f->id));
	cs_test_agent_release(f);
}

static void
test_stopped(CsTestAgent *f, gconstpointer data)
{
	guint n_changed;

	start(f);
	cs_agent_stop(f->agent);
	cs_agent_stop(f->agent);
	n_changed = f->n_changed;
	cs_agent_check(f->agent, NULL);
	cs_agent_reload(f->agent);
	cs_agent_start(f->agent);
	cs_test_agent_set_network(f, FALSE, G_NETWORK_CONNECTIVITY_LOCAL);
	cs_test_agent_set_network(f, TRUE, G_NETWORK_CONNECTIVITY_FULL);
	g_assert_null(f->agent->jobs);
	g_assert_cmpuint(f->n_changed, ==, n_changed);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 1);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_add_agent_test("/agent/no-account", test_no_account);
	cs_test_add_agent_test("/agent/no-folder", test_no_folder);
	cs_test_add_agent_test("/agent/managed", test_managed);
	cs_test_add_agent_test("/agent/not-managed", test_not_managed);
	cs_test_add_agent_test("/agent/action-needed", test_action_needed);
	cs_test_add_agent_test("/agent/key-missing", test_key_missing);
	cs_test_add_agent_test("/agent/checking", test_checking);
	cs_test_add_agent_test("/agent/away", test_away);
	cs_test_add_agent_test("/agent/worst-of-several", test_worst_of_several);
	cs_test_add_agent_test("/agent/ended", test_ended);
	cs_test_add_agent_test("/agent/book-unreadable", test_book_unreadable);
	cs_test_add_agent_test("/agent/book-unreadable-at-start", test_book_unreadable_at_start);
	cs_test_add_agent_test("/agent/stale-snapshot", test_stale_snapshot);
	cs_test_add_agent_test("/agent/stalling-server", test_stalling_server);
	cs_test_add_agent_test("/agent/stopped", test_stopped);
	return g_test_run();
}
