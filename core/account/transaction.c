/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/transaction.h"

#include "core/account/well-known.h"
#include "core/base/error.h"

#include <glib/gi18n-lib.h>

#define TRANSPORT "direct"

/**
 * cs_transaction_free:
 * @transaction: (nullable) (transfer full): a transaction, which is thereby abandoned
 */
void
cs_transaction_free(CsTransaction *transaction)
{
	if (transaction == NULL)
		return;
	g_clear_pointer(&transaction->book, cs_book_free);
	g_clear_pointer(&transaction->server_key, cs_jwk_unref);
	g_clear_pointer(&transaction->challenge, cs_challenge_free);
	g_clear_pointer(&transaction->issuers, g_ptr_array_unref);
	g_free(transaction->token);
	g_free(transaction);
}

static gboolean
fail(const CsTransaction *transaction, const char *what, GError **error)
{
	cs_error_set(error, CS_ERROR_SIGNATURE, "challenge-invalid",
		     _("the challenge from %s is not valid: %s"), transaction->organisation->url,
		     what);
	return FALSE;
}

static gboolean
find_account(CsTransaction *transaction, const char *account_id, GError **error)
{
	transaction->account = cs_book_find_account(transaction->book, account_id);
	if (transaction->account == NULL || transaction->account->tombstone) {
		cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found",
			     _("there is no such account here"));
		return FALSE;
	}
	transaction->organisation =
		cs_book_find_organisation(transaction->book, transaction->account->url);
	return TRUE;
}

/* NULL where memory ran out; the call then says so. */
static char *
make_question(const CsTransaction *transaction)
{
	g_autoptr(cJSON) question = cJSON_CreateObject();

	cs_json_add_string(question, "account", transaction->account->id);
	if (transaction->application != NULL)
		cs_json_add_string(question, "application", transaction->application);
	return cs_json_print(question);
}

static cJSON *
ask(const CsTransaction *transaction,
    const CsClient *client,
    GCancellable *cancellable,
    GError **error)
{
	static const char *const members[] = {"transaction", "challenge", "issuers", NULL};
	g_autofree char *body = make_question(transaction);
	const CsServerCall call = {"POST", "/v1/transactions", body, 201, members};

	return cs_server_call_run(&call, client, transaction->organisation->url, cancellable,
				  error);
}

