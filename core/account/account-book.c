/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"

#include "core/base/error.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>

#define MAX_BOOK_BYTES ((gsize)4 * 1024 * 1024)

/**
 * cs_book_path:
 * @client: whose state folder
 * @folder: a folder in it, "" for itself
 * @name: a base name, "" for the folder
 *
 * Returns: (transfer full): the path
 */
char *
cs_book_path(const CsClient *client, const char *folder, const char *name)
{
	return g_build_filename(cs_settings_get_state_folder(client->settings), folder, name, NULL);
}

/**
 * cs_book_explanation_path:
 * @client: whose state folder
 * @id: an account's id, already seen to be one
 *
 * Returns: (transfer full): where the explanation of its last authentication is kept
 */
char *
cs_book_explanation_path(const CsClient *client, const char *id)
{
	g_autofree char *name = g_strconcat(id, CS_BOOK_DISPLAY_SUFFIX, NULL);

	return cs_book_path(client, CS_BOOK_EXPLANATIONS_FOLDER, name);
}

/**
 * cs_book_history_path:
 * @client: whose state folder
 * @id: an account's id, already seen to be one
 *
 * Returns: (transfer full): where its last authentications are kept
 */
char *
cs_book_history_path(const CsClient *client, const char *id)
{
	g_autofree char *name = g_strconcat(id, CS_BOOK_DISPLAY_SUFFIX, NULL);

	return cs_book_path(client, CS_BOOK_HISTORY_FOLDER, name);
}

static CsBook *
parse_book(GBytes *text, const char *path, GError **error)
{
	g_autoptr(GError) cause = NULL;
	CsBook *book = cs_book_parse(text, &cause);

	if (book != NULL)
		return book;
	cs_error_set(error, CS_ERROR_STATE, cs_error_get_reason(cause),
		     _("the accounts in %s cannot be read: %s"), path, cause->message);
	return NULL;
}

/* Whether the book may be missing because there never was one: the state folder is one, or is not
 * there yet. Where something else stands in its place, what was kept is out of reach. */
static gboolean
check_folder(const CsClient *client, GError **error)
{
	const char *folder = cs_settings_get_state_folder(client->settings);
	struct stat status;

	if (stat(folder, &status) == 0 ? S_ISDIR(status.st_mode) : errno == ENOENT)
		return TRUE;
	cs_error_set(error, CS_ERROR_STATE, "state-unavailable", _("%s is not a folder"), folder);
	return FALSE;
}

/**
 * cs_book_read:
 * @client: whose book
 * @error: return location
 *
 * Reads the book as it is now. No lock is needed: it is only ever replaced as a whole.
 *
 * Returns: (transfer full): the book, empty where there is none yet; %NULL with %CS_ERROR_STATE
 *   where it is there and cannot be used, which is never taken for empty
 */
CsBook *
cs_book_read(const CsClient *client, GError **error)
{
	g_autofree char *path = cs_book_path(client, "", CS_BOOK_FILE);
	g_autoptr(GError) cause = NULL;
	g_autoptr(GBytes) text = cs_file_read(path, MAX_BOOK_BYTES, &cause);

	if (text != NULL)
		return parse_book(text, path, error);
	if (g_error_matches(cause, CS_ERROR, CS_ERROR_NOT_FOUND))
		return check_folder(client, error) ? cs_book_new() : NULL;
	g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}

/**
 * cs_book_find_organisation:
 * @book: a book
 * @url: an origin
 *
 * Returns: (transfer none) (nullable): the organisation
 */
CsOrganisation *
cs_book_find_organisation(const CsBook *book, const char *url)
{
	for (guint i = 0; i < book->organisations->len; i++) {
		CsOrganisation *organisation = g_ptr_array_index(book->organisations, i);

		if (g_str_equal(organisation->url, url))
			return organisation;
	}
	return NULL;
}

/**
 * cs_book_find_account:
 * @book: a book
 * @id: an account's id
 *
 * Returns: (transfer none) (nullable): the account, be it a tombstone
 */
CsAccount *
cs_book_find_account(const CsBook *book, const char *id)
{
	for (guint i = 0; i < book->accounts->len; i++) {
		CsAccount *account = g_ptr_array_index(book->accounts, i);

		if (g_str_equal(account->id, id))
			return account;
	}
	return NULL;
}

/**
 * cs_book_load_key:
 * @client: whose keys
 * @key_file: a base name out of the book
 * @error: return location
 *
 * Returns: (transfer full): the key; %NULL with %CS_ERROR_STATE, "key-missing" where the file is
 *   gone, "key-unusable" where it is there and is no key that we may read
 */
CsPrivateKey *
cs_book_load_key(const CsClient *client, const char *key_file, GError **error)
{
	g_autofree char *path = cs_book_path(client, CS_BOOK_KEYS_FOLDER, key_file);
	g_autoptr(GError) cause = NULL;
	CsPrivateKey *key = cs_private_key_load(path, &cause);

	if (key != NULL)
		return key;
	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		cs_error_set(error, CS_ERROR_STATE, "key-missing", _("the key file %s is missing"),
			     path);
	else
		cs_error_set(error, CS_ERROR_STATE, "key-unusable",
			     _("the key file %s cannot be used: %s"), path, cause->message);
	return NULL;
}

/**
 * cs_account_book_list:
 * @client: whose book
 * @error: return location
 *
 * Returns: (transfer full) (element-type CsAccount): the accounts without tombstones, in the order
 *   added; %NULL with %CS_ERROR_STATE
 */
