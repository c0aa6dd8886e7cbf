/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd.h"

#include "tests/fixtures/http-fixture.h"

#include <string.h>
#include <unistd.h>

#define CLOSING	      " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
#define NEVER_MS      (60 * 60 * 1000) /* no test waits for that */
#define SHORT_MS      50
#define DEADLINE_MS   1000
#define MAX_PATIENCE  64
#define MAX_REQUESTS  100
#define ID_SIZE_BYTES 17

/* What the handler saw, and whether it may answer what is below /wait. */
typedef struct {
	GMutex mutex;
	GCond cond;
	gboolean open;
	guint tries;	  /* of anything below /wait */
	guint last_tries; /* of these, those that could no longer be postponed */
	char ids[MAX_REQUESTS][ID_SIZE_BYTES];
	guint first_tries[MAX_REQUESTS]; /* of the request with that id: which try it was */
	guint requests;
	CsTestHttpd *poked; /* (nullable): what is below /poke has all tried again there */
	guint awaiting;	    /* by then, /wait/a */
} Door;

/* Which try the request's first was: it is the same request as long as its id is. */
static guint
find_first_try(Door *door, const char *id)
{
	for (guint i = 0; i < door->requests; i++) {
		if (strcmp(door->ids[i], id) == 0)
			return door->first_tries[i];
	}
	g_assert_cmpuint(door->requests, <, MAX_REQUESTS);
	g_strlcpy(door->ids[door->requests], id, ID_SIZE_BYTES);
	door->first_tries[door->requests] = door->tries;
	return door->first_tries[door->requests++];
}

static gboolean
awaits_nothing_cb(const char *awaited, gpointer data)
{
	return FALSE;
}

static void
poke(Door *door)
{
	CsHttpd *httpd = cs_test_httpd_get_httpd(door->poked);

	cs_httpd_retry(httpd, awaits_nothing_cb, NULL);
	door->awaiting = cs_httpd_count_awaiting(httpd, "/wait/a");
}

/* Says how it was asked: "last" or "known", with the body and the number of the first try. */
static void
answer_door(const CsHttpdRequest *request, CsHttpdResponse *response, gpointer data)
{
	Door *door = data;
	gboolean waits = g_str_has_prefix(request->path, "/wait");
	gconstpointer body = g_bytes_get_data(request->body, NULL);
	guint first_try;

	if (g_str_has_prefix(request->path, "/poke"))
		poke(door);
	g_mutex_lock(&door->mutex);
	door->tries += waits;
	door->last_tries += waits && request->last_try;
	first_try = find_first_try(door, request->id);
	if (waits && !door->open && (!request->last_try || g_str_has_suffix(request->path, "on")))
		response->awaited = g_strdup(request->path);
	g_cond_broadcast(&door->cond);
	g_mutex_unlock(&door->mutex);
	if (response->awaited != NULL)
		return;
	response->status = 200;
	response->content_type = "text/plain";
	response->body = g_strdup_printf(
		"%s|try %u|%.*s|%s", request->path, first_try, (int)g_bytes_get_size(request->body),
		body != NULL ? (const char *)body : "", request->last_try ? "last" : "known");
}

static gboolean
awaits_path_cb(const char *awaited, gpointer data)
{
	return strcmp(awaited, data) != 0;
}

static void
open_door(Door *door)
{
	g_mutex_lock(&door->mutex);
	door->open = TRUE;
	g_mutex_unlock(&door->mutex);
}

static void
wait_for_tries(Door *door, guint tries)
{
	g_mutex_lock(&door->mutex);
	while (door->tries < tries)
		g_cond_wait(&door->cond, &door->mutex);
	g_mutex_unlock(&door->mutex);
}

static int
send_request(CsTestHttpd *httpd, const char *path, const char *body)
{
	g_autofree char *request =
		g_strdup_printf("POST %s" CLOSING "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
				path, strlen(body), body);
	int fd = cs_test_connect(cs_test_httpd_get_port(httpd));

	cs_test_send(fd, request, -1);
	return fd;
}

static void
expect_answer(int fd, const char *status, const char *body)
{
	g_autofree char *answer = cs_test_read_to_end(fd);

	g_test_message("%.200s", answer);
	g_assert_true(g_str_has_prefix(answer, status));
	g_assert_true(g_str_has_suffix(answer, body));
}

/* Others are served meanwhile; when it is handed over again it is the same request, and only what
 * need wait no longer is. */
