/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-counts.h"

#define US_PER_S     1e6
#define OTHER_ROUTE  "other"
#define NUMBER_SIZE  12
#define NOT_ANSWERED "none"

static const double seconds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
				 0.25,	0.5,	1,     2.5,  5,	    10,	  30};
static const double parts_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};

/* Both grow with the routes and statuses that there are, never with what is asked. */
typedef struct {
	const char *route;
	guint status;
	guint64 count;
} RequestCount;

typedef struct {
	const char *route;
	CsHistogram durations;
} RouteCount;

typedef struct {
	gboolean authenticated;
	CsReason reason;
} Decision;

struct _CsServiceCounts {
	GArray *requests; /* RequestCount */
	GArray *routes;	  /* RouteCount */
	guint64 decisions[2][CS_REASON_COUNT];
	GArray *pending;  /* Decision, of the turn under way */
	guint64 jumps[2]; /* of the clock: backwards, forwards */
	guint64 commits[2];
	CsHistogram commit_parts;
	CsHistogram commit_durations;
};

/**
 * cs_service_counts_new:
 *
 * Returns: (transfer full): nothing counted yet
 */
CsServiceCounts *
cs_service_counts_new(void)
{
	CsServiceCounts *counts = g_new0(CsServiceCounts, 1);

	counts->requests = g_array_new(FALSE, FALSE, sizeof(RequestCount));
	counts->routes = g_array_new(FALSE, FALSE, sizeof(RouteCount));
	counts->pending = g_array_new(FALSE, FALSE, sizeof(Decision));
	cs_histogram_init(&counts->commit_parts, parts_bounds, G_N_ELEMENTS(parts_bounds));
	cs_histogram_init(&counts->commit_durations, seconds, G_N_ELEMENTS(seconds));
	return counts;
}

/**
 * cs_service_counts_free:
 * @counts: (transfer full): what was counted
 */
void
cs_service_counts_free(CsServiceCounts *counts)
{
	g_array_unref(counts->requests);
	g_array_unref(counts->routes);
	g_array_unref(counts->pending);
	g_free(counts);
}

static guint64 *
ensure_request(CsServiceCounts *counts, const char *route, guint status)
{
	const RequestCount fresh = {route, status, 0};

	for (guint i = 0; i < counts->requests->len; i++) {
		RequestCount *known = &g_array_index(counts->requests, RequestCount, i);

		if (known->status == status && g_str_equal(known->route, route))
			return &known->count;
	}
	g_array_append_val(counts->requests, fresh);
	return &g_array_index(counts->requests, RequestCount, counts->requests->len - 1).count;
}

static CsHistogram *
ensure_route(CsServiceCounts *counts, const char *route)
{
	RouteCount fresh = {.route = route};

	for (guint i = 0; i < counts->routes->len; i++) {
		RouteCount *known = &g_array_index(counts->routes, RouteCount, i);

		if (g_str_equal(known->route, route))
			return &known->durations;
	}
	cs_histogram_init(&fresh.durations, seconds, G_N_ELEMENTS(seconds));
	g_array_append_val(counts->routes, fresh);
	return &g_array_index(counts->routes, RouteCount, counts->routes->len - 1).durations;
}

/**
 * cs_service_counts_note_request:
 * @counts: what was counted
 * @route: (nullable): a static string; %NULL: none of ours
 * @status: what was answered; 0: nothing
 * @duration_us: from its headers to the end of its answer
 */
void
cs_service_counts_note_request(CsServiceCounts *counts,
			       const char *route,
			       guint status,
			       gint64 duration_us)
{
	const char *known = route != NULL ? route : OTHER_ROUTE;

	(*ensure_request(counts, known, status))++;
	cs_histogram_note(ensure_route(counts, known), (double)duration_us / US_PER_S);
}

/**
 * cs_service_counts_note_decision:
 * @counts: what was counted
 * @authenticated: whether the authentication succeeded
 * @reason: of the device where it did, else of its failure
 *
 * Counted by the commit that keeps it; forgotten where none does.
 */
void
cs_service_counts_note_decision(CsServiceCounts *counts, gboolean authenticated, CsReason reason)
{
	const Decision decision = {authenticated, reason};

	g_array_append_val(counts->pending, decision);
}

/**
 * cs_service_counts_note_commit:
 * @counts: what was counted
 * @kept: whether it succeeded
 * @parts: requests that shared it
 * @duration_us: what it took
 */
