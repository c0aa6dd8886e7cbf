/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/repurposing.h"

#include "core/account/deletion.h"
#include "core/account/enrolment.h"
#include "core/base/error.h"
#include "tests/fixtures/account-fixture.h"

typedef struct {
	CsTestServer *server;
	CsTestFaults *faults;
	CsTestHome *home;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->server = cs_test_server_new();
	f->faults = cs_test_server_get_faults(f->server);
	f->home = cs_test_home_new();
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_home_free(f->home);
	cs_test_server_free(f->server);
}

static cJSON *
query(Fixture *f)
{
	g_autoptr(GError) error = NULL;
	cJSON *shown = cs_repurposing_query(&f->home->client, NULL, &error);

	g_assert_no_error(error);
	g_assert_true(cJSON_IsArray(shown));
	return shown;
}

static void
expect_error(Fixture *f, const char *reason)
{
	g_autoptr(cJSON) shown = query(f);
	const cJSON *item = cJSON_GetArrayItem(shown, 0);

	g_assert_cmpint(cJSON_GetArraySize(shown), ==, 1);
	g_assert_cmpstr(cs_json_get_string(item, "error", NULL), ==, reason);
	g_assert_cmpstr(cs_json_get_string(item, "device_id", NULL), ==, "device1");
	g_assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(item, "state")));
	g_assert_cmpint(cJSON_GetArraySize(cs_json_get_array(item, "steps", NULL)), ==, 0);
}

static void
test_nobody(Fixture *f, gconstpointer data)
{
	g_autoptr(cJSON) shown = query(f);

	g_assert_cmpint(cJSON_GetArraySize(shown), ==, 0);
}

/* rule 25: each step shows whether it is done; by the device key, which needs no account */
static void
test_steps(Fixture *f, gconstpointer data)
{
	static const char *const members[] = {"organisation", "url",   "device_id", "helpdesk_code",
					      "state",	      "steps", "error",	    NULL};
	static const char *const step_members[] = {"step", "done", "by", "text", NULL};
	g_autofree char *id = cs_test_home_enrol(f->home, f->server, "ada");
	g_autoptr(cJSON) shown = NULL;
	const cJSON *item;
	const cJSON *step;
	gboolean pending = TRUE;
	gboolean done = FALSE;

	g_assert_true(cs_deletion_delete(&f->home->client, id, &pending, NULL, NULL));
	shown = query(f);
	g_assert_cmpint(cJSON_GetArraySize(shown), ==, 1);
	item = cJSON_GetArrayItem(shown, 0);
	g_assert_true(cs_json_check_members(item, members, NULL));
	g_assert_cmpstr(cs_json_get_string(item, "organisation", NULL), ==, "Example Corp");
	g_assert_cmpstr(cs_json_get_string(item, "url", NULL), ==,
			cs_test_server_get_url(f->server));
	g_assert_cmpstr(cs_json_get_string(item, "device_id", NULL), ==, "device1");
	g_assert_cmpstr(cs_json_get_string(item, "helpdesk_code", NULL), ==,
			CS_TEST_SERVER_HELPDESK_CODE);
	g_assert_cmpstr(cs_json_get_string(item, "state", NULL), ==, "active");
	g_assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(item, "error")));
	g_assert_cmpint(cJSON_GetArraySize(cs_json_get_array(item, "steps", NULL)), ==, 5);
	step = cJSON_GetArrayItem(cs_json_get_array(item, "steps", NULL), 0);
	g_assert_true(cs_json_check_members(step, step_members, NULL));
	g_assert_cmpstr(cs_json_get_string(step, "step", NULL), ==, "delete-account");
	g_assert_cmpstr(cs_json_get_string(step, "by", NULL), ==, "user");
	g_assert_nonnull(cs_json_get_string(step, "text", NULL));
	g_assert_true(cs_json_get_boolean(step, "done", &done, NULL));
	g_assert_true(done);
	step = cJSON_GetArrayItem(cs_json_get_array(item, "steps", NULL), 4);
	g_assert_true(cs_json_get_boolean(step, "done", &done, NULL));
	g_assert_false(done);
}

