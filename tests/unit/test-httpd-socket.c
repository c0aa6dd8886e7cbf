/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd-socket.h"

#include "core/base/httpd.h"

#include "core/base/error.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

static void
assert_fails(const char *host, guint16 port, gboolean has_tls, CsErrorCode code, const char *reason)
{
	g_autoptr(GError) error = NULL;

	g_test_message("%s", host);
	g_assert_cmpint(cs_httpd_socket_open(host, port, has_tls, &error), ==, -1);
	g_assert_error(error, CS_ERROR, (int)code);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

static void
test_loopback(void)
{
	g_autoptr(GError) error = NULL;
	int fd = cs_httpd_socket_open("127.0.0.1", 0, FALSE, &error);
	guint16 port = cs_httpd_socket_get_port(fd);

	g_assert_no_error(error);
	g_assert_cmpuint(port, >, 0);
	g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, !=, 0);
	g_assert_cmpint(fcntl(fd, F_GETFL) & O_NONBLOCK, !=, 0);
	assert_fails("127.0.0.1", port, FALSE, CS_ERROR_STATE, "address-in-use");
	close(fd);
	fd = cs_httpd_socket_open("127.0.0.1", port, FALSE, &error);
	g_assert_no_error(error);
	close(fd);
	fd = cs_httpd_socket_open("127.3.2.1", 0, FALSE, &error);
	g_assert_no_error(error);
	close(fd);
}

static void
test_ipv6(void)
{
	int probe = socket(AF_INET6, SOCK_STREAM, 0);
	const struct sockaddr_in6 address = {.sin6_family = AF_INET6,
					     .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	g_autoptr(GError) error = NULL;
	int fd;

	if (probe < 0 || bind(probe, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		if (probe >= 0)
			close(probe);
		g_test_skip("this machine has no IPv6 loopback address");
		return;
	}
	close(probe);
	fd = cs_httpd_socket_open("::1", 0, FALSE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(cs_httpd_socket_get_port(fd), >, 0);
	close(fd);
}

static void
test_tls_required(void)
{
	static const char *const hosts[] = {
		"0.0.0.0",    "::", "192.0.2.1", "localhost",  "127.1",
		"0x7f.0.0.1", "",   "[::1]",	 "127.0.0.1 ", "::ffff:127.0.0.1"};

	for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++)
		assert_fails(hosts[i], 0, FALSE, CS_ERROR_USAGE, "tls-required");
}

static void
test_with_tls(void)
{
	g_autoptr(GError) error = NULL;
	int fd = cs_httpd_socket_open("0.0.0.0", 0, TRUE, &error);

	g_assert_no_error(error);
	close(fd);
	fd = cs_httpd_socket_open("localhost", 0, TRUE, &error);
	g_assert_no_error(error);
	close(fd);
	assert_fails("not a host", 0, TRUE, CS_ERROR_USAGE, "address-invalid");
	assert_fails("192.0.2.1", 0, TRUE, CS_ERROR_STATE, "state-unavailable");
}

static void
test_peer(void)
{
	const struct sockaddr_in v4 = {.sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
					.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	char peer[CS_HTTPD_PEER_SIZE_BYTES] = "x";

	cs_httpd_socket_format_peer((const struct sockaddr *)&v4, sizeof(v4), peer);
	g_assert_cmpstr(peer, ==, "127.0.0.1");
	cs_httpd_socket_format_peer((const struct sockaddr *)&v6, sizeof(v6), peer);
	g_assert_cmpstr(peer, ==, "::1");
	cs_httpd_socket_format_peer(&none, sizeof(none), peer);
	g_assert_cmpstr(peer, ==, "");
	g_assert_cmpuint(cs_httpd_socket_get_port(-1), ==, 0);
}

static void
test_loopback_peers(void)
{
	static const char *const yes[] = {"127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"};
	static const char *const no[] = {"",	      "128.0.0.1",	  "::",	 "::2",
					 "192.0.2.7", "::ffff:192.0.2.7", "127", "localhost"};

	for (gsize i = 0; i < G_N_ELEMENTS(yes); i++)
		g_assert_true(cs_httpd_is_loopback(yes[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(no); i++)
		g_assert_false(cs_httpd_is_loopback(no[i]));
	g_assert_false(cs_httpd_is_loopback(NULL));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/httpd-socket/loopback", test_loopback);
	g_test_add_func("/httpd-socket/ipv6", test_ipv6);
	g_test_add_func("/httpd-socket/tls-required", test_tls_required);
	g_test_add_func("/httpd-socket/with-tls", test_with_tls);
	g_test_add_func("/httpd-socket/peer", test_peer);
	g_test_add_func("/httpd-socket/loopback-peers", test_loopback_peers);
	return g_test_run();
}
