/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/enrolment.h"

#include "core/account/account-book-private.h"
#include "core/base/error.h"
#include "tests/fixtures/account-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#define CODE	   "ABCD-EF01-2345"
#define NORMAL	   "ABCDEF012345"
#define OTHER_CODE "ZZZZZZZZZZZZ"
#define N_THREADS  4
#define N_EACH	   5

typedef struct {
	CsTestServer *server;
	CsTestFaults *faults;
	CsTestHome *home;
	CsIntroduction *introduction;
} Fixture;

static CsIntroduction *
introduce(const CsClient *client, CsTestServer *server)
{
	g_autoptr(GError) error = NULL;
	CsIntroduction *introduction =
		cs_enrolment_introduce(client, cs_test_server_get_url(server), NULL, NULL, &error);

	g_assert_no_error(error);
	return introduction;
}

static void
set_up(Fixture *f, gconstpointer data)
{
	f->server = cs_test_server_new();
	f->faults = cs_test_server_get_faults(f->server);
	f->home = cs_test_home_new();
	f->introduction = introduce(&f->home->client, f->server);
	cs_test_server_add_code(f->server, NORMAL, "ada");
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_introduction_free(f->introduction);
	cs_test_home_free(f->home);
	cs_test_server_free(f->server);
}

static CsAccount *
add(Fixture *f, const char *code, GError **error)
{
	g_autoptr(CsSecret) secret = cs_secret_new(code, strlen(code));

	return cs_enrolment_add(&f->home->client, f->introduction, secret, NULL, error);
}

static void
expect_failure(Fixture *f, const char *code, CsErrorCode error_code, const char *reason)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAccount) account = add(f, code, &error);

	g_assert_error(error, CS_ERROR, (gint)error_code);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
	g_assert_null(account);
}

static guint
count_listed(const Fixture *f)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) accounts = cs_account_book_list(&f->home->client, &error);

	g_assert_no_error(error);
	return accounts->len;
}

/* rule 15: one device key an organisation; rule 25: enrolment alone attests nothing */
static void
test_add(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAccount) account = add(f, " abcd ef0l-2345", &error);
	g_autoptr(CsAccount) listed = NULL;
	g_autofree char *second = NULL;

	g_assert_no_error(error);
	g_assert_cmpstr(account->user, ==, "ada");
	g_assert_cmpstr(account->organisation, ==, "Example Corp");
	g_assert_cmpint(account->managed, ==, CS_MANAGED_UNKNOWN);
	g_assert_cmpint(account->checked_at, ==, 0);
	g_assert_cmpint(account->created_at, ==, CS_TEST_DEVICE_NOW);
	listed = cs_account_book_get(&f->home->client, account->id, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(listed->key_file, ==, account->key_file);
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 2);
	second = cs_test_home_enrol(f->home, f->server, "grace");
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 3);
	g_assert_cmpstr(cs_test_server_get_device_key(f->server, account->id), ==,
			cs_test_server_get_device_key(f->server, second));
}

static void
test_claim(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = add(f, CODE, NULL);
	const CsDeviceToken *claim = cs_test_server_get_claim(f->server);

	g_assert_nonnull(account);
	g_assert_cmpstr(claim->name, ==, "Ada's laptop");
	g_assert_cmpstr(claim->platform, ==, "linux");
	g_assert_false(claim->hardware_key);
	/* Dated by the server's clock, not by the device's. */
	g_assert_cmpint(claim->iat, ==, CS_TEST_SERVER_NOW);
}

