/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/diagnosis.h"

#include "core/account/account-book-private.h"
#include "core/account/authentication.h"
#include "core/base/error.h"
#include "core/base/log-file.h"
#include "tests/fixtures/account-fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>

typedef struct {
	CsTestServer *server;
	CsTestHome *home;
	char *id;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->server = cs_test_server_new();
	f->home = cs_test_home_new();
	f->id = cs_test_home_enrol(f->home, f->server, "Ada Lovelace");
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	g_free(f->id);
	cs_test_home_free(f->home);
	cs_test_server_free(f->server);
}

static cJSON *
diagnose(Fixture *f, gboolean initials)
{
	const CsDiagnosisSurroundings surroundings = {.home = f->home->folder};

	return cs_diagnosis_make(&f->home->client, &surroundings, initials, NULL);
}

static const cJSON *
get(const cJSON *json, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

	g_assert_nonnull(item);
	return item;
}

static void
assert_text(const cJSON *json, const char *name, const char *wanted)
{
	g_assert_cmpstr(cJSON_GetStringValue(get(json, name)), ==, wanted);
}

static void
check(Fixture *f)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAccount) account =
		cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, &error);

	g_assert_no_error(error);
	g_assert_nonnull(account);
}

static void
test_account(Fixture *f, gconstpointer data)
{
	g_autoptr(cJSON) json = NULL;
	g_autofree char *text = NULL;
	const cJSON *account;
	const cJSON *entry;

	check(f);
	json = diagnose(f, FALSE);
	g_assert_cmpint(cJSON_GetArraySize(get(json, "accounts")), ==, 1);
	account = cJSON_GetArrayItem(get(json, "accounts"), 0);
	assert_text(account, "id", f->id);
	assert_text(account, "user", "Ada Lovelace");
	entry = cJSON_GetArrayItem(get(account, "history"), 0);
	g_assert_cmpstr(cJSON_GetStringValue(get(entry, "request")), ==,
			cJSON_GetStringValue(get(account, "request")));
	g_assert_nonnull(cJSON_GetStringValue(get(entry, "request")));
	g_assert_true(cJSON_IsObject(get(account, "explanation")));
	g_assert_true(cJSON_IsNull(get(account, "explanation_error")));
	g_assert_true(cJSON_IsNull(get(json, "accounts_error")));
	g_assert_cmpint(cJSON_GetArraySize(get(json, "stores")), ==, 2);
	assert_text(get(json, "versions"), "countersign", CS_VERSION);
	g_assert_true(g_str_has_prefix(cJSON_GetStringValue(get(get(json, "versions"), "openssl")),
				       "OpenSSL 3"));
	text = cs_json_print(json);
	g_assert_null(strstr(text, f->home->folder));
	g_assert_nonnull(strstr(text, "\"~/"));
}

static void
test_initials(Fixture *f, gconstpointer data)
{
	g_autoptr(cJSON) json = NULL;
	g_autofree char *folder = g_build_filename(f->home->state, CS_LOG_FOLDER, NULL);
	const CsLogFile log = {folder, CS_LOG_FILE_OF_CLIENT};
	g_autofree char *text = NULL;

	g_assert_true(cs_log_file_append(&log, "info error message=\"of ADA LOVELACE\"", NULL));
	json = diagnose(f, TRUE);
	text = cs_json_print(json);
	g_assert_null(strstr(text, "Lovelace"));
	g_assert_null(strstr(text, "LOVELACE"));
	g_assert_nonnull(strstr(text, "of AL"));
	g_assert_true(cJSON_IsTrue(get(json, "initials")));
	assert_text(cJSON_GetArrayItem(get(json, "accounts"), 0), "user", "AL");
}

/* Damage is told, and all else goes on. */
static void
test_damage(Fixture *f, gconstpointer data)
{
	g_autofree char *explanation = cs_book_explanation_path(&f->home->client, f->id);
	g_autofree char *log = g_build_filename(f->home->state, CS_LOG_FOLDER, NULL);
	g_autofree char *log_file = g_build_filename(log, "countersign.log", NULL);
	g_autoptr(cJSON) first = NULL;
	g_autoptr(cJSON) second = NULL;

	check(f);
	g_assert_true(g_file_set_contents(explanation, "{", -1, NULL));
	g_assert_cmpint(g_mkdir_with_parents(log_file, 0700), ==, 0);
	first = diagnose(f, FALSE);
	assert_text(get(cJSON_GetArrayItem(get(first, "accounts"), 0), "explanation_error"), "code",
		    "state-invalid");
	assert_text(get(get(first, "log"), "error"), "code", "not-a-file");
	cs_test_home_write_book(f->home, "{");
	second = diagnose(f, FALSE);
	g_assert_cmpint(cJSON_GetArraySize(get(second, "accounts")), ==, 0);
	g_assert_true(cJSON_IsObject(get(second, "accounts_error")));
	g_assert_true(cJSON_IsObject(get(second, "settings")));
}

