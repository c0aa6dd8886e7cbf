/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/directory-store.h"
#include "core/store/directory-table.h"
#include "core/store/directory-watch.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fixtures/unprivileged.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#define IDENTITIES 4

typedef struct {
	char *parent;
	char *path;
	CsStore *store;
	CsTestIdentity *issuer;
	CsTestIdentity *identities[IDENTITIES];
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile authority = {.ca = TRUE, .key_number = 1};
	fixture->parent = cs_test_make_folder();
	fixture->path = g_build_filename(fixture->parent, "store", NULL);
	fixture->issuer = cs_test_identity_new(&authority, NULL);
	for (guint i = 0; i < IDENTITIES; i++) {
		const CsTestProfile leaf = {.key_number = 2};
		fixture->identities[i] = cs_test_identity_new(&leaf, fixture->issuer);
	}
	g_assert_cmpint(g_mkdir(fixture->path, 0755), ==, 0);
	fixture->store = cs_directory_store_new(fixture->path, CS_STORE_MACHINE);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	fixture->store->class->free(fixture->store);
	cs_test_delete_folder(fixture->parent);
	g_free(fixture->parent);
	g_free(fixture->path);
	cs_test_identity_free(fixture->issuer);
	for (guint i = 0; i < IDENTITIES; i++)
		cs_test_identity_free(fixture->identities[i]);
}

static char *
path_of(Fixture *fixture, const char *name)
{
	return g_build_filename(fixture->path, name, NULL);
}

/* Each identity's file has a size of its own: on kernels with coarse times a file that is written
 * over at once is told apart by its size alone. */
static void
put(Fixture *fixture, const char *name, guint identity)
{
	g_autofree char *padding = g_strnfill(16 * identity, '\n');
	g_autofree char *text =
		g_strconcat(cs_test_identity_get_pem(fixture->identities[identity]), padding, NULL);
	g_autofree char *path = path_of(fixture, name);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *base = g_path_get_basename(path);
	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
	g_free(cs_test_write_text(folder, base, text));
}

static void
take(Fixture *fixture, const char *name)
{
	g_autofree char *path = path_of(fixture, name);
	g_assert_cmpint(g_unlink(path), ==, 0);
}

static void
move(Fixture *fixture, const char *from, const char *to)
{
	g_autofree char *old_path = path_of(fixture, from);
	g_autofree char *new_path = path_of(fixture, to);
	g_assert_cmpint(g_rename(old_path, new_path), ==, 0);
}

static gint
compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What the store holds under the issuer's name: "name=identity ...", by name. */
static char *
describe(Fixture *fixture)
{
	CsCertificate *issuer = cs_test_identity_get_certificate(fixture->issuer);
	g_autoptr(GPtrArray) found = fixture->store->class->look_up(
		fixture->store, cs_certificate_get_subject_name(issuer));
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; found != NULL && i < found->len; i++) {
		const CsStoreEntry *entry = g_ptr_array_index(found, i);
		const char *location = cs_store_entry_get_location(entry);
		guint identity = 0;
		while (!g_bytes_equal(
			cs_test_identity_get_der(fixture->identities[identity]),
			cs_certificate_get_der(cs_store_entry_get_certificate(entry))))
			g_assert_cmpuint(++identity, <, IDENTITIES);
		g_assert_true(g_str_has_prefix(location, fixture->path));
		g_assert_cmpint(cs_store_entry_get_kind(entry), ==, CS_STORE_MACHINE);
		g_ptr_array_add(
			lines,
			g_strdup_printf("%s=%u", location + strlen(fixture->path) + 1, identity));
	}
	g_ptr_array_sort(lines, compare_texts);
	g_ptr_array_add(lines, NULL);
	return g_strjoinv(" ", (char **)lines->pdata);
}

static void
expect(Fixture *fixture, const char *contents)
{
	fixture->store->class->refresh(fixture->store, NULL);
	g_autofree char *found = describe(fixture);
	g_assert_cmpstr(found, ==, contents);
}

