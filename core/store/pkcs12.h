/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/openssl.h"
#include "core/base/secret.h"
#include "core/keys/private-key.h"
#include "core/pki/certificate.h"

/* PKCS#12 (RFC 7292) without a password: the absent one and the empty one, which are two. Errors:
 * CS_ERROR_KEY "pkcs12-password" (a password protects it), CS_ERROR_UNSUPPORTED
 * "pkcs12-unsupported" (old encryption, or more key derivation than a store may cost),
 * CS_ERROR_INVALID "pkcs12-malformed". */
GPtrArray *cs_pkcs12_decode_certificates(gconstpointer data, gsize length, GError **error);
GPtrArray *cs_pkcs12_decode_keys(gconstpointer data, gsize length, GError **error);
gboolean cs_pkcs12_is_likely(gconstpointer data, gsize length);
