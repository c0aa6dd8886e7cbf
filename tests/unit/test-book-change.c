/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"

#include "core/base/error.h"
#include "tests/fixtures/account-fixture.h"
#include "tests/fixtures/child.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define URL	    "https://id.example"
#define N_PROCESSES 4
#define N_EACH	    5
#define N_KILLS	    10

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

static CsJwk *
make_jwk(void)
{
	g_autoptr(CsPrivateKey) key = cs_private_key_generate_p256(NULL);

	return cs_jwk_new_from_private_key(key, NULL);
}

static CsBookChange *
begin(CsTestHome *home)
{
	g_autoptr(GError) error = NULL;
	CsBookChange *change = cs_book_change_begin(&home->client, &error);

	g_assert_no_error(error);
	return change;
}

static void
commit(CsBookChange *change)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_book_change_commit(change, &error));
	g_assert_no_error(error);
}

static void
add_organisation(CsBookChange *change)
{
	g_autoptr(CsJwk) server_key = make_jwk();
	CsOrganisation *organisation = cs_organisation_new(URL, "Example", server_key);
	g_autoptr(CsPrivateKey) key =
		cs_book_change_make_key(change, &organisation->device_key_file, NULL);

	g_assert_nonnull(key);
	g_ptr_array_add(change->book->organisations, organisation);
}

static void
add_account(CsBookChange *change, const char *id)
{
	CsAccount *account = g_new0(CsAccount, 1);
	g_autoptr(CsPrivateKey) key = cs_book_change_make_key(change, &account->key_file, NULL);

	g_assert_nonnull(key);
	account->id = g_strdup(id);
	account->user = g_strdup("ada");
	account->url = g_strdup(URL);
	account->organisation = g_strdup("Example");
	account->device_id = g_strdup("device1");
	g_ptr_array_add(change->book->accounts, account);
}

static CsExplanation *
make_explanation(void)
{
	CsExplanation *explanation = g_new0(CsExplanation, 1);

	explanation->reason = CS_REASON_NO_ISSUERS;
	explanation->issuers =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_issuer_explanation_free);
	explanation->passed_over =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_passed_over_free);
	explanation->notes = g_new0(char *, 1);
	return explanation;
}

static void
fill(CsTestHome *home)
{
	g_autoptr(CsBookChange) change = begin(home);
	g_autoptr(CsExplanation) explanation = make_explanation();

	add_organisation(change);
	add_account(change, "one");
	add_account(change, "two");
	g_assert_true(cs_book_change_store_explanation(change, "one", explanation, NULL));
	g_assert_true(cs_book_change_store_explanation(change, "two", explanation, NULL));
	commit(change);
}

static void
test_commit(CsTestHome **home, gconstpointer data)
{
	g_autoptr(CsBook) book = NULL;
	g_autoptr(CsPrivateKey) key = NULL;

	fill(*home);
	book = cs_book_read(&(*home)->client, NULL);
	g_assert_cmpuint(book->accounts->len, ==, 2);
	g_assert_cmpstr(book->latest_explanation, ==, "two");
	g_assert_cmpuint(cs_test_home_count(*home, "keys"), ==, 3);
	g_assert_cmpuint(cs_test_home_count(*home, "explanations"), ==, 2);
	key = cs_book_load_key(&(*home)->client, cs_book_find_account(book, "one")->key_file, NULL);
	g_assert_nonnull(key);
}

/* Begun and not committed: as if it had never been, and the next commit clears up. */
static void
test_no_commit(CsTestHome **home, gconstpointer data)
{
	CsBookChange *change;
	g_autoptr(CsBook) book = NULL;

	fill(*home);
	change = begin(*home);
	add_account(change, "three");
	cs_book_change_free(change);
	book = cs_book_read(&(*home)->client, NULL);
	g_assert_cmpuint(book->accounts->len, ==, 2);
	g_assert_cmpuint(cs_test_home_count(*home, "keys"), ==, 4);
	change = begin(*home);
	commit(change);
	cs_book_change_free(change);
	g_assert_cmpuint(cs_test_home_count(*home, "keys"), ==, 3);
}