/* What cannot be a token at all is as bad as one with a wrong signature. */
static gboolean
find_signer(CsTransaction *transaction,
	    const CsClient *client,
	    GCancellable *cancellable,
	    GError **error)
{
	g_autoptr(GError) cause = NULL;

	transaction->server_key =
		cs_well_known_find_signer(client, transaction->organisation, transaction->token,
					  &transaction->sequence, cancellable, &cause);
	if (transaction->server_key != NULL)
		return TRUE;
	if (g_error_matches(cause, CS_ERROR, CS_ERROR_INVALID) ||
	    g_error_matches(cause, CS_ERROR, CS_ERROR_UNSUPPORTED))
		return fail(transaction, cause->message, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return FALSE;
}

static gboolean
verify_signature(CsTransaction *transaction, GError **error)
{
	g_autoptr(GError) cause = NULL;

	transaction->challenge =
		cs_challenge_verify(transaction->token, transaction->server_key, &cause);
	return transaction->challenge != NULL || fail(transaction, cause->message, error);
}

static char *
make_response_address(const CsTransaction *transaction, const char *id)
{
	return g_strconcat(transaction->organisation->url, "/v1/transactions/", id, "/response",
			   NULL);
}

/* A challenge is answered only where it is for this account at this server, and for now. */
static gboolean
check_claims(const CsTransaction *transaction, const char *id, GError **error)
{
	const CsChallenge *challenge = transaction->challenge;
	g_autofree char *address = make_response_address(transaction, id);
	const struct {
		const char *claim;
		const char *wanted;
		const char *what;
	} checks[] = {
		{challenge->iss, transaction->organisation->url, _("it is another server's")},
		{challenge->aud, transaction->account->id, _("it is for another account")},
		{challenge->txn, id, _("it is of another transaction")},
		{challenge->verify_uri, address, _("it wants to be answered elsewhere")},
		{challenge->transport, TRANSPORT,
		 _("it wants to be answered by another transport")},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(checks); i++) {
		if (g_strcmp0(checks[i].claim, checks[i].wanted) != 0)
			return fail(transaction, checks[i].what, error);
	}
	if (challenge->exp <= challenge->iat ||
	    challenge->exp - challenge->iat > CS_CHALLENGE_MAX_LIFETIME_S)
		return fail(transaction, _("its lifetime is out of bounds"), error);
	return TRUE;
}

static gboolean
read_issuers(CsTransaction *transaction, const cJSON *answer, GError **error)
{
	g_autoptr(GError) cause = NULL;
	const cJSON *list = cs_json_get_array(answer, "issuers", &cause);
	g_autofree char *hash = NULL;

	if (list == NULL)
		return cs_server_call_fail(error, transaction->organisation->url, cause->message);
	if (cJSON_GetArraySize(list) > CS_MAX_ISSUERS)
		return fail(transaction, _("it lists too many issuers"), error);
	transaction->issuers = cs_issuer_list_from_json(list, &cause);
	if (transaction->issuers == NULL)
		return fail(transaction, cause->message, error);
	hash = cs_issuer_list_hash(transaction->issuers);
	if (g_strcmp0(hash, transaction->challenge->ilh) != 0)
		return fail(transaction, _("the issuers beside it are not those it vouches for"),
			    error);
	return TRUE;
}

static gboolean
read_answer(CsTransaction *transaction,
	    const CsClient *client,
	    const cJSON *answer,
	    GCancellable *cancellable,
	    GError **error)
{
	const char *url = transaction->organisation->url;
	const char *id = cs_server_call_get_string(answer, "transaction", url, error);
	const char *token =
		id == NULL ? NULL : cs_server_call_get_string(answer, "challenge", url, error);

	if (token == NULL)
		return FALSE;
	if (!cs_book_is_id(id))
		return cs_server_call_fail(error, url, _("its transaction's id is malformed"));
	transaction->token = g_strdup(token);
	if (!find_signer(transaction, client, cancellable, error) ||
	    !verify_signature(transaction, error) || !check_claims(transaction, id, error) ||
	    !read_issuers(transaction, answer, error))
		return FALSE;
	/* Heard before the signer was looked up; its iat is moved on by what that took. */
	transaction->time.unix_s = transaction->challenge->iat;
	return TRUE;
}

/**
 * cs_transaction_open:
 * @client: who authenticates
 * @account_id: an account of its book, no tombstone
 * @application: (nullable): the application whose access policy is asked too (rule 21); lent to the
 *   transaction
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * Opens an authentication and accepts the challenge only where the pinned key, or a successor that
 * it introduced, signed it for this account, server and transaction, and where its issuers are
 * those that it vouches for (rule 4: every time anew). Its time is the only one that counts; the
 * device's clock is not asked. Nothing of it is kept.
 *
 * Returns: (transfer full): the transaction; %NULL with %CS_ERROR_NOT_FOUND, %CS_ERROR_SIGNATURE
 *   ("server-key-unknown", "challenge-invalid"), %CS_ERROR_REFUSED, %CS_ERROR_UNREACHABLE,
 *   %CS_ERROR_STATE
 */
CsTransaction *
cs_transaction_open(const CsClient *client,
		    const char *account_id,
		    const char *application,
		    GCancellable *cancellable,
		    GError **error)
{
	g_autoptr(CsTransaction) transaction = g_new0(CsTransaction, 1);
	g_autoptr(cJSON) answer = NULL;

	transaction->application = application;
	transaction->book = cs_book_read(client, error);
	if (transaction->book == NULL || !find_account(transaction, account_id, error))
		return NULL;
	answer = ask(transaction, client, cancellable, error);
	if (answer == NULL)
		return NULL;
	transaction->time = cs_server_time_start(client, 0);
	if (!read_answer(transaction, client, answer, cancellable, error))
		return NULL;
	return g_steal_pointer(&transaction);
}
