/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Requests of all kinds that nobody should make, at one server on the loopback: garbage, half
 * requests, bodies that are too large, tokens that are none, paths that do not exist. Or, all of them,
 * what everybody may ask for and the server has to remember: nonces and challenges. Each connection is a thread's, which sends, reads the answer, and goes on
 * on the same connection while it may; others stand there all the time and say next to nothing.
 *
 *	hostile mixed|open PORT REQUESTS SEED
 *
 * It prints how many answers of each status there were, "STATUS COUNT" a line; status 0: none. */

#define CONNECTIONS    8
#define STALLED	       32
#define LARGE_BYTES    300000 /* more than is ever read */
#define ANSWER_MAX     65536
#define STATUS_MAX     600
#define WAIT_S	       20
#define STEADY_CONTENT "Content-Type: application/json\r\n"

typedef struct {
	guint16 port;
	guint requests;
	gboolean opens;
	GRand *dice;
	int fd; /* -1: closed */
	guint counts[STATUS_MAX];
	char answer[ANSWER_MAX + 1];
} Client;

/* ---- the wire ---- */

static int
connect_to(guint16 port)
{
	const struct timeval wait = {.tv_sec = WAIT_S};
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int at_once = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), ==, 0);
	g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)), ==, 0);
	g_assert_cmpint(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once)), ==, 0);
	g_assert_cmpint(connect(fd, (const struct sockaddr *)&address, sizeof(address)), ==, 0);
	return fd;
}

static void
hang_up(Client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static gboolean
send_all(Client *client, const char *data, gsize length)
{
	if (client->fd < 0)
		client->fd = connect_to(client->port);
	while (length > 0) {
		ssize_t sent = send(client->fd, data, length, MSG_NOSIGNAL);
		if (sent <= 0)
			return FALSE;
		data += sent;
		length -= (gsize)sent;
	}
	return TRUE;
}

/* The length of the whole answer, once its head is there; 0 before. */
static gsize
find_end(const char *answer)
{
	const char *head_end = strstr(answer, "\r\n\r\n");
	const char *length = strcasestr(answer, "\r\ncontent-length:");

	if (head_end == NULL)
		return 0;
	gsize head = (gsize)(head_end - answer) + 4;
	if (length == NULL || length > head_end)
		return head;
	return head + (gsize)g_ascii_strtoull(length + strlen("\r\ncontent-length:"), NULL, 10);
}

/* One answer, and its status; 0 where none came. */
static guint
receive(Client *client)
{
	gsize length = 0;
	gsize end = 0;

	while (end == 0 || length < end) {
		ssize_t got = recv(client->fd, client->answer + length, ANSWER_MAX - length, 0);
		if (got <= 0)
			return 0;
		length += (gsize)got;
		client->answer[length] = '\0';
		end = find_end(client->answer);
		g_assert_cmpuint(end, <=, ANSWER_MAX);
	}
	if (!g_str_has_prefix(client->answer, "HTTP/1.1 "))
		return 0;
	return (guint)g_ascii_strtoull(client->answer + strlen("HTTP/1.1 "), NULL, 10) % STATUS_MAX;
}

/* Sends, and counts the answer. */
static void
exchange(Client *client, const char *data, gsize length)
{
	guint status = 0;

	if (send_all(client, data, length))
		status = receive(client);
	client->counts[status]++;
	if (status == 0 || strcasestr(client->answer, "\r\nconnection: close") != NULL)
		hang_up(client);
}

static void
request(Client *client,
	const char *method,
	const char *path,
	const char *headers,
	const char *body,
	gsize length)
{
	g_autoptr(GString) text = g_string_new(NULL);

	g_string_printf(
		text, "%s %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
		method, path, headers, length);
	g_string_append_len(text, body, (gssize)length);
	exchange(client, text->str, text->len);
}

/* ---- what it sends ---- */

static guint
roll(Client *client, guint below)
{
	return (guint)g_rand_int_range(client->dice, 0, (gint32)below);
}

static void
fill(Client *client, char *out, gsize length, const char *alphabet)
{
	gsize letters = alphabet != NULL ? strlen(alphabet) : 0;

	for (gsize i = 0; i < length; i++)
		out[i] = letters > 0 ? alphabet[roll(client, (guint)letters)]
				     : (char)roll(client, 256);
}

static const struct {
	const char *method;
	const char *path;
	const char *members; /* of its object */
} calls[] = {
	{"POST", "/v1/transactions", "account\0application\0"},
	{"POST", "/v1/accounts", "code\0enroll\0device\0"},
	{"DELETE", "/v1/accounts/nobody", "delete\0"},
	{"POST", "/v1/transactions/nothing/response", "response\0device_proof\0attestation\0"},
	{"POST", "/v1/device", "query\0"},
	{"GET", "/.well-known/countersign", NULL},
	{"GET", "/crl/nobody.crl", NULL},
};

/* An object with the right members, and nothing right in them. */
static void
send_object(Client *client)
{
	guint call = roll(client, G_N_ELEMENTS(calls));
	g_autoptr(GString) body = g_string_new("{");
	const char *member = calls[call].members;
	char value[512];

	for (; member != NULL && *member != '\0'; member += strlen(member) + 1) {
		gsize length = roll(client, sizeof(value));
		fill(client, value, length, "eyJabcdefgh0123456789-_..");
		g_string_append_printf(body, "%s\"%s\":\"%.*s\"", body->len > 1 ? "," : "", member,
				       (int)length, value);
	}
	g_string_append_c(body, '}');
	request(client, calls[call].method, calls[call].path, STEADY_CONTENT, body->str, body->len);
}

static void
send_garbage_body(Client *client)
{
	guint call = roll(client, G_N_ELEMENTS(calls));
	char body[2048];
	gsize length = roll(client, sizeof(body));

	fill(client, body, length,
	     roll(client, 2) == 0 ? NULL : "{}[]\":,0123456789eE+-.\\u truefalsn");
	request(client, calls[call].method, calls[call].path, STEADY_CONTENT, body, length);
}

static void
send_odd_path(Client *client)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "HEADERS", "x"};
	char path[256] = "/";
	gsize length = 1 + roll(client, sizeof(path) - 2);

	fill(client, path + 1, length - 1, "abcv1/%2e.-_~transactions");
	path[length] = '\0';
	request(client, methods[roll(client, G_N_ELEMENTS(methods))], path, "", "", 0);
}

