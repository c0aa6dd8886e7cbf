/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/directory-table.h"
#include "tests/fixtures/pki-fixture.h"

#include <fcntl.h>

typedef struct {
	CsDirectoryTable *table;
	CsTestIdentity *identity;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile profile = {.key_number = 1};
	fixture->table = cs_directory_table_new("/store", CS_STORE_USER);
	fixture->identity = cs_test_identity_new(&profile, NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_directory_table_free(fixture->table);
	cs_test_identity_free(fixture->identity);
}

static void
put(Fixture *fixture, const char *name, guint certificates, const char *why)
{
	g_auto(CsStoreFile) file = {.why = g_strdup(why)};
	if (certificates > 0)
		file.certificates =
			g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);
	for (guint i = 0; i < certificates; i++)
		g_ptr_array_add(
			file.certificates,
			cs_certificate_ref(cs_test_identity_get_certificate(fixture->identity)));
	cs_directory_table_put_file(fixture->table, name, &file);
}

/* The locations found by the issuer's name, sorted, one a line. */
static char *
locations(Fixture *fixture)
{
	CsCertificate *certificate = cs_test_identity_get_certificate(fixture->identity);
	g_autoptr(GPtrArray) found = cs_directory_table_look_up(
		fixture->table, cs_certificate_get_issuer_name(certificate));
	g_autoptr(GPtrArray) lines = g_ptr_array_new();
	for (guint i = 0; found != NULL && i < found->len; i++)
		g_ptr_array_add(lines,
				(gpointer)cs_store_entry_get_location(g_ptr_array_index(found, i)));
	g_ptr_array_sort(lines, (GCompareFunc)(void (*)(void))g_strcmp0);
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(text, "%s ", (const char *)g_ptr_array_index(lines, i));
	return g_string_free(text, FALSE);
}

static void
expect(Fixture *fixture, guint count, const char *location)
{
	g_autofree char *found = locations(fixture);
	g_assert_cmpuint(cs_directory_table_count(fixture->table), ==, count);
	if (location == NULL)
		g_assert_cmpstr(found, ==, "");
	else
		g_assert_nonnull(strstr(found, location));
}

static void
test_files(Fixture *fixture, gconstpointer data)
{
	cs_directory_table_put_folder(fixture->table, NULL, 1);
	put(fixture, "a.pem", 2, NULL);
	put(fixture, "b.pem", 1, "partly broken");
	put(fixture, "nothing", 0, NULL);
	expect(fixture, 3, "/store/a.pem");
	cs_directory_table_drop_file(fixture->table, "a.pem");
	cs_directory_table_drop_file(fixture->table, "never-known");
	expect(fixture, 1, "/store/b.pem");
	cs_directory_table_clear(fixture->table);
	expect(fixture, 0, NULL);
}

static void
test_folders(Fixture *fixture, gconstpointer data)
{
	const char *folder = "";
	cs_directory_table_put_folder(fixture->table, NULL, 1);
	cs_directory_table_put_folder(fixture->table, "sub", 2);
	put(fixture, "sub/cert.pem", 1, NULL);
	put(fixture, "unknown/cert.pem", 1, NULL);
	put(fixture, "cert.pem", 1, NULL);
	expect(fixture, 2, "/store/sub/cert.pem");
	g_assert_true(cs_directory_table_find_folder(fixture->table, 1, &folder));
	g_assert_null(folder);
	g_assert_true(cs_directory_table_find_folder(fixture->table, 2, &folder));
	g_assert_cmpstr(folder, ==, "sub");
	g_assert_false(cs_directory_table_find_folder(fixture->table, 3, &folder));
	g_assert_cmpint(cs_directory_table_drop_folder(fixture->table, "sub"), ==, 2);
	g_assert_cmpint(cs_directory_table_drop_folder(fixture->table, "sub"), ==, -1);
	g_assert_false(cs_directory_table_find_folder(fixture->table, 2, &folder));
	expect(fixture, 1, "/store/cert.pem");
}

