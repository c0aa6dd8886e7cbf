/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include "core/base/workers.h"

#define MAX_WORKERS 15

/* A response to a challenge, whose signatures are being verified. */
struct _CsPreparedResponse {
	cJSON *body;
	CsProofs *proofs;
	CsWork *work; /* NULL when it has ended */
};

static void
verify_cb(gpointer data)
{
	cs_proofs_verify(data);
}

/**
 * cs_service_prepared_free_cb:
 * @data: (transfer full): what cs_service_prepare_cb() returned
 *
 * When the request is over; waits for what was begun.
 */
void
cs_service_prepared_free_cb(gpointer data)
{
	CsPreparedResponse *prepared = data;

	cs_work_finish(prepared->work);
	cs_proofs_free(prepared->proofs);
	cJSON_Delete(prepared->body);
	g_free(prepared);
}

/* The keys as they are now: where they are others when it is decided, these proofs count for
 * nothing. */
static CsProofs *
make_proofs(CsService *service, const char *account_id, const CsProofsInput *tokens)
{
	g_autoptr(CsAccountRow) account = NULL;
	g_autoptr(CsDeviceKeyRow) key = NULL;
	CsProofsInput input = *tokens;

	if (!cs_registry_find_account(service->registry, account_id, &account, NULL) ||
	    account == NULL)
		return NULL;
	key = cs_registry_get_device_key(service->registry, account->key_id, NULL);
	if (key == NULL)
		return NULL;
	input.account_jwk = account->jwk;
	input.account_thumbprint = account->thumbprint;
	input.device_jwk = key->jwk;
	input.device_thumbprint = key->thumbprint;
	return cs_proofs_new(&input);
}

/* What the call itself will refuse costs nothing ahead, nor is its body kept: that has three texts and
 * nothing else. */
static gboolean
read_tokens(const cJSON *body, CsProofsInput *tokens)
{
	static const char *const members[] = {"response", "device_proof", "attestation", NULL};

	if (!cs_json_check_members(body, members, NULL) ||
	    !cs_json_get_optional_string(body, "device_proof", &tokens->device_proof, NULL) ||
	    !cs_json_get_optional_string(body, "attestation", &tokens->attestation, NULL))
		return FALSE;
	tokens->response = cs_json_get_string(body, "response", NULL);
	return tokens->response != NULL;
}

static gboolean
is_open(CsService *service, const char *id, CsOpenChallenge *open)
{
	return id != NULL &&
	       cs_challenges_find(service->challenges, id, cs_service_get_now(service), open) &&
	       open->use == CS_CHALLENGE_OPEN;
}

/**
 * cs_service_prepare_cb:
 * @request: a request that has arrived
 * @data: the service
 *
 * Begins to verify a response's signatures. Nothing is decided here, and nothing written.
 *
 * Returns: (transfer full) (nullable): a #CsPreparedResponse; %NULL where it is no response to an
 *   open challenge
 */
gpointer
cs_service_prepare_cb(const CsHttpdRequest *request, gpointer data)
{
	CsService *service = data;
	CsOpenChallenge open = {0};
	CsProofsInput tokens = {0};
	g_autofree char *id = cs_service_dup_response_id(request);
	g_autoptr(cJSON) body =
		is_open(service, id, &open) ? cs_json_parse_bytes(request->body, NULL) : NULL;
	CsPreparedResponse *prepared = NULL;
	CsProofs *proofs = NULL;

	if (cJSON_IsObject(body) && read_tokens(body, &tokens) &&
	    cs_challenges_begin_ahead(service->challenges, id))
		proofs = make_proofs(service, open.account, &tokens);
	if (proofs == NULL)
		return NULL;
	prepared = g_new0(CsPreparedResponse, 1);
	prepared->body = g_steal_pointer(&body);
	prepared->proofs = proofs;
	prepared->work = cs_workers_begin(service->workers, verify_cb, proofs);
	return prepared;
}

/**
 * cs_service_start_workers:
 * @service: the service, its httpd made
 *
 * From here on the signatures of responses are verified by as many threads as there are processors,
 * this one included, as soon as they have arrived; they are decided one after another as ever.
 */
void
cs_service_start_workers(CsService *service)
{
	guint processors = g_get_num_processors();

	service->workers = cs_workers_new(CLAMP(processors, 2, MAX_WORKERS + 1) - 1);
	cs_httpd_set_prepare(service->httpd, cs_service_prepare_cb, cs_service_prepared_free_cb,
			     service);
}

/**
 * cs_service_get_prepared_body:
 * @service: the service
 *
 * Returns: (transfer none) (nullable): the body of the request under way, where it was read already
 */
const cJSON *
cs_service_get_prepared_body(const CsService *service)
{
	return service->prepared != NULL ? service->prepared->body : NULL;
}

/**
 * cs_service_ensure_proofs:
 * @service: the service
 *
 * Waits for what was begun.
 *
 * Returns: (transfer none) (nullable): what was verified ahead of the request under way
 */
const CsProofs *
cs_service_ensure_proofs(CsService *service)
{
	if (service->prepared == NULL)
		return NULL;
	cs_work_finish(g_steal_pointer(&service->prepared->work));
	return service->prepared->proofs;
}