static void
test_files(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = add(f, CODE, NULL);
	g_autofree char *keys = g_build_filename(f->home->state, "keys", NULL);
	g_autofree char *key = g_build_filename(keys, account->key_file, NULL);
	g_autofree char *book = g_build_filename(f->home->state, "accounts.json", NULL);
	g_autofree char *text = cs_test_home_read_book(f->home);
	GStatBuf status;

	g_assert_cmpint(g_stat(keys, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0700);
	g_assert_cmpint(g_stat(key, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
	g_assert_cmpint(g_stat(book, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
	g_assert_null(strstr(text, NORMAL));
}

static void
test_no_code(Fixture *f, gconstpointer data)
{
	g_autoptr(CsSecret) with_nul = cs_secret_new("ABCDEF012345\0X", 14);
	g_autoptr(GError) error = NULL;

	expect_failure(f, "ABCD-EF01", CS_ERROR_REFUSED, "code-invalid");
	expect_failure(f, "", CS_ERROR_REFUSED, "code-invalid");
	g_assert_null(cs_enrolment_add(&f->home->client, f->introduction, with_nul, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_REFUSED);
	g_assert_cmpuint(cs_test_server_count_calls(f->server, "/v1/"), ==, 0);
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 0);
}

static void
test_wrong_code(Fixture *f, gconstpointer data)
{
	expect_failure(f, OTHER_CODE, CS_ERROR_REFUSED, "code-invalid");
	g_assert_cmpuint(count_listed(f), ==, 0);
	/* The device's key stays for the next try; the account's went with the code. */
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 1);
}

static void
test_no_machine_id(Fixture *f, gconstpointer data)
{
	g_assert_cmpint(g_unlink(f->home->machine_id_file), ==, 0);
	expect_failure(f, CODE, CS_ERROR_STATE, "machine-id-missing");
	g_assert_cmpuint(cs_test_server_count_calls(f->server, "/v1/"), ==, 0);
}

static void
test_unreachable(Fixture *f, gconstpointer data)
{
	cs_test_server_stop(f->server);
	expect_failure(f, CODE, CS_ERROR_UNREACHABLE, "unreachable");
	cs_test_server_start(f->server);
	g_assert_cmpuint(count_listed(f), ==, 0);
}

/* The server did it, and the client never heard: the same code gives the same account. */
static void
test_interrupted(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = NULL;
	g_autoptr(GError) error = NULL;

	f->faults->path = "/v1/accounts";
	f->faults->lose_answer = TRUE;
	expect_failure(f, CODE, CS_ERROR_UNREACHABLE, "unreachable");
	g_assert_cmpuint(cs_test_server_count_accounts(f->server), ==, 1);
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 2);
	f->faults->lose_answer = FALSE;
	/* Another code in between has another key. */
	expect_failure(f, OTHER_CODE, CS_ERROR_REFUSED, "code-invalid");
	account = add(f, CODE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(cs_test_server_count_accounts(f->server), ==, 1);
	g_assert_true(cs_test_server_has_account(f->server, account->id));
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 2);
}

static void
test_pending_is_bounded(Fixture *f, gconstpointer data)
{
	f->faults->path = "/v1/accounts";
	f->faults->lose_answer = TRUE;
	for (guint i = 0; i < 20; i++) {
		g_autofree char *code = g_strdup_printf("ZZZZ%08u", i);

		expect_failure(f, code, CS_ERROR_UNREACHABLE, "unreachable");
	}
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 1 + 16);
}

/* A key that the book names and that is gone is made anew; one that is broken is not replaced. */
static void
test_device_key_missing(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) organisations = NULL;
	g_autoptr(CsAccount) account = NULL;
	g_autofree char *path = NULL;
	const CsOrganisation *organisation;

	expect_failure(f, OTHER_CODE, CS_ERROR_REFUSED, "code-invalid");
	organisations = cs_account_book_list_organisations(&f->home->client, &error);
	g_assert_no_error(error);
	organisation = g_ptr_array_index(organisations, 0);
	g_assert_null(organisation->device_id);
	path = g_build_filename(f->home->state, "keys", organisation->device_key_file, NULL);
	g_assert_true(g_file_set_contents(path, "no key", -1, NULL));
	expect_failure(f, CODE, CS_ERROR_STATE, "key-unusable");
	g_assert_cmpint(g_unlink(path), ==, 0);
	account = add(f, CODE, &error);
	g_assert_no_error(error);
}

static void
test_malformed_answer(Fixture *f, gconstpointer data)
{
	static const char *const bodies[] = {
		"{}",
		"{\"account\":\"../x\",\"user\":\"ada\",\"device\":\"d\",\"organisation\":\"e\"}",
		"{\"account\":\"A\",\"user\":\"ada\",\"device\":\"d\",\"organisation\":\"e\"}",
		"{\"account\":\"a\",\"user\":\"\\u001b\",\"device\":\"d\",\"organisation\":\"e\"}",
		"{\"account\":\"a\",\"user\":\"ada\",\"device\":\"\",\"organisation\":\"e\"}",
		"{\"account\":\"a\",\"user\":\"ada\",\"device\":\"d\",\"organisation\":1}",
		"{\"account\":\"a\",\"user\":\"ada\",\"x\":1}",
		"{\"account\":\"a\",\"user\":\"ada\",\"device\":\"d\",\"organisation\":\"e\","
		"\"helpdesk_code\":\"K7M39WF7\"}",
		"{\"account\":\"a\",\"user\":\"ada\",\"device\":\"d\",\"organisation\":\"e\","
		"\"helpdesk_code\":7}",
		"[]",
	};

	f->faults->path = "/v1/accounts";
	f->faults->status = 201;
	f->faults->content_type = "application/json";
	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		f->faults->body = bodies[i];
		expect_failure(f, CODE, CS_ERROR_UNREACHABLE, "unreachable");
	}
	g_assert_cmpuint(count_listed(f), ==, 0);
}