static void
test_two_organisations(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestServer) other = cs_test_server_new();
	g_autofree char *first = cs_test_home_enrol(f->home, f->server, "ada");
	g_autofree char *second = cs_test_home_enrol(f->home, other, "ada");
	g_autoptr(cJSON) shown = NULL;

	cs_test_server_get_faults(other)->status = 503;
	shown = query(f);
	g_assert_cmpint(cJSON_GetArraySize(shown), ==, 2);
	g_assert_cmpstr(cs_json_get_string(cJSON_GetArrayItem(shown, 0), "state", NULL), ==,
			"active");
	g_assert_cmpstr(cs_json_get_string(cJSON_GetArrayItem(shown, 1), "error", NULL), ==,
			"unreachable");
	g_assert_cmpstr(first, !=, second);
	/* rule 15: organisations cannot compare devices */
	g_assert_cmpstr(cs_test_server_get_device_key(f->server, first), !=,
			cs_test_server_get_device_key(other, second));
	g_assert_cmpstr(cs_test_server_get_claim(f->server)->hardware_id, !=,
			cs_test_server_get_claim(other)->hardware_id);
}

/* A code that was refused leaves an organisation that does not know this device. */
static void
test_never_enrolled(Fixture *f, gconstpointer data)
{
	g_autoptr(CsIntroduction) introduction = cs_enrolment_introduce(
		&f->home->client, cs_test_server_get_url(f->server), NULL, NULL, NULL);
	g_autoptr(CsSecret) code = cs_secret_new("ZZZZZZZZZZZZ", 12);
	g_autoptr(cJSON) shown = NULL;

	g_assert_null(cs_enrolment_add(&f->home->client, introduction, code, NULL, NULL));
	shown = query(f);
	g_assert_cmpint(cJSON_GetArraySize(shown), ==, 0);
}

static void
test_failures(Fixture *f, gconstpointer data)
{
	g_autofree char *id = cs_test_home_enrol(f->home, f->server, "ada");

	f->faults->path = "/v1/device";
	f->faults->status = 404;
	f->faults->content_type = "application/problem+json";
	f->faults->body = "{\"code\":\"device-unknown\"}";
	expect_error(f, "device-unknown");
	f->faults->status = 503;
	expect_error(f, "unreachable");
	cs_test_server_stop(f->server);
	expect_error(f, "unreachable");
	cs_test_server_start(f->server);
	g_assert_nonnull(id);
}

static cJSON *
get_steps(cJSON *answer)
{
	return cJSON_GetObjectItemCaseSensitive(answer, "steps");
}

static void
drop_step(cJSON *answer)
{
	cJSON_DeleteItemFromArray(get_steps(answer), 4);
}

static void
swap_steps(cJSON *answer)
{
	cJSON_AddItemToArray(get_steps(answer), cJSON_DetachItemFromArray(get_steps(answer), 0));
}

static void
rename_actor(cJSON *answer)
{
	cJSON_ReplaceItemInObjectCaseSensitive(cJSON_GetArrayItem(get_steps(answer), 0), "by",
					       cJSON_CreateString("\x1b[31m"));
}

static void
rename_state(cJSON *answer)
{
	cJSON_ReplaceItemInObjectCaseSensitive(answer, "state", cJSON_CreateString("fine"));
}

static void
rename_device(cJSON *answer)
{
	cJSON_ReplaceItemInObjectCaseSensitive(answer, "device", cJSON_CreateString("\x1b[31m"));
}

static void
drop_state(cJSON *answer)
{
	cJSON_ReplaceItemInObjectCaseSensitive(answer, "state", cJSON_CreateNull());
}

