/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"
#include "tests/fixtures/authority-fixture.h"

static void
put(CsRegistry *r, const char *application, CsPolicyDemand demand, gint64 set_at)
{
	const CsPolicyRow row = {(char *)application, demand, set_at};
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_put_policy(r, &row, &error));
	g_assert_no_error(error);
}

static CsPolicyDemand
get(CsRegistry *r, const char *application)
{
	CsPolicyDemand demand = CS_POLICY_NOT_MANAGED;
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_get_policy(r, application, &demand, &error));
	g_assert_no_error(error);
	return demand;
}

/* rule 21: its own, else the default, else nothing is asked */
static void
test_get(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();

	g_assert_cmpint(get(test->registry, "mail"), ==, CS_POLICY_ANY);
	put(test->registry, "", CS_POLICY_MANAGED, 1);
	g_assert_cmpint(get(test->registry, "mail"), ==, CS_POLICY_MANAGED);
	put(test->registry, "mail", CS_POLICY_NOT_MANAGED, 2);
	g_assert_cmpint(get(test->registry, "mail"), ==, CS_POLICY_NOT_MANAGED);
	g_assert_cmpint(get(test->registry, "Mail"), ==, CS_POLICY_MANAGED);
	put(test->registry, "mail", CS_POLICY_ANY, 3);
	g_assert_cmpint(get(test->registry, "mail"), ==, CS_POLICY_ANY);
}

static void
test_list_and_delete(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;
	const CsPolicyRow *row = NULL;

	put(test->registry, "wiki", CS_POLICY_ANY, 7);
	put(test->registry, "mail", CS_POLICY_MANAGED, 8);
	rows = cs_registry_list_policies(test->registry, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(rows->len, ==, 2);
	row = g_ptr_array_index(rows, 0);
	g_assert_cmpstr(row->application, ==, "mail");
	g_assert_cmpint(row->demand, ==, CS_POLICY_MANAGED);
	g_assert_cmpint(row->set_at, ==, 8);
	g_assert_true(cs_registry_delete_policy(test->registry, "mail", &error));
	g_assert_cmpint(get(test->registry, "mail"), ==, CS_POLICY_ANY);
	g_assert_false(cs_registry_delete_policy(test->registry, "mail", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-found");
}

static void
log_line(
	CsRegistry *r, gint64 time, const char *actor, const char *account, const char *application)
{
	const CsLogEntry entry = {
		.time = time,
		.event = "authentication",
		.actor = actor,
		.device = "d1",
		.account = account,
		.outcome = "ok",
		.reason = "managed",
		.application = application,
		.access = application != NULL ? "allowed" : NULL,
	};
	g_autoptr(GError) error = NULL;

	cs_registry_log(r, &entry, &error);
	g_assert_no_error(error);
}

/* What nobody proved (the actor "device") is no authentication of that account. */
static void
test_authentications(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GPtrArray) all = NULL;
	g_autoptr(CsPastAuthentication) last = NULL;
	g_autoptr(CsPastAuthentication) none = NULL;
	g_autoptr(GError) error = NULL;
	const CsPastAuthentication *first = NULL;

	log_line(test->registry, 10, "user:ada", "a1", NULL);
	log_line(test->registry, 20, "user:ada", "a1", "mail");
	log_line(test->registry, 30, "user:bob", "a2", "wiki");
	log_line(test->registry, 40, "device", "a1", "mail");
	all = cs_registry_list_authentications(test->registry, 20, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(all->len, ==, 2);
	first = g_ptr_array_index(all, 0);
	g_assert_cmpint(first->time, ==, 20);
	g_assert_cmpstr(first->actor, ==, "user:ada");
	g_assert_cmpstr(first->device, ==, "d1");
	g_assert_cmpstr(first->application, ==, "mail");
	g_assert_cmpstr(first->reason, ==, "managed");
	g_assert_true(first->authenticated);
	g_assert_true(cs_registry_find_last_authentication(test->registry, "a1", &last, &error));
	g_assert_cmpint(last->time, ==, 20);
	g_assert_true(cs_registry_find_last_authentication(test->registry, "a3", &none, &error));
	g_assert_null(none);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-policies/get", test_get);
	g_test_add_func("/registry-policies/list-and-delete", test_list_and_delete);
	g_test_add_func("/registry-policies/authentications", test_authentications);
	return g_test_run();
}
