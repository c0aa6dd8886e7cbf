/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/history.h"

#include "core/account/account-book-private.h"
#include "core/account/record.h"

#include <string.h>

#define FORMAT_VERSION 1
/* Twenty entries of ours take 6 KB at the most. */
#define MAX_HISTORY_BYTES  ((gsize)64 * 1024)
#define MAX_REQUEST_LENGTH 128

static const CsRecordField fields[] = {
	{"at", CS_RECORD_NUMBER, G_STRUCT_OFFSET(CsHistoryEntry, at)},
	{"managed", CS_RECORD_MANAGED, G_STRUCT_OFFSET(CsHistoryEntry, managed)},
	{"reason", CS_RECORD_REASON, G_STRUCT_OFFSET(CsHistoryEntry, reason)},
	{"error", CS_RECORD_OPTIONAL_TEXT, G_STRUCT_OFFSET(CsHistoryEntry, error_code)},
	{"request", CS_RECORD_OPTIONAL_TEXT, G_STRUCT_OFFSET(CsHistoryEntry, request)},
	{"device_at", CS_RECORD_LATER_NUMBER, G_STRUCT_OFFSET(CsHistoryEntry, device_at)},
	{NULL},
};

/**
 * cs_history_entry_free:
 * @entry: (nullable) (transfer full): an entry
 */
void
cs_history_entry_free(CsHistoryEntry *entry)
{
	if (entry == NULL)
		return;
	cs_record_clear(fields, entry);
	g_free(entry);
}

static CsHistoryEntry *
copy_entry(const CsHistoryEntry *entry, const CsClock *clock)
{
	CsHistoryEntry *copy = g_new(CsHistoryEntry, 1);

	*copy = *entry;
	copy->device_at = cs_clock_get_unix_s(clock);
	cs_record_own_texts(fields, copy);
	return copy;
}

/* A server's id: nothing that a window could not show as it is. */
static gboolean
is_request(const char *text)
{
	return text == NULL ||
	       (text[0] != '\0' && strlen(text) <= MAX_REQUEST_LENGTH &&
		text[strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_")] == '\0');
}

static CsHistoryEntry *
read_entry(const cJSON *json)
{
	g_autoptr(CsHistoryEntry) entry = g_new0(CsHistoryEntry, 1);

	if (!cs_record_read(json, fields, entry, NULL) || entry->at < 0 || entry->device_at < 0 ||
	    (entry->error_code != NULL && !cs_book_is_code(entry->error_code)) ||
	    !is_request(entry->request))
		return NULL;
	return g_steal_pointer(&entry);
}

/* All of it or nothing: a file with one odd entry is not ours. */
static gboolean
read_entries(GPtrArray *entries, const cJSON *json)
{
	static const char *const members[] = {"version", "entries", NULL};
	const cJSON *list = cs_json_get_array(json, "entries", NULL);
	const cJSON *item;
	gint64 version = 0;

	if (!cs_json_check_members(json, members, NULL) || list == NULL ||
	    !cs_json_get_int64(json, "version", &version, NULL) || version != FORMAT_VERSION ||
	    cJSON_GetArraySize(list) > CS_HISTORY_LENGTH)
		return FALSE;
	cJSON_ArrayForEach (item, list) {
		CsHistoryEntry *entry = read_entry(item);

		if (entry == NULL)
			return FALSE;
		g_ptr_array_add(entries, entry);
	}
	return TRUE;
}

/**
 * cs_history_list:
 * @client: whose book
 * @account_id: an account's id
 *
 * Reads the last authentications of an account. It needs no lock, and it never fails: what is
 * missing, unreadable or not of our making is no history. It says how things were, for people;
 * nothing may be decided by it.
 *
 * Returns: (transfer full) (element-type CsHistoryEntry): at most %CS_HISTORY_LENGTH, newest first
 */
GPtrArray *
cs_history_list(const CsClient *client, const char *account_id)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)cs_history_entry_free);
	g_autofree char *path = NULL;
	g_autoptr(GBytes) text = NULL;
	g_autoptr(cJSON) json = NULL;

	if (!cs_book_is_id(account_id))
		return entries;
	path = cs_book_history_path(client, account_id);
	text = cs_file_read(path, MAX_HISTORY_BYTES, NULL);
	json = text == NULL ? NULL : cs_json_parse_bytes(text, NULL);
	if (json != NULL && !read_entries(entries, json))
		g_ptr_array_set_size(entries, 0);
	return entries;
}

static char *
print_entries(GPtrArray *entries)
{
	g_autoptr(cJSON) json = cJSON_CreateObject();
	cJSON *list;

	cs_json_add_int64(json, "version", FORMAT_VERSION);
	list = cs_json_add_array(json, "entries");
	for (guint i = 0; i < entries->len; i++)
		cs_record_write(cs_json_add_object(list, NULL), fields,
				g_ptr_array_index(entries, i));
	return cs_json_print(json);
}

/**
 * cs_book_change_add_history:
 * @change: an open change, whose lock keeps two writers apart
 * @account_id: an account of its book
 * @entry: what has just come of an authentication; when it is written down, by the client's clock,
 *   is added to it
 * @error: return location
 *
 * The oldest entry makes room. An account that is gone, or a tombstone, has no history: then
 * nothing is written.
 *
 * Returns: %TRUE; otherwise %CS_ERROR_STATE
 */
gboolean
cs_book_change_add_history(CsBookChange *change,
			   const char *account_id,
			   const CsHistoryEntry *entry,
			   GError **error)
{
	const CsAccount *account = cs_book_find_account(change->book, account_id);
	g_autoptr(GPtrArray) entries = NULL;
	g_autofree char *path = NULL;
	g_autofree char *text = NULL;

	if (account == NULL || account->tombstone)
		return TRUE;
	entries = cs_history_list(change->client, account_id);
	if (entries->len == CS_HISTORY_LENGTH)
		g_ptr_array_set_size(entries, CS_HISTORY_LENGTH - 1);
	g_ptr_array_insert(entries, 0, copy_entry(entry, change->client->clock));
	path = cs_book_history_path(change->client, account_id);
	text = print_entries(entries);
	if (text == NULL) {
		cs_json_set_lost(error);
		return FALSE;
	}
	return cs_file_write_atomically(path, text, strlen(text), error);
}

/**
 * cs_history_add:
 * @client: whose book
 * @account_id: an account's id
 * @entry: what has just come of an authentication
 * @error: return location
 *
 * Adds an entry under the book's lock; the book itself stays as it is.
 *
 * Returns: %TRUE, also where the account is gone meanwhile; otherwise %CS_ERROR_STATE
 */
gboolean
cs_history_add(const CsClient *client,
	       const char *account_id,
	       const CsHistoryEntry *entry,
	       GError **error)
{
	g_autoptr(CsBookChange) change = cs_book_change_begin(client, error);

	return change != NULL && cs_book_change_add_history(change, account_id, entry, error);
}
