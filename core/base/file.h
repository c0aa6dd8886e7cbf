/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/secret.h"

#include <glib.h>

/* What we write: folders 0700, files 0600, written beside, synced, renamed, folder synced; a kill
 * at any moment leaves the old file or the new. */
gboolean cs_file_ensure_folder(const char *path, GError **error);
gboolean
cs_file_write_atomically(const char *path, gconstpointer data, gsize length, GError **error);
gboolean cs_file_delete(const char *path, GError **error); /* gone already is fine; folder synced */

/* Regular files only (a FIFO or device is refused, never waited for), at most max_bytes.
 * A missing file is CS_ERROR_NOT_FOUND, else CS_ERROR_STATE. */
GBytes *cs_file_read(const char *path, gsize max_bytes, GError **error);
CsSecret *cs_file_read_secret(const char *path, gsize max_bytes, GError **error);

/* An advisory lock (flock) on a file of its own, which ends with the process. */
typedef struct _CsFileLock CsFileLock;
CsFileLock *cs_file_lock_acquire(const char *path, gboolean wait, GError **error);
void cs_file_lock_free(CsFileLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsFileLock, cs_file_lock_free)
