/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/log-file.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "tests/fixtures/pki-fixture.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL	  ((gsize)1000)
#define LARGER	  ((gsize)4096)
#define NAME	  "x.log"
#define COUNT	  3
#define N_WRITERS 8
#define N_LINES	  200

typedef struct {
	char *top;
	char *folder; /* not there at first */
	char *path;
} Fixture;

static CsLogFile
log_of(const Fixture *fixture)
{
	return (CsLogFile){fixture->folder, NAME, SMALL, COUNT};
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->top = cs_test_make_folder();
	fixture->folder = g_build_filename(fixture->top, "state", "log", NULL);
	fixture->path = g_build_filename(fixture->folder, NAME, NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_delete_folder(fixture->top);
	g_free(fixture->top);
	g_free(fixture->folder);
	g_free(fixture->path);
}

static void
append(Fixture *fixture, const char *line)
{
	const CsLogFile log = log_of(fixture);
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_log_file_append(&log, line, &error));
	g_assert_no_error(error);
}

static void
assert_refused(Fixture *fixture, const char *reason)
{
	const CsLogFile log = log_of(fixture);
	g_autoptr(GError) error = NULL;

	g_assert_false(cs_log_file_append(&log, "x", &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

static char **
read_tail(Fixture *fixture, guint max_lines)
{
	const CsLogFile log = log_of(fixture);
	g_autoptr(GError) error = NULL;
	char **lines = cs_log_file_read_tail(&log, max_lines, &error);

	g_assert_no_error(error);
	return lines;
}

static guint
count_files(Fixture *fixture)
{
	g_autoptr(GDir) entries = g_dir_open(fixture->folder, 0, NULL);
	const char *name;
	guint count = 0;

	while ((name = g_dir_read_name(entries)) != NULL)
		count += g_str_has_prefix(name, NAME);
	return count;
}

static void
assert_mode(const char *path, mode_t mode)
{
	struct stat status;

	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmphex(status.st_mode & 07777, ==, mode);
}

static void
test_lines(Fixture *fixture, gconstpointer data)
{
	g_auto(GStrv) none = read_tail(fixture, 10);
	g_auto(GStrv) both = NULL;
	g_auto(GStrv) last = NULL;

	g_assert_null(none[0]);
	append(fixture, "first");
	append(fixture, "second");
	both = read_tail(fixture, 10);
	last = read_tail(fixture, 1);
	g_assert_cmpuint(g_strv_length(both), ==, 2);
	g_assert_cmpstr(both[0], ==, "first");
	g_assert_cmpstr(both[1], ==, "second");
	g_assert_cmpuint(g_strv_length(last), ==, 1);
	g_assert_cmpstr(last[0], ==, "second");
	assert_mode(fixture->folder, 0700);
	assert_mode(fixture->path, 0600);
}

/* Nobody else may read it, whatever somebody has made of it. */
static void
test_mode(Fixture *fixture, gconstpointer data)
{
	append(fixture, "first");
	g_assert_cmpint(chmod(fixture->path, 0644), ==, 0);
	append(fixture, "second");
	assert_mode(fixture->path, 0600);
}

static void
test_rotation(Fixture *fixture, gconstpointer data)
{
	g_auto(GStrv) lines = NULL;

	for (guint i = 0; i < 1000; i++) {
		g_autofree char *line = g_strdup_printf("line %04u", i);

		append(fixture, line);
		g_assert_cmpuint(count_files(fixture), <=, COUNT);
	}
	g_assert_cmpuint(count_files(fixture), ==, COUNT);
	for (guint age = 0; age < COUNT; age++) {
		g_autofree char *path = age == 0 ? g_strdup(fixture->path)
						 : g_strdup_printf("%s.%u", fixture->path, age);
		struct stat status;

		g_assert_cmpint(stat(path, &status), ==, 0);
		g_assert_cmpint(status.st_size, <=, SMALL + 10);
		assert_mode(path, 0600);
	}
	lines = read_tail(fixture, 150);
	g_assert_cmpuint(g_strv_length(lines), ==, 150);
	for (guint i = 0; i < 150; i++) {
		g_autofree char *line = g_strdup_printf("line %04u", 850 + i);

		g_assert_cmpstr(lines[i], ==, line);
	}
}

/* Who holds the lock holds nobody up; the file grows on, but not for ever. */
static void
test_held_lock(Fixture *fixture, gconstpointer data)
{
	g_autofree char *lock_path = g_build_filename(fixture->folder, "lock", NULL);
	g_autoptr(CsFileLock) lock = NULL;
	const CsLogFile log = log_of(fixture);
	gboolean is_full = FALSE;

	append(fixture, "first");
	lock = cs_file_lock_acquire(lock_path, FALSE, NULL);
	g_assert_nonnull(lock);
	for (guint i = 0; i < 300 && !is_full; i++)
		is_full = !cs_log_file_append(&log, "0123456789", NULL);
	g_assert_true(is_full);
	g_assert_cmpuint(count_files(fixture), ==, 1);
	assert_refused(fixture, "too-large");
	g_clear_pointer(&lock, cs_file_lock_free);
	append(fixture, "last");
	g_assert_cmpuint(count_files(fixture), ==, 2);
}

/* A full disk has cut it short. */
static void
test_cut_line(Fixture *fixture, gconstpointer data)
{
	g_auto(GStrv) lines = NULL;

	append(fixture, "first");
	g_free(cs_test_write_text(fixture->folder, NAME, "first\nsec"));
	append(fixture, "third");
	lines = read_tail(fixture, 10);
	g_assert_cmpuint(g_strv_length(lines), ==, 3);
	g_assert_cmpstr(lines[1], ==, "sec");
	g_assert_cmpstr(lines[2], ==, "third");
}

/* What somebody put in its place is neither written to nor waited for. */
static void
test_odd_files(Fixture *fixture, gconstpointer data)
{
	g_autofree char *other = cs_test_write_text(fixture->top, "other", "untouched");
	g_autofree char *text = NULL;

	g_assert_cmpint(g_mkdir_with_parents(fixture->folder, 0700), ==, 0);
	g_assert_cmpint(symlink(other, fixture->path), ==, 0);
	assert_refused(fixture, "state-unavailable");
	g_assert_cmpint(unlink(fixture->path), ==, 0);
	g_assert_cmpint(link(other, fixture->path), ==, 0);
	assert_refused(fixture, "state-unavailable");
	g_assert_cmpint(unlink(fixture->path), ==, 0);
	g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
	assert_refused(fixture, "state-unavailable");
	g_assert_true(g_file_get_contents(other, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "untouched");
}

/* A file where the folder should be; a folder where the file should be. */
static void
test_no_folder(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	CsLogFile log;

	g_free(cs_test_write_text(fixture->top, "state", "x"));
	assert_refused(fixture, "state-unavailable");
	g_clear_pointer(&fixture->folder, g_free);
	fixture->folder = g_build_filename(fixture->top, "log", NULL);
	g_clear_pointer(&fixture->path, g_free);
	fixture->path = g_build_filename(fixture->folder, NAME, NULL);
	g_assert_cmpint(g_mkdir_with_parents(fixture->path, 0700), ==, 0);
	assert_refused(fixture, "state-unavailable");
	log = log_of(fixture);
	g_assert_null(cs_log_file_read_tail(&log, 10, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
}

/* What others wrote into it cannot drive a terminal. */
static void
test_foreign_lines(Fixture *fixture, gconstpointer data)
{
	g_auto(GStrv) lines = NULL;

	append(fixture, "first");
	g_free(cs_test_write_text(fixture->folder, NAME, "\033[2J\n\n\xff\n"));
	lines = read_tail(fixture, 10);
	g_assert_cmpuint(g_strv_length(lines), ==, 2);
	g_assert_cmpstr(lines[0], ==, "\\x1b[2J");
	g_assert_cmpstr(lines[1], ==, "\xef\xbf\xbd");
}

static gpointer
write_thread_cb(gpointer data)
{
	Fixture *fixture = data;
	const CsLogFile log = {fixture->folder, NAME, LARGER, COUNT};

	for (guint i = 0; i < N_LINES; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *line = g_strdup_printf("%p says its line %04u and ends it",
							(void *)g_thread_self(), i);

		/* Whoever turns the files may have been stopped for long. */
		if (!cs_log_file_append(&log, line, &error))
			g_assert_cmpstr(cs_error_get_reason(error), ==, "too-large");
	}
	return NULL;
}

/* Descriptors of their own, as processes have: lines stay whole, files stay few. */
static void
test_many_writers(Fixture *fixture, gconstpointer data)
{
	GThread *threads[N_WRITERS];
	g_auto(GStrv) lines = NULL;

	for (guint i = 0; i < N_WRITERS; i++)
		threads[i] = g_thread_new("writer", write_thread_cb, fixture);
	for (guint i = 0; i < N_WRITERS; i++)
		g_thread_join(threads[i]);
	g_assert_cmpuint(count_files(fixture), ==, COUNT);
	lines = read_tail(fixture, G_MAXUINT);
	g_assert_cmpuint(g_strv_length(lines), >, 100);
	for (char **line = lines; *line != NULL; line++) {
		g_assert_true(g_str_has_prefix(*line, "0x"));
		g_assert_true(g_str_has_suffix(*line, " and ends it"));
	}
}

#define ADD(path, function)                                                                        \
	g_test_add("/log-file/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("lines", test_lines);
	ADD("mode", test_mode);
	ADD("rotation", test_rotation);
	ADD("held-lock", test_held_lock);
	ADD("cut-line", test_cut_line);
	ADD("odd-files", test_odd_files);
	ADD("no-folder", test_no_folder);
	ADD("foreign-lines", test_foreign_lines);
	ADD("many-writers", test_many_writers);
	return g_test_run();
}
