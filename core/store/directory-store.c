/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/directory-store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/pki/name-share.h"
#include "core/store/directory-table.h"
#include "core/store/directory-watch.h"

#define FILES_A_THREAD 128
#define FILES_A_BATCH  32
#define MAX_THREADS    32 /* on a cold disk */

typedef struct {
	CsStore parent;
	char *path;
	CsDirectoryTable *table;
	CsDirectoryWatch *watch; /* (nullable) */
	/* Everything known is watched and was read to the end; else the next refresh reads all
	 * again. */
	gboolean is_true;
	dev_t device; /* of the folder that was read */
	ino_t inode;
} CsDirectoryStore;

/* A file that has to be read; the name is relative to the store's folder. */
typedef struct {
	char *name;
	gboolean is_regular; /* as it was listed; else a link, or something odd */
} Task;

/* One refresh at work: folders are listed first, by one thread; then their files are read, by as
 * many as are worth it. */
typedef struct {
	CsDirectoryStore *store;
	int root;		   /* the store's folder, open */
	GCancellable *cancellable; /* (nullable) */
	GHashTable *changed;	   /* names whose files or folders have to be looked at again */
	gboolean is_doubtful;
	GArray *tasks; /* (element-type Task) */
	gint next;     /* task, atomically */
	GMutex lock;   /* over the store, while files are read */
} Refresh;

static void scan_folder(Refresh *refresh, const char *name);

static void
task_clear(gpointer task)
{
	g_free(((Task *)task)->name);
}

static gboolean
may_go_on(Refresh *refresh)
{
	CsDirectoryStore *store = refresh->store;
	if (!g_cancellable_is_cancelled(refresh->cancellable) &&
	    !cs_directory_table_is_full(store->table) &&
	    refresh->tasks->len < CS_DIRECTORY_MAX_FILES)
		return TRUE;
	store->is_true = FALSE;
	return FALSE;
}

static void
add_task(Refresh *refresh, const char *name, gboolean is_regular)
{
	const Task task = {g_strdup(name), is_regular};
	g_array_append_val(refresh->tasks, task);
}

/* What one thread has read and not yet put into the table, to lock it seldom. */
typedef struct {
	const Task *tasks; /* of the refresh */
	guint count;
	CsStoreFile files[FILES_A_BATCH];
} Batch;

/* Takes the next tasks. Returns FALSE where there are none. */
static gboolean
batch_take(Batch *batch, Refresh *refresh)
{
	guint first = (guint)g_atomic_int_add(&refresh->next, FILES_A_BATCH);
	if (first >= refresh->tasks->len)
		return FALSE;
	batch->tasks = &g_array_index(refresh->tasks, Task, first);
	batch->count = MIN(FILES_A_BATCH, refresh->tasks->len - first);
	return TRUE;
}

static void
batch_read(Batch *batch, Refresh *refresh, CsFileReader *reader, CsNameShare *names)
{
	for (guint i = 0; i < batch->count; i++) {
		const Task *task = &batch->tasks[i];
		CsStoreFile *file = &batch->files[i];
		memset(file, 0, sizeof(*file));
		if (g_cancellable_is_cancelled(refresh->cancellable))
			continue;
		cs_store_file_read(reader, refresh->root, task->name, task->is_regular, file);
		for (guint j = 0; file->certificates != NULL && j < file->certificates->len; j++)
			cs_name_share_issuer(names, g_ptr_array_index(file->certificates, j));
	}
}

/* A file behind a symbolic link, or with a second name, may change unheard: it is remembered. */
static gboolean
put_file(Refresh *refresh, const Task *task, const CsStoreFile *file)
{
	CsDirectoryTable *table = refresh->store->table;
	if (g_cancellable_is_cancelled(refresh->cancellable) || cs_directory_table_is_full(table)) {
		refresh->store->is_true = FALSE;
		return FALSE;
	}
	cs_directory_table_put_file(table, task->name, file);
	if (!task->is_regular || file->status.st_nlink > 1)
		cs_directory_table_put_remote(table, task->name, &file->status);
	return TRUE;
}

