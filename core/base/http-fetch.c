/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/http-fetch.h"

#include "core/base/error.h"
#include "core/base/http-address.h"
#include "core/base/http-exchange.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HTTP_OK 200

typedef struct {
	CsHttpExchange exchange;
	const CsHttpFetch *fetch;
	gboolean address_refused;
	gboolean is_literal; /* the host is an address, which somebody wrote */
} Fetching;

typedef struct curl_slist HeaderList;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeaderList, curl_slist_free_all)

/* ---- the exchange ---- */

/* Asked of the very address that is connected to: no second look-up of the name can differ. */
static curl_socket_t
open_socket_cb(void *user_data, curlsocktype purpose, struct curl_sockaddr *address)
{
	Fetching *fetching = user_data;

	if (!cs_http_address_is_known(&address->addr) ||
	    (!fetching->is_literal &&
	     !cs_http_address_is_public(&address->addr, fetching->fetch->private_allowed))) {
		fetching->address_refused = TRUE;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* A proxy would be the one whose address is judged. */
static gboolean
set_route(CURL *curl, Fetching *fetching)
{
	return curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket_cb) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, fetching) == CURLE_OK;
}

/* (transfer full) (nullable) */
static HeaderList *
make_headers(const CsHttpFetch *fetch)
{
	g_autofree char *type = g_strconcat("Content-Type: ", fetch->content_type, NULL);
	g_autoptr(HeaderList) headers = curl_slist_append(NULL, "Expect:");

	if (headers == NULL || (fetch->body != NULL && curl_slist_append(headers, type) == NULL))
		return NULL;
	return g_steal_pointer(&headers);
}

static gboolean
set_body(CURL *curl, const CsHttpFetch *fetch)
{
	gsize length = 0;
	gconstpointer data = fetch->body != NULL ? g_bytes_get_data(fetch->body, &length) : NULL;

	return fetch->body == NULL ||
	       (curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length) ==
			CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, data) == CURLE_OK);
}

static CURLcode
perform(Fetching *fetching, const CsHttpUrl *url, glong *status)
{
	const CsHttpFetch *fetch = fetching->fetch;
	g_autoptr(CURL) curl = cs_http_exchange_new_handle();
	g_autoptr(HeaderList) headers = make_headers(fetch);
	CURLcode code = CURLE_FAILED_INIT;

	if (curl == NULL || headers == NULL ||
	    !cs_http_exchange_set_up(&fetching->exchange, curl, url) ||
	    !set_route(curl, fetching) || !set_body(curl, fetch) ||
	    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK)
		return code;
	code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	return code;
}

static const char *
find_reason(const Fetching *fetching, CURLcode code)
{
	return fetching->address_refused ? "address-refused"
					 : cs_http_exchange_get_reason(&fetching->exchange, code);
}

/**
 * cs_http_fetch:
 * @fetch: what, and within which limits
 * @cancellable: (nullable): polled at least once a second
 * @error: see the header; "http-status" for any answer but 200, a redirect among them
 *
 * Fetches once, blocking. Whose word the answer is, its signature must tell: over plain HTTP anybody
 * on the way could have written it.
 *
 * Where the host is a name, it must not lead to an address of this machine, of the local link or of
 * what is reserved, and to one of a private network only with private_allowed; a literal address is
 * one that somebody has written on purpose.
 *
 * Returns: (transfer full) (nullable): the body
 */
GBytes *
cs_http_fetch(const CsHttpFetch *fetch, GCancellable *cancellable, GError **error)
{
	g_auto(CsHttpUrl) url = {NULL};
	g_autoptr(GByteArray) body = g_byte_array_new();
	Fetching fetching = {
		.exchange = {.timeout_ms = fetch->timeout_ms,
			     .max_bytes = fetch->max_bytes,
			     .cancellable = cancellable,
			     .body = body},
		.fetch = fetch,
	};
	glong status = 0;
	CURLcode code;

	if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
	    !cs_http_url_parse_plain(fetch->url, &url, error))
		return NULL;
	fetching.is_literal = url.is_address;
	code = perform(&fetching, &url, &status);
	if (g_cancellable_set_error_if_cancelled(cancellable, error))
		return NULL;
	if (code != CURLE_OK) {
		cs_error_set(error, CS_ERROR_UNREACHABLE, find_reason(&fetching, code),
			     _("nothing could be fetched from %s"), url.host);
		return NULL;
	}
	if (status != HTTP_OK) {
		cs_error_set(error, CS_ERROR_UNREACHABLE, "http-status",
			     _("nothing could be fetched from %s"), url.host);
		return NULL;
	}
	return g_byte_array_free_to_bytes(g_steal_pointer(&body));
}

