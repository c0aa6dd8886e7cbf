/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/token-private.h"

#include <string.h>

/* The three tokens that answer a challenge: the account's, the device's and the certificate's. */

#define AT(member) G_STRUCT_OFFSET(CsAuthToken, member)

static const CsClaim auth_claims[] = {
	{"iss", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(iss), NULL},
	{"sub", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(sub), NULL},
	{"aud", CS_CLAIM_PARTY, CS_CLAIM_REQUIRED, AT(aud), NULL},
	{"iat", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(iat), NULL},
	{"exp", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(exp), NULL},
	{"jti", CS_CLAIM_UNIQUE, CS_CLAIM_REQUIRED, AT(jti), NULL},
	{"nonce", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(nonce), NULL},
	{"chh", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(chh), NULL},
	{"device_id", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(device_id), NULL},
	{"origin", CS_CLAIM_PARTY, CS_CLAIM_NULLABLE, AT(origin), NULL},
	{"transport", CS_CLAIM_WORD, CS_CLAIM_REQUIRED, AT(transport), NULL},
	{"mah", CS_CLAIM_HASH, CS_CLAIM_NULLABLE, AT(mah), NULL},
	{"mar", CS_CLAIM_REASON, CS_CLAIM_OPTIONAL, AT(mar), NULL},
	{"amr", CS_CLAIM_WORDS, CS_CLAIM_REQUIRED, AT(amr), NULL},
	{NULL},
};

static guint
count_word(char *const *words, const char *word)
{
	guint count = 0;

	for (; *words != NULL; words++)
		count += strcmp(*words, word) == 0;
	return count;
}

/* RFC 8176: pop always; exactly one of hwk and swk; user at most; nothing twice. */
static gboolean
check_amr(char **amr, GError **error)
{
	guint protections = count_word(amr, "hwk") + count_word(amr, "swk");
	guint users = count_word(amr, "user");

	if (count_word(amr, "pop") != 1 || protections != 1 || users > 1 ||
	    g_strv_length(amr) != 2 + users)
		return cs_token_malformed(error, "claim amr is malformed");
	return TRUE;
}

static gboolean
check_auth_token(gconstpointer token, const char *signer, GError **error)
{
	const CsAuthToken *auth = token;

	if (strcmp(auth->iss, auth->sub) != 0)
		return cs_token_malformed(error, "iss and sub are not the same account");
	if ((auth->mah != NULL) == (auth->mar != CS_REASON_NONE))
		return cs_token_malformed(error, "not exactly one of mah and mar");
	if (auth->mah == NULL && !cs_reason_is_of(auth->mar, CS_REASON_SIDE_CLIENT))
		return cs_token_malformed(error, "mar is not of the client's side");
	return check_amr(auth->amr, error) &&
	       cs_token_check_lifetime(auth->iat, auth->exp, CS_RESPONSE_LIFETIME_S, error);
}

static const CsTokenKind auth_kind = {
	.type = "countersign-auth+jwt",
	.header = CS_TOKEN_HEADER_KEY_ID,
	.header_offset = AT(kid),
	.size = sizeof(CsAuthToken),
	.claims = auth_claims,
	.check = check_auth_token,
};
#undef AT

/**
 * cs_auth_token_sign:
 * @token: what it says; kid is the key's own
 * @account_key: signs
 *
 * Returns: (transfer full): the token; g_free(). %NULL with %CS_ERROR_INVALID, "token-malformed",
 * or %CS_ERROR_KEY
 */
char *
cs_auth_token_sign(const CsAuthToken *token, CsPrivateKey *account_key, GError **error)
{
	return cs_token_sign(&auth_kind, token, account_key, error);
}

/**
 * cs_auth_token_parse:
 * @token: from outside
 *
 * Proves nothing; its iss says which account's key to ask.
 *
 * Returns: (transfer full): UNVERIFIED; %NULL with %CS_ERROR_INVALID, "token-malformed"
 */
CsAuthToken *
cs_auth_token_parse(const char *token, GError **error)
{
	return cs_token_parse(&auth_kind, token, error);
}