/* The server of an earlier version gives no helpdesk code. */
static void
test_helpdesk_code(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = NULL;
	g_autoptr(CsAccount) earlier = NULL;
	g_autoptr(GPtrArray) organisations = NULL;
	g_autoptr(GError) error = NULL;
	const CsOrganisation *organisation;

	account = add(f, CODE, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(account->helpdesk_code, ==, CS_TEST_SERVER_HELPDESK_CODE);
	organisations = cs_account_book_list_organisations(&f->home->client, &error);
	organisation = g_ptr_array_index(organisations, 0);
	g_assert_cmpstr(organisation->helpdesk_code, ==, CS_TEST_SERVER_HELPDESK_CODE);
	f->faults->path = "/v1/accounts";
	f->faults->status = 201;
	f->faults->content_type = "application/json";
	f->faults->body = "{\"account\":\"a\",\"user\":\"ada\",\"device\":\"d\","
			  "\"organisation\":\"e\"}";
	earlier = add(f, OTHER_CODE, &error);
	g_assert_no_error(error);
	g_assert_null(earlier->helpdesk_code);
}

static void
test_server_refuses(Fixture *f, gconstpointer data)
{
	f->faults->path = "/v1/accounts";
	f->faults->status = 403;
	f->faults->content_type = "application/problem+json";
	f->faults->body = "{\"code\":\"device-not-active\"}";
	/* rule 24 */
	expect_failure(f, CODE, CS_ERROR_REFUSED, "device-not-active");
}

/* Another organisation cannot take over, or shadow, an account by its id. */
static void
test_account_exists(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestServer) other = cs_test_server_new();
	g_autoptr(CsAccount) account = NULL;
	g_autofree char *id = NULL;

	cs_test_server_set_next_id(f->server, "same");
	cs_test_server_set_next_id(other, "same");
	id = cs_test_home_enrol(f->home, other, "eve");
	g_assert_cmpstr(id, ==, "same");
	expect_failure(f, CODE, CS_ERROR_REFUSED, "account-exists");
	account = cs_account_book_get(&f->home->client, "same", NULL);
	g_assert_cmpstr(account->user, ==, "eve");
	g_assert_cmpuint(count_listed(f), ==, 1);
}

/* Nor can one organisation give out one id for two keys. */
static void
test_id_given_twice(Fixture *f, gconstpointer data)
{
	g_autofree char *id = NULL;

	cs_test_server_set_next_id(f->server, "same");
	id = cs_test_home_enrol(f->home, f->server, "eve");
	cs_test_server_set_next_id(f->server, "same");
	expect_failure(f, CODE, CS_ERROR_REFUSED, "account-exists");
}

/* The first account settles the pin. */
static void
test_pin_settled(Fixture *f, gconstpointer data)
{
	g_autofree char *id = cs_test_home_enrol(f->home, f->server, "grace");
	g_autoptr(CsPrivateKey) key = cs_private_key_generate_p256(NULL);

	cs_jwk_unref(f->introduction->server_key);
	f->introduction->server_key = cs_jwk_new_from_private_key(key, NULL);
	expect_failure(f, CODE, CS_ERROR_SIGNATURE, "server-key-unknown");
	g_assert_cmpuint(count_listed(f), ==, 1);
	g_assert_nonnull(id);
}

