/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/token-private.h"

#include <string.h>

/* What the server says with its pinned key, beside a challenge: verdicts and its next key. */

#define MAX_OVERLAP_S	      (G_GINT64_CONSTANT(90) * 24 * 60 * 60)
#define MAX_ISSUER_CHARACTERS 500 /* of at most four bytes each, for people to read */

#define MAX_APPLICATION_LENGTH 64

#define AT(member) G_STRUCT_OFFSET(CsVerdict, member)

/* The first member decides whether the object is null. */
static const CsClaim certificate_claims[] = {
	{"fingerprint", CS_CLAIM_HEX, CS_CLAIM_REQUIRED, AT(certificate_fingerprint), NULL},
	{"issuer", CS_CLAIM_TEXT, CS_CLAIM_REQUIRED, AT(certificate_issuer), NULL},
	{"not_before", CS_CLAIM_DATE, CS_CLAIM_REQUIRED, AT(certificate_not_before), NULL},
	{"not_after", CS_CLAIM_DATE, CS_CLAIM_REQUIRED, AT(certificate_not_after), NULL},
	{NULL},
};

static const CsClaim device_claims[] = {
	{"id", CS_CLAIM_ID, CS_CLAIM_NULLABLE, AT(device_id), NULL},
	{"managed", CS_CLAIM_BOOLEAN, CS_CLAIM_REQUIRED, AT(managed), NULL},
	{"reason", CS_CLAIM_REASON, CS_CLAIM_NULLABLE, AT(device_reason), NULL},
	{"hint", CS_CLAIM_WORD, CS_CLAIM_OPTIONAL, AT(hint), NULL},
	{"certificate", CS_CLAIM_OBJECT, CS_CLAIM_NULLABLE, 0, certificate_claims},
	{NULL},
};

static const CsClaim access_claims[] = {
	{"application", CS_CLAIM_PARTY, CS_CLAIM_REQUIRED, AT(application), NULL},
	{"allowed", CS_CLAIM_BOOLEAN, CS_CLAIM_REQUIRED, AT(access_allowed), NULL},
	{"reason", CS_CLAIM_REASON, CS_CLAIM_NULLABLE, AT(access_reason), NULL},
	{NULL},
};

static const CsClaim verdict_claims[] = {
	{"iss", CS_CLAIM_PARTY, CS_CLAIM_REQUIRED, AT(iss), NULL},
	{"aud", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(aud), NULL},
	{"iat", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(iat), NULL},
	{"rsh", CS_CLAIM_HASH, CS_CLAIM_REQUIRED, AT(rsh), NULL},
	{"authenticated", CS_CLAIM_BOOLEAN, CS_CLAIM_REQUIRED, AT(authenticated), NULL},
	{"reason", CS_CLAIM_REASON, CS_CLAIM_NULLABLE, AT(reason), NULL},
	{"account", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(account), NULL},
	{"device", CS_CLAIM_OBJECT, CS_CLAIM_REQUIRED, 0, device_claims},
	{"access", CS_CLAIM_OBJECT, CS_CLAIM_OPTIONAL, 0, access_claims},
	{"request", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(request), NULL},
	{NULL},
};

static gboolean
is_of_device(CsReason reason)
{
	return reason == CS_REASON_MANAGED || cs_reason_is_of(reason, CS_REASON_SIDE_CLIENT) ||
	       cs_reason_is_of(reason, CS_REASON_SIDE_SERVER);
}

/**
 * cs_verdict_is_application:
 * @text: (nullable): from outside
 *
 * Returns: %TRUE for the name of an application: 1 to 64 printable ASCII characters, no space
 */
gboolean
cs_verdict_is_application(const char *text)
{
	gsize length = text != NULL ? strlen(text) : 0;

	for (gsize i = 0; i < length; i++) {
		if (!g_ascii_isgraph(text[i]))
			return FALSE;
	}
	return length > 0 && length <= MAX_APPLICATION_LENGTH;
}

/* Rule 21: nobody gets in who did not authenticate; a refusal says why. */
static gboolean
check_access(const CsVerdict *verdict, GError **error)
{
	if (verdict->application == NULL)
		return TRUE;
	if (!cs_verdict_is_application(verdict->application))
		return cs_token_malformed(error, "claim application is malformed");
	if (verdict->access_allowed != (verdict->access_reason == CS_REASON_NONE) ||
	    (verdict->access_allowed && !verdict->authenticated))
		return cs_token_malformed(error, "the access and its reason do not agree");
	return TRUE;
}

/* Rule 2: the two halves never mix. Where authentication failed, nobody looked at the device. */
static gboolean
check_verdict(gconstpointer token, const char *signer, GError **error)
{
	const CsVerdict *verdict = token;
	gboolean agrees;

	if (verdict->authenticated)
		agrees = verdict->reason == CS_REASON_NONE && is_of_device(verdict->device_reason);
	else
		agrees = cs_reason_is_of(verdict->reason, CS_REASON_SIDE_AUTHENTICATION) &&
			 verdict->device_reason == CS_REASON_NONE;
	if (!agrees || verdict->managed != (verdict->device_reason == CS_REASON_MANAGED))
		return cs_token_malformed(error, "the verdict and its reasons do not agree");
	if (verdict->managed &&
	    (verdict->device_id == NULL || verdict->certificate_fingerprint == NULL))
		return cs_token_malformed(error, "managed without device or certificate");
	return check_access(verdict, error);
}