/* The names passed over, by name; the store's own folder is ".". */
static char *
passed_over(Fixture *fixture)
{
	g_autoptr(GPtrArray) lines =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_passed_over_free);
	GString *text = g_string_new(NULL);
	fixture->store->class->list_passed_over(fixture->store, lines);
	for (guint i = 0; i < lines->len; i++) {
		const CsPassedOver *line = g_ptr_array_index(lines, i);
		const char *name = line->location + strlen(fixture->path);
		g_assert_cmpstr(line->why, !=, "");
		g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
				       *name != '\0' ? name + 1 : ".");
	}
	return g_string_free(text, FALSE);
}

static void
expect_passed_over(Fixture *fixture, const char *names)
{
	g_autofree char *found = passed_over(fixture);
	g_assert_cmpstr(found, ==, names);
}

static void
test_layout(Fixture *fixture, gconstpointer data)
{
	put(fixture, "a.pem", 0);
	put(fixture, "no-extension", 1);
	put(fixture, "sub/cert.pem", 2);
	put(fixture, "sub/deep/cert.pem", 3);
	put(fixture, ".hidden", 3);
	put(fixture, ".hidden-folder/cert.pem", 3);
	put(fixture, "sub/.hidden", 3);
	expect(fixture, "a.pem=0 no-extension=1 sub/cert.pem=2");
	expect_passed_over(fixture, "sub/deep");
	g_assert_cmpuint(fixture->store->class->count(fixture->store), ==, 3);
}

static void
test_foreign(Fixture *fixture, gconstpointer data)
{
	g_autofree char *fifo = path_of(fixture, "fifo");
	g_autofree char *dangling = path_of(fixture, "dangling");
	g_autofree char *folder_link = path_of(fixture, "folder-link");
	put(fixture, "good.pem", 0);
	put(fixture, "key.pem", 1);
	g_free(cs_test_write_text(fixture->path, "a.key", "not even a key"));
	g_free(cs_test_write_text(fixture->path, "junk", "junk"));
	g_free(cs_test_write_text(fixture->path, "empty", ""));
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_cmpint(symlink("nowhere", dangling), ==, 0);
	g_assert_cmpint(symlink("/", folder_link), ==, 0);
	expect(fixture, "good.pem=0");
	expect_passed_over(fixture, "dangling empty fifo folder-link junk");
}

/* Everything that may happen to a file or folder, each seen by the next refresh alone. */
static void
test_changes(Fixture *fixture, gconstpointer data)
{
	g_autofree char *sub = path_of(fixture, "sub");
	expect(fixture, "");
	put(fixture, "a", 0);
	expect(fixture, "a=0");
	put(fixture, "a", 1);
	expect(fixture, "a=1");
	move(fixture, "a", "b");
	expect(fixture, "b=1");
	put(fixture, "sub/a", 2);
	expect(fixture, "b=1 sub/a=2");
	put(fixture, "sub/b", 3);
	put(fixture, "sub/a", 0);
	expect(fixture, "b=1 sub/a=0 sub/b=3");
	move(fixture, "sub", "other");
	expect(fixture, "b=1 other/a=0 other/b=3");
	put(fixture, "other/a", 1);
	move(fixture, "b", "other/b");
	expect(fixture, "other/a=1 other/b=1");
	take(fixture, "other/a");
	expect(fixture, "other/b=1");
	move(fixture, "other", "../aside");
	expect(fixture, "");
	put(fixture, "../aside/b", 2);
	expect(fixture, "");
	move(fixture, "../aside", "sub");
	expect(fixture, "sub/b=2");
	cs_test_delete_folder(sub);
	put(fixture, "sub/c", 3);
	expect(fixture, "sub/c=3");
	cs_test_delete_folder(sub);
	put(fixture, "sub", 0);
	expect(fixture, "sub=0");
	take(fixture, "sub");
	expect(fixture, "");
	expect_passed_over(fixture, "");
}

/* Two folders swap their names between two refreshes. */
static void
test_swapped_folders(Fixture *fixture, gconstpointer data)
{
	put(fixture, "one/c", 0);
	put(fixture, "two/c", 1);
	expect(fixture, "one/c=0 two/c=1");
	move(fixture, "one", "three");
	move(fixture, "two", "one");
	move(fixture, "three", "two");
	expect(fixture, "one/c=1 two/c=0");
	put(fixture, "two/c", 2);
	expect(fixture, "one/c=1 two/c=2");
	put(fixture, "one/c", 3);
	expect(fixture, "one/c=3 two/c=2");
}

