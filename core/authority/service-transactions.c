/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/binding.h"
#include "core/authority/revocation.h"
#include "core/authority/service-private.h"
#include "core/base/error.h"
#include "core/base/random.h"

#include <string.h>

#define TRANSACTION_ID_LENGTH 26 /* 130 bits: whoever knows it was told it */
#define JTI_LENGTH	      16
#define NONCE_BYTES	      32

/* One response on its way through the registry's transaction. */
typedef struct {
	CsOpenChallenge open;
	const char *response;
	const char *device_proof;
	const char *attestation; /* (nullable) */
	gint64 now;

	CsChallenge *challenge;
	CsAccountRow *account;
	CsUserRow *user;
	CsDeviceRow *device;
	CsDeviceKeyRow *key;
	CsDecision decision;
	CsPolicyAnswer access; /* where the transaction is for an application (rule 21) */

	CsService *service; /* for the verifier's questions */
	CsRevocationFinding revocation;
	gboolean link_asked;
	CsLinkRow *link;
	GError *failure; /* of a question */
} CsResponse;

static void
response_clear(CsResponse *response)
{
	g_clear_pointer(&response->challenge, cs_challenge_free);
	g_clear_pointer(&response->account, cs_account_row_free);
	g_clear_pointer(&response->user, cs_user_row_free);
	g_clear_pointer(&response->device, cs_device_row_free);
	g_clear_pointer(&response->key, cs_device_key_row_free);
	g_clear_pointer(&response->link, cs_link_row_free);
	g_clear_error(&response->failure);
	cs_decision_clear(&response->decision);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CsResponse, response_clear)

static CsChallenge *
make_challenge(CsService *service, const char *account, GError **error)
{
	const char *iss = cs_authority_get_url(service->authority);
	g_autoptr(CsChallenge) challenge = g_new0(CsChallenge, 1);

	challenge->txn = cs_random_id(TRANSACTION_ID_LENGTH, error);
	if (challenge->txn == NULL)
		return NULL;
	challenge->jti = cs_random_id(JTI_LENGTH, error);
	if (challenge->jti == NULL)
		return NULL;
	challenge->nonce = cs_random_base64url(NONCE_BYTES, error);
	if (challenge->nonce == NULL)
		return NULL;
	challenge->kid =
		g_strdup(cs_jwk_get_thumbprint(cs_authority_get_server_jwk(service->authority)));
	challenge->iss = g_strdup(iss);
	challenge->aud = g_strdup(account);
	challenge->iat = cs_service_get_now(service);
	challenge->exp = challenge->iat + CS_CHALLENGE_MAX_LIFETIME_S;
	challenge->verify_uri =
		g_strconcat(iss, "/v1/transactions/", challenge->txn, "/response", NULL);
	challenge->origins = g_new0(char *, 1);
	challenge->transport = g_strdup("direct");
	challenge->user_verification = g_strdup("none");
	challenge->ilh = g_strdup(cs_trusted_issuers_get_hash(service->issuers));
	return g_steal_pointer(&challenge);
}

/**
 * cs_service_open_transaction:
 * @service: the service
 * @id: ""
 * @body: {"account", "application": optional}
 * @answer: 201, or a problem
 *
 * POST /v1/transactions: a challenge and the issuers as they are now (rule 4), for any account id,
 * so that nobody learns from it which accounts there are.
 *
 * Returns: %FALSE where the server failed
 */
