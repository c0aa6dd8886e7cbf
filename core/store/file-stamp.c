/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/file-stamp.h"

#include <fcntl.h>
#include <unistd.h>

static gboolean
time_equal(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/**
 * cs_file_stamp_new:
 * @status: a file's status; zeroed where there is no file
 *
 * Returns: its stamp
 */
CsFileStamp
cs_file_stamp_new(const struct stat *status)
{
	return (CsFileStamp){.device = status->st_dev,
			     .inode = status->st_ino,
			     .size_bytes = status->st_size,
			     .modified = status->st_mtim,
			     .changed = status->st_ctim};
}

/**
 * cs_file_stamp_equal:
 * @a: a stamp
 * @b: a later one of the same path
 *
 * Returns: %TRUE where nothing tells that the file changed in between
 */
gboolean
cs_file_stamp_equal(const CsFileStamp *a, const CsFileStamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size_bytes == b->size_bytes &&
	       time_equal(&a->modified, &b->modified) && time_equal(&a->changed, &b->changed);
}

/**
 * cs_file_stamp_read:
 * @path: a file
 * @stamp: (out): its stamp
 *
 * Opens the file, as the user who runs us, and looks at it. Only a regular file is opened.
 *
 * Returns: %FALSE where it cannot be read by this user now, or is none
 */
gboolean
cs_file_stamp_read(const char *path, CsFileStamp *stamp)
{
	struct stat status;
	if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
		return FALSE;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return FALSE;
	gboolean is_regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	close(fd);
	if (is_regular)
		*stamp = cs_file_stamp_new(&status);
	return is_regular;
}
