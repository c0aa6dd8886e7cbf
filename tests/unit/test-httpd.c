/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd.h"

#include "core/base/error.h"
#include "tests/fixtures/http-fixture.h"
#include "tests/fixtures/pki-fixture.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define BODY_MAX_BYTES	   (256 * 1024)
#define REQUEST_TIMEOUT_MS 300
#define LONG_ANSWER	   (8 * 1024 * 1024) /* more than sockets hold by themselves */
#define CROWD		   700
#define IN_ONE_TURN	   8
#define CLOSING		   " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"

typedef struct {
	CsTestHttpd *httpd;
	guint16 port;
} Fixture;

/* Says what it was asked. */
static void
answer_echo(const CsHttpdRequest *request, CsHttpdResponse *response, gpointer data)
{
	if (strcmp(request->path, "/nothing") == 0)
		return;
	response->status = strcmp(request->path, "/empty") == 0 ? 204 : 201;
	if (response->status == 204)
		return;
	response->content_type = "text/plain";
	response->body =
		g_strdup_printf("%s|%s|%s|%s|%" G_GSIZE_FORMAT, request->method, request->path,
				request->content_type != NULL ? request->content_type : "",
				request->peer, g_bytes_get_size(request->body));
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->httpd = cs_test_httpd_start(NULL, NULL, REQUEST_TIMEOUT_MS, answer_echo, NULL);
	fixture->port = cs_test_httpd_get_port(fixture->httpd);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	if (fixture->httpd != NULL)
		cs_test_httpd_stop(fixture->httpd);
}

static void
assert_answers(Fixture *fixture, const char *request, const char *status, const char *body)
{
	g_autofree char *answer = cs_test_exchange(fixture->port, request, -1);

	g_test_message("%.200s", answer);
	g_assert_true(g_str_has_prefix(answer, status));
	g_assert_true(g_str_has_suffix(answer, body));
}

static void
test_request(Fixture *fixture, gconstpointer data)
{
	assert_answers(fixture, "GET /a/b" CLOSING "\r\n", "HTTP/1.1 201 ",
		       "\r\n\r\nGET|/a/b||127.0.0.1|0");
	assert_answers(
		fixture,
		"POST /v1/nonce" CLOSING
		"Content-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 201 ",
		"\r\n\r\nPOST|/v1/nonce|application/json; charset=utf-8|127.0.0.1|2");
	assert_answers(fixture, "DELETE /v1/accounts/a" CLOSING "\r\n", "HTTP/1.1 201 ",
		       "\r\n\r\nDELETE|/v1/accounts/a||127.0.0.1|0");
	assert_answers(fixture, "BREW /pot" CLOSING "\r\n", "HTTP/1.1 201 ",
		       "\r\n\r\nBREW|/pot||127.0.0.1|0");
}

/* The handler sees the path as it was sent, without its query. */
static void
test_path_is_kept(Fixture *fixture, gconstpointer data)
{
	assert_answers(fixture, "GET /a%2fb/%2e%2e/../c?x=y?z" CLOSING "\r\n", "HTTP/1.1 201 ",
		       "\r\n\r\nGET|/a%2fb/%2e%2e/../c||127.0.0.1|0");
}

