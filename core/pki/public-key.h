/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/openssl.h"
#include "core/pki/der.h"

typedef enum {
	CS_KEY_KIND_OTHER,
	CS_KEY_KIND_RSA,     /* rsaEncryption */
	CS_KEY_KIND_RSA_PSS, /* id-RSASSA-PSS */
	CS_KEY_KIND_P256,
	CS_KEY_KIND_P384,
	CS_KEY_KIND_P521,
} CsKeyKind;

/* The algorithms of public and private keys' AlgorithmIdentifiers. */
typedef enum {
	CS_KEY_ALGORITHM_OTHER,
	CS_KEY_ALGORITHM_RSA,
	CS_KEY_ALGORITHM_RSA_PSS,
	CS_KEY_ALGORITHM_EC,
} CsKeyAlgorithm;

/* What a SubjectPublicKeyInfo holds. Lent from it. */
typedef struct {
	CsKeyKind kind; /* OTHER, too, where the key within is malformed or oddly encoded */
	guint bits;	/* of an RSA modulus; else 0 */
	gboolean sane;	/* RSA: modulus and exponent can be a key's; else TRUE */
	CsDer modulus;	/* RSA: without a leading zero */
	CsDer exponent;
	CsDer point; /* curves: 04 || X || Y */
} CsPublicKeyInfo;

gboolean cs_public_key_read(CsDer spki, CsPublicKeyInfo *info);
EVP_PKEY *cs_public_key_decode(CsDer spki, GError **error);
/* point: 04 || X || Y, as long as the curve's are. */
EVP_PKEY *cs_public_key_from_point(CsKeyKind kind, const guint8 *point, gsize length);
GBytes *cs_public_key_encode(EVP_PKEY *key, GError **error);
CsKeyKind cs_public_key_get_kind(EVP_PKEY *key);

const char *cs_public_key_get_group(CsKeyKind kind); /* OpenSSL's name */
CsKeyKind cs_public_key_find_curve(CsDer oid);
CsKeyAlgorithm cs_public_key_find_algorithm(CsDer oid);
