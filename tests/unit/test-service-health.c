/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/client-fixture.h"

#define META_PROBE "health-probe"

static void
expect_health(CsTestService *service, guint status)
{
	g_autoptr(cJSON) answer = cs_test_service_call(service, "GET", "/healthz", NULL, status);

	if (status == 200)
		g_assert_cmpstr(cs_json_get_string(answer, "status", NULL), ==, "ok");
	else
		g_assert_cmpstr(cs_json_get_string(answer, "code", NULL), ==, "internal");
}

/* (nullable): when the server wrote only to see whether it can. */
static char *
dup_probe(CsTestService *service)
{
	CsRegistry *registry = cs_authority_get_registry(cs_test_service_get_authority(service));

	return cs_registry_dup_meta(registry, META_PROBE, NULL);
}

static void
test_no_commit_while_all_is_well(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autofree char *probe = NULL;

	expect_health(service, 200);
	cs_test_service_fail_commits(service, TRUE);
	expect_health(service, 200);
	probe = dup_probe(service);
	g_assert_null(probe);
	cs_test_service_expect_problem(service, "POST", "/healthz", NULL, 405,
				       "method-not-allowed");
}

static void
fail_one(CsTestService *service)
{
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "machine");

	cs_test_service_expect_problem(service, "POST", "/v1/accounts",
				       cs_test_client_make_good_enrolment(client, "000000000000"),
				       503, "internal");
}

/* It tries by itself, until it can write again; and then no more. */
static void
test_recovers_without_work(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;

	cs_test_service_fail_commits(service, TRUE);
	fail_one(service);
	expect_health(service, 503);
	expect_health(service, 503);
	cs_test_service_fail_commits(service, FALSE);
	expect_health(service, 200);
	first = dup_probe(service);
	g_assert_nonnull(first);
	cs_test_service_advance(service, 60);
	expect_health(service, 200);
	second = dup_probe(service);
	g_assert_cmpstr(second, ==, first);
}

/* Work that is written well says so, too. */
static void
test_recovers_by_work(void)
{
	g_autoptr(CsTestService) service = cs_test_service_new();
	g_autoptr(CsTestClient) client = cs_test_client_new(service, "other");
	g_autofree char *probe = NULL;

	cs_test_service_fail_commits(service, TRUE);
	fail_one(service);
	cs_test_service_fail_commits(service, FALSE);
	cs_test_client_add_account(client, "alice");
	cs_test_service_fail_commits(service, TRUE);
	expect_health(service, 200);
	probe = dup_probe(service);
	g_assert_null(probe);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/service-health/no-commit-while-all-is-well",
			test_no_commit_while_all_is_well);
	g_test_add_func("/service-health/recovers-without-work", test_recovers_without_work);
	g_test_add_func("/service-health/recovers-by-work", test_recovers_by_work);
	return g_test_run();
}
