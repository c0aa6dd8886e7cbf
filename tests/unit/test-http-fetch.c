/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/http-fetch.h"

#include "core/base/error.h"

static void
test_below(void)
{
	static const struct {
		const char *url;
		const char *prefix;
		gboolean below;
	} cases[] = {
		{"http://a/x.crl", "http://a", TRUE},
		{"http://a/x.crl", "http://a/", TRUE},
		{"http://A/x.crl", "http://a:80/", TRUE},
		{"http://a/pki/x.crl", "http://a/pki", TRUE},
		{"http://a/pki", "http://a/pki", TRUE},
		{"http://a/pki?x=1", "http://a/pki", TRUE},
		{"http://a/pki/x.crl", "http://a/pki/", TRUE},
		{"http://a/pki2/x.crl", "http://a/pki", FALSE},
		{"http://a/x.crl", "http://a/pki/", FALSE},
		{"https://a/x.crl", "http://a/", FALSE},
		{"http://a:81/x.crl", "http://a/", FALSE},
		{"http://a.b/x.crl", "http://a", FALSE},
		{"http://b/x.crl", "http://a/", FALSE},
		{"http://u@a/x.crl", "http://a/", FALSE},
		{"http://a/pki/../x.crl", "http://a/pki/", FALSE},
		{"http://a/pki/%2e%2E/x.crl", "http://a/pki/", FALSE},
		{"http://a/pki/%2Fx.crl", "http://a/pki/", FALSE},
		{"http://a/pki/%5cx.crl", "http://a/pki/", FALSE},
		{"http://a/pki/%252e/x.crl", "http://a/pki/", FALSE},
		{"http://a/pki/..", "http://a/pki/", FALSE},
		{"http://a/pki/.", "http://a/pki/", FALSE},
		{"http://a/pki/..?x", "http://a/pki/", FALSE},
		{"http://a/pki/..;/x.crl", "http://a/pki/", FALSE},
		{"http://a/pki/..;x=1/x.crl", "http://a/pki/", FALSE},
		{"http://a/pki/.;/x.crl", "http://a/pki/", FALSE},
		{"http://a/pki/..;", "http://a/pki/", FALSE},
		{"http://a/pki/..\\x.crl", "http://a/pki/", FALSE},
		{"http://a/pki/x;v=1/..x.crl", "http://a/pki/", TRUE},
		{"http://a/pki/x?y=../z", "http://a/pki/", TRUE},
		{"ldap://a/x", "ldap://a/", FALSE},
		{"http://a/x", "a", FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s below %s", cases[i].url, cases[i].prefix);
		g_assert_cmpint(cs_http_url_is_below(cases[i].url, cases[i].prefix), ==,
				cases[i].below);
	}
}

static void
test_check(void)
{
	static const char *const bad[] = {"",
					  "a",
					  "ftp://a/",
					  "http://u:p@a/",
					  "http://a/#x",
					  "http://127.1/",
					  "file:///etc/passwd"};
	static const char *const good[] = {"http://a/x.crl", "https://a:8443/ocsp?x",
					   "http://127.0.0.1:8080/", "http://[::1]/x"};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(cs_http_check_url(bad[i], &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "url-invalid");
	}
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(cs_http_check_url(good[i], NULL));
}

static void
test_host(void)
{
	static const struct {
		const char *url;
		const char *host;
	} cases[] = {
		{"http://A.example/x.crl", "a.example:80"},
		{"https://a.example/", "a.example:443"},
		{"http://a.example:80/y", "a.example:80"},
		{"http://[::1]:8080/x", "[::1]:8080"},
		{"ftp://a.example/", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *host = cs_http_dup_host(cases[i].url, &error);

		g_assert_cmpstr(host, ==, cases[i].host);
		g_assert_cmpstr(error != NULL ? cs_error_get_reason(error) : NULL, ==,
				host == NULL ? "url-invalid" : NULL);
	}
}

static void
assert_refused(const char *url, gboolean private_allowed, const char *reason)
{
	const CsHttpFetch fetch = {.url = url,
				   .max_bytes = 10,
				   .timeout_ms = 2000,
				   .private_allowed = private_allowed};
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_http_fetch(&fetch, NULL, &error));
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

/* A name must not lead to this machine, whatever the administrator allowed; an address is one that
 * was written. */
static void
test_addresses(void)
{
	assert_refused("http://localhost:1/x", FALSE, "address-refused");
	assert_refused("http://localhost:1/x", TRUE, "address-refused");
	assert_refused("http://127.0.0.1:1/x", FALSE, "unreachable");
	assert_refused("gopher://127.0.0.1/x", FALSE, "url-invalid");
}

static void
test_cancelled(void)
{
	const CsHttpFetch fetch = {
		.url = "http://127.0.0.1:1/x", .max_bytes = 10, .timeout_ms = 10};
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;

	g_cancellable_cancel(cancellable);
	g_assert_null(cs_http_fetch(&fetch, cancellable, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/http-fetch/below", test_below);
	g_test_add_func("/http-fetch/check", test_check);
	g_test_add_func("/http-fetch/host", test_host);
	g_test_add_func("/http-fetch/addresses", test_addresses);
	g_test_add_func("/http-fetch/cancelled", test_cancelled);
	return g_test_run();
}
