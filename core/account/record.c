/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/record.h"

#include "core/account/account-book.h"
#include "core/base/error.h"

#include <glib/gi18n-lib.h>

#define MAX_FIELDS 24

static gboolean
read_text(const cJSON *object, const CsRecordField *field, gpointer record, GError **error)
{
	const char *value = cs_json_get_string(object, field->name, error);

	G_STRUCT_MEMBER(char *, record, field->offset) = g_strdup(value);
	return value != NULL;
}

static gboolean
read_optional_text(const cJSON *object, const CsRecordField *field, gpointer record, GError **error)
{
	const char *value = NULL;

	if (!cs_json_get_optional_string(object, field->name, &value, error))
		return FALSE;
	G_STRUCT_MEMBER(char *, record, field->offset) = g_strdup(value);
	return TRUE;
}

static gboolean
read_number(const cJSON *object, const CsRecordField *field, gpointer record, GError **error)
{
	return cs_json_get_int64(object, field->name,
				 &G_STRUCT_MEMBER(gint64, record, field->offset), error);
}

static gboolean
read_flag(const cJSON *object, const CsRecordField *field, gpointer record, GError **error)
{
	return cs_json_get_boolean(object, field->name,
				   &G_STRUCT_MEMBER(gboolean, record, field->offset), error);
}

static gboolean
read_managed(const cJSON *object, const CsRecordField *field, gpointer record, GError **error)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, field->name);
	CsManaged managed = CS_MANAGED_UNKNOWN;

	if (cJSON_IsBool(item)) {
		managed = cJSON_IsTrue(item) ? CS_MANAGED_YES : CS_MANAGED_NO;
	} else if (!cJSON_IsNull(item)) {
		cs_error_set(error, CS_ERROR_STATE, "state-invalid",
			     _("member \"%s\" is neither true, false nor null"), field->name);
		return FALSE;
	}
	G_STRUCT_MEMBER(CsManaged, record, field->offset) = managed;
	return TRUE;
}

static gboolean
read_reason(const cJSON *object, const CsRecordField *field, gpointer record, GError **error)
{
	const char *code = NULL;
	CsReason reason = CS_REASON_NONE;

	if (!cs_json_get_optional_string(object, field->name, &code, error))
		return FALSE;
	if (code != NULL) {
		reason = cs_reason_from_code(code);
		if (reason == CS_REASON_NONE) {
			cs_error_set(error, CS_ERROR_STATE, "state-invalid",
				     _("member \"%s\" is no reason code"), field->name);
			return FALSE;
		}
	}
	G_STRUCT_MEMBER(CsReason, record, field->offset) = reason;
	return TRUE;
}

static gboolean
read_key(const cJSON *object, const CsRecordField *field, gpointer record, GError **error)
{
	const cJSON *json = cs_json_get_object(object, field->name, error);
	CsJwk *key = json == NULL ? NULL : cs_jwk_new_from_json(json, error);

	G_STRUCT_MEMBER(CsJwk *, record, field->offset) = key;
	return key != NULL;
}

static gboolean
read_list(const cJSON *object, const CsRecordField *field, gpointer record, GError **error)
{
	return cs_json_get_array(object, field->name, error) != NULL;
}

static gboolean
check_members(const cJSON *object, const CsRecordField *fields, GError **error)
{
	const char *names[MAX_FIELDS + 1] = {NULL};
	gsize n_names = 0;

	for (const CsRecordField *field = fields; field->name != NULL; field++) {
		g_return_val_if_fail(n_names < MAX_FIELDS, FALSE);
		names[n_names++] = field->name;
	}
	return cs_json_check_members(object, names, error);
}

static gboolean
is_later(const CsRecordField *field)
{
	return field->kind == CS_RECORD_LATER_TEXT || field->kind == CS_RECORD_LATER_NUMBER;
}

/**
 * cs_record_read:
 * @object: a JSON value
 * @fields: its members, all of which must be there but for those of a later version, and no others
 * @record: a struct whose fields are zero
 * @error: return location
 *
 * Returns: %TRUE where every field was filled; otherwise %CS_ERROR_INVALID or %CS_ERROR_STATE, and
 *   what was filled is for cs_record_clear()
 */
