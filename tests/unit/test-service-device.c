/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/helpdesk-code.h"
#include "tests/fixtures/client-fixture.h"

#include <string.h>

static cJSON *
make_query_for(CsTestClient *client, const char *aud)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsDeviceQuery) query = g_new0(CsDeviceQuery, 1);
	g_autofree char *token = NULL;
	cJSON *body = cJSON_CreateObject();

	query->aud = g_strdup(aud);
	query->nonce = cs_test_client_dup_nonce(client);
	query->iat = cs_test_service_get_now(client->service);
	query->key = cs_jwk_new_from_private_key(client->device_key, NULL);
	token = cs_device_query_sign(query, client->device_key, &error);
	g_assert_no_error(error);
	cs_json_add_string(body, "query", token);
	return body;
}

static cJSON *
make_query(CsTestClient *client)
{
	return make_query_for(client, CS_TEST_SERVICE_URL);
}

/* done: a digit for each of the five steps. */
static void
expect_state(CsTestClient *client, const char *state, const char *done)
{
	static const char *const members[] = {"device", "name",	    "helpdesk_code", "state",
					      "key",	"approved", "steps",	     NULL};
	g_autoptr(cJSON) answer = cs_test_service_call(client->service, "POST", "/v1/device",
						       make_query(client), 200);
	g_autoptr(GString) said = g_string_new(NULL);
	const cJSON *step;

	g_assert_true(cs_json_check_members(answer, members, NULL));
	g_assert_cmpstr(cs_json_get_string(answer, "device", NULL), ==, client->device);
	g_assert_true(cs_helpdesk_code_is_valid(cs_json_get_string(answer, "helpdesk_code", NULL)));
	g_assert_cmpstr(cs_json_get_string(answer, "name", NULL), ==, "workstation");
	g_assert_cmpstr(cs_json_get_string(answer, "state", NULL), ==, state);
	cJSON_ArrayForEach (step, cs_json_get_array(answer, "steps", NULL)) {
		gboolean is_done = FALSE;

		g_assert_nonnull(cs_json_get_string(step, "step", NULL));
		g_assert_nonnull(cs_json_get_string(step, "by", NULL));
		g_assert_true(cs_json_get_boolean(step, "done", &is_done, NULL));
		g_string_append_c(said, is_done ? '1' : '0');
	}
	g_assert_cmpstr(said->str, ==, done);
}

/* rule 25: each step, as the device sees it; it follows by its key, which needs no account */
static void
test_steps(CsTestScene *f, gconstpointer data)
{
	g_autofree char *device = g_strdup(f->client->device);
	g_autofree char *path = g_strconcat("/v1/accounts/", f->client->account, NULL);

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	expect_state(f->client, "active", "00000");
	cJSON_Delete(cs_test_service_call(f->service, "DELETE", path,
					  cs_test_client_make_deletion(f->client), 200));
	expect_state(f->client, "active", "10000");
	cs_test_service_advance(f->service, 60);
	cs_test_service_move_device(f->service, device, CS_MOVE_DEACTIVATE);
	expect_state(f->client, "deactivated", "11000");
	cs_test_service_move_device(f->service, device, CS_MOVE_REACTIVATE);
	expect_state(f->client, "active", "11100");
	cs_test_client_add_account(f->client, "bob");
	expect_state(f->client, "active", "11110");
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	expect_state(f->client, "active", "11111");
	cs_test_service_move_device(f->service, device, CS_MOVE_SUSPEND);
	expect_state(f->client, "suspended", "11111");
}

/* rule 22: a deleted record is told so; the machine's next record is another */
static void
test_deleted(CsTestScene *f, gconstpointer data)
{
	g_autofree char *device = g_strdup(f->client->device);

	cs_test_service_move_device(f->service, device, CS_MOVE_DEACTIVATE);
	cs_test_service_move_device(f->service, device, CS_MOVE_DELETE);
	expect_state(f->client, "deleted", "00000");
	cs_test_client_add_account(f->client, "alice");
	g_assert_cmpstr(f->client->device, !=, device);
	expect_state(f->client, "active", "00000");
}

