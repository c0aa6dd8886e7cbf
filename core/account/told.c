/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/told.h"

#include "core/account/account-book-private.h"
#include "core/account/clean-text.h"
#include "core/account/record.h"

#include <string.h>

#define FILE_NAME      "told.json"
#define FORMAT_VERSION 1
#define MAX_BYTES      ((gsize)1024 * 1024)

static const CsRecordField told_fields[] = {
	{"account", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsTold, account)},
	{"code", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsTold, code)},
	{NULL},
};

static const CsRecordField ended_fields[] = {
	{"account", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsEnded, account)},
	{"user", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsEnded, user)},
	{"organisation", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsEnded, organisation)},
	{"reason", CS_RECORD_REASON, G_STRUCT_OFFSET(CsEnded, reason)},
	{NULL},
};

static const CsRecordField expiry_fields[] = {
	{"account", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsToldExpiry, account)},
	{"certificate", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsToldExpiry, certificate)},
	{"days", CS_RECORD_NUMBER, G_STRUCT_OFFSET(CsToldExpiry, days)},
	{"device_days", CS_RECORD_LATER_NUMBER, G_STRUCT_OFFSET(CsToldExpiry, device_days)},
	{NULL},
};

static const CsRecordField rotation_fields[] = {
	{"organisation", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsRotation, organisation)},
	{"key", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsRotation, key)},
	{"until", CS_RECORD_NUMBER, G_STRUCT_OFFSET(CsRotation, until)},
	{"told", CS_RECORD_FLAG, G_STRUCT_OFFSET(CsRotation, is_told)},
	{NULL},
};

static void
told_free(CsTold *told)
{
	cs_record_clear(told_fields, told);
	g_free(told);
}

static void
ended_free(CsEnded *ended)
{
	cs_record_clear(ended_fields, ended);
	g_free(ended);
}

static void
expiry_free(CsToldExpiry *expiry)
{
	cs_record_clear(expiry_fields, expiry);
	g_free(expiry);
}

static void
rotation_free(CsRotation *rotation)
{
	cs_record_clear(rotation_fields, rotation);
	g_free(rotation);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsToldExpiry, expiry_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRotation, rotation_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsTold, told_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsEnded, ended_free)

static CsToldMemory *
memory_new(void)
{
	CsToldMemory *memory = g_new0(CsToldMemory, 1);

	memory->told = g_ptr_array_new_with_free_func((GDestroyNotify)told_free);
	memory->ended = g_ptr_array_new_with_free_func((GDestroyNotify)ended_free);
	memory->expiries = g_ptr_array_new_with_free_func((GDestroyNotify)expiry_free);
	memory->rotations = g_ptr_array_new_with_free_func((GDestroyNotify)rotation_free);
	return memory;
}

/**
 * cs_told_memory_free:
 * @memory: (nullable) (transfer full): a memory
 */
void
cs_told_memory_free(CsToldMemory *memory)
{
	if (memory == NULL)
		return;
	g_free(memory->book);
	g_ptr_array_unref(memory->told);
	g_ptr_array_unref(memory->ended);
	g_ptr_array_unref(memory->expiries);
	g_ptr_array_unref(memory->rotations);
	g_free(memory);
}

/* It is shown as it stands. */
static gboolean
is_clean(const char *text)
{
	g_autofree char *clean = cs_clean_text(text, CS_CLEAN_TEXT_MAX_CHARACTERS);

	return g_strcmp0(clean, text) == 0;
}

static gboolean
read_told(CsToldMemory *memory, const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		g_autoptr(CsTold) told = g_new0(CsTold, 1);

		if (!cs_record_read(item, told_fields, told, NULL) ||
		    !cs_book_is_id(told->account) || !cs_book_is_code(told->code))
			return FALSE;
		g_ptr_array_add(memory->told, g_steal_pointer(&told));
	}
	return TRUE;
}

static gboolean
read_ended(CsToldMemory *memory, const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		g_autoptr(CsEnded) ended = g_new0(CsEnded, 1);

		if (!cs_record_read(item, ended_fields, ended, NULL) ||
		    !cs_book_is_id(ended->account) || !is_clean(ended->user) ||
		    !is_clean(ended->organisation) || !cs_reason_ends_account(ended->reason))
			return FALSE;
		g_ptr_array_add(memory->ended, g_steal_pointer(&ended));
	}
	return memory->ended->len <= CS_TOLD_MAX_ENDED;
}