gboolean
cs_service_open_transaction(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error)
{
	static const char *const members[] = {"account", "application", NULL};
	const char *account = cs_json_get_string(body, "account", NULL);
	const char *application = NULL;
	g_autoptr(CsChallenge) challenge = NULL;
	g_autofree char *token = NULL;
	cJSON *opened;

	if (!cs_json_check_members(body, members, NULL) || !cs_service_is_id(account) ||
	    !cs_json_get_optional_string(body, "application", &application, NULL) ||
	    (application != NULL && !cs_verdict_is_application(application))) {
		cs_answer_set_problem(answer, CS_PROBLEM_REQUEST_MALFORMED,
				      "one account id is asked for, perhaps with an application");
		return TRUE;
	}
	if (!cs_service_refresh_issuers(service, error))
		return FALSE;
	challenge = make_challenge(service, account, error);
	if (challenge == NULL)
		return FALSE;
	token = cs_challenge_sign(challenge, cs_authority_get_server_key(service->authority),
				  error);
	if (token == NULL)
		return FALSE;
	if (!cs_challenges_add(service->challenges, challenge->txn, account, application, token,
			       challenge->exp, challenge->iat)) {
		cs_answer_set_problem(answer, CS_PROBLEM_BUSY, "too many challenges are open");
		return TRUE;
	}
	opened = cJSON_CreateObject();
	cs_json_add_string(opened, "transaction", challenge->txn);
	cs_json_add_string(opened, "challenge", token);
	cs_json_add(opened, "issuers",
		    cs_issuer_list_to_json(cs_trusted_issuers_get_certificates(service->issuers)));
	cs_answer_set(answer, 201, opened);
	return TRUE;
}

/* The registry's answers for the verifier. Where the registry fails the answer is the one that
 * manages nobody, and the failure ends the transaction. */
static CsRevocation
get_revocation_cb(const CsCertificate *certificate, CsIssuer *issuer, gpointer data)
{
	CsResponse *response = data;
	CsService *service = response->service;
	CsRevocationSource source = {
		.registry = service->registry,
		.built_in = cs_ca_get_certificate(cs_authority_get_ca(service->authority)),
		.issuer = issuer,
		.revocation_none = cs_trusted_issuers_has_revocation_none(service->issuers, issuer),
		.watch = service->watch,
		.now = response->now,
	};

	if (!cs_revocation_find(&source, certificate, &response->revocation, &response->failure))
		return CS_REVOCATION_UNKNOWN;
	return response->revocation.status;
}

static const CsLinkRow *
get_link_cb(const char *key_fingerprint, gpointer data)
{
	CsResponse *response = data;

	response->link_asked = TRUE;
	if (!cs_registry_find_link(response->service->registry, key_fingerprint, &response->link,
				   &response->failure))
		g_debug("link not found out: %s", response->failure->message);
	return response->link;
}

static gboolean
load_rows(CsService *service, CsResponse *response, GError **error)
{
	CsRegistry *registry = service->registry;

	if (!cs_registry_find_account(registry, response->open.account, &response->account, error))
		return FALSE;
	if (response->account == NULL)
		return TRUE;
	response->user = cs_registry_get_user_by_id(registry, response->account->user_id, error);
	if (response->user == NULL)
		return FALSE;
	response->device = cs_registry_get_device(registry, response->account->device_id, error);
	if (response->device == NULL)
		return FALSE;
	response->key = cs_registry_get_device_key(registry, response->account->key_id, error);
	return response->key != NULL;
}

static void
decide(CsService *service, CsResponse *response)
{
	CsVerifierInput input = {
		.now = response->now,
		.challenge = response->challenge,
		.challenge_token = response->open.token,
		.challenge_use = response->open.use,
		.response = response->response,
		.device_proof = response->device_proof,
		.attestation = response->attestation,
		.proofs = cs_service_ensure_proofs(service),
		.account = response->account,
		.user = response->user,
		.device = response->device,
		.key = response->key,
		.issuers = cs_trusted_issuers_get_issuers(service->issuers),
		.get_revocation = get_revocation_cb,
		.get_link = get_link_cb,
		.data = response,
	};

	cs_verifier_decide(&input, &response->decision);
}

/* Rule 21, by the policy as it is now. */
static gboolean
decide_access(CsService *service, CsResponse *response, GError **error)
{
	const CsPolicyFacts facts = {
		.authenticated = response->decision.authenticated,
		.reason = response->decision.reason,
		.device_reason = response->decision.device_reason,
	};
	CsPolicyDemand demand = CS_POLICY_MANAGED;

	if (response->open.application == NULL)
		return TRUE;
	if (!cs_registry_get_policy(service->registry, response->open.application, &demand, error))
		return FALSE;
	response->access = cs_policy_decide(demand, &facts);
	return TRUE;
}

