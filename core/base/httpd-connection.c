/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd-private.h"

#include "core/base/httpd-socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#define ACCEPTS_AT_ONCE 64
#define ACCEPT_PAUSE_US 100000
#define SWEEP_PAUSE_US	100000

/* One socket. MHD's own time-out is of idleness; this deadline stops a peer that drips. */
struct _CsHttpdConnection {
	GList link;
	int fd;
	gint64 deadline_us;
	char peer[CS_HTTPD_PEER_SIZE_BYTES];
	CsHttpdTls *tls; /* (nullable) what it is answered with, whatever comes after that */
};

static void
restart_deadline(CsHttpd *httpd, CsHttpdConnection *connection)
{
	connection->deadline_us = g_get_monotonic_time() + (gint64)httpd->request_timeout_ms * 1000;
	g_queue_push_tail_link(&httpd->connections, &connection->link);
}

/* Its handshake comes later. */
static void
use_tls(CsHttpd *httpd, struct MHD_Connection *handle, CsHttpdConnection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (httpd->tls == NULL || info == NULL)
		return;
	connection->tls = cs_httpd_tls_ref(httpd->tls);
	cs_httpd_tls_use(connection->tls, info->tls_session);
}

/**
 * cs_httpd_connection_cb:
 * @data: the server
 * @handle: libmicrohttpd's
 * @socket_context: where the #CsHttpdConnection is kept
 * @code: whether it begins or ends
 *
 * A connection begins with the time for its first request running.
 */
void
cs_httpd_connection_cb(void *data,
		       struct MHD_Connection *handle,
		       void **socket_context,
		       enum MHD_ConnectionNotificationCode code)
{
	CsHttpd *httpd = data;
	CsHttpdConnection *connection = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);

		connection = g_new0(CsHttpdConnection, 1);
		connection->link.data = connection;
		connection->fd = info->connect_fd;
		*socket_context = connection;
		use_tls(httpd, handle, connection);
		restart_deadline(httpd, connection);
	} else if (connection != NULL) {
		g_queue_unlink(&httpd->connections, &connection->link);
		g_clear_pointer(&connection->tls, cs_httpd_tls_unref);
		g_free(connection);
		*socket_context = NULL;
	}
}

/**
 * cs_httpd_connection_get:
 * @handle: libmicrohttpd's
 *
 * Returns: (transfer none) (nullable): ours; %NULL when it has ended
 */
CsHttpdConnection *
cs_httpd_connection_get(struct MHD_Connection *handle)
{
	return MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/**
 * cs_httpd_connection_get_peer:
 * @connection: a connection
 * @handle: the same
 *
 * Returns: (transfer none): who is at its other end, a numeric address
 */
const char *
cs_httpd_connection_get_peer(CsHttpdConnection *connection, struct MHD_Connection *handle)
{
	const struct sockaddr *address =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
	socklen_t length = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							  : sizeof(struct sockaddr_in);

	if (connection->peer[0] == '\0')
		cs_httpd_socket_format_peer(address, length, connection->peer);
	return connection->peer;
}

/**
 * cs_httpd_connection_restart:
 * @httpd: the server
 * @connection: (nullable): a connection, a request of which is over
 *
 * The time for its next request runs from now on.
 */
void
cs_httpd_connection_restart(CsHttpd *httpd, CsHttpdConnection *connection)
{
	if (connection == NULL)
		return;
	g_queue_unlink(&httpd->connections, &connection->link);
	restart_deadline(httpd, connection);
}

/**
 * cs_httpd_get_deadline:
 * @httpd: the server
 *
 * Returns: the monotonic time at which the first connection's time is over; -1 where there is none
 */
gint64
cs_httpd_get_deadline(CsHttpd *httpd)
{
	const CsHttpdConnection *first = g_queue_peek_head(&httpd->connections);

	return first != NULL ? first->deadline_us : -1;
}

/**
 * cs_httpd_expire_connections:
 * @httpd: the server
 * @now_us: monotonic time
 *
 * Ends those whose time is over: libmicrohttpd sees the end of the stream and closes, for it has no
 * call of its own for this.
 */
void
cs_httpd_expire_connections(CsHttpd *httpd, gint64 now_us)
{
	CsHttpdConnection *first;

	while ((first = g_queue_peek_head(&httpd->connections)) != NULL &&
	       first->deadline_us <= now_us) {
		shutdown(first->fd, SHUT_RDWR);
		g_queue_unlink(&httpd->connections, &first->link);
		restart_deadline(httpd, first);
	}
}

/**
 * cs_httpd_sweep_connections:
 * @httpd: the server
 * @now_us: monotonic time
 *
 * libmicrohttpd does not see the end of a stream that came together with a part of a request: such a
 * peer would keep its seat until its time is over. Where there is no seat left those that will send
 * no more are looked for, which ends the answer to a peer that has only closed its half, too.
 */
void
cs_httpd_sweep_connections(CsHttpd *httpd, gint64 now_us)
{
	if (httpd->connections.length < CS_HTTPD_CONNECTIONS_MAX || now_us < httpd->sweep_after_us)
		return;
	httpd->sweep_after_us = now_us + SWEEP_PAUSE_US;
	for (const GList *link = httpd->connections.head; link != NULL; link = link->next) {
		const CsHttpdConnection *connection = link->data;
		struct pollfd watched = {connection->fd, POLLRDHUP, 0};

		if (poll(&watched, 1, 0) == 1)
			shutdown(connection->fd, SHUT_RDWR);
	}
}

/**
 * cs_httpd_may_accept:
 * @httpd: the server
 * @now_us: monotonic time
 *
 * Returns: whether there is a seat for one more, and something to seat it with
 */
gboolean
cs_httpd_may_accept(const CsHttpd *httpd, gint64 now_us)
{
	return httpd->connections.length < CS_HTTPD_CONNECTIONS_MAX &&
	       now_us >= httpd->accept_after_us;
}

/**
 * cs_httpd_accept_connections:
 * @httpd: the server
 * @now_us: monotonic time
 *
 * Lets in who waits, some at a time. Out of descriptors or memory the socket stays readable: it is
 * looked away from for a while, or this would spin.
 */
void
cs_httpd_accept_connections(CsHttpd *httpd, gint64 now_us)
{
	for (guint i = 0; i < ACCEPTS_AT_ONCE && cs_httpd_may_accept(httpd, now_us); i++) {
		struct sockaddr_storage address = {0};
		socklen_t length = sizeof(address);
		int fd = accept4(httpd->listen_fd, (struct sockaddr *)&address, &length,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0 && i == 0 && httpd->before_accept != NULL)
			httpd->before_accept(httpd->before_accept_data);
		if (fd >= 0) {
			MHD_add_connection(httpd->daemon, fd, (struct sockaddr *)&address, length);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			httpd->accept_after_us = now_us + ACCEPT_PAUSE_US;
		if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}
