/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/file.h"

#include "core/base/error.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/pki-fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIG_BYTES (64 * 1024)

typedef struct {
	char *folder;
	char *path; /* folder/file */
	char *temporary;
	mode_t mask;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->mask = umask(0);
	fixture->folder = cs_test_make_folder();
	fixture->path = g_build_filename(fixture->folder, "file", NULL);
	fixture->temporary = g_build_filename(fixture->folder, ".file.tmp", NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_delete_folder(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->path);
	g_free(fixture->temporary);
	umask(fixture->mask);
}

static mode_t
get_mode(const char *path)
{
	struct stat status;

	g_assert_cmpint(lstat(path, &status), ==, 0);
	return status.st_mode;
}

static guint
count_entries(const char *folder)
{
	g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
	guint count = 0;

	g_assert_nonnull(entries);
	while (g_dir_read_name(entries) != NULL)
		count++;
	return count;
}

static void
write_text(const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_file_write_atomically(path, text, strlen(text), &error));
	g_assert_no_error(error);
}

static void
assert_text(const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = cs_file_read(path, 1000, &error);

	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text));
}

static void
assert_unreadable(const char *path, gsize max_bytes, CsErrorCode code, const char *reason)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) secret_error = NULL;

	g_assert_null(cs_file_read(path, max_bytes, &error));
	g_assert_error(error, CS_ERROR, (int)code);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
	g_assert_null(cs_file_read_secret(path, max_bytes, &secret_error));
	g_assert_error(secret_error, CS_ERROR, (int)code);
}

static void
test_ensure_folder(Fixture *fixture, gconstpointer data)
{
	g_autofree char *deep = g_build_filename(fixture->folder, "a", "b", "c", NULL);
	g_autofree char *middle = g_build_filename(fixture->folder, "a", "b", NULL);
	g_autofree char *odd = g_strconcat(fixture->folder, "//x///y/", NULL);
	g_autofree char *made = g_build_filename(fixture->folder, "x", "y", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_file_ensure_folder(deep, &error));
	g_assert_no_error(error);
	g_assert_cmpint(get_mode(deep), ==, S_IFDIR | 0700);
	g_assert_cmpint(get_mode(middle), ==, S_IFDIR | 0700);
	g_assert_true(cs_file_ensure_folder(odd, &error));
	g_assert_cmpint(get_mode(made), ==, S_IFDIR | 0700);
	g_assert_cmpint(chmod(middle, 0755), ==, 0);
	g_assert_true(cs_file_ensure_folder(deep, &error));
	g_assert_cmpint(get_mode(middle), ==, S_IFDIR | 0755);
}

