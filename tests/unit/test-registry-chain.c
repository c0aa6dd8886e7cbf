/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "tests/fixtures/authority-fixture.h"

#include <string.h>

#define LINES 600 /* more than two pages */

static const CsLogEntry entry = {
	.time = CS_TEST_NOW,
	.event = "user-add",
	.actor = "administrator",
	.account = "alice",
	.outcome = "ok",
	.operator_user = "root (uid 0)",
	.origin = "cli",
};

static CsTestRegistry *
make_log(guint lines)
{
	CsTestRegistry *test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_begin(test->registry, &error));
	for (guint i = 0; i < lines; i++)
		cs_registry_log(test->registry, &entry, &error);
	g_assert_true(cs_registry_commit(test->registry, &error));
	g_assert_no_error(error);
	return test;
}

/* As somebody does who may write to the file, past what the schema forbids. */
static void
tamper(CsTestRegistry *test, const char *sql)
{
	g_autofree char *all = g_strconcat(
		"DROP TRIGGER log_kept_update; DROP TRIGGER log_kept_delete;", sql, NULL);

	g_assert_cmpint(sqlite3_exec(test->registry->database, all, NULL, NULL, NULL), ==,
			SQLITE_OK);
}

static void
expect(CsRegistry *r, const char *head, const char *problem, gint64 line)
{
	CsLogCheck check = {0};
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_verify_log(r, head, &check, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(check.problem, ==, problem);
	g_assert_cmpint(check.line, ==, line);
}

static void
expect_some(CsRegistry *r)
{
	CsLogCheck check = {0};

	g_assert_true(cs_registry_verify_log(r, NULL, &check, NULL));
	g_assert_nonnull(check.problem);
}

/* The bytes are documented, so that others can reckon them: these are the ones. */
static void
test_canonical(void)
{
	static const char bytes[] =
		"0000000000000000000000000000000000000000000000000000000000000000\n"
		"line=1:1\n"
		"time=10:1800000000\n"
		"event=8:user-add\n"
		"actor=13:administrator\n"
		"account=5:alice\n"
		"outcome=2:ok\n"
		"operator=12:root (uid 0)\n"
		"origin=3:cli\n";
	g_autofree char *expected =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, bytes, sizeof(bytes) - 1);
	g_autoptr(CsTestRegistry) test = make_log(1);
	CsLogCheck check = {0};
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_verify_log(test->registry, NULL, &check, &error));
	g_assert_null(check.problem);
	g_assert_cmpint(check.lines, ==, 1);
	g_assert_cmpstr(check.head, ==, expected);
}

static void
test_whole(void)
{
	g_autoptr(CsTestRegistry) empty = cs_test_registry_new();
	g_autoptr(CsTestRegistry) test = make_log(LINES);
	CsLogCheck check = {0};
	g_autoptr(GError) error = NULL;

	expect(empty->registry, NULL, NULL, 0);
	g_assert_true(cs_registry_verify_log(test->registry, NULL, &check, &error));
	g_assert_null(check.problem);
	g_assert_cmpint(check.lines, ==, LINES);
	/* a head that was noted is some line's, for as long as the log only grows */
	cs_registry_log(test->registry, &entry, &error);
	expect(test->registry, check.head, NULL, 0);
	check.head[0] = check.head[0] == 'a' ? 'b' : 'a';
	expect(test->registry, check.head, CS_LOG_HEAD_UNKNOWN, 0);
}

