/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* The files that hold a server's certificate and its key, PEM, and whether somebody has replaced
 * them. For one thread. */
typedef struct _CsTlsFiles CsTlsFiles;

CsTlsFiles *cs_tls_files_new(const char *certificate_file, const char *key_file);
void cs_tls_files_free(CsTlsFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsTlsFiles, cs_tls_files_free)

/* Whether it is worth reading them; costs two calls of stat(). */
gboolean cs_tls_files_may_have_changed(const CsTlsFiles *files);
/* now: Unix seconds. is_new (out): whether it came out otherwise than the last time: something else
 * was read, or it failed, or fails no longer. */
gboolean cs_tls_files_read(CsTlsFiles *files, gint64 now, gboolean *is_new, GError **error);
/* As they were read last; lent, NUL-terminated; NULL before the first time. */
const char *cs_tls_files_get_certificate(const CsTlsFiles *files);
const char *cs_tls_files_get_key(const CsTlsFiles *files);
