/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

/* The program with a clock that can be set (linked with --wrap): COUNTERSIGN_CLOCK is its time in
 * Unix seconds when the process starts; COUNTERSIGN_CLOCK_FILE holds the seconds by which it is ahead,
 * whenever it is asked. The monotonic clock, and so the time that passes, is real. */
gint64 __real_g_get_real_time(void);
gint64 __wrap_g_get_real_time(void);

static gint64
read_ahead_us(void)
{
	const char *path = g_getenv("COUNTERSIGN_CLOCK_FILE");
	g_autofree char *text = NULL;

	if (path == NULL || !g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	return g_ascii_strtoll(text, NULL, 10) * G_USEC_PER_SEC;
}

gint64
__wrap_g_get_real_time(void)
{
	static gint64 offset_us;
	static gsize is_known;
	const char *text;

	if (g_once_init_enter(&is_known)) {
		text = g_getenv("COUNTERSIGN_CLOCK");
		if (text != NULL)
			offset_us = g_ascii_strtoll(text, NULL, 10) * G_USEC_PER_SEC -
				    __real_g_get_real_time();
		g_once_init_leave(&is_known, 1);
	}
	return __real_g_get_real_time() + offset_us + read_ahead_us();
}
