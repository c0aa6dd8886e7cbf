/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/activation.h"
#include "core/authority/service-private.h"
#include "core/base/encoding.h"
#include "core/base/random.h"

#include <string.h>

#define ID_LENGTH 16

/* One enrolment on its way through the registry's transaction. */
typedef struct {
	CsEnrollToken *enroll;
	CsDeviceToken *claim;
	char *code; /* in its normal form; wiped */
	char *code_hash;
	gint64 now;
	CsAnswer *answer;

	CsCodeRow *code_row;
	CsUserRow *user;
	CsDeviceRow *device;
	CsDeviceKeyRow *key;
	CsAccountRow *account;
} CsEnrolment;

static void
enrolment_clear(CsEnrolment *enrolment)
{
	if (enrolment->code != NULL)
		cs_secret_wipe(enrolment->code, strlen(enrolment->code));
	g_clear_pointer(&enrolment->code, g_free);
	g_clear_pointer(&enrolment->code_hash, g_free);
	g_clear_pointer(&enrolment->enroll, cs_enroll_token_free);
	g_clear_pointer(&enrolment->claim, cs_device_token_free);
	g_clear_pointer(&enrolment->code_row, cs_code_row_free);
	g_clear_pointer(&enrolment->user, cs_user_row_free);
	g_clear_pointer(&enrolment->device, cs_device_row_free);
	g_clear_pointer(&enrolment->key, cs_device_key_row_free);
	g_clear_pointer(&enrolment->account, cs_account_row_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CsEnrolment, enrolment_clear)

static gboolean
log_enrolment(CsService *service, const CsEnrolment *e, const char *reason, GError **error)
{
	gboolean proven = e->user != NULL;
	g_autofree char *actor =
		proven ? g_strconcat("user:", e->user->login, NULL) : g_strdup("device");
	CsLogEntry entry = {
		.event = "enrolment",
		.actor = actor,
		.device = e->device != NULL ? e->device->id : NULL,
		.account = e->account != NULL ? e->account->id : NULL,
		.outcome = reason == NULL ? "ok" : "refused",
		.reason = reason,
	};

	return cs_service_log(service, &entry, proven, error);
}

/* A refusal is an answer, not a failure: its line is committed. */
static gboolean
refuse(CsService *service,
       CsEnrolment *e,
       CsProblem problem,
       CsReason reason,
       const char *detail,
       GError **error)
{
	cs_answer_set_problem(e->answer, problem, detail);
	return log_enrolment(service, e, cs_reason_to_code(reason), error);
}

static gboolean
shares_group(char *const *a, char *const *b)
{
	for (; *a != NULL; a++) {
		if (g_strv_contains((const char *const *)b, *a))
			return TRUE;
	}
	return FALSE;
}

/* Whoever tries codes one group at a time voids those that he comes near to. */
static gboolean
count_wrong_try(CsService *service, const CsEnrolment *e, GPtrArray *codes, GError **error)
{
	g_auto(GStrv) groups = cs_activation_hash_groups(service->authority, e->code);

	for (guint i = 0; i < codes->len; i++) {
		CsCodeRow *row = g_ptr_array_index(codes, i);

		if (!shares_group(groups, row->groups) ||
		    row->wrong_tries >= CS_ACTIVATION_MAX_WRONG_TRIES)
			continue;
		row->wrong_tries++;
		if (!cs_registry_put_code(service->registry, row, error))
			return FALSE;
	}
	return TRUE;
}

/* A code that was good once is no stranger's guess: its line is always written, with its user. */
static gboolean
find_former_user(CsService *service, CsEnrolment *e, GError **error)
{
	g_autoptr(CsAccountRow) made = NULL;

	if (!cs_registry_find_account_by_code(service->registry, e->code_hash, &made, error))
		return FALSE;
	if (made == NULL)
		return TRUE;
	e->user = cs_registry_get_user_by_id(service->registry, made->user_id, error);
	return e->user != NULL;
}

/* Finds the code and its user. e->code_row stays NULL where the answer is a refusal. */
static gboolean
find_code(CsService *service, CsEnrolment *e, GError **error)
{
	g_autoptr(GPtrArray) codes = cs_registry_list_codes(service->registry, e->now, error);

	if (codes == NULL)
		return FALSE;
	for (guint i = 0; i < codes->len && e->code_row == NULL; i++) {
		CsCodeRow *row = g_ptr_array_index(codes, i);

		if (row->wrong_tries < CS_ACTIVATION_MAX_WRONG_TRIES &&
		    g_strcmp0(row->hash, e->code_hash) == 0)
			e->code_row = g_ptr_array_steal_index(codes, i);
	}
	if (e->code_row == NULL)
		return count_wrong_try(service, e, codes, error) &&
		       find_former_user(service, e, error) &&
		       refuse(service, e, CS_PROBLEM_CODE_INVALID, CS_REASON_CODE_INVALID,
			      "unknown, used before, expired or tried too often", error);
	e->user = cs_registry_get_user_by_id(service->registry, e->code_row->user_id, error);
	return e->user != NULL;
}

/* Rule 26: by the device key, which proves, before the hardware id, which is claimed. A deleted
 * record is none (rule 24). */
static gboolean
find_device(CsService *service, CsEnrolment *e, GError **error)
{
	if (!cs_registry_find_device_key(service->registry, cs_jwk_get_thumbprint(e->claim->key),
					 &e->key, error))
		return FALSE;
	if (e->key != NULL) {
		e->device = cs_registry_get_device(service->registry, e->key->device_id, error);
		if (e->device == NULL)
			return FALSE;
		if (e->device->state != CS_DEVICE_DELETED)
			return TRUE;
		g_clear_pointer(&e->device, cs_device_row_free);
		g_clear_pointer(&e->key, cs_device_key_row_free);
	}
	return cs_registry_find_device_by_hardware(service->registry, e->claim->hardware_id,
						   &e->device, error);
}

static gboolean
add_device(CsService *service, CsEnrolment *e, GError **error)
{
	e->device = g_new0(CsDeviceRow, 1);
	e->device->id = cs_random_id(ID_LENGTH, error);
	if (e->device->id == NULL)
		return FALSE;
	e->device->helpdesk_code = cs_registry_make_helpdesk_code(service->registry, error);
	if (e->device->helpdesk_code == NULL)
		return FALSE;
	e->device->hardware_id = g_strdup(e->claim->hardware_id);
	e->device->name = g_strdup(e->claim->name);
	e->device->platform = g_strdup(e->claim->platform);
	e->device->state = CS_DEVICE_ACTIVE;
	e->device->created_at = e->now;
	return cs_registry_put_device(service->registry, e->device, error);
}

static gboolean
add_key(CsService *service, CsEnrolment *e, CsApproval approval, GError **error)
{
	e->key = g_new0(CsDeviceKeyRow, 1);
	e->key->id = cs_random_id(ID_LENGTH, error);
	if (e->key->id == NULL)
		return FALSE;
	e->key->device_id = g_strdup(e->device->id);
	e->key->thumbprint = g_strdup(cs_jwk_get_thumbprint(e->claim->key));
	e->key->jwk = cs_jwk_to_text(e->claim->key);
	e->key->approval = approval;
	e->key->hardware = e->claim->hardware_key;
	e->key->created_at = e->now;
	return cs_registry_put_device_key(service->registry, e->key, error);
}

static gboolean
add_account(CsService *service, CsEnrolment *e, GError **error)
{
	e->account = g_new0(CsAccountRow, 1);
	e->account->id = cs_random_id(ID_LENGTH, error);
	if (e->account->id == NULL)
		return FALSE;
	e->account->user_id = g_strdup(e->user->id);
	e->account->device_id = g_strdup(e->device->id);
	e->account->key_id = g_strdup(e->key->id);
	e->account->thumbprint = g_strdup(cs_jwk_get_thumbprint(e->enroll->key));
	e->account->jwk = cs_jwk_to_text(e->enroll->key);
	e->account->code_hash = g_strdup(e->code_hash);
	e->account->created_at = e->now;
	return cs_registry_put_account(service->registry, e->account, error);
}

static void
answer_account(const CsService *service, const CsEnrolment *e)
{
	cJSON *body = cJSON_CreateObject();

	cs_json_add_string(body, "account", e->account->id);
	cs_json_add_string(body, "user", e->user->login);
	cs_json_add_string(body, "device", e->device->id);
	cs_json_add_string(body, "helpdesk_code", e->device->helpdesk_code);
	cs_json_add_string(body, "organisation", cs_authority_get_name(service->authority));
	cs_answer_set(e->answer, 201, body);
}

/* The account key enrolled before. With the code and the device key that it enrolled with, the
 * client was interrupted and hears the same again; else the key is not fresh, whatever the code, so
 * that nobody can try codes uncounted with it. */
static gboolean
answer_again(CsService *service, CsEnrolment *e, GError **error)
{
	e->key = cs_registry_get_device_key(service->registry, e->account->key_id, error);
	if (e->key == NULL)
		return FALSE;
	if (e->account->deleted || g_strcmp0(e->account->code_hash, e->code_hash) != 0 ||
	    g_strcmp0(e->key->thumbprint, cs_jwk_get_thumbprint(e->claim->key)) != 0) {
		cs_answer_set_problem(e->answer, CS_PROBLEM_TOKEN_MALFORMED,
				      "the account key is not a new one");
		return TRUE;
	}
	e->user = cs_registry_get_user_by_id(service->registry, e->account->user_id, error);
	if (e->user == NULL)
		return FALSE;
	e->device = cs_registry_get_device(service->registry, e->account->device_id, error);
	if (e->device == NULL)
		return FALSE;
	answer_account(service, e);
	return TRUE;
}

/* Code, device, key and account in one go: a code is consumed by the account that it made. */
static gboolean
add_everything(CsService *service, CsEnrolment *e, GError **error)
{
	gboolean founder = e->device == NULL;

	if (founder && !add_device(service, e, error))
		return FALSE;
	if (e->key == NULL &&
	    !add_key(service, e, founder ? CS_APPROVAL_FOUNDER : CS_APPROVAL_NONE, error))
		return FALSE;
	if (!add_account(service, e, error) ||
	    !cs_registry_delete_code(service->registry, e->user->id, error) ||
	    !log_enrolment(service, e, NULL, error))
		return FALSE;
	answer_account(service, e);
	return TRUE;
}

static gboolean
enrol(CsService *service, gpointer data, GError **error)
{
	CsEnrolment *e = data;

	if (!cs_registry_find_account_by_thumbprint(
		    service->registry, cs_jwk_get_thumbprint(e->enroll->key), &e->account, error))
		return FALSE;
	if (e->account != NULL)
		return answer_again(service, e, error);
	if (!find_code(service, e, error))
		return FALSE;
	if (e->code_row == NULL)
		return TRUE;
	if (e->user->state != CS_USER_ACTIVE)
		return refuse(service, e, CS_PROBLEM_USER_SUSPENDED, CS_REASON_USER_SUSPENDED,
			      "an administrator has suspended the user", error);
	if (!find_device(service, e, error))
		return FALSE;
	if (e->device != NULL && e->device->state != CS_DEVICE_ACTIVE)
		return refuse(service, e, CS_PROBLEM_DEVICE_NOT_ACTIVE, CS_REASON_DEVICE_NOT_ACTIVE,
			      "adding an account needs an active device", error);
	return add_everything(service, e, error);
}

/* Both keys speak of each other, of one nonce and of the code. That they are not one key belongs to
 * the tokens' form. */
static gboolean
tokens_tie(const CsEnrolment *e)
{
	const CsEnrollToken *enroll = e->enroll;
	const CsDeviceToken *claim = e->claim;
	g_autofree char *ch = NULL;

	if (e->code != NULL)
		ch = cs_sha256_base64url(e->code, strlen(e->code));
	return g_strcmp0(enroll->dk_jkt, cs_jwk_get_thumbprint(claim->key)) == 0 &&
	       g_strcmp0(claim->ak_jkt, cs_jwk_get_thumbprint(enroll->key)) == 0 &&
	       g_strcmp0(enroll->aud, claim->aud) == 0 &&
	       g_strcmp0(enroll->nonce, claim->nonce) == 0 &&
	       ABS(enroll->iat - claim->iat) <= CS_TOKEN_LEEWAY_S &&
	       (ch == NULL || g_strcmp0(enroll->code_hash, ch) == 0);
}

static gboolean
read_enrolment(const cJSON *body, CsEnrolment *e)
{
	static const char *const members[] = {"code", "enroll", "device", NULL};
	const char *code = cs_json_get_string(body, "code", NULL);
	const char *enroll = cs_json_get_string(body, "enroll", NULL);
	const char *device = cs_json_get_string(body, "device", NULL);

	if (!cs_json_check_members(body, members, NULL) || code == NULL || enroll == NULL ||
	    device == NULL) {
		cs_answer_set_problem(e->answer, CS_PROBLEM_REQUEST_MALFORMED,
				      "code, enroll and device are asked for");
		return FALSE;
	}
	e->code = cs_activation_code_normalise(code);
	e->enroll = cs_enroll_token_verify(enroll, NULL);
	e->claim = cs_device_token_verify(device, NULL);
	if (e->enroll == NULL || e->claim == NULL || !tokens_tie(e)) {
		cs_answer_set_problem(e->answer, CS_PROBLEM_TOKEN_MALFORMED,
				      "the two tokens do not verify, or do not tie together");
		return FALSE;
	}
	return TRUE;
}

/**
 * cs_service_enrol:
 * @service: the service
 * @id: ""
 * @body: {"code", "enroll", "device"}
 * @answer: 201, or a problem
 *
 * POST /v1/accounts: adds an account by an activation code (rules 24 and 26), in one transaction
 * with the code's end. A wrong code counts against those that it comes near to.
 *
 * It attests nothing (rule 25): that the device key is held was proved, that it sits in the
 * hardware it names was not.
 *
 * Returns: %FALSE where the server failed
 */
gboolean
cs_service_enrol(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error)
{
	g_auto(CsEnrolment) e = {.answer = answer};

	e.now = cs_service_get_now(service);
	if (!read_enrolment(body, &e) ||
	    !cs_service_accept_token(service, e.enroll->aud, e.enroll->iat, e.enroll->nonce,
				     answer))
		return TRUE;
	if (e.code == NULL) {
		cs_answer_set_problem(answer, CS_PROBLEM_CODE_INVALID, "this is no code");
		return TRUE;
	}
	e.code_hash = cs_activation_hash(service->authority, e.code);
	return cs_service_commit(service, enrol, &e, error);
}
