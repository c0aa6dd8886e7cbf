/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin-private.h"
#include "core/authority/registry-private.h"

#include "tests/fixtures/authority-fixture.h"

/* What a body is to do. */
typedef struct {
	CsErrorCode code;
	const char *reason; /* NULL: succeed */
} Plan;

static cJSON *
act_as_planned(CsAdminAct *act, gpointer data, GError **error)
{
	const Plan *plan = data;

	act->device = g_strdup("d1");
	act->certificate = g_strdup("f1");
	g_assert_cmpint(act->now, ==, CS_TEST_NOW);
	g_assert_true(cs_registry_set_meta(act->registry, "written", "1", NULL));
	if (plan->reason == NULL)
		return cJSON_CreateObject();
	cs_error_set(error, plan->code, plan->reason, "planned");
	return NULL;
}

static gboolean
has_written(CsTestAuthority *test)
{
	g_autofree char *value = cs_registry_dup_meta(test->registry, "written", NULL);

	return value != NULL;
}

static void
test_run(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	Plan plan = {0};
	g_autoptr(GError) error = NULL;
	cJSON *answer = cs_admin_run(test->authority, "test-act", act_as_planned, &plan, &error);

	cs_test_expect_json(answer, error, "{}");
	g_assert_true(has_written(test));
	cs_test_expect_log(test, "test-act ok - d1 - f1");
}

/* A refusal leaves its line and nothing else; a failure not even that. */
static void
test_refusals(void)
{
	static const struct {
		CsErrorCode code;
		gboolean logged;
	} cases[] = {
		{CS_ERROR_REFUSED, TRUE},     {CS_ERROR_NOT_FOUND, TRUE}, {CS_ERROR_INVALID, TRUE},
		{CS_ERROR_UNSUPPORTED, TRUE}, {CS_ERROR_STATE, FALSE},	  {CS_ERROR_USAGE, FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(CsTestAuthority) test = cs_test_authority_new();
		Plan plan = {cases[i].code, "some-reason"};
		g_autoptr(GError) error = NULL;
		cJSON *answer =
			cs_admin_run(test->authority, "test-act", act_as_planned, &plan, &error);

		cs_test_expect_error(answer, &error, cases[i].code, "some-reason");
		g_assert_false(has_written(test));
		cs_test_expect_log(test,
				   cases[i].logged ? "test-act refused some-reason d1 - f1" : "");
	}
}

/* Another process holds the registry: the act has not begun. */
static void
test_busy(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autofree char *path =
		g_build_filename(cs_authority_get_folder(test->authority), "registry.db", NULL);
	g_autoptr(CsRegistry) other = cs_registry_open(path, NULL);
	Plan plan = {0};
	g_autoptr(GError) error = NULL;

	sqlite3_busy_timeout(test->registry->database, 1);
	g_assert_true(cs_registry_begin(other, NULL));
	g_assert_null(cs_admin_run(test->authority, "test-act", act_as_planned, &plan, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-busy");
	cs_registry_rollback(other);
	g_assert_false(has_written(test));
}

static cJSON *
look(CsAdminAct *act, gpointer data, GError **error)
{
	const Plan *plan = data;

	if (plan->reason != NULL)
		return act_as_planned(act, data, error);
	return cJSON_CreateObject();
}

static void
test_read(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	Plan plan = {0};
	g_autoptr(GError) error = NULL;

	cs_test_expect_json(cs_admin_read(test->authority, look, &plan, &error), error, "{}");
	plan = (Plan){CS_ERROR_NOT_FOUND, "not-found"};
	cs_test_expect_error(cs_admin_read(test->authority, look, &plan, &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	g_assert_false(has_written(test));
	cs_test_expect_log(test, "");
}

static void
test_fingerprint(void)
{
	g_autofree char *normal = cs_admin_normalise_fingerprint("AB:cd:0F");
	g_autofree char *empty = cs_admin_normalise_fingerprint("");

	g_assert_cmpstr(normal, ==, "abcd0f");
	g_assert_cmpstr(empty, ==, "");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/admin/run", test_run);
	g_test_add_func("/admin/refusals", test_refusals);
	g_test_add_func("/admin/busy", test_busy);
	g_test_add_func("/admin/read", test_read);
	g_test_add_func("/admin/fingerprint", test_fingerprint);
	return g_test_run();
}
