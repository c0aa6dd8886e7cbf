/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/json.h"
#include "core/keys/private-key.h"

#define CS_JWS_MAX_BYTES 32768

/* RFC 7515 compact serialisation under RFC 8725: the bare layer, for any typ. Parsing checks form
 * and header, never the signature: everything that comes out is unverified until cs_jws_verify()
 * has returned TRUE. Header members: alg, typ, cty, kid, jwk, x5c, x5t#S256, and no other. */
typedef struct _CsJws CsJws;

CsJws *cs_jws_parse(const char *compact, gssize length, GError **error);
void cs_jws_free(CsJws *jws);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsJws, cs_jws_free)

CsSignatureAlgorithm cs_jws_get_algorithm(const CsJws *jws);
const char *cs_jws_get_unverified_type(const CsJws *jws);   /* (nullable) */
const char *cs_jws_get_unverified_key_id(const CsJws *jws); /* (nullable) */
const cJSON *cs_jws_get_unverified_header(const CsJws *jws);
GBytes *cs_jws_get_unverified_payload(const CsJws *jws);

/* By exactly this key, whose one algorithm must be the header's. CS_ERROR_SIGNATURE. */
gboolean cs_jws_verify(const CsJws *jws, EVP_PKEY *key, GError **error);

/* header_members (nullable): beside alg and typ. */
char *cs_jws_sign(CsPrivateKey *key,
		  const char *type,
		  const cJSON *header_members,
		  const char *payload,
		  gsize payload_length,
		  GError **error);