static void
test_retry(void)
{
	Door door = {0};
	g_autoptr(CsTestHttpd) httpd =
		cs_test_httpd_start_patient(answer_door, &door, NEVER_MS, MAX_PATIENCE, 0);
	int first = send_request(httpd, "/wait/a", "body of a");
	int second;

	wait_for_tries(&door, 1);
	second = send_request(httpd, "/wait/b", "body of b");
	wait_for_tries(&door, 2);
	expect_answer(send_request(httpd, "/now", ""), "HTTP/1.1 200 ", "/now|try 2||known");
	cs_test_httpd_retry(httpd, awaits_path_cb, (gpointer) "/wait/neither");
	open_door(&door);
	cs_test_httpd_retry(httpd, awaits_path_cb, (gpointer) "/wait/b");
	expect_answer(second, "HTTP/1.1 200 ", "/wait/b|try 2|body of b|known");
	g_assert_cmpuint(door.tries, ==, 3);
	cs_test_httpd_retry(httpd, awaits_path_cb, (gpointer) "/wait/a");
	expect_answer(first, "HTTP/1.1 200 ", "/wait/a|try 1|body of a|known");
	g_assert_cmpuint(door.tries, ==, 4);
	g_assert_cmpuint(door.last_tries, ==, 0);
}

/* Handed over too early it is postponed again, and keeps the time that it had. */
static void
test_retry_for_nothing(void)
{
	Door door = {0};
	g_autoptr(CsTestHttpd) httpd =
		cs_test_httpd_start_patient(answer_door, &door, NEVER_MS, MAX_PATIENCE, 0);
	int fd = send_request(httpd, "/wait/a", "");

	wait_for_tries(&door, 1);
	for (guint i = 2; i <= 10; i++) {
		cs_test_httpd_retry(httpd, awaits_path_cb, (gpointer) "/wait/a");
		wait_for_tries(&door, i);
	}
	open_door(&door);
	cs_test_httpd_retry(httpd, awaits_path_cb, (gpointer) "/wait/a");
	expect_answer(fd, "HTTP/1.1 200 ", "/wait/a|try 1||known");
}

/* Nobody calls for a retry: its time ends it, and not before. */
static void
test_time_is_up(void)
{
	Door door = {0};
	g_autoptr(CsTestHttpd) httpd =
		cs_test_httpd_start_patient(answer_door, &door, SHORT_MS, MAX_PATIENCE, 0);
	gint64 start_us = g_get_monotonic_time();

	expect_answer(send_request(httpd, "/wait/a", "x"), "HTTP/1.1 200 ", "/wait/a|try 1|x|last");
	g_assert_cmpint(g_get_monotonic_time() - start_us, >=, (gint64)SHORT_MS * 1000);
	g_assert_cmpuint(door.tries, ==, 2);
	g_assert_cmpuint(door.last_tries, ==, 1);
}

/* A handler that cannot make up its mind even then has no answer. */
static void
test_postpones_for_ever(void)
{
	Door door = {0};
	g_autoptr(CsTestHttpd) httpd =
		cs_test_httpd_start_patient(answer_door, &door, SHORT_MS, MAX_PATIENCE, 0);

	expect_answer(send_request(httpd, "/wait/on", ""), "HTTP/1.1 500 ", "}");
	g_assert_cmpuint(door.tries, ==, 2);
}

/* Who comes when all places are taken is answered at once; when one is free again, it is used. */
static void
test_bound(void)
{
	Door door = {0};
	g_autoptr(CsTestHttpd) httpd =
		cs_test_httpd_start_patient(answer_door, &door, NEVER_MS, 2, 0);
	int first = send_request(httpd, "/wait/a", "");
	int second = send_request(httpd, "/wait/b", "");
	int fourth;

	wait_for_tries(&door, 2);
	expect_answer(send_request(httpd, "/wait/c", ""), "HTTP/1.1 200 ", "||last");
	open_door(&door);
	cs_test_httpd_retry(httpd, awaits_path_cb, (gpointer) "/wait/a");
	expect_answer(first, "HTTP/1.1 200 ", "||known");
	g_mutex_lock(&door.mutex);
	door.open = FALSE;
	g_mutex_unlock(&door.mutex);
	fourth = send_request(httpd, "/wait/d", "");
	wait_for_tries(&door, 5);
	g_assert_cmpuint(door.last_tries, ==, 1);
	open_door(&door);
	cs_test_httpd_retry(httpd, awaits_path_cb, (gpointer) "/wait/d");
	expect_answer(fourth, "HTTP/1.1 200 ", "||known");
	cs_test_httpd_retry(httpd, awaits_path_cb, (gpointer) "/wait/b");
	expect_answer(second, "HTTP/1.1 200 ", "||known");
}

