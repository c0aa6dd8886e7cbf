/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/client-writes.h"

int
main(int argc, char *argv[])
{
	int status;

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < cs_client_writes_count; i++)
		cs_faulty_write_add(&cs_client_writes[i]);
	status = g_test_run();
	cs_client_writes_clear();
	return status;
}
