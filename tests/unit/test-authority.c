/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/authority.h"

#include "core/base/file.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/pki-fixture.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#define URL "http://127.0.0.1:8080"

static const char *const parts[] = {"server.key", "code.key", "ca.key", "ca.pem"};

typedef struct {
	char *root;
	char *folder;
} Place;

static void
place_init(Place *place)
{
	place->root = cs_test_make_folder();
	place->folder = g_build_filename(place->root, "state", "authority", NULL);
}

static void
place_clear(Place *place)
{
	cs_test_delete_folder(place->root);
	g_free(place->root);
	g_free(place->folder);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static CsAuthority *
init(const Place *place, const char *name, const char *url, GError **error)
{
	return cs_authority_init(place->folder, name, url, cs_clock_get_system(), error);
}

static void
assert_mode(const char *folder, const char *name, guint mode)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	struct stat info;

	g_assert_cmpint(stat(path, &info), ==, 0);
	g_assert_cmphex(info.st_mode & 07777, ==, mode);
}

static char *
dup_fingerprint(const CsAuthority *a)
{
	return g_strdup(
		cs_certificate_get_fingerprint(cs_ca_get_certificate(cs_authority_get_ca(a))));
}

static void
test_init(void)
{
	g_auto(Place) place = {0};
	g_autoptr(CsAuthority) a = NULL;
	g_autoptr(CsAuthority) again = NULL;
	g_autoptr(GPtrArray) issuers = NULL;
	g_autofree char *fingerprint = NULL;
	g_autofree char *same = NULL;
	g_autofree char *log = NULL;
	g_autoptr(GError) error = NULL;

	place_init(&place);
	a = init(&place, "Example GmbH", "HTTP://127.0.0.1:8080/", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(cs_authority_get_name(a), ==, "Example GmbH");
	g_assert_cmpstr(cs_authority_get_url(a), ==, URL);
	g_assert_cmpstr(cs_authority_get_folder(a), ==, place.folder);
	g_assert_nonnull(cs_authority_get_server_key(a));
	g_assert_nonnull(cs_authority_get_registry(a));
	g_assert_cmpint(cs_clock_get_unix_s(cs_authority_get_clock(a)), >, 0);
	assert_mode(place.folder, ".", 0700);
	assert_mode(place.folder, "registry.db", 0600);
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
		assert_mode(place.folder, parts[i], 0600);

	/* rule 13: the built-in CA is made, and not listed */
	issuers = cs_registry_list_issuers(cs_authority_get_registry(a), &error);
	g_assert_cmpuint(issuers->len, ==, 0);
	log = cs_test_dup_log(cs_authority_get_registry(a), 0);
	g_assert_cmpstr(log, ==, "authority-init ok - - - -");

	again = cs_authority_open(place.folder, cs_clock_get_system(), &error);
	g_assert_no_error(error);
	fingerprint = dup_fingerprint(a);
	same = dup_fingerprint(again);
	g_assert_cmpstr(fingerprint, ==, same);
	g_assert_cmpstr(cs_jwk_get_thumbprint(cs_authority_get_server_jwk(a)), ==,
			cs_jwk_get_thumbprint(cs_authority_get_server_jwk(again)));
}

/* Refused, and nothing of the first is touched. */
static void
test_init_twice(void)
{
	g_auto(Place) place = {0};
	g_autoptr(CsAuthority) a = NULL;
	g_autoptr(CsAuthority) again = NULL;
	g_autofree char *fingerprint = NULL;
	g_autofree char *same = NULL;
	g_autoptr(GError) error = NULL;

	place_init(&place);
	a = init(&place, "Example", URL, &error);
	g_assert_no_error(error);
	g_assert_null(init(&place, "Other", "https://other.example", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_REFUSED, "already-initialised");
	again = cs_authority_open(place.folder, cs_clock_get_system(), &error);
	g_assert_cmpstr(cs_authority_get_name(again), ==, "Example");
	fingerprint = dup_fingerprint(a);
	same = dup_fingerprint(again);
	g_assert_cmpstr(fingerprint, ==, same);
}

static void
test_arguments(void)
{
	static const char *const bad_names[] = {"",	" x", "a\nb",	       "a\x1b[1m",
						"\xff", "x ", "a\xe2\x80\xa8z"};
	g_auto(Place) place = {0};
	g_autofree char *long_name = g_strnfill(65, 'x');
	g_autofree char *longest = g_strnfill(64, 'x');
	g_autoptr(CsAuthority) a = NULL;
	g_autoptr(GError) error = NULL;

	place_init(&place);
	for (gsize i = 0; i < G_N_ELEMENTS(bad_names); i++) {
		g_assert_null(init(&place, bad_names[i], URL, &error));
		cs_test_expect_error(NULL, &error, CS_ERROR_USAGE, "name-invalid");
	}
	g_assert_null(init(&place, long_name, URL, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_USAGE, "name-invalid");
	g_assert_null(init(&place, "Example", "http://example.com", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_USAGE, "url-invalid");
	g_assert_false(g_file_test(place.folder, G_FILE_TEST_EXISTS));
	a = init(&place, longest, URL, &error);
	g_assert_no_error(error);
}

/* A kill in the middle: whatever stands there already, the folder is none yet, and init takes it
 * up. */
static void
test_taken_up(void)
{
	for (gsize n_parts = 0; n_parts <= G_N_ELEMENTS(parts); n_parts++) {
		g_auto(Place) place = {0};
		g_autofree char *registry = NULL;
		g_autoptr(CsRegistry) unfinished = NULL;
		g_autoptr(CsAuthority) a = NULL;
		g_autoptr(GError) error = NULL;

		place_init(&place);
		g_assert_true(cs_file_ensure_folder(place.folder, &error));
		registry = g_build_filename(place.folder, "registry.db", NULL);
		if (n_parts % 2 == 0)
			unfinished = cs_registry_create(registry, &error);
		g_assert_no_error(error);
		for (gsize i = 0; i < n_parts; i++)
			g_free(cs_test_write_text(place.folder, parts[i], "left behind"));
		g_assert_null(cs_authority_open(place.folder, cs_clock_get_system(), &error));
		cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-initialised");
		a = init(&place, "Example", URL, &error);
		g_assert_no_error(error);
		g_assert_nonnull(a);
	}
}

static void
test_open_missing(void)
{
	g_auto(Place) place = {0};
	g_autoptr(GError) error = NULL;

	place_init(&place);
	g_assert_null(cs_authority_open(place.folder, cs_clock_get_system(), &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_NOT_FOUND, "not-initialised");
	cs_authority_free(NULL);
}

/* Whatever is missing, cut short or does not fit is damage, never "not found". */
static void
test_damaged(void)
{
	for (gsize i = 0; i < 2 * G_N_ELEMENTS(parts); i++) {
		g_auto(Place) place = {0};
		g_autofree char *path = NULL;
		g_autoptr(GError) error = NULL;

		place_init(&place);
		cs_authority_free(init(&place, "Example", URL, &error));
		g_assert_no_error(error);
		path = g_build_filename(place.folder, parts[i / 2], NULL);
		g_assert_cmpint(g_unlink(path), ==, 0);
		if (i % 2 == 1)
			g_free(cs_test_write_text(place.folder, parts[i / 2], "short"));
		g_assert_null(cs_authority_open(place.folder, cs_clock_get_system(), &error));
		cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "authority-broken");
	}
}

/* Puts a registry of schema version 1 in place of the folder's. */
static void
make_outdated(const Place *place)
{
	g_autofree char *sql_path =
		g_test_build_filename(G_TEST_DIST, "fixtures", "registry-version-1.sql", NULL);
	g_autofree char *path = g_build_filename(place->folder, "registry.db", NULL);
	g_autofree char *sql = NULL;
	sqlite3 *database = NULL;

	g_assert_true(g_file_get_contents(sql_path, &sql, NULL, NULL));
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_cmpint(sqlite3_open(path, &database), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(database, sql, NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(database);
}

/* An earlier version's folder is brought up by whoever opens it, but not under a server. */
static void
test_outdated(void)
{
	g_auto(Place) place = {0};
	g_autoptr(CsFileLock) lock = NULL;
	g_autoptr(CsAuthority) a = NULL;
	g_autoptr(GError) error = NULL;

	place_init(&place);
	cs_authority_free(init(&place, "Before", URL, &error));
	make_outdated(&place);
	lock = cs_authority_lock_for_serving(place.folder, &error);
	g_assert_no_error(error);
	g_assert_null(cs_authority_lock_for_serving(place.folder, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_REFUSED, "already-serving");
	g_assert_null(cs_authority_open(place.folder, cs_clock_get_system(), &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_REFUSED, "server-outdated");
	g_clear_pointer(&lock, cs_file_lock_free);

	a = cs_authority_open(place.folder, cs_clock_get_system(), &error);
	g_assert_no_error(error);
	g_assert_cmpstr(cs_authority_get_name(a), ==, "Example");
	lock = cs_authority_lock_for_serving(place.folder, &error);
	g_assert_no_error(error);
	g_assert_null(init(&place, "Again", URL, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_REFUSED, "already-initialised");
}

static void
test_hash_code(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autofree char *hash = cs_authority_hash_code(test->authority, "text");
	g_autofree char *again = cs_authority_hash_code(test->authority, "text");
	g_autofree char *other = cs_authority_hash_code(test->authority, "texts");

	g_assert_cmpuint(strlen(hash), ==, 43);
	g_assert_cmpstr(hash, ==, again);
	g_assert_cmpstr(hash, !=, other);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/authority/init", test_init);
	g_test_add_func("/authority/init-twice", test_init_twice);
	g_test_add_func("/authority/arguments", test_arguments);
	g_test_add_func("/authority/taken-up", test_taken_up);
	g_test_add_func("/authority/open-missing", test_open_missing);
	g_test_add_func("/authority/damaged", test_damaged);
	g_test_add_func("/authority/outdated", test_outdated);
	g_test_add_func("/authority/hash-code", test_hash_code);
	return g_test_run();
}
