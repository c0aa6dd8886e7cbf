/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/pki-fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_WRITERS	4
#define LINES_OF_WRITER 50

static void
expect_state(gboolean result, GError **error, const char *reason)
{
	g_assert_false(result);
	cs_test_expect_error(NULL, error, CS_ERROR_STATE, reason);
}

static void
assert_mode(const char *folder, const char *name, guint mode)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	struct stat info;

	g_assert_cmpint(stat(path, &info), ==, 0);
	g_assert_cmphex(info.st_mode & 07777, ==, mode);
}

static void
test_create(void)
{
	mode_t mask = umask(0);
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsRegistry) again = NULL;
	g_autoptr(GError) error = NULL;

	umask(mask);
	g_assert_true(cs_registry_set_meta(test->registry, "name", "Example", &error));
	assert_mode(test->folder, "registry.db", 0600);
	assert_mode(test->folder, "registry.db-wal", 0600);
	assert_mode(test->folder, "registry.db-shm", 0600);
	g_assert_null(cs_registry_create(test->path, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_REFUSED, "already-initialised");
	again = cs_registry_open(test->path, &error);
	g_assert_no_error(error);
}

static void
test_create_fails(void)
{
	g_autofree char *folder = cs_test_make_folder();
	g_autofree char *path = g_build_filename(folder, "missing", "registry.db", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_registry_create(path, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	cs_test_delete_folder(folder);
}

/* A creation that was killed leaves an empty file: nothing is there yet, and it is taken up. */
static void
test_create_takes_up(void)
{
	g_autofree char *folder = cs_test_make_folder();
	g_autofree char *path = cs_test_write_text(folder, "registry.db", "");
	g_autoptr(CsRegistry) r = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(chmod(path, 0644), ==, 0);
	g_assert_null(cs_registry_open(path, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-initialised");
	r = cs_registry_create(path, &error);
	g_assert_no_error(error);
	assert_mode(folder, "registry.db", 0600);
	g_clear_pointer(&r, cs_registry_close);
	cs_test_delete_folder(folder);
}

static void
test_open_fails(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autofree char *missing = g_build_filename(test->folder, "missing.db", NULL);
	g_autofree char *broken = cs_test_write_text(
		test->folder, "broken.db", "this is a text, and no database whatever its name");
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_registry_open(missing, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-initialised");
	g_assert_false(g_file_test(missing, G_FILE_TEST_EXISTS));
	g_assert_null(cs_registry_open(broken, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
}

static gint64
ask_pragma(CsRegistry *r, const char *sql)
{
	g_auto(CsStatement) s = {0};
	g_autoptr(GError) error = NULL;

	cs_statement_open(&s, r, sql, &error);
	g_assert_no_error(error);
	g_assert_cmpint(cs_statement_step(&s, &error), ==, CS_STEP_ROW);
	return cs_statement_get_int64(&s, 0);
}

static void
test_settings(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsRegistry) opened = cs_registry_open(test->path, NULL);
	CsRegistry *both[] = {test->registry, opened};

	for (gsize i = 0; i < G_N_ELEMENTS(both); i++) {
		g_auto(CsStatement) s = {0};
		g_autofree char *mode = NULL;

		g_assert_cmpint(ask_pragma(both[i], "PRAGMA synchronous"), ==, 2);
		g_assert_cmpint(ask_pragma(both[i], "PRAGMA foreign_keys"), ==, 1);
		g_assert_cmpint(ask_pragma(both[i], "PRAGMA busy_timeout"), ==, 5000);
		g_assert_true(cs_statement_open(&s, both[i], "PRAGMA journal_mode", NULL));
		g_assert_cmpint(cs_statement_step(&s, NULL), ==, CS_STEP_ROW);
		mode = cs_statement_dup_text(&s, 0);
		g_assert_cmpstr(mode, ==, "wal");
	}
}

static void
test_meta(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autofree char *value = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_registry_dup_meta(test->registry, "name", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-found");
	g_assert_true(cs_registry_set_meta(test->registry, "name", "first", &error));
	g_assert_true(
		cs_registry_set_meta(test->registry, "name", "x'); DROP TABLE meta; --", &error));
	value = cs_registry_dup_meta(test->registry, "name", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(value, ==, "x'); DROP TABLE meta; --");
}

static gboolean
has_meta(CsRegistry *r, const char *key)
{
	g_autofree char *value = cs_registry_dup_meta(r, key, NULL);

	return value != NULL;
}

static void
test_transactions(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsRegistry) other = cs_registry_open(test->path, NULL);
	g_autoptr(GError) error = NULL;

	cs_registry_rollback(test->registry);
	g_assert_true(cs_registry_begin(test->registry, &error));
	g_assert_true(cs_registry_set_meta(test->registry, "a", "1", &error));
	g_assert_true(has_meta(test->registry, "a"));
	g_assert_false(has_meta(other, "a"));
	cs_registry_rollback(test->registry);
	g_assert_false(has_meta(test->registry, "a"));

	g_assert_true(cs_registry_begin(test->registry, &error));
	g_assert_true(cs_registry_set_meta(test->registry, "a", "1", &error));
	g_assert_true(cs_registry_commit(test->registry, &error));
	g_assert_no_error(error);
	g_assert_true(has_meta(other, "a"));
}

/* A transaction that reads sees one state, and lets others write. */
static void
test_reading(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsRegistry) other = cs_registry_open(test->path, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_begin_reading(other, &error));
	g_assert_false(has_meta(other, "a"));
	g_assert_true(cs_registry_set_meta(test->registry, "a", "1", &error));
	g_assert_no_error(error);
	g_assert_false(has_meta(other, "a"));
	cs_registry_rollback(other);
	g_assert_true(has_meta(other, "a"));
}

static void
test_busy(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsRegistry) other = cs_registry_open(test->path, NULL);
	g_autoptr(GError) error = NULL;

	sqlite3_busy_timeout(other->database, 1);
	g_assert_true(cs_registry_begin(test->registry, &error));
	expect_state(cs_registry_begin(other, &error), &error, "registry-busy");
	expect_state(cs_registry_set_meta(other, "a", "1", &error), &error, "registry-busy");
	cs_registry_rollback(test->registry);
	g_assert_true(cs_registry_begin(other, &error));
	cs_registry_rollback(other);
}

static void
test_nested(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_begin(test->registry, &error));
	g_test_expect_message("countersign", G_LOG_LEVEL_CRITICAL, "*in_transaction*");
	g_assert_false(cs_registry_begin(test->registry, &error));
	g_test_assert_expected_messages();
	g_test_expect_message("countersign", G_LOG_LEVEL_CRITICAL, "*in_transaction*");
	g_assert_false(cs_registry_begin_reading(test->registry, &error));
	g_test_assert_expected_messages();
	cs_registry_rollback(test->registry);
	g_test_expect_message("countersign", G_LOG_LEVEL_CRITICAL, "*in_transaction*");
	g_assert_false(cs_registry_commit(test->registry, &error));
	g_test_assert_expected_messages();
}

/* A full disk makes SQLite roll back by itself; what the caller still believes to be inside its
 * transaction must then not be written on its own. */
static void
test_full_disk(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autofree char *large = g_strnfill(1 << 20, 'x');
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_begin(test->registry, &error));
	g_assert_true(cs_registry_set_meta(test->registry, "a", "1", &error));
	ask_pragma(test->registry, "PRAGMA max_page_count = 1");
	expect_state(cs_registry_set_meta(test->registry, "b", large, &error), &error, "disk-full");
	sqlite3_exec(test->registry->database, "ROLLBACK", NULL, NULL, NULL);
	expect_state(cs_registry_set_meta(test->registry, "c", "1", &error), &error,
		     "registry-unavailable");
	expect_state(cs_registry_commit(test->registry, &error), &error, "registry-unavailable");
	ask_pragma(test->registry, "PRAGMA max_page_count = 1000000");
	g_assert_false(has_meta(test->registry, "a"));
	g_assert_false(has_meta(test->registry, "c"));
	g_assert_true(cs_registry_begin(test->registry, &error));
	cs_registry_rollback(test->registry);
}

static void
await(pid_t pid)
{
	int status = 0;

	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(status, ==, 0);
}

/* A kill in the middle leaves nothing, a kill after the commit all of it. */
static void
test_kill(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	pid_t pid = 0;

	g_clear_pointer(&test->registry, cs_registry_close);
	pid = fork();
	if (pid == 0) {
		CsRegistry *r = cs_registry_open(test->path, NULL);

		if (!cs_registry_set_meta(r, "before", "1", NULL) || !cs_registry_begin(r, NULL) ||
		    !cs_registry_set_meta(r, "during", "1", NULL))
			cs_test_end_child(1);
		cs_test_await_kill();
	}
	cs_test_kill_waiting(pid);
	test->registry = cs_registry_open(test->path, NULL);
	g_assert_nonnull(test->registry);
	g_assert_true(has_meta(test->registry, "before"));
	g_assert_false(has_meta(test->registry, "during"));
}

static int
write_lines(const char *path)
{
	const CsLogEntry entry = {
		.time = CS_TEST_NOW, .event = "test", .actor = "server", .outcome = "ok"};
	g_autoptr(CsRegistry) r = cs_registry_open(path, NULL);

	for (int i = 0; i < LINES_OF_WRITER; i++) {
		if (r == NULL || !cs_registry_begin(r, NULL) || !cs_registry_log(r, &entry, NULL) ||
		    !cs_registry_commit(r, NULL))
			return 1;
	}
	return 0;
}

static void
test_several_processes(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	pid_t pids[N_WRITERS];

	g_clear_pointer(&test->registry, cs_registry_close);
	for (int i = 0; i < N_WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			cs_test_end_child(write_lines(test->path));
	}
	for (int i = 0; i < N_WRITERS; i++)
		await(pids[i]);
	test->registry = cs_registry_open(test->path, NULL);
	g_assert_cmpuint(cs_test_count_log(test->registry), ==, N_WRITERS * LINES_OF_WRITER);
}

static void
test_end_write(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;
	gboolean own = FALSE;

	g_assert_true(cs_registry_begin_write(test->registry, &own, &error));
	g_assert_true(own);
	g_assert_true(cs_registry_set_meta(test->registry, "a", "1", &error));
	g_assert_false(cs_registry_end_write(test->registry, own, FALSE, &error));
	g_assert_false(has_meta(test->registry, "a"));

	g_assert_true(cs_registry_begin(test->registry, &error));
	g_assert_true(cs_registry_begin_write(test->registry, &own, &error));
	g_assert_false(own);
	g_assert_true(cs_registry_end_write(test->registry, own, TRUE, &error));
	g_assert_false(cs_registry_end_write(test->registry, own, FALSE, &error));
	cs_registry_rollback(test->registry);
	cs_registry_close(NULL);
}

/* Work of several callers in one transaction: one's failure does not take the others'. */
static void
test_parts(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsRegistry) other = cs_registry_open(test->path, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_begin(test->registry, &error));
	for (guint i = 0; i < 3; i++) {
		static const char *const keys[] = {"a", "b", "c"};

		g_assert_true(cs_registry_begin_part(test->registry, &error));
		g_assert_true(cs_registry_set_meta(test->registry, keys[i], "1", &error));
		g_assert_true(cs_registry_end_part(test->registry, i != 1, &error));
	}
	g_assert_false(has_meta(other, "a"));
	g_assert_true(cs_registry_commit(test->registry, &error));
	g_assert_true(has_meta(other, "a"));
	g_assert_false(has_meta(other, "b"));
	g_assert_true(has_meta(other, "c"));
	g_assert_no_error(error);
}

/* Where SQLite has rolled back by itself there is no part to begin or to end. */
static void
test_parts_fail(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_begin(test->registry, &error));
	g_assert_true(cs_registry_begin_part(test->registry, &error));
	sqlite3_exec(test->registry->database, "ROLLBACK", NULL, NULL, NULL);
	expect_state(cs_registry_end_part(test->registry, FALSE, &error), &error,
		     "registry-unavailable");
	expect_state(cs_registry_end_part(test->registry, TRUE, &error), &error,
		     "registry-unavailable");
	expect_state(cs_registry_begin_part(test->registry, &error), &error,
		     "registry-unavailable");
	cs_registry_rollback(test->registry);
	g_test_expect_message("countersign", G_LOG_LEVEL_CRITICAL, "*in_transaction*");
	g_assert_false(cs_registry_begin_part(test->registry, &error));
	g_test_assert_expected_messages();
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry/create", test_create);
	g_test_add_func("/registry/create-fails", test_create_fails);
	g_test_add_func("/registry/create-takes-up", test_create_takes_up);
	g_test_add_func("/registry/open-fails", test_open_fails);
	g_test_add_func("/registry/settings", test_settings);
	g_test_add_func("/registry/meta", test_meta);
	g_test_add_func("/registry/transactions", test_transactions);
	g_test_add_func("/registry/reading", test_reading);
	g_test_add_func("/registry/busy", test_busy);
	g_test_add_func("/registry/nested", test_nested);
	g_test_add_func("/registry/full-disk", test_full_disk);
	g_test_add_func("/registry/kill", test_kill);
	g_test_add_func("/registry/several-processes", test_several_processes);
	g_test_add_func("/registry/end-write", test_end_write);
	g_test_add_func("/registry/parts", test_parts);
	g_test_add_func("/registry/parts-fail", test_parts_fail);
	return g_test_run();
}
