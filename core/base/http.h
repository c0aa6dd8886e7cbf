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

const char *cs_http_get_version(void); /* of the library that runs */
void cs_http_response_free(CsHttpResponse *response);

CsHttpClient *cs_http_client_new(const char *ca_file, guint timeout_ms);
void cs_http_client_free(CsHttpClient *client);

/* Any HTTP status is an answer; CS_ERROR_UNREACHABLE when none could be had. */
CsHttpResponse *cs_http_client_request(CsHttpClient *client,
				       const char *method,
				       const char *url,
				       const char *json,
				       gsize max_response_bytes,
				       GCancellable *cancellable,
				       GError **error);

/* An organisation's address as its origin ("https://host[:port]"), or CS_ERROR_USAGE. */
char *cs_http_normalise_origin(const char *url, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsHttpClient, cs_http_client_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsHttpResponse, cs_http_response_free)
