/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* RFC 7468's textual encoding, as files hold it: blocks with anything between them. Nothing here
 * copies what it only passes over. */
typedef struct {
	const char *label; /* not NUL-terminated; lent from the text, as is the rest */
	gsize label_length;
	const char *body;
	gsize body_length;
} CsPemBlock;

/* Takes the next whole block off the text; FALSE where there is none. */
gboolean cs_pem_next(const char **text, gsize *length, CsPemBlock *block);
gboolean cs_pem_is(const CsPemBlock *block, const char *label);
/* The body's bytes, g_malloc'ed: the caller wipes what is secret. NULL where it is not base64. */
guint8 *cs_pem_decode(const CsPemBlock *block, gsize *length);
/* The other way, lines of 64 characters. */
char *cs_pem_encode(const char *label, gconstpointer data, gsize length);
