/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "tests/fixtures/authority-fixture.h"

/* Rows that the schema must not take, whoever writes them: a user u, a device d with key k, account
 * a, link l and a deleted account z. */
static const char *const forbidden[] = {
	"INSERT INTO users (id, login, state, created_at) VALUES ('u2', 'alice', 'active', 0)",
	"UPDATE users SET state = 'unheard-of'",
	"UPDATE users SET created_at = 'yesterday'",
	"UPDATE devices SET hardware_id = 'hardware-d' WHERE id = 'e'", /* rule 24 */
	"UPDATE devices SET state = 'bound'",
	"UPDATE device_keys SET approval = 'yes'",
	"UPDATE device_keys SET device_id = 'nowhere'",
	"UPDATE accounts SET user_id = 'nobody'",
	"UPDATE accounts SET key_id = 'none'",
	"UPDATE accounts SET deleted = 0 WHERE id = 'z'", /* rule 22 */
	"UPDATE accounts SET thumbprint = 'thumbprint-a' WHERE id = 'z'",
	"UPDATE links SET state = 'active'",
	"UPDATE links SET device_id = 'nowhere'",
	"UPDATE links SET state = 'bound' WHERE key_fingerprint = 'r'",	    /* rule 22 */
	"UPDATE links SET state = 'suspended' WHERE key_fingerprint = 'r'", /* rule 22 */
	"UPDATE links SET device_id = 'e' WHERE key_fingerprint = 'r'",	    /* rule 22 */
	"DELETE FROM links WHERE key_fingerprint = 'r'",		    /* rule 22 */
	"INSERT INTO link_keys VALUES ('l', 7, 'none')",
	"INSERT INTO link_keys VALUES ('l', 7, 'k')",
	"DELETE FROM users",
	"DELETE FROM devices",
	"UPDATE log SET outcome = 'ok'",
	"DELETE FROM log",
};

static int
run(CsRegistry *r, const char *sql)
{
	return sqlite3_exec(r->database, sql, NULL, NULL, NULL);
}

static void
fill(CsRegistry *r)
{
	const CsLogEntry entry = {
		.time = CS_TEST_NOW, .event = "test", .actor = "server", .outcome = "refused"};

	cs_test_put_user(r, "u", "alice");
	cs_test_put_device(r, "d");
	cs_test_put_device(r, "e");
	cs_test_put_key(r, "k", "d", CS_APPROVAL_FOUNDER);
	cs_test_put_account(r, "a", "u", "d", "k");
	cs_test_put_account(r, "z", "u", "d", "k");
	g_assert_cmpint(run(r, "UPDATE accounts SET deleted = 1 WHERE id = 'z'"), ==, SQLITE_OK);
	cs_test_put_link(r, "l", "d", CS_LINK_BOUND, "k");
	cs_test_put_link(r, "r", "d", CS_LINK_REFUSED, "k");
	g_assert_true(cs_registry_log(r, &entry, NULL));
}

static void
test_forbidden(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();

	fill(test->registry);
	for (gsize i = 0; i < G_N_ELEMENTS(forbidden); i++) {
		g_test_message("%s", forbidden[i]);
		g_assert_cmpint(run(test->registry, forbidden[i]) & 0xff, ==, SQLITE_CONSTRAINT);
	}
}

static void
expect_version(CsTestRegistry *test, const char *sql)
{
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(run(test->registry, sql), ==, SQLITE_OK);
	g_assert_null(cs_registry_open(test->path, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-version");
	g_assert_null(cs_registry_create(test->path, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-version");
}

static void
test_version(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;
	gboolean exists = FALSE;

	g_assert_true(cs_registry_schema_check(test->registry, &exists, &error));
	g_assert_true(exists);
	expect_version(test, "PRAGMA user_version = 1000");
	expect_version(test, "PRAGMA user_version = 0");
	expect_version(test, "PRAGMA user_version = 1; PRAGMA application_id = 7");
}

/* Laid down once; a second time is an error and changes nothing. */
static void
test_create_twice(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_begin(test->registry, &error));
	g_assert_false(cs_registry_schema_create(test->registry, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
	cs_registry_rollback(test->registry);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-schema/forbidden", test_forbidden);
	g_test_add_func("/registry-schema/version", test_version);
	g_test_add_func("/registry-schema/create-twice", test_create_twice);
	return g_test_run();
}
