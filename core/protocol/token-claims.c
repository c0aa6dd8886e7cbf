/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/token-private.h"

#include <string.h>

/**
 * cs_token_malformed:
 * @format: what is wrong; never a value out of the token
 *
 * Sets %CS_ERROR_INVALID, "token-malformed".
 *
 * Returns: %FALSE
 */
gboolean
cs_token_malformed(GError **error, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	cs_error_set(error, CS_ERROR_INVALID, "token-malformed", "%s", message);
	return FALSE;
}

static gboolean
claim_malformed(const CsClaim *claim, GError **error)
{
	return cs_token_malformed(error, "claim %s is missing or malformed", claim->name);
}

/**
 * cs_token_check_lifetime:
 * @iat: NumericDate
 * @exp: NumericDate
 * @max_lifetime_s: seconds
 *
 * Looks at no clock: whether the time is now is for the caller to ask.
 *
 * Returns: %TRUE where @exp is after @iat, by at most @max_lifetime_s
 */
gboolean
cs_token_check_lifetime(gint64 iat, gint64 exp, gint64 max_lifetime_s, GError **error)
{
	if (exp <= iat || exp - iat > max_lifetime_s)
		return cs_token_malformed(error, "the lifetime is not one that is accepted");
	return TRUE;
}

static gboolean
read_value(const CsClaim *claim, const cJSON *value, gpointer token, GError **error)
{
	if (claim->kind == CS_CLAIM_OBJECT)
		return cs_token_read_claims(claim->members, value, token, error);
	return cs_token_value_get(claim->kind)->read(claim, value, token) ||
	       claim_malformed(claim, error);
}

static gboolean
check_known(const CsClaim *claims, const cJSON *object, GError **error)
{
	const cJSON *member;

	cJSON_ArrayForEach (member, object) {
		const CsClaim *claim = claims;

		while (claim->name != NULL && strcmp(claim->name, member->string) != 0)
			claim++;
		if (claim->name == NULL)
			return cs_token_malformed(error, "an unknown claim");
	}
	return TRUE;
}

/**
 * cs_token_read_claims:
 * @claims: the table
 * @object: (nullable): out of cs_json_parse(), so that it holds no member twice
 * @token: the struct, all zero; to be cleared by cs_token_clear_claims() in any case
 *
 * Returns: %TRUE where @object holds exactly what the table asks for and allows; else %FALSE with
 * %CS_ERROR_INVALID, "token-malformed"
 */
gboolean
cs_token_read_claims(const CsClaim *claims, const cJSON *object, gpointer token, GError **error)
{
	if (!cJSON_IsObject(object))
		return cs_token_malformed(error, "not an object");
	if (!check_known(claims, object, error))
		return FALSE;
	for (const CsClaim *claim = claims; claim->name != NULL; claim++) {
		const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, claim->name);

		if (value == NULL && claim->presence == CS_CLAIM_OPTIONAL)
			continue;
		if (cJSON_IsNull(value) && claim->presence == CS_CLAIM_NULLABLE)
			continue;
		if (value == NULL)
			return claim_malformed(claim, error);
		if (!read_value(claim, value, token, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
is_null(const CsClaim *claim, gconstpointer token)
{
	const CsTokenValue *value;

	if (claim->kind == CS_CLAIM_OBJECT)
		return claim->presence != CS_CLAIM_REQUIRED && is_null(claim->members, token);
	value = cs_token_value_get(claim->kind);
	return value->is_null != NULL && value->is_null(claim, token);
}

static gboolean
write_value(const CsClaim *claim, gconstpointer token, cJSON *object, GError **error)
{
	if (claim->kind == CS_CLAIM_OBJECT)
		return cs_token_write_claims(claim->members, token,
					     cs_json_add_object(object, claim->name), error);
	return cs_token_value_get(claim->kind)->write(claim, token, object) ||
	       claim_malformed(claim, error);
}

/**
 * cs_token_write_claims:
 * @claims: the table
 * @token: the struct
 * @object: gains the claims
 *
 * The checks are cs_token_read_claims()'s, so that we sign nothing that we would refuse.
 *
 * Returns: %TRUE where all was written; else %FALSE with %CS_ERROR_INVALID, "token-malformed"
 */
gboolean
cs_token_write_claims(const CsClaim *claims, gconstpointer token, cJSON *object, GError **error)
{
	for (const CsClaim *claim = claims; claim->name != NULL; claim++) {
		if (!is_null(claim, token)) {
			if (!write_value(claim, token, object, error))
				return FALSE;
		} else if (claim->presence == CS_CLAIM_REQUIRED) {
			return claim_malformed(claim, error);
		} else if (claim->presence == CS_CLAIM_NULLABLE) {
			cs_json_add_null(object, claim->name);
		}
	}
	return TRUE;
}

static void
clear_value(const CsClaim *claim, gpointer token)
{
	void (*clear)(const CsClaim *, gpointer);

	if (claim->kind == CS_CLAIM_OBJECT) {
		cs_token_clear_claims(claim->members, token);
		return;
	}
	clear = cs_token_value_get(claim->kind)->clear;
	if (clear != NULL)
		clear(claim, token);
}

/**
 * cs_token_clear_claims:
 * @claims: the table
 * @token: the struct, about to be freed
 */
void
cs_token_clear_claims(const CsClaim *claims, gpointer token)
{
	for (const CsClaim *claim = claims; claim->name != NULL; claim++)
		clear_value(claim, token);
}
