/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/deletion.h"

#include "core/account/account-book-private.h"
#include "core/account/authentication.h"
#include "core/base/error.h"
#include "tests/fixtures/account-fixture.h"

#include <glib/gstdio.h>

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
delete_one(Fixture *f, gboolean expected_pending)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAccount) account = NULL;
	gboolean pending = !expected_pending;

	g_assert_true(cs_deletion_delete(&f->home->client, f->id, &pending, NULL, &error));
	g_assert_no_error(error);
	g_assert_cmpint(pending, ==, expected_pending);
	account = cs_account_book_get(&f->home->client, f->id, &error);
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_assert_null(account);
}

static guint
retry(Fixture *f)
{
	g_autoptr(GError) error = NULL;
	guint n_remaining = cs_deletion_retry(&f->home->client, NULL, &error);

	g_assert_no_error(error);
	return n_remaining;
}

/* The account's key beside the device's. */
static gboolean
has_key(Fixture *f)
{
	return cs_test_home_count(f->home, "keys") == 2;
}

/* rule 23: on the server first; the device's key outlives the account */
static void
test_delete(Fixture *f, gconstpointer data)
{
	delete_one(f, FALSE);
	g_assert_true(cs_test_server_is_deleted(f->server, f->id));
	g_assert_false(has_key(f));
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 1);
	g_assert_cmpuint(retry(f), ==, 0);
}

static void
test_explanation_goes(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) account =
		cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, NULL);

	g_assert_nonnull(account);
	g_assert_cmpuint(cs_test_home_count(f->home, "explanations"), ==, 1);
	cs_test_server_stop(f->server);
	delete_one(f, TRUE);
	g_assert_cmpuint(cs_test_home_count(f->home, "explanations"), ==, 0);
	g_assert_null(cs_account_book_get_explanation(&f->home->client, NULL, NULL));
	g_assert_null(cs_account_book_get_explanation(&f->home->client, f->id, NULL));
	cs_test_server_start(f->server);
}

/* rule 23: away, it is a tombstone, retried, and its key destroyed when done */
static void
test_away(Fixture *f, gconstpointer data)
{
	cs_test_server_stop(f->server);
	delete_one(f, TRUE);
	g_assert_true(has_key(f));
	g_assert_cmpuint(retry(f), ==, 1);
	g_assert_true(has_key(f));
	cs_test_server_start(f->server);
	g_assert_cmpuint(retry(f), ==, 0);
	g_assert_true(cs_test_server_is_deleted(f->server, f->id));
	g_assert_false(has_key(f));
	g_assert_cmpuint(retry(f), ==, 0);
}