static gboolean
read_expiries(CsToldMemory *memory, const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		g_autoptr(CsToldExpiry) expiry = g_new0(CsToldExpiry, 1);

		if (!cs_record_read(item, expiry_fields, expiry, NULL) ||
		    !cs_book_is_id(expiry->account) || expiry->certificate[0] == '\0' ||
		    expiry->days < 0 || expiry->device_days < 0)
			return FALSE;
		g_ptr_array_add(memory->expiries, g_steal_pointer(&expiry));
	}
	return TRUE;
}

static gboolean
read_rotations(CsToldMemory *memory, const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		g_autoptr(CsRotation) rotation = g_new0(CsRotation, 1);

		if (!cs_record_read(item, rotation_fields, rotation, NULL) ||
		    rotation->organisation[0] == '\0' || rotation->key[0] == '\0')
			return FALSE;
		g_ptr_array_add(memory->rotations, g_steal_pointer(&rotation));
	}
	return TRUE;
}

/* Where it is not there, a version before this one wrote the file. */
static gboolean
read_later_list(CsToldMemory *memory,
		const cJSON *json,
		const char *name,
		gboolean (*read)(CsToldMemory *, const cJSON *))
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, name);

	return list == NULL || (cJSON_IsArray(list) && read(memory, list));
}

static gboolean
read_memory(CsToldMemory *memory, const cJSON *json)
{
	static const char *const members[] = {"version",  "book",      "told", "ended",
					      "expiries", "rotations", NULL};
	const cJSON *told = cs_json_get_array(json, "told", NULL);
	const cJSON *ended = cs_json_get_array(json, "ended", NULL);
	const char *book = NULL;
	gint64 version = 0;

	if (!cs_json_check_members(json, members, NULL) || told == NULL || ended == NULL ||
	    !cs_json_get_int64(json, "version", &version, NULL) || version != FORMAT_VERSION ||
	    !cs_json_get_optional_string(json, "book", &book, NULL) ||
	    (book != NULL && !cs_book_is_code(book)))
		return FALSE;
	memory->book = g_strdup(book);
	return read_told(memory, told) && read_ended(memory, ended) &&
	       read_later_list(memory, json, "expiries", read_expiries) &&
	       read_later_list(memory, json, "rotations", read_rotations);
}

/**
 * cs_told_memory_read:
 * @client: whose state folder
 *
 * Returns: (transfer full): what a person has been told; empty where it is missing, unreadable or
 *   not of our making
 */
CsToldMemory *
cs_told_memory_read(const CsClient *client)
{
	g_autofree char *path = cs_book_path(client, "", FILE_NAME);
	g_autoptr(GBytes) text = cs_file_read(path, MAX_BYTES, NULL);
	g_autoptr(cJSON) json = text == NULL ? NULL : cs_json_parse_bytes(text, NULL);
	CsToldMemory *memory = memory_new();

	if (json == NULL || read_memory(memory, json))
		return memory;
	cs_told_memory_free(memory);
	return memory_new();
}

static void
add_records(cJSON *json, const char *name, GPtrArray *records, const CsRecordField *fields)
{
	cJSON *list = cs_json_add_array(json, name);

	for (guint i = 0; i < records->len; i++)
		cs_record_write(cs_json_add_object(list, NULL), fields,
				g_ptr_array_index(records, i));
}

/**
 * cs_told_memory_write:
 * @memory: what a person has been told
 * @client: whose state folder; the caller holds its lock
 * @error: return location
 *
 * Returns: %TRUE where it is on the disk; otherwise %CS_ERROR_STATE
 */
gboolean
cs_told_memory_write(const CsToldMemory *memory, const CsClient *client, GError **error)
{
	g_autofree char *path = cs_book_path(client, "", FILE_NAME);
	g_autoptr(cJSON) json = cJSON_CreateObject();
	g_autofree char *text = NULL;

	cs_json_add_int64(json, "version", FORMAT_VERSION);
	cs_json_add_string(json, "book", memory->book);
	add_records(json, "told", memory->told, told_fields);
	add_records(json, "ended", memory->ended, ended_fields);
	add_records(json, "expiries", memory->expiries, expiry_fields);
	add_records(json, "rotations", memory->rotations, rotation_fields);
	text = cs_json_print(json);
	if (text == NULL) {
		cs_json_set_lost(error);
		return FALSE;
	}
	return cs_file_write_atomically(path, text, strlen(text), error);
}

static CsTold *
find(const CsToldMemory *memory, const char *account)
{
	for (guint i = 0; i < memory->told->len; i++) {
		CsTold *told = g_ptr_array_index(memory->told, i);

		if (strcmp(told->account, account) == 0)
			return told;
	}
	return NULL;
}

/**
 * cs_told_memory_get:
 * @memory: what a person has been told
 * @account: an account's id
 *
 * Returns: (transfer none) (nullable): the code of what was told of it last
 */
