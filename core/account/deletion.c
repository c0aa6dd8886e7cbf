/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/deletion.h"

#include "core/account/account-book-private.h"
#include "core/account/server-call.h"
#include "core/account/well-known.h"
#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/protocol/tokens.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static CsAccount *
find_same(const CsBookChange *change, const CsAccount *account)
{
	CsAccount *found = cs_book_find_account(change->book, account->id);

	return found != NULL && g_str_equal(found->key_file, account->key_file) ? found : NULL;
}

/* Written first, so that what was asked for is done whatever happens to this process. */
static CsAccount *
bury(const CsClient *client, const char *account_id, GError **error)
{
	g_autoptr(CsBookChange) change = cs_book_change_begin(client, error);
	CsAccount *account;

	if (change == NULL)
		return NULL;
	account = cs_book_find_account(change->book, account_id);
	if (account == NULL || account->tombstone) {
		cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found",
			     _("there is no such account here"));
		return NULL;
	}
	cs_book_change_bury_account(change, account);
	return cs_book_change_commit(change, error) ? cs_account_copy(account) : NULL;
}

static char *
sign_token(const CsClient *client,
	   const CsAccount *account,
	   CsPrivateKey *key,
	   GCancellable *cancellable,
	   GError **error)
{
	CsServerTime time = {0};
	g_autofree char *nonce =
		cs_server_call_get_nonce(client, account->url, &time, cancellable, error);
	const CsDeleteToken token = {
		.aud = account->url,
		.nonce = nonce,
		.iat = cs_server_time_get_now(&time, client),
		.account = account->id,
	};

	return nonce == NULL ? NULL : cs_delete_token_sign(&token, key, error);
}

static cJSON *
send_token(const CsClient *client,
	   const CsAccount *account,
	   const char *token,
	   GCancellable *cancellable,
	   GError **error)
{
	static const char *const members[] = {"verdict", NULL};
	g_autofree char *path = g_strconcat("/v1/accounts/", account->id, NULL);
	g_autofree char *body = cs_server_call_wrap("delete", token);
	const CsServerCall call = {"DELETE", path, body, 200, members};

	return cs_server_call_run(&call, client, account->url, cancellable, error);
}

static gboolean
ends_account(const CsVerdict *verdict, const CsAccount *account, const char *token)
{
	g_autofree char *rsh = cs_sha256_base64url(token, strlen(token));

	return g_strcmp0(verdict->iss, account->url) == 0 &&
	       g_strcmp0(verdict->aud, account->id) == 0 &&
	       g_strcmp0(verdict->account, account->id) == 0 && g_strcmp0(verdict->rsh, rsh) == 0 &&
	       !verdict->authenticated &&
	       (verdict->reason == CS_REASON_ACCOUNT_DELETED ||
		verdict->reason == CS_REASON_ACCOUNT_UNKNOWN);
}

/* Nothing local is destroyed on a lesser word than the server's signature over this very token. */
static gboolean
check_verdict(const CsAccount *account,
	      const char *text,
	      const char *token,
	      const CsJwk *server_key,
	      GError **error)
{
	g_autoptr(CsVerdict) verdict = cs_verdict_verify(text, server_key, NULL);

	if (verdict != NULL && ends_account(verdict, account, token))
		return TRUE;
	cs_error_set(error, CS_ERROR_SIGNATURE, "verdict-invalid",
		     _("the verdict from %s is not one on this deletion"), account->url);
	return FALSE;
}

static CsJwk *
find_signer(const CsClient *client,
	    const CsAccount *account,
	    const char *verdict,
	    GCancellable *cancellable,
	    GError **error)
{
	g_autoptr(CsBook) book = cs_book_read(client, error);
	const CsOrganisation *organisation;
	gint64 sequence = 0;

	if (book == NULL)
		return NULL;
	organisation = cs_book_find_organisation(book, account->url);
	if (organisation != NULL)
		return cs_well_known_find_signer(client, organisation, verdict, &sequence,
						 cancellable, error);
	cs_error_set(error, CS_ERROR_STATE, "state-invalid",
		     _("the organisation has vanished from the accounts meanwhile"));
	return NULL;
}

static gboolean
is_ended_by_server(const CsClient *client,
		   const CsAccount *account,
		   CsPrivateKey *key,
		   GCancellable *cancellable,
		   GError **error)
{
	g_autofree char *token = sign_token(client, account, key, cancellable, error);
	g_autoptr(cJSON) answer = NULL;
	g_autoptr(CsJwk) server_key = NULL;
	const char *verdict;

	if (token == NULL)
		return FALSE;
	answer = send_token(client, account, token, cancellable, error);
	if (answer == NULL)
		return FALSE;
	verdict = cs_server_call_get_string(answer, "verdict", account->url, error);
	if (verdict == NULL)
		return FALSE;
	server_key = find_signer(client, account, verdict, cancellable, error);
	return server_key != NULL && check_verdict(account, verdict, token, server_key, error);
}

/* The commit destroys the key. */
static gboolean
drop(const CsClient *client, const CsAccount *account, GError **error)
{
	g_autoptr(CsBookChange) change = cs_book_change_begin(client, error);
	CsAccount *found;

	if (change == NULL)
		return FALSE;
	found = find_same(change, account);
	if (found != NULL)
		cs_book_change_remove_account(change, found);
	return cs_book_change_commit(change, error);
}

