/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/client-fixture.h"

#include "core/base/encoding.h"

#include <string.h>

#define HASH_OF_OTHER	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define MAX_WRONG_TRIES 5

static void
set_text(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

/* Another code with the same first group, or with none the same. */
static char *
make_wrong_code(const char *code, gboolean near)
{
	char *wrong = g_strdup(code);

	for (gsize i = near ? 4 : 0; wrong[i] != '\0'; i++)
		wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
	return wrong;
}

static void
expect_enrolment_problem(CsTestClient *client, const char *code, guint status, const char *problem)
{
	cs_test_service_expect_problem(client->service, "POST", "/v1/accounts",
				       cs_test_client_make_good_enrolment(client, code), status,
				       problem);
}

static void
expect_line(CsTestService *service, const char *outcome, const char *reason)
{
	g_autoptr(cJSON) line = cs_test_service_dup_last_line(service);

	g_assert_cmpstr(cs_json_get_string(line, "event", NULL), ==, "enrolment");
	g_assert_cmpstr(cs_json_get_string(line, "outcome", NULL), ==, outcome);
	if (reason != NULL)
		g_assert_cmpstr(cs_json_get_string(line, "reason", NULL), ==, reason);
}

static guint
count_devices(CsTestService *service)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) devices = cs_registry_list_devices(
		cs_authority_get_registry(cs_test_service_get_authority(service)), &error);

	g_assert_no_error(error);
	return devices->len;
}

static void
test_code_is_used_once(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");
	g_autoptr(CsTestClient) other = cs_test_client_new(service, "other machine");
	g_autofree char *code = cs_test_service_make_code(service, "alice");
	g_autoptr(cJSON) line = NULL;

	cs_test_client_enrol(client, code);
	line = cs_test_service_dup_last_line(service);
	g_assert_cmpstr(cs_json_get_string(line, "event", NULL), ==, "enrolment");
	g_assert_cmpstr(cs_json_get_string(line, "outcome", NULL), ==, "ok");
	g_assert_cmpstr(cs_json_get_string(line, "actor", NULL), ==, "user:alice");
	g_assert_cmpstr(cs_json_get_string(line, "device", NULL), ==, client->device);
	g_assert_cmpstr(cs_json_get_string(line, "account", NULL), ==, client->account);
	expect_enrolment_problem(other, code, 403, "code-invalid");
	expect_line(service, "refused", "code-invalid");
	g_assert_cmpuint(count_devices(service), ==, 1);
}

/* A client that was killed before it read the answer asks with the same keys again. */
static void
test_same_answer_again(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");
	g_autofree char *code = cs_test_service_make_code(service, "alice");
	g_autofree char *other_code = NULL;
	g_autofree char *account = NULL;
	g_autofree char *device = NULL;
	CsPrivateKey *device_key = NULL;

	cs_test_client_enrol(client, code);
	account = g_strdup(client->account);
	device = g_strdup(client->device);
	cs_test_service_advance(service, 3600);
	cs_test_client_enrol(client, code);
	g_assert_cmpstr(client->account, ==, account);
	g_assert_cmpstr(client->device, ==, device);
	/* Not with another code, be it good or not, nor with another device key. */
	other_code = cs_test_service_make_code(service, "alice");
	expect_enrolment_problem(client, other_code, 400, "token-malformed");
	expect_enrolment_problem(client, "000000000000", 400, "token-malformed");
	device_key = client->device_key;
	client->device_key = cs_private_key_generate_p256(NULL);
	expect_enrolment_problem(client, code, 400, "token-malformed");
	cs_private_key_unref(client->device_key);
	client->device_key = device_key;
	/* Nor once the account has ended. */
	cs_test_service_move_device(service, device, CS_MOVE_DEACTIVATE);
	expect_enrolment_problem(client, code, 400, "token-malformed");
}

typedef struct {
	CsTestService *service;
	cJSON *body;
	guint status;
} Race;

static gpointer
race_thread_cb(gpointer data)
{
	Race *race = data;
	g_autoptr(cJSON) answer = cs_test_service_try(race->service, "POST", "/v1/accounts",
						      g_steal_pointer(&race->body), &race->status);

	g_assert_nonnull(answer);
	return NULL;
}

