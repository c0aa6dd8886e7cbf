/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <time.h>

#define NS_PER_S G_GINT64_CONSTANT(1000000000)

void
cs_fuzz_add_bytes(GPtrArray *seeds, GBytes *bytes)
{
	g_ptr_array_add(seeds, g_bytes_ref(bytes));
}

void
cs_fuzz_add_text(GPtrArray *seeds, const char *text)
{
	g_ptr_array_add(seeds, g_bytes_new(text, strlen(text)));
}

void
cs_fuzz_check_error(const GError *error)
{
	g_assert_nonnull(error);
	g_assert_true(error->domain == CS_ERROR);
	g_assert_nonnull(cs_error_get_reason(error));
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
	g_assert_cmpint(*error->message, !=, '\0');
	for (const char *next = error->message; *next != '\0'; next = g_utf8_next_char(next))
		g_assert_false(g_unichar_iscntrl(g_utf8_get_char(next)));
}

gint64
cs_fuzz_get_thread_time_ns(void)
{
	struct timespec now;
	g_assert_cmpint(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), ==, 0);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}
