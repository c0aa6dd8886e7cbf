/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd-private.h"

#include "core/base/error.h"
#include "core/base/httpd-socket.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADERS_MAX_BYTES  16384
#define IDLE_TIMEOUT_S	   10
#define REQUEST_TIMEOUT_MS 30000
#define PATIENCE_MS	   2000
#define POSTPONED_MAX	   64
#define LAST_ANSWERS_US	   2000000
#define TLS_PRIORITIES	   "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

typedef struct {
	GSource source;
	CsHttpd *httpd;
} HttpdSource;

static const char *
get_header(struct MHD_Connection *handle, const char *name)
{
	return MHD_lookup_connection_value(handle, MHD_HEADER_KIND, name);
}

/* What proxies add, in its usual spellings; one that adds nothing is not known. */
static gboolean
is_forwarded(struct MHD_Connection *handle)
{
	static const char *const names[] = {"Forwarded", "Via", "X-Forwarded-For",
					    "X-Forwarded-Host", "X-Real-IP"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (get_header(handle, names[i]) != NULL)
			return TRUE;
	}
	return FALSE;
}

/* A body that says it is far beyond the cap is not read at all; MHD closes behind the answer. */
static enum MHD_Result
begin_request(CsHttpd *httpd,
	      struct MHD_Connection *handle,
	      const char *method,
	      void **request_context)
{
	const char *length = get_header(handle, "Content-Length");
	guint64 announced_bytes = 0;
	CsHttpdUpload *upload = cs_httpd_upload_new(handle, method);

	*request_context = upload;
	upload->begun_us = g_get_monotonic_time();
	httpd->requests++;
	if (length != NULL &&
	    g_ascii_string_to_unsigned(length, 10, 0, G_MAXUINT64, &announced_bytes, NULL) &&
	    announced_bytes > CS_HTTPD_DISCARD_MAX_BYTES)
		return cs_httpd_queue_too_large(httpd, upload);
	return MHD_YES;
}

static enum MHD_Result
answer_request(CsHttpd *httpd,
	       struct MHD_Connection *handle,
	       const char *method,
	       const char *path,
	       CsHttpdUpload *upload)
{
	CsHttpdRequest request = {
		.id = upload->id,
		.method = method,
		.path = path,
		.content_type = get_header(handle, "Content-Type"),
		.authorization = get_header(handle, "Authorization"),
		.is_forwarded = is_forwarded(handle),
		.peer = cs_httpd_connection_get_peer(cs_httpd_connection_get(handle), handle),
	};

	if (upload->discarded_bytes > 0)
		return cs_httpd_queue_too_large(httpd, upload);
	if (upload->is_answered)
		return cs_httpd_send_answer(httpd, upload);
	request.body = cs_httpd_upload_ensure_bytes(upload);
	if (cs_httpd_prepare(httpd, upload, &request))
		return MHD_YES;
	request.prepared = upload->prepared;
	request.last_try = !cs_httpd_may_postpone(httpd, upload, g_get_monotonic_time());
	httpd->handler(&request, &upload->answer, httpd->data);
	httpd->handled = TRUE;
	if (upload->answer.awaited != NULL && !request.last_try)
		return cs_httpd_postpone(httpd, upload);
	if (upload->answer.held)
		return cs_httpd_hold(httpd, upload);
	return cs_httpd_send_answer(httpd, upload);
}

static enum MHD_Result
request_cb(void *data,
	   struct MHD_Connection *handle,
	   const char *url,
	   const char *method,
	   const char *version,
	   const char *upload_data,
	   size_t *upload_data_size,
	   void **request_context)
{
	CsHttpd *httpd = data;

	if (*request_context == NULL)
		return begin_request(httpd, handle, method, request_context);
	if (*upload_data_size > 0)
		return cs_httpd_upload_take(*request_context, upload_data, upload_data_size);
	return answer_request(httpd, handle, method, url, *request_context);
}

static void
tell_observer(CsHttpd *httpd,
	      struct MHD_Connection *handle,
	      const CsHttpdUpload *upload,
	      gboolean complete)
{
	CsHttpdConnection *connection = cs_httpd_connection_get(handle);
	const CsHttpdOutcome outcome = {
		.id = upload->id,
		.method = upload->method,
		.peer = connection != NULL ? cs_httpd_connection_get_peer(connection, handle) : "",
		.route = upload->answer.route,
		.code = upload->answer.code,
		.status = upload->sent_status,
		.complete = complete,
		.received_bytes = upload->received_bytes,
		.sent_bytes = upload->sent_bytes,
		.duration_us = g_get_monotonic_time() - upload->begun_us,
	};

	if (httpd->observe != NULL)
		httpd->observe(&outcome, httpd->observe_data);
}

