/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd.h"

#include "core/base/json.h"
#include "tests/fixtures/http-fixture.h"

#include <string.h>
#include <unistd.h>

#define REQUEST_TIMEOUT_MS 300
#define PATIENCE_US	   (20 * G_USEC_PER_SEC)
#define CLOSING		   " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"

/* What the observer was told, each as one text; and the ids that the handler was. */
typedef struct {
	GAsyncQueue *outcomes;
	GAsyncQueue *ids;
	CsTestHttpd *httpd;
} Fixture;

static void
answer(const CsHttpdRequest *request, CsHttpdResponse *response, gpointer data)
{
	Fixture *fixture = data;

	g_assert_cmpstr(request->id, ==, response->request);
	g_async_queue_push(fixture->ids, g_strdup(request->id));
	if (strcmp(request->path, "/nothing") == 0)
		return;
	response->status = 200;
	response->route = "/{name}";
	response->code = strcmp(request->path, "/refused") == 0 ? "busy" : NULL;
	response->content_type = "text/plain";
	response->body = g_strdup("hello");
}

static void
observe(const CsHttpdOutcome *outcome, gpointer data)
{
	Fixture *fixture = data;

	g_assert_cmpint(outcome->duration_us, >=, 0);
	g_async_queue_push(fixture->outcomes,
			   g_strdup_printf("%s %s %s %s %s %u %s %" G_GUINT64_FORMAT
					   " %" G_GUINT64_FORMAT,
					   outcome->id, outcome->peer, outcome->method,
					   outcome->route != NULL ? outcome->route : "-",
					   outcome->code != NULL ? outcome->code : "-",
					   outcome->status, outcome->complete ? "complete" : "lost",
					   outcome->received_bytes, outcome->sent_bytes));
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->outcomes = g_async_queue_new_full(g_free);
	fixture->ids = g_async_queue_new_full(g_free);
	fixture->httpd = cs_test_httpd_start_observed(REQUEST_TIMEOUT_MS, answer, observe, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_httpd_stop(fixture->httpd);
	g_assert_cmpint(g_async_queue_length(fixture->outcomes), ==, 0);
	g_async_queue_unref(fixture->outcomes);
	g_async_queue_unref(fixture->ids);
}

static char *
exchange(Fixture *fixture, const char *request)
{
	return cs_test_exchange(cs_test_httpd_get_port(fixture->httpd), request, -1);
}

/* The next outcome is that one; its id, which nobody can foresee, is returned. */
static char *
expect_outcome(Fixture *fixture, const char *wanted)
{
	g_autofree char *seen = g_async_queue_timeout_pop(fixture->outcomes, PATIENCE_US);
	char *space;

	g_assert_nonnull(seen);
	g_test_message("%s", seen);
	space = strchr(seen, ' ');
	g_assert_nonnull(space);
	g_assert_cmpstr(space + 1, ==, wanted);
	*space = '\0';
	g_assert_cmpuint(strspn(seen, "abcdefghijklmnopqrstuvwxyz234567"), ==, 16);
	return g_steal_pointer(&seen);
}

static void
expect_header(const char *seen, const char *id)
{
	g_autofree char *header = g_strdup_printf("\r\nRequest-Id: %s\r\n", id);

	g_test_message("%s", seen);
	g_assert_nonnull(strstr(seen, header));
}

/* One id, the same for handler, answer and observer. */
static void
test_answered(Fixture *fixture, gconstpointer data)
{
	g_autofree char *seen =
		exchange(fixture, "POST /a" CLOSING
				  "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc");
	g_autofree char *id = expect_outcome(fixture, "127.0.0.1 POST /{name} - 200 complete 3 5");
	g_autofree char *told = g_async_queue_pop(fixture->ids);

	expect_header(seen, id);
	g_assert_cmpstr(told, ==, id);
}

static void
test_refused(Fixture *fixture, gconstpointer data)
{
	g_autofree char *refused = exchange(fixture, "GET /refused" CLOSING "\r\n");
	g_autofree char *first =
		expect_outcome(fixture, "127.0.0.1 GET /{name} busy 200 complete 0 5");
	g_autofree char *none = exchange(fixture, "GET /nothing" CLOSING "\r\n");
	g_autofree char *second = NULL;
	g_autofree char *wanted = NULL;

	second = expect_outcome(fixture, "127.0.0.1 GET - internal 500 complete 0 90");
	wanted = g_strdup_printf("{\"request\":\"%s\",\"status\":500,", second);
	expect_header(refused, first);
	expect_header(none, second);
	g_assert_nonnull(strstr(none, wanted));
	g_assert_cmpstr(first, !=, second);
}

/* A method of any length, and two requests on one connection. */
static void
test_each_of_two(Fixture *fixture, gconstpointer data)
{
	g_autofree char *seen = exchange(fixture, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
						  "PROPPATCHPROPPATCH /b" CLOSING "\r\n");
	g_autofree char *first =
		expect_outcome(fixture, "127.0.0.1 GET /{name} - 200 complete 0 5");
	g_autofree char *second =
		expect_outcome(fixture, "127.0.0.1 PROPPATCHPROPPA /{name} - 200 complete 0 5");

	expect_header(seen, first);
	expect_header(seen, second);
	g_assert_cmpstr(first, !=, second);
}

static void
test_too_large(Fixture *fixture, gconstpointer data)
{
	g_autofree char *body = g_strnfill(300000, 'x');
	g_autofree char *request =
		g_strconcat("POST /" CLOSING "Content-Length: 300000\r\n\r\n", body, NULL);
	g_autofree char *read = exchange(fixture, request);
	g_autofree char *first =
		expect_outcome(fixture, "127.0.0.1 POST - too-large 413 complete 300000 94");
	g_autofree char *unread =
		exchange(fixture, "POST /" CLOSING "Content-Length: 999999999999\r\n\r\n");
	g_autofree char *second = g_async_queue_timeout_pop(fixture->outcomes, PATIENCE_US);

	expect_header(read, first);
	g_assert_nonnull(strstr(second, " POST - too-large 413 "));
	g_assert_nonnull(strstr(unread, " 413 "));
}

/* Half of a body, until the deadline; and a peer that goes. */
static void
test_never_answered(Fixture *fixture, gconstpointer data)
{
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;
	g_autofree char *seen =
		exchange(fixture, "POST /" CLOSING "Content-Length: 10\r\n\r\nhalf");
	int fd;

	g_assert_cmpstr(seen, ==, "");
	first = expect_outcome(fixture, "127.0.0.1 POST - - 0 lost 4 0");
	fd = cs_test_connect(cs_test_httpd_get_port(fixture->httpd));
	cs_test_send(fd, "POST /" CLOSING "Content-Length: 10\r\n\r\nha", -1);
	close(fd);
	second = g_async_queue_timeout_pop(fixture->outcomes, PATIENCE_US);
	g_assert_nonnull(strstr(second, " POST - - 0 lost "));
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/httpd-answer/answered", test_answered);
	ADD("/httpd-answer/refused", test_refused);
	ADD("/httpd-answer/each-of-two", test_each_of_two);
	ADD("/httpd-answer/too-large", test_too_large);
	ADD("/httpd-answer/never-answered", test_never_answered);
	return g_test_run();
}
