/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/protocol/helpdesk-code.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/pki-fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#define N_PROCESSES    4
#define LINES_OF_FIRST 18 /* of the log in registry-version-1.sql */

/* What a version brought, as rows that must survive the versions after it: the row for version n
 * stands at [n], and none is needed where version 1's rows show it. */
static const char *const rows_of_version[] = {
	[2] = "INSERT INTO log (time, event, actor, outcome, operator, origin)"
	      " VALUES (1, 'test', 'administrator', 'ok', 'root (0)', 'cli')",
	[3] = "INSERT INTO policies (application, demand, set_at) VALUES ('mail', 'managed', 1)",
	[7] = "UPDATE issuers SET revocation = 'any', crl_file = '/crl', revocation_url = NULL,"
	      " allowed_urls = 'http://a/ http://b/', max_age_s = 3600",
	[8] = "INSERT INTO log (time, event, actor, outcome, request)"
	      " VALUES (1, 'test', 'device', 'ok', 'request1')",
	[9] = "INSERT INTO log (time, event, actor, application, outcome, detail)"
	      " VALUES (1, 'test', 'administrator', 'mail', 'ok', 'demand=any')",
};

typedef struct {
	char *folder;
	char *path;
} Place;

static void
place_init(Place *place)
{
	place->folder = cs_test_make_folder();
	place->path = g_build_filename(place->folder, "registry.db", NULL);
}

static void
place_clear(Place *place)
{
	cs_test_delete_folder(place->folder);
	g_free(place->folder);
	g_free(place->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static void
run(CsRegistry *r, const char *sql)
{
	g_autoptr(GError) error = NULL;

	cs_registry_execute(r, sql, &error);
	g_assert_no_error(error);
}

static void
finalize_cb(gpointer statement)
{
	sqlite3_finalize(statement);
}

/* Opened past the check of its version, as no program does. */
static CsRegistry *
open_unchecked(const char *path)
{
	CsRegistry *r = g_new0(CsRegistry, 1);

	r->statements = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, finalize_cb);
	g_assert_cmpint(sqlite3_open(path, &r->database), ==, SQLITE_OK);
	return r;
}

static void
build(const Place *place, gint64 version)
{
	g_autofree char *sql_path =
		g_test_build_filename(G_TEST_DIST, "fixtures", "registry-version-1.sql", NULL);
	g_autofree char *sql = NULL;
	g_autoptr(CsRegistry) r = open_unchecked(place->path);
	g_autoptr(GError) error = NULL;

	g_file_get_contents(sql_path, &sql, NULL, &error);
	g_assert_no_error(error);
	run(r, sql);
	g_assert_true(cs_registry_begin(r, &error));
	for (gint64 step = 2; step <= version; step++) {
		cs_registry_schema_migrate(r, step, &error);
		g_assert_no_error(error);
		if (step < (gint64)G_N_ELEMENTS(rows_of_version) && rows_of_version[step] != NULL)
			run(r, rows_of_version[step]);
	}
	g_assert_true(cs_registry_commit(r, &error));
}

/* Each row of the answer on a line, NULL as nothing. */
static char *
ask(CsRegistry *r, const char *sql)
{
	GString *text = g_string_new(NULL);
	sqlite3_stmt *statement = NULL;

	g_assert_cmpint(sqlite3_prepare_v2(r->database, sql, -1, &statement, NULL), ==, SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const unsigned char *column = sqlite3_column_text(statement, i);

			g_string_append_printf(text, "%s|",
					       column != NULL ? (const char *)column : "");
		}
		g_string_append_c(text, '\n');
	}
	g_assert_cmpint(sqlite3_finalize(statement), ==, SQLITE_OK);
	return g_string_free(text, FALSE);
}

/* A SELECT of every column of every table, as they are now. */
static char **
list_questions(CsRegistry *r)
{
	g_autofree char *text =
		ask(r, "SELECT 'SELECT ' || (SELECT group_concat('quote(' || name || ')')"
		       " FROM pragma_table_info(t.name)) || ' FROM ' || t.name || ' ORDER BY 1'"
		       " FROM sqlite_schema t WHERE type = 'table' ORDER BY name");
	char **questions = g_strsplit(text, "|\n", -1);

	g_assert_cmpuint(g_strv_length(questions), >, 10);
	return questions;
}

