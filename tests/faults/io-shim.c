/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/io-shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static gint armed;
static gint calls;
static gint hits;
static gint first; /* the nth that fails */
static CsIoFaultMode mode;
static const char *name_of_first;

void
cs_io_faults_arm(guint nth, CsIoFaultMode new_mode)
{
	g_atomic_int_set(&calls, 0);
	g_atomic_int_set(&hits, 0);
	g_atomic_int_set(&first, (gint)nth);
	mode = new_mode;
	name_of_first = NULL;
	g_atomic_int_set(&armed, TRUE);
}

guint
cs_io_faults_disarm(void)
{
	g_atomic_int_set(&armed, FALSE);
	return (guint)g_atomic_int_get(&hits);
}

const char *
cs_io_faults_get_name(void)
{
	return name_of_first != NULL ? name_of_first : "nothing";
}

gboolean
cs_io_faults_hit(const char *name)
{
	gint call;

	if (!g_atomic_int_get(&armed))
		return FALSE;
	call = g_atomic_int_add(&calls, 1) + 1;
	if (call < g_atomic_int_get(&first) ||
	    (mode == CS_IO_FAULT_ONCE && call > g_atomic_int_get(&first)))
		return FALSE;
	if (g_atomic_int_add(&hits, 1) == 0)
		name_of_first = name;
	errno = mode == CS_IO_FAULT_ONCE ? EIO : ENOSPC;
	return TRUE;
}

/* The mode argument stands there only where a file may be made. */
static mode_t
get_mode(int flags, va_list arguments)
{
	return (flags & O_CREAT) != 0 ? (mode_t)va_arg(arguments, unsigned int) : 0;
}

#define WRAP_OPEN(symbol)                                                                          \
	int __real_##symbol(const char *path, int flags, ...);                                     \
	int __wrap_##symbol(const char *path, int flags, ...);                                     \
	int __wrap_##symbol(const char *path, int flags, ...)                                      \
	{                                                                                          \
		va_list arguments;                                                                 \
		mode_t file_mode;                                                                  \
                                                                                                   \
		va_start(arguments, flags);                                                        \
		file_mode = get_mode(flags, arguments);                                            \
		va_end(arguments);                                                                 \
		return cs_io_faults_hit("open") ? -1 : __real_##symbol(path, flags, file_mode);    \
	}

#define WRAP_OPENAT(symbol)                                                                        \
	int __real_##symbol(int folder, const char *path, int flags, ...);                         \
	int __wrap_##symbol(int folder, const char *path, int flags, ...);                         \
	int __wrap_##symbol(int folder, const char *path, int flags, ...)                          \
	{                                                                                          \
		va_list arguments;                                                                 \
		mode_t file_mode;                                                                  \
                                                                                                   \
		va_start(arguments, flags);                                                        \
		file_mode = get_mode(flags, arguments);                                            \
		va_end(arguments);                                                                 \
		return cs_io_faults_hit("openat")                                                  \
			       ? -1                                                                \
			       : __real_##symbol(folder, path, flags, file_mode);                  \
	}

/* What fails by -1 and does nothing then. */
#define WRAP(symbol, parameters, arguments)                                                        \
	int __real_##symbol parameters;                                                            \
	int __wrap_##symbol parameters;                                                            \
	int __wrap_##symbol parameters                                                             \
	{                                                                                          \
		return cs_io_faults_hit(#symbol) ? -1 : __real_##symbol arguments;                 \
	}

WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)
WRAP(__openat64_2, (int folder, const char *path, int flags), (folder, path, flags))
WRAP(fsync, (int fd), (fd))
WRAP(fdatasync, (int fd), (fd))
WRAP(rename, (const char *from, const char *to), (from, to))
WRAP(renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
WRAP(renameat2,
     (int a, const char *from, int b, const char *to, unsigned int flags),
     (a, from, b, to, flags))
WRAP(unlink, (const char *path), (path))
WRAP(unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
WRAP(mkdir, (const char *path, mode_t folder_mode), (path, folder_mode))
WRAP(flock, (int fd, int operation), (fd, operation))
WRAP(chmod, (const char *path, mode_t file_mode), (path, file_mode))
WRAP(fchmod, (int fd, mode_t file_mode), (fd, file_mode))
WRAP(ftruncate, (int fd, off_t length), (fd, length))
WRAP(ftruncate64, (int fd, off64_t length), (fd, length))
WRAP(stat, (const char *path, void *status), (path, status))
WRAP(stat64, (const char *path, void *status), (path, status))
WRAP(fstat, (int fd, void *status), (fd, status))
WRAP(fstat64, (int fd, void *status), (fd, status))
WRAP(fstatat,
     (int folder, const char *path, void *status, int flags),
     (folder, path, status, flags))
WRAP(fstatat64,
     (int folder, const char *path, void *status, int flags),
     (folder, path, status, flags))

ssize_t __real_read(int fd, void *data, size_t length);
ssize_t __wrap_read(int fd, void *data, size_t length);
ssize_t
__wrap_read(int fd, void *data, size_t length)
{
	return cs_io_faults_hit("read") ? -1 : __real_read(fd, data, length);
}

/* Torn: half of it is there, and the error comes too. */
ssize_t __real_write(int fd, const void *data, size_t length);
ssize_t __wrap_write(int fd, const void *data, size_t length);
ssize_t
__wrap_write(int fd, const void *data, size_t length)
{
	int saved_errno;

	if (!cs_io_faults_hit("write"))
		return __real_write(fd, data, length);
	saved_errno = errno;
	if (__real_write(fd, data, length / 2) < 0)
		g_debug("not even half of it");
	errno = saved_errno;
	return -1;
}

/* Linux closes the descriptor whatever it answers. */
int __real_close(int fd);
int __wrap_close(int fd);
int
__wrap_close(int fd)
{
	gboolean fails = cs_io_faults_hit("close");
	int saved_errno = errno;
	int result = __real_close(fd);

	if (!fails)
		return result;
	errno = saved_errno;
	return -1;
}

DIR *__real_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd);
DIR *
__wrap_fdopendir(int fd)
{
	return cs_io_faults_hit("fdopendir") ? NULL : __real_fdopendir(fd);
}

struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);
struct dirent *
__wrap_readdir(DIR *dir)
{
	return cs_io_faults_hit("readdir") ? NULL : __real_readdir(dir);
}

struct dirent64 *__real_readdir64(DIR *dir);
struct dirent64 *__wrap_readdir64(DIR *dir);
struct dirent64 *
__wrap_readdir64(DIR *dir)
{
	return cs_io_faults_hit("readdir") ? NULL : __real_readdir64(dir);
}
