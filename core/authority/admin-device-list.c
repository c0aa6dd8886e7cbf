/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin-private.h"

#include "core/base/encoding.h"

#include <string.h>

/* A record with all that belongs to it, of one moment. */
typedef struct {
	CsRegistry *registry;
	CsDeviceRow *device;
	GPtrArray *keys;
	GPtrArray *accounts;
	GPtrArray *logins; /* of the account at the same place */
	GPtrArray *links;
} Record;

static void
record_clear(Record *record)
{
	g_clear_pointer(&record->keys, g_ptr_array_unref);
	g_clear_pointer(&record->accounts, g_ptr_array_unref);
	g_clear_pointer(&record->logins, g_ptr_array_unref);
	g_clear_pointer(&record->links, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Record, record_clear)

static gboolean
load_logins(Record *record, GError **error)
{
	record->logins = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < record->accounts->len; i++) {
		const CsAccountRow *account = g_ptr_array_index(record->accounts, i);
		g_autoptr(CsUserRow) user =
			cs_registry_get_user_by_id(record->registry, account->user_id, error);

		if (user == NULL)
			return FALSE;
		g_ptr_array_add(record->logins, g_strdup(user->login));
	}
	return TRUE;
}

static gboolean
load_record(Record *record, GError **error)
{
	const char *id = record->device->id;

	record->keys = cs_registry_list_device_keys(record->registry, id, error);
	if (record->keys == NULL)
		return FALSE;
	record->links = cs_registry_list_links(record->registry, id, error);
	if (record->links == NULL)
		return FALSE;
	record->accounts = cs_registry_list_accounts(record->registry, NULL, id, error);
	return record->accounts != NULL && load_logins(record, error);
}

static int
compare_logins(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The logins of live accounts, sorted, each once. */
static cJSON *
users_to_json(const Record *record)
{
	g_autoptr(GPtrArray) logins = g_ptr_array_new();
	cJSON *users = cJSON_CreateArray();

	for (guint i = 0; i < record->accounts->len; i++) {
		const CsAccountRow *account = g_ptr_array_index(record->accounts, i);

		if (!account->deleted)
			g_ptr_array_add(logins, g_ptr_array_index(record->logins, i));
	}
	g_ptr_array_sort(logins, compare_logins);
	for (guint i = 0; i < logins->len; i++) {
		const char *login = g_ptr_array_index(logins, i);

		if (i == 0 || !g_str_equal(login, g_ptr_array_index(logins, i - 1)))
			cs_json_append(users, cJSON_CreateString(login));
	}
	return users;
}

/* Whose key it is: of the newest live account under it, else of the newest; NULL where none was
 * ever there. */
static const char *
find_login_of_key(const Record *record, const CsDeviceKeyRow *key)
{
	const char *ended = NULL;
	const char *live = NULL;

	for (guint i = 0; i < record->accounts->len; i++) {
		const CsAccountRow *account = g_ptr_array_index(record->accounts, i);
		const char *login = g_ptr_array_index(record->logins, i);

		if (!g_str_equal(account->key_id, key->id))
			continue;
		if (account->deleted)
			ended = login;
		else
			live = login;
	}
	return live != NULL ? live : ended;
}

static cJSON *
keys_to_json(const Record *record)
{
	cJSON *keys = cJSON_CreateArray();

	for (guint i = 0; i < record->keys->len; i++) {
		const CsDeviceKeyRow *key = g_ptr_array_index(record->keys, i);
		cJSON *json = cJSON_CreateObject();

		cs_json_add_string(json, "id", key->id);
		cs_json_add_string(json, "user", find_login_of_key(record, key));
		cs_json_add_boolean(json, "approved", key->approval != CS_APPROVAL_NONE);
		cs_json_append(keys, json);
	}
	return keys;
}

static void
add_link_details(cJSON *json, const CsLinkRow *link)
{
	cJSON *keys = NULL;

	cs_json_add_string(json, "key_fingerprint", link->key_fingerprint);
	cs_json_add_time(json, "bound_at", link->bound_at);
	cs_json_add_time(json, "hand_over_until", link->hand_over_until);
	keys = cs_json_add_array(json, "keys");
	for (char **id = link->key_ids; *id != NULL; id++)
		cs_json_append(keys, cJSON_CreateString(*id));
}

static cJSON *
links_to_json(const Record *record, gboolean details)
{
	cJSON *links = cJSON_CreateArray();

	for (guint i = 0; i < record->links->len; i++) {
		const CsLinkRow *link = g_ptr_array_index(record->links, i);
		cJSON *json = cJSON_CreateObject();

		cs_json_add_string(json, "certificate", link->certificate);
		cs_json_add_string(json, "state", cs_link_state_to_text(link->state));
		if (details)
			add_link_details(json, link);
		cs_json_append(links, json);
	}
	return links;
}

static cJSON *
record_to_json(const Record *record, gboolean details)
{
	cJSON *json = cJSON_CreateObject();

	cs_json_add_string(json, "id", record->device->id);
	cs_json_add_string(json, "helpdesk_code", record->device->helpdesk_code);
	cs_json_add_string(json, "name", record->device->name);
	cs_json_add_string(json, "state", cs_device_state_to_text(record->device->state));
	cs_json_add(json, "users", users_to_json(record));
	cs_json_add(json, "keys", keys_to_json(record));
	cs_json_add(json, "links", links_to_json(record, details));
	return json;
}

static cJSON *
list_devices(CsAdminAct *act, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) rows = cs_registry_list_devices(act->registry, error);
	g_autoptr(cJSON) json = cJSON_CreateObject();
	cJSON *devices = NULL;

	if (rows == NULL)
		return NULL;
	devices = cs_json_add_array(json, "devices");
	for (guint i = 0; i < rows->len; i++) {
		g_auto(Record) record = {
			.registry = act->registry,
			.device = g_ptr_array_index(rows, i),
		};

		if (!load_record(&record, error))
			return NULL;
		cs_json_append(devices, record_to_json(&record, FALSE));
	}
	return g_steal_pointer(&json);
}

