/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/authority-fixture.h"

#include <string.h>

#define DAY_S 86400

static void
set(CsTestAuthority *test, const char *application, const char *demand)
{
	g_autoptr(GError) error = NULL;

	cJSON_Delete(cs_admin_set_policy(test->authority, application, demand, &error));
	g_assert_no_error(error);
}

static void
test_set_list_delete(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(GError) error = NULL;

	cs_test_expect_json(cs_admin_list_policies(test->authority, &error), error,
			    "{\"default\":\"any\",\"policies\":[]}");
	cs_test_expect_json(cs_admin_set_policy(test->authority, "mail", "managed", &error), error,
			    "{\"application\":\"mail\",\"demand\":\"managed\"}");
	cs_test_expect_json(cs_admin_set_policy(test->authority, NULL, "not-managed", &error),
			    error, "{\"application\":null,\"demand\":\"not-managed\"}");
	cs_test_expect_log(test, "policy-set ok - - - -\npolicy-set ok - - - -");
	cs_test_expect_json(cs_admin_list_policies(test->authority, &error), error,
			    "{\"default\":\"not-managed\",\"policies\":[{\"application\":\"mail\","
			    "\"demand\":\"managed\",\"set_at\":\"2027-01-15T08:00:00Z\"}]}");
	cs_test_expect_json(cs_admin_delete_policy(test->authority, "mail", &error), error,
			    "{\"application\":\"mail\",\"demand\":\"not-managed\"}");
	cs_test_expect_log(test, "policy-delete ok - - - -");
	cs_test_expect_error(cs_admin_delete_policy(test->authority, "mail", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_log(test, "policy-delete refused not-found - - -");
}

static void
test_usage(void)
{
	static const char *const names[] = {"", "a b", "a\n", "m\xc3\xa4il"};
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autofree char *long_name = g_strnfill(65, 'a');
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		cs_test_expect_error(cs_admin_set_policy(test->authority, names[i], "any", &error),
				     &error, CS_ERROR_USAGE, "application-invalid");
	cs_test_expect_error(cs_admin_set_policy(test->authority, long_name, "any", &error), &error,
			     CS_ERROR_USAGE, "application-invalid");
	cs_test_expect_error(cs_admin_delete_policy(test->authority, "", &error), &error,
			     CS_ERROR_USAGE, "application-invalid");
	cs_test_expect_error(cs_admin_try_policy(test->authority, "", "a", &error), &error,
			     CS_ERROR_USAGE, "application-invalid");
	cs_test_expect_error(cs_admin_set_policy(test->authority, "mail", "some", &error), &error,
			     CS_ERROR_USAGE, "demand-invalid");
	cs_test_expect_error(cs_admin_dry_run_policy(test->authority, "mail", "", 30, &error),
			     &error, CS_ERROR_USAGE, "demand-invalid");
	cs_test_expect_error(cs_admin_dry_run_policy(test->authority, "mail", "any", 0, &error),
			     &error, CS_ERROR_USAGE, "days-invalid");
	cs_test_expect_error(cs_admin_dry_run_policy(test->authority, "mail", "any", 3651, &error),
			     &error, CS_ERROR_USAGE, "days-invalid");
	cs_test_expect_log(test, "");
}

/* A user with a device and an account: "u-NAME", "d-NAME", "a-NAME". */
static void
put_account(CsTestAuthority *test, const char *name)
{
	g_autofree char *user = g_strconcat("u-", name, NULL);
	g_autofree char *device = g_strconcat("d-", name, NULL);
	g_autofree char *account = g_strconcat("a-", name, NULL);

	cs_test_put_user(test->registry, user, name);
	cs_test_put_device(test->registry, device);
	cs_test_put_key(test->registry, device, device, CS_APPROVAL_FOUNDER);
	cs_test_put_account(test->registry, account, user, device, device);
}

static void
log_authentication(CsTestAuthority *test,
		   const char *name,
		   gint64 time,
		   gboolean authenticated,
		   const char *reason,
		   const char *application)
{
	g_autofree char *actor = g_strconcat("user:", name, NULL);
	g_autofree char *device = g_strconcat("d-", name, NULL);
	g_autofree char *account = g_strconcat("a-", name, NULL);
	const CsLogEntry entry = {
		.time = time,
		.event = "authentication",
		.actor = actor,
		.device = device,
		.account = account,
		.outcome = authenticated ? "ok" : "refused",
		.reason = reason,
		.application = application,
	};

	g_assert_true(cs_registry_log(test->registry, &entry, NULL));
	test->logged = cs_test_count_log(test->registry);
}

static void
expect_try(CsTestAuthority *test, const char *demand, gboolean allowed, const char *reason)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *expected =
		g_strdup_printf("{\"application\":\"mail\",\"demand\":\"%s\",\"account\":\"a-ada\","
				"\"user\":\"ada\","
				"\"device\":\"d-ada\",\"allowed\":%s,\"reason\":%s%s%s,"
				"\"authenticated_at\":\"2027-01-15T08:00:00Z\"}",
				demand, allowed ? "true" : "false", allowed ? "" : "\"",
				allowed ? "null" : reason, allowed ? "" : "\"");

	set(test, "mail", demand);
	cs_test_expect_json(cs_admin_try_policy(test->authority, "mail", "a-ada", &error), error,
			    expected);
}

/* rule 21, by the last authentication */
static void
test_try(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(GError) error = NULL;

	cs_test_expect_error(cs_admin_try_policy(test->authority, "mail", "a-ada", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	put_account(test, "ada");
	cs_test_expect_error(cs_admin_try_policy(test->authority, "mail", "a-ada", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	log_authentication(test, "ada", CS_TEST_NOW - 5, TRUE, "no-certificate", NULL);
	log_authentication(test, "ada", CS_TEST_NOW, TRUE, "managed", NULL);
	expect_try(test, "managed", TRUE, NULL);
	expect_try(test, "not-managed", FALSE, "managed");
	expect_try(test, "any", TRUE, NULL);
	log_authentication(test, "ada", CS_TEST_NOW, TRUE, "revocation-unknown", NULL);
	expect_try(test, "managed", FALSE, "revocation-unknown");
	expect_try(test, "not-managed", FALSE, "revocation-unknown");
	log_authentication(test, "ada", CS_TEST_NOW, TRUE, "a-code-of-tomorrow", NULL);
	expect_try(test, "not-managed", FALSE, "revocation-unknown");
	log_authentication(test, "ada", CS_TEST_NOW, FALSE, "challenge-expired", NULL);
	expect_try(test, "any", FALSE, "challenge-expired");
}

/* What has happened to device, user and account since the last authentication counts. */
static void
test_try_standing(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(GError) error = NULL;

	put_account(test, "ada");
	log_authentication(test, "ada", CS_TEST_NOW, TRUE, "managed", NULL);
	cJSON_Delete(cs_admin_suspend_user(test->authority, "ada", &error));
	g_assert_no_error(error);
	expect_try(test, "any", FALSE, "user-suspended");
	cJSON_Delete(cs_admin_move_device(test->authority, "d-ada", CS_MOVE_SUSPEND, 0, &error));
	g_assert_no_error(error);
	expect_try(test, "any", FALSE, "device-suspended");
	cJSON_Delete(cs_admin_move_device(test->authority, "d-ada", CS_MOVE_RESUME, 0, &error));
	cJSON_Delete(cs_admin_delete_user(test->authority, "ada", &error));
	g_assert_no_error(error);
	expect_try(test, "any", FALSE, "account-deleted");
}

static void
test_dry_run(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(GError) error = NULL;

	log_authentication(test, "ada", CS_TEST_NOW - 31 * DAY_S, TRUE, "no-certificate", NULL);
	log_authentication(test, "ada", CS_TEST_NOW - 2, TRUE, "no-certificate", NULL);
	log_authentication(test, "ada", CS_TEST_NOW - 1, TRUE, "managed", NULL);
	log_authentication(test, "bob", CS_TEST_NOW, FALSE, "user-suspended", NULL);
	cs_test_expect_json(
		cs_admin_dry_run_policy(test->authority, "mail", "managed", 30, &error), error,
		"{\"application\":\"mail\",\"demand\":\"managed\",\"since\":"
		"\"2026-12-16T08:00:00Z\",\"considered\":\"all\",\"authentications\":3,"
		"\"allowed\":1,\"refused\":2,\"reasons\":{\"no-certificate\":1,"
		"\"user-suspended\":1},\"accounts\":[{\"account\":\"a-ada\",\"user\":\"ada\","
		"\"device\":\"d-ada\",\"allowed\":1,\"refused\":1,\"reason\":\"no-certificate\"},"
		"{\"account\":\"a-bob\",\"user\":\"bob\",\"device\":\"d-bob\",\"allowed\":0,"
		"\"refused\":1,\"reason\":\"user-suspended\"}]}");
	log_authentication(test, "ada", CS_TEST_NOW, TRUE, "managed", "mail");
	cs_test_expect_json(
		cs_admin_dry_run_policy(test->authority, "mail", "not-managed", 30, &error), error,
		"{\"application\":\"mail\",\"demand\":\"not-managed\",\"since\":"
		"\"2026-12-16T08:00:00Z\",\"considered\":\"application\",\"authentications\":1,"
		"\"allowed\":0,\"refused\":1,\"reasons\":{\"managed\":1},\"accounts\":["
		"{\"account\":\"a-ada\",\"user\":\"ada\",\"device\":\"d-ada\",\"allowed\":0,"
		"\"refused\":1,\"reason\":\"managed\"}]}");
	cs_test_expect_log(test, "");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/admin-policies/set-list-delete", test_set_list_delete);
	g_test_add_func("/admin-policies/usage", test_usage);
	g_test_add_func("/admin-policies/try", test_try);
	g_test_add_func("/admin-policies/try-standing", test_try_standing);
	g_test_add_func("/admin-policies/dry-run", test_dry_run);
	return g_test_run();
}
