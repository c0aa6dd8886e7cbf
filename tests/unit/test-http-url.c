/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/http-url.h"

#include "core/base/error.h"
#include "core/base/http.h"

static const struct {
	const char *url;
	const char *origin;
} origins[] = {
	{"https://example.org", "https://example.org"},
	{"https://example.org/", "https://example.org"},
	{"HTTPS://Example.ORG", "https://example.org"},
	{"https://example.org:443", "https://example.org"},
	{"https://example.org:443/", "https://example.org"},
	{"https://example.org:0443", "https://example.org"},
	{"https://example.org:8443", "https://example.org:8443"},
	{"https://example.org:80", "https://example.org:80"},
	{"https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
	{"https://192.0.2.1", "https://192.0.2.1"},
	{"https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"},
	{"https://127.0.0.1", "https://127.0.0.1"},
	{"http://127.0.0.1", "http://127.0.0.1"},
	{"http://127.0.0.1:80/", "http://127.0.0.1"},
	{"http://127.0.0.1:443", "http://127.0.0.1:443"},
	{"http://127.255.1.2:8080", "http://127.255.1.2:8080"},
	{"http://[::1]:8080", "http://[::1]:8080"},
};

static const char *const refused_origins[] = {
	"",
	"example.org",
	"//example.org",
	"https:",
	"https://",
	"https:///",
	"https:/example.org",
	"https:///example.org",
	"https://:443",
	"https://example.org:",
	"https://example.org:/",
	"https://example.org:0",
	"https://example.org:65536",
	"https://example.org:x",
	"https://example.org:443x",
	"https://example.org:+443",
	"https://example.org//",
	"https://example.org/path",
	"https://example.org/.",
	"https://example.org/a/..",
	"https://example.org?",
	"https://example.org?q",
	"https://example.org/?",
	"https://example.org#",
	"https://example.org/#f",
	"https://@example.org",
	"https://user@example.org",
	"https://user:pass@example.org",
	"https://user@",
	"https://exam ple.org",
	"https://example.org ",
	" https://example.org",
	"https://example.org\n",
	"https://example.org\\@other.org",
	"https://ex%61mple.org",
	"https://b\303\274cher.example",
	"https://.example.org",
	"https://exa,mple.org",
	"https://2130706433",
	"https://0x7f.0.0.1",
	"https://[::1%25lo]",
	"https://[fe80::1%25eth0]:8443",
	"https://[::1",
	"https://[v1.x]",
	"ftp://example.org",
	"file:///etc/passwd",
	"http://example.org",
	"http://localhost",
	"http://localhost.:8080",
	"http://127.1",
	"http://127.0.1",
	"http://0x7f.0.0.1",
	"http://0x7f.0.01", /* as long as what curl makes of it */
	"http://0177.0.0.1",
	"http://127.0.0.01",
	"http://2130706433",
	"http://017700000001",
	"http://127.0.0.1.",
	"http://127.0.0.1.example.org",
	"http://127.0.0.256",
	"http://%31%32%37.0.0.1",
	"http://0.0.0.0",
	"http://128.0.0.1",
	"http://192.0.2.127",
	"http://[::]",
	"http://[::ffff:127.0.0.1]",
	"http://[0:0:0:0:0:0:0:1]",
	"http://[::2]",
	"http://127.0.0.1@example.org",
	"http://127.0.0.1#@example.org",
};

static void
test_normalise(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(origins); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *origin = cs_http_normalise_origin(origins[i].url, &error);
		g_autofree char *again = NULL;

		g_test_message("%s", origins[i].url);
		g_assert_no_error(error);
		g_assert_cmpstr(origin, ==, origins[i].origin);
		again = cs_http_normalise_origin(origin, &error);
		g_assert_cmpstr(again, ==, origin);
	}
}

static void
test_normalise_refuses(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(refused_origins); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", refused_origins[i]);
		g_assert_null(cs_http_normalise_origin(refused_origins[i], &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "url-invalid");
	}
}

static void
test_too_long(void)
{
	g_autofree char *path = g_strnfill(2048, 'a');
	g_autofree char *url = g_strconcat("https://example.org/", path, NULL);
	g_auto(CsHttpUrl) parsed = {NULL};
	g_autoptr(GError) error = NULL;

	g_assert_false(cs_http_url_parse(url, &parsed, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
}

/* A request's address may have a path and a query, and nothing that hides its host. */
static void
test_parse(void)
{
	g_auto(CsHttpUrl) plain = {NULL};
	g_auto(CsHttpUrl) loopback = {NULL};
	g_auto(CsHttpUrl) hidden = {NULL};
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_http_url_parse("https://example.org/v1/accounts/a?b=c", &plain, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(plain.scheme, ==, "https");
	g_assert_cmpstr(plain.host, ==, "example.org");
	g_assert_null(plain.port);
	g_assert_false(plain.is_loopback);
	g_assert_true(cs_http_url_parse("http://[::1]:80/x", &loopback, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(loopback.host, ==, "[::1]");
	g_assert_cmpstr(loopback.port, ==, "80");
	g_assert_true(loopback.is_loopback);
	g_assert_false(cs_http_url_parse("http://example.org/://127.0.0.1/", &hidden, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/http-url/normalise", test_normalise);
	g_test_add_func("/http-url/normalise-refuses", test_normalise_refuses);
	g_test_add_func("/http-url/too-long", test_too_long);
	g_test_add_func("/http-url/parse", test_parse);
	return g_test_run();
}