static void
completed_cb(void *data,
	     struct MHD_Connection *handle,
	     void **request_context,
	     enum MHD_RequestTerminationCode how)
{
	CsHttpd *httpd = data;
	CsHttpdUpload *upload = *request_context;
	CsHttpdConnection *connection = cs_httpd_connection_get(handle);

	if (upload == NULL)
		return;
	g_ptr_array_remove(httpd->postponed, upload);
	g_ptr_array_remove(httpd->prepared, upload);
	tell_observer(httpd, handle, upload, how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	cs_httpd_upload_free(upload);
	*request_context = NULL;
	httpd->requests--;
	cs_httpd_connection_restart(httpd, connection);
}

/* Paths are compared as they were sent: "%2e" is no dot here. */
static size_t
keep_escapes_cb(void *data, struct MHD_Connection *handle, char *text)
{
	return strlen(text);
}

static void
wake_at(gint64 *ready_us, gint64 time_us)
{
	if (*ready_us < 0 || time_us < *ready_us)
		*ready_us = time_us;
}

static void
schedule(CsHttpd *httpd, gint64 now_us)
{
	gint64 deadline_us = cs_httpd_get_deadline(httpd);
	gboolean accepting = cs_httpd_may_accept(httpd, now_us);
	MHD_UNSIGNED_LONG_LONG timeout_ms;
	gint64 ready_us = -1;

	if (httpd->resumed) /* MHD has no time-out for these */
		wake_at(&ready_us, now_us);
	if (MHD_get_timeout(httpd->daemon, &timeout_ms) == MHD_YES)
		wake_at(&ready_us, now_us + (gint64)MIN(timeout_ms, G_MAXINT) * 1000);
	if (deadline_us >= 0)
		wake_at(&ready_us, deadline_us);
	if (httpd->postponed->len > 0)
		wake_at(&ready_us, cs_httpd_get_next_try(httpd));
	if (httpd->connections.length >= CS_HTTPD_CONNECTIONS_MAX)
		wake_at(&ready_us, httpd->sweep_after_us);
	if (!accepting && now_us < httpd->accept_after_us)
		wake_at(&ready_us, httpd->accept_after_us);
	if (accepting != httpd->accepting) /* each change wakes the main loop once more */
		g_source_modify_unix_fd(httpd->source, httpd->listen_tag, accepting ? G_IO_IN : 0);
	httpd->accepting = accepting;
	g_source_set_ready_time(httpd->source, ready_us);
}

/* What arrives during the second run is prepared then, and handed over in the next turn, at once;
 * what is answered by the turn's end goes out with the next run. */
static void
run_turn(CsHttpd *httpd)
{
	httpd->resumed = FALSE;
	MHD_run(httpd->daemon);
	if (cs_httpd_hand_over_prepared(httpd))
		MHD_run(httpd->daemon);
	if (httpd->prepared->len > 0)
		httpd->resumed = TRUE;
	cs_httpd_end_turn(httpd);
}

static gboolean
dispatch(GSource *source, GSourceFunc unused_callback, gpointer unused_data)
{
	CsHttpd *httpd = ((HttpdSource *)source)->httpd;
	gint64 now_us = g_get_monotonic_time();

	cs_httpd_expire_connections(httpd, now_us);
	cs_httpd_sweep_connections(httpd, now_us);
	cs_httpd_accept_connections(httpd, now_us);
	cs_httpd_retry_late(httpd, now_us);
	run_turn(httpd);
	schedule(httpd, g_get_monotonic_time());
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_functions = {NULL, NULL, dispatch, NULL, NULL, NULL};

static struct MHD_Daemon *
start_daemon(CsHttpd *httpd, const char *certificate_pem, const char *key_pem)
{
	guint flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;
	const struct MHD_OptionItem tls_options[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate_pem},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key_pem},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES},
		{MHD_OPTION_END, 0, NULL},
	};
	const struct MHD_OptionItem no_options[] = {{MHD_OPTION_END, 0, NULL}};

	if (key_pem != NULL)
		flags |= MHD_USE_TLS;
	return MHD_start_daemon(
		flags, 0, NULL, NULL, request_cb, httpd, MHD_OPTION_NOTIFY_CONNECTION,
		cs_httpd_connection_cb, httpd, MHD_OPTION_NOTIFY_COMPLETED, completed_cb, httpd,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes_cb, NULL, MHD_OPTION_CONNECTION_LIMIT,
		(guint)CS_HTTPD_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		(guint)IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HEADERS_MAX_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY,
		key_pem != NULL ? tls_options : no_options, MHD_OPTION_END);
}

