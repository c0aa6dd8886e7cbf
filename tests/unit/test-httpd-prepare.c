/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd-private.h"

#include "tests/fixtures/http-fixture.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS	   8
#define READ_BYTES 4096

/* What happened, a letter each: Prepared, Handled, Freed. */
typedef struct {
	GMutex mutex;
	GCond cond;
	GString *events;
	gboolean is_held; /* the server's thread stays in /hold */
	gboolean may_go;
	CsTestHttpd *httpd;
} Stage;

typedef struct {
	Stage *stage;
	guint tries;
	char *body;
} Prepared;

static void
note(Stage *stage, char event)
{
	g_mutex_lock(&stage->mutex);
	g_string_append_c(stage->events, event);
	g_mutex_unlock(&stage->mutex);
}

static gpointer
prepare_cb(const CsHttpdRequest *request, gpointer data)
{
	Prepared *prepared;

	if (!g_str_has_prefix(request->path, "/prepared"))
		return NULL;
	g_assert_null(request->prepared);
	note(data, 'P');
	prepared = g_new0(Prepared, 1);
	prepared->stage = data;
	prepared->body =
		g_strndup(g_bytes_get_data(request->body, NULL), g_bytes_get_size(request->body));
	return prepared;
}

static void
free_prepared_cb(gpointer data)
{
	Prepared *prepared = data;

	note(prepared->stage, 'F');
	g_free(prepared->body);
	g_free(prepared);
}

static void
hold(Stage *stage)
{
	g_mutex_lock(&stage->mutex);
	stage->is_held = TRUE;
	g_cond_broadcast(&stage->cond);
	while (!stage->may_go)
		g_cond_wait(&stage->cond, &stage->mutex);
	g_mutex_unlock(&stage->mutex);
}

/* /prepared/again is postponed until its time is up. */
static void
handle_cb(const CsHttpdRequest *request, CsHttpdResponse *response, gpointer data)
{
	Prepared *prepared = request->prepared;

	if (g_str_equal(request->path, "/hold"))
		hold(data);
	if (prepared != NULL) {
		note(data, 'H');
		prepared->tries++;
		if (g_str_equal(request->path, "/prepared/again") && !request->last_try) {
			response->awaited = g_strdup("time");
			return;
		}
	}
	response->status = 200;
	response->content_type = "text/plain";
	response->body = prepared == NULL
				 ? g_strdup("nothing")
				 : g_strdup_printf("%s, try %u", prepared->body, prepared->tries);
}

static void
stage_open(Stage *stage)
{
	g_mutex_init(&stage->mutex);
	g_cond_init(&stage->cond);
	stage->events = g_string_new(NULL);
	stage->httpd = cs_test_httpd_start_prepared(handle_cb, prepare_cb, free_prepared_cb, stage);
}

static void
stage_close(Stage *stage, const char *events)
{
	g_clear_pointer(&stage->httpd, cs_test_httpd_stop);
	g_assert_cmpstr(stage->events->str, ==, events);
	g_string_free(stage->events, TRUE);
	g_mutex_clear(&stage->mutex);
	g_cond_clear(&stage->cond);
}

static void
send_post(int fd, const char *path)
{
	g_autofree char *text = g_strdup_printf("POST %s HTTP/1.1\r\nHost: x\r\n"
						"Content-Length: 4\r\n\r\nbody",
						path);

	cs_test_send(fd, text, -1);
}

/* One answer, small enough to come at once but for a slow machine. */
static void
expect_answer(int fd, const char *body)
{
	g_autoptr(GString) answer = g_string_new(NULL);
	char octets[READ_BYTES];

	while (!g_str_has_suffix(answer->str, body)) {
		gssize count = recv(fd, octets, sizeof(octets), 0);

		g_assert_cmpint(count, >, 0);
		g_string_append_len(answer, octets, count);
	}
	g_assert_true(g_str_has_prefix(answer->str, "HTTP/1.1 200 "));
}

static void
test_one(void)
{
	Stage stage = {0};
	int fd;

	stage_open(&stage);
	fd = cs_test_connect(cs_test_httpd_get_port(stage.httpd));
	send_post(fd, "/prepared");
	expect_answer(fd, "body, try 1");
	send_post(fd, "/other");
	expect_answer(fd, "nothing");
	send_post(fd, "/prepared");
	expect_answer(fd, "body, try 1");
	close(fd);
	stage_close(&stage, "PHFPHF");
}

