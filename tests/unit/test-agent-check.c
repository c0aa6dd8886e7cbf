/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"
#include "core/account/deletion.h"
#include "core/base/error.h"
#include "tests/fixtures/agent-fixture.h"

#define FIRST_MS (10 * 1000)

static void
start(CsTestAgent *f)
{
	cs_test_agent_start(f);
	cs_test_agent_settle(f);
}

static void
shoot(CsTestAgent *f)
{
	cs_test_agent_shoot(f);
	cs_test_agent_settle(f);
}

static void
ask(CsTestAgent *f)
{
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
}

/* A quarter more at the most, so that devices do not come in step. */
static void
expect_wait(CsTestAgent *f, guint base_ms)
{
	g_assert_cmpuint(f->wait_ms, >=, base_ms);
	g_assert_cmpuint(f->wait_ms, <, base_ms + base_ms / 4);
}

static void
test_backs_off(CsTestAgent *f, gconstpointer data)
{
	static const guint seconds[] = {10, 20, 40, 80, 160, 320, 640, 900, 900};

	f->faults->status = 503;
	start(f);
	for (gsize i = 0; i < G_N_ELEMENTS(seconds); i++) {
		expect_wait(f, seconds[i] * 1000);
		g_assert_cmpuint(f->n_waits, ==, i + 1);
		g_assert_cmpuint(cs_test_agent_count_checks(f), ==, i + 1);
		shoot(f);
	}
	/* an answer ends it */
	f->faults->status = 0;
	shoot(f);
	g_assert_cmpuint(f->wait_ms, ==, 0);
	cs_test_agent_expect_state(f, CS_AGENT_NOT_MANAGED);
	/* and the next trouble begins anew */
	f->faults->status = 503;
	ask(f);
	expect_wait(f, FIRST_MS);
}

/* None runs where all have an answer, whatever the answer is. */
static void
test_no_timer_with_answers(CsTestAgent *f, gconstpointer data)
{
	start(f);
	f->faults->reason = CS_REASON_USER_SUSPENDED;
	ask(f);
	f->faults->reason = CS_REASON_NONE;
	f->faults->challenge_key = cs_private_key_generate_p256(NULL);
	ask(f);
	g_assert_error(cs_agent_get_last_error(f->agent, f->id), CS_ERROR, CS_ERROR_SIGNATURE);
	g_clear_pointer(&f->faults->challenge_key, cs_private_key_unref);
	g_assert_cmpuint(f->n_waits, ==, 0);
}

/* A server restarted in the middle of a sign-in has said nothing about the device. */
static void
test_transient_reason(CsTestAgent *f, gconstpointer data)
{
	f->faults->reason = CS_REASON_CHALLENGE_EXPIRED;
	start(f);
	expect_wait(f, FIRST_MS);
	f->faults->reason = CS_REASON_NONE;
	shoot(f);
	g_assert_cmpuint(f->wait_ms, ==, 0);
}

static void
test_asking_begins_anew(CsTestAgent *f, gconstpointer data)
{
	f->faults->status = 503;
	start(f);
	shoot(f);
	shoot(f);
	expect_wait(f, 4 * FIRST_MS);
	ask(f);
	expect_wait(f, FIRST_MS);
}

/* Only the accounts that lack an answer are tried again. */
static void
test_retries_only_what_lacks(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(CsTestServer) other = cs_test_server_new();
	g_autofree char *id = NULL;
	CsTestFaults *faults = cs_test_server_get_faults(other);

	cs_test_server_set_next_id(other, "other");
	id = cs_test_home_enrol(f->home, other, "grace");
	faults->status = 503;
	start(f);
	expect_wait(f, FIRST_MS);
	shoot(f);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 1);
	g_assert_cmpuint(cs_test_server_count_calls(other, "/v1/transactions"), ==, 2);
	g_assert_null(cs_agent_get_last_error(f->agent, f->id));
	g_assert_error(cs_agent_get_last_error(f->agent, id), CS_ERROR, CS_ERROR_UNREACHABLE);
	/* one account asked for by name, and no other */
	cs_agent_check(f->agent, f->id);
	cs_test_agent_settle(f);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 2);
	g_assert_cmpuint(cs_test_server_count_calls(other, "/v1/transactions"), ==, 2);
	expect_wait(f, FIRST_MS);
}

/* With the account goes the wait for it. */
static void
test_no_timer_without_account(CsTestAgent *f, gconstpointer data)
{
	gboolean pending = FALSE;

	f->faults->status = 503;
	start(f);
	expect_wait(f, FIRST_MS);
	g_assert_true(cs_deletion_delete(&f->home->client, f->id, &pending, NULL, NULL));
	cs_agent_reload(f->agent);
	cs_test_agent_settle(f);
	g_assert_cmpuint(f->wait_ms, ==, 0);
}

/* One check of an account at a time, however often it is asked for. */
static void
test_one_at_a_time(CsTestAgent *f, gconstpointer data)
{
	cs_test_agent_hold(f, "/v1/transactions");
	cs_test_agent_start(f);
	cs_test_agent_wait_for_held(f);
	for (int i = 0; i < 10; i++)
		cs_agent_check(f->agent, i % 2 == 0 ? f->id : NULL);
	cs_test_agent_release(f);
	cs_test_agent_settle(f);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 1);
}

