/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/log.h"

#include "core/base/log-file.h"

#include <unistd.h>

struct _CsLog {
	const CsClock *clock;
	GMutex lock;
	char *folder; /* NULL: closed */
	CsEventLevel level;
};

/* (nullable) (transfer full): where to write this. */
static char *
dup_folder(CsLog *log, CsEventLevel level)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&log->lock);

	return level <= log->level ? g_strdup(log->folder) : NULL;
}

/* A log that cannot be written costs nothing but its line. */
static void
write_line(CsLog *log, const char *folder, const char *event)
{
	g_autofree char *time = cs_time_format_rfc3339(cs_clock_get_unix_s(log->clock));
	g_autofree char *line = g_strdup_printf("%s %d %s", time, (int)getpid(), event);

	(void)cs_log_file_append(folder, CS_LOG_FILE_MAX_BYTES, line, NULL);
}

/* On the terminal all is as if there were no log. */
static GLogWriterOutput
write_cb(GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer data)
{
	CsLog *log = data;
	CsEventLevel level = CS_EVENT_DEBUG;
	g_autofree char *event = cs_event_format(flags, fields, n_fields, &level);
	g_autofree char *folder = event != NULL ? dup_folder(log, level) : NULL;

	if (folder != NULL)
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
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&log->lock);

	g_free(log->folder);
	log->folder = g_build_filename(state_folder, CS_LOG_FOLDER, NULL);
	log->level = level;
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

	return log->folder != NULL;
}
