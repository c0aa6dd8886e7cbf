/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/http.h"

#include "core/base/error.h"
#include "core/base/http-exchange.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define TIMEOUT_MAX_MS 600000

struct _CsHttpClient {
	CURL *curl; /* kept between requests for its open connections; NULL: curl would not start */
	char *ca_file;
	guint timeout_ms;
};

/**
 * cs_http_response_free:
 * @response: (nullable) (transfer full): an answer
 */
void
cs_http_response_free(CsHttpResponse *response)
{
	if (response == NULL)
		return;
	g_free(response->content_type);
	g_bytes_unref(response->body);
	g_free(response);
}

/**
 * cs_http_client_new:
 * @ca_file: (nullable): PEM file trusted for TLS in place of the system's authorities
 * @timeout_ms: bound of a whole request, 1 to 600000
 *
 * Returns: (transfer full): a client, for one thread at a time. It keeps connections open between
 * requests.
 */
CsHttpClient *
cs_http_client_new(const char *ca_file, guint timeout_ms)
{
	CsHttpClient *client = g_new0(CsHttpClient, 1);

	client->ca_file = g_strdup(ca_file);
	client->timeout_ms = CLAMP(timeout_ms, 1, TIMEOUT_MAX_MS);
	client->curl = cs_http_exchange_new_handle();
	return client;
}

/**
 * cs_http_client_free:
 * @client: (nullable) (transfer full): a client without a request under way
 *
 * Closes its connections.
 */
void
cs_http_client_free(CsHttpClient *client)
{
	if (client == NULL)
		return;
	curl_easy_cleanup(client->curl);
	g_free(client->ca_file);
	g_free(client);
}

/* curl's own longer message is left out: it quotes what the peer sent. */
static void
set_error_from_code(GError **error,
		    CURLcode code,
		    const CsHttpExchange *exchange,
		    const CsHttpUrl *url)
{
	if (g_cancellable_set_error_if_cancelled(exchange->cancellable, error))
		return;
	cs_error_set(error, CS_ERROR_UNREACHABLE, cs_http_exchange_get_reason(exchange, code),
		     _("no answer from %s: %s"), url->host,
		     cs_http_exchange_get_words(exchange, code));
}

/* A proxy would see what is said to the loopback address, and would take it for its own. */
static gboolean
set_proxy(CURL *curl, const CsHttpUrl *url)
{
	return !url->is_loopback || curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK;
}

static gboolean
set_method(CURL *curl, const char *method, const char *json)
{
	gboolean is_post = strcmp(method, "POST") == 0;
	const char *body = json != NULL || !is_post ? json : "";

	if (body != NULL && (curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) != CURLE_OK ||
			     curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
					      (curl_off_t)strlen(body)) != CURLE_OK))
		return FALSE;
	return is_post || curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
}

/* (transfer full) (nullable) */
static struct curl_slist *
make_headers(gboolean has_body)
{
	const char *const texts[] = {"Accept: application/json", "Expect:",
				     has_body ? "Content-Type: application/json" : "Content-Type:"};
	struct curl_slist *headers = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct curl_slist *longer = curl_slist_append(headers, texts[i]);

		if (longer == NULL) {
			curl_slist_free_all(headers);
			return NULL;
		}
		headers = longer;
	}
	return headers;
}

static char *
dup_content_type(CURL *curl)
{
	char *raw = NULL;
	g_autofree char *bare = NULL;

	if (curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &raw) != CURLE_OK || raw == NULL)
		return NULL;
	bare = g_strndup(raw, strcspn(raw, ";"));
	return g_ascii_strdown(g_strstrip(bare), -1);
}

static CsHttpResponse *
make_response(CURL *curl, GByteArray *body)
{
	CsHttpResponse *response = g_new0(CsHttpResponse, 1);
	glong status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	response->status = (guint)CLAMP(status, 0, 999);
	response->content_type = dup_content_type(curl);
	response->body = g_bytes_new(body->data, body->len);
	return response;
}

/* Leaves the handle without a pointer to anything of this call, but with its connections. */
static CURLcode
perform(CsHttpClient *client,
	const CsHttpUrl *url,
	const char *method,
	const char *json,
	CsHttpExchange *exchange,
	CsHttpResponse **response)
{
	CURL *curl = client->curl;
	struct curl_slist *headers = make_headers(json != NULL);
	CURLcode code = CURLE_FAILED_INIT;

	if (curl != NULL && headers != NULL && cs_http_exchange_set_up(exchange, curl, url) &&
	    set_proxy(curl, url) && set_method(curl, method, json) &&
	    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK)
		code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		*response = make_response(curl, exchange->body);
	if (curl != NULL)
		curl_easy_reset(curl);
	curl_slist_free_all(headers);
	return code;
}

/**
 * cs_http_client_request:
 * @client: a client that no other thread uses meanwhile
 * @method: "GET", "POST" or "DELETE"
 * @url: HTTPS, or plain HTTP to a literal loopback address; path and query as they are to be sent
 * @json: (nullable): the body; never with "GET"
 * @max_response_bytes: a longer answer is an error, below %G_MAXUINT
 * @cancellable: (nullable): polled at least once a second
 * @error: %CS_ERROR_UNREACHABLE with the reasons "unreachable", "too-large", "timed-out" and
 *   "tls-untrusted"; %CS_ERROR_USAGE, reason "url-invalid"; %G_IO_ERROR_CANCELLED
 *
 * Asks once, blocking, and follows no redirect. TLS proves the server's name to the authorities
 * trusted here, no more: whose word the answer is, its signature must tell.
 *
 * Returns: (transfer full) (nullable): the answer, whatever its status.
 */
CsHttpResponse *
cs_http_client_request(CsHttpClient *client,
		       const char *method,
		       const char *url,
		       const char *json,
		       gsize max_response_bytes,
		       GCancellable *cancellable,
		       GError **error)
{
	g_auto(CsHttpUrl) parsed = {NULL};
	g_autoptr(GByteArray) body = g_byte_array_new();
	CsHttpExchange exchange = {
		.ca_file = client->ca_file,
		.timeout_ms = client->timeout_ms,
		.max_bytes = max_response_bytes,
		.cancellable = cancellable,
		.body = body,
	};
	CsHttpResponse *response = NULL;
	CURLcode code;

	g_return_val_if_fail(json == NULL || strcmp(method, "GET") != 0, NULL);
	g_return_val_if_fail(max_response_bytes < G_MAXUINT, NULL);

	if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
	    !cs_http_url_parse(url, &parsed, error))
		return NULL;
	code = perform(client, &parsed, method, json, &exchange, &response);
	if (code != CURLE_OK)
		set_error_from_code(error, code, &exchange, &parsed);
	return response;
}

/**
 * cs_http_get_version:
 *
 * Returns: (transfer none): "7.88.1", of libcurl as it runs
 */
const char *
cs_http_get_version(void)
{
	return curl_version_info(CURLVERSION_NOW)->version;
}