static void
test_tampered(void)
{
	static const struct {
		const char *sql;
		const char *problem;
		gint64 line;
	} rows[] = {
		{"UPDATE log SET outcome = 'refused' WHERE seq = 300", CS_LOG_CHANGED, 300},
		{"UPDATE log SET time = time + 1 WHERE seq = 1", CS_LOG_CHANGED, 1},
		{"UPDATE log SET reason = '' WHERE seq = 600", CS_LOG_CHANGED, 600},
		{"UPDATE log SET device = account, account = NULL WHERE seq = 2", CS_LOG_CHANGED,
		 2},
		{"UPDATE log SET hash = upper (hash) WHERE seq = 7", CS_LOG_CHANGED, 7},
		{"UPDATE log SET event = event || char (0) || 'x' WHERE seq = 5", CS_LOG_CHANGED,
		 5},
		{"UPDATE log SET hash = hash || char (0) WHERE seq = 600", CS_LOG_CHANGED, 600},
		{"INSERT INTO log (seq, time, event, actor, outcome)"
		 " VALUES (-5, 1, 'x', 'server', 'ok')",
		 CS_LOG_ADDED, -5},
		{"INSERT INTO log (seq, time, event, actor, outcome)"
		 " VALUES (0, 1, 'x', 'server', 'ok')",
		 CS_LOG_ADDED, 0},
		{"INSERT INTO log (seq, time, event, actor, outcome)"
		 " VALUES (-9223372036854775807 - 1, 1, 'x', 'server', 'ok')",
		 CS_LOG_ADDED, G_MININT64},
		{"DELETE FROM log WHERE seq = 300", CS_LOG_MISSING, 300},
		{"DELETE FROM log WHERE seq = 1", CS_LOG_MISSING, 1},
		{"DELETE FROM log WHERE seq > 590", CS_LOG_MISSING, 591},
		{"DELETE FROM log", CS_LOG_MISSING, 1},
		{"DELETE FROM log WHERE seq = 300; UPDATE log SET seq = seq - 1 WHERE seq > 300",
		 CS_LOG_CHANGED, 300},
		{"INSERT INTO log (time, event, actor, outcome) VALUES (1, 'x', 'server', 'ok')",
		 CS_LOG_ADDED, 601},
		{"DELETE FROM meta WHERE key = 'log-head'", CS_LOG_HEAD_LOST, 0},
		{"UPDATE meta SET value = '600' WHERE key = 'log-head'", CS_LOG_HEAD_LOST, 0},
		{"UPDATE meta SET value = 'x' || value WHERE key = 'log-head'", CS_LOG_HEAD_LOST,
		 0},
		{"UPDATE meta SET value = replace (value, '600 ', '601 ')"
		 " WHERE key = 'log-head'",
		 CS_LOG_MISSING, 601},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(CsTestRegistry) test = make_log(LINES);

		g_test_message("%s", rows[i].sql);
		tamper(test, rows[i].sql);
		expect(test->registry, NULL, rows[i].problem, rows[i].line);
		/* what is written afterwards does not cover it up */
		g_assert_true(cs_registry_log(test->registry, &entry, NULL));
		expect_some(test->registry);
	}
}

/* A line with the last number that there is: it is found, and none can come behind it. */
static void
test_last_number(void)
{
	g_autoptr(CsTestRegistry) test = make_log(1);
	g_autoptr(GError) error = NULL;

	tamper(test, "INSERT INTO log (seq, time, event, actor, outcome)"
		     " VALUES (9223372036854775807, 1, 'x', 'server', 'ok')");
	expect(test->registry, NULL, CS_LOG_ADDED, G_MAXINT64);
	g_assert_false(cs_registry_log(test->registry, &entry, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
}

/* A last line taken away together with the note of the end is found by a head noted elsewhere. */
static void
test_cut_off(void)
{
	g_autoptr(CsTestRegistry) test = make_log(2);
	CsLogCheck check = {0};
	g_autofree char *head = NULL;
	g_autofree char *sql = NULL;

	g_assert_true(cs_registry_verify_log(test->registry, NULL, &check, NULL));
	head = g_strdup(check.head);
	g_assert_true(cs_registry_log(test->registry, &entry, NULL));
	g_assert_true(cs_registry_verify_log(test->registry, head, &check, NULL));
	g_assert_null(check.problem);
	sql = g_strdup_printf("DELETE FROM log WHERE seq = 3;"
			      "UPDATE meta SET value = '2 %s' WHERE key = 'log-head'",
			      head);
	tamper(test, sql);
	expect(test->registry, NULL, NULL, 0);
	expect(test->registry, head, NULL, 0);
	expect(test->registry, check.head, CS_LOG_HEAD_UNKNOWN, 0);
}

static void
test_fails(void)
{
	g_autoptr(CsTestRegistry) test = make_log(1);
	CsLogCheck check = {0};
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(sqlite3_exec(test->registry->database, "ALTER TABLE log RENAME TO gone",
				     NULL, NULL, NULL),
			==, SQLITE_OK);
	g_assert_false(cs_registry_verify_log(test->registry, NULL, &check, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
	g_assert_false(cs_registry_log(test->registry, &entry, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
	g_assert_false(cs_registry_chain_old_lines(test->registry, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-chain/canonical", test_canonical);
	g_test_add_func("/registry-chain/whole", test_whole);
	g_test_add_func("/registry-chain/tampered", test_tampered);
	g_test_add_func("/registry-chain/last-number", test_last_number);
	g_test_add_func("/registry-chain/cut-off", test_cut_off);
	g_test_add_func("/registry-chain/fails", test_fails);
	return g_test_run();
}
