/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/verifier-fixture.h"

#include <string.h>

#define TRANSACTION "transaction1"
#define PATH	    "/v1/transactions/" TRANSACTION "/response"

/* The rows and tokens of a response that is good in everything, in a service that serves nobody. */
typedef struct {
	CsTestAuthority *test;
	CsService *service;
	CsTestWorld world;
	cJSON *body;
} Fixture;

static void
put_rows(CsRegistry *registry, CsTestWorld *world)
{
	g_autoptr(GError) error = NULL;

	cs_test_set_text(&world->device->hardware_id, "hardware1");
	cs_test_set_text(&world->device->name, "name");
	cs_test_set_text(&world->device->platform, "linux");
	cs_test_set_text(&world->device->helpdesk_code, CS_TEST_CODE_OF_D1);
	cs_registry_put_user(registry, world->user, &error);
	g_assert_no_error(error);
	cs_registry_put_device(registry, world->device, &error);
	g_assert_no_error(error);
	cs_registry_put_device_key(registry, world->key, &error);
	g_assert_no_error(error);
	cs_registry_put_account(registry, world->account, &error);
	g_assert_no_error(error);
}

static void
set_up(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;

	cs_test_world_init(&f->world, &(CsTestCase){.step = CS_TEST_STEP_ROWS});
	f->test = cs_test_authority_new();
	f->service = cs_service_new(f->test->authority, NULL, "127.0.0.1", 0, NULL, NULL, &error);
	g_assert_no_error(error);
	put_rows(f->service->registry, &f->world);
	g_assert_true(cs_challenges_add(f->service->challenges, TRANSACTION, f->world.account->id,
					NULL, f->world.challenge_token, CS_TEST_NOW + 60,
					CS_TEST_NOW));
	f->body = cJSON_CreateObject();
	cs_json_add_string(f->body, "response", f->world.response_token);
	cs_json_add_string(f->body, "device_proof", f->world.proof_token);
	cs_json_add_string(f->body, "attestation", f->world.attestation_token);
}

static void
tear_down(Fixture *f, gconstpointer unused)
{
	cJSON_Delete(f->body);
	cs_service_free(f->service);
	cs_test_authority_free(f->test);
	cs_test_world_clear(&f->world);
}

static CsPreparedResponse *
prepare(Fixture *f, const char *method, const char *path, const char *text)
{
	g_autoptr(GBytes) body = g_bytes_new(text, strlen(text));
	const CsHttpdRequest request = {.method = method, .path = path, .body = body};

	return cs_service_prepare_cb(&request, f->service);
}

static CsPreparedResponse *
prepare_body(Fixture *f)
{
	g_autofree char *text = cs_json_print(f->body);

	return prepare(f, "POST", PATH, text);
}

static const CsAuthToken *
get_response(const Fixture *f, const CsProofs *proofs)
{
	return cs_proofs_get_response(proofs, f->world.response_token, f->world.account->jwk,
				      f->world.account->thumbprint);
}

/* All three tokens, by the registry's keys; the body is read once. */
static void
test_good(Fixture *f, gconstpointer unused)
{
	CsPreparedResponse *prepared = prepare_body(f);
	const CsProofs *proofs;

	g_assert_nonnull(prepared);
	f->service->prepared = prepared;
	g_assert_cmpstr(
		cs_json_get_string(cs_service_get_prepared_body(f->service), "response", NULL), ==,
		f->world.response_token);
	proofs = cs_service_ensure_proofs(f->service);
	g_assert_nonnull(get_response(f, proofs));
	g_assert_nonnull(cs_proofs_get_device_proof(proofs, f->world.proof_token, f->world.key->jwk,
						    f->world.key->thumbprint));
	g_assert_nonnull(cs_proofs_get_attestation(proofs, f->world.attestation_token));
	g_assert_true(cs_service_ensure_proofs(f->service) == proofs);
	f->service->prepared = NULL;
	cs_service_prepared_free_cb(prepared);
}

/* The other two may be missing; the call itself says what that means. */
static void
test_response_alone(Fixture *f, gconstpointer unused)
{
	CsPreparedResponse *prepared;

	cJSON_DeleteItemFromObjectCaseSensitive(f->body, "device_proof");
	cJSON_DeleteItemFromObjectCaseSensitive(f->body, "attestation");
	prepared = prepare_body(f);
	g_assert_nonnull(prepared);
	f->service->prepared = prepared;
	g_assert_nonnull(get_response(f, cs_service_ensure_proofs(f->service)));
	f->service->prepared = NULL;
	cs_service_prepared_free_cb(prepared);
}

/* Whose peer has gone before anybody asked. */
static void
test_let_go(Fixture *f, gconstpointer unused)
{
	cs_service_prepared_free_cb(prepare_body(f));
}

static void
test_other_requests(Fixture *f, gconstpointer unused)
{
	g_autofree char *text = cs_json_print(f->body);

	g_assert_null(prepare(f, "GET", PATH, text));
	g_assert_null(prepare(f, "POST", "/v1/transactions", text));
	g_assert_null(prepare(f, "POST", "/v1/transactions/other/response", text));
	g_assert_null(prepare(f, "POST", PATH, "no JSON"));
	g_assert_null(prepare(f, "POST", PATH, "[]"));
	g_assert_null(prepare(f, "POST", PATH, "{}"));
	g_assert_null(prepare(f, "POST", PATH, "{\"response\":\"a\",\"attestation\":1}"));
	g_assert_null(prepare(f, "POST", PATH, "{\"response\":\"a\",\"more\":[\"\"]}"));
	g_assert_null(cs_service_get_prepared_body(f->service));
	g_assert_null(cs_service_ensure_proofs(f->service));
}

/* Nothing is spent on a replay. */
static void
test_used_challenge(Fixture *f, gconstpointer unused)
{
	cs_challenges_use(f->service->challenges, TRANSACTION);
	g_assert_null(prepare_body(f));
}

/* Whoever sends and goes is counted by nobody else. */
static void
test_often(Fixture *f, gconstpointer unused)
{
	for (guint i = 0; i < CS_CHALLENGES_MAX_FAILURES; i++) {
		CsPreparedResponse *prepared = prepare_body(f);

		g_assert_nonnull(prepared);
		cs_service_prepared_free_cb(prepared);
	}
	g_assert_null(prepare_body(f));
}

static void
test_unknown_account(Fixture *f, gconstpointer unused)
{
	g_assert_true(cs_challenges_add(f->service->challenges, "transaction2", "nobody", NULL,
					f->world.challenge_token, CS_TEST_NOW + 60, CS_TEST_NOW));
	g_assert_null(prepare(f, "POST", "/v1/transactions/transaction2/response",
			      "{\"response\":\"a\"}"));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/service-prepare/" name, Fixture, NULL, set_up, test, tear_down)
	ADD("good", test_good);
	ADD("response-alone", test_response_alone);
	ADD("let-go", test_let_go);
	ADD("other-requests", test_other_requests);
	ADD("used-challenge", test_used_challenge);
	ADD("often", test_often);
	ADD("unknown-account", test_unknown_account);
#undef ADD
	return g_test_run();
}
