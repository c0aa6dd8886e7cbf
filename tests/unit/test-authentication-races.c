/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"
#include "core/account/authentication.h"
#include "core/base/error.h"
#include "tests/fixtures/account-fixture.h"

/* What another process does to the account while the server is asked. */

typedef struct {
	CsTestServer *server;
	CsTestFaults *faults;
	CsTestHome *home;
	char *id;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->server = cs_test_server_new();
	f->faults = cs_test_server_get_faults(f->server);
	f->home = cs_test_home_new();
	f->id = cs_test_home_enrol(f->home, f->server, "ada");
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	g_free(f->id);
	cs_test_home_free(f->home);
	cs_test_server_free(f->server);
}

static void
expect_gone(Fixture *f)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "not-found");
}

static CsAccount *
get_listed(Fixture *f)
{
	return cs_account_book_get(&f->home->client, f->id, NULL);
}

static void
delete_meanwhile(gpointer data)
{
	Fixture *f = data;
	g_autofree char *book = cs_test_home_read_book(f->home);
	g_auto(GStrv) parts = g_strsplit(book, "\"accounts\":", 2);
	g_autofree char *empty =
		g_strconcat(parts[0], "\"accounts\":[],\"latest_explanation\":null}", NULL);

	cs_test_home_write_book(f->home, empty);
}

static void
remove_meanwhile(gpointer data)
{
	Fixture *f = data;
	g_autoptr(CsBookChange) change = cs_book_change_begin(&f->home->client, NULL);
	CsAccount *account = cs_book_find_account(change->book, f->id);

	if (account == NULL)
		return;
	cs_book_change_remove_account(change, account);
	g_assert_true(cs_book_change_commit(change, NULL));
}

/* Whatever then fails, for its key went with it or the server is away, is no failure of an account. */
static void
test_vanished_before_the_answer(Fixture *f, gconstpointer data)
{
	f->faults->path = "/v1/transactions";
	f->faults->meanwhile = remove_meanwhile;
	f->faults->meanwhile_data = f;
	expect_gone(f);
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 1);
}

static void
test_vanished_and_failed(Fixture *f, gconstpointer data)
{
	f->faults->path = "/v1/transactions/";
	f->faults->status = 500;
	f->faults->meanwhile = remove_meanwhile;
	f->faults->meanwhile_data = f;
	expect_gone(f);
}

/* The account has gone while the server was asked: nothing is kept of the verdict. */
static void
test_vanished(Fixture *f, gconstpointer data)
{
	f->faults->path = "/v1/transactions/";
	f->faults->meanwhile = delete_meanwhile;
	f->faults->meanwhile_data = f;
	expect_gone(f);
	g_assert_null(get_listed(f));
	g_assert_cmpuint(cs_test_home_count(f->home, "explanations"), ==, 0);
}

static void
bury_meanwhile(gpointer data)
{
	Fixture *f = data;
	g_autoptr(CsBookChange) change = cs_book_change_begin(&f->home->client, NULL);

	cs_book_change_bury_account(change, cs_book_find_account(change->book, f->id));
	g_assert_true(cs_book_change_commit(change, NULL));
}

/* A tombstone stays one, and nothing is kept for it. */
static void
test_deleted_meanwhile(Fixture *f, gconstpointer data)
{
	g_autoptr(CsBook) book = NULL;

	f->faults->path = "/v1/transactions/";
	f->faults->meanwhile = bury_meanwhile;
	f->faults->meanwhile_data = f;
	expect_gone(f);
	book = cs_book_read(&f->home->client, NULL);
	g_assert_true(cs_book_find_account(book, f->id)->tombstone);
	g_assert_cmpint(cs_book_find_account(book, f->id)->managed, ==, CS_MANAGED_UNKNOWN);
	g_assert_cmpuint(cs_test_home_count(f->home, "explanations"), ==, 0);
}

static void
replace_meanwhile(gpointer data)
{
	Fixture *f = data;
	g_autoptr(CsBookChange) change = cs_book_change_begin(&f->home->client, NULL);
	CsAccount *account = cs_book_find_account(change->book, f->id);
	g_autoptr(CsPrivateKey) key = NULL;

	g_clear_pointer(&account->key_file, g_free);
	key = cs_book_change_make_key(change, &account->key_file, NULL);
	g_assert_true(cs_book_change_commit(change, NULL));
}

/* A verdict is not for another account that came in its place under the same id. */
static void
test_replaced_meanwhile(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) listed = NULL;

	cs_test_server_end_account(f->server, f->id, CS_REASON_ACCOUNT_DELETED);
	f->faults->path = "/v1/transactions/";
	f->faults->meanwhile = replace_meanwhile;
	f->faults->meanwhile_data = f;
	expect_gone(f);
	listed = get_listed(f);
	g_assert_nonnull(listed);
	g_assert_cmpint(listed->managed, ==, CS_MANAGED_UNKNOWN);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Fixture *, gconstpointer);
	} tests[] = {
		{"/authentication/vanished", test_vanished},
		{"/authentication/vanished-and-failed", test_vanished_and_failed},
		{"/authentication/vanished-before-the-answer", test_vanished_before_the_answer},
		{"/authentication/deleted-meanwhile", test_deleted_meanwhile},
		{"/authentication/replaced-meanwhile", test_replaced_meanwhile},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