/* rule 26: a new key of the same hardware learns whether it was approved */
static void
test_approved(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestClient) second = cs_test_client_new(f->service, "machine");
	CsAuthority *authority = cs_test_service_get_authority(f->service);

	cs_test_client_add_account(second, "bob");
	for (guint approved = 0; approved < 2; approved++) {
		g_autoptr(cJSON) answer = cs_test_service_call(f->service, "POST", "/v1/device",
							       make_query(second), 200);
		g_autoptr(cJSON) done = NULL;
		const char *key = cs_json_get_string(answer, "key", NULL);
		gboolean said = FALSE;

		g_assert_true(cs_json_get_boolean(answer, "approved", &said, NULL));
		g_assert_cmpint(said, ==, approved);
		done = cs_admin_approve_key(authority, second->device, key, NULL);
		g_assert_nonnull(done);
	}
}

static void
test_refused(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestClient) stranger = cs_test_client_new(f->service, "machine");
	g_autoptr(cJSON) query = make_query(f->client);
	cJSON *body;

	cs_test_service_expect_problem(f->service, "POST", "/v1/device", make_query(stranger), 404,
				       "device-unknown");
	cs_test_service_expect_problem(f->service, "POST", "/v1/device",
				       make_query_for(f->client, "https://other.example"), 400,
				       "token-malformed");
	cJSON_Delete(cs_test_service_call(f->service, "POST", "/v1/device",
					  cJSON_Duplicate(query, TRUE), 200));
	cs_test_service_expect_problem(f->service, "POST", "/v1/device",
				       cJSON_Duplicate(query, TRUE), 403, "nonce-invalid");
	body = cJSON_CreateObject();
	cs_json_add_string(body, "query", "no.token.");
	cs_test_service_expect_problem(f->service, "POST", "/v1/device", body, 400,
				       "token-malformed");
	body = make_query(f->client);
	cs_json_add_string(body, "more", "x");
	cs_test_service_expect_problem(f->service, "POST", "/v1/device", body, 400,
				       "request-malformed");
}

/* An enrolment's token, which the same key signs, is no query. */
static void
test_token_of_enrolment(CsTestScene *f, gconstpointer data)
{
	g_autofree char *nonce = cs_test_client_dup_nonce(f->client);
	g_autoptr(CsDeviceToken) claim = cs_test_client_fill_device(f->client, nonce);
	g_autofree char *token = cs_device_token_sign(claim, f->client->device_key, NULL);
	cJSON *body = cJSON_CreateObject();

	cs_json_add_string(body, "query", token);
	cs_test_service_expect_problem(f->service, "POST", "/v1/device", body, 400,
				       "token-malformed");
}

static void
test_nonce(CsTestScene *f, gconstpointer data)
{
	g_autofree char *first = cs_test_client_dup_nonce(f->client);
	g_autofree char *second = cs_test_client_dup_nonce(f->client);
	g_autoptr(cJSON) answer =
		cs_test_service_call(f->service, "POST", "/v1/nonce", cJSON_CreateObject(), 200);
	cJSON *body = cJSON_CreateObject();
	gint64 iat = 0;

	g_assert_cmpstr(first, !=, second);
	g_assert_cmpuint(strlen(first), ==, 43);
	g_assert_true(cs_json_get_int64(answer, "iat", &iat, NULL));
	g_assert_cmpint(iat, ==, cs_test_service_get_now(f->service));
	cs_json_add_string(body, "more", "x");
	cs_test_service_expect_problem(f->service, "POST", "/v1/nonce", body, 400,
				       "request-malformed");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_add_scene("/service-device/steps", test_steps);
	cs_test_add_scene("/service-device/deleted", test_deleted);
	cs_test_add_scene("/service-device/approved", test_approved);
	cs_test_add_scene("/service-device/refused", test_refused);
	cs_test_add_scene("/service-device/token-of-enrolment", test_token_of_enrolment);
	cs_test_add_scene("/service-device/nonce", test_nonce);
	return g_test_run();
}
