/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/http-url.h"

#include "core/base/error.h"
#include "core/base/http.h"

#include <arpa/inet.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define URL_LENGTH_MAX 2048

static gboolean
refuse(GError **error, const char *why)
{
	cs_error_set(error, CS_ERROR_USAGE, "url-invalid", _("not an address to use: %s"), why);
	return FALSE;
}

/* (transfer full) (nullable): a part in GLib's memory. */
static char *
dup_part(CURLU *parts, CURLUPart which)
{
	char *part = NULL;
	char *copy;

	if (curl_url_get(parts, which, &part, 0) != CURLUE_OK)
		return NULL;
	copy = g_strdup(part);
	curl_free(part);
	return copy;
}

static gboolean
has_part(CURLU *parts, CURLUPart which)
{
	g_autofree char *part = dup_part(parts, which);

	return part != NULL;
}

/* Only the dotted quad and [::1], as RFC 3986 spells them: inet_pton knows no 127.1 and no hex. */
static gboolean
is_literal_loopback(const char *host)
{
	struct in_addr address;

	if (strcmp(host, "[::1]") == 0)
		return TRUE;
	return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/* curl reads "127.1", "0x7f.1", "2130706433" and %-escapes as something else than what is written.
 * Whatever it would rewrite is refused, so that what was checked is what is connected to. */
static gboolean
check_authority(const char *url, const CsHttpUrl *parsed, GError **error)
{
	const char *slashes = strstr(url, "://");
	const char *authority = slashes != NULL ? slashes + strlen("://") : "";
	gsize length = strcspn(authority, "/?#");
	gsize host_length = strlen(parsed->host);
	const char *port;

	if (length < host_length || g_ascii_strncasecmp(authority, parsed->host, host_length) != 0)
		return refuse(error, _("its host is not in normal form"));
	port = authority + host_length;
	length -= host_length;
	if (length > 0 &&
	    (length < 2 || *port != ':' || strspn(port + 1, "0123456789") != length - 1))
		return refuse(error, _("its port is no number"));
	return TRUE;
}

static gboolean
check_characters(const char *url, GError **error)
{
	if (strlen(url) > URL_LENGTH_MAX)
		return refuse(error, _("it is too long"));
	for (const char *next = url; *next != '\0'; next++) {
		if (!g_ascii_isgraph(*next) || strchr("\\\"<>^`{|}", *next) != NULL)
			return refuse(error, _("it has characters that an address cannot have"));
	}
	return TRUE;
}

static gboolean
is_host_name(const char *host)
{
	return *host != '\0' && *host != '.' &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-._") == strlen(host);
}

static gboolean
check_parts(const CsHttpUrl *parsed, GError **error)
{
	if (has_part(parsed->parts, CURLUPART_USER) ||
	    has_part(parsed->parts, CURLUPART_PASSWORD) ||
	    has_part(parsed->parts, CURLUPART_OPTIONS))
		return refuse(error, _("it carries a user name"));
	if (has_part(parsed->parts, CURLUPART_ZONEID))
		return refuse(error, _("it carries a network zone"));
	if (*parsed->host != '[' && !is_host_name(parsed->host))
		return refuse(error, _("its host is no name and no address"));
	if (g_strcmp0(parsed->port, "0") == 0)
		return refuse(error, _("its port is no number"));
	if (strcmp(parsed->scheme, "https") != 0 && strcmp(parsed->scheme, "http") != 0)
		return refuse(error, _("it must begin with https://"));
	return TRUE;
}

static gboolean
is_literal_address(const char *host)
{
	struct in_addr address;

	return *host == '[' || inet_pton(AF_INET, host, &address) == 1;
}

/**
 * cs_http_url_parse_plain:
 * @url: an address with its scheme
 * @parsed: (out): its parts, to be cleared whatever the outcome; zeroed before
 * @error: %CS_ERROR_USAGE, reason "url-invalid"
 *
 * cs_http_url_parse(), but for plain HTTP to any host.
 *
 * Returns: FALSE for an address that we do not talk to.
 */
gboolean
cs_http_url_parse_plain(const char *url, CsHttpUrl *parsed, GError **error)
{
	g_autofree char *host = NULL;

	if (!check_characters(url, error))
		return FALSE;
	parsed->parts = curl_url();
	if (parsed->parts == NULL ||
	    curl_url_set(parsed->parts, CURLUPART_URL, url, CURLU_PATH_AS_IS) != CURLUE_OK)
		return refuse(error, _("it cannot be read"));
	parsed->scheme = dup_part(parsed->parts, CURLUPART_SCHEME);
	parsed->port = dup_part(parsed->parts, CURLUPART_PORT);
	host = dup_part(parsed->parts, CURLUPART_HOST);
	if (parsed->scheme == NULL || host == NULL)
		return refuse(error, _("it cannot be read"));
	parsed->host = g_ascii_strdown(host, -1);
	parsed->is_loopback = is_literal_loopback(parsed->host);
	parsed->is_address = is_literal_address(parsed->host);
	return check_parts(parsed, error) && check_authority(url, parsed, error);
}

/**
 * cs_http_url_parse:
 * @url: an address with its scheme
 * @parsed: (out): its parts, to be cleared whatever the outcome; zeroed before
 * @error: %CS_ERROR_USAGE, reason "url-invalid"
 *
 * Reads the address with curl's own parser, whose result is then what curl is given: there is no
 * second reading that could differ.
 *
 * Returns: FALSE for an address that we do not talk to.
 */
gboolean
cs_http_url_parse(const char *url, CsHttpUrl *parsed, GError **error)
{
	if (!cs_http_url_parse_plain(url, parsed, error))
		return FALSE;
	if (strcmp(parsed->scheme, "http") == 0 && !parsed->is_loopback)
		return refuse(error, _("plain http is for this machine's loopback address alone"));
	return TRUE;
}

/**
 * cs_http_url_clear:
 * @parsed: parts
 *
 * Frees what @parsed holds.
 */
void
cs_http_url_clear(CsHttpUrl *parsed)
{
	curl_url_cleanup(parsed->parts);
	g_free(parsed->scheme);
	g_free(parsed->host);
	g_free(parsed->port);
}

static gboolean
is_default_port(const CsHttpUrl *parsed)
{
	const char *usual = strcmp(parsed->scheme, "https") == 0 ? "443" : "80";

	return parsed->port == NULL || strcmp(parsed->port, usual) == 0;
}

/**
 * cs_http_normalise_origin:
 * @url: what a person or a file named as an organisation's address
 * @error: %CS_ERROR_USAGE, reason "url-invalid"
 *
 * Brings an address into the one form that tokens and pins compare: scheme and host in lower case,
 * the default port dropped, no slash at the end. An international name must be given in its ASCII
 * form. Says nothing about who answers there.
 *
 * Returns: (transfer full) (nullable): the origin.
 */
char *
cs_http_normalise_origin(const char *url, GError **error)
{
	g_auto(CsHttpUrl) parsed = {NULL};
	g_autofree char *path = NULL;

	if (!cs_http_url_parse(url, &parsed, error))
		return NULL;
	path = dup_part(parsed.parts, CURLUPART_PATH);
	if (strpbrk(url, "?#@") != NULL || g_strcmp0(path, "/") != 0) {
		refuse(error, _("it must end with the host or the port"));
		return NULL;
	}
	if (is_default_port(&parsed))
		return g_strconcat(parsed.scheme, "://", parsed.host, NULL);
	return g_strconcat(parsed.scheme, "://", parsed.host, ":", parsed.port, NULL);
}