/* Two clients send one code at once: one of them has it. */
static void
test_race_for_code(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autofree char *code = cs_test_service_make_code(service, "alice");
	GThread *threads[2] = {NULL};
	Race races[2] = {{NULL}};

	for (guint i = 0; i < 2; i++) {
		g_autoptr(CsTestClient) client =
			cs_test_client_new(service, i == 0 ? "machine" : "other machine");

		races[i].service = service;
		races[i].body = cs_test_client_make_good_enrolment(client, code);
	}
	for (guint i = 0; i < 2; i++)
		threads[i] = g_thread_new("race", race_thread_cb, &races[i]);
	for (guint i = 0; i < 2; i++)
		g_thread_join(threads[i]);
	g_assert_cmpuint(MIN(races[0].status, races[1].status), ==, 201);
	g_assert_cmpuint(MAX(races[0].status, races[1].status), ==, 403);
	g_assert_cmpuint(count_devices(service), ==, 1);
}

/* Five wrong tries that come near a code void it; far ones do not, nor those near another. */
static void
test_wrong_tries(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");
	g_autofree char *alice = cs_test_service_make_code(service, "alice");
	g_autofree char *bob = cs_test_service_make_code(service, "bob");
	g_autofree char *near = make_wrong_code(alice, TRUE);
	g_autofree char *far = make_wrong_code(alice, FALSE);
	g_autofree char *renewed = NULL;

	for (guint i = 0; i < MAX_WRONG_TRIES - 1; i++)
		expect_enrolment_problem(client, near, 403, "code-invalid");
	for (guint i = 0; i < MAX_WRONG_TRIES; i++)
		expect_enrolment_problem(client, far, 403, "code-invalid");
	cs_test_client_enrol(client, alice);

	renewed = cs_test_service_make_code(service, "alice");
	g_clear_pointer(&near, g_free);
	near = make_wrong_code(renewed, TRUE);
	cs_test_client_renew_account_key(client);
	for (guint i = 0; i < MAX_WRONG_TRIES; i++)
		expect_enrolment_problem(client, near, 403, "code-invalid");
	expect_enrolment_problem(client, renewed, 403, "code-invalid");
	cs_test_client_enrol(client, bob);
}

static void
test_code_expires(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");
	g_autofree char *code = cs_test_service_make_code(service, "alice");
	g_autofree char *replaced = NULL;

	cs_test_service_advance(service, 600);
	expect_enrolment_problem(client, code, 403, "code-invalid");
	expect_enrolment_problem(client, "not a code", 403, "code-invalid");
	replaced = cs_test_service_make_code(service, "alice");
	g_clear_pointer(&code, g_free);
	code = cs_test_service_make_code(service, "alice");
	expect_enrolment_problem(client, replaced, 403, "code-invalid");
	cs_test_client_enrol(client, code);
}

static void
test_user_suspended(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	CsAuthority *authority = cs_test_service_get_authority(service);
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");
	g_autofree char *code = cs_test_service_make_code(service, "alice");
	g_autoptr(cJSON) suspended = cs_admin_suspend_user(authority, "alice", NULL);
	g_autoptr(cJSON) resumed = NULL;

	g_assert_nonnull(suspended);
	expect_enrolment_problem(client, code, 403, "user-suspended");
	expect_line(service, "refused", "user-suspended");
	/* The code was not used up. */
	resumed = cs_admin_resume_user(authority, "alice", NULL);
	g_assert_nonnull(resumed);
	cs_test_client_enrol(client, code);
}

/* rule 24 */
static void
test_device_not_active(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");
	g_autoptr(CsTestClient) second = cs_test_client_new(service, "machine");
	g_autofree char *device = NULL;
	g_autofree char *code = NULL;

	cs_test_client_add_account(client, "alice");
	device = g_strdup(client->device);
	cs_test_service_move_device(service, device, CS_MOVE_SUSPEND);
	code = cs_test_service_make_code(service, "bob");
	cs_test_client_renew_account_key(client);
	expect_enrolment_problem(client, code, 403, "device-not-active");
	expect_line(service, "refused", "device-not-active");
	/* A new device key that claims the same hardware is refused too. */
	expect_enrolment_problem(second, code, 403, "device-not-active");
	cs_test_service_move_device(service, device, CS_MOVE_DEACTIVATE);
	expect_enrolment_problem(client, code, 403, "device-not-active");
	expect_enrolment_problem(second, code, 403, "device-not-active");
	cs_test_service_move_device(service, device, CS_MOVE_REACTIVATE);
	cs_test_client_enrol(second, code);
	g_assert_cmpstr(second->device, ==, device);
}

