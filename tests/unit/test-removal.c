/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/error.h"
#include "core/store/removal.h"
#include "tests/fixtures/pki-fixture.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
	char *folder;
	char *user;    /* the user's store */
	char *machine; /* the machine's */
	CsSettings *settings;
	CsTestIdentity *ca;
	CsTestIdentity *leaf;
	CsTestIdentity *other;
	const char *fingerprint; /* of the leaf */
	char *key;
	char *other_key;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	const CsTestProfile authority = {.ca = TRUE, .key_number = 3};
	const CsTestProfile profile = {.key_number = 1};
	const CsTestProfile other = {.key_number = 2};
	g_autofree char *text = NULL;
	g_autofree char *config = NULL;
	CsSettingsPaths paths = {.machine_folder = "/nonexistent", .config_home = "/nonexistent"};
	g_autoptr(GError) error = NULL;

	f->folder = cs_test_make_folder();
	f->user = g_build_filename(f->folder, "user", NULL);
	f->machine = g_build_filename(f->folder, "machine", NULL);
	g_assert_cmpint(g_mkdir(f->user, 0755) | g_mkdir(f->machine, 0755), ==, 0);
	text = g_strdup_printf("[stores]\nuser-directories=%s\nmachine-directories=%s\n", f->user,
			       f->machine);
	config = cs_test_write_text(f->folder, "settings.conf", text);
	paths.config_file = config;
	paths.data_home = f->folder;
	paths.state_home = f->folder;
	f->settings = cs_settings_load(&paths, &error);
	g_assert_no_error(error);
	f->ca = cs_test_identity_new(&authority, NULL);
	f->leaf = cs_test_identity_new(&profile, f->ca);
	f->other = cs_test_identity_new(&other, f->ca);
	f->fingerprint = cs_certificate_get_fingerprint(cs_test_identity_get_certificate(f->leaf));
	f->key = cs_test_identity_dup_key_pem(f->leaf, CS_TEST_KEY_PKCS8, NULL);
	f->other_key = cs_test_identity_dup_key_pem(f->other, CS_TEST_KEY_PKCS8, NULL);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_delete_folder(f->folder);
	cs_settings_unref(f->settings);
	cs_test_identity_free(f->ca);
	cs_test_identity_free(f->leaf);
	cs_test_identity_free(f->other);
	g_free(f->folder);
	g_free(f->user);
	g_free(f->machine);
	g_free(f->key);
	g_free(f->other_key);
}

static void
put(const char *folder, const char *name, const char *text)
{
	g_free(cs_test_write_text(folder, name, text));
}

static void
put_leaf(Fixture *f, const char *folder)
{
	put(folder, "x.pem", cs_test_identity_get_pem(f->leaf));
	put(folder, "x.key", f->key);
}

static gboolean
has(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static guint
get_mode(const char *path)
{
	struct stat status = {0};

	g_assert_cmpint(stat(path, &status), ==, 0);
	return status.st_mode & 07777;
}

static void
expect_content(const char *folder, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *content = NULL;

	g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
	g_assert_cmpstr(content, ==, text);
	g_assert_cmpuint(get_mode(path), ==, 0600);
}

static CsRemoval *
run(Fixture *f)
{
	g_autoptr(GError) error = NULL;
	CsRemoval *removal = cs_removal_run(f->settings, f->fingerprint, NULL, &error);

	g_assert_no_error(error);
	return removal;
}

/* part: of the message */
static void
expect_refusal(Fixture *f, const char *reason, const char *part)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_removal_run(f->settings, f->fingerprint, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_REFUSED);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
	if (strstr(error->message, part) == NULL)
		g_error("\"%s\" is not in \"%s\"", part, error->message);
	g_assert_false(has(f->folder, "countersign/deleted-certificates"));
}

