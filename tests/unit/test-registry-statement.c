/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "tests/fixtures/authority-fixture.h"

#define SELECT_META "SELECT key, value FROM meta WHERE key <> 'log-head' ORDER BY key"

static const char *const colours[] = {"red", "green", NULL};

typedef struct {
	char *key;
	int colour;
} Row;

static gpointer
read_row(CsStatement *s)
{
	Row *row = g_new0(Row, 1);

	row->key = cs_statement_dup_text(s, 0);
	row->colour = cs_statement_get_choice(s, 1, colours);
	return row;
}

static void
free_row(gpointer data)
{
	Row *row = data;

	g_free(row->key);
	g_free(row);
}

static void
set(CsTestRegistry *test, const char *key, const char *value)
{
	g_assert_true(cs_registry_set_meta(test->registry, key, value, NULL));
}

static void
test_find(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;
	gpointer found = NULL;

	for (int round = 0; round < 2; round++) {
		g_auto(CsStatement) s = {0};

		g_assert_true(cs_statement_open(&s, test->registry, SELECT_META, &error));
		g_assert_true(cs_statement_find(&s, read_row, free_row, &found, &error));
		g_assert_no_error(error);
		if (round == 0) {
			g_assert_null(found);
			cs_statement_clear(&s);
			set(test, "a", "green");
			continue;
		}
		g_assert_cmpstr(((Row *)found)->key, ==, "a");
		g_assert_cmpint(((Row *)found)->colour, ==, 1);
		free_row(found);
	}
}

static void
test_list(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GPtrArray) rows = NULL;
	g_auto(CsStatement) s = {0};
	g_autoptr(GError) error = NULL;

	set(test, "b", "green");
	set(test, "a", "red");
	g_assert_true(cs_statement_open(&s, test->registry, SELECT_META, &error));
	rows = cs_statement_list(&s, read_row, free_row, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(rows->len, ==, 2);
	g_assert_cmpstr(((Row *)g_ptr_array_index(rows, 0))->key, ==, "a");
	g_assert_cmpstr(((Row *)g_ptr_array_index(rows, 1))->key, ==, "b");
}

/* A row with text that we do not know is an error, never a default; and no part of a list. */
static void
test_damaged_row(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;
	gpointer found = NULL;

	set(test, "b", "purple");
	for (int round = 0; round < 2; round++) {
		g_auto(CsStatement) s = {0};

		g_assert_true(cs_statement_open(&s, test->registry, SELECT_META, &error));
		if (round == 0)
			g_assert_false(cs_statement_find(&s, read_row, free_row, &found, &error));
		else
			g_assert_null(cs_statement_list(&s, read_row, free_row, &error));
		g_assert_null(found);
		cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
		set(test, "a", "red");
	}
}

/* Text behind a NUL is compared by SQLite, and would be seen by nobody here. */
static void
test_cut_text(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	gboolean is_cut = FALSE;
	g_auto(CsStatement) s = {0};

	g_assert_true(
		cs_statement_open(&s, test->registry, "SELECT 'a' || char (0) || 'b'", &error));
	g_assert_cmpint(cs_statement_step(&s, &error), ==, CS_STEP_ROW);
	text = cs_statement_dup_text_to_nul(&s, 0, &is_cut);
	g_assert_cmpstr(text, ==, "a");
	g_assert_true(is_cut);
	g_free(cs_statement_dup_text(&s, 0));
	g_assert_cmpint(cs_statement_step(&s, &error), ==, CS_STEP_ERROR);
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
}