/* Between being called and being handed over again it keeps its place, whoever comes before it. */
static void
test_keeps_its_place(void)
{
	Door door = {0};
	g_autoptr(CsTestHttpd) httpd =
		cs_test_httpd_start_patient(answer_door, &door, NEVER_MS, 1, 0);
	g_autofree char *answer = NULL;
	int fd;

	door.poked = httpd;
	fd = send_request(httpd, "/wait/a", "");
	wait_for_tries(&door, 1);
	answer = cs_test_exchange(cs_test_httpd_get_port(httpd),
				  "GET /poke HTTP/1.1\r\nHost: x\r\n\r\n"
				  "GET /wait/b" CLOSING "\r\n",
				  -1);
	g_assert_true(g_str_has_suffix(answer, "||last"));
	wait_for_tries(&door, 3);
	g_assert_cmpuint(door.awaiting, ==, 1);
	open_door(&door);
	cs_test_httpd_retry(httpd, awaits_path_cb, (gpointer) "/wait/a");
	expect_answer(fd, "HTTP/1.1 200 ", "/wait/a|try 1||known");
	g_assert_cmpuint(door.last_tries, ==, 1);
}

/* Stopping waits for nobody's patience: each has its last try, and is answered. */
static void
test_stop(void)
{
	Door door = {0};
	CsTestHttpd *httpd =
		cs_test_httpd_start_patient(answer_door, &door, NEVER_MS, MAX_PATIENCE, 0);
	int fds[8];

	for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
		fds[i] = send_request(httpd, "/wait/a", "");
	wait_for_tries(&door, G_N_ELEMENTS(fds));
	cs_test_httpd_stop(httpd);
	for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
		expect_answer(fds[i], "HTTP/1.1 200 ", "||last");
	g_assert_cmpuint(door.last_tries, ==, G_N_ELEMENTS(fds));
}

/* Who goes away while it waits takes nobody with it, and no place for longer than that. */
static void
test_peer_gone(void)
{
	Door door = {0};
	g_autoptr(CsTestHttpd) httpd =
		cs_test_httpd_start_patient(answer_door, &door, NEVER_MS, 1, 0);
	int fd = send_request(httpd, "/wait/a", "");

	wait_for_tries(&door, 1);
	close(fd);
	expect_answer(send_request(httpd, "/wait/b", ""), "HTTP/1.1 200 ", "||last");
	open_door(&door);
	cs_test_httpd_retry(httpd, awaits_path_cb, (gpointer) "/wait/a");
	expect_answer(send_request(httpd, "/wait/c", ""), "HTTP/1.1 200 ", "||known");
}

/* The deadline of all that a request may take ends those that wait, too: the peer hears no answer,
 * and the place is given back. */
static void
test_request_deadline(void)
{
	Door door = {0};
	g_autoptr(CsTestHttpd) httpd =
		cs_test_httpd_start_patient(answer_door, &door, NEVER_MS, 1, DEADLINE_MS);
	g_autofree char *answer = cs_test_read_to_end(send_request(httpd, "/wait/a", ""));

	g_assert_cmpstr(answer, ==, "");
	open_door(&door);
	cs_test_httpd_retry(httpd, awaits_path_cb, (gpointer) "/wait/a");
	wait_for_tries(&door, 2);
	expect_answer(send_request(httpd, "/now", ""), "HTTP/1.1 200 ", "||known");
}

/* The second request of a connection waits for the first one's answer, and may wait itself. */
static void
test_one_after_another(void)
{
	Door door = {0};
	g_autoptr(CsTestHttpd) httpd =
		cs_test_httpd_start_patient(answer_door, &door, SHORT_MS, MAX_PATIENCE, 0);
	g_autofree char *answer = cs_test_exchange(cs_test_httpd_get_port(httpd),
						   "GET /wait/a HTTP/1.1\r\nHost: x\r\n\r\n"
						   "GET /wait/b" CLOSING "\r\n",
						   -1);

	g_assert_nonnull(strstr(answer, "/wait/a|try 1||last"));
	g_assert_true(g_str_has_suffix(answer, "/wait/b|try 3||last"));
	g_assert_cmpuint(door.tries, ==, 4);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/httpd-postpone/retry", test_retry);
	g_test_add_func("/httpd-postpone/retry-for-nothing", test_retry_for_nothing);
	g_test_add_func("/httpd-postpone/time-is-up", test_time_is_up);
	g_test_add_func("/httpd-postpone/postpones-for-ever", test_postpones_for_ever);
	g_test_add_func("/httpd-postpone/bound", test_bound);
	g_test_add_func("/httpd-postpone/keeps-its-place", test_keeps_its_place);
	g_test_add_func("/httpd-postpone/stop", test_stop);
	g_test_add_func("/httpd-postpone/peer-gone", test_peer_gone);
	g_test_add_func("/httpd-postpone/request-deadline", test_request_deadline);
	g_test_add_func("/httpd-postpone/one-after-another", test_one_after_another);
	return g_test_run();
}
