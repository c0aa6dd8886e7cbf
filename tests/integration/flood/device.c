/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/integration/flood/device.h"

#include "core/attest/signing.h"
#include "core/base/encoding.h"
#include "core/base/error.h"

#define MAX_ANSWER_BYTES ((gsize)1024 * 1024)

static void
check(const GError *error)
{
	g_assert_no_error(error);
}

static char *
dup_hash(const char *text)
{
	return cs_sha256_base64url(text, strlen(text));
}

void
cs_flood_device_make(CsFloodDevice *device, CsFlood *flood, guint number)
{
	g_autofree char *machine = g_strdup_printf("machine %u", number);
	g_autoptr(GError) error = NULL;

	device->flood = flood;
	device->number = number;
	device->hardware_id = dup_hash(machine);
	device->device_key = cs_private_key_generate_p256(&error);
	check(error);
	device->account_key = cs_private_key_generate_p256(&error);
	check(error);
	device->device_jwk = cs_jwk_new_from_private_key(device->device_key, &error);
	check(error);
	device->account_jwk = cs_jwk_new_from_private_key(device->account_key, &error);
	check(error);
}

void
cs_flood_device_clear_answer(CsFloodDevice *device)
{
	g_clear_pointer(&device->request, g_free);
	g_clear_pointer(&device->answer, cJSON_Delete);
	g_clear_error(&device->failure);
}

static void
clear_call(CsFloodDevice *device)
{
	g_clear_pointer(&device->path, g_free);
	g_clear_pointer(&device->body, g_free);
	g_clear_pointer(&device->response, g_free);
	cs_flood_device_clear_answer(device);
}

void
cs_flood_device_clear(CsFloodDevice *device)
{
	clear_call(device);
	cs_private_key_unref(device->device_key);
	cs_private_key_unref(device->account_key);
	cs_jwk_unref(device->device_jwk);
	cs_jwk_unref(device->account_jwk);
	g_free(device->hardware_id);
	g_free(device->account);
	g_free(device->device);
}

/* ---- calls ---- */

static cJSON *
post(CsHttpClient *http,
     const char *url,
     const char *path,
     const char *body,
     guint *status,
     GError **error)
{
	g_autofree char *address = g_strconcat(url, path, NULL);
	g_autoptr(CsHttpResponse) response =
		cs_http_client_request(http, "POST", address, body, MAX_ANSWER_BYTES, NULL, error);

	if (response == NULL)
		return NULL;
	*status = response->status;
	return cs_json_parse_bytes(response->body, error);
}

/* NULL, and why in device->failure, where no answer came; any other answer than this ends the program. */
static cJSON *
ask(CsFloodDevice *device, CsHttpClient *http, const char *path, const char *body, guint wanted)
{
	guint status = 0;
	cJSON *answer = post(http, device->flood->url, path, body, &status, &device->failure);

	if (answer != NULL)
		g_assert_cmpuint(status, ==, wanted);
	return answer;
}

void
cs_flood_device_send(CsFloodDevice *device, CsHttpClient *http)
{
	device->answer = post(http, device->flood->url, device->path, device->body, &device->status,
			      &device->failure);
}

/* ---- enrolment ---- */

static char *
sign_enroll(const CsFloodDevice *device, const char *code, const char *nonce, gint64 iat)
{
	g_autofree char *code_hash = dup_hash(code);
	g_autoptr(GError) error = NULL;
	const CsEnrollToken token = {
		.aud = (char *)device->flood->url,
		.nonce = (char *)nonce,
		.iat = iat,
		.code_hash = code_hash,
		.dk_jkt = (char *)cs_jwk_get_thumbprint(device->device_jwk),
	};
	char *text = cs_enroll_token_sign(&token, device->account_key, &error);

	check(error);
	return text;
}

static char *
sign_claim(const CsFloodDevice *device, const char *nonce, gint64 iat)
{
	g_autoptr(GError) error = NULL;
	const CsDeviceToken token = {
		.aud = (char *)device->flood->url,
		.nonce = (char *)nonce,
		.iat = iat,
		.hardware_id = device->hardware_id,
		.name = (char *)"one of many",
		.platform = (char *)"linux",
		.ak_jkt = (char *)cs_jwk_get_thumbprint(device->account_jwk),
	};
	char *text = cs_device_token_sign(&token, device->device_key, &error);

	check(error);
	return text;
}

void
cs_flood_device_prepare_enrolment(CsFloodDevice *device, const char *code)
{
	g_autoptr(cJSON) fresh = NULL;
	g_autoptr(cJSON) body = cJSON_CreateObject();
	g_autofree char *enroll = NULL;
	g_autofree char *claim = NULL;
	const char *nonce = NULL;
	gint64 iat = 0;

	clear_call(device);
	fresh = ask(device, device->flood->http, "/v1/nonce", "{}", 200);
	check(device->failure);
	nonce = cs_json_get_string(fresh, "nonce", NULL);
	g_assert_true(cs_json_get_int64(fresh, "iat", &iat, NULL));
	enroll = sign_enroll(device, code, nonce, iat);
	claim = sign_claim(device, nonce, iat);
	cs_json_add_string(body, "code", code);
	cs_json_add_string(body, "enroll", enroll);
	cs_json_add_string(body, "device", claim);
	device->path = g_strdup("/v1/accounts");
	device->body = cs_json_print(body);
}

static void
take_account(CsFloodDevice *device, const cJSON *answer)
{
	device->account = g_strdup(cs_json_get_string(answer, "account", NULL));
	device->device = g_strdup(cs_json_get_string(answer, "device", NULL));
	g_assert_true(device->account != NULL && device->device != NULL);
}

