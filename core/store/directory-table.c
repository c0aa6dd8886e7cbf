/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/directory-table.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>

#include "core/store/certificate-index.h"
#include "core/store/directory-key.h"
#include "core/store/file-stamp.h"
#include "core/store/key-memory.h"

/* One file that says something. */
typedef struct {
	CsStoreEntry **entries; /* (nullable) NULL-terminated */
	char *why;		/* (nullable) */
} File;

typedef struct {
	char *name; /* NULL: the store's own */
	int watch;
	GHashTable *files; /* base name -> File */
} Folder;

struct _CsDirectoryTable {
	char *path;
	CsStoreKind kind;
	CsCertificateIndex *index;
	CsKeyMemory *keys;
	Folder *root;
	GHashTable *folders;	 /* name -> Folder */
	GHashTable *by_watch;	 /* number -> Folder, lent */
	GHashTable *passed_over; /* name ("" is the store's folder) -> why */
	GHashTable *remote;	 /* name -> CsFileStamp */
	guint file_count;
};

static void
file_free(gpointer data)
{
	File *file = data;
	for (gsize i = 0; file->entries != NULL && file->entries[i] != NULL; i++)
		cs_store_entry_unref(file->entries[i]);
	g_free(file->entries);
	g_free(file->why);
	g_free(file);
}

static Folder *
folder_new(const char *name)
{
	Folder *folder = g_new0(Folder, 1);
	folder->name = g_strdup(name);
	folder->watch = -1;
	folder->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, file_free);
	return folder;
}

static void
folder_free(gpointer data)
{
	Folder *folder = data;
	g_hash_table_unref(folder->files);
	g_free(folder->name);
	g_free(folder);
}

/**
 * cs_directory_table_new:
 * @path: the store's folder, absolute
 * @kind: the store's kind, which its entries carry
 *
 * Returns: (transfer full): a table that knows nothing yet
 */
CsDirectoryTable *
cs_directory_table_new(const char *path, CsStoreKind kind)
{
	CsDirectoryTable *table = g_new0(CsDirectoryTable, 1);
	table->path = g_strdup(path);
	table->kind = kind;
	table->index = cs_certificate_index_new();
	table->keys = cs_key_memory_new();
	table->root = folder_new(NULL);
	table->folders = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, folder_free);
	table->by_watch = g_hash_table_new(NULL, NULL);
	table->passed_over = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	table->remote = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return table;
}

/**
 * cs_directory_table_free:
 * @table: (transfer full): a table
 */
void
cs_directory_table_free(CsDirectoryTable *table)
{
	folder_free(table->root);
	g_hash_table_unref(table->folders);
	g_hash_table_unref(table->by_watch);
	g_hash_table_unref(table->passed_over);
	g_hash_table_unref(table->remote);
	cs_certificate_index_free(table->index);
	cs_key_memory_clear(table->keys);
	cs_key_memory_unref(table->keys);
	g_free(table->path);
	g_free(table);
}

/**
 * cs_directory_table_clear:
 * @table: a table
 *
 * Forgets everything.
 */
void
cs_directory_table_clear(CsDirectoryTable *table)
{
	cs_certificate_index_clear(table->index);
	cs_key_memory_clear(table->keys);
	g_hash_table_remove_all(table->root->files);
	table->root->watch = -1;
	g_hash_table_remove_all(table->folders);
	g_hash_table_remove_all(table->by_watch);
	g_hash_table_remove_all(table->passed_over);
	g_hash_table_remove_all(table->remote);
	table->file_count = 0;
}

/**
 * cs_directory_table_put_folder:
 * @table: a table
 * @folder: (nullable): a sub-folder's name; %NULL is the store's own
 * @watch: the number of its watch, or -1
 *
 * A sub-folder that is known (a listing under change may name one twice) is forgotten first.
 */
void
cs_directory_table_put_folder(CsDirectoryTable *table, const char *folder, int watch)
{
	if (folder != NULL)
		cs_directory_table_drop_folder(table, folder);
	Folder *entry = folder != NULL ? folder_new(folder) : table->root;
	entry->watch = watch;
	if (folder != NULL)
		g_hash_table_replace(table->folders, entry->name, entry);
	if (watch >= 0)
		g_hash_table_insert(table->by_watch, GINT_TO_POINTER(watch), entry);
}

static char *
join(const Folder *folder, const char *base)
{
	return folder->name != NULL ? g_strconcat(folder->name, "/", base, NULL) : g_strdup(base);
}

static void
forget_file(CsDirectoryTable *table, const Folder *folder, const char *base, const File *file)
{
	for (gsize i = 0; file->entries != NULL && file->entries[i] != NULL; i++)
		cs_certificate_index_remove(table->index, file->entries[i]);
	if (file->entries != NULL)
		cs_key_memory_clear(table->keys);
	if (g_hash_table_size(table->remote) > 0) {
		g_autofree char *name = join(folder, base);
		g_hash_table_remove(table->remote, name);
	}
	table->file_count--;
}