/* A listing under change may name one thing twice. */
static void
test_named_twice(Fixture *fixture, gconstpointer data)
{
	const char *folder = "";
	cs_directory_table_put_folder(fixture->table, "sub", 1);
	put(fixture, "sub/a", 1, NULL);
	put(fixture, "sub/a", 2, NULL);
	expect(fixture, 2, "/store/sub/a");
	cs_directory_table_put_folder(fixture->table, "sub", -1);
	g_assert_false(cs_directory_table_find_folder(fixture->table, 1, &folder));
	expect(fixture, 0, NULL);
}

static void
test_passed_over(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) lines =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_passed_over_free);
	cs_directory_table_put_folder(fixture->table, "sub", -1);
	put(fixture, "sub/x", 0, "junk");
	put(fixture, "a", 0, "huge");
	cs_directory_table_pass_over(fixture->table, "sub/deep", "too deep");
	cs_directory_table_pass_over(fixture->table, "", "something else");
	cs_directory_table_list_passed_over(fixture->table, lines);
	static const char *const expected[] = {"/store", "/store/a", "/store/sub/deep",
					       "/store/sub/x"};
	g_assert_cmpuint(lines->len, ==, G_N_ELEMENTS(expected));
	for (guint i = 0; i < lines->len; i++)
		g_assert_cmpstr(((CsPassedOver *)g_ptr_array_index(lines, i))->location, ==,
				expected[i]);
	g_ptr_array_set_size(lines, 0);
	cs_directory_table_drop_file(fixture->table, "sub/deep");
	cs_directory_table_drop_file(fixture->table, "a");
	cs_directory_table_list_passed_over(fixture->table, lines);
	g_assert_cmpuint(lines->len, ==, 2);
}

/* What a folder can make us remember, and tell, is bounded. */
static void
test_bounded(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) lines =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_passed_over_free);
	for (guint i = 0; i < CS_DIRECTORY_MAX_FILES; i++) {
		g_autofree char *name = g_strdup_printf("%u", i);
		g_assert_false(cs_directory_table_is_full(fixture->table));
		put(fixture, name, 0, "junk");
	}
	g_assert_true(cs_directory_table_is_full(fixture->table));
	cs_directory_table_list_passed_over(fixture->table, lines);
	g_assert_cmpuint(lines->len, ==, CS_DIRECTORY_MAX_PASSED_OVER + 1);
	const CsPassedOver *last = g_ptr_array_index(lines, CS_DIRECTORY_MAX_PASSED_OVER);
	g_assert_cmpstr(last->location, ==, "/store");
	g_assert_nonnull(strstr(last->why, "99000"));
	cs_directory_table_drop_file(fixture->table, "17");
	g_assert_false(cs_directory_table_is_full(fixture->table));
}

static void
test_many_certificates(Fixture *fixture, gconstpointer data)
{
	put(fixture, "bundle", CS_DIRECTORY_MAX_FILES, NULL);
	g_assert_true(cs_directory_table_is_full(fixture->table));
}

static void
test_remote(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = cs_test_make_folder();
	g_autofree char *file = cs_test_write_text(path, "a", "text");
	g_autoptr(GHashTable) changed =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;
	struct stat nothing = {0};
	g_assert_cmpint(stat(file, &status), ==, 0);
	cs_directory_table_put_remote(fixture->table, "a", &status);
	cs_directory_table_put_remote(fixture->table, "gone", &nothing);
	cs_directory_table_find_remote_changes(fixture->table, folder, changed);
	g_assert_cmpuint(g_hash_table_size(changed), ==, 0);
	g_assert_cmpint(truncate(file, 1), ==, 0);
	cs_directory_table_find_remote_changes(fixture->table, folder, changed);
	g_assert_cmpuint(g_hash_table_size(changed), ==, 1);
	g_assert_true(g_hash_table_contains(changed, "a"));
	cs_directory_table_drop_file(fixture->table, "a");
	g_hash_table_remove_all(changed);
	cs_directory_table_find_remote_changes(fixture->table, folder, changed);
	g_assert_cmpuint(g_hash_table_size(changed), ==, 0);
	close(folder);
	cs_test_delete_folder(path);
}

#define ADD(name, function)                                                                        \
	g_test_add("/directory-table/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("files", test_files);
	ADD("folders", test_folders);
	ADD("named-twice", test_named_twice);
	ADD("passed-over", test_passed_over);
	ADD("bounded", test_bounded);
	ADD("many-certificates", test_many_certificates);
	ADD("remote", test_remote);
	return g_test_run();
}
