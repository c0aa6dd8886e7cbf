/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>

/* "Csgb": a backup is no registry, and no program opens it as one. */
#define BACKUP_ID	    1131636578
#define BACKUP_ID_TEXT	    "1131636578"
#define PATIENCE	    100
#define PAUSE_MS	    50
#define MAX_PART_SIZE_BYTES 65536

static gboolean
copy(CsRegistry *to, CsRegistry *from, GError **error)
{
	sqlite3_backup *backup = sqlite3_backup_init(to->database, "main", from->database, "main");
	int status = SQLITE_BUSY;

	if (backup == NULL) {
		cs_registry_set_error(to, sqlite3_errcode(to->database), error);
		return FALSE;
	}
	/* All pages in one step: those of one moment, while others write. */
	for (guint i = 0; i < PATIENCE && (status == SQLITE_BUSY || status == SQLITE_LOCKED); i++) {
		status = sqlite3_backup_step(backup, -1);
		if (status == SQLITE_BUSY || status == SQLITE_LOCKED)
			sqlite3_sleep(PAUSE_MS);
	}
	sqlite3_backup_finish(backup);
	if (status == SQLITE_DONE)
		return TRUE;
	cs_registry_set_error(to, status, error);
	return FALSE;
}

static gboolean
write_part(CsRegistry *backup, const CsBackupPart *part, GError **error)
{
	g_auto(CsStatement) s = {0};
	gsize length = 0;
	gconstpointer data = cs_secret_get_data(part->content, &length);
	g_autoptr(GBytes) content = g_bytes_new_static(data, length);

	if (!cs_statement_open(&s, backup, "INSERT INTO backup_parts (name, content) VALUES (?, ?)",
			       error))
		return FALSE;
	cs_statement_add_text(&s, part->name);
	cs_statement_add_blob(&s, content);
	return cs_statement_run(&s, NULL, error);
}

/**
 * cs_registry_write_backup:
 * @r: the registry, with no transaction open; others may write meanwhile
 * @path: an empty file of mode 0600
 * @parts: (array length=n_parts): what is kept beside the registry
 * @n_parts: how many
 * @log: (out caller-allocates): what was found of the log in the copy
 * @error: where to put the error
 *
 * Makes one file of the registry as it is at one moment, and of the parts. With them it is as
 * secret as the authority's folder.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_write_backup(CsRegistry *r,
			 const char *path,
			 const CsBackupPart *parts,
			 gsize n_parts,
			 CsLogCheck *log,
			 GError **error)
{
	/* The copy brings WAL with it, which would leave more than one file. */
	static const char *const statements[] = {
		"PRAGMA journal_mode = DELETE",
		"CREATE TABLE backup_parts (name TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT",
		"PRAGMA application_id = " BACKUP_ID_TEXT, NULL};
	g_autoptr(CsRegistry) backup = cs_registry_connect(path, SQLITE_OPEN_READWRITE, error);

	if (backup == NULL || !copy(backup, r, error) ||
	    !cs_registry_execute_all(backup, statements, error))
		return FALSE;
	for (gsize i = 0; i < n_parts; i++) {
		if (!write_part(backup, &parts[i], error))
			return FALSE;
	}
	return cs_registry_verify_log(backup, NULL, log, error);
}

static void
set_invalid(GError **error)
{
	cs_error_set(error, CS_ERROR_INVALID, "backup-invalid",
		     _("this is no backup of an authority, or it is damaged"));
}

static gboolean
check_backup(CsRegistry *backup, GError **error)
{
	g_auto(CsStatement) s = {0};
	g_autofree char *answer = NULL;
	gint64 application = 0;

	if (!cs_registry_read_number(backup, "PRAGMA application_id", &application, NULL) ||
	    application != BACKUP_ID ||
	    !cs_statement_open(&s, backup, "PRAGMA integrity_check(1)", NULL) ||
	    cs_statement_step(&s, NULL) != CS_STEP_ROW) {
		set_invalid(error);
		return FALSE;
	}
	answer = cs_statement_dup_text(&s, 0);
	if (g_strcmp0(answer, "ok") == 0)
		return TRUE;
	set_invalid(error);
	return FALSE;
}

static gboolean
read_part(CsRegistry *backup, CsBackupPart *part, GError **error)
{
	g_auto(CsStatement) s = {0};
	g_autoptr(GBytes) content = NULL;
	gsize length = 0;
	gconstpointer data;

	if (!cs_statement_open(&s, backup, "SELECT content FROM backup_parts WHERE name = ?",
			       NULL)) {
		set_invalid(error);
		return FALSE;
	}
	cs_statement_add_text(&s, part->name);
	if (cs_statement_step(&s, NULL) == CS_STEP_ROW)
		content = cs_statement_dup_blob(&s, 0);
	if (content == NULL || g_bytes_get_size(content) > MAX_PART_SIZE_BYTES) {
		set_invalid(error);
		return FALSE;
	}
	data = g_bytes_get_data(content, &length);
	part->content = cs_secret_new(data, length);
	return TRUE;
}

/* What is dropped is overwritten: the keys do not stay behind in the registry's free pages. */
static gboolean
strip(CsRegistry *r, GError **error)
{
	g_autofree char *application =
		g_strdup_printf("PRAGMA application_id = %d", CS_REGISTRY_APPLICATION_ID);

	return cs_registry_execute(r, "PRAGMA secure_delete = ON", error) &&
	       cs_registry_execute(r, "DROP TABLE backup_parts", error) &&
	       cs_registry_execute(r, application, error);
}

/**
 * cs_registry_read_backup:
 * @path: a file that cs_registry_write_backup() made
 * @registry_path: an empty file of mode 0600, which becomes the registry
 * @parts: (array length=n_parts): names to look for; each content is (transfer full)
 * @n_parts: how many
 * @error: where to put the error
 *
 * Takes a backup apart. The registry may be of an earlier version.
 *
 * Returns: %FALSE with CS_ERROR_INVALID "backup-invalid", or CS_ERROR_STATE
 */
gboolean
cs_registry_read_backup(const char *path,
			const char *registry_path,
			CsBackupPart *parts,
			gsize n_parts,
			GError **error)
{
	g_autoptr(CsRegistry) backup = cs_registry_connect(path, SQLITE_OPEN_READONLY, error);
	g_autoptr(CsRegistry) r = NULL;

	if (backup == NULL || !check_backup(backup, error))
		return FALSE;
	for (gsize i = 0; i < n_parts; i++) {
		if (!read_part(backup, &parts[i], error))
			return FALSE;
	}
	r = cs_registry_connect(registry_path, SQLITE_OPEN_READWRITE, error);
	return r != NULL && copy(r, backup, error) && strip(r, error);
}
