/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/server-call.h"

#include "core/base/error.h"
#include "tests/fixtures/account-fixture.h"

#include <string.h>

#define JSON	 "application/json"
#define PROBLEM	 "application/problem+json"
#define MEBIBYTE (1024 * 1024)

typedef struct {
	CsTestServer *server;
	CsTestFaults *faults;
	CsTestHome *home;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->server = cs_test_server_new();
	f->faults = cs_test_server_get_faults(f->server);
	f->home = cs_test_home_new();
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_home_free(f->home);
	cs_test_server_free(f->server);
}

static cJSON *
run(Fixture *f, GError **error)
{
	static const char *const members[] = {"a", NULL};
	const CsServerCall call = {"POST", "/v1/nonce", "{}", 200, members};

	return cs_server_call_run(&call, &f->home->client, cs_test_server_get_url(f->server), NULL,
				  error);
}

static void
expect(Fixture *f,
       guint status,
       const char *type,
       const char *body,
       CsErrorCode code,
       const char *reason)
{
	g_autoptr(GError) error = NULL;

	f->faults->status = status;
	f->faults->content_type = type;
	f->faults->body = body;
	g_assert_null(run(f, &error));
	g_assert_error(error, CS_ERROR, (gint)code);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

static void
test_answer(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) answer = NULL;

	f->faults->status = 200;
	f->faults->content_type = "application/json; charset=utf-8";
	f->faults->body = "{\"a\":\"b\"}";
	answer = run(f, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(cs_server_call_get_string(answer, "a", "https://x.example", &error), ==,
			"b");
	g_assert_null(cs_server_call_get_string(answer, "c", "https://x.example", &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNREACHABLE);
}

static void
test_problems(Fixture *f, gconstpointer data)
{
	static const struct {
		const char *body;
		const char *reason;
	} cases[] = {
		{"{\"code\":\"code-invalid\"}", "code-invalid"},
		{"{\"code\":\"device-not-active\",\"title\":\"x\"}", "device-not-active"},
		{"{\"code\":\"challenge-unknown\"}", "challenge-unknown"},
		{"{\"code\":\"nonce-invalid\"}", "nonce-invalid"},
		{"{\"code\":\"device-unknown\"}", "device-unknown"},
		{"{\"code\":\"not-found\"}", "not-found"},
		{"{\"code\":\"invented\"}", "server-refused"},
		{"{\"code\":\"managed\"}", "server-refused"},
		{"{\"code\":\"\\u001b[31m\"}", "server-refused"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		expect(f, 400 + (guint)i, PROBLEM, cases[i].body, CS_ERROR_REFUSED,
		       cases[i].reason);
}

/* What the server's text says is nobody's word, and is not repeated. */
static void
test_messages(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	f->faults->status = 403;
	f->faults->content_type = PROBLEM;
	f->faults->body = "{\"code\":\"\\u001b[31m\",\"detail\":\"call eve\"}";
	g_assert_null(run(f, &error));
	g_assert_null(strstr(error->message, "eve"));
	g_assert_null(strchr(error->message, '\x1b'));
}

/* Whatever the status, what helpdesk can look for is kept; what could be anything else is not. */
static void
test_request(Fixture *f, gconstpointer data)
{
	static const struct {
		guint status;
		const char *type;
		const char *body;
		const char *request;
	} cases[] = {
		{403, PROBLEM, "{\"code\":\"code-invalid\",\"request\":\"a2\"}", "a2"},
		{403, PROBLEM, "{\"code\":\"invented\",\"request\":\"a2\"}", "a2"},
		{429, PROBLEM, "{\"code\":\"busy\",\"request\":\"a2\"}", "a2"},
		{503, PROBLEM, "{\"code\":\"disk-full\",\"request\":\"a2\"}", "a2"},
		{503, PROBLEM,
		 "{\"request\":"
		 "\"0123456789012345678901234567890123456789012345678901234567890123\"}",
		 "0123456789012345678901234567890123456789012345678901234567890123"},
		{503, PROBLEM,
		 "{\"request\":"
		 "\"01234567890123456789012345678901234567890123456789012345678901234\"}",
		 NULL},
		{503, PROBLEM, "{\"code\":\"busy\",\"request\":\"\"}", NULL},
		{503, PROBLEM, "{\"code\":\"busy\",\"request\":\"call eve\"}", NULL},
		{503, PROBLEM, "{\"code\":\"busy\",\"request\":null}", NULL},
		{503, PROBLEM, "{\"code\":\"busy\"}", NULL},
		{503, PROBLEM, "nonsense", NULL},
		{503, JSON, "{\"code\":\"busy\",\"request\":\"a2\"}", NULL},
		{302, JSON, "{}", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		f->faults->status = cases[i].status;
		f->faults->content_type = cases[i].type;
		f->faults->body = cases[i].body;
		g_assert_null(run(f, &error));
		g_assert_cmpstr(cs_error_get_request(error), ==, cases[i].request);
	}
}

static void
test_no_valid_answer(Fixture *f, gconstpointer data)
{
	static const struct {
		guint status;
		const char *type;
		const char *body;
	} cases[] = {
		{500, PROBLEM, "{\"code\":\"code-invalid\"}"},
		{503, PROBLEM, "{\"code\":\"busy\"}"},
		{429, PROBLEM, "{\"code\":\"busy\"}"},
		{400, PROBLEM, "{\"code\":\"internal\"}"},
		{400, PROBLEM, "{\"code\":7}"},
		{400, PROBLEM, "{}"},
		{400, PROBLEM, "nonsense"},
		{400, JSON, "{\"code\":\"code-invalid\"}"},
		{404, "text/html", "<html>"},
		{404, NULL, ""},
		{301, "text/html", "<html>"},
		{201, JSON, "{\"a\":\"b\"}"},
		{200, "text/html", "{\"a\":\"b\"}"},
		{200, NULL, "{\"a\":\"b\"}"},
		{200, JSON, ""},
		{200, JSON, "{\"a\":\"b\""},
		{200, JSON, "{\"a\":\"b\",\"a\":\"b\"}"},
		{200, JSON, "{\"a\":\"b\",\"c\":1}"},
		{200, JSON, "[]"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		expect(f, cases[i].status, cases[i].type, cases[i].body, CS_ERROR_UNREACHABLE,
		       "unreachable");
}

static void
test_cap(Fixture *f, gconstpointer data)
{
	g_autofree char *filling = g_strnfill(MEBIBYTE, 'x');
	g_autofree char *body = g_strdup_printf("{\"a\":\"%s\"}", filling);

	expect(f, 200, JSON, body, CS_ERROR_UNREACHABLE, "too-large");
	/* The server's thread looks at it until the call is over. */
	f->faults->body = NULL;
}

static void
test_away(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	cs_test_server_stop(f->server);
	g_assert_null(run(f, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNREACHABLE);
	cs_test_server_start(f->server);
}

static char *
get_nonce(Fixture *f, CsServerTime *time, GError **error)
{
	return cs_server_call_get_nonce(&f->home->client, cs_test_server_get_url(f->server), time,
					NULL, error);
}

static void
test_nonce(Fixture *f, gconstpointer data)
{
	CsServerTime time = {0};
	g_autoptr(GError) error = NULL;
	g_autofree char *first = get_nonce(f, &time, &error);
	g_autofree char *second = get_nonce(f, &time, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(strlen(first), ==, 43);
	g_assert_cmpstr(first, !=, second);
	g_assert_cmpint(cs_server_time_get_now(&time, &f->home->client), ==, CS_TEST_SERVER_NOW);
	f->home->monotonic_us += 61 * G_USEC_PER_SEC;
	g_assert_cmpint(cs_server_time_get_now(&time, &f->home->client), ==,
			CS_TEST_SERVER_NOW + 61);
}

static void
test_bad_nonce(Fixture *f, gconstpointer data)
{
	static const char *const bodies[] = {
		"{\"nonce\":\"AAAA\",\"iat\":1}",
		"{\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
		"{\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"iat\":\"1\"}",
		"{\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"iat\":1.5}",
		"{\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"iat\":-1}",
		"{\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"iat\":1}",
		"{\"nonce\":7,\"iat\":1}",
	};
	CsServerTime time = {0};

	f->faults->status = 200;
	f->faults->content_type = JSON;
	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autoptr(GError) error = NULL;

		f->faults->body = bodies[i];
		g_assert_null(get_nonce(f, &time, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_UNREACHABLE);
	}
}

static void
test_wrap(Fixture *f, gconstpointer data)
{
	g_autofree char *body = cs_server_call_wrap("delete", "a.b.c");

	g_assert_cmpstr(body, ==, "{\"delete\":\"a.b.c\"}");
}

static void
test_helpdesk_code(Fixture *f, gconstpointer data)
{
	g_autoptr(cJSON) answer = cJSON_CreateObject();
	const char *code = "";

	g_assert_true(cs_server_call_get_helpdesk_code(answer, &code));
	g_assert_null(code);
	cs_json_add_string(answer, "helpdesk_code", CS_TEST_SERVER_HELPDESK_CODE);
	g_assert_true(cs_server_call_get_helpdesk_code(answer, &code));
	g_assert_cmpstr(code, ==, CS_TEST_SERVER_HELPDESK_CODE);
	cJSON_ReplaceItemInObjectCaseSensitive(answer, "helpdesk_code",
					       cJSON_CreateString("K7M39WF7"));
	g_assert_false(cs_server_call_get_helpdesk_code(answer, &code));
	cJSON_ReplaceItemInObjectCaseSensitive(answer, "helpdesk_code", cJSON_CreateTrue());
	g_assert_false(cs_server_call_get_helpdesk_code(answer, &code));
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Fixture *, gconstpointer);
	} tests[] = {
		{"/server-call/answer", test_answer},
		{"/server-call/problems", test_problems},
		{"/server-call/messages", test_messages},
		{"/server-call/request", test_request},
		{"/server-call/no-valid-answer", test_no_valid_answer},
		{"/server-call/cap", test_cap},
		{"/server-call/away", test_away},
		{"/server-call/nonce", test_nonce},
		{"/server-call/bad-nonce", test_bad_nonce},
		{"/server-call/wrap", test_wrap},
		{"/server-call/helpdesk-code", test_helpdesk_code},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
