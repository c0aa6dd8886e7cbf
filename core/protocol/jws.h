/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/json.h"
#include "core/keys/private-key.h"

#define CS_JWS_MAX_BYTES 32768

/* RFC 7515 compact serialisation under RFC 8725. Parsing checks form and header, never the
 * signature: everything that comes out is unverified until cs_jws_verify() has returned TRUE. */
typedef struct _CsJws CsJws;

/* The bare layer: any typ, header members alg, typ, kid, jwk, x5c, x5t#S256 (and cty). Refused:
 * jku, x5u, x5t, crit, b64, unknown members, duplicates, none and unknown algorithms, padding or
 * odd base64, more or fewer than three parts, more than CS_JWS_MAX_BYTES. */
CsJws *cs_jws_parse(const char *compact, gssize length, GError **error);
void cs_jws_free(CsJws *jws);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsJws, cs_jws_free)

CsSignatureAlgorithm cs_jws_get_algorithm(const CsJws *jws);
const char *cs_jws_get_unverified_type(const CsJws *jws);   /* (nullable) */
const char *cs_jws_get_unverified_key_id(const CsJws *jws); /* (nullable) */
const cJSON *cs_jws_get_unverified_header(const CsJws *jws);
GBytes *cs_jws_get_unverified_payload(const CsJws *jws);

/* CS_ERROR_SIGNATURE where it does not verify by exactly this key, whose one algorithm must be the
 * header's. Proves who signed these bytes; nothing about when, for whom or what for. */
gboolean cs_jws_verify(const CsJws *jws, EVP_PKEY *key, GError **error);

/* header_members (nullable): further header members (kid, jwk, x5c ...); alg and typ are added. */
char *cs_jws_sign(CsPrivateKey *key,
		  const char *type,
		  const cJSON *header_members,
		  const char *payload,
		  gsize payload_length,
		  GError **error);
