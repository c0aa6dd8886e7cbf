/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/removal-private.h"

#include "core/base/error.h"
#include "core/store/pkcs12.h"
#include "core/store/store-file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

/* One folder that is looked through. */
typedef struct {
	int fd;
	char *path;
	CsStoreKind kind;
	const char *fingerprint;
	GPtrArray *places;
	GCancellable *cancellable;
	gboolean is_below; /* a sub-folder: there is none further down */
} Look;

/**
 * cs_removal_place_free:
 * @place: (transfer full): a place
 */
void
cs_removal_place_free(CsRemovalPlace *place)
{
	g_free(place->folder);
	g_free(place->name);
	g_free(place->key_name);
	g_free(place->hindrance);
	cs_certificate_unref(place->certificate);
	g_free(place);
}

static int
open_file(int folder, const char *name, gboolean follows)
{
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW);
	struct stat status;

	/* Opening a device can do something. */
	if (fstatat(folder, name, &status, follows ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	if (!S_ISREG(status.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return openat(folder, name, flags);
}

/* Returns how many bytes there are, at most @room; -1 where it cannot be read. */
static gssize
read_all(int fd, guint8 *data, gsize room)
{
	gsize length = 0;

	while (length < room) {
		gssize count = read(fd, data + length, room - length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -1;
		if (count == 0)
			break;
		length += (gsize)count;
	}
	return (gssize)length;
}

static CsSecret *
read_whole(int fd)
{
	gsize room = CS_STORE_FILE_MAX_BYTES + 1;
	guint8 *data = g_malloc(room);
	gssize length = read_all(fd, data, room);
	CsSecret *content = NULL;

	if (length >= 0 && (gsize)length < room)
		content = cs_secret_new(data, (gsize)length);
	else if (length >= 0)
		errno = EFBIG;
	cs_secret_wipe(data, room);
	g_free(data);
	return content;
}

/**
 * cs_removal_read:
 * @folder: an open folder
 * @name: a file in it
 * @follows: whether a symbolic link is followed
 *
 * Returns: (transfer full) (nullable): the file's bytes, which may hold a key; %NULL, and errno says
 *   why, where it is no regular file (EINVAL) of at most 1 MiB (EFBIG) that can be read
 */
CsSecret *
cs_removal_read(int folder, const char *name, gboolean follows)
{
	int fd = open_file(folder, name, follows);
	CsSecret *content = NULL;
	struct stat status;
	int saved_errno = 0;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		content = read_whole(fd);
	saved_errno = errno;
	close(fd);
	errno = saved_errno;
	return content;
}

/* It is not there, or is nothing that a store would read. Else there is trouble. */
static gboolean
is_nothing(int saved_errno)
{
	static const int reasons[] = {ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, EINVAL, EFBIG};

	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++) {
		if (reasons[i] == saved_errno)
			return TRUE;
	}
	return FALSE;
}

static CsDer
get_bytes(CsSecret *content)
{
	CsDer bytes = {NULL, 0};

	bytes.data = cs_secret_get_data(content, &bytes.length);
	return bytes;
}

/**
 * cs_removal_find_inside:
 * @content: a file's bytes
 * @fingerprint: SHA-256 in lower-case hex
 *
 * Returns: (transfer full) (nullable): the certificate, where it is among those of the file
 */
CsCertificate *
cs_removal_find_inside(CsSecret *content, const char *fingerprint)
{
	g_auto(CsStoreFile) file = {0};

	cs_store_file_decode(get_bytes(content), &file);
	for (guint i = 0; file.certificates != NULL && i < file.certificates->len; i++) {
		CsCertificate *certificate = g_ptr_array_index(file.certificates, i);

		if (strcmp(cs_certificate_get_fingerprint(certificate), fingerprint) == 0)
			return cs_certificate_ref(certificate);
	}
	return NULL;
}

/* Of somebody else's certificates only those of authorities may go along, as a chain does. */
static gboolean
holds_others(const CsStoreFile *file, const CsCertificate *certificate)
{
	for (guint i = 0; i < file->certificates->len; i++) {
		const CsCertificate *other = g_ptr_array_index(file->certificates, i);

		if (!g_bytes_equal(cs_certificate_get_der(other),
				   cs_certificate_get_der(certificate)) &&
		    !cs_certificate_is_authority(other, NULL))
			return TRUE;
	}
	return FALSE;
}

static gboolean
is_of(CsPrivateKey *key, const CsCertificate *certificate)
{
	return g_bytes_equal(cs_private_key_get_spki(key), cs_certificate_get_spki(certificate));
}

/* Returns the number of keys in a file that are not, or not known to be, the certificate's. */
static guint
count_other_keys(CsDer content, gboolean is_pkcs12, const CsCertificate *certificate, guint *own)
{
	guint others = 0;
	CsDer block;

	*own = 0;
	if (is_pkcs12) {
		g_autoptr(GPtrArray) keys =
			cs_pkcs12_decode_keys(content.data, content.length, NULL);

		for (guint i = 0; keys != NULL && i < keys->len; i++)
			*own += is_of(g_ptr_array_index(keys, i), certificate) ? 1 : 0;
		return keys == NULL ? 1 : keys->len - *own;
	}
	while (cs_store_file_next_key(&content, &block)) {
		g_autoptr(CsSecret) secret = cs_secret_new(block.data, block.length);
		g_autoptr(CsPrivateKey) key = cs_private_key_new_from_data(secret, NULL);

		if (key != NULL && is_of(key, certificate))
			(*own)++;
		else
			others++;
	}
	return others;
}

/**
 * cs_removal_judge:
 * @content: the bytes of a file that holds @certificate
 * @certificate: what is to be taken away
 * @path: the file, for the sentence
 *
 * Whether the whole file is this certificate's: with its own key and the certificates of
 * authorities above it, and nothing else.
 *
 * Returns: (transfer full) (nullable): translated, why it is not; %NULL where it is
 */
char *
cs_removal_judge(CsSecret *content, CsCertificate *certificate, const char *path)
{
	g_auto(CsStoreFile) file = {0};
	guint own = 0;

	cs_store_file_decode(get_bytes(content), &file);
	if (file.certificates == NULL || file.why != NULL)
		return g_strdup_printf(_("%s also holds something that cannot be read"), path);
	if (holds_others(&file, certificate))
		return g_strdup_printf(_("%s also holds other certificates"), path);
	if (count_other_keys(get_bytes(content), file.is_pkcs12, certificate, &own) > 0)
		return g_strdup_printf(_("%s also holds a private key that is not, or not known to "
					 "be, this certificate's"),
				       path);
	return NULL;
}

/**
 * cs_removal_whose_key:
 * @content: the bytes of a key file
 * @certificate: the certificate that the layouts give it to
 *
 * What cannot be decoded is nobody's to judge: it may be the certificate's key, and memory may only
 * have run out. A file that others' keys are in, too, is not its alone.
 *
 * Returns: whether it holds the certificate's key and nothing else
 */
CsRemovalKey
cs_removal_whose_key(CsSecret *content, const CsCertificate *certificate)
{
	g_auto(CsStoreFile) file = {0};
	g_autoptr(CsPrivateKey) key = NULL;
	g_autoptr(GError) error = NULL;
	guint own = 0;
	guint others = 0;

	cs_store_file_decode(get_bytes(content), &file);
	if (file.certificates != NULL)
		return CS_REMOVAL_KEY_OTHER;
	key = cs_private_key_new_from_data(content, &error);
	if (key == NULL)
		return g_error_matches(error, CS_ERROR, CS_ERROR_NOT_FOUND)
			       ? CS_REMOVAL_KEY_OTHER
			       : CS_REMOVAL_KEY_UNKNOWN;
	if (!is_of(key, certificate))
		return CS_REMOVAL_KEY_OTHER;
	others = count_other_keys(get_bytes(content), FALSE, certificate, &own);
	if (others == 0 && own <= 1)
		return CS_REMOVAL_KEY_OWN;
	return own > 0 ? CS_REMOVAL_KEY_OTHER : CS_REMOVAL_KEY_UNKNOWN;
}

/**
 * cs_removal_is_left_behind:
 * @name: a file's base name
 *
 * Returns: %TRUE where it is the name of a file on its way out
 */
gboolean
cs_removal_is_left_behind(const char *name)
{
	return name[0] == '.' && g_str_has_suffix(name, CS_REMOVAL_SUFFIX) &&
	       strlen(name) > strlen("." CS_REMOVAL_SUFFIX);
}

/* (transfer full) (nullable): the key file that the layouts name for a certificate's. */
static char *
make_key_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (strcmp(name, "cert.pem") == 0)
		return g_strdup("key.pem");
	if (dot == NULL || dot == name)
		return NULL;
	return g_strdup_printf("%.*s.key", (int)(dot - name), name);
}

/* Adds to *shared. Returns FALSE, and errno says why, where that cannot be found out. */
static gboolean
ask_whether_shared(const Look *look, const char *name, const char *key_name, gboolean *shared)
{
	g_autofree char *its_key = make_key_name(name);
	g_autoptr(CsSecret) content = NULL;
	g_autoptr(CsCertificate) same = NULL;
	g_auto(CsStoreFile) file = {0};

	if (name[0] == '.' || g_strcmp0(its_key, key_name) != 0 || strcmp(name, key_name) == 0)
		return TRUE;
	content = cs_removal_read(look->fd, name, TRUE);
	if (content == NULL) {
		/* What is closed to us may be one that needs it. */
		*shared = *shared || errno == EACCES || errno == EPERM;
		return is_nothing(errno);
	}
	same = cs_removal_find_inside(content, look->fingerprint);
	cs_store_file_decode(get_bytes(content), &file);
	*shared = *shared || (same == NULL && file.certificates != NULL);
	return TRUE;
}

static DIR *
list(int folder)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = copy >= 0 ? fdopendir(copy) : NULL;

	if (listing == NULL && copy >= 0)
		close(copy);
	return listing;
}

/* At the end errno is 0; else the folder could not be read to its end. */
static const struct dirent *
next(DIR *listing)
{
	errno = 0;
	return readdir(listing);
}

/* A renewed certificate may use the same key, from the same file. Returns FALSE, and errno says why,
 * where that cannot be found out. */
static gboolean
find_whether_shared(const Look *look, const char *key_name, gboolean *shared)
{
	DIR *listing = list(look->fd);
	const struct dirent *item = NULL;
	gboolean goes_on = TRUE;
	int saved_errno = 0;

	if (listing == NULL)
		return FALSE;
	while (goes_on && (item = next(listing)) != NULL)
		goes_on = ask_whether_shared(look, item->d_name, key_name, shared);
	saved_errno = errno;
	closedir(listing);
	errno = saved_errno;
	return goes_on && saved_errno == 0;
}

/* A copy that was not seen would be used again. A machine's folder may be closed to us. */
static gboolean
set_unread(const Look *look, GError **error)
{
	if (look->kind == CS_STORE_MACHINE || is_nothing(errno))
		return TRUE;
	cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot open folder %s"),
				look->path);
	return FALSE;
}

