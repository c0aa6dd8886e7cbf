/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/crl.h"
#include "tests/bench/measure.h"
#include "tests/bench/serving.h"
#include "tests/fixtures/verifier-fixture.h"

#include <string.h>

/* What a response costs the server: judged at first sight of its certificate (read, its issuer's
 * signature verified, looked up in a CRL) and again, with the verdict signed, beside the
 * cryptography that this needs; and over HTTP. */

#define RUNS	    2000
#define CRL_ENTRIES 1000
#define HTTP_CALLS  400

typedef struct {
	CsTestWorld world;
	CsCrlSet *crls;
	CsVerdict *verdict;
	/* The raw side: keys that are decoded, what they signed, and room. */
	EVP_PKEY *verifying[4]; /* response, device proof, attestation; the certificate's issuer */
	GBytes *signatures[4];
	EVP_PKEY *server;
} Verify;

/* ---- the limit ---- */

#define PAYLOAD_BYTES 900 /* about what each token signs */
#define MAX_SIGNATURE 512

static const guint8 payload[PAYLOAD_BYTES];

static GBytes *
sign_raw(EVP_PKEY *key)
{
	guint8 signature[MAX_SIGNATURE];
	gsize length = sizeof(signature);
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();

	g_assert_cmpint(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), ==, 1);
	g_assert_cmpint(EVP_DigestSign(context, signature, &length, payload, sizeof(payload)), ==,
			1);
	return g_bytes_new(signature, length);
}

static void
verify_raw(const Verify *verify, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
		gsize length = 0;
		const guint8 *signature = g_bytes_get_data(verify->signatures[i], &length);

		g_assert_cmpint(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL,
						     verify->verifying[i]),
				==, 1);
		g_assert_cmpint(
			EVP_DigestVerify(context, signature, length, payload, sizeof(payload)), ==,
			1);
	}
	g_bytes_unref(sign_raw(verify->server));
}

static void
verify_raw_first(gpointer data)
{
	verify_raw(data, 4);
}

static void
verify_raw_again(gpointer data)
{
	verify_raw(data, 3);
}

/* ---- ours ---- */

static CsRevocation
get_revocation_cb(const CsCertificate *certificate, CsIssuer *issuer, gpointer data)
{
	const Verify *verify = data;
	const CsRevocationLimits limits = {.now = CS_TEST_WORLD_NOW};
	CsRevocationAnswer answer = {0};

	cs_crl_set_decide(verify->crls, certificate, &limits, &answer);
	return answer.status;
}

static const CsLinkRow *
get_link_cb(const char *key_fingerprint, gpointer data)
{
	return NULL;
}

/* An issuer that remembers nothing: its certificate was decoded when it was uploaded. */
static void
forget(gpointer data)
{
	Verify *verify = data;

	g_ptr_array_set_size(verify->world.issuers, 0);
	cs_test_world_add_issuer(&verify->world, verify->world.ca);
}

static void
judge(gpointer data)
{
	Verify *verify = data;
	g_auto(CsDecision) decision = {0};
	g_autofree char *token = NULL;

	cs_verifier_decide(&verify->world.input, &decision);
	g_assert_true(decision.managed);
	token = cs_verdict_sign(verify->verdict, verify->world.server_key, NULL);
	g_assert_nonnull(token);
}

/* ---- a response of a kind ---- */

static void
choose_rsa(CsTestWorld *world)
{
	world->ca_profile.key_kind = CS_KEY_KIND_RSA;
	world->profile.key_kind = CS_KEY_KIND_RSA;
}

static CsVerdict *
make_verdict(const CsTestWorld *world)
{
	CsVerdict *verdict = g_new0(CsVerdict, 1);
	CsCertificate *certificate = cs_test_identity_get_certificate(world->client);

	verdict->kid = g_strdup(world->challenge->kid);
	verdict->iss = g_strdup(CS_TEST_WORLD_ISS);
	verdict->aud = g_strdup(world->account->id);
	verdict->account = g_strdup(world->account->id);
	verdict->iat = CS_TEST_WORLD_NOW;
	verdict->rsh = cs_test_dup_hash(world->response_token);
	verdict->request = g_strdup("request");
	verdict->authenticated = TRUE;
	verdict->managed = TRUE;
	verdict->reason = CS_REASON_NONE;
	verdict->device_reason = CS_REASON_MANAGED;
	verdict->device_id = g_strdup(world->device->id);
	verdict->certificate_fingerprint = g_strdup(cs_certificate_get_fingerprint(certificate));
	verdict->certificate_issuer = g_strdup(cs_certificate_get_issuer_text(certificate));
	verdict->certificate_not_before = cs_certificate_get_not_before(certificate);
	verdict->certificate_not_after = cs_certificate_get_not_after(certificate);
	return verdict;
}

