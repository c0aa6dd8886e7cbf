/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/history.h"

#include "core/account/account-book-private.h"
#include "core/account/authentication.h"
#include "core/account/deletion.h"
#include "core/base/error.h"
#include "tests/fixtures/account-fixture.h"

#include <glib/gstdio.h>

#define ENTRY(at, rest)                                                                            \
	"{\"at\":" at ",\"managed\":true,\"reason\":\"managed\",\"error\":null," rest "}"

typedef struct {
	CsTestServer *server;
	CsTestHome *home;
	char *id;
	char *path;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->server = cs_test_server_new();
	f->home = cs_test_home_new();
	f->id = cs_test_home_enrol(f->home, f->server, "ada");
	f->path = cs_book_history_path(&f->home->client, f->id);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	g_free(f->path);
	g_free(f->id);
	cs_test_home_free(f->home);
	cs_test_server_free(f->server);
}

static void
add(Fixture *f, gint64 at)
{
	const CsHistoryEntry entry = {.at = at, .error_code = (char *)"unreachable"};
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_history_add(&f->home->client, f->id, &entry, &error));
	g_assert_no_error(error);
}

static GPtrArray *
list(Fixture *f)
{
	return cs_history_list(&f->home->client, f->id);
}

static void
test_empty(Fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) entries = list(f);
	g_autoptr(GPtrArray) no_id = cs_history_list(&f->home->client, "../accounts");

	g_assert_cmpuint(entries->len, ==, 0);
	g_assert_cmpuint(no_id->len, ==, 0);
}

static void
test_round_trip(Fixture *f, gconstpointer data)
{
	const CsHistoryEntry entry = {
		.at = 5,
		.managed = CS_MANAGED_NO,
		.reason = CS_REASON_DEVICE_SUSPENDED,
		.request = (char *)"request1",
	};
	g_autoptr(GPtrArray) entries = NULL;
	const CsHistoryEntry *read;
	GStatBuf status;

	g_assert_true(cs_history_add(&f->home->client, f->id, &entry, NULL));
	entries = list(f);
	g_assert_cmpuint(entries->len, ==, 1);
	read = g_ptr_array_index(entries, 0);
	g_assert_cmpint(read->at, ==, 5);
	g_assert_cmpint(read->managed, ==, CS_MANAGED_NO);
	g_assert_cmpint(read->reason, ==, CS_REASON_DEVICE_SUSPENDED);
	g_assert_cmpstr(read->request, ==, "request1");
	g_assert_null(read->error_code);
	g_assert_cmpint(read->device_at, ==, cs_clock_get_unix_s(f->home->client.clock));
	g_assert_cmpint(g_stat(f->path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 07777, ==, 0600);
}

/* The newest first, and no more of them than people look at. */
static void
test_bounded(Fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) entries = NULL;

	for (gint64 at = 1; at <= CS_HISTORY_LENGTH + 5; at++)
		add(f, at);
	entries = list(f);
	g_assert_cmpuint(entries->len, ==, CS_HISTORY_LENGTH);
	for (guint i = 0; i < entries->len; i++) {
		const CsHistoryEntry *entry = g_ptr_array_index(entries, i);

		g_assert_cmpint(entry->at, ==, CS_HISTORY_LENGTH + 5 - i);
		g_assert_cmpstr(entry->error_code, ==, "unreachable");
	}
}

