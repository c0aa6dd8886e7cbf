/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/authority-fixture.h"

static void
end_account(CsRegistry *r, const char *id)
{
	g_autoptr(CsAccountRow) row = NULL;

	g_assert_true(cs_registry_find_account(r, id, &row, NULL));
	row->deleted = TRUE;
	g_assert_true(cs_registry_put_account(r, row, NULL));
}

/* d1: the key k1 of alice (newest live) though bob's account there is newer and ended, k2 of bob
 * (whose account ended), k3 of nobody; d2 bare. */
static CsTestAuthority *
set_up(void)
{
	CsTestAuthority *test = cs_test_authority_new();
	CsRegistry *r = test->registry;

	cs_test_put_user(r, "u1", "bob");
	cs_test_put_user(r, "u2", "alice");
	cs_test_put_device(r, "d1");
	cs_test_put_device(r, "d2");
	cs_test_put_key(r, "k1", "d1", CS_APPROVAL_FOUNDER);
	cs_test_put_key(r, "k2", "d1", CS_APPROVAL_ADMINISTRATOR);
	cs_test_put_key(r, "k3", "d1", CS_APPROVAL_NONE);
	cs_test_put_account(r, "a1", "u1", "d1", "k1");
	cs_test_put_account(r, "a2", "u2", "d1", "k1");
	cs_test_put_account(r, "a3", "u2", "d1", "k1");
	cs_test_put_account(r, "a4", "u1", "d1", "k1");
	cs_test_put_account(r, "a5", "u2", "d1", "k2");
	cs_test_put_account(r, "a6", "u1", "d1", "k2");
	end_account(r, "a4");
	end_account(r, "a5");
	end_account(r, "a6");
	cs_test_put_link(r, "l1", "d1", CS_LINK_BOUND, "k1");
	cs_test_put_link(r, "l2", "d1", CS_LINK_REFUSED, NULL);
	return test;
}

#define LISTED                                                                                     \
	"\"id\":\"d1\",\"helpdesk_code\":\"" CS_TEST_CODE_OF_D1                                    \
	"\",\"name\":\"laptop\",\"state\":\"active\",\"users\":[\"alice\",\"bob\"],"               \
	"\"keys\":[{\"id\":\"k1\",\"user\":\"alice\",\"approved\":true},"                          \
	"{\"id\":\"k2\",\"user\":\"bob\",\"approved\":true},"                                      \
	"{\"id\":\"k3\",\"user\":null,\"approved\":false}]"

/* The contract's object, exactly. */
static void
test_list(void)
{
	g_autoptr(CsTestAuthority) empty = cs_test_authority_new();
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GError) error = NULL;

	cs_test_expect_json(cs_admin_list_devices(empty->authority, &error), error,
			    "{\"devices\":[]}");
	cs_test_expect_json(cs_admin_list_devices(test->authority, &error), error,
			    "{\"devices\":[{" LISTED
			    ",\"links\":[{\"certificate\":\"certificate-l1\",\"state\":\"bound\"},"
			    "{\"certificate\":\"certificate-l2\",\"state\":\"refused\"}]},"
			    "{\"id\":\"d2\",\"helpdesk_code\":\"" CS_TEST_CODE_OF_D2
			    "\",\"name\":\"laptop\",\"state\":\"active\",\"users\":[],"
			    "\"keys\":[],\"links\":[]}]}");
	cs_test_expect_log(test, "");
}

/* Deleted records stay listed. */
static void
test_deleted(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(GError) error = NULL;

	cs_test_put_device(test->registry, "d1");
	cJSON_Delete(cs_admin_move_device(test->authority, "d1", CS_MOVE_DEACTIVATE, 0, &error));
	cJSON_Delete(cs_admin_move_device(test->authority, "d1", CS_MOVE_DELETE, 0, &error));
	g_assert_no_error(error);
	cs_test_expect_json(cs_admin_list_devices(test->authority, &error), error,
			    "{\"devices\":[{\"id\":\"d1\",\"helpdesk_code\":\"" CS_TEST_CODE_OF_D1
			    "\",\"name\":\"laptop\",\"state\":"
			    "\"deleted\",\"users\":[],\"keys\":[],\"links\":[]}]}");
}

