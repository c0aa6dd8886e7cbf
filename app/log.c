/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/log.h"

#include "core/base/log-file.h"

#include <stdio.h>
#include <unistd.h>

struct _CsLog {
	const CsClock *clock;
	GMutex lock;
	gboolean is_open;
	char *folder; /* NULL: standard error */
	gboolean is_server;
	CsEventLevel level;
};

/* Where to write this; free the folder. */
static gboolean
is_kept(CsLog *log, CsEventLevel level, char **folder)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&log->lock);

	*folder = g_strdup(log->folder);
	return log->is_open && level <= log->level;
}

/* A log that cannot be written costs nothing but its line. */
static void
write_line(CsLog *log, const char *folder, const char *event)
{
	const CsLogFile client = {folder, CS_LOG_FILE_OF_CLIENT};
	const CsLogFile server = {folder, CS_LOG_FILE_OF_SERVER};
	g_autofree char *time = cs_time_format_rfc3339(cs_clock_get_unix_s(log->clock));
	g_autofree char *line = g_strdup_printf("%s %d %s", time, (int)getpid(), event);

	if (folder == NULL)
		(void)fprintf(stderr, "%s\n", line);
	else
		(void)cs_log_file_append(log->is_server ? &server : &client, line, NULL);
}

/**
 * cs_log_is_open:
 * @log: the log
 *
 * Returns: whether events are kept
 */
gboolean
cs_log_is_open(CsLog *log)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&log->lock);

	return log->is_open;
}

/* On the terminal all is as if there were no log. */
static GLogWriterOutput
write_cb(GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer data)
{
	CsLog *log = data;
	CsEventLevel level = CS_EVENT_DEBUG;
	/* A closed log costs next to nothing, however much there is to tell. */
	g_autofree char *event =
		cs_log_is_open(log) ? cs_event_format(flags, fields, n_fields, &level) : NULL;
	g_autofree char *folder = NULL;

	if (event != NULL && is_kept(log, level, &folder))
		write_line(log, folder, event);
	return g_log_writer_default(flags, fields, n_fields, NULL);
}

/**
 * cs_log_install:
 * @clock: dates the lines; must live as long as the process
 *
 * Becomes GLib's writer. Nothing is kept before cs_log_open().
 *
 * Returns: (transfer none): the log
 */
CsLog *
cs_log_install(const CsClock *clock)
{
	CsLog *log = g_new0(CsLog, 1);

	log->clock = clock;
	g_mutex_init(&log->lock);
	g_log_set_writer_func(write_cb, log, NULL);
	return log;
}

static void
set_open(CsLog *log, char *folder_taken, gboolean is_server, CsEventLevel level)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&log->lock);

	g_free(log->folder);
	log->folder = folder_taken;
	log->is_server = is_server;
	log->level = level;
	log->is_open = TRUE;
}

/**
 * cs_log_open:
 * @log: the log
 * @state_folder: the client's state folder; the log's own is made in it with the first line
 * @level: what is kept: this and what is worse
 *
 * Keeps events from now on. Any thread.
 */
void
cs_log_open(CsLog *log, const char *state_folder, CsEventLevel level)
{
	set_open(log, g_build_filename(state_folder, CS_LOG_FOLDER, NULL), FALSE, level);
}

/**
 * cs_log_open_for_server:
 * @log: the log
 * @folder: (nullable): the log's own folder, made with the first line; %NULL: standard error, where
 *   whoever reads it must keep up
 *
 * Keeps what a server tells from now on, but its debug messages. Any thread.
 */
void
cs_log_open_for_server(CsLog *log, const char *folder)
{
	set_open(log, g_strdup(folder), TRUE, CS_EVENT_INFO);
}