static void
test_cancelled(Fixture *f, gconstpointer data)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(CsSecret) code = cs_secret_new(CODE, strlen(CODE));
	g_autoptr(GError) error = NULL;

	g_cancellable_cancel(cancellable);
	g_assert_null(
		cs_enrolment_add(&f->home->client, f->introduction, code, cancellable, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_broken_book(Fixture *f, gconstpointer data)
{
	g_autofree char *text = NULL;

	cs_test_home_write_book(f->home, "{\"version\":1");
	expect_failure(f, CODE, CS_ERROR_STATE, "state-invalid");
	cs_test_home_write_book(f->home, "{\"version\":2}");
	expect_failure(f, CODE, CS_ERROR_STATE, "state-version-unknown");
	/* Nothing was written over it. */
	text = cs_test_home_read_book(f->home);
	g_assert_cmpstr(text, ==, "{\"version\":2}");
}

typedef struct {
	const Fixture *f;
	guint number;
} Adder;

static gpointer
add_many_thread_cb(gpointer data)
{
	const Adder *adder = data;
	CsTestHome *home = cs_test_home_new_beside(adder->f->home);

	for (guint i = 0; i < N_EACH; i++) {
		g_autofree char *code = g_strdup_printf("A%03uB%07u", adder->number, i);
		g_autoptr(CsSecret) secret = cs_secret_new(code, strlen(code));
		g_autoptr(GError) error = NULL;
		CsAccount *account = cs_enrolment_add(&home->client, adder->f->introduction, secret,
						      NULL, &error);

		g_assert_no_error(error);
		cs_account_free(account);
	}
	return home;
}

/* Nobody's account is lost, and everybody uses one device key. */
static void
test_at_once(Fixture *f, gconstpointer data)
{
	Adder adders[N_THREADS];
	GThread *threads[N_THREADS];
	CsTestHome *homes[N_THREADS];
	g_autoptr(GPtrArray) accounts = NULL;
	const CsAccount *first;

	for (guint i = 0; i < N_THREADS * N_EACH; i++) {
		g_autofree char *code = g_strdup_printf("A%03uB%07u", i / N_EACH, i % N_EACH);

		cs_test_server_add_code(f->server, code, "ada");
	}
	for (guint i = 0; i < N_THREADS; i++) {
		adders[i] = (Adder){f, i};
		threads[i] = g_thread_new("adder", add_many_thread_cb, &adders[i]);
	}
	for (guint i = 0; i < N_THREADS; i++)
		homes[i] = g_thread_join(threads[i]);
	accounts = cs_account_book_list(&f->home->client, NULL);
	g_assert_cmpuint(accounts->len, ==, N_THREADS * N_EACH);
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, N_THREADS * N_EACH + 1);
	first = g_ptr_array_index(accounts, 0);
	for (guint i = 1; i < accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(accounts, i);

		g_assert_cmpstr(cs_test_server_get_device_key(f->server, first->id), ==,
				cs_test_server_get_device_key(f->server, account->id));
	}
	for (guint i = 0; i < N_THREADS; i++)
		cs_test_home_free(homes[i]);
}

static void
forget_meanwhile(gpointer data)
{
	Fixture *f = data;
	g_autoptr(CsBookChange) change = cs_book_change_begin(&f->home->client, NULL);
	CsOrganisation *organisation = g_ptr_array_index(change->book->organisations, 0);

	g_assert_cmpuint(organisation->pending->len, ==, 1);
	g_ptr_array_set_size(organisation->pending, 0);
	g_assert_true(cs_book_change_commit(change, NULL));
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 1);
}

/* Another process has let our pending key go while the server was asked: the key is kept. */
static void
test_key_forgotten(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAccount) account = NULL;
	g_autoptr(CsPrivateKey) key = NULL;

	f->faults->path = "/v1/accounts";
	f->faults->meanwhile = forget_meanwhile;
	f->faults->meanwhile_data = f;
	account = add(f, CODE, &error);
	g_assert_no_error(error);
	key = cs_book_load_key(&f->home->client, account->key_file, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 2);
}

static void
delete_meanwhile(gpointer data)
{
	Fixture *f = data;
	g_autoptr(CsBookChange) change = cs_book_change_begin(&f->home->client, NULL);
	CsOrganisation *organisation = g_ptr_array_index(change->book->organisations, 0);
	const CsPendingEnrolment *pending = g_ptr_array_index(organisation->pending, 0);
	CsAccount *account = g_new0(CsAccount, 1);

	account->id = g_strdup("same");
	account->user = g_strdup("ada");
	account->url = g_strdup(organisation->url);
	account->organisation = g_strdup("Example Corp");
	account->device_id = g_strdup("device1");
	account->key_file = g_strdup(pending->key_file);
	account->tombstone = TRUE;
	g_ptr_array_add(change->book->accounts, account);
	g_ptr_array_set_size(organisation->pending, 0);
	g_assert_true(cs_book_change_commit(change, NULL));
}

