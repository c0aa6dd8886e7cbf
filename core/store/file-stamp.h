/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/stat.h>

/* Enough of a file's status to see that it is another, or another's, now. */
typedef struct {
	dev_t device;
	ino_t inode;
	off_t size_bytes;
	struct timespec modified;
	struct timespec changed; /* its mode and owner too */
} CsFileStamp;

CsFileStamp cs_file_stamp_new(const struct stat *status);
gboolean cs_file_stamp_equal(const CsFileStamp *a, const CsFileStamp *b);
gboolean cs_file_stamp_read(const char *path, CsFileStamp *stamp);