static void
test_ensure_folder_refuses(Fixture *fixture, gconstpointer data)
{
	g_autofree char *below = g_build_filename(fixture->path, "below", NULL);
	g_autoptr(GError) error = NULL;

	write_text(fixture->path, "in the way");
	g_assert_false(cs_file_ensure_folder(fixture->path, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_clear_error(&error);
	g_assert_false(cs_file_ensure_folder(below, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
}

static void
test_write(Fixture *fixture, gconstpointer data)
{
	write_text(fixture->path, "first");
	assert_text(fixture->path, "first");
	g_assert_cmpint(get_mode(fixture->path), ==, S_IFREG | 0600);
	g_assert_cmpint(chmod(fixture->path, 0644), ==, 0);
	umask(0777);
	write_text(fixture->path, "second, longer");
	assert_text(fixture->path, "second, longer");
	g_assert_cmpint(get_mode(fixture->path), ==, S_IFREG | 0600);
	write_text(fixture->path, "");
	assert_text(fixture->path, "");
	g_assert_cmpuint(count_entries(fixture->folder), ==, 1);
}

static void
test_write_beside_the_current_folder(Fixture *fixture, gconstpointer data)
{
	g_autofree char *before = g_get_current_dir();

	g_assert_cmpint(chdir(fixture->folder), ==, 0);
	write_text("file", "here");
	g_assert_cmpint(chdir(before), ==, 0);
	assert_text(fixture->path, "here");
}

static void
test_write_replaces_link(Fixture *fixture, gconstpointer data)
{
	g_autofree char *target = cs_test_write_text(fixture->folder, "target", "precious");

	g_assert_cmpint(symlink(target, fixture->path), ==, 0);
	g_assert_cmpint(symlink(target, fixture->temporary), ==, 0);
	write_text(fixture->path, "new");
	g_assert_cmpint(get_mode(fixture->path), ==, S_IFREG | 0600);
	assert_text(fixture->path, "new");
	assert_text(target, "precious");
	g_assert_cmpuint(count_entries(fixture->folder), ==, 2);
}

/* What a killed writer left goes with the next write, or with the file. */
static void
test_stale_temporary(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	g_free(cs_test_write_text(fixture->folder, ".file.tmp", "half a k"));
	g_assert_cmpint(chmod(fixture->temporary, 0644), ==, 0);
	write_text(fixture->path, "whole");
	assert_text(fixture->path, "whole");
	g_assert_cmpint(get_mode(fixture->path), ==, S_IFREG | 0600);
	g_assert_cmpuint(count_entries(fixture->folder), ==, 1);
	g_free(cs_test_write_text(fixture->folder, ".file.tmp", "half a k"));
	g_assert_true(cs_file_delete(fixture->path, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(count_entries(fixture->folder), ==, 0);
	g_assert_cmpint(mkfifo(fixture->temporary, 0600), ==, 0);
	write_text(fixture->path, "whole");
	g_assert_cmpuint(count_entries(fixture->folder), ==, 1);
}

/* A second name of what lies in the way shows nothing of what is written. */
static void
test_stale_temporary_elsewhere(Fixture *fixture, gconstpointer data)
{
	g_autofree char *target = cs_test_write_text(fixture->folder, "target", "precious");

	g_assert_cmpint(link(target, fixture->temporary), ==, 0);
	write_text(fixture->path, "new");
	assert_text(fixture->path, "new");
	assert_text(target, "precious");
	g_assert_cmpuint(count_entries(fixture->folder), ==, 2);
}

/* A file of another owner would stay readable to them. */
static void
test_stale_temporary_of_another(Fixture *fixture, gconstpointer data)
{
	struct stat status;

	if (geteuid() != 0) {
		g_test_skip("only root can give a file away");
		return;
	}
	g_free(cs_test_write_text(fixture->folder, ".file.tmp", "half a k"));
	g_assert_cmpint(chown(fixture->temporary, 65534, 65534), ==, 0);
	write_text(fixture->path, "new");
	g_assert_cmpint(stat(fixture->path, &status), ==, 0);
	g_assert_cmpuint(status.st_uid, ==, 0);
}

static void
assert_unwritable(const char *path)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(cs_file_write_atomically(path, "x", 1, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
}

static void
test_write_fails_cleanly(Fixture *fixture, gconstpointer data)
{
	g_autofree char *nowhere = g_build_filename(fixture->folder, "none", "file", NULL);
	g_autofree char *inside = g_build_filename(fixture->path, "inside", NULL);
	g_autofree char *long_name = g_strnfill(254, 'n');
	g_autofree char *too_long = g_build_filename(fixture->folder, long_name, NULL);

	assert_unwritable(nowhere);
	assert_unwritable(too_long);
	g_assert_cmpint(mkdir(fixture->path, 0700), ==, 0);
	assert_unwritable(fixture->path);
	g_assert_cmpuint(count_entries(fixture->folder), ==, 1);
	write_text(inside, "x");
	g_assert_cmpint(mkdir(fixture->temporary, 0700), ==, 0);
	assert_unwritable(fixture->path);
}

/* The disk is full: the old file stays, and nothing else does. */
static void
test_full_disk(Fixture *fixture, gconstpointer data)
{
	g_autofree char *big = g_malloc0(BIG_BYTES);
	g_autoptr(GError) error = NULL;
	struct rlimit limit = {0, 0};

	write_text(fixture->path, "old");
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	const struct rlimit small = {1024, limit.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
	gboolean written = cs_file_write_atomically(fixture->path, big, BIG_BYTES, &error);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	signal(SIGXFSZ, SIG_DFL);
	g_assert_false(written);
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	assert_text(fixture->path, "old");
	g_assert_cmpuint(count_entries(fixture->folder), ==, 1);
}

static gboolean
is_uniform(GBytes *bytes)
{
	const char *data = g_bytes_get_data(bytes, NULL);

	if (g_bytes_get_size(bytes) != BIG_BYTES)
		return FALSE;
	for (gsize i = 1; i < BIG_BYTES; i++) {
		if (data[i] != data[0])
			return FALSE;
	}
	return TRUE;
}

static void
write_uniform(const char *path, char letter)
{
	g_autofree char *text = g_strnfill(BIG_BYTES, letter);

	write_text(path, text);
}

/* A reader never sees half a file, and neither does anybody after a kill at any moment. */
static void
test_kill_at_any_moment(Fixture *fixture, gconstpointer data)
{
	for (guint round = 0; round < 20; round++) {
		int status;
		pid_t child;

		write_uniform(fixture->path, 'a');
		g_assert_cmpuint(count_entries(fixture->folder), ==, 1);
		child = fork();
		g_assert_cmpint(child, >=, 0);
		if (child == 0) {
			for (char letter = 'a';; letter = letter == 'z' ? 'a' : letter + 1)
				write_uniform(fixture->path, letter);
		}
		for (guint i = 0; i < 5 + 7 * round; i++) {
			g_autoptr(GBytes) bytes = cs_file_read(fixture->path, BIG_BYTES, NULL);

			g_assert_true(is_uniform(bytes));
		}
		g_assert_cmpint(kill(child, SIGKILL), ==, 0);
		g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	}
}

static gpointer
write_often_thread_cb(gpointer data)
{
	for (guint i = 0; i < 40; i++)
		write_uniform(data, (char)('a' + i % 26));
	return NULL;
}

/* Those who forgot the lock still do not mix their files, and none is left waiting for good. */
static void
test_writers_wait_for_each_other(Fixture *fixture, gconstpointer data)
{
	GThread *threads[16];
	g_autoptr(GBytes) bytes = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("writer", write_often_thread_cb, fixture->path);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	bytes = cs_file_read(fixture->path, BIG_BYTES, NULL);
	g_assert_true(is_uniform(bytes));
	g_assert_cmpuint(count_entries(fixture->folder), ==, 1);
}

static void
test_delete(Fixture *fixture, gconstpointer data)
{
	g_autofree char *nowhere = g_build_filename(fixture->folder, "none", "file", NULL);
	g_autofree char *below = g_build_filename(fixture->path, "below", NULL);
	g_autoptr(GError) error = NULL;

	write_text(fixture->path, "x");
	g_assert_true(cs_file_delete(fixture->path, &error));
	g_assert_true(cs_file_delete(fixture->path, &error));
	g_assert_true(cs_file_delete(nowhere, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(count_entries(fixture->folder), ==, 0);
	write_text(fixture->path, "x");
	g_assert_false(cs_file_delete(below, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_clear_error(&error);
	g_assert_false(cs_file_delete(fixture->folder, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
}

static void
test_read_caps(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GBytes) exact = NULL;

	write_text(fixture->path, "12345");
	assert_text(fixture->path, "12345");
	exact = cs_file_read(fixture->path, 5, NULL);
	g_assert_nonnull(exact);
	assert_unreadable(fixture->path, 4, CS_ERROR_STATE, "too-large");
	/* The kernel says 0 bytes, and gives more. */
	assert_unreadable("/proc/self/status", 10, CS_ERROR_STATE, "too-large");
}

static void
test_read_lying_size(void)
{
	g_autoptr(GBytes) bytes = cs_file_read("/proc/self/status", 65536, NULL);

	g_assert_nonnull(bytes);
	g_assert_cmpuint(g_bytes_get_size(bytes), >, 100);
}

static void
test_read_secret(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsSecret) secret = NULL;

	write_text(fixture->path, "hunter2");
	secret = cs_file_read_secret(fixture->path, 7, NULL);
	g_assert_cmpstr(cs_secret_get_text(secret), ==, "hunter2");
}

static void
test_read_missing(Fixture *fixture, gconstpointer data)
{
	g_autofree char *below = g_build_filename(fixture->path, "below", NULL);

	assert_unreadable(fixture->path, 10, CS_ERROR_NOT_FOUND, "not-found");
	write_text(fixture->path, "x");
	assert_unreadable(below, 10, CS_ERROR_NOT_FOUND, "not-found");
}

/* Nobody ever writes into this FIFO: a blocking open would hang the test. */
static void
test_read_regular_only(Fixture *fixture, gconstpointer data)
{
	g_autofree char *link = g_build_filename(fixture->folder, "link", NULL);
	g_autofree char *loop = g_build_filename(fixture->folder, "loop", NULL);

	g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
	g_assert_cmpint(symlink(fixture->path, link), ==, 0);
	g_assert_cmpint(symlink(loop, loop), ==, 0);
	assert_unreadable(fixture->path, 10, CS_ERROR_STATE, "not-a-file");
	assert_unreadable(link, 10, CS_ERROR_STATE, "not-a-file");
	assert_unreadable(loop, 10, CS_ERROR_STATE, "state-unavailable");
	assert_unreadable(fixture->folder, 10, CS_ERROR_STATE, "not-a-file");
	assert_unreadable("/dev/zero", 10, CS_ERROR_STATE, "not-a-file");
}

static void
test_write_regular_only(Fixture *fixture, gconstpointer data)
{
	g_autofree char *link = g_build_filename(fixture->folder, "link", NULL);
	const char *const paths[] = {fixture->path, link, fixture->folder};
	struct stat status;

	g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
	g_assert_cmpint(symlink(fixture->path, link), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(cs_file_write_atomically(paths[i], "x", 1, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "not-a-file");
	}
	g_assert_true(stat(fixture->path, &status) == 0 && S_ISFIFO(status.st_mode));
	g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
	g_assert_cmpuint(count_entries(fixture->folder), ==, 2);
}

static void
test_read_link(Fixture *fixture, gconstpointer data)
{
	g_autofree char *link = g_build_filename(fixture->folder, "link", NULL);

	write_text(fixture->path, "x");
	g_assert_cmpint(symlink("file", link), ==, 0);
	assert_text(link, "x");
}

static void
test_lock(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	CsFileLock *lock = cs_file_lock_acquire(fixture->path, FALSE, &error);

	g_assert_no_error(error);
	g_assert_nonnull(lock);
	g_assert_cmpint(get_mode(fixture->path), ==, S_IFREG | 0600);
	g_assert_null(cs_file_lock_acquire(fixture->path, FALSE, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_REFUSED);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "busy");
	g_clear_error(&error);
	cs_file_lock_free(lock);
	lock = cs_file_lock_acquire(fixture->path, FALSE, &error);
	g_assert_no_error(error);
	cs_file_lock_free(lock);
	cs_file_lock_free(NULL);
}

typedef struct {
	const char *path;
	gint counter;
	gint inside;
} Shared;

static gpointer
count_under_lock_thread_cb(gpointer data)
{
	Shared *shared = data;

	for (guint i = 0; i < 200; i++) {
		g_autoptr(CsFileLock) lock = cs_file_lock_acquire(shared->path, TRUE, NULL);

		g_assert_nonnull(lock);
		g_assert_cmpint(g_atomic_int_add(&shared->inside, 1), ==, 0);
		g_atomic_int_inc(&shared->counter);
		g_atomic_int_add(&shared->inside, -1);
	}
	return NULL;
}

static void
test_lock_waits(Fixture *fixture, gconstpointer data)
{
	Shared shared = {fixture->path, 0, 0};
	GThread *threads[4];

	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("locker", count_under_lock_thread_cb, &shared);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	g_assert_cmpint(shared.counter, ==, 800);
}

static void
test_lock_ends_with_process(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsFileLock) lock = NULL;
	pid_t child = fork();

	g_assert_cmpint(child, >=, 0);
	if (child == 0) {
		if (cs_file_lock_acquire(fixture->path, TRUE, NULL) == NULL)
			cs_test_end_child(1);
		cs_test_await_kill();
	}
	cs_test_kill_waiting(child);
	lock = cs_file_lock_acquire(fixture->path, FALSE, NULL);
	g_assert_nonnull(lock);
}

static void
assert_no_lock(const char *path, const char *reason)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_file_lock_acquire(path, FALSE, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

static void
test_lock_refuses(Fixture *fixture, gconstpointer data)
{
	g_autofree char *nowhere = g_build_filename(fixture->folder, "none", "lock", NULL);
	g_autofree char *link = g_build_filename(fixture->folder, "link", NULL);

	assert_no_lock(nowhere, "state-unavailable");
	g_assert_cmpint(symlink("elsewhere", link), ==, 0);
	assert_no_lock(link, "state-unavailable");
	g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
	assert_no_lock(fixture->path, "not-a-file");
	assert_no_lock(fixture->folder, "state-unavailable");
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/file/ensure-folder", test_ensure_folder);
	ADD("/file/ensure-folder-refuses", test_ensure_folder_refuses);
	ADD("/file/write", test_write);
	ADD("/file/write-beside-the-current-folder", test_write_beside_the_current_folder);
	ADD("/file/write-replaces-link", test_write_replaces_link);
	ADD("/file/stale-temporary", test_stale_temporary);
	ADD("/file/stale-temporary-elsewhere", test_stale_temporary_elsewhere);
	ADD("/file/stale-temporary-of-another", test_stale_temporary_of_another);
	ADD("/file/write-regular-only", test_write_regular_only);
	ADD("/file/write-fails-cleanly", test_write_fails_cleanly);
	ADD("/file/full-disk", test_full_disk);
	ADD("/file/kill-at-any-moment", test_kill_at_any_moment);
	ADD("/file/writers-wait-for-each-other", test_writers_wait_for_each_other);
	ADD("/file/delete", test_delete);
	ADD("/file/read-caps", test_read_caps);
	g_test_add_func("/file/read-lying-size", test_read_lying_size);
	ADD("/file/read-secret", test_read_secret);
	ADD("/file/read-missing", test_read_missing);
	ADD("/file/read-regular-only", test_read_regular_only);
	ADD("/file/read-link", test_read_link);
	ADD("/file/lock", test_lock);
	ADD("/file/lock-waits", test_lock_waits);
	ADD("/file/lock-ends-with-process", test_lock_ends_with_process);
	ADD("/file/lock-refuses", test_lock_refuses);
	return g_test_run();
}
