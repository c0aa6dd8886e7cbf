/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/client-fixture.h"
#include "tests/fixtures/http-fixture.h"
#include "tests/fixtures/responder-fixture.h"
#include "tests/fixtures/revocation-fixture.h"

/* rule 12: a sign-in that waits for what is being fetched (core/authority/service-transactions.c) */

#define MANY	65    /* one more than may wait at a time */
#define ALIKE	9     /* one more than may wait for one certificate */
#define LONG_MS 60000 /* however busy the machine is, what is fetched comes sooner */

/* Beside the scene's, an uploaded CA whose certificates are asked about at a responder. */
typedef struct {
	CsTestScene scene;
	CsTestResponder *responder;
	CsTestIdentity *ca;
	CsTestIdentity *identity;
	CsTestCredential *credential;
} Fixture;

static void
add_issuer(Fixture *f, const char *mode, const char *url)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) added = cs_admin_add_issuer(
		cs_test_service_get_authority(f->scene.service), cs_test_identity_get_der(f->ca),
		&(CsRevocationChoice){.mode = mode, .url = url}, &error);

	g_assert_no_error(error);
	g_assert_nonnull(added);
}

static GBytes *
make_answer(Fixture *f, const char *status)
{
	return cs_test_ocsp_new(&(CsTestOcspProfile){.status = status}, f->identity, f->ca, f->ca);
}

/* A CRL has more time to come than an OCSP answer. */
static void
serve_crl(Fixture *f)
{
	cs_test_responder_serve(f->responder, cs_test_crl_new(&(CsTestCrlProfile){0}, f->ca));
	add_issuer(f, "crl", cs_test_responder_get_url(f->responder));
}

static void
set_up(Fixture *f, gconstpointer data)
{
	cs_test_scene_set_up(&f->scene, NULL);
	if (data != NULL) {
		cs_test_service_stop(f->scene.service);
		cs_test_service_set_patience(f->scene.service, LONG_MS);
		cs_test_service_start(f->scene.service);
	}
	f->responder = cs_test_responder_new();
	f->ca = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	f->identity = cs_test_identity_new(NULL, f->ca);
	f->credential = cs_test_credential_new(f->identity);
	cs_test_responder_serve(f->responder, make_answer(f, NULL));
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_responder_free(f->responder);
	cs_test_scene_tear_down(&f->scene, NULL);
	cs_test_credential_free(f->credential);
	cs_test_identity_free(f->identity);
	cs_test_identity_free(f->ca);
}

/* A sign-in of a thread's own. */
typedef struct {
	CsTestService *service;
	CsTestResponse *response;
	CsVerdict *verdict;
	GThread *thread;
	GAsyncQueue *ended; /* (nullable): told when it is over */
} SignIn;

static gpointer
sign_in_thread_cb(gpointer data)
{
	SignIn *sign_in = data;

	sign_in->verdict = cs_test_response_send(sign_in->response, sign_in->service);
	if (sign_in->ended != NULL)
		g_async_queue_push(sign_in->ended, sign_in);
	return NULL;
}

static SignIn *
begin_sign_in_telling(Fixture *f, CsTestResponse *response_taken, GAsyncQueue *ended)
{
	SignIn *sign_in = g_new0(SignIn, 1);

	sign_in->ended = ended;
	sign_in->service = f->scene.service;
	sign_in->response = response_taken;
	sign_in->thread = g_thread_new("sign-in", sign_in_thread_cb, sign_in);
	return sign_in;
}

static SignIn *
begin_sign_in(Fixture *f, CsTestResponse *response_taken)
{
	return begin_sign_in_telling(f, response_taken, NULL);
}

static CsVerdict *
end_sign_in(SignIn *sign_in)
{
	CsVerdict *verdict;

	g_thread_join(sign_in->thread);
	verdict = sign_in->verdict;
	cs_test_response_free(sign_in->response);
	g_free(sign_in);
	return verdict;
}

static void
expect_reason(SignIn *sign_in, CsReason device_reason)
{
	g_autoptr(CsVerdict) verdict = end_sign_in(sign_in);

	g_assert_cmpstr(cs_reason_to_code(verdict->reason), ==, NULL);
	g_assert_cmpstr(cs_reason_to_code(verdict->device_reason), ==,
			cs_reason_to_code(device_reason));
}

/* The cause, for helpdesk, in the line of the log. */
static void
expect_detail(Fixture *f, const char *detail)
{
	g_autoptr(cJSON) line = cs_test_service_dup_last_line(f->scene.service);

	g_assert_cmpstr(cs_json_get_string(line, "reason", NULL), ==, "revocation-unknown");
	g_assert_cmpstr(cs_json_get_string(line, "detail", NULL), ==, detail);
}

/* The first sign-in with a certificate knows what the responder says, good or not, and has one line
 * in the log, which is found by what the client was told. */
