/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/clock.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <time.h>

#define MINUTE_S 60
#define HOUR_S	 3600
#define DAY_S	 86400

#define JUMP_US (G_GINT64_CONSTANT(5) * G_USEC_PER_SEC)

/* The first and the last second that four digits of a year can say. */
#define FIRST_UNIX_S G_GINT64_CONSTANT(-62135596800)
#define LAST_UNIX_S  G_GINT64_CONSTANT(253402300799)

static gint64
read_unix_s(gpointer data)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

/* CLOCK_BOOTTIME rather than CLOCK_MONOTONIC: time that passed while the machine slept counts, or
 * a challenge would outlive its server's view of it. */
static gint64
read_monotonic_us(gpointer data)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) != 0)
		return g_get_monotonic_time();
	return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static const CsClock system_clock = {read_unix_s, read_monotonic_us, NULL};

/**
 * cs_clock_get_system:
 *
 * Returns: (transfer none): the machine's clocks. For app/ to hand in; any thread.
 */
const CsClock *
cs_clock_get_system(void)
{
	return &system_clock;
}

/**
 * cs_clock_get_unix_s:
 * @clock: a clock
 *
 * Returns: seconds since 1970, UTC. Proves nothing about the real time: the device's clock is the
 * user's to set.
 */
gint64
cs_clock_get_unix_s(const CsClock *clock)
{
	return clock->get_unix_s(clock->data);
}

/**
 * cs_clock_get_monotonic_us:
 * @clock: a clock
 *
 * Returns: microseconds that never go back, counted from anywhere; only differences mean something.
 */
gint64
cs_clock_get_monotonic_us(const CsClock *clock)
{
	return clock->get_monotonic_us(clock->data);
}

/**
 * cs_clock_find_jump:
 * @clock: a clock
 * @mark: (inout): where its two sides stood at the last look; where they stand now
 *
 * Time that passes, be it in sleep, moves both; a clock that is set moves one. The slow correction
 * that NTP makes moves both, too. The first look finds nothing.
 *
 * Returns: by how many seconds the wall's time was set forwards (above 0) or backwards since; 0 where
 *   it was by less than 5
 */
gint64
cs_clock_find_jump(const CsClock *clock, CsClockMark *mark)
{
	gint64 ahead_us =
		cs_clock_get_unix_s(clock) * G_USEC_PER_SEC - cs_clock_get_monotonic_us(clock);
	gint64 moved_us = mark->is_set ? ahead_us - mark->ahead_us : 0;

	*mark = (CsClockMark){ahead_us, TRUE};
	/* Whole seconds against microseconds: a second of it is no movement. */
	if (ABS(moved_us) < JUMP_US)
		return 0;
	return (moved_us + (moved_us > 0 ? G_USEC_PER_SEC / 2 : -G_USEC_PER_SEC / 2)) /
	       G_USEC_PER_SEC;
}

/**
 * cs_time_format_rfc3339:
 * @time_unix_s: seconds since 1970
 *
 * Returns: (transfer full): RFC 3339 in UTC with whole seconds. A time outside the years 1 to 9999
 * is shown as the nearest that can be written.
 */
char *
cs_time_format_rfc3339(gint64 time_unix_s)
{
	gint64 shown = CLAMP(time_unix_s, FIRST_UNIX_S, LAST_UNIX_S);
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(shown);

	return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02dZ", g_date_time_get_year(time),
			       g_date_time_get_month(time), g_date_time_get_day_of_month(time),
			       g_date_time_get_hour(time), g_date_time_get_minute(time),
			       g_date_time_get_second(time));
}

static int
read_digits(const char *text, guint count)
{
	int value = 0;

	for (guint i = 0; i < count; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

static gboolean
has_rfc3339_shape(const char *text)
{
	const char shape[] = "dddd-dd-ddTdd:dd:ddZ";

	if (strlen(text) != sizeof(shape) - 1)
		return FALSE;
	for (gsize i = 0; i < sizeof(shape) - 1; i++) {
		if (shape[i] == 'd' ? !g_ascii_isdigit(text[i]) : text[i] != shape[i])
			return FALSE;
	}
	return TRUE;
}

/**
 * cs_time_parse_rfc3339:
 * @text: such as "2026-11-22T18:19:08Z": UTC, whole seconds, no other form
 * @time_unix_s: (out): seconds since 1970
 * @error: %CS_ERROR_INVALID
 *
 * Returns: FALSE for another form, or for a time that does not exist.
 */
gboolean
cs_time_parse_rfc3339(const char *text, gint64 *time_unix_s, GError **error)
{
	g_autoptr(GDateTime) time = NULL;

	if (has_rfc3339_shape(text))
		time = g_date_time_new_utc(read_digits(text, 4), read_digits(text + 5, 2),
					   read_digits(text + 8, 2), read_digits(text + 11, 2),
					   read_digits(text + 14, 2), read_digits(text + 17, 2));
	if (time == NULL) {
		cs_error_set(error, CS_ERROR_INVALID, NULL,
			     "not a time of the form 2026-11-22T18:19:08Z");
		return FALSE;
	}
	*time_unix_s = g_date_time_to_unix(time);
	return TRUE;
}

/**
 * cs_time_format_age:
 * @time_unix_s: when it happened
 * @now_unix_s: the clock's time now
 *
 * Returns: (transfer full): how long ago, translated, for people: "3 minutes ago"; "in the future"
 * where the clock has been set back since.
 */
char *
cs_time_format_age(gint64 time_unix_s, gint64 now_unix_s)
{
	guint64 age_s;
	gulong count;

	if (time_unix_s - MINUTE_S > now_unix_s)
		return g_strdup(_("in the future"));
	age_s = now_unix_s > time_unix_s ? (guint64)now_unix_s - (guint64)time_unix_s : 0;
	if (age_s < MINUTE_S)
		return g_strdup(_("just now"));
	if (age_s < HOUR_S) {
		count = age_s / MINUTE_S;
		return g_strdup_printf(
			g_dngettext(GETTEXT_PACKAGE, "%lu minute ago", "%lu minutes ago", count),
			count);
	}
	if (age_s < DAY_S) {
		count = age_s / HOUR_S;
		return g_strdup_printf(
			g_dngettext(GETTEXT_PACKAGE, "%lu hour ago", "%lu hours ago", count),
			count);
	}
	count = age_s / DAY_S;
	return g_strdup_printf(g_dngettext(GETTEXT_PACKAGE, "%lu day ago", "%lu days ago", count),
			       count);
}

/**
 * cs_time_get_age_change_s:
 * @time_unix_s: when it happened
 * @now_unix_s: the clock's time now
 *
 * Returns: in how many seconds cs_time_format_age() says something else, if the clock goes on: at
 *   least 1, at most a day, or until the future begins
 */
gint64
cs_time_get_age_change_s(gint64 time_unix_s, gint64 now_unix_s)
{
	gint64 age_s;

	if (time_unix_s - MINUTE_S > now_unix_s)
		return time_unix_s - MINUTE_S - now_unix_s;
	if (time_unix_s > now_unix_s)
		return time_unix_s - now_unix_s + MINUTE_S;
	age_s = now_unix_s - time_unix_s;
	if (age_s < HOUR_S)
		return MINUTE_S - age_s % MINUTE_S;
	return age_s < DAY_S ? HOUR_S - age_s % HOUR_S : DAY_S - age_s % DAY_S;
}