/* rule 23: the tombstone's key signs only the deletion */
static void
test_tombstone_signs_nothing_else(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	gboolean pending = FALSE;

	cs_test_server_stop(f->server);
	delete_one(f, TRUE);
	cs_test_server_start(f->server);
	g_assert_null(cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_false(cs_deletion_delete(&f->home->client, f->id, &pending, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_assert_cmpuint(cs_test_server_count_calls(f->server, "/v1/transactions"), ==, 0);
}

/* The server did it, and the client never heard: it is asked again, and says so again. */
static void
test_answer_lost(Fixture *f, gconstpointer data)
{
	f->faults->path = "/v1/accounts/";
	f->faults->lose_answer = TRUE;
	delete_one(f, TRUE);
	g_assert_true(cs_test_server_is_deleted(f->server, f->id));
	g_assert_true(has_key(f));
	f->faults->lose_answer = FALSE;
	g_assert_cmpuint(retry(f), ==, 0);
	g_assert_false(has_key(f));
}

static void
bend_account(CsVerdict *verdict)
{
	verdict->account = (char *)"another";
}

static void
bend_audience(CsVerdict *verdict)
{
	verdict->aud = (char *)"another";
}

static void
bend_response(CsVerdict *verdict)
{
	static char other[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

	verdict->rsh = other;
}

static void
bend_issuer(CsVerdict *verdict)
{
	verdict->iss = (char *)"https://elsewhere.example";
}

static void
bend_reason(CsVerdict *verdict)
{
	verdict->reason = CS_REASON_USER_SUSPENDED;
}

/* rule 23: nothing local is destroyed on a lesser word */
static void
test_lesser_words(Fixture *f, gconstpointer data)
{
	static void (*const bends[])(CsVerdict *) = {bend_account, bend_audience, bend_response,
						     bend_issuer, bend_reason};
	static const char *const bodies[] = {"{\"code\":\"account-deleted\"}",
					     "{\"code\":\"account-unknown\"}",
					     "{\"code\":\"not-found\"}", "<html>"};
	g_autoptr(CsPrivateKey) forger = cs_private_key_generate_p256(NULL);

	f->faults->bend_verdict = bends[0];
	delete_one(f, TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(bends); i++) {
		f->faults->bend_verdict = bends[i];
		g_assert_cmpuint(retry(f), ==, 1);
	}
	f->faults->bend_verdict = NULL;
	f->faults->verdict_key = forger;
	g_assert_cmpuint(retry(f), ==, 1);
	f->faults->verdict_key = NULL;
	f->faults->path = "/v1/accounts/";
	f->faults->status = 404;
	f->faults->content_type = "application/problem+json";
	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		f->faults->body = bodies[i];
		g_assert_cmpuint(retry(f), ==, 1);
	}
	f->faults->status = 200;
	f->faults->content_type = "application/json";
	f->faults->body = "{\"verdict\":\"account-deleted\"}";
	g_assert_cmpuint(retry(f), ==, 1);
	g_assert_true(has_key(f));
	f->faults->status = 0;
	g_assert_cmpuint(retry(f), ==, 0);
	g_assert_false(has_key(f));
}

/* It works whatever state the account is in, be it unknown to the server. */
static void
test_unknown_to_server(Fixture *f, gconstpointer data)
{
	cs_test_server_end_account(f->server, f->id, CS_REASON_DEVICE_DEACTIVATED);
	delete_one(f, FALSE);
	g_free(f->id);
	f->id = cs_test_home_enrol(f->home, f->server, "grace");
	cs_test_server_forget_account(f->server, f->id);
	delete_one(f, FALSE);
	g_assert_false(has_key(f));
}

/* The verdict's key may be a successor of the pinned one. */
static void
test_rotation(Fixture *f, gconstpointer data)
{
	cs_test_server_rotate(f->server, NULL, 1);
	delete_one(f, FALSE);
	g_assert_false(has_key(f));
}

static void
replace_meanwhile(gpointer data)
{
	Fixture *f = data;
	g_autoptr(CsBookChange) change = cs_book_change_begin(&f->home->client, NULL);
	CsAccount *account = cs_book_find_account(change->book, f->id);
	g_autoptr(CsPrivateKey) key = NULL;

	account->tombstone = FALSE;
	g_clear_pointer(&account->key_file, g_free);
	key = cs_book_change_make_key(change, &account->key_file, NULL);
	g_assert_true(cs_book_change_commit(change, NULL));
}

/* What came in its place under the same id is another account. */
static void
test_replaced_meanwhile(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = NULL;
	gboolean pending = TRUE;

	f->faults->path = "/v1/accounts/";
	f->faults->meanwhile = replace_meanwhile;
	f->faults->meanwhile_data = f;
	g_assert_true(cs_deletion_delete(&f->home->client, f->id, &pending, NULL, NULL));
	g_assert_false(pending);
	account = cs_account_book_get(&f->home->client, f->id, NULL);
	g_assert_nonnull(account);
	g_assert_true(has_key(f));
}

static void
test_no_account(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	gboolean pending = TRUE;

	g_assert_false(cs_deletion_delete(&f->home->client, "nobody", &pending, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_assert_false(pending);
}

static char *
get_key_path(Fixture *f)
{
	g_autoptr(CsAccount) account = cs_account_book_get(&f->home->client, f->id, NULL);

	return g_build_filename(f->home->state, "keys", account->key_file, NULL);
}

/* Without its key nobody can tell the server: it goes, and that is said. */
static void
test_key_missing(Fixture *f, gconstpointer data)
{
	g_autofree char *path = get_key_path(f);
	g_autoptr(GError) error = NULL;
	gboolean pending = TRUE;

	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_false(cs_deletion_delete(&f->home->client, f->id, &pending, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "key-missing");
	g_clear_error(&error);
	g_assert_null(cs_account_book_get(&f->home->client, f->id, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_assert_cmpuint(retry(f), ==, 0);
}

/* A key that cannot be read today may be readable tomorrow. */
static void
test_key_unusable(Fixture *f, gconstpointer data)
{
	g_autofree char *path = get_key_path(f);
	g_autofree char *key = NULL;

	g_assert_true(g_file_get_contents(path, &key, NULL, NULL));
	g_assert_true(g_file_set_contents(path, "no key", -1, NULL));
	delete_one(f, TRUE);
	g_assert_cmpuint(retry(f), ==, 1);
	g_assert_true(g_file_set_contents(path, key, -1, NULL));
	g_assert_cmpuint(retry(f), ==, 0);
}

static void
test_broken_book(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	gboolean pending = FALSE;

	cs_test_home_write_book(f->home, "");
	g_assert_false(cs_deletion_delete(&f->home->client, f->id, &pending, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_clear_error(&error);
	g_assert_cmpuint(cs_deletion_retry(&f->home->client, NULL, &error), ==, 0);
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	/* No key is purged by what cannot be read. */
	g_assert_true(has_key(f));
}

static void
test_cancelled(Fixture *f, gconstpointer data)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAccount) account = NULL;
	gboolean pending = FALSE;

	g_cancellable_cancel(cancellable);
	g_assert_false(cs_deletion_delete(&f->home->client, f->id, &pending, cancellable, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	account = cs_account_book_get(&f->home->client, f->id, NULL);
	g_assert_nonnull(account);
}

/* An organisation that is away is asked once, however many tombstones wait for it. */
static void
test_many_away(Fixture *f, gconstpointer data)
{
	g_autofree char *first = g_strdup(f->id);
	guint n_before;

	f->faults->path = "/v1/nonce";
	g_free(f->id);
	f->id = cs_test_home_enrol(f->home, f->server, "grace");
	f->faults->status = 503;
	delete_one(f, TRUE);
	g_free(f->id);
	f->id = g_strdup(first);
	delete_one(f, TRUE);
	n_before = cs_test_server_count_calls(f->server, "/v1/nonce");
	g_assert_cmpuint(retry(f), ==, 2);
	g_assert_cmpuint(cs_test_server_count_calls(f->server, "/v1/nonce"), ==, n_before + 1);
	f->faults->status = 0;
	g_assert_cmpuint(retry(f), ==, 0);
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 1);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Fixture *, gconstpointer);
	} tests[] = {
		{"/deletion/delete", test_delete},
		{"/deletion/explanation-goes", test_explanation_goes},
		{"/deletion/away", test_away},
		{"/deletion/tombstone-signs-nothing-else", test_tombstone_signs_nothing_else},
		{"/deletion/answer-lost", test_answer_lost},
		{"/deletion/lesser-words", test_lesser_words},
		{"/deletion/unknown-to-server", test_unknown_to_server},
		{"/deletion/rotation", test_rotation},
		{"/deletion/replaced-meanwhile", test_replaced_meanwhile},
		{"/deletion/no-account", test_no_account},
		{"/deletion/key-missing", test_key_missing},
		{"/deletion/key-unusable", test_key_unusable},
		{"/deletion/broken-book", test_broken_book},
		{"/deletion/cancelled", test_cancelled},
		{"/deletion/many-away", test_many_away},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