/* rule 23: another process finished the same enrolment and deleted the account: it stays deleted */
static void
test_deleted_meanwhile(Fixture *f, gconstpointer data)
{
	cs_test_server_set_next_id(f->server, "same");
	f->faults->path = "/v1/accounts";
	f->faults->meanwhile = delete_meanwhile;
	f->faults->meanwhile_data = f;
	expect_failure(f, CODE, CS_ERROR_REFUSED, "account-exists");
	g_assert_cmpuint(count_listed(f), ==, 0);
}

static void
empty_meanwhile(gpointer data)
{
	Fixture *f = data;

	cs_test_home_write_book(f->home, "{\"version\":1,\"organisations\":[],\"accounts\":[],"
					 "\"latest_explanation\":null}");
}

/* The book was emptied while the server was asked: an error, not a half account. */
static void
test_book_emptied(Fixture *f, gconstpointer data)
{
	f->faults->path = "/v1/accounts";
	f->faults->meanwhile = empty_meanwhile;
	f->faults->meanwhile_data = f;
	expect_failure(f, CODE, CS_ERROR_STATE, "state-invalid");
	g_assert_cmpuint(count_listed(f), ==, 0);
}

static gpointer
same_code_thread_cb(gpointer data)
{
	Fixture *f = data;
	CsTestHome *home = cs_test_home_new_beside(f->home);
	g_autoptr(CsSecret) code = cs_secret_new(CODE, strlen(CODE));
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAccount) account =
		cs_enrolment_add(&home->client, f->introduction, code, NULL, &error);
	g_autofree char *id = account == NULL ? NULL : g_strdup(account->id);

	/* Too late is told too: the code was used up and forgotten. */
	if (account == NULL)
		g_assert_cmpstr(cs_error_get_reason(error), ==, "code-invalid");
	cs_test_home_free(home);
	return g_steal_pointer(&id);
}

static void
test_same_code_at_once(Fixture *f, gconstpointer data)
{
	GThread *threads[N_THREADS];
	guint n_added = 0;

	for (guint i = 0; i < N_THREADS; i++)
		threads[i] = g_thread_new("adder", same_code_thread_cb, f);
	for (guint i = 0; i < N_THREADS; i++) {
		g_autofree char *id = g_thread_join(threads[i]);

		n_added += id != NULL;
	}
	g_assert_cmpuint(n_added, >=, 1);
	g_assert_cmpuint(cs_test_server_count_accounts(f->server), ==, 1);
	g_assert_cmpuint(count_listed(f), ==, 1);
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 2);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Fixture *, gconstpointer);
	} tests[] = {
		{"/enrolment/add", test_add},
		{"/enrolment/claim", test_claim},
		{"/enrolment/files", test_files},
		{"/enrolment/no-code", test_no_code},
		{"/enrolment/wrong-code", test_wrong_code},
		{"/enrolment/no-machine-id", test_no_machine_id},
		{"/enrolment/unreachable", test_unreachable},
		{"/enrolment/interrupted", test_interrupted},
		{"/enrolment/pending-is-bounded", test_pending_is_bounded},
		{"/enrolment/device-key-missing", test_device_key_missing},
		{"/enrolment/malformed-answer", test_malformed_answer},
		{"/enrolment/helpdesk-code", test_helpdesk_code},
		{"/enrolment/server-refuses", test_server_refuses},
		{"/enrolment/account-exists", test_account_exists},
		{"/enrolment/id-given-twice", test_id_given_twice},
		{"/enrolment/pin-settled", test_pin_settled},
		{"/enrolment/cancelled", test_cancelled},
		{"/enrolment/broken-book", test_broken_book},
		{"/enrolment/key-forgotten", test_key_forgotten},
		{"/enrolment/deleted-meanwhile", test_deleted_meanwhile},
		{"/enrolment/book-emptied", test_book_emptied},
		{"/enrolment/at-once", test_at_once},
		{"/enrolment/same-code-at-once", test_same_code_at_once},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
