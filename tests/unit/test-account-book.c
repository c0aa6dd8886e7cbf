/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"

#include "core/base/error.h"
#include "tests/fixtures/account-fixture.h"

#include <glib/gstdio.h>

static void
set_up(CsTestHome **home, gconstpointer data)
{
	*home = cs_test_home_new();
}

static void
tear_down(CsTestHome **home, gconstpointer data)
{
	cs_test_home_free(*home);
}

static void
test_nothing_yet(CsTestHome **home, gconstpointer data)
{
	const CsClient *client = &(*home)->client;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) accounts = cs_account_book_list(client, &error);
	g_autoptr(GPtrArray) organisations = cs_account_book_list_organisations(client, &error);
	g_autoptr(cJSON) explanation = cs_account_book_get_explanation(client, NULL, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(accounts->len, ==, 0);
	g_assert_cmpuint(organisations->len, ==, 0);
	g_assert_null(explanation);
	g_assert_null(cs_account_book_get(client, "nobody", &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	/* Reading leaves nothing behind. */
	g_assert_false(g_file_test((*home)->state, G_FILE_TEST_EXISTS));
}

static void
test_order(CsTestHome **home, gconstpointer data)
{
	g_autoptr(CsTestServer) server = cs_test_server_new();
	g_autofree char *first = cs_test_home_enrol(*home, server, "ada");
	g_autofree char *second = cs_test_home_enrol(*home, server, "grace");
	g_autoptr(GPtrArray) accounts = cs_account_book_list(&(*home)->client, NULL);

	g_assert_cmpuint(accounts->len, ==, 2);
	g_assert_cmpstr(((CsAccount *)accounts->pdata[0])->id, ==, first);
	g_assert_cmpstr(((CsAccount *)accounts->pdata[1])->id, ==, second);
}

static void
test_tombstones_hide(CsTestHome **home, gconstpointer data)
{
	g_autoptr(CsTestServer) server = cs_test_server_new();
	const CsClient *client = &(*home)->client;
	g_autofree char *id = cs_test_home_enrol(*home, server, "ada");
	g_autoptr(CsBookChange) change = cs_book_change_begin(client, NULL);
	g_autoptr(GPtrArray) accounts = NULL;
	g_autoptr(GError) error = NULL;

	cs_book_change_bury_account(change, cs_book_find_account(change->book, id));
	g_assert_true(cs_book_change_commit(change, NULL));
	accounts = cs_account_book_list(client, NULL);
	g_assert_cmpuint(accounts->len, ==, 0);
	g_assert_null(cs_account_book_get(client, id, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
}

static void
test_broken(CsTestHome **home, gconstpointer data)
{
	const CsClient *client = &(*home)->client;
	g_autoptr(GError) error = NULL;

	cs_test_home_write_book(*home, "{\"version\":9}");
	g_assert_null(cs_account_book_list(client, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "state-version-unknown");
	g_assert_nonnull(g_strstr_len(error->message, -1, "accounts.json"));
	g_clear_error(&error);
	g_assert_null(cs_account_book_get(client, "a", &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_clear_error(&error);
	g_assert_null(cs_account_book_list_organisations(client, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_clear_error(&error);
	g_assert_null(cs_account_book_get_explanation(client, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
}

/* What is there and is no file of ours is never taken for an empty book. */
static void
test_unreadable(CsTestHome **home, gconstpointer data)
{
	g_autofree char *path = g_build_filename((*home)->state, "accounts.json", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
	g_assert_null(cs_account_book_list(&(*home)->client, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
}

static void
test_broken_explanation(CsTestHome **home, gconstpointer data)
{
	const CsClient *client = &(*home)->client;
	g_autofree char *folder = g_build_filename((*home)->state, "explanations", NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	path = cs_test_write_text(folder, "abc.json", "{");
	g_assert_null(cs_account_book_get_explanation(client, "abc", &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_clear_error(&error);
	/* An id that is none names no file. */
	g_assert_null(cs_account_book_get_explanation(client, "../explanations/abc", &error));
	g_assert_no_error(error);
}

static void
test_load_key(CsTestHome **home, gconstpointer data)
{
	const CsClient *client = &(*home)->client;
	g_autofree char *folder = g_build_filename((*home)->state, "keys", NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;

	g_assert_null(cs_book_load_key(client, "abcdefghijklmnop.key", &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "key-missing");
	g_clear_error(&error);
	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	path = cs_test_write_text(folder, "abcdefghijklmnop.key", "");
	g_assert_null(cs_book_load_key(client, "abcdefghijklmnop.key", &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "key-unusable");
}

static CsAccount
make_account(void)
{
	return (CsAccount){
		.id = (char *)"abc",
		.user = (char *)"ada",
		.url = (char *)"https://id.example",
		.organisation = (char *)"Example",
		.device_id = (char *)"device1",
	};
}

static void
expect_json(const CsAccount *account, const char *error_code, const char *expected)
{
	g_autoptr(cJSON) json = cs_account_to_json(account, error_code);
	g_autofree char *text = cs_json_print(json);

	g_assert_cmpstr(text, ==, expected);
}

/* To the letter: others script against it. */
static void
test_json(CsTestHome **home, gconstpointer data)
{
	CsAccount account = make_account();

	expect_json(&account, NULL,
		    "{\"id\":\"abc\",\"user\":\"ada\",\"organisation\":\"Example\","
		    "\"url\":\"https://id.example\",\"managed\":null,\"reason\":null,"
		    "\"checked_at\":null,\"device_id\":\"device1\",\"helpdesk_code\":null,"
		    "\"certificate\":null}");
	account.helpdesk_code = (char *)"K7M39WF6";
	account.managed = CS_MANAGED_YES;
	account.reason = CS_REASON_MANAGED;
	account.checked_at = 1795371548;
	account.certificate_fingerprint = (char *)"ab";
	account.certificate_issuer = (char *)"CN=CA";
	account.certificate_not_before = 1577836800;
	account.certificate_not_after = 2208988800;
	expect_json(&account, "unreachable",
		    "{\"id\":\"abc\",\"user\":\"ada\",\"organisation\":\"Example\","
		    "\"url\":\"https://id.example\",\"managed\":true,\"reason\":\"managed\","
		    "\"checked_at\":\"2026-11-22T18:19:08Z\",\"device_id\":\"device1\","
		    "\"helpdesk_code\":\"K7M39WF6\",\"certificate\":{\"fingerprint\":\"ab\","
		    "\"issuer\":\"CN=CA\","
		    "\"not_before\":\"2020-01-01T00:00:00Z\","
		    "\"not_after\":\"2040-01-01T00:00:00Z\"},\"error\":\"unreachable\"}");
	account = make_account();
	account.managed = CS_MANAGED_NO;
	account.reason = CS_REASON_BOUND_TO_ANOTHER_DEVICE;
	account.hint = (char *)"same-hardware";
	account.request = (char *)"request1";
	expect_json(&account, NULL,
		    "{\"id\":\"abc\",\"user\":\"ada\",\"organisation\":\"Example\","
		    "\"url\":\"https://id.example\",\"managed\":false,"
		    "\"reason\":\"bound-to-another-device\",\"checked_at\":null,"
		    "\"device_id\":\"device1\",\"helpdesk_code\":null,\"certificate\":null,"
		    "\"hint\":\"same-hardware\",\"request\":\"request1\"}");
}

/* Scripts and people know the ways in which a server is not reached by one word. */
static void
test_error_codes(void)
{
	static const struct {
		CsErrorCode code;
		const char *reason;
		const char *expected;
	} cases[] = {
		{CS_ERROR_UNREACHABLE, "tls-untrusted", "unreachable"},
		{CS_ERROR_STATE, "key-missing", "key-missing"},
		{CS_ERROR_SIGNATURE, "verdict-invalid", "verdict-invalid"},
	};
	g_autoptr(GError) cancelled = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CANCELLED, "a");
	g_autoptr(GError) foreign = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_FAILED, "a");

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		cs_error_set(&error, cases[i].code, cases[i].reason, "a test");
		g_assert_cmpstr(cs_account_get_error_code(error), ==, cases[i].expected);
	}
	g_assert_cmpstr(cs_account_get_error_code(cancelled), ==, "cancelled");
	g_assert_cmpstr(cs_account_get_error_code(foreign), ==, "internal");
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(CsTestHome **, gconstpointer);
	} tests[] = {
		{"/account-book/nothing-yet", test_nothing_yet},
		{"/account-book/order", test_order},
		{"/account-book/tombstones-hide", test_tombstones_hide},
		{"/account-book/broken", test_broken},
		{"/account-book/unreadable", test_unreadable},
		{"/account-book/broken-explanation", test_broken_explanation},
		{"/account-book/load-key", test_load_key},
		{"/account-book/json", test_json},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, CsTestHome *, NULL, set_up, tests[i].run, tear_down);
	g_test_add_func("/account-book/error-codes", test_error_codes);
	return g_test_run();
}