static void
test_malformed(Fixture *f, gconstpointer data)
{
	static void (*const bends[])(cJSON *) = {drop_step,    swap_steps,    rename_actor,
						 rename_state, rename_device, drop_state};
	g_autofree char *id = cs_test_home_enrol(f->home, f->server, "ada");

	f->faults->path = "/v1/device";
	for (gsize i = 0; i < G_N_ELEMENTS(bends); i++) {
		f->faults->bend_answer = bends[i];
		expect_error(f, "unreachable");
	}
	g_assert_nonnull(id);
}

static void
test_cancelled(Fixture *f, gconstpointer data)
{
	g_autofree char *id = cs_test_home_enrol(f->home, f->server, "ada");
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;

	g_cancellable_cancel(cancellable);
	g_assert_null(cs_repurposing_query(&f->home->client, cancellable, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_assert_nonnull(id);
}

/* One is asked, the first unless one is named, so that no other keeps it waiting. */
static void
test_follow(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestServer) other = cs_test_server_new();
	g_autofree char *first = cs_test_home_enrol(f->home, f->server, "ada");
	g_autofree char *second = cs_test_home_enrol(f->home, other, "ada");
	const char *const urls[] = {NULL, cs_test_server_get_url(f->server),
				    cs_test_server_get_url(other), "http://127.0.0.1:1"};
	const guint asked[] = {0, 0, 1, 0};

	for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
		guint calls = cs_test_server_count_calls(other, "/v1/device");
		g_autoptr(GPtrArray) list =
			cs_repurposing_follow(&f->home->client, urls[i], NULL, NULL);
		const CsRepurposing *item = NULL;

		g_assert_cmpuint(list->len, ==, 2);
		item = list->pdata[asked[i]];
		g_assert_true(item->is_asked);
		g_assert_cmpstr(item->state, ==, "active");
		g_assert_null(item->error_code);
		g_assert_cmpuint(cs_repurposing_get_next(item), ==, CS_REPURPOSING_DELETE);
		g_assert_cmpint(item->steps[CS_REPURPOSING_REACTIVATE].actor, ==,
				CS_ACTOR_ADMINISTRATOR);
		item = list->pdata[1 - asked[i]];
		g_assert_false(item->is_asked);
		g_assert_null(item->state);
		g_assert_nonnull(item->url);
		g_assert_cmpuint(cs_test_server_count_calls(other, "/v1/device"), ==,
				 calls + asked[i]);
	}
	g_assert_cmpstr(first, !=, second);
}

static void
test_follow_nobody(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = cs_repurposing_follow(&f->home->client, NULL, NULL, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(list->len, ==, 0);
	cs_test_home_write_book(f->home, "{}");
	g_assert_null(cs_repurposing_follow(&f->home->client, NULL, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
}

static void
test_next(Fixture *f, gconstpointer data)
{
	CsRepurposing repurposing = {NULL};

	for (guint i = 0; i < CS_REPURPOSING_STEPS; i++) {
		g_assert_cmpuint(cs_repurposing_get_next(&repurposing), ==, i);
		g_assert_nonnull(cs_repurposing_get_step_text(i));
		repurposing.steps[i].is_done = TRUE;
	}
	g_assert_cmpuint(cs_repurposing_get_next(&repurposing), ==, CS_REPURPOSING_STEPS);
}

static void
test_broken_book(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	cs_test_home_write_book(f->home, "{}");
	g_assert_null(cs_repurposing_query(&f->home->client, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Fixture *, gconstpointer);
	} tests[] = {
		{"/repurposing/nobody", test_nobody},
		{"/repurposing/steps", test_steps},
		{"/repurposing/two-organisations", test_two_organisations},
		{"/repurposing/never-enrolled", test_never_enrolled},
		{"/repurposing/failures", test_failures},
		{"/repurposing/malformed", test_malformed},
		{"/repurposing/cancelled", test_cancelled},
		{"/repurposing/follow", test_follow},
		{"/repurposing/follow-nobody", test_follow_nobody},
		{"/repurposing/next", test_next},
		{"/repurposing/broken-book", test_broken_book},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
