/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"
#include "core/account/advice.h"
#include "core/authority/service.h"
#include "core/base/file.h"
#include "core/base/log-file.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

#define MAX_TLS_FILE_BYTES   262144
#define DEFAULT_HOST	     "127.0.0.1"
#define DEFAULT_PORT	     8443
#define HTTP_PORT	     80
#define FAULT_INTERVAL_US    G_GINT64_CONSTANT(60000000)
#define MAX_TOKEN_FILE_BYTES 4096
#define MIN_TOKEN_LENGTH     20

static const CsOption options[] = {
	{"listen", "HOST:PORT", CS_OPTION_ONCE, N_("where to listen; port 0 takes a free one")},
	{"tls-certificate", "FILE", CS_OPTION_ONCE, N_("certificate chain of the server, PEM")},
	{"tls-key", "FILE", CS_OPTION_ONCE, N_("its private key, PEM")},
	{"metrics-token", "FILE", CS_OPTION_ONCE,
	 N_("show /metrics to whoever brings the token in this file, and to nobody else; without "
	    "one only an authority whose URL is a loopback address shows it, to this machine")},
	{"log", "FOLDER", CS_OPTION_ONCE,
	 N_("where the server's log is kept, \"-\" for standard error, \"none\" for nowhere; "
	    "\"log\" in the authority's folder unless given")},
	{NULL},
};

typedef struct {
	char *host;
	guint16 port;
	CsTlsFiles *tls; /* (nullable) */
} Listener;

static void
listener_clear(Listener *listener)
{
	g_free(listener->host);
	g_clear_pointer(&listener->tls, cs_tls_files_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Listener, listener_clear)

/* "127.0.0.1:8443", "[::1]:8443". */
static gboolean
parse_listen(const char *text, Listener *listener, GError **error)
{
	const char *colon = strrchr(text, ':');
	gboolean in_brackets = text[0] == '[' && colon && colon > text + 2 && colon[-1] == ']';
	guint64 port = 0;

	if (colon && colon > text &&
	    g_ascii_string_to_unsigned(colon + 1, 10, 0, G_MAXUINT16, &port, NULL))
		listener->host = in_brackets ? g_strndup(text + 1, (gsize)(colon - text) - 2)
					     : g_strndup(text, (gsize)(colon - text));
	if (!listener->host || (!in_brackets && strchr(listener->host, ':'))) {
		cs_error_set(error, CS_ERROR_USAGE, "listen-malformed",
			     _("--listen needs HOST:PORT, such as 127.0.0.1:8443 or [::1]:8443"));
		return FALSE;
	}
	listener->port = (guint16)port;
	return TRUE;
}

/* An authority whose URL is plain HTTP on loopback is reached nowhere else. */
static gboolean
choose_default(const char *url, Listener *listener, GError **error)
{
	g_autoptr(GUri) uri = NULL;

	listener->host = g_strdup(DEFAULT_HOST);
	listener->port = DEFAULT_PORT;
	if (!g_str_has_prefix(url, "http://"))
		return TRUE;
	uri = g_uri_parse(url, G_URI_FLAGS_NONE, error);
	if (!uri)
		return FALSE;
	g_free(listener->host);
	listener->host = g_strdup(g_uri_get_host(uri));
	listener->port = (guint16)(g_uri_get_port(uri) > 0 ? g_uri_get_port(uri) : HTTP_PORT);
	return TRUE;
}

static gboolean
read_tls(const CsInvocation *invocation, Listener *listener, GError **error)
{
	const char *certificate_file = cs_invocation_get(invocation, "tls-certificate");
	const char *key_file = cs_invocation_get(invocation, "tls-key");
	gboolean is_new = FALSE;

	if (!certificate_file != !key_file) {
		cs_error_set(error, CS_ERROR_USAGE, "options-incomplete",
			     _("--tls-certificate and --tls-key belong together"));
		return FALSE;
	}
	if (!certificate_file)
		return TRUE;
	listener->tls = cs_tls_files_new(certificate_file, key_file);
	return cs_tls_files_read(listener->tls, cs_clock_get_unix_s(invocation->clock), &is_new,
				 error);
}

static gboolean
is_token(const char *text)
{
	gsize length = strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._~+/=");

	return length >= MIN_TOKEN_LENGTH && text[length] == '\0';
}

/* Without the line feed that editors end a file with. */
static CsSecret *
read_token(const char *file, GError **error)
{
	g_autoptr(CsSecret) text = cs_file_read_secret(file, MAX_TOKEN_FILE_BYTES, error);
	g_autoptr(CsSecret) token = NULL;
	const char *data;
	gsize length = 0;

	if (!text)
		return NULL;
	data = cs_secret_get_data(text, &length);
	if (length > 0 && data[length - 1] == '\n')
		length--;
	token = cs_secret_new(data, length);
	if (is_token(cs_secret_get_text(token)) && strlen(cs_secret_get_text(token)) == length)
		return g_steal_pointer(&token);
	cs_error_set(error, CS_ERROR_USAGE, "metrics-token-invalid",
		     _("%s must hold one line: a token of at least %d letters, digits and -._~+/="),
		     file, MIN_TOKEN_LENGTH);
	return NULL;
}

static gboolean
set_metrics_token(const CsInvocation *invocation, CsService *service, GError **error)
{
	const char *file = cs_invocation_get(invocation, "metrics-token");
	g_autoptr(CsSecret) token = file ? read_token(file, error) : NULL;

	cs_service_set_metrics_token(service, token);
	return !file || token;
}

/* What the administrator has been told of. */
typedef struct {
	const CsInvocation *invocation;
	gboolean any;
	gint64 told_at_us;
} Faults;

/* Callers come again and again while a disk is full; the administrator is told once a minute. */
static void
tell_fault_cb(const GError *error, gpointer data)
{
	Faults *faults = data;
	const CsInvocation *invocation = faults->invocation;
	gint64 now_us = cs_clock_get_monotonic_us(invocation->clock);
	const char *next_step = cs_advice_get_next_step(error);

	if (faults->any && now_us - faults->told_at_us < FAULT_INTERVAL_US)
		return;
	faults->any = TRUE;
	faults->told_at_us = now_us;
	cs_invocation_note(invocation, _("countersign: a call could not be answered: %s\n"),
			   error->message);
	if (next_step && next_step[0] != '\0')
		cs_invocation_note_paragraph(invocation, next_step);
}

static gboolean
stop_cb(GCancellable *cancellable, gpointer data)
{
	g_main_loop_quit(data);
	return G_SOURCE_REMOVE;
}

/* As administrators expect of a server. */
static gboolean
hangup_cb(gpointer data)
{
	cs_service_reload_tls(data);
	return G_SOURCE_CONTINUE;
}

static void
open_log(const CsInvocation *invocation)
{
	const char *where = cs_invocation_get(invocation, "log");
	g_autofree char *usual =
		g_build_filename(invocation->authority_folder, CS_LOG_FOLDER, NULL);

	if (g_strcmp0(where, "none") == 0)
		return;
	if (g_strcmp0(where, "-") == 0)
		cs_log_open_for_server(invocation->log, NULL);
	else
		cs_log_open_for_server(invocation->log, where ? where : usual);
}

/* Serves until interrupted. The line says that connections are accepted, and scripts wait for it:
 * it is the same with --json. */
static void
serve(const CsInvocation *invocation, GMainContext *context, CsService *service)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(context, FALSE);
	g_autoptr(GSource) source = g_cancellable_source_new(invocation->cancellable);
	g_autoptr(GSource) hangup = g_unix_signal_source_new(SIGHUP);

	g_source_set_callback(source, G_SOURCE_FUNC(stop_cb), loop, NULL);
	g_source_attach(source, context);
	g_source_set_callback(hangup, hangup_cb, service, NULL);
	g_source_attach(hangup, context);
	cs_event(CS_EVENT_INFO, "listening", CS_FIELD_VERSION, CS_VERSION, CS_FIELD_SERVER,
		 cs_service_get_address(service), CS_FIELD_END);
	(void)printf("listening on %s\n", cs_service_get_address(service));
	if (fflush(stdout) == 0)
		g_main_loop_run(loop);
	g_source_destroy(source);
	g_source_destroy(hangup);
}

