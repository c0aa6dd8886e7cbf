/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/client-fixture.h"

/* rules 2, 11, 13 and 15: with the certificate managed and bound, without it signed in */
static void
test_managed(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsVerdict) verdict = NULL;
	g_autoptr(cJSON) line = NULL;
	const char *fingerprint = cs_certificate_get_fingerprint(f->credential->certificate);

	cs_test_client_expect(f->client, NULL, CS_REASON_NONE, CS_REASON_NO_CERTIFICATE);
	verdict = cs_test_client_authenticate(f->client, f->credential);
	g_assert_true(verdict->authenticated);
	g_assert_true(verdict->managed);
	g_assert_cmpstr(verdict->aud, ==, f->client->account);
	g_assert_cmpstr(verdict->device_id, ==, f->client->device);
	g_assert_cmpstr(verdict->certificate_fingerprint, ==, fingerprint);
	g_assert_cmpint(verdict->certificate_not_after, ==,
			cs_certificate_get_not_after(f->credential->certificate));
	line = cs_test_service_dup_last_line(f->service);
	g_assert_cmpstr(cs_json_get_string(line, "event", NULL), ==, "authentication");
	g_assert_cmpstr(cs_json_get_string(line, "actor", NULL), ==, "user:alice");
	g_assert_cmpstr(cs_json_get_string(line, "device", NULL), ==, f->client->device);
	g_assert_cmpstr(cs_json_get_string(line, "account", NULL), ==, f->client->account);
	g_assert_cmpstr(cs_json_get_string(line, "certificate", NULL), ==, fingerprint);
	g_assert_cmpstr(cs_json_get_string(line, "outcome", NULL), ==, "ok");
	g_assert_cmpstr(cs_json_get_string(line, "reason", NULL), ==, "managed");
	/* What helpdesk is told on the phone finds the line. */
	g_assert_cmpstr(cs_json_get_string(line, "request", NULL), ==, verdict->request);
	cs_test_scene_expect_link(f, f->credential, f->client->device, CS_LINK_BOUND);
	cs_test_scene_expect_keys(f, f->client, NULL);
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* A challenge serves once; after a restart it is not known at all. */
static void
test_replay(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestResponse) response = cs_test_client_respond(f->client, f->credential);
	g_autoptr(CsTestResponse) kept = cs_test_client_respond(f->client, f->credential);
	g_autoptr(CsVerdict) first = cs_test_response_send(response, f->service);
	g_autoptr(CsVerdict) again = cs_test_response_send(response, f->service);

	g_assert_true(first->managed);
	g_assert_false(again->authenticated);
	g_assert_false(again->managed);
	g_assert_cmpint(again->reason, ==, CS_REASON_CHALLENGE_REPLAYED);
	cs_test_service_stop(f->service);
	cs_test_service_start(f->service);
	cs_test_service_expect_problem(f->service, "POST", kept->path,
				       cJSON_Duplicate(kept->body, TRUE), 404, "challenge-unknown");
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

static void
test_expiry(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestResponse) response = cs_test_client_respond(f->client, f->credential);
	g_autoptr(CsVerdict) verdict = NULL;

	cs_test_service_advance(f->service, CS_CHALLENGE_MAX_LIFETIME_S);
	verdict = cs_test_response_send(response, f->service);
	g_assert_cmpint(verdict->reason, ==, CS_REASON_CHALLENGE_EXPIRED);
	cs_test_service_advance(f->service, CS_TOKEN_LEEWAY_S);
	cs_test_service_expect_problem(f->service, "POST", response->path,
				       cJSON_Duplicate(response->body, TRUE), 404,
				       "challenge-unknown");
}

/* A response to one transaction is none to another. */
static void
test_other_transaction(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestResponse) first = cs_test_client_respond(f->client, f->credential);
	g_autoptr(CsTestResponse) second = cs_test_client_respond(f->client, f->credential);
	g_autoptr(CsVerdict) verdict = NULL;
	char *path = first->path;

	first->path = second->path;
	second->path = path;
	verdict = cs_test_response_send(first, f->service);
	g_assert_cmpint(verdict->reason, ==, CS_REASON_CHALLENGE_UNKNOWN);
}