/* rule 24: the hardware of a deleted record enrols as a new one, be the key new or not */
static void
test_deleted_device(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");
	g_autoptr(CsTestClient) second = cs_test_client_new(service, "machine");
	g_autofree char *old = NULL;

	cs_test_client_add_account(client, "alice");
	old = g_strdup(client->device);
	cs_test_service_move_device(service, old, CS_MOVE_DEACTIVATE);
	cs_test_service_move_device(service, old, CS_MOVE_DELETE);
	cs_test_client_add_account(client, "alice");
	g_assert_cmpstr(client->device, !=, old);
	cs_test_client_add_account(second, "bob");
	g_assert_cmpstr(second->device, ==, client->device);
	g_assert_cmpuint(count_devices(service), ==, 2);
}

static CsApproval
get_approval(CsTestClient *client)
{
	CsRegistry *registry =
		cs_authority_get_registry(cs_test_service_get_authority(client->service));
	g_autofree char *thumbprint = cs_test_dup_thumbprint(client->device_key);
	g_autoptr(CsDeviceKeyRow) key = NULL;

	g_assert_true(cs_registry_find_device_key(registry, thumbprint, &key, NULL));
	g_assert_nonnull(key);
	g_assert_cmpstr(key->device_id, ==, client->device);
	return key->approval;
}

/* rule 26: one record a machine, several keys under it; the key proves, the hardware is claimed */
static void
test_records_and_keys(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) founder = cs_test_client_new(service, "machine");
	g_autoptr(CsTestClient) second = cs_test_client_new(service, "machine");
	g_autofree char *device = NULL;

	cs_test_client_add_account(founder, "alice");
	cs_test_client_add_account(second, "bob");
	g_assert_cmpstr(founder->device, ==, second->device);
	g_assert_cmpint(get_approval(founder), ==, CS_APPROVAL_FOUNDER);
	g_assert_cmpint(get_approval(second), ==, CS_APPROVAL_NONE);
	device = g_strdup(founder->device);
	set_text(&founder->hardware_id, HASH_OF_OTHER);
	cs_test_client_add_account(founder, "bob");
	g_assert_cmpstr(founder->device, ==, device);
	g_assert_cmpuint(count_devices(service), ==, 1);
}

typedef struct {
	const char *name;
	void (*change)(CsEnrollToken *enroll, CsDeviceToken *device);
	guint status;
	const char *code;
} TieCase;

static void
tie_nothing(CsEnrollToken *enroll, CsDeviceToken *device)
{
}

static void
tie_device_key(CsEnrollToken *enroll, CsDeviceToken *device)
{
	set_text(&enroll->dk_jkt, HASH_OF_OTHER);
}

static void
tie_account_key(CsEnrollToken *enroll, CsDeviceToken *device)
{
	set_text(&device->ak_jkt, HASH_OF_OTHER);
}

static void
tie_nonce(CsEnrollToken *enroll, CsDeviceToken *device)
{
	set_text(&device->nonce, HASH_OF_OTHER);
}

static void
tie_code(CsEnrollToken *enroll, CsDeviceToken *device)
{
	set_text(&enroll->code_hash, HASH_OF_OTHER);
}

static void
tie_one_audience(CsEnrollToken *enroll, CsDeviceToken *device)
{
	set_text(&device->aud, "https://other.example");
}

static void
tie_both_audiences(CsEnrollToken *enroll, CsDeviceToken *device)
{
	set_text(&enroll->aud, "https://other.example");
	set_text(&device->aud, "https://other.example");
}

static void
tie_times(CsEnrollToken *enroll, CsDeviceToken *device)
{
	device->iat -= CS_TOKEN_LEEWAY_S + 1;
}

static void
tie_future(CsEnrollToken *enroll, CsDeviceToken *device)
{
	enroll->iat += CS_TOKEN_LEEWAY_S + 1;
	device->iat = enroll->iat;
}

static void
tie_past(CsEnrollToken *enroll, CsDeviceToken *device)
{
	enroll->iat -= CS_CHALLENGE_MAX_LIFETIME_S + CS_TOKEN_LEEWAY_S + 1;
	device->iat = enroll->iat;
}

static void
tie_unknown_nonce(CsEnrollToken *enroll, CsDeviceToken *device)
{
	set_text(&enroll->nonce, HASH_OF_OTHER);
	set_text(&device->nonce, HASH_OF_OTHER);
}

static const TieCase tie_cases[] = {
	{"device-key", tie_device_key, 400, "token-malformed"},
	{"account-key", tie_account_key, 400, "token-malformed"},
	{"nonce", tie_nonce, 400, "token-malformed"},
	{"code", tie_code, 400, "token-malformed"},
	{"one-audience", tie_one_audience, 400, "token-malformed"},
	{"both-audiences", tie_both_audiences, 400, "token-malformed"},
	{"times", tie_times, 400, "token-malformed"},
	{"future", tie_future, 400, "token-malformed"},
	{"past", tie_past, 400, "token-malformed"},
	{"unknown-nonce", tie_unknown_nonce, 403, "nonce-invalid"},
	{"nothing", tie_nothing, 201, NULL},
};

