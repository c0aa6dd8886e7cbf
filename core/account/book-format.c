/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/book-format.h"

#include "core/account/record.h"
#include "core/base/error.h"
#include "core/base/http.h"
#include "core/protocol/helpdesk-code.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#define FORMAT_VERSION	 1
#define MAX_ID_LENGTH	 64
#define KEY_NAME_LENGTH	 16
#define KEY_NAME_SUFFIX	 ".key"
#define ID_ALPHABET	 "abcdefghijklmnopqrstuvwxyz0123456789"
#define CODE_ALPHABET	 ID_ALPHABET "-"
#define KEY_NAME_LETTERS "abcdefghijklmnopqrstuvwxyz234567"

static const CsRecordField account_fields[] = {
	{"id", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsAccount, id)},
	{"user", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsAccount, user)},
	{"url", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsAccount, url)},
	{"organisation", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsAccount, organisation)},
	{"device_id", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsAccount, device_id)},
	{"helpdesk_code", CS_RECORD_LATER_TEXT, G_STRUCT_OFFSET(CsAccount, helpdesk_code)},
	{"key_file", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsAccount, key_file)},
	{"created_at", CS_RECORD_NUMBER, G_STRUCT_OFFSET(CsAccount, created_at)},
	{"tombstone", CS_RECORD_FLAG, G_STRUCT_OFFSET(CsAccount, tombstone)},
	{"managed", CS_RECORD_MANAGED, G_STRUCT_OFFSET(CsAccount, managed)},
	{"reason", CS_RECORD_REASON, G_STRUCT_OFFSET(CsAccount, reason)},
	{"checked_at", CS_RECORD_NUMBER, G_STRUCT_OFFSET(CsAccount, checked_at)},
	{"hint", CS_RECORD_OPTIONAL_TEXT, G_STRUCT_OFFSET(CsAccount, hint)},
	{"request", CS_RECORD_OPTIONAL_TEXT, G_STRUCT_OFFSET(CsAccount, request)},
	{"certificate_fingerprint", CS_RECORD_OPTIONAL_TEXT,
	 G_STRUCT_OFFSET(CsAccount, certificate_fingerprint)},
	{"certificate_issuer", CS_RECORD_OPTIONAL_TEXT,
	 G_STRUCT_OFFSET(CsAccount, certificate_issuer)},
	{"certificate_not_before", CS_RECORD_NUMBER,
	 G_STRUCT_OFFSET(CsAccount, certificate_not_before)},
	{"certificate_not_after", CS_RECORD_NUMBER,
	 G_STRUCT_OFFSET(CsAccount, certificate_not_after)},
	{NULL},
};

static const CsRecordField pending_fields[] = {
	{"key_file", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsPendingEnrolment, key_file)},
	{"code_tag", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsPendingEnrolment, code_tag)},
	{"created_at", CS_RECORD_NUMBER, G_STRUCT_OFFSET(CsPendingEnrolment, created_at)},
	{NULL},
};

static const CsRecordField organisation_fields[] = {
	{"url", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsOrganisation, url)},
	{"name", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsOrganisation, name)},
	{"server_key", CS_RECORD_KEY, G_STRUCT_OFFSET(CsOrganisation, server_key)},
	{"sequence", CS_RECORD_NUMBER, G_STRUCT_OFFSET(CsOrganisation, sequence)},
	{"device_id", CS_RECORD_OPTIONAL_TEXT, G_STRUCT_OFFSET(CsOrganisation, device_id)},
	{"helpdesk_code", CS_RECORD_LATER_TEXT, G_STRUCT_OFFSET(CsOrganisation, helpdesk_code)},
	{"device_key_file", CS_RECORD_TEXT, G_STRUCT_OFFSET(CsOrganisation, device_key_file)},
	{"pending", CS_RECORD_LIST, G_STRUCT_OFFSET(CsOrganisation, pending)},
	{NULL},
};

