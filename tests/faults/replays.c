/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/encoding.h"
#include "tests/fuzz/http-world.h"

#include <string.h>

/* Everything that carries a nonce or answers a challenge, valid and accepted once, and then sent again
 * and again, without a network: nothing is accepted a second time, nothing comes to be, and the log
 * does not grow with it. COUNTERSIGN_REPLAYS sets how many there are. */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define REPLAYS 5000
#endif
#endif
#ifndef REPLAYS
#define REPLAYS 100000
#endif
#define MAX_UNPROVEN_LINES 60 /* a minute, in which all of this happens */

/* One request that was accepted. */
typedef struct {
	const char *method;
	char *path;
	char *body;
} Sent;

typedef struct {
	CsFuzzWorld *world;
	CsTestKeys keys; /* as the fixture's tokens want them; lent */
	Sent response, enrolment, query, deletion;
} Fixture;

static guint64
get_count(void)
{
	const char *text = g_getenv("COUNTERSIGN_REPLAYS");

	return text != NULL ? g_ascii_strtoull(text, NULL, 10) : REPLAYS;
}

static cJSON *
ask(Fixture *fixture, const char *method, const char *path, const char *body, guint *status)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(body, strlen(body));
	const CsHttpdRequest request = {.method = method,
					.path = path,
					.content_type = "application/json",
					.peer = "192.0.2.1",
					.body = bytes};
	CsHttpdResponse response = {0};

	cs_fuzz_world_ask(fixture->world, &request, &response);
	*status = response.status;
	cJSON *answer = cs_json_parse(response.body, strlen(response.body), NULL);
	g_assert_nonnull(answer);
	g_free(response.body);
	return answer;
}

static cJSON *
ask_good(Fixture *fixture, const char *method, const char *path, const char *body)
{
	guint status = 0;
	cJSON *answer = ask(fixture, method, path, body, &status);

	g_assert_cmpuint(status, <, 300);
	return answer;
}

/* Keeps what it sends, which is accepted. */
static cJSON *
send_once(Fixture *fixture, Sent *sent, const char *method, const char *path, cJSON *body_taken)
{
	sent->method = method;
	sent->path = g_strdup(path);
	sent->body = cs_json_print(body_taken);
	cJSON_Delete(body_taken);
	return ask_good(fixture, method, sent->path, sent->body);
}

static char *
take_nonce(Fixture *fixture)
{
	g_autoptr(cJSON) fresh = ask_good(fixture, "POST", "/v1/nonce", "{}");

	return g_strdup(cs_json_get_string(fresh, "nonce", NULL));
}

static void
add_token(cJSON *body, const char *name, char *token_taken, const GError *error)
{
	g_assert_no_error(error);
	cs_json_add_string(body, name, token_taken);
	g_free(token_taken);
}

/* ---- what is accepted once ---- */

static void
send_enrolment(Fixture *fixture, char **account)
{
	CsPrivateKey *const *keys = fixture->world->keys;
	CsTestKeys with = fixture->keys;
	g_autofree char *nonce = take_nonce(fixture);
	g_autofree char *hash = cs_sha256_base64url(CS_FUZZ_CODE, strlen(CS_FUZZ_CODE));
	g_autoptr(GError) error = NULL;
	cJSON *body = cJSON_CreateObject();

	with.account_jwk = fixture->world->jwks[CS_FUZZ_KEY_NEW];
	with.device_jwk = fixture->world->jwks[CS_FUZZ_KEY_NEW_DEVICE];
	CsEnrollToken enroll = cs_test_enroll_token(&with);
	CsDeviceToken claim = cs_test_device_token(&with);
	enroll.nonce = nonce;
	enroll.code_hash = hash;
	claim.nonce = nonce;
	cs_json_add_string(body, "code", CS_FUZZ_CODE);
	add_token(body, "enroll", cs_enroll_token_sign(&enroll, keys[CS_FUZZ_KEY_NEW], &error),
		  error);
	add_token(body, "device",
		  cs_device_token_sign(&claim, keys[CS_FUZZ_KEY_NEW_DEVICE], &error), error);
	g_autoptr(cJSON) answer =
		send_once(fixture, &fixture->enrolment, "POST", "/v1/accounts", body);
	*account = g_strdup(cs_json_get_string(answer, "account", NULL));
}

