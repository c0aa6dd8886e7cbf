/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/book-format.h"

#include "core/base/error.h"

#include <string.h>

#define URL	  "https://id.example"
#define KEY_FILE  "abcdefghijklmn27.key"
#define OTHER_KEY "bbcdefghijklmn27.key"

static CsJwk *
make_key(void)
{
	g_autoptr(CsPrivateKey) key = cs_private_key_generate_p256(NULL);

	return cs_jwk_new_from_private_key(key, NULL);
}

static CsAccount *
make_account(const char *id)
{
	CsAccount *account = g_new0(CsAccount, 1);

	account->id = g_strdup(id);
	account->user = g_strdup("ada");
	account->url = g_strdup(URL);
	account->organisation = g_strdup("Example");
	account->device_id = g_strdup("device1");
	account->helpdesk_code = g_strdup("K7M39WF6");
	account->key_file = g_strdup(KEY_FILE);
	account->created_at = 1800000000;
	account->managed = CS_MANAGED_NO;
	account->reason = CS_REASON_BOUND_TO_ANOTHER_DEVICE;
	account->checked_at = 1800000001;
	account->hint = g_strdup("same-hardware");
	account->certificate_fingerprint = g_strdup("ab");
	account->certificate_issuer = g_strdup("CN=CA");
	account->certificate_not_before = -1;
	account->certificate_not_after = 2000000000;
	return account;
}

static CsBook *
make_book(void)
{
	CsBook *book = cs_book_new();
	g_autoptr(CsJwk) key = make_key();
	CsOrganisation *organisation = cs_organisation_new(URL, "Example", key);
	CsPendingEnrolment *pending = g_new0(CsPendingEnrolment, 1);

	organisation->sequence = 3;
	organisation->device_id = g_strdup("device1");
	organisation->helpdesk_code = g_strdup("4R8L2FMW");
	organisation->device_key_file = g_strdup(OTHER_KEY);
	pending->key_file = g_strdup(KEY_FILE);
	pending->code_tag = g_strdup("tag");
	pending->created_at = 5;
	g_ptr_array_add(organisation->pending, pending);
	g_ptr_array_add(book->organisations, organisation);
	g_ptr_array_add(book->accounts, make_account("one"));
	g_ptr_array_add(book->accounts, make_account("two"));
	book->latest_explanation = g_strdup("two");
	return book;
}

static void
test_round_trip(void)
{
	g_autoptr(CsBook) book = make_book();
	g_autofree char *text = cs_book_print(book);
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	g_autoptr(GError) error = NULL;
	g_autoptr(CsBook) read = cs_book_parse(bytes, &error);
	g_autofree char *again = read == NULL ? NULL : cs_book_print(read);
	const CsOrganisation *organisation;
	const CsAccount *account;

	g_assert_no_error(error);
	g_assert_cmpstr(again, ==, text);
	organisation = g_ptr_array_index(read->organisations, 0);
	g_assert_cmpint(organisation->sequence, ==, 3);
	g_assert_cmpuint(organisation->pending->len, ==, 1);
	g_assert_cmpstr(organisation->helpdesk_code, ==, "4R8L2FMW");
	account = g_ptr_array_index(read->accounts, 1);
	g_assert_cmpstr(account->id, ==, "two");
	g_assert_cmpstr(account->helpdesk_code, ==, "K7M39WF6");
	g_assert_cmpint(account->reason, ==, CS_REASON_BOUND_TO_ANOTHER_DEVICE);
	g_assert_cmpint(account->certificate_not_before, ==, -1);
	g_assert_null(account->request);
	g_assert_cmpstr(read->latest_explanation, ==, "two");
}

static void
test_empty(void)
{
	g_autoptr(CsBook) book = cs_book_new();
	g_autofree char *text = cs_book_print(book);
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	g_autoptr(CsBook) read = cs_book_parse(bytes, NULL);

	g_assert_nonnull(read);
	g_assert_cmpuint(read->accounts->len, ==, 0);
	g_assert_null(read->latest_explanation);
}