/* All that is ready is prepared before the first of it is handed over. */
static void
test_all_of_a_turn(void)
{
	Stage stage = {0};
	int holder;
	int fds[CLIENTS];

	stage_open(&stage);
	holder = cs_test_connect(cs_test_httpd_get_port(stage.httpd));
	for (guint i = 0; i < CLIENTS; i++) {
		fds[i] = cs_test_connect(cs_test_httpd_get_port(stage.httpd));
		send_post(fds[i], "/other");
		expect_answer(fds[i], "nothing");
	}
	send_post(holder, "/hold");
	g_mutex_lock(&stage.mutex);
	while (!stage.is_held)
		g_cond_wait(&stage.cond, &stage.mutex);
	g_mutex_unlock(&stage.mutex);
	for (guint i = 0; i < CLIENTS; i++)
		send_post(fds[i], "/prepared");
	g_mutex_lock(&stage.mutex);
	stage.may_go = TRUE;
	g_cond_broadcast(&stage.cond);
	g_mutex_unlock(&stage.mutex);
	for (guint i = 0; i < CLIENTS; i++)
		expect_answer(fds[i], "body, try 1");
	for (guint i = 0; i < CLIENTS; i++)
		close(fds[i]);
	close(holder);
	g_clear_pointer(&stage.httpd, cs_test_httpd_stop);
	g_assert_true(g_str_has_prefix(stage.events->str, "PPPPPPPPH"));
	g_assert_cmpuint(stage.events->len, ==, 3 * CLIENTS);
	g_string_truncate(stage.events, 0);
	stage_close(&stage, "");
}

/* What was prepared is there for every try. */
static void
test_postponed(void)
{
	Stage stage = {0};
	int fd;

	stage_open(&stage);
	fd = cs_test_connect(cs_test_httpd_get_port(stage.httpd));
	send_post(fd, "/prepared/again");
	expect_answer(fd, "body, try 2");
	close(fd);
	stage_close(&stage, "PHHF");
}

/* Who stops meanwhile answers what has arrived, prepared or not. */
static void
test_stop(void)
{
	Stage stage = {0};
	g_autofree char *answer = NULL;
	int fd;
	int holder;

	stage_open(&stage);
	fd = cs_test_connect(cs_test_httpd_get_port(stage.httpd));
	holder = cs_test_connect(cs_test_httpd_get_port(stage.httpd));
	send_post(fd, "/other");
	expect_answer(fd, "nothing");
	send_post(holder, "/hold");
	g_mutex_lock(&stage.mutex);
	while (!stage.is_held)
		g_cond_wait(&stage.cond, &stage.mutex);
	g_mutex_unlock(&stage.mutex);
	send_post(fd, "/prepared");
	cs_test_httpd_quit(stage.httpd);
	g_mutex_lock(&stage.mutex);
	stage.may_go = TRUE;
	g_cond_broadcast(&stage.cond);
	g_mutex_unlock(&stage.mutex);
	answer = cs_test_read_to_end(fd);
	g_assert_true(g_str_has_suffix(answer, "body, try 1") ||
		      g_str_has_suffix(answer, "nothing"));
	close(holder);
	g_clear_pointer(&stage.httpd, cs_test_httpd_stop);
	g_assert_true(g_str_equal(stage.events->str, "PHF") || stage.events->len == 0);
	g_string_truncate(stage.events, 0);
	stage_close(&stage, "");
}

/* libmicrohttpd aborts where a connection is still suspended at the end. */
static void
test_nobody_while_it_stops(void)
{
	Stage stage = {0};
	CsHttpd httpd = {.stopping = TRUE, .prepare = prepare_cb, .prepare_data = &stage};
	CsHttpdUpload upload = {0};
	const CsHttpdRequest request = {.method = "POST", .path = "/prepared"};

	g_assert_false(cs_httpd_prepare(&httpd, &upload, &request));
	g_assert_false(upload.is_prepared);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/httpd-prepare/one", test_one);
	g_test_add_func("/httpd-prepare/all-of-a-turn", test_all_of_a_turn);
	g_test_add_func("/httpd-prepare/postponed", test_postponed);
	g_test_add_func("/httpd-prepare/stop", test_stop);
	g_test_add_func("/httpd-prepare/nobody-while-it-stops", test_nobody_while_it_stops);
	return g_test_run();
}
