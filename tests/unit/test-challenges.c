/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/challenges.h"

#define NOW	G_GINT64_CONSTANT(1800000000)
#define EXPIRES (NOW + CS_CHALLENGE_MAX_LIFETIME_S)

static void
test_find(void)
{
	g_autoptr(CsChallenges) challenges = cs_challenges_new(8);
	CsOpenChallenge found = {0};

	g_assert_false(cs_challenges_find(challenges, "t1", NOW, &found));
	g_assert_true(cs_challenges_add(challenges, "t1", "alice", NULL, "token1", EXPIRES, NOW));
	g_assert_true(cs_challenges_add(challenges, "t2", "bob", NULL, "token2", EXPIRES, NOW));
	g_assert_true(cs_challenges_find(challenges, "t1", NOW, &found));
	g_assert_cmpstr(found.account, ==, "alice");
	g_assert_cmpstr(found.token, ==, "token1");
	g_assert_cmpint(found.use, ==, CS_CHALLENGE_OPEN);
	g_assert_false(cs_challenges_find(challenges, "t3", NOW, &found));
}

/* One use; a used one is known as used until it is forgotten. */
static void
test_use(void)
{
	g_autoptr(CsChallenges) challenges = cs_challenges_new(8);
	CsOpenChallenge found = {0};

	cs_challenges_add(challenges, "t1", "alice", NULL, "token1", EXPIRES, NOW);
	cs_challenges_use(challenges, "t1");
	g_assert_true(cs_challenges_find(challenges, "t1", NOW, &found));
	g_assert_cmpint(found.use, ==, CS_CHALLENGE_USED);
	g_assert_false(found.replayed);
	cs_challenges_use(challenges, "t1");
	g_assert_true(
		cs_challenges_find(challenges, "t1", EXPIRES + CS_TOKEN_LEEWAY_S - 1, &found));
	g_assert_cmpint(found.use, ==, CS_CHALLENGE_USED);
	g_assert_true(found.replayed);
	g_assert_false(cs_challenges_find(challenges, "t1", EXPIRES + CS_TOKEN_LEEWAY_S, &found));
}

static void
test_failures(void)
{
	g_autoptr(CsChallenges) challenges = cs_challenges_new(8);
	CsOpenChallenge found = {0};

	cs_challenges_add(challenges, "t1", "alice", NULL, "token1", EXPIRES, NOW);
	cs_challenges_add(challenges, "t2", "bob", NULL, "token2", EXPIRES, NOW);
	for (guint i = 1; i < CS_CHALLENGES_MAX_FAILURES; i++) {
		cs_challenges_fail(challenges, "t1");
		g_assert_true(cs_challenges_find(challenges, "t1", NOW, &found));
		g_assert_cmpint(found.use, ==, CS_CHALLENGE_OPEN);
	}
	cs_challenges_fail(challenges, "t1");
	g_assert_false(cs_challenges_find(challenges, "t1", NOW, &found));
	g_assert_true(cs_challenges_find(challenges, "t2", NOW, &found));
}

/* However many responses to one challenge are sent and given up, they cost no more than failures. */
static void
test_begun_ahead(void)
{
	g_autoptr(CsChallenges) challenges = cs_challenges_new(2);
	CsOpenChallenge open = {0};

	g_assert_true(cs_challenges_add(challenges, "t1", "alice", NULL, "token", EXPIRES, NOW));
	for (guint i = 0; i < CS_CHALLENGES_MAX_FAILURES; i++)
		g_assert_true(cs_challenges_begin_ahead(challenges, "t1"));
	g_assert_false(cs_challenges_begin_ahead(challenges, "t1"));
	g_assert_true(cs_challenges_find(challenges, "t1", NOW, &open));
	g_assert_cmpint(open.use, ==, CS_CHALLENGE_OPEN);
}

