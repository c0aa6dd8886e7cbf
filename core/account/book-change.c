/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"

#include "core/base/random.h"

#include <string.h>

#define LOCK_FILE	"accounts.lock"
#define KEY_NAME_LENGTH 16

static gboolean
ensure_folders(const CsClient *client, GError **error)
{
	static const char *const folders[] = {CS_BOOK_KEYS_FOLDER, CS_BOOK_EXPLANATIONS_FOLDER,
					      CS_BOOK_HISTORY_FOLDER};

	for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *path = cs_book_path(client, folders[i], "");

		if (!cs_file_ensure_folder(path, error))
			return FALSE;
	}
	return TRUE;
}

/**
 * cs_book_lock:
 * @client: whose book
 * @error: return location
 *
 * Makes the folders and waits for the lock that every change of the state folder takes. Other
 * processes wait in turn, so nothing slow may happen before cs_file_lock_free().
 *
 * Returns: (transfer full): the lock; %NULL with %CS_ERROR_STATE
 */
CsFileLock *
cs_book_lock(const CsClient *client, GError **error)
{
	g_autofree char *path = cs_book_path(client, "", LOCK_FILE);

	return ensure_folders(client, error) ? cs_file_lock_acquire(path, TRUE, error) : NULL;
}

/**
 * cs_book_change_begin:
 * @client: whose book; outlives the change
 * @error: return location
 *
 * Waits for the book's lock and reads the book. Other processes wait in turn, so nothing slow may
 * happen before cs_book_change_free().
 *
 * Returns: (transfer full): the change; %NULL with %CS_ERROR_STATE
 */
CsBookChange *
cs_book_change_begin(const CsClient *client, GError **error)
{
	g_autoptr(CsBookChange) change = g_new0(CsBookChange, 1);

	change->client = client;
	change->lock = cs_book_lock(client, error);
	if (change->lock == NULL)
		return NULL;
	change->book = cs_book_read(client, error);
	return change->book == NULL ? NULL : g_steal_pointer(&change);
}

/**
 * cs_book_change_free:
 * @change: (nullable) (transfer full): a change, whose lock is released
 */
void
cs_book_change_free(CsBookChange *change)
{
	if (change == NULL)
		return;
	g_clear_pointer(&change->book, cs_book_free);
	g_clear_pointer(&change->lock, cs_file_lock_free);
	g_free(change);
}

static GHashTable *
list_named_keys(const CsBook *book)
{
	GHashTable *named = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < book->organisations->len; i++) {
		CsOrganisation *organisation = g_ptr_array_index(book->organisations, i);

		g_hash_table_add(named, organisation->device_key_file);
		for (guint j = 0; j < organisation->pending->len; j++) {
			CsPendingEnrolment *pending = g_ptr_array_index(organisation->pending, j);

			g_hash_table_add(named, pending->key_file);
		}
	}
	for (guint i = 0; i < book->accounts->len; i++) {
		CsAccount *account = g_ptr_array_index(book->accounts, i);

		g_hash_table_add(named, account->key_file);
	}
	return named;
}

/* What is kept for display, a file an account: its explanation and its history. */
static GHashTable *
list_named_displays(const CsBook *book)
{
	GHashTable *named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < book->accounts->len; i++) {
		CsAccount *account = g_ptr_array_index(book->accounts, i);

		if (!account->tombstone)
			g_hash_table_add(named,
					 g_strconcat(account->id, CS_BOOK_DISPLAY_SUFFIX, NULL));
	}
	return named;
}

/* The name of the file that a name in one of our folders belongs to: itself, or the one whose
 * writer was killed ("." NAME ".tmp", core/base/file.c). */
static char *
strip_temporary(const char *name)
{
	if (g_str_has_prefix(name, ".") && g_str_has_suffix(name, ".tmp"))
		return g_strndup(name + 1, strlen(name) - strlen(".") - strlen(".tmp"));
	return g_strdup(name);
}

static gboolean
is_display_file(const char *name)
{
	g_autofree char *id = NULL;

	if (!g_str_has_suffix(name, CS_BOOK_DISPLAY_SUFFIX))
		return FALSE;
	id = g_strndup(name, strlen(name) - strlen(CS_BOOK_DISPLAY_SUFFIX));
	return cs_book_is_id(id);
}