static cJSON *
show(CsTestAuthority *test, const char *id)
{
	g_autoptr(GError) error = NULL;
	cJSON *answer = cs_admin_show_device(test->authority, id, &error);

	g_assert_no_error(error);
	return answer;
}

static void
test_show(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	const CsLogEntry conflict = {
		.time = CS_TEST_NOW,
		.event = "authentication",
		.actor = "user:carol",
		.device = "d2",
		.certificate = "certificate-l1",
		.outcome = "ok",
		.reason = "bound-to-another-device",
	};
	g_autoptr(cJSON) answer = NULL;
	g_autofree char *text = NULL;

	g_assert_true(cs_registry_log(test->registry, &conflict, NULL));
	answer = show(test, "d1");
	cJSON_DeleteItemFromObject(answer, "accounts");
	cJSON_DeleteItemFromObject(answer, "steps");
	/* What the line's hash is belongs to the log's chain. */
	cJSON_DeleteItemFromObject(
		cJSON_GetArrayItem(cs_json_get_array(answer, "conflicts", NULL), 0), "hash");
	text = cs_json_print(answer);
	g_assert_cmpstr(
		text, ==,
		"{" LISTED ",\"links\":[{\"certificate\":\"certificate-l1\",\"state\":\"bound\","
		"\"key_fingerprint\":\"l1\",\"bound_at\":\"2027-01-15T08:00:00Z\","
		"\"hand_over_until\":null,\"keys\":[\"k1\"]},"
		"{\"certificate\":\"certificate-l2\",\"state\":\"refused\","
		"\"key_fingerprint\":\"l2\",\"bound_at\":\"2027-01-15T08:00:00Z\","
		"\"hand_over_until\":null,\"keys\":[]}],"
		"\"platform\":\"linux\",\"created_at\":\"2027-01-15T08:00:00Z\","
		"\"hardware_id\":\"hardware-d1\",\"conflicts\":[{\"time\":"
		"\"2027-01-15T08:00:00Z\",\"event\":\"authentication\",\"actor\":\"user:carol\","
		"\"device\":\"d2\",\"account\":null,\"certificate\":\"certificate-l1\","
		"\"outcome\":\"ok\",\"reason\":\"bound-to-another-device\","
		"\"operator\":null,\"origin\":null,\"application\":null,\"access\":null,"
		"\"request\":null,\"detail\":null,"
		"\"line\":2}],"
		"\"hand_over_until\":null,\"hand_over_expired\":false}");
}

static void
test_show_accounts(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(cJSON) answer = show(test, "d1");
	const cJSON *accounts = cs_json_get_array(answer, "accounts", NULL);
	g_autofree char *first = cs_json_print(cJSON_GetArrayItem(accounts, 0));
	g_autofree char *last = cs_json_print(cJSON_GetArrayItem(accounts, 5));

	g_assert_cmpint(cJSON_GetArraySize(accounts), ==, 6);
	g_assert_cmpstr(first, ==,
			"{\"id\":\"a1\",\"user\":\"bob\",\"state\":\"active\","
			"\"created_at\":\"2027-01-15T08:00:00Z\"}");
	g_assert_cmpstr(last, ==,
			"{\"id\":\"a6\",\"user\":\"bob\",\"state\":\"deleted\","
			"\"created_at\":\"2027-01-15T08:00:00Z\"}");
}

