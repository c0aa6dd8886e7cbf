/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/file-stamp.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fixtures/unprivileged.h"

#include <glib/gstdio.h>
#include <utime.h>

typedef struct {
	char *folder;
	char *path;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->folder = cs_test_make_folder();
	fixture->path = cs_test_write_text(fixture->folder, "a", "text");
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_delete_folder(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->path);
}

static CsFileStamp
read_stamp(const char *path)
{
	CsFileStamp stamp;
	g_assert_true(cs_file_stamp_read(path, &stamp));
	return stamp;
}

static void
test_changes(Fixture *fixture, gconstpointer data)
{
	const struct utimbuf past = {1000, 1000};
	CsFileStamp before = read_stamp(fixture->path);
	CsFileStamp same = read_stamp(fixture->path);
	g_assert_true(cs_file_stamp_equal(&before, &same));
	g_assert_cmpint(utime(fixture->path, &past), ==, 0);
	CsFileStamp older = read_stamp(fixture->path);
	g_assert_false(cs_file_stamp_equal(&before, &older));
	g_assert_cmpint(truncate(fixture->path, 1), ==, 0);
	g_assert_cmpint(utime(fixture->path, &past), ==, 0);
	CsFileStamp shorter = read_stamp(fixture->path);
	g_assert_false(cs_file_stamp_equal(&older, &shorter));
	g_autofree char *other = cs_test_write_text(fixture->folder, "b", "t");
	g_assert_cmpint(utime(other, &past), ==, 0);
	g_assert_cmpint(g_rename(other, fixture->path), ==, 0);
	CsFileStamp another = read_stamp(fixture->path);
	g_assert_false(cs_file_stamp_equal(&shorter, &another));
}

/* Each member alone makes a difference. */
static void
test_members(void)
{
	const struct stat status = {.st_dev = 1, .st_ino = 2, .st_size = 3};
	const CsFileStamp stamp = cs_file_stamp_new(&status);
	CsFileStamp bent[7];
	for (gsize i = 0; i < G_N_ELEMENTS(bent); i++)
		bent[i] = stamp;
	bent[0].device++;
	bent[1].inode++;
	bent[2].size_bytes++;
	bent[3].modified.tv_sec++;
	bent[4].modified.tv_nsec++;
	bent[5].changed.tv_sec++;
	bent[6].changed.tv_nsec++;
	g_assert_true(cs_file_stamp_equal(&stamp, &stamp));
	for (gsize i = 0; i < G_N_ELEMENTS(bent); i++)
		g_assert_false(cs_file_stamp_equal(&stamp, &bent[i]));
}

static void
test_not_a_file(Fixture *fixture, gconstpointer data)
{
	CsFileStamp stamp;
	g_autofree char *fifo = g_build_filename(fixture->folder, "fifo", NULL);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_false(cs_file_stamp_read(fifo, &stamp));
	g_assert_false(cs_file_stamp_read(fixture->folder, &stamp));
	g_assert_false(cs_file_stamp_read("/dev/null", &stamp));
	g_assert_false(cs_file_stamp_read("/does/not/exist", &stamp));
}

static void
read_forbidden(gpointer data)
{
	CsFileStamp stamp;
	g_assert_false(cs_file_stamp_read(data, &stamp));
}

static void
test_forbidden(Fixture *fixture, gconstpointer data)
{
	g_assert_cmpint(chmod(fixture->folder, 0755), ==, 0);
	g_assert_cmpint(chmod(fixture->path, 0), ==, 0);
	cs_test_run_unprivileged(read_forbidden, fixture->path);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/file-stamp/changes", Fixture, NULL, set_up, test_changes, tear_down);
	g_test_add_func("/file-stamp/members", test_members);
	g_test_add("/file-stamp/not-a-file", Fixture, NULL, set_up, test_not_a_file, tear_down);
	g_test_add("/file-stamp/forbidden", Fixture, NULL, set_up, test_forbidden, tear_down);
	return g_test_run();
}
