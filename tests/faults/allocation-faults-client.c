/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/alloc-driver.h"
#include "tests/faults/client-writes.h"

/* The client's writes, with the memory of a library running out. What signs and verifies is in
 * allocation-faults.c, allocation by allocation; here a try costs a server, a home and two accounts. */
#define TRIES 200

typedef struct {
	const CsFaultyWrite *write;
	gpointer world;
	gboolean acknowledged;
} Try;

static gpointer
set_up(gconstpointer data)
{
	Try *try = g_new0(Try, 1);

	try->write = data;
	try->world = try->write->set_up(try->write);
	return try;
}

static gboolean
act(gpointer data, gconstpointer unused, GError **error)
{
	Try *try = data;

	try->acknowledged = try->write->act(try->world, error);
	return try->acknowledged;
}

static void
tear_down(gpointer data)
{
	Try *try = data;

	try->write->check(try->world, try->acknowledged);
	try->write->tear_down(try->world);
	g_free(try);
}

int
main(int argc, char *argv[])
{
	const guint remote = 1u << CS_ALLOC_OPENSSL | 1u << CS_ALLOC_CJSON | 1u << CS_ALLOC_CURL;
	const guint local = 1u << CS_ALLOC_OPENSSL;
	int status;

	cs_alloc_faults_install();
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < cs_client_writes_count; i++) {
		const CsFaultyWrite *write = &cs_client_writes[i];
		const CsFaultyAct faulty = {
			.name = write->name,
			.owners = write->is_local ? local : remote,
			.good = TRUE,
			.tries = TRIES,
			.set_up = set_up,
			.act = act,
			.tear_down = tear_down,
			.data = write,
		};

		cs_faulty_act_add(&faulty);
	}
	status = g_test_run();
	cs_client_writes_clear();
	return status;
}