GPtrArray *
cs_account_book_list(const CsClient *client, GError **error)
{
	g_autoptr(CsBook) book = cs_book_read(client, error);
	GPtrArray *accounts;

	if (book == NULL)
		return NULL;
	accounts = g_ptr_array_new_with_free_func((GDestroyNotify)cs_account_free);
	for (guint i = 0; i < book->accounts->len; i++) {
		CsAccount *account = g_ptr_array_index(book->accounts, i);

		if (!account->tombstone)
			g_ptr_array_add(accounts, cs_account_copy(account));
	}
	return accounts;
}

/**
 * cs_account_book_get:
 * @client: whose book
 * @id: an account's id
 * @error: return location
 *
 * Returns: (transfer full): the account; %NULL with %CS_ERROR_NOT_FOUND where there is none or it
 *   is a tombstone, or %CS_ERROR_STATE
 */
CsAccount *
cs_account_book_get(const CsClient *client, const char *id, GError **error)
{
	g_autoptr(CsBook) book = cs_book_read(client, error);
	const CsAccount *account;

	if (book == NULL)
		return NULL;
	account = cs_book_find_account(book, id);
	if (account != NULL && !account->tombstone)
		return cs_account_copy(account);
	cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found", _("there is no such account here"));
	return NULL;
}

/**
 * cs_account_book_list_organisations:
 * @client: whose book
 * @error: return location
 *
 * Returns: (transfer full) (element-type CsOrganisation): all that this user has dealt with, in the
 *   order met; %NULL with %CS_ERROR_STATE
 */
GPtrArray *
cs_account_book_list_organisations(const CsClient *client, GError **error)
{
	g_autoptr(CsBook) book = cs_book_read(client, error);

	return book == NULL ? NULL : g_ptr_array_ref(book->organisations);
}

/**
 * cs_account_book_get_explanation:
 * @client: whose book
 * @id: (nullable): an account's id, or %NULL for the newest of any
 * @error: return location
 *
 * Reads the explanation of the last authentication as it was kept for display. It says how things
 * stood then.
 *
 * Returns: (transfer full) (nullable): the document, or %NULL without error where there is none;
 *   %NULL with %CS_ERROR_STATE
 */
cJSON *
cs_account_book_get_explanation(const CsClient *client, const char *id, GError **error)
{
	g_autoptr(CsBook) book = cs_book_read(client, error);
	g_autoptr(GError) cause = NULL;
	g_autofree char *path = NULL;
	g_autoptr(GBytes) text = NULL;
	cJSON *json;

	if (book == NULL)
		return NULL;
	id = id == NULL ? book->latest_explanation : id;
	if (!cs_book_is_id(id))
		return NULL;
	path = cs_book_explanation_path(client, id);
	text = cs_file_read(path, CS_BOOK_MAX_EXPLANATION_BYTES, &cause);
	if (g_error_matches(cause, CS_ERROR, CS_ERROR_NOT_FOUND))
		return NULL;
	json = text == NULL ? NULL : cs_json_parse_bytes(text, &cause);
	if (json == NULL)
		cs_error_set(error, CS_ERROR_STATE, "state-invalid",
			     _("the explanation in %s cannot be read: %s"), path, cause->message);
	return json;
}

/**
 * cs_account_get_error_code:
 * @error: why an authentication had no answer
 *
 * Returns: (transfer none): a stable code. Whatever made the server unreachable, scripts and people
 *   know it by one word.
 */
const char *
cs_account_get_error_code(const GError *error)
{
	if (g_error_matches(error, CS_ERROR, CS_ERROR_UNREACHABLE))
		return "unreachable";
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return "cancelled";
	return error->domain == CS_ERROR ? cs_error_get_reason(error) : "internal";
}

static void
add_certificate(cJSON *json, const CsAccount *account)
{
	cJSON *certificate;

	if (account->certificate_fingerprint == NULL) {
		cs_json_add_null(json, "certificate");
		return;
	}
	certificate = cs_json_add_object(json, "certificate");
	cs_json_add_string(certificate, "fingerprint", account->certificate_fingerprint);
	cs_json_add_string(certificate, "issuer", account->certificate_issuer);
	cs_json_add_time(certificate, "not_before", account->certificate_not_before);
	cs_json_add_time(certificate, "not_after", account->certificate_not_after);
}

/**
 * cs_account_to_json:
 * @account: an account
 * @error_code: (nullable): why it could not be checked just now, a stable code
 *
 * Returns: (transfer full): the account's object in `status --json`; `hint`, `request` and `error`
 *   are there only where they say something
 */
cJSON *
cs_account_to_json(const CsAccount *account, const char *error_code)
{
	cJSON *json = cJSON_CreateObject();
	gboolean known = account->managed != CS_MANAGED_UNKNOWN;

	cs_json_add_string(json, "id", account->id);
	cs_json_add_string(json, "user", account->user);
	cs_json_add_string(json, "organisation", account->organisation);
	cs_json_add_string(json, "url", account->url);
	if (known)
		cs_json_add_boolean(json, "managed", account->managed == CS_MANAGED_YES);
	else
		cs_json_add_null(json, "managed");
	cs_json_add_string(json, "reason",
			   account->reason == CS_REASON_NONE ? NULL
							     : cs_reason_to_code(account->reason));
	cs_json_add_time(json, "checked_at", account->checked_at);
	cs_json_add_string(json, "device_id", account->device_id);
	cs_json_add_string(json, "helpdesk_code", account->helpdesk_code);
	add_certificate(json, account);
	if (account->hint != NULL)
		cs_json_add_string(json, "hint", account->hint);
	if (account->request != NULL)
		cs_json_add_string(json, "request", account->request);
	if (error_code != NULL)
		cs_json_add_string(json, "error", error_code);
	return json;
}
