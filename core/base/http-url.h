/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <curl/curl.h>
#include <glib.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURLU, curl_url_cleanup)

/* For http*.c alone: an address that curl understands exactly as it is written, and that we may
 * talk to: HTTPS, or plain HTTP to a literal loopback address. */
typedef struct {
	CURLU *parts;
	char *scheme;	      /* "https" or "http" */
	char *host;	      /* lower case, an IPv6 address in its brackets */
	char *port;	      /* (nullable): where the address names one */
	gboolean is_loopback; /* literally */
	gboolean is_address;  /* literally: no name is looked up */
} CsHttpUrl;

gboolean cs_http_url_parse(const char *url, CsHttpUrl *parsed, GError **error);
/* Plain HTTP to anywhere, too: for what is signed by itself (docs/protocol.md). */
gboolean cs_http_url_parse_plain(const char *url, CsHttpUrl *parsed, GError **error);
void cs_http_url_clear(CsHttpUrl *parsed);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CsHttpUrl, cs_http_url_clear)
