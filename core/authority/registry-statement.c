/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/base/error.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

/**
 * cs_registry_set_error:
 * @r: the registry
 * @status: SQLite's (extended) result code
 * @error: where to put the error
 *
 * Turns SQLite's answer into ours: "registry-busy" where another process held the lock for too
 * long, "registry-conflict" where the schema forbids the row, "disk-full" where there is no room,
 * "registry-unavailable" for all else (damage, rights). All are CS_ERROR_STATE. SQLite's texts name tables and columns,
 * never values.
 */
void
cs_registry_set_error(CsRegistry *r, int status, GError **error)
{
	int primary = status & 0xff;
	const char *reason = "registry-unavailable";

	if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
		reason = "registry-busy";
	else if (primary == SQLITE_CONSTRAINT)
		reason = "registry-conflict";
	else if (primary == SQLITE_FULL ||
		 (primary == SQLITE_IOERR && sqlite3_system_errno(r->database) == ENOSPC))
		reason = CS_REGISTRY_DISK_FULL;
	cs_error_set(error, CS_ERROR_STATE, reason, _("registry: %s"), sqlite3_errstr(status));
	if (primary == SQLITE_CONSTRAINT)
		g_debug("registry: %s", sqlite3_errmsg(r->database));
}

static sqlite3_stmt *
take_idle(CsRegistry *r, const char *sql)
{
	gpointer key = NULL;
	gpointer value = NULL;

	if (!g_hash_table_steal_extended(r->statements, sql, &key, &value))
		return NULL;
	return value;
}

/**
 * cs_statement_open:
 * @s: (out caller-allocates): the statement, to be released by cs_statement_clear()
 * @r: the registry, which must outlive the statement
 * @sql: static text of one statement
 * @error: where to put the error
 *
 * Takes an idle prepared statement of this text or prepares one. Declare @s as
 * `g_auto(CsStatement) s = {0}`. A text may be in use twice at once.
 *
 * Returns: %FALSE with CS_ERROR_STATE, also where SQLite has rolled the caller's transaction back
 *   by itself (disk full): nothing may then be written as if it were still open
 */
gboolean
cs_statement_open(CsStatement *s, CsRegistry *r, const char *sql, GError **error)
{
	if (r->in_transaction && sqlite3_get_autocommit(r->database) != 0) {
		cs_error_set(error, CS_ERROR_STATE, "registry-unavailable",
			     _("registry: the transaction was rolled back by an earlier failure"));
		return FALSE;
	}
	s->registry = r;
	s->sql = sql;
	s->status = SQLITE_OK;
	s->statement = take_idle(r, sql);
	if (s->statement != NULL)
		return TRUE;
	s->status = sqlite3_prepare_v3(r->database, sql, -1, SQLITE_PREPARE_PERSISTENT,
				       &s->statement, NULL);
	if (s->status == SQLITE_OK)
		return TRUE;
	cs_registry_set_error(r, s->status, error);
	return FALSE;
}

/**
 * cs_statement_clear:
 * @s: a statement, or all zeroes
 *
 * Ends the statement (and with it the lock that a half-read one holds) and keeps it for the next
 * use.
 */
void
cs_statement_clear(CsStatement *s)
{
	if (s->statement == NULL)
		return;
	sqlite3_reset(s->statement);
	sqlite3_clear_bindings(s->statement);
	if (g_hash_table_contains(s->registry->statements, s->sql))
		sqlite3_finalize(s->statement);
	else
		g_hash_table_insert(s->registry->statements, (gpointer)s->sql, s->statement);
	memset(s, 0, sizeof(*s));
}

static void
keep_status(CsStatement *s, int status)
{
	if (s->status == SQLITE_OK)
		s->status = status;
}

/**
 * cs_statement_add_text:
 * @s: the statement
 * @text: (nullable): UTF-8, copied
 *
 * Binds the next parameter.
 */
void
cs_statement_add_text(CsStatement *s, const char *text)
{
	s->bound++;
	keep_status(s, sqlite3_bind_text(s->statement, s->bound, text, -1, SQLITE_TRANSIENT));
}

/**
 * cs_statement_add_int64:
 * @s: the statement
 * @value: the value
 *
 * Binds the next parameter.
 */
void
cs_statement_add_int64(CsStatement *s, gint64 value)
{
	s->bound++;
	keep_status(s, sqlite3_bind_int64(s->statement, s->bound, value));
}

/**
 * cs_statement_add_blob:
 * @s: the statement
 * @blob: bytes, copied
 *
 * Binds the next parameter.
 */
void
cs_statement_add_blob(CsStatement *s, GBytes *blob)
{
	gsize length = 0;
	gconstpointer data = g_bytes_get_data(blob, &length);

	s->bound++;
	keep_status(s, sqlite3_bind_blob64(s->statement, s->bound, data, length, SQLITE_TRANSIENT));
}

/**
 * cs_statement_step:
 * @s: the statement, all parameters bound
 * @error: where to put the error
 *
 * Runs the statement up to its next row.
 *
 * Returns: %CS_STEP_ROW, %CS_STEP_DONE, or %CS_STEP_ERROR with CS_ERROR_STATE
 */
CsStep
cs_statement_step(CsStatement *s, GError **error)
{
	int status = s->status;

	if (status == SQLITE_OK)
		status = sqlite3_step(s->statement);
	if (status == SQLITE_ROW)
		return CS_STEP_ROW;
	if (status == SQLITE_DONE)
		return CS_STEP_DONE;
	cs_registry_set_error(s->registry, status, error);
	return CS_STEP_ERROR;
}