static void
test_headers(Fixture *fixture, gconstpointer data)
{
	g_autofree char *answer = cs_test_exchange(fixture->port, "GET /" CLOSING "\r\n", -1);
	g_autofree char *empty = cs_test_exchange(fixture->port, "GET /empty" CLOSING "\r\n", -1);

	g_assert_nonnull(strstr(answer, "\r\nContent-Type: text/plain\r\n"));
	g_assert_nonnull(strstr(answer, "\r\nCache-Control: no-store\r\n"));
	g_assert_nonnull(strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
	g_assert_null(strstr(answer, "\r\nServer:"));
	g_assert_true(g_str_has_prefix(empty, "HTTP/1.1 204 "));
	g_assert_true(g_str_has_suffix(empty, "\r\n\r\n"));
	g_assert_null(strstr(empty, "Content-Type:"));
}

static void
test_two_requests_on_one_connection(Fixture *fixture, gconstpointer data)
{
	g_autofree char *answer = cs_test_exchange(fixture->port,
						   "GET /first HTTP/1.1\r\nHost: x\r\n\r\n"
						   "GET /second" CLOSING "\r\n",
						   -1);

	g_assert_nonnull(strstr(answer, "GET|/first|"));
	g_assert_true(g_str_has_suffix(answer, "GET|/second||127.0.0.1|0"));
}

static void
test_handler_without_answer(Fixture *fixture, gconstpointer data)
{
	assert_answers(fixture, "GET /nothing" CLOSING "\r\n", "HTTP/1.1 500 ", "}");
}

static char *
make_post(gsize length, gboolean chunked)
{
	g_autofree char *body = g_strnfill(length, 'x');

	if (chunked)
		return g_strdup_printf("POST /" CLOSING "Transfer-Encoding: chunked\r\n\r\n"
				       "%" G_GSIZE_MODIFIER "x\r\n%s\r\n0\r\n\r\n",
				       length, body);
	return g_strdup_printf("POST /" CLOSING "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
			       length, body);
}

static void
assert_body(Fixture *fixture, gsize length, gboolean chunked, gboolean fits)
{
	g_autofree char *request = make_post(length, chunked);

	if (fits)
		assert_answers(fixture, request, "HTTP/1.1 201 ", "POST|/||127.0.0.1|262144");
	else
		assert_answers(fixture, request, "HTTP/1.1 413 ",
			       ",\"status\":413,\"code\":\"too-large\","
			       "\"title\":\"the body is too large\"}");
}

static void
test_body_cap(Fixture *fixture, gconstpointer data)
{
	assert_body(fixture, BODY_MAX_BYTES, FALSE, TRUE);
	assert_body(fixture, BODY_MAX_BYTES, TRUE, TRUE);
	assert_body(fixture, BODY_MAX_BYTES + 1, FALSE, FALSE);
	assert_body(fixture, BODY_MAX_BYTES + 1, TRUE, FALSE);
	assert_answers(fixture, "POST /" CLOSING "Content-Length: 999999999999\r\n\r\n",
		       "HTTP/1.1 413 ", "}");
}

/* Far beyond the cap nobody reads on only to be polite. */
static void
test_endless_body(Fixture *fixture, gconstpointer data)
{
	g_autofree char *request = make_post(2 * 1024 * 1024, TRUE);
	g_autofree char *answer = cs_test_exchange(fixture->port, request, -1);

	g_assert_cmpstr(answer, ==, "");
}

static void
test_malformed(Fixture *fixture, gconstpointer data)
{
	static const char *const requests[] = {
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
		"POST /" CLOSING "Content-Length: -1\r\n\r\n",
		"POST /" CLOSING "Content-Length: 1x\r\n\r\n",
		"POST /" CLOSING "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
		g_autofree char *answer = cs_test_exchange(fixture->port, requests[i], -1);

		g_test_message("%s", requests[i]);
		g_assert_false(g_str_has_prefix(answer, "HTTP/1.1 20"));
	}
	assert_answers(fixture, "GET /" CLOSING "\r\n", "HTTP/1.1 201 ", "GET|/||127.0.0.1|0");
}

static void
test_header_cap(Fixture *fixture, gconstpointer data)
{
	g_autofree char *filler = g_strnfill(20000, 'h');
	g_autofree char *header = g_strconcat("GET /" CLOSING "X: ", filler, "\r\n\r\n", NULL);
	g_autofree char *path = g_strconcat("GET /", filler, CLOSING "\r\n", NULL);
	g_autofree char *first = cs_test_exchange(fixture->port, header, -1);
	g_autofree char *second = cs_test_exchange(fixture->port, path, -1);

	g_assert_true(g_str_has_prefix(first, "HTTP/1.1 431 "));
	g_assert_true(g_str_has_prefix(second, "HTTP/1.1 414 "));
}

/* These say half of something and then nothing; the server ends it, sooner than idleness would. */
static void
test_request_deadline(Fixture *fixture, gconstpointer data)
{
	gint64 start_us = g_get_monotonic_time();
	int silent = cs_test_connect(fixture->port);
	g_autofree char *half_header = cs_test_exchange(fixture->port, "GET / HTTP/1.1\r\nHo", -1);
	g_autofree char *half_body = cs_test_exchange(
		fixture->port, "POST /" CLOSING "Content-Length: 10\r\n\r\nhalf", -1);
	g_autofree char *nothing = cs_test_read_to_end(silent);

	g_assert_cmpstr(half_header, ==, "");
	g_assert_cmpstr(half_body, ==, "");
	g_assert_cmpstr(nothing, ==, "");
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, 8 * G_USEC_PER_SEC);
}

/* A machine that does not allow so many cannot serve as many as we promise. */
static void
ensure_descriptors(guint count)
{
	struct rlimit limit;

	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	limit.rlim_cur = MAX(limit.rlim_cur, MIN(limit.rlim_max, count));
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	g_assert_cmpuint(limit.rlim_cur, >=, count);
}

