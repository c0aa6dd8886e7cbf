/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"
#include "tests/fixtures/authority-fixture.h"

static void
fill(CsRegistry *r)
{
	cs_test_put_device(r, "d1");
	cs_test_put_device(r, "d2");
	cs_test_put_key(r, "k1", "d1", CS_APPROVAL_FOUNDER);
	cs_test_put_key(r, "k2", "d1", CS_APPROVAL_NONE);
	cs_test_put_link(r, "l2", "d1", CS_LINK_BOUND, "k1");
	cs_test_put_link(r, "l1", "d1", CS_LINK_SUSPENDED, NULL);
}

static CsLinkRow *
find(CsRegistry *r, const char *key_fingerprint)
{
	CsLinkRow *row = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_find_link(r, key_fingerprint, &row, &error));
	g_assert_no_error(error);
	return row;
}

static void
test_links(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsLinkRow) bound = NULL;
	g_autoptr(CsLinkRow) bare = NULL;
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;

	fill(test->registry);
	bound = find(test->registry, "l2");
	g_assert_cmpstr(bound->certificate, ==, "certificate-l2");
	g_assert_cmpstr(bound->device_id, ==, "d1");
	g_assert_cmpint(bound->state, ==, CS_LINK_BOUND);
	g_assert_cmpint(bound->bound_at, ==, CS_TEST_NOW);
	g_assert_cmpint(bound->hand_over_until, ==, 0);
	g_assert_cmpuint(g_strv_length(bound->key_ids), ==, 1);
	g_assert_cmpstr(bound->key_ids[0], ==, "k1");
	bare = find(test->registry, "l1");
	g_assert_cmpint(bare->state, ==, CS_LINK_SUSPENDED);
	g_assert_cmpuint(g_strv_length(bare->key_ids), ==, 0);
	g_assert_null(find(test->registry, "l3"));
	rows = cs_registry_list_links(test->registry, "d1", &error);
	g_assert_cmpuint(rows->len, ==, 2);
	g_assert_cmpstr(((CsLinkRow *)g_ptr_array_index(rows, 0))->key_fingerprint, ==, "l2");
	g_clear_pointer(&rows, g_ptr_array_unref);
	rows = cs_registry_list_links(test->registry, "d2", &error);
	g_assert_cmpuint(rows->len, ==, 0);
}

/* What is put replaces all of what was there, keys and their order too. */
static void
test_replace(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	char *key_ids[] = {(char *)"k2", (char *)"k1", NULL};
	const CsLinkRow row = {
		.key_fingerprint = (char *)"l2",
		.certificate = (char *)"certificate-new",
		.device_id = (char *)"d2",
		.state = CS_LINK_SUSPENDED,
		.bound_at = CS_TEST_NOW + 1,
		.hand_over_until = CS_TEST_NOW + 2,
		.key_ids = key_ids,
	};
	g_autoptr(CsLinkRow) found = NULL;

	fill(test->registry);
	g_assert_true(cs_registry_put_link(test->registry, &row, NULL));
	found = find(test->registry, "l2");
	g_assert_cmpstr(found->certificate, ==, "certificate-new");
	g_assert_cmpstr(found->device_id, ==, "d2");
	g_assert_cmpint(found->state, ==, CS_LINK_SUSPENDED);
	g_assert_cmpint(found->bound_at, ==, CS_TEST_NOW + 1);
	g_assert_cmpint(found->hand_over_until, ==, CS_TEST_NOW + 2);
	g_assert_true(
		g_strv_equal((const char *const *)found->key_ids, (const char *const *)key_ids));
}