/* rule 9: to a backup that is named, and what was said before is what is done */
static void
test_moves(Fixture *f, gconstpointer data)
{
	g_autoptr(CsRemoval) plan = NULL;
	g_autoptr(CsRemoval) done = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *upper = g_ascii_strup(f->fingerprint, -1);

	put_leaf(f, f->user);
	put(f->user, "y.pem", cs_test_identity_get_pem(f->other));
	put(f->user, "y.key", f->other_key);
	plan = cs_removal_plan(f->settings, upper, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(plan->files->len, ==, 2);
	g_assert_true(g_str_has_suffix(plan->files->pdata[0], "/user/x.pem"));
	g_assert_true(g_str_has_suffix(plan->files->pdata[1], "/user/x.key"));
	g_assert_cmpstr(plan->subject, ==, "CN=Test device");
	g_assert_null(plan->command);
	g_assert_null(plan->hindrance);
	g_assert_true(has(f->user, "x.pem"));
	g_assert_false(has(f->folder, "countersign/deleted-certificates"));
	done = run(f);
	g_assert_cmpstr(done->backup, ==, plan->backup);
	g_assert_true(g_str_has_prefix(f->fingerprint, strrchr(done->backup, '/') + 1));
	g_assert_cmpuint(get_mode(done->backup), ==, 0700);
	expect_content(done->backup, "x.pem", cs_test_identity_get_pem(f->leaf));
	expect_content(done->backup, "x.key", f->key);
	g_assert_false(has(f->user, "x.pem") || has(f->user, "x.key"));
	g_assert_true(has(f->user, "y.pem") && has(f->user, "y.key"));
}

/* Each copy, in each layout: else it would be used again. */
static void
test_copies(Fixture *f, gconstpointer data)
{
	g_autofree char *below = g_build_filename(f->user, "below", NULL);
	g_autofree char *both = g_strconcat(f->key, cs_test_identity_get_pem(f->leaf),
					    cs_test_identity_get_pem(f->ca), NULL);
	g_autoptr(GBytes) pkcs12 = cs_test_identity_dup_pkcs12(f->leaf, f->ca, NULL);
	g_autoptr(CsRemoval) done = NULL;

	g_assert_cmpint(g_mkdir(below, 0755), ==, 0);
	put_leaf(f, f->user);
	put(f->user, "x.crt", cs_test_identity_get_pem(f->leaf));
	put(f->user, "chain.pem", both);
	put(below, "cert.pem", cs_test_identity_get_pem(f->leaf));
	put(below, "key.pem", f->key);
	g_free(cs_test_write_bytes(f->user, "x.p12", pkcs12));
	done = run(f);
	g_assert_cmpuint(done->files->len, ==, 7);
	for (guint i = 0; i < done->files->len; i++)
		g_assert_false(g_file_test(done->files->pdata[i], G_FILE_TEST_EXISTS));
	expect_content(done->backup, "chain.pem", both);
	expect_content(done->backup, "cert.pem", cs_test_identity_get_pem(f->leaf));
	expect_content(done->backup, "key.pem", f->key);
	g_assert_true(has(done->backup, "x.p12") && has(done->backup, "x.crt"));
}

/* Of one name, each is kept. */
static void
test_backup_of_one_name(Fixture *f, gconstpointer data)
{
	g_autofree char *both = g_strconcat(cs_test_identity_get_pem(f->leaf), f->key, NULL);
	g_autoptr(CsRemoval) first = NULL;
	g_autoptr(CsRemoval) second = NULL;
	g_autoptr(CsRemoval) third = NULL;

	put_leaf(f, f->user);
	first = run(f);
	put(f->user, "x.pem", both);
	second = run(f);
	put(f->user, "x.pem", both);
	third = run(f);
	g_assert_cmpstr(first->backup, ==, third->backup);
	expect_content(first->backup, "x.pem", cs_test_identity_get_pem(f->leaf));
	expect_content(first->backup, "2-x.pem", both);
	g_assert_false(has(first->backup, "3-x.pem"));
}

/* A key that a renewed certificate uses too, one of somebody else, and one that cannot be read as
 * one stay. */
static void
test_keys_that_stay(Fixture *f, gconstpointer data)
{
	const CsTestProfile renewed = {.key_of = f->leaf};
	g_autoptr(CsTestIdentity) successor = cs_test_identity_new(&renewed, f->ca);
	g_autofree char *two = g_strconcat(f->key, f->other_key, NULL);
	const struct {
		const char *key;
		const char *beside; /* (nullable) */
	} cases[] = {
		{f->key, cs_test_identity_get_pem(successor)},
		{f->other_key, NULL},
		{two, NULL},
		{"no key", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(CsRemoval) done = NULL;

		put(f->user, "x.pem", cs_test_identity_get_pem(f->leaf));
		put(f->user, "x.key", cases[i].key);
		if (cases[i].beside != NULL)
			put(f->user, "x.crt", cases[i].beside);
		done = run(f);
		g_assert_cmpuint(done->files->len, ==, 1);
		g_assert_false(has(f->user, "x.pem"));
		g_assert_true(has(f->user, "x.key"));
		if (cases[i].beside != NULL) {
			g_autofree char *path = g_build_filename(f->user, "x.crt", NULL);

			g_assert_cmpint(unlink(path), ==, 0);
		}
	}
}

/* Where a file is not this certificate's alone nothing is done at all, and that is said. */
static void
test_files_of_others(Fixture *f, gconstpointer data)
{
	const char *leaf = cs_test_identity_get_pem(f->leaf);
	g_autofree char *certificates = g_strconcat(leaf, cs_test_identity_get_pem(f->other), NULL);
	g_autofree char *keys = g_strconcat(leaf, f->key, f->other_key, NULL);
	g_autofree char *broken = g_strconcat(
		leaf, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NULL);
	const struct {
		const char *text;
		const char *part;
	} cases[] = {
		{certificates, "z.pem also holds other certificates"},
		{keys, "z.pem also holds a private key"},
		{broken, "z.pem also holds something that cannot be read"},
	};

	put_leaf(f, f->user);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		put(f->user, "z.pem", cases[i].text);
		expect_refusal(f, "certificate-shared", cases[i].part);
		g_assert_true(has(f->user, "x.pem") && has(f->user, "x.key"));
		g_assert_true(has(f->user, "z.pem"));
	}
}

/* What a link leads to may be anybody's. */
static void
test_links(Fixture *f, gconstpointer data)
{
	g_autofree char *link_path = g_build_filename(f->user, "x.pem", NULL);
	g_autofree char *key_path = g_build_filename(f->user, "x.key", NULL);
	g_autofree char *folder_path = g_build_filename(f->user, "folder", NULL);
	g_autofree char *target = g_build_filename(f->folder, "kept.pem", NULL);
	g_autofree char *key_target = g_build_filename(f->folder, "kept.key", NULL);
	g_autoptr(CsRemoval) done = NULL;

	put(f->folder, "kept.pem", cs_test_identity_get_pem(f->leaf));
	put(f->folder, "kept.key", f->key);
	g_assert_cmpint(symlink(target, link_path), ==, 0);
	expect_refusal(f, "certificate-shared", "x.pem is a symbolic link");
	g_assert_cmpint(unlink(link_path), ==, 0);
	put(f->user, "x.pem", cs_test_identity_get_pem(f->leaf));
	g_assert_cmpint(symlink(key_target, key_path), ==, 0);
	g_assert_cmpint(symlink(f->machine, folder_path), ==, 0);
	put_leaf(f, f->machine);
	done = run(f);
	g_assert_cmpuint(done->files->len, ==, 1);
	g_assert_true(has(f->folder, "kept.key") && has(f->folder, "kept.pem"));
	g_assert_true(g_file_test(key_path, G_FILE_TEST_IS_SYMLINK));
	g_assert_true(has(f->machine, "x.pem") && has(f->machine, "x.key"));
	g_assert_nonnull(done->command);
}

/* A key to which another certificate's name leads is not its alone, wherever that name lies. */
static void
test_linked_key(Fixture *f, gconstpointer data)
{
	g_autofree char *below = g_build_filename(f->user, "below", NULL);
	const char *const folders[] = {f->user, below, f->machine};
	g_autofree char *target = g_build_filename(f->user, "x.key", NULL);

	g_assert_cmpint(g_mkdir(below, 0755), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *link_path = g_build_filename(folders[i], "renewed.key", NULL);
		g_autoptr(CsRemoval) done = NULL;

		put_leaf(f, f->user);
		g_assert_cmpint(symlink(target, link_path), ==, 0);
		done = run(f);
		g_assert_cmpuint(done->files->len, ==, 1);
		g_assert_false(has(f->user, "x.pem"));
		g_assert_true(has(f->user, "x.key"));
		g_assert_cmpint(unlink(link_path), ==, 0);
	}
	put_leaf(f, f->user);
	cs_removal_free(run(f));
	g_assert_false(has(f->user, "x.key"));
}

/* A renewed certificate may find its key in the old one's file. */
static void
test_linked_file(Fixture *f, gconstpointer data)
{
	g_autofree char *link_path = g_build_filename(f->user, "renewed.key", NULL);
	g_autofree char *target = g_build_filename(f->user, "x.pem", NULL);
	g_autofree char *both = g_strconcat(cs_test_identity_get_pem(f->leaf), f->key, NULL);

	put(f->user, "x.pem", both);
	g_assert_cmpint(symlink(target, link_path), ==, 0);
	expect_refusal(f, "certificate-shared", "renewed.key leads to");
	g_assert_true(has(f->user, "x.pem"));
	g_assert_cmpint(unlink(link_path), ==, 0);
	cs_removal_free(run(f));
	g_assert_false(has(f->user, "x.pem"));
}

/* rule 9: for the machine's store the command, and nothing is touched */
static void
test_machine(Fixture *f, gconstpointer data)
{
	g_autofree char *expected = g_strdup_printf(
		"sudo rm -i -- '%s/it'\\''s.pem' '%s/it'\\''s.key'", f->machine, f->machine);
	g_autoptr(CsRemoval) plan = NULL;

	put(f->machine, "it's.pem", cs_test_identity_get_pem(f->leaf));
	put(f->machine, "it's.key", f->key);
	plan = cs_removal_plan(f->settings, f->fingerprint, NULL, NULL);
	g_assert_cmpstr(plan->command, ==, expected);
	g_assert_cmpuint(plan->files->len, ==, 0);
	expect_refusal(f, "certificate-of-machine", expected);
	g_assert_true(has(f->machine, "it's.pem") && has(f->machine, "it's.key"));
}

/* The machine's folder by another name is still the machine's. */
static void
test_machine_by_another_name(Fixture *f, gconstpointer data)
{
	put_leaf(f, f->machine);
	g_assert_cmpint(g_rmdir(f->user), ==, 0);
	g_assert_cmpint(symlink(f->machine, f->user), ==, 0);
	expect_refusal(f, "certificate-of-machine", "machine/x.pem");
	g_assert_true(has(f->machine, "x.pem"));
}

static void
test_machine_shared(Fixture *f, gconstpointer data)
{
	g_autofree char *both = g_strconcat(cs_test_identity_get_pem(f->leaf),
					    cs_test_identity_get_pem(f->other), NULL);
	g_autoptr(CsRemoval) done = NULL;

	put(f->machine, "z.pem", both);
	expect_refusal(f, "certificate-shared", "z.pem also holds other certificates");
	put_leaf(f, f->user);
	done = run(f);
	g_assert_cmpuint(done->files->len, ==, 2);
	g_assert_null(done->command);
}

/* What a kill in the middle left: the certificate on its way out, or its key. */
static void
test_ends_what_was_begun(Fixture *f, gconstpointer data)
{
	g_autoptr(CsRemoval) first = NULL;
	g_autoptr(CsRemoval) second = NULL;

	put(f->user, ".x.pem.deleted", cs_test_identity_get_pem(f->leaf));
	first = run(f);
	g_assert_false(has(f->user, ".x.pem.deleted"));
	expect_content(first->backup, "x.pem", cs_test_identity_get_pem(f->leaf));
	put(f->user, "x.pem", cs_test_identity_get_pem(f->leaf));
	put(f->user, ".x.key.deleted", f->key);
	second = run(f);
	g_assert_false(has(f->user, ".x.key.deleted") || has(f->user, "x.pem"));
	expect_content(second->backup, "x.key", f->key);
}

/* A file of that name that is something else is in the way, and stays. */
static void
test_in_the_way(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	put_leaf(f, f->user);
	put(f->user, ".x.pem.deleted", "mine");
	g_assert_null(cs_removal_run(f->settings, f->fingerprint, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_assert_true(has(f->user, "x.pem") && has(f->user, ".x.pem.deleted"));
}

static void
test_errors(Fixture *f, gconstpointer data)
{
	static const char *const malformed[] = {"", "ab", "../../x"};
	g_autofree char *odd = g_strconcat("g", f->fingerprint + 1, NULL);
	g_autoptr(GCancellable) cancelled = g_cancellable_new();
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; i <= G_N_ELEMENTS(malformed); i++) {
		const char *text = i < G_N_ELEMENTS(malformed) ? malformed[i] : odd;

		g_assert_null(cs_removal_plan(f->settings, text, NULL, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
		g_clear_error(&error);
		g_assert_null(cs_removal_run(f->settings, text, NULL, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
		g_clear_error(&error);
	}
	put(f->user, "y.pem", cs_test_identity_get_pem(f->other));
	g_assert_null(cs_removal_run(f->settings, f->fingerprint, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "certificate-not-found");
	g_clear_error(&error);
	put_leaf(f, f->user);
	g_cancellable_cancel(cancelled);
	g_assert_null(cs_removal_run(f->settings, f->fingerprint, cancelled, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_assert_true(has(f->user, "x.pem"));
}

#define ADD(path, test) g_test_add("/removal/" path, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("moves", test_moves);
	ADD("copies", test_copies);
	ADD("backup-of-one-name", test_backup_of_one_name);
	ADD("keys-that-stay", test_keys_that_stay);
	ADD("files-of-others", test_files_of_others);
	ADD("links", test_links);
	ADD("linked-key", test_linked_key);
	ADD("linked-file", test_linked_file);
	ADD("machine", test_machine);
	ADD("machine-by-another-name", test_machine_by_another_name);
	ADD("machine-shared", test_machine_shared);
	ADD("ends-what-was-begun", test_ends_what_was_begun);
	ADD("in-the-way", test_in_the_way);
	ADD("errors", test_errors);
	return g_test_run();
}
