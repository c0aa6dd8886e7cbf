/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/token-private.h"

#include <string.h>

#include "core/base/encoding.h"

#define MAX_ID_LENGTH	  64
#define MAX_UNIQUE_LENGTH 128
#define MAX_PARTY_LENGTH  512
#define MAX_TEXT_LENGTH	  2048
#define MAX_LIST_LENGTH	  64
#define HASH_LENGTH	  43

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

#define STRING_MEMBER(token, claim)  G_STRUCT_MEMBER(char *, token, (claim)->offset)
#define STRINGS_MEMBER(token, claim) G_STRUCT_MEMBER(char **, token, (claim)->offset)
#define TIME_MEMBER(token, claim)    G_STRUCT_MEMBER(gint64, token, (claim)->offset)
#define BOOLEAN_MEMBER(token, claim) G_STRUCT_MEMBER(gboolean, token, (claim)->offset)
#define REASON_MEMBER(token, claim)  G_STRUCT_MEMBER(CsReason, token, (claim)->offset)
#define KEY_MEMBER(token, claim)     G_STRUCT_MEMBER(CsJwk *, token, (claim)->offset)

static gboolean
is_of_alphabet(const char *text, const char *alphabet, gsize max_length)
{
	gsize length = strnlen(text, max_length + 1);

	return length >= 1 && length <= max_length && strspn(text, alphabet) == length;
}

static gboolean
is_id(const char *text)
{
	return is_of_alphabet(text, LOWER DIGIT, MAX_ID_LENGTH);
}

static gboolean
is_word(const char *text)
{
	return is_of_alphabet(text, LOWER DIGIT "-", MAX_ID_LENGTH);
}

static gboolean
is_unique(const char *text)
{
	return is_of_alphabet(text, LOWER UPPER DIGIT "_-", MAX_UNIQUE_LENGTH);
}

static gboolean
is_printable(const char *text, gsize max_length)
{
	gsize length = 0;

	while (length <= max_length && g_ascii_isgraph(text[length]))
		length++;
	return length >= 1 && length <= max_length && text[length] == '\0';
}

static gboolean
is_party(const char *text)
{
	return is_printable(text, MAX_PARTY_LENGTH);
}

static gboolean
is_uri(const char *text)
{
	return is_printable(text, MAX_TEXT_LENGTH);
}

static gboolean
is_text(const char *text)
{
	if (strnlen(text, MAX_TEXT_LENGTH + 1) > MAX_TEXT_LENGTH ||
	    !g_utf8_validate(text, -1, NULL))
		return FALSE;
	for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
		if (g_unichar_iscntrl(g_utf8_get_char(p)))
			return FALSE;
	}
	return TRUE;
}

static gboolean
is_hash(const char *text)
{
	g_autoptr(GBytes) bytes = NULL;

	if (strnlen(text, HASH_LENGTH + 1) != HASH_LENGTH)
		return FALSE;
	bytes = cs_base64url_decode(text, HASH_LENGTH, NULL);
	return bytes != NULL && g_bytes_get_size(bytes) == CS_SHA256_SIZE_BYTES;
}

static gboolean
is_hex(const char *text)
{
	return is_of_alphabet(text, "abcdef" DIGIT, CS_SHA256_HEX_LENGTH) &&
	       strlen(text) == CS_SHA256_HEX_LENGTH;
}

static gboolean
string_is_null(const CsClaim *claim, gconstpointer token)
{
	return STRING_MEMBER(token, claim) == NULL;
}

static gboolean
string_read(const CsClaim *claim, const cJSON *value, gpointer token)
{
	if (!cJSON_IsString(value) || !cs_token_value_get(claim->kind)->check(value->valuestring))
		return FALSE;
	STRING_MEMBER(token, claim) = g_strdup(value->valuestring);
	return TRUE;
}

static gboolean
string_write(const CsClaim *claim, gconstpointer token, cJSON *object)
{
	const char *value = STRING_MEMBER(token, claim);

	if (!cs_token_value_get(claim->kind)->check(value))
		return FALSE;
	cs_json_add_string(object, claim->name, value);
	return TRUE;
}

static void
string_clear(const CsClaim *claim, gpointer token)
{
	g_free(STRING_MEMBER(token, claim));
}

static gboolean
strings_is_null(const CsClaim *claim, gconstpointer token)
{
	return STRINGS_MEMBER(token, claim) == NULL;
}

static gboolean
strings_read(const CsClaim *claim, const cJSON *value, gpointer token)
{
	gboolean (*check)(const char *) = cs_token_value_get(claim->kind)->check;
	g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
	const cJSON *item;

	if (!cJSON_IsArray(value) || cJSON_GetArraySize(value) > MAX_LIST_LENGTH)
		return FALSE;
	cJSON_ArrayForEach (item, value) {
		if (!cJSON_IsString(item) || !check(item->valuestring))
			return FALSE;
		g_ptr_array_add(strings, g_strdup(item->valuestring));
	}
	g_ptr_array_add(strings, NULL);
	STRINGS_MEMBER(token, claim) = (char **)g_ptr_array_steal(strings, NULL);
	return TRUE;
}

static gboolean
strings_write(const CsClaim *claim, gconstpointer token, cJSON *object)
{
	gboolean (*check)(const char *) = cs_token_value_get(claim->kind)->check;
	char **strings = STRINGS_MEMBER(token, claim);
	cJSON *array = cs_json_add_array(object, claim->name);

	if (g_strv_length(strings) > MAX_LIST_LENGTH)
		return FALSE;
	for (gsize i = 0; strings[i] != NULL; i++) {
		if (!check(strings[i]))
			return FALSE;
		cs_json_append(array, cJSON_CreateString(strings[i]));
	}
	return TRUE;
}

