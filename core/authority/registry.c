/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000
#define WAL_INTERVAL_US 10000
#define WAL_TRIES	(BUSY_TIMEOUT_MS * 1000 / WAL_INTERVAL_US)

/**
 * cs_registry_execute:
 * @r: the registry
 * @sql: statements that answer nothing
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_execute(CsRegistry *r, const char *sql, GError **error)
{
	int status = sqlite3_exec(r->database, sql, NULL, NULL, NULL);

	if (status == SQLITE_OK)
		return TRUE;
	cs_registry_set_error(r, status, error);
	return FALSE;
}

/**
 * cs_registry_execute_all:
 * @r: the registry
 * @statements: (array zero-terminated=1): each as for cs_registry_execute()
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE at the first that fails
 */
gboolean
cs_registry_execute_all(CsRegistry *r, const char *const *statements, GError **error)
{
	for (gsize i = 0; statements[i] != NULL; i++) {
		if (!cs_registry_execute(r, statements[i], error))
			return FALSE;
	}
	return TRUE;
}

/* A setting that SQLite may decline without a word: what it answers is what holds. */
static gboolean
set_pragma(CsRegistry *r, const char *set_and_read, const char *expected, GError **error)
{
	g_auto(CsStatement) s = {0};
	g_autofree char *answer = NULL;
	CsStep step = CS_STEP_ERROR;

	if (!cs_statement_open(&s, r, set_and_read, error))
		return FALSE;
	step = cs_statement_step(&s, error);
	if (step == CS_STEP_ERROR)
		return FALSE;
	if (step == CS_STEP_ROW)
		answer = cs_statement_dup_text(&s, 0);
	if (g_strcmp0(answer, expected) == 0)
		return TRUE;
	cs_registry_set_error(r, SQLITE_ERROR, error);
	return FALSE;
}

/* SQLite asks its busy handler for every lock but the one that this change of mode takes: where
 * several processes open a registry that is not in this mode yet (restored, or of an earlier version),
 * all but one would be told "busy" at once. */
static gboolean
enter_wal(CsRegistry *r, GError **error)
{
	for (int tries = 1;; tries++) {
		g_autoptr(GError) failure = NULL;

		if (set_pragma(r, "PRAGMA journal_mode = WAL", "wal", &failure))
			return TRUE;
		if (tries == WAL_TRIES ||
		    g_strcmp0(cs_error_get_reason(failure), "registry-busy") != 0) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		g_usleep(WAL_INTERVAL_US);
	}
}

static gboolean
configure(CsRegistry *r, GError **error)
{
	sqlite3_extended_result_codes(r->database, 1);
	sqlite3_busy_timeout(r->database, BUSY_TIMEOUT_MS);
	sqlite3_db_config(r->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(r->database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return enter_wal(r, error) && cs_registry_execute(r, "PRAGMA synchronous = FULL", error) &&
	       set_pragma(r, "PRAGMA synchronous", "2", error) &&
	       cs_registry_execute(r, "PRAGMA foreign_keys = ON", error) &&
	       set_pragma(r, "PRAGMA foreign_keys", "1", error);
}

static void
finalize_cb(gpointer statement)
{
	sqlite3_finalize(statement);
}

/**
 * cs_registry_connect:
 * @path: a database
 * @flags: SQLITE_OPEN_READONLY or SQLITE_OPEN_READWRITE
 * @error: where to put the error
 *
 * Opens a database without a look at what it is, and with SQLite's own settings.
 *
 * Returns: (transfer full) (nullable): it; CS_ERROR_STATE
 */
CsRegistry *
cs_registry_connect(const char *path, int flags, GError **error)
{
	g_autoptr(CsRegistry) r = g_new0(CsRegistry, 1);
	int status = SQLITE_OK;

	r->statements = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, finalize_cb);
	status = sqlite3_open_v2(path, &r->database,
				 flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
	if (status == SQLITE_OK)
		return g_steal_pointer(&r);
	cs_registry_set_error(r, status, error);
	return NULL;
}

static CsRegistry *
connect_to(const char *path, GError **error)
{
	g_autoptr(CsRegistry) r = cs_registry_connect(path, SQLITE_OPEN_READWRITE, error);

	return r != NULL && configure(r, error) ? g_steal_pointer(&r) : NULL;
}

/* The file is there before SQLite looks, empty and 0600: SQLite gives its -wal and -shm the same
 * mode. An existing file is not opened here, for closing it would drop SQLite's own locks. */
static gboolean
ensure_file(const char *path, GError **error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno != EEXIST) {
		cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot create %s"), path);
		return FALSE;
	}
	if (fd >= 0)
		close(fd);
	if (chmod(path, 0600) == 0)
		return TRUE;
	cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot change the mode of %s"),
				path);
	return FALSE;
}

