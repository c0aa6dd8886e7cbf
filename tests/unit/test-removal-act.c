/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/error.h"
#include "core/store/removal-private.h"
#include "tests/fixtures/pki-fixture.h"

#include <glib/gstdio.h>
#include <unistd.h>

/* What happens between the look and the act. */
typedef struct {
	char *folder;
	char *backup;
	CsTestIdentity *leaf;
	CsTestIdentity *other;
	char *key;
	GPtrArray *places;
} Fixture;

static void
put(Fixture *f, const char *name, const char *text)
{
	g_free(cs_test_write_text(f->folder, name, text));
}

static void
set_up(Fixture *f, gconstpointer data)
{
	const CsTestProfile profile = {.key_number = 1};
	const CsTestProfile other = {.key_number = 2};
	g_autoptr(GError) error = NULL;

	f->folder = cs_test_make_folder();
	f->backup = cs_test_make_folder();
	f->leaf = cs_test_identity_new(&profile, NULL);
	f->other = cs_test_identity_new(&other, NULL);
	f->key = cs_test_identity_dup_key_pem(f->leaf, CS_TEST_KEY_PKCS8, NULL);
	f->places = g_ptr_array_new_with_free_func((GDestroyNotify)cs_removal_place_free);
	put(f, "x.pem", cs_test_identity_get_pem(f->leaf));
	put(f, "x.key", f->key);
	g_assert_true(cs_removal_find(
		f->folder, CS_STORE_USER,
		cs_certificate_get_fingerprint(cs_test_identity_get_certificate(f->leaf)),
		f->places, NULL, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(f->places->len, ==, 1);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_delete_folder(f->folder);
	cs_test_delete_folder(f->backup);
	g_free(f->folder);
	g_free(f->backup);
	g_free(f->key);
	cs_test_identity_free(f->leaf);
	cs_test_identity_free(f->other);
	g_ptr_array_unref(f->places);
}

static char *
read_file(Fixture *f, const char *name)
{
	g_autofree char *path = g_build_filename(f->folder, name, NULL);
	char *content = NULL;

	return g_file_get_contents(path, &content, NULL, NULL) ? content : NULL;
}

static void
expect_changed(Fixture *f)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(cs_removal_take(f->places->pdata[0], f->backup, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_REFUSED);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "certificate-changed");
}

static void
test_certificate_is_renewed_meanwhile(Fixture *f, gconstpointer data)
{
	g_autofree char *there = NULL;
	g_autofree char *key = NULL;

	put(f, "x.pem", cs_test_identity_get_pem(f->other));
	expect_changed(f);
	there = read_file(f, "x.pem");
	key = read_file(f, "x.key");
	g_assert_cmpstr(there, ==, cs_test_identity_get_pem(f->other));
	g_assert_cmpstr(key, ==, f->key);
}

static void
test_certificate_gains_others_meanwhile(Fixture *f, gconstpointer data)
{
	g_autofree char *both = g_strconcat(cs_test_identity_get_pem(f->leaf),
					    cs_test_identity_get_pem(f->other), NULL);
	g_autofree char *there = NULL;

	put(f, "x.pem", both);
	expect_changed(f);
	there = read_file(f, "x.pem");
	g_assert_cmpstr(there, ==, both);
}

static void
test_key_is_renewed_meanwhile(Fixture *f, gconstpointer data)
{
	g_autofree char *other = cs_test_identity_dup_key_pem(f->other, CS_TEST_KEY_PKCS8, NULL);
	g_autofree char *there = NULL;

	put(f, "x.key", other);
	expect_changed(f);
	there = read_file(f, "x.key");
	g_assert_cmpstr(there, ==, other);
}

static void
test_certificate_becomes_a_link_meanwhile(Fixture *f, gconstpointer data)
{
	g_autofree char *path = g_build_filename(f->folder, "x.pem", NULL);
	g_autofree char *target = g_build_filename(f->folder, "target", NULL);

	g_assert_cmpint(g_rename(path, target), ==, 0);
	g_assert_cmpint(symlink(target, path), ==, 0);
	expect_changed(f);
	g_assert_true(g_file_test(path, G_FILE_TEST_IS_SYMLINK));
	g_assert_true(g_file_test(target, G_FILE_TEST_EXISTS));
}

static void
test_certificate_goes_meanwhile(Fixture *f, gconstpointer data)
{
	g_autofree char *path = g_build_filename(f->folder, "x.pem", NULL);
	g_autofree char *key = NULL;

	g_assert_cmpint(unlink(path), ==, 0);
	expect_changed(f);
	key = read_file(f, "x.key");
	g_assert_nonnull(key);
}

/* Nothing is taken away where it cannot be kept. */
static void
test_no_backup(Fixture *f, gconstpointer data)
{
	g_autofree char *missing = g_build_filename(f->backup, "missing", NULL);
	g_autofree char *there = NULL;
	g_autofree char *key = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(cs_removal_take(f->places->pdata[0], missing, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	there = read_file(f, "x.pem");
	key = read_file(f, "x.key");
	g_assert_nonnull(there);
	g_assert_nonnull(key);
}

#define ADD(path, test) g_test_add("/removal-act/" path, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("certificate-is-renewed-meanwhile", test_certificate_is_renewed_meanwhile);
	ADD("certificate-gains-others-meanwhile", test_certificate_gains_others_meanwhile);
	ADD("key-is-renewed-meanwhile", test_key_is_renewed_meanwhile);
	ADD("certificate-becomes-a-link-meanwhile", test_certificate_becomes_a_link_meanwhile);
	ADD("certificate-goes-meanwhile", test_certificate_goes_meanwhile);
	ADD("no-backup", test_no_backup);
	return g_test_run();
}
