/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/directory-watch.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#define EVENTS                                                                                     \
	(IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO |        \
	 IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define LOST (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)

/* More at once than the kernel's queue holds by default: whoever writes without a pause must not
 * keep us reading. */
#define MAX_READS 256

/* Not in linux/magic.h everywhere. */
#define MAGIC_FUSE 0x65735546
#define MAGIC_CIFS 0xff534d42
#define MAGIC_CEPH 0x00c36400
#define MAGIC_VBOX 0x786f4256
#define MAGIC_9P   0x01021997

struct _CsDirectoryWatch {
	int fd;
	GHashTable *numbers; /* those in use */
};

/**
 * cs_directory_watch_new:
 *
 * Returns: (transfer full) (nullable): a watch over no folder yet; %NULL where the system's limit
 *   has no room for one: the caller then looks for itself each time
 */
CsDirectoryWatch *
cs_directory_watch_new(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0)
		return NULL;
	CsDirectoryWatch *watch = g_new0(CsDirectoryWatch, 1);
	watch->fd = fd;
	watch->numbers = g_hash_table_new(NULL, NULL);
	return watch;
}

/**
 * cs_directory_watch_free:
 * @watch: (transfer full): a watch; all its folders are let go
 */
void
cs_directory_watch_free(CsDirectoryWatch *watch)
{
	close(watch->fd);
	g_hash_table_unref(watch->numbers);
	g_free(watch);
}

/* What another machine changes, inotify does not tell. */
static gboolean
is_remote(int folder)
{
	static const guint32 remote[] = {NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, SMB2_SUPER_MAGIC,
					 AFS_SUPER_MAGIC, AFS_FS_MAGIC,	   CODA_SUPER_MAGIC,
					 NCP_SUPER_MAGIC, MAGIC_FUSE,	   MAGIC_CIFS,
					 MAGIC_CEPH,	  MAGIC_VBOX,	   MAGIC_9P};
	struct statfs status;
	if (fstatfs(folder, &status) != 0)
		return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(remote); i++) {
		if ((guint32)status.f_type == remote[i])
			return TRUE;
	}
	return FALSE;
}

/**
 * cs_directory_watch_add:
 * @watch: a watch
 * @folder: an open folder, which is what is watched, whatever its path leads to by then
 *
 * Returns: a number for the folder's events; -1 and errno where it cannot be watched, or its watch
 *   not be trusted: EACCES, limits, a network's file system, the same folder under a second name
 */
int
cs_directory_watch_add(CsDirectoryWatch *watch, int folder)
{
	if (is_remote(folder)) {
		errno = EREMOTE;
		return -1;
	}
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", folder);
	int number = inotify_add_watch(watch->fd, path, EVENTS);
	if (number < 0 || g_hash_table_add(watch->numbers, GINT_TO_POINTER(number)))
		return number;
	errno = EEXIST;
	return -1;
}

/**
 * cs_directory_watch_remove:
 * @watch: a watch
 * @number: a folder's number; one that is lost already is fine
 *
 * Lets a folder go. Its events that are still queued keep a number that nobody gets again.
 */
void
cs_directory_watch_remove(CsDirectoryWatch *watch, int number)
{
	if (g_hash_table_remove(watch->numbers, GINT_TO_POINTER(number)))
		inotify_rm_watch(watch->fd, number);
}

/* FALSE on overflow. */
static gboolean
tell(CsDirectoryWatch *watch,
     const struct inotify_event *raw,
     CsDirectoryWatchEvent event,
     gpointer data)
{
	if ((raw->mask & IN_Q_OVERFLOW) != 0)
		return FALSE;
	if (!g_hash_table_contains(watch->numbers, GINT_TO_POINTER(raw->wd)))
		return TRUE;
	if ((raw->mask & IN_IGNORED) != 0)
		g_hash_table_remove(watch->numbers, GINT_TO_POINTER(raw->wd));
	event(raw->wd, raw->len > 0 ? raw->name : NULL, (raw->mask & LOST) != 0, data);
	return TRUE;
}

/**
 * cs_directory_watch_drain:
 * @watch: a watch
 * @event: told of each event; must not add or remove folders
 * @data: handed to @event
 *
 * Reads what has happened since the last time, without waiting.
 *
 * Returns: %FALSE where events were lost: everything has to be looked at again
 */
gboolean
cs_directory_watch_drain(CsDirectoryWatch *watch, CsDirectoryWatchEvent event, gpointer data)
{
	char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	for (guint reads = 0; reads < MAX_READS; reads++) {
		gssize length = read(watch->fd, buffer, sizeof(buffer));
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && errno == EAGAIN)
			return TRUE;
		if (length <= 0)
			return FALSE;
		gsize offset = 0;
		while (offset + sizeof(struct inotify_event) <= (gsize)length) {
			const struct inotify_event *raw = (const void *)(buffer + offset);
			offset += sizeof(*raw) + raw->len;
			if (!tell(watch, raw, event, data))
				return FALSE;
		}
	}
	return FALSE;
}
