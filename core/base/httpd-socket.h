/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/socket.h>

/* For httpd.c alone: the listening socket, and the names of peers. */
#define CS_HTTPD_PEER_SIZE_BYTES 64

int cs_httpd_socket_open(const char *host, guint16 port, gboolean has_tls, GError **error);
guint16 cs_httpd_socket_get_port(int fd);
void cs_httpd_socket_format_peer(const struct sockaddr *address,
				 socklen_t length,
				 char peer[CS_HTTPD_PEER_SIZE_BYTES]);