static void
test_first_sign_in(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestIdentity) revoked = cs_test_identity_new(NULL, f->ca);
	g_autoptr(CsTestCredential) credential = cs_test_credential_new(revoked);
	g_autoptr(CsVerdict) verdict = NULL;
	g_autoptr(cJSON) line = NULL;
	guint before = cs_test_count_log(f->scene.registry);

	add_issuer(f, "ocsp", cs_test_responder_get_url(f->responder));
	verdict = cs_test_client_authenticate(f->scene.client, f->credential);
	g_assert_cmpint(verdict->device_reason, ==, CS_REASON_MANAGED);
	g_assert_cmpuint(cs_test_responder_count(f->responder), ==, 1);
	/* The issuer's line, and this. */
	g_assert_cmpuint(cs_test_count_log(f->scene.registry), ==, before + 2);
	line = cs_test_service_dup_last_line(f->scene.service);
	g_assert_cmpstr(cs_json_get_string(line, "reason", NULL), ==, "managed");
	g_assert_cmpstr(cs_json_get_string(line, "request", NULL), ==, verdict->request);
	g_assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(line, "detail")));
	cs_test_client_expect(f->scene.client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	g_assert_cmpuint(cs_test_responder_count(f->responder), ==, 1);
	cs_test_responder_serve(
		f->responder,
		cs_test_ocsp_new(&(CsTestOcspProfile){.status = "8200"}, revoked, f->ca, f->ca));
	cs_test_client_expect(f->scene.client, credential, CS_REASON_NONE,
			      CS_REASON_REVOCATION_UNKNOWN);
	g_assert_cmpuint(cs_test_responder_count(f->responder), ==, 2);
	expect_detail(f, "revocation=ocsp-missing fetched=ocsp-status-unknown");
}

/* While it waits nothing has happened, and others are answered; the same response once more waits
 * beside it, and of the two one is accepted. */
static void
test_waits(Fixture *f, gconstpointer data)
{
	CsTestResponse *response;
	CsTestResponse *copy = g_new0(CsTestResponse, 1);
	g_autoptr(CsVerdict) one = NULL;
	g_autoptr(CsVerdict) other = NULL;
	SignIn *first, *second;
	guint before;

	serve_crl(f);
	cs_test_responder_shut(f->responder); /* before the service hears of the issuer */
	response = cs_test_client_respond(f->scene.client, f->credential);
	copy->path = g_strdup(response->path);
	copy->body = cJSON_Duplicate(response->body, TRUE);
	before = cs_test_count_log(f->scene.registry);
	first = begin_sign_in(f, response);
	cs_test_responder_wait(f->responder, 1);
	second = begin_sign_in(f, copy);
	cs_test_client_expect(f->scene.client, f->scene.credential, CS_REASON_NONE,
			      CS_REASON_MANAGED);
	g_assert_cmpuint(cs_test_count_log(f->scene.registry), ==, before + 1);
	g_assert_null(cs_test_scene_find_link(&f->scene, f->credential));
	cs_test_responder_open(f->responder);
	one = end_sign_in(first);
	other = end_sign_in(second);
	g_assert_true(one->authenticated != other->authenticated);
	g_assert_true(one->managed != other->managed);
	g_assert_cmpint((one->authenticated ? other : one)->reason, ==,
			CS_REASON_CHALLENGE_REPLAYED);
	cs_test_scene_expect_link(&f->scene, f->credential, f->scene.client->device, CS_LINK_BOUND);
}

/* What takes longer is not waited for: the fetch, which has 20 s, is still under way when the
 * verdict is there; the sign-in is unaffected. */
static void
test_does_not_wait_long(Fixture *f, gconstpointer data)
{
	static const char *const nothing[] = {NULL};
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(nothing, TRUE);
	g_autofree char *url =
		g_strdup_printf("http://127.0.0.1:%u/a.crl", cs_test_peer_get_port(peer));

	add_issuer(f, "crl", url);
	cs_test_client_expect(f->scene.client, f->credential, CS_REASON_NONE,
			      CS_REASON_REVOCATION_UNKNOWN);
	g_assert_true(cs_test_peer_is_open(peer));
	g_assert_null(cs_test_scene_find_link(&f->scene, f->credential));
	/* Stopping does not wait for the fetch either. */
	cs_test_service_stop(f->scene.service);
}

/* What cannot be had is known soon, and not looked for again at once. */
static void
test_nothing_to_be_had(Fixture *f, gconstpointer data)
{
	cs_test_responder_serve(f->responder, NULL);
	add_issuer(f, "ocsp", cs_test_responder_get_url(f->responder));
	for (guint i = 0; i < 3; i++) {
		cs_test_client_expect(f->scene.client, f->credential, CS_REASON_NONE,
				      CS_REASON_REVOCATION_UNKNOWN);
		expect_detail(f, "revocation=ocsp-missing fetched=http-status");
	}
	g_assert_cmpuint(cs_test_responder_count(f->responder), ==, 1);
}

