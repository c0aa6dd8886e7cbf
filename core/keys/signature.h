/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/keys/private-key.h"
#include "core/pki/public-key.h"

/* Signatures as a JWS carries them, by OpenSSL; for this room. */

/* The one algorithm of a kind of key; FALSE: none. */
gboolean cs_signature_find_algorithm(CsKeyKind kind, CsSignatureAlgorithm *algorithm);
gboolean cs_signature_can_make(EVP_PKEY *key, CsSignatureAlgorithm algorithm);
GBytes *cs_signature_make(EVP_PKEY *key,
			  CsSignatureAlgorithm algorithm,
			  gconstpointer data,
			  gsize length,
			  GError **error);
