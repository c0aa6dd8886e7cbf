/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/tls-files.h"

#include "core/base/error.h"
#include "tests/fixtures/pki-fixture.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_CERT "cert.pem"
#define NAME_KEY  "key.pem"

typedef struct {
	char *folder;
	char *certificate;
	char *key;
	CsTlsFiles *files;
	gint64 now; /* long after everything was written */
} Fixture;

static void
put(Fixture *f, const char *name, const char *text)
{
	g_autofree char *fresh = cs_test_write_text(f->folder, "fresh", text);
	g_autofree char *path = g_build_filename(f->folder, name, NULL);

	g_assert_cmpint(rename(fresh, path), ==, 0);
}

static void
set_up(Fixture *f, gconstpointer data)
{
	struct stat status;

	f->folder = cs_test_make_folder();
	f->certificate = g_build_filename(f->folder, NAME_CERT, NULL);
	f->key = g_build_filename(f->folder, NAME_KEY, NULL);
	put(f, NAME_CERT, "c1");
	put(f, NAME_KEY, "k1");
	g_assert_cmpint(stat(f->key, &status), ==, 0);
	f->now = status.st_ctim.tv_sec + 3600;
	f->files = cs_tls_files_new(f->certificate, f->key);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_tls_files_free(f->files);
	cs_test_delete_folder(f->folder);
	g_free(f->folder);
	g_free(f->certificate);
	g_free(f->key);
}

static void
expect(Fixture *f, gboolean is_new, const char *certificate, const char *key)
{
	g_autoptr(GError) error = NULL;
	gboolean seen = FALSE;

	g_assert_true(cs_tls_files_read(f->files, f->now, &seen, &error));
	g_assert_no_error(error);
	g_assert_cmpint(seen, ==, is_new);
	g_assert_cmpstr(cs_tls_files_get_certificate(f->files), ==, certificate);
	g_assert_cmpstr(cs_tls_files_get_key(f->files), ==, key);
}

static void
expect_failure(Fixture *f, gboolean is_new, CsErrorCode code)
{
	g_autoptr(GError) error = NULL;
	gboolean seen = FALSE;

	g_assert_false(cs_tls_files_read(f->files, f->now, &seen, &error));
	g_assert_error(error, CS_ERROR, (gint)code);
	g_assert_cmpint(seen, ==, is_new);
}

static void
test_renamed_over(Fixture *f, gconstpointer data)
{
	g_assert_null(cs_tls_files_get_certificate(f->files));
	g_assert_null(cs_tls_files_get_key(f->files));
	g_assert_true(cs_tls_files_may_have_changed(f->files));
	expect(f, TRUE, "c1", "k1");
	g_assert_false(cs_tls_files_may_have_changed(f->files));
	expect(f, FALSE, "c1", "k1");
	put(f, NAME_KEY, "k2");
	g_assert_true(cs_tls_files_may_have_changed(f->files));
	expect(f, TRUE, "c1", "k2");
	put(f, NAME_CERT, "c2");
	g_assert_true(cs_tls_files_may_have_changed(f->files));
	expect(f, TRUE, "c2", "k2");
	put(f, NAME_CERT, "c2");
	g_assert_true(cs_tls_files_may_have_changed(f->files));
	expect(f, FALSE, "c2", "k2");
}

/* A link somewhere in the path, set anew. */
static void
test_link_in_the_path(Fixture *f, gconstpointer data)
{
	g_autofree char *link = g_build_filename(f->folder, "live", NULL);
	g_autofree char *other = g_build_filename(f->folder, "other", NULL);
	g_autofree char *through = g_build_filename(link, NAME_CERT, NULL);
	g_autofree char *written = NULL;

	g_assert_cmpint(mkdir(other, 0700), ==, 0);
	written = cs_test_write_text(other, NAME_CERT, "c2");
	g_assert_cmpint(symlink(f->folder, link), ==, 0);
	cs_tls_files_free(f->files);
	f->files = cs_tls_files_new(through, f->key);
	expect(f, TRUE, "c1", "k1");
	g_assert_false(cs_tls_files_may_have_changed(f->files));
	g_assert_cmpint(unlink(link), ==, 0);
	g_assert_cmpint(symlink(other, link), ==, 0);
	g_assert_true(cs_tls_files_may_have_changed(f->files));
	expect(f, TRUE, "c2", "k1");
}

/* What was written a moment ago may be written again without its times telling. */
static void
test_just_written(Fixture *f, gconstpointer data)
{
	gint64 later = f->now;

	f->now -= 3600;
	expect(f, TRUE, "c1", "k1");
	g_assert_true(cs_tls_files_may_have_changed(f->files));
	expect(f, FALSE, "c1", "k1");
	f->now = later;
	expect(f, FALSE, "c1", "k1");
	g_assert_false(cs_tls_files_may_have_changed(f->files));
}

/* What cannot be read is said once, and what was read last stays; that it can be read again is news
 * even where it is the same. */
static void
test_missing(Fixture *f, gconstpointer data)
{
	expect(f, TRUE, "c1", "k1");
	g_assert_cmpint(unlink(f->key), ==, 0);
	g_assert_true(cs_tls_files_may_have_changed(f->files));
	expect_failure(f, TRUE, CS_ERROR_NOT_FOUND);
	g_assert_false(cs_tls_files_may_have_changed(f->files));
	expect_failure(f, FALSE, CS_ERROR_NOT_FOUND);
	g_assert_cmpstr(cs_tls_files_get_key(f->files), ==, "k1");
	put(f, NAME_KEY, "k1");
	g_assert_true(cs_tls_files_may_have_changed(f->files));
	expect(f, TRUE, "c1", "k1");
	expect(f, FALSE, "c1", "k1");
	g_assert_cmpint(unlink(f->certificate), ==, 0);
	g_assert_cmpint(mkdir(f->certificate, 0700), ==, 0);
	expect_failure(f, TRUE, CS_ERROR_STATE);
}

/* The passing failure of a file that nobody has touched: here of a descriptor that is not to be had. */
static void
test_read_later(Fixture *f, gconstpointer data)
{
	struct rlimit usual, none;

	expect(f, TRUE, "c1", "k1");
	g_assert_false(cs_tls_files_may_have_changed(f->files));
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &usual), ==, 0);
	none = usual;
	none.rlim_cur = 0;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	expect_failure(f, TRUE, CS_ERROR_STATE);
	g_assert_true(cs_tls_files_may_have_changed(f->files));
	expect_failure(f, FALSE, CS_ERROR_STATE);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &usual), ==, 0);
	g_assert_true(cs_tls_files_may_have_changed(f->files));
	expect(f, TRUE, "c1", "k1");
	g_assert_false(cs_tls_files_may_have_changed(f->files));
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/tls-files/renamed-over", test_renamed_over);
	ADD("/tls-files/link-in-the-path", test_link_in_the_path);
	ADD("/tls-files/just-written", test_just_written);
	ADD("/tls-files/missing", test_missing);
	ADD("/tls-files/read-later", test_read_later);
	return g_test_run();
}
