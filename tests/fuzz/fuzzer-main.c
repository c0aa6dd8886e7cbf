/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

/* What the replay runs, for libFuzzer. A warning is a find, and so is an input that takes as long as
 * the replay would not allow; libFuzzer's own -timeout counts the time of a busy machine, too. */
#define LIMIT_NS G_GINT64_CONSTANT(1000000000)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void
log_cb(const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
	if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0)
		g_error("%s", message);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	g_log_set_handler("countersign", G_LOG_LEVEL_MASK, log_cb, NULL);
	g_log_set_handler("GLib", G_LOG_LEVEL_MASK, log_cb, NULL);
	return 0;
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	gint64 start_ns = cs_fuzz_get_thread_time_ns();

	cs_fuzz_target.run(data, size);
	g_assert_cmpint(cs_fuzz_get_thread_time_ns() - start_ns, <, LIMIT_NS);
	return 0;
}