/* More than are served at once: the rest waits and is served all the same. */
static void
test_crowd(void)
{
	g_autoptr(CsTestHttpd) httpd = NULL;
	int fds[CROWD];

	ensure_descriptors(2 * CROWD + 100);
	httpd = cs_test_httpd_start(NULL, NULL, 0, answer_echo, NULL);
	for (guint i = 0; i < CROWD; i++)
		fds[i] = cs_test_connect(cs_test_httpd_get_port(httpd));
	for (guint i = 0; i < CROWD; i++)
		cs_test_send(fds[CROWD - 1 - i], "GET /" CLOSING "\r\n", -1);
	for (guint i = 0; i < CROWD; i++) {
		g_autofree char *answer = cs_test_read_to_end(fds[i]);

		g_assert_true(g_str_has_suffix(answer, "GET|/||127.0.0.1|0"));
	}
}

/* Nobody keeps a seat between two requests when it is crowded. */
static void
test_crowd_keeps_no_connection(void)
{
	gint64 start_us = g_get_monotonic_time();
	g_autoptr(CsTestHttpd) httpd = NULL;
	int fds[CROWD];

	ensure_descriptors(2 * CROWD + 100);
	httpd = cs_test_httpd_start(NULL, NULL, 0, answer_echo, NULL);
	for (guint i = 0; i < CROWD; i++) {
		fds[i] = cs_test_connect(cs_test_httpd_get_port(httpd));
		cs_test_send(fds[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n", -1);
	}
	for (guint i = 0; i < CROWD; i++) {
		char first = '\0';

		g_assert_cmpint(read(fds[i], &first, 1), ==, 1);
		g_assert_cmpint(first, ==, 'H');
	}
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, 8 * G_USEC_PER_SEC);
	for (guint i = 0; i < CROWD; i++)
		close(fds[i]);
}

typedef struct {
	GMutex mutex;
	GCond cond;
	gboolean reached;
	gboolean may_answer;
} Gate;

static void
answer_at_gate(const CsHttpdRequest *request, CsHttpdResponse *response, gpointer data)
{
	Gate *gate = data;

	g_mutex_lock(&gate->mutex);
	gate->reached = TRUE;
	g_cond_broadcast(&gate->cond);
	while (!gate->may_answer)
		g_cond_wait(&gate->cond, &gate->mutex);
	g_mutex_unlock(&gate->mutex);
	response->status = 200;
	response->content_type = "text/plain";
	response->body = g_strnfill(LONG_ANSWER, 'x');
}

static gpointer
stop_thread_cb(gpointer data)
{
	cs_test_httpd_stop(data);
	return NULL;
}

/* Whoever has gone in the middle of a request keeps nobody waiting, however many they are. While the
 * server is busy they say half of it and are gone, so that it meets both at once. */
static void
test_crowd_of_gone_peers(void)
{
	gint64 start_us = g_get_monotonic_time();
	Gate gate = {.reached = FALSE};
	g_autoptr(CsTestHttpd) httpd = NULL;
	g_autofree char *answer = NULL;

	ensure_descriptors(2 * CROWD + 100);
	httpd = cs_test_httpd_start(NULL, NULL, 0, answer_at_gate, &gate);
	guint16 port = cs_test_httpd_get_port(httpd);
	int busy = cs_test_connect(port);
	cs_test_send(busy, "GET /" CLOSING "\r\n", -1);
	g_mutex_lock(&gate.mutex);
	while (!gate.reached)
		g_cond_wait(&gate.cond, &gate.mutex);
	for (guint i = 0; i < CROWD; i++) {
		int fd = cs_test_connect(port);
		cs_test_send(fd, "GET / HTTP/1.1\r\nHo", -1);
		close(fd);
	}
	gate.may_answer = TRUE;
	g_cond_broadcast(&gate.cond);
	g_mutex_unlock(&gate.mutex);
	answer = cs_test_exchange(port, "GET /" CLOSING "\r\n", -1);
	g_assert_true(g_str_has_prefix(answer, "HTTP/1.1 200 "));
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, 8 * G_USEC_PER_SEC);
	close(busy);
}