static cJSON *
make_tied(CsTestClient *client, const char *code, const TieCase *c)
{
	g_autofree char *nonce = cs_test_client_dup_nonce(client);
	g_autoptr(CsEnrollToken) enroll = cs_test_client_fill_enroll(client, nonce, code);
	g_autoptr(CsDeviceToken) device = cs_test_client_fill_device(client, nonce);

	c->change(enroll, device);
	return cs_test_client_make_enrolment(client, code, enroll, device);
}

/* No broken tie uses up the code, which serves the last row. */
static void
test_ties(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");
	g_autofree char *code = cs_test_service_make_code(service, "alice");

	for (gsize i = 0; i < G_N_ELEMENTS(tie_cases); i++) {
		const TieCase *c = &tie_cases[i];
		guint status = 0;
		g_autoptr(cJSON) answer = cs_test_service_try(service, "POST", "/v1/accounts",
							      make_tied(client, code, c), &status);

		g_test_message("%s", c->name);
		g_assert_cmpuint(status, ==, c->status);
		if (c->code != NULL)
			g_assert_cmpstr(cs_json_get_string(answer, "code", NULL), ==, c->code);
	}
}

static void
test_nonce_is_used_once(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");
	g_autofree char *code = cs_test_service_make_code(service, "alice");
	g_autoptr(cJSON) body = cs_test_client_make_good_enrolment(client, code);
	g_autoptr(cJSON) late = NULL;

	cJSON_Delete(cs_test_service_call(service, "POST", "/v1/accounts",
					  cJSON_Duplicate(body, TRUE), 201));
	cs_test_service_expect_problem(service, "POST", "/v1/accounts", cJSON_Duplicate(body, TRUE),
				       403, "nonce-invalid");
	late = cs_test_client_make_good_enrolment(client, code);
	cs_test_service_advance(service, CS_CHALLENGE_MAX_LIFETIME_S);
	cs_test_service_expect_problem(service, "POST", "/v1/accounts", g_steal_pointer(&late), 403,
				       "nonce-invalid");
	/* A restart forgets nonces. */
	late = cs_test_client_make_good_enrolment(client, code);
	cs_test_service_stop(service);
	cs_test_service_start(service);
	cs_test_service_expect_problem(service, "POST", "/v1/accounts", g_steal_pointer(&late), 403,
				       "nonce-invalid");
}

static void
test_malformed(void)
{
	static const char *const members[] = {"code", "enroll", "device"};
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");
	g_autofree char *code = cs_test_service_make_code(service, "alice");

	for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
		cJSON *body = cs_test_client_make_good_enrolment(client, code);

		cJSON_DeleteItemFromObjectCaseSensitive(body, members[i]);
		cs_test_service_expect_problem(service, "POST", "/v1/accounts", body, 400,
					       "request-malformed");
	}
	for (gsize i = 1; i < G_N_ELEMENTS(members); i++) {
		cJSON *body = cs_test_client_make_good_enrolment(client, code);

		cJSON_ReplaceItemInObjectCaseSensitive(body, members[i],
						       cJSON_CreateString("no.token."));
		cs_test_service_expect_problem(service, "POST", "/v1/accounts", body, 400,
					       "token-malformed");
	}
	cs_test_client_enrol(client, code);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/service-enrolment/code-is-used-once", test_code_is_used_once);
	g_test_add_func("/service-enrolment/same-answer-again", test_same_answer_again);
	g_test_add_func("/service-enrolment/race-for-code", test_race_for_code);
	g_test_add_func("/service-enrolment/wrong-tries", test_wrong_tries);
	g_test_add_func("/service-enrolment/code-expires", test_code_expires);
	g_test_add_func("/service-enrolment/user-suspended", test_user_suspended);
	g_test_add_func("/service-enrolment/device-not-active", test_device_not_active);
	g_test_add_func("/service-enrolment/deleted-device", test_deleted_device);
	g_test_add_func("/service-enrolment/records-and-keys", test_records_and_keys);
	g_test_add_func("/service-enrolment/ties", test_ties);
	g_test_add_func("/service-enrolment/nonce-is-used-once", test_nonce_is_used_once);
	g_test_add_func("/service-enrolment/malformed", test_malformed);
	return g_test_run();
}
