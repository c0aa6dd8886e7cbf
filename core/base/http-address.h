/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/socket.h>

/* Where a name that somebody else wrote may lead to. */

gboolean cs_http_address_is_known(const struct sockaddr *address); /* IPv4 or IPv6 */
gboolean cs_http_address_is_public(const struct sockaddr *address, gboolean private_allowed);