void
cs_service_counts_note_commit(CsServiceCounts *counts,
			      gboolean kept,
			      guint parts,
			      gint64 duration_us)
{
	counts->commits[kept ? 1 : 0]++;
	if (kept) {
		cs_histogram_note(&counts->commit_parts, parts);
		cs_histogram_note(&counts->commit_durations, (double)duration_us / US_PER_S);
	}
	for (guint i = 0; kept && i < counts->pending->len; i++) {
		const Decision *decision = &g_array_index(counts->pending, Decision, i);

		counts->decisions[decision->authenticated ? 1 : 0][decision->reason]++;
	}
	g_array_set_size(counts->pending, 0);
}

/**
 * cs_service_counts_note_jump:
 * @counts: what was counted
 * @jump_s: by how many seconds the clock was set; above 0: forwards
 */
void
cs_service_counts_note_jump(CsServiceCounts *counts, gint64 jump_s)
{
	counts->jumps[jump_s > 0 ? 1 : 0]++;
}

static void
write_jumps(const CsServiceCounts *counts, GString *text)
{
	static const char *const backwards[] = {"direction", "backwards", NULL};
	static const char *const forwards[] = {"direction", "forwards", NULL};
	const char *name = "countersign_clock_jumps_total";

	cs_metrics_begin(text, name, CS_METRICS_COUNTER, "Times that the clock was set.");
	cs_metrics_add(text, name, backwards, (double)counts->jumps[0]);
	cs_metrics_add(text, name, forwards, (double)counts->jumps[1]);
}

static void
write_requests(const CsServiceCounts *counts, GString *text)
{
	const char *name = "countersign_http_requests_total";

	cs_metrics_begin(text, name, CS_METRICS_COUNTER, "Requests by call and HTTP status.");
	for (guint i = 0; i < counts->requests->len; i++) {
		const RequestCount *known = &g_array_index(counts->requests, RequestCount, i);
		char status[NUMBER_SIZE];
		const char *const labels[] = {"route", known->route, "status",
					      known->status > 0 ? status : NOT_ANSWERED, NULL};

		g_snprintf(status, sizeof(status), "%u", known->status);
		cs_metrics_add(text, name, labels, (double)known->count);
	}
	name = "countersign_http_request_duration_seconds";
	cs_metrics_begin(text, name, CS_METRICS_HISTOGRAM,
			 "Time from a request's headers to the end of its answer.");
	for (guint i = 0; i < counts->routes->len; i++) {
		const RouteCount *known = &g_array_index(counts->routes, RouteCount, i);
		const char *const labels[] = {"route", known->route, NULL};

		cs_metrics_add_histogram(text, name, labels, &known->durations);
	}
}

static void
write_decisions(const CsServiceCounts *counts, GString *text)
{
	const char *name = "countersign_authentications_total";

	cs_metrics_begin(text, name, CS_METRICS_COUNTER,
			 "Authentications by outcome; reason is the device's where it is ok.");
	for (guint outcome = 0; outcome < 2; outcome++) {
		for (guint reason = 0; reason < CS_REASON_COUNT; reason++) {
			const char *const labels[] = {"outcome", outcome == 1 ? "ok" : "refused",
						      "reason", cs_reason_to_code((CsReason)reason),
						      NULL};

			if (counts->decisions[outcome][reason] > 0)
				cs_metrics_add(text, name, labels,
					       (double)counts->decisions[outcome][reason]);
		}
	}
}

static void
write_commits(const CsServiceCounts *counts, GString *text)
{
	static const char *const failed[] = {"outcome", "failed", NULL};
	static const char *const kept[] = {"outcome", "ok", NULL};

	cs_metrics_begin(text, "countersign_commits_total", CS_METRICS_COUNTER,
			 "Commits of the registry.");
	cs_metrics_add(text, "countersign_commits_total", kept, (double)counts->commits[1]);
	cs_metrics_add(text, "countersign_commits_total", failed, (double)counts->commits[0]);
	cs_metrics_begin(text, "countersign_commit_requests", CS_METRICS_HISTOGRAM,
			 "Requests that shared one commit.");
	cs_metrics_add_histogram(text, "countersign_commit_requests", NULL, &counts->commit_parts);
	cs_metrics_begin(text, "countersign_commit_duration_seconds", CS_METRICS_HISTOGRAM,
			 "Time that a commit took.");
	cs_metrics_add_histogram(text, "countersign_commit_duration_seconds", NULL,
				 &counts->commit_durations);
}

/**
 * cs_service_counts_write:
 * @counts: what was counted
 * @text: its families are added to
 */
void
cs_service_counts_write(const CsServiceCounts *counts, GString *text)
{
	write_requests(counts, text);
	write_decisions(counts, text);
	write_commits(counts, text);
	write_jumps(counts, text);
}
