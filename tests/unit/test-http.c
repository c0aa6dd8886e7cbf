/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/http.h"

#include "core/base/error.h"
#include "tests/fixtures/http-fixture.h"
#include "tests/fixtures/memcheck.h"
#include "tests/fixtures/pki-fixture.h"

#include <string.h>

#define TIMEOUT_MS   10000
#define SHORT_MS     200
#define MAX_BYTES    1000
#define OK_EMPTY     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define IP_127_0_0_1 "300687047f000001" /* a subjectAltName's value */
#define IP_127_0_0_2 "300687047f000002"
#define HANDSHAKES   5
#define HANDSHAKE_US (9 * G_USEC_PER_SEC) /* as good as all the time that one has */

static char *
make_url(const char *scheme, guint16 port, const char *path)
{
	return g_strdup_printf("%s://127.0.0.1:%u%s", scheme, port, path);
}

static CsHttpResponse *
ask(guint16 port, const char *method, const char *json, GError **error)
{
	g_autoptr(CsHttpClient) client = cs_http_client_new(NULL, TIMEOUT_MS);
	g_autofree char *url = make_url("http", port, "/v1/nonce");

	return cs_http_client_request(client, method, url, json, MAX_BYTES, NULL, error);
}

/* Asks a peer that gives this answer. */
static CsHttpResponse *
ask_for(const char *answer, GError **error)
{
	const char *const answers[] = {answer, NULL};
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(answers, FALSE);

	return ask(cs_test_peer_get_port(peer), "GET", NULL, error);
}

static void
assert_answer(const CsHttpResponse *response, guint status, const char *type, const char *body)
{
	g_assert_nonnull(response);
	g_assert_cmpuint(response->status, ==, status);
	g_assert_cmpstr(response->content_type, ==, type);
	g_assert_cmpmem(g_bytes_get_data(response->body, NULL), g_bytes_get_size(response->body),
			body, strlen(body));
}

static void
assert_unreachable(const char *answer, const char *reason)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(ask_for(answer, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNREACHABLE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

static void
test_get(void)
{
	const char *const answers[] = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
				       "Content-Type: Application/JSON ; charset=utf-8\r\n\r\n{}",
				       NULL};
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(answers, FALSE);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsHttpResponse) response = ask(cs_test_peer_get_port(peer), "GET", NULL, &error);
	g_autofree char *request = cs_test_peer_dup_requests(peer);

	g_assert_no_error(error);
	assert_answer(response, 200, "application/json", "{}");
	g_assert_true(g_str_has_prefix(request, "GET /v1/nonce HTTP/1.1\r\n"));
	g_assert_nonnull(strstr(request, "\r\nUser-Agent: countersign/" CS_VERSION "\r\n"));
	g_assert_nonnull(strstr(request, "\r\nAccept: application/json\r\n"));
	g_assert_null(strstr(request, "Content-Type"));
	g_assert_null(strstr(request, "Accept-Encoding"));
	g_assert_null(strstr(request, "Expect"));
}

static void
assert_sends(const char *method, const char *json, const char *length)
{
	const char *const answers[] = {OK_EMPTY, NULL};
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(answers, FALSE);
	g_autoptr(CsHttpResponse) response = ask(cs_test_peer_get_port(peer), method, json, NULL);
	g_autofree char *request = cs_test_peer_dup_requests(peer);
	g_autofree char *first = g_strconcat(method, " /v1/nonce HTTP/1.1\r\n", NULL);

	assert_answer(response, 200, NULL, "");
	g_assert_true(g_str_has_prefix(request, first));
	if (length != NULL)
		g_assert_nonnull(strstr(request, length));
	else
		g_assert_null(strstr(request, "Content-Length"));
	g_assert_cmpint(json != NULL, ==,
			strstr(request, "\r\nContent-Type: application/json\r\n") != NULL);
	g_assert_true(g_str_has_suffix(request, json != NULL ? json : "\r\n\r\n"));
}

static void
test_methods(void)
{
	assert_sends("POST", "{\"a\":1}", "\r\nContent-Length: 7\r\n");
	assert_sends("POST", NULL, "\r\nContent-Length: 0\r\n");
	assert_sends("DELETE", "{\"delete\":\"x\"}", "\r\nContent-Length: 14\r\n");
	assert_sends("DELETE", NULL, NULL);
}

