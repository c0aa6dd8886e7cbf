/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd-socket.h"

#include "core/base/error.h"
#include "core/base/httpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib/gi18n-lib.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

/* More than the connections served at once: the rest waits here rather than being refused. */
#define BACKLOG 1024

/* inet_pton, not getaddrinfo: "127.1" is not how anybody should spell what is served unencrypted. */
static gboolean
is_literal_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static int
listen_on(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1;
	int saved_errno;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	saved_errno = errno;
	close(fd);
	errno = saved_errno;
	return -1;
}

/**
 * cs_httpd_socket_open:
 * @host: a literal address, or with @has_tls a name that resolves to one of ours
 * @port: port, 0 for a free one
 * @has_tls: whether what is said there will be encrypted
 * @error: %CS_ERROR_USAGE with the reasons "tls-required" and "address-invalid";
 *   %CS_ERROR_STATE, reason "address-in-use" or the code's own
 *
 * Returns: a listening socket, non-blocking and closed on exec; -1 on error.
 */
int
cs_httpd_socket_open(const char *host, guint16 port, gboolean has_tls, GError **error)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV | (has_tls ? 0 : AI_NUMERICHOST),
	};
	g_autofree char *service = g_strdup_printf("%u", port);
	struct addrinfo *addresses = NULL;
	int saved_errno = 0;
	int fd = -1;

	if (!has_tls && !is_literal_loopback(host)) {
		cs_error_set(error, CS_ERROR_USAGE, "tls-required",
			     _("without a TLS certificate and key only a literal loopback address "
			       "can be served"));
		return -1;
	}
	if (getaddrinfo(host, service, &hints, &addresses) != 0) {
		cs_error_set(error, CS_ERROR_USAGE, "address-invalid", _("%s is not an address"),
			     host);
		return -1;
	}
	for (const struct addrinfo *next = addresses; next != NULL && fd < 0;
	     next = next->ai_next) {
		fd = listen_on(next);
		saved_errno = errno;
	}
	freeaddrinfo(addresses);
	if (fd < 0)
		cs_error_set(
			error, CS_ERROR_STATE, saved_errno == EADDRINUSE ? "address-in-use" : NULL,
			_("cannot listen on %s port %u: %s"), host, port, g_strerror(saved_errno));
	return fd;
}

/**
 * cs_httpd_socket_get_port:
 * @fd: a bound socket
 *
 * Returns: its port; 0 where it has none.
 */
guint16
cs_httpd_socket_get_port(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		return 0;
	if (address.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)&address)->sin_port);
	if (address.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)&address)->sin6_port);
	return 0;
}

/**
 * cs_httpd_socket_format_peer:
 * @address: whom accept() named
 * @length: its bytes
 * @peer: (out caller-allocates): the numeric address without the port, "" where there is none
 *
 * An address is where the bytes came from last; it proves nothing about who sent them.
 */
void
cs_httpd_socket_format_peer(const struct sockaddr *address,
			    socklen_t length,
			    char peer[CS_HTTPD_PEER_SIZE_BYTES])
{
	if (getnameinfo(address, length, peer, CS_HTTPD_PEER_SIZE_BYTES, NULL, 0, NI_NUMERICHOST) !=
	    0)
		peer[0] = '\0';
}

/**
 * cs_httpd_is_loopback:
 * @peer: (nullable): a request's peer
 *
 * That it came from this machine; not from whom: a proxy on it hands on what comes from anywhere.
 *
 * Returns: whether it is an address of the loopback interface
 */
gboolean
cs_httpd_is_loopback(const char *peer)
{
	static const char mapped[] = "::ffff:";

	if (peer == NULL)
		return FALSE;
	return is_literal_loopback(g_str_has_prefix(peer, mapped) ? peer + strlen(mapped) : peer);
}
