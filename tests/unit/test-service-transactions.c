/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/service-fixture.h"

#include <string.h>

#define HAND_OVER_S (7 * 24 * 60 * 60)

/* A service, an uploaded issuer whose certificates need no revocation answer, one of them, and
 * alice on a first machine. */
typedef struct {
	CsTestService *service;
	CsTestIdentity *ca;
	char *issuer;
	CsTestCredential *credential;
	CsTestClient *client;
} Fixture;

static void
fixture_set_up(Fixture *f, gconstpointer data)
{
	f->service = cs_test_service_new();
	f->ca = cs_test_service_add_ca(f->service, TRUE, &f->issuer);
	f->credential = cs_test_credential_new_issued(f->ca, NULL);
	f->client = cs_test_client_new(f->service, "machine");
	cs_test_client_add_account(f->client, "alice");
}

static void
fixture_tear_down(Fixture *f, gconstpointer data)
{
	cs_test_client_free(f->client);
	cs_test_credential_free(f->credential);
	cs_test_identity_free(f->ca);
	g_free(f->issuer);
	cs_test_service_free(f->service);
}

static CsRegistry *
get_registry(Fixture *f)
{
	return cs_authority_get_registry(cs_test_service_get_authority(f->service));
}

static CsLinkRow *
find_link(Fixture *f, const CsTestCredential *credential)
{
	g_autoptr(GError) error = NULL;
	CsLinkRow *link = NULL;

	cs_registry_find_link(get_registry(f),
			      cs_certificate_get_key_fingerprint(credential->certificate), &link,
			      &error);
	g_assert_no_error(error);
	return link;
}

static void
expect_link(Fixture *f, const CsTestCredential *credential, const char *device, CsLinkState state)
{
	g_autoptr(CsLinkRow) link = find_link(f, credential);

	g_assert_nonnull(link);
	g_assert_cmpstr(link->device_id, ==, device);
	g_assert_cmpint(link->state, ==, state);
}

static char *
dup_key_id(CsTestClient *client)
{
	g_autoptr(CsDeviceKeyRow) key = NULL;
	g_autofree char *thumbprint = cs_test_dup_thumbprint(client->device_key);

	cs_registry_find_device_key(
		cs_authority_get_registry(cs_test_service_get_authority(client->service)),
		thumbprint, &key, NULL);
	g_assert_nonnull(key);
	return g_strdup(key->id);
}

static void
expect_key_ids(Fixture *f, CsTestClient *first, CsTestClient *second)
{
	g_autoptr(CsLinkRow) link = find_link(f, f->credential);
	g_autofree char *first_id = dup_key_id(first);
	g_autofree char *second_id = second != NULL ? dup_key_id(second) : NULL;

	g_assert_cmpuint(g_strv_length(link->key_ids), ==, second != NULL ? 2 : 1);
	g_assert_cmpstr(link->key_ids[0], ==, first_id);
	g_assert_cmpstr(link->key_ids[1], ==, second_id);
}

/* rules 2, 11, 13 and 15: with the certificate managed and bound, without it signed in */
static void
test_managed(Fixture *f, gconstpointer data)
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
	expect_link(f, f->credential, f->client->device, CS_LINK_BOUND);
	expect_key_ids(f, f->client, NULL);
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* A challenge serves once; after a restart it is not known at all. */
static void
test_replay(Fixture *f, gconstpointer data)
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
test_expiry(Fixture *f, gconstpointer data)
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
test_other_transaction(Fixture *f, gconstpointer data)
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
test_foreign_signatures(Fixture *f, gconstpointer data)
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
test_unknown_account(Fixture *f, gconstpointer data)
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
test_malformed(Fixture *f, gconstpointer data)
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
test_registry_fails(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestResponse) response = cs_test_client_respond(f->client, f->credential);
	g_autoptr(CsVerdict) verdict = NULL;

	g_assert_true(cs_registry_begin(get_registry(f), NULL));
	cs_test_service_expect_problem(f->service, "POST", response->path,
				       cJSON_Duplicate(response->body, TRUE), 503, "internal");
	cs_registry_rollback(get_registry(f));
	verdict = cs_test_response_send(response, f->service);
	g_assert_true(verdict->managed);
}