/* What a killed process left goes; what is not of our making stays. */
static void
test_purge(CsTestHome **home, gconstpointer data)
{
	static const char *const orphans[] = {
		"keys/aaaaaaaaaaaaaaaa.key", "keys/.bbbbbbbbbbbbbbbb.key.tmp",
		"explanations/three.json", "explanations/.three.json.tmp"};
	static const char *const foreign[] = {"keys/aaaaaaaaaaaaaaaa.key.bak", "keys/README",
					      "explanations/Notes.json"};
	g_autoptr(CsBookChange) change = NULL;

	fill(*home);
	for (gsize i = 0; i < G_N_ELEMENTS(orphans); i++)
		g_free(cs_test_write_text((*home)->state, orphans[i], "x"));
	for (gsize i = 0; i < G_N_ELEMENTS(foreign); i++)
		g_free(cs_test_write_text((*home)->state, foreign[i], "x"));
	change = begin(*home);
	commit(change);
	g_assert_cmpuint(cs_test_home_count(*home, "keys"), ==, 3 + 2);
	g_assert_cmpuint(cs_test_home_count(*home, "explanations"), ==, 2 + 1);
}

static void
test_remove(CsTestHome **home, gconstpointer data)
{
	g_autoptr(CsBookChange) change = NULL;

	fill(*home);
	change = begin(*home);
	cs_book_change_remove_account(change, cs_book_find_account(change->book, "one"));
	commit(change);
	g_assert_cmpstr(change->book->latest_explanation, ==, "two");
	cs_book_change_remove_account(change, cs_book_find_account(change->book, "two"));
	commit(change);
	g_assert_null(change->book->latest_explanation);
	g_assert_cmpuint(cs_test_home_count(*home, "keys"), ==, 1);
	g_assert_cmpuint(cs_test_home_count(*home, "explanations"), ==, 0);
}

/* A tombstone keeps its key and loses its explanation. */
static void
test_bury(CsTestHome **home, gconstpointer data)
{
	g_autoptr(CsBookChange) change = NULL;

	fill(*home);
	change = begin(*home);
	cs_book_change_bury_account(change, cs_book_find_account(change->book, "two"));
	commit(change);
	g_assert_null(change->book->latest_explanation);
	g_assert_cmpuint(cs_test_home_count(*home, "keys"), ==, 3);
	g_assert_cmpuint(cs_test_home_count(*home, "explanations"), ==, 1);
}

static void
test_huge_explanation(CsTestHome **home, gconstpointer data)
{
	g_autoptr(CsBookChange) change = NULL;
	g_autoptr(CsExplanation) explanation = make_explanation();
	CsPassedOver *passed_over = g_new0(CsPassedOver, 1);

	passed_over->location = g_strdup("/x");
	passed_over->why = g_strnfill(CS_BOOK_MAX_EXPLANATION_BYTES, 'x');
	g_ptr_array_add(explanation->passed_over, passed_over);
	fill(*home);
	change = begin(*home);
	g_assert_true(cs_book_change_store_explanation(change, "two", explanation, NULL));
	commit(change);
	g_assert_cmpuint(cs_test_home_count(*home, "explanations"), ==, 1);
}

static void
test_pin(CsTestHome **home, gconstpointer data)
{
	g_autoptr(CsBookChange) change = NULL;
	g_autoptr(CsJwk) second = make_jwk();
	g_autoptr(CsJwk) third = make_jwk();
	const CsOrganisation *organisation;

	fill(*home);
	change = begin(*home);
	organisation = cs_book_find_organisation(change->book, URL);
	cs_book_change_pin_key(change, URL, second, 0);
	g_assert_true(organisation->server_key != second);
	cs_book_change_pin_key(change, URL, second, 2);
	g_assert_true(organisation->server_key == second);
	/* Never backwards, and nowhere else. */
	cs_book_change_pin_key(change, URL, third, 1);
	cs_book_change_pin_key(change, URL, third, 2);
	cs_book_change_pin_key(change, "https://other.example", third, 3);
	g_assert_true(organisation->server_key == second);
	g_assert_cmpint(organisation->sequence, ==, 2);
}

