/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/removal-private.h"

#include <glib/gi18n-lib.h>
#include <sys/stat.h>

/* Whether a file of the place's folder is what @target is. */
static gboolean
is_file_of(const CsRemovalPlace *place, const char *name, const struct stat *target)
{
	g_autofree char *path = g_build_filename(place->folder, name, NULL);
	struct stat status;

	return stat(path, &status) == 0 && status.st_dev == target->st_dev &&
	       status.st_ino == target->st_ino;
}

static void
hinder(CsRemovalPlace *place, const char *link_path)
{
	g_autofree char *path = g_build_filename(place->folder, place->name, NULL);

	if (place->hindrance == NULL)
		place->hindrance = g_strdup_printf(_("the symbolic link %s leads to %s, and may "
						     "need it"),
						   link_path, path);
}

static void
spare(GPtrArray *places, const char *link_path, const struct stat *target)
{
	for (guint i = 0; i < places->len; i++) {
		CsRemovalPlace *place = g_ptr_array_index(places, i);

		if (is_file_of(place, place->name, target))
			hinder(place, link_path);
		else if (place->key_name != NULL && is_file_of(place, place->key_name, target))
			g_clear_pointer(&place->key_name, g_free);
	}
}

static void
look_through(const char *folder, gboolean is_below, GPtrArray *places)
{
	g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
	const char *name;

	while (listing != NULL && (name = g_dir_read_name(listing)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		struct stat status;

		if (lstat(path, &status) != 0)
			continue;
		if (S_ISDIR(status.st_mode) && !is_below)
			look_through(path, TRUE, places);
		else if (S_ISLNK(status.st_mode) && stat(path, &status) == 0)
			spare(places, path, &status);
	}
}

/**
 * cs_removal_spare_linked_keys:
 * @folder: a store's folder
 * @places: (element-type CsRemovalPlace): of all stores; a key that is not to go loses its name
 *
 * A key file to which a symbolic link in a store leads is not the certificate's alone: whoever made
 * the link, perhaps for a renewed certificate, needs it. It stays, and only the certificate goes;
 * where the key is in the certificate's own file the place is hindered.
 * Looks one level of sub-folders down, as a scan does. What cannot be read leads nowhere.
 */
void
cs_removal_spare_linked_keys(const char *folder, GPtrArray *places)
{
	look_through(folder, FALSE, places);
}
