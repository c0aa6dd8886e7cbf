/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>

#define BEARER "Bearer "

static void
add_gauge(GString *text, const char *name, const char *help, double value)
{
	cs_metrics_begin(text, name, CS_METRICS_GAUGE, help);
	cs_metrics_add(text, name, NULL, value);
}

static void
write_load(const CsService *service, GString *text)
{
	CsHttpdLoad load = {0};
	gint64 now = cs_service_get_now(service);

	cs_httpd_get_load(service->httpd, &load);
	add_gauge(text, "countersign_http_connections", "Connections that are open.",
		  load.connections);
	add_gauge(text, "countersign_http_requests_under_way",
		  "Requests that have begun and have no whole answer yet.", load.requests);
	add_gauge(text, "countersign_http_requests_postponed",
		  "Requests that wait for an answer about revocation.", load.postponed);
	add_gauge(text, "countersign_challenges_open",
		  "Challenges that nobody has answered and that have not expired.",
		  cs_challenges_count_open(service->challenges, now));
	add_gauge(text, "countersign_nonces_open", "Nonces that are not used and not expired.",
		  cs_challenges_count_nonces(service->challenges, now));
}

static double
get_size(const CsService *service, const char *name)
{
	g_autofree char *path =
		g_build_filename(cs_authority_get_folder(service->authority), name, NULL);
	struct stat status;

	return stat(path, &status) == 0 ? (double)status.st_size : 0;
}

static void
write_registry(const CsService *service, GString *text)
{
	static const char *const database[] = {"file", "registry.db", NULL};
	static const char *const log[] = {"file", "registry.db-wal", NULL};
	const char *name = "countersign_registry_size_bytes";

	cs_metrics_begin(text, name, CS_METRICS_GAUGE, "Size of the registry's files.");
	cs_metrics_add(text, name, database, get_size(service, database[1]));
	cs_metrics_add(text, name, log, get_size(service, log[1]));
	add_gauge(text, "countersign_healthy", "Whether what was written last was written well.",
		  service->unwell ? 0 : 1);
}

static void
write_crls(const CsRevocationView *view, gint64 now, GString *text)
{
	const CsCrlSet *crls = cs_revocation_view_get_crls(view);

	for (guint i = 0; crls != NULL && i < cs_crl_set_get_length(crls); i++) {
		const CsCrlFields *fields = cs_crl_get_fields(cs_crl_set_get_crl(crls, i));
		g_autofree char *place = g_strdup_printf("%u", i);
		const char *const labels[] = {
			"issuer",  cs_revocation_view_get_issuer(view), "crl", place,
			"problem", cs_crl_set_get_problem(crls, i),	NULL};
		const char *const sound[] = {labels[0], labels[1], labels[2], labels[3], NULL};

		cs_metrics_add(text, "countersign_revocation_crl_age_seconds",
			       labels[5] != NULL ? labels : sound,
			       (double)(now - fields->this_update));
	}
}

static void
write_revocation(CsService *service, GString *text)
{
	g_autoptr(GPtrArray) views = cs_revocation_watch_dup_views(service->watch);
	gint64 now = cs_service_get_now(service);
	const char *name = "countersign_revocation_answers";

	cs_metrics_begin(text, "countersign_revocation_crl_age_seconds", CS_METRICS_GAUGE,
			 "Age of each CRL at hand, by its thisUpdate.");
	for (guint i = 0; i < views->len; i++)
		write_crls(views->pdata[i], now, text);
	cs_metrics_begin(text, name, CS_METRICS_GAUGE, "OCSP answers at hand.");
	for (guint i = 0; i < views->len; i++) {
		const CsRevocationView *view = views->pdata[i];
		const char *const labels[] = {"issuer", cs_revocation_view_get_issuer(view), NULL};

		cs_metrics_add(text, name, labels, cs_revocation_view_count_answers(view));
	}
}

static void
write_tls(const CsService *service, GString *text)
{
	gint64 not_after = cs_httpd_get_tls_not_after(service->httpd);

	if (not_after == 0)
		return;
	add_gauge(text, "countersign_tls_certificate_not_after_timestamp_seconds",
		  "Until when the server's certificate is valid, in Unix seconds.",
		  (double)not_after);
	add_gauge(text, "countersign_tls_files_refused",
		  "Whether the files of certificate and key are not what is served.",
		  service->tls_refused ? 1 : 0);
}

static void
write_process(const CsService *service, GString *text)
{
	static const char *const labels[] = {"version", CS_VERSION, NULL};

	cs_metrics_begin(text, "countersign_build_info", CS_METRICS_GAUGE,
			 "1, and what is running.");
	cs_metrics_add(text, "countersign_build_info", labels, 1);
	add_gauge(text, "process_start_time_seconds", "When the service began, in Unix seconds.",
		  (double)service->began_at);
}

/* Nobody elsewhere can be told such an address, so there is no proxy that hands on what comes from
 * anywhere; one that says nothing of itself cannot be seen. */
static gboolean
is_of_this_machine(const CsService *service)
{
	g_autoptr(GUri) uri =
		g_uri_parse(cs_authority_get_url(service->authority), G_URI_FLAGS_NONE, NULL);

	return uri != NULL && cs_httpd_is_loopback(g_uri_get_host(uri));
}

/* By the token where there is one, whoever asks. Else only where all that is served is for this
 * machine, and for who asks from it. */
static gboolean
may_see(const CsService *service)
{
	const char *given = service->authorization;
	const char *wanted;
	gsize length;

	if (service->metrics_token == NULL)
		return is_of_this_machine(service) && cs_httpd_is_loopback(service->peer) &&
		       !service->is_forwarded;
	if (given == NULL || g_ascii_strncasecmp(given, BEARER, strlen(BEARER)) != 0)
		return FALSE;
	given += strlen(BEARER);
	wanted = cs_secret_get_data(service->metrics_token, &length);
	return strlen(given) == length && CRYPTO_memcmp(given, wanted, length) == 0;
}

/**
 * cs_service_get_metrics:
 * @service: the service
 * @id: ""
 * @body: nothing
 * @answer: 200, or 404 for whoever may not see it
 * @error: not set
 *
 * GET /metrics: Prometheus' text format. Whoever may not see it is told what is told of any path that
 * is not there.
 *
 * Returns: %TRUE
 */
gboolean
cs_service_get_metrics(
	CsService *service, const char *id, GBytes *body, CsAnswer *answer, GError **error)
{
	g_autoptr(GBytes) bytes = NULL;
	GString *text;

	if (!may_see(service)) {
		cs_answer_set_problem(answer, CS_PROBLEM_NOT_FOUND, "no such path");
		return TRUE;
	}
	text = g_string_new(NULL);
	cs_service_counts_write(service->counts, text);
	write_load(service, text);
	write_registry(service, text);
	write_revocation(service, text);
	write_tls(service, text);
	write_process(service, text);
	bytes = g_string_free_to_bytes(text);
	cs_answer_set_bytes(answer, CS_METRICS_CONTENT_TYPE, bytes);
	return TRUE;
}

/**
 * cs_service_set_metrics_token:
 * @service: the service, before its context runs
 * @token: (nullable): who brings it may see /metrics, from anywhere, and nobody else may; %NULL: who
 *   asks from this machine may, and only where the authority's URL is a loopback address
 */
void
cs_service_set_metrics_token(CsService *service, CsSecret *token)
{
	g_clear_pointer(&service->metrics_token, cs_secret_unref);
	service->metrics_token = token != NULL ? cs_secret_ref(token) : NULL;
}
