/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/http.h"

#include "core/base/error.h"
#include "core/base/http-url.h"
#include "core/base/secret.h"

#include <curl/curl.h>
#include <glib/gi18n-lib.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MAX_MS	   600000
#define CONNECT_TIMEOUT_MS 10000
#define STALL_TIMEOUT_S	   30
#define HEADERS_MAX_BYTES  32768

struct _CsHttpClient {
	CURL *curl; /* kept between requests for its open connections; NULL: curl would not start */
	char *ca_file;
	guint timeout_ms;
};

/* One request under way. */
typedef struct {
	GByteArray *body;
	gsize body_max_bytes;
	gsize headers_bytes;
	gboolean too_large;
	GCancellable *cancellable;
} Exchange;

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

/* curl copies what it sends, an activation code among it, and what it gave back would stay in the
 * heap. */
static void
free_wiped(void *block)
{
	if (block != NULL)
		cs_secret_wipe(block, malloc_usable_size(block));
	free(block);
}

static void *
realloc_wiped(void *block, size_t size)
{
	size_t old_size = block != NULL ? malloc_usable_size(block) : 0;
	void *larger = NULL;

	if (block != NULL && size > 0 && size <= old_size)
		return block;
	larger = malloc(MAX(size, 1));
	if (larger == NULL)
		return NULL;
	if (old_size > 0)
		memcpy(larger, block, MIN(old_size, size));
	free_wiped(block);
	return larger;
}

static gpointer
init_curl_once(gpointer data)
{
	return GINT_TO_POINTER(curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, free_wiped,
						    realloc_wiped, strdup, calloc) == CURLE_OK);
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
	static GOnce once = G_ONCE_INIT;
	CsHttpClient *client = g_new0(CsHttpClient, 1);

	client->ca_file = g_strdup(ca_file);
	client->timeout_ms = CLAMP(timeout_ms, 1, TIMEOUT_MAX_MS);
	if (GPOINTER_TO_INT(g_once(&once, init_curl_once, NULL)))
		client->curl = curl_easy_init();
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

static size_t
write_body_cb(char *data, size_t size, size_t count, void *user_data)
{
	Exchange *exchange = user_data;
	gsize length = size * count;

	if (length > exchange->body_max_bytes - exchange->body->len) {
		exchange->too_large = TRUE;
		return 0;
	}
	if (length > 0)
		g_byte_array_append(exchange->body, (const guint8 *)data, (guint)length);
	return length;
}

static size_t
write_header_cb(char *data, size_t size, size_t count, void *user_data)
{
	Exchange *exchange = user_data;
	gsize length = size * count;

	exchange->headers_bytes += length;
	if (exchange->headers_bytes > HEADERS_MAX_BYTES) {
		exchange->too_large = TRUE;
		return 0;
	}
	return length;
}

static int
progress_cb(void *user_data, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	Exchange *exchange = user_data;

	return g_cancellable_is_cancelled(exchange->cancellable) ? 1 : 0;
}

typedef struct {
	CURLcode code;
	const char *reason;
	const char *words;
} Failure;

/* What people meet is said in their language; curl has words for the rest, in English. */
static const Failure failures[] = {
	{CURLE_COULDNT_RESOLVE_HOST, "unreachable", N_("there is no server of this name")},
	{CURLE_COULDNT_CONNECT, "unreachable", N_("it cannot be connected to")},
	{CURLE_GOT_NOTHING, "unreachable", N_("it answered nothing")},
	{CURLE_SEND_ERROR, "unreachable", N_("the connection broke")},
	{CURLE_RECV_ERROR, "unreachable", N_("the connection broke")},
	{CURLE_PARTIAL_FILE, "unreachable", N_("the connection broke")},
	{CURLE_SSL_CONNECT_ERROR, "unreachable", N_("no TLS connection can be made")},
	{CURLE_OPERATION_TIMEDOUT, "timed-out", N_("it took too long")},
	{CURLE_FILESIZE_EXCEEDED, "too-large", N_("its answer is too large")},
	{CURLE_PEER_FAILED_VERIFICATION, "tls-untrusted", N_("its TLS certificate is not trusted")},
	{CURLE_SSL_CACERT_BADFILE, "tls-untrusted",
	 N_("the file of the TLS authorities cannot be read")},
	{CURLE_SSL_ISSUER_ERROR, "tls-untrusted", N_("its TLS certificate is not trusted")},
	{CURLE_SSL_INVALIDCERTSTATUS, "tls-untrusted", N_("its TLS certificate is not trusted")},
};

static const Failure *
find_failure(CURLcode code)
{
	for (gsize i = 0; i < G_N_ELEMENTS(failures); i++) {
		if (failures[i].code == code)
			return &failures[i];
	}
	return NULL;
}

/* curl's own longer message is left out: it quotes what the peer sent. */
static void
set_error_from_code(GError **error, CURLcode code, const Exchange *exchange, const CsHttpUrl *url)
{
	const Failure *failure = find_failure(exchange->too_large ? CURLE_FILESIZE_EXCEEDED : code);

	if (g_cancellable_set_error_if_cancelled(exchange->cancellable, error))
		return;
	cs_error_set(error, CS_ERROR_UNREACHABLE, failure ? failure->reason : "unreachable",
		     _("no answer from %s: %s"), url->host,
		     failure ? _(failure->words) : curl_easy_strerror(code));
}

/* Setting any of these can fail only where this libcurl was built without it; then nothing is
 * sent. */
static gboolean
set_limits(CURL *curl, const CsHttpClient *client, gsize max_response_bytes)
{
	glong connect_ms = MIN(client->timeout_ms, CONNECT_TIMEOUT_MS);

	return curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ==
		       CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)client->timeout_ms) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_TIMEOUT_S) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max_response_bytes) ==
		       CURLE_OK;
}

/* The system's folder of authorities must go as well, or ca_file would only add to it. */
static gboolean
set_trust(CURL *curl, const char *ca_file)
{
	if (ca_file != NULL && (curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file) != CURLE_OK ||
				curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) != CURLE_OK))
		return FALSE;
	return curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ==
		       CURLE_OK;
}

/* One scheme, the one that was checked. A proxy would see what is said to the loopback address, and
 * would take it for its own. */
static gboolean
set_target(CURL *curl, const CsHttpUrl *url)
{
	if (url->is_loopback && curl_easy_setopt(curl, CURLOPT_PROXY, "") != CURLE_OK)
		return FALSE;
	return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, url->scheme) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, url->scheme) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CURLU, url->parts) == CURLE_OK;
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

static gboolean
set_callbacks(CURL *curl, Exchange *exchange)
{
	return curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_body_cb) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, write_header_cb) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress_cb) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
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
	Exchange *exchange,
	CsHttpResponse **response)
{
	CURL *curl = client->curl;
	struct curl_slist *headers = make_headers(json != NULL);
	CURLcode code = CURLE_FAILED_INIT;

	if (curl != NULL && headers != NULL && set_limits(curl, client, exchange->body_max_bytes) &&
	    set_trust(curl, client->ca_file) && set_target(curl, url) &&
	    set_method(curl, method, json) && set_callbacks(curl, exchange) &&
	    curl_easy_setopt(curl, CURLOPT_USERAGENT, "countersign/" CS_VERSION) == CURLE_OK &&
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
	Exchange exchange = {body, max_response_bytes, 0, FALSE, cancellable};
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