/* ---- addresses that an administrator names ---- */

/**
 * cs_http_check_url:
 * @url: an address
 * @error: CS_ERROR_USAGE "url-invalid"
 *
 * Returns: whether it could be fetched from
 */
gboolean
cs_http_check_url(const char *url, GError **error)
{
	g_auto(CsHttpUrl) parsed = {NULL};

	if (!cs_http_url_parse_plain(url, &parsed, error))
		return FALSE;
	if (strchr(url, '#') == NULL)
		return TRUE;
	cs_error_set(error, CS_ERROR_USAGE, "url-invalid", _("not an address to use: %s"), url);
	return FALSE;
}

static const char *
path_of(const char *url)
{
	const char *authority = strstr(url, "://") + strlen("://");

	return authority + strcspn(authority, "/?#");
}

static guint64
port_of(const CsHttpUrl *url)
{
	if (url->port != NULL)
		return g_ascii_strtoull(url->port, NULL, 10);
	return g_str_equal(url->scheme, "https") ? 443 : 80;
}

/**
 * cs_http_dup_host:
 * @url: an address
 * @error: CS_ERROR_USAGE "url-invalid"
 *
 * Returns: (transfer full) (nullable): its host, lower case, and port, whether it names one or not
 */
char *
cs_http_dup_host(const char *url, GError **error)
{
	g_auto(CsHttpUrl) parsed = {NULL};

	if (!cs_http_url_parse_plain(url, &parsed, error))
		return NULL;
	return g_strdup_printf("%s:%" G_GUINT64_FORMAT, parsed.host, port_of(&parsed));
}

/* Dot segments, with path parameters too, and whatever decodes to one or to another slash. */
static gboolean
has_way_out(const char *path)
{
	static const char *const ways[] = {"/./", "/../", "/.;", "/..;",
					   "%2e", "%2f",  "%5c", "%25"};
	g_autofree char *lower = g_ascii_strdown(path, (gssize)strcspn(path, "?#"));

	for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
		if (strstr(lower, ways[i]) != NULL)
			return TRUE;
	}
	return g_str_has_suffix(lower, "/.") || g_str_has_suffix(lower, "/..");
}

/**
 * cs_http_url_is_below:
 * @url: an address that somebody else wrote
 * @prefix: one that the administrator allowed
 *
 * "http://crl.example/pki" allows "http://crl.example/pki" and "http://crl.example/pki/x", not
 * "http://crl.example/pki2"; without a path everything on that host and port.
 *
 * Returns: FALSE, too, where either cannot be used
 */
gboolean
cs_http_url_is_below(const char *url, const char *prefix)
{
	g_auto(CsHttpUrl) a = {NULL};
	g_auto(CsHttpUrl) b = {NULL};
	const char *path, *start;
	gsize length;

	if (!cs_http_url_parse_plain(url, &a, NULL) || !cs_http_url_parse_plain(prefix, &b, NULL) ||
	    !g_str_equal(a.scheme, b.scheme) || !g_str_equal(a.host, b.host) ||
	    port_of(&a) != port_of(&b))
		return FALSE;
	path = path_of(url);
	start = path_of(prefix);
	length = strlen(start);
	if (has_way_out(path))
		return FALSE;
	if (length == 0)
		return TRUE;
	return strncmp(path, start, length) == 0 &&
	       (start[length - 1] == '/' || strchr("/?", path[length]) != NULL);
}