/* rule 2: no certificate keeps a verdict from being signed */
static void
test_odd_certificates(Fixture *f, gconstpointer data)
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
test_revocation(Fixture *f, gconstpointer data)
{
	CsAuthority *authority = cs_test_service_get_authority(f->service);
	g_autoptr(CsTestIdentity) silent = cs_test_service_add_ca(f->service, FALSE, NULL);
	g_autoptr(CsTestCredential) unknown = cs_test_credential_new_issued(silent, NULL);
	g_autoptr(CsTestCredential) built_in = cs_test_credential_new_built_in(f->service, NULL);
	g_autoptr(cJSON) added = NULL;
	g_autoptr(cJSON) revoked = NULL;

	cs_test_client_expect(f->client, unknown, CS_REASON_NONE, CS_REASON_REVOCATION_UNKNOWN);
	g_assert_null(find_link(f, unknown));
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
test_issuer_deleted(Fixture *f, gconstpointer data)
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
	expect_link(f, f->credential, f->client->device, CS_LINK_BOUND);
	added = cs_admin_add_issuer(authority, cs_test_identity_get_der(f->ca), TRUE, NULL);
	g_assert_nonnull(added);
	cs_test_client_add_account(other, "bob");
	cs_test_client_expect(other, f->credential, CS_REASON_NONE,
			      CS_REASON_BOUND_TO_ANOTHER_DEVICE);
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* rule 15: keyed on the public key; the link names the certificate last seen with it */
static void
test_renewed_certificate(Fixture *f, gconstpointer data)
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
	link = find_link(f, old);
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
test_race_for_certificate(Fixture *f, gconstpointer data)
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
	expect_link(f, f->credential, races[0].verdict->managed ? f->client->device : other->device,
		    CS_LINK_BOUND);
	for (guint i = 0; i < 2; i++) {
		cs_test_response_free(races[i].response);
		cs_verdict_free(races[i].verdict);
	}
}

/* rule 15: bound when issued, where the device is then known */
static void
test_bound_when_issued(Fixture *f, gconstpointer data)
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

/* rule 22: suspended, all comes back on resume */
static void
test_device_suspended(Fixture *f, gconstpointer data)
{
	g_autofree char *device = g_strdup(f->client->device);

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_service_move_device(f->service, device, CS_MOVE_SUSPEND);
	cs_test_client_expect(f->client, f->credential, CS_REASON_DEVICE_SUSPENDED, CS_REASON_NONE);
	expect_link(f, f->credential, device, CS_LINK_BOUND);
	cs_test_service_move_device(f->service, device, CS_MOVE_RESUME);
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* rule 22: deactivated, links suspended, accounts dropped for good */
static void
test_device_deactivated(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestClient) other = cs_test_client_new(f->service, "other machine");
	g_autoptr(CsVerdict) verdict = NULL;
	g_autofree char *device = g_strdup(f->client->device);

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_service_move_device(f->service, device, CS_MOVE_DEACTIVATE);
	verdict = cs_test_client_authenticate(f->client, f->credential);
	g_assert_cmpint(verdict->reason, ==, CS_REASON_DEVICE_DEACTIVATED);
	g_assert_false(verdict->authenticated);
	g_assert_cmpstr(verdict->device_id, ==, device);
	expect_link(f, f->credential, device, CS_LINK_SUSPENDED);
	cs_test_client_add_account(other, "bob");
	cs_test_client_expect(other, f->credential, CS_REASON_NONE, CS_REASON_LINK_SUSPENDED);
	cs_test_service_move_device(f->service, device, CS_MOVE_REACTIVATE);
	cs_test_client_expect(f->client, f->credential, CS_REASON_ACCOUNT_DELETED, CS_REASON_NONE);
}

