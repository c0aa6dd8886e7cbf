/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/told.h"

#include "core/base/file.h"
#include "tests/fixtures/account-fixture.h"

#include <glib/gstdio.h>

typedef struct {
	CsTestHome *home;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->home = cs_test_home_new();
	g_assert_true(cs_file_ensure_folder(f->home->state, NULL));
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_home_free(f->home);
}

static CsToldMemory *
read_back(Fixture *f)
{
	return cs_told_memory_read(&f->home->client);
}

static void
write_memory(Fixture *f, const CsToldMemory *memory)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_told_memory_write(memory, &f->home->client, &error));
	g_assert_no_error(error);
}

static void
expect_empty(const CsToldMemory *memory)
{
	g_assert_null(memory->book);
	g_assert_cmpuint(memory->told->len, ==, 0);
	g_assert_cmpuint(memory->ended->len, ==, 0);
	g_assert_cmpuint(memory->expiries->len, ==, 0);
	g_assert_cmpuint(memory->rotations->len, ==, 0);
}

static void
add_ended(CsToldMemory *memory, const char *id, const char *user)
{
	const CsAccount account = {
		.id = (char *)id, .user = (char *)user, .organisation = (char *)"Example Corp"};

	cs_told_memory_add_ended(memory, &account, CS_REASON_DEVICE_DEACTIVATED);
}

static void
test_round_trip(Fixture *f, gconstpointer data)
{
	g_autoptr(CsToldMemory) memory = read_back(f);
	g_autoptr(CsToldMemory) again = NULL;
	g_autofree char *path = g_build_filename(f->home->state, "told.json", NULL);
	const CsEnded *ended;
	GStatBuf status;

	expect_empty(memory);
	memory->book = g_strdup("state-invalid");
	cs_told_memory_set(memory, "account1", "managed");
	cs_told_memory_set(memory, "account2", "managed");
	cs_told_memory_set(memory, "account1", "device-suspended");
	add_ended(memory, "account3", "ada");
	write_memory(f, memory);
	g_assert_cmpint(g_stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 07777, ==, 0600);
	again = read_back(f);
	g_assert_cmpstr(again->book, ==, "state-invalid");
	g_assert_cmpuint(again->told->len, ==, 2);
	g_assert_cmpstr(cs_told_memory_get(again, "account1"), ==, "device-suspended");
	g_assert_cmpstr(cs_told_memory_get(again, "account2"), ==, "managed");
	g_assert_null(cs_told_memory_get(again, "account3"));
	g_assert_cmpuint(again->ended->len, ==, 1);
	ended = g_ptr_array_index(again->ended, 0);
	g_assert_cmpstr(ended->account, ==, "account3");
	g_assert_cmpstr(ended->user, ==, "ada");
	g_assert_cmpstr(ended->organisation, ==, "Example Corp");
	g_assert_cmpint(ended->reason, ==, CS_REASON_DEVICE_DEACTIVATED);
}

/* What was told of what is to come. */
static void
test_to_come(Fixture *f, gconstpointer data)
{
	g_autoptr(CsToldMemory) memory = read_back(f);
	g_autoptr(CsToldMemory) again = NULL;
	const CsToldExpiry *expiry;
	const CsRotation *rotation;

	cs_told_memory_ensure_expiry(memory, "account1", "aa")->days = 14;
	cs_told_memory_ensure_expiry(memory, "account1", "aa")->device_days = 3;
	cs_told_memory_ensure_expiry(memory, "account2", "aa")->days = 14;
	cs_told_memory_ensure_expiry(memory, "account1", "bb")->device_days = 1;
	g_assert_true(cs_told_memory_note_rotation(memory, "https://id.example.org", "key1", 5));
	g_assert_false(cs_told_memory_note_rotation(memory, "https://id.example.org", "key1", 6));
	g_assert_true(cs_told_memory_note_rotation(memory, "https://id.example.org", "key2", 7));
	g_assert_true(cs_told_memory_note_rotation(memory, "https://other.example", "key2", 8));
	((CsRotation *)memory->rotations->pdata[1])->is_told = TRUE;
	write_memory(f, memory);
	again = read_back(f);
	g_assert_cmpuint(again->expiries->len, ==, 2);
	expiry = cs_told_memory_ensure_expiry(again, "account1", "bb");
	g_assert_cmpint(expiry->days, ==, 0);
	g_assert_cmpint(expiry->device_days, ==, 1);
	expiry = cs_told_memory_ensure_expiry(again, "account2", "aa");
	g_assert_cmpint(expiry->days, ==, 14);
	g_assert_cmpint(expiry->device_days, ==, 0);
	g_assert_cmpuint(again->rotations->len, ==, 2);
	rotation = again->rotations->pdata[0];
	g_assert_cmpstr(rotation->organisation, ==, "https://id.example.org");
	g_assert_cmpstr(rotation->key, ==, "key2");
	g_assert_cmpint(rotation->until, ==, 7);
	g_assert_false(rotation->is_told);
	rotation = again->rotations->pdata[1];
	g_assert_true(rotation->is_told);
}

/* A version that knew of nothing to come wrote the file. */
static void
test_earlier_version(Fixture *f, gconstpointer data)
{
	g_autoptr(CsToldMemory) memory = NULL;

	g_free(cs_test_write_text(f->home->state, "told.json",
				  "{\"version\":1,\"book\":null,\"told\":[{\"account\":\"a\","
				  "\"code\":\"managed\"}],\"ended\":[]}"));
	memory = read_back(f);
	g_assert_cmpstr(cs_told_memory_get(memory, "a"), ==, "managed");
	g_assert_cmpuint(memory->expiries->len, ==, 0);
}

