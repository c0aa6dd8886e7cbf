/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/pipeline.h"
#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/http.h"
#include "core/base/json.h"
#include "core/base/openssl.h"
#include "core/pki/issuer.h"
#include "core/pki/weak-key.h"
#include "tests/faults/alloc-driver.h"
#include "tests/fixtures/http-fixture.h"
#include "tests/fixtures/token-fixture.h"
#include "tests/fixtures/weak-key-fixture.h"

#include <string.h>

/* What is no registry's: tokens, certificates, selection, JSON, HTTP. */

#define TRIES	     1000 /* of an RSASSA-PSS certificate, which has 3000 */
#define JUDGED_AT    G_GINT64_CONSTANT(1700000000)
#define MODULUS_BITS 2032

/* A certificate, its issuer, and another of that name. */
typedef struct {
	const char *name;
	CsTestProfile profile; /* the issuer's */
	gboolean is_lasting;   /* whether a no is remembered */
	CsTestIdentity *ca;
	CsTestIdentity *false_ca;
	CsTestIdentity *device;
} Family;

static CsTestKeys *keys; /* made once; so the next ones */
static EVP_PKEY *weak_key;
static Family families[] = {
	{.name = "p256", .is_lasting = TRUE},
	{.name = "p384", .profile = {.key_kind = CS_KEY_KIND_P384}, .is_lasting = TRUE},
	{.name = "rsa", .profile = {.key_kind = CS_KEY_KIND_RSA}, .is_lasting = TRUE},
	{.name = "pss", .profile = {.key_kind = CS_KEY_KIND_RSA_PSS}, .is_lasting = TRUE},
	{.name = "ed25519", .profile = {.other_key = "ED25519"}},
};

/* ---- tokens ---- */

static gboolean
sign(gpointer world, gconstpointer data, GError **error)
{
	const CsTestToken *token = data;
	g_autofree char *text = token->sign(keys, error);
	gboolean was_armed = cs_alloc_faults_pause();

	/* What comes out is whole. */
	if (text != NULL)
		g_assert_true(token->verify(keys, text, NULL));
	cs_alloc_faults_resume(was_armed);
	return text != NULL;
}

static gpointer
set_up_token(gconstpointer data)
{
	const CsTestToken *token = data;

	return token->sign(keys, NULL);
}

static gpointer
set_up_bent_token(gconstpointer data)
{
	char *token = set_up_token(data);
	char *signature = strrchr(token, '.') + 1;

	signature[10] = signature[10] == 'A' ? 'B' : 'A';
	return token;
}

static gboolean
verify(gpointer world, gconstpointer data, GError **error)
{
	const CsTestToken *token = data;

	return token->verify(keys, world, error);
}

/* ---- certificates ---- */

static CsIssuer *
prepare_issuer(CsTestIdentity *authority, GError **error)
{
	g_autoptr(CsCertificate) issuing =
		cs_certificate_new(cs_test_identity_get_der(authority), error);

	return issuing != NULL ? cs_issuer_new(issuing, error) : NULL;
}

static gboolean
judge_issuer(const Family *family, CsTestIdentity *authority, GError **error)
{
	g_autoptr(CsIssuer) issuer = prepare_issuer(authority, error);
	g_autoptr(CsCertificate) issued = NULL;
	gboolean has_issued;

	if (issuer == NULL)
		return FALSE;
	issued = cs_certificate_new(cs_test_identity_get_der(family->device), error);
	if (issued == NULL)
		return FALSE;
	has_issued = cs_issuer_has_issued(issuer, issued);
	if (!has_issued)
		cs_error_set(error, CS_ERROR_INVALID, NULL, "not issued by it");
	/* A want of memory is no lasting answer. */
	cs_alloc_faults_pause();
	g_assert_true(cs_issuer_has_issued(issuer, issued) == (authority == family->ca));
	return has_issued;
}

static gboolean
judge(gpointer world, gconstpointer data, GError **error)
{
	const Family *family = data;

	return judge_issuer(family, family->ca, error);
}