static void
open_verify(Verify *verify, const CsTestCase *c)
{
	g_autoptr(GBytes) crl = NULL;

	cs_test_world_init(&verify->world, c);
	verify->world.input.get_revocation = get_revocation_cb;
	verify->world.input.get_link = get_link_cb;
	verify->world.input.data = verify;
	crl = cs_bench_crl_new(verify->world.ca, CRL_ENTRIES);
	verify->crls = cs_bench_crl_set_new(verify->world.ca, crl);
	verify->verdict = make_verdict(&verify->world);
	verify->verifying[0] = EVP_EC_gen("P-256");
	verify->verifying[1] = EVP_EC_gen("P-256");
	verify->verifying[2] = cs_test_identity_get_pkey(verify->world.client);
	verify->verifying[3] = cs_test_identity_get_pkey(verify->world.ca);
	verify->server = verify->verifying[0];
	for (gsize i = 0; i < G_N_ELEMENTS(verify->verifying); i++)
		verify->signatures[i] = sign_raw(verify->verifying[i]);
}

static void
close_verify(Verify *verify)
{
	for (gsize i = 0; i < G_N_ELEMENTS(verify->signatures); i++)
		g_bytes_unref(verify->signatures[i]);
	EVP_PKEY_free(verify->verifying[0]);
	EVP_PKEY_free(verify->verifying[1]);
	cs_verdict_free(verify->verdict);
	cs_crl_set_unref(verify->crls);
	cs_test_world_clear(&verify->world);
}

/* Returns microseconds of one that is judged again. */
static double
measure_verifier(const CsTestCase *c)
{
	static const CsBenchSide first = {"at first sight", judge, forget};
	static const CsBenchSide again = {"again", judge, NULL};
	static const CsBenchSide raw_first = {"four verifications, one signature", verify_raw_first,
					      NULL};
	static const CsBenchSide raw_again = {"three verifications, one signature",
					      verify_raw_again, NULL};
	Verify verify = {0};
	g_autofree char *first_row = g_strdup_printf("response at first sight, %s", c->name);
	g_autofree char *again_row = g_strdup_printf("response again, %s", c->name);
	double us;

	open_verify(&verify, c);
	cs_bench_compare(first_row, &first, &raw_first, &verify, RUNS, 0);
	cs_bench_compare(again_row, &again, &raw_again, &verify, RUNS, 0);
	us = cs_bench_measure(&again, &verify, RUNS);
	close_verify(&verify);
	return us;
}

/* ---- over HTTP ---- */

/* One client; what the server had of processors for each call, in microseconds. */
static double
send_calls(CsServing *serving, CsLoadCall *const *calls, guint count)
{
	double began_s = cs_serving_get_processor_s();

	cs_load_run(cs_serving_get_port(serving), calls, 1, count);
	return (cs_serving_get_processor_s() - began_s) * 1e6 / count;
}

static double
measure_introductions(CsServing *serving)
{
	CsLoadCall calls[HTTP_CALLS];
	CsLoadCall *sent[HTTP_CALLS];
	double us;

	for (guint i = 0; i < HTTP_CALLS; i++) {
		cs_load_call_init(&calls[i], "GET", "/.well-known/countersign", NULL);
		sent[i] = &calls[i];
	}
	us = send_calls(serving, sent, HTTP_CALLS);
	for (guint i = 0; i < HTTP_CALLS; i++)
		cs_load_call_clear(&calls[i]);
	return us;
}

static double
measure_responses(CsServing *serving)
{
	g_autofree CsServingCall *calls = g_new0(CsServingCall, HTTP_CALLS);
	CsLoadCall *sent[HTTP_CALLS];
	double us;

	for (guint i = 0; i < HTTP_CALLS; i++) {
		cs_serving_prepare(serving, 0, &calls[i]);
		sent[i] = &calls[i].call;
	}
	us = send_calls(serving, sent, HTTP_CALLS);
	for (guint i = 0; i < HTTP_CALLS; i++)
		cs_serving_finish(&calls[i]);
	return us;
}

static void
measure_http(const char *place, CsKeyKind kind, const char *name, double verifier_us)
{
	CsServing *serving = cs_serving_new(place, kind, 1);
	g_autofree char *row = g_strdup_printf("response over HTTP, %s", name);
	double introduction_us;
	double response_us;

	cs_serving_start(serving, FALSE);
	introduction_us = measure_introductions(serving);
	response_us = measure_responses(serving);
	cs_bench_say("GET /.well-known/countersign", "%11.1f us of the server's processor",
		     introduction_us);
	cs_bench_say(row,
		     "%11.1f us of the server's processor | judged and signed without: %.1f us | "
		     "above it %.1f us: HTTP, JSON, registry, log, commit",
		     response_us, verifier_us, response_us - verifier_us);
	cs_serving_stop(serving);
	cs_serving_free(serving);
}

int
main(int argc, char **argv)
{
	static const CsTestCase rsa = {.name = "RSA-2048", .change = choose_rsa};
	static const CsTestCase p256 = {.name = "P-256"};
	double rsa_us;
	double p256_us;

	g_assert_cmpint(argc, ==, 2);
	rsa_us = measure_verifier(&rsa);
	p256_us = measure_verifier(&p256);
	measure_http(argv[1], CS_KEY_KIND_RSA, rsa.name, rsa_us);
	measure_http(argv[1], CS_KEY_KIND_P256, p256.name, p256_us);
	return 0;
}