static gboolean
write_binding(CsService *service, CsResponse *response, GError **error)
{
	const CsBindingRequest request = {
		.decision = &response->decision,
		.device_id = response->device->id,
		.key_id = response->key->id,
		.now = response->now,
	};

	return cs_binding_write(service->registry, &request, response->link, error);
}

/* (nullable): for helpdesk, why nobody knew. */
static char *
dup_detail(const CsResponse *response)
{
	if (response->decision.device_reason != CS_REASON_REVOCATION_UNKNOWN)
		return NULL;
	return g_strconcat("revocation=", response->revocation.detail,
			   response->revocation.cause != NULL ? " fetched=" : NULL,
			   response->revocation.cause, NULL);
}

/* That a response comes again is told once a challenge. Whoever sends it ever again proves no more by
 * it, and must not be able to fill the disk. */
static gboolean
log_decision(CsService *service, const CsResponse *response, GError **error)
{
	const CsDecision *decision = &response->decision;
	gboolean proven = decision->uses_challenge;
	g_autofree char *actor =
		proven ? g_strconcat("user:", response->user->login, NULL) : g_strdup("device");
	g_autofree char *detail = dup_detail(response);
	CsLogEntry entry = {
		.event = "authentication",
		.actor = actor,
		.device = proven ? response->device->id : NULL,
		.account = response->account != NULL ? response->account->id : NULL,
		.certificate = decision->certificate != NULL
				       ? cs_certificate_get_fingerprint(decision->certificate)
				       : NULL,
		.outcome = decision->authenticated ? "ok" : "refused",
		.reason = cs_reason_to_code(decision->authenticated ? decision->device_reason
								    : decision->reason),
		.application = response->open.application,
		.access = response->open.application == NULL ? NULL
			  : response->access.allowed	     ? "allowed"
							     : "refused",
		.detail = detail,
	};

	return cs_service_log(service, &entry, proven && !response->open.replayed, error);
}

static gboolean
is_place_free(const CsService *service, const CsCertificate *certificate)
{
	return cs_httpd_count_awaiting(service->httpd,
				       cs_certificate_get_fingerprint(certificate)) <
	       CS_SERVICE_MAX_AWAITING;
}

/* The answer would be another if what is being fetched were there. */
static gboolean
is_awaited(const CsService *service, const CsResponse *response)
{
	return service->may_postpone && response->revocation.awaited &&
	       response->decision.device_reason == CS_REASON_REVOCATION_UNKNOWN &&
	       is_place_free(service, response->decision.certificate);
}

/* The transaction that binds loads everything anew, so that what an administrator changed while the
 * client was answering counts. What is decided anew later writes nothing. */
static gboolean
decide_and_write(CsService *service, gpointer data, GError **error)
{
	CsResponse *response = data;
	const CsDecision *decision = &response->decision;

	if (!load_rows(service, response, error) || !cs_service_refresh_issuers(service, error))
		return FALSE;
	decide(service, response);
	if (response->failure != NULL) {
		g_propagate_error(error, g_steal_pointer(&response->failure));
		return FALSE;
	}
	if (is_awaited(service, response))
		return TRUE;
	if (response->link_asked &&
	    !cs_registry_note_certificate(
		    service->registry, cs_certificate_get_fingerprint(decision->certificate),
		    cs_certificate_get_key_fingerprint(decision->certificate), error))
		return FALSE;
	if (decision->managed && !write_binding(service, response, error))
		return FALSE;
	if (!decide_access(service, response, error))
		return FALSE;
	return log_decision(service, response, error);
}

