/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

/* The one file that knows libcurl. HTTPS, and plain HTTP only to a literal loopback address; no
 * redirects; size and time caps. Thread: each client is used by one thread at a time. */
typedef struct _CsHttpClient CsHttpClient;

typedef struct {
	guint status;
	char *content_type; /* (nullable), without parameters, lower case */
	GBytes *body;
} CsHttpResponse;

void cs_http_response_free(CsHttpResponse *response);

/* ca_file (nullable): PEM trusted for TLS in place of the system's. timeout_ms bounds a whole
 * request, 1 to 600000. */
CsHttpClient *cs_http_client_new(const char *ca_file, guint timeout_ms);
void cs_http_client_free(CsHttpClient *client);

/* method "GET", "POST" or "DELETE"; json (nullable) is the body. Any HTTP status is an answer
 * (TRUE); CS_ERROR_UNREACHABLE when none could be had (reasons "unreachable", "too-large",
 * "timed-out", "tls-untrusted"). Cancelling is G_IO_ERROR_CANCELLED. */
CsHttpResponse *cs_http_client_request(CsHttpClient *client,
				       const char *method,
				       const char *url,
				       const char *json,
				       gsize max_response_bytes,
				       GCancellable *cancellable,
				       GError **error);

/* Normalises an organisation's address to its origin ("https://host[:port]", lower case, default
 * port dropped, no trailing slash). Refuses user info, path, query, fragment, and plain HTTP to
 * anything but a literal loopback address (127.0.0.0/8, ::1). CS_ERROR_USAGE, "url-invalid". */
char *cs_http_normalise_origin(const char *url, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsHttpClient, cs_http_client_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsHttpResponse, cs_http_response_free)