/**
 * cs_auth_token_verify:
 * @token: from outside
 * @account_key: the key enrolled for its account
 *
 * Proves that the account's key signed it; not that its device is here (the device proof does) nor
 * that it answers an open challenge.
 *
 * Returns: (transfer full): the token; %NULL with %CS_ERROR_INVALID, "token-malformed", or
 * %CS_ERROR_SIGNATURE, "signature-invalid"
 */
CsAuthToken *
cs_auth_token_verify(const char *token, const CsJwk *account_key, GError **error)
{
	return cs_token_verify(&auth_kind, token, account_key, error);
}

/**
 * cs_auth_token_free:
 * @token: (nullable) (transfer full): a token
 */
void
cs_auth_token_free(CsAuthToken *token)
{
	cs_token_free(&auth_kind, token);
}

#define AT(member) G_STRUCT_OFFSET(CsDeviceProof, member)

static const CsClaim device_proof_claims[] = {
	{"aud", CS_CLAIM_PARTY, CS_CLAIM_REQUIRED, AT(aud), NULL},
	{"nonce", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(nonce), NULL},
	{"chh", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(chh), NULL},
	{"device_id", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(device_id), NULL},
	{"ath", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(ath), NULL},
	{"mah", CS_CLAIM_HASH, CS_CLAIM_NULLABLE, AT(mah), NULL},
	{NULL},
};

static const CsTokenKind device_proof_kind = {
	.type = "countersign-device-proof+jwt",
	.header = CS_TOKEN_HEADER_KEY_ID,
	.header_offset = AT(kid),
	.size = sizeof(CsDeviceProof),
	.claims = device_proof_claims,
};
#undef AT

/**
 * cs_device_proof_sign:
 * @proof: what it says; kid is the key's own
 * @device_key: signs
 *
 * Returns: (transfer full): the token; g_free(). %NULL with %CS_ERROR_INVALID, "token-malformed",
 * or %CS_ERROR_KEY
 */
char *
cs_device_proof_sign(const CsDeviceProof *proof, CsPrivateKey *device_key, GError **error)
{
	return cs_token_sign(&device_proof_kind, proof, device_key, error);
}

/**
 * cs_device_proof_parse:
 * @token: from outside
 *
 * Proves nothing.
 *
 * Returns: (transfer full): UNVERIFIED; %NULL with %CS_ERROR_INVALID, "token-malformed"
 */
CsDeviceProof *
cs_device_proof_parse(const char *token, GError **error)
{
	return cs_token_parse(&device_proof_kind, token, error);
}

/**
 * cs_device_proof_verify:
 * @token: from outside
 * @device_key: the key registered for the account's device
 *
 * Rule 15's proof, where its ath, chh and nonce are those of the response and the challenge; alone
 * it proves only that the device's key signed it some time.
 *
 * Returns: (transfer full): the token; %NULL with %CS_ERROR_INVALID, "token-malformed", or
 * %CS_ERROR_SIGNATURE, "signature-invalid"
 */
CsDeviceProof *
cs_device_proof_verify(const char *token, const CsJwk *device_key, GError **error)
{
	return cs_token_verify(&device_proof_kind, token, device_key, error);
}

/**
 * cs_device_proof_free:
 * @proof: (nullable) (transfer full): a token
 */
void
cs_device_proof_free(CsDeviceProof *proof)
{
	cs_token_free(&device_proof_kind, proof);
}

#define AT(member) G_STRUCT_OFFSET(CsAttestation, member)

static const CsClaim confirmation_claims[] = {
	{"ak.jkt", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(account_jkt), NULL},
	{"dk.jkt", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(device_jkt), NULL},
	{NULL},
};

static const CsClaim attestation_claims[] = {
	{"aud", CS_CLAIM_PARTY, CS_CLAIM_REQUIRED, AT(aud), NULL},
	{"nonce", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(nonce), NULL},
	{"chh", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(chh), NULL},
	{"device_id", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(device_id), NULL},
	{"iat", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(iat), NULL},
	{"exp", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(exp), NULL},
	{"cnf", CS_CLAIM_OBJECT, CS_CLAIM_REQUIRED, 0, confirmation_claims},
	{NULL},
};

