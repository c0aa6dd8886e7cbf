/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/openssl.h"
#include "core/pki/der.h"
#include "core/pki/signature-algorithm.h"

/* What is signed as a certificate is: CRLs and OCSP responses. All lent. */
typedef struct {
	CsDer tbs;	 /* whole: what the signature covers */
	CsDer algorithm; /* whole AlgorithmIdentifier */
	CsDer signature; /* octets */
} CsSignedData;

/* SEQUENCE { tbs, algorithm, signature } in front of der; moved behind it where optional
 * certificates may follow within. */
gboolean cs_signed_data_read(CsDer *sequence, CsDer *tbs_contents, CsSignedData *data);
/* Exactly with this key, by a method that is known and not weak (SHA-1, MD5). Any thread. */
gboolean cs_signed_data_verify(const CsSignedData *data, EVP_PKEY *key);
