/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include <string.h>

/* One deletion on its way through the registry's transaction. */
typedef struct {
	CsAccountRow *account;
	CsUserRow *user;
	gint64 now;
} CsEnding;

static void
ending_clear(CsEnding *ending)
{
	g_clear_pointer(&ending->account, cs_account_row_free);
	g_clear_pointer(&ending->user, cs_user_row_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CsEnding, ending_clear)

static gboolean
log_ending(CsService *service, const CsEnding *ending, GError **error)
{
	g_autofree char *actor = g_strconcat("user:", ending->user->login, NULL);
	CsLogEntry entry = {
		.event = "account-delete",
		.actor = actor,
		.device = ending->account->device_id,
		.account = ending->account->id,
		.outcome = "ok",
	};

	return cs_service_log(service, &entry, TRUE, error);
}

/* Reads the row once more, for an administrator may have ended the account meanwhile. Rule 22: the
 * links stay as they are. */
static gboolean
end_account(CsService *service, gpointer data, GError **error)
{
	CsEnding *ending = data;
	g_autoptr(CsAccountRow) seen = g_steal_pointer(&ending->account);

	if (!cs_registry_find_account(service->registry, seen->id, &ending->account, error))
		return FALSE;
	if (ending->account == NULL || ending->account->deleted)
		return TRUE;
	ending->user =
		cs_registry_get_user_by_id(service->registry, ending->account->user_id, error);
	if (ending->user == NULL)
		return FALSE;
	ending->account->deleted = TRUE;
	ending->account->deleted_at = ending->now;
	return cs_registry_put_account(service->registry, ending->account, error) &&
	       log_ending(service, ending, error);
}

/* The account's own key has signed this deletion. An account that never was has no key. */
static gboolean
is_signed(const CsAccountRow *account, const char *text)
{
	g_autoptr(CsJwk) key = NULL;
	g_autoptr(CsDeleteToken) verified = NULL;

	if (account == NULL)
		return TRUE;
	key = cs_jwk_new_from_text(account->jwk, NULL);
	if (key == NULL || g_strcmp0(cs_jwk_get_thumbprint(key), account->thumbprint) != 0)
		return FALSE;
	verified = cs_delete_token_verify(text, key, NULL);
	return verified != NULL;
}

static gboolean
answer_ending(CsService *service,
	      const char *id,
	      const CsAccountRow *account,
	      const char *text,
	      CsAnswer *answer,
	      GError **error)
{
	g_autoptr(CsVerdict) verdict = g_new0(CsVerdict, 1);

	verdict->aud = g_strdup(id);
	verdict->account = g_strdup(id);
	verdict->device_id = account != NULL ? g_strdup(account->device_id) : NULL;
	verdict->reason = account != NULL ? CS_REASON_ACCOUNT_DELETED : CS_REASON_ACCOUNT_UNKNOWN;
	return cs_service_answer_verdict(service, verdict, text, answer, error);
}

static gboolean
delete_by_token(CsService *service,
		const char *id,
		const CsDeleteToken *token,
		const char *text,
		CsAnswer *answer,
		GError **error)
{
	g_auto(CsEnding) ending = {.now = cs_service_get_now(service)};

	if (!cs_registry_find_account(service->registry, id, &ending.account, error))
		return FALSE;
	if (!is_signed(ending.account, text)) {
		cs_answer_set_problem(answer, CS_PROBLEM_TOKEN_MALFORMED,
				      "the account's key did not sign this");
		return TRUE;
	}
	if (!cs_service_accept_token(service, token->aud, token->iat, token->nonce, answer))
		return TRUE;
	if (ending.account != NULL && !ending.account->deleted &&
	    !cs_service_commit(service, end_account, &ending, error))
		return FALSE;
	return answer_ending(service, id, ending.account, text, answer, error);
}

/**
 * cs_service_delete_account:
 * @service: the service
 * @id: the account's
 * @body: {"delete"}
 * @answer: 200 {"verdict"}, or a problem
 *
 * DELETE /v1/accounts/{id}: ends an account on its own key's word, in every state of device and
 * user (rule 23). Asked again it answers the same; the client destroys its key on the signed
 * verdict only.
 *
 * Returns: %FALSE where the server failed
 */
gboolean
cs_service_delete_account(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error)
{
	static const char *const members[] = {"delete", NULL};
	const char *text = cs_json_get_string(body, "delete", NULL);
	g_autoptr(CsDeleteToken) token = NULL;

	if (!cs_json_check_members(body, members, NULL) || text == NULL) {
		cs_answer_set_problem(answer, CS_PROBLEM_REQUEST_MALFORMED, "delete is asked for");
		return TRUE;
	}
	token = cs_delete_token_parse(text, NULL);
	if (token == NULL || g_strcmp0(token->account, id) != 0) {
		cs_answer_set_problem(answer, CS_PROBLEM_TOKEN_MALFORMED,
				      "no deletion of this account");
		return TRUE;
	}
	return delete_by_token(service, id, token, text, answer, error);
}