/* rule 22: deleted, certificates refused for ever, everywhere */
static void
test_device_deleted(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestClient) other = cs_test_client_new(f->service, "other machine");
	g_autofree char *device = g_strdup(f->client->device);
	g_autoptr(CsTestCredential) built_in = cs_test_credential_new_built_in(f->service, device);
	g_autoptr(CsTestCredential) fresh = cs_test_credential_new_issued(f->ca, NULL);
	g_autoptr(cJSON) added =
		cs_admin_add_built_in_issuer(cs_test_service_get_authority(f->service), NULL);

	g_assert_nonnull(added);
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_service_move_device(f->service, device, CS_MOVE_DEACTIVATE);
	cs_test_service_move_device(f->service, device, CS_MOVE_DELETE);
	cs_test_client_expect(f->client, f->credential, CS_REASON_DEVICE_DELETED, CS_REASON_NONE);
	cs_test_client_add_account(other, "bob");
	cs_test_client_expect(other, f->credential, CS_REASON_NONE, CS_REASON_CERTIFICATE_REFUSED);
	cs_test_client_expect(other, built_in, CS_REASON_NONE, CS_REASON_CERTIFICATE_REVOKED);
	/* rule 24: the same machine, enrolled anew, without its old certificates */
	cs_test_client_add_account(f->client, "alice");
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE,
			      CS_REASON_CERTIFICATE_REFUSED);
	cs_test_client_expect(f->client, fresh, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* rule 22: what becomes of users and accounts leaves the links unchanged */
static void
test_user_states(Fixture *f, gconstpointer data)
{
	CsAuthority *authority = cs_test_service_get_authority(f->service);
	g_autofree char *path = g_strconcat("/v1/accounts/", f->client->account, NULL);
	g_autofree char *device = g_strdup(f->client->device);

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cJSON_Delete(cs_admin_suspend_user(authority, "alice", NULL));
	cs_test_client_expect(f->client, f->credential, CS_REASON_USER_SUSPENDED, CS_REASON_NONE);
	expect_link(f, f->credential, device, CS_LINK_BOUND);
	cJSON_Delete(cs_admin_resume_user(authority, "alice", NULL));
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cJSON_Delete(cs_test_service_call(f->service, "DELETE", path,
					  cs_test_client_make_deletion(f->client), 200));
	cs_test_client_expect(f->client, f->credential, CS_REASON_ACCOUNT_DELETED, CS_REASON_NONE);
	expect_link(f, f->credential, device, CS_LINK_BOUND);
	cs_test_client_add_account(f->client, "alice");
	cJSON_Delete(cs_admin_delete_user(authority, "alice", NULL));
	cs_test_client_expect(f->client, f->credential, CS_REASON_ACCOUNT_DELETED, CS_REASON_NONE);
	expect_link(f, f->credential, device, CS_LINK_BOUND);
	/* rule 26: the binding is to the device, not to the user */
	cs_test_client_add_account(f->client, "bob");
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* rule 25: the first authentication after the hand-over is managed, and is the hand-over */
static void
test_repurposing(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestClient) second = cs_test_client_new(f->service, "machine");
	g_autoptr(CsTestClient) third = cs_test_client_new(f->service, "machine");
	g_autoptr(CsLinkRow) link = NULL;
	g_autofree char *device = g_strdup(f->client->device);

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_service_move_device(f->service, device, CS_MOVE_DEACTIVATE);
	cs_test_service_advance(f->service, 60);
	cs_test_service_move_device(f->service, device, CS_MOVE_REACTIVATE);
	/* Enrolment alone attests nothing. */
	cs_test_client_add_account(second, "bob");
	g_assert_cmpstr(second->device, ==, device);
	expect_link(f, f->credential, device, CS_LINK_SUSPENDED);
	cs_test_client_expect(second, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	expect_link(f, f->credential, device, CS_LINK_BOUND);
	expect_key_ids(f, second, NULL);
	link = find_link(f, f->credential);
	g_assert_cmpint(link->hand_over_until, ==, 0);
	g_assert_cmpint(link->bound_at, ==, cs_test_service_get_now(f->service));
	/* The hand-over is for each link once: the old user's key has lost it, a third never had. */
	cs_test_client_add_account(f->client, "alice");
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE,
			      CS_REASON_BOUND_TO_ANOTHER_DEVICE);
	cs_test_client_add_account(third, "alice");
	cs_test_client_expect(third, f->credential, CS_REASON_NONE,
			      CS_REASON_BOUND_TO_ANOTHER_DEVICE);
	cs_test_client_expect(second, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* rule 26: 7 days */
static void
test_hand_over_lapses(Fixture *f, gconstpointer data)
{
	g_autofree char *device = g_strdup(f->client->device);

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_service_move_device(f->service, device, CS_MOVE_DEACTIVATE);
	cs_test_service_move_device(f->service, device, CS_MOVE_REACTIVATE);
	cs_test_service_advance(f->service, HAND_OVER_S);
	cs_test_client_add_account(f->client, "bob");
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_LINK_SUSPENDED);
	expect_link(f, f->credential, device, CS_LINK_SUSPENDED);
}

/* rule 26: a new key of the same hardware gets the link by the administrator's approval only */
static void
test_approval(Fixture *f, gconstpointer data)
{
	CsAuthority *authority = cs_test_service_get_authority(f->service);
	g_autoptr(CsTestClient) second = cs_test_client_new(f->service, "machine");
	g_autoptr(CsTestCredential) later = cs_test_credential_new_issued(f->ca, NULL);
	g_autoptr(CsVerdict) refused = NULL;
	g_autofree char *key_id = NULL;
	g_autoptr(cJSON) approved = NULL;
	g_autoptr(CsLinkRow) link = NULL;

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_client_add_account(second, "bob");
	refused = cs_test_client_authenticate(second, f->credential);
	g_assert_true(refused->authenticated);
	g_assert_cmpint(refused->device_reason, ==, CS_REASON_BOUND_TO_ANOTHER_DEVICE);
	g_assert_cmpstr(refused->hint, ==, "same-hardware");
	key_id = dup_key_id(second);
	approved = cs_admin_approve_key(authority, f->client->device, key_id, NULL);
	g_assert_nonnull(approved);
	cs_test_client_expect(second, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	expect_key_ids(f, f->client, second);
	/* Links to come, too. */
	cs_test_client_expect(f->client, later, CS_REASON_NONE, CS_REASON_MANAGED);
	link = find_link(f, later);
	g_assert_cmpuint(g_strv_length(link->key_ids), ==, 2);
	cs_test_client_expect(second, later, CS_REASON_NONE, CS_REASON_MANAGED);
}

#define ADD(name, function)                                                                        \
	g_test_add("/service-transactions/" name, Fixture, NULL, fixture_set_up, function,         \
		   fixture_tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("managed", test_managed);
	ADD("replay", test_replay);
	ADD("expiry", test_expiry);
	ADD("other-transaction", test_other_transaction);
	ADD("foreign-signatures", test_foreign_signatures);
	ADD("unknown-account", test_unknown_account);
	ADD("malformed", test_malformed);
	ADD("registry-fails", test_registry_fails);
	ADD("odd-certificates", test_odd_certificates);
	ADD("revocation", test_revocation);
	ADD("issuer-deleted", test_issuer_deleted);
	ADD("renewed-certificate", test_renewed_certificate);
	ADD("race-for-certificate", test_race_for_certificate);
	ADD("bound-when-issued", test_bound_when_issued);
	ADD("device-suspended", test_device_suspended);
	ADD("device-deactivated", test_device_deactivated);
	ADD("device-deleted", test_device_deleted);
	ADD("user-states", test_user_states);
	ADD("repurposing", test_repurposing);
	ADD("hand-over-lapses", test_hand_over_lapses);
	ADD("approval", test_approval);
	return g_test_run();
}
