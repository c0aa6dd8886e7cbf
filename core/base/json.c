/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/json.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/json-grammar.h"
#include "core/base/secret.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define NAME_SHOWN_MAX 32
/* From here on cJSON prints a number with 15 digits and loses the rest. */
#define CJSON_EXACT_END G_GINT64_CONSTANT(1000000000000000)
#define INTEGER_MAX	((G_GINT64_CONSTANT(1) << 53) - 1)

static gboolean
set_malformed(GError **error, const char *what)
{
	cs_error_set(error, CS_ERROR_INVALID, NULL, _("malformed JSON: %s"), what);
	return FALSE;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* By sorting, not by hashing: names chosen to collide must not make this quadratic. Decoded names
 * are compared, so that "a" and "\u0061" are one. */
static gboolean
check_names_unique(const cJSON *object, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const cJSON *member;

	cJSON_ArrayForEach (member, object)
		g_ptr_array_add(names, member->string);
	g_ptr_array_sort(names, compare_names);
	for (guint i = 1; i < names->len; i++) {
		if (strcmp(names->pdata[i - 1], names->pdata[i]) == 0)
			return set_malformed(error, _("a member that is there twice"));
	}
	return TRUE;
}

/* Recursion no deeper than sixteen levels: the grammar check has seen to that. */
static gboolean
check_values(const cJSON *value, GError **error)
{
	const cJSON *child;

	if (cJSON_IsNumber(value) && !isfinite(value->valuedouble))
		return set_malformed(error, _("a number that is too large"));
	if (cJSON_IsObject(value) && !check_names_unique(value, error))
		return FALSE;
	cJSON_ArrayForEach (child, value) {
		if (!check_values(child, error))
			return FALSE;
	}
	return TRUE;
}

/**
 * cs_json_parse:
 * @text: (nullable): JSON text, not necessarily NUL-terminated
 * @length: its bytes; the caller has capped it
 * @error: %CS_ERROR_INVALID
 *
 * Parses strictly: RFC 8259's grammar, one value and only white space around it, UTF-8 without NUL
 * in any spelling, no lone surrogates, no duplicate members, at most 16 levels and 65536 values,
 * numbers of at most 40 characters that a double can hold.
 *
 * Returns: (transfer full) (nullable): the value; g_autoptr(cJSON) frees it.
 */
cJSON *
cs_json_parse(const char *text, gsize length, GError **error)
{
	g_autoptr(cJSON) value = NULL;

	if (!cs_json_check_grammar(text, length, error))
		return NULL;
	value = cJSON_ParseWithLength(text, length);
	if (value == NULL) {
		set_malformed(error, _("it cannot be decoded"));
		return NULL;
	}
	if (!check_values(value, error))
		return NULL;
	return g_steal_pointer(&value);
}

/**
 * cs_json_parse_bytes:
 * @text: JSON text
 * @error: %CS_ERROR_INVALID
 *
 * Returns: (transfer full) (nullable): as cs_json_parse().
 */
cJSON *
cs_json_parse_bytes(GBytes *text, GError **error)
{
	gsize length;
	const char *data = g_bytes_get_data(text, &length);

	return cs_json_parse(data, length, error);
}

/**
 * cs_json_wipe:
 * @object: (nullable): an object that was parsed
 *
 * Overwrites the strings that are its members, where one of them was a secret. Of what was read from
 * it nothing may be used any more; deleting it is still the caller's.
 */
void
cs_json_wipe(cJSON *object)
{
	cJSON *member = NULL;

	cJSON_ArrayForEach (member, object) {
		if (member->valuestring != NULL)
			cs_secret_wipe(member->valuestring, strlen(member->valuestring));
	}
}

/**
 * cs_json_check_members:
 * @object: a value from outside
 * @allowed: NULL-terminated names
 * @error: %CS_ERROR_INVALID
 *
 * Returns: FALSE where @object is no object or has a member that is not named.
 */
gboolean
cs_json_check_members(const cJSON *object, const char *const *allowed, GError **error)
{
	const cJSON *member;

	if (!cJSON_IsObject(object)) {
		cs_error_set(error, CS_ERROR_INVALID, NULL, _("not a JSON object"));
		return FALSE;
	}
	cJSON_ArrayForEach (member, object) {
		if (!g_strv_contains(allowed, member->string)) {
			g_autofree char *shown = g_strndup(member->string, NAME_SHOWN_MAX);
			g_autofree char *escaped = g_strescape(shown, NULL);

			cs_error_set(error, CS_ERROR_INVALID, NULL, _("unknown member \"%s\""),
				     escaped);
			return FALSE;
		}
	}
	return TRUE;
}

static const cJSON *
find_member(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

/* The kind is N_("a string"), say. */
static const cJSON *
get_member(const cJSON *object, const char *name, int types, const char *kind, GError **error)
{
	const cJSON *member = find_member(object, name);

	if (member == NULL) {
		cs_error_set(error, CS_ERROR_INVALID, NULL, _("member \"%s\" is missing"), name);
		return NULL;
	}
	if ((member->type & 0xff & types) == 0) {
		/* Translators: the second is a string, a number, a boolean, an object or an array. */
		cs_error_set(error, CS_ERROR_INVALID, NULL, _("member \"%s\" is not %s"), name,
			     _(kind));
		return NULL;
	}
	return member;
}

/**
 * cs_json_get_string:
 * @object: (nullable): a value from outside
 * @name: the member
 * @error: %CS_ERROR_INVALID where it is missing or no string
 *
 * Returns: (transfer none) (nullable): valid UTF-8, as long as @object is.
 */
const char *
cs_json_get_string(const cJSON *object, const char *name, GError **error)
{
	const cJSON *member = get_member(object, name, cJSON_String, N_("a string"), error);

	return member != NULL ? member->valuestring : NULL;
}

/**
 * cs_json_get_int64:
 * @object: (nullable): a value from outside
 * @name: the member
 * @value: (out): the number
 * @error: %CS_ERROR_INVALID where it is missing, no number, not integral, or not below 2^53 in
 *   magnitude (from there on a double no longer tells neighbours apart, RFC 8259 section 6)
 *
 * Returns: FALSE on error; *@value is left alone then.
 */
gboolean
cs_json_get_int64(const cJSON *object, const char *name, gint64 *value, GError **error)
{
	const cJSON *member = get_member(object, name, cJSON_Number, N_("a number"), error);

	if (member == NULL)
		return FALSE;
	if (!(fabs(member->valuedouble) <= (double)INTEGER_MAX) ||
	    trunc(member->valuedouble) != member->valuedouble) {
		cs_error_set(error, CS_ERROR_INVALID, NULL, _("member \"%s\" is not an integer"),
			     name);
		return FALSE;
	}
	*value = (gint64)member->valuedouble;
	return TRUE;
}

/**
 * cs_json_get_boolean:
 * @object: (nullable): a value from outside
 * @name: the member
 * @value: (out): what it says
 * @error: %CS_ERROR_INVALID where it is missing or no boolean
 *
 * Returns: FALSE on error, not the value.
 */
gboolean
cs_json_get_boolean(const cJSON *object, const char *name, gboolean *value, GError **error)
{
	const cJSON *member =
		get_member(object, name, cJSON_True | cJSON_False, N_("a boolean"), error);

	if (member == NULL)
		return FALSE;
	*value = cJSON_IsTrue(member) ? TRUE : FALSE;
	return TRUE;
}

/**
 * cs_json_get_object:
 * @object: (nullable): a value from outside
 * @name: the member
 * @error: %CS_ERROR_INVALID where it is missing or no object
 *
 * Returns: (transfer none) (nullable): the object inside.
 */
const cJSON *
cs_json_get_object(const cJSON *object, const char *name, GError **error)
{
	return get_member(object, name, cJSON_Object, N_("an object"), error);
}

/**
 * cs_json_get_array:
 * @object: (nullable): a value from outside
 * @name: the member
 * @error: %CS_ERROR_INVALID where it is missing or no array
 *
 * Returns: (transfer none) (nullable): the array inside.
 */
const cJSON *
cs_json_get_array(const cJSON *object, const char *name, GError **error)
{
	return get_member(object, name, cJSON_Array, N_("an array"), error);
}

/**
 * cs_json_get_optional_string:
 * @object: a value from outside
 * @name: the member
 * @value: (out) (nullable): the string, lent; NULL where it is absent or null
 * @error: %CS_ERROR_INVALID where it is something else, or @object is no object
 *
 * Returns: FALSE on error.
 */
gboolean
cs_json_get_optional_string(const cJSON *object,
			    const char *name,
			    const char **value,
			    GError **error)
{
	const cJSON *member = find_member(object, name);

	*value = NULL;
	if (cJSON_IsObject(object) && (member == NULL || cJSON_IsNull(member)))
		return TRUE;
	*value = cs_json_get_string(object, name, error);
	return *value != NULL;
}

/* From here on the tree cannot be printed: cJSON prints no item of this type. */
static void
spoil(cJSON *tree)
{
	if (tree != NULL)
		tree->type = cJSON_Invalid;
}

/**
 * cs_json_add:
 * @object: (nullable): an object; or an array, to whose end the value goes, with @name NULL
 * @name: (nullable): the member, not there yet
 * @value_taken: (transfer full) (nullable): any value
 *
 * Adds a value that was built. Where it could not be built for want of memory (%NULL), or cannot be
 * added, @object cannot be printed any more, nor what it is part of.
 */
void
cs_json_add(cJSON *object, const char *name, cJSON *value_taken)
{
	gboolean added = name != NULL ? cJSON_AddItemToObject(object, name, value_taken)
				      : cJSON_AddItemToArray(object, value_taken);

	if (added)
		return;
	cJSON_Delete(value_taken);
	spoil(object);
}

/**
 * cs_json_append:
 * @array: (nullable): an array
 * @value_taken: (transfer full) (nullable): as in cs_json_add()
 *
 * Adds a value to an array's end.
 */
void
cs_json_append(cJSON *array, cJSON *value_taken)
{
	cs_json_add(array, NULL, value_taken);
}

/**
 * cs_json_add_null:
 * @object: as in cs_json_add()
 * @name: (nullable): as in cs_json_add()
 *
 * Adds null.
 */
void
cs_json_add_null(cJSON *object, const char *name)
{
	cs_json_add(object, name, cJSON_CreateNull());
}

/**
 * cs_json_add_string:
 * @object: as in cs_json_add()
 * @name: (nullable): as in cs_json_add()
 * @value: (nullable): text; NULL becomes null; what is no UTF-8 in it is replaced by U+FFFD
 *
 * Adds a string.
 */
void
cs_json_add_string(cJSON *object, const char *name, const char *value)
{
	g_autofree char *valid = value != NULL ? g_utf8_make_valid(value, -1) : NULL;

	cs_json_add(object, name, valid != NULL ? cJSON_CreateString(valid) : cJSON_CreateNull());
}

/**
 * cs_json_add_int64:
 * @object: as in cs_json_add()
 * @name: (nullable): as in cs_json_add()
 * @value: below 2^53 in magnitude, which cs_json_get_int64() reads back exactly
 *
 * Adds an integer.
 */
void
cs_json_add_int64(cJSON *object, const char *name, gint64 value)
{
	char digits[24];

	g_return_if_fail(value >= -INTEGER_MAX && value <= INTEGER_MAX);

	if (value > -CJSON_EXACT_END && value < CJSON_EXACT_END) {
		cs_json_add(object, name, cJSON_CreateNumber((double)value));
		return;
	}
	g_snprintf(digits, sizeof(digits), "%" G_GINT64_FORMAT, value);
	cs_json_add(object, name, cJSON_CreateRaw(digits));
}

/**
 * cs_json_add_boolean:
 * @object: as in cs_json_add()
 * @name: (nullable): as in cs_json_add()
 * @value: what to say
 *
 * Adds true or false.
 */
void
cs_json_add_boolean(cJSON *object, const char *name, gboolean value)
{
	cs_json_add(object, name, cJSON_CreateBool(value));
}

/**
 * cs_json_add_time:
 * @object: as in cs_json_add()
 * @name: (nullable): as in cs_json_add()
 * @time_unix_s: seconds since 1970; 0, "never", becomes null
 *
 * Adds a time as RFC 3339 text.
 */
void
cs_json_add_time(cJSON *object, const char *name, gint64 time_unix_s)
{
	g_autofree char *text = time_unix_s != 0 ? cs_time_format_rfc3339(time_unix_s) : NULL;

	cs_json_add_string(object, name, text);
}

/* NULL where it was not added, and so was freed. */
static cJSON *
find_last(const cJSON *object, cJSON *added)
{
	return object != NULL && object->type != cJSON_Invalid ? added : NULL;
}

/**
 * cs_json_add_array:
 * @object: as in cs_json_add()
 * @name: (nullable): as in cs_json_add()
 *
 * Returns: (transfer none) (nullable): an empty array, added; NULL where @object is lost, which the
 *   other builders bear
 */
cJSON *
cs_json_add_array(cJSON *object, const char *name)
{
	cJSON *array = cJSON_CreateArray();

	cs_json_add(object, name, array);
	return find_last(object, array);
}

/**
 * cs_json_add_object:
 * @object: as in cs_json_add()
 * @name: (nullable): as in cs_json_add()
 *
 * Returns: (transfer none) (nullable): an empty object, added; NULL as in cs_json_add_array()
 */
cJSON *
cs_json_add_object(cJSON *object, const char *name)
{
	cJSON *added = cJSON_CreateObject();

	cs_json_add(object, name, added);
	return find_last(object, added);
}

static char *
take_printed(char *printed)
{
	char *text = g_strdup(printed);

	if (printed != NULL)
		cs_secret_wipe(printed, strlen(printed));
	cJSON_free(printed);
	return text;
}

/**
 * cs_json_print:
 * @value: (nullable): a value
 *
 * Returns: (transfer full) (nullable): compact JSON in one line, g_free() it; NULL where memory ran
 *   out, now or while @value was built (see cs_json_set_lost())
 */
char *
cs_json_print(const cJSON *value)
{
	return take_printed(cJSON_PrintUnformatted(value));
}

/**
 * cs_json_print_pretty:
 * @value: (nullable): a value
 *
 * Returns: (transfer full) (nullable): indented JSON, for people's files, as cs_json_print()
 */
char *
cs_json_print_pretty(const cJSON *value)
{
	return take_printed(cJSON_Print(value));
}

/**
 * cs_json_set_lost:
 * @error: %CS_ERROR_STATE, reason "out-of-memory"
 *
 * Why cs_json_print() or cs_json_print_pretty() answered NULL.
 */
void
cs_json_set_lost(GError **error)
{
	cs_error_set(error, CS_ERROR_STATE, "out-of-memory", "there was not enough memory");
}
