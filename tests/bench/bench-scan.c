/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/stores.h"
#include "tests/bench/measure.h"
#include "tests/fixtures/pki-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

/* A folder of certificates with their keys: scanned warm and cold, asked, weighed; and what each
 * costs from ten certificates to a hundred thousand. */

#define CERTIFICATES  10000
#define ISSUERS	      20
#define KEYS	      50
#define RUNS	      9
#define COLD_RUNS     3
#define PEER_RUNS     3
#define LOOK_UPS      2000
#define COLD_READERS  32
#define LOOK_UP_US    5.0
#define DROP_CACHES   "/proc/sys/vm/drop_caches"
#define MEMORY_OPTION "--memory"
#define BYTES_A_MB    1048576.0

typedef struct {
	char *folder;
	char *store; /* the folder that is being measured */
	CsTestIdentity *issuers[ISSUERS];
	CsStores *stores; /* (nullable): open, for look-ups */
	GPtrArray *names; /* of the files, for readers by threads */
	gint next;
} Bench;

static void
write_certificates(Bench *bench, const char *store)
{
	g_assert_cmpint(g_mkdir(store, 0700), ==, 0);
	for (guint number = 0; number < CERTIFICATES; number++) {
		g_autofree char *name = g_strdup_printf("%05u.pem", number);
		const CsTestProfile profile = {.key_number = 1 + number % KEYS,
					       .not_before = 1600000000 + number};
		g_autoptr(CsTestIdentity) leaf =
			cs_test_identity_new(&profile, bench->issuers[number % ISSUERS]);
		g_autofree char *key = cs_test_identity_dup_key_pem(leaf, CS_TEST_KEY_PKCS8, NULL);
		g_autofree char *text = g_strconcat(cs_test_identity_get_pem(leaf), key, NULL);

		g_free(cs_test_write_text(store, name, text));
	}
}

static Bench *
make_bench(void)
{
	Bench *bench = g_new0(Bench, 1);

	bench->folder = cs_test_make_folder();
	bench->store = g_build_filename(bench->folder, "store", NULL);
	for (guint place = 0; place < ISSUERS; place++) {
		g_autofree char *subject = g_strdup_printf("CN=Issuer %u,O=Example", place);
		const CsTestProfile profile = {.subject = subject, .ca = TRUE};

		bench->issuers[place] = cs_test_identity_new(&profile, NULL);
	}
	write_certificates(bench, bench->store);
	return bench;
}

static void
free_bench(Bench *bench)
{
	for (guint place = 0; place < ISSUERS; place++)
		cs_test_identity_free(bench->issuers[place]);
	cs_test_delete_folder(bench->folder);
	g_free(bench->folder);
	g_free(bench->store);
	g_free(bench);
}

/* ---- the limit: reading ---- */

static void
read_file(const char *store, const char *name)
{
	g_autofree char *path = g_build_filename(store, name, NULL);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
}

static void
read_files(gpointer data)
{
	Bench *bench = data;
	g_autoptr(GDir) folder = g_dir_open(bench->store, 0, NULL);
	const char *name = NULL;

	while ((name = g_dir_read_name(folder)) != NULL)
		read_file(bench->store, name);
}

static gpointer
read_thread_cb(gpointer data)
{
	Bench *bench = data;

	for (;;) {
		guint place = (guint)g_atomic_int_add(&bench->next, 1);
		if (place >= bench->names->len)
			return NULL;
		read_file(bench->store, bench->names->pdata[place]);
	}
}

static void
read_by_threads(Bench *bench, guint count)
{
	GThread *threads[COLD_READERS];
	g_autoptr(GDir) folder = g_dir_open(bench->store, 0, NULL);
	const char *name = NULL;

	bench->names = g_ptr_array_new_with_free_func(g_free);
	bench->next = 0;
	while ((name = g_dir_read_name(folder)) != NULL)
		g_ptr_array_add(bench->names, g_strdup(name));
	for (guint i = 0; i < count; i++)
		threads[i] = g_thread_new("read", read_thread_cb, bench);
	for (guint i = 0; i < count; i++)
		g_thread_join(threads[i]);
	g_ptr_array_unref(bench->names);
}

