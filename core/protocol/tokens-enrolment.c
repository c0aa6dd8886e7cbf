/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/token-private.h"

#include <string.h>

/* What a client says outside an authentication: enrolment, a device's question, a deletion. */

#define MAX_NAME_CHARACTERS 64

#define AT(member) G_STRUCT_OFFSET(CsDeviceToken, member)

static const CsClaim device_claims[] = {
	{"aud", CS_CLAIM_PARTY, CS_CLAIM_REQUIRED, AT(aud), NULL},
	{"nonce", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(nonce), NULL},
	{"iat", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(iat), NULL},
	{"hardware_id", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(hardware_id), NULL},
	{"name", CS_CLAIM_TEXT, CS_CLAIM_REQUIRED, AT(name), NULL},
	{"platform", CS_CLAIM_WORD, CS_CLAIM_REQUIRED, AT(platform), NULL},
	{"key_protection", CS_CLAIM_PROTECTION, CS_CLAIM_REQUIRED, AT(hardware_key), NULL},
	{"ak.jkt", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(ak_jkt), NULL},
	{NULL},
};

/* What could fake other text where an administrator reads the name: separators of lines, and
 * characters that show nothing or change the direction of writing. */
static gboolean
is_name(const char *name)
{
	glong length = g_utf8_strlen(name, -1);

	for (const char *p = name; *p != '\0'; p = g_utf8_next_char(p)) {
		GUnicodeType type = g_unichar_type(g_utf8_get_char(p));

		if (type == G_UNICODE_FORMAT || type == G_UNICODE_LINE_SEPARATOR ||
		    type == G_UNICODE_PARAGRAPH_SEPARATOR)
			return FALSE;
	}
	return length >= 1 && length <= MAX_NAME_CHARACTERS;
}

/* One key, one job: the account's key and the device's sign different things. */
static gboolean
check_other_key(const char *other, const char *signer, GError **error)
{
	if (strcmp(other, signer) == 0)
		return cs_token_malformed(error, "account and device have the same key");
	return TRUE;
}

static gboolean
check_device_token(gconstpointer token, const char *signer, GError **error)
{
	const CsDeviceToken *device = token;

	if (!is_name(device->name))
		return cs_token_malformed(error, "claim name is malformed");
	return check_other_key(device->ak_jkt, signer, error);
}

static const CsTokenKind device_kind = {
	.type = "countersign-device+jwt",
	.header = CS_TOKEN_HEADER_KEY,
	.header_offset = AT(key),
	.size = sizeof(CsDeviceToken),
	.claims = device_claims,
	.check = check_device_token,
};
#undef AT

/**
 * cs_device_token_sign:
 * @token: what it says; the key it carries is @device_key's own
 * @device_key: signs
 *
 * Returns: (transfer full): the token; g_free(). %NULL with %CS_ERROR_INVALID, "token-malformed",
 * or %CS_ERROR_KEY
 */
char *
cs_device_token_sign(const CsDeviceToken *token, CsPrivateKey *device_key, GError **error)
{
	return cs_token_sign(&device_kind, token, device_key, error);
}

/**
 * cs_device_token_verify:
 * @token: from outside
 *
 * By the key that it carries: proves that its sender holds that key, and nothing that it says of
 * the device. The hardware id proposes and never decides (rules 15 and 26).
 *
 * Returns: (transfer full): the token; %NULL with %CS_ERROR_INVALID, "token-malformed", or
 * %CS_ERROR_SIGNATURE, "signature-invalid"
 */
CsDeviceToken *
cs_device_token_verify(const char *token, GError **error)
{
	return cs_token_verify(&device_kind, token, NULL, error);
}

/**
 * cs_device_token_free:
 * @token: (nullable) (transfer full): a token
 */
void
cs_device_token_free(CsDeviceToken *token)
{
	cs_token_free(&device_kind, token);
}

#define AT(member) G_STRUCT_OFFSET(CsDeviceQuery, member)

static const CsClaim device_query_claims[] = {
	{"aud", CS_CLAIM_PARTY, CS_CLAIM_REQUIRED, AT(aud), NULL},
	{"nonce", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(nonce), NULL},
	{"iat", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(iat), NULL},
	{NULL},
};

static const CsTokenKind device_query_kind = {
	.type = "countersign-device-query+jwt",
	.header = CS_TOKEN_HEADER_KEY,
	.header_offset = AT(key),
	.size = sizeof(CsDeviceQuery),
	.claims = device_query_claims,
};
#undef AT

/**
 * cs_device_query_sign:
 * @query: what it says; the key it carries is @device_key's own
 * @device_key: signs
 *
 * Returns: (transfer full): the token; g_free(). %NULL with %CS_ERROR_INVALID, "token-malformed",
 * or %CS_ERROR_KEY
 */
char *
cs_device_query_sign(const CsDeviceQuery *query, CsPrivateKey *device_key, GError **error)
{
	return cs_token_sign(&device_query_kind, query, device_key, error);
}