/* Without its key the certificate is not whole in the backup; so it stays. */
static void
hinder_by_key(const Look *look, CsRemovalPlace *place, const char *name)
{
	g_autofree char *path = g_build_filename(look->path, name, NULL);

	if (place->hindrance == NULL)
		place->hindrance =
			g_strdup_printf(_("%s also holds a private key that is not, or not "
					  "known to be, this certificate's"),
					path);
}

/* The key file beside it, or what is left of it on its way out. */
static gboolean
find_key(const Look *look, CsRemovalPlace *place, GError **error)
{
	g_autofree char *name = make_key_name(place->name);
	g_autofree char *left = g_strconcat(".", name, CS_REMOVAL_SUFFIX, NULL);
	const char *const names[] = {name, left};
	CsRemovalKey whose = CS_REMOVAL_KEY_OTHER;
	gboolean shared = FALSE;

	if (name == NULL || place->name[0] == '.')
		return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(CsSecret) content = cs_removal_read(look->fd, names[i], FALSE);

		if (content == NULL && !is_nothing(errno))
			return set_unread(look, error);
		if (content == NULL)
			continue;
		whose = cs_removal_whose_key(content, place->certificate);
		if (whose == CS_REMOVAL_KEY_UNKNOWN)
			hinder_by_key(look, place, names[i]);
		if (whose != CS_REMOVAL_KEY_OWN)
			continue;
		if (!find_whether_shared(look, name, &shared))
			return set_unread(look, error);
		if (!shared)
			place->key_name = g_strdup(names[i]);
		return TRUE;
	}
	return TRUE;
}