/* Whatever the status, it is an answer; nothing is followed. */
static void
test_statuses(void)
{
	g_autoptr(CsHttpResponse) missing =
		ask_for("HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", NULL);
	g_autoptr(CsHttpResponse) broken =
		ask_for("HTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\ny", NULL);
	g_autoptr(CsHttpResponse) html = ask_for("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n"
						 "\r\n<p>Log in to the hotel</p>",
						 NULL);
	g_autoptr(CsHttpResponse) zipped = ask_for(
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz", NULL);

	assert_answer(missing, 404, NULL, "x");
	assert_answer(broken, 500, NULL, "y");
	assert_answer(html, 200, "text/html", "<p>Log in to the hotel</p>");
	assert_answer(zipped, 200, NULL, "xyz");
}

static void
test_redirect_is_not_followed(void)
{
	const char *const silent[] = {OK_EMPTY, NULL};
	g_autoptr(CsTestPeer) target = cs_test_peer_start(silent, FALSE);
	g_autofree char *answer = g_strdup_printf(
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/\r\nContent-Length: 0\r\n\r\n",
		cs_test_peer_get_port(target));
	g_autoptr(CsHttpResponse) response = ask_for(answer, NULL);

	assert_answer(response, 302, NULL, "");
	g_assert_cmpuint(cs_test_peer_count_connections(target), ==, 0);
}

static void
test_caps(void)
{
	g_autofree char *full = g_strnfill(MAX_BYTES, 'x');
	g_autofree char *exact =
		g_strdup_printf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", MAX_BYTES, full);
	g_autofree char *announced =
		g_strdup_printf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", MAX_BYTES + 1);
	g_autofree char *endless = g_strconcat("HTTP/1.0 200 OK\r\n\r\n", full, "y", NULL);
	g_autofree char *chunked =
		g_strdup_printf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				"%x\r\n%s\r\n1\r\ny\r\n0\r\n\r\n",
				MAX_BYTES, full);
	g_autofree char *filler = g_strnfill(40000, 'h');
	g_autofree char *header =
		g_strconcat("HTTP/1.1 200 OK\r\nX-Filler: ", filler, "\r\n\r\n", NULL);
	g_autoptr(CsHttpResponse) response = ask_for(exact, NULL);

	assert_answer(response, 200, NULL, full);
	assert_unreachable(announced, "too-large");
	assert_unreachable(endless, "too-large");
	assert_unreachable(chunked, "too-large");
	assert_unreachable(header, "too-large");
}