static void
strings_clear(const CsClaim *claim, gpointer token)
{
	g_strfreev(STRINGS_MEMBER(token, claim));
}

static gint64
get_min_time(const CsClaim *claim)
{
	return claim->kind == CS_CLAIM_DATE ? -CS_TOKEN_MAX_TIME : 0;
}

static gboolean
time_read(const CsClaim *claim, const cJSON *value, gpointer token)
{
	double number = cJSON_GetNumberValue(value);

	/* The range first, and so that a NaN fails it: the conversion is undefined beyond. */
	if (!(number >= (double)get_min_time(claim) && number <= (double)CS_TOKEN_MAX_TIME) ||
	    (double)(gint64)number != number)
		return FALSE;
	TIME_MEMBER(token, claim) = (gint64)number;
	return TRUE;
}

static gboolean
time_write(const CsClaim *claim, gconstpointer token, cJSON *object)
{
	gint64 value = TIME_MEMBER(token, claim);

	if (value < get_min_time(claim) || value > CS_TOKEN_MAX_TIME)
		return FALSE;
	cs_json_add_int64(object, claim->name, value);
	return TRUE;
}

static gboolean
boolean_read(const CsClaim *claim, const cJSON *value, gpointer token)
{
	BOOLEAN_MEMBER(token, claim) = cJSON_IsTrue(value) ? TRUE : FALSE;
	return cJSON_IsBool(value) != 0;
}

static gboolean
boolean_write(const CsClaim *claim, gconstpointer token, cJSON *object)
{
	cs_json_add_boolean(object, claim->name, BOOLEAN_MEMBER(token, claim));
	return TRUE;
}

static gboolean
protection_read(const CsClaim *claim, const cJSON *value, gpointer token)
{
	const char *text = cJSON_GetStringValue(value);

	BOOLEAN_MEMBER(token, claim) = g_strcmp0(text, "hwk") == 0;
	return BOOLEAN_MEMBER(token, claim) || g_strcmp0(text, "swk") == 0;
}

static gboolean
protection_write(const CsClaim *claim, gconstpointer token, cJSON *object)
{
	cs_json_add_string(object, claim->name, BOOLEAN_MEMBER(token, claim) ? "hwk" : "swk");
	return TRUE;
}

static gboolean
reason_is_null(const CsClaim *claim, gconstpointer token)
{
	return REASON_MEMBER(token, claim) == CS_REASON_NONE;
}

static gboolean
reason_read(const CsClaim *claim, const cJSON *value, gpointer token)
{
	REASON_MEMBER(token, claim) = cs_reason_from_code(cJSON_GetStringValue(value));
	return REASON_MEMBER(token, claim) != CS_REASON_NONE;
}

static gboolean
reason_write(const CsClaim *claim, gconstpointer token, cJSON *object)
{
	const char *code = cs_reason_to_code(REASON_MEMBER(token, claim));

	cs_json_add_string(object, claim->name, code);
	return code != NULL;
}

static gboolean
key_is_null(const CsClaim *claim, gconstpointer token)
{
	return KEY_MEMBER(token, claim) == NULL;
}

static gboolean
key_read(const CsClaim *claim, const cJSON *value, gpointer token)
{
	KEY_MEMBER(token, claim) = cs_jwk_new_from_json(value, NULL);
	return KEY_MEMBER(token, claim) != NULL;
}

static gboolean
key_write(const CsClaim *claim, gconstpointer token, cJSON *object)
{
	cs_json_add(object, claim->name, cs_jwk_to_json(KEY_MEMBER(token, claim)));
	return TRUE;
}

static void
key_clear(const CsClaim *claim, gpointer token)
{
	cs_jwk_unref(KEY_MEMBER(token, claim));
}

#define STRING_VALUE(check)                                                                        \
	{                                                                                          \
		string_is_null, string_read, string_write, string_clear, check                     \
	}
#define STRINGS_VALUE(check)                                                                       \
	{                                                                                          \
		strings_is_null, strings_read, strings_write, strings_clear, check                 \
	}

/**
 * cs_token_value_get:
 * @kind: any but %CS_CLAIM_OBJECT
 *
 * Returns: (transfer none): how a claim of that kind is read, written and freed
 */
const CsTokenValue *
cs_token_value_get(CsClaimKind kind)
{
	static const CsTokenValue values[] = {
		[CS_CLAIM_ID] = STRING_VALUE(is_id),
		[CS_CLAIM_WORD] = STRING_VALUE(is_word),
		[CS_CLAIM_UNIQUE] = STRING_VALUE(is_unique),
		[CS_CLAIM_PARTY] = STRING_VALUE(is_party),
		[CS_CLAIM_URI] = STRING_VALUE(is_uri),
		[CS_CLAIM_TEXT] = STRING_VALUE(is_text),
		[CS_CLAIM_HASH] = STRING_VALUE(is_hash),
		[CS_CLAIM_HEX] = STRING_VALUE(is_hex),
		[CS_CLAIM_PARTIES] = STRINGS_VALUE(is_party),
		[CS_CLAIM_WORDS] = STRINGS_VALUE(is_word),
		[CS_CLAIM_TIME] = {NULL, time_read, time_write, NULL, NULL},
		[CS_CLAIM_DATE] = {NULL, time_read, time_write, NULL, NULL},
		[CS_CLAIM_BOOLEAN] = {NULL, boolean_read, boolean_write, NULL, NULL},
		[CS_CLAIM_PROTECTION] = {NULL, protection_read, protection_write, NULL, NULL},
		[CS_CLAIM_REASON] = {reason_is_null, reason_read, reason_write, NULL, NULL},
		[CS_CLAIM_KEY] = {key_is_null, key_read, key_write, key_clear, NULL},
	};

	return &values[kind];
}
