/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#define CS_LOG_FOLDER "log" /* in the client's state folder, or the authority's */

/* A log of bounded size that several processes write at once: a file of lines, and the ones before
 * it. Folder 0700, files 0600. Nothing that is decided depends on it. */
typedef struct {
	const char *folder;
	const char *name; /* and .1, .2: older */
	gsize max_bytes;  /* a file that has so many is put away */
	guint count;	  /* of files, 1 or more */
} CsLogFile;

/* What a CsLogFile says after its folder: of the client, and of the authority's server. */
#define CS_LOG_FILE_OF_CLIENT "countersign.log", (gsize)256 * 1024, 3
#define CS_LOG_FILE_OF_SERVER "server.log", (gsize)8 * 1024 * 1024, 5

/* line: without its line feed. */
gboolean cs_log_file_append(const CsLogFile *log, const char *line, GError **error);
/* The last lines, oldest first, escaped; empty where there is no log. Free with g_strfreev(). */
char **cs_log_file_read_tail(const CsLogFile *log, guint max_lines, GError **error);