static gboolean
create_schema(CsRegistry *r, GError **error)
{
	gboolean exists = FALSE;

	if (!cs_registry_schema_check(r, &exists, error))
		return FALSE;
	if (exists) {
		cs_error_set(error, CS_ERROR_REFUSED, "already-initialised",
			     _("there is an authority in this folder already"));
		return FALSE;
	}
	return cs_registry_schema_create(r, error);
}

/**
 * cs_registry_create:
 * @path: where the file is to be, in a folder of mode 0700 that exists
 * @error: where to put the error
 *
 * Makes a registry: file 0600, schema in one transaction, so that a kill leaves an empty file that
 * the next call takes up, or all of it.
 *
 * Returns: (transfer full) (nullable): the registry; CS_ERROR_REFUSED "already-initialised" where
 *   @path holds one; CS_ERROR_STATE
 */
CsRegistry *
cs_registry_create(const char *path, GError **error)
{
	g_autoptr(CsRegistry) r = NULL;

	if (!ensure_file(path, error))
		return NULL;
	r = connect_to(path, error);
	if (r == NULL || !cs_registry_begin(r, error))
		return NULL;
	if (!create_schema(r, error)) {
		cs_registry_rollback(r);
		return NULL;
	}
	return cs_registry_commit(r, error) ? g_steal_pointer(&r) : NULL;
}

static void
set_missing(GError **error)
{
	cs_error_set(error, CS_ERROR_NOT_FOUND, "not-initialised",
		     _("there is no authority in this folder yet"));
}

/**
 * cs_registry_open:
 * @path: the file
 * @error: where to put the error
 *
 * Opens a registry that cs_registry_create() made.
 *
 * Returns: (transfer full) (nullable): the registry; CS_ERROR_NOT_FOUND "not-initialised" where
 *   there is none or one whose creation was cut short; CS_ERROR_STATE "registry-outdated" for
 *   an earlier version's, "registry-version" for a later one's or another application's,
 *   "registry-unavailable" where it is broken or may not be read and written
 */
