/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

/* Fetching what others sign: CRLs and OCSP answers, over plain HTTP, too (docs/protocol.md). No
 * redirect, no proxy; caps on size and time; and by default no address of this machine or of a
 * private network, judged where the connection is made. Any thread. */
typedef struct {
	const char *url;
	GBytes *body;		  /* (nullable): POST it; else GET */
	const char *content_type; /* of the body */
	gsize max_bytes;	  /* a longer answer is an error */
	guint timeout_ms;	  /* for all of it */
	gboolean private_allowed; /* private networks, too, where the host is a name */
} CsHttpFetch;

/* CS_ERROR_UNREACHABLE "unreachable", "timed-out", "too-large", "tls-untrusted",
 * "address-refused", "http-status"; CS_ERROR_USAGE "url-invalid"; G_IO_ERROR_CANCELLED. */
GBytes *cs_http_fetch(const CsHttpFetch *fetch, GCancellable *cancellable, GError **error);

/* What an administrator may name: http or https, no user name, no fragment. */
gboolean cs_http_check_url(const char *url, GError **error);
/* (transfer full): "host:port", the same for all that one server answers. */
char *cs_http_dup_host(const char *url, GError **error);
/* Whether it lies below the prefix: same scheme, host and port, and the path as far as the prefix
 * has one, whole names, and nothing in it that a server could read as a way out. */
gboolean cs_http_url_is_below(const char *url, const char *prefix);
