/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/openssl.h"
#include "core/base/secret.h"

#include <glib.h>

/* A private key wherever it lives: today in a file; a PKCS#11 token's comes through the same door
 * (sign and the public half are all that callers may ask). Counted, immutable, any thread. */
typedef struct _CsPrivateKey CsPrivateKey;

typedef enum {
	CS_SIGNATURE_RS256, /* RSASSA-PKCS1-v1_5, SHA-256 */
	CS_SIGNATURE_PS256, /* RSASSA-PSS, SHA-256, MGF1 SHA-256, salt 32 */
	CS_SIGNATURE_ES256, /* P-256, R || S as RFC 7518 section 3.4 */
	CS_SIGNATURE_ES384,
	CS_SIGNATURE_ES512,
} CsSignatureAlgorithm;

CsPrivateKey *cs_private_key_generate_p256(GError **error);
CsPrivateKey *cs_private_key_generate_rsa(guint bits, GError **error); /* 2048 to 8192 */
CsPrivateKey *cs_private_key_new_from_data(CsSecret *data, GError **error);
CsPrivateKey *cs_private_key_new_from_pkey(EVP_PKEY *pkey, GError **error); /* takes a reference */
/* Rule 10: what stands in the way is named. */
CsPrivateKey *cs_private_key_load(const char *path, GError **error);
/* PKCS#8 PEM, 0600, atomically. */
gboolean cs_private_key_save(CsPrivateKey *key, const char *path, GError **error);
CsPrivateKey *cs_private_key_ref(CsPrivateKey *key);
void cs_private_key_unref(CsPrivateKey *key);

/* Lent. */
GBytes *cs_private_key_get_spki(const CsPrivateKey *key);
EVP_PKEY *cs_private_key_get_pkey(const CsPrivateKey *key); /* for CSR and certificate signing */
/* The one algorithm of this key (protocol.md: one algorithm a key). */
CsSignatureAlgorithm cs_private_key_get_algorithm(const CsPrivateKey *key);
gboolean cs_private_key_is_hardware(const CsPrivateKey *key); /* hwk, else swk */
GBytes *cs_private_key_sign(CsPrivateKey *key, gconstpointer data, gsize length, GError **error);

gboolean cs_signature_verify(EVP_PKEY *key,
			     CsSignatureAlgorithm algorithm,
			     gconstpointer data,
			     gsize length,
			     gconstpointer signature,
			     gsize signature_length,
			     GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsPrivateKey, cs_private_key_unref)