/**
 * cs_device_query_verify:
 * @token: from outside
 *
 * By the key that it carries: proves that its sender holds that key; whether the key is known is
 * for the caller to ask.
 *
 * Returns: (transfer full): the token; %NULL with %CS_ERROR_INVALID, "token-malformed", or
 * %CS_ERROR_SIGNATURE, "signature-invalid"
 */
CsDeviceQuery *
cs_device_query_verify(const char *token, GError **error)
{
	return cs_token_verify(&device_query_kind, token, NULL, error);
}

/**
 * cs_device_query_free:
 * @query: (nullable) (transfer full): a token
 */
void
cs_device_query_free(CsDeviceQuery *query)
{
	cs_token_free(&device_query_kind, query);
}

#define AT(member) G_STRUCT_OFFSET(CsEnrollToken, member)

static const CsClaim enroll_claims[] = {
	{"aud", CS_CLAIM_PARTY, CS_CLAIM_REQUIRED, AT(aud), NULL},
	{"nonce", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(nonce), NULL},
	{"iat", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(iat), NULL},
	{"ch", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(code_hash), NULL},
	{"dk.jkt", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(dk_jkt), NULL},
	{NULL},
};

static gboolean
check_enroll_token(gconstpointer token, const char *signer, GError **error)
{
	const CsEnrollToken *enroll = token;

	return check_other_key(enroll->dk_jkt, signer, error);
}

static const CsTokenKind enroll_kind = {
	.type = "countersign-enroll+jwt",
	.header = CS_TOKEN_HEADER_KEY,
	.header_offset = AT(key),
	.size = sizeof(CsEnrollToken),
	.claims = enroll_claims,
	.check = check_enroll_token,
};
#undef AT

/**
 * cs_enroll_token_sign:
 * @token: what it says; the key it carries is @account_key's own
 * @account_key: signs
 *
 * Returns: (transfer full): the token; g_free(). %NULL with %CS_ERROR_INVALID, "token-malformed",
 * or %CS_ERROR_KEY
 */
char *
cs_enroll_token_sign(const CsEnrollToken *token, CsPrivateKey *account_key, GError **error)
{
	return cs_token_sign(&enroll_kind, token, account_key, error);
}

/**
 * cs_enroll_token_verify:
 * @token: from outside
 *
 * By the key that it carries: proves that its sender holds that key, and tied it to this code and
 * this device key; not that the code is good.
 *
 * Returns: (transfer full): the token; %NULL with %CS_ERROR_INVALID, "token-malformed", or
 * %CS_ERROR_SIGNATURE, "signature-invalid"
 */
CsEnrollToken *
cs_enroll_token_verify(const char *token, GError **error)
{
	return cs_token_verify(&enroll_kind, token, NULL, error);
}

/**
 * cs_enroll_token_free:
 * @token: (nullable) (transfer full): a token
 */
void
cs_enroll_token_free(CsEnrollToken *token)
{
	cs_token_free(&enroll_kind, token);
}

#define AT(member) G_STRUCT_OFFSET(CsDeleteToken, member)

static const CsClaim delete_claims[] = {
	{"aud", CS_CLAIM_PARTY, CS_CLAIM_REQUIRED, AT(aud), NULL},
	{"nonce", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(nonce), NULL},
	{"iat", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(iat), NULL},
	{"account", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(account), NULL},
	{NULL},
};

static const CsTokenKind delete_kind = {
	.type = "countersign-delete+jwt",
	.header = CS_TOKEN_HEADER_KEY_ID,
	.header_offset = AT(kid),
	.size = sizeof(CsDeleteToken),
	.claims = delete_claims,
};
#undef AT

/**
 * cs_delete_token_sign:
 * @token: what it says; kid is the key's own
 * @account_key: signs
 *
 * Returns: (transfer full): the token; g_free(). %NULL with %CS_ERROR_INVALID, "token-malformed",
 * or %CS_ERROR_KEY
 */
char *
cs_delete_token_sign(const CsDeleteToken *token, CsPrivateKey *account_key, GError **error)
{
	return cs_token_sign(&delete_kind, token, account_key, error);
}

/**
 * cs_delete_token_parse:
 * @token: from outside
 *
 * Proves nothing; its account says whose key to ask.
 *
 * Returns: (transfer full): UNVERIFIED; %NULL with %CS_ERROR_INVALID, "token-malformed"
 */
CsDeleteToken *
cs_delete_token_parse(const char *token, GError **error)
{
	return cs_token_parse(&delete_kind, token, error);
}

/**
 * cs_delete_token_verify:
 * @token: from outside
 * @account_key: the key enrolled for that account
 *
 * Rule 23: proves that the account's own key asked for its deletion.
 *
 * Returns: (transfer full): the token; %NULL with %CS_ERROR_INVALID, "token-malformed", or
 * %CS_ERROR_SIGNATURE, "signature-invalid"
 */
CsDeleteToken *
cs_delete_token_verify(const char *token, const CsJwk *account_key, GError **error)
{
	return cs_token_verify(&delete_kind, token, account_key, error);
}

/**
 * cs_delete_token_free:
 * @token: (nullable) (transfer full): a token
 */
void
cs_delete_token_free(CsDeleteToken *token)
{
	cs_token_free(&delete_kind, token);
}
