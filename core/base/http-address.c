/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/http-address.h"

#include <netinet/in.h>
#include <string.h>

#define ADDRESS_BYTES 16 /* IPv6 */

typedef struct {
	guint8 bytes[ADDRESS_BYTES];
	guint bits;
	gboolean only_private; /* others are never reached by a name */
} Network;

/* Written as IPv6; IPv4 is within ::ffff:0:0/96. */
#define V4(a, b)                                                                                   \
	{                                                                                          \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b                                     \
	}
static const Network networks[] = {
	{V4(10, 0), 104, TRUE},
	{V4(172, 16), 108, TRUE},
	{V4(192, 168), 112, TRUE},
	{V4(100, 64), 106, TRUE},
	{{0xfc}, 7, TRUE},
	{{0xfe, 0xc0}, 10, TRUE}, /* site-local, of old */
	{V4(0, 0), 104, FALSE},
	{V4(127, 0), 104, FALSE},
	{V4(169, 254), 112, FALSE},
	{V4(192, 0), 120, FALSE},
	{V4(198, 18), 111, FALSE},
	{V4(224, 0), 99, FALSE}, /* multicast, reserved, broadcast */
	{{0xfe, 0x80}, 10, FALSE},
	{{0xff}, 8, FALSE},
	{{0}, 96, FALSE},		    /* ::, ::1, IPv4-compatible */
	{{0, 0x64, 0xff, 0x9b}, 32, FALSE}, /* NAT64: an IPv4 address hides in it */
	{{0x20, 0x02}, 16, FALSE},	    /* 6to4, likewise */
	{{0x20, 0x01, 0, 0}, 32, FALSE},    /* Teredo, likewise */
};

static gboolean
is_within(const guint8 *address, const Network *network)
{
	for (guint i = 0; i < network->bits; i++) {
		guint8 mask = (guint8)(0x80 >> i % 8);

		if (((address[i / 8] ^ network->bytes[i / 8]) & mask) != 0)
			return FALSE;
	}
	return TRUE;
}

static gboolean
read_address(const struct sockaddr *address, guint8 bytes[static ADDRESS_BYTES])
{
	static const guint8 mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	if (address->sa_family == AF_INET) {
		memcpy(bytes, mapped, sizeof(mapped));
		memcpy(bytes + sizeof(mapped), &((const struct sockaddr_in *)address)->sin_addr, 4);
		return TRUE;
	}
	if (address->sa_family != AF_INET6)
		return FALSE;
	memcpy(bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, ADDRESS_BYTES);
	return TRUE;
}

/**
 * cs_http_address_is_known:
 * @address: where a connection would be made to
 *
 * Returns: whether it is an IPv4 or IPv6 address
 */
gboolean
cs_http_address_is_known(const struct sockaddr *address)
{
	guint8 bytes[ADDRESS_BYTES];

	return read_address(address, bytes);
}

/**
 * cs_http_address_is_public:
 * @address: where a connection would be made to
 * @private_allowed: private networks, too
 *
 * Returns: whether a name may lead there: not to this machine, its link or site, a group, what is
 *   reserved, or where another address hides in it
 */
gboolean
cs_http_address_is_public(const struct sockaddr *address, gboolean private_allowed)
{
	guint8 bytes[ADDRESS_BYTES];

	if (!read_address(address, bytes))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(networks); i++) {
		if (is_within(bytes, &networks[i]))
			return private_allowed && networks[i].only_private;
	}
	return TRUE;
}