static const CsTokenKind verdict_kind = {
	.type = "countersign-verdict+jwt",
	.header = CS_TOKEN_HEADER_KEY_ID,
	.header_offset = AT(kid),
	.size = sizeof(CsVerdict),
	.claims = verdict_claims,
	.check = check_verdict,
};
#undef AT

/* A certificate may name its issuer at any length; a verdict must be signed all the same. */
static char *
shorten(const char *text)
{
	g_autofree char *head = NULL;

	if (text == NULL || g_utf8_strlen(text, -1) <= MAX_ISSUER_CHARACTERS)
		return g_strdup(text);
	head = g_utf8_substring(text, 0, MAX_ISSUER_CHARACTERS);
	return g_strconcat(head, "\xe2\x80\xa6", NULL);
}

/**
 * cs_verdict_sign:
 * @verdict: what it says; kid is the key's own; the certificate's issuer is cut at 500 characters
 * @server_key: signs
 *
 * Returns: (transfer full): the token; g_free(). %NULL with %CS_ERROR_INVALID, "token-malformed",
 * where its parts contradict one another, or %CS_ERROR_KEY
 */
char *
cs_verdict_sign(const CsVerdict *verdict, CsPrivateKey *server_key, GError **error)
{
	g_autofree char *issuer = NULL;
	CsVerdict shortened;

	g_return_val_if_fail(verdict != NULL, NULL);
	issuer = shorten(verdict->certificate_issuer);
	shortened = *verdict;
	shortened.certificate_issuer = issuer;
	return cs_token_sign(&verdict_kind, &shortened, server_key, error);
}

/**
 * cs_verdict_verify:
 * @token: from outside
 * @server_key: the key pinned for that organisation
 *
 * The server's signed word of rule 23, where iss, aud and rsh are what the caller sent and to whom.
 *
 * Returns: (transfer full): the verdict; %NULL with %CS_ERROR_INVALID, "token-malformed", or
 * %CS_ERROR_SIGNATURE, "signature-invalid"
 */
CsVerdict *
cs_verdict_verify(const char *token, const CsJwk *server_key, GError **error)
{
	return cs_token_verify(&verdict_kind, token, server_key, error);
}

/**
 * cs_verdict_free:
 * @verdict: (nullable) (transfer full): a verdict
 */
void
cs_verdict_free(CsVerdict *verdict)
{
	cs_token_free(&verdict_kind, verdict);
}

#define AT(member) G_STRUCT_OFFSET(CsKeysToken, member)

static const CsClaim keys_claims[] = {
	{"iss", CS_CLAIM_PARTY, CS_CLAIM_REQUIRED, AT(iss), NULL},
	{"sequence", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(sequence), NULL},
	{"iat", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(iat), NULL},
	{"overlap_until", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(overlap_until), NULL},
	{"next", CS_CLAIM_KEY, CS_CLAIM_REQUIRED, AT(next), NULL},
	{NULL},
};

static gboolean
check_keys_token(gconstpointer token, const char *signer, GError **error)
{
	const CsKeysToken *keys = token;

	if (keys->sequence < 1)
		return cs_token_malformed(error, "claim sequence is malformed");
	if (strcmp(cs_jwk_get_thumbprint(keys->next), signer) == 0)
		return cs_token_malformed(error, "a key cannot succeed itself");
	return cs_token_check_lifetime(keys->iat, keys->overlap_until, MAX_OVERLAP_S, error);
}

static const CsTokenKind keys_kind = {
	.type = "countersign-keys+jwt",
	.header = CS_TOKEN_HEADER_KEY_ID,
	.header_offset = AT(kid),
	.size = sizeof(CsKeysToken),
	.claims = keys_claims,
	.check = check_keys_token,
};
#undef AT

/**
 * cs_keys_token_sign:
 * @token: what it says; kid is the key's own
 * @server_key: the key that names its successor; signs
 *
 * Returns: (transfer full): the token; g_free(). %NULL with %CS_ERROR_INVALID, "token-malformed",
 * or %CS_ERROR_KEY
 */
char *
cs_keys_token_sign(const CsKeysToken *token, CsPrivateKey *server_key, GError **error)
{
	return cs_token_sign(&keys_kind, token, server_key, error);
}

/**
 * cs_keys_token_verify:
 * @token: from outside
 * @pinned_key: the key pinned so far
 *
 * Proves that the pinned key named next. That sequence is higher than the last one is the caller's to
 * check. The overlap binds the server, which signs with either key until then; a device that was away
 * for longer still follows the chain.
 *
 * Returns: (transfer full): the token; %NULL with %CS_ERROR_INVALID, "token-malformed", or
 * %CS_ERROR_SIGNATURE, "signature-invalid"
 */
CsKeysToken *
cs_keys_token_verify(const char *token, const CsJwk *pinned_key, GError **error)
{
	return cs_token_verify(&keys_kind, token, pinned_key, error);
}

/**
 * cs_keys_token_free:
 * @token: (nullable) (transfer full): a token
 */
void
cs_keys_token_free(CsKeysToken *token)
{
	cs_token_free(&keys_kind, token);
}
