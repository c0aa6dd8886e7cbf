/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* inotify for folders: read without waiting, when asked; no thread, no main loop. Whoever watches
 * places the watch first and lists the folder after, so that nothing falls between. */
typedef struct _CsDirectoryWatch CsDirectoryWatch;

/* What happened in the folder of that watch. name (nullable): in it; NULL: to the folder itself.
 * is_lost: the folder was deleted, moved away or unmounted, and its watch means nothing any more. */
typedef void (*CsDirectoryWatchEvent)(int watch, const char *name, gboolean is_lost, gpointer data);

CsDirectoryWatch *cs_directory_watch_new(void);
void cs_directory_watch_free(CsDirectoryWatch *watch);
int cs_directory_watch_add(CsDirectoryWatch *watch, int folder);
void cs_directory_watch_remove(CsDirectoryWatch *watch, int number);
gboolean
cs_directory_watch_drain(CsDirectoryWatch *watch, CsDirectoryWatchEvent event, gpointer data);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsDirectoryWatch, cs_directory_watch_free)