static CsService *
open_service(const CsInvocation *invocation,
	     CsAuthority *authority,
	     GMainContext *context,
	     GError **error)
{
	const char *listen = cs_invocation_get(invocation, "listen");
	g_auto(Listener) listener = {NULL};
	CsService *service = NULL;

	if (listen ? !parse_listen(listen, &listener, error)
		   : !choose_default(cs_authority_get_url(authority), &listener, error))
		return NULL;
	if (!read_tls(invocation, &listener, error))
		return NULL;
	service = cs_service_new(authority, context, listener.host, listener.port,
				 listener.tls ? cs_tls_files_get_certificate(listener.tls) : NULL,
				 listener.tls ? cs_tls_files_get_key(listener.tls) : NULL, error);
	if (service && listener.tls)
		cs_service_watch_tls(service, g_steal_pointer(&listener.tls));
	return service;
}

static CsExit
run(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(CsAuthority) authority =
		cs_authority_open(invocation->authority_folder, invocation->clock, &error);
	g_autoptr(CsService) service = NULL;
	Faults faults = {.invocation = invocation};

	if (authority) {
		open_log(invocation);
		service = open_service(invocation, authority, context, &error);
	}
	if (!service || !set_metrics_token(invocation, service, &error))
		return cs_invocation_fail(invocation, error);
	cs_service_set_fault_handler(service, tell_fault_cb, &faults);
	serve(invocation, context, service);
	return CS_EXIT_DONE;
}

const CsCommand cs_command_authority_serve = {
	.path = "authority serve",
	.summary = N_("Serve the devices until interrupted"),
	.description =
		N_("Prints one line, \"listening on URL\", when connections are accepted; SIGTERM "
		   "and SIGINT end it, with exit code 0. Without --listen it listens where the "
		   "authority's URL points if that is plain HTTP on a loopback address, else on "
		   "127.0.0.1:8443. Any other address needs --tls-certificate and --tls-key; files "
		   "that are replaced are taken for new connections, and on SIGHUP. What "
		   "keeps it from answering (a full disk, say) is told on standard error, once a "
		   "minute at most; it goes on by itself when that has passed. Each request is a "
		   "line of the server's log (server.log, and four older files, 8 MiB each), with "
		   "the id that the client was told. GET /healthz says whether it can serve, and "
		   "GET /metrics what it counts, for Prometheus. Every "
		   "other verb works while it runs; a second \"serve\" of the same folder is "
		   "refused."),
	.options = options,
	.run = run,
};