static gboolean
check_attestation(gconstpointer token, const char *signer, GError **error)
{
	const CsAttestation *attestation = token;

	return cs_token_check_lifetime(attestation->iat, attestation->exp, CS_RESPONSE_LIFETIME_S,
				       error);
}

static const CsTokenKind attestation_kind = {
	.type = "countersign-mgmt+jwt",
	.header = CS_TOKEN_HEADER_CERTIFICATE,
	.header_offset = AT(certificate),
	.size = sizeof(CsAttestation),
	.claims = attestation_claims,
	.check = check_attestation,
};
#undef AT

/**
 * cs_attestation_sign:
 * @attestation: what it says, and the certificate that it shows
 * @certificate_key: the certificate's key; signs
 *
 * Rule 2's one thing that a certificate's key signs. Rule 7's proof by use: the signature is
 * verified with the certificate's public key before the token is handed out, so no caller need do
 * it again.
 *
 * Returns: (transfer full): the token; g_free(). %NULL with %CS_ERROR_KEY where the key cannot
 * sign, or is not this certificate's ("key-mismatch", "key-unsuitable"); %CS_ERROR_INVALID,
 * "token-malformed"
 */
char *
cs_attestation_sign(const CsAttestation *attestation, CsPrivateKey *certificate_key, GError **error)
{
	g_autofree char *token = NULL;
	g_autoptr(CsJws) jws = NULL;
	g_autoptr(GError) inner = NULL;
	EVP_PKEY *public_key;

	g_return_val_if_fail(attestation != NULL && attestation->certificate != NULL, NULL);
	token = cs_token_sign(&attestation_kind, attestation, certificate_key, error);
	if (token == NULL)
		return NULL;
	public_key = cs_certificate_get_public_key(attestation->certificate, &inner);
	jws = public_key != NULL ? cs_jws_parse(token, -1, &inner) : NULL;
	if (jws == NULL || !cs_jws_verify(jws, public_key, &inner)) {
		cs_error_set(error, CS_ERROR_KEY, "key-mismatch",
			     "the certificate does not verify what the private key signed: %s",
			     inner->message);
		return NULL;
	}
	return g_steal_pointer(&token);
}

/**
 * cs_attestation_parse:
 * @token: from outside
 *
 * x5c holds exactly one certificate, x5t#S256 is recomputed, alg is that of the certificate's key.
 * Proves nothing.
 *
 * Returns: (transfer full): UNVERIFIED; %NULL with %CS_ERROR_INVALID, "token-malformed"
 */
CsAttestation *
cs_attestation_parse(const char *token, GError **error)
{
	return cs_token_parse(&attestation_kind, token, error);
}

/**
 * cs_attestation_verify:
 * @token: from outside
 *
 * Rule 11, and no more: whoever made up the certificate can sign with its key. Issuer, validity,
 * suitability, revocation, link and the ties to challenge, account and device are for the caller.
 *
 * Returns: (transfer full): the attestation; %NULL with %CS_ERROR_INVALID, "token-malformed", or
 * %CS_ERROR_SIGNATURE, "signature-invalid"
 */
CsAttestation *
cs_attestation_verify(const char *token, GError **error)
{
	return cs_token_verify(&attestation_kind, token, NULL, error);
}

/**
 * cs_attestation_free:
 * @attestation: (nullable) (transfer full): an attestation
 */
void
cs_attestation_free(CsAttestation *attestation)
{
	cs_token_free(&attestation_kind, attestation);
}

/**
 * cs_attestation_audience:
 * @iss: the server's iss
 *
 * Returns: (transfer full): the aud of an attestation for it; g_free()
 */
char *
cs_attestation_audience(const char *iss)
{
	return g_strconcat(iss, "/management", NULL);
}
