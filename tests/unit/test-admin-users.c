/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/activation.h"
#include "tests/fixtures/authority-fixture.h"

#include <string.h>

static void
add(CsTestAuthority *test, const char *login)
{
	g_autoptr(GError) error = NULL;

	cJSON_Delete(cs_admin_add_user(test->authority, login, &error));
	g_assert_no_error(error);
	test->logged = cs_test_count_log(test->registry);
}

/* An account of that user's on a device of its own; its id is "a-LOGIN". */
static void
add_account(CsTestAuthority *test, const char *login)
{
	g_autofree char *id = g_strconcat("a-", login, NULL);
	g_autoptr(CsUserRow) user = NULL;

	g_assert_true(cs_registry_find_user(test->registry, login, &user, NULL));
	cs_test_put_device(test->registry, login);
	cs_test_put_key(test->registry, login, login, CS_APPROVAL_FOUNDER);
	cs_test_put_account(test->registry, id, user->id, login, login);
	cs_test_put_link(test->registry, login, login, CS_LINK_BOUND, login);
}

static void
test_add(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(GError) error = NULL;

	cs_test_expect_json(cs_admin_add_user(test->authority, "anna@example.org", &error), error,
			    "{\"login\":\"anna@example.org\",\"state\":\"active\"}");
	cs_test_expect_log(test, "user-add ok - - anna@example.org -");
	cs_test_expect_error(cs_admin_add_user(test->authority, "anna@example.org", &error), &error,
			     CS_ERROR_REFUSED, "user-exists");
	cs_test_expect_log(test, "user-add refused user-exists - anna@example.org -");
}

static void
test_logins(void)
{
	static const char *const bad[] = {"", "a b", "a\n", "\x1b[1m", "\xc3", "a\xe2\x80\xa8z"};
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autofree char *long_login = g_strnfill(129, 'x');
	g_autofree char *longest = g_strnfill(128, 'x');
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		cs_test_expect_error(cs_admin_add_user(test->authority, bad[i], &error), &error,
				     CS_ERROR_USAGE, "login-invalid");
	cs_test_expect_error(cs_admin_add_user(test->authority, long_login, &error), &error,
			     CS_ERROR_USAGE, "login-invalid");
	add(test, longest);
	add(test, "jürgen");
}

static void
test_list(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(GError) error = NULL;

	cs_test_expect_json(cs_admin_list_users(test->authority, &error), error, "{\"users\":[]}");
	add(test, "bob");
	test->now++;
	add(test, "alice");
	add_account(test, "alice");
	cs_test_expect_json(
		cs_admin_list_users(test->authority, &error), error,
		"{\"users\":[{\"login\":\"bob\",\"state\":\"active\",\"created_at\":"
		"\"2027-01-15T08:00:00Z\",\"accounts\":0},{\"login\":\"alice\",\"state\":"
		"\"active\",\"created_at\":\"2027-01-15T08:00:01Z\",\"accounts\":1}]}");
	cs_test_expect_log(test, "");
}

static void
assert_untouched(CsTestAuthority *test, const char *login, gboolean deleted)
{
	g_autofree char *id = g_strconcat("a-", login, NULL);
	g_autoptr(CsAccountRow) account = NULL;
	g_autoptr(CsLinkRow) link = NULL;

	g_assert_true(cs_registry_find_account(test->registry, id, &account, NULL));
	g_assert_cmpint(account->deleted, ==, deleted);
	g_assert_true(cs_registry_find_link(test->registry, login, &link, NULL));
	g_assert_cmpint(link->state, ==, CS_LINK_BOUND);
	g_assert_cmpint(link->hand_over_until, ==, 0);
}

/* rule 22: suspending a user leaves accounts and links as they are */
static void
test_suspend(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(GError) error = NULL;

	add(test, "alice");
	add_account(test, "alice");
	for (int twice = 0; twice < 2; twice++) {
		cs_test_expect_json(cs_admin_suspend_user(test->authority, "alice", &error), error,
				    "{\"login\":\"alice\",\"state\":\"suspended\"}");
		cs_test_expect_log(test, "user-suspend ok - - alice -");
	}
	assert_untouched(test, "alice", FALSE);
	cs_test_expect_error(cs_admin_add_user(test->authority, "alice", &error), &error,
			     CS_ERROR_REFUSED, "user-exists");
	cs_test_expect_json(cs_admin_resume_user(test->authority, "alice", &error), error,
			    "{\"login\":\"alice\",\"state\":\"active\"}");
	assert_untouched(test, "alice", FALSE);
}

static guint
count_codes(CsTestAuthority *test)
{
	g_autoptr(GPtrArray) codes = cs_registry_list_codes(test->registry, test->now, NULL);

	return codes->len;
}

/* rule 22: deleting a user ends accounts and code, and leaves the links; the login may be used
 * again, by another user */
