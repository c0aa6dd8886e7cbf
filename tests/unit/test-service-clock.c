/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"
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
expect_lines(CsAuthority *authority, guint count, const char *detail)
{
	g_autoptr(GError) error = NULL;
	Jumps jumps = {0};

	cs_registry_read_log(cs_authority_get_registry(authority), count_cb, &jumps, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(jumps.count, ==, count);
	g_assert_cmpstr(jumps.detail, ==, detail);
	g_assert_cmpstr(jumps.actor, ==, count > 0 ? "server" : NULL);
	g_free(jumps.detail);
	g_free(jumps.actor);
}

static void
expect_jumps(CsTestService *service, guint count, const char *detail)
{
	expect_lines(cs_test_service_get_authority(service), count, detail);
}

static void
ask(CsTestService *service)
{
	cJSON_Delete(cs_test_service_call(service, "GET", "/healthz", NULL, 200));
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

/* There and back is two jumps, however long nothing could be written. */
static void
test_there_and_back(CsTestScene *f, gconstpointer data)
{
	cs_test_service_fail_commits(f->service, TRUE);
	cs_test_service_set_clock_by(f->service, 3600);
	cs_test_service_expect_problem(f->service, "GET", "/healthz", NULL, 503, "internal");
	cs_test_service_set_clock_by(f->service, -3600);
	cs_test_service_expect_problem(f->service, "GET", "/healthz", NULL, 503, "internal");
	cs_test_service_fail_commits(f->service, FALSE);
	ask(f->service);
	expect_jumps(f->service, 1, "seconds=+3600,-3600");
}

/* As where the disk is full: at most one turn of those who only read hears of it, and the line comes
 * with what is written next. */
static void
test_readers_go_on(CsTestScene *f, gconstpointer data)
{
	static const char *const path = "/.well-known/countersign";
	g_autoptr(cJSON) nonce = NULL;

	cs_test_service_fail_commits(f->service, TRUE);
	cs_test_service_set_clock_by(f->service, 100);
	cs_test_service_expect_problem(f->service, "GET", path, NULL, 503, "internal");
	for (guint i = 0; i < 3; i++) {
		cJSON_Delete(cs_test_service_call(f->service, "GET", path, NULL, 200));
		cs_test_service_set_clock_by(f->service, 20);
	}
	cs_test_service_expect_problem(f->service, "GET", "/healthz", NULL, 503, "internal");
	cs_test_service_fail_commits(f->service, FALSE);
	nonce = cs_test_service_call(f->service, "POST", "/v1/nonce", cJSON_CreateObject(), 200);
	expect_jumps(f->service, 0, NULL);
	ask(f->service);
	expect_jumps(f->service, 1, "seconds=+160");
	cs_test_service_set_clock_by(f->service, 30);
	g_clear_pointer(&nonce, cJSON_Delete);
	nonce = cs_test_service_call(f->service, "POST", "/v1/nonce", cJSON_CreateObject(), 200);
	expect_jumps(f->service, 2, "seconds=+30");
}

static gint64
get_unix_s_cb(gpointer data)
{
	return *(const gint64 *)data;
}

static gint64
get_monotonic_us_cb(gpointer data)
{
	return 0;
}

static void
jump_by(CsService *service, gint64 *now, gint64 jump_s)
{
	*now += jump_s;
	cs_service_check_clock(service);
}

static void
end_turn(CsService *service)
{
	g_autoptr(GPtrArray) answers = g_ptr_array_new();

	cs_service_settle_cb(answers, service);
}

/* A turn may last seconds. data: each request has its own commit. */
static void
test_two_in_one_turn(gconstpointer data)
{
	g_autofree char *folder = cs_test_make_folder();
	gint64 now = 1800000000;
	const CsClock clock = {get_unix_s_cb, get_monotonic_us_cb, &now};
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(CsAuthority) authority =
		cs_authority_init(folder, "Example", CS_TEST_SERVICE_URL, &clock, NULL);
	CsService *service = cs_service_new(authority, context, "127.0.0.1", 0, NULL, NULL, NULL);

	g_assert_nonnull(service);
	cs_service_set_commits_alone(service, data != NULL);
	jump_by(service, &now, 100);
	jump_by(service, &now, 20);
	jump_by(service, &now, 0);
	end_turn(service);
	expect_lines(authority, 2, "seconds=+20");
	jump_by(service, &now, -7);
	end_turn(service);
	jump_by(service, &now, 0);
	end_turn(service);
	expect_lines(authority, 3, "seconds=-7");
	cs_service_free(service);
	cs_test_delete_folder(folder);
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
	ADD("/service-clock/readers-go-on", test_readers_go_on);
	ADD("/service-clock/there-and-back", test_there_and_back);
	g_test_add_data_func("/service-clock/two-in-one-turn", NULL, test_two_in_one_turn);
	g_test_add_data_func("/service-clock/two-commits", "", test_two_in_one_turn);
	return g_test_run();
}