typedef enum {
	TRY_DONE,
	TRY_PENDING, /* the error, where given, says why */
	TRY_LOST,    /* its key is gone: nobody can tell the server any more; it was dropped */
	TRY_FAILED,  /* local state */
} Try;

static Try
try_to_end(const CsClient *client,
	   const CsAccount *account,
	   GCancellable *cancellable,
	   GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(CsPrivateKey) key = cs_book_load_key(client, account->key_file, &cause);
	gboolean lost = key == NULL && g_str_equal(cs_error_get_reason(cause), "key-missing");

	if (lost)
		return drop(client, account, error) ? TRY_LOST : TRY_FAILED;
	if (key == NULL || !is_ended_by_server(client, account, key, cancellable, &cause)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return TRY_PENDING;
	}
	return drop(client, account, error) ? TRY_DONE : TRY_FAILED;
}

static Try
try_once(const CsClient *client,
	 const CsAccount *account,
	 GCancellable *cancellable,
	 GError **error)
{
	g_autoptr(GError) cause = NULL;
	Try result = try_to_end(client, account, cancellable, &cause);
	gboolean is_done = result == TRY_DONE || result == TRY_LOST;

	cs_event(is_done ? CS_EVENT_INFO : CS_EVENT_WARNING, "account-deleted", CS_FIELD_ACCOUNT,
		 account->id, CS_FIELD_PENDING, is_done ? "no" : "yes", CS_FIELD_CODE,
		 cause != NULL ? cs_account_get_error_code(cause) : NULL, CS_FIELD_END);
	if (cause != NULL)
		g_propagate_error(error, g_steal_pointer(&cause));
	return result;
}

/**
 * cs_deletion_delete:
 * @client: whose account
 * @account_id: an account of its book; the caller has asked once
 * @pending: (out): %TRUE where the server has not heard of it yet
 * @cancellable: (nullable): cancels the talk with the server, not the deletion
 * @error: return location
 *
 * Deletes an account (rule 23), whatever state the device is in. The account is a tombstone before
 * the server is asked, and so has left every list even if this process is killed; its key signs
 * only the deletion, and is destroyed only when the server has signed that the account is gone.
 * Whatever else the server answers, and where it cannot be reached, the tombstone stays for
 * cs_deletion_retry().
 *
 * Returns: %TRUE where the account has left the list; otherwise %CS_ERROR_NOT_FOUND,
 *   %CS_ERROR_STATE ("key-missing": the account was dropped here, but without its key nobody could
 *   tell the server), or %G_IO_ERROR_CANCELLED where nothing was begun
 */
gboolean
cs_deletion_delete(const CsClient *client,
		   const char *account_id,
		   gboolean *pending,
		   GCancellable *cancellable,
		   GError **error)
{
	g_autoptr(CsAccount) account = NULL;
	g_autoptr(GError) cause = NULL;
	Try result;

	*pending = FALSE;
	if (g_cancellable_set_error_if_cancelled(cancellable, error))
		return FALSE;
	account = bury(client, account_id, error);
	if (account == NULL)
		return FALSE;
	result = try_once(client, account, cancellable, &cause);
	if (result == TRY_FAILED) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return FALSE;
	}
	if (result == TRY_LOST) {
		cs_error_set(error, CS_ERROR_STATE, "key-missing",
			     _("the account was removed here, but its key is missing and %s could "
			       "not be told: ask the administrator to delete it there"),
			     account->url);
		return FALSE;
	}
	*pending = result == TRY_PENDING;
	return TRUE;
}

/* One tombstone of many; an organisation that was away a moment ago is not asked again. */
static Try
retry_one(const CsClient *client,
	  const CsAccount *account,
	  GHashTable *away,
	  GCancellable *cancellable,
	  GError **error)
{
	g_autoptr(GError) cause = NULL;
	Try result;

	if (g_hash_table_contains(away, account->url) || g_cancellable_is_cancelled(cancellable))
		return TRY_PENDING;
	result = try_once(client, account, cancellable, &cause);
	if (g_error_matches(cause, CS_ERROR, CS_ERROR_UNREACHABLE))
		g_hash_table_add(away, account->url);
	if (result == TRY_FAILED && error != NULL && *error == NULL)
		g_propagate_error(error, g_steal_pointer(&cause));
	return result;
}

/**
 * cs_deletion_retry:
 * @client: whose tombstones
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * Tries every tombstone once more. That a server is away, or refuses, is no error.
 *
 * Returns: how many tombstones remain; @error is %CS_ERROR_STATE where the book cannot be read (0
 *   is returned) or written
 */
guint
cs_deletion_retry(const CsClient *client, GCancellable *cancellable, GError **error)
{
	g_autoptr(CsBook) book = cs_book_read(client, error);
	g_autoptr(GHashTable) away = g_hash_table_new(g_str_hash, g_str_equal);
	guint n_remaining = 0;

	for (guint i = 0; book != NULL && i < book->accounts->len; i++) {
		CsAccount *account = g_ptr_array_index(book->accounts, i);
		Try result = TRY_DONE;

		if (account->tombstone)
			result = retry_one(client, account, away, cancellable, error);
		if (result == TRY_PENDING || result == TRY_FAILED)
			n_remaining++;
	}
	return n_remaining;
}