static void
send_foreign(CsTestClient *client, const CsTestResponse *response)
{
	g_autoptr(CsVerdict) verdict = cs_test_response_send(response, client->service);

	g_assert_cmpint(verdict->reason, ==, CS_REASON_RESPONSE_SIGNATURE_INVALID);
	g_assert_false(verdict->authenticated);
	/* Whoever does not hold the account's key learns nothing of its device. */
	g_assert_null(verdict->device_id);
	g_assert_null(verdict->certificate_fingerprint);
}

/* A response that its account did not sign leaves the challenge open, four times. */
static void
test_foreign_signatures(CsTestScene *f, gconstpointer data)
{
	for (guint tries = 4; tries <= 5; tries++) {
		g_autoptr(CsTestResponse) good = cs_test_client_respond(f->client, f->credential);
		g_autoptr(CsTestResponse) foreign = NULL;
		g_autoptr(CsVerdict) verdict = NULL;
		CsPrivateKey *key = f->client->account_key;

		f->client->account_key = cs_private_key_generate_p256(NULL);
		foreign = cs_test_client_respond(f->client, f->credential);
		cs_private_key_unref(f->client->account_key);
		f->client->account_key = key;
		g_free(foreign->path);
		foreign->path = g_strdup(good->path);
		for (guint i = 0; i < tries; i++)
			send_foreign(f->client, foreign);
		if (tries == 5) {
			cs_test_service_expect_problem(f->service, "POST", good->path,
						       cJSON_Duplicate(good->body, TRUE), 404,
						       "challenge-unknown");
			continue;
		}
		verdict = cs_test_response_send(good, f->service);
		g_assert_true(verdict->managed);
	}
}

/* A transaction is opened for any account id, and says nothing of whether there is one. */
static void
test_unknown_account(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsVerdict) verdict = NULL;

	g_free(f->client->account);
	f->client->account = g_strdup("nobody1");
	verdict = cs_test_client_authenticate(f->client, f->credential);
	g_assert_cmpint(verdict->reason, ==, CS_REASON_ACCOUNT_UNKNOWN);
	g_assert_cmpstr(verdict->account, ==, "nobody1");
	g_assert_null(verdict->device_id);
}

static void
test_malformed(CsTestScene *f, gconstpointer data)
{
	static const char *const ids[] = {"", "Alice", "a-b", "a b", "\xc3\xa4", NULL};
	g_autoptr(CsTestResponse) response = cs_test_client_respond(f->client, f->credential);
	g_autoptr(CsVerdict) verdict = NULL;
	g_autofree char *too_long = g_strnfill(65, 'a');
	cJSON *body;

	for (gsize i = 0; ids[i] != NULL; i++) {
		body = cJSON_CreateObject();
		cs_json_add_string(body, "account", ids[i]);
		cs_test_service_expect_problem(f->service, "POST", "/v1/transactions", body, 400,
					       "request-malformed");
	}
	body = cJSON_CreateObject();
	cs_json_add_string(body, "account", too_long);
	cs_test_service_expect_problem(f->service, "POST", "/v1/transactions", body, 400,
				       "request-malformed");
	body = cJSON_Duplicate(response->body, TRUE);
	cs_json_add_string(body, "more", "x");
	cs_test_service_expect_problem(f->service, "POST", response->path, body, 400,
				       "request-malformed");
	body = cJSON_Duplicate(response->body, TRUE);
	cJSON_DeleteItemFromObjectCaseSensitive(body, "response");
	cs_test_service_expect_problem(f->service, "POST", response->path, body, 400,
				       "request-malformed");
	body = cJSON_Duplicate(response->body, TRUE);
	cJSON_ReplaceItemInObjectCaseSensitive(body, "attestation", cJSON_CreateNumber(1));
	cs_test_service_expect_problem(f->service, "POST", response->path, body, 400,
				       "request-malformed");
	verdict = cs_test_response_send(response, f->service);
	g_assert_true(verdict->managed);
}

