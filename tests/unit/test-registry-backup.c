/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/pki-fixture.h"

#include <string.h>

static CsBackupPart
make_part(const char *name, const char *content)
{
	return (CsBackupPart){name,
			      content != NULL ? cs_secret_new(content, strlen(content)) : NULL};
}

/* While another writes, and with what it had not committed left out. */
static void
test_there_and_back(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(CsRegistry) other = cs_registry_open(test->path, NULL);
	g_autofree char *path = cs_test_write_text(test->folder, "backup", "");
	g_autofree char *restored = cs_test_write_text(test->folder, "restored.db", "");
	CsBackupPart part = make_part("a.key", "a secret");
	CsBackupPart found = make_part("a.key", NULL);
	g_autoptr(CsRegistry) r = NULL;
	g_autofree char *kept = NULL;
	g_autofree char *bytes = NULL;
	gsize length = 0;
	CsLogCheck log = {0};
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_set_meta(test->registry, "a", "1", &error));
	g_assert_true(cs_registry_begin(other, &error));
	g_assert_true(cs_registry_set_meta(other, "a", "2", &error));
	g_assert_true(cs_registry_write_backup(test->registry, path, &part, 1, &log, &error));
	g_assert_true(cs_registry_commit(other, &error));

	g_assert_null(cs_registry_open(path, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-version");
	g_assert_true(cs_registry_read_backup(path, restored, &found, 1, &error));
	g_assert_no_error(error);
	g_assert_cmpmem(cs_secret_get_data(found.content, &length), 8, "a secret", 8);
	g_assert_cmpuint(length, ==, 8);
	r = cs_registry_open(restored, &error);
	g_assert_no_error(error);
	kept = cs_registry_dup_meta(r, "a", &error);
	g_assert_cmpstr(kept, ==, "1");
	g_clear_pointer(&r, cs_registry_close);
	g_assert_true(g_file_get_contents(restored, &bytes, &length, &error));
	g_assert_null(g_strstr_len(bytes, (gssize)length, "a secret"));
	cs_secret_unref(part.content);
	cs_secret_unref(found.content);
}

static void
expect_invalid(const char *path, const char *registry)
{
	CsBackupPart found = make_part("a.key", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_false(cs_registry_read_backup(path, registry, &found, 1, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_INVALID, "backup-invalid");
	g_assert_null(found.content);
}

static void
test_invalid(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autofree char *empty = cs_test_write_text(test->folder, "empty", "");
	g_autofree char *text = cs_test_write_text(test->folder, "text", "no database at all");
	g_autofree char *partless = cs_test_write_text(test->folder, "partless", "");
	g_autofree char *huge = cs_test_write_text(test->folder, "huge", "");
	g_autofree char *missing = g_build_filename(test->folder, "missing", NULL);
	g_autofree char *large = g_strnfill(65537, 'x');
	g_autofree char *restored = cs_test_write_text(test->folder, "restored.db", "");
	CsBackupPart part = make_part("a.key", large);
	CsLogCheck log = {0};
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_write_backup(test->registry, partless, NULL, 0, &log, &error));
	g_assert_true(cs_registry_write_backup(test->registry, huge, &part, 1, &log, &error));
	expect_invalid(empty, restored);
	expect_invalid(text, restored);
	expect_invalid(test->path, restored);
	expect_invalid(partless, restored);
	expect_invalid(huge, restored);
	g_assert_false(cs_registry_read_backup(missing, restored, &part, 1, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
	g_assert_false(cs_registry_write_backup(test->registry, missing, NULL, 0, &log, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
	cs_secret_unref(part.content);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-backup/there-and-back", test_there_and_back);
	g_test_add_func("/registry-backup/invalid", test_invalid);
	return g_test_run();
}
