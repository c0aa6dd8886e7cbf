/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/io-shim.h"

#include <sqlite3.h>
#include <string.h>

/* A VFS around SQLite's own, as https://www.sqlite.org/vfs.html describes: each call counts, and
 * where its turn has come it fails as the system's would. */

typedef struct {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
} File;

static sqlite3_vfs *real_vfs;

static sqlite3_file *
real_of(sqlite3_file *file)
{
	return ((File *)file)->real;
}

static int
close_cb(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int
read_cb(sqlite3_file *file, void *data, int length, sqlite3_int64 offset)
{
	if (cs_io_faults_hit("sqlite read"))
		return SQLITE_IOERR_READ;
	return real_of(file)->pMethods->xRead(real_of(file), data, length, offset);
}

/* Torn. */
static int
write_cb(sqlite3_file *file, const void *data, int length, sqlite3_int64 offset)
{
	gboolean fails = cs_io_faults_hit("sqlite write");
	int status = real_of(file)->pMethods->xWrite(real_of(file), data,
						     fails ? length / 2 : length, offset);

	return fails ? SQLITE_FULL : status;
}

static int
truncate_cb(sqlite3_file *file, sqlite3_int64 size)
{
	if (cs_io_faults_hit("sqlite truncate"))
		return SQLITE_IOERR_TRUNCATE;
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int
sync_cb(sqlite3_file *file, int flags)
{
	if (cs_io_faults_hit("sqlite sync"))
		return SQLITE_IOERR_FSYNC;
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int
file_size_cb(sqlite3_file *file, sqlite3_int64 *size)
{
	if (cs_io_faults_hit("sqlite size"))
		return SQLITE_IOERR_FSTAT;
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int
lock_cb(sqlite3_file *file, int level)
{
	if (cs_io_faults_hit("sqlite lock"))
		return SQLITE_IOERR_LOCK;
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int
unlock_cb(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int
check_lock_cb(sqlite3_file *file, int *held)
{
	if (cs_io_faults_hit("sqlite check lock"))
		return SQLITE_IOERR_CHECKRESERVEDLOCK;
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), held);
}

static int
control_cb(sqlite3_file *file, int operation, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int
sector_size_cb(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int
characteristics_cb(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int
shm_map_cb(sqlite3_file *file, int region, int size, int extend, void volatile **mapped)
{
	if (cs_io_faults_hit("sqlite shm map"))
		return SQLITE_IOERR_SHMMAP;
	return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, mapped);
}

/* Giving a lock back does not fail. */
static int
shm_lock_cb(sqlite3_file *file, int offset, int n, int flags)
{
	if ((flags & SQLITE_SHM_UNLOCK) == 0 && cs_io_faults_hit("sqlite shm lock"))
		return SQLITE_IOERR_SHMLOCK;
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void
shm_barrier_cb(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int
shm_unmap_cb(sqlite3_file *file, int delete_file)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_file);
}

/* Version 2: without the memory-mapped reading that nothing here switches on. */
static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = close_cb,
	.xRead = read_cb,
	.xWrite = write_cb,
	.xTruncate = truncate_cb,
	.xSync = sync_cb,
	.xFileSize = file_size_cb,
	.xLock = lock_cb,
	.xUnlock = unlock_cb,
	.xCheckReservedLock = check_lock_cb,
	.xFileControl = control_cb,
	.xSectorSize = sector_size_cb,
	.xDeviceCharacteristics = characteristics_cb,
	.xShmMap = shm_map_cb,
	.xShmLock = shm_lock_cb,
	.xShmBarrier = shm_barrier_cb,
	.xShmUnmap = shm_unmap_cb,
};

static int
open_cb(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
	File *shim = (File *)file;
	int status;

	memset(shim, 0, sizeof(*shim));
	shim->real = (sqlite3_file *)(shim + 1);
	if (cs_io_faults_hit("sqlite open"))
		return SQLITE_CANTOPEN;
	status = real_vfs->xOpen(real_vfs, name, shim->real, flags, flags_out);
	/* Where the real one has methods, xClose is owed even after a failure. */
	file->pMethods = shim->real->pMethods != NULL ? &methods : NULL;
	return status;
}

static int
delete_cb(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	if (cs_io_faults_hit("sqlite delete"))
		return SQLITE_IOERR_DELETE;
	return real_vfs->xDelete(real_vfs, name, sync_folder);
}

static int
access_cb(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
	if (cs_io_faults_hit("sqlite access"))
		return SQLITE_IOERR_ACCESS;
	return real_vfs->xAccess(real_vfs, name, flags, result);
}

void
cs_io_faults_register_vfs(void)
{
	static sqlite3_vfs shim;

	real_vfs = sqlite3_vfs_find(NULL);
	g_assert_nonnull(real_vfs);
	shim = *real_vfs;
	shim.pNext = NULL;
	shim.zName = "faults";
	shim.szOsFile = (int)sizeof(File) + real_vfs->szOsFile;
	shim.xOpen = open_cb;
	shim.xDelete = delete_cb;
	shim.xAccess = access_cb;
	g_assert_cmpint(sqlite3_vfs_register(&shim, TRUE), ==, SQLITE_OK);
}
