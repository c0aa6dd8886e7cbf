/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/event.h"

#include <string.h>

#define MAX_ID_LENGTH	   64
#define MAX_UNPROVEN_LINES 60 /* a minute */
#define SECONDS_A_MINUTE   60
#define PATIENCE_MS	   2000

/**
 * cs_service_get_now:
 * @service: the service
 *
 * Returns: Unix seconds by the authority's clock
 */
gint64
cs_service_get_now(const CsService *service)
{
	return cs_clock_get_unix_s(cs_authority_get_clock(service->authority));
}

/**
 * cs_service_refresh_issuers:
 * @service: the service
 * @error: where to put the error
 *
 * Reads the administrator's list anew (rules 4 and 14), and lets the watch over revocation know.
 *
 * Returns: %FALSE where the registry fails: %CS_ERROR_STATE
 */
gboolean
cs_service_refresh_issuers(CsService *service, GError **error)
{
	if (!cs_trusted_issuers_refresh(service->issuers, service->registry, error))
		return FALSE;
	cs_revocation_watch_set_issuers(service->watch,
					cs_trusted_issuers_get_rows(service->issuers));
	return TRUE;
}

/**
 * cs_service_is_id:
 * @text: (nullable): text from outside
 *
 * Returns: %TRUE for 1 to 64 characters of [a-z0-9]
 */
gboolean
cs_service_is_id(const char *text)
{
	gsize length = text != NULL ? strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789") : 0;

	return length > 0 && length <= MAX_ID_LENGTH && text[length] == '\0';
}

/**
 * cs_service_report_fault:
 * @service: the service
 * @error: what has failed
 *
 * Tells whoever runs the server; callers hear only that it failed.
 */
void
cs_service_report_fault(CsService *service, const GError *error)
{
	cs_event(CS_EVENT_ERROR, "fault", CS_FIELD_REQUEST, service->request, CS_FIELD_CODE,
		 cs_error_get_reason(error), CS_FIELD_MESSAGE, error->message, CS_FIELD_END);
	service->unwell = TRUE;
	service->turn_faulty = TRUE;
	if (service->fault != NULL)
		service->fault(error, service->fault_data);
}

/* Whoever proves nothing must not be able to fill the disk. */
static gboolean
may_log_unproven(CsService *service, gint64 now)
{
	gint64 minute = now / SECONDS_A_MINUTE;

	if (service->unproven_since != minute) {
		service->unproven_since = minute;
		service->unproven_lines = 0;
	}
	service->unproven_lines++;
	return service->unproven_lines <= MAX_UNPROVEN_LINES;
}

/**
 * cs_service_log:
 * @service: the service
 * @entry: the line; its time, origin and request are set here
 * @proven: whether a signature or code of somebody known was good
 *
 * Writes a line of the log, inside the caller's transaction. Of lines that prove nothing, at most
 * 60 a minute are written.
 *
 * Returns: %FALSE where the registry fails: %CS_ERROR_STATE
 */
gboolean
cs_service_log(CsService *service, const CsLogEntry *entry, gboolean proven, GError **error)
{
	CsLogEntry dated = *entry;

	dated.time = cs_service_get_now(service);
	dated.origin = service->peer;
	dated.request = service->request;
	if (!proven && !may_log_unproven(service, dated.time))
		return TRUE;
	return cs_registry_log(service->registry, &dated, error);
}

/**
 * cs_service_accept_token:
 * @service: the service
 * @aud: whom the token is for
 * @iat: when it says that it was made
 * @nonce: the nonce that it carries
 * @answer: set to a problem where %FALSE is returned
 *
 * Accepts what a token whose signature was verified says of itself, and takes its nonce: the same
 * token is never accepted again.
 *
 * Returns: %TRUE where it is for this authority, of now, and its nonce was open
 */
gboolean
cs_service_accept_token(
	CsService *service, const char *aud, gint64 iat, const char *nonce, CsAnswer *answer)
{
	gint64 now = cs_service_get_now(service);

	if (g_strcmp0(aud, cs_authority_get_url(service->authority)) != 0) {
		cs_answer_set_problem(answer, CS_PROBLEM_TOKEN_MALFORMED,
				      "the token is for somebody else");
		return FALSE;
	}
	if (iat < now - CS_CHALLENGE_MAX_LIFETIME_S - CS_TOKEN_LEEWAY_S ||
	    iat > now + CS_TOKEN_LEEWAY_S) {
		cs_answer_set_problem(answer, CS_PROBLEM_TOKEN_MALFORMED,
				      "the token is not of now");
		return FALSE;
	}
	if (!cs_challenges_take_nonce(service->challenges, nonce, now)) {
		cs_answer_set_problem(answer, CS_PROBLEM_NONCE_INVALID,
				      "unknown, used before or expired");
		return FALSE;
	}
	return TRUE;
}

