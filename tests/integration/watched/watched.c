/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* The program, linked (with --wrap) so that each of its calls to open and to read passes through
 * here: one that comes before the process has protected itself ends it. Whatever verb runs, no
 * secret can then have been read while the process could be dumped. */

#define EXIT_UNPROTECTED 99

static void
check_protected(void)
{
	static const char complaint[] = "watched: a call came before the process was protected\n";
	struct rlimit limit = {1, 1};
	ssize_t written = 0;

	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && getrlimit(RLIMIT_CORE, &limit) == 0 &&
	    limit.rlim_cur == 0 && limit.rlim_max == 0)
		return;
	written = write(STDERR_FILENO, complaint, sizeof(complaint) - 1);
	_exit(written < 0 ? EXIT_UNPROTECTED + 1 : EXIT_UNPROTECTED);
}

static mode_t
get_mode(int flags, va_list rest)
{
	return (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
}

/* The linker's names for one function: with and without large files. */
#define WATCH_OPEN(name)                                                                           \
	int __real_##name(const char *path, int flags, ...);                                       \
	int __wrap_##name(const char *path, int flags, ...);                                       \
                                                                                                   \
	int __wrap_##name(const char *path, int flags, ...)                                        \
	{                                                                                          \
		va_list rest;                                                                      \
		mode_t mode = 0;                                                                   \
                                                                                                   \
		check_protected();                                                                 \
		va_start(rest, flags);                                                             \
		mode = get_mode(flags, rest);                                                      \
		va_end(rest);                                                                      \
		return __real_##name(path, flags, mode);                                           \
	}

#define WATCH_OPENAT(name)                                                                         \
	int __real_##name(int folder, const char *path, int flags, ...);                           \
	int __wrap_##name(int folder, const char *path, int flags, ...);                           \
                                                                                                   \
	int __wrap_##name(int folder, const char *path, int flags, ...)                            \
	{                                                                                          \
		va_list rest;                                                                      \
		mode_t mode = 0;                                                                   \
                                                                                                   \
		check_protected();                                                                 \
		va_start(rest, flags);                                                             \
		mode = get_mode(flags, rest);                                                      \
		va_end(rest);                                                                      \
		return __real_##name(folder, path, flags, mode);                                   \
	}

WATCH_OPEN(open)
WATCH_OPEN(open64)
WATCH_OPENAT(openat)
WATCH_OPENAT(openat64)

/* What fortified code calls where it makes no file. */
int __real___openat64_2(int folder, const char *path, int flags);
int __wrap___openat64_2(int folder, const char *path, int flags);
int __real___open64_2(const char *path, int flags);
int __wrap___open64_2(const char *path, int flags);
ssize_t __real_read(int fd, void *data, size_t length);
ssize_t __wrap_read(int fd, void *data, size_t length);

int
__wrap___openat64_2(int folder, const char *path, int flags)
{
	check_protected();
	return __real___openat64_2(folder, path, flags);
}

int
__wrap___open64_2(const char *path, int flags)
{
	check_protected();
	return __real___open64_2(path, flags);
}

ssize_t
__wrap_read(int fd, void *data, size_t length)
{
	check_protected();
	return __real_read(fd, data, length);
}