static void
expect_hand_over(CsTestAuthority *test,
		 const char *expected,
		 const char *hand_over_until,
		 gboolean is_expired)
{
	g_autoptr(cJSON) answer = show(test, "d1");
	g_autoptr(GString) text = g_string_new(NULL);
	const char *until = NULL;
	gboolean expired = FALSE;
	const cJSON *step = NULL;

	cJSON_ArrayForEach (step, cs_json_get_array(answer, "steps", NULL)) {
		gboolean done = FALSE;

		g_assert_true(cs_json_get_boolean(step, "done", &done, NULL));
		g_string_append_c(text, done ? 'x' : '-');
	}
	g_assert_cmpstr(text->str, ==, expected);
	g_assert_true(cs_json_get_optional_string(answer, "hand_over_until", &until, NULL));
	g_assert_cmpstr(until, ==, hand_over_until);
	g_assert_true(cs_json_get_boolean(answer, "hand_over_expired", &expired, NULL));
	g_assert_cmpint(expired, ==, is_expired);
}

static void
expect_steps(CsTestAuthority *test, const char *expected, const char *hand_over_until)
{
	expect_hand_over(test, expected, hand_over_until, FALSE);
}

static void
hand_over(CsTestAuthority *test)
{
	g_autoptr(CsLinkRow) link = NULL;

	g_assert_true(cs_registry_find_link(test->registry, "l1", &link, NULL));
	link->state = CS_LINK_BOUND;
	link->bound_at = test->now;
	link->hand_over_until = 0;
	g_assert_true(cs_registry_put_link(test->registry, link, NULL));
}

/* rule 25: a device on its way through it, step by step, as helpdesk sees it */
static void
test_steps(void)
{
	g_autoptr(CsTestAuthority) test = set_up();

	expect_steps(test, "-----", NULL);
	end_account(test->registry, "a1");
	end_account(test->registry, "a2");
	end_account(test->registry, "a3");
	expect_steps(test, "x----", NULL);
	cJSON_Delete(cs_admin_move_device(test->authority, "d1", CS_MOVE_DEACTIVATE, 0, NULL));
	expect_steps(test, "xx---", NULL);
	test->now += 60;
	cJSON_Delete(cs_admin_move_device(test->authority, "d1", CS_MOVE_REACTIVATE, 3600, NULL));
	expect_steps(test, "xxx--", "2027-01-15T09:01:00Z");
	cs_test_put_account(test->registry, "a7", "u1", "d1", "k3");
	expect_steps(test, "xxxx-", "2027-01-15T09:01:00Z");
	test->now += 3600;
	expect_hand_over(test, "xxxx-", NULL, TRUE);
	hand_over(test);
	expect_steps(test, "xxxxx", NULL);
	end_account(test->registry, "a7");
	expect_steps(test, "x----", NULL);
}

static void
test_nothing(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(GError) error = NULL;

	cs_test_expect_error(cs_admin_show_device(test->authority, "d9", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_log(test, "");
}

/* rule 25: what helpdesk follows, without all the rest */
static void
test_repurposing(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) whole = show(test, "d1");
	g_autoptr(cJSON) shown = cs_admin_show_repurposing(test->authority, "d1", &error);
	const cJSON *member = NULL;

	g_assert_no_error(error);
	g_assert_cmpint(cJSON_GetArraySize(shown), ==, 8);
	cJSON_ArrayForEach (member, shown)
		g_assert_true(cJSON_Compare(
			member, cJSON_GetObjectItemCaseSensitive(whole, member->string), TRUE));
	g_assert_null(cs_admin_show_repurposing(test->authority, "d3", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-found");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/admin-device-list/list", test_list);
	g_test_add_func("/admin-device-list/repurposing", test_repurposing);
	g_test_add_func("/admin-device-list/deleted", test_deleted);
	g_test_add_func("/admin-device-list/show", test_show);
	g_test_add_func("/admin-device-list/show-accounts", test_show_accounts);
	g_test_add_func("/admin-device-list/steps", test_steps);
	g_test_add_func("/admin-device-list/nothing", test_nothing);
	return g_test_run();
}
