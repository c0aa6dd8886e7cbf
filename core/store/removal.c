/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/removal.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/store/removal-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>

#define BACKUP_FOLDER	   "deleted-certificates"
#define LOCK_FILE	   ".lock"
#define FINGERPRINT_LENGTH 64
#define SHORT_LENGTH	   16

/**
 * cs_removal_free:
 * @removal: (transfer full): what would be done
 */
void
cs_removal_free(CsRemoval *removal)
{
	g_free(removal->fingerprint);
	g_free(removal->subject);
	g_ptr_array_unref(removal->files);
	g_free(removal->backup);
	g_free(removal->command);
	g_free(removal->hindrance);
	g_free(removal);
}

static gboolean
check_fingerprint(const char *fingerprint, GError **error)
{
	if (strlen(fingerprint) == FINGERPRINT_LENGTH &&
	    strspn(fingerprint, "0123456789abcdefABCDEF") == FINGERPRINT_LENGTH)
		return TRUE;
	cs_error_set(error, CS_ERROR_USAGE, "fingerprint-malformed",
		     _("a certificate's fingerprint is 64 hexadecimal digits, as \"countersign "
		       "explain\" prints it"));
	return FALSE;
}

/* By any name: a user's folder that leads to the machine's is the machine's. */
static gboolean
is_of_machine(const CsSettings *settings, const char *path)
{
	const char *const *folders = cs_settings_get_machine_directories(settings);
	struct stat mine;
	struct stat its;

	if (stat(path, &mine) != 0)
		return FALSE;
	for (gsize i = 0; folders != NULL && folders[i] != NULL; i++) {
		if (stat(folders[i], &its) == 0 && its.st_dev == mine.st_dev &&
		    its.st_ino == mine.st_ino)
			return TRUE;
	}
	return FALSE;
}

/* When all places are known: a link may lie in another folder. */
static void
spare_linked_keys(const CsSettings *settings, GPtrArray *places)
{
	const char *const *own = cs_settings_get_user_directories(settings);
	const char *const *machine = cs_settings_get_machine_directories(settings);

	for (gsize i = 0; own != NULL && own[i] != NULL; i++)
		cs_removal_spare_linked_keys(own[i], places);
	for (gsize i = 0; machine != NULL && machine[i] != NULL; i++)
		cs_removal_spare_linked_keys(machine[i], places);
}

static GPtrArray *
find_places(const CsSettings *settings,
	    const char *fingerprint,
	    GCancellable *cancellable,
	    GError **error)
{
	const char *const *own = cs_settings_get_user_directories(settings);
	const char *const *machine = cs_settings_get_machine_directories(settings);
	g_autoptr(GPtrArray) places =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_removal_place_free);

	for (gsize i = 0; own != NULL && own[i] != NULL; i++) {
		if (!g_strv_contains(own + i + 1, own[i]) && !is_of_machine(settings, own[i]) &&
		    !cs_removal_find(own[i], CS_STORE_USER, fingerprint, places, cancellable,
				     error))
			return NULL;
	}
	for (gsize i = 0; machine != NULL && machine[i] != NULL; i++) {
		if (!g_strv_contains(machine + i + 1, machine[i]) &&
		    !cs_removal_find(machine[i], CS_STORE_MACHINE, fingerprint, places, cancellable,
				     error))
			return NULL;
	}
	if (places->len == 0) {
		cs_error_set(error, CS_ERROR_NOT_FOUND, "certificate-not-found",
			     _("no folder of the stores holds a certificate with this "
			       "fingerprint"));
		return NULL;
	}
	spare_linked_keys(settings, places);
	return g_steal_pointer(&places);
}

static void
append_file(GPtrArray *files, const char *folder, const char *name)
{
	char *path = name == NULL ? NULL : g_build_filename(folder, name, NULL);

	if (path == NULL || g_ptr_array_find_with_equal_func(files, path, g_str_equal, NULL))
		g_free(path);
	else
		g_ptr_array_add(files, path);
}

/* rm asks before each: the administrator sees what it is. */
static char *
make_command(GPtrArray *files)
{
	GString *command = g_string_new("sudo rm -i --");

	for (guint i = 0; i < files->len; i++) {
		g_autofree char *quoted = g_shell_quote(g_ptr_array_index(files, i));

		g_string_append_printf(command, " %s", quoted);
	}
	return g_string_free(command, FALSE);
}

static CsRemoval *
make_removal(const CsSettings *settings, GPtrArray *places)
{
	const CsRemovalPlace *first = g_ptr_array_index(places, 0);
	g_autoptr(GPtrArray) of_machine = g_ptr_array_new_with_free_func(g_free);
	CsRemoval *removal = g_new0(CsRemoval, 1);
	const char *hindrances[] = {[CS_STORE_USER] = NULL, [CS_STORE_MACHINE] = NULL};
	g_autofree char *name = NULL;

	removal->fingerprint = g_strdup(cs_certificate_get_fingerprint(first->certificate));
	removal->subject = g_strdup(cs_certificate_get_subject_text(first->certificate));
	removal->files = g_ptr_array_new_with_free_func(g_free);
	name = g_strndup(removal->fingerprint, SHORT_LENGTH);
	removal->backup =
		g_build_filename(cs_settings_get_state_folder(settings), BACKUP_FOLDER, name, NULL);
	for (guint i = 0; i < places->len; i++) {
		const CsRemovalPlace *place = g_ptr_array_index(places, i);
		GPtrArray *files = place->kind == CS_STORE_USER ? removal->files : of_machine;

		if (place->hindrance != NULL) {
			hindrances[place->kind] = place->hindrance;
			continue;
		}
		append_file(files, place->folder, place->name);
		append_file(files, place->folder, place->key_name);
	}
	if (of_machine->len > 0)
		removal->command = make_command(of_machine);
	removal->hindrance = g_strdup(hindrances[CS_STORE_USER]);
	if (removal->files->len == 0 && of_machine->len == 0 && removal->hindrance == NULL)
		removal->hindrance = g_strdup(hindrances[CS_STORE_MACHINE]);
	return removal;
}

