/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/store/store-file.h"
#include "core/store/store.h"

/* What a directory store knows: its folders, what each file turned out to be, the index over the
 * certificates. Names are relative to the store's folder: "name", or "sub/name". Touches no disk but
 * for cs_directory_table_find_remote_changes(). Not thread-safe. */
typedef struct _CsDirectoryTable CsDirectoryTable;

#define CS_DIRECTORY_MAX_FILES	     100000 /* and as many certificates */
#define CS_DIRECTORY_MAX_PASSED_OVER 1000

CsDirectoryTable *cs_directory_table_new(const char *path, CsStoreKind kind);
void cs_directory_table_free(CsDirectoryTable *table);
void cs_directory_table_clear(CsDirectoryTable *table);

/* folder NULL: the store's own. */
void cs_directory_table_put_folder(CsDirectoryTable *table, const char *folder, int watch);
int cs_directory_table_drop_folder(CsDirectoryTable *table, const char *folder);
gboolean cs_directory_table_find_folder(CsDirectoryTable *table, int watch, const char **folder);
void
cs_directory_table_put_file(CsDirectoryTable *table, const char *name, const CsStoreFile *file);
void cs_directory_table_drop_file(CsDirectoryTable *table, const char *name);
void cs_directory_table_pass_over(CsDirectoryTable *table, const char *name, const char *why);
gboolean cs_directory_table_is_full(const CsDirectoryTable *table);

/* Files that can change without their folder hearing of it: behind a symbolic link, or with a second
 * hard link. */
void
cs_directory_table_put_remote(CsDirectoryTable *table, const char *name, const struct stat *status);
void
cs_directory_table_find_remote_changes(CsDirectoryTable *table, int folder, GHashTable *changed);

GPtrArray *cs_directory_table_look_up(CsDirectoryTable *table, GBytes *issuer_name);
void cs_directory_table_list_passed_over(CsDirectoryTable *table, GPtrArray *passed_over);
guint cs_directory_table_count(const CsDirectoryTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsDirectoryTable, cs_directory_table_free)