static void
expect_failure(const char *text, const char *reason)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_book_parse(bytes, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

static void
test_not_a_book(void)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"null",
		"{\"version\":\"1\"}",
		"{\"version\":1}",
		"{\"version\":1,\"organisations\":{},\"accounts\":[],\"latest_explanation\":null}",
		"{\"version\":1,\"organisations\":[],\"accounts\":[]}x",
		"{\"version\":1,\"organisations\":[],\"accounts\":[],\"latest_explanation\":7}",
		"{\"version\":1,\"organisations\":[],\"accounts\":[],"
		"\"latest_explanation\":\"../x\"}",
		"{\"version\":1,\"organisations\":[],\"accounts\":[],\"latest_explanation\":null,"
		"\"more\":1}",
		"{\"version\":1,\"organisations\":[1],\"accounts\":[],\"latest_explanation\":null}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		expect_failure(texts[i], "state-invalid");
}

static void
test_other_version(void)
{
	expect_failure("{\"version\":2,\"whatever\":[]}", "state-version-unknown");
	expect_failure("{\"version\":0}", "state-version-unknown");
}

/* Every place where a file's name or an id could lead out of its folder, and other oddities. */
static void
test_odd_values(void)
{
	static const struct {
		const char *from;
		const char *to;
	} changes[] = {
		{"\"abcdefghijklmn27.key\"", "\"../../etc/passwd\""},
		{"\"abcdefghijklmn27.key\"", "\"abcdefghijklmn27\""},
		{"\"abcdefghijklmn27.key\"", "\"abcdefghijklmn2/.key\""},
		{"\"bbcdefghijklmn27.key\"", "\"BBCDEFGHIJKLMN27.key\""},
		{"\"bbcdefghijklmn27.key\"", "\"bbcdefghijklmn27.keyx\""},
		{"\"bbcdefghijklmn27.key\"", "null"},
		{"\"one\"", "\"../one\""},
		{"\"one\"", "\"\""},
		{"\"one\"", "\"two\""},
		{"\"device1\"", "\"../device1\""},
		{"\"K7M39WF6\"", "\"K7M39WF7\""},
		{"\"K7M39WF6\"", "\"k7m39wf6\""},
		{"\"4R8L2FMW\"", "\"\""},
		{"\"4R8L2FMW\"", "7"},
		{"\"https://id.example\"", "\"https://id.example/\""},
		{"\"https://id.example\"", "\"http://id.example\""},
		{"\"bound-to-another-device\"", "\"bound\""},
		{"\"P-256\"", "\"P-384\""},
		{"\"sequence\"", "\"seq\""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autoptr(CsBook) book = make_book();
		g_autofree char *text = cs_book_print(book);
		g_auto(GStrv) parts = g_strsplit(text, changes[i].from, -1);
		g_autofree char *joined = NULL;
		g_autofree char *changed = NULL;

		g_assert_cmpuint(g_strv_length(parts), >=, 2);
		/* The first only. */
		joined = g_strjoinv(changes[i].from, parts + 1);
		changed = g_strconcat(parts[0], changes[i].to, joined, NULL);
		expect_failure(changed, "state-invalid");
	}
}

/* A book of before there were helpdesk codes. */
static void
test_without_helpdesk_codes(void)
{
	g_autoptr(CsBook) book = make_book();
	g_autofree char *text = cs_book_print(book);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GString) old = g_string_new(NULL);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(CsBook) read = NULL;
	g_autoptr(GError) error = NULL;
	guint taken_out = 0;

	for (char **line = lines; *line != NULL; line++) {
		if (strstr(*line, "\"helpdesk_code\"") != NULL)
			taken_out++;
		else
			g_string_append_printf(old, "%s\n", *line);
	}
	g_assert_cmpuint(taken_out, ==, 3);
	bytes = g_bytes_new(old->str, old->len);
	read = cs_book_parse(bytes, &error);
	g_assert_no_error(error);
	g_assert_null(((CsAccount *)g_ptr_array_index(read->accounts, 0))->helpdesk_code);
	g_assert_null(((CsOrganisation *)g_ptr_array_index(read->organisations, 0))->helpdesk_code);
}