static gboolean
judge_false(gpointer world, gconstpointer data, GError **error)
{
	const Family *family = data;

	return judge_issuer(family, family->false_ca, error);
}

/* A single failure is not even seen by who asks. */
static gpointer
set_up_issuer(gconstpointer data)
{
	const Family *family = data;

	return cs_issuer_new(cs_test_identity_get_certificate(family->ca), NULL);
}

static gboolean
ask(gpointer world, gconstpointer data, GError **error)
{
	const Family *family = data;

	g_assert_true(
		cs_issuer_has_issued(world, cs_test_identity_get_certificate(family->device)));
	return TRUE;
}

static void
tear_down_issuer(gpointer world)
{
	cs_issuer_unref(world);
}

/* A no that came of a comparison costs the next who asks nothing. */
static void
test_remembered(gconstpointer data)
{
	const Family *family = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(CsIssuer) issuer = prepare_issuer(family->false_ca, &error);
	const CsCertificate *certificate = cs_test_identity_get_certificate(family->device);

	g_assert_no_error(error);
	g_assert_false(cs_issuer_has_issued(issuer, certificate));
	cs_alloc_faults_arm(CS_ALLOC_OPENSSL, FALSE, 1);
	g_assert_false(cs_issuer_has_issued(issuer, certificate));
	g_assert_true(cs_alloc_faults_disarm() == !family->is_lasting);
}

static gboolean
judge_weak_key(gpointer world, gconstpointer data, GError **error)
{
	gboolean is_weak = cs_weak_key_is_roca(weak_key);

	if (is_weak)
		cs_error_set(error, CS_ERROR_REFUSED, NULL, "weak");
	return !is_weak;
}

/* ---- the pipeline, over a user's and a machine's store ---- */

typedef struct {
	char *folder;
	CsStores *stores;
	GPtrArray *issuers;
	char *hash;
} Pipeline;

static gpointer
set_up_pipeline(gconstpointer data)
{
	Pipeline *pipeline = g_new0(Pipeline, 1);
	g_autofree char *key =
		cs_test_identity_dup_key_pem(families[0].device, CS_TEST_KEY_PKCS8, NULL);
	const char *folders[] = {NULL, NULL};
	const char *const none[] = {NULL};

	pipeline->folder = cs_test_make_folder();
	folders[0] = pipeline->folder;
	g_free(cs_test_write_text(pipeline->folder, "a.pem",
				  cs_test_identity_get_pem(families[0].device)));
	g_free(cs_test_write_text(pipeline->folder, "a.key", key));
	g_free(cs_test_write_text(pipeline->folder, "b.pem",
				  cs_test_identity_get_pem(families[0].false_ca)));
	pipeline->stores = cs_stores_new(folders, none);
	pipeline->issuers = g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);
	g_ptr_array_add(pipeline->issuers,
			cs_certificate_ref(cs_test_identity_get_certificate(families[0].ca)));
	pipeline->hash = cs_sha256_base64url("x", 1);
	return pipeline;
}

static void
tear_down_pipeline(gpointer data)
{
	Pipeline *pipeline = data;

	cs_stores_free(pipeline->stores);
	cs_test_delete_folder(pipeline->folder);
	g_ptr_array_unref(pipeline->issuers);
	g_free(pipeline->folder);
	g_free(pipeline->hash);
	g_free(pipeline);
}