static void
read_by_processors(gpointer data)
{
	read_by_threads(data, MIN(g_get_num_processors(), COLD_READERS));
}

static void
read_by_many(gpointer data)
{
	read_by_threads(data, COLD_READERS);
}

/* ---- what is measured ---- */

static CsStores *
open_stores(const char *store)
{
	const char *const user[] = {store, NULL};
	const char *const machine[] = {NULL};
	CsStores *stores = cs_stores_new(user, machine);

	cs_stores_refresh(stores, NULL);
	return stores;
}

static void
close_stores(gpointer data)
{
	Bench *bench = data;

	g_clear_pointer(&bench->stores, cs_stores_free);
}

/* The stores stay open until the next one's preparation: a resident client never closes them. */
static void
scan(gpointer data)
{
	Bench *bench = data;

	bench->stores = open_stores(bench->store);
}

static void
run_storeutl(gpointer data)
{
	Bench *bench = data;
	const char *const command[] = {"openssl", "storeutl",	"-r", "-noout",
				       "-certs",  bench->store, NULL};

	g_assert_true(g_spawn_sync(NULL, (char **)command, NULL,
				   G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
				   NULL, NULL, NULL, NULL));
}

static void
look_up(gpointer data)
{
	Bench *bench = data;

	for (guint place = 0; place < ISSUERS; place++) {
		CsCertificate *issuer = cs_test_identity_get_certificate(bench->issuers[place]);

		GPtrArray *entries = cs_stores_look_up(bench->stores, CS_STORE_USER,
						       cs_certificate_get_subject_name(issuer));
		if (entries != NULL)
			g_ptr_array_unref(entries);
	}
}

static gboolean
drop_caches(void)
{
	int fd = open(DROP_CACHES, O_WRONLY | O_CLOEXEC);

	sync();
	if (fd < 0)
		return FALSE;
	gboolean dropped = write(fd, "3", 1) == 1;
	close(fd);
	return dropped;
}

static void
make_cold(gpointer data)
{
	close_stores(data);
	g_assert_true(drop_caches());
}

static const CsBenchSide scan_side = {"the scan", scan, close_stores};

static void
measure_warm(Bench *bench)
{
	static const CsBenchSide one = {"reading the files, one thread", read_files, NULL};
	static const CsBenchSide all = {"reading the files, all processors", read_by_processors,
					NULL};
	static const CsBenchSide peer = {"openssl storeutl", run_storeutl, NULL};

	cs_bench_compare("warm scan, 10,000 certificates", &scan_side, &one, bench, RUNS, 1.25);
	cs_bench_compare("warm scan, 10,000 certificates", &scan_side, &all, bench, RUNS, 0);
	cs_bench_compare("warm scan, 10,000 certificates", &scan_side, &peer, bench, PEER_RUNS,
			 1.0 / 25);
}

static void
measure_cold(Bench *bench)
{
	static const CsBenchSide cold = {"the scan", scan, make_cold};
	static const CsBenchSide one = {"reading cold, one thread", read_files, make_cold};
	static const CsBenchSide many = {"reading cold, 32 threads", read_by_many, make_cold};

	if (!drop_caches()) {
		cs_bench_say("cold scan", "not measured: %s cannot be written", DROP_CACHES);
		return;
	}
	cs_bench_compare("cold scan, 10,000 certificates", &cold, &one, bench, COLD_RUNS, 0);
	cs_bench_compare("cold scan, 10,000 certificates", &cold, &many, bench, COLD_RUNS, 0);
	close_stores(bench);
}

static double
measure_look_up(Bench *bench)
{
	static const CsBenchSide side = {"look-up", look_up, NULL};

	close_stores(bench);
	bench->stores = open_stores(bench->store);
	double us = cs_bench_measure(&side, bench, LOOK_UPS);
	close_stores(bench);
	return us;
}