static void
attach_source(CsHttpd *httpd, GMainContext *context)
{
	httpd->source = g_source_new(&source_functions, sizeof(HttpdSource));
	((HttpdSource *)httpd->source)->httpd = httpd;
	g_source_set_name(httpd->source, "countersign httpd");
	g_source_add_unix_fd(httpd->source, httpd->epoll_fd, G_IO_IN);
	httpd->listen_tag = g_source_add_unix_fd(httpd->source, httpd->listen_fd, G_IO_IN);
	httpd->accepting = TRUE;
	g_source_attach(httpd->source, context);
}

/**
 * cs_httpd_new:
 * @context: (nullable): whose thread will run @handler; NULL for the default one
 * @host: a literal address, or with TLS a name that resolves to one of ours
 * @port: port, 0 for a free one
 * @certificate_pem: (nullable): chain for TLS, the server's own first; not kept
 * @key_pem: (nullable): its key; not kept
 * @handler: answers one request, before it returns; must not free the server
 * @data: for @handler
 * @error: %CS_ERROR_USAGE with the reasons "tls-required" and "address-invalid";
 *   %CS_ERROR_STATE, "address-in-use" or the code's own; %CS_ERROR_INVALID, "tls-invalid", where
 *   certificate and key cannot be used
 *
 * Listens, and serves whenever @context runs. TLS here is transport: nothing that a token says
 * rests on it. A body beyond 256 KiB gets 413, a connection idle for 10 s or busy with one request
 * for 30 s is closed, and connections beyond 512 wait.
 *
 * Returns: (transfer full) (nullable): a server; call and free it on @context's thread, or while
 * @context does not run.
 */