/* The answer was being made when the server was told to stop: it still arrives, whole. */
static void
test_stop_finishes_answers(void)
{
	Gate gate = {.reached = FALSE};
	CsTestHttpd *httpd = cs_test_httpd_start(NULL, NULL, 0, answer_at_gate, &gate);
	int fd = cs_test_connect(cs_test_httpd_get_port(httpd));
	g_autofree char *answer = NULL;
	GThread *thread;

	cs_test_send(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", -1);
	g_mutex_lock(&gate.mutex);
	while (!gate.reached)
		g_cond_wait(&gate.cond, &gate.mutex);
	thread = g_thread_new("stop", stop_thread_cb, httpd);
	gate.may_answer = TRUE;
	g_cond_broadcast(&gate.cond);
	g_mutex_unlock(&gate.mutex);
	answer = cs_test_read_to_end(fd);
	g_thread_join(thread);
	g_assert_cmpuint(strlen(strstr(answer, "\r\n\r\n")), ==, LONG_ANSWER + 4);
}

/* Stopping waits for nobody who has nothing under way, and 2 s at most for who has. */
static void
test_stop_is_bounded(void)
{
	CsTestHttpd *httpd = cs_test_httpd_start(NULL, NULL, 0, answer_echo, NULL);
	guint16 port = cs_test_httpd_get_port(httpd);
	int idle = cs_test_connect(port);
	int half = cs_test_connect(port);
	g_autofree char *answer = cs_test_exchange(port, "GET /" CLOSING "\r\n", -1);
	gint64 start_us = g_get_monotonic_time();

	cs_test_send(half, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx", -1);
	cs_test_httpd_stop(httpd);
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, 4 * G_USEC_PER_SEC);
	g_free(cs_test_read_to_end(idle));
	g_free(cs_test_read_to_end(half));
	g_assert_true(g_str_has_prefix(answer, "HTTP/1.1 201 "));
}

static void
assert_no_server(const char *host,
		 guint16 port,
		 const char *certificate,
		 const char *key,
		 CsErrorCode code,
		 const char *reason)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(GError) error = NULL;

	g_assert_null(
		cs_httpd_new(context, host, port, certificate, key, answer_echo, NULL, &error));
	g_assert_error(error, CS_ERROR, (int)code);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

static void
test_new_refuses(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(NULL, NULL);
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(NULL, NULL);
	const char *pem = cs_test_identity_get_pem(identity);
	g_autofree char *key = cs_test_identity_dup_key_pem(other, CS_TEST_KEY_PKCS8, NULL);

	assert_no_server("127.0.0.1", fixture->port, NULL, NULL, CS_ERROR_STATE, "address-in-use");
	assert_no_server("0.0.0.0", 0, NULL, NULL, CS_ERROR_USAGE, "tls-required");
	assert_no_server("127.0.0.1", 0, pem, NULL, CS_ERROR_USAGE, "tls-required");
	assert_no_server("127.0.0.1", 0, NULL, key, CS_ERROR_USAGE, "tls-required");
	assert_no_server("no host", 0, pem, key, CS_ERROR_USAGE, "address-invalid");
	assert_no_server("127.0.0.1", 0, "no PEM", "no PEM", CS_ERROR_INVALID, "tls-invalid");
	assert_no_server("127.0.0.1", 0, pem, key, CS_ERROR_INVALID, "tls-invalid");
	cs_httpd_free(NULL);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

/* Answers that wait for the end of the turn. The first turn's end waits for the test, so that what
 * is sent meanwhile is one turn's. */
typedef struct {
	GMutex mutex;
	GCond cond;
	gboolean waits; /* the first turn has come to its end */
	gboolean released;
	guint turns;
	guint most; /* answers in one turn */
} Turns;

static void
answer_held(const CsHttpdRequest *request, CsHttpdResponse *response, gpointer data)
{
	response->status = 200;
	response->content_type = "text/plain";
	response->body = g_strdup(request->path);
	response->held = strcmp(request->path, "/now") != 0;
}

static void
settle_turn(GPtrArray *answers, gpointer data)
{
	Turns *turns = data;

	g_mutex_lock(&turns->mutex);
	turns->turns++;
	turns->most = MAX(turns->most, answers->len);
	turns->waits = TRUE;
	g_cond_broadcast(&turns->cond);
	while (!turns->released)
		g_cond_wait(&turns->cond, &turns->mutex);
	g_mutex_unlock(&turns->mutex);
	for (guint i = 0; i < answers->len; i++) {
		CsHttpdResponse *answer = g_ptr_array_index(answers, i);

		g_assert_true(answer->held);
		if (strcmp(answer->body, "/refused") != 0)
			continue;
		g_free(answer->body);
		answer->status = 503;
		answer->body = g_strdup("none of it");
	}
}

static void
wait_for_first_turn(Turns *turns)
{
	g_mutex_lock(&turns->mutex);
	while (!turns->waits)
		g_cond_wait(&turns->cond, &turns->mutex);
	g_mutex_unlock(&turns->mutex);
}

static void
release_turns(Turns *turns)
{
	g_mutex_lock(&turns->mutex);
	turns->released = TRUE;
	g_cond_broadcast(&turns->cond);
	g_mutex_unlock(&turns->mutex);
}

static void
expect_answer(int fd, const char *status, const char *body)
{
	g_autofree char *answer = cs_test_read_to_end(fd);

	g_test_message("%.200s", answer);
	g_assert_true(g_str_has_prefix(answer, status));
	g_assert_true(g_str_has_suffix(answer, body));
}

static int
send_request(CsTestHttpd *httpd, const char *path)
{
	g_autofree char *request = g_strconcat("GET ", path, CLOSING "\r\n", NULL);
	int fd = cs_test_connect(cs_test_httpd_get_port(httpd));

	cs_test_send(fd, request, -1);
	return fd;
}

/* Those that are ready at one time are settled at one time, and each hears its own answer; one that
 * has gone meanwhile takes nobody with it. */
static void
test_held(void)
{
	Turns turns = {0};
	g_autoptr(CsTestHttpd) httpd = cs_test_httpd_start_held(answer_held, settle_turn, &turns);
	int fds[IN_ONE_TURN];
	int first = send_request(httpd, "/first");

	wait_for_first_turn(&turns);
	for (guint i = 0; i < IN_ONE_TURN; i++)
		fds[i] = send_request(httpd, i % 2 == 0 ? "/kept" : "/refused");
	close(send_request(httpd, "/gone"));
	release_turns(&turns);
	expect_answer(first, "HTTP/1.1 200 ", "/first");
	for (guint i = 0; i < IN_ONE_TURN; i++)
		expect_answer(fds[i], i % 2 == 0 ? "HTTP/1.1 200 " : "HTTP/1.1 503 ",
			      i % 2 == 0 ? "/kept" : "none of it");
	expect_answer(send_request(httpd, "/now"), "HTTP/1.1 200 ", "/now");
	g_assert_cmpuint(turns.most, >=, IN_ONE_TURN);
	g_assert_cmpuint(turns.turns, <=, 4);
}

/* Two on one connection, each held: the second waits for the first's answer. */
static void
test_held_one_after_another(void)
{
	Turns turns = {.released = TRUE};
	g_autoptr(CsTestHttpd) httpd = cs_test_httpd_start_held(answer_held, settle_turn, &turns);
	g_autofree char *answer = cs_test_exchange(cs_test_httpd_get_port(httpd),
						   "GET /one HTTP/1.1\r\nHost: x\r\n\r\n"
						   "GET /two" CLOSING "\r\n",
						   -1);

	g_assert_nonnull(strstr(answer, "/one"));
	g_assert_true(g_str_has_suffix(answer, "/two"));
	g_assert_cmpuint(turns.turns, ==, 2);
}

/* What was held when the server was told to stop is settled and sent. */
static void
test_held_at_the_end(void)
{
	Turns turns = {0};
	CsTestHttpd *httpd = cs_test_httpd_start_held(answer_held, settle_turn, &turns);
	int first = send_request(httpd, "/first");
	int second;

	wait_for_first_turn(&turns);
	second = send_request(httpd, "/second");
	cs_test_httpd_quit(httpd);
	release_turns(&turns);
	expect_answer(first, "HTTP/1.1 200 ", "/first");
	close(second); /* answered, or turned away: it had not been read when the end came */
	cs_test_httpd_stop(httpd);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/httpd/request", test_request);
	ADD("/httpd/path-is-kept", test_path_is_kept);
	ADD("/httpd/headers", test_headers);
	ADD("/httpd/two-requests-on-one-connection", test_two_requests_on_one_connection);
	ADD("/httpd/handler-without-answer", test_handler_without_answer);
	ADD("/httpd/body-cap", test_body_cap);
	ADD("/httpd/endless-body", test_endless_body);
	ADD("/httpd/malformed", test_malformed);
	ADD("/httpd/header-cap", test_header_cap);
	ADD("/httpd/request-deadline", test_request_deadline);
	g_test_add_func("/httpd/crowd", test_crowd);
	g_test_add_func("/httpd/crowd-keeps-no-connection", test_crowd_keeps_no_connection);
	g_test_add_func("/httpd/crowd-of-gone-peers", test_crowd_of_gone_peers);
	g_test_add_func("/httpd/stop-finishes-answers", test_stop_finishes_answers);
	g_test_add_func("/httpd/stop-is-bounded", test_stop_is_bounded);
	ADD("/httpd/new-refuses", test_new_refuses);
	g_test_add_func("/httpd/held", test_held);
	g_test_add_func("/httpd/held-one-after-another", test_held_one_after_another);
	g_test_add_func("/httpd/held-at-the-end", test_held_at_the_end);
	return g_test_run();
}
