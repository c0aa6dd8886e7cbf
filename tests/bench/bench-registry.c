/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/crl.h"
#include "tests/bench/measure.h"
#include "tests/bench/serving.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What an authority with n devices costs to start, to keep and to ask, and what a CRL of n entries
 * does. All but the devices that sign in are written straight into the registry's tables, by one
 * statement each: enrolling a million would take hours, and leave such rows. */

#define REGISTRY      "registry.db"
#define DEVICES_MAX   1000000
#define CALLS	      3 /* of each device that signs in, in one round */
#define ROUNDS	      5
#define ENTRIES_MAX   100000
#define CRL_RUNS      9
#define LOOK_UPS      1000 /* in one run */
#define LOOK_UP_RUNS  101
#define SERIAL_OCTETS 16
#define BYTES_A_MB    1048576.0

/* ---- devices ---- */

static void
execute(sqlite3 *database, const char *sql)
{
	g_assert_cmpstr(sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK
				? NULL
				: sqlite3_errmsg(database),
			==, NULL);
}

/* A user, a device with its key, an account, and a link with its certificate each; names and
 * fingerprints are as long and as scattered as real ones. */
static const char *const rows[] = {
	"CREATE TEMP TABLE made AS SELECT value AS n, lower(hex(randomblob(13))) AS user,"
	" lower(hex(randomblob(13))) AS device, lower(hex(randomblob(13))) AS device_key,"
	" lower(hex(randomblob(13))) AS account, lower(hex(randomblob(32))) AS link,"
	" lower(hex(randomblob(32))) AS certificate, printf('%.43s', hex(randomblob(22))) AS print"
	" FROM generate",
	"INSERT INTO users (id, login, state, created_at)"
	" SELECT user, 'user' || n, 'active', 1 FROM made",
	"INSERT INTO devices (id, hardware_id, name, platform, state, created_at, deactivated_at,"
	" reactivated_at, helpdesk_code) SELECT device, 'H' || print, 'one of many', 'linux',"
	" 'active', 1, 0, 0, 'code' || n FROM made",
	"INSERT INTO device_keys (id, device_id, thumbprint, jwk, approval, hardware, created_at)"
	" SELECT device_key, device, 'D' || print, printf('%0130d', n), 'founder', 0, 1 FROM made",
	"INSERT INTO accounts (id, user_id, device_id, key_id, thumbprint, jwk, deleted,"
	" created_at, deleted_at) SELECT account, user, device, device_key, 'A' || print,"
	" printf('%0130d', n), 0, 1, 0 FROM made",
	"INSERT INTO links (key_fingerprint, certificate, device_id, state, bound_at,"
	" hand_over_until) SELECT link, certificate, device, 'bound', 1, 0 FROM made",
	"INSERT INTO link_keys (key_fingerprint, place, key_id) SELECT link, 0, device_key FROM "
	"made",
	"INSERT INTO certificates (fingerprint, key_fingerprint) SELECT certificate, link FROM "
	"made",
};

static void
fill_registry(const char *folder, guint count)
{
	g_autofree char *path = g_build_filename(folder, REGISTRY, NULL);
	g_autofree char *generate = g_strdup_printf(
		"CREATE TEMP VIEW generate AS WITH RECURSIVE up (value) AS (SELECT 1 UNION ALL"
		" SELECT value + 1 FROM up WHERE value < %u) SELECT value FROM up",
		count);
	sqlite3 *database = NULL;

	g_assert_cmpint(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), ==,
			SQLITE_OK);
	execute(database, "PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;"
			  " PRAGMA temp_store = MEMORY");
	execute(database, generate);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		execute(database, rows[i]);
	execute(database, "PRAGMA wal_checkpoint (TRUNCATE)");
	g_assert_cmpint(sqlite3_close(database), ==, SQLITE_OK);
	sync();
}

static double
get_file_bytes(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, REGISTRY, NULL);
	GStatBuf info = {0};

	g_assert_cmpint(g_stat(path, &info), ==, 0);
	return (double)info.st_size;
}

typedef struct {
	double start_us;
	double processor_us; /* of the server, for a response */
	double response_us;  /* from its last octet sent to the verdict, the median */
} Cost;