/**
 * cs_service_answer_verdict:
 * @service: the service
 * @verdict: the verdict; kid, iss, iat, rsh and request are set here
 * @answered_token: the token that it answers
 * @answer: the answer, set
 *
 * Signs a verdict and answers with it. What it says is committed before the answer leaves.
 *
 * Returns: %FALSE where it cannot be signed
 */
gboolean
cs_service_answer_verdict(CsService *service,
			  CsVerdict *verdict,
			  const char *answered_token,
			  CsAnswer *answer,
			  GError **error)
{
	const CsJwk *jwk = cs_authority_get_server_jwk(service->authority);
	g_autofree char *token = NULL;
	cJSON *body;

	verdict->request = g_strdup(service->request);
	verdict->kid = g_strdup(cs_jwk_get_thumbprint(jwk));
	verdict->iss = g_strdup(cs_authority_get_url(service->authority));
	verdict->iat = cs_service_get_now(service);
	verdict->rsh = cs_sha256_base64url(answered_token, strlen(answered_token));
	token = cs_verdict_sign(verdict, cs_authority_get_server_key(service->authority), error);
	if (token == NULL)
		return FALSE;
	body = cJSON_CreateObject();
	cs_json_add_string(body, "verdict", token);
	cs_answer_set(answer, 200, body);
	return TRUE;
}

/* While the turn's transaction is open, whatever was read may be of what it has not kept yet: so
 * every answer waits, not only those that wrote. */
static void
handle_request_cb(const CsHttpdRequest *request, CsHttpdResponse *response, gpointer data)
{
	CsService *service = data;
	CsAnswer answer = {0};

	cs_service_check_clock(service);
	service->peer = request->peer;
	service->request = request->id;
	service->authorization = request->authorization;
	service->is_forwarded = request->is_forwarded;
	service->prepared = request->prepared;
	service->may_postpone = !request->last_try;
	cs_service_answer_request(service, request, &answer);
	service->peer = NULL;
	service->request = NULL;
	service->authorization = NULL;
	service->prepared = NULL;
	response->route = answer.route;
	response->awaited = g_steal_pointer(&service->awaited);
	if (response->awaited != NULL)
		return;
	cs_answer_write(&answer, response);
	response->held = service->turn_open;
}

static gboolean
is_awaited_cb(const char *awaited, gpointer data)
{
	CsService *service = data;

	return cs_revocation_watch_is_busy(service->watch, awaited);
}

static gboolean
dispatch_news(GSource *source, GSourceFunc callback, gpointer data)
{
	g_source_set_ready_time(source, -1);
	return callback(data);
}

static GSourceFuncs news_functions = {NULL, NULL, dispatch_news, NULL, NULL, NULL};

static gboolean
news_cb(gpointer data)
{
	CsService *service = data;

	cs_httpd_retry(service->httpd, is_awaited_cb, service);
	return G_SOURCE_CONTINUE;
}

/* In the watch's thread. */
static void
told_cb(gpointer data)
{
	CsService *service = data;

	g_source_set_ready_time(service->news, 0);
}

static void
start_watch(CsService *service, GMainContext *context)
{
	service->news = g_source_new(&news_functions, sizeof(GSource));
	g_source_set_name(service->news, "countersign revocation");
	g_source_set_callback(service->news, news_cb, service, NULL);
	g_source_attach(service->news, context);
	service->watch = cs_revocation_watch_new(cs_authority_get_folder(service->authority),
						 cs_authority_get_clock(service->authority));
	cs_revocation_watch_set_told(service->watch, told_cb, service);
}

static char *
format_address(const char *host, guint16 port, gboolean tls)
{
	gboolean bare_v6 = strchr(host, ':') != NULL && host[0] != '[';

	return g_strdup_printf("%s://%s%s%s:%u", tls ? "https" : "http", bare_v6 ? "[" : "", host,
			       bare_v6 ? "]" : "", port);
}

/**
 * cs_service_new:
 * @authority: the authority; lent, and used by nobody else while the service lives
 * @context: (nullable): whose thread answers; %NULL for the default context
 * @host: where to listen, as for cs_httpd_new()
 * @port: 0 for a free one
 * @certificate_pem: (nullable): for TLS, with @key_pem
 * @key_pem: (nullable): for TLS
 *
 * Serves an authority over HTTP until cs_service_free(). Calls are decided one after another on
 * @context's thread; those that are ready at one time share a commit, and nothing is acknowledged
 * before it is on disk. Administrators may change the registry from other processes meanwhile.
 *
 * Returns: (transfer full): the service, listening; %NULL on %CS_ERROR_REFUSED "already-serving",
 *   or cs_httpd_new()'s and cs_authority_lock_for_serving()'s errors
 */