/* ---- memory, in a process of its own ---- */

static gulong
count_resident_bytes(void)
{
	g_autofree char *text = NULL;
	gulong pages = 0;

	g_assert_true(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
	g_assert_cmpint(sscanf(text, "%*u %lu", &pages), ==, 1);
	return pages * (gulong)sysconf(_SC_PAGESIZE);
}

static int
print_memory(const char *store)
{
	gulong before = count_resident_bytes();
	CsStores *stores = open_stores(store);

	printf("%lu\n", count_resident_bytes() - before);
	cs_stores_free(stores);
	return 0;
}

static double
measure_memory(const Bench *bench)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	char *arguments[] = {self, (char *)MEMORY_OPTION, bench->store, NULL};
	g_autofree char *text = NULL;

	g_assert_true(g_spawn_sync(NULL, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &text, NULL,
				   NULL, NULL));
	return g_ascii_strtod(text, NULL);
}

/* ---- from ten to a hundred thousand ---- */

/* Copies of the files that are there, under other names. */
static void
fill_store(const Bench *bench, const char *store, guint count)
{
	g_assert_cmpint(g_mkdir(store, 0700), ==, 0);
	for (guint number = 0; number < count; number++) {
		g_autofree char *from =
			g_strdup_printf("%s/%05u.pem", bench->store, number % CERTIFICATES);
		g_autofree char *to = g_strdup_printf("%s/%06u.pem", store, number);
		g_autofree char *text = NULL;
		gsize length = 0;

		g_assert_true(g_file_get_contents(from, &text, &length, NULL));
		g_assert_true(g_file_set_contents_full(to, text, (gssize)length,
						       G_FILE_SET_CONTENTS_NONE, 0600, NULL));
	}
}

static void
measure_size(Bench *bench, guint count, FILE *table)
{
	static const CsBenchSide reading = {"reading", read_files, NULL};
	Bench sized = *bench;
	g_autofree char *name = g_strdup_printf("%u", count);

	sized.store = g_build_filename(bench->folder, name, NULL);
	fill_store(bench, sized.store, count);
	double reading_us = cs_bench_measure(&reading, &sized, PEER_RUNS);
	double scan_us = cs_bench_measure(&scan_side, &sized, PEER_RUNS);
	close_stores(&sized);
	double look_up_us = measure_look_up(&sized);
	double bytes = measure_memory(&sized);
	cs_bench_say(name, "reading %.0f us, scan %.0f us, look-up %.2f us, memory %.2f MB",
		     reading_us, scan_us, look_up_us, bytes / BYTES_A_MB);
	(void)fprintf(table, "%u\t%.1f\t%.1f\t%.3f\t%.0f\n", count, reading_us, scan_us, look_up_us,
		      bytes);
	cs_test_delete_folder(sized.store);
	g_free(sized.store);
}

static void
measure_sizes(Bench *bench, const char *path)
{
	FILE *table = fopen(path, "we");

	g_assert_nonnull(table);
	(void)fprintf(table, "certificates\treading_us\tscan_us\tlook_up_us\tmemory_bytes\n");
	for (guint count = 10; count <= 100000; count *= 10)
		measure_size(bench, count, table);
	g_assert_cmpint(fclose(table), ==, 0);
}

int
main(int argc, char **argv)
{
	if (argc == 3 && g_str_equal(argv[1], MEMORY_OPTION))
		return print_memory(argv[2]);
	Bench *bench = make_bench();

	measure_warm(bench);
	measure_cold(bench);
	double us = measure_look_up(bench);
	cs_bench_say("look-up, 20 issuers in 10,000", "%.2f us, goal %.1f us: %s", us, LOOK_UP_US,
		     us <= LOOK_UP_US ? "pass" : "not reached");
	cs_bench_say("memory of 10,000 certificates", "%.2f MB",
		     measure_memory(bench) / BYTES_A_MB);
	if (argc == 2)
		measure_sizes(bench, argv[1]);
	free_bench(bench);
	return 0;
}