static gboolean
fail(GError **error, const char *what)
{
	cs_error_set(error, CS_ERROR_STATE, "state-invalid", "%s", what);
	return FALSE;
}

static gboolean
is_of(const char *text, gsize length, const char *alphabet)
{
	return strspn(text, alphabet) >= length;
}

/**
 * cs_book_is_id:
 * @text: (nullable): an account's id as a server gave it, or as a person typed it
 *
 * Returns: %TRUE where @text is one to 64 of `[a-z0-9]`, which is safe in a path and in a URL
 */
gboolean
cs_book_is_id(const char *text)
{
	gsize length = text == NULL ? 0 : strlen(text);

	return length >= 1 && length <= MAX_ID_LENGTH && is_of(text, length, ID_ALPHABET);
}

/**
 * cs_book_is_code:
 * @text: (nullable): what claims to be a stable code
 *
 * Returns: %TRUE where @text has the form that every reason's and error's code has
 */
gboolean
cs_book_is_code(const char *text)
{
	gsize length = text == NULL ? 0 : strlen(text);

	return length >= 1 && length <= MAX_ID_LENGTH && is_of(text, length, CODE_ALPHABET);
}

/**
 * cs_book_is_key_file:
 * @text: (nullable): a base name
 *
 * Returns: %TRUE where @text is a name that we give to key files, which is safe in a path
 */
gboolean
cs_book_is_key_file(const char *text)
{
	return text != NULL && strlen(text) == KEY_NAME_LENGTH + strlen(KEY_NAME_SUFFIX) &&
	       is_of(text, KEY_NAME_LENGTH, KEY_NAME_LETTERS) &&
	       g_str_equal(text + KEY_NAME_LENGTH, KEY_NAME_SUFFIX);
}

/**
 * cs_pending_enrolment_free:
 * @pending: (nullable) (transfer full): an enrolment under way
 */
void
cs_pending_enrolment_free(CsPendingEnrolment *pending)
{
	if (pending == NULL)
		return;
	cs_record_clear(pending_fields, pending);
	g_free(pending);
}

/**
 * cs_organisation_new:
 * @url: its origin
 * @name: what it calls itself, already cleaned for display
 * @server_key: the key to pin
 *
 * Returns: (transfer full): an organisation without device key, device id and accounts
 */
CsOrganisation *
cs_organisation_new(const char *url, const char *name, CsJwk *server_key)
{
	CsOrganisation *organisation = g_new0(CsOrganisation, 1);

	organisation->url = g_strdup(url);
	organisation->name = g_strdup(name);
	organisation->server_key = cs_jwk_ref(server_key);
	organisation->pending =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_pending_enrolment_free);
	return organisation;
}

/**
 * cs_organisation_free:
 * @organisation: (nullable) (transfer full): an organisation
 */
void
cs_organisation_free(CsOrganisation *organisation)
{
	if (organisation == NULL)
		return;
	cs_record_clear(organisation_fields, organisation);
	g_clear_pointer(&organisation->pending, g_ptr_array_unref);
	g_free(organisation);
}

/**
 * cs_account_free:
 * @account: (nullable) (transfer full): an account
 */
void
cs_account_free(CsAccount *account)
{
	if (account == NULL)
		return;
	cs_record_clear(account_fields, account);
	g_free(account);
}

/**
 * cs_account_copy:
 * @account: an account
 *
 * Returns: (transfer full): the same, with strings of its own
 */
CsAccount *
cs_account_copy(const CsAccount *account)
{
	CsAccount *copy = g_new(CsAccount, 1);

	*copy = *account;
	cs_record_own_texts(account_fields, copy);
	return copy;
}

/**
 * cs_book_new:
 *
 * Returns: (transfer full): an empty book
 */
CsBook *
cs_book_new(void)
{
	CsBook *book = g_new0(CsBook, 1);

	book->organisations = g_ptr_array_new_with_free_func((GDestroyNotify)cs_organisation_free);
	book->accounts = g_ptr_array_new_with_free_func((GDestroyNotify)cs_account_free);
	return book;
}