/* Where the registry fails nothing has happened: the same response is good afterwards. */
static void
test_registry_fails(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestResponse) response = cs_test_client_respond(f->client, f->credential);
	g_autoptr(CsVerdict) verdict = NULL;

	g_assert_true(cs_registry_begin(f->registry, NULL));
	cs_test_service_expect_problem(f->service, "POST", response->path,
				       cJSON_Duplicate(response->body, TRUE), 503, "internal");
	cs_registry_rollback(f->registry);
	verdict = cs_test_response_send(response, f->service);
	g_assert_true(verdict->managed);
}

static void
damage(CsTestScene *f, const char *sql)
{
	g_assert_cmpint(sqlite3_exec(f->registry->database, sql, NULL, NULL, NULL), ==, SQLITE_OK);
}

/* One authentication while a column is lost; and then, with the column back, the same again. */
static void
fail_at(CsTestScene *f, const CsTestCredential *credential, const char *table, const char *column)
{
	g_autoptr(CsTestResponse) response = cs_test_client_respond(f->client, credential);
	g_autofree char *lose =
		g_strdup_printf("ALTER TABLE %s RENAME COLUMN %s TO lost", table, column);
	g_autofree char *restore =
		g_strdup_printf("ALTER TABLE %s RENAME COLUMN lost TO %s", table, column);
	g_autoptr(CsVerdict) verdict = NULL;

	damage(f, lose);
	cs_test_service_expect_problem(f->service, "POST", response->path,
				       cJSON_Duplicate(response->body, TRUE), 503, "internal");
	damage(f, restore);
	verdict = cs_test_response_send(response, f->service);
	g_assert_true(verdict->managed);
}

/* A registry that cannot say who asks, whose a certificate is, or whether it is revoked, or that
 * cannot keep the binding or the line of the log, manages nobody and uses no challenge up. */
static void
test_registry_fails_in_between(CsTestScene *f, gconstpointer data)
{
	static const char *const lost[][2] = {
		{"accounts", "created_at"},
		{"users", "state"},
		{"devices", "state"},
		{"device_keys", "approval"},
		{"links", "hand_over_until"},
		{"link_keys", "place"},
		{"certificates", "fingerprint"},
		{"issuers", "subject"},
		{"log", "reason"},
	};
	g_autoptr(CsTestCredential) issued =
		cs_test_credential_new_built_in(f->service, f->client->device);
	g_autoptr(cJSON) added G_GNUC_UNUSED =
		cs_admin_add_built_in_issuer(cs_test_service_get_authority(f->service), NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(lost); i++) {
		g_test_message("%s.%s", lost[i][0], lost[i][1]);
		damage(f, "DELETE FROM links");
		fail_at(f, f->credential, lost[i][0], lost[i][1]);
	}
	fail_at(f, issued, "issued", "revoked_at");
}

