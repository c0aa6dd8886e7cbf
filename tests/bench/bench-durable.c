/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/measure.h"
#include "tests/bench/serving.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Authentications whose binding and log line are on disk before the verdict leaves: one commit for
 * all that are ready, beside one commit a request, in turns, on the disk of the folder that is
 * given, and as if each sync of it took some milliseconds longer, as a spinning disk's or a network's
 * does. Each client has a device, a certificate and a connection of its own, and sends its next
 * response when it has heard the last verdict. Responses are made before and not measured. */

#define ROUNDS	    5
#define SYNCS	    201
#define SYNC_BYTES  4096
#define GOAL_RATIO  3.0
#define GOAL_P99_MS 25.0

#define SLOWER_MS 5

typedef struct {
	guint clients;
	guint calls; /* of each, a round */
	guint slower_ms;
	gboolean has_ratio_goal;
	gboolean has_p99_goal;
} Load;

static const Load loads[] = {
	{1, 60, 0, FALSE, FALSE},
	{16, 20, 0, TRUE, FALSE},
	{CS_SERVING_DEVICES_MAX, 10, 0, TRUE, TRUE},
	{16, 10, SLOWER_MS, TRUE, FALSE},
	{CS_SERVING_DEVICES_MAX, 5, SLOWER_MS, TRUE, FALSE},
};

static gint syncs;
static gint slower_us;

/* In place of the C library's, for SQLite too. */
int
fdatasync(int fd)
{
	int late_us = g_atomic_int_get(&slower_us);

	g_atomic_int_inc(&syncs);
	if (late_us > 0)
		g_usleep((gulong)late_us);
	return (int)syscall(SYS_fdatasync, fd);
}

/* Of one way to commit, in all rounds. */
typedef struct {
	double rates[ROUNDS]; /* authentications a second */
	double processor_s;   /* of the server */
	gint syncs;
	GArray *times_ms; /* of each call */
} Side;

static void
run_round(CsServing *serving, const Load *load, gboolean alone, Side *side, guint round)
{
	guint count = load->clients * load->calls;
	g_autofree CsServingCall *calls = g_new0(CsServingCall, count);
	g_autofree CsLoadCall **sent = g_new(CsLoadCall *, count);
	double began_s;

	cs_serving_start(serving, alone);
	for (guint i = 0; i < count; i++) {
		cs_serving_prepare(serving, i / load->calls, &calls[i]);
		sent[i] = &calls[i].call;
	}
	g_atomic_int_set(&slower_us, (gint)load->slower_ms * 1000);
	g_atomic_int_set(&syncs, 0);
	began_s = cs_serving_get_processor_s();
	side->rates[round] =
		count / cs_load_run(cs_serving_get_port(serving), sent, load->clients, load->calls);
	side->processor_s += cs_serving_get_processor_s() - began_s;
	side->syncs += g_atomic_int_get(&syncs);
	g_atomic_int_set(&slower_us, 0);
	for (guint i = 0; i < count; i++) {
		g_array_append_val(side->times_ms, calls[i].call.time_ms);
		cs_serving_finish(&calls[i]);
	}
	cs_serving_stop(serving);
}

static double
find_quantile(GArray *times_ms, double quantile)
{
	return cs_bench_find_quantile((double *)times_ms->data, times_ms->len, quantile);
}

static void
say_side(const char *row, const char *name, Side *side)
{
	double count = side->times_ms->len;

	cs_bench_say(row,
		     "%8.0f /s | half within %.1f ms, 99 %% within %.1f ms | the server's "
		     "processors %.0f us each | %.1f for each sync | %s",
		     cs_bench_find_quantile(side->rates, ROUNDS, 0.5),
		     find_quantile(side->times_ms, 0.5), find_quantile(side->times_ms, 0.99),
		     side->processor_s * 1e6 / count, count / side->syncs, name);
}

static void
measure_load(CsServing *serving, const Load *load)
{
	Side sides[2] = {0}; /* shared, alone */
	g_autofree char *late = load->slower_ms > 0
					? g_strdup_printf(", sync %u ms slower", load->slower_ms)
					: NULL;
	g_autofree char *row =
		g_strdup_printf("durable, %u at once%s", load->clients, late != NULL ? late : "");

	for (guint alone = 0; alone < 2; alone++)
		sides[alone].times_ms = g_array_new(FALSE, FALSE, sizeof(double));
	for (guint round = 0; round < ROUNDS; round++) {
		for (guint alone = 0; alone < 2; alone++)
			run_round(serving, load, alone == 1, &sides[alone], round);
	}
	say_side(row, "one commit for all that are ready", &sides[0]);
	say_side(row, "one commit a request", &sides[1]);
	cs_bench_say_goal(row, "ratio",
			  cs_bench_find_quantile(sides[0].rates, ROUNDS, 0.5) /
				  cs_bench_find_quantile(sides[1].rates, ROUNDS, 0.5),
			  load->has_ratio_goal ? -GOAL_RATIO : 0);
	if (load->has_p99_goal)
		cs_bench_say_goal(row, "99 % within, ms", find_quantile(sides[0].times_ms, 0.99),
				  GOAL_P99_MS);
	for (guint alone = 0; alone < 2; alone++)
		g_array_unref(sides[alone].times_ms);
}

/* What one commit must cost on this disk, at least: a page at the end of a file that grows, as after
 * the journal was emptied, or in the middle of one. */
static void
measure_sync(const char *folder, gboolean grows)
{
	static const char page[SYNC_BYTES] = {0};
	g_autofree char *path = g_build_filename(folder, "sync", NULL);
	double times_us[SYNCS];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	g_assert_cmpint(fd, >=, 0);
	for (guint i = 0; i < SYNCS; i++) {
		gint64 began_us = g_get_monotonic_time();

		g_assert_cmpint(pwrite(fd, page, sizeof(page), grows ? i * SYNC_BYTES : 0), ==,
				sizeof(page));
		g_assert_cmpint(fdatasync(fd), ==, 0);
		times_us[i] = (double)(g_get_monotonic_time() - began_us);
	}
	close(fd);
	g_assert_cmpint(unlink(path), ==, 0);
	cs_bench_say(grows ? "4 KiB appended and synced" : "4 KiB overwritten and synced",
		     "%.0f us, the median", cs_bench_find_quantile(times_us, SYNCS, 0.5));
}

int
main(int argc, char **argv)
{
	CsServing *serving = NULL;

	g_assert_cmpint(argc, ==, 2);
	serving = cs_serving_new(argv[1], CS_KEY_KIND_P256, CS_SERVING_DEVICES_MAX);
	measure_sync(cs_serving_get_folder(serving), TRUE);
	measure_sync(cs_serving_get_folder(serving), FALSE);
	for (gsize at = 0; at < G_N_ELEMENTS(loads); at++)
		measure_load(serving, &loads[at]);
	cs_serving_free(serving);
	return 0;
}
