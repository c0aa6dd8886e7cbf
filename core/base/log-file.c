/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/log-file.h"

#include "core/base/error.h"
#include "core/base/escape.h"
#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME "lock"
#define FILE_MODE 0600
/* Where the lock stays taken (a process was stopped with it), so many times the size is the end. */
#define OVERRUN 2
/* What is read back of one file, whoever made it so large, beyond that. */
#define READ_MARGIN_BYTES 65536

typedef int Descriptor;

static void
descriptor_clear(Descriptor *fd)
{
	if (*fd >= 0)
		close(*fd);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Descriptor, descriptor_clear)

static char *
make_path(const CsLogFile *log, guint age)
{
	g_autofree char *name =
		age == 0 ? g_strdup(log->name) : g_strdup_printf("%s.%u", log->name, age);

	return g_build_filename(log->folder, name, NULL);
}

/* Neither another's file, nor one that has another name elsewhere, nor a link to somewhere. */
static Descriptor
open_log(const char *path, struct stat *status)
{
	g_auto(Descriptor) fd = open(
		path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		FILE_MODE);
	Descriptor opened;

	if (fd < 0 || fstat(fd, status) != 0)
		return -1;
	if (!S_ISREG(status->st_mode) || status->st_nlink > 1 || status->st_uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	if ((status->st_mode & 07777) != FILE_MODE && fchmod(fd, FILE_MODE) != 0)
		return -1;
	opened = fd;
	fd = -1;
	return opened;
}

/* The folder may be gone since, or not have been there yet. */
static Descriptor
open_in_folder(const char *folder, const char *path, struct stat *status)
{
	Descriptor fd = open_log(path, status);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	return cs_file_ensure_folder(folder, NULL) ? open_log(path, status) : -1;
}

/* One at a time; where another is at it, this line still goes to the file that is about to move.
 * Nobody waits: a verb must not hang on its log. */
static void
rotate(const CsLogFile *log, const char *path)
{
	g_autofree char *lock_path = g_build_filename(log->folder, LOCK_NAME, NULL);
	g_autoptr(CsFileLock) lock = cs_file_lock_acquire(lock_path, FALSE, NULL);
	struct stat status;

	if (lock == NULL || stat(path, &status) != 0 || (gsize)status.st_size < log->max_bytes)
		return;
	for (guint age = log->count - 1; age > 0; age--) {
		g_autofree char *from = make_path(log, age - 1);
		g_autofree char *to = make_path(log, age);

		(void)rename(from, to);
	}
}

/* A line that a full disk cut short is ended first. */
static gboolean
ends_a_line(int fd, gsize size)
{
	char last = '\n';

	return size == 0 || pread(fd, &last, 1, (off_t)size - 1) != 1 || last == '\n';
}

/**
 * cs_log_file_append:
 * @log: which; its folder is made where it is missing
 * @line: a line without its line feed, and none in it
 * @error: %CS_ERROR_STATE
 *
 * Appends with one write to a file opened for appending, so that lines of several processes stay
 * whole. Waits for nobody and syncs nothing: after a power cut the last lines may be missing.
 *
 * Returns: whether all of it was written; whoever asks goes on in any case
 */
gboolean
cs_log_file_append(const CsLogFile *log, const char *line, GError **error)
{
	g_autofree char *path = make_path(log, 0);
	struct stat status = {0};
	g_auto(Descriptor) fd = open_in_folder(log->folder, path, &status);
	g_autofree char *text = NULL;
	gsize length = 0;

	if (fd >= 0 && (gsize)status.st_size >= log->max_bytes) {
		rotate(log, path);
		descriptor_clear(&fd);
		fd = open_in_folder(log->folder, path, &status);
	}
	if (fd < 0) {
		cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot write %s"), path);
		return FALSE;
	}
	if ((gsize)status.st_size >= OVERRUN * log->max_bytes) {
		cs_error_set(error, CS_ERROR_STATE, "too-large", _("%s is larger than %zu bytes"),
			     path, OVERRUN * log->max_bytes);
		return FALSE;
	}
	text = g_strconcat(ends_a_line(fd, (gsize)status.st_size) ? "" : "\n", line, "\n", NULL);
	length = strlen(text);
	if (write(fd, text, length) == (ssize_t)length)
		return TRUE;
	cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot write %s"), path);
	return FALSE;
}

/* Newest first; the file's last line may be still on its way. */
static void
take_lines(GPtrArray *lines, GBytes *text, guint max_lines)
{
	gsize length = 0;
	const char *data = g_bytes_get_data(text, &length);
	g_autofree char *copy = length == 0 ? g_strdup("") : g_strndup(data, length);
	g_auto(GStrv) split = g_strsplit(copy, "\n", -1);

	for (guint i = g_strv_length(split); i > 0 && lines->len < max_lines; i--) {
		if (split[i - 1][0] != '\0')
			g_ptr_array_add(lines, cs_escape(split[i - 1], FALSE));
	}
}

/**
 * cs_log_file_read_tail:
 * @log: which
 * @max_lines: so many at the most
 * @error: %CS_ERROR_STATE where a file cannot be read
 *
 * Who may write the files may write anything: lines are escaped, and prove nothing.
 *
 * Returns: (transfer full) (nullable): the last lines, oldest first, NULL-terminated; empty where
 *   there is no log
 */
char **
cs_log_file_read_tail(const CsLogFile *log, guint max_lines, GError **error)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	gsize max_bytes = OVERRUN * log->max_bytes + READ_MARGIN_BYTES;
	GPtrArray *ordered = NULL;

	for (guint age = 0; age < log->count && lines->len < max_lines; age++) {
		g_autofree char *path = make_path(log, age);
		g_autoptr(GError) cause = NULL;
		g_autoptr(GBytes) text = cs_file_read(path, max_bytes, &cause);

		if (text == NULL && g_error_matches(cause, CS_ERROR, CS_ERROR_NOT_FOUND))
			continue;
		if (text == NULL) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return NULL;
		}
		take_lines(lines, text, max_lines);
	}
	ordered = g_ptr_array_new();
	for (guint i = lines->len; i > 0; i--)
		g_ptr_array_add(ordered, g_strdup(g_ptr_array_index(lines, i - 1)));
	g_ptr_array_add(ordered, NULL);
	return (char **)g_ptr_array_free(ordered, FALSE);
}