/**
 * cs_book_free:
 * @book: (nullable) (transfer full): a book
 */
void
cs_book_free(CsBook *book)
{
	if (book == NULL)
		return;
	g_ptr_array_unref(book->organisations);
	g_ptr_array_unref(book->accounts);
	g_free(book->latest_explanation);
	g_free(book);
}

static gboolean
read_pending(CsOrganisation *organisation, const cJSON *json, GError **error)
{
	CsPendingEnrolment *pending = g_new0(CsPendingEnrolment, 1);

	g_ptr_array_add(organisation->pending, pending);
	if (!cs_record_read(json, pending_fields, pending, error))
		return FALSE;
	if (!cs_book_is_key_file(pending->key_file))
		return fail(error, _("a key file's name is not one of ours"));
	return TRUE;
}

static gboolean
read_all_pending(CsOrganisation *organisation, const cJSON *json, GError **error)
{
	const cJSON *item = NULL;

	cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(json, "pending")) {
		if (!read_pending(organisation, item, error))
			return FALSE;
	}
	return TRUE;
}

static CsOrganisation *
find_organisation(const CsBook *book, const char *url)
{
	for (guint i = 0; i < book->organisations->len; i++) {
		CsOrganisation *organisation = g_ptr_array_index(book->organisations, i);

		if (g_str_equal(organisation->url, url))
			return organisation;
	}
	return NULL;
}

static gboolean
may_be_helpdesk_code(const char *code)
{
	return code == NULL || cs_helpdesk_code_is_valid(code);
}

static gboolean
read_organisation(CsBook *book, const cJSON *json, GError **error)
{
	g_autoptr(CsOrganisation) organisation = g_new0(CsOrganisation, 1);
	g_autofree char *origin = NULL;

	organisation->pending =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_pending_enrolment_free);
	if (!cs_record_read(json, organisation_fields, organisation, error) ||
	    !read_all_pending(organisation, json, error))
		return FALSE;
	origin = cs_http_normalise_origin(organisation->url, NULL);
	if (g_strcmp0(origin, organisation->url) != 0)
		return fail(error, _("an organisation's address is not an origin"));
	if (!cs_book_is_key_file(organisation->device_key_file))
		return fail(error, _("a key file's name is not one of ours"));
	if (organisation->device_id != NULL && !cs_book_is_id(organisation->device_id))
		return fail(error, _("a device's id is malformed"));
	if (!may_be_helpdesk_code(organisation->helpdesk_code))
		return fail(error, _("a helpdesk code is malformed"));
	if (organisation->sequence < 0)
		return fail(error, _("a rotation's number is negative"));
	if (find_organisation(book, organisation->url) != NULL)
		return fail(error, _("an organisation is listed twice"));
	g_ptr_array_add(book->organisations, g_steal_pointer(&organisation));
	return TRUE;
}

static gboolean
read_account(CsBook *book, const cJSON *json, GError **error)
{
	g_autoptr(CsAccount) account = g_new0(CsAccount, 1);

	if (!cs_record_read(json, account_fields, account, error))
		return FALSE;
	if (!cs_book_is_id(account->id) || !cs_book_is_id(account->device_id))
		return fail(error, _("an id is malformed"));
	if (!may_be_helpdesk_code(account->helpdesk_code))
		return fail(error, _("a helpdesk code is malformed"));
	if (!cs_book_is_key_file(account->key_file))
		return fail(error, _("a key file's name is not one of ours"));
	if (find_organisation(book, account->url) == NULL)
		return fail(error, _("an account's organisation is missing"));
	for (guint i = 0; i < book->accounts->len; i++) {
		const CsAccount *other = g_ptr_array_index(book->accounts, i);

		if (g_str_equal(other->id, account->id))
			return fail(error, _("an account is listed twice"));
	}
	g_ptr_array_add(book->accounts, g_steal_pointer(&account));
	return TRUE;
}