static void
test_bounds(void)
{
	g_autoptr(CsChallenges) challenges = cs_challenges_new(2);
	CsOpenChallenge found = {0};

	g_assert_true(cs_challenges_add(challenges, "t1", "a", NULL, "token", EXPIRES, NOW));
	g_assert_false(cs_challenges_add(challenges, "t1", "b", NULL, "token", EXPIRES, NOW));
	g_assert_true(
		cs_challenges_add(challenges, "t2", "a", NULL, "token", EXPIRES + 10, NOW + 10));
	g_assert_false(cs_challenges_add(challenges, "t3", "a", NULL, "token", EXPIRES, NOW + 10));
	/* Nonces have room of their own. */
	g_assert_true(cs_challenges_add_nonce(challenges, "n1", EXPIRES, NOW));
	g_assert_true(cs_challenges_add_nonce(challenges, "n2", EXPIRES, NOW));
	g_assert_false(cs_challenges_add_nonce(challenges, "n3", EXPIRES, NOW));
	/* What is too old makes room, and nothing else. */
	g_assert_true(cs_challenges_add(challenges, "t3", "a", NULL, "token", EXPIRES + 200,
					EXPIRES + CS_TOKEN_LEEWAY_S));
	g_assert_false(cs_challenges_find(challenges, "t1", EXPIRES + CS_TOKEN_LEEWAY_S, &found));
	g_assert_true(cs_challenges_find(challenges, "t2", EXPIRES + CS_TOKEN_LEEWAY_S, &found));
}

/* A clock that is set back keeps nothing alive beyond its own time. */
static void
test_clock_set_back(void)
{
	g_autoptr(CsChallenges) challenges = cs_challenges_new(8);

	g_assert_true(cs_challenges_add_nonce(challenges, "late", EXPIRES + 1000, NOW + 1000));
	g_assert_true(cs_challenges_add_nonce(challenges, "early", EXPIRES, NOW));
	g_assert_false(cs_challenges_take_nonce(challenges, "early", EXPIRES));
	g_assert_true(cs_challenges_take_nonce(challenges, "late", EXPIRES));
}

static void
test_nonces(void)
{
	g_autoptr(CsChallenges) challenges = cs_challenges_new(8);

	g_assert_false(cs_challenges_take_nonce(challenges, "n1", NOW));
	g_assert_true(cs_challenges_add_nonce(challenges, "n1", EXPIRES, NOW));
	g_assert_false(cs_challenges_add_nonce(challenges, "n1", EXPIRES, NOW));
	g_assert_true(cs_challenges_take_nonce(challenges, "n1", NOW));
	g_assert_false(cs_challenges_take_nonce(challenges, "n1", NOW));
	g_assert_true(cs_challenges_add_nonce(challenges, "n2", EXPIRES, NOW));
	g_assert_false(cs_challenges_take_nonce(challenges, "n2", EXPIRES));
}

static void
test_forget(void)
{
	g_autoptr(CsChallenges) challenges = cs_challenges_new(2);
	CsOpenChallenge found = {0};

	for (guint i = 0; i < 2; i++) {
		g_assert_cmpuint(cs_challenges_count_open(challenges, NOW), ==, 0);
		cs_challenges_add(challenges, "t1", "a", NULL, "token", EXPIRES, NOW);
		cs_challenges_add(challenges, "t2", "a", NULL, "token", EXPIRES, NOW);
		cs_challenges_add_nonce(challenges, "n1", EXPIRES, NOW);
		cs_challenges_use(challenges, "t2");
		g_assert_cmpuint(cs_challenges_count_open(challenges, NOW), ==, 1);
		g_assert_cmpuint(cs_challenges_count_open(challenges, EXPIRES), ==, 0);
		g_assert_cmpuint(cs_challenges_count_nonces(challenges, NOW), ==, 1);
		g_assert_cmpuint(cs_challenges_count_nonces(challenges, EXPIRES), ==, 0);
		cs_challenges_forget(challenges);
		g_assert_false(cs_challenges_find(challenges, "t1", NOW, &found));
		g_assert_false(cs_challenges_take_nonce(challenges, "n1", NOW));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/challenges/find", test_find);
	g_test_add_func("/challenges/use", test_use);
	g_test_add_func("/challenges/failures", test_failures);
	g_test_add_func("/challenges/begun-ahead", test_begun_ahead);
	g_test_add_func("/challenges/bounds", test_bounds);
	g_test_add_func("/challenges/clock-set-back", test_clock_set_back);
	g_test_add_func("/challenges/nonces", test_nonces);
	g_test_add_func("/challenges/forget", test_forget);
	return g_test_run();
}
