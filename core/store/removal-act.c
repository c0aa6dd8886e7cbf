/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/removal-private.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/store/store-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <unistd.h>

#define MAX_NAMES 100

/* One file on its way: copied into the backup, renamed so that nobody uses it, seen to be what was
 * copied, and only then removed. A kill in between leaves it where it was, or under its hidden name
 * with a whole copy in the backup; the next try ends what was begun. */
typedef struct {
	int folder;
	const char *path; /* of the folder */
	const char *name;
	gboolean is_key; /* the certificate's, in a file of its own */
	char *hidden;	 /* its name on the way out */
	CsSecret *content;
} Departure;

static void
departure_clear(Departure *departure)
{
	if (departure->folder >= 0)
		close(departure->folder);
	g_free(departure->hidden);
	g_clear_pointer(&departure->content, cs_secret_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Departure, departure_clear)

static gboolean
set_changed(const Departure *departure, GError **error)
{
	cs_error_set(error, CS_ERROR_REFUSED, "certificate-changed",
		     _("%s/%s has changed meanwhile, and was left as it is"), departure->path,
		     departure->name);
	return FALSE;
}

static gboolean
set_io_error(const Departure *departure, int saved_errno, GError **error)
{
	g_autofree char *path = g_build_filename(departure->path, departure->name, NULL);

	cs_error_set_from_errno(error, CS_ERROR_STATE, saved_errno, N_("cannot delete %s"), path);
	return FALSE;
}

static gboolean
is_equal(CsSecret *a, CsSecret *b)
{
	gsize a_length = 0;
	gsize b_length = 0;
	const guint8 *a_data = cs_secret_get_data(a, &a_length);
	const guint8 *b_data = cs_secret_get_data(b, &b_length);

	return a_length == b_length && memcmp(a_data, b_data, a_length) == 0;
}

/* Not over something that is there. Some file systems do not know how to ask for that. */
static int
rename_to_free(int folder, const char *from, const char *to)
{
	struct stat status;

	if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (fstatat(folder, to, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return errno == ENOENT ? renameat(folder, from, folder, to) : -1;
}

/* What was there before with the same content serves; another certificate's file never goes. */
static gboolean
find_whether_taken(const char *path, CsSecret *content, gboolean *taken, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(CsSecret) there = cs_file_read_secret(path, CS_STORE_FILE_MAX_BYTES, &failure);

	*taken = there != NULL && !is_equal(there, content);
	if (there != NULL || g_error_matches(failure, CS_ERROR, CS_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

static gboolean
write_backup(const Departure *departure, const char *backup, GError **error)
{
	gboolean is_left = cs_removal_is_left_behind(departure->name);
	g_autofree char *name =
		g_strndup(departure->name + (is_left ? 1 : 0),
			  strlen(departure->name) - (is_left ? strlen("." CS_REMOVAL_SUFFIX) : 0));
	gsize length = 0;
	gconstpointer data = cs_secret_get_data(departure->content, &length);

	for (guint i = 1; i <= MAX_NAMES; i++) {
		g_autofree char *numbered =
			i == 1 ? g_strdup(name) : g_strdup_printf("%u-%s", i, name);
		g_autofree char *path = g_build_filename(backup, numbered, NULL);

		gboolean taken = FALSE;

		if (!find_whether_taken(path, departure->content, &taken, error))
			return FALSE;
		if (!taken)
			return cs_file_write_atomically(path, data, length, error);
	}
	cs_error_set(error, CS_ERROR_STATE, "state-unavailable",
		     _("%s has no room for another copy of %s"), backup, name);
	return FALSE;
}

static gboolean
hide(const Departure *departure, GError **error)
{
	if (strcmp(departure->name, departure->hidden) == 0 ||
	    rename_to_free(departure->folder, departure->name, departure->hidden) == 0)
		return TRUE;
	return errno == ENOENT ? set_changed(departure, error)
			       : set_io_error(departure, errno, error);
}

/* It goes back where it was, unless somebody has put another there since. */
static void
give_back(const Departure *departure)
{
	if (strcmp(departure->name, departure->hidden) != 0 &&
	    rename_to_free(departure->folder, departure->hidden, departure->name) != 0)
		g_debug("a file that was left stays hidden");
}

static gboolean
take_out(const Departure *departure, GError **error)
{
	g_autoptr(CsSecret) there = NULL;

	if (!hide(departure, error))
		return FALSE;
	there = cs_removal_read(departure->folder, departure->hidden, FALSE);
	if (there == NULL || !is_equal(there, departure->content)) {
		give_back(departure);
		return set_changed(departure, error);
	}
	if (unlinkat(departure->folder, departure->hidden, 0) != 0) {
		int saved_errno = errno;

		give_back(departure);
		return set_io_error(departure, saved_errno, error);
	}
	if (fsync(departure->folder) != 0 && errno != EINVAL)
		return set_io_error(departure, errno, error);
	return TRUE;
}

static gboolean
open_departure(Departure *departure, const CsRemovalPlace *place, const char *name, GError **error)
{
	departure->path = place->folder;
	departure->name = name;
	departure->hidden = cs_removal_is_left_behind(name)
				    ? g_strdup(name)
				    : g_strconcat(".", name, CS_REMOVAL_SUFFIX, NULL);
	departure->folder = open(place->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (departure->folder < 0)
		return set_io_error(departure, errno, error);
	departure->content = cs_removal_read(departure->folder, name, FALSE);
	if (departure->content == NULL && errno == EIO)
		return set_io_error(departure, errno, error);
	return TRUE;
}

/* Once more, right before: it is this certificate's file, and nobody else's. */
static gboolean
is_still(const Departure *departure, const CsRemovalPlace *place)
{
	g_autoptr(CsCertificate) there = NULL;
	g_autofree char *hindrance = NULL;

	if (departure->content == NULL)
		return FALSE;
	if (departure->is_key)
		return cs_removal_whose_key(departure->content, place->certificate) ==
		       CS_REMOVAL_KEY_OWN;
	there = cs_removal_find_inside(departure->content,
				       cs_certificate_get_fingerprint(place->certificate));
	hindrance = there == NULL ? NULL : cs_removal_judge(departure->content, there, "");
	return there != NULL && hindrance == NULL;
}

/**
 * cs_removal_take:
 * @place: a place of the user's store, without a hindrance
 * @backup: a folder that is there
 * @error: %CS_ERROR_REFUSED, "certificate-changed": something else is there now, and stays;
 *   %CS_ERROR_STATE
 *
 * Copies the certificate's file and its key's into the backup, then takes them out of their
 * folder: the certificate last, so that whatever ends this in the middle is ended by the next try.
 *
 * Returns: TRUE when both are in the backup, on the disk, and gone from where they were
 */
gboolean
cs_removal_take(const CsRemovalPlace *place, const char *backup, GError **error)
{
	g_auto(Departure) certificate = {.folder = -1};
	g_auto(Departure) key = {.folder = -1, .is_key = TRUE};

	if (!open_departure(&certificate, place, place->name, error))
		return FALSE;
	if (!is_still(&certificate, place))
		return set_changed(&certificate, error);
	if (place->key_name != NULL) {
		if (!open_departure(&key, place, place->key_name, error))
			return FALSE;
		/* Of two copies of a certificate the first took it along. */
		if (key.content != NULL && !is_still(&key, place))
			return set_changed(&key, error);
	}
	if (!write_backup(&certificate, backup, error) ||
	    (key.content != NULL && (!write_backup(&key, backup, error) || !take_out(&key, error))))
		return FALSE;
	return take_out(&certificate, error);
}
