/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/directory-watch.h"
#include "tests/fixtures/pki-fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
	char *path;
	int folder;
	CsDirectoryWatch *watch;
	int number;
	GHashTable *names;
	guint lost;
	guint itself;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->path = cs_test_make_folder();
	fixture->folder = open(fixture->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fixture->watch = cs_directory_watch_new();
	g_assert_nonnull(fixture->watch);
	fixture->number = cs_directory_watch_add(fixture->watch, fixture->folder);
	fixture->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	if (fixture->folder >= 0)
		close(fixture->folder);
	cs_test_delete_folder(fixture->path);
	g_free(fixture->path);
	cs_directory_watch_free(fixture->watch);
	g_hash_table_unref(fixture->names);
}

/* Some file systems cannot be watched; then there is nothing to try here. */
static gboolean
is_watched(Fixture *fixture)
{
	if (fixture->number < 0)
		g_test_skip("the temporary folder's file system cannot be watched");
	return fixture->number >= 0;
}

static void
note(int number, const char *name, gboolean is_lost, gpointer data)
{
	Fixture *fixture = data;
	g_assert_cmpint(number, ==, fixture->number);
	if (is_lost)
		fixture->lost++;
	else if (name == NULL)
		fixture->itself++;
	else
		g_hash_table_add(fixture->names, g_strdup(name));
}

/* Drains, and expects exactly the one name; NULL: none. */
static void
expect(Fixture *fixture, const char *name)
{
	g_hash_table_remove_all(fixture->names);
	g_assert_true(cs_directory_watch_drain(fixture->watch, note, fixture));
	g_assert_cmpuint(g_hash_table_size(fixture->names), ==, name != NULL ? 1 : 0);
	g_assert_true(name == NULL || g_hash_table_contains(fixture->names, name));
}

static void
test_tells(Fixture *fixture, gconstpointer data)
{
	if (!is_watched(fixture))
		return;
	g_autofree char *path = cs_test_write_text(fixture->path, "a", "text");
	g_autofree char *other = g_build_filename(fixture->path, "b", NULL);
	expect(fixture, "a");
	expect(fixture, NULL);
	g_assert_cmpint(chmod(path, 0), ==, 0);
	expect(fixture, "a");
	g_assert_cmpint(truncate(path, 1), ==, 0);
	expect(fixture, "a");
	g_assert_cmpint(link(path, other), ==, 0);
	g_assert_true(cs_directory_watch_drain(fixture->watch, note, fixture));
	g_assert_true(g_hash_table_contains(fixture->names, "b"));
	g_assert_cmpint(unlink(other), ==, 0);
	g_assert_cmpint(rename(path, other), ==, 0);
	g_assert_true(cs_directory_watch_drain(fixture->watch, note, fixture));
	g_assert_true(g_hash_table_contains(fixture->names, "a"));
	g_assert_cmpint(symlink("b", path), ==, 0);
	expect(fixture, "a");
	g_assert_cmpint(unlink(other), ==, 0);
	expect(fixture, "b");
	g_assert_cmpuint(fixture->itself + fixture->lost, ==, 0);
}

static void
test_folder_itself(Fixture *fixture, gconstpointer data)
{
	if (!is_watched(fixture))
		return;
	g_assert_cmpint(chmod(fixture->path, 0755), ==, 0);
	expect(fixture, NULL);
	g_assert_cmpuint(fixture->itself, ==, 1);
	/* an open folder is not gone before it is closed */
	close(fixture->folder);
	fixture->folder = -1;
	g_assert_cmpint(rmdir(fixture->path), ==, 0);
	expect(fixture, NULL);
	g_assert_cmpuint(fixture->lost, >, 0);
}

static void
test_moved_away(Fixture *fixture, gconstpointer data)
{
	if (!is_watched(fixture))
		return;
	g_autofree char *aside = g_strconcat(fixture->path, "-aside", NULL);
	g_assert_cmpint(rename(fixture->path, aside), ==, 0);
	expect(fixture, NULL);
	g_assert_cmpuint(fixture->lost, ==, 1);
	g_assert_cmpint(rmdir(aside), ==, 0);
}

/* One folder under two names would be one watch: its events could not be told apart. */
static void
test_twice(Fixture *fixture, gconstpointer data)
{
	if (!is_watched(fixture))
		return;
	g_assert_cmpint(cs_directory_watch_add(fixture->watch, fixture->folder), ==, -1);
}

static void
test_removed(Fixture *fixture, gconstpointer data)
{
	if (!is_watched(fixture))
		return;
	g_autofree char *path = cs_test_write_text(fixture->path, "a", "text");
	cs_directory_watch_remove(fixture->watch, fixture->number);
	cs_directory_watch_remove(fixture->watch, fixture->number);
	expect(fixture, NULL);
	fixture->number = cs_directory_watch_add(fixture->watch, fixture->folder);
	g_assert_cmpint(fixture->number, >=, 0);
	g_assert_cmpint(unlink(path), ==, 0);
	expect(fixture, "a");
}

static gint64
read_limit(const char *path)
{
	g_autofree char *text = NULL;
	return g_file_get_contents(path, &text, NULL, NULL) ? g_ascii_strtoll(text, NULL, 10) : -1;
}

/* More than the kernel's queue holds: events are lost, and that is said. */
static void
test_overflow(Fixture *fixture, gconstpointer data)
{
	gint64 limit = read_limit("/proc/sys/fs/inotify/max_queued_events");
	if (!is_watched(fixture))
		return;
	if (limit < 0 || limit > 100000) {
		g_test_skip("the queue is too long to overflow here");
		return;
	}
	g_autofree char *one = cs_test_write_text(fixture->path, "a", "");
	g_autofree char *other = g_build_filename(fixture->path, "b", NULL);
	for (gint64 i = 0; i <= limit / 2; i++)
		g_assert_cmpint(i % 2 == 0 ? rename(one, other) : rename(other, one), ==, 0);
	g_assert_false(cs_directory_watch_drain(fixture->watch, note, fixture));
}

static void
test_not_a_folder(Fixture *fixture, gconstpointer data)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	g_assert_cmpint(cs_directory_watch_add(fixture->watch, fd), ==, -1);
	close(fd);
	g_assert_cmpint(cs_directory_watch_add(fixture->watch, -1), ==, -1);
}

#define ADD(name, function)                                                                        \
	g_test_add("/directory-watch/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("tells", test_tells);
	ADD("folder-itself", test_folder_itself);
	ADD("moved-away", test_moved_away);
	ADD("twice", test_twice);
	ADD("removed", test_removed);
	ADD("overflow", test_overflow);
	ADD("not-a-folder", test_not_a_folder);
	return g_test_run();
}
