/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/http-url.h"

#include <gio/gio.h>

/* For http*.c alone: what every exchange by HTTP keeps to, whatever is exchanged. */
typedef struct {
	const char *ca_file; /* (nullable): trusted for TLS in place of the system's authorities */
	guint timeout_ms;    /* for all of it */
	gsize max_bytes;     /* of the answer's body */
	GCancellable *cancellable; /* (nullable) */
	GByteArray *body;	   /* what has come */
	gsize headers_bytes;
	gboolean too_large;
} CsHttpExchange;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURL, curl_easy_cleanup)

/* (nullable): curl would not start. */
CURL *cs_http_exchange_new_handle(void);
/* FALSE: this curl cannot. */
gboolean cs_http_exchange_set_up(CsHttpExchange *exchange, CURL *curl, const CsHttpUrl *url);
/* Of one that failed: a code, and words. */
const char *cs_http_exchange_get_reason(const CsHttpExchange *exchange, CURLcode code);
const char *cs_http_exchange_get_words(const CsHttpExchange *exchange, CURLcode code);
