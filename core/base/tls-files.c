/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/tls-files.h"

#include "core/base/file.h"
#include "core/base/secret.h"

#include <string.h>
#include <sys/stat.h>

#define MAX_FILE_BYTES 262144
/* A file that was changed so lately may change again without its times telling. */
#define SETTLES_AFTER_S 2

typedef struct {
	gboolean is_there;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	struct timespec changed;
} Stamp;

struct _CsTlsFiles {
	char *certificate_file;
	char *key_file;
	Stamp certificate_stamp; /* when they were read last */
	Stamp key_stamp;
	gboolean is_settled;
	gboolean has_failed;   /* to be read */
	CsSecret *certificate; /* as text; (nullable) */
	CsSecret *key;
};

/**
 * cs_tls_files_new:
 * @certificate_file: path of the certificate and its chain; links are followed each time
 * @key_file: path of its key
 *
 * Returns: (transfer full): the files, not read yet
 */
CsTlsFiles *
cs_tls_files_new(const char *certificate_file, const char *key_file)
{
	CsTlsFiles *files = g_new0(CsTlsFiles, 1);

	files->certificate_file = g_strdup(certificate_file);
	files->key_file = g_strdup(key_file);
	return files;
}

/**
 * cs_tls_files_free:
 * @files: (transfer full): the files; what was read is wiped
 */
void
cs_tls_files_free(CsTlsFiles *files)
{
	g_clear_pointer(&files->certificate, cs_secret_unref);
	g_clear_pointer(&files->key, cs_secret_unref);
	g_free(files->certificate_file);
	g_free(files->key_file);
	g_free(files);
}

static Stamp
stamp_of(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return (Stamp){.is_there = FALSE};
	return (Stamp){TRUE,	       status.st_dev,  status.st_ino,
		       status.st_size, status.st_mtim, status.st_ctim};
}

static gboolean
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static gboolean
same_stamp(const Stamp *a, const Stamp *b)
{
	if (!a->is_there || !b->is_there)
		return a->is_there == b->is_there;
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       same_time(&a->modified, &b->modified) && same_time(&a->changed, &b->changed);
}

/**
 * cs_tls_files_may_have_changed:
 * @files: the files
 *
 * Sees a file that was written, renamed over or linked anew, wherever in its path. TRUE also for a
 * while after a change: two within one tick of the kernel's clock look alike; and as long as one
 * that is there cannot be read.
 *
 * Returns: whether it is worth reading them
 */
gboolean
cs_tls_files_may_have_changed(const CsTlsFiles *files)
{
	const Stamp certificate = stamp_of(files->certificate_file);
	const Stamp key = stamp_of(files->key_file);

	return !files->is_settled || !same_stamp(&certificate, &files->certificate_stamp) ||
	       !same_stamp(&key, &files->key_stamp);
}

static gboolean
is_settled(const Stamp *stamp, gint64 now)
{
	return !stamp->is_there || now < stamp->changed.tv_sec ||
	       now - stamp->changed.tv_sec >= SETTLES_AFTER_S;
}

/* Whose coming is a change. What is there and cannot be read may be read later, and nothing in its
 * times tells. */
static gboolean
is_one_missing(const CsTlsFiles *files)
{
	return !files->certificate_stamp.is_there || !files->key_stamp.is_there;
}

static gboolean
same_text(const CsSecret *a, const CsSecret *b)
{
	return a != NULL && strcmp(cs_secret_get_text(a), cs_secret_get_text(b)) == 0;
}

/**
 * cs_tls_files_read:
 * @files: the files
 * @now: Unix seconds
 * @is_new: (out): whether it came out otherwise than the last time: something else was read, or it
 *   failed, or fails no longer
 * @error: %CS_ERROR_NOT_FOUND, %CS_ERROR_STATE
 *
 * Reads both. Nothing is looked at: half of a file is read as half of a file.
 *
 * Returns: %FALSE where one cannot be read; what was read last stays
 */
gboolean
cs_tls_files_read(CsTlsFiles *files, gint64 now, gboolean *is_new, GError **error)
{
	g_autoptr(CsSecret) certificate = NULL;
	g_autoptr(CsSecret) key = NULL;

	/* Before they are read: what changes meanwhile is seen the next time. */
	files->certificate_stamp = stamp_of(files->certificate_file);
	files->key_stamp = stamp_of(files->key_file);
	certificate = cs_file_read_secret(files->certificate_file, MAX_FILE_BYTES, error);
	key = certificate != NULL ? cs_file_read_secret(files->key_file, MAX_FILE_BYTES, error)
				  : NULL;
	files->is_settled = is_settled(&files->certificate_stamp, now) &&
			    is_settled(&files->key_stamp, now) &&
			    (key != NULL || is_one_missing(files));
	*is_new = files->has_failed != (key == NULL);
	files->has_failed = key == NULL;
	if (key == NULL)
		return FALSE;
	*is_new = *is_new || !same_text(files->certificate, certificate) ||
		  !same_text(files->key, key);
	g_clear_pointer(&files->certificate, cs_secret_unref);
	g_clear_pointer(&files->key, cs_secret_unref);
	files->certificate = g_steal_pointer(&certificate);
	files->key = g_steal_pointer(&key);
	return TRUE;
}

/**
 * cs_tls_files_get_certificate:
 * @files: the files
 *
 * Returns: (transfer none) (nullable): the certificate's as it was read last
 */
const char *
cs_tls_files_get_certificate(const CsTlsFiles *files)
{
	return files->certificate != NULL ? cs_secret_get_text(files->certificate) : NULL;
}

/**
 * cs_tls_files_get_key:
 * @files: the files
 *
 * Returns: (transfer none) (nullable): the key's as it was read last
 */
const char *
cs_tls_files_get_key(const CsTlsFiles *files)
{
	return files->key != NULL ? cs_secret_get_text(files->key) : NULL;
}
