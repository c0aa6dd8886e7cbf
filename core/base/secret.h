/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Opaque, immutable, counted; the last unref wipes. For codes, passwords, private key bytes. */
typedef struct _CsSecret CsSecret;

CsSecret *cs_secret_new(gconstpointer data, gsize length); /* copies */
CsSecret *cs_secret_new_take(gpointer data, gsize length); /* wipes and frees g_malloc'ed data */
CsSecret *cs_secret_ref(CsSecret *secret);
void cs_secret_unref(CsSecret *secret);
gconstpointer cs_secret_get_data(const CsSecret *secret, gsize *length);
const char *cs_secret_get_text(const CsSecret *secret); /* NUL-terminated */
void cs_secret_wipe(gpointer data, gsize length);
/* The process cannot be dumped or traced by its user: no core, PR_SET_DUMPABLE 0. */
void cs_secret_protect_process(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsSecret, cs_secret_unref)
