/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/error.h"
#include "core/base/http.h"
#include "core/base/json.h"
#include "tests/faults/alloc-driver.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/client-fixture.h"
#include "tests/fixtures/csr-fixture.h"
#include "tests/fixtures/verifier-fixture.h"

/* The authority's side: the verifier, the registry, the built-in CA, and the service as a device
 * meets it. */

#define OPENSSL (1u << CS_ALLOC_OPENSSL)
#define CJSON	(1u << CS_ALLOC_CJSON)
#define SQLITE	(1u << CS_ALLOC_SQLITE)

/* ---- the verifier ---- */

static CsRevocation
get_revocation_cb(const CsCertificate *certificate, CsIssuer *issuer, gpointer data)
{
	return ((CsTestWorld *)data)->revocation;
}

static const CsLinkRow *
get_link_cb(const char *key_fingerprint, gpointer data)
{
	return ((CsTestWorld *)data)->link;
}

static gpointer
set_up_world(gconstpointer data)
{
	CsTestWorld *world = g_new0(CsTestWorld, 1);

	cs_test_world_init(world, data);
	world->input.get_revocation = get_revocation_cb;
	world->input.get_link = get_link_cb;
	return world;
}

static void
tear_down_world(gpointer data)
{
	cs_test_world_clear(data);
	g_free(data);
}

static gboolean
set_error_unless(gboolean accepted, CsReason reason, GError **error)
{
	if (!accepted)
		cs_error_set(error, CS_ERROR_REFUSED, NULL, "%s", cs_reason_to_code(reason));
	return accepted;
}

static gboolean
decide(gpointer data, gconstpointer c, GError **error)
{
	CsTestWorld *world = data;
	g_auto(CsDecision) decision = {0};

	cs_verifier_decide(&world->input, &decision);
	if (decision.managed)
		g_assert_true(decision.authenticated && decision.certificate != NULL);
	else
		g_assert_cmpint(decision.binding, ==, CS_BINDING_NONE);
	return set_error_unless(decision.managed,
				decision.authenticated ? decision.device_reason : decision.reason,
				error);
}

static void
bend_response(CsTestWorld *world)
{
	cs_test_corrupt_signature(world->response_token);
}

static void
bend_proof(CsTestWorld *world)
{
	cs_test_corrupt_signature(world->proof_token);
}

static void
bend_attestation(CsTestWorld *world)
{
	cs_test_corrupt_signature(world->attestation_token);
}

static void
distrust_issuer(CsTestWorld *world)
{
	g_ptr_array_set_size(world->issuers, 0);
	cs_test_world_add_issuer(world, world->other_ca);
}

static void
revoke_certificate(CsTestWorld *world)
{
	world->revocation = CS_REVOCATION_REVOKED;
}

static void
bind_elsewhere(CsTestWorld *world)
{
	world->link = g_new0(CsLinkRow, 1);
	world->link->device_id = g_strdup("device2");
	world->link->state = CS_LINK_BOUND;
	world->link->key_ids = g_new0(char *, 1);
}

static void
use_challenge(CsTestWorld *world)
{
	world->input.challenge_use = CS_CHALLENGE_USED;
}

static const CsTestCase good_case = {.name = "good"};
static const CsTestCase bad_cases[] = {
	{.name = "response", .step = CS_TEST_STEP_TOKENS, .change = bend_response},
	{.name = "proof", .step = CS_TEST_STEP_TOKENS, .change = bend_proof},
	{.name = "attestation", .step = CS_TEST_STEP_TOKENS, .change = bend_attestation},
	{.name = "issuer", .step = CS_TEST_STEP_TOKENS, .change = distrust_issuer},
	{.name = "revoked", .step = CS_TEST_STEP_TOKENS, .change = revoke_certificate},
	{.name = "bound", .step = CS_TEST_STEP_TOKENS, .change = bind_elsewhere},
	{.name = "replayed", .step = CS_TEST_STEP_TOKENS, .change = use_challenge},
};

/* ---- the registry, and an administrator's acts ---- */

static CsTestAuthority *authority; /* made once: what fails leaves it as it was */
static GBytes *csr;
static guint next_login;

/* By a connection of its own, which has no statement ready. */
static CsAuthority *
open_authority(GError **error)
{
	return cs_authority_open(cs_authority_get_folder(authority->authority), &authority->clock,
				 error);
}