static gboolean
attest(gpointer world, gconstpointer data, GError **error)
{
	Pipeline *pipeline = world;
	const CsAttestationTies ties = {
		.iss = CS_TEST_ISS,
		.nonce = pipeline->hash,
		.chh = pipeline->hash,
		.device_id = "device",
		.account_jkt = pipeline->hash,
		.device_jkt = pipeline->hash,
		.iat = JUDGED_AT,
	};
	g_autofree char *attestation = NULL;
	g_autoptr(CsExplanation) explanation = NULL;
	g_autoptr(CsAttestation) verified = NULL;
	CsReason reason = CS_REASON_NONE;

	g_assert_true(cs_pipeline_attest(pipeline->stores, pipeline->issuers, NULL, JUDGED_AT,
					 &ties, NULL, &attestation, &explanation, error));
	cs_alloc_faults_pause();
	reason = explanation->reason;
	if (attestation == NULL) {
		g_assert_cmpint(reason, !=, CS_REASON_NONE);
		cs_error_set(error, CS_ERROR_KEY, NULL, "%s", cs_reason_to_code(reason));
		return FALSE;
	}
	verified = cs_attestation_verify(attestation, error);
	return verified != NULL;
}

/* ---- JSON ---- */

static gboolean
print(gpointer world, gconstpointer data, GError **error)
{
	g_autoptr(cJSON) object = cJSON_CreateObject();
	cJSON *list = cs_json_add_array(object, "list");
	g_autofree char *text = NULL;

	cs_json_add_string(object, "text", "a");
	cs_json_add_null(object, "null");
	cs_json_add_boolean(object, "flag", TRUE);
	cs_json_add_int64(list, NULL, 1);
	cs_json_add_int64(list, NULL, G_GINT64_CONSTANT(9007199254740991));
	cs_json_add_string(cs_json_add_object(list, NULL), "inner", "b");
	cs_json_append(list, cJSON_CreateString("c"));
	text = cs_json_print(object);
	if (text == NULL) {
		cs_json_set_lost(error);
		return FALSE;
	}
	g_assert_cmpstr(text, ==,
			"{\"list\":[1,9007199254740991,{\"inner\":\"b\"},\"c\"],\"text\":\"a\","
			"\"null\":null,\"flag\":true}");
	return TRUE;
}

static gboolean
parse_text(const char *text, GError **error)
{
	g_autoptr(cJSON) value = cs_json_parse(text, strlen(text), error);

	return value != NULL;
}

static gboolean
parse(gpointer world, gconstpointer data, GError **error)
{
	return parse_text("{\"a\":[1,2,{\"b\":\"c\\u00e9\"}],\"d\":null}", error);
}

static gboolean
parse_false(gpointer world, gconstpointer data, GError **error)
{
	return parse_text("{\"a\":1,\"b\":{\"c\":[true]},\"\\u0061\":2}", error);
}

/* ---- HTTP ---- */

static void
answer_cb(const CsHttpdRequest *request, CsHttpdResponse *response, gpointer data)
{
	response->status = 200;
	response->content_type = "application/json";
	response->body = g_strdup("{}");
}

static gpointer
set_up_httpd(gconstpointer data)
{
	return cs_test_httpd_start(NULL, NULL, 0, answer_cb, NULL);
}

static void
tear_down_httpd(gpointer world)
{
	cs_test_httpd_stop(world);
}

static gboolean
request(gpointer world, gconstpointer data, GError **error)
{
	g_autofree char *url =
		g_strdup_printf("http://127.0.0.1:%u/v1/nonce", cs_test_httpd_get_port(world));
	g_autoptr(CsHttpClient) client = cs_http_client_new(NULL, 10000);
	g_autoptr(CsHttpResponse) response =
		cs_http_client_request(client, "POST", url, "{}", 1024, NULL, error);

	if (response == NULL)
		return FALSE;
	g_assert_cmpuint(response->status, ==, 200);
	g_assert_cmpuint(g_bytes_get_size(response->body), ==, 2);
	return TRUE;
}

/* A redirect to where plain HTTP may not go is refused whatever fails. */
static gboolean
request_false(gpointer world, gconstpointer data, GError **error)
{
	g_autoptr(CsHttpClient) client = cs_http_client_new(NULL, 10000);
	g_autoptr(CsHttpResponse) response =
		cs_http_client_request(client, "GET", "http://192.0.2.1/", NULL, 1024, NULL, error);

	return response != NULL;
}