static void
send_query(Fixture *fixture)
{
	CsDeviceQuery query = cs_test_device_query(&fixture->keys);
	g_autofree char *nonce = take_nonce(fixture);
	g_autoptr(GError) error = NULL;
	cJSON *body = cJSON_CreateObject();

	query.nonce = nonce;
	add_token(body, "query", cs_device_query_sign(&query, fixture->keys.device, &error), error);
	g_autoptr(cJSON) answer = send_once(fixture, &fixture->query, "POST", "/v1/device", body);
	g_assert_nonnull(cs_json_get_string(answer, "device", NULL));
}

/* Of the account that has just enrolled. */
static void
send_deletion(Fixture *fixture, char *account)
{
	CsTestKeys with = fixture->keys;
	g_autofree char *nonce = take_nonce(fixture);
	g_autofree char *path = g_strconcat("/v1/accounts/", account, NULL);
	g_autoptr(GError) error = NULL;
	cJSON *body = cJSON_CreateObject();

	with.account_jwk = fixture->world->jwks[CS_FUZZ_KEY_NEW];
	CsDeleteToken token = cs_test_delete_token(&with);
	token.nonce = nonce;
	token.account = account;
	add_token(body, "delete",
		  cs_delete_token_sign(&token, fixture->world->keys[CS_FUZZ_KEY_NEW], &error),
		  error);
	g_autoptr(cJSON) answer = send_once(fixture, &fixture->deletion, "DELETE", path, body);
	g_assert_nonnull(cs_json_get_string(answer, "verdict", NULL));
}

/* attestation, response and proof of one challenge. */
static cJSON *
make_response(Fixture *fixture, const CsChallenge *challenge, char *chh)
{
	CsAttestation attestation = cs_test_attestation(&fixture->keys);
	CsAuthToken auth = cs_test_auth_token(&fixture->keys);
	CsDeviceProof proof = cs_test_device_proof(&fixture->keys);
	g_autoptr(GError) error = NULL;
	cJSON *body = cJSON_CreateObject();

	attestation.nonce = auth.nonce = proof.nonce = challenge->nonce;
	attestation.chh = auth.chh = proof.chh = chh;
	auth.origin = NULL;
	add_token(body, "attestation",
		  cs_attestation_sign(&attestation, fixture->keys.certificate, &error), error);
	const char *first = cs_json_get_string(body, "attestation", NULL);
	g_autofree char *mah = cs_sha256_base64url(first, strlen(first));
	auth.mah = proof.mah = mah;
	add_token(body, "response", cs_auth_token_sign(&auth, fixture->keys.account, &error),
		  error);
	const char *second = cs_json_get_string(body, "response", NULL);
	g_autofree char *ath = cs_sha256_base64url(second, strlen(second));
	proof.ath = ath;
	add_token(body, "device_proof", cs_device_proof_sign(&proof, fixture->keys.device, &error),
		  error);
	return body;
}

static gboolean
says(const cJSON *answer, const char *what)
{
	g_autofree char *payload =
		cs_test_token_dup_payload(cs_json_get_string(answer, "verdict", NULL));

	return strstr(payload, what) != NULL;
}

static void
send_response(Fixture *fixture)
{
	g_autoptr(cJSON) opened = ask_good(fixture, "POST", "/v1/transactions",
					   "{\"account\":\"" CS_FUZZ_ACCOUNT "\"}");
	const char *token = cs_json_get_string(opened, "challenge", NULL);
	g_autofree char *chh = cs_sha256_base64url(token, strlen(token));
	g_autoptr(CsChallenge) challenge = cs_challenge_parse(token, NULL);
	g_autofree char *path = g_strconcat("/v1/transactions/", challenge->txn, "/response", NULL);
	g_autoptr(cJSON) answer = send_once(fixture, &fixture->response, "POST", path,
					    make_response(fixture, challenge, chh));

	g_assert_true(says(answer, "\"managed\":true"));
}