/* What others wrote is no history, and never in the way of the next entry. */
static void
test_foreign(Fixture *f, gconstpointer data)
{
	static const char *const files[] = {
		"",
		"no JSON",
		"[]",
		"{\"version\":2,\"entries\":[]}",
		"{\"version\":1,\"entries\":{}}",
		"{\"version\":1,\"entries\":[],\"more\":1}",
		"{\"version\":1,\"entries\":[{}]}",
		"{\"version\":1,\"entries\":[" ENTRY("-1", "\"request\":null") "]}",
		"{\"version\":1,\"entries\":[" ENTRY("1", "\"request\":\"<b>bold</b>\"") "]}",
		"{\"version\":1,\"entries\":[" ENTRY("1", "\"request\":\"\"") "]}",
		"{\"version\":1,\"entries\":[" ENTRY("1", "\"request\":7") "]}",
		"{\"version\":1,\"entries\":[" ENTRY("1", "\"request\":null") ",null]}",
		"{\"version\":1,\"entries\":[" ENTRY("1", "\"request\":null,\"device_at\":-1") "]}",
		"{\"version\":1,\"entries\":[" ENTRY("1",
						     "\"request\":null,\"device_at\":\"1\"") "]}",
	};
	g_autofree char *folder = g_path_get_dirname(f->path);
	g_autofree char *name = g_path_get_basename(f->path);

	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autoptr(GPtrArray) before = NULL;
		g_autoptr(GPtrArray) after = NULL;

		g_test_message("file: %s", files[i]);
		g_free(cs_test_write_text(folder, name, files[i]));
		before = list(f);
		g_assert_cmpuint(before->len, ==, 0);
		add(f, 1);
		after = list(f);
		g_assert_cmpuint(after->len, ==, 1);
	}
}

static void
test_foreign_length(Fixture *f, gconstpointer data)
{
	g_autofree char *folder = g_path_get_dirname(f->path);
	g_autofree char *name = g_path_get_basename(f->path);
	g_autoptr(GString) text = g_string_new("{\"version\":1,\"entries\":[");
	g_autoptr(GPtrArray) full = NULL;
	g_autoptr(GPtrArray) too_long = NULL;

	for (int i = 0; i < CS_HISTORY_LENGTH; i++)
		g_string_append_printf(text, "%s" ENTRY("1", "\"request\":null"), i > 0 ? "," : "");
	g_string_append(text, "]}");
	g_free(cs_test_write_text(folder, name, text->str));
	full = list(f); /* as an earlier version wrote them */
	g_assert_cmpuint(full->len, ==, CS_HISTORY_LENGTH);
	g_string_truncate(text, text->len - 2);
	g_string_append(text, "," ENTRY("1", "\"request\":null") "]}");
	g_free(cs_test_write_text(folder, name, text->str));
	too_long = list(f);
	g_assert_cmpuint(too_long->len, ==, 0);
}

static const CsHistoryEntry *
get_newest(GPtrArray *entries, guint expected_length)
{
	g_assert_cmpuint(entries->len, ==, expected_length);
	return g_ptr_array_index(entries, 0);
}

/* Every verdict, and every failure to get one, whoever asked. */
static void
test_authentications(Fixture *f, gconstpointer data)
{
	CsTestFaults *faults = cs_test_server_get_faults(f->server);
	g_autoptr(CsAccount) account =
		cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, NULL);
	g_autoptr(GPtrArray) one = list(f);
	g_autoptr(GPtrArray) two = NULL;
	g_autoptr(GPtrArray) three = NULL;
	const CsHistoryEntry *entry = get_newest(one, 1);

	g_assert_nonnull(account);
	g_assert_cmpint(entry->at, ==, CS_TEST_SERVER_NOW);
	g_assert_cmpint(entry->managed, ==, CS_MANAGED_NO);
	g_assert_cmpint(entry->reason, ==, CS_REASON_NO_ISSUERS);
	g_assert_cmpstr(entry->request, ==, "request1");
	g_assert_null(entry->error_code);

	faults->status = 503;
	g_assert_null(cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, NULL));
	two = list(f);
	entry = get_newest(two, 2);
	g_assert_cmpint(entry->at, ==, CS_TEST_DEVICE_NOW);
	g_assert_cmpint(entry->managed, ==, CS_MANAGED_UNKNOWN);
	g_assert_cmpint(entry->reason, ==, CS_REASON_NONE);
	g_assert_cmpstr(entry->error_code, ==, "unreachable");

	faults->status = 0;
	faults->challenge_key = cs_private_key_generate_p256(NULL);
	g_assert_null(cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, NULL));
	three = list(f);
	g_assert_cmpstr(get_newest(three, 3)->error_code, ==, "server-key-unknown");
	g_clear_pointer(&faults->challenge_key, cs_private_key_unref);
}

