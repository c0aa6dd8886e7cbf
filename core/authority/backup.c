/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/backup.h"

#include "core/authority/check.h"
#include "core/authority/operator.h"
#include "core/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_PARTS	    8
#define MAX_PART_SIZE_BYTES 65536

typedef struct {
	CsBackupPart list[MAX_PARTS];
	gsize count;
} Parts;

static void
parts_init(Parts *parts)
{
	const char *const *names = cs_authority_get_part_names();

	for (parts->count = 0; names[parts->count] != NULL; parts->count++)
		parts->list[parts->count].name = names[parts->count];
}

static void
parts_clear(Parts *parts)
{
	for (gsize i = 0; i < parts->count; i++)
		g_clear_pointer(&parts->list[i].content, cs_secret_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parts, parts_clear)

static gboolean
read_parts(const char *folder, Parts *parts, GError **error)
{
	for (gsize i = 0; i < parts->count; i++) {
		g_autofree char *path = g_build_filename(folder, parts->list[i].name, NULL);

		parts->list[i].content = cs_file_read_secret(path, MAX_PART_SIZE_BYTES, error);
		if (parts->list[i].content == NULL)
			return FALSE;
	}
	return TRUE;
}

static gboolean
write_parts(const char *folder, const Parts *parts, GError **error)
{
	for (gsize i = 0; i < parts->count; i++) {
		g_autofree char *path = g_build_filename(folder, parts->list[i].name, NULL);
		gsize length = 0;
		gconstpointer data = cs_secret_get_data(parts->list[i].content, &length);

		if (!cs_file_write_atomically(path, data, length, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
sync_parent(const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean synced = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);

	if (!synced)
		cs_error_set_from_errno(error, CS_ERROR_STATE, errno,
					N_("cannot sync the folder of %s"), path);
	if (fd >= 0)
		close(fd);
	return synced;
}

static gboolean
log_act(CsAuthority *a, const char *event, GError **error)
{
	const CsLogEntry entry = {
		.time = cs_clock_get_unix_s(cs_authority_get_clock(a)),
		.event = event,
		.actor = "administrator",
		.outcome = "ok",
		.operator_user = cs_authority_get_operator(a),
		.origin = "cli",
	};

	return cs_registry_log(cs_authority_get_registry(a), &entry, error);
}

/* ---- backup ---- */

static void
set_exists(const char *path, GError **error)
{
	cs_error_set(error, CS_ERROR_REFUSED, "file-exists",
		     _("%s is there already: name another file"), path);
}

/* Some file systems, NFS among them, cannot rename without replacing; none replaces by a link. */
static gboolean
move_without_replacing(const char *temporary, const char *path)
{
	if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return TRUE;
	if (errno != EINVAL)
		return FALSE;
	return link(temporary, path) == 0 && unlink(temporary) == 0;
}

static gboolean
publish_file(const char *temporary, const char *path, GError **error)
{
	if (move_without_replacing(temporary, path))
		return sync_parent(path, error);
	if (errno == EEXIST)
		set_exists(path, error);
	else
		cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot write %s"), path);
	return FALSE;
}

static gboolean
write_backup(
	CsAuthority *a, const char *temporary, const char *path, CsLogCheck *log, GError **error)
{
	g_auto(Parts) parts = {0};

	parts_init(&parts);
	return read_parts(cs_authority_get_folder(a), &parts, error) &&
	       cs_registry_write_backup(cs_authority_get_registry(a), temporary, parts.list,
					parts.count, log, error) &&
	       publish_file(temporary, path, error);
}

/**
 * cs_authority_backup:
 * @authority: the authority; its server may be running
 * @path: the file to be made
 * @error: where to put the error
 *
 * Writes registry and keys into one file of mode 0600, all of one moment: beside, synced, and
 * renamed. Whoever has the file has the authority. What is not sound is copied as it is, and said:
 * cs_authority_restore() may refuse it.
 *
 * Returns: (transfer full) (nullable): {"file", "lines", "head"} of the log in it, and {"ok",
 *   "problems"} as cs_authority_check() found them; CS_ERROR_REFUSED "file-exists"; CS_ERROR_STATE
 */
cJSON *
cs_authority_backup(CsAuthority *authority, const char *path, GError **error)
{
	g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
	g_autoptr(cJSON) document = cJSON_CreateObject();
	g_autoptr(cJSON) checked = NULL;
	CsLogCheck log = {0};
	gboolean ok = FALSE;
	int fd;

	if (g_file_test(path, G_FILE_TEST_EXISTS)) {
		set_exists(path, error);
		return NULL;
	}
	checked = cs_authority_check(authority, &ok, error);
	if (checked == NULL)
		return NULL;
	fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) {
		cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot write %s"), path);
		return NULL;
	}
	close(fd);
	if (!write_backup(authority, temporary, path, &log, error)) {
		g_unlink(temporary);
		return NULL;
	}
	if (!log_act(authority, "authority-backup", error))
		return NULL;
	cs_json_add_string(document, "file", path);
	cs_json_add_int64(document, "lines", log.lines);
	cs_json_add_string(document, "head", log.head);
	cs_json_add_boolean(document, "ok", ok);
	cs_json_add(document, "problems", cJSON_DetachItemFromObject(checked, "problems"));
	return g_steal_pointer(&document);
}

/* ---- restore ---- */

/* Flat, as an authority's folder is. */
static void
remove_folder(const char *folder)
{
	g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
	const char *name;

	while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		g_unlink(path);
	}
	g_rmdir(folder);
}

static gboolean
is_occupied(const char *folder)
{
	g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);

	return entries != NULL && g_dir_read_name(entries) != NULL;
}

/* A folder of somebody else's is not put away, whatever was asked. */
static gboolean
may_replace(const char *folder, gboolean replace, GError **error)
{
	g_autofree char *registry = g_build_filename(folder, "registry.db", NULL);

	if (!is_occupied(folder))
		return TRUE;
	if (replace && g_file_test(registry, G_FILE_TEST_EXISTS))
		return TRUE;
	cs_error_set(error, CS_ERROR_REFUSED, "folder-not-empty",
		     replace ? _("%s is not empty, and no authority's folder")
			     : _("%s is not empty: name another folder, or say --replace"),
		     folder);
	return FALSE;
}

/* What somebody did to the log is in the log for ever, and an index that forbids nothing changes no
 * answer: no reason to leave an organisation without its authority. */
static gboolean
is_bearable(const cJSON *problem)
{
	const char *check = cs_json_get_string(problem, "check", NULL);
	const char *detail = cs_json_get_string(problem, "detail", NULL);
	g_autofree char *upper = g_ascii_strup(detail, -1);

	return g_str_equal(check, "log") ||
	       (g_str_equal(check, "schema") && g_str_has_prefix(detail, "foreign: index ") &&
		strstr(upper, "UNIQUE") == NULL);
}

static gboolean
judge_problems(const cJSON *problems, GError **error)
{
	const cJSON *problem;

	cJSON_ArrayForEach (problem, problems) {
		if (is_bearable(problem))
			continue;
		cs_error_set(error, CS_ERROR_INVALID, "backup-damaged",
			     _("what the backup holds is not sound, so nothing was restored: %s, "
			       "%s"),
			     cs_json_get_string(problem, "check", NULL),
			     cs_json_get_string(problem, "detail", NULL));
		return FALSE;
	}
	return TRUE;
}

/* (transfer full) (nullable): what was found, and is borne. */
static cJSON *
verify_staging(const char *staging, const CsClock *clock, GError **error)
{
	g_autoptr(CsAuthority) a = cs_authority_open(staging, clock, error);
	g_autoptr(cJSON) document = NULL;
	g_autoptr(cJSON) problems = NULL;
	gboolean ok = FALSE;

	if (a == NULL)
		return NULL;
	document = cs_authority_check(a, &ok, error);
	if (document == NULL)
		return NULL;
	problems = cJSON_DetachItemFromObject(document, "problems");
	if (!judge_problems(problems, error) || !log_act(a, "authority-restore", error))
		return NULL;
	return g_steal_pointer(&problems);
}

static cJSON *
fill_staging(const char *staging, const char *path, const CsClock *clock, GError **error)
{
	g_autofree char *registry = g_build_filename(staging, "registry.db", NULL);
	g_auto(Parts) parts = {0};

	parts_init(&parts);
	if (!cs_file_write_atomically(registry, "", 0, error) ||
	    !cs_registry_read_backup(path, registry, parts.list, parts.count, error) ||
	    !write_parts(staging, &parts, error))
		return NULL;
	return verify_staging(staging, clock, error);
}

static gboolean
set_rename_error(const char *folder, GError **error)
{
	cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot write %s"), folder);
	return FALSE;
}

/* One rename: a kill leaves the old folder or the new one in its place. */
static gboolean
publish_folder(const char *folder, const char *staging, char **former, GError **error)
{
	g_autoptr(CsFileLock) lock = NULL;
	g_autofree char *kept = NULL;

	if (!is_occupied(folder)) {
		if (rename(staging, folder) != 0)
			return set_rename_error(folder, error);
		return sync_parent(folder, error);
	}
	lock = cs_authority_lock_for_serving(folder, error);
	if (lock == NULL)
		return FALSE;
	if (renameat2(AT_FDCWD, staging, AT_FDCWD, folder, RENAME_EXCHANGE) != 0)
		return set_rename_error(folder, error);
	kept = g_strconcat(folder, ".former-", staging + strlen(staging) - 6, NULL);
	*former = g_strdup(rename(staging, kept) == 0 ? kept : staging);
	return sync_parent(folder, error);
}

/**
 * cs_authority_restore:
 * @folder: the authority's folder to be
 * @path: a backup
 * @replace: whether an authority's folder in its place is put aside
 * @clock: the time
 * @error: where to put the error
 *
 * Makes a folder of a backup. It is made beside, opened (an earlier version's is brought up) and
 * checked whole before it takes its place: only a log that is not whole, and an index that is not
 * ours, are borne and said. The former folder is kept, for it holds keys that the
 * backup may not have. What happened after the backup is not in it: bindings, accounts and
 * revocations of that time are to be done again.
 *
 * Returns: (transfer full) (nullable): {"folder", "former", "problems"}; CS_ERROR_REFUSED
 *   "folder-not-empty"
 *   or "already-serving"; CS_ERROR_INVALID "backup-invalid" or "backup-damaged"; CS_ERROR_STATE
 */
cJSON *
cs_authority_restore(const char *folder,
		     const char *path,
		     gboolean replace,
		     const CsClock *clock,
		     GError **error)
{
	g_autofree char *place = g_canonicalize_filename(folder, NULL);
	g_autofree char *parent = g_path_get_dirname(place);
	g_autofree char *staging = g_strconcat(place, ".restore-XXXXXX", NULL);
	g_autofree char *former = NULL;
	g_autoptr(cJSON) problems = NULL;
	g_autoptr(cJSON) document = cJSON_CreateObject();

	if (!may_replace(place, replace, error) || !cs_file_ensure_folder(parent, error))
		return NULL;
	if (g_mkdtemp_full(staging, 0700) == NULL) {
		set_rename_error(place, error);
		return NULL;
	}
	problems = fill_staging(staging, path, clock, error);
	if (problems == NULL || !publish_folder(place, staging, &former, error)) {
		if (former == NULL)
			remove_folder(staging);
		return NULL;
	}
	cs_json_add_string(document, "folder", folder);
	cs_json_add_string(document, "former", former);
	cs_json_add(document, "problems", g_steal_pointer(&problems));
	return g_steal_pointer(&document);
}
