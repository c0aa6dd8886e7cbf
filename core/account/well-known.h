/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"

/* GET /.well-known/countersign, as a server introduces itself. TLS alone vouches for it. */
typedef struct {
	char *url;
	char *name;
	GPtrArray *keys;      /* (element-type CsJwk), never empty; the first is the current one */
	GPtrArray *rotations; /* (element-type utf8), unverified countersign-keys+jwt */
} CsWellKnown;

CsWellKnown *cs_well_known_fetch(const CsClient *client,
				 const char *url,
				 GCancellable *cancellable,
				 GError **error);
void cs_well_known_free(CsWellKnown *well_known);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsWellKnown, cs_well_known_free)

typedef gboolean (*CsKeyMatch)(const CsJwk *key, gpointer data);
CsJwk *cs_well_known_walk(const CsWellKnown *well_known,
			  CsJwk *pinned,
			  gint64 *sequence,
			  CsKeyMatch match,
			  gpointer data);

/* The key of an organisation that a token names as its signer: the pinned one, or its successor by
 * signed rotations. CS_ERROR_SIGNATURE "server-key-unknown". */
CsJwk *cs_well_known_find_signer(const CsClient *client,
				 const CsOrganisation *organisation,
				 const char *token,
				 gint64 *sequence,
				 GCancellable *cancellable,
				 GError **error);
