/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/http-exchange.h"

#include "tests/fixtures/http-fixture.h"

#include <netdb.h>

/* What the clients have in common; what each adds is in test-http.c and test-http-fetch.c. */

/* The resolver, in libc's place: of this test no name is looked up elsewhere. It answers nothing
 * until it is let. */
static struct {
	GMutex mutex;
	GCond cond;
	gboolean asked;
	gboolean released;
	gboolean done;
} resolver;

int
getaddrinfo(const char *node,
	    const char *service,
	    const struct addrinfo *hints,
	    struct addrinfo **result)
{
	g_mutex_lock(&resolver.mutex);
	resolver.asked = TRUE;
	while (!resolver.released)
		g_cond_wait(&resolver.cond, &resolver.mutex);
	resolver.done = TRUE;
	g_cond_broadcast(&resolver.cond);
	g_mutex_unlock(&resolver.mutex);
	return EAI_AGAIN;
}

static CURLcode
exchange_with(CsHttpExchange *exchange, guint16 port)
{
	g_autofree char *text = g_strdup_printf("http://127.0.0.1:%u/", port);
	g_auto(CsHttpUrl) url = {NULL};
	g_autoptr(CURL) curl = cs_http_exchange_new_handle();

	g_assert_nonnull(curl);
	g_assert_true(cs_http_url_parse(text, &url, NULL));
	g_assert_true(cs_http_exchange_set_up(exchange, curl, &url));
	return curl_easy_perform(curl);
}

static void
assert_exchange(const char *answer, CURLcode code, const char *reason)
{
	const char *const answers[] = {answer, NULL};
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(answers, FALSE);
	g_autoptr(GByteArray) body = g_byte_array_new();
	CsHttpExchange exchange = {.timeout_ms = 60000, .max_bytes = 4, .body = body};
	CURLcode seen = exchange_with(&exchange, cs_test_peer_get_port(peer));

	g_assert_cmpint(seen, ==, code);
	g_assert_cmpuint(body->len, <=, 4);
	if (code != CURLE_OK)
		g_assert_cmpstr(cs_http_exchange_get_reason(&exchange, seen), ==, reason);
}

static void
test_limits(void)
{
	g_autofree char *padding = g_strnfill(40000, 'x');
	g_autofree char *headers = g_strconcat("HTTP/1.1 200 OK\r\nX: ", padding, "\r\n\r\n", NULL);

	assert_exchange("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour", CURLE_OK, NULL);
	assert_exchange("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfives",
			CURLE_FILESIZE_EXCEEDED, "too-large");
	assert_exchange("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfives", CURLE_WRITE_ERROR,
			"too-large");
	assert_exchange(headers, CURLE_WRITE_ERROR, "too-large");
	assert_exchange("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfo", CURLE_PARTIAL_FILE,
			"unreachable");
	/* No redirect is followed: it is an answer. */
	assert_exchange("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
			"Content-Length: 0\r\n\r\n",
			CURLE_OK, NULL);
}

static void
test_time(void)
{
	static const char *const silence[] = {"", NULL};
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(silence, TRUE);
	g_autoptr(GByteArray) body = g_byte_array_new();
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	CsHttpExchange exchange = {.timeout_ms = 10, .max_bytes = 4, .body = body};

	g_assert_cmpstr(cs_http_exchange_get_reason(
				&exchange, exchange_with(&exchange, cs_test_peer_get_port(peer))),
			==, "timed-out");
	exchange.timeout_ms = 60000;
	exchange.cancellable = cancellable;
	g_cancellable_cancel(cancellable);
	g_assert_cmpint(exchange_with(&exchange, cs_test_peer_get_port(peer)), ==,
			CURLE_ABORTED_BY_CALLBACK);
}

/* A name whose look-up hangs takes no longer than the exchange may take: neither it nor the handle's
 * end waits for the resolver. */
static void
test_resolver_hangs(void)
{
	g_auto(CsHttpUrl) url = {NULL};
	CURL *curl = cs_http_exchange_new_handle();
	g_autoptr(GByteArray) body = g_byte_array_new();
	CsHttpExchange exchange = {.timeout_ms = 100, .max_bytes = 4, .body = body};

	g_assert_true(cs_http_url_parse_plain("http://hangs.example/", &url, NULL));
	g_assert_true(cs_http_exchange_set_up(&exchange, curl, &url));
	g_assert_cmpint(curl_easy_perform(curl), ==, CURLE_OPERATION_TIMEDOUT);
	curl_easy_cleanup(curl);
	g_mutex_lock(&resolver.mutex);
	g_assert_true(resolver.asked);
	g_assert_false(resolver.done);
	resolver.released = TRUE;
	g_cond_broadcast(&resolver.cond);
	while (!resolver.done)
		g_cond_wait(&resolver.cond, &resolver.mutex);
	g_mutex_unlock(&resolver.mutex);
}

/* What is met often has a code, and words in the user's language. */
static void
test_reasons(void)
{
	static const struct {
		CURLcode code;
		const char *reason;
	} cases[] = {
		{CURLE_COULDNT_RESOLVE_HOST, "unreachable"},
		{CURLE_COULDNT_CONNECT, "unreachable"},
		{CURLE_SSL_CONNECT_ERROR, "unreachable"},
		{CURLE_OPERATION_TIMEDOUT, "timed-out"},
		{CURLE_FILESIZE_EXCEEDED, "too-large"},
		{CURLE_PEER_FAILED_VERIFICATION, "tls-untrusted"},
		{CURLE_SSL_CACERT_BADFILE, "tls-untrusted"},
		{CURLE_OUT_OF_MEMORY, "unreachable"},
	};
	CsHttpExchange exchange = {0};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_assert_cmpstr(cs_http_exchange_get_reason(&exchange, cases[i].code), ==,
				cases[i].reason);
		g_assert_nonnull(cs_http_exchange_get_words(&exchange, cases[i].code));
	}
	g_assert_cmpstr(cs_http_exchange_get_words(&exchange, CURLE_OUT_OF_MEMORY), ==,
			curl_easy_strerror(CURLE_OUT_OF_MEMORY));
	/* What we ended ourselves curl does not know. */
	exchange.too_large = TRUE;
	g_assert_cmpstr(cs_http_exchange_get_reason(&exchange, CURLE_WRITE_ERROR), ==, "too-large");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/http-exchange/limits", test_limits);
	g_test_add_func("/http-exchange/time", test_time);
	g_test_add_func("/http-exchange/resolver-hangs", test_resolver_hangs);
	g_test_add_func("/http-exchange/reasons", test_reasons);
	return g_test_run();
}