/* Of many accounts only a few are under way at once, and all of them come to their turn. */
static void
test_many_accounts(CsTestAgent *f, gconstpointer data)
{
	const guint n_accounts = 9;

	for (guint i = 1; i < n_accounts; i++) {
		g_autofree char *id = g_strdup_printf("account%u", i);

		cs_test_server_set_next_id(f->server, id);
		g_free(cs_test_home_enrol(f->home, f->server, id));
	}
	cs_test_agent_hold(f, "/v1/transactions");
	cs_test_agent_start(f);
	cs_test_agent_wait_for_held(f);
	g_assert_cmpuint(f->agent->n_running, ==, 4);
	cs_test_agent_expect_state(f, CS_AGENT_CHECKING);
	cs_test_agent_release(f);
	cs_test_agent_settle(f);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, n_accounts);
	g_assert_cmpuint(f->agent->n_running, ==, 0);
	cs_test_agent_expect_state(f, CS_AGENT_NOT_MANAGED);
}

/* What the command line has added is checked once; what it has checked is not checked again. */
static void
test_new_accounts(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *second = NULL;

	start(f);
	cs_test_server_set_next_id(f->server, "second");
	second = cs_test_home_enrol(f->home, f->server, "grace");
	cs_agent_reload(f->agent);
	cs_test_agent_settle(f);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 2);
	g_assert_cmpint(cs_agent_get_state(f->agent, second), ==, CS_AGENT_NOT_MANAGED);
	cs_agent_reload(f->agent);
	cs_test_agent_settle(f);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 2);
}

/* rule 23: what a server has not heard of is told at the next occasion */
static void
test_deletions_retried(CsTestAgent *f, gconstpointer data)
{
	gboolean pending = FALSE;

	f->faults->status = 503;
	g_assert_true(cs_deletion_delete(&f->home->client, f->id, &pending, NULL, NULL));
	g_assert_true(pending);
	start(f);
	g_assert_false(cs_test_server_is_deleted(f->server, f->id));
	g_assert_cmpuint(f->n_waits, ==, 0);
	f->faults->status = 0;
	ask(f);
	g_assert_true(cs_test_server_is_deleted(f->server, f->id));
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 1);
}

/* Asked for while one is under way, it is tried once more, not once each. */
static void
test_deletions_retried_again(CsTestAgent *f, gconstpointer data)
{
	gboolean pending = FALSE;

	f->faults->status = 503;
	g_assert_true(cs_deletion_delete(&f->home->client, f->id, &pending, NULL, NULL));
	start(f);
	f->faults->status = 0;
	f->faults->lose_answer = TRUE;
	cs_test_agent_hold(f, "/v1/accounts");
	cs_agent_check(f->agent, NULL);
	cs_test_agent_wait_for_held(f);
	cs_agent_check(f->agent, NULL);
	cs_agent_check(f->agent, NULL);
	cs_test_agent_release(f);
	cs_test_agent_settle(f);
	g_assert_cmpuint(cs_test_server_count_calls(f->server, "/v1/accounts/"), ==, 2);
}

/* The main loop's own clock: armed while an answer is lacking, and not otherwise. */
static void
test_own_timer(CsTestAgent *f, gconstpointer data)
{
	CsAgent *agent = cs_agent_new(&f->home->client);
	CsTestAgent other = {.agent = agent};

	f->faults->status = 503;
	cs_agent_start(agent);
	cs_test_agent_settle(&other);
	g_assert_nonnull(agent->shot);
	g_assert_cmpint(g_source_get_ready_time(agent->shot), >, 0);
	/* as if its time had come */
	g_source_set_ready_time(agent->shot, 0);
	f->faults->status = 0;
	while (agent->shot != NULL || agent->jobs != NULL)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(cs_test_agent_count_checks(f), ==, 2);
	f->faults->status = 503;
	cs_agent_check(agent, NULL);
	cs_test_agent_settle(&other);
	g_assert_nonnull(agent->shot);
	cs_agent_stop(agent);
	g_assert_null(agent->shot);
	g_object_unref(agent);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_add_agent_test("/agent-check/backs-off", test_backs_off);
	cs_test_add_agent_test("/agent-check/no-timer-with-answers", test_no_timer_with_answers);
	cs_test_add_agent_test("/agent-check/transient-reason", test_transient_reason);
	cs_test_add_agent_test("/agent-check/asking-begins-anew", test_asking_begins_anew);
	cs_test_add_agent_test("/agent-check/retries-only-what-lacks",
			       test_retries_only_what_lacks);
	cs_test_add_agent_test("/agent-check/no-timer-without-account",
			       test_no_timer_without_account);
	cs_test_add_agent_test("/agent-check/one-at-a-time", test_one_at_a_time);
	cs_test_add_agent_test("/agent-check/many-accounts", test_many_accounts);
	cs_test_add_agent_test("/agent-check/new-accounts", test_new_accounts);
	cs_test_add_agent_test("/agent-check/deletions-retried", test_deletions_retried);
	cs_test_add_agent_test("/agent-check/deletions-retried-again",
			       test_deletions_retried_again);
	cs_test_add_agent_test("/agent-check/own-timer", test_own_timer);
	return g_test_run();
}