/* One after another, so that nothing is shared: device after device, none twice in a row. */
static void
measure_round(CsServing *serving, double *times_us, double *processor_us)
{
	const guint count = CS_SERVING_DEVICES_MAX * CALLS;
	g_autofree CsServingCall *calls = g_new0(CsServingCall, count);
	g_autofree CsLoadCall **sent = g_new(CsLoadCall *, count);
	double began_s;

	for (guint i = 0; i < count; i++) {
		cs_serving_prepare(serving, i % CS_SERVING_DEVICES_MAX, &calls[i]);
		sent[i] = &calls[i].call;
	}
	began_s = cs_serving_get_processor_s();
	cs_load_run(cs_serving_get_port(serving), sent, 1, count);
	*processor_us = (cs_serving_get_processor_s() - began_s) * 1e6 / count;
	for (guint i = 0; i < count; i++) {
		times_us[i] = calls[i].call.time_ms * 1000;
		cs_serving_finish(&calls[i]);
	}
}

static Cost
measure_registry(CsServing *serving)
{
	double times_us[ROUNDS * CS_SERVING_DEVICES_MAX * CALLS];
	double processor_us[ROUNDS];
	gint64 began_us = g_get_monotonic_time();
	Cost cost = {0};

	cs_serving_start(serving, FALSE);
	cost.start_us = (double)(g_get_monotonic_time() - began_us);
	for (guint round = 0; round < ROUNDS; round++)
		measure_round(serving, times_us + (gsize)round * CS_SERVING_DEVICES_MAX * CALLS,
			      &processor_us[round]);
	cs_serving_stop(serving);
	cost.processor_us = cs_bench_find_quantile(processor_us, ROUNDS, 0.5);
	cost.response_us = cs_bench_find_quantile(times_us, G_N_ELEMENTS(times_us), 0.5);
	return cost;
}

static void
measure_devices(const char *place, guint count, FILE *table)
{
	CsServing *serving = cs_serving_new(place, CS_KEY_KIND_P256, CS_SERVING_DEVICES_MAX);
	g_autofree char *row = g_strdup_printf("authentication, %u devices", count);
	double bytes;
	Cost cost;

	fill_registry(cs_serving_get_folder(serving), count - CS_SERVING_DEVICES_MAX);
	bytes = get_file_bytes(cs_serving_get_folder(serving));
	cost = measure_registry(serving);
	cs_bench_say(row,
		     "%8.0f us, %.0f us of the server's processor | start %.1f ms | "
		     "registry %.1f MB",
		     cost.response_us, cost.processor_us, cost.start_us / 1000, bytes / BYTES_A_MB);
	(void)fprintf(table, "%u\t%.1f\t%.1f\t%.1f\t%.0f\n", count, cost.response_us,
		      cost.processor_us, cost.start_us, bytes);
	cs_serving_free(serving);
}

/* ---- a CRL ---- */

typedef struct {
	CsTestIdentity *ca;
	GBytes *der;
	CsCrl *crl;
	CsCrlSet *set;
	CsCertificate *certificate; /* of the CA, and not listed */
	guint8 serials[LOOK_UPS][SERIAL_OCTETS];
} Crl;

static void
let_go(gpointer data)
{
	Crl *crl = data;

	g_clear_pointer(&crl->crl, cs_crl_unref);
	g_clear_pointer(&crl->set, cs_crl_set_unref);
}

static void
walk(gpointer data)
{
	Crl *crl = data;

	crl->crl = cs_crl_new(crl->der, NULL);
	g_assert_nonnull(crl->crl);
}

static void
load(gpointer data)
{
	Crl *crl = data;

	crl->set = cs_bench_crl_set_new(crl->ca, crl->der);
}

/* What must be done with every octet that a signature is over. */
static void
verify_raw(gpointer data)
{
	const Crl *crl = data;
	guint8 digest[EVP_MAX_MD_SIZE];

	g_assert_cmpint(EVP_Digest(g_bytes_get_data(crl->der, NULL), g_bytes_get_size(crl->der),
				   digest, NULL, EVP_sha256(), NULL),
			==, 1);
}

static void
look_up(gpointer data)
{
	const Crl *crl = data;

	for (guint i = 0; i < LOOK_UPS; i++) {
		const CsDer serial = {crl->serials[i], SERIAL_OCTETS};

		g_assert_cmpint(cs_crl_find(cs_crl_set_get_crl(crl->set, 0), serial), ==,
				CS_CRL_NOT_LISTED);
	}
}

