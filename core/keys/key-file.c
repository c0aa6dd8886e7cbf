/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/keys/private-key.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"

#define KEY_FILE_MAX_BYTES 262144 /* a certificate chain may stand beside the key */
#define MAX_LINKS	   40	  /* the kernel's own limit */
#define USER_ENTRY_BYTES   4096
#define MODE_BITS	   07777

/* ---- what stands in the way (rule 10) ---- */

static char *
describe_owner(uid_t uid)
{
	struct passwd entry;
	struct passwd *found = NULL;
	char buffer[USER_ENTRY_BYTES];

	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL)
		return g_strdup_printf("%s (uid %u)", entry.pw_name, (guint)uid);
	return g_strdup_printf("uid %u", (guint)uid);
}

/* Where a symbolic link leads, `rest` behind it; NULL where it is none. */
static char *
follow_link(const char *path, const char *rest)
{
	g_autofree char *target = g_file_read_link(path, NULL);

	if (target == NULL)
		return NULL;
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *base = g_path_is_absolute(target) ? g_strdup(target)
							   : g_build_filename(folder, target, NULL);
	return rest[0] != '\0' ? g_build_filename(base, rest, NULL) : g_steal_pointer(&base);
}

static gboolean
may(const char *path, int what)
{
	return faccessat(AT_FDCWD, path, what, AT_EACCESS) == 0 || errno != EACCES;
}

/* One pass along the path from its root. Returns the first folder that may not be entered, or the
 * file itself. Where it meets a symbolic link, NULL, and *next is the path without that link. */
static char *
walk(const char *path, char **next)
{
	const char *at = path + strspn(path, "/");

	for (;;) {
		const char *past = strchrnul(at, '/');
		g_autofree char *prefix = g_strndup(path, (gsize)(past - path));
		const char *rest = past + strspn(past, "/");
		*next = follow_link(prefix, rest);
		if (*next != NULL)
			return NULL;
		if (rest[0] == '\0' || !may(prefix, X_OK))
			return g_steal_pointer(&prefix);
		at = rest;
	}
}

static char *
find_obstacle(const char *path)
{
	g_autofree char *current = g_canonicalize_filename(path, NULL);

	for (guint links = 0; links < MAX_LINKS; links++) {
		char *next = NULL;
		char *obstacle = walk(current, &next);
		if (obstacle != NULL)
			return obstacle;
		g_free(current);
		current = next;
	}
	return g_steal_pointer(&current);
}

static void
set_inaccessible(GError **error, const char *path)
{
	g_autofree char *obstacle = find_obstacle(path);
	struct stat status;

	if (stat(obstacle, &status) != 0) {
		cs_error_set(error, CS_ERROR_KEY, "key-inaccessible",
			     _("the private key %s cannot be opened: permission denied"), path);
		return;
	}
	g_autofree char *owner = describe_owner(status.st_uid);
	guint mode = status.st_mode & MODE_BITS;
	if (S_ISDIR(status.st_mode))
		cs_error_set(error, CS_ERROR_KEY, "key-inaccessible",
			     _("the private key %s cannot be opened: the folder %s, owned by %s, "
			       "mode %04o, may not be entered"),
			     path, obstacle, owner, mode);
	else
		cs_error_set(error, CS_ERROR_KEY, "key-inaccessible",
			     _("the private key %s, owned by %s, mode %04o, may not be read"),
			     obstacle, owner, mode);
}

/* ---- loading and saving ---- */

static CsSecret *
read_key_file(const char *path, GError **error)
{
	g_autoptr(GError) inner = NULL;
	CsSecret *data = cs_file_read_secret(path, KEY_FILE_MAX_BYTES, &inner);

	if (data != NULL)
		return data;
	if (g_error_matches(inner, CS_ERROR, CS_ERROR_NOT_FOUND))
		cs_error_set(error, CS_ERROR_NOT_FOUND, "key-missing", "%s", inner->message);
	else if (!may(path, R_OK))
		set_inaccessible(error, path);
	else
		cs_error_set(error, CS_ERROR_KEY, "key-inaccessible", "%s", inner->message);
	return NULL;
}

/**
 * cs_private_key_load:
 * @path: a file
 * @error: CS_ERROR_KEY, "key-inaccessible": the message names the file or the folder that stands
 *   in the way, its owner and its mode (rule 10); CS_ERROR_NOT_FOUND, "key-missing"; and those of
 *   cs_private_key_new_from_data()
 *
 * Opens it as the user who runs this process. Whoever else may read it is not asked: a store is
 * read whatever its mode.
 *
 * Returns: (transfer full)
 */
CsPrivateKey *
cs_private_key_load(const char *path, GError **error)
{
	g_autoptr(CsSecret) data = read_key_file(path, error);

	if (data == NULL)
		return NULL;
	CsPrivateKey *key = cs_private_key_new_from_data(data, error);
	if (key == NULL)
		g_prefix_error(error, "%s: ", path);
	return key;
}

/**
 * cs_private_key_save:
 * @key: a key that is not hardware's
 * @path: the file, in a folder that exists
 * @error: CS_ERROR_KEY, "key-unusable": it cannot be exported; CS_ERROR_STATE
 *
 * Writes PKCS#8 in PEM, not encrypted, mode 0600, atomically.
 *
 * Returns: FALSE with an error; the file is then as before
 */
gboolean
cs_private_key_save(CsPrivateKey *key, const char *path, GError **error)
{
	g_autoptr(BIO) memory = BIO_new(BIO_s_mem()); /* wiped when freed */
	char *text = NULL;

	ERR_clear_error();
	if (memory == NULL || PEM_write_bio_PKCS8PrivateKey(memory, cs_private_key_get_pkey(key),
							    NULL, NULL, 0, NULL, NULL) != 1) {
		cs_openssl_set_error(error, CS_ERROR_KEY, "key-unusable", "export the key");
		return FALSE;
	}
	long length = BIO_get_mem_data(memory, &text);
	return cs_file_write_atomically(path, text, (gsize)length, error);
}