static void
test_odd_account_key(void)
{
	g_autoptr(CsBook) book = make_book();
	CsAccount *account = g_ptr_array_index(book->accounts, 0);
	g_autofree char *text = NULL;

	g_free(account->key_file);
	account->key_file = g_strdup("../accounts.json");
	text = cs_book_print(book);
	expect_failure(text, "state-invalid");
}

static void
test_negative_sequence(void)
{
	g_autoptr(CsBook) book = make_book();
	g_autofree char *text = NULL;

	((CsOrganisation *)g_ptr_array_index(book->organisations, 0))->sequence = -1;
	text = cs_book_print(book);
	expect_failure(text, "state-invalid");
}

static void
test_account_without_organisation(void)
{
	g_autoptr(CsBook) book = cs_book_new();
	g_autofree char *text = NULL;

	g_ptr_array_add(book->accounts, make_account("one"));
	text = cs_book_print(book);
	expect_failure(text, "state-invalid");
}

static void
test_organisation_twice(void)
{
	g_autoptr(CsBook) book = make_book();
	g_autoptr(CsJwk) key = make_key();
	CsOrganisation *organisation = cs_organisation_new(URL, "Example", key);
	g_autofree char *text = NULL;

	organisation->device_key_file = g_strdup(KEY_FILE);
	g_ptr_array_add(book->organisations, organisation);
	text = cs_book_print(book);
	expect_failure(text, "state-invalid");
}

static void
test_names(void)
{
	g_autofree char *longest = g_strnfill(64, 'a');
	g_autofree char *too_long = g_strnfill(65, 'a');

	g_assert_true(cs_book_is_id("a"));
	g_assert_true(cs_book_is_id("0z9"));
	g_assert_true(cs_book_is_id(longest));
	g_assert_false(cs_book_is_id(too_long));
	g_assert_false(cs_book_is_id(NULL));
	g_assert_false(cs_book_is_id(""));
	g_assert_false(cs_book_is_id("A"));
	g_assert_false(cs_book_is_id("a b"));
	g_assert_false(cs_book_is_id("a\n"));
	g_assert_true(cs_book_is_code("key-missing"));
	g_assert_true(cs_book_is_code(longest));
	g_assert_false(cs_book_is_code(too_long));
	g_assert_false(cs_book_is_code(NULL));
	g_assert_false(cs_book_is_code(""));
	g_assert_false(cs_book_is_code("Key"));
	g_assert_false(cs_book_is_code("key missing"));
	g_assert_true(cs_book_is_key_file(KEY_FILE));
	g_assert_false(cs_book_is_key_file(NULL));
	g_assert_false(cs_book_is_key_file(""));
	g_assert_false(cs_book_is_key_file("abcdefghijklmn19.key"));
}

static void
test_copy(void)
{
	g_autoptr(CsAccount) account = make_account("one");
	g_autoptr(CsAccount) copy = cs_account_copy(account);

	g_assert_cmpstr(copy->id, ==, "one");
	g_assert_true(copy->id != account->id);
	g_assert_cmpstr(copy->hint, ==, account->hint);
	g_assert_true(copy->hint != account->hint);
	g_assert_cmpint(copy->checked_at, ==, account->checked_at);
	cs_account_free(NULL);
	cs_organisation_free(NULL);
	cs_book_free(NULL);
	cs_pending_enrolment_free(NULL);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/book-format/round-trip", test_round_trip);
	g_test_add_func("/book-format/empty", test_empty);
	g_test_add_func("/book-format/not-a-book", test_not_a_book);
	g_test_add_func("/book-format/other-version", test_other_version);
	g_test_add_func("/book-format/odd-values", test_odd_values);
	g_test_add_func("/book-format/without-helpdesk-codes", test_without_helpdesk_codes);
	g_test_add_func("/book-format/odd-account-key", test_odd_account_key);
	g_test_add_func("/book-format/negative-sequence", test_negative_sequence);
	g_test_add_func("/book-format/account-without-organisation",
			test_account_without_organisation);
	g_test_add_func("/book-format/organisation-twice", test_organisation_twice);
	g_test_add_func("/book-format/names", test_names);
	g_test_add_func("/book-format/copy", test_copy);
	return g_test_run();
}