/* A link and its keys are one write, within the caller's transaction or without one. */
static void
test_atomic(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	char *key_ids[] = {(char *)"k1", (char *)"nowhere", NULL};
	CsLinkRow row = {
		.key_fingerprint = (char *)"l2",
		.certificate = (char *)"certificate-new",
		.device_id = (char *)"d1",
		.state = CS_LINK_BOUND,
		.key_ids = key_ids,
	};
	g_autoptr(CsLinkRow) found = NULL;
	g_autoptr(GError) error = NULL;

	fill(test->registry);
	g_assert_false(cs_registry_put_link(test->registry, &row, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	found = find(test->registry, "l2");
	g_assert_cmpstr(found->certificate, ==, "certificate-l2");
	row.key_fingerprint = (char *)"l3";
	row.key_ids = NULL;
	g_assert_true(cs_registry_begin(test->registry, &error));
	g_assert_true(cs_registry_put_link(test->registry, &row, &error));
	cs_registry_rollback(test->registry);
	g_assert_null(find(test->registry, "l3"));
}

static void
test_delete(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;

	fill(test->registry);
	g_assert_true(cs_registry_delete_link(test->registry, "l2", &error));
	g_assert_true(cs_registry_delete_link(test->registry, "l2", &error));
	g_assert_null(find(test->registry, "l2"));
	cs_test_put_link(test->registry, "l2", "d2", CS_LINK_BOUND, NULL);
}

/* rule 22: refused for ever */
static void
test_refused(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsLinkRow) row = NULL;
	g_autoptr(GError) error = NULL;

	fill(test->registry);
	cs_test_put_link(test->registry, "l2", "d1", CS_LINK_REFUSED, "k1");
	g_assert_false(cs_registry_delete_link(test->registry, "l2", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	row = find(test->registry, "l2");
	row->state = CS_LINK_BOUND;
	g_assert_false(cs_registry_put_link(test->registry, row, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
}

static void
damage(CsRegistry *r, const char *sql)
{
	g_assert_cmpint(sqlite3_exec(r->database, sql, NULL, NULL, NULL), ==, SQLITE_OK);
}

static void
expect_no_write(CsRegistry *r, const CsLinkRow *row)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(cs_registry_put_link(r, row, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
}

/* A damaged registry answers with an error: never "bound to nothing", never half a link. */
static void
test_damaged(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	CsRegistry *r = test->registry;
	char *key_ids[] = {(char *)"k1", NULL};
	const CsLinkRow row = {
		.key_fingerprint = (char *)"l3",
		.certificate = (char *)"certificate-new",
		.device_id = (char *)"d1",
		.state = CS_LINK_BOUND,
		.key_ids = key_ids,
	};
	CsLinkRow bare = row;
	CsLinkRow *found = NULL;
	g_autoptr(GError) error = NULL;

	bare.key_ids = NULL;
	cs_test_put_device(r, "d1");
	cs_test_put_key(r, "k1", "d1", CS_APPROVAL_FOUNDER);
	damage(r, "ALTER TABLE links RENAME TO lost_links");
	expect_no_write(r, &bare);
	g_assert_null(cs_registry_list_links(r, "d1", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
	g_assert_false(cs_registry_delete_link(r, "l3", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
	damage(r, "ALTER TABLE lost_links RENAME TO links");
	damage(r, "ALTER TABLE link_keys RENAME TO lost_keys");
	expect_no_write(r, &bare);
	g_assert_false(cs_registry_find_link(r, "l3", &found, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
	g_assert_null(found);
	damage(r, "ALTER TABLE lost_keys RENAME TO link_keys");
	damage(r, "ALTER TABLE link_keys RENAME COLUMN place TO spot");
	expect_no_write(r, &row);
	damage(r, "ALTER TABLE link_keys RENAME COLUMN spot TO place");
	g_assert_null(find(r, "l3"));
}

/* Another process writes for longer than one waits. */
static void
test_busy(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsRegistry) other = cs_registry_open(test->path, NULL);
	g_autoptr(CsLinkRow) row = NULL;
	g_autoptr(GError) error = NULL;

	fill(test->registry);
	row = find(other, "l2");
	sqlite3_busy_timeout(other->database, 1);
	g_assert_true(cs_registry_begin(test->registry, NULL));
	g_assert_false(cs_registry_put_link(other, row, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-busy");
	cs_registry_rollback(test->registry);
	g_assert_true(cs_registry_put_link(other, row, NULL));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-links/links", test_links);
	g_test_add_func("/registry-links/replace", test_replace);
	g_test_add_func("/registry-links/atomic", test_atomic);
	g_test_add_func("/registry-links/delete", test_delete);
	g_test_add_func("/registry-links/refused", test_refused);
	g_test_add_func("/registry-links/damaged", test_damaged);
	g_test_add_func("/registry-links/busy", test_busy);
	return g_test_run();
}