/**
 * cs_directory_table_drop_folder:
 * @table: a table
 * @folder: a sub-folder's name, known or not
 *
 * Forgets the sub-folder with all its files.
 *
 * Returns: the number of its watch, for letting it go; -1 where it had none
 */
int
cs_directory_table_drop_folder(CsDirectoryTable *table, const char *folder)
{
	Folder *entry = g_hash_table_lookup(table->folders, folder);
	if (entry == NULL)
		return -1;
	int watch = entry->watch;
	GHashTableIter iter;
	gpointer base = NULL;
	gpointer file = NULL;
	g_hash_table_iter_init(&iter, entry->files);
	while (g_hash_table_iter_next(&iter, &base, &file))
		forget_file(table, entry, base, file);
	if (watch >= 0)
		g_hash_table_remove(table->by_watch, GINT_TO_POINTER(watch));
	g_hash_table_remove(table->folders, folder);
	return watch;
}

/**
 * cs_directory_table_find_folder:
 * @table: a table
 * @watch: a watch's number
 * @folder: (out) (nullable) (transfer none): the sub-folder's name; %NULL is the store's own
 *
 * Returns: %FALSE where no folder has that number
 */
gboolean
cs_directory_table_find_folder(CsDirectoryTable *table, int watch, const char **folder)
{
	const Folder *entry = g_hash_table_lookup(table->by_watch, GINT_TO_POINTER(watch));
	if (entry == NULL)
		return FALSE;
	*folder = entry->name;
	return TRUE;
}

/* The folder that a name lies in, or NULL, and its base name. */
static Folder *
split(CsDirectoryTable *table, const char *name, const char **base)
{
	const char *slash = strchr(name, '/');
	*base = slash != NULL ? slash + 1 : name;
	if (slash == NULL)
		return table->root;
	g_autofree char *folder = g_strndup(name, (gsize)(slash - name));
	return g_hash_table_lookup(table->folders, folder);
}

static CsStoreEntry **
make_entries(CsDirectoryTable *table, const char *name, GPtrArray *certificates)
{
	g_autofree char *location = g_strconcat(table->path, "/", name, NULL);
	CsStoreEntry **entries = g_new0(CsStoreEntry *, certificates->len + 1);
	for (guint i = 0; i < certificates->len; i++) {
		entries[i] = cs_store_entry_new(g_ptr_array_index(certificates, i), location,
						table->kind, cs_directory_key_open,
						cs_key_memory_ref(table->keys),
						(GDestroyNotify)cs_key_memory_unref);
		cs_certificate_index_add(table->index, entries[i]);
	}
	return entries;
}

/**
 * cs_directory_table_put_file:
 * @table: a table
 * @name: a file in a folder that the table knows; a file that is known is forgotten first
 * @file: what it turned out to be
 *
 * A file of which there is nothing to say leaves no trace.
 */
void
cs_directory_table_put_file(CsDirectoryTable *table, const char *name, const CsStoreFile *file)
{
	const char *base = NULL;
	Folder *folder = split(table, name, &base);
	if (folder == NULL || (file->certificates == NULL && file->why == NULL))
		return;
	cs_directory_table_drop_file(table, name);
	File *entry = g_new0(File, 1);
	entry->why = g_strdup(file->why);
	if (file->certificates != NULL)
		entry->entries = make_entries(table, name, file->certificates);
	g_hash_table_insert(folder->files, g_strdup(base), entry);
	table->file_count++;
}

/**
 * cs_directory_table_drop_file:
 * @table: a table
 * @name: a file, known or not
 *
 * Forgets the file and its certificates, and that it, or a folder of that name, was passed over.
 */
void
cs_directory_table_drop_file(CsDirectoryTable *table, const char *name)
{
	const char *base = NULL;
	Folder *folder = split(table, name, &base);
	const File *file = folder != NULL ? g_hash_table_lookup(folder->files, base) : NULL;
	g_hash_table_remove(table->passed_over, name);
	g_hash_table_remove(table->remote, name);
	if (file == NULL)
		return;
	forget_file(table, folder, base, file);
	g_hash_table_remove(folder->files, base);
}

/**
 * cs_directory_table_pass_over:
 * @table: a table
 * @name: a folder that is not read; "" is the store's own
 * @why: a translated sentence
 */
void
cs_directory_table_pass_over(CsDirectoryTable *table, const char *name, const char *why)
{
	g_hash_table_replace(table->passed_over, g_strdup(name), g_strdup(why));
}

/**
 * cs_directory_table_is_full:
 * @table: a table
 *
 * Returns: %TRUE where no more files are to be read: what a folder can make us remember is bounded
 */
