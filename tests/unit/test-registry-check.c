/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "tests/fixtures/authority-fixture.h"

static void
collect_cb(const char *check, const char *detail, gpointer data)
{
	g_string_append_printf(data, "%s ", check);
}

static void
expect(CsRegistry *r, const char *sql, const char *expected)
{
	g_autoptr(GString) found = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(sqlite3_exec(r->database, sql, NULL, NULL, NULL), ==, SQLITE_OK);
	g_assert_true(cs_registry_check(r, collect_cb, found, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(found->str, ==, expected);
}

/* rules 15 and 22: what must never be, each by its name */
static void
test_problems(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	CsRegistry *r = test->registry;

	cs_test_put_user(r, "u", "alice");
	cs_test_put_device(r, "d");
	cs_test_put_device(r, "e");
	cs_test_put_key(r, "k", "d", CS_APPROVAL_FOUNDER);
	cs_test_put_key(r, "m", "e", CS_APPROVAL_FOUNDER);
	cs_test_put_account(r, "a", "u", "d", "k");
	cs_test_put_link(r, "l", "d", CS_LINK_BOUND, "k");
	g_assert_cmpint(cs_registry_get_version(), ==, cs_registry_schema_get_version());
	expect(r, "", "");
	expect(r, "UPDATE devices SET state = 'deactivated' WHERE id = 'd'",
	       "links-of-device accounts-of-device ");
	expect(r, "UPDATE links SET state = 'suspended'; UPDATE accounts SET deleted = 1", "");
	expect(r, "UPDATE devices SET state = 'deleted' WHERE id = 'd'", "links-of-device ");
	expect(r, "UPDATE links SET state = 'refused'", "");
	expect(r, "UPDATE link_keys SET key_id = 'm'", "link-keys ");
	expect(r, "UPDATE link_keys SET key_id = 'k'", "");
	expect(r, "UPDATE accounts SET key_id = 'm'", "account-keys ");
	expect(r,
	       "UPDATE accounts SET key_id = 'k'; PRAGMA foreign_keys = OFF;"
	       "DELETE FROM users; ANALYZE",
	       "references ");
	expect(r, "CREATE INDEX extra ON users (created_at)", "references schema ");
	expect(r, "DROP TRIGGER log_kept_delete", "references schema schema ");
}

static void
test_unreadable(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GString) found = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(
		sqlite3_exec(test->registry->database, "DROP TABLE link_keys", NULL, NULL, NULL),
		==, SQLITE_OK);
	g_assert_false(cs_registry_check(test->registry, collect_cb, found, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
	g_assert_false(test->registry->in_transaction);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-check/problems", test_problems);
	g_test_add_func("/registry-check/unreadable", test_unreadable);
	return g_test_run();
}
