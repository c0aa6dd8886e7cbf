/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/io-driver.h"

#include "tests/faults/io-shim.h"

#define MAX_CALLS 5000 /* far beyond any write's */

static guint
count_descriptors(void)
{
	g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
	guint n = 0;

	g_assert_nonnull(dir);
	while (g_dir_read_name(dir) != NULL)
		n++;
	return n;
}

/* TRUE where nothing failed any more. */
static gboolean
try_once(const CsFaultyWrite *write, guint nth, CsIoFaultMode mode)
{
	gpointer world = write->set_up(write);
	g_autoptr(GError) error = NULL;
	gboolean acknowledged;
	guint hits;

	cs_io_faults_arm(nth, mode);
	acknowledged = write->act(world, &error);
	hits = cs_io_faults_disarm();
	g_test_message("call %u (%s): %s", nth, cs_io_faults_get_name(),
		       error != NULL ? error->message : "acknowledged");
	g_assert_true(acknowledged == (error == NULL));
	if (hits == 0)
		g_assert_true(acknowledged);
	write->check(world, acknowledged);
	write->tear_down(world);
	return hits == 0;
}

static void
run(const CsFaultyWrite *write, CsIoFaultMode mode)
{
	guint descriptors = 0;
	guint n = 1;

	/* The first opens what stays open: random devices, event descriptors. */
	g_assert_true(try_once(write, MAX_CALLS, mode));
	descriptors = count_descriptors();
	while (!try_once(write, n, mode)) {
		g_assert_cmpuint(count_descriptors(), ==, descriptors);
		g_assert_cmpuint(++n, <, MAX_CALLS);
	}
	g_assert_cmpuint(n, >, 1);
	g_test_message("%s: each of %u calls failed once", write->name, n - 1);
	g_test_minimized_result(n - 1, "%s: calls that failed", write->name);
}

static void
test_once(gconstpointer data)
{
	run(data, CS_IO_FAULT_ONCE);
}

static void
test_onward(gconstpointer data)
{
	run(data, CS_IO_FAULT_ONWARD);
}

void
cs_faulty_write_add(const CsFaultyWrite *write)
{
	g_autofree char *once = g_strdup_printf("/faults/io/%s/once", write->name);
	g_autofree char *onward = g_strdup_printf("/faults/io/%s/onward", write->name);

	g_test_add_data_func(once, write, test_once);
	g_test_add_data_func(onward, write, test_onward);
}