static void
test_delete(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(CsUserRow) first = NULL;
	g_autoptr(CsUserRow) second = NULL;
	g_autoptr(GError) error = NULL;

	add(test, "alice");
	add(test, "bob");
	add_account(test, "alice");
	add_account(test, "bob");
	cJSON_Delete(cs_admin_make_code(test->authority, "alice", 600, &error));
	cJSON_Delete(cs_admin_make_code(test->authority, "bob", 600, &error));
	g_assert_true(cs_registry_find_user(test->registry, "alice", &first, NULL));
	test->logged = cs_test_count_log(test->registry);
	cs_test_expect_json(cs_admin_delete_user(test->authority, "alice", &error), error,
			    "{\"login\":\"alice\",\"state\":\"deleted\"}");
	cs_test_expect_log(test, "account-delete ok - - a-alice -\nuser-delete ok - - alice -");
	assert_untouched(test, "alice", TRUE);
	assert_untouched(test, "bob", FALSE);
	g_assert_cmpuint(count_codes(test), ==, 1);
	add(test, "alice");
	g_assert_true(cs_registry_find_user(test->registry, "alice", &second, NULL));
	g_assert_cmpstr(first->id, !=, second->id);
}

static void
test_nobody(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(GError) error = NULL;

	cs_test_expect_error(cs_admin_suspend_user(test->authority, "x", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_error(cs_admin_resume_user(test->authority, "x", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_error(cs_admin_delete_user(test->authority, "x", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_error(cs_admin_make_code(test->authority, "x", 600, &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_log(test, "user-suspend refused not-found - - -\n"
				 "user-resume refused not-found - - -\n"
				 "user-delete refused not-found - - -\n"
				 "code-make refused not-found - - -");
}

static CsCodeRow *
get_only_code(CsTestAuthority *test)
{
	g_autoptr(GPtrArray) codes = cs_registry_list_codes(test->registry, test->now, NULL);

	g_assert_cmpuint(codes->len, ==, 1);
	return g_ptr_array_steal_index(codes, 0);
}

/* The code as it is shown, the link with the server key's thumbprint, and only hashes kept. */
static void
test_code(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(CsCodeRow) row = NULL;
	g_autoptr(cJSON) answer = NULL;
	g_autofree char *normal = NULL;
	g_autofree char *link = NULL;
	g_autofree char *hash = NULL;
	g_auto(GStrv) groups = NULL;
	const char *code = NULL;
	g_autoptr(GError) error = NULL;

	add(test, "alice");
	answer = cs_admin_make_code(test->authority, "alice", 600, &error);
	g_assert_no_error(error);
	code = cs_json_get_string(answer, "code", NULL);
	g_assert_true(g_regex_match_simple("^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$", code, 0, 0));
	link = g_strdup_printf("http://127.0.0.1:8080#%s.%s", code,
			       cs_jwk_get_thumbprint(cs_authority_get_server_jwk(test->authority)));
	g_assert_cmpstr(cs_json_get_string(answer, "link", NULL), ==, link);
	g_assert_cmpstr(cs_json_get_string(answer, "expires_at", NULL), ==, "2027-01-15T08:10:00Z");
	g_assert_cmpint(cJSON_GetArraySize(answer), ==, 3);
	cs_test_expect_log(test, "code-make ok - - alice -");

	normal = cs_activation_code_normalise(code);
	hash = cs_activation_hash(test->authority, normal);
	groups = cs_activation_hash_groups(test->authority, normal);
	row = get_only_code(test);
	g_assert_cmpstr(row->hash, ==, hash);
	g_assert_true(g_strv_equal((const char *const *)row->groups, (const char *const *)groups));
	g_assert_cmpint(row->expires_at, ==, CS_TEST_NOW + 600);
	g_assert_cmpint(row->wrong_tries, ==, 0);
}

static void
test_code_replaces(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(CsCodeRow) first = NULL;
	g_autoptr(CsCodeRow) second = NULL;
	g_autoptr(GError) error = NULL;

	add(test, "alice");
	cJSON_Delete(cs_admin_make_code(test->authority, "alice", 60, &error));
	first = get_only_code(test);
	first->wrong_tries = CS_ACTIVATION_MAX_WRONG_TRIES;
	g_assert_true(cs_registry_put_code(test->registry, first, NULL));
	cJSON_Delete(cs_admin_make_code(test->authority, "alice", 604800, &error));
	second = get_only_code(test);
	g_assert_cmpstr(first->hash, !=, second->hash);
	g_assert_cmpint(second->wrong_tries, ==, 0);
	g_assert_cmpint(second->expires_at, ==, CS_TEST_NOW + 604800);
}

static void
test_code_refused(void)
{
	static const gint64 bad[] = {G_MININT64, -1, 0, 59, 604801, G_MAXINT64};
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(GError) error = NULL;

	add(test, "alice");
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		cs_test_expect_error(cs_admin_make_code(test->authority, "alice", bad[i], &error),
				     &error, CS_ERROR_USAGE, "lifetime-invalid");
	cJSON_Delete(cs_admin_suspend_user(test->authority, "alice", &error));
	test->logged = cs_test_count_log(test->registry);
	cs_test_expect_error(cs_admin_make_code(test->authority, "alice", 600, &error), &error,
			     CS_ERROR_REFUSED, "user-suspended");
	cs_test_expect_log(test, "code-make refused user-suspended - alice -");
	g_assert_cmpuint(count_codes(test), ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/admin-users/add", test_add);
	g_test_add_func("/admin-users/logins", test_logins);
	g_test_add_func("/admin-users/list", test_list);
	g_test_add_func("/admin-users/suspend", test_suspend);
	g_test_add_func("/admin-users/delete", test_delete);
	g_test_add_func("/admin-users/nobody", test_nobody);
	g_test_add_func("/admin-users/code", test_code);
	g_test_add_func("/admin-users/code-replaces", test_code_replaces);
	g_test_add_func("/admin-users/code-refused", test_code_refused);
	return g_test_run();
}
