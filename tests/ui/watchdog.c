/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/ui/watchdog.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define X_SOCKETS    "/tmp/.X11-unix/X"
#define US_A_SECOND  1000000
#define NS_A_US	     1000
#define MAX_LINE     96
#define NO_SCHEDSTAT (-1)

/* Clocks of this thread, all in microseconds. */
typedef struct {
	gint64 wall_us;
	gint64 processor_us;
	gint64 preempted_us; /* NO_SCHEDSTAT where the kernel does not count that */
	gint64 sleeps;	     /* a number: how often it gave the processor up by itself */
} Sample;

static struct {
	gboolean is_watching;
	gboolean is_in_loop; /* in the main loop's own wait */
	pid_t thread;
	int schedstat; /* descriptor, or -1 */
	Sample woken;
	gint64 display_us; /* since woken */
	const char *where;
	gint64 allowance_us;
	CsTestTurn longest;
} watchdog = {.schedstat = -1};

static gint64
read_preempted(void)
{
	char line[MAX_LINE] = "";
	guint64 ran = 0;
	guint64 waited = 0;

	if (watchdog.schedstat < 0 || pread(watchdog.schedstat, line, sizeof(line) - 1, 0) <= 0 ||
	    sscanf(line, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &ran, &waited) != 2)
		return NO_SCHEDSTAT;
	return (gint64)(waited / NS_A_US);
}

static Sample
take_sample(void)
{
	struct timespec processor = {0};
	struct rusage usage = {{0}};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &processor);
	getrusage(RUSAGE_THREAD, &usage);
	return (Sample){
		.wall_us = g_get_monotonic_time(),
		.processor_us =
			(gint64)processor.tv_sec * US_A_SECOND + processor.tv_nsec / NS_A_US,
		.preempted_us = read_preempted(),
		.sleeps = usage.ru_nvcsw,
	};
}

/* Without the kernel's count of it: who never slept was preempted, all the time that it did not run;
 * who did is not believed. */
static gint64
get_preempted(const Sample *from, const Sample *to)
{
	gint64 idle = to->wall_us - from->wall_us - (to->processor_us - from->processor_us);

	if (from->preempted_us != NO_SCHEDSTAT && to->preempted_us != NO_SCHEDSTAT)
		return to->preempted_us - from->preempted_us;
	return from->sleeps == to->sleeps ? idle : 0;
}

static void
end_turn(void)
{
	Sample now = take_sample();
	CsTestTurn turn = {
		.processor_us = now.processor_us - watchdog.woken.processor_us,
		.preempted_us = get_preempted(&watchdog.woken, &now),
		.display_us = watchdog.display_us,
		.where = watchdog.where,
	};
	gint64 asleep_us = now.wall_us - watchdog.woken.wall_us - turn.processor_us -
			   turn.preempted_us - turn.display_us;

	turn.blocked_us = MAX(asleep_us, 0);
	turn.own_us = turn.blocked_us + MAX(turn.processor_us - watchdog.allowance_us, 0);
	if (turn.own_us > watchdog.longest.own_us)
		watchdog.longest = turn;
}

static int
watch_poll_cb(GPollFD *descriptors, guint count, int timeout_ms)
{
	int n_ready = 0;

	if (!watchdog.is_watching || (pid_t)syscall(SYS_gettid) != watchdog.thread)
		return g_poll(descriptors, count, timeout_ms);
	end_turn();
	watchdog.is_in_loop = TRUE;
	n_ready = g_poll(descriptors, count, timeout_ms);
	watchdog.is_in_loop = FALSE;
	watchdog.display_us = 0;
	watchdog.woken = take_sample();
	return n_ready;
}

static gboolean
is_display(int descriptor)
{
	struct sockaddr_un peer = {0};
	socklen_t length = sizeof(peer);

	if (getpeername(descriptor, (struct sockaddr *)&peer, &length) != 0 ||
	    peer.sun_family != AF_UNIX)
		return FALSE;
	/* an abstract name begins with a NUL */
	return strncmp(peer.sun_path[0] != '\0' ? peer.sun_path : peer.sun_path + 1, X_SOCKETS,
		       strlen(X_SOCKETS)) == 0;
}

static int
call_poll(struct pollfd *descriptors, nfds_t count, int timeout_ms)
{
	struct timespec limit = {timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000};

	return (int)syscall(SYS_ppoll, descriptors, count, timeout_ms < 0 ? NULL : &limit, NULL, 0);
}

/* In place of the C library's, for every library of the process: where libxcb waits for an answer,
 * and nothing else does, that is the X server's time. */
int
poll(struct pollfd *descriptors, nfds_t count, int timeout_ms)
{
	Sample before;
	Sample after;
	int n_ready = 0;

	if (!watchdog.is_watching || watchdog.is_in_loop || count != 1 ||
	    (pid_t)syscall(SYS_gettid) != watchdog.thread || !is_display(descriptors->fd))
		return call_poll(descriptors, count, timeout_ms);
	before = take_sample();
	n_ready = call_poll(descriptors, count, timeout_ms);
	after = take_sample();
	watchdog.display_us += after.wall_us - before.wall_us -
			       (after.processor_us - before.processor_us) -
			       get_preempted(&before, &after);
	return n_ready;
}

void
cs_test_watchdog_start(void)
{
	g_autofree char *path = NULL;

	watchdog.thread = (pid_t)syscall(SYS_gettid);
	path = g_strdup_printf("/proc/self/task/%d/schedstat", (int)watchdog.thread);
	watchdog.schedstat = open(path, O_RDONLY | O_CLOEXEC);
	watchdog.longest = (CsTestTurn){.where = "nowhere"};
	watchdog.where = "the start";
	watchdog.allowance_us = 0;
	watchdog.display_us = 0;
	watchdog.woken = take_sample();
	watchdog.is_watching = TRUE;
	g_main_context_set_poll_func(NULL, watch_poll_cb);
}

void
cs_test_watchdog_say(const char *where, gint64 allowance_us)
{
	watchdog.where = where;
	watchdog.allowance_us = allowance_us;
}

CsTestTurn
cs_test_watchdog_stop(void)
{
	end_turn();
	watchdog.is_watching = FALSE;
	g_main_context_set_poll_func(NULL, NULL);
	if (watchdog.schedstat >= 0)
		close(watchdog.schedstat);
	watchdog.schedstat = -1;
	return watchdog.longest;
}
