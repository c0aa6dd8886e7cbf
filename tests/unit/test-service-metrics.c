/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/client-fixture.h"
#include "tests/fixtures/http-fixture.h"

#include <string.h>

#define TOKEN "0123456789abcdefghij"

/* header (nullable): without its end. */
static char *
get(CsTestService *service, const char *header)
{
	g_autoptr(GUri) uri =
		g_uri_parse(cs_test_service_get_address(service), G_URI_FLAGS_NONE, NULL);
	g_autofree char *request =
		g_strdup_printf("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s\r\n",
				header != NULL ? header : "", header != NULL ? "\r\n" : "");

	return cs_test_exchange((guint16)g_uri_get_port(uri), request, -1);
}

static void
expect(CsTestService *service, const char *line)
{
	g_autofree char *answer = get(service, NULL);
	g_autofree char *whole = g_strconcat("\n", line, "\n", NULL);

	g_test_message("%s in %s", line, answer);
	g_assert_true(g_str_has_prefix(answer, "HTTP/1.1 200 "));
	g_assert_nonnull(strstr(answer, whole));
}

static void
test_what_it_says(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");
	g_autofree char *began = g_strdup_printf("process_start_time_seconds %" G_GINT64_FORMAT,
						 cs_test_service_get_now(service));
	g_autoptr(cJSON) nonce = NULL;

	cs_test_client_add_account(client, "alice");
	nonce = cs_test_service_call(service, "POST", "/v1/nonce", cJSON_CreateObject(), 200);
	expect(service, "countersign_http_requests_total{route=\"/v1/accounts\",status=\"201\"} 1");
	expect(service, "countersign_commits_total{outcome=\"ok\"} 1");
	expect(service, "countersign_nonces_open 1");
	expect(service, "countersign_challenges_open 0");
	expect(service, "countersign_http_requests_under_way 1");
	expect(service, "countersign_http_requests_postponed 0");
	expect(service, "countersign_healthy 1");
	cs_test_service_advance(service, 120);
	expect(service, "countersign_nonces_open 0");
	expect(service, "countersign_build_info{version=\"" CS_VERSION "\"} 1");
	expect(service, began);
}

/* What could not be kept was decided for nobody. */
static void
test_lost_commit(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");

	cs_test_service_fail_commits(service, TRUE);
	cs_test_service_expect_problem(service, "POST", "/v1/accounts",
				       cs_test_client_make_good_enrolment(client, "000000000000"),
				       503, "internal");
	expect(service, "countersign_commits_total{outcome=\"failed\"} 1");
	expect(service, "countersign_commits_total{outcome=\"ok\"} 0");
	expect(service, "countersign_healthy 0");
}

static void
test_who_may_see_it(void)
{
	static const struct {
		const char *token;
		const char *header;
		gboolean seen;
	} rows[] = {
		{NULL, NULL, TRUE},
		{NULL, "Authorization: Bearer " TOKEN, TRUE},
		{NULL, "Via: 1.1 proxy", FALSE},
		{NULL, "x-forwarded-for: 127.0.0.1", FALSE},
		{TOKEN, NULL, FALSE},
		{TOKEN, "Authorization: " TOKEN, FALSE},
		{TOKEN, "Authorization: Bearer", FALSE},
		{TOKEN, "Authorization: Bearer 0123456789abcdefghi", FALSE},
		{TOKEN, "Authorization: Bearer 0123456789abcdefghik", FALSE},
		{TOKEN, "Authorization: Bearer " TOKEN "k", FALSE},
		{TOKEN, "Authorization: bearer " TOKEN, TRUE},
		{TOKEN, "Via: 1.1 proxy\r\nAuthorization: Bearer " TOKEN, TRUE},
	};
	g_autoptr(CsTestService) service = cs_test_service_new();

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *answer = NULL;

		cs_test_service_stop(service);
		cs_test_service_set_metrics_token(service, rows[i].token);
		cs_test_service_start(service);
		answer = get(service, rows[i].header);
		g_test_message("%" G_GSIZE_FORMAT, i);
		g_assert_true(
			g_str_has_prefix(answer, rows[i].seen ? "HTTP/1.1 200 " : "HTTP/1.1 404 "));
	}
}

/* What comes from elsewhere comes from this machine, too, where a proxy on it says nothing of itself. */
static void
test_behind_a_silent_proxy(void)
{
	static const struct {
		const char *url;
		gboolean seen;
	} rows[] = {
		{"https://id.example.org", FALSE},    {"https://192.0.2.1:8443", FALSE},
		{"https://127.0.0.1.example", FALSE}, {"https://127.0.0.1:8443", TRUE},
		{"http://[::1]:8080", TRUE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(CsTestService) service = cs_test_service_new_at(rows[i].url);
		g_autofree char *bare = get(service, NULL);
		g_autofree char *with_token = NULL;

		g_test_message("%s", rows[i].url);
		g_assert_true(
			g_str_has_prefix(bare, rows[i].seen ? "HTTP/1.1 200 " : "HTTP/1.1 404 "));
		cs_test_service_stop(service);
		cs_test_service_set_metrics_token(service, TOKEN);
		cs_test_service_start(service);
		with_token = get(service, "Authorization: Bearer " TOKEN);
		g_assert_true(g_str_has_prefix(with_token, "HTTP/1.1 200 "));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/service-metrics/what-it-says", test_what_it_says);
	g_test_add_func("/service-metrics/lost-commit", test_lost_commit);
	g_test_add_func("/service-metrics/who-may-see-it", test_who_may_see_it);
	g_test_add_func("/service-metrics/behind-a-silent-proxy", test_behind_a_silent_proxy);
	return g_test_run();
}