/**
 * cs_admin_list_devices:
 * @a: the authority
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): {"devices": [{"id", "helpdesk_code", "name", "state",
 *   "users", "keys": [{"id", "user", "approved"}], "links": [{"certificate", "state"}]}]} in the
 *   order created, deleted ones too; name is what the device claims; CS_ERROR_STATE
 */
cJSON *
cs_admin_list_devices(CsAuthority *a, GError **error)
{
	return cs_admin_read(a, list_devices, NULL, error);
}

static cJSON *
accounts_to_json(const Record *record)
{
	cJSON *accounts = cJSON_CreateArray();

	for (guint i = 0; i < record->accounts->len; i++) {
		const CsAccountRow *account = g_ptr_array_index(record->accounts, i);
		cJSON *json = cJSON_CreateObject();

		cs_json_add_string(json, "id", account->id);
		cs_json_add_string(json, "user", g_ptr_array_index(record->logins, i));
		cs_json_add_string(json, "state", account->deleted ? "deleted" : "active");
		cs_json_add_time(json, "created_at", account->created_at);
		cs_json_append(accounts, json);
	}
	return accounts;
}

static cJSON *
steps_to_json(const Record *record)
{
	CsRepurposeFacts facts;

	cs_lifecycle_gather_facts(record->device, record->accounts, record->links, NULL, &facts);
	return cs_lifecycle_steps_to_json(&facts);
}

/* Until when some suspended link may still be handed over; 0 where none may. */
static gint64
find_hand_over(const Record *record, gint64 now)
{
	gint64 until = 0;

	for (guint i = 0; i < record->links->len; i++) {
		const CsLinkRow *link = g_ptr_array_index(record->links, i);

		if (link->state == CS_LINK_SUSPENDED && link->hand_over_until > now)
			until = MAX(until, link->hand_over_until);
	}
	return until;
}

/* Rule 25's dead end: certificates wait for a new user, and none may take them over any more. */
static gboolean
has_expired_hand_over(const Record *record, gint64 now)
{
	gboolean waits = FALSE;

	for (guint i = 0; i < record->links->len; i++) {
		const CsLinkRow *link = g_ptr_array_index(record->links, i);

		waits = waits || link->state == CS_LINK_SUSPENDED;
	}
	return waits && record->device->state == CS_DEVICE_ACTIVE &&
	       find_hand_over(record, now) == 0;
}