/* ---- and then never again ---- */

static void
replay_response(Fixture *fixture)
{
	guint status = 0;
	g_autoptr(cJSON) answer = ask(fixture, fixture->response.method, fixture->response.path,
				      fixture->response.body, &status);

	g_assert_cmpuint(status, ==, 200);
	g_assert_true(says(answer, "\"challenge-replayed\""));
	g_assert_false(says(answer, "true"));
}

static void
replay(Fixture *fixture, const Sent *sent)
{
	guint status = 0;
	g_autoptr(cJSON) answer = ask(fixture, sent->method, sent->path, sent->body, &status);

	g_assert_cmpuint(status, ==, 403);
	g_assert_cmpstr(cs_json_get_string(answer, "code", NULL), ==, "nonce-invalid");
}

static gint64
count_rows(Fixture *fixture)
{
	return cs_fuzz_world_read_number(
		fixture->world, "SELECT (SELECT count(*) FROM accounts WHERE NOT deleted) +"
				" 100 * (SELECT count(*) FROM devices) +"
				" 10000 * (SELECT count(*) FROM links) +"
				" 1000000 * (SELECT count(*) FROM device_keys)");
}

static gint64
count_lines(Fixture *fixture)
{
	return cs_fuzz_world_read_number(fixture->world, "SELECT count(*) FROM log");
}

static void
set_up(Fixture *fixture)
{
	CsFuzzWorld *world = cs_fuzz_world_ensure();
	g_autofree char *account = NULL;

	fixture->world = world;
	fixture->keys = (CsTestKeys){
		.account = world->keys[CS_FUZZ_KEY_ACCOUNT],
		.device = world->keys[CS_FUZZ_KEY_DEVICE],
		.certificate = world->keys[CS_FUZZ_KEY_CERTIFICATE],
		.account_jwk = world->jwks[CS_FUZZ_KEY_ACCOUNT],
		.device_jwk = world->jwks[CS_FUZZ_KEY_DEVICE],
		.identity = world->certificate,
	};
	cs_fuzz_world_begin(world);
	send_response(fixture);
	send_enrolment(fixture, &account);
	send_query(fixture);
	send_deletion(fixture, account);
}

static void
sent_clear(Sent *sent)
{
	g_free(sent->path);
	g_free(sent->body);
}

static void
tear_down(Fixture *fixture)
{
	sent_clear(&fixture->response);
	sent_clear(&fixture->enrolment);
	sent_clear(&fixture->query);
	sent_clear(&fixture->deletion);
	cs_fuzz_world_end(fixture->world);
}

static void
test_replays(void)
{
	Fixture fixture = {NULL};
	guint64 count = get_count();
	gint64 began_us = g_get_monotonic_time();

	set_up(&fixture);
	gint64 rows = count_rows(&fixture);
	gint64 lines = count_lines(&fixture);
	for (guint64 i = 0; i < count / 4; i++) {
		replay_response(&fixture);
		replay(&fixture, &fixture.enrolment);
		replay(&fixture, &fixture.query);
		replay(&fixture, &fixture.deletion);
	}
	g_assert_cmpint(count_rows(&fixture), ==, rows);
	/* That it happens is told, once for certain. */
	g_assert_cmpint(count_lines(&fixture), >, lines);
	g_assert_cmpint(count_lines(&fixture), <=, lines + 1 + MAX_UNPROVEN_LINES);
	g_test_message("%" G_GUINT64_FORMAT " replays in %.1f s, %" G_GINT64_FORMAT " lines", count,
		       (double)(g_get_monotonic_time() - began_us) / G_USEC_PER_SEC,
		       count_lines(&fixture) - lines);
	tear_down(&fixture);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/replays", test_replays);
	return g_test_run();
}