/* Once an account, and not without end. */
static void
test_ended_bounded(Fixture *f, gconstpointer data)
{
	g_autoptr(CsToldMemory) memory = read_back(f);
	g_autoptr(CsToldMemory) again = NULL;

	for (int i = 0; i < CS_TOLD_MAX_ENDED + 3; i++) {
		g_autofree char *id = g_strdup_printf("account%d", i);

		add_ended(memory, id, "ada");
		add_ended(memory, id, "ada");
	}
	write_memory(f, memory);
	again = read_back(f);
	g_assert_cmpuint(again->ended->len, ==, CS_TOLD_MAX_ENDED);
	g_assert_cmpstr(((CsEnded *)g_ptr_array_index(again->ended, 0))->account, ==, "account3");
}

/* What a book of other hands may hold does not cost the memory. */
static void
test_unclean_names(Fixture *f, gconstpointer data)
{
	g_autoptr(CsToldMemory) memory = read_back(f);
	g_autoptr(CsToldMemory) again = NULL;

	cs_told_memory_set(memory, "account1", "managed");
	add_ended(memory, "account2", "\x1b[2Jada");
	add_ended(memory, "account3", "");
	write_memory(f, memory);
	again = read_back(f);
	g_assert_cmpuint(again->ended->len, ==, 2);
	g_assert_cmpstr(((CsEnded *)g_ptr_array_index(again->ended, 0))->user, ==, "[2Jada");
	g_assert_cmpstr(((CsEnded *)g_ptr_array_index(again->ended, 1))->user, ==, "-");
	g_assert_nonnull(cs_told_memory_get(again, "account1"));
}

#define TOLD(account, code) "{\"account\":\"" account "\",\"code\":\"" code "\"}"
#define ENDED(user, reason)                                                                        \
	"{\"account\":\"a1\",\"user\":\"" user "\",\"organisation\":\"E\",\"reason\":" reason "}"
#define MEMORY(book, told, ended)                                                                  \
	"{\"version\":1,\"book\":" book ",\"told\":[" told "],\"ended\":[" ended "]}"

/* ... of what is to come. */
#define LATER(name, item)                                                                          \
	"{\"version\":1,\"book\":null,\"told\":[],\"ended\":[],\"" name "\":[" item "]}"
#define EXPIRY(account, certificate, days)                                                         \
	"{\"account\":\"" account "\",\"certificate\":\"" certificate "\",\"days\":" days "}"
#define ROTATION(organisation, key)                                                                \
	"{\"organisation\":\"" organisation "\",\"key\":\"" key "\",\"until\":1,\"told\":true}"

static void
test_foreign(Fixture *f, gconstpointer data)
{
	static const char *const files[] = {
		"",
		"no JSON",
		"[]",
		"{\"version\":2,\"book\":null,\"told\":[],\"ended\":[]}",
		"{\"version\":1,\"book\":null,\"told\":[]}",
		"{\"version\":1,\"book\":null,\"told\":[],\"ended\":[],\"more\":1}",
		MEMORY("7", TOLD("a1", "managed"), ""),
		MEMORY("\"<b>\"", TOLD("a1", "managed"), ""),
		MEMORY("null", TOLD("../a1", "managed"), ""),
		MEMORY("null", TOLD("a1", "MANAGED"), ""),
		MEMORY("null", TOLD("a1", ""), ""),
		MEMORY("null", TOLD("a1", "managed") ",7", ""),
		MEMORY("null", TOLD("a1", "managed"), ENDED("\\u001b[2J", "\"account-deleted\"")),
		MEMORY("null", TOLD("a1", "managed"), ENDED("ada", "\"managed\"")),
		MEMORY("null", TOLD("a1", "managed"), ENDED("ada", "null")),
		LATER("expiries", "7"),
		LATER("expiries", EXPIRY("../a1", "aa", "3")),
		LATER("expiries", EXPIRY("a1", "", "3")),
		LATER("expiries", EXPIRY("a1", "aa", "-1")),
		LATER("expiries", EXPIRY("a1", "aa", "3,\"device_days\":-1")),
		LATER("expiries", EXPIRY("a1", "aa", "3,\"device_days\":null")),
		LATER("rotations", "7"),
		LATER("rotations", ROTATION("", "key")),
		LATER("rotations", ROTATION("https://id.example.org", "")),
		"{\"version\":1,\"book\":null,\"told\":[],\"ended\":[],\"expiries\":7}",
	};
	g_autoptr(CsToldMemory) good = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autoptr(CsToldMemory) memory = NULL;

		g_test_message("file: %s", files[i]);
		g_free(cs_test_write_text(f->home->state, "told.json", files[i]));
		memory = read_back(f);
		expect_empty(memory);
	}
	g_free(cs_test_write_text(
		f->home->state, "told.json",
		MEMORY("null", TOLD("a1", "managed"), ENDED("ada", "\"account-deleted\""))));
	good = read_back(f);
	g_assert_cmpuint(good->told->len, ==, 1);
	g_assert_cmpuint(good->ended->len, ==, 1);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Fixture *, gconstpointer);
	} tests[] = {
		{"/told/round-trip", test_round_trip},
		{"/told/to-come", test_to_come},
		{"/told/earlier-version", test_earlier_version},
		{"/told/ended-bounded", test_ended_bounded},
		{"/told/unclean-names", test_unclean_names},
		{"/told/foreign", test_foreign},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
