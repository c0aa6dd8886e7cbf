/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* A log of bounded size that several processes write at once: a file of lines, and the ones before
 * it. Folder 0700, files 0600. Nothing that is decided depends on it. */
#define CS_LOG_FOLDER	      "log"		/* in the client's state folder */
#define CS_LOG_FILE_NAME      "countersign.log" /* and .1, .2: older */
#define CS_LOG_FILE_MAX_BYTES ((gsize)256 * 1024)
#define CS_LOG_FILE_COUNT     3

/* line: without its line feed. */
gboolean cs_log_file_append(const char *folder, gsize max_bytes, const char *line, GError **error);
/* The last lines, oldest first, escaped; empty where there is no log. Free with g_strfreev(). */
char **cs_log_file_read_tail(const char *folder, guint max_lines, GError **error);