static gboolean
take_answer(cJSON *answer_taken, GError **error)
{
	g_autoptr(cJSON) answer = answer_taken;
	g_autofree char *text = NULL;

	if (answer == NULL)
		return FALSE;
	text = cs_json_print(answer);
	if (text == NULL)
		cs_json_set_lost(error);
	return text != NULL;
}

static gboolean
add_user(gpointer world, gconstpointer data, GError **error)
{
	g_autofree char *login = g_strdup_printf("user%u", next_login++);
	g_autoptr(CsAuthority) a = open_authority(error);

	return a != NULL && take_answer(cs_admin_add_user(a, login, error), error);
}

static gboolean
make_code(gpointer world, gconstpointer data, GError **error)
{
	g_autoptr(CsAuthority) a = open_authority(error);

	return a != NULL && take_answer(cs_admin_make_code(a, "alice", 600, error), error);
}

static gboolean
issue(gpointer world, gconstpointer data, GError **error)
{
	g_autoptr(CsAuthority) a = open_authority(error);

	return a != NULL &&
	       take_answer(cs_admin_issue_certificate(a, csr, NULL, 365, error), error);
}

static gboolean
list_devices(gpointer world, gconstpointer data, GError **error)
{
	g_autoptr(CsAuthority) a = open_authority(error);

	return a != NULL && take_answer(cs_admin_list_devices(a, error), error);
}

static void
count_line_cb(const cJSON *line, gpointer data)
{
	g_autofree char *text = cs_json_print(line);

	if (text != NULL)
		(*(guint *)data)++;
}

static gboolean
read_log(gpointer world, gconstpointer data, GError **error)
{
	g_autoptr(CsAuthority) a = open_authority(error);
	guint n = 0;

	return a != NULL &&
	       cs_registry_read_log(cs_authority_get_registry(a), count_line_cb, &n, error);
}

/* Rule 15: a link that is there is found, or the registry has failed; it is never "none". */
static gboolean
find_link(gpointer world, gconstpointer data, GError **error)
{
	g_autoptr(CsRegistry) registry = cs_registry_open(((CsTestRegistry *)data)->path, error);
	g_autoptr(CsLinkRow) link = NULL;

	if (registry == NULL || !cs_registry_find_link(registry, "k1", &link, error))
		return FALSE;
	g_assert_nonnull(link);
	g_assert_cmpstr(link->device_id, ==, "d1");
	g_assert_cmpint(link->state, ==, CS_LINK_SUSPENDED);
	g_assert_cmpstr(link->key_ids[0], ==, "dk1");
	return TRUE;
}

static gboolean
find_rows(gpointer world, gconstpointer data, GError **error)
{
	g_autoptr(CsRegistry) registry = cs_registry_open(((CsTestRegistry *)data)->path, error);
	g_autoptr(CsUserRow) user = NULL;
	g_autoptr(CsDeviceRow) device = NULL;
	g_autoptr(CsAccountRow) account = NULL;

	if (registry == NULL || !cs_registry_find_user(registry, "alice", &user, error) ||
	    !cs_registry_find_device_by_hardware(registry, "hardware-d1", &device, error) ||
	    !cs_registry_find_account(registry, "a1", &account, error))
		return FALSE;
	g_assert_true(user != NULL && device != NULL && account != NULL);
	g_assert_cmpstr(account->user_id, ==, "u1");
	g_assert_cmpint(user->state, ==, CS_USER_ACTIVE);
	return TRUE;
}

static gboolean
list_issuers(gpointer world, gconstpointer data, GError **error)
{
	g_autoptr(CsAuthority) a = open_authority(error);
	g_autoptr(GPtrArray) issuers = NULL;

	if (a == NULL)
		return FALSE;
	issuers = cs_registry_list_issuers(cs_authority_get_registry(a), error);
	if (issuers == NULL)
		return FALSE;
	g_assert_cmpuint(issuers->len, ==, 1);
	g_assert_cmpuint(g_bytes_get_size(((CsIssuerRow *)issuers->pdata[0])->der), >, 100);
	return TRUE;
}

/* ---- the service, as devices meet it ---- */

typedef struct {
	CsTestClient *client;
	CsTestCredential *credential;
	CsTestResponse *response;
	cJSON *enrolment;
	char *code;
} Caller;

