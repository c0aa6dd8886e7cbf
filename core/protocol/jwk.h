/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/json.h"
#include "core/base/openssl.h"
#include "core/keys/private-key.h"

/* The public half of a P-256 key (device, account and server keys are ES256), counted. */
typedef struct _CsJwk CsJwk;

CsJwk *cs_jwk_new_from_private_key(const CsPrivateKey *key, GError **error);
/* From outside: strict, and never a private key. CS_ERROR_INVALID, "key-malformed". */
CsJwk *cs_jwk_new_from_json(const cJSON *json, GError **error);
CsJwk *cs_jwk_new_from_text(const char *json, GError **error);
CsJwk *cs_jwk_ref(CsJwk *jwk);
void cs_jwk_unref(CsJwk *jwk);
cJSON *cs_jwk_to_json(const CsJwk *jwk); /* kty, crv, x, y only */
char *cs_jwk_to_text(const CsJwk *jwk);
const char *cs_jwk_get_thumbprint(const CsJwk *jwk);  /* RFC 7638, base64url */
const char *cs_jwk_get_fingerprint(const CsJwk *jwk); /* the same 32 bytes in hex, for people */
EVP_PKEY *cs_jwk_get_pkey(const CsJwk *jwk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsJwk, cs_jwk_unref)
