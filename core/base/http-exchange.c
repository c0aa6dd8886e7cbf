/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/http-exchange.h"

#include "core/base/secret.h"

#include <glib/gi18n-lib.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 10000
#define STALL_TIMEOUT_S	   30
#define HEADERS_MAX_BYTES  32768

/* ---- curl itself ---- */

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
 * cs_http_exchange_new_handle:
 *
 * Returns: (transfer full) (nullable): a handle of curl, whose memory is wiped before it is given
 *   back, whoever in this process asks first; NULL where curl would not start. Any thread.
 */
CURL *
cs_http_exchange_new_handle(void)
{
	static GOnce once = G_ONCE_INIT;

	return GPOINTER_TO_INT(g_once(&once, init_curl_once, NULL)) ? curl_easy_init() : NULL;
}

/* ---- one exchange ---- */

static size_t
write_body_cb(char *data, size_t size, size_t count, void *user_data)
{
	CsHttpExchange *exchange = user_data;
	gsize length = size * count;

	if (length > exchange->max_bytes - exchange->body->len) {
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
	CsHttpExchange *exchange = user_data;
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
	CsHttpExchange *exchange = user_data;

	return g_cancellable_is_cancelled(exchange->cancellable) ? 1 : 0;
}

static gboolean
set_callbacks(CURL *curl, CsHttpExchange *exchange)
{
	return curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_body_cb) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, write_header_cb) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress_cb) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
}

/* Setting any of these can fail only where this libcurl was built without it; then nothing is
 * sent. */
static gboolean
set_limits(const CsHttpExchange *exchange, CURL *curl)
{
	glong connect_ms = MIN(exchange->timeout_ms, CONNECT_TIMEOUT_MS);

	return curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       /* The end of a handle does not wait for a look-up that hangs. */
	       curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ==
		       CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)exchange->timeout_ms) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_TIMEOUT_S) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)exchange->max_bytes) ==
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

/* One scheme, the one that was checked. */
static gboolean
set_target(CURL *curl, const CsHttpUrl *url)
{
	return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, url->scheme) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, url->scheme) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CURLU, url->parts) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "countersign/" CS_VERSION) == CURLE_OK;
}

/**
 * cs_http_exchange_set_up:
 * @exchange: an exchange; it and all that it points to outlive the handle's use
 * @curl: a handle without options
 * @url: where to; the same
 *
 * Sets what every exchange keeps to: one scheme, no redirect, limits of time and size, TLS 1.2 with
 * the server's name proven, and the cancellable polled at least once a second.
 *
 * Returns: %FALSE where this curl cannot; then nothing may be sent
 */
gboolean
cs_http_exchange_set_up(CsHttpExchange *exchange, CURL *curl, const CsHttpUrl *url)
{
	return set_limits(exchange, curl) && set_trust(curl, exchange->ca_file) &&
	       set_target(curl, url) && set_callbacks(curl, exchange);
}

/* ---- why it failed ---- */

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
find_failure(const CsHttpExchange *exchange, CURLcode seen)
{
	CURLcode code = exchange->too_large ? CURLE_FILESIZE_EXCEEDED : seen;

	for (gsize i = 0; i < G_N_ELEMENTS(failures); i++) {
		if (failures[i].code == code)
			return &failures[i];
	}
	return NULL;
}

/**
 * cs_http_exchange_get_reason:
 * @exchange: an exchange that failed
 * @code: what curl said
 *
 * Returns: (transfer none): "unreachable", "timed-out", "too-large" or "tls-untrusted"
 */
const char *
cs_http_exchange_get_reason(const CsHttpExchange *exchange, CURLcode code)
{
	const Failure *failure = find_failure(exchange, code);

	return failure != NULL ? failure->reason : "unreachable";
}

/**
 * cs_http_exchange_get_words:
 * @exchange: an exchange that failed
 * @code: what curl said
 *
 * Returns: (transfer none): the same for people, in their language where it is common
 */
const char *
cs_http_exchange_get_words(const CsHttpExchange *exchange, CURLcode code)
{
	const Failure *failure = find_failure(exchange, code);

	return failure != NULL ? _(failure->words) : curl_easy_strerror(code);
}
