/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/keys/private-key.h"

#include <glib/gstdio.h>
#include <pwd.h>
#include <string.h>

#include "tests/fixtures/pki-fixture.h"
#include "tests/fixtures/unprivileged.h"

typedef struct {
	CsTestIdentity *identity;
	char *folder;
	char *path; /* of its key, mode 0600 */
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->identity = cs_test_identity_new(NULL, NULL);
	fixture->folder = cs_test_make_folder();
	g_assert_cmpint(g_chmod(fixture->folder, 0755), ==, 0);
	g_autofree char *pem =
		cs_test_identity_dup_key_pem(fixture->identity, CS_TEST_KEY_PKCS8, NULL);
	fixture->path = cs_test_write_text(fixture->folder, "x.key", pem);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_identity_free(fixture->identity);
	cs_test_delete_folder(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->path);
}

static void
test_load(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsPrivateKey) key = cs_private_key_load(fixture->path, &error);
	g_assert_no_error(error);
	g_assert_cmpint(EVP_PKEY_eq(cs_private_key_get_pkey(key),
				    cs_test_identity_get_pkey(fixture->identity)),
			==, 1);
	/* Whatever the mode. */
	g_assert_cmpint(g_chmod(fixture->path, 0666), ==, 0);
	g_autoptr(CsPrivateKey) again = cs_private_key_load(fixture->path, &error);
	g_assert_no_error(error);
	g_assert_nonnull(again);
}

static void
assert_load_fails(const char *path, CsErrorCode code, const char *reason, const char *piece)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(cs_private_key_load(path, &error));
	g_assert_error(error, CS_ERROR, (gint)code);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
	g_assert_nonnull(strstr(error->message, piece));
}

static void
test_failures(Fixture *fixture, gconstpointer data)
{
	g_autofree char *absent = g_build_filename(fixture->folder, "absent.key", NULL);
	g_autofree char *encrypted =
		cs_test_identity_dup_key_pem(fixture->identity, CS_TEST_KEY_PKCS8, "password");
	g_autofree char *encrypted_path =
		cs_test_write_text(fixture->folder, "encrypted.key", encrypted);
	g_autofree char *text_path = cs_test_write_text(fixture->folder, "text.key", "hello");
	g_autofree char *large = g_strnfill(300 * 1024, 'x');
	g_autofree char *large_path = cs_test_write_text(fixture->folder, "large.key", large);

	assert_load_fails(absent, CS_ERROR_NOT_FOUND, "key-missing", absent);
	assert_load_fails(encrypted_path, CS_ERROR_KEY, "key-encrypted", encrypted_path);
	assert_load_fails(text_path, CS_ERROR_NOT_FOUND, "key-missing", text_path);
	assert_load_fails(large_path, CS_ERROR_KEY, "key-inaccessible", large_path);
	assert_load_fails(fixture->folder, CS_ERROR_KEY, "key-inaccessible", fixture->folder);
}

typedef struct {
	const char *path;
	const char *obstacle;
	const char *mode;
	char *owner;
} Obstacle;

static void
assert_obstacle(gpointer data)
{
	const Obstacle *expected = data;
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_private_key_load(expected->path, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "key-inaccessible");
	g_assert_nonnull(strstr(error->message, expected->obstacle));
	g_assert_nonnull(strstr(error->message, expected->mode));
	g_assert_nonnull(strstr(error->message, expected->owner));
}

static void
expect_obstacle(const char *path, const char *obstacle, const char *mode)
{
	const struct passwd *user = getpwuid(geteuid());
	g_autofree char *owner = user != NULL ? g_strdup_printf("owned by %s (uid %u), mode",
								user->pw_name, geteuid())
					      : g_strdup_printf("owned by uid %u, mode", geteuid());
	g_autofree char *obstacle_comma = g_strconcat(obstacle, ",", NULL);
	g_autofree char *mode_comma = g_strconcat("mode ", mode, ",", NULL);
	Obstacle expected = {path, obstacle_comma, mode_comma, owner};
	cs_test_run_unprivileged(assert_obstacle, &expected);
}

