/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/signing.h"

#include "core/base/encoding.h"
#include "core/protocol/tokens.h"

/* Rule 7: no verifier accepts it, since none has an iss whose "/management" it could be. */
#define PROBE_AUDIENCE "urn:countersign:explain"
#define PROBE_TEXT     "countersign explain"
#define PROBE_DEVICE   "explain"

static char *
sign(CsCertificate *certificate,
     CsPrivateKey *key,
     const char *audience,
     const CsAttestationTies *ties,
     GError **error)
{
	const CsAttestation attestation = {
		.aud = (char *)audience,
		.nonce = (char *)ties->nonce,
		.chh = (char *)ties->chh,
		.device_id = (char *)ties->device_id,
		.iat = ties->iat,
		.exp = ties->iat + CS_RESPONSE_LIFETIME_S,
		.account_jkt = (char *)ties->account_jkt,
		.device_jkt = (char *)ties->device_jkt,
		.certificate = certificate,
	};
	return cs_attestation_sign(&attestation, key, error);
}

/**
 * cs_signing_attest:
 * @certificate: the certificate
 * @key: its key
 * @ties: what the attestation is for
 * @error: return location
 *
 * Signs the one thing that a certificate's key signs (rule 2). That is rule 7's proof at the same
 * time: cs_attestation_sign() verifies the signature with the certificate's public key before it
 * gives anything away, so that nothing is signed twice.
 *
 * Returns: (transfer full): the attestation; %NULL with %CS_ERROR_KEY, or %CS_ERROR_INVALID where
 *   @ties are malformed
 */
char *
cs_signing_attest(CsCertificate *certificate,
		  CsPrivateKey *key,
		  const CsAttestationTies *ties,
		  GError **error)
{
	g_autofree char *audience = cs_attestation_audience(ties->iss);
	return sign(certificate, key, audience, ties, error);
}

/**
 * cs_signing_probe:
 * @certificate: the certificate
 * @key: its key
 * @judged_at: Unix seconds
 * @error: return location
 *
 * Rule 7's proof by use outside an authentication: the same signature over a payload whose audience
 * no verifier accepts, which is thrown away at once.
 *
 * Returns: %TRUE where it verified; %FALSE with %CS_ERROR_KEY
 */
gboolean
cs_signing_probe(CsCertificate *certificate, CsPrivateKey *key, gint64 judged_at, GError **error)
{
	g_autofree char *hash = cs_sha256_base64url(PROBE_TEXT, strlen(PROBE_TEXT));
	const CsAttestationTies ties = {
		.nonce = hash,
		.chh = hash,
		.device_id = PROBE_DEVICE,
		.account_jkt = hash,
		.device_jkt = hash,
		.iat = MAX(judged_at, 0),
	};
	g_autofree char *proof = sign(certificate, key, PROBE_AUDIENCE, &ties, error);
	return proof != NULL;
}