static void
decide(gpointer data)
{
	const Crl *crl = data;
	const CsRevocationLimits limits = {.now = CS_TEST_CRL_NOW};

	for (guint i = 0; i < LOOK_UPS; i++) {
		CsRevocationAnswer answer = {0};

		cs_crl_set_decide(crl->set, crl->certificate, &limits, &answer);
		g_assert_cmpint(answer.status, ==, CS_REVOCATION_GOOD);
	}
}

static void
open_crl(Crl *crl, CsTestIdentity *leaf, guint entries)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(entries);

	crl->der = cs_bench_crl_new(crl->ca, entries);
	crl->certificate = cs_test_identity_get_certificate(leaf);
	for (guint i = 0; i < LOOK_UPS; i++) {
		for (guint at = 0; at < SERIAL_OCTETS; at++)
			crl->serials[i][at] = (guint8)g_rand_int_range(random, 1, 128);
	}
}

static void
measure_crl(Crl *crl, CsTestIdentity *leaf, guint entries, FILE *table)
{
	static const CsBenchSide walk_side = {"walk", walk, let_go};
	static const CsBenchSide load_side = {"load", load, let_go};
	static const CsBenchSide raw_side = {"SHA-256 of its octets", verify_raw, NULL};
	static const CsBenchSide find_side = {"look-up", look_up, NULL};
	static const CsBenchSide decide_side = {"decision", decide, NULL};
	g_autofree char *row = g_strdup_printf("CRL of %u entries", entries);
	double walk_us;
	double load_us;
	double raw_us;
	double find_us;
	double decide_us;
	double index_bytes;

	open_crl(crl, leaf, entries);
	walk_us = cs_bench_measure(&walk_side, crl, CRL_RUNS);
	let_go(crl);
	load_us = cs_bench_measure(&load_side, crl, CRL_RUNS);
	raw_us = cs_bench_measure(&raw_side, crl, CRL_RUNS);
	find_us = cs_bench_measure(&find_side, crl, LOOK_UP_RUNS) / LOOK_UPS;
	decide_us = cs_bench_measure(&decide_side, crl, LOOK_UP_RUNS) / LOOK_UPS;
	index_bytes = (double)cs_crl_get_index_bytes(cs_crl_set_get_crl(crl->set, 0));
	cs_bench_say(row,
		     "load %.0f us, of which the walk %.0f us | SHA-256 of its octets %.0f us | "
		     "look-up %.3f us, decision %.3f us | %.0f KiB and an index of %.0f KiB",
		     load_us, walk_us, raw_us, find_us, decide_us,
		     (double)g_bytes_get_size(crl->der) / 1024, index_bytes / 1024);
	(void)fprintf(table, "%u\t%.1f\t%.1f\t%.1f\t%.4f\t%.4f\t%zu\t%.0f\n", entries, load_us,
		      walk_us, raw_us, find_us, decide_us, g_bytes_get_size(crl->der), index_bytes);
	let_go(crl);
	g_clear_pointer(&crl->der, g_bytes_unref);
}

static FILE *
open_table(const char *place, const char *name, const char *head)
{
	g_autofree char *path = g_build_filename(place, name, NULL);
	FILE *table = fopen(path, "we");

	g_assert_nonnull(table);
	(void)fprintf(table, "%s\n", head);
	return table;
}

static void
measure_crls(const char *place)
{
	FILE *table = open_table(place, "crl-size.tsv",
				 "entries\tload_us\twalk_us\tsha256_us\tlook_up_us\tdecision_us"
				 "\tder_bytes\tindex_bytes");
	Crl crl = {.ca = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL)};
	g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(NULL, crl.ca);

	for (guint entries = 100; entries <= ENTRIES_MAX; entries *= 10)
		measure_crl(&crl, leaf, entries, table);
	cs_test_identity_free(crl.ca);
	g_assert_cmpint(fclose(table), ==, 0);
}

static void
measure_registries(const char *place)
{
	FILE *table = open_table(place, "registry-size.tsv",
				 "devices\tresponse_us\tprocessor_us\tstart_us\tregistry_bytes");

	for (guint count = 100; count <= DEVICES_MAX; count *= 10)
		measure_devices(place, count, table);
	g_assert_cmpint(fclose(table), ==, 0);
}

/* Both tables and the registries are made in the folder that is given. */
int
main(int argc, char **argv)
{
	g_assert_cmpint(argc, ==, 2);
	measure_crls(argv[1]);
	measure_registries(argv[1]);
	return 0;
}