static void
test_broken_book(CsTestHome **home, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	fill(*home);
	cs_test_home_write_book(*home, "broken");
	g_assert_null(cs_book_change_begin(&(*home)->client, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	text = cs_test_home_read_book(*home);
	g_assert_cmpstr(text, ==, "broken");
	g_assert_cmpuint(cs_test_home_count(*home, "keys"), ==, 3);
}

static void
test_no_folder(CsTestHome **home, gconstpointer data)
{
	g_autofree char *parent = g_path_get_dirname((*home)->state);
	g_autoptr(GError) error = NULL;

	g_assert_true(g_file_set_contents(parent, "in the way", -1, NULL));
	g_assert_null(cs_book_change_begin(&(*home)->client, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
}

static int
add_many(CsTestHome *home, guint number)
{
	for (guint i = 0; i < N_EACH; i++) {
		g_autofree char *id = g_strdup_printf("p%un%u", number, i);
		g_autoptr(CsBookChange) change = cs_book_change_begin(&home->client, NULL);

		if (change == NULL)
			return 1;
		add_account(change, id);
		if (!cs_book_change_commit(change, NULL))
			return 1;
	}
	return 0;
}

/* Processes, not threads: the lock must hold between them. */
static void
test_processes(CsTestHome **home, gconstpointer data)
{
	pid_t children[N_PROCESSES];
	g_autoptr(CsBook) book = NULL;

	fill(*home);
	for (guint i = 0; i < N_PROCESSES; i++) {
		children[i] = fork();
		g_assert_cmpint(children[i], >=, 0);
		if (children[i] == 0)
			cs_test_end_child(add_many(*home, i));
	}
	for (guint i = 0; i < N_PROCESSES; i++) {
		int status = -1;

		g_assert_cmpint(waitpid(children[i], &status, 0), ==, children[i]);
		g_assert_cmpint(status, ==, 0);
	}
	book = cs_book_read(&(*home)->client, NULL);
	g_assert_cmpuint(book->accounts->len, ==, 2 + N_PROCESSES * N_EACH);
	g_assert_cmpuint(cs_test_home_count(*home, "keys"), ==, 3 + N_PROCESSES * N_EACH);
}

/* Changes the book until it is killed, and says so after every time. */
static void
change_for_ever(CsTestHome *home, guint number, int told)
{
	for (guint n = 0;; n++) {
		if (add_many(home, N_KILLS * n + number + N_PROCESSES) != 0 ||
		    write(told, "x", 1) != 1)
			cs_test_end_child(1);
	}
}

static void
expect_whole(CsTestHome *home)
{
	g_autoptr(CsBookChange) change = begin(home);

	for (guint i = 0; i < change->book->accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(change->book->accounts, i);
		g_autoptr(CsPrivateKey) key =
			cs_book_load_key(&home->client, account->key_file, NULL);

		g_assert_nonnull(key);
	}
	commit(change);
	g_assert_cmpuint(cs_test_home_count(home, "keys"), ==, change->book->accounts->len + 1);
}

/* State survives a kill at any moment: the book can be read, and names no key that is not there. */
static void
test_killed(CsTestHome **home, gconstpointer data)
{
	fill(*home);
	for (guint i = 0; i < N_KILLS; i++) {
		int told[2] = {-1, -1};
		int status = -1;
		char byte = 0;
		pid_t child;

		g_assert_cmpint(pipe(told), ==, 0);
		child = fork();
		g_assert_cmpint(child, >=, 0);
		if (child == 0)
			change_for_ever(*home, i, told[1]);
		g_assert_cmpint(read(told[0], &byte, 1), ==, 1);
		g_assert_cmpint(kill(child, SIGKILL), ==, 0);
		g_assert_cmpint(waitpid(child, &status, 0), ==, child);
		close(told[0]);
		close(told[1]);
		expect_whole(*home);
	}
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(CsTestHome **, gconstpointer);
	} tests[] = {
		{"/book-change/commit", test_commit},
		{"/book-change/no-commit", test_no_commit},
		{"/book-change/purge", test_purge},
		{"/book-change/remove", test_remove},
		{"/book-change/bury", test_bury},
		{"/book-change/huge-explanation", test_huge_explanation},
		{"/book-change/pin", test_pin},
		{"/book-change/broken-book", test_broken_book},
		{"/book-change/no-folder", test_no_folder},
		{"/book-change/processes", test_processes},
		{"/book-change/killed", test_killed},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, CsTestHome *, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