static gboolean
read_list(CsBook *book,
	  const cJSON *json,
	  const char *name,
	  gboolean (*read)(CsBook *, const cJSON *, GError **),
	  GError **error)
{
	const cJSON *list = cs_json_get_array(json, name, error);
	const cJSON *item = NULL;

	if (list == NULL)
		return FALSE;
	cJSON_ArrayForEach (item, list) {
		if (!read(book, item, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
read_book(CsBook *book, const cJSON *json, GError **error)
{
	static const char *const members[] = {"version", "organisations", "accounts",
					      "latest_explanation", NULL};
	const char *latest = NULL;
	gint64 version = 0;

	if (!cs_json_get_int64(json, "version", &version, error))
		return FALSE;
	if (version != FORMAT_VERSION) {
		cs_error_set(error, CS_ERROR_STATE, "state-version-unknown",
			     _("it was written by another version of the program (form %" PRId64
			       ", this one knows %d)"),
			     version, FORMAT_VERSION);
		return FALSE;
	}
	if (!cs_json_check_members(json, members, error) ||
	    !read_list(book, json, "organisations", read_organisation, error) ||
	    !read_list(book, json, "accounts", read_account, error) ||
	    !cs_json_get_optional_string(json, "latest_explanation", &latest, error))
		return FALSE;
	if (latest != NULL && !cs_book_is_id(latest))
		return fail(error, _("an id is malformed"));
	book->latest_explanation = g_strdup(latest);
	return TRUE;
}

/**
 * cs_book_parse:
 * @text: the file's contents
 * @error: return location
 *
 * Reads a book strictly: an unknown member, a name that could lead out of the keys folder, a
 * doubled id and everything else that we would not have written is an error.
 *
 * Returns: (transfer full): the book; %NULL with %CS_ERROR_STATE, "state-version-unknown" where
 *   another version wrote it, else "state-invalid"
 */
CsBook *
cs_book_parse(GBytes *text, GError **error)
{
	g_autoptr(CsBook) book = cs_book_new();
	g_autoptr(GError) cause = NULL;
	g_autoptr(cJSON) json = cs_json_parse_bytes(text, &cause);

	if (json != NULL && read_book(book, json, &cause))
		return g_steal_pointer(&book);
	if (g_error_matches(cause, CS_ERROR, CS_ERROR_STATE))
		g_propagate_error(error, g_steal_pointer(&cause));
	else
		fail(error, cause->message);
	return NULL;
}

static cJSON *
write_list(cJSON *json, const char *name, const CsRecordField *fields, const GPtrArray *records)
{
	cJSON *list = cs_json_add_array(json, name);

	for (guint i = 0; i < records->len; i++) {
		cJSON *item = cJSON_CreateObject();

		cs_record_write(item, fields, g_ptr_array_index(records, i));
		cs_json_append(list, item);
	}
	return list;
}

static void
write_organisations(cJSON *json, const GPtrArray *organisations)
{
	cJSON *list = write_list(json, "organisations", organisation_fields, organisations);
	cJSON *item = NULL;
	guint i = 0;

	cJSON_ArrayForEach (item, list) {
		const CsOrganisation *organisation = g_ptr_array_index(organisations, i++);

		write_list(item, "pending", pending_fields, organisation->pending);
	}
}

/**
 * cs_book_print:
 * @book: a book
 *
 * Returns: (transfer full) (nullable): what cs_book_parse() reads; NULL where memory ran out
 */
char *
cs_book_print(const CsBook *book)
{
	g_autoptr(cJSON) json = cJSON_CreateObject();

	cs_json_add_int64(json, "version", FORMAT_VERSION);
	write_organisations(json, book->organisations);
	write_list(json, "accounts", account_fields, book->accounts);
	cs_json_add_string(json, "latest_explanation", book->latest_explanation);
	return cs_json_print_pretty(json);
}