/* rule 10: the file, its owner and its mode */
static void
test_unreadable_file(Fixture *fixture, gconstpointer data)
{
	g_assert_cmpint(g_chmod(fixture->path, 0200), ==, 0);
	expect_obstacle(fixture->path, fixture->path, "0200");
}

/* rule 10: a folder that may not be entered, straight or behind a symbolic link */
static void
test_closed_folder(Fixture *fixture, gconstpointer data)
{
	g_autofree char *closed = g_build_filename(fixture->folder, "closed", NULL);
	g_autofree char *inner = g_build_filename(closed, "inner", NULL);
	g_autofree char *path = g_build_filename(inner, "x.key", NULL);
	g_autofree char *link = g_build_filename(fixture->folder, "link.key", NULL);
	g_autofree char *folder_link = g_build_filename(fixture->folder, "folder", NULL);
	g_autofree char *through = g_build_filename(folder_link, "inner", "x.key", NULL);

	g_assert_cmpint(g_mkdir_with_parents(inner, 0755), ==, 0);
	g_free(cs_test_write_text(inner, "x.key", "anything"));
	g_assert_cmpint(symlink("closed/inner/x.key", link), ==, 0);
	g_assert_cmpint(symlink(closed, folder_link), ==, 0);
	g_assert_cmpint(g_chmod(closed, 0600), ==, 0);
	expect_obstacle(path, closed, "0600");
	expect_obstacle(link, closed, "0600");
	expect_obstacle(through, closed, "0600");
	g_assert_cmpint(g_chmod(closed, 0700), ==, 0);
}

static void
test_link_loop(Fixture *fixture, gconstpointer data)
{
	g_autofree char *link = g_build_filename(fixture->folder, "loop.key", NULL);
	g_assert_cmpint(symlink("loop.key", link), ==, 0);
	assert_load_fails(link, CS_ERROR_KEY, "key-inaccessible", link);
}

static void
test_save(Fixture *fixture, gconstpointer data)
{
	static const CsKeyKind kinds[] = {CS_KEY_KIND_RSA, CS_KEY_KIND_RSA_PSS, CS_KEY_KIND_P256,
					  CS_KEY_KIND_P384, CS_KEY_KIND_P521};
	g_autofree char *path = g_build_filename(fixture->folder, "saved.key", NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		CsTestProfile profile = {.key_kind = kinds[i], .key_number = 1};
		g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profile, NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(CsPrivateKey) key =
			cs_private_key_new_from_pkey(cs_test_identity_get_pkey(identity), NULL);
		g_assert_true(cs_private_key_save(key, path, &error));
		g_assert_no_error(error);
		GStatBuf status;
		g_assert_cmpint(g_stat(path, &status), ==, 0);
		g_assert_cmpint(status.st_mode & 07777, ==, 0600);
		g_autoptr(CsPrivateKey) loaded = cs_private_key_load(path, &error);
		g_assert_no_error(error);
		g_assert_true(g_bytes_equal(cs_private_key_get_spki(loaded),
					    cs_private_key_get_spki(key)));
	}
	g_autoptr(GError) error = NULL;
	g_autoptr(CsPrivateKey) key = cs_private_key_generate_p256(NULL);
	g_autofree char *nowhere = g_build_filename(fixture->folder, "absent", "x.key", NULL);
	g_assert_false(cs_private_key_save(key, nowhere, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_clear_error(&error);
	/* What cannot be exported is not saved. */
	CsCertificate *certificate = cs_test_identity_get_certificate(fixture->identity);
	g_autoptr(CsPrivateKey) public_half = cs_private_key_new_from_pkey(
		cs_certificate_get_public_key(certificate, NULL), NULL);
	g_assert_false(cs_private_key_save(public_half, nowhere, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
}

#define ADD(name, test) g_test_add("/key-file/" name, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	ADD("load", test_load);
	ADD("failures", test_failures);
	ADD("unreadable-file", test_unreadable_file);
	ADD("closed-folder", test_closed_folder);
	ADD("link-loop", test_link_loop);
	ADD("save", test_save);
	return g_test_run();
}