static void
test_failures(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;
	g_auto(CsStatement) odd = {0};
	g_auto(CsStatement) s = {0};
	g_auto(CsStatement) rows = {0};
	gpointer found = NULL;

	g_assert_false(
		cs_statement_open(&odd, test->registry, "SELECT nothing FROM nowhere", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");

	/* One parameter too many is told by whatever runs the statement. */
	g_assert_true(cs_statement_open(&s, test->registry, SELECT_META, &error));
	cs_statement_add_int64(&s, 1);
	g_assert_cmpint(cs_statement_step(&s, &error), ==, CS_STEP_ERROR);
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
	g_assert_false(cs_statement_run(&s, NULL, &error));
	g_clear_error(&error);
	g_assert_false(cs_statement_find(&s, read_row, free_row, &found, &error));
	g_clear_error(&error);
	g_assert_null(cs_statement_list(&s, read_row, free_row, &error));
	g_clear_error(&error);

	set(test, "a", "red");
	g_assert_true(cs_statement_open(&rows, test->registry, "SELECT value FROM meta", &error));
	g_assert_false(cs_statement_run(&rows, NULL, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
}

/* One text may be in use twice, and an idle one is used again. */
static void
test_reuse(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	sqlite3_stmt *first = NULL;

	set(test, "a", "red");
	for (int round = 0; round < 2; round++) {
		g_auto(CsStatement) outer = {0};
		g_auto(CsStatement) inner = {0};

		g_assert_true(cs_statement_open(&outer, test->registry, SELECT_META, NULL));
		g_assert_cmpint(cs_statement_step(&outer, NULL), ==, CS_STEP_ROW);
		g_assert_true(cs_statement_open(&inner, test->registry, SELECT_META, NULL));
		g_assert_cmpint(cs_statement_step(&inner, NULL), ==, CS_STEP_ROW);
		g_assert_true(outer.statement != inner.statement);
		/* inner is cleared first, so it is the one that stays. */
		g_assert_true(round == 0 || outer.statement == first);
		first = inner.statement;
	}
}

static void
test_values(void)
{
	static const guint8 bytes[] = {0, 1, 0, 2};
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GBytes) blob = g_bytes_new_static(bytes, sizeof(bytes));
	g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
	g_autoptr(GBytes) blob_back = NULL;
	g_autoptr(GBytes) empty_back = NULL;
	g_autofree char *text = NULL;
	g_auto(CsStatement) s = {0};

	g_assert_true(cs_statement_open(&s, test->registry, "SELECT ?, ?, ?, ?, ?", NULL));
	cs_statement_add_int64(&s, G_MININT64);
	cs_statement_add_text(&s, "grün");
	cs_statement_add_text(&s, NULL);
	cs_statement_add_blob(&s, blob);
	cs_statement_add_blob(&s, empty);
	g_assert_cmpint(cs_statement_step(&s, NULL), ==, CS_STEP_ROW);
	g_assert_cmpint(cs_statement_get_int64(&s, 0), ==, G_MININT64);
	text = cs_statement_dup_text(&s, 1);
	g_assert_cmpstr(text, ==, "grün");
	g_assert_null(cs_statement_dup_text(&s, 2));
	blob_back = cs_statement_dup_blob(&s, 3);
	g_assert_true(g_bytes_equal(blob, blob_back));
	empty_back = cs_statement_dup_blob(&s, 4);
	g_assert_cmpuint(g_bytes_get_size(empty_back), ==, 0);
}

static void
test_errors(void)
{
	static const struct {
		int status;
		const char *reason;
	} cases[] = {
		{SQLITE_BUSY, "registry-busy"},
		{SQLITE_BUSY_RECOVERY, "registry-busy"},
		{SQLITE_LOCKED, "registry-busy"},
		{SQLITE_CONSTRAINT_UNIQUE, "registry-conflict"},
		{SQLITE_CONSTRAINT_TRIGGER, "registry-conflict"},
		{SQLITE_FULL, "disk-full"},
		{SQLITE_IOERR_FSYNC, "registry-unavailable"},
		{SQLITE_NOTADB, "registry-unavailable"},
		{SQLITE_READONLY, "registry-unavailable"},
	};
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		cs_registry_set_error(test->registry, cases[i].status, &error);
		cs_test_expect_error(NULL, &error, CS_ERROR_STATE, cases[i].reason);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-statement/find", test_find);
	g_test_add_func("/registry-statement/list", test_list);
	g_test_add_func("/registry-statement/damaged-row", test_damaged_row);
	g_test_add_func("/registry-statement/cut-text", test_cut_text);
	g_test_add_func("/registry-statement/failures", test_failures);
	g_test_add_func("/registry-statement/reuse", test_reuse);
	g_test_add_func("/registry-statement/values", test_values);
	g_test_add_func("/registry-statement/errors", test_errors);
	return g_test_run();
}