static void
add_hand_over(cJSON *json, const Record *record, gint64 now)
{
	cs_json_add_time(json, "hand_over_until", find_hand_over(record, now));
	cs_json_add_boolean(json, "hand_over_expired", has_expired_hand_over(record, now));
}

/* (transfer full) (nullable): an id in the one spelling that scripts see ids in, hexadecimal. */
static char *
spell_id(const char *hardware_id)
{
	g_autoptr(GBytes) bytes =
		hardware_id != NULL ? cs_base64url_decode(hardware_id, -1, NULL) : NULL;

	return bytes != NULL ? cs_hex_encode(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes))
			     : g_strdup(hardware_id);
}

static cJSON *
show_repurposing(CsAdminAct *act, gpointer data, GError **error)
{
	g_autoptr(CsDeviceRow) device = cs_registry_get_device(act->registry, data, error);
	g_auto(Record) record = {.registry = act->registry, .device = device};
	cJSON *json = NULL;

	if (device == NULL || !load_record(&record, error))
		return NULL;
	json = cJSON_CreateObject();
	cs_json_add_string(json, "id", device->id);
	cs_json_add_string(json, "helpdesk_code", device->helpdesk_code);
	cs_json_add_string(json, "name", device->name);
	cs_json_add_string(json, "state", cs_device_state_to_text(device->state));
	cs_json_add(json, "users", users_to_json(&record));
	cs_json_add(json, "steps", steps_to_json(&record));
	add_hand_over(json, &record, act->now);
	return json;
}

/**
 * cs_admin_show_repurposing:
 * @a: the authority
 * @id: the device's
 * @error: where to put the error
 *
 * Rule 25, as cs_admin_show_device() has it and POST /v1/device answers it, without all the rest:
 * cheap enough to be asked for every second.
 *
 * Returns: (transfer full) (nullable): {"id", "helpdesk_code", "name", "state", "users", "steps":
 *   [{"step", "done", "by"}], "hand_over_until", "hand_over_expired": certificates wait, and nobody
 *   may take them over any more}; CS_ERROR_NOT_FOUND; CS_ERROR_STATE
 */
cJSON *
cs_admin_show_repurposing(CsAuthority *a, const char *id, GError **error)
{
	return cs_admin_read(a, show_repurposing, (gpointer)id, error);
}

static cJSON *
show_device(CsAdminAct *act, gpointer data, GError **error)
{
	g_autoptr(CsDeviceRow) device = cs_registry_get_device(act->registry, data, error);
	g_auto(Record) record = {.registry = act->registry, .device = device};
	g_autofree char *hardware_id = NULL;
	cJSON *conflicts = NULL;
	cJSON *json = NULL;

	if (device == NULL || !load_record(&record, error))
		return NULL;
	conflicts = cs_registry_list_conflicts(act->registry, device->id, error);
	if (conflicts == NULL)
		return NULL;
	hardware_id = spell_id(device->hardware_id);
	json = record_to_json(&record, TRUE);
	cs_json_add_string(json, "platform", device->platform);
	cs_json_add_time(json, "created_at", device->created_at);
	cs_json_add_string(json, "hardware_id", hardware_id);
	cs_json_add(json, "accounts", accounts_to_json(&record));
	cs_json_add(json, "conflicts", conflicts);
	cs_json_add(json, "steps", steps_to_json(&record));
	add_hand_over(json, &record, act->now);
	return json;
}

/**
 * cs_admin_show_device:
 * @a: the authority
 * @id: the device's
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): the object of cs_admin_list_devices(), its links with
 *   "key_fingerprint", "bound_at", "hand_over_until" and "keys", and "platform", "created_at",
 *   "hardware_id" (hexadecimal; a claim, rule 26), "accounts": [{"id", "user", "state", "created_at"}],
 *   "conflicts" (rule 15: lines of the log), "steps" (rule 25) and "hand_over_until" (null where
 *   none is open) and "hand_over_expired"; CS_ERROR_NOT_FOUND; CS_ERROR_STATE
 */
cJSON *
cs_admin_show_device(CsAuthority *a, const char *id, GError **error)
{
	return cs_admin_read(a, show_device, (gpointer)id, error);
}
