/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/authentication.h"

#include "core/account/notices.h"
#include "core/account/transaction.h"
#include "core/attest/pipeline.h"
#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/random.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define JTI_BYTES 16

/* What answers a challenge, and what it is made of. */
typedef struct {
	CsPrivateKey *account_key;
	CsPrivateKey *device_key;
	char *chh;
	char *attestation; /* (nullable) */
	char *mah;	   /* (nullable) its SHA-256 */
	char *response;
	char *device_proof;
	CsExplanation *explanation;
} Answer;

static void
answer_clear(Answer *answer)
{
	g_clear_pointer(&answer->account_key, cs_private_key_unref);
	g_clear_pointer(&answer->device_key, cs_private_key_unref);
	g_clear_pointer(&answer->chh, g_free);
	g_clear_pointer(&answer->attestation, g_free);
	g_clear_pointer(&answer->mah, g_free);
	g_clear_pointer(&answer->response, g_free);
	g_clear_pointer(&answer->device_proof, g_free);
	g_clear_pointer(&answer->explanation, cs_explanation_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

static char *
hash(const char *token)
{
	return cs_sha256_base64url(token, strlen(token));
}

static gboolean
load_keys(Answer *answer, const CsClient *client, const CsTransaction *transaction, GError **error)
{
	answer->account_key = cs_book_load_key(client, transaction->account->key_file, error);
	if (answer->account_key == NULL)
		return FALSE;
	answer->device_key =
		cs_book_load_key(client, transaction->organisation->device_key_file, error);
	return answer->device_key != NULL;
}

/* No failure of the attestation fails the authentication (rule 2): then there is none, and the
 * explanation says why. */
static gboolean
attest(Answer *answer,
       const CsClient *client,
       const CsTransaction *transaction,
       GCancellable *cancellable,
       GError **error)
{
	g_autoptr(CsJwk) account = cs_jwk_new_from_private_key(answer->account_key, error);
	g_autoptr(CsJwk) device =
		account == NULL ? NULL : cs_jwk_new_from_private_key(answer->device_key, error);
	gint64 now = cs_server_time_get_now(&transaction->time, client);
	CsAttestationTies ties = {
		.iss = transaction->organisation->url,
		.nonce = transaction->challenge->nonce,
		.chh = answer->chh,
		.device_id = transaction->account->device_id,
		.iat = now,
	};

	if (device == NULL)
		return FALSE;
	ties.account_jkt = cs_jwk_get_thumbprint(account);
	ties.device_jkt = cs_jwk_get_thumbprint(device);
	if (!cs_pipeline_attest(client->stores, transaction->issuers,
				cs_settings_get_allowed_issuers(client->settings), now, &ties,
				cancellable, &answer->attestation, &answer->explanation, error))
		return FALSE;
	answer->mah = answer->attestation == NULL ? NULL : hash(answer->attestation);
	return TRUE;
}

static CsReason
get_missing_reason(const Answer *answer)
{
	CsReason reason = answer->explanation->reason;

	if (answer->attestation != NULL)
		return CS_REASON_NONE;
	return cs_reason_is_of(reason, CS_REASON_SIDE_CLIENT) ? reason : CS_REASON_NO_CERTIFICATE;
}

/* amr says "user" only where a person confirmed; nobody is asked here. */
static gboolean
sign_response(Answer *answer,
	      const CsClient *client,
	      const CsTransaction *transaction,
	      GError **error)
{
	const CsChallenge *challenge = transaction->challenge;
	const char *protection = cs_private_key_is_hardware(answer->account_key) ? "hwk" : "swk";
	const char *amr[] = {"pop", protection, NULL};
	g_autofree char *jti = cs_random_base64url(JTI_BYTES, error);
	gint64 now = cs_server_time_get_now(&transaction->time, client);
	const CsAuthToken token = {
		.iss = transaction->account->id,
		.sub = transaction->account->id,
		.aud = transaction->organisation->url,
		.iat = now,
		.exp = now + CS_RESPONSE_LIFETIME_S,
		.jti = jti,
		.nonce = challenge->nonce,
		.chh = answer->chh,
		.device_id = transaction->account->device_id,
		.transport = challenge->transport,
		.mah = answer->mah,
		.mar = get_missing_reason(answer),
		.amr = (char **)amr,
	};

	if (jti == NULL)
		return FALSE;
	answer->response = cs_auth_token_sign(&token, answer->account_key, error);
	return answer->response != NULL;
}

static gboolean
sign_device_proof(Answer *answer, const CsTransaction *transaction, GError **error)
{
	g_autofree char *ath = hash(answer->response);
	const CsDeviceProof proof = {
		.aud = transaction->organisation->url,
		.nonce = transaction->challenge->nonce,
		.chh = answer->chh,
		.device_id = transaction->account->device_id,
		.ath = ath,
		.mah = answer->mah,
	};

	answer->device_proof = cs_device_proof_sign(&proof, answer->device_key, error);
	return answer->device_proof != NULL;
}

static gboolean
make_answer(Answer *answer,
	    const CsClient *client,
	    const CsTransaction *transaction,
	    GCancellable *cancellable,
	    GError **error)
{
	answer->chh = hash(transaction->token);
	return load_keys(answer, client, transaction, error) &&
	       attest(answer, client, transaction, cancellable, error) &&
	       sign_response(answer, client, transaction, error) &&
	       sign_device_proof(answer, transaction, error);
}

static cJSON *
post_answer(const Answer *answer,
	    const CsClient *client,
	    const CsTransaction *transaction,
	    GCancellable *cancellable,
	    GError **error)
{
	static const char *const members[] = {"verdict", NULL};
	g_autofree char *path =
		g_strconcat("/v1/transactions/", transaction->challenge->txn, "/response", NULL);
	g_autoptr(cJSON) body = cJSON_CreateObject();
	g_autofree char *json = NULL;
	CsServerCall call = {"POST", path, NULL, 200, members};

	cs_json_add_string(body, "response", answer->response);
	cs_json_add_string(body, "device_proof", answer->device_proof);
	cs_json_add_string(body, "attestation", answer->attestation);
	json = cs_json_print(body);
	call.json = json;
	return cs_server_call_run(&call, client, transaction->organisation->url, cancellable,
				  error);
}

/* A certificate that was not shown is none that a server can speak of: its owner would be offered to
 * delete it (rule 9). */
static gboolean
is_of_attested(const CsVerdict *verdict, const Answer *answer)
{
	return verdict->certificate_fingerprint == NULL ||
	       (answer->attestation != NULL &&
		g_strcmp0(verdict->certificate_fingerprint, answer->explanation->selected) == 0);
}

static gboolean
is_about(const CsVerdict *verdict, const CsTransaction *transaction, const char *rsh)
{
	const char *id = transaction->account->id;

	return g_strcmp0(verdict->iss, transaction->organisation->url) == 0 &&
	       g_strcmp0(verdict->aud, id) == 0 && g_strcmp0(verdict->account, id) == 0 &&
	       g_strcmp0(verdict->rsh, rsh) == 0 &&
	       g_strcmp0(verdict->application, transaction->application) == 0 &&
	       (verdict->device_id == NULL ||
		g_strcmp0(verdict->device_id, transaction->account->device_id) == 0);
}

/* Only the key that signed the challenge may answer, and only to this very response. */
static CsVerdict *
read_verdict(const Answer *answer,
	     const CsTransaction *transaction,
	     const cJSON *body,
	     GError **error)
{
	const char *url = transaction->organisation->url;
	const char *token = cs_server_call_get_string(body, "verdict", url, error);
	g_autofree char *rsh = hash(answer->response);
	g_autoptr(CsVerdict) verdict = NULL;

	if (token == NULL)
		return NULL;
	verdict = cs_verdict_verify(token, transaction->server_key, NULL);
	if (verdict != NULL && is_about(verdict, transaction, rsh) &&
	    is_of_attested(verdict, answer))
		return g_steal_pointer(&verdict);
	cs_error_set(error, CS_ERROR_SIGNATURE, "verdict-invalid",
		     _("the verdict from %s is not one on this response"), url);
	return NULL;
}

static void
take_over(CsAccount *account, const CsVerdict *verdict)
{
	account->managed = verdict->managed ? CS_MANAGED_YES : CS_MANAGED_NO;
	account->reason = verdict->authenticated ? verdict->device_reason : verdict->reason;
	account->checked_at = verdict->iat;
	g_free(account->hint);
	account->hint = g_strdup(verdict->hint);
	g_free(account->request);
	account->request = g_strdup(verdict->request);
	g_free(account->certificate_fingerprint);
	account->certificate_fingerprint = g_strdup(verdict->certificate_fingerprint);
	g_free(account->certificate_issuer);
	account->certificate_issuer = g_strdup(verdict->certificate_issuer);
	account->certificate_not_before = verdict->certificate_not_before;
	account->certificate_not_after = verdict->certificate_not_after;
}

/* The same account still, not another that came in its place under the same id. */
static CsAccount *
find_again(const CsBook *book, const CsTransaction *transaction)
{
	CsAccount *account = cs_book_find_account(book, transaction->account->id);

	return account != NULL && g_str_equal(account->key_file, transaction->account->key_file)
		       ? account
		       : NULL;
}

static gboolean
is_listed(const CsBook *book, const CsTransaction *transaction)
{
	const CsAccount *account = find_again(book, transaction);

	return account != NULL && !account->tombstone;
}

static void
tell_verdict(const CsAccount *account, const CsVerdict *verdict)
{
	CsReason reason = verdict->authenticated ? verdict->device_reason : verdict->reason;

	cs_event(verdict->authenticated ? CS_EVENT_INFO : CS_EVENT_WARNING, "authentication",
		 CS_FIELD_ACCOUNT, account->id, CS_FIELD_AUTHENTICATED,
		 verdict->authenticated ? "yes" : "no", CS_FIELD_MANAGED,
		 verdict->managed ? "yes" : "no", CS_FIELD_REASON, cs_reason_to_code(reason),
		 CS_FIELD_REQUEST, verdict->request, CS_FIELD_END);
}

/* The history is for people: where it cannot be written, the verdict counts all the same. */
static void
keep_verdict(CsBookChange *change, const CsAccount *account)
{
	const CsHistoryEntry entry = {
		.at = account->checked_at,
		.managed = account->managed,
		.reason = account->reason,
		.request = account->request,
	};

	if (!cs_book_change_add_history(change, account->id, &entry, NULL))
		g_debug("the history of an account could not be written");
}

/* Of a tombstone nobody waits to hear. */
static void
keep_end(const CsBookChange *change, const CsAccount *account, CsReason reason)
{
	if (!account->tombstone && !cs_notices_note_ended(change, account, reason, NULL))
		g_debug("the end of an account could not be noted");
}

/* What was cancelled says nothing about the account, and one that is gone has no history. */
static void
keep_failure(const CsClient *client, const char *account_id, const GError *failure)
{
	const CsHistoryEntry entry = {
		.at = cs_clock_get_unix_s(client->clock),
		.error_code = (char *)cs_account_get_error_code(failure),
		.request = (char *)cs_error_get_request(failure),
	};

	cs_event(CS_EVENT_WARNING, "authentication-failed", CS_FIELD_ACCOUNT, account_id,
		 CS_FIELD_CODE, entry.error_code, CS_FIELD_REQUEST, entry.request, CS_FIELD_MESSAGE,
		 failure->message, CS_FIELD_END);

	if (!g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
	    !g_error_matches(failure, CS_ERROR, CS_ERROR_NOT_FOUND) &&
	    !cs_history_add(client, account_id, &entry, NULL))
		g_debug("the history of an account could not be written");
}

/* Rule 23: what the server ended goes, on its signed word. Of two processes' verdicts the one that
 * comes last stays: the server's clock may be set back, so that times do not tell. */
static gboolean
change_account(CsBookChange *change,
	       const CsTransaction *transaction,
	       const CsVerdict *verdict,
	       const CsExplanation *explanation,
	       GError **error)
{
	CsAccount *account = find_again(change->book, transaction);

	if (account == NULL)
		return TRUE;
	if (!verdict->authenticated && cs_reason_ends_account(verdict->reason)) {
		keep_end(change, account, verdict->reason);
		cs_event(CS_EVENT_WARNING, "account-ended", CS_FIELD_ACCOUNT, account->id,
			 CS_FIELD_REASON, cs_reason_to_code(verdict->reason), CS_FIELD_REQUEST,
			 verdict->request, CS_FIELD_END);
		cs_book_change_remove_account(change, account);
		return TRUE;
	}
	if (account->tombstone)
		return TRUE;
	take_over(account, verdict);
	keep_verdict(change, account);
	return cs_book_change_store_explanation(change, account->id, explanation, error);
}

/* *is_gone: there was no such account any more when the verdict came. */
static gboolean
store(const CsClient *client,
      const CsTransaction *transaction,
      const CsVerdict *verdict,
      const CsExplanation *explanation,
      gboolean *is_gone,
      GError **error)
{
	g_autoptr(CsBookChange) change = cs_book_change_begin(client, error);

	*is_gone = change != NULL && !is_listed(change->book, transaction);
	if (change == NULL || !change_account(change, transaction, verdict, explanation, error))
		return FALSE;
	cs_book_change_pin_key(change, transaction->organisation->url, transaction->server_key,
			       transaction->sequence);
	return cs_book_change_commit(change, error);
}

static void
set_gone(GError **error)
{
	cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found",
		     _("the account has been deleted meanwhile"));
}

/* Whatever failed (its key is missing, say) says nothing where another process has deleted the
 * account meanwhile. */
static void
judge_failure(const CsClient *client, const CsTransaction *transaction, GError **error)
{
	g_autoptr(CsBook) book = cs_book_read(client, NULL);

	if (book == NULL || is_listed(book, transaction) ||
	    g_error_matches(*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	g_clear_error(error);
	set_gone(error);
}

static CsVerdict *
run(Answer *answer,
    const CsClient *client,
    const CsTransaction *transaction,
    GCancellable *cancellable,
    GError **error)
{
	g_autoptr(cJSON) body = NULL;

	if (!make_answer(answer, client, transaction, cancellable, error))
		return NULL;
	body = post_answer(answer, client, transaction, cancellable, error);
	return body == NULL ? NULL : read_verdict(answer, transaction, body, error);
}

/* @error is never NULL here. */
static CsAccount *
authenticate(const CsClient *client,
	     const char *account_id,
	     const char *application,
	     CsAccess *access,
	     CsExplanation **explanation,
	     gboolean *authenticated,
	     GCancellable *cancellable,
	     GError **error)
{
	g_autoptr(CsTransaction) transaction =
		cs_transaction_open(client, account_id, application, cancellable, error);
	g_auto(Answer) answer = {NULL};
	g_autoptr(CsVerdict) verdict = NULL;
	gboolean is_gone = FALSE;
	CsAccount *account;

	if (transaction == NULL)
		return NULL;
	verdict = run(&answer, client, transaction, cancellable, error);
	if (verdict != NULL)
		tell_verdict(transaction->account, verdict);
	if (verdict == NULL ||
	    !store(client, transaction, verdict, answer.explanation, &is_gone, error)) {
		judge_failure(client, transaction, error);
		return NULL;
	}
	if (is_gone) {
		set_gone(error);
		return NULL;
	}
	account = cs_account_copy(transaction->account);
	take_over(account, verdict);
	if (explanation != NULL)
		*explanation = g_steal_pointer(&answer.explanation);
	if (authenticated != NULL)
		*authenticated = verdict->authenticated;
	if (access != NULL)
		*access = (CsAccess){verdict->access_allowed, verdict->access_reason};
	return account;
}

/**
 * cs_authentication_run:
 * @client: who authenticates
 * @account_id: an account of its book
 * @explanation: (out) (optional) (transfer full): how the certificate was selected
 * @authenticated: (out) (optional): whether the server let the account in
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * Authenticates one account: challenge, selection and attestation, response, verdict. The verdict
 * counts only where the key that signed the challenge signed it for this response. It is in the
 * book when this returns, with the explanation; an account that it ends has left the book, with its
 * key (rule 23). That the server refuses is an answer, not an error. The history gains the verdict,
 * or why there was none.
 *
 * Returns: (transfer full): the account as after the verdict; %NULL with %CS_ERROR_NOT_FOUND where
 *   there is none, or where another process deleted it meanwhile, %CS_ERROR_SIGNATURE ("server-key-unknown", "challenge-invalid", "verdict-invalid"),
 *   %CS_ERROR_REFUSED with the code of a refusal that nobody signed, %CS_ERROR_UNREACHABLE,
 *   %CS_ERROR_STATE or %G_IO_ERROR_CANCELLED; the book then keeps the last verdict
 */
CsAccount *
cs_authentication_run(const CsClient *client,
		      const char *account_id,
		      CsExplanation **explanation,
		      gboolean *authenticated,
		      GCancellable *cancellable,
		      GError **error)
{
	return cs_authentication_run_for(client, account_id, NULL, NULL, explanation, authenticated,
					 cancellable, error);
}

/**
 * cs_authentication_run_for:
 * @client: who authenticates
 * @account_id: an account of its book
 * @application: (nullable): 1 to 64 printable ASCII characters without space; the application whose
 *   access policy the server is to apply (rule 21)
 * @access: (out) (optional): the policy's answer, on the server's signed word about this
 *   application and no other; all zero without @application
 * @explanation: (out) (optional) (transfer full): how the certificate was selected
 * @authenticated: (out) (optional): whether the server let the account in
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * As cs_authentication_run(), for an application. That the policy refuses is an answer, not an
 * error, and is not kept: it is the application's, not the device's.
 *
 * Returns: (transfer full): as cs_authentication_run()
 */
CsAccount *
cs_authentication_run_for(const CsClient *client,
			  const char *account_id,
			  const char *application,
			  CsAccess *access,
			  CsExplanation **explanation,
			  gboolean *authenticated,
			  GCancellable *cancellable,
			  GError **error)
{
	g_autoptr(GError) failure = NULL;
	CsAccount *account = authenticate(client, account_id, application, access, explanation,
					  authenticated, cancellable, &failure);

	if (account != NULL)
		return account;
	keep_failure(client, account_id, failure);
	g_propagate_error(error, g_steal_pointer(&failure));
	return NULL;
}

/**
 * cs_authentication_explain:
 * @client: who asks
 * @account_id: an account of its book
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * Opens a transaction for the server's list of issuers (rule 4), explains what would be selected at
 * the challenge's time, and abandons the transaction: the server hears nothing of it and nothing is
 * kept.
 *
 * Returns: (transfer full): the explanation; %NULL as for cs_authentication_run()
 */
CsExplanation *
cs_authentication_explain(const CsClient *client,
			  const char *account_id,
			  GCancellable *cancellable,
			  GError **error)
{
	g_autoptr(CsTransaction) transaction =
		cs_transaction_open(client, account_id, NULL, cancellable, error);

	if (transaction == NULL)
		return NULL;
	return cs_pipeline_explain(client->stores, transaction->issuers,
				   cs_settings_get_allowed_issuers(client->settings),
				   cs_server_time_get_now(&transaction->time, client), FALSE,
				   cancellable, error);
}