static gint64
get_shifted_now(gpointer data)
{
	return CS_TEST_SERVER_NOW + *(gint64 *)data;
}

/* A verdict is written down while the device's clock is so far ahead. */
static void
write_verdict(Fixture *f, gint64 offset_s)
{
	const CsHistoryEntry entry = {.at = CS_TEST_SERVER_NOW, .managed = CS_MANAGED_YES};
	const CsClock shifted = {get_shifted_now, f->home->clock.get_monotonic_us, &offset_s};
	CsClient client = f->home->client;

	client.clock = &shifted;
	g_assert_true(cs_history_add(&client, f->id, &entry, NULL));
}

/* The device of these tests is decades behind; then it is right. */
static void
test_clock(Fixture *f, gconstpointer data)
{
	static const struct {
		gint64 offset_s;
		const char *reason;
	} rows[] = {{0, NULL},
		    {300, NULL},
		    {-300, NULL},
		    {301, "ahead-of-server"},
		    {-301, "behind-server"}};
	g_autofree char *path = cs_book_history_path(&f->home->client, f->id);
	g_autoptr(cJSON) none = diagnose(f, FALSE);
	g_autoptr(cJSON) behind = NULL;
	gint64 nothing = 0;
	const CsClock right = {get_shifted_now, f->home->clock.get_monotonic_us, &nothing};
	/* A home that was copied without the files' times says nothing of a clock. */
	const struct utimbuf copied = {0, 0};

	g_assert_true(cJSON_IsNull(get(get(none, "clock"), "offset_s")));
	g_assert_true(cJSON_IsTrue(get(get(none, "clock"), "plausible")));
	check(f);
	behind = diagnose(f, FALSE);
	assert_text(get(behind, "clock"), "reason", "behind-last-verdict");
	f->home->client.clock = &right;
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(cJSON) json = NULL;

		write_verdict(f, rows[i].offset_s);
		g_assert_cmpint(utime(path, &copied), ==, 0);
		json = diagnose(f, FALSE);
		assert_text(get(json, "clock"), "reason", rows[i].reason);
		g_assert_cmpfloat(cJSON_GetNumberValue(get(get(json, "clock"), "offset_s")), ==,
				  (double)rows[i].offset_s);
		g_assert_cmpint(cJSON_IsTrue(get(get(json, "clock"), "plausible")), ==,
				rows[i].reason == NULL);
	}
	f->home->client.clock = &f->home->clock;
}

/* Of a verdict that an earlier version wrote down the device's time is not known. */
static void
test_clock_of_earlier_version(Fixture *f, gconstpointer data)
{
	g_autofree char *path = cs_book_history_path(&f->home->client, f->id);
	g_autoptr(cJSON) json = NULL;

	write_verdict(f, 0);
	g_assert_true(g_file_set_contents(
		path,
		"{\"version\":1,\"entries\":[{\"at\":1800000000,\"managed\":true,"
		"\"reason\":null,\"error\":null,\"request\":null}]}",
		-1, NULL));
	json = diagnose(f, FALSE);
	g_assert_cmpint(
		cJSON_GetArraySize(get(cJSON_GetArrayItem(get(json, "accounts"), 0), "history")),
		==, 1);
	g_assert_true(cJSON_IsNull(get(get(json, "clock"), "offset_s")));
}

static void
describe_cb(cJSON *versions, cJSON *desktop, gpointer data)
{
	cs_json_add_string(versions, "os", data);
	cs_json_add_string(desktop, "desktop", "ada's");
}

static void
test_surroundings(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) settings_error = NULL;
	CsDiagnosisSurroundings surroundings = {
		.login = "ada", .describe = describe_cb, .data = (gpointer) "Example OS"};
	g_autoptr(cJSON) json = NULL;
	g_autoptr(cJSON) bare = NULL;

	cs_error_set(&settings_error, CS_ERROR_STATE, "settings-invalid", "x");
	surroundings.settings_error = settings_error;
	json = cs_diagnosis_make(&f->home->client, &surroundings, TRUE, NULL);
	assert_text(get(json, "versions"), "os", "Example OS");
	assert_text(get(json, "desktop"), "desktop", "A's");
	assert_text(get(get(json, "settings"), "error"), "code", "settings-invalid");
	bare = cs_diagnosis_make(&f->home->client, NULL, FALSE, NULL);
	g_assert_true(cJSON_IsNull(get(get(bare, "settings"), "error")));
}

#define ADD(path, function)                                                                        \
	g_test_add("/diagnosis/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("account", test_account);
	ADD("initials", test_initials);
	ADD("damage", test_damage);
	ADD("clock", test_clock);
	ADD("clock-of-earlier-version", test_clock_of_earlier_version);
	ADD("surroundings", test_surroundings);
	return g_test_run();
}