const char *
cs_told_memory_get(const CsToldMemory *memory, const char *account)
{
	const CsTold *told = find(memory, account);

	return told == NULL ? NULL : told->code;
}

/**
 * cs_told_memory_set:
 * @memory: what a person has been told
 * @account: an account's id
 * @code: of what is told of it now
 */
void
cs_told_memory_set(CsToldMemory *memory, const char *account, const char *code)
{
	CsTold *told = find(memory, account);

	if (told == NULL) {
		told = g_new0(CsTold, 1);
		told->account = g_strdup(account);
		g_ptr_array_add(memory->told, told);
	}
	g_free(told->code);
	told->code = g_strdup(code);
}

/* What is not clean would not be read again. */
static char *
make_clean(const char *text)
{
	char *clean = cs_clean_text(text, CS_CLEAN_TEXT_MAX_CHARACTERS);

	return clean == NULL ? g_strdup("-") : clean;
}

/**
 * cs_told_memory_add_ended:
 * @memory: what a person has been told
 * @account: an account that is about to leave the book
 * @reason: the server's signed word
 *
 * Once an account, however often it is tried; the oldest makes room.
 */
void
cs_told_memory_add_ended(CsToldMemory *memory, const CsAccount *account, CsReason reason)
{
	CsEnded *ended;

	for (guint i = memory->ended->len; i > 0; i--) {
		const CsEnded *earlier = g_ptr_array_index(memory->ended, i - 1);

		if (strcmp(earlier->account, account->id) == 0)
			g_ptr_array_remove_index(memory->ended, i - 1);
	}
	if (memory->ended->len == CS_TOLD_MAX_ENDED)
		g_ptr_array_remove_index(memory->ended, 0);
	ended = g_new0(CsEnded, 1);
	ended->account = g_strdup(account->id);
	ended->user = make_clean(account->user);
	ended->organisation = make_clean(account->organisation);
	ended->reason = reason;
	g_ptr_array_add(memory->ended, ended);
}

static CsToldExpiry *
find_expiry(const CsToldMemory *memory, const char *account)
{
	for (guint i = 0; i < memory->expiries->len; i++) {
		CsToldExpiry *expiry = g_ptr_array_index(memory->expiries, i);

		if (strcmp(expiry->account, account) == 0)
			return expiry;
	}
	return NULL;
}

/**
 * cs_told_memory_ensure_expiry:
 * @memory: what a person has been told
 * @account: an account's id
 * @certificate: the fingerprint of its certificate
 *
 * Returns: (transfer none): what was told of this certificate's end, for the caller to change; where
 *   it was another's, that is forgotten and nothing was told yet
 */
CsToldExpiry *
cs_told_memory_ensure_expiry(CsToldMemory *memory, const char *account, const char *certificate)
{
	CsToldExpiry *expiry = find_expiry(memory, account);

	if (expiry == NULL) {
		expiry = g_new0(CsToldExpiry, 1);
		expiry->account = g_strdup(account);
		g_ptr_array_add(memory->expiries, expiry);
	}
	if (g_strcmp0(expiry->certificate, certificate) == 0)
		return expiry;
	g_free(expiry->certificate);
	expiry->certificate = g_strdup(certificate);
	expiry->days = 0;
	expiry->device_days = 0;
	return expiry;
}

static CsRotation *
ensure_rotation(CsToldMemory *memory, const char *organisation)
{
	CsRotation *rotation;

	for (guint i = 0; i < memory->rotations->len; i++) {
		rotation = g_ptr_array_index(memory->rotations, i);
		if (strcmp(rotation->organisation, organisation) == 0)
			return rotation;
	}
	rotation = g_new0(CsRotation, 1);
	rotation->organisation = g_strdup(organisation);
	g_ptr_array_add(memory->rotations, rotation);
	return rotation;
}

/**
 * cs_told_memory_note_rotation:
 * @memory: what a person has been told
 * @organisation: the server's address
 * @key: the thumbprint of the key that it is about to sign with
 * @until: when the present one ends to count
 *
 * It is to be told, once.
 *
 * Returns: %FALSE where it is known already
 */
gboolean
cs_told_memory_note_rotation(CsToldMemory *memory,
			     const char *organisation,
			     const char *key,
			     gint64 until)
{
	CsRotation *rotation = ensure_rotation(memory, organisation);

	if (g_strcmp0(rotation->key, key) == 0)
		return FALSE;
	g_free(rotation->key);
	rotation->key = g_strdup(key);
	rotation->until = until;
	rotation->is_told = FALSE;
	return TRUE;
}
