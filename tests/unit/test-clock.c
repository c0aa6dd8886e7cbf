/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/clock.h"

#include "core/base/error.h"

static gint64
read_fixed(gpointer data)
{
	return *(gint64 *)data;
}

static void
test_clock_is_replaceable(void)
{
	gint64 now = 1795371548;
	const CsClock clock = {read_fixed, read_fixed, &now};

	g_assert_cmpint(cs_clock_get_unix_s(&clock), ==, 1795371548);
	now++;
	g_assert_cmpint(cs_clock_get_monotonic_us(&clock), ==, 1795371549);
}

static void
test_system_clock(void)
{
	const CsClock *clock = cs_clock_get_system();
	gint64 before_s = g_get_real_time() / G_USEC_PER_SEC;
	gint64 first_us = cs_clock_get_monotonic_us(clock);
	gint64 between_s = cs_clock_get_unix_s(clock);

	g_assert_cmpint(between_s, >=, before_s);
	g_assert_cmpint(between_s, <=, g_get_real_time() / G_USEC_PER_SEC);
	g_assert_cmpint(cs_clock_get_monotonic_us(clock), >=, first_us);
	g_assert_cmpint(first_us, >=, g_get_monotonic_time() - 60 * G_USEC_PER_SEC);
}

typedef struct {
	gint64 unix_s;
	gint64 monotonic_us;
} Hands;

static gint64
read_wall(gpointer data)
{
	return ((const Hands *)data)->unix_s;
}

static gint64
read_monotonic(gpointer data)
{
	return ((const Hands *)data)->monotonic_us;
}

/* Time that passes is no jump, however much of it; nor is a step that is small each time. */
static void
test_jumps(void)
{
	static const struct {
		gint64 unix_s;
		gint64 monotonic_us;
		gint64 jump_s;
	} steps[] = {
		{1, 1999999, 0},
		{86400 * 365, 86400LL * 365 * G_USEC_PER_SEC, 0},
		{4, 0, 0},
		{4, 0, 0},
		{0, 4 * G_USEC_PER_SEC, 0},
		{5, 0, 5},
		{-5, 0, -5},
		{3600 + 60, 60 * G_USEC_PER_SEC, 3600},
		{0, 0, 0},
		{-86400 * 10000LL, 0, -86400 * 10000LL},
	};
	Hands hands = {1795371548, 7000000};
	const CsClock clock = {read_wall, read_monotonic, &hands};
	CsClockMark mark = {0};

	g_assert_cmpint(cs_clock_find_jump(&clock, &mark), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		hands.unix_s += steps[i].unix_s;
		hands.monotonic_us += steps[i].monotonic_us;
		g_test_message("%" G_GSIZE_FORMAT, i);
		g_assert_cmpint(cs_clock_find_jump(&clock, &mark), ==, steps[i].jump_s);
	}
}

static const struct {
	gint64 time;
	const char *text;
} times[] = {
	{0, "1970-01-01T00:00:00Z"},
	{-1, "1969-12-31T23:59:59Z"},
	{951782400, "2000-02-29T00:00:00Z"},
	{1795371548, "2026-11-22T18:19:08Z"},
	{G_GINT64_CONSTANT(4102444800), "2100-01-01T00:00:00Z"},
	{G_GINT64_CONSTANT(253402300799), "9999-12-31T23:59:59Z"},
	{G_GINT64_CONSTANT(-62135596800), "0001-01-01T00:00:00Z"},
};

static void
test_rfc3339(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
		g_autofree char *text = cs_time_format_rfc3339(times[i].time);
		g_autoptr(GError) error = NULL;
		gint64 time = 42;

		g_assert_cmpstr(text, ==, times[i].text);
		g_assert_true(cs_time_parse_rfc3339(text, &time, &error));
		g_assert_no_error(error);
		g_assert_cmpint(time, ==, times[i].time);
	}
}

static void
test_rfc3339_clamps(void)
{
	g_autofree char *late = cs_time_format_rfc3339(G_MAXINT64);
	g_autofree char *early = cs_time_format_rfc3339(G_MININT64);

	g_assert_cmpstr(late, ==, "9999-12-31T23:59:59Z");
	g_assert_cmpstr(early, ==, "0001-01-01T00:00:00Z");
}

static void
test_rfc3339_refuses(void)
{
	static const char *const texts[] = {
		"",
		"2026-11-22",
		"2026-11-22T18:19:08",
		"2026-11-22T18:19:08z",
		"2026-11-22t18:19:08Z",
		"2026-11-22 18:19:08Z",
		"2026-11-22T18:19:08+00:00",
		"2026-11-22T18:19:08.5Z",
		"2026-11-22T18:19:08Z ",
		" 026-11-22T18:19:08Z",
		"2026-13-22T18:19:08Z",
		"2026-0;-22T18:19:08Z",
		"2026-00-22T18:19:08Z",
		"2026-02-29T18:19:08Z",
		"2026-11-22T24:00:00Z",
		"2026-11-22T18:60:00Z",
		"2026-11-22T18:19:60Z",
		"0000-01-01T00:00:00Z",
		"+026-11-22T18:19:08Z",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		gint64 time = 42;

		g_test_message("%s", texts[i]);
		g_assert_false(cs_time_parse_rfc3339(texts[i], &time, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		g_assert_cmpint(time, ==, 42);
	}
}

static void
test_age(void)
{
	static const struct {
		gint64 age;
		const char *text;
	} ages[] = {
		{0, "just now"},
		{59, "just now"},
		{60, "1 minute ago"},
		{119, "1 minute ago"},
		{180, "3 minutes ago"},
		{3599, "59 minutes ago"},
		{3600, "1 hour ago"},
		{7200, "2 hours ago"},
		{86399, "23 hours ago"},
		{86400, "1 day ago"},
		{86400 * 400, "400 days ago"},
		{-1, "just now"},
		{-60, "just now"},
		{-61, "in the future"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(ages); i++) {
		g_autofree char *text = cs_time_format_age(1795371548, 1795371548 + ages[i].age);

		g_assert_cmpstr(text, ==, ages[i].text);
	}
}

/* The same until just before, and something else then. */
static void
test_age_change(void)
{
	static const gint64 ages[] = {
		-100000, -61,  -60,  -1,   0,	 1,	59,    60,
		61,	 3599, 3600, 7199, 7200, 86399, 86400, 259199,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(ages); i++) {
		gint64 now = 1795371548 + ages[i];
		gint64 change_s = cs_time_get_age_change_s(1795371548, now);
		g_autofree char *text = cs_time_format_age(1795371548, now);
		g_autofree char *before = cs_time_format_age(1795371548, now + change_s - 1);
		g_autofree char *after = cs_time_format_age(1795371548, now + change_s);

		g_assert_cmpint(change_s, >=, 1);
		g_assert_cmpstr(text, ==, before);
		g_assert_cmpstr(text, !=, after);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/clock/replaceable", test_clock_is_replaceable);
	g_test_add_func("/clock/jumps", test_jumps);
	g_test_add_func("/clock/system", test_system_clock);
	g_test_add_func("/clock/rfc3339", test_rfc3339);
	g_test_add_func("/clock/rfc3339-clamps", test_rfc3339_clamps);
	g_test_add_func("/clock/rfc3339-refuses", test_rfc3339_refuses);
	g_test_add_func("/clock/age", test_age);
	g_test_add_func("/clock/age-change", test_age_change);
	return g_test_run();
}