static void
send_odd_type(Client *client)
{
	guint call = roll(client, G_N_ELEMENTS(calls));

	request(client, calls[call].method, calls[call].path,
		roll(client, 2) == 0 ? "" : "Content-Type: text/html\r\n", "{}", 2);
}

static void
send_open(Client *client)
{
	g_autofree char *body = g_strdup_printf("{\"account\":\"a%u\"}", roll(client, G_MAXINT32));

	if (roll(client, 2) == 0)
		request(client, "POST", "/v1/nonce", STEADY_CONTENT, "{}", 2);
	else
		request(client, "POST", "/v1/transactions", STEADY_CONTENT, body, strlen(body));
}

/* Perhaps it is answered, perhaps the server waits for more of it: nobody stays to hear. */
static void
send_and_go(Client *client, const char *data, gsize length)
{
	send_all(client, data, length);
	client->counts[0]++;
	hang_up(client);
}

static void
send_garbage(Client *client)
{
	char data[1024];
	gsize length = 1 + roll(client, sizeof(data) - 3);

	fill(client, data, length, NULL);
	memcpy(data + length, "\r\n", 2);
	send_and_go(client, data, length + 2);
}

static void
send_half(Client *client)
{
	static const char text[] = "POST /v1/accounts HTTP/1.1\r\nHost: a\r\n" STEADY_CONTENT
				   "Content-Length: 1000\r\n\r\n{\"code\":\"";

	send_and_go(client, text, 1 + roll(client, sizeof(text) - 1));
}

static void
send_long_header(Client *client)
{
	gsize length = 1024 + roll(client, 65536);
	g_autofree char *value = g_strnfill(length, 'h');
	g_autofree char *header = g_strdup_printf("X-Long: %s\r\n", value);

	request(client, "POST", "/v1/device", header, "{}", 2);
}

static void
send_large(Client *client)
{
	static const char promise[] = "POST /v1/device HTTP/1.1\r\nHost: a\r\n" STEADY_CONTENT
				      "Content-Length: 99999999999\r\n\r\n";
	g_autofree char *body = g_strnfill(LARGE_BYTES, '[');

	if (roll(client, 10) == 0) {
		request(client, "POST", "/v1/device", STEADY_CONTENT, body, LARGE_BYTES);
		return;
	}
	exchange(client, promise, sizeof(promise) - 1);
	hang_up(client);
}