/**
 * cs_removal_plan:
 * @settings: which folders, and where the backup is
 * @fingerprint: SHA-256 of the certificate, 64 hexadecimal digits
 * @cancellable: (nullable): asked between files
 * @error: %CS_ERROR_USAGE, "fingerprint-malformed"; %CS_ERROR_NOT_FOUND, "certificate-not-found";
 *   %G_IO_ERROR_CANCELLED
 *
 * What cs_removal_run() would do now, of the stores as they are on the disk. Changes nothing.
 * Blocks; any thread.
 *
 * Returns: (transfer full): the plan
 */
CsRemoval *
cs_removal_plan(const CsSettings *settings,
		const char *fingerprint,
		GCancellable *cancellable,
		GError **error)
{
	g_autofree char *lower = g_ascii_strdown(fingerprint, -1);
	g_autoptr(GPtrArray) places = NULL;

	if (!check_fingerprint(lower, error))
		return NULL;
	places = find_places(settings, lower, cancellable, error);
	return places == NULL ? NULL : make_removal(settings, places);
}

/**
 * cs_removal_check:
 * @removal: a plan
 * @error: %CS_ERROR_REFUSED: "certificate-shared" (a file is not this certificate's alone),
 *   "certificate-of-machine" (the message has the administrator's command)
 *
 * Whole or not at all: a copy that stayed would be used again.
 *
 * Returns: TRUE where cs_removal_run() would do it
 */
gboolean
cs_removal_check(const CsRemoval *removal, GError **error)
{
	if (removal->hindrance != NULL) {
		cs_error_set(error, CS_ERROR_REFUSED, "certificate-shared",
			     _("nothing was deleted, because %s"), removal->hindrance);
		return FALSE;
	}
	if (removal->files->len > 0)
		return TRUE;
	cs_error_set(error, CS_ERROR_REFUSED, "certificate-of-machine",
		     _("the certificate is in the machine's store, where the administrator deletes "
		       "it: %s"),
		     removal->command);
	return FALSE;
}

static CsFileLock *
lock_backups(const CsSettings *settings, GError **error)
{
	g_autofree char *folder =
		g_build_filename(cs_settings_get_state_folder(settings), BACKUP_FOLDER, NULL);
	g_autofree char *path = g_build_filename(folder, LOCK_FILE, NULL);

	return cs_file_ensure_folder(folder, error) ? cs_file_lock_acquire(path, TRUE, error)
						    : NULL;
}

/**
 * cs_removal_run:
 * @settings: as for cs_removal_plan()
 * @fingerprint: as for cs_removal_plan()
 * @cancellable: (nullable): asked until the first file is touched
 * @error: as cs_removal_plan(), and %CS_ERROR_REFUSED: "certificate-shared" (a file is not this
 *   certificate's alone), "certificate-of-machine" (the message has the administrator's command),
 *   "certificate-changed" (a file was exchanged at the last moment, and stays); %CS_ERROR_STATE
 *
 * Rule 9: moves the files of exactly this certificate from the user's directories to the backup,
 * folders 0700 and files 0600: its own, and the key file beside it that is its alone, to which no
 * symbolic link in the stores leads. Symbolic links
 * and files that hold anything else are left, and nothing at all is done then. Killed in the middle
 * the certificate is where it was or in the backup, never lost, and the next call ends what was
 * begun. The caller has asked the person. Blocks; any thread.
 *
 * Returns: (transfer full): what was done
 */
CsRemoval *
cs_removal_run(const CsSettings *settings,
	       const char *fingerprint,
	       GCancellable *cancellable,
	       GError **error)
{
	g_autofree char *lower = g_ascii_strdown(fingerprint, -1);
	g_autoptr(GPtrArray) places = NULL;
	g_autoptr(CsRemoval) removal = NULL;
	g_autoptr(CsFileLock) lock = NULL;

	if (!check_fingerprint(lower, error))
		return NULL;
	places = find_places(settings, lower, cancellable, error);
	removal = places == NULL ? NULL : make_removal(settings, places);
	if (removal == NULL || !cs_removal_check(removal, error))
		return NULL;
	lock = lock_backups(settings, error);
	if (lock == NULL || !cs_file_ensure_folder(removal->backup, error))
		return NULL;
	for (guint i = 0; i < places->len; i++) {
		const CsRemovalPlace *place = g_ptr_array_index(places, i);

		if (place->kind == CS_STORE_USER && !cs_removal_take(place, removal->backup, error))
			return NULL;
	}
	return g_steal_pointer(&removal);
}