static void
test_cancelled_leaves_nothing(Fixture *f, gconstpointer data)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GPtrArray) entries = NULL;

	g_cancellable_cancel(cancellable);
	g_assert_null(
		cs_authentication_run(&f->home->client, f->id, NULL, NULL, cancellable, NULL));
	entries = list(f);
	g_assert_cmpuint(entries->len, ==, 0);
}

/* A history that cannot be written costs no verdict. */
static void
test_unwritable(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = NULL;
	g_autoptr(GPtrArray) entries = NULL;
	g_autoptr(GError) error = NULL;
	const CsHistoryEntry entry = {.at = 1};

	/* a folder in its place, which no rename replaces */
	g_assert_cmpint(g_mkdir(f->path, 0700), ==, 0);
	g_assert_false(cs_history_add(&f->home->client, f->id, &entry, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	account = cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, NULL);
	g_assert_nonnull(account);
	entries = list(f);
	g_assert_cmpuint(entries->len, ==, 0);
	g_assert_cmpint(g_rmdir(f->path), ==, 0);
}

/* rule 23: gone at once, not only when the server has heard of it */
static void
test_goes_with_account(Fixture *f, gconstpointer data)
{
	gboolean pending = FALSE;

	add(f, 1);
	g_assert_cmpuint(cs_test_home_count(f->home, "history"), ==, 1);
	cs_test_server_stop(f->server);
	g_assert_true(cs_deletion_delete(&f->home->client, f->id, &pending, NULL, NULL));
	g_assert_true(pending);
	g_assert_cmpuint(cs_test_home_count(f->home, "history"), ==, 0);
	/* a check that was under way meanwhile */
	add(f, 2);
	g_assert_cmpuint(cs_test_home_count(f->home, "history"), ==, 0);
	cs_test_server_start(f->server);
	g_assert_cmpuint(cs_deletion_retry(&f->home->client, NULL, NULL), ==, 0);
	add(f, 3);
	g_assert_cmpuint(cs_test_home_count(f->home, "history"), ==, 0);
}

static void
test_goes_on_the_servers_word(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = NULL;

	add(f, 1);
	cs_test_server_end_account(f->server, f->id, CS_REASON_DEVICE_DEACTIVATED);
	account = cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, NULL);
	g_assert_nonnull(account);
	g_assert_cmpuint(cs_test_home_count(f->home, "history"), ==, 0);
}

/* What a killed writer left goes with the next commit; other people's files stay. */
static void
test_purged(Fixture *f, gconstpointer data)
{
	g_autofree char *folder = g_path_get_dirname(f->path);
	g_autoptr(CsAccount) account = NULL;

	g_free(cs_test_write_text(folder, "nobody.json", "{}"));
	g_free(cs_test_write_text(folder, ".nobody.json.tmp", "{"));
	g_free(cs_test_write_text(folder, "NOTES", "mine"));
	account = cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, NULL);
	g_assert_nonnull(account);
	g_assert_cmpuint(cs_test_home_count(f->home, "history"), ==, 2);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Fixture *, gconstpointer);
	} tests[] = {
		{"/history/empty", test_empty},
		{"/history/round-trip", test_round_trip},
		{"/history/bounded", test_bounded},
		{"/history/foreign", test_foreign},
		{"/history/foreign-length", test_foreign_length},
		{"/history/authentications", test_authentications},
		{"/history/cancelled-leaves-nothing", test_cancelled_leaves_nothing},
		{"/history/unwritable", test_unwritable},
		{"/history/goes-with-account", test_goes_with_account},
		{"/history/goes-on-the-servers-word", test_goes_on_the_servers_word},
		{"/history/purged", test_purged},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