static CsTestService *service;
static CsTestClient *enrolled;
static CsTestClient *stranger;
static CsTestCredential *bound; /* to the enrolled one */

static void
tear_down_caller(gpointer data)
{
	Caller *caller = data;

	g_clear_pointer(&caller->response, cs_test_response_free);
	g_clear_pointer(&caller->credential, cs_test_credential_free);
	g_clear_pointer(&caller->client, cs_test_client_free);
	cJSON_Delete(caller->enrolment);
	g_free(caller->code);
	g_free(caller);
}

static gpointer
set_up_bind(gconstpointer data)
{
	Caller *caller = g_new0(Caller, 1);

	caller->credential = cs_test_credential_new_built_in(service, NULL);
	caller->response = cs_test_client_respond(enrolled, caller->credential);
	return caller;
}

static gpointer
set_up_refuse(gconstpointer data)
{
	Caller *caller = g_new0(Caller, 1);

	caller->response = cs_test_client_respond(stranger, bound);
	return caller;
}

/* Of a refusal the status alone is looked at: perhaps not even a problem could be printed. */
static cJSON *
call(const char *path, const cJSON *body, guint success, GError **error)
{
	g_autofree char *text = cs_json_print(body);
	g_autofree char *url = g_strconcat(cs_test_service_get_address(service), path, NULL);
	g_autoptr(CsHttpClient) http = cs_http_client_new(NULL, 30000);
	g_autoptr(CsHttpResponse) response =
		cs_http_client_request(http, "POST", url, text, 1024 * 1024, NULL, error);

	cs_alloc_faults_pause();
	g_assert_nonnull(response);
	if (response->status == success)
		return cs_json_parse_bytes(response->body, error);
	cs_error_set(error, CS_ERROR_REFUSED, NULL, "%u", response->status);
	return NULL;
}

static gboolean
respond(gpointer data, gconstpointer unused, GError **error)
{
	Caller *caller = data;
	g_autoptr(cJSON) answer = call(caller->response->path, caller->response->body, 200, error);
	g_autoptr(CsVerdict) verdict = NULL;

	if (answer == NULL)
		return FALSE;
	verdict = cs_verdict_verify(
		cs_json_get_string(answer, "verdict", NULL),
		cs_authority_get_server_jwk(cs_test_service_get_authority(service)), error);
	g_assert_nonnull(verdict);
	return set_error_unless(verdict->managed, verdict->device_reason, error);
}

static gpointer
set_up_enrol(gconstpointer data)
{
	Caller *caller = g_new0(Caller, 1);
	g_autofree char *hardware = g_strdup_printf("hardware %u", next_login++);

	caller->client = cs_test_client_new(service, hardware);
	caller->code = cs_test_service_make_code(service, "alice");
	caller->enrolment = cs_test_client_make_good_enrolment(caller->client, caller->code);
	return caller;
}

/* And the same code takes it up again. */
static gboolean
enrol(gpointer data, gconstpointer unused, GError **error)
{
	Caller *caller = data;
	g_autoptr(cJSON) answer = call("/v1/accounts", caller->enrolment, 201, error);

	cs_test_client_enrol(caller->client, caller->code);
	return answer != NULL;
}

static gpointer
set_up_wrong_code(gconstpointer data)
{
	Caller *caller = set_up_enrol(data);

	g_free(caller->code);
	caller->code = g_strdup("AAAAAAAAAAAA");
	cJSON_Delete(caller->enrolment);
	caller->enrolment = cs_test_client_make_good_enrolment(caller->client, caller->code);
	return caller;
}

static gboolean
enrol_wrongly(gpointer data, gconstpointer unused, GError **error)
{
	Caller *caller = data;
	g_autoptr(cJSON) answer = call("/v1/accounts", caller->enrolment, 201, error);

	return answer != NULL;
}

#define ALL (OPENSSL | CJSON | SQLITE)

/* Of these, the issued certificate's alone are more than 5000 in OpenSSL. */
#define TRIES 1000

static const CsFaultyAct acts[] = {
	/* First: the others make it longer. */
	{.name = "log", .owners = CJSON | SQLITE, .good = TRUE, .act = read_log},
	{.name = "add-user", .owners = ALL, .good = TRUE, .act = add_user},
	{.name = "code", .owners = ALL, .good = TRUE, .act = make_code},
	{.name = "issue", .owners = ALL, .good = TRUE, .tries = TRIES, .act = issue},
	{.name = "device-list", .owners = CJSON | SQLITE, .good = TRUE, .act = list_devices},
	{.name = "issuers", .owners = SQLITE, .good = TRUE, .act = list_issuers},
};