/* A token's times begin in 1970; a certificate's need not. */
static void
fill_certificate(CsVerdict *verdict, CsCertificate *certificate)
{
	verdict->certificate_fingerprint = g_strdup(cs_certificate_get_fingerprint(certificate));
	verdict->certificate_issuer = g_strdup(cs_certificate_get_issuer_text(certificate));
	verdict->certificate_not_before = MAX(0, cs_certificate_get_not_before(certificate));
	verdict->certificate_not_after = MAX(0, cs_certificate_get_not_after(certificate));
}

/* Whoever has not proved to hold the account's key learns nothing of its device. */
static gboolean
answer_decision(CsService *service, const CsResponse *response, CsAnswer *answer, GError **error)
{
	const CsDecision *decision = &response->decision;
	g_autoptr(CsVerdict) verdict = g_new0(CsVerdict, 1);

	verdict->aud = g_strdup(response->open.account);
	verdict->account = g_strdup(response->open.account);
	verdict->authenticated = decision->authenticated;
	verdict->reason = decision->reason;
	verdict->device_id = decision->uses_challenge ? g_strdup(response->device->id) : NULL;
	verdict->managed = decision->managed;
	verdict->device_reason = decision->device_reason;
	verdict->hint = g_strdup(decision->hint);
	verdict->application = g_strdup(response->open.application);
	verdict->access_allowed = response->access.allowed;
	verdict->access_reason = response->access.reason;
	if (decision->certificate != NULL)
		fill_certificate(verdict, decision->certificate);
	return cs_service_answer_verdict(service, verdict, response->response, answer, error);
}

static gboolean
read_response(const cJSON *body, CsResponse *response)
{
	static const char *const members[] = {"response", "device_proof", "attestation", NULL};

	if (!cs_json_check_members(body, members, NULL) ||
	    !cs_json_get_optional_string(body, "device_proof", &response->device_proof, NULL) ||
	    !cs_json_get_optional_string(body, "attestation", &response->attestation, NULL))
		return FALSE;
	response->response = cs_json_get_string(body, "response", NULL);
	return response->response != NULL;
}

/**
 * cs_service_respond:
 * @service: the service
 * @id: the transaction's
 * @body: {"response", "device_proof", "attestation"}
 * @answer: 200 {"verdict"}, or a problem; not set where the request is postponed
 *
 * POST /v1/transactions/{id}/response. One authentication is one part of a transaction of the
 * registry: what the verifier decides, the binding that it asks for, and the line of the log are on
 * disk, all or nothing, before the verdict leaves. Where this request fails the challenge is not
 * used up; where the commit fails that it shares with others, nothing happened, and the challenge
 * stays used up. Where revocation is unknown only as long as it is being fetched, nothing has
 * happened either, and the same request is decided anew when that has come or its time is up.
 *
 * Returns: %FALSE where the server failed
 */
gboolean
cs_service_respond(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error)
{
	g_auto(CsResponse) response = {.service = service};
	gboolean answered;

	response.now = cs_service_get_now(service);
	if (!read_response(body, &response)) {
		cs_answer_set_problem(answer, CS_PROBLEM_REQUEST_MALFORMED,
				      "response, device_proof and attestation are asked for");
		return TRUE;
	}
	if (!cs_challenges_find(service->challenges, id, response.now, &response.open)) {
		cs_answer_set_problem(answer, CS_PROBLEM_CHALLENGE_UNKNOWN,
				      "no such transaction is open");
		return TRUE;
	}
	response.challenge = cs_challenge_parse(response.open.token, error);
	if (response.challenge == NULL ||
	    !cs_service_commit(service, decide_and_write, &response, error))
		return FALSE;
	if (is_awaited(service, &response)) {
		service->awaited =
			g_strdup(cs_certificate_get_fingerprint(response.decision.certificate));
		return TRUE;
	}
	cs_service_counts_note_decision(service->counts, response.decision.authenticated,
					response.decision.authenticated
						? response.decision.device_reason
						: response.decision.reason);
	answered = answer_decision(service, &response, answer, error);
	if (response.decision.uses_challenge)
		cs_challenges_use(service->challenges, id);
	else
		cs_challenges_fail(service->challenges, id);
	return answered;
}
