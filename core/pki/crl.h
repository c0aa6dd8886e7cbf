/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/crl-fields.h"

#define CS_CRL_MAX_BYTES 33554432 /* 32 MiB */

/* One CRL, immutable once prepared, counted; any thread. Having one proves nothing before
 * cs_crl_prepare(). */
typedef struct _CsCrl CsCrl;

/* CS_ERROR_INVALID, "crl-malformed" or "crl-too-large". */
CsCrl *cs_crl_new(GBytes *der, GError **error);
CsCrl *cs_crl_ref(CsCrl *crl);
void cs_crl_unref(CsCrl *crl);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsCrl, cs_crl_unref)

GBytes *cs_crl_get_der(const CsCrl *crl);		/* lent */
const CsCrlFields *cs_crl_get_fields(const CsCrl *crl); /* lent */
GBytes *cs_crl_get_issuer_name(const CsCrl *crl);	/* canonical, lent */
/* Below 0, 0 or above 0, as a's number is the lower, the same, or the higher. */
int cs_crl_compare_numbers(CsDer a, CsDer b);
/* Whether a was issued after b: by their numbers where both have one, else by thisUpdate. */
gboolean cs_crl_is_newer(const CsCrl *a, const CsCrl *b);

/* Verifies the signature with this key, and makes the entries ready to be found. FALSE where it
 * does not verify. One thread, once. */
gboolean cs_crl_prepare(CsCrl *crl, EVP_PKEY *key);

typedef enum {
	CS_CRL_NOT_LISTED,
	CS_CRL_LISTED,	/* revoked, or on hold */
	CS_CRL_REMOVED, /* a delta CRL's: revoked no more */
} CsCrlListing;

/* serial: an INTEGER's contents. Only of a prepared CRL. */
CsCrlListing cs_crl_find(const CsCrl *crl, CsDer serial);
gsize cs_crl_get_index_bytes(const CsCrl *crl);

/* (element-type CsCrl): every CRL of a file, DER or PEM; and of PEM the certificates that stand
 * beside them (nullable). */
GPtrArray *cs_crls_decode(GBytes *file, GPtrArray **certificates, GError **error);