static char *
ask_all(CsRegistry *r, char *const *questions)
{
	GString *text = g_string_new(NULL);

	for (; **questions != '\0'; questions++) {
		g_autofree char *rows = ask(r, *questions);

		g_string_append_printf(text, "%s\n%s", *questions, rows);
	}
	return g_string_free(text, FALSE);
}

/* A version may add rows of its own; each that was there before is there as it was. */
static void
expect_all(const char *after, const char *before)
{
	g_auto(GStrv) lines = g_strsplit(before, "\n", -1);
	g_auto(GStrv) found = g_strsplit(after, "\n", -1);
	g_autoptr(GHashTable) kept = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; found[i] != NULL; i++)
		g_hash_table_add(kept, found[i]);
	for (guint i = 0; lines[i] != NULL; i++) {
		if (!g_hash_table_contains(kept, lines[i]))
			g_test_message("lost or changed: %s", lines[i]);
		g_assert_true(g_hash_table_contains(kept, lines[i]));
	}
}

#define SCHEMA_QUESTION "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name, type"

/* From each earlier version: all rows survive, and the schema is a new registry's. */
static void
test_every_version(void)
{
	g_autoptr(CsTestRegistry) fresh = cs_test_registry_new();
	g_autofree char *schema = ask(fresh->registry, SCHEMA_QUESTION);

	for (gint64 version = 1; version < cs_registry_schema_get_version(); version++) {
		g_auto(Place) place = {0};
		g_autoptr(CsRegistry) r = NULL;
		g_auto(GStrv) questions = NULL;
		g_autofree char *before = NULL;
		g_autofree char *after = NULL;
		g_autofree char *migrated = NULL;
		g_autoptr(GError) error = NULL;

		g_test_message("version %d", (int)version);
		place_init(&place);
		build(&place, version);
		r = open_unchecked(place.path);
		questions = list_questions(r);
		before = ask_all(r, questions);
		g_clear_pointer(&r, cs_registry_close);

		g_assert_null(cs_registry_open(place.path, &error));
		cs_test_expect_error(NULL, &error, CS_ERROR_STATE, CS_REGISTRY_OUTDATED);
		r = cs_registry_migrate(place.path, &error);
		g_assert_no_error(error);
		after = ask_all(r, questions);
		expect_all(after, before);
		migrated = ask(r, SCHEMA_QUESTION);
		g_assert_cmpstr(migrated, ==, schema);
		g_clear_pointer(&r, cs_registry_close);

		r = cs_registry_open(place.path, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(cs_test_count_log(r), >=, LINES_OF_FIRST);
	}
}

/* Version 6: each record gets one of its own, the deleted one too. */
static void
expect_helpdesk_codes(const GPtrArray *devices)
{
	const CsDeviceRow *first = g_ptr_array_index(devices, 0);
	const CsDeviceRow *second = g_ptr_array_index(devices, 1);

	g_assert_true(cs_helpdesk_code_is_valid(first->helpdesk_code));
	g_assert_true(cs_helpdesk_code_is_valid(second->helpdesk_code));
	g_assert_cmpstr(first->helpdesk_code, !=, second->helpdesk_code);
}

/* What the program of today finds in the rows of the first version. */
static void
test_rows_are_read(void)
{
	g_auto(Place) place = {0};
	g_autoptr(CsRegistry) r = NULL;
	g_autoptr(CsUserRow) user = NULL;
	g_autoptr(CsAccountRow) account = NULL;
	g_autoptr(CsLinkRow) link = NULL;
	g_autoptr(GPtrArray) devices = NULL;
	g_autoptr(GPtrArray) issuers = NULL;
	g_autoptr(GError) error = NULL;

	place_init(&place);
	build(&place, 1);
	r = cs_registry_migrate(place.path, &error);
	g_assert_no_error(error);
	g_assert_true(cs_registry_find_user(r, "ada", &user, &error));
	g_assert_cmpint(user->state, ==, CS_USER_ACTIVE);
	g_assert_true(cs_registry_find_account(r, "om5q555icg52snpt", &account, &error));
	g_assert_cmpstr(account->user_id, ==, user->id);
	g_assert_true(cs_registry_find_link(
		r, "b876203157e4d3404824ad062f1046b45d2f5415960d864e320074ce78661d7c", &link,
		&error));
	g_assert_cmpstr(link->device_id, ==, account->device_id);
	g_assert_cmpint(link->state, ==, CS_LINK_BOUND);
	devices = cs_registry_list_devices(r, &error);
	g_assert_cmpuint(devices->len, ==, 2);
	expect_helpdesk_codes(devices);
	issuers = cs_registry_list_issuers(r, &error);
	g_assert_cmpuint(issuers->len, ==, 1);
}

/* Opened again, or by many at once: done once. */
static void
test_at_once(void)
{
	g_auto(Place) place = {0};
	g_autoptr(CsRegistry) r = NULL;
	g_autoptr(GError) error = NULL;
	pid_t pids[N_PROCESSES];

	place_init(&place);
	build(&place, 1);
	for (int i = 0; i < N_PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			g_autoptr(GError) failure = NULL;
			g_autoptr(CsRegistry) one = cs_registry_migrate(place.path, &failure);

			if (one == NULL)
				g_printerr("# %s\n", failure->message);
			_exit(one != NULL ? 0 : 1);
		}
	}
	for (int i = 0; i < N_PROCESSES; i++) {
		int status = 1;

		g_assert_cmpint(waitpid(pids[i], &status, 0), ==, pids[i]);
		g_assert_cmpint(status, ==, 0);
	}
	r = cs_registry_open(place.path, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(cs_test_count_log(r), ==, LINES_OF_FIRST);
}

/* What cannot be brought up stays what it was. */
static void
test_fails(void)
{
	g_auto(Place) place = {0};
	g_autoptr(CsRegistry) r = NULL;
	g_autofree char *version = NULL;
	g_autoptr(GError) error = NULL;

	place_init(&place);
	g_assert_null(cs_registry_migrate(place.path, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
	build(&place, 1);
	r = open_unchecked(place.path);
	run(r, "PRAGMA foreign_keys = OFF; DELETE FROM accounts; DELETE FROM device_keys");
	g_assert_null(cs_registry_migrate(place.path, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	version = ask(r, "PRAGMA user_version");
	g_assert_cmpstr(version, ==, "1|\n");
	run(r, "PRAGMA user_version = 1000");
	g_assert_null(cs_registry_migrate(place.path, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-version");
	run(r, "PRAGMA user_version = 1; PRAGMA application_id = 7");
	g_assert_null(cs_registry_migrate(place.path, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-version");
}

/* An empty file is none to migrate. */
static void
test_empty(void)
{
	g_auto(Place) place = {0};
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;

	place_init(&place);
	path = cs_test_write_text(place.folder, "registry.db", "");
	g_assert_null(cs_registry_migrate(path, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-initialised");
}

/* Whoever opened the registry before a later program migrated it writes nothing more. */
static void
test_migrated_beside(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsRegistry) later = open_unchecked(test->path);
	const CsLogEntry entry = {
		.time = CS_TEST_NOW, .event = "test", .actor = "server", .outcome = "ok"};
	g_autofree char *restore = g_strdup_printf("PRAGMA user_version = %" G_GINT64_FORMAT,
						   cs_registry_schema_get_version());
	g_autoptr(GError) error = NULL;

	run(later, "PRAGMA user_version = 1000");
	g_assert_false(cs_registry_begin(test->registry, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-version");
	g_assert_false(test->registry->in_transaction);
	run(later, restore);
	g_assert_true(cs_registry_begin(test->registry, &error));
	g_assert_true(cs_registry_log(test->registry, &entry, &error));
	g_assert_true(cs_registry_commit(test->registry, &error));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-migrations/every-version", test_every_version);
	g_test_add_func("/registry-migrations/rows-are-read", test_rows_are_read);
	g_test_add_func("/registry-migrations/at-once", test_at_once);
	g_test_add_func("/registry-migrations/fails", test_fails);
	g_test_add_func("/registry-migrations/empty", test_empty);
	g_test_add_func("/registry-migrations/migrated-beside", test_migrated_beside);
	return g_test_run();
}
