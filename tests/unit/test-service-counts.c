/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-counts.h"

#include <string.h>

typedef struct {
	CsServiceCounts *counts;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->counts = cs_service_counts_new();
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_service_counts_free(f->counts);
}

static void
expect(Fixture *f, const char *line, gboolean is_there)
{
	GString *text = g_string_new("\n");
	g_autofree char *whole = g_strconcat("\n", line, "\n", NULL);

	cs_service_counts_write(f->counts, text);
	g_test_message("%s", line);
	g_assert_cmpint(strstr(text->str, whole) != NULL, ==, is_there);
	g_string_free(text, TRUE);
}

static void
test_requests(Fixture *f, gconstpointer data)
{
	char same[] = "/a"; /* another pointer, the same route */

	cs_service_counts_note_request(f->counts, "/a", 200, 900);
	cs_service_counts_note_request(f->counts, same, 200, 1000);
	cs_service_counts_note_request(f->counts, "/a", 503, 2000000);
	cs_service_counts_note_request(f->counts, NULL, 404, 1);
	cs_service_counts_note_request(f->counts, NULL, 0, 60000000);
	expect(f, "countersign_http_requests_total{route=\"/a\",status=\"200\"} 2", TRUE);
	expect(f, "countersign_http_requests_total{route=\"/a\",status=\"503\"} 1", TRUE);
	expect(f, "countersign_http_requests_total{route=\"other\",status=\"404\"} 1", TRUE);
	expect(f, "countersign_http_requests_total{route=\"other\",status=\"none\"} 1", TRUE);
	expect(f, "countersign_http_request_duration_seconds_bucket{route=\"/a\",le=\"0.001\"} 2",
	       TRUE);
	expect(f, "countersign_http_request_duration_seconds_bucket{route=\"/a\",le=\"2.5\"} 3",
	       TRUE);
	expect(f, "countersign_http_request_duration_seconds_bucket{route=\"other\",le=\"30\"} 1",
	       TRUE);
	expect(f, "countersign_http_request_duration_seconds_count{route=\"other\"} 2", TRUE);
}

/* What no commit has kept has not happened. */
static void
test_decisions(Fixture *f, gconstpointer data)
{
	const char *ok = "countersign_authentications_total{outcome=\"ok\",reason=\"managed\"} 1";
	const char *refused = "countersign_authentications_total{outcome=\"refused\","
			      "reason=\"user-suspended\"} 1";

	cs_service_counts_note_decision(f->counts, TRUE, CS_REASON_MANAGED);
	expect(f, ok, FALSE);
	cs_service_counts_note_commit(f->counts, FALSE, 1, 0);
	cs_service_counts_note_commit(f->counts, TRUE, 1, 0);
	expect(f, ok, FALSE);
	cs_service_counts_note_decision(f->counts, TRUE, CS_REASON_MANAGED);
	cs_service_counts_note_decision(f->counts, FALSE, CS_REASON_USER_SUSPENDED);
	cs_service_counts_note_commit(f->counts, TRUE, 2, 0);
	expect(f, ok, TRUE);
	expect(f, refused, TRUE);
}

static void
test_commits(Fixture *f, gconstpointer data)
{
	cs_service_counts_note_commit(f->counts, TRUE, 1, 4000);
	cs_service_counts_note_commit(f->counts, TRUE, 600, 10000);
	cs_service_counts_note_commit(f->counts, FALSE, 3, 10000);
	expect(f, "countersign_commits_total{outcome=\"ok\"} 2", TRUE);
	expect(f, "countersign_commits_total{outcome=\"failed\"} 1", TRUE);
	expect(f, "countersign_commit_requests_bucket{le=\"1\"} 1", TRUE);
	expect(f, "countersign_commit_requests_bucket{le=\"512\"} 1", TRUE);
	expect(f, "countersign_commit_requests_sum 601", TRUE);
	expect(f, "countersign_commit_duration_seconds_bucket{le=\"0.005\"} 1", TRUE);
	expect(f, "countersign_commit_duration_seconds_sum 0.014", TRUE);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/service-counts/requests", test_requests);
	ADD("/service-counts/decisions", test_decisions);
	ADD("/service-counts/commits", test_commits);
	return g_test_run();
}
