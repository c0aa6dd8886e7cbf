/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/file.h"

#include "core/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0700
#define FILE_MODE   0600
/* No honest crowd of writers gets here; a file system whose inode numbers change on each look does. */
#define TEMPORARY_TRIES 100000

struct _CsFileLock {
	int fd;
};

/* A descriptor that closes itself; -1 is none. */
typedef int Descriptor;

static void
descriptor_clear(Descriptor *fd)
{
	if (*fd >= 0)
		close(*fd);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Descriptor, descriptor_clear)

/* A path cut into its open folder and the names in it. The temporary name is fixed, so that what a
 * killed writer left is found without a search; who holds the flock on it is its writer. */
typedef struct {
	Descriptor folder;
	char *name;
	char *temporary;
} Place;

static void
place_clear(Place *place)
{
	descriptor_clear(&place->folder);
	g_free(place->name);
	g_free(place->temporary);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static gboolean
open_place(const char *path, Place *place, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);

	place->name = g_path_get_basename(path);
	place->temporary = g_strdup_printf(".%s.tmp", place->name);
	place->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->folder < 0) {
		cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot open folder %s"),
					folder);
		return FALSE;
	}
	return TRUE;
}

/* EINVAL: a file system that cannot sync a folder; then there is nothing to wait for. */
static gboolean
sync_folder(int folder, const char *path, GError **error)
{
	if (fsync(folder) == 0 || errno == EINVAL)
		return TRUE;
	cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot sync the folder of %s"),
				path);
	return FALSE;
}

