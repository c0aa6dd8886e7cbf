/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/authority-fixture.h"

static void
set_user_state(CsRegistry *r, const char *login, CsUserState state)
{
	g_autoptr(CsUserRow) row = NULL;

	g_assert_true(cs_registry_find_user(r, login, &row, NULL));
	row->state = state;
	g_assert_true(cs_registry_put_user(r, row, NULL));
}

static void
test_users(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsUserRow) found = NULL;
	g_autoptr(CsUserRow) got = NULL;
	g_autoptr(CsUserRow) missing = NULL;
	g_autoptr(GPtrArray) users = NULL;
	g_autoptr(GError) error = NULL;

	cs_test_put_user(test->registry, "u2", "bob");
	cs_test_put_user(test->registry, "u1", "alice");
	set_user_state(test->registry, "alice", CS_USER_SUSPENDED);
	g_assert_true(cs_registry_find_user(test->registry, "alice", &found, &error));
	g_assert_cmpstr(found->id, ==, "u1");
	g_assert_cmpstr(found->login, ==, "alice");
	g_assert_cmpint(found->state, ==, CS_USER_SUSPENDED);
	g_assert_cmpint(found->created_at, ==, CS_TEST_NOW);
	got = cs_registry_get_user_by_id(test->registry, "u2", &error);
	g_assert_cmpstr(got->login, ==, "bob");
	g_assert_true(cs_registry_find_user(test->registry, "carol", &missing, &error));
	g_assert_null(missing);
	g_assert_null(cs_registry_get_user_by_id(test->registry, "u3", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-found");
	users = cs_registry_list_users(test->registry, &error);
	g_assert_cmpuint(users->len, ==, 2);
	g_assert_cmpstr(((CsUserRow *)g_ptr_array_index(users, 0))->login, ==, "bob");
}

/* A deleted user is known by id alone; the login may be another's, once. */
static void
test_deleted_user(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	const CsUserRow third = {.id = (char *)"u3", .login = (char *)"alice"};
	g_autoptr(CsUserRow) missing = NULL;
	g_autoptr(CsUserRow) old = NULL;
	g_autoptr(CsUserRow) now = NULL;
	g_autoptr(GPtrArray) users = NULL;
	g_autoptr(GError) error = NULL;

	cs_test_put_user(test->registry, "u1", "alice");
	set_user_state(test->registry, "alice", CS_USER_DELETED);
	g_assert_true(cs_registry_find_user(test->registry, "alice", &missing, &error));
	g_assert_null(missing);
	old = cs_registry_get_user_by_id(test->registry, "u1", &error);
	g_assert_cmpint(old->state, ==, CS_USER_DELETED);
	cs_test_put_user(test->registry, "u2", "alice");
	g_assert_true(cs_registry_find_user(test->registry, "alice", &now, &error));
	g_assert_cmpstr(now->id, ==, "u2");
	users = cs_registry_list_users(test->registry, &error);
	g_assert_cmpuint(users->len, ==, 1);
	g_assert_false(cs_registry_put_user(test->registry, &third, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
}

static void
fill(CsRegistry *r)
{
	cs_test_put_user(r, "u1", "alice");
	cs_test_put_user(r, "u2", "bob");
	cs_test_put_device(r, "d1");
	cs_test_put_device(r, "d2");
	cs_test_put_key(r, "k1", "d1", CS_APPROVAL_FOUNDER);
	cs_test_put_key(r, "k2", "d2", CS_APPROVAL_FOUNDER);
	cs_test_put_account(r, "a1", "u1", "d1", "k1");
	cs_test_put_account(r, "a2", "u2", "d1", "k1");
	cs_test_put_account(r, "a3", "u1", "d2", "k2");
}

static void
test_accounts(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsAccountRow) row = NULL;
	g_autoptr(CsAccountRow) by_key = NULL;
	g_autoptr(CsAccountRow) missing = NULL;
	g_autoptr(GError) error = NULL;

	fill(test->registry);
	g_assert_true(cs_registry_find_account(test->registry, "a2", &row, &error));
	g_assert_cmpstr(row->user_id, ==, "u2");
	g_assert_cmpstr(row->device_id, ==, "d1");
	g_assert_cmpstr(row->key_id, ==, "k1");
	g_assert_cmpstr(row->thumbprint, ==, "thumbprint-a2");
	g_assert_cmpstr(row->jwk, ==, "{}");
	g_assert_cmpstr(row->code_hash, ==, "hash");
	g_assert_false(row->deleted);
	g_assert_cmpint(row->created_at, ==, CS_TEST_NOW);
	g_assert_cmpint(row->deleted_at, ==, 0);
	g_assert_true(cs_registry_find_account_by_thumbprint(test->registry, "thumbprint-a3",
							     &by_key, &error));
	g_assert_cmpstr(by_key->id, ==, "a3");
	g_assert_true(cs_registry_find_account(test->registry, "a4", &missing, &error));
	g_assert_null(missing);
	g_assert_true(
		cs_registry_find_account_by_thumbprint(test->registry, "a3", &missing, &error));
	g_assert_null(missing);
}

/* rule 22: an account that has ended does not come back */
static void
test_deleted_account(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsAccountRow) row = NULL;
	g_autoptr(CsAccountRow) again = NULL;
	g_autoptr(GError) error = NULL;

	fill(test->registry);
	g_assert_true(cs_registry_find_account(test->registry, "a1", &row, &error));
	row->deleted = TRUE;
	row->deleted_at = CS_TEST_NOW + 1;
	g_clear_pointer(&row->code_hash, g_free);
	g_assert_true(cs_registry_put_account(test->registry, row, &error));
	g_assert_true(cs_registry_find_account(test->registry, "a1", &again, &error));
	g_assert_true(again->deleted);
	g_assert_null(again->code_hash);
	g_assert_cmpint(again->deleted_at, ==, CS_TEST_NOW + 1);
	again->deleted = FALSE;
	g_assert_false(cs_registry_put_account(test->registry, again, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
}

static void
test_account_conflicts(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	CsAccountRow row = {.id = (char *)"a9",
			    .user_id = (char *)"u1",
			    .device_id = (char *)"d1",
			    .key_id = (char *)"k1",
			    .thumbprint = (char *)"thumbprint-a1",
			    .jwk = (char *)"{}"};
	g_autoptr(GError) error = NULL;

	fill(test->registry);
	g_assert_false(cs_registry_put_account(test->registry, &row, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	row.thumbprint = (char *)"thumbprint-a9";
	row.user_id = (char *)"nobody";
	g_assert_false(cs_registry_put_account(test->registry, &row, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
}

static void
expect_accounts(CsRegistry *r, const char *user_id, const char *device_id, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) rows = cs_registry_list_accounts(r, user_id, device_id, &error);
	g_autoptr(GString) ids = g_string_new(NULL);

	g_assert_no_error(error);
	for (guint i = 0; i < rows->len; i++)
		g_string_append_printf(ids, "%s ",
				       ((CsAccountRow *)g_ptr_array_index(rows, i))->id);
	g_assert_cmpstr(ids->str, ==, expected);
}

static void
test_list_accounts(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();

	fill(test->registry);
	expect_accounts(test->registry, NULL, NULL, "a1 a2 a3 ");
	expect_accounts(test->registry, "u1", NULL, "a1 a3 ");
	expect_accounts(test->registry, NULL, "d1", "a1 a2 ");
	expect_accounts(test->registry, "u1", "d2", "a3 ");
	expect_accounts(test->registry, "u2", "d2", "");
}

static void
put_code(CsRegistry *r, const char *user_id, const char *hash, gint64 expires_at, int wrong_tries)
{
	char *groups[] = {(char *)"g0", (char *)"g1", (char *)"g2", NULL};
	const CsCodeRow row = {
		.user_id = (char *)user_id,
		.hash = (char *)hash,
		.groups = groups,
		.expires_at = expires_at,
		.wrong_tries = wrong_tries,
	};
	g_autoptr(GError) error = NULL;

	cs_registry_put_code(r, &row, &error);
	g_assert_no_error(error);
}

static void
expect_codes(CsRegistry *r, gint64 now, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) rows = cs_registry_list_codes(r, now, &error);
	g_autoptr(GString) text = g_string_new(NULL);

	g_assert_no_error(error);
	for (guint i = 0; i < rows->len; i++) {
		const CsCodeRow *row = g_ptr_array_index(rows, i);
		g_autofree char *groups = g_strjoinv(",", row->groups);

		g_string_append_printf(text, "%s:%s:%s:%d ", row->user_id, row->hash, groups,
				       row->wrong_tries);
	}
	g_assert_cmpstr(text->str, ==, expected);
}

/* One a user; gone when it expires. */
static void
test_codes(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(GError) error = NULL;

	fill(test->registry);
	put_code(test->registry, "u1", "h1", CS_TEST_NOW + 10, 0);
	put_code(test->registry, "u2", "h2", CS_TEST_NOW + 20, 5);
	expect_codes(test->registry, CS_TEST_NOW, "u1:h1:g0,g1,g2:0 u2:h2:g0,g1,g2:5 ");
	expect_codes(test->registry, CS_TEST_NOW + 10, "u2:h2:g0,g1,g2:5 ");
	put_code(test->registry, "u1", "h3", CS_TEST_NOW + 30, 1);
	expect_codes(test->registry, CS_TEST_NOW, "u1:h3:g0,g1,g2:1 u2:h2:g0,g1,g2:5 ");
	g_assert_true(cs_registry_delete_code(test->registry, "u1", &error));
	g_assert_true(cs_registry_delete_code(test->registry, "u1", &error));
	expect_codes(test->registry, CS_TEST_NOW, "u2:h2:g0,g1,g2:5 ");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-users/users", test_users);
	g_test_add_func("/registry-users/deleted-user", test_deleted_user);
	g_test_add_func("/registry-users/accounts", test_accounts);
	g_test_add_func("/registry-users/deleted-account", test_deleted_account);
	g_test_add_func("/registry-users/account-conflicts", test_account_conflicts);
	g_test_add_func("/registry-users/list-accounts", test_list_accounts);
	g_test_add_func("/registry-users/codes", test_codes);
	return g_test_run();
}