/* The end of the service ends the wait: the answer is the one that is known by then. */
static void
test_stop(Fixture *f, gconstpointer data)
{
	SignIn *sign_in;

	add_issuer(f, "ocsp", cs_test_responder_get_url(f->responder));
	cs_test_responder_shut(f->responder);
	sign_in = begin_sign_in(f, cs_test_client_respond(f->scene.client, f->credential));
	cs_test_responder_wait(f->responder, 1);
	cs_test_service_stop(f->scene.service);
	expect_reason(sign_in, CS_REASON_REVOCATION_UNKNOWN);
}

/* More than may wait are answered all the same, whatever happens to the rest. */
static void
test_many(Fixture *f, gconstpointer data)
{
	SignIn *sign_ins[MANY];
	CsTestCredential *credentials[MANY / (ALIKE - 1) + 1];
	guint managed = 0, unknown = 0;

	for (guint i = 0; i < G_N_ELEMENTS(credentials); i++)
		credentials[i] = cs_test_credential_new_issued(f->ca, NULL);
	serve_crl(f);
	cs_test_responder_shut(f->responder);
	for (guint i = 0; i < MANY; i++)
		sign_ins[i] = begin_sign_in(
			f, cs_test_client_respond(f->scene.client, credentials[i / (ALIKE - 1)]));
	cs_test_responder_wait(f->responder, 1);
	cs_test_client_expect(f->scene.client, f->scene.credential, CS_REASON_NONE,
			      CS_REASON_MANAGED);
	cs_test_responder_open(f->responder);
	for (guint i = 0; i < MANY; i++) {
		g_autoptr(CsVerdict) verdict = end_sign_in(sign_ins[i]);

		g_assert_true(verdict->authenticated);
		managed += verdict->device_reason == CS_REASON_MANAGED;
		unknown += verdict->device_reason == CS_REASON_REVOCATION_UNKNOWN;
	}
	g_test_message("%u managed, %u unknown", managed, unknown);
	g_assert_cmpuint(managed + unknown, ==, MANY);
	for (guint i = 0; i < G_N_ELEMENTS(credentials); i++)
		cs_test_credential_free(credentials[i]);
	cs_test_client_expect(f->scene.client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* One certificate does not take all places: who comes when its own are taken is answered with what is
 * known, before anything has come, and the others wait on. */
static void
test_alike(Fixture *f, gconstpointer data)
{
	g_autoptr(GAsyncQueue) ended = g_async_queue_new();
	SignIn *sign_ins[ALIKE];
	SignIn *first;

	serve_crl(f);
	cs_test_responder_shut(f->responder);
	for (guint i = 0; i < ALIKE; i++)
		sign_ins[i] = begin_sign_in_telling(
			f, cs_test_client_respond(f->scene.client, f->credential), ended);
	first = g_async_queue_pop(ended);
	cs_test_responder_open(f->responder);
	for (guint i = 0; i < ALIKE; i++)
		expect_reason(sign_ins[i], sign_ins[i] == first ? CS_REASON_REVOCATION_UNKNOWN
								: CS_REASON_MANAGED);
}

/* Known over a restart, while the responder is silent. */
static void
test_restart(Fixture *f, gconstpointer data)
{
	add_issuer(f, "ocsp", cs_test_responder_get_url(f->responder));
	cs_test_client_expect(f->scene.client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_service_stop(f->scene.service);
	cs_test_responder_shut(f->responder);
	cs_test_service_start(f->scene.service);
	cs_test_client_expect(f->scene.client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* A publisher that hangs holds up its own issuer only. */
static void
test_beside_one_that_hangs(Fixture *f, gconstpointer data)
{
	static const char *const silence[] = {"", NULL};
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(silence, TRUE);
	g_autofree char *url =
		g_strdup_printf("http://127.0.0.1:%u/a.crl", cs_test_peer_get_port(peer));
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	CsTestIdentity *first = f->ca;

	f->ca = other;
	add_issuer(f, "crl", url);
	f->ca = first;
	add_issuer(f, "ocsp", cs_test_responder_get_url(f->responder));
	/* This one lets the service know of the issuers. */
	cs_test_client_expect(f->scene.client, f->scene.credential, CS_REASON_NONE,
			      CS_REASON_MANAGED);
	cs_test_peer_wait_for_request(peer);
	cs_test_client_expect(f->scene.client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	g_assert_true(cs_test_peer_is_open(peer));
}

#define ADD(name, patience, function)                                                              \
	g_test_add("/service-revocation/" name, Fixture, patience, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("first-sign-in", "patient", test_first_sign_in);
	ADD("waits", "patient", test_waits);
	ADD("does-not-wait-long", NULL, test_does_not_wait_long);
	ADD("nothing-to-be-had", "patient", test_nothing_to_be_had);
	ADD("stop", "patient", test_stop);
	ADD("many", "patient", test_many);
	ADD("alike", "patient", test_alike);
	ADD("restart", "patient", test_restart);
	ADD("beside-one-that-hangs", "patient", test_beside_one_that_hangs);
	return g_test_run();
}
