/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/client-fixture.h"

#include "core/base/encoding.h"

#include <string.h>

static CsVerdict *
delete_by(CsTestScene *f, const cJSON *body)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_strconcat("/v1/accounts/", f->client->account, NULL);
	const char *token = cs_json_get_string(body, "delete", NULL);
	g_autofree char *rsh = cs_sha256_base64url(token, strlen(token));
	g_autoptr(cJSON) answer =
		cs_test_service_call(f->service, "DELETE", path, cJSON_Duplicate(body, TRUE), 200);
	CsVerdict *verdict = cs_verdict_verify(
		cs_json_get_string(answer, "verdict", NULL),
		cs_authority_get_server_jwk(cs_test_service_get_authority(f->service)), &error);

	g_assert_no_error(error);
	g_assert_cmpstr(verdict->rsh, ==, rsh);
	g_assert_cmpstr(verdict->account, ==, f->client->account);
	g_assert_false(verdict->authenticated);
	return verdict;
}

static void
expect_deleted(CsTestScene *f, CsReason reason)
{
	g_autoptr(cJSON) body = cs_test_client_make_deletion(f->client);
	g_autoptr(CsVerdict) verdict = delete_by(f, body);

	g_assert_cmpint(verdict->reason, ==, reason);
}

static void
expect_problem(CsTestScene *f, cJSON *body_taken, guint status, const char *code)
{
	g_autofree char *path = g_strconcat("/v1/accounts/", f->client->account, NULL);

	cs_test_service_expect_problem(f->service, "DELETE", path, body_taken, status, code);
}

static void
expect_live(CsTestScene *f, gboolean live)
{
	g_autoptr(CsAccountRow) account = NULL;

	g_assert_true(cs_registry_find_account(
		cs_authority_get_registry(cs_test_service_get_authority(f->service)),
		f->client->account, &account, NULL));
	g_assert_true(account->deleted == !live);
}

/* rule 23: done once, logged once, and answered as often as it is asked */
static void
test_delete(CsTestScene *f, gconstpointer data)
{
	g_autoptr(cJSON) line = NULL;
	g_autoptr(cJSON) last = NULL;

	expect_deleted(f, CS_REASON_ACCOUNT_DELETED);
	expect_live(f, FALSE);
	line = cs_test_service_dup_last_line(f->service);
	g_assert_cmpstr(cs_json_get_string(line, "event", NULL), ==, "account-delete");
	g_assert_cmpstr(cs_json_get_string(line, "actor", NULL), ==, "user:alice");
	g_assert_cmpstr(cs_json_get_string(line, "account", NULL), ==, f->client->account);
	g_assert_cmpstr(cs_json_get_string(line, "device", NULL), ==, f->client->device);
	g_assert_cmpstr(cs_json_get_string(line, "outcome", NULL), ==, "ok");
	cs_test_service_advance(f->service, 60);
	expect_deleted(f, CS_REASON_ACCOUNT_DELETED);
	last = cs_test_service_dup_last_line(f->service);
	g_assert_true(cJSON_Compare(line, last, TRUE));
	cs_test_client_expect(f->client, NULL, CS_REASON_ACCOUNT_DELETED, CS_REASON_NONE);
}

/* rule 23: it works in every device state, and whatever has become of the user */
static void
test_every_state(CsTestScene *f, gconstpointer data)
{
	CsAuthority *authority = cs_test_service_get_authority(f->service);

	cs_test_service_move_device(f->service, f->client->device, CS_MOVE_SUSPEND);
	cJSON_Delete(cs_admin_suspend_user(authority, "alice", NULL));
	expect_live(f, TRUE);
	expect_deleted(f, CS_REASON_ACCOUNT_DELETED);
	expect_live(f, FALSE);
	cs_test_service_move_device(f->service, f->client->device, CS_MOVE_DEACTIVATE);
	expect_deleted(f, CS_REASON_ACCOUNT_DELETED);
	cs_test_service_move_device(f->service, f->client->device, CS_MOVE_DELETE);
	expect_deleted(f, CS_REASON_ACCOUNT_DELETED);
	cJSON_Delete(cs_admin_delete_user(authority, "alice", NULL));
	expect_deleted(f, CS_REASON_ACCOUNT_DELETED);
}