/**
 * cs_statement_run:
 * @s: a statement that answers no rows, all parameters bound
 * @changed: (out) (nullable): the number of rows that it inserted, changed or deleted
 * @error: where to put the error
 *
 * Runs the statement to its end.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_statement_run(CsStatement *s, int *changed, GError **error)
{
	switch (cs_statement_step(s, error)) {
	case CS_STEP_DONE:
		if (changed != NULL)
			*changed = sqlite3_changes(s->registry->database);
		return TRUE;
	case CS_STEP_ROW:
		cs_registry_set_error(s->registry, SQLITE_MISUSE, error);
		return FALSE;
	case CS_STEP_ERROR:
	default:
		return FALSE;
	}
}

/**
 * cs_statement_count_columns:
 * @s: a statement on a row
 *
 * Returns: how many columns it has
 */
gsize
cs_statement_count_columns(CsStatement *s)
{
	return (gsize)sqlite3_column_count(s->statement);
}

/**
 * cs_statement_dup_text_to_nul:
 * @s: a statement on a row
 * @column: from 0
 * @is_cut: set to %TRUE where a NUL is in the text, else left; SQLite compares what is behind it,
 *   and a C string does not have it
 *
 * Returns: (transfer full) (nullable): the column's text; %NULL where it is NULL
 */
char *
cs_statement_dup_text_to_nul(CsStatement *s, int column, gboolean *is_cut)
{
	const char *text = NULL;

	if (sqlite3_column_type(s->statement, column) == SQLITE_NULL)
		return NULL;
	text = (const char *)sqlite3_column_text(s->statement, column);
	if (text == NULL)
		keep_status(s, SQLITE_NOMEM);
	else if (strlen(text) != (gsize)sqlite3_column_bytes(s->statement, column))
		*is_cut = TRUE;
	return g_strdup(text);
}

/**
 * cs_statement_dup_text:
 * @s: a statement on a row
 * @column: from 0
 *
 * Nothing that we write has a NUL in it; where there is one, the statement fails.
 *
 * Returns: (transfer full) (nullable): the column's text; %NULL where it is NULL
 */
char *
cs_statement_dup_text(CsStatement *s, int column)
{
	gboolean is_cut = FALSE;
	char *text = cs_statement_dup_text_to_nul(s, column, &is_cut);

	if (is_cut)
		keep_status(s, SQLITE_CORRUPT);
	return text;
}

/**
 * cs_statement_get_int64:
 * @s: a statement on a row
 * @column: from 0
 *
 * Returns: the column's value
 */
gint64
cs_statement_get_int64(CsStatement *s, int column)
{
	return sqlite3_column_int64(s->statement, column);
}

/**
 * cs_statement_dup_blob:
 * @s: a statement on a row
 * @column: from 0
 *
 * Returns: (transfer full): the column's bytes
 */
GBytes *
cs_statement_dup_blob(CsStatement *s, int column)
{
	const void *data = sqlite3_column_blob(s->statement, column);
	int length = sqlite3_column_bytes(s->statement, column);

	if (data == NULL)
		return g_bytes_new_static("", 0);
	return g_bytes_new(data, (gsize)length);
}

/**
 * cs_statement_get_choice:
 * @s: a statement on a row
 * @column: from 0
 * @table: (array zero-terminated=1): the texts that may stand there
 *
 * Reads an enumeration. Foreign text is damage: the row is then an error, never a default.
 *
 * Returns: the place in @table, 0 where the row is damaged
 */
int
cs_statement_get_choice(CsStatement *s, int column, const char *const *table)
{
	g_autofree char *text = cs_statement_dup_text(s, column);

	for (int i = 0; table[i] != NULL; i++)
		if (g_strcmp0(text, table[i]) == 0)
			return i;
	keep_status(s, SQLITE_CORRUPT);
	return 0;
}

/* A row as a struct, or NULL with the error where the row is damaged. */
static gpointer
read_row(CsStatement *s, CsRowReader read, GDestroyNotify free_row, GError **error)
{
	gpointer row = read(s);

	if (s->status == SQLITE_OK)
		return row;
	free_row(row);
	cs_registry_set_error(s->registry, s->status, error);
	return NULL;
}

/**
 * cs_statement_find:
 * @s: the statement, all parameters bound
 * @read: makes a struct of the current row
 * @free_row: frees it
 * @row: (out) (transfer full) (nullable): the first row, %NULL where there is none
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE; *@row is then %NULL
 */
gboolean
cs_statement_find(
	CsStatement *s, CsRowReader read, GDestroyNotify free_row, gpointer *row, GError **error)
{
	CsStep step = cs_statement_step(s, error);

	*row = NULL;
	if (step != CS_STEP_ROW)
		return step == CS_STEP_DONE;
	*row = read_row(s, read, free_row, error);
	return *row != NULL;
}

/**
 * cs_statement_list:
 * @s: the statement, all parameters bound
 * @read: makes a struct of the current row
 * @free_row: frees it; becomes the array's free function
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): all rows; %NULL with CS_ERROR_STATE, never a part of them
 */
GPtrArray *
cs_statement_list(CsStatement *s, CsRowReader read, GDestroyNotify free_row, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(free_row);
	CsStep step = cs_statement_step(s, error);

	while (step == CS_STEP_ROW) {
		gpointer row = read_row(s, read, free_row, error);

		if (row == NULL)
			return NULL;
		g_ptr_array_add(rows, row);
		step = cs_statement_step(s, error);
	}
	return step == CS_STEP_DONE ? g_steal_pointer(&rows) : NULL;
}