/* rule 2: no certificate keeps a verdict from being signed */
static void
test_odd_certificates(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestCredential) ancient = cs_test_credential_new_issued(
		f->ca, &(CsTestProfile){.not_before = G_GINT64_CONSTANT(-315619200)});
	g_autoptr(CsTestCredential) dead = cs_test_credential_new_issued(
		f->ca, &(CsTestProfile){.not_before = G_GINT64_CONSTANT(-315619200),
					.not_after = G_GINT64_CONSTANT(-315532800)});
	g_autofree char *long_name = g_strnfill(2000, 'x');
	g_autofree char *issuer_subject = g_strconcat("CN=", long_name, NULL);
	g_autoptr(CsTestCredential) wordy = cs_test_credential_new_issued(
		f->ca, &(CsTestProfile){.issuer_subject = issuer_subject});

	cs_test_client_expect(f->client, dead, CS_REASON_NONE, CS_REASON_CERTIFICATE_EXPIRED);
	cs_test_client_expect(f->client, wordy, CS_REASON_NONE, CS_REASON_ISSUER_NOT_TRUSTED);
	cs_test_client_expect(f->client, ancient, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* rule 12 */
static void
test_revocation(CsTestScene *f, gconstpointer data)
{
	CsAuthority *authority = cs_test_service_get_authority(f->service);
	g_autoptr(CsTestIdentity) silent = cs_test_service_add_ca(f->service, FALSE, NULL);
	g_autoptr(CsTestCredential) unknown = cs_test_credential_new_issued(silent, NULL);
	g_autoptr(CsTestCredential) built_in = cs_test_credential_new_built_in(f->service, NULL);
	g_autoptr(cJSON) added = NULL;
	g_autoptr(cJSON) revoked = NULL;

	cs_test_client_expect(f->client, unknown, CS_REASON_NONE, CS_REASON_REVOCATION_UNKNOWN);
	g_assert_null(cs_test_scene_find_link(f, unknown));
	cs_test_client_expect(f->client, built_in, CS_REASON_NONE, CS_REASON_ISSUER_NOT_TRUSTED);
	added = cs_admin_add_built_in_issuer(authority, NULL);
	cs_test_client_expect(f->client, built_in, CS_REASON_NONE, CS_REASON_MANAGED);
	revoked = cs_admin_revoke_certificate(
		authority, cs_certificate_get_fingerprint(built_in->certificate), NULL);
	g_assert_nonnull(revoked);
	cs_test_client_expect(f->client, built_in, CS_REASON_NONE, CS_REASON_CERTIFICATE_REVOKED);
}

/* rules 4, 13 and 14: by the list as it is now; the link outlives the issuer (rule 15) */
static void
test_issuer_deleted(CsTestScene *f, gconstpointer data)
{
	CsAuthority *authority = cs_test_service_get_authority(f->service);
	g_autoptr(CsTestClient) other = cs_test_client_new(f->service, "other machine");
	g_autoptr(CsTestResponse) under_way = NULL;
	g_autoptr(CsVerdict) verdict = NULL;
	g_autoptr(cJSON) deleted = NULL;
	g_autoptr(cJSON) added = NULL;

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	under_way = cs_test_client_respond(f->client, f->credential);
	deleted = cs_admin_delete_issuer(authority, f->issuer, NULL);
	g_assert_nonnull(deleted);
	verdict = cs_test_response_send(under_way, f->service);
	g_assert_cmpint(verdict->device_reason, ==, CS_REASON_ISSUER_NOT_TRUSTED);
	cs_test_scene_expect_link(f, f->credential, f->client->device, CS_LINK_BOUND);
	added = cs_admin_add_issuer(authority, cs_test_identity_get_der(f->ca),
				    &(CsRevocationChoice){.mode = "none"}, NULL);
	g_assert_nonnull(added);
	cs_test_client_add_account(other, "bob");
	cs_test_client_expect(other, f->credential, CS_REASON_NONE,
			      CS_REASON_BOUND_TO_ANOTHER_DEVICE);
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* rule 15: keyed on the public key; the link names the certificate last seen with it */
static void
test_renewed_certificate(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestIdentity) first = cs_test_identity_new(NULL, f->ca);
	g_autoptr(CsTestIdentity) second =
		cs_test_identity_new(&(CsTestProfile){.key_of = first}, f->ca);
	g_autoptr(CsTestCredential) old = cs_test_credential_new(first);
	g_autoptr(CsTestCredential) renewed = cs_test_credential_new(second);
	g_autoptr(CsTestClient) other = cs_test_client_new(f->service, "other machine");
	g_autoptr(CsLinkRow) link = NULL;

	cs_test_client_expect(f->client, old, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_client_expect(f->client, renewed, CS_REASON_NONE, CS_REASON_MANAGED);
	link = cs_test_scene_find_link(f, old);
	g_assert_cmpstr(link->certificate, ==,
			cs_certificate_get_fingerprint(renewed->certificate));
	cs_test_client_add_account(other, "bob");
	cs_test_client_expect(other, renewed, CS_REASON_NONE, CS_REASON_BOUND_TO_ANOTHER_DEVICE);
}

typedef struct {
	CsTestService *service;
	CsTestResponse *response;
	CsVerdict *verdict;
} Race;

static gpointer
race_thread_cb(gpointer data)
{
	Race *race = data;

	race->verdict = cs_test_response_send(race->response, race->service);
	return NULL;
}

/* rule 15: of two devices that race for one certificate, one has it */
static void
test_race_for_certificate(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestClient) other = cs_test_client_new(f->service, "other machine");
	GThread *threads[2] = {NULL};
	Race races[2] = {{.service = f->service}, {.service = f->service}};
	const Race *loser;

	cs_test_client_add_account(other, "bob");
	races[0].response = cs_test_client_respond(f->client, f->credential);
	races[1].response = cs_test_client_respond(other, f->credential);
	for (guint i = 0; i < 2; i++)
		threads[i] = g_thread_new("race", race_thread_cb, &races[i]);
	for (guint i = 0; i < 2; i++)
		g_thread_join(threads[i]);
	g_assert_true(races[0].verdict->authenticated && races[1].verdict->authenticated);
	g_assert_true(races[0].verdict->managed != races[1].verdict->managed);
	loser = races[0].verdict->managed ? &races[1] : &races[0];
	g_assert_cmpint(loser->verdict->device_reason, ==, CS_REASON_BOUND_TO_ANOTHER_DEVICE);
	cs_test_scene_expect_link(f, f->credential,
				  races[0].verdict->managed ? f->client->device : other->device,
				  CS_LINK_BOUND);
	for (guint i = 0; i < 2; i++) {
		cs_test_response_free(races[i].response);
		cs_verdict_free(races[i].verdict);
	}
}

/* rule 15: bound when issued, where the device is then known */
static void
test_bound_when_issued(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestClient) other = cs_test_client_new(f->service, "other machine");
	g_autoptr(CsTestCredential) issued =
		cs_test_credential_new_built_in(f->service, f->client->device);
	g_autoptr(cJSON) added =
		cs_admin_add_built_in_issuer(cs_test_service_get_authority(f->service), NULL);

	g_assert_nonnull(added);
	cs_test_client_add_account(other, "bob");
	cs_test_client_expect(other, issued, CS_REASON_NONE, CS_REASON_BOUND_TO_ANOTHER_DEVICE);
	cs_test_client_expect(f->client, issued, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* Decided and not kept: nobody hears a verdict, nothing is bound or logged, and the challenge stays
 * used up. */
static void
test_commit_fails(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestResponse) response = cs_test_client_respond(f->client, f->credential);
	g_autoptr(CsVerdict) again = NULL;
	g_autoptr(CsLinkRow) link = NULL;
	g_autofree char *before = cs_test_dup_log(f->registry, 0);
	g_autofree char *after = NULL;

	cs_test_service_fail_commits(f->service, TRUE);
	cs_test_service_expect_problem(f->service, "POST", response->path,
				       cJSON_Duplicate(response->body, TRUE), 503, "internal");
	cs_test_service_fail_commits(f->service, FALSE);
	after = cs_test_dup_log(f->registry, 0);
	g_assert_cmpstr(after, ==, before);
	link = cs_test_scene_find_link(f, f->credential);
	g_assert_null(link);
	again = cs_test_response_send(response, f->service);
	g_assert_cmpint(again->reason, ==, CS_REASON_CHALLENGE_REPLAYED);
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_add_scene("/service-transactions/managed", test_managed);
	cs_test_add_scene("/service-transactions/replay", test_replay);
	cs_test_add_scene("/service-transactions/expiry", test_expiry);
	cs_test_add_scene("/service-transactions/other-transaction", test_other_transaction);
	cs_test_add_scene("/service-transactions/foreign-signatures", test_foreign_signatures);
	cs_test_add_scene("/service-transactions/unknown-account", test_unknown_account);
	cs_test_add_scene("/service-transactions/malformed", test_malformed);
	cs_test_add_scene("/service-transactions/registry-fails", test_registry_fails);
	cs_test_add_scene("/service-transactions/registry-fails-in-between",
			  test_registry_fails_in_between);
	cs_test_add_scene("/service-transactions/odd-certificates", test_odd_certificates);
	cs_test_add_scene("/service-transactions/revocation", test_revocation);
	cs_test_add_scene("/service-transactions/issuer-deleted", test_issuer_deleted);
	cs_test_add_scene("/service-transactions/renewed-certificate", test_renewed_certificate);
	cs_test_add_scene("/service-transactions/race-for-certificate", test_race_for_certificate);
	cs_test_add_scene("/service-transactions/bound-when-issued", test_bound_when_issued);
	cs_test_add_scene("/service-transactions/commit-fails", test_commit_fails);
	return g_test_run();
}
