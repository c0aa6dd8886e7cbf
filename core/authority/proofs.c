/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/proofs.h"

struct _CsProofs {
	char *response_text;
	char *device_proof_text;
	char *attestation_text;
	char *account_jwk;
	char *account_thumbprint;
	char *device_jwk;
	char *device_thumbprint;
	/* NULL before they are verified, and where they do not verify. */
	CsAuthToken *response;
	CsDeviceProof *device_proof;
	CsAttestation *attestation;
};

/**
 * cs_proofs_new:
 * @input: what is to be verified
 *
 * Returns: (transfer full): nothing proven yet
 */
CsProofs *
cs_proofs_new(const CsProofsInput *input)
{
	CsProofs *proofs = g_new0(CsProofs, 1);

	proofs->response_text = g_strdup(input->response);
	proofs->device_proof_text = g_strdup(input->device_proof);
	proofs->attestation_text = g_strdup(input->attestation);
	proofs->account_jwk = g_strdup(input->account_jwk);
	proofs->account_thumbprint = g_strdup(input->account_thumbprint);
	proofs->device_jwk = g_strdup(input->device_jwk);
	proofs->device_thumbprint = g_strdup(input->device_thumbprint);
	return proofs;
}

/**
 * cs_proofs_free:
 * @proofs: (nullable) (transfer full): proofs that nobody is verifying
 */
void
cs_proofs_free(CsProofs *proofs)
{
	if (proofs == NULL)
		return;
	g_clear_pointer(&proofs->response, cs_auth_token_free);
	g_clear_pointer(&proofs->device_proof, cs_device_proof_free);
	g_clear_pointer(&proofs->attestation, cs_attestation_free);
	g_free(proofs->response_text);
	g_free(proofs->device_proof_text);
	g_free(proofs->attestation_text);
	g_free(proofs->account_jwk);
	g_free(proofs->account_thumbprint);
	g_free(proofs->device_jwk);
	g_free(proofs->device_thumbprint);
	g_free(proofs);
}

/**
 * cs_proofs_dup_key:
 * @jwk: a key's text in the registry
 * @thumbprint: the one that it is filed under there
 *
 * Returns: (transfer full) (nullable): the key; %NULL where it is none, or not that one: such a row's
 *   key is nobody's
 */
CsJwk *
cs_proofs_dup_key(const char *jwk, const char *thumbprint)
{
	g_autoptr(CsJwk) key = cs_jwk_new_from_text(jwk, NULL);

	if (key == NULL || g_strcmp0(cs_jwk_get_thumbprint(key), thumbprint) != 0)
		return NULL;
	return g_steal_pointer(&key);
}

static gboolean
verify_response(CsProofs *proofs)
{
	g_autoptr(CsJwk) key = cs_proofs_dup_key(proofs->account_jwk, proofs->account_thumbprint);

	if (key != NULL)
		proofs->response = cs_auth_token_verify(proofs->response_text, key, NULL);
	return proofs->response != NULL;
}

static gboolean
verify_device_proof(CsProofs *proofs)
{
	g_autoptr(CsJwk) key = cs_proofs_dup_key(proofs->device_jwk, proofs->device_thumbprint);

	if (key != NULL && proofs->device_proof_text != NULL)
		proofs->device_proof = cs_device_proof_verify(proofs->device_proof_text, key, NULL);
	return proofs->device_proof != NULL;
}

/**
 * cs_proofs_verify:
 * @proofs: proofs, not verified yet
 *
 * In the verifier's order, and no further than it would come: whoever sends what does not verify
 * costs no more here than there. Reads nothing but @proofs.
 *
 * What it does not prove: anything but that these keys signed these tokens. What the tokens say is
 * not looked at.
 */
void
cs_proofs_verify(CsProofs *proofs)
{
	if (verify_response(proofs) && verify_device_proof(proofs) &&
	    proofs->attestation_text != NULL)
		proofs->attestation = cs_attestation_verify(proofs->attestation_text, NULL);
}

/**
 * cs_proofs_get_response:
 * @proofs: (nullable): what was verified ahead
 * @token: (nullable): a countersign-auth+jwt
 * @jwk: (nullable): the account's key as the registry holds it now
 * @thumbprint: (nullable): what it is filed under
 *
 * Returns: (transfer none) (nullable): what @token says; %NULL where it is not known to be signed by
 *   this key
 */
const CsAuthToken *
cs_proofs_get_response(const CsProofs *proofs,
		       const char *token,
		       const char *jwk,
		       const char *thumbprint)
{
	if (proofs == NULL || g_strcmp0(proofs->response_text, token) != 0 ||
	    g_strcmp0(proofs->account_jwk, jwk) != 0 ||
	    g_strcmp0(proofs->account_thumbprint, thumbprint) != 0)
		return NULL;
	return proofs->response;
}

/**
 * cs_proofs_get_device_proof:
 * @proofs: (nullable): what was verified ahead
 * @token: (nullable): a countersign-device-proof+jwt
 * @jwk: (nullable): the device's key as the registry holds it now
 * @thumbprint: (nullable): what it is filed under
 *
 * Returns: (transfer none) (nullable): what @token says; %NULL where it is not known to be signed by
 *   this key
 */
const CsDeviceProof *
cs_proofs_get_device_proof(const CsProofs *proofs,
			   const char *token,
			   const char *jwk,
			   const char *thumbprint)
{
	if (proofs == NULL || g_strcmp0(proofs->device_proof_text, token) != 0 ||
	    g_strcmp0(proofs->device_jwk, jwk) != 0 ||
	    g_strcmp0(proofs->device_thumbprint, thumbprint) != 0)
		return NULL;
	return proofs->device_proof;
}

/**
 * cs_proofs_get_attestation:
 * @proofs: (nullable): what was verified ahead
 * @token: (nullable): a countersign-mgmt+jwt
 *
 * Returns: (transfer none) (nullable): what @token says; %NULL where it is not known to be signed by
 *   the certificate's key that it carries
 */
const CsAttestation *
cs_proofs_get_attestation(const CsProofs *proofs, const char *token)
{
	if (proofs == NULL || g_strcmp0(proofs->attestation_text, token) != 0)
		return NULL;
	return proofs->attestation;
}