static void
send_chunks(Client *client)
{
	static const char head[] = "POST /v1/device HTTP/1.1\r\nHost: a\r\n" STEADY_CONTENT
				   "Transfer-Encoding: chunked\r\n\r\n";
	static const char *const bodies[] = {"2\r\n{}\r\n0\r\n\r\n", "zz\r\n{}\r\n0\r\n\r\n",
					     "ffffffffffffffff1\r\n{}", "0\r\nX: y\r\n\r\n"};
	g_autofree char *text = g_strconcat(head, bodies[roll(client, G_N_ELEMENTS(bodies))], NULL);

	send_and_go(client, text, strlen(text));
}

/* In two parts, with a pause that lets the server turn to others. */
static void
send_slowly(Client *client)
{
	static const char text[] = "POST /v1/device HTTP/1.1\r\nHost: a\r\n" STEADY_CONTENT
				   "Content-Length: 2\r\n\r\n{}";
	gsize half = 1 + roll(client, sizeof(text) - 2);

	if (send_all(client, text, half)) {
		g_usleep(1000);
		exchange(client, text + half, sizeof(text) - 1 - half);
	}
}

static void
send_question(Client *client)
{
	char body[512];
	gsize length = roll(client, sizeof(body));

	fill(client, body, length, NULL);
	request(client, "POST", "/ocsp/nobody", "Content-Type: application/ocsp-request\r\n", body,
		length);
}

/* Of a hundred. */
static const struct {
	guint weight;
	void (*send)(Client *client);
} kinds[] = {
	{37, send_object}, {30, send_garbage_body}, {10, send_odd_path},   {6, send_odd_type},
	{4, send_garbage}, {3, send_half},	    {1, send_long_header}, {1, send_large},
	{2, send_chunks},  {2, send_slowly},	    {4, send_question},
};

static void
send_one(Client *client)
{
	guint left = roll(client, 100);

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (left < kinds[i].weight) {
			kinds[i].send(client);
			return;
		}
		left -= kinds[i].weight;
	}
	g_assert_not_reached();
}

static gpointer
client_thread_cb(gpointer data)
{
	Client *client = data;

	for (guint i = 0; i < client->requests; i++)
		(client->opens ? send_open : send_one)(client);
	hang_up(client);
	return NULL;
}

/* ---- beginning and end ---- */

static void
print_counts(const Client *clients)
{
	for (guint status = 0; status < STATUS_MAX; status++) {
		guint count = 0;

		for (guint i = 0; i < CONNECTIONS; i++)
			count += clients[i].counts[status];
		if (count > 0)
			(void)printf("%u %u\n", status, count);
	}
}

int
main(int argc, char **argv)
{
	guint64 port = 0, requests = 0, seed = 0;
	g_autofree Client *clients = g_new0(Client, CONNECTIONS);
	GThread *threads[CONNECTIONS];
	int stalled[STALLED];

	if (argc != 5 || !g_ascii_string_to_unsigned(argv[2], 10, 1, G_MAXUINT16, &port, NULL) ||
	    !g_ascii_string_to_unsigned(argv[3], 10, 1, G_MAXINT32, &requests, NULL) ||
	    !g_ascii_string_to_unsigned(argv[4], 10, 0, G_MAXUINT32, &seed, NULL)) {
		(void)fprintf(stderr, "usage: hostile mixed|open PORT REQUESTS SEED\n");
		return 2;
	}
	for (guint i = 0; i < STALLED; i++) {
		stalled[i] = connect_to((guint16)port);
		g_assert_cmpint(send(stalled[i], "POST /v1/n", i % 10, MSG_NOSIGNAL), >=, 0);
	}
	for (guint i = 0; i < CONNECTIONS; i++) {
		clients[i] = (Client){.port = (guint16)port,
				      .requests = (guint)requests / CONNECTIONS,
				      .opens = strcmp(argv[1], "open") == 0,
				      .dice = g_rand_new_with_seed((guint32)(seed + i)),
				      .fd = -1};
		threads[i] = g_thread_new("client", client_thread_cb, &clients[i]);
	}
	for (guint i = 0; i < CONNECTIONS; i++) {
		g_thread_join(threads[i]);
		g_rand_free(clients[i].dice);
	}
	for (guint i = 0; i < STALLED; i++)
		close(stalled[i]);
	print_counts(clients);
	return 0;
}
