/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/token-private.h"

#include <string.h>

#include "core/base/encoding.h"

#define AT(member) G_STRUCT_OFFSET(CsChallenge, member)

static const CsClaim challenge_claims[] = {
	{"iss", CS_CLAIM_PARTY, CS_CLAIM_REQUIRED, AT(iss), NULL},
	{"aud", CS_CLAIM_PARTY, CS_CLAIM_REQUIRED, AT(aud), NULL},
	{"txn", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(txn), NULL},
	{"iat", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(iat), NULL},
	{"exp", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(exp), NULL},
	{"jti", CS_CLAIM_UNIQUE, CS_CLAIM_REQUIRED, AT(jti), NULL},
	{"nonce", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(nonce), NULL},
	{"verify_uri", CS_CLAIM_URI, CS_CLAIM_REQUIRED, AT(verify_uri), NULL},
	{"origins", CS_CLAIM_PARTIES, CS_CLAIM_REQUIRED, AT(origins), NULL},
	{"transport", CS_CLAIM_WORD, CS_CLAIM_REQUIRED, AT(transport), NULL},
	{"user_verification", CS_CLAIM_WORD, CS_CLAIM_REQUIRED, AT(user_verification), NULL},
	{"ilh", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(ilh), NULL},
	{NULL},
};

/* verify_uri is where the answer goes: never to anybody but the challenge's own iss. */
static gboolean
check_challenge(gconstpointer token, const char *signer, GError **error)
{
	const CsChallenge *challenge = token;
	gsize origin_length = strlen(challenge->iss);

	if (strncmp(challenge->verify_uri, challenge->iss, origin_length) != 0 ||
	    challenge->verify_uri[origin_length] != '/')
		return cs_token_malformed(error, "verify_uri is not of the origin of iss");
	if (strcmp(challenge->user_verification, "none") != 0 &&
	    strcmp(challenge->user_verification, "required") != 0)
		return cs_token_malformed(error, "claim user_verification is malformed");
	return cs_token_check_lifetime(challenge->iat, challenge->exp, CS_CHALLENGE_MAX_LIFETIME_S,
				       error);
}

static const CsTokenKind challenge_kind = {
	.type = "countersign-challenge+jwt",
	.header = CS_TOKEN_HEADER_KEY_ID,
	.header_offset = AT(kid),
	.size = sizeof(CsChallenge),
	.claims = challenge_claims,
	.check = check_challenge,
};

/**
 * cs_challenge_sign:
 * @challenge: what it says; kid is the key's own
 * @server_key: signs
 *
 * Returns: (transfer full): the token; g_free(). %NULL with %CS_ERROR_INVALID, "token-malformed",
 * or %CS_ERROR_KEY
 */
char *
cs_challenge_sign(const CsChallenge *challenge, CsPrivateKey *server_key, GError **error)
{
	return cs_token_sign(&challenge_kind, challenge, server_key, error);
}

/**
 * cs_challenge_parse:
 * @token: from outside
 *
 * Proves nothing: anybody can write a challenge.
 *
 * Returns: (transfer full): UNVERIFIED; %NULL with %CS_ERROR_INVALID, "token-malformed"
 */
CsChallenge *
cs_challenge_parse(const char *token, GError **error)
{
	return cs_token_parse(&challenge_kind, token, error);
}

/**
 * cs_challenge_verify:
 * @token: from outside
 * @server_key: the key pinned for that organisation
 *
 * Rule 4's list is bound to it by ilh. Proves that the server said this once; not that it is for
 * this account, still open, or of now.
 *
 * Returns: (transfer full): the challenge; %NULL with %CS_ERROR_INVALID, "token-malformed", or
 * %CS_ERROR_SIGNATURE, "signature-invalid"
 */
CsChallenge *
cs_challenge_verify(const char *token, const CsJwk *server_key, GError **error)
{
	return cs_token_verify(&challenge_kind, token, server_key, error);
}

/**
 * cs_challenge_free:
 * @challenge: (nullable) (transfer full): a challenge
 */
void
cs_challenge_free(CsChallenge *challenge)
{
	cs_token_free(&challenge_kind, challenge);
}

/**
 * cs_issuer_list_to_json:
 * @certificates: (element-type CsCertificate): the administrator's issuers, in order
 *
 * Returns: (transfer full): the array that travels beside a challenge
 */
cJSON *
cs_issuer_list_to_json(GPtrArray *certificates)
{
	cJSON *list = cJSON_CreateArray();

	for (guint i = 0; i < certificates->len; i++) {
		const CsCertificate *certificate = g_ptr_array_index(certificates, i);
		g_autofree char *thumbprint = cs_token_certificate_thumbprint(certificate);
		g_autofree char *encoded = cs_token_certificate_encode(certificate);
		cJSON *entry = cJSON_CreateObject();

		cs_json_add_string(entry, "x5t#S256", thumbprint);
		cs_json_add_string(entry, "cert", encoded);
		cs_json_append(list, entry);
	}
	return list;
}

static CsCertificate *
read_issuer(const cJSON *entry, GError **error)
{
	const cJSON *thumbprint = cJSON_GetObjectItemCaseSensitive(entry, "x5t#S256");
	const cJSON *encoded = cJSON_GetObjectItemCaseSensitive(entry, "cert");

	if (!cJSON_IsObject(entry) || cJSON_GetArraySize(entry) != 2) {
		cs_token_malformed(error, "an issuer has not exactly its two members");
		return NULL;
	}
	return cs_token_certificate_decode(cJSON_GetStringValue(encoded),
					   cJSON_GetStringValue(thumbprint), error);
}

/**
 * cs_issuer_list_from_json:
 * @list: (nullable): the array beside a challenge
 *
 * At most %CS_MAX_ISSUERS entries; each x5t#S256 is recomputed. Proves nothing until its
 * cs_issuer_list_hash() is the ilh of a verified challenge. Whether an entry is a CA's certificate,
 * and whether its key can be used, is not asked here.
 *
 * Returns: (transfer full) (element-type CsCertificate): the issuers in the list's order, owned by
 * the array; %NULL with %CS_ERROR_INVALID, "token-malformed"
 */
GPtrArray *
cs_issuer_list_from_json(const cJSON *list, GError **error)
{
	g_autoptr(GPtrArray) certificates =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);
	const cJSON *entry;

	if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > CS_MAX_ISSUERS) {
		cs_token_malformed(error, "the issuer list is no array, or too long");
		return NULL;
	}
	cJSON_ArrayForEach (entry, list) {
		CsCertificate *certificate = read_issuer(entry, error);

		if (certificate == NULL)
			return NULL;
		g_ptr_array_add(certificates, certificate);
	}
	return g_steal_pointer(&certificates);
}

/**
 * cs_issuer_list_hash:
 * @certificates: (element-type CsCertificate): the issuers, in order
 *
 * SHA-256 over the SHA-256s (32 bytes each) of the certificates' DER, in the list's order.
 *
 * Returns: (transfer full): ilh, base64url; g_free()
 */
char *
cs_issuer_list_hash(GPtrArray *certificates)
{
	g_autoptr(GByteArray) digests = g_byte_array_new();

	for (guint i = 0; i < certificates->len; i++) {
		GBytes *der = cs_certificate_get_der(g_ptr_array_index(certificates, i));
		guint8 digest[CS_SHA256_SIZE_BYTES];

		cs_sha256(g_bytes_get_data(der, NULL), g_bytes_get_size(der), digest);
		g_byte_array_append(digests, digest, sizeof(digest));
	}
	return cs_sha256_base64url(digests->data, digests->len);
}