gboolean
cs_directory_table_is_full(const CsDirectoryTable *table)
{
	return table->file_count + g_hash_table_size(table->passed_over) >=
		       CS_DIRECTORY_MAX_FILES ||
	       cs_certificate_index_count(table->index) >= CS_DIRECTORY_MAX_FILES;
}

/**
 * cs_directory_table_put_remote:
 * @table: a table
 * @name: a file that can change without its folder hearing of it
 * @status: of what it leads to; zeroed where that could not be looked at
 */
void
cs_directory_table_put_remote(CsDirectoryTable *table, const char *name, const struct stat *status)
{
	CsFileStamp stamp = cs_file_stamp_new(status);
	g_hash_table_replace(table->remote, g_strdup(name), g_memdup2(&stamp, sizeof(stamp)));
}

/**
 * cs_directory_table_find_remote_changes:
 * @table: a table
 * @folder: the store's folder, open
 * @changed: (element-type utf8): gains the names of the files that are others than they were
 */
void
cs_directory_table_find_remote_changes(CsDirectoryTable *table, int folder, GHashTable *changed)
{
	GHashTableIter iter;
	gpointer name = NULL;
	gpointer before = NULL;
	g_hash_table_iter_init(&iter, table->remote);
	while (g_hash_table_iter_next(&iter, &name, &before)) {
		struct stat status = {0};
		if (fstatat(folder, name, &status, 0) != 0)
			memset(&status, 0, sizeof(status));
		CsFileStamp now = cs_file_stamp_new(&status);
		if (!cs_file_stamp_equal(before, &now))
			g_hash_table_add(changed, g_strdup(name));
	}
}

/**
 * cs_directory_table_look_up:
 * @table: a table
 * @issuer_name: a canonical name
 *
 * Returns: (transfer full) (nullable) (element-type CsStoreEntry): as
 *   cs_certificate_index_look_up()
 */
GPtrArray *
cs_directory_table_look_up(CsDirectoryTable *table, GBytes *issuer_name)
{
	return cs_certificate_index_look_up(table->index, issuer_name);
}

static gint
compare_locations(gconstpointer a, gconstpointer b)
{
	const CsPassedOver *const *left = a;
	const CsPassedOver *const *right = b;
	return strcmp((*left)->location, (*right)->location);
}

static void
list_files(const CsDirectoryTable *table, const Folder *folder, GPtrArray *lines)
{
	GHashTableIter iter;
	gpointer base = NULL;
	gpointer value = NULL;
	g_hash_table_iter_init(&iter, folder->files);
	while (g_hash_table_iter_next(&iter, &base, &value)) {
		const File *file = value;
		if (file->why == NULL)
			continue;
		g_autofree char *location =
			g_build_filename(table->path, folder->name != NULL ? folder->name : base,
					 folder->name != NULL ? base : NULL, NULL);
		g_ptr_array_add(lines, cs_passed_over_new(location, file->why));
	}
}

/* Everything that was passed over, in the order of the paths. */
static GPtrArray *
list_all(const CsDirectoryTable *table)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func((GDestroyNotify)cs_passed_over_free);
	GHashTableIter iter;
	gpointer key = NULL;
	gpointer value = NULL;
	list_files(table, table->root, lines);
	g_hash_table_iter_init(&iter, table->folders);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		list_files(table, value, lines);
	g_hash_table_iter_init(&iter, table->passed_over);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const char *name = key;
		g_autofree char *location = *name != '\0'
						    ? g_build_filename(table->path, name, NULL)
						    : g_strdup(table->path);
		g_ptr_array_add(lines, cs_passed_over_new(location, value));
	}
	g_ptr_array_sort(lines, compare_locations);
	return lines;
}

/**
 * cs_directory_table_list_passed_over:
 * @table: a table
 * @passed_over: (element-type CsPassedOver): gains a line for each, by path; of very many the first
 *   thousand and how many more there are
 */
void
cs_directory_table_list_passed_over(CsDirectoryTable *table, GPtrArray *passed_over)
{
	g_autoptr(GPtrArray) lines = list_all(table);
	guint total = lines->len;
	if (total > CS_DIRECTORY_MAX_PASSED_OVER) {
		guint more = total - CS_DIRECTORY_MAX_PASSED_OVER;
		g_autofree char *why =
			g_strdup_printf(g_dngettext(GETTEXT_PACKAGE, "%u more file was passed over",
						    "%u more files were passed over", more),
					more);
		g_ptr_array_set_size(lines, CS_DIRECTORY_MAX_PASSED_OVER);
		g_ptr_array_add(lines, cs_passed_over_new(table->path, why));
	}
	g_ptr_array_extend_and_steal(passed_over, g_steal_pointer(&lines));
}

/**
 * cs_directory_table_count:
 * @table: a table
 *
 * Returns: how many certificates it knows
 */
guint
cs_directory_table_count(const CsDirectoryTable *table)
{
	return cs_certificate_index_count(table->index);
}