/* Deletes what bears a name of our form and is named by nobody; other people's files stay. */
static gboolean
purge(const CsClient *client,
      const char *folder,
      GHashTable *named,
      gboolean (*is_ours)(const char *),
      GError **error)
{
	g_autofree char *path = cs_book_path(client, folder, "");
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	g_autoptr(GPtrArray) orphans = g_ptr_array_new_with_free_func(g_free);
	const char *entry;

	while (dir != NULL && (entry = g_dir_read_name(dir)) != NULL) {
		g_autofree char *name = strip_temporary(entry);

		if (is_ours(name) && !g_hash_table_contains(named, name))
			g_ptr_array_add(orphans, cs_book_path(client, folder, name));
	}
	for (guint i = 0; i < orphans->len; i++) {
		if (!cs_file_delete(g_ptr_array_index(orphans, i), error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
is_key_file(const char *name)
{
	return cs_book_is_key_file(name);
}

/**
 * cs_book_change_commit:
 * @change: a change, whose book is written
 * @error: return location
 *
 * Replaces the book atomically and then deletes the keys, explanations and histories that it no
 * longer names, among them those that a killed process left. A kill in between leaves files for the next commit.
 *
 * Returns: %TRUE where the book is on the disk and nothing that it does not name is left; otherwise
 *   %CS_ERROR_STATE
 */
gboolean
cs_book_change_commit(CsBookChange *change, GError **error)
{
	g_autofree char *path = cs_book_path(change->client, "", CS_BOOK_FILE);
	g_autofree char *text = cs_book_print(change->book);
	g_autoptr(GHashTable) keys = list_named_keys(change->book);
	g_autoptr(GHashTable) displays = list_named_displays(change->book);

	if (text == NULL) {
		cs_json_set_lost(error);
		return FALSE;
	}
	return cs_file_write_atomically(path, text, strlen(text), error) &&
	       purge(change->client, CS_BOOK_KEYS_FOLDER, keys, is_key_file, error) &&
	       purge(change->client, CS_BOOK_EXPLANATIONS_FOLDER, displays, is_display_file,
		     error) &&
	       purge(change->client, CS_BOOK_HISTORY_FOLDER, displays, is_display_file, error);
}

/**
 * cs_book_change_make_key:
 * @change: an open change
 * @key_file: (out) (transfer full): its base name, for the book
 * @error: return location
 *
 * Makes a P-256 key and writes it, before anything names it.
 *
 * Returns: (transfer full): the key; %NULL with %CS_ERROR_KEY or %CS_ERROR_STATE
 */
CsPrivateKey *
cs_book_change_make_key(CsBookChange *change, char **key_file, GError **error)
{
	g_autoptr(CsPrivateKey) key = cs_private_key_generate_p256(error);
	g_autofree char *id = key == NULL ? NULL : cs_random_id(KEY_NAME_LENGTH, error);
	g_autofree char *name = NULL;
	g_autofree char *path = NULL;

	if (id == NULL)
		return NULL;
	name = g_strconcat(id, ".key", NULL);
	path = cs_book_path(change->client, CS_BOOK_KEYS_FOLDER, name);
	if (!cs_private_key_save(key, path, error))
		return NULL;
	*key_file = g_steal_pointer(&name);
	return g_steal_pointer(&key);
}

/**
 * cs_book_change_store_explanation:
 * @change: an open change
 * @account_id: whose authentication it explains
 * @explanation: for display only, never for selection
 * @error: return location
 *
 * One that is too large to be read again is not kept, and the older one goes.
 *
 * Returns: %TRUE; otherwise %CS_ERROR_STATE
 */
gboolean
cs_book_change_store_explanation(CsBookChange *change,
				 const char *account_id,
				 const CsExplanation *explanation,
				 GError **error)
{
	g_autofree char *path = cs_book_explanation_path(change->client, account_id);
	g_autoptr(cJSON) json = cs_explanation_to_json(explanation);
	g_autofree char *text = cs_json_print(json);

	if (text == NULL) {
		cs_json_set_lost(error);
		return FALSE;
	}
	if (strlen(text) > CS_BOOK_MAX_EXPLANATION_BYTES)
		return cs_file_delete(path, error);
	if (!cs_file_write_atomically(path, text, strlen(text), error))
		return FALSE;
	g_free(change->book->latest_explanation);
	change->book->latest_explanation = g_strdup(account_id);
	return TRUE;
}

static void
forget_explanation(CsBook *book, const CsAccount *account)
{
	if (g_strcmp0(book->latest_explanation, account->id) == 0)
		g_clear_pointer(&book->latest_explanation, g_free);
}

/**
 * cs_book_change_bury_account:
 * @change: an open change
 * @account: an account of its book, which becomes a tombstone (rule 23)
 */
void
cs_book_change_bury_account(CsBookChange *change, CsAccount *account)
{
	forget_explanation(change->book, account);
	account->tombstone = TRUE;
}

/**
 * cs_book_change_remove_account:
 * @change: an open change
 * @account: (transfer full): an account of its book
 */
void
cs_book_change_remove_account(CsBookChange *change, CsAccount *account)
{
	forget_explanation(change->book, account);
	g_ptr_array_remove(change->book->accounts, account);
}

/**
 * cs_book_change_pin_key:
 * @change: an open change
 * @url: the organisation's origin
 * @key: a key to which signed rotations lead from the pinned one
 * @sequence: of the last of them
 *
 * Pins the successor. Nothing happens where another process has come as far, or where the
 * organisation is gone.
 */
void
cs_book_change_pin_key(CsBookChange *change, const char *url, CsJwk *key, gint64 sequence)
{
	CsOrganisation *organisation = cs_book_find_organisation(change->book, url);

	if (organisation == NULL || sequence <= organisation->sequence)
		return;
	cs_jwk_ref(key);
	cs_jwk_unref(organisation->server_key);
	organisation->server_key = key;
	organisation->sequence = sequence;
}