/* Only what changed is read again: an entry that did not change stays the same one, also after a
 * folder that is watched got another name. */
static void
test_incremental(Fixture *fixture, gconstpointer data)
{
	GBytes *name =
		cs_certificate_get_subject_name(cs_test_identity_get_certificate(fixture->issuer));
	put(fixture, "a", 0);
	expect(fixture, "a=0");
	g_autoptr(GPtrArray) before = fixture->store->class->look_up(fixture->store, name);
	put(fixture, "sub/b", 1);
	expect(fixture, "a=0 sub/b=1");
	move(fixture, "sub", "other");
	expect(fixture, "a=0 other/b=1");
	put(fixture, "other/c", 2);
	expect(fixture, "a=0 other/b=1 other/c=2");
	g_autoptr(GPtrArray) after = fixture->store->class->look_up(fixture->store, name);
	CsDirectoryWatch *watch = cs_directory_watch_new();
	int folder = open(fixture->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (watch == NULL || cs_directory_watch_add(watch, folder) < 0)
		g_test_skip("the temporary folder's file system cannot be watched");
	else
		g_assert_true(g_ptr_array_find(after, g_ptr_array_index(before, 0), NULL));
	g_clear_pointer(&watch, cs_directory_watch_free);
	close(folder);
}

static void
test_junk_becomes_good(Fixture *fixture, gconstpointer data)
{
	g_free(cs_test_write_text(fixture->path, "a", "junk"));
	expect(fixture, "");
	expect_passed_over(fixture, "a");
	put(fixture, "a", 0);
	expect(fixture, "a=0");
	expect_passed_over(fixture, "");
	g_free(cs_test_write_text(fixture->path, "a", "junk"));
	expect(fixture, "");
	expect_passed_over(fixture, "a");
	take(fixture, "a");
	expect_passed_over(fixture, "a");
	expect(fixture, "");
	expect_passed_over(fixture, "");
}

static void
test_folder_missing(Fixture *fixture, gconstpointer data)
{
	g_autofree char *aside = g_build_filename(fixture->parent, "aside", NULL);
	cs_test_delete_folder(fixture->path);
	expect(fixture, "");
	expect_passed_over(fixture, ".");
	put(fixture, "a", 0);
	expect(fixture, "a=0");
	expect_passed_over(fixture, "");
	cs_test_delete_folder(fixture->path);
	expect(fixture, "");
	put(fixture, "a", 1);
	expect(fixture, "a=1");
	cs_test_delete_folder(fixture->path);
	put(fixture, "a", 2);
	expect(fixture, "a=2");
	g_assert_cmpint(g_rename(fixture->path, aside), ==, 0);
	expect(fixture, "");
	put(fixture, "b", 3);
	expect(fixture, "b=3");
	g_assert_cmpint(g_unlink(fixture->path), !=, 0);
	cs_test_delete_folder(fixture->path);
	g_free(cs_test_write_text(fixture->parent, "store", "a file"));
	expect(fixture, "");
	expect_passed_over(fixture, ".");
}

/* The store's folder is a link, and leads elsewhere later: inotify tells nothing of that. */
static void
test_folder_is_a_link(Fixture *fixture, gconstpointer data)
{
	put(fixture, "../one/a", 0);
	put(fixture, "../two/a", 1);
	g_assert_cmpint(g_rmdir(fixture->path), ==, 0);
	g_assert_cmpint(symlink("one", fixture->path), ==, 0);
	expect(fixture, "a=0");
	g_assert_cmpint(g_unlink(fixture->path), ==, 0);
	g_assert_cmpint(symlink("two", fixture->path), ==, 0);
	expect(fixture, "a=1");
	put(fixture, "../two/a", 2);
	expect(fixture, "a=2");
}

static void
test_linked_files(Fixture *fixture, gconstpointer data)
{
	g_autofree char *in_root = path_of(fixture, "a");
	g_autofree char *in_folder = path_of(fixture, "sub/a");
	g_autofree char *hard = path_of(fixture, "hard");
	g_autofree char *target = g_build_filename(fixture->parent, "target", NULL);
	put(fixture, "../target", 0);
	put(fixture, "sub/b", 3);
	g_assert_cmpint(symlink("../target", in_root), ==, 0);
	g_assert_cmpint(symlink("../../target", in_folder), ==, 0);
	expect(fixture, "a=0 sub/a=0 sub/b=3");
	put(fixture, "../target", 1);
	expect(fixture, "a=1 sub/a=1 sub/b=3");
	put(fixture, "../new", 2);
	move(fixture, "../new", "../target");
	expect(fixture, "a=2 sub/a=2 sub/b=3");
	take(fixture, "../target");
	expect(fixture, "sub/b=3");
	expect_passed_over(fixture, "a sub/a");
	put(fixture, "../target", 0);
	expect(fixture, "a=0 sub/a=0 sub/b=3");
	g_assert_cmpint(link(target, hard), ==, 0);
	expect(fixture, "a=0 hard=0 sub/a=0 sub/b=3");
	put(fixture, "../target", 3);
	expect(fixture, "a=3 hard=3 sub/a=3 sub/b=3");
	take(fixture, "sub/a");
	take(fixture, "a");
	take(fixture, "hard");
	expect(fixture, "sub/b=3");
}

/* Half a file that is still being written is passed over, and read again when it is whole. */
static void
test_written_slowly(Fixture *fixture, gconstpointer data)
{
	const char *pem = cs_test_identity_get_pem(fixture->identities[0]);
	g_autofree char *path = path_of(fixture, "a");
	FILE *out = g_fopen(path, "we");
	g_assert_cmpuint(fwrite(pem, 100, 1, out), ==, 1);
	g_assert_cmpint(fflush(out), ==, 0);
	expect(fixture, "");
	expect_passed_over(fixture, "a");
	g_assert_cmpint(fputs(pem + 100, out), >=, 0);
	g_assert_cmpint(fclose(out), ==, 0);
	expect(fixture, "a=0");
}

static void
test_cancelled(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	put(fixture, "a", 0);
	g_cancellable_cancel(cancellable);
	fixture->store->class->refresh(fixture->store, cancellable);
	g_assert_cmpuint(fixture->store->class->count(fixture->store), ==, 0);
	expect(fixture, "a=0");
	put(fixture, "b", 1);
	fixture->store->class->refresh(fixture->store, cancellable);
	expect(fixture, "a=0 b=1");
}

/* More events than the kernel keeps: everything is read again. */
static void
test_overflow(Fixture *fixture, gconstpointer data)
{
	put(fixture, "a", 0);
	put(fixture, "b", 1);
	expect(fixture, "a=0 b=1");
	for (guint i = 0; i < 10000; i++) {
		move(fixture, "b", "c");
		move(fixture, "c", "b");
	}
	take(fixture, "a");
	expect(fixture, "b=1");
}

static void
set_mode(Fixture *fixture, const char *name, mode_t mode)
{
	g_autofree char *path = path_of(fixture, name);
	g_assert_cmpint(chmod(path, mode), ==, 0);
}

static void
read_closed(gpointer data)
{
	Fixture *fixture = data;
	expect(fixture, "open=0");
	expect_passed_over(fixture, "closed closed-folder");
}

/* The child cannot give back what it may not change, so it only looks. */
static void
test_modes(Fixture *fixture, gconstpointer data)
{
	put(fixture, "open", 0);
	put(fixture, "closed", 1);
	put(fixture, "closed-folder/a", 2);
	g_assert_cmpint(chmod(fixture->parent, 0755), ==, 0);
	set_mode(fixture, "open", 0666);
	set_mode(fixture, "closed", 0);
	set_mode(fixture, "closed-folder", 0);
	cs_test_run_unprivileged(read_closed, fixture);
	set_mode(fixture, "closed-folder", 0755);
}

static void
open_and_close(gpointer data)
{
	Fixture *fixture = data;
	put(fixture, "folder/a", 0);
	put(fixture, "b", 1);
	expect(fixture, "b=1 folder/a=0");
	set_mode(fixture, "folder", 0);
	set_mode(fixture, "b", 0);
	expect(fixture, "");
	expect_passed_over(fixture, "b folder");
	expect(fixture, "");
	set_mode(fixture, "folder", 0755);
	set_mode(fixture, "b", 0600);
	expect(fixture, "b=1 folder/a=0");
	g_assert_cmpint(chmod(fixture->path, 0), ==, 0);
	expect(fixture, "");
	expect_passed_over(fixture, ".");
	g_assert_cmpint(chmod(fixture->path, 0755), ==, 0);
	expect(fixture, "b=1 folder/a=0");
}

/* What is opened to us later is read then. */
static void
test_modes_change(Fixture *fixture, gconstpointer data)
{
	g_assert_cmpint(chmod(fixture->parent, 0755), ==, 0);
	if (geteuid() == 0)
		g_assert_cmpint(chown(fixture->path, 65534, 65534), ==, 0);
	cs_test_run_unprivileged(open_and_close, fixture);
}

/* Enough for several threads: nothing is lost, and nothing is there twice. */
static void
test_many(Fixture *fixture, gconstpointer data)
{
	for (guint i = 0; i < 1500; i++) {
		g_autofree char *name = g_strdup_printf("%s%04u", i % 3 == 0 ? "sub/" : "", i);
		if (i % 5 == 0 && i > 0)
			g_free(cs_test_write_text(fixture->path, name, "junk"));
		else
			put(fixture, name, i % IDENTITIES);
	}
	for (guint turn = 0; turn < 2; turn++) {
		g_autoptr(GPtrArray) lines =
			g_ptr_array_new_with_free_func((GDestroyNotify)cs_passed_over_free);
		fixture->store->class->refresh(fixture->store, NULL);
		g_assert_cmpuint(fixture->store->class->count(fixture->store), ==, 1201);
		fixture->store->class->list_passed_over(fixture->store, lines);
		g_assert_cmpuint(lines->len, ==, 299);
	}
}

static void
test_full(Fixture *fixture, gconstpointer data)
{
	const char *pem = cs_test_identity_get_pem(fixture->identities[0]);
	GString *bundle = g_string_new(NULL);
	while (bundle->len + strlen(pem) < 1000000)
		g_string_append(bundle, pem);
	guint in_one = (guint)(bundle->len / strlen(pem));
	for (guint i = 0; i <= CS_DIRECTORY_MAX_FILES / in_one + 1; i++) {
		g_autofree char *name = g_strdup_printf("%u", i);
		g_free(cs_test_write_text(fixture->path, name, bundle->str));
	}
	g_string_free(bundle, TRUE);
	fixture->store->class->refresh(fixture->store, NULL);
	guint count = fixture->store->class->count(fixture->store);
	g_assert_cmpuint(count, >=, CS_DIRECTORY_MAX_FILES);
	g_assert_cmpuint(count, <=, CS_DIRECTORY_MAX_FILES + in_one);
	expect_passed_over(fixture, ".");
	for (guint i = 0; i <= CS_DIRECTORY_MAX_FILES / in_one; i++) {
		g_autofree char *name = g_strdup_printf("%u", i);
		take(fixture, name);
	}
	fixture->store->class->refresh(fixture->store, NULL);
	g_assert_cmpuint(fixture->store->class->count(fixture->store), ==, in_one);
	expect_passed_over(fixture, "");
}

#define ADD(name, function)                                                                        \
	g_test_add("/directory-store/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("layout", test_layout);
	ADD("foreign", test_foreign);
	ADD("changes", test_changes);
	ADD("swapped-folders", test_swapped_folders);
	ADD("incremental", test_incremental);
	ADD("junk-becomes-good", test_junk_becomes_good);
	ADD("folder-missing", test_folder_missing);
	ADD("folder-is-a-link", test_folder_is_a_link);
	ADD("linked-files", test_linked_files);
	ADD("written-slowly", test_written_slowly);
	ADD("cancelled", test_cancelled);
	ADD("overflow", test_overflow);
	ADD("modes", test_modes);
	ADD("modes-change", test_modes_change);
	ADD("many", test_many);
	ADD("full", test_full);
	return g_test_run();
}
