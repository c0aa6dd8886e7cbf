/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/backup.h"

#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/pki-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

/* NFS, say: a file system that cannot rename without replacing. meson.build has the linker wrap it. */
static gboolean cannot_keep;
int __real_renameat2(int from, const char *path, int to, const char *new_path, unsigned int flags);
int __wrap_renameat2(int from, const char *path, int to, const char *new_path, unsigned int flags);

int
__wrap_renameat2(int from, const char *path, int to, const char *new_path, unsigned int flags)
{
	if (cannot_keep && flags == RENAME_NOREPLACE) {
		errno = EINVAL;
		return -1;
	}
	return __real_renameat2(from, path, to, new_path, flags);
}

typedef struct {
	CsTestAuthority *test;
	char *root;
	char *path; /* of the backup */
	char *folder;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) made = NULL;

	f->test = cs_test_authority_new();
	f->root = cs_test_make_folder();
	f->path = g_build_filename(f->root, "backup", NULL);
	f->folder = g_build_filename(f->root, "restored", NULL);
	made = cs_authority_backup(f->test->authority, f->path, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(cs_json_get_string(made, "file", NULL), ==, f->path);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_authority_free(f->test);
	cs_test_delete_folder(f->root);
	g_free(f->root);
	g_free(f->path);
	g_free(f->folder);
}

static void
test_backup(Fixture *f, gconstpointer data)
{
	g_autofree char *nowhere = g_build_filename(f->root, "no", "folder", NULL);
	g_autoptr(GError) error = NULL;
	struct stat info;

	g_assert_cmpint(stat(f->path, &info), ==, 0);
	g_assert_cmphex(info.st_mode & 0777, ==, 0600);
	g_assert_null(cs_authority_backup(f->test->authority, f->path, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_REFUSED, "file-exists");
	g_assert_null(cs_authority_backup(f->test->authority, nowhere, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
}

/* The file comes all the same, whole, under its own name alone, and replaces nothing. */
static void
test_where_no_rename_keeps(Fixture *f, gconstpointer data)
{
	g_autofree char *path = g_build_filename(f->root, "second", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) made = NULL;
	g_autoptr(cJSON) restored = NULL;
	g_autoptr(GDir) entries = NULL;
	guint count = 0;

	cannot_keep = TRUE;
	made = cs_authority_backup(f->test->authority, path, &error);
	cannot_keep = FALSE;
	g_assert_no_error(error);
	g_assert_nonnull(made);
	entries = g_dir_open(f->root, 0, NULL);
	while (g_dir_read_name(entries) != NULL)
		count++;
	g_assert_cmpuint(count, ==, 2);
	restored = cs_authority_restore(f->folder, path, FALSE, &f->test->clock, &error);
	g_assert_no_error(error);
	g_assert_nonnull(restored);
	cs_test_delete_folder(f->folder);
}

static void
test_restore(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) restored =
		cs_authority_restore(f->folder, f->path, FALSE, &f->test->clock, &error);
	g_autoptr(cJSON) replaced = NULL;
	g_autoptr(CsAuthority) a = NULL;
	g_autoptr(CsFileLock) lock = NULL;
	const char *former;

	g_assert_no_error(error);
	g_assert_null(cs_json_get_string(restored, "former", NULL));
	a = cs_authority_open(f->folder, &f->test->clock, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(cs_jwk_get_thumbprint(cs_authority_get_server_jwk(a)), ==,
			cs_jwk_get_thumbprint(cs_authority_get_server_jwk(f->test->authority)));
	g_clear_pointer(&a, cs_authority_free);

	g_assert_null(cs_authority_restore(f->folder, f->path, FALSE, &f->test->clock, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_REFUSED, "folder-not-empty");
	lock = cs_authority_lock_for_serving(f->folder, &error);
	g_assert_null(cs_authority_restore(f->folder, f->path, TRUE, &f->test->clock, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_REFUSED, "already-serving");
	g_clear_pointer(&lock, cs_file_lock_free);
	replaced = cs_authority_restore(f->folder, f->path, TRUE, &f->test->clock, &error);
	g_assert_no_error(error);
	former = cs_json_get_string(replaced, "former", NULL);
	g_assert_true(g_file_test(former, G_FILE_TEST_IS_DIR));
	g_assert_cmpstr(former, !=, f->folder);
	cs_test_delete_folder(former);
	cs_test_delete_folder(f->folder);
}

static void
test_restore_fails(Fixture *f, gconstpointer data)
{
	g_autofree char *text = cs_test_write_text(f->root, "text", "no backup");
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_authority_restore(f->folder, text, FALSE, &f->test->clock, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_INVALID, "backup-invalid");
	g_assert_false(g_file_test(f->folder, G_FILE_TEST_EXISTS));
	g_assert_null(cs_authority_restore(f->root, f->path, TRUE, &f->test->clock, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_REFUSED, "folder-not-empty");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/backup/backup", Fixture, NULL, set_up, test_backup, tear_down);
	g_test_add("/backup/where-no-rename-keeps", Fixture, NULL, set_up,
		   test_where_no_rename_keeps, tear_down);
	g_test_add("/backup/restore", Fixture, NULL, set_up, test_restore, tear_down);
	g_test_add("/backup/restore-fails", Fixture, NULL, set_up, test_restore_fails, tear_down);
	return g_test_run();
}