CsHttpd *
cs_httpd_new(GMainContext *context,
	     const char *host,
	     guint16 port,
	     const char *certificate_pem,
	     const char *key_pem,
	     CsHttpdHandler handler,
	     gpointer data,
	     GError **error)
{
	g_autoptr(CsHttpd) httpd = g_new0(CsHttpd, 1);
	gboolean has_tls = certificate_pem != NULL && key_pem != NULL;

	httpd->listen_fd = -1;
	httpd->held = g_ptr_array_new();
	httpd->held_answers = g_ptr_array_new();
	httpd->postponed = g_ptr_array_new();
	httpd->prepared = g_ptr_array_new();
	httpd->postponed_max = POSTPONED_MAX;
	httpd->patience_ms = PATIENCE_MS;
	httpd->handler = handler;
	httpd->data = data;
	httpd->request_timeout_ms = REQUEST_TIMEOUT_MS;
	if (!has_tls && (certificate_pem != NULL || key_pem != NULL)) {
		cs_error_set(error, CS_ERROR_USAGE, "tls-required",
			     _("TLS needs both a certificate and its key"));
		return NULL;
	}
	httpd->listen_fd = cs_httpd_socket_open(host, port, has_tls, error);
	if (httpd->listen_fd < 0)
		return NULL;
	httpd->port = cs_httpd_socket_get_port(httpd->listen_fd);
	if (has_tls) {
		httpd->tls = cs_httpd_tls_new(certificate_pem, key_pem, error);
		if (httpd->tls == NULL)
			return NULL;
	}
	httpd->daemon = start_daemon(httpd, certificate_pem, key_pem);
	if (httpd->daemon == NULL) {
		cs_error_set(error, CS_ERROR_STATE, NULL, _("cannot start the server"));
		return NULL;
	}
	httpd->epoll_fd = MHD_get_daemon_info(httpd->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	attach_source(httpd, context);
	return g_steal_pointer(&httpd);
}

/**
 * cs_httpd_get_port:
 * @httpd: a server
 *
 * Returns: the port that it listens on.
 */
guint16
cs_httpd_get_port(const CsHttpd *httpd)
{
	return httpd->port;
}

/**
 * cs_httpd_set_request_timeout:
 * @httpd: a server
 * @timeout_ms: how long one request may take to arrive and be answered; 30000 unless set
 *
 * For connections that begin from here on.
 */
void
cs_httpd_set_request_timeout(CsHttpd *httpd, guint timeout_ms)
{
	httpd->request_timeout_ms = timeout_ms;
}

/**
 * cs_httpd_set_settle:
 * @httpd: a server, before its context runs
 * @settle: called whenever the requests that were ready in one turn of the main loop have been
 *   handed to the handler, with the answers that it marked held
 * @data: for @settle
 *
 * So that many requests share what is dear: the handler marks an answer held, and it is sent when
 * @settle has returned, which may change it.
 */
void
cs_httpd_set_settle(CsHttpd *httpd, CsHttpdSettle settle, gpointer data)
{
	httpd->settle = settle;
	httpd->settle_data = data;
}

/**
 * cs_httpd_set_tls:
 * @httpd: a server with TLS
 * @certificate_pem: chain, the server's own first; not kept
 * @key_pem: its key; not kept
 * @now: Unix seconds
 * @error: %CS_ERROR_INVALID "tls-invalid" where they cannot be read or do not fit, "tls-not-valid-now"
 *   where @now is outside the certificate's validity
 *
 * Connections that begin from here on are answered with these; those that are open go on.
 *
 * Returns: %FALSE where it is as before
 */
gboolean
cs_httpd_set_tls(CsHttpd *httpd,
		 const char *certificate_pem,
		 const char *key_pem,
		 gint64 now,
		 GError **error)
{
	g_autoptr(CsHttpdTls) tls = cs_httpd_tls_new(certificate_pem, key_pem, error);

	g_return_val_if_fail(httpd->tls != NULL, FALSE);
	if (tls == NULL)
		return FALSE;
	if (!cs_httpd_tls_is_valid_at(tls, now)) {
		cs_error_set(error, CS_ERROR_INVALID, "tls-not-valid-now",
			     _("the server's new certificate has expired or is not valid yet"));
		return FALSE;
	}
	cs_httpd_tls_unref(httpd->tls);
	httpd->tls = g_steal_pointer(&tls);
	return TRUE;
}

/**
 * cs_httpd_get_tls_not_after:
 * @httpd: a server
 *
 * Returns: until when the certificate is valid that connections get now, Unix seconds; 0 without TLS
 */
gint64
cs_httpd_get_tls_not_after(const CsHttpd *httpd)
{
	return httpd->tls != NULL ? cs_httpd_tls_get_not_after(httpd->tls) : 0;
}

/**
 * cs_httpd_set_before_accept:
 * @httpd: a server, before its context runs
 * @before: called when somebody has connected, before anything is said to them; once for all that
 *   have at one time
 * @data: for @before
 */
void
cs_httpd_set_before_accept(CsHttpd *httpd, CsHttpdBeforeAccept before, gpointer data)
{
	httpd->before_accept = before;
	httpd->before_accept_data = data;
}

/**
 * cs_httpd_get_load:
 * @httpd: a server
 * @load: (out caller-allocates): what is under way
 */
void
cs_httpd_get_load(const CsHttpd *httpd, CsHttpdLoad *load)
{
	load->connections = httpd->connections.length;
	load->requests = httpd->requests;
	load->postponed = httpd->postponed->len;
}

/**
 * cs_httpd_set_observer:
 * @httpd: a server, before its context runs
 * @observe: (nullable): told of each request once, when its answer has been sent or its connection
 *   has gone; what it is given is lent. What is no HTTP, or beyond the headers' cap, is no request
 * @data: for @observe
 */
void
cs_httpd_set_observer(CsHttpd *httpd, CsHttpdObserve observe, gpointer data)
{
	httpd->observe = observe;
	httpd->observe_data = data;
}

/* Requests begun get their answer, if they arrive in time, and those postponed at once; nobody new
 * is let in. */
static void
finish_requests(CsHttpd *httpd)
{
	gint64 end_us = g_get_monotonic_time() + LAST_ANSWERS_US;
	struct pollfd watched = {httpd->epoll_fd, POLLIN, 0};

	httpd->stopping = TRUE;
	cs_httpd_retry_late(httpd, G_MAXINT64);
	run_turn(httpd);
	while (httpd->requests > 0) {
		gint64 left_ms = (end_us - g_get_monotonic_time()) / 1000;
		MHD_UNSIGNED_LONG_LONG timeout_ms;

		if (left_ms <= 0)
			return;
		if (MHD_get_timeout(httpd->daemon, &timeout_ms) == MHD_YES)
			left_ms = MIN(left_ms, (gint64)MIN(timeout_ms, G_MAXINT));
		left_ms = httpd->resumed ? 0 : left_ms;
		poll(&watched, 1, (int)left_ms);
		run_turn(httpd);
	}
}

/**
 * cs_httpd_free:
 * @httpd: (nullable) (transfer full): a server
 *
 * Stops listening at once, gives requests that have begun at most 2 s to be answered, and closes.
 * The handler may still be called meanwhile.
 */
void
cs_httpd_free(CsHttpd *httpd)
{
	if (httpd == NULL)
		return;
	if (httpd->source != NULL) {
		g_source_destroy(httpd->source);
		g_source_unref(httpd->source);
	}
	if (httpd->listen_fd >= 0)
		close(httpd->listen_fd);
	if (httpd->daemon != NULL) {
		finish_requests(httpd);
		MHD_stop_daemon(httpd->daemon);
	}
	g_clear_pointer(&httpd->tls, cs_httpd_tls_unref);
	g_ptr_array_unref(httpd->held);
	g_ptr_array_unref(httpd->held_answers);
	g_ptr_array_unref(httpd->postponed);
	g_ptr_array_unref(httpd->prepared);
	g_free(httpd);
}
