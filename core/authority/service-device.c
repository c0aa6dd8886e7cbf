/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/lifecycle.h"
#include "core/authority/service-private.h"
#include "core/base/random.h"

#define NONCE_BYTES 32

/**
 * cs_service_make_nonce:
 * @service: the service
 * @id: ""
 * @body: {}
 * @answer: 200, or a problem
 *
 * POST /v1/nonce: a nonce for one enrolment, deletion or device's question, and the server's time.
 *
 * Returns: %FALSE where the server failed
 */
gboolean
cs_service_make_nonce(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error)
{
	static const char *const members[] = {NULL};
	gint64 now = cs_service_get_now(service);
	g_autofree char *nonce = NULL;
	cJSON *made;

	if (!cs_json_check_members(body, members, NULL)) {
		cs_answer_set_problem(answer, CS_PROBLEM_REQUEST_MALFORMED, "{} is asked for");
		return TRUE;
	}
	nonce = cs_random_base64url(NONCE_BYTES, error);
	if (nonce == NULL)
		return FALSE;
	if (!cs_challenges_add_nonce(service->challenges, nonce, now + CS_CHALLENGE_MAX_LIFETIME_S,
				     now)) {
		cs_answer_set_problem(answer, CS_PROBLEM_BUSY, "too many nonces are open");
		return TRUE;
	}
	made = cJSON_CreateObject();
	cs_json_add_string(made, "nonce", nonce);
	cs_json_add_int64(made, "iat", now);
	cs_answer_set(answer, 200, made);
	return TRUE;
}

/* One question of a device on its way through the registry. */
typedef struct {
	const char *thumbprint;
	CsDeviceKeyRow *key;
	CsDeviceRow *device;
	CsRepurposeFacts facts;
} CsDeviceAnswer;

static void
device_answer_clear(CsDeviceAnswer *found)
{
	g_clear_pointer(&found->key, cs_device_key_row_free);
	g_clear_pointer(&found->device, cs_device_row_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CsDeviceAnswer, device_answer_clear)

static gboolean
gather_facts(CsRegistry *registry, CsDeviceAnswer *found, GError **error)
{
	g_autoptr(GPtrArray) accounts = NULL;
	g_autoptr(GPtrArray) links = NULL;

	accounts = cs_registry_list_accounts(registry, NULL, found->device->id, error);
	if (accounts == NULL)
		return FALSE;
	links = cs_registry_list_links(registry, found->device->id, error);
	if (links == NULL)
		return FALSE;
	cs_lifecycle_gather_facts(found->device, accounts, links, found->key, &found->facts);
	return TRUE;
}

/* All of it as it is at one moment. found->key stays NULL where the key is unknown. */
static gboolean
find_device(CsService *service, gpointer data, GError **error)
{
	CsDeviceAnswer *found = data;

	if (!cs_registry_find_device_key(service->registry, found->thumbprint, &found->key, error))
		return FALSE;
	if (found->key == NULL)
		return TRUE;
	found->device = cs_registry_get_device(service->registry, found->key->device_id, error);
	return found->device != NULL && gather_facts(service->registry, found, error);
}

static void
answer_device(const CsDeviceAnswer *found, CsAnswer *answer)
{
	cJSON *body = cJSON_CreateObject();

	cs_json_add_string(body, "device", found->device->id);
	cs_json_add_string(body, "name", found->device->name);
	cs_json_add_string(body, "helpdesk_code", found->device->helpdesk_code);
	cs_json_add_string(body, "state", cs_device_state_to_text(found->device->state));
	cs_json_add_string(body, "key", found->key->id);
	cs_json_add_boolean(body, "approved", found->key->approval != CS_APPROVAL_NONE);
	cs_json_add(body, "steps", cs_lifecycle_steps_to_json(&found->facts));
	cs_answer_set(answer, 200, body);
}

/**
 * cs_service_query_device:
 * @service: the service
 * @id: ""
 * @body: {"query"}
 * @answer: 200, or a problem
 *
 * POST /v1/device: a device's state and rule 25's steps, for whoever holds its device key; no
 * account is needed. A device whose record was deleted is told so.
 *
 * Returns: %FALSE where the server failed
 */
gboolean
cs_service_query_device(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error)
{
	static const char *const members[] = {"query", NULL};
	const char *text = cs_json_get_string(body, "query", NULL);
	g_autoptr(CsDeviceQuery) query = NULL;
	g_auto(CsDeviceAnswer) found = {0};

	if (!cs_json_check_members(body, members, NULL) || text == NULL) {
		cs_answer_set_problem(answer, CS_PROBLEM_REQUEST_MALFORMED, "query is asked for");
		return TRUE;
	}
	query = cs_device_query_verify(text, NULL);
	if (query == NULL) {
		cs_answer_set_problem(answer, CS_PROBLEM_TOKEN_MALFORMED,
				      "the query does not verify");
		return TRUE;
	}
	if (!cs_service_accept_token(service, query->aud, query->iat, query->nonce, answer))
		return TRUE;
	found.thumbprint = cs_jwk_get_thumbprint(query->key);
	if (!cs_service_commit(service, find_device, &found, error))
		return FALSE;
	if (found.key == NULL)
		cs_answer_set_problem(answer, CS_PROBLEM_DEVICE_UNKNOWN,
				      "no device has enrolled with this key");
	else
		answer_device(&found, answer);
	return TRUE;
}
