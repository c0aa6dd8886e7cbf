/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/load.h"

#include "tests/fixtures/http-fixture.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define END_OF_HEAD    "\r\n\r\n"
#define LENGTH_HEADER  "Content-Length: "
#define STATUS_FINE    "HTTP/1.1 200 "
#define READ_BYTES     16384
#define EVENTS_AT_ONCE 64

typedef struct {
	int fd;
	CsLoadCall *const *call; /* the one under way */
	guint left;		 /* it and those after it */
	gint64 sent_us;
} Client;

void
cs_load_call_init(CsLoadCall *call, const char *method, const char *path, const char *body)
{
	call->request = g_string_new(NULL);
	call->answer = g_string_sized_new(READ_BYTES);
	call->time_ms = 0;
	g_string_printf(call->request, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", method, path);
	if (body == NULL)
		g_string_append(call->request, "\r\n");
	else
		g_string_append_printf(call->request,
				       "Content-Type: application/json\r\n" LENGTH_HEADER
				       "%zu" END_OF_HEAD "%s",
				       strlen(body), body);
}

void
cs_load_call_clear(CsLoadCall *call)
{
	g_string_free(call->request, TRUE);
	g_string_free(call->answer, TRUE);
}

const char *
cs_load_call_get_body(const CsLoadCall *call)
{
	return strstr(call->answer->str, END_OF_HEAD) + strlen(END_OF_HEAD);
}

/* Loopback takes a request of some KB at once; answers are read as they come. */
static void
send_call(Client *client)
{
	const GString *request = (*client->call)->request;

	client->sent_us = g_get_monotonic_time();
	g_assert_cmpint(send(client->fd, request->str, request->len, MSG_NOSIGNAL), ==,
			(gssize)request->len);
}

static gboolean
is_whole(const GString *answer)
{
	const char *end = strstr(answer->str, END_OF_HEAD);
	const char *length = strstr(answer->str, LENGTH_HEADER);

	if (end == NULL)
		return FALSE;
	g_assert_true(length != NULL && length < end);
	g_assert_true(g_str_has_prefix(answer->str, STATUS_FINE));
	return answer->len == (gsize)(end - answer->str) + strlen(END_OF_HEAD) +
				      g_ascii_strtoull(length + strlen(LENGTH_HEADER), NULL, 10);
}

/* Returns whether the client has heard all its answers with this. */
static gboolean
hear(Client *client)
{
	char octets[READ_BYTES];
	gssize count = recv(client->fd, octets, sizeof(octets), 0);

	g_assert_cmpint(count, >, 0);
	g_string_append_len((*client->call)->answer, octets, count);
	if (!is_whole((*client->call)->answer))
		return FALSE;
	(*client->call)->time_ms = (double)(g_get_monotonic_time() - client->sent_us) / 1000;
	client->left--;
	if (client->left == 0)
		return TRUE;
	client->call++;
	send_call(client);
	return FALSE;
}

static void
hear_all(int epoll_fd, guint n_clients)
{
	struct epoll_event events[EVENTS_AT_ONCE];

	while (n_clients > 0) {
		int count = epoll_wait(epoll_fd, events, EVENTS_AT_ONCE, -1);

		g_assert_cmpint(count, >, 0);
		for (int i = 0; i < count; i++)
			n_clients -= hear(events[i].data.ptr) ? 1 : 0;
	}
}

double
cs_load_run(guint16 port, CsLoadCall *const *calls, guint n_clients, guint n_calls)
{
	g_autofree Client *clients = g_new0(Client, n_clients);
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	gint64 began_us;
	double seconds;

	for (guint i = 0; i < n_clients; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};

		clients[i] = (Client){
			.fd = cs_test_connect(port),
			.call = &calls[(gsize)i * n_calls],
			.left = n_calls,
		};
		g_assert_cmpint(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, clients[i].fd, &event), ==, 0);
	}
	began_us = g_get_monotonic_time();
	for (guint i = 0; i < n_clients; i++)
		send_call(&clients[i]);
	hear_all(epoll_fd, n_clients);
	seconds = (double)(g_get_monotonic_time() - began_us) / G_USEC_PER_SEC;
	for (guint i = 0; i < n_clients; i++)
		close(clients[i].fd);
	close(epoll_fd);
	return seconds;
}