gboolean
cs_record_read(const cJSON *object, const CsRecordField *fields, gpointer record, GError **error)
{
	static gboolean (*const readers[])(const cJSON *, const CsRecordField *, gpointer,
					   GError **) = {
		[CS_RECORD_TEXT] = read_text,
		[CS_RECORD_OPTIONAL_TEXT] = read_optional_text,
		[CS_RECORD_LATER_TEXT] = read_optional_text,
		[CS_RECORD_NUMBER] = read_number,
		[CS_RECORD_LATER_NUMBER] = read_number,
		[CS_RECORD_FLAG] = read_flag,
		[CS_RECORD_MANAGED] = read_managed,
		[CS_RECORD_REASON] = read_reason,
		[CS_RECORD_KEY] = read_key,
		[CS_RECORD_LIST] = read_list,
	};

	if (!check_members(object, fields, error))
		return FALSE;
	for (const CsRecordField *field = fields; field->name != NULL; field++) {
		gboolean is_there = cJSON_GetObjectItemCaseSensitive(object, field->name) != NULL;

		if (!is_there && is_later(field))
			continue;
		if (!is_there) {
			cs_error_set(error, CS_ERROR_STATE, "state-invalid",
				     _("member \"%s\" is missing"), field->name);
			return FALSE;
		}
		if (!readers[field->kind](object, field, record, error))
			return FALSE;
	}
	return TRUE;
}

static void
write_managed(cJSON *object, const char *name, CsManaged managed)
{
	if (managed == CS_MANAGED_UNKNOWN)
		cs_json_add_null(object, name);
	else
		cs_json_add_boolean(object, name, managed == CS_MANAGED_YES);
}

static void
write_reason(cJSON *object, const char *name, CsReason reason)
{
	cs_json_add_string(object, name,
			   reason == CS_REASON_NONE ? NULL : cs_reason_to_code(reason));
}

static void
write_field(cJSON *object, const CsRecordField *field, gconstpointer record)
{
	const char *name = field->name;
	gsize offset = field->offset;

	switch (field->kind) {
	case CS_RECORD_TEXT:
	case CS_RECORD_OPTIONAL_TEXT:
	case CS_RECORD_LATER_TEXT:
		cs_json_add_string(object, name, G_STRUCT_MEMBER(char *, record, offset));
		break;
	case CS_RECORD_NUMBER:
	case CS_RECORD_LATER_NUMBER:
		cs_json_add_int64(object, name, G_STRUCT_MEMBER(gint64, record, offset));
		break;
	case CS_RECORD_FLAG:
		cs_json_add_boolean(object, name, G_STRUCT_MEMBER(gboolean, record, offset));
		break;
	case CS_RECORD_MANAGED:
		write_managed(object, name, G_STRUCT_MEMBER(CsManaged, record, offset));
		break;
	case CS_RECORD_REASON:
		write_reason(object, name, G_STRUCT_MEMBER(CsReason, record, offset));
		break;
	case CS_RECORD_KEY:
		cs_json_add(object, name, cs_jwk_to_json(G_STRUCT_MEMBER(CsJwk *, record, offset)));
		break;
	case CS_RECORD_LIST:
		break;
	}
}

/**
 * cs_record_write:
 * @object: a JSON object that gains the members
 * @fields: the table; lists are left to the caller
 * @record: the struct
 */
void
cs_record_write(cJSON *object, const CsRecordField *fields, gconstpointer record)
{
	for (const CsRecordField *field = fields; field->name != NULL; field++)
		write_field(object, field, record);
}

static gboolean
is_text(const CsRecordField *field)
{
	return field->kind == CS_RECORD_TEXT || field->kind == CS_RECORD_OPTIONAL_TEXT ||
	       field->kind == CS_RECORD_LATER_TEXT;
}

/**
 * cs_record_clear:
 * @fields: the table; lists are left to the caller
 * @record: the struct, whose texts and keys are released
 */
void
cs_record_clear(const CsRecordField *fields, gpointer record)
{
	for (const CsRecordField *field = fields; field->name != NULL; field++) {
		if (is_text(field))
			g_clear_pointer(&G_STRUCT_MEMBER(char *, record, field->offset), g_free);
		else if (field->kind == CS_RECORD_KEY)
			g_clear_pointer(&G_STRUCT_MEMBER(CsJwk *, record, field->offset),
					cs_jwk_unref);
	}
}

/**
 * cs_record_own_texts:
 * @fields: the table, of texts and plain values
 * @record: a struct that was copied by assignment; it gets texts of its own
 */
void
cs_record_own_texts(const CsRecordField *fields, gpointer record)
{
	for (const CsRecordField *field = fields; field->name != NULL; field++) {
		if (is_text(field))
			G_STRUCT_MEMBER(char *, record, field->offset) =
				g_strdup(G_STRUCT_MEMBER(char *, record, field->offset));
	}
}