void
cs_flood_device_enrol(CsFloodDevice *device, const char *code)
{
	g_autoptr(cJSON) answer = NULL;

	cs_flood_device_prepare_enrolment(device, code);
	answer = ask(device, device->flood->http, device->path, device->body, 201);
	check(device->failure);
	take_account(device, answer);
}

/* ---- authentication ---- */

static char *
sign_attestation(const CsFloodDevice *device, const CsChallenge *challenge, const char *chh)
{
	g_autoptr(GError) error = NULL;
	const CsAttestationTies ties = {
		.iss = device->flood->url,
		.nonce = challenge->nonce,
		.chh = chh,
		.device_id = device->device,
		.account_jkt = cs_jwk_get_thumbprint(device->account_jwk),
		.device_jkt = cs_jwk_get_thumbprint(device->device_jwk),
		.iat = challenge->iat,
	};
	char *text = cs_signing_attest(device->certificate, device->key, &ties, &error);

	check(error);
	return text;
}

static char *
sign_auth(const CsFloodDevice *device,
	  const CsChallenge *challenge,
	  const char *chh,
	  const char *mah)
{
	static const char *const amr[] = {"pop", "swk", NULL};
	g_autoptr(GError) error = NULL;
	const CsAuthToken token = {
		.iss = device->account,
		.sub = device->account,
		.aud = (char *)device->flood->url,
		.iat = challenge->iat,
		.exp = challenge->iat + CS_RESPONSE_LIFETIME_S,
		.jti = (char *)"jti",
		.nonce = challenge->nonce,
		.chh = (char *)chh,
		.device_id = device->device,
		.transport = challenge->transport,
		.mah = (char *)mah,
		.amr = (char **)amr,
	};
	char *text = cs_auth_token_sign(&token, device->account_key, &error);

	check(error);
	return text;
}

static char *
sign_proof(const CsFloodDevice *device,
	   const CsChallenge *challenge,
	   const char *chh,
	   const char *mah)
{
	g_autofree char *ath = dup_hash(device->response);
	g_autoptr(GError) error = NULL;
	const CsDeviceProof proof = {
		.aud = (char *)device->flood->url,
		.nonce = challenge->nonce,
		.chh = (char *)chh,
		.device_id = device->device,
		.ath = ath,
		.mah = (char *)mah,
	};
	char *text = cs_device_proof_sign(&proof, device->device_key, &error);

	check(error);
	return text;
}

static const CsJwk *
get_server_key(const CsFloodDevice *device)
{
	return cs_authority_get_server_jwk(device->flood->authority);
}

/* The challenge's answer: the attestation, the account's token and the device's proof. */
static void
sign_response(CsFloodDevice *device, const CsChallenge *challenge, const char *token)
{
	g_autofree char *chh = dup_hash(token);
	g_autofree char *attestation = sign_attestation(device, challenge, chh);
	g_autofree char *mah = dup_hash(attestation);
	g_autofree char *proof = NULL;
	g_autoptr(cJSON) body = cJSON_CreateObject();

	device->response = sign_auth(device, challenge, chh, mah);
	proof = sign_proof(device, challenge, chh, mah);
	cs_json_add_string(body, "response", device->response);
	cs_json_add_string(body, "device_proof", proof);
	cs_json_add_string(body, "attestation", attestation);
	device->path = g_strconcat("/v1/transactions/", challenge->txn, "/response", NULL);
	device->body = cs_json_print(body);
}

gboolean
cs_flood_device_prepare_response(CsFloodDevice *device, CsHttpClient *http)
{
	g_autofree char *request = g_strdup_printf("{\"account\":\"%s\"}", device->account);
	g_autoptr(cJSON) opened = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(CsChallenge) challenge = NULL;
	const char *token = NULL;

	clear_call(device);
	opened = ask(device, http, "/v1/transactions", request, 201);
	if (opened == NULL)
		return FALSE;
	token = cs_json_get_string(opened, "challenge", NULL);
	challenge = cs_challenge_verify(token, get_server_key(device), &error);
	check(error);
	sign_response(device, challenge, token);
	return TRUE;
}

/* ---- what came of it ---- */

/* The word of an answer that is no success: the problem's code, or why there was none. */
static const char *
get_refusal(const CsFloodDevice *device)
{
	const char *code = NULL;

	if (device->failure != NULL)
		return cs_error_get_reason(device->failure);
	code = cs_json_get_string(device->answer, "code", NULL);
	return code != NULL ? code : "no problem code";
}

const char *
cs_flood_device_judge_enrolment(CsFloodDevice *device)
{
	if (device->failure != NULL || device->status != 201)
		return get_refusal(device);
	take_account(device, device->answer);
	return "enrolled";
}

const char *
cs_flood_device_judge_verdict(CsFloodDevice *device)
{
	g_autoptr(CsVerdict) verdict = NULL;
	g_autofree char *rsh = dup_hash(device->response);

	if (device->failure != NULL || device->status != 200)
		return get_refusal(device);
	verdict = cs_verdict_verify(cs_json_get_string(device->answer, "verdict", NULL),
				    get_server_key(device), NULL);
	if (verdict == NULL || g_strcmp0(verdict->rsh, rsh) != 0 ||
	    g_strcmp0(verdict->device_id, device->device) != 0)
		return "not on this response";
	device->request = g_strdup(verdict->request);
	if (!verdict->authenticated)
		return cs_reason_to_code(verdict->reason);
	return verdict->managed ? "managed" : cs_reason_to_code(verdict->device_reason);
}
