/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/client-fixture.h"

#include <string.h>

/* How many lines of the log say that the clock was set; detail (out): of the last one. */
typedef struct {
	guint count;
	char *detail;
	char *actor;
} Jumps;

static void
count_cb(const cJSON *line, gpointer data)
{
	Jumps *jumps = data;

	if (strcmp(cs_json_get_string(line, "event", NULL), "clock-jump") != 0)
		return;
	jumps->count++;
	g_free(jumps->detail);
	jumps->detail = g_strdup(cs_json_get_string(line, "detail", NULL));
	g_free(jumps->actor);
	jumps->actor = g_strdup(cs_json_get_string(line, "actor", NULL));
}

static void
expect_jumps(CsTestService *service, guint count, const char *detail)
{
	g_autoptr(GError) error = NULL;
	Jumps jumps = {0};

	cs_registry_read_log(cs_authority_get_registry(cs_test_service_get_authority(service)),
			     count_cb, &jumps, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(jumps.count, ==, count);
	g_assert_cmpstr(jumps.detail, ==, detail);
	g_assert_cmpstr(jumps.actor, ==, count > 0 ? "server" : NULL);
	g_free(jumps.detail);
	g_free(jumps.actor);
}

static void
ask(CsTestService *service)
{
	g_autoptr(cJSON) answer = cs_test_service_call(service, "GET", "/healthz", NULL, 200);
}

/* Set back, what was handed out would live longer than it may. */
static void
test_nothing_outlives_a_jump(CsTestScene *f, gconstpointer data)
{
	static const int jumps[] = {-30, 30, -86400 * 365};
	static const char *const details[] = {"seconds=-30", "seconds=+30", "seconds=-31536000"};

	for (guint i = 0; i < G_N_ELEMENTS(jumps); i++) {
		g_autoptr(CsTestResponse) response =
			cs_test_client_respond(f->client, f->credential);

		cs_test_service_set_clock_by(f->service, jumps[i]);
		cs_test_service_expect_problem(f->service, "POST", response->path,
					       cJSON_Duplicate(response->body, TRUE), 404,
					       "challenge-unknown");
		expect_jumps(f->service, i + 1, details[i]);
	}
	cs_test_service_set_clock_by(f->service, 86400 * 365);
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	expect_jumps(f->service, 4, "seconds=+31536000");
}

/* A correction is no jump; nor is time that passes. */
static void
test_small_steps(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestResponse) response = cs_test_client_respond(f->client, f->credential);
	g_autoptr(CsVerdict) verdict = NULL;

	cs_test_service_set_clock_by(f->service, -4);
	ask(f->service);
	cs_test_service_set_clock_by(f->service, 4);
	cs_test_service_advance(f->service, 60);
	verdict = cs_test_response_send(response, f->service);
	g_assert_true(verdict->authenticated);
	cs_test_service_advance(f->service, 86400);
	ask(f->service);
	expect_jumps(f->service, 0, NULL);
}

/* Where the commit is lost the line comes with the next that is kept, and once. */
static void
test_lost_commit(CsTestScene *f, gconstpointer data)
{
	cs_test_service_fail_commits(f->service, TRUE);
	cs_test_service_set_clock_by(f->service, 100);
	cs_test_service_expect_problem(f->service, "GET", "/healthz", NULL, 503, "internal");
	cs_test_service_set_clock_by(f->service, 20);
	cs_test_service_expect_problem(f->service, "GET", "/healthz", NULL, 503, "internal");
	expect_jumps(f->service, 0, NULL);
	cs_test_service_fail_commits(f->service, FALSE);
	ask(f->service);
	ask(f->service);
	expect_jumps(f->service, 1, "seconds=+120");
}

#define ADD(path, function)                                                                        \
	g_test_add(path, CsTestScene, NULL, cs_test_scene_set_up, function, cs_test_scene_tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/service-clock/nothing-outlives-a-jump", test_nothing_outlives_a_jump);
	ADD("/service-clock/small-steps", test_small_steps);
	ADD("/service-clock/lost-commit", test_lost_commit);
	return g_test_run();
}
