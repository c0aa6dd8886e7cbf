/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/protocol/tokens.h"

/* What the tokens of one response prove, found out before the verifier asks, in whatever thread:
 * their signatures are most of what a response costs, and depend on nothing but token and key. */
typedef struct _CsProofs CsProofs;

/* The tokens, and the keys that the registry holds for the account and its device. */
typedef struct {
	const char *response;
	const char *device_proof; /* (nullable) */
	const char *attestation;  /* (nullable) */
	const char *account_jwk;
	const char *account_thumbprint;
	const char *device_jwk;
	const char *device_thumbprint;
} CsProofsInput;

CsProofs *cs_proofs_new(const CsProofsInput *input); /* copied; nothing is verified yet */
void cs_proofs_free(CsProofs *proofs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsProofs, cs_proofs_free)
/* Any thread, once, and before anything is asked. */
void cs_proofs_verify(CsProofs *proofs);

/* Lent. NULL, of NULL too, where this very token was not verified with this very key: that it cannot
 * be is not said. */
const CsAuthToken *cs_proofs_get_response(const CsProofs *proofs,
					  const char *token,
					  const char *jwk,
					  const char *thumbprint);
const CsDeviceProof *cs_proofs_get_device_proof(const CsProofs *proofs,
						const char *token,
						const char *jwk,
						const char *thumbprint);
const CsAttestation *cs_proofs_get_attestation(const CsProofs *proofs, const char *token);

/* A key as the registry holds it; NULL where it is not the one that it is filed under. */
CsJwk *cs_proofs_dup_key(const char *jwk, const char *thumbprint);