/* Returns FALSE where no more is to be read. */
static gboolean
batch_put(Batch *batch, Refresh *refresh)
{
	gboolean goes_on = TRUE;
	g_mutex_lock(&refresh->lock);
	for (guint i = 0; i < batch->count && goes_on; i++)
		goes_on = put_file(refresh, &batch->tasks[i], &batch->files[i]);
	g_mutex_unlock(&refresh->lock);
	for (guint i = 0; i < batch->count; i++)
		cs_store_file_clear(&batch->files[i]);
	return goes_on;
}

/* Reads batches, @most of them. Returns FALSE where no more is to be read. */
static gboolean
read_batches(Refresh *refresh, guint most)
{
	g_autoptr(CsFileReader) reader = cs_file_reader_new();
	g_autoptr(CsNameShare) names = cs_name_share_new();
	Batch batch;
	for (guint i = 0; i < most && batch_take(&batch, refresh); i++) {
		batch_read(&batch, refresh, reader, names);
		if (!batch_put(&batch, refresh))
			return FALSE;
	}
	return TRUE;
}

static gpointer
read_thread_cb(gpointer data)
{
	read_batches(data, G_MAXUINT);
	return NULL;
}

/* How often this thread has slept for something: what is in the page cache is read without. */
static glong
count_waits(void)
{
	struct rusage usage = {0};
	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

/* Few files are read at once. Of many, the first show how many threads help: as many as there are
 * processors, or, where the disk has to be waited for, as many as it can serve at once. Where a
 * thread cannot be had, the others do its work. */
static void
read_files(Refresh *refresh)
{
	GThread *threads[MAX_THREADS] = {NULL};
	guint most = MIN(refresh->tasks->len / FILES_A_THREAD, MAX_THREADS);
	glong waits = count_waits();
	if (refresh->tasks->len == 0 || !read_batches(refresh, 1))
		return;
	if (count_waits() - waits < FILES_A_BATCH / 4)
		most = MIN(most, g_get_num_processors() - 1);
	for (guint i = 0; i < most; i++)
		threads[i] = g_thread_try_new("store-scan", read_thread_cb, refresh, NULL);
	read_thread_cb(refresh);
	for (guint i = 0; i < most; i++)
		g_clear_pointer(&threads[i], g_thread_join);
}

static unsigned char
find_type(int folder, const char *base)
{
	struct stat status;
	if (fstatat(folder, base, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return DT_UNKNOWN;
	return IFTODT(status.st_mode);
}

/* Looks at one name of an open folder; `name` is the same from the store's folder on. */
static void
look_at(Refresh *refresh, int folder, const char *base, const char *name, unsigned char type)
{
	CsDirectoryTable *table = refresh->store->table;
	if (base[0] == '.')
		return;
	if (type == DT_UNKNOWN)
		type = find_type(folder, base);
	if (type == DT_UNKNOWN)
		return;
	if (type == DT_DIR && strchr(name, '/') == NULL)
		scan_folder(refresh, name);
	else if (type == DT_DIR)
		cs_directory_table_pass_over(table, name,
					     _("folders more than one level down are not read"));
	else if (!cs_store_file_is_key_name(base))
		add_task(refresh, name, type == DT_REG);
}

static void
list_folder(Refresh *refresh, int folder, const char *name)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = copy >= 0 ? fdopendir(copy) : NULL;
	if (listing == NULL) {
		g_autofree char *why = cs_store_file_explain_errno(folder, "", errno);
		cs_directory_table_pass_over(refresh->store->table, name != NULL ? name : "", why);
		if (copy >= 0)
			close(copy);
		return;
	}
	GString *path = g_string_new(NULL);
	for (const struct dirent *item = readdir(listing); item != NULL && may_go_on(refresh);
	     item = readdir(listing)) {
		if (name == NULL) {
			look_at(refresh, folder, item->d_name, item->d_name, item->d_type);
			continue;
		}
		g_string_printf(path, "%s/%s", name, item->d_name);
		look_at(refresh, folder, item->d_name, path->str, item->d_type);
	}
	g_string_free(path, TRUE);
	closedir(listing);
}

/* The watch first, the listing after: what changes in between is told. Should a sub-folder be closed
 * to us, its parent's watch tells when it is opened. */
static void
read_folder(Refresh *refresh, int folder, const char *name)
{
	CsDirectoryStore *store = refresh->store;
	int number = store->watch != NULL ? cs_directory_watch_add(store->watch, folder) : -1;
	if (store->watch == NULL || (number < 0 && (name == NULL || errno != EACCES)))
		store->is_true = FALSE;
	cs_directory_table_put_folder(store->table, name, number);
	list_folder(refresh, folder, name);
}

static void
scan_folder(Refresh *refresh, const char *name)
{
	int folder = openat(refresh->root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0 && errno != ENOENT) {
		g_autofree char *why = cs_store_file_explain_errno(refresh->root, name, errno);
		cs_directory_table_pass_over(refresh->store->table, name, why);
	}
	if (folder < 0)
		return;
	read_folder(refresh, folder, name);
	close(folder);
}

static void
scan_all(Refresh *refresh)
{
	CsDirectoryStore *store = refresh->store;
	struct stat status = {0};
	cs_directory_table_clear(store->table);
	g_clear_pointer(&store->watch, cs_directory_watch_free);
	store->is_true = fstat(refresh->root, &status) == 0;
	store->device = status.st_dev;
	store->inode = status.st_ino;
	store->watch = cs_directory_watch_new();
	read_folder(refresh, refresh->root, NULL);
	read_files(refresh);
	if (cs_directory_table_is_full(store->table) ||
	    refresh->tasks->len >= CS_DIRECTORY_MAX_FILES)
		cs_directory_table_pass_over(store->table, "",
					     _("too many files: the rest was not read"));
}

static void
note_event(int number, const char *name, gboolean is_lost, gpointer data)
{
	Refresh *refresh = data;
	const char *folder = NULL;
	if (!cs_directory_table_find_folder(refresh->store->table, number, &folder))
		return;
	if (folder != NULL && (is_lost || name == NULL))
		g_hash_table_add(refresh->changed, g_strdup(folder));
	else if (is_lost || name == NULL)
		refresh->is_doubtful = TRUE;
	else if (folder != NULL)
		g_hash_table_add(refresh->changed, g_strconcat(folder, "/", name, NULL));
	else
		g_hash_table_add(refresh->changed, g_strdup(name));
}

/* First forget, then look: a folder that was renamed is the same watch under its new name. */
static void
forget_changed(Refresh *refresh)
{
	CsDirectoryStore *store = refresh->store;
	GHashTableIter iter;
	gpointer name = NULL;
	g_hash_table_iter_init(&iter, refresh->changed);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		cs_directory_table_drop_file(store->table, name);
		int number = cs_directory_table_drop_folder(store->table, name);
		if (number >= 0)
			cs_directory_watch_remove(store->watch, number);
	}
}

static void
look_at_changed(Refresh *refresh)
{
	GHashTableIter iter;
	gpointer key = NULL;
	g_hash_table_iter_init(&iter, refresh->changed);
	while (g_hash_table_iter_next(&iter, &key, NULL) && may_go_on(refresh)) {
		const char *name = key;
		const char *slash = strchr(name, '/');
		g_autofree char *folder =
			slash != NULL ? g_strndup(name, (gsize)(slash - name)) : NULL;
		/* A folder that is read anew brings its files with it. */
		if (folder != NULL && g_hash_table_contains(refresh->changed, folder))
			continue;
		if (folder == NULL) {
			look_at(refresh, refresh->root, name, name, DT_UNKNOWN);
			continue;
		}
		int fd = openat(refresh->root, folder,
				O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		look_at(refresh, fd, slash + 1, name, DT_UNKNOWN);
		close(fd);
	}
}

static gboolean
is_same_folder(const Refresh *refresh)
{
	struct stat status;
	return fstat(refresh->root, &status) == 0 && status.st_dev == refresh->store->device &&
	       status.st_ino == refresh->store->inode;
}

static void
bring_up_to_date(Refresh *refresh)
{
	CsDirectoryStore *store = refresh->store;
	if (!store->is_true || !is_same_folder(refresh) ||
	    !cs_directory_watch_drain(store->watch, note_event, refresh) || refresh->is_doubtful) {
		scan_all(refresh);
		return;
	}
	cs_directory_table_find_remote_changes(store->table, refresh->root, refresh->changed);
	forget_changed(refresh);
	look_at_changed(refresh);
	read_files(refresh);
}

static void
directory_store_refresh(CsStore *base, GCancellable *cancellable)
{
	CsDirectoryStore *store = (CsDirectoryStore *)base;
	int root = open(store->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		g_autofree char *why = cs_store_file_explain_errno(AT_FDCWD, store->path, errno);
		store->is_true = FALSE;
		g_clear_pointer(&store->watch, cs_directory_watch_free);
		cs_directory_table_clear(store->table);
		cs_directory_table_pass_over(store->table, "", why);
		return;
	}
	g_autoptr(GArray) tasks = g_array_new(FALSE, FALSE, sizeof(Task));
	g_array_set_clear_func(tasks, task_clear);
	g_autoptr(GHashTable) changed =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Refresh refresh = {.store = store,
			   .root = root,
			   .cancellable = cancellable,
			   .changed = changed,
			   .tasks = tasks};
	g_mutex_init(&refresh.lock);
	bring_up_to_date(&refresh);
	g_mutex_clear(&refresh.lock);
	close(root);
}

static GPtrArray *
directory_store_look_up(CsStore *base, GBytes *issuer_name)
{
	return cs_directory_table_look_up(((CsDirectoryStore *)base)->table, issuer_name);
}

static void
directory_store_list_passed_over(CsStore *base, GPtrArray *passed_over)
{
	cs_directory_table_list_passed_over(((CsDirectoryStore *)base)->table, passed_over);
}

static guint
directory_store_count(CsStore *base)
{
	return cs_directory_table_count(((CsDirectoryStore *)base)->table);
}

static void
directory_store_free(CsStore *base)
{
	CsDirectoryStore *store = (CsDirectoryStore *)base;
	g_clear_pointer(&store->watch, cs_directory_watch_free);
	cs_directory_table_free(store->table);
	g_free(store->path);
	g_free(store);
}

static const CsStoreClass directory_store_class = {
	.refresh = directory_store_refresh,
	.look_up = directory_store_look_up,
	.list_passed_over = directory_store_list_passed_over,
	.count = directory_store_count,
	.free = directory_store_free,
};

/**
 * cs_directory_store_new:
 * @path: the folder's absolute path; one that is not there is looked for at every refresh
 * @kind: the store's kind
 *
 * A folder of certificates: those of its files and of its sub-folders' files, one level down,
 * whatever their mode or owner. Reads nothing yet. What is unreadable, foreign, huge or broken is
 * passed over and listed, and never fatal; hidden names and plain key files are not mentioned.
 * After the first refresh only what changed is read again, as inotify tells; everything, where
 * inotify is not to be had or not to be trusted. Not thread-safe: cs_stores locks.
 *
 * Returns: (transfer full): the store, with nothing in it before its first refresh
 */
CsStore *
cs_directory_store_new(const char *path, CsStoreKind kind)
{
	CsDirectoryStore *store = g_new0(CsDirectoryStore, 1);
	store->parent.class = &directory_store_class;
	store->parent.kind = kind;
	store->path =
		g_path_is_absolute(path) ? g_strdup(path) : g_canonicalize_filename(path, NULL);
	store->table = cs_directory_table_new(store->path, kind);
	return &store->parent;
}