CsService *
cs_service_new(CsAuthority *authority,
	       GMainContext *context,
	       const char *host,
	       guint16 port,
	       const char *certificate_pem,
	       const char *key_pem,
	       GError **error)
{
	g_autoptr(CsService) service = g_new0(CsService, 1);

	service->authority = authority;
	service->registry = cs_authority_get_registry(authority);
	service->counts = cs_service_counts_new();
	service->began_at = cs_service_get_now(service);
	(void)cs_clock_find_jump(cs_authority_get_clock(authority), &service->clock_mark);
	service->lock = cs_authority_lock_for_serving(cs_authority_get_folder(authority), error);
	if (service->lock == NULL)
		return NULL;
	service->challenges = cs_challenges_new(CS_CHALLENGES_MAX_OPEN);
	service->issuers = cs_trusted_issuers_new();
	start_watch(service, context);
	if (!cs_service_refresh_issuers(service, error))
		return NULL;
	service->httpd = cs_httpd_new(context, host, port, certificate_pem, key_pem,
				      handle_request_cb, service, error);
	if (service->httpd == NULL)
		return NULL;
	cs_httpd_set_settle(service->httpd, cs_service_settle_cb, service);
	cs_service_set_patience(service, PATIENCE_MS);
	cs_httpd_set_observer(service->httpd, cs_service_observe_cb, service);
	cs_service_start_workers(service);
	service->address =
		format_address(host, cs_httpd_get_port(service->httpd), certificate_pem != NULL);
	return g_steal_pointer(&service);
}

/**
 * cs_service_get_address:
 * @service: the service
 *
 * Returns: (transfer none): where it listens, with the port it got; the organisation's address is
 *   the authority's, not this
 */
const char *
cs_service_get_address(const CsService *service)
{
	return service->address;
}

/**
 * cs_service_set_fault_handler:
 * @service: the service, before its context runs
 * @fault: (nullable): told of each failure of the server's own, as often as it happens
 * @data: for @fault
 *
 * Callers hear only that it failed; what failed is for whoever runs the server.
 */
void
cs_service_set_fault_handler(CsService *service, CsServiceFault fault, gpointer data)
{
	service->fault = fault;
	service->fault_data = data;
}

/**
 * cs_service_set_commits_alone:
 * @service: the service, before its context runs
 * @alone: %TRUE to commit each request by itself; unless set, those that are ready share a commit
 *
 * What is acknowledged is on disk either way; alone, each request pays for it by itself.
 */
void
cs_service_set_commits_alone(CsService *service, gboolean alone)
{
	service->commits_alone = alone;
}

/**
 * cs_service_set_patience:
 * @service: the service, before its context runs
 * @patience_ms: how long a sign-in may wait, since it has arrived, for an answer about revocation
 *   that is being fetched; 2000 unless set
 *
 * At the end of it unknown is unknown, which is not managed; the sign-in is unaffected.
 */
void
cs_service_set_patience(CsService *service, guint patience_ms)
{
	cs_httpd_set_patience(service->httpd, patience_ms, CS_SERVICE_MAX_POSTPONED);
}

/**
 * cs_service_free:
 * @service: (transfer full): the service
 *
 * Finishes answers under way, stops listening, forgets challenges and nonces, and lets go of the
 * lock; in @context's thread.
 */
void
cs_service_free(CsService *service)
{
	g_clear_pointer(&service->httpd, cs_httpd_free);
	g_clear_pointer(&service->workers, cs_workers_free);
	g_clear_pointer(&service->challenges, cs_challenges_free);
	g_clear_pointer(&service->watch, cs_revocation_watch_free);
	if (service->news != NULL)
		g_source_destroy(service->news);
	g_clear_pointer(&service->news, g_source_unref);
	g_clear_pointer(&service->issuers, cs_trusted_issuers_free);
	g_clear_pointer(&service->crl, cs_published_crl_free);
	g_clear_pointer(&service->lock, cs_file_lock_free);
	g_clear_pointer(&service->tls_files, cs_tls_files_free);
	g_clear_pointer(&service->counts, cs_service_counts_free);
	g_clear_pointer(&service->metrics_token, cs_secret_unref);
	g_free(service->address);
	g_free(service);
}
