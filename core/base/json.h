/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <cjson/cJSON.h>
#include <glib.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(cJSON, cJSON_Delete)

/* Strict: RFC 8259's grammar and I-JSON's rules, bounded in depth and number of values. */
cJSON *cs_json_parse(const char *text, gsize length, GError **error);
cJSON *cs_json_parse_bytes(GBytes *text, GError **error);
/* Overwrites its members' strings, of which one was a secret; then delete it. */
void cs_json_wipe(cJSON *object);

/* Members by allow-list: NULL-terminated names; anything else is CS_ERROR_INVALID. */
gboolean cs_json_check_members(const cJSON *object, const char *const *allowed, GError **error);

/* Required members; the wrong type or a missing one is CS_ERROR_INVALID. Strings are lent. */
const char *cs_json_get_string(const cJSON *object, const char *name, GError **error);
gboolean cs_json_get_int64(const cJSON *object, const char *name, gint64 *value, GError **error);
gboolean
cs_json_get_boolean(const cJSON *object, const char *name, gboolean *value, GError **error);
const cJSON *cs_json_get_object(const cJSON *object, const char *name, GError **error);
const cJSON *cs_json_get_array(const cJSON *object, const char *name, GError **error);

/* Optional string: TRUE and *value NULL where the member is absent or JSON null. */
gboolean cs_json_get_optional_string(const cJSON *object,
				     const char *name,
				     const char **value,
				     GError **error);

/* Builders; into an array with name NULL. A NULL string and a time of 0 become null. */
void cs_json_add_string(cJSON *object, const char *name, const char *value);
void cs_json_add_int64(cJSON *object, const char *name, gint64 value);
void cs_json_add_boolean(cJSON *object, const char *name, gboolean value);
void cs_json_add_time(cJSON *object, const char *name, gint64 time_unix_s);
cJSON *cs_json_add_array(cJSON *object, const char *name);
cJSON *cs_json_add_object(cJSON *object, const char *name);
void cs_json_add_null(cJSON *object, const char *name);
void cs_json_add(cJSON *object, const char *name, cJSON *value_taken);
void cs_json_append(cJSON *array, cJSON *value_taken);
/* Compact; and for people's files. g_free(). NULL where memory ran out while the value was built or
 * printed: what was lost on the way is never mistaken for what was not there. */
char *cs_json_print(const cJSON *value);
char *cs_json_print_pretty(const cJSON *value);
void cs_json_set_lost(GError **error); /* says so: CS_ERROR_STATE "out-of-memory" */