static gboolean
ensure_one_folder(const char *path, GError **error)
{
	g_auto(Place) place = {-1};
	struct stat status;

	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return TRUE;
	if (mkdir(path, FOLDER_MODE) != 0) {
		int saved_errno = errno;

		/* Another process may have been quicker. */
		if (saved_errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
			return TRUE;
		cs_error_set_from_errno(error, CS_ERROR_STATE, saved_errno,
					N_("cannot make folder %s"), path);
		return FALSE;
	}
	return open_place(path, &place, error) && sync_folder(place.folder, path, error);
}

/**
 * cs_file_ensure_folder:
 * @path: a folder
 * @error: %CS_ERROR_STATE
 *
 * Makes the folder and those above it that are missing, each 0700 and synced. Folders that exist
 * keep their mode.
 *
 * Returns: TRUE when it is there.
 */
gboolean
cs_file_ensure_folder(const char *path, GError **error)
{
	g_autofree char *partial = g_strdup(path);

	for (char *end = partial + strspn(partial, "/"); *end != '\0';) {
		gsize length = strcspn(end, "/");
		gsize slashes = strspn(end + length, "/");

		end[length] = '\0';
		if (!ensure_one_folder(partial, error))
			return FALSE;
		if (slashes > 0)
			end[length] = '/';
		end += length + slashes;
	}
	return TRUE;
}

static gboolean
lock_descriptor(int fd, int operation)
{
	int result;

	do {
		result = flock(fd, operation);
	} while (result != 0 && errno == EINTR);
	return result == 0;
}

static gboolean
is_same_file(int fd, int folder, const char *name)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* Tells a thing that cannot be opened as a file, and can be removed, from trouble of our own. */
static gboolean
is_in_the_way(int open_errno)
{
	static const int reasons[] = {EACCES, EISDIR, ELOOP, ENXIO, EPERM, ETXTBSY};

	for (guint i = 0; i < G_N_ELEMENTS(reasons); i++) {
		if (open_errno == reasons[i])
			return TRUE;
	}
	return FALSE;
}

static Descriptor
open_temporary(const Place *place, int flags)
{
	return openat(place->folder, place->temporary,
		      O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags, FILE_MODE);
}

/* Removes what a killed writer left, waiting for one that lives. Whoever holds the lock on the file
 * that bears the temporary name, and nobody else, may write, rename or remove it. */
static gboolean
remove_stale_temporary(const Place *place)
{
	g_auto(Descriptor) fd = open_temporary(place, 0);

	if (fd < 0 && !is_in_the_way(errno))
		return errno == ENOENT;
	if (fd >= 0) {
		if (!lock_descriptor(fd, LOCK_EX))
			return FALSE;
		if (!is_same_file(fd, place->folder, place->temporary))
			return TRUE;
	}
	return unlinkat(place->folder, place->temporary, 0) == 0 || errno == ENOENT;
}

/* Under another name, or for another owner, the content would reach where it should not. */
static gboolean
is_reusable(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink <= 1 &&
	       status.st_uid == geteuid();
}

/* A new file and one that a killed writer left are the same thing here: were the latter removed
 * instead, a writer could remove the file of another between its making and its locking, and two
 * could do so to each other for long. A try is only lost to a writer that finished. */
static Descriptor
make_temporary(const Place *place)
{
	for (guint i = 0; i < TEMPORARY_TRIES; i++) {
		g_auto(Descriptor) fd = open_temporary(place, O_CREAT);

		if (fd < 0 && !is_in_the_way(errno))
			return -1;
		if (fd >= 0 && !lock_descriptor(fd, LOCK_EX))
			return -1;
		if (fd >= 0 && !is_same_file(fd, place->folder, place->temporary))
			continue;
		if (fd >= 0 && is_reusable(fd)) {
			Descriptor made = fd;

			fd = -1;
			return made;
		}
		if (unlinkat(place->folder, place->temporary, 0) != 0 && errno != ENOENT)
			return -1;
	}
	errno = EBUSY;
	return -1;
}

static gboolean
write_all(int fd, const guint8 *data, gsize length)
{
	while (length > 0) {
		ssize_t written = write(fd, data, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return FALSE;
		data += written;
		length -= (gsize)written;
	}
	return TRUE;
}

/* What a rename would put a file in the place of: root's "-o /dev/null" must not end the device. */
static gboolean
is_replaceable(const char *path, GError **error)
{
	struct stat status;

	if (stat(path, &status) != 0 || S_ISREG(status.st_mode))
		return TRUE;
	cs_error_set(error, CS_ERROR_STATE, "not-a-file", _("%s is not a regular file"), path);
	return FALSE;
}

/**
 * cs_file_write_atomically:
 * @path: a file; one that exists is replaced, a symbolic link is replaced itself
 * @data: (nullable): all of the new content
 * @length: its bytes
 * @error: %CS_ERROR_STATE; "not-a-file" where @path is, or leads to, a device, a FIFO, a socket or
 *   a folder
 *
 * Writes beside @path, mode 0600, syncs, renames over it, and syncs the folder. A kill at any
 * moment leaves the old file or the new; a temporary file that a killed writer left is used up
 * by the next write. Writers of one path wait for each other.
 *
 * Returns: TRUE when the new content is on the disk. On failure no temporary file is left; where
 * only the folder's sync failed, the new content is in place but may not survive a power cut.
 */
gboolean
cs_file_write_atomically(const char *path, gconstpointer data, gsize length, GError **error)
{
	g_auto(Place) place = {-1};
	g_auto(Descriptor) fd = -1;

	if (!is_replaceable(path, error) || !open_place(path, &place, error))
		return FALSE;
	fd = make_temporary(&place);
	if (fd < 0) {
		cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot write beside %s"),
					path);
		return FALSE;
	}
	if (fchmod(fd, FILE_MODE) != 0 || ftruncate(fd, 0) != 0 || !write_all(fd, data, length) ||
	    fsync(fd) != 0 ||
	    renameat(place.folder, place.temporary, place.folder, place.name) != 0) {
		int saved_errno = errno;

		unlinkat(place.folder, place.temporary, 0);
		cs_error_set_from_errno(error, CS_ERROR_STATE, saved_errno, N_("cannot write %s"),
					path);
		return FALSE;
	}
	return sync_folder(place.folder, path, error);
}

/**
 * cs_file_delete:
 * @path: a file
 * @error: %CS_ERROR_STATE
 *
 * Removes the file, and what a killed writer of it left, which may hold the same secret.
 *
 * Returns: TRUE when it is gone, or was never there, and the folder is synced.
 */
gboolean
cs_file_delete(const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_auto(Place) place = {-1};
	struct stat status;

	if (stat(folder, &status) != 0 && errno == ENOENT)
		return TRUE;
	if (!open_place(path, &place, error))
		return FALSE;
	if (!remove_stale_temporary(&place) ||
	    (unlinkat(place.folder, place.name, 0) != 0 && errno != ENOENT)) {
		cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot delete %s"), path);
		return FALSE;
	}
	return sync_folder(place.folder, path, error);
}

typedef struct {
	guint8 *data;
	gsize length;
	gsize room;
} Buffer;

static void
buffer_clear(Buffer *buffer)
{
	cs_secret_wipe(buffer->data, buffer->length);
	g_free(buffer->data);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Buffer, buffer_clear)

/* g_realloc could leave a copy of a key behind. */
static void
buffer_grow(Buffer *buffer, gsize room)
{
	guint8 *larger = g_malloc(room);

	if (buffer->length > 0)
		memcpy(larger, buffer->data, buffer->length);
	cs_secret_wipe(buffer->data, buffer->length);
	g_free(buffer->data);
	buffer->data = larger;
	buffer->room = room;
}

static gboolean
check_kind(const struct stat *status, gsize max_bytes, const char *path, GError **error)
{
	if (!S_ISREG(status->st_mode)) {
		cs_error_set(error, CS_ERROR_STATE, "not-a-file", _("%s is not a regular file"),
			     path);
		return FALSE;
	}
	if (status->st_size < 0 || (guint64)status->st_size > max_bytes) {
		cs_error_set(error, CS_ERROR_STATE, "too-large", _("%s is larger than %zu bytes"),
			     path, max_bytes);
		return FALSE;
	}
	return TRUE;
}

static void
set_open_error(GError **error, int saved_errno, const char *path)
{
	gboolean missing = saved_errno == ENOENT || saved_errno == ENOTDIR;

	cs_error_set_from_errno(error, missing ? CS_ERROR_NOT_FOUND : CS_ERROR_STATE, saved_errno,
				N_("cannot open %s"), path);
}

/* Looked at before opening too: opening a device can do something. */
static Descriptor
open_regular(const char *path, gsize max_bytes, struct stat *status, GError **error)
{
	g_auto(Descriptor) fd = -1;
	Descriptor opened;

	if (stat(path, status) != 0) {
		set_open_error(error, errno, path);
		return -1;
	}
	if (!check_kind(status, max_bytes, path, error))
		return -1;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, status) != 0) {
		set_open_error(error, errno, path);
		return -1;
	}
	if (!check_kind(status, max_bytes, path, error))
		return -1;
	opened = fd;
	fd = -1;
	return opened;
}

