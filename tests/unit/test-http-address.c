/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/http-address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static struct sockaddr_storage
make(const char *text)
{
	struct sockaddr_storage storage = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;

	if (strchr(text, ':') == NULL) {
		v4->sin_family = AF_INET;
		g_assert_cmpint(inet_pton(AF_INET, text, &v4->sin_addr), ==, 1);
	} else {
		v6->sin6_family = AF_INET6;
		g_assert_cmpint(inet_pton(AF_INET6, text, &v6->sin6_addr), ==, 1);
	}
	return storage;
}

static void
assert_public(const char *text, gboolean is_public, gboolean with_private)
{
	struct sockaddr_storage storage = make(text);
	const struct sockaddr *address = (const struct sockaddr *)&storage;

	g_test_message("%s", text);
	g_assert_true(cs_http_address_is_known(address));
	g_assert_cmpint(cs_http_address_is_public(address, FALSE), ==, is_public);
	g_assert_cmpint(cs_http_address_is_public(address, TRUE), ==, with_private);
}

/* The first and the last of each network, and what lies beside it. */
static void
test_public(void)
{
	static const char *const addresses[] = {
		"1.1.1.1",	   "9.255.255.255",   "11.0.0.0",	"100.63.255.255",
		"100.128.0.0",	   "126.255.255.255", "128.0.0.0",	"169.253.255.255",
		"169.255.0.0",	   "172.15.255.255",  "172.32.0.0",	"192.0.1.0",
		"192.167.255.255", "192.169.0.0",     "198.17.255.255", "198.20.0.0",
		"223.255.255.255", "2001:1::1",	      "2001:db7::1",	"2003::1",
		"2a00::1",	   "::ffff:9.9.9.9",  "fbff::1",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++)
		assert_public(addresses[i], TRUE, TRUE);
}

static void
test_private(void)
{
	static const char *const addresses[] = {
		"10.0.0.0",	   "10.255.255.255",  "172.16.0.0", "172.31.255.255",
		"192.168.0.0",	   "192.168.255.255", "100.64.0.0", "100.127.255.255",
		"fc00::",	   "fdff:ffff::1",    "fec0::1",    "feff:ffff::1",
		"::ffff:10.1.2.3",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++)
		assert_public(addresses[i], FALSE, TRUE);
}

static void
test_never(void)
{
	static const char *const addresses[] = {
		"0.0.0.0",	   "0.255.255.255",   "127.0.0.1",    "127.255.255.255",
		"169.254.0.0",	   "169.254.169.254", "192.0.0.0",    "192.0.0.255",
		"198.18.0.0",	   "198.19.255.255",  "224.0.0.1",    "239.255.255.255",
		"240.0.0.1",	   "255.255.255.255", "::",	      "::1",
		"::7f00:1",	   "fe80::1",	      "febf:ffff::1", "ff02::1",
		"64:ff9b::7f00:1", "2002:7f00:1::",   "2001::1",      "::ffff:127.0.0.1",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++)
		assert_public(addresses[i], FALSE, FALSE);
}

static void
test_other_families(void)
{
	const struct sockaddr_un local = {.sun_family = AF_UNIX};

	g_assert_false(cs_http_address_is_known((const struct sockaddr *)&local));
	g_assert_false(cs_http_address_is_public((const struct sockaddr *)&local, TRUE));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/http-address/public", test_public);
	g_test_add_func("/http-address/private", test_private);
	g_test_add_func("/http-address/never", test_never);
	g_test_add_func("/http-address/other-families", test_other_families);
	return g_test_run();
}