static char *
judge(const Look *look, const char *name, gboolean is_link, CsSecret *content, CsCertificate *it)
{
	g_autofree char *path = g_build_filename(look->path, name, NULL);

	if (is_link)
		return g_strdup_printf(
			_("%s is a symbolic link, and what it leads to may belong to "
			  "something else"),
			path);
	return cs_removal_judge(content, it, path);
}

static gboolean
look_at_file(Look *look, const char *name, gboolean is_link, GError **error)
{
	g_autoptr(CsSecret) content = cs_removal_read(look->fd, name, is_link);
	g_autoptr(CsCertificate) certificate = NULL;
	CsRemovalPlace *place;

	if (content == NULL)
		return is_nothing(errno) || set_unread(look, error);
	certificate = cs_removal_find_inside(content, look->fingerprint);
	if (certificate == NULL)
		return TRUE;
	place = g_new0(CsRemovalPlace, 1);
	g_ptr_array_add(look->places, place);
	place->folder = g_strdup(look->path);
	place->name = g_strdup(name);
	place->kind = look->kind;
	place->certificate = g_steal_pointer(&certificate);
	place->hindrance = judge(look, name, is_link, content, place->certificate);
	return find_key(look, place, error);
}

static gboolean look_through(Look *look, GError **error);

static gboolean
look_below(const Look *look, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(look->path, name, NULL);
	Look below = *look;
	gboolean done;

	below.fd = openat(look->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	below.path = path;
	below.is_below = TRUE;
	if (below.fd < 0)
		return set_unread(&below, error);
	done = look_through(&below, error);
	close(below.fd);
	return done;
}

/* As a scan looks: hidden names, key files and what is further down are none of its business. */
static gboolean
look_at(Look *look, const char *name, GError **error)
{
	struct stat status;

	if ((name[0] == '.' && !cs_removal_is_left_behind(name)) || cs_store_file_is_key_name(name))
		return TRUE;
	if (fstatat(look->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return is_nothing(errno) || set_unread(look, error);
	if (S_ISDIR(status.st_mode) && name[0] != '.' && !look->is_below)
		return look_below(look, name, error);
	if ((S_ISREG(status.st_mode) || (S_ISLNK(status.st_mode) && name[0] != '.')) &&
	    !look_at_file(look, name, S_ISLNK(status.st_mode), error))
		return FALSE;
	return !g_cancellable_set_error_if_cancelled(look->cancellable, error);
}

static gboolean
look_through(Look *look, GError **error)
{
	DIR *listing = list(look->fd);
	gboolean goes_on = TRUE;
	const struct dirent *item = NULL;

	if (listing == NULL)
		return set_unread(look, error);
	while (goes_on && (item = next(listing)) != NULL)
		goes_on = look_at(look, item->d_name, error);
	if (goes_on && errno != 0)
		goes_on = set_unread(look, error);
	closedir(listing);
	return goes_on;
}

/**
 * cs_removal_find:
 * @path: a store's folder
 * @kind: the store's kind
 * @fingerprint: SHA-256 in lower-case hex
 * @places: (element-type CsRemovalPlace): what was found is added
 * @cancellable: (nullable): asked between files
 * @error: %CS_ERROR_STATE; %G_IO_ERROR_CANCELLED
 *
 * Looks through the folder and its sub-folders, one level down, as they are now. A file that cannot
 * be read, and a folder that is missing or closed to this user, hold nothing.
 *
 * Returns: FALSE where a folder could not be read to its end, or it was cancelled
 */
gboolean
cs_removal_find(const char *path,
		CsStoreKind kind,
		const char *fingerprint,
		GPtrArray *places,
		GCancellable *cancellable,
		GError **error)
{
	g_autofree char *own_path = g_canonicalize_filename(path, NULL);
	Look look = {.path = own_path,
		     .kind = kind,
		     .fingerprint = fingerprint,
		     .places = places,
		     .cancellable = cancellable};
	gboolean done;

	look.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (look.fd < 0)
		return set_unread(&look, error);
	done = look_through(&look, error);
	close(look.fd);
	return done;
}