/* Reads to the end whatever the size was said to be: the file may grow, and some of the kernel's
 * say 0. One byte beyond the cap tells "exactly full" from "too large". */
static gboolean
read_into(const char *path, gsize max_bytes, Buffer *buffer, GError **error)
{
	struct stat status;
	g_auto(Descriptor) fd = open_regular(path, max_bytes, &status, error);
	ssize_t got = 1;

	if (fd < 0)
		return FALSE;
	buffer_grow(buffer, (gsize)status.st_size + 1);
	while (got != 0 && buffer->length <= max_bytes) {
		if (buffer->length == buffer->room)
			buffer_grow(buffer, MIN(2 * buffer->room + 512, max_bytes + 1));
		got = read(fd, buffer->data + buffer->length, buffer->room - buffer->length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot read %s"),
						path);
			return FALSE;
		}
		buffer->length += (gsize)got;
	}
	if (buffer->length > max_bytes) {
		cs_error_set(error, CS_ERROR_STATE, "too-large", _("%s is larger than %zu bytes"),
			     path, max_bytes);
		return FALSE;
	}
	return TRUE;
}

/**
 * cs_file_read:
 * @path: a regular file, or a symbolic link to one
 * @max_bytes: more is an error; less than %G_MAXSSIZE / 4
 * @error: %CS_ERROR_NOT_FOUND where it is missing; %CS_ERROR_STATE otherwise, with the reasons
 *   "not-a-file" and "too-large" beside the code's own
 *
 * Reads a whole file without ever waiting for one: a FIFO, socket or device is refused unopened.
 *
 * Returns: (transfer full) (nullable): its bytes.
 */
GBytes *
cs_file_read(const char *path, gsize max_bytes, GError **error)
{
	g_auto(Buffer) buffer = {NULL};

	if (!read_into(path, max_bytes, &buffer, error))
		return NULL;
	return g_bytes_new_take(g_steal_pointer(&buffer.data), buffer.length);
}

/**
 * cs_file_read_secret:
 * @path: a regular file, or a symbolic link to one
 * @max_bytes: as in cs_file_read()
 * @error: as in cs_file_read()
 *
 * Like cs_file_read(), and no copy of the bytes stays behind. Says nothing about who else may read
 * the file: its mode and owner are the caller's question.
 *
 * Returns: (transfer full) (nullable): its bytes.
 */
CsSecret *
cs_file_read_secret(const char *path, gsize max_bytes, GError **error)
{
	g_auto(Buffer) buffer = {NULL};

	if (!read_into(path, max_bytes, &buffer, error))
		return NULL;
	return cs_secret_new(buffer.data, buffer.length);
}

/**
 * cs_file_lock_acquire:
 * @path: the lock's own file, made with mode 0600 where missing, and never removed
 * @wait: TRUE to block until it is free
 * @error: %CS_ERROR_REFUSED, reason "busy", where another holds it and @wait is FALSE;
 *   %CS_ERROR_STATE
 *
 * Excludes other processes, and other calls in this one. Advisory: it binds only those who ask.
 *
 * Returns: (transfer full) (nullable): the lock, held until cs_file_lock_free() or the process's
 * end, however it ends.
 */
CsFileLock *
cs_file_lock_acquire(const char *path, gboolean wait, GError **error)
{
	g_auto(Descriptor) fd = open(
		path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, FILE_MODE);
	struct stat status;
	CsFileLock *lock;

	if (fd < 0 || fstat(fd, &status) != 0) {
		cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot open lock %s"),
					path);
		return NULL;
	}
	if (!S_ISREG(status.st_mode)) {
		cs_error_set(error, CS_ERROR_STATE, "not-a-file", _("%s is not a regular file"),
			     path);
		return NULL;
	}
	if (!lock_descriptor(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB)) {
		if (errno == EWOULDBLOCK)
			cs_error_set(error, CS_ERROR_REFUSED, "busy",
				     _("%s is held by another process"), path);
		else
			cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot lock %s"),
						path);
		return NULL;
	}
	lock = g_new0(CsFileLock, 1);
	lock->fd = fd;
	fd = -1;
	return lock;
}

/**
 * cs_file_lock_free:
 * @lock: (nullable) (transfer full): a held lock
 *
 * Releases it.
 */
void
cs_file_lock_free(CsFileLock *lock)
{
	if (lock == NULL)
		return;
	close(lock->fd);
	g_free(lock);
}