static void
test_never_was(CsTestScene *f, gconstpointer data)
{
	g_free(f->client->account);
	f->client->account = g_strdup("nobody1");
	expect_deleted(f, CS_REASON_ACCOUNT_UNKNOWN);
}

/* Nobody else's key ends an account, and a deletion names it. */
static void
test_foreign(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestClient) other = cs_test_client_new(f->service, "other machine");
	g_autofree char *account = g_strdup(f->client->account);

	cs_test_client_add_account(other, "bob");
	expect_problem(f, cs_test_client_make_deletion(other), 400, "token-malformed");
	g_free(other->account);
	other->account = g_strdup(account);
	expect_problem(f, cs_test_client_make_deletion(other), 400, "token-malformed");
	expect_live(f, TRUE);
	cs_test_service_expect_problem(f->service, "DELETE", "/v1/accounts/nobody1",
				       cs_test_client_make_deletion(f->client), 400,
				       "token-malformed");
}

/* A deletion is good once, for two minutes, and here. */
static void
test_freshness(CsTestScene *f, gconstpointer data)
{
	g_autoptr(cJSON) body = cs_test_client_make_deletion(f->client);
	g_autoptr(CsVerdict) verdict = delete_by(f, body);
	g_autoptr(cJSON) late = NULL;

	g_assert_cmpint(verdict->reason, ==, CS_REASON_ACCOUNT_DELETED);
	expect_problem(f, g_steal_pointer(&body), 403, "nonce-invalid");
	late = cs_test_client_make_deletion(f->client);
	cs_test_service_advance(f->service, CS_CHALLENGE_MAX_LIFETIME_S);
	expect_problem(f, cJSON_Duplicate(late, TRUE), 403, "nonce-invalid");
	cs_test_service_advance(f->service, CS_TOKEN_LEEWAY_S + 1);
	expect_problem(f, g_steal_pointer(&late), 400, "token-malformed");
}

static void
test_audience(CsTestScene *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsDeleteToken) deletion = g_new0(CsDeleteToken, 1);
	g_autofree char *token = NULL;
	cJSON *body = cJSON_CreateObject();

	deletion->aud = g_strdup("https://other.example");
	deletion->nonce = cs_test_client_dup_nonce(f->client);
	deletion->iat = cs_test_service_get_now(f->service);
	deletion->account = g_strdup(f->client->account);
	token = cs_delete_token_sign(deletion, f->client->account_key, &error);
	g_assert_no_error(error);
	cs_json_add_string(body, "delete", token);
	expect_problem(f, body, 400, "token-malformed");
	expect_live(f, TRUE);
}

static void
test_malformed(CsTestScene *f, gconstpointer data)
{
	cJSON *body = cs_test_client_make_deletion(f->client);

	cs_json_add_string(body, "more", "x");
	expect_problem(f, body, 400, "request-malformed");
	expect_problem(f, cJSON_CreateObject(), 400, "request-malformed");
	body = cJSON_CreateObject();
	cs_json_add_string(body, "delete", "no.token.");
	expect_problem(f, body, 400, "token-malformed");
	cs_test_service_expect_problem(f->service, "DELETE", "/v1/accounts/Not-An-Id",
				       cs_test_client_make_deletion(f->client), 404, "not-found");
	expect_live(f, TRUE);
}

/* Where the registry fails the account lives on, and no verdict says otherwise. */
static void
test_registry_fails(CsTestScene *f, gconstpointer data)
{
	g_assert_true(cs_registry_begin(f->registry, NULL));
	expect_problem(f, cs_test_client_make_deletion(f->client), 503, "internal");
	cs_registry_rollback(f->registry);
	expect_live(f, TRUE);
	expect_deleted(f, CS_REASON_ACCOUNT_DELETED);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_add_scene("/service-deletion/delete", test_delete);
	cs_test_add_scene("/service-deletion/every-state", test_every_state);
	cs_test_add_scene("/service-deletion/never-was", test_never_was);
	cs_test_add_scene("/service-deletion/foreign", test_foreign);
	cs_test_add_scene("/service-deletion/freshness", test_freshness);
	cs_test_add_scene("/service-deletion/audience", test_audience);
	cs_test_add_scene("/service-deletion/malformed", test_malformed);
	cs_test_add_scene("/service-deletion/registry-fails", test_registry_fails);
	return g_test_run();
}
