/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/der.h"

/* How a certificate is signed. */
typedef struct {
	const char *name; /* for people: "RSA with SHA-256" */
	gboolean weak;	  /* SHA-1, MD5 and worse (rule 5) */
	/* OpenSSL's names; key_type NULL: only its own X.509 code verifies these. */
	const char *key_type;
	const char *digest; /* NULL: part of the algorithm */
} CsSignatureMethod;

/* algorithm: a whole AlgorithmIdentifier. NULL: unknown, or with parameters that it must not have.
 * Static. */
const CsSignatureMethod *cs_signature_method_find(CsDer algorithm);