static const CsFaultyAct service_acts[] = {
	{.name = "bind", .good = TRUE, .set_up = set_up_bind, .act = respond},
	{.name = "refuse", .set_up = set_up_refuse, .act = respond},
	{.name = "enrol", .good = TRUE, .set_up = set_up_enrol, .act = enrol},
	{.name = "wrong-code", .set_up = set_up_wrong_code, .act = enrol_wrongly},
};

static void
add_verifier_case(const CsTestCase *c)
{
	g_autofree char *name = g_strconcat("verifier/", c->name, NULL);
	const CsFaultyAct act = {
		.name = name,
		.owners = OPENSSL | CJSON,
		.good = c == &good_case,
		.set_up = set_up_world,
		.act = decide,
		.tear_down = tear_down_world,
		.data = c,
	};

	cs_faulty_act_add(&act);
}

static void
add_service_act(const CsFaultyAct *service_act)
{
	g_autofree char *name = g_strconcat("service/", service_act->name, NULL);
	CsFaultyAct act = *service_act;

	act.name = name;
	act.owners = ALL;
	act.elsewhere = TRUE;
	act.tear_down = tear_down_caller;
	cs_faulty_act_add(&act);
}

static void
add_acts(const CsTestRegistry *registry)
{
	const CsFaultyAct link = {.name = "find-link",
				  .owners = SQLITE,
				  .good = TRUE,
				  .act = find_link,
				  .data = registry};
	const CsFaultyAct rows = {.name = "find-rows",
				  .owners = SQLITE,
				  .good = TRUE,
				  .act = find_rows,
				  .data = registry};

	add_verifier_case(&good_case);
	for (gsize i = 0; i < G_N_ELEMENTS(bad_cases); i++)
		add_verifier_case(&bad_cases[i]);
	cs_faulty_act_add(&link);
	cs_faulty_act_add(&rows);
	for (gsize i = 0; i < G_N_ELEMENTS(acts); i++)
		cs_faulty_act_add(&acts[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(service_acts); i++)
		add_service_act(&service_acts[i]);
}

static void
fill_registry(CsRegistry *r)
{
	cs_test_put_user(r, "u1", "alice");
	cs_test_put_device(r, "d1");
	cs_test_put_key(r, "dk1", "d1", CS_APPROVAL_FOUNDER);
	cs_test_put_account(r, "a1", "u1", "d1", "dk1");
	cs_test_put_link(r, "k1", "d1", CS_LINK_SUSPENDED, "dk1");
}

static void
set_up_service(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) added = NULL;

	service = cs_test_service_new();
	added = cs_admin_add_built_in_issuer(cs_test_service_get_authority(service), &error);
	g_assert_no_error(error);
	enrolled = cs_test_client_new(service, "one");
	cs_test_client_add_account(enrolled, "alice");
	stranger = cs_test_client_new(service, "two");
	cs_test_client_add_account(stranger, "bob");
	bound = cs_test_credential_new_built_in(service, NULL);
	cs_test_client_expect(enrolled, bound, CS_REASON_NONE, CS_REASON_MANAGED);
}

int
main(int argc, char *argv[])
{
	g_autoptr(CsTestRegistry) registry = NULL;
	g_autoptr(cJSON) user = NULL;
	g_autoptr(cJSON) issuer = NULL;
	int status;

	cs_alloc_faults_install();
	g_test_init(&argc, &argv, NULL);
	registry = cs_test_registry_new();
	fill_registry(registry->registry);
	authority = cs_test_authority_new();
	user = cs_admin_add_user(authority->authority, "alice", NULL);
	issuer = cs_admin_add_built_in_issuer(authority->authority, NULL);
	csr = cs_test_csr_new("CN=device", NULL);
	set_up_service();
	add_acts(registry);
	status = g_test_run();
	g_bytes_unref(csr);
	cs_test_credential_free(bound);
	cs_test_client_free(enrolled);
	cs_test_client_free(stranger);
	cs_test_service_free(service);
	cs_test_authority_free(authority);
	return status;
}