CsRegistry *
cs_registry_open(const char *path, GError **error)
{
	g_autoptr(CsRegistry) r = NULL;
	gboolean exists = FALSE;
	struct stat info = {0};

	if (stat(path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
		set_missing(error);
		return NULL;
	}
	r = connect_to(path, error);
	if (r == NULL || !cs_registry_schema_check(r, &exists, error))
		return NULL;
	if (!exists) {
		set_missing(error);
		return NULL;
	}
	return g_steal_pointer(&r);
}

static gboolean
migrate(CsRegistry *r, GError **error)
{
	g_autoptr(GError) local_error = NULL;
	gboolean exists = FALSE;

	if (cs_registry_schema_check(r, &exists, &local_error)) {
		if (!exists)
			set_missing(error);
		return exists;
	}
	if (g_strcmp0(cs_error_get_reason(local_error), CS_REGISTRY_OUTDATED) == 0)
		return cs_registry_schema_migrate(r, cs_registry_schema_get_version(), error);
	g_propagate_error(error, g_steal_pointer(&local_error));
	return FALSE;
}

/**
 * cs_registry_migrate:
 * @path: the file of a registry
 * @error: where to put the error
 *
 * Brings a registry of an earlier version up to this program's, in one transaction: a kill leaves
 * the old one or the new one. One that is up already is left as it is. The caller sees to it that
 * no program of the earlier version has it open (cs_authority_open()).
 *
 * Returns: (transfer full) (nullable): the registry; cs_registry_open()'s errors, but for
 *   "registry-outdated"
 */
CsRegistry *
cs_registry_migrate(const char *path, GError **error)
{
	g_autoptr(CsRegistry) r = connect_to(path, error);

	if (r == NULL || !cs_registry_begin(r, error))
		return NULL;
	if (!migrate(r, error)) {
		cs_registry_rollback(r);
		return NULL;
	}
	return cs_registry_commit(r, error) ? g_steal_pointer(&r) : NULL;
}

/**
 * cs_registry_close:
 * @registry: (nullable) (transfer full): the registry
 *
 * Closes it. A transaction still open is rolled back.
 */
void
cs_registry_close(CsRegistry *registry)
{
	if (registry == NULL)
		return;
	g_hash_table_unref(registry->statements);
	sqlite3_close(registry->database);
	g_free(registry);
}

/**
 * cs_registry_begin:
 * @registry: the registry, with no transaction open
 * @error: where to put the error
 *
 * Begins a writing transaction; from here on nobody else writes. It ends with
 * cs_registry_commit() or cs_registry_rollback().
 *
 * Returns: %FALSE with CS_ERROR_STATE, "registry-busy" where another held the lock for 5 s,
 *   "registry-version" where a later program has migrated the registry meanwhile
 */
gboolean
cs_registry_begin(CsRegistry *registry, GError **error)
{
	g_return_val_if_fail(!registry->in_transaction, FALSE);
	if (!cs_registry_execute(registry, "BEGIN IMMEDIATE", error))
		return FALSE;
	registry->in_transaction = TRUE;
	if (cs_registry_schema_check_again(registry, error))
		return TRUE;
	cs_registry_rollback(registry);
	return FALSE;
}

/**
 * cs_registry_begin_reading:
 * @registry: the registry, with no transaction open
 * @error: where to put the error
 *
 * Begins a transaction in which several questions see one state, without holding up writers. It
 * ends with cs_registry_rollback().
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_begin_reading(CsRegistry *registry, GError **error)
{
	g_return_val_if_fail(!registry->in_transaction, FALSE);
	if (!cs_registry_execute(registry, "BEGIN DEFERRED", error))
		return FALSE;
	registry->in_transaction = TRUE;
	return TRUE;
}

/**
 * cs_registry_commit:
 * @registry: the registry, with a transaction open
 * @error: where to put the error
 *
 * Commits; when it returns %TRUE all of it is on disk (synchronous=FULL).
 *
 * Returns: %FALSE with CS_ERROR_STATE; nothing of it has then happened
 */
gboolean
cs_registry_commit(CsRegistry *registry, GError **error)
{
	g_return_val_if_fail(registry->in_transaction, FALSE);
	/* After a rollback of SQLite's own there is nothing to commit: COMMIT itself says so. */
	if (!cs_registry_execute(registry, "COMMIT", error)) {
		cs_registry_rollback(registry);
		return FALSE;
	}
	registry->in_transaction = FALSE;
	return TRUE;
}

/**
 * cs_registry_rollback:
 * @registry: the registry
 *
 * Undoes everything since the transaction began. Without one it does nothing.
 */
void
cs_registry_rollback(CsRegistry *registry)
{
	registry->in_transaction = FALSE;
	if (sqlite3_get_autocommit(registry->database) == 0)
		sqlite3_exec(registry->database, "ROLLBACK", NULL, NULL, NULL);
}

/**
 * cs_registry_begin_part:
 * @registry: the registry, with a transaction open and no part of it
 * @error: where to put the error
 *
 * Begins a part of the transaction that can be undone by itself, so that work of several callers
 * shares one commit. It ends with cs_registry_end_part().
 *
 * Returns: %FALSE with CS_ERROR_STATE, also where SQLite has rolled the transaction back by itself
 */
gboolean
cs_registry_begin_part(CsRegistry *registry, GError **error)
{
	g_auto(CsStatement) s = {0};

	g_return_val_if_fail(registry->in_transaction, FALSE);
	return cs_statement_open(&s, registry, "SAVEPOINT part", error) &&
	       cs_statement_run(&s, NULL, error);
}

/**
 * cs_registry_end_part:
 * @registry: the registry, with a part open
 * @success: %FALSE to undo what was written since the part began
 * @error: where to put the error
 *
 * Ends the part. What it wrote is on disk only with the transaction's commit.
 *
 * Returns: %FALSE with CS_ERROR_STATE where that failed: the transaction can then only be rolled
 *   back
 */
gboolean
cs_registry_end_part(CsRegistry *registry, gboolean success, GError **error)
{
	g_auto(CsStatement) undo = {0};
	g_auto(CsStatement) release = {0};

	if (!success && (!cs_statement_open(&undo, registry, "ROLLBACK TO part", error) ||
			 !cs_statement_run(&undo, NULL, error)))
		return FALSE;
	return cs_statement_open(&release, registry, "RELEASE part", error) &&
	       cs_statement_run(&release, NULL, error);
}

/**
 * cs_registry_begin_write:
 * @r: the registry
 * @own: (out): whether a transaction was begun here
 * @error: where to put the error
 *
 * For a write of several statements, which must be one even where the caller opened nothing.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_begin_write(CsRegistry *r, gboolean *own, GError **error)
{
	*own = FALSE;
	if (r->in_transaction)
		return TRUE;
	*own = cs_registry_begin(r, error);
	return *own;
}

/**
 * cs_registry_end_write:
 * @r: the registry
 * @own: what cs_registry_begin_write() said
 * @success: whether the statements in between succeeded
 * @error: where to put the error of the commit
 *
 * Returns: whether it all succeeded; %FALSE with CS_ERROR_STATE where @success was %TRUE
 */
gboolean
cs_registry_end_write(CsRegistry *r, gboolean own, gboolean success, GError **error)
{
	if (!own)
		return success;
	if (success)
		return cs_registry_commit(r, error);
	cs_registry_rollback(r);
	return FALSE;
}

/**
 * cs_registry_set_meta:
 * @registry: the registry
 * @key: a name ("name", "url")
 * @value: its value
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_set_meta(CsRegistry *registry, const char *key, const char *value, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, registry,
			       "INSERT INTO meta (key, value) VALUES (?, ?)"
			       " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
			       error))
		return FALSE;
	cs_statement_add_text(&s, key);
	cs_statement_add_text(&s, value);
	return cs_statement_run(&s, NULL, error);
}

/**
 * cs_registry_dup_meta:
 * @registry: the registry
 * @key: a name
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): its value; CS_ERROR_NOT_FOUND where it was never set;
 *   CS_ERROR_STATE
 */
char *
cs_registry_dup_meta(CsRegistry *registry, const char *key, GError **error)
{
	g_auto(CsStatement) s = {0};
	CsStep step = CS_STEP_ERROR;

	if (!cs_statement_open(&s, registry, "SELECT value FROM meta WHERE key = ?", error))
		return NULL;
	cs_statement_add_text(&s, key);
	step = cs_statement_step(&s, error);
	if (step == CS_STEP_DONE)
		cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found", "registry: no %s is set", key);
	return step == CS_STEP_ROW ? cs_statement_dup_text(&s, 0) : NULL;
}