#define OPENSSL (1u << CS_ALLOC_OPENSSL)
#define CJSON	(1u << CS_ALLOC_CJSON)
#define CURL	(1u << CS_ALLOC_CURL)
#define BOTH	(OPENSSL | CJSON)

static const CsFaultyAct acts[] = {
	{.name = "weak-key", .owners = OPENSSL, .act = judge_weak_key},
	{.name = "attest",
	 .owners = BOTH,
	 .good = TRUE,
	 .set_up = set_up_pipeline,
	 .act = attest,
	 .tear_down = tear_down_pipeline},
	{.name = "json-print", .owners = CJSON, .good = TRUE, .act = print},
	{.name = "json-parse", .owners = CJSON, .good = TRUE, .act = parse},
	{.name = "json-parse-duplicate", .owners = CJSON, .act = parse_false},
	{.name = "http",
	 .owners = CURL,
	 .good = TRUE,
	 .set_up = set_up_httpd,
	 .act = request,
	 .tear_down = tear_down_httpd},
	{.name = "http-far", .owners = CURL, .act = request_false},
};

static void
add_token(const CsTestToken *token)
{
	const CsFaultyAct token_acts[] = {
		{.name = "sign", .good = TRUE, .act = sign},
		{.name = "verify", .good = TRUE, .set_up = set_up_token, .act = verify},
		{.name = "verify-bent", .set_up = set_up_bent_token, .act = verify},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(token_acts); i++) {
		g_autofree char *name = g_strdup_printf("%s/%s", token->type, token_acts[i].name);
		CsFaultyAct act = token_acts[i];

		g_strdelimit(name, "+", '-');
		act.name = name;
		act.owners = BOTH;
		act.tear_down = g_free;
		act.data = token;
		cs_faulty_act_add(&act);
	}
}

static void
make_family(Family *family)
{
	CsTestProfile profile = family->profile;

	profile.ca = TRUE;
	family->ca = cs_test_identity_new(&profile, NULL);
	family->false_ca = cs_test_identity_new(&profile, NULL);
	family->device = cs_test_identity_new(NULL, family->ca);
}

static void
free_family(Family *family)
{
	g_clear_pointer(&family->device, cs_test_identity_free);
	g_clear_pointer(&family->false_ca, cs_test_identity_free);
	g_clear_pointer(&family->ca, cs_test_identity_free);
}

static void
add_family(const Family *family)
{
	const CsFaultyAct family_acts[] = {
		{.name = "issued", .good = TRUE, .act = judge},
		{.name = "issued-by-another", .act = judge_false},
		{.name = "asked",
		 .good = TRUE,
		 .set_up = set_up_issuer,
		 .act = ask,
		 .tear_down = tear_down_issuer},
	};
	g_autofree char *path =
		g_strdup_printf("/faults/allocation/certificate/%s/remembered", family->name);

	for (gsize i = 0; i < G_N_ELEMENTS(family_acts); i++) {
		g_autofree char *name =
			g_strdup_printf("certificate/%s/%s", family->name, family_acts[i].name);
		CsFaultyAct act = family_acts[i];

		act.name = name;
		act.owners = OPENSSL;
		act.tries = TRIES;
		act.data = family;
		cs_faulty_act_add(&act);
	}
	g_test_add_data_func(path, family, test_remembered);
}

int
main(int argc, char *argv[])
{
	int status;

	cs_alloc_faults_install();
	g_test_init(&argc, &argv, NULL);
	keys = cs_test_keys_new();
	weak_key = cs_test_make_roca_key();
	for (gsize i = 0; i < G_N_ELEMENTS(families); i++) {
		make_family(&families[i]);
		add_family(&families[i]);
	}
	for (gsize i = 0; i < cs_test_tokens_count; i++)
		add_token(&cs_test_tokens[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(acts); i++)
		cs_faulty_act_add(&acts[i]);
	status = g_test_run();
	for (gsize i = 0; i < G_N_ELEMENTS(families); i++)
		free_family(&families[i]);
	EVP_PKEY_free(weak_key);
	cs_test_keys_free(keys);
	return status;
}
