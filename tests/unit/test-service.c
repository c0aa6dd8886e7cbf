/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service.h"

#include "core/base/error.h"
#include "tests/fixtures/client-fixture.h"

#include <string.h>

#define MAX_UNPROVEN_LINES 60

static void
test_introduction(void)
{
	static const char *const members[] = {"issuer",	 "name",      "keys", "rotations",
					      "origins", "endpoints", NULL};
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(cJSON) answer =
		cs_test_service_call(service, "GET", "/.well-known/countersign", NULL, 200);
	const cJSON *endpoints = cs_json_get_object(answer, "endpoints", NULL);
	const cJSON *keys = cs_json_get_array(answer, "keys", NULL);
	g_autoptr(CsJwk) key = cs_jwk_new_from_json(cJSON_GetArrayItem(keys, 0), NULL);

	g_assert_true(cs_json_check_members(answer, members, NULL));
	g_assert_cmpstr(cs_json_get_string(answer, "issuer", NULL), ==, CS_TEST_SERVICE_URL);
	g_assert_cmpstr(cs_json_get_string(answer, "name", NULL), ==, "Example Corp");
	g_assert_cmpint(cJSON_GetArraySize(keys), ==, 1);
	g_assert_cmpstr(cs_jwk_get_thumbprint(key), ==,
			cs_jwk_get_thumbprint(cs_authority_get_server_jwk(
				cs_test_service_get_authority(service))));
	g_assert_cmpstr(cs_json_get_string(endpoints, "device", NULL), ==,
			CS_TEST_SERVICE_URL "/v1/device");
}

static void
test_paths(void)
{
	static const struct {
		const char *method;
		const char *path;
		guint status;
		const char *code;
	} rows[] = {
		{"GET", "/", 404, "not-found"},
		{"GET", "/v1/nonce", 405, "method-not-allowed"},
		{"POST", "/.well-known/countersign", 405, "method-not-allowed"},
		{"DELETE", "/v1/accounts", 405, "method-not-allowed"},
		{"POST", "/v1/accounts/abc", 405, "method-not-allowed"},
		{"GET", "/v1/transactions/abc/response", 405, "method-not-allowed"},
		{"POST", "/v1/nonce/", 404, "not-found"},
		{"POST", "/v1/nonce2", 404, "not-found"},
		{"POST", "/V1/nonce", 404, "not-found"},
		{"DELETE", "/v1/accounts/", 404, "not-found"},
		{"DELETE", "/v1/accounts/a%20b", 404, "not-found"},
		{"DELETE", "/v1/accounts/a/b", 404, "not-found"},
		{"POST", "/v1/transactions//response", 404, "not-found"},
		{"POST", "/v1/transactions/response", 404, "not-found"},
		{"POST", "/v1/transactions/abc/other", 404, "not-found"},
		{"POST", "/scep", 404, "not-found"},
	};
	g_autoptr(CsTestService) service = cs_test_service_new();

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		gboolean has_body = strcmp(rows[i].method, "GET") != 0;

		cs_test_service_expect_problem(service, rows[i].method, rows[i].path,
					       has_body ? cJSON_CreateObject() : NULL,
					       rows[i].status, rows[i].code);
	}
}

static void
test_bodies(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autofree char *filling = g_strnfill(256 * 1024, 'x');
	cJSON *body = cJSON_CreateObject();

	cs_test_service_expect_problem(service, "POST", "/v1/nonce", cJSON_CreateArray(), 400,
				       "request-malformed");
	cs_test_service_expect_problem(service, "POST", "/v1/nonce", cJSON_CreateString("x"), 400,
				       "request-malformed");
	cs_test_service_expect_problem(service, "POST", "/v1/nonce", cJSON_CreateRaw("{"), 400,
				       "request-malformed");
	cs_test_service_expect_problem(service, "POST", "/v1/nonce",
				       cJSON_CreateRaw("{\"a\": 1, \"a\": 1}"), 400,
				       "request-malformed");
	/* The client library sends a body with its type, or neither. */
	cs_test_service_expect_problem(service, "POST", "/v1/nonce", NULL, 415,
				       "request-malformed");
	cs_json_add_string(body, "filling", filling);
	cs_test_service_expect_problem(service, "POST", "/v1/nonce", body, 413, "too-large");
}

/* A second one on the same folder is refused, until the first has ended. */
static void
test_lock(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(GError) error = NULL;
	CsAuthority *authority = cs_test_service_get_authority(service);
	g_autoptr(CsService) second =
		cs_service_new(authority, NULL, "127.0.0.1", 0, NULL, NULL, &error);

	g_assert_null(second);
	g_assert_error(error, CS_ERROR, CS_ERROR_REFUSED);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "already-serving");
	g_clear_error(&error);
	cs_test_service_stop(service);
	second = cs_service_new(authority, NULL, "127.0.0.1", 0, NULL, NULL, &error);
	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(cs_service_get_address(second), "http://127.0.0.1:"));
	g_clear_pointer(&second, cs_service_free);
	/* What failed to listen has let go of the lock. */
	second = cs_service_new(authority, NULL, "192.0.2.1", 0, NULL, NULL, &error);
	g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
	g_clear_error(&error);
	second = cs_service_new(authority, NULL, "::1", 0, NULL, NULL, &error);
	if (second != NULL)
		g_assert_true(g_str_has_prefix(cs_service_get_address(second), "http://[::1]:"));
	else
		g_test_message("no IPv6 here: %s", error->message);
}

static void
count_line_cb(const cJSON *line, gpointer data)
{
	guint *count = data;

	*count += g_strcmp0(cs_json_get_string(line, "event", NULL), "enrolment") == 0;
}

static guint
count_lines(CsTestService *service)
{
	guint count = 0;

	cs_registry_read_log(cs_authority_get_registry(cs_test_service_get_authority(service)),
			     count_line_cb, &count, NULL);
	return count;
}

/* Whoever proves nothing cannot fill the log; whoever proves something is always in it. */
static void
test_log_is_bounded(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");

	for (guint i = 0; i < MAX_UNPROVEN_LINES + 5; i++)
		cs_test_service_expect_problem(
			service, "POST", "/v1/accounts",
			cs_test_client_make_good_enrolment(client, "000000000000"), 403,
			"code-invalid");
	g_assert_cmpuint(count_lines(service), ==, MAX_UNPROVEN_LINES);
	cs_test_client_add_account(client, "alice");
	g_assert_cmpuint(count_lines(service), ==, MAX_UNPROVEN_LINES + 1);
	cs_test_service_advance(service, 60);
	cs_test_client_renew_account_key(client);
	cs_test_service_expect_problem(service, "POST", "/v1/accounts",
				       cs_test_client_make_good_enrolment(client, "000000000000"),
				       403, "code-invalid");
	g_assert_cmpuint(count_lines(service), ==, MAX_UNPROVEN_LINES + 2);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/service/introduction", test_introduction);
	g_test_add_func("/service/paths", test_paths);
	g_test_add_func("/service/bodies", test_bodies);
	g_test_add_func("/service/lock", test_lock);
	g_test_add_func("/service/log-is-bounded", test_log_is_bounded);
	return g_test_run();
}