static void
test_no_valid_answer(void)
{
	g_autoptr(GError) error = NULL;

	assert_unreachable("", "unreachable");
	assert_unreachable("SSH-2.0-OpenSSH_9.2\r\n", "unreachable");
	assert_unreachable("<html>", "unreachable");
	assert_unreachable("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "unreachable");
	assert_unreachable("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
			   "unreachable");
	g_assert_null(ask(cs_test_get_closed_port(), "GET", NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNREACHABLE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "unreachable");
}

static void
assert_times_out(const char *answer)
{
	const char *const answers[] = {answer, NULL};
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(answers, TRUE);
	g_autoptr(CsHttpClient) client = cs_http_client_new(NULL, SHORT_MS);
	g_autofree char *url = make_url("http", cs_test_peer_get_port(peer), "/");
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_http_client_request(client, "GET", url, NULL, MAX_BYTES, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNREACHABLE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "timed-out");
}

static void
test_stalled_server(void)
{
	assert_times_out("");
	assert_times_out("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
	assert_times_out("HTTP/1.1 100 Continue\r\n\r\n");
}

static void
test_cancelled_before(void)
{
	const char *const answers[] = {OK_EMPTY, NULL};
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(answers, FALSE);
	g_autoptr(CsHttpClient) client = cs_http_client_new(NULL, TIMEOUT_MS);
	g_autofree char *url = make_url("http", cs_test_peer_get_port(peer), "/");
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;

	g_cancellable_cancel(cancellable);
	g_assert_null(
		cs_http_client_request(client, "GET", url, NULL, MAX_BYTES, cancellable, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_assert_cmpuint(cs_test_peer_count_connections(peer), ==, 0);
}

typedef struct {
	CsTestPeer *peer;
	GCancellable *cancellable;
} Canceller;

static gpointer
cancel_thread_cb(gpointer data)
{
	Canceller *canceller = data;

	cs_test_peer_wait_for_request(canceller->peer);
	g_cancellable_cancel(canceller->cancellable);
	return NULL;
}

static void
test_cancelled_meanwhile(void)
{
	const char *const answers[] = {"", NULL};
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(answers, TRUE);
	g_autoptr(CsHttpClient) client = cs_http_client_new(NULL, TIMEOUT_MS);
	g_autofree char *url = make_url("http", cs_test_peer_get_port(peer), "/");
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	Canceller canceller = {peer, cancellable};
	gint64 start_us = g_get_monotonic_time();
	GThread *thread = g_thread_new("canceller", cancel_thread_cb, &canceller);
	g_autoptr(GError) error = NULL;

	g_assert_null(
		cs_http_client_request(client, "POST", url, "{}", MAX_BYTES, cancellable, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, TIMEOUT_MS / 2 * 1000);
	g_thread_join(thread);
}

/* One connection for two requests; and nothing of the first sticks to the second. */
static void
test_connection_is_kept(void)
{
	const char *const answers[] = {OK_EMPTY, OK_EMPTY, NULL};
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(answers, FALSE);
	g_autoptr(CsHttpClient) client = cs_http_client_new(NULL, TIMEOUT_MS);
	g_autofree char *url = make_url("http", cs_test_peer_get_port(peer), "/");
	g_autofree char *requests = NULL;
	CsHttpResponse *response;

	response = cs_http_client_request(client, "DELETE", url, "{}", MAX_BYTES, NULL, NULL);
	assert_answer(response, 200, NULL, "");
	cs_http_response_free(response);
	response = cs_http_client_request(client, "GET", url, NULL, MAX_BYTES, NULL, NULL);
	assert_answer(response, 200, NULL, "");
	cs_http_response_free(response);
	cs_http_response_free(NULL);
	g_assert_cmpuint(cs_test_peer_count_connections(peer), ==, 1);
	requests = cs_test_peer_dup_requests(peer);
	g_assert_true(g_str_has_suffix(requests, "\r\n\r\n"));
	g_assert_nonnull(strstr(requests, "{}GET / HTTP/1.1\r\n"));
}

static void
test_bad_addresses(void)
{
	static const char *const urls[] = {"http://example.org/", "ftp://127.0.0.1/",
					   "file:///etc/passwd", "http://127.1/", "nonsense"};
	g_autoptr(CsHttpClient) client = cs_http_client_new(NULL, TIMEOUT_MS);

	for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(cs_http_client_request(client, "GET", urls[i], NULL, MAX_BYTES, NULL,
						     &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "url-invalid");
	}
}

static void
answer_hello(const CsHttpdRequest *request, CsHttpdResponse *response, gpointer data)
{
	response->status = 200;
	response->content_type = "application/json";
	response->body = g_strdup("{}");
}

typedef struct {
	char *folder;
	char *ca_file;
	CsTestHttpd *httpd;
	char *url;
} TlsFixture;

static void
set_up_tls(TlsFixture *fixture, gconstpointer alternative_name)
{
	const CsTestProfile ca_profile = {.ca = TRUE};
	const CsTestProfile profile = {.subject = "CN=server",
				       .extended_key_usage = "serverAuth",
				       .extra_oid = "2.5.29.17",
				       .extra_hex = alternative_name};
	g_autoptr(CsTestIdentity) ca = cs_test_identity_new(&ca_profile, NULL);
	g_autoptr(CsTestIdentity) server = cs_test_identity_new(&profile, ca);
	g_autofree char *key = cs_test_identity_dup_key_pem(server, CS_TEST_KEY_PKCS8, NULL);

	fixture->folder = cs_test_make_folder();
	fixture->ca_file =
		cs_test_write_text(fixture->folder, "ca.pem", cs_test_identity_get_pem(ca));
	fixture->httpd =
		cs_test_httpd_start(cs_test_identity_get_pem(server), key, 0, answer_hello, NULL);
	fixture->url = make_url("https", cs_test_httpd_get_port(fixture->httpd), "/");
}

static void
tear_down_tls(TlsFixture *fixture, gconstpointer alternative_name)
{
	cs_test_httpd_stop(fixture->httpd);
	cs_test_delete_folder(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->ca_file);
	g_free(fixture->url);
}

/* A handshake has 10 s, which may not suffice where memcheck slows it and others want the processor
 * too: it is tried again, and finds loaded what the first one waited for. */
static CsHttpResponse *
ask_tls(const char *ca_file, const char *url, GError **error)
{
	g_autoptr(CsHttpClient) client = cs_http_client_new(ca_file, TIMEOUT_MS);

	for (guint attempt = 1;; attempt++) {
		gint64 start_us = g_get_monotonic_time();
		CsHttpResponse *response =
			cs_http_client_request(client, "GET", url, NULL, MAX_BYTES, NULL, error);
		gint64 spent_us = g_get_monotonic_time() - start_us;

		if (response != NULL || attempt == HANDSHAKES || spent_us < HANDSHAKE_US)
			return response;
		g_test_message("no answer after %.1f s", (double)spent_us / G_USEC_PER_SEC);
		g_clear_error(error);
	}
}

static void
assert_untrusted(const char *ca_file, const char *url)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(ask_tls(ca_file, url, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNREACHABLE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "tls-untrusted");
}

static void
test_tls(TlsFixture *fixture, gconstpointer alternative_name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsHttpResponse) response = ask_tls(fixture->ca_file, fixture->url, &error);

	g_assert_no_error(error);
	assert_answer(response, 200, "application/json", "{}");
}

static void
test_tls_untrusted(TlsFixture *fixture, gconstpointer alternative_name)
{
	/* Memcheck takes longer to read all that the system trusts than a handshake may take. */
	if (cs_test_is_memchecked())
		g_test_message("not asked of the system's authorities");
	else
		assert_untrusted(NULL, fixture->url);
	assert_untrusted("/nonexistent/ca.pem", fixture->url);
}

static void
test_tls_wrong_name(TlsFixture *fixture, gconstpointer alternative_name)
{
	assert_untrusted(fixture->ca_file, fixture->url);
}

static void
test_tls_meets_plain_http(void)
{
	const char *const answers[] = {OK_EMPTY, NULL};
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(answers, FALSE);
	g_autofree char *url = make_url("https", cs_test_peer_get_port(peer), "/");
	g_autoptr(CsHttpClient) client = cs_http_client_new(NULL, SHORT_MS);
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_http_client_request(client, "GET", url, NULL, MAX_BYTES, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNREACHABLE);
}

#define ADD_TLS(path, name, function)                                                              \
	g_test_add(path, TlsFixture, name, set_up_tls, function, tear_down_tls)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* A proxy that nobody serves: whoever asked it about the loopback address would fail. */
	g_setenv("http_proxy", "http://127.0.0.1:1/", TRUE);
	g_setenv("https_proxy", "http://127.0.0.1:1/", TRUE);
	g_test_add_func("/http/get", test_get);
	g_test_add_func("/http/methods", test_methods);
	g_test_add_func("/http/statuses", test_statuses);
	g_test_add_func("/http/redirect-is-not-followed", test_redirect_is_not_followed);
	g_test_add_func("/http/caps", test_caps);
	g_test_add_func("/http/no-valid-answer", test_no_valid_answer);
	g_test_add_func("/http/stalled-server", test_stalled_server);
	g_test_add_func("/http/cancelled-before", test_cancelled_before);
	g_test_add_func("/http/cancelled-meanwhile", test_cancelled_meanwhile);
	g_test_add_func("/http/connection-is-kept", test_connection_is_kept);
	g_test_add_func("/http/bad-addresses", test_bad_addresses);
	ADD_TLS("/http/tls", IP_127_0_0_1, test_tls);
	ADD_TLS("/http/tls-untrusted", IP_127_0_0_1, test_tls_untrusted);
	ADD_TLS("/http/tls-wrong-name", IP_127_0_0_2, test_tls_wrong_name);
	g_test_add_func("/http/tls-meets-plain-http", test_tls_meets_plain_http);
	return g_test_run();
}
