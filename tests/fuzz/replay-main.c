/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/memcheck.h"
#include "tests/fixtures/vectors.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* A fuzz target without a fuzzer. As a test it runs the seeds, the known cases and the public test
 * data, each within its time. --write-seeds FOLDER writes seeds and test data for libFuzzer to start
 * with; --corpus FOLDER runs every file of a folder, without a limit. */

#define LIMIT_MS       50
#define SLOW_FACTOR    20 /* sanitizers, valgrind */
#define MORE_ATTEMPTS  2  /* the first time pays for what OpenSSL loads late */
#define NS_PER_MS      1000000
#define MUTATIONS      200
#define MUTATIONS_EACH 4

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED TRUE
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED TRUE
#endif
#ifndef SANITIZED
#define SANITIZED FALSE
#endif

typedef struct {
	gint64 limit_ns;
	gint64 slowest_ns;
	char *slowest_name;
	guint count;
} Replay;

static gint64
get_limit_ns(void)
{
	gboolean slow = SANITIZED || cs_test_is_memchecked();
	return (gint64)LIMIT_MS * NS_PER_MS * (slow ? SLOW_FACTOR : 1);
}

/* In memory of exactly that size, so that a sanitizer sees the end. */
static gint64
run_once(GBytes *input)
{
	gsize size = 0;
	gconstpointer data = g_bytes_get_data(input, &size);
	guint8 *copy = malloc(size);

	if (size > 0)
		memcpy(copy, data, size);
	gint64 start_ns = cs_fuzz_get_thread_time_ns();
	cs_fuzz_target.run(copy, size);
	gint64 spent_ns = cs_fuzz_get_thread_time_ns() - start_ns;
	free(copy);
	return spent_ns;
}

static void
run_input(Replay *replay, GBytes *input, const char *name)
{
	gint64 spent_ns = run_once(input);

	for (guint i = 0; i < MORE_ATTEMPTS && spent_ns > replay->limit_ns; i++)
		spent_ns = MIN(spent_ns, run_once(input));
	replay->count++;
	if (spent_ns > replay->slowest_ns) {
		replay->slowest_ns = spent_ns;
		g_free(replay->slowest_name);
		replay->slowest_name = g_strdup(name);
	}
	if (spent_ns > replay->limit_ns) {
		g_test_message("%s took %.1f ms", name, (double)spent_ns / NS_PER_MS);
		g_test_fail();
	}
}

static void
report(Replay *replay)
{
	g_test_message("%u inputs; the slowest, %s, took %.2f of %.0f ms", replay->count,
		       replay->slowest_name, (double)replay->slowest_ns / NS_PER_MS,
		       (double)replay->limit_ns / NS_PER_MS);
	g_free(replay->slowest_name);
}

static GPtrArray *
make_seeds(void)
{
	GPtrArray *seeds = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	cs_fuzz_target.make_seeds(seeds);
	g_assert_cmpuint(seeds->len, >, 0);
	return seeds;
}

/* ---- the tests ---- */

static void
test_seeds(void)
{
	g_autoptr(GPtrArray) seeds = make_seeds();
	Replay replay = {.limit_ns = get_limit_ns()};

	for (guint i = 0; i < seeds->len; i++) {
		g_autofree char *name = g_strdup_printf("seed %u", i);
		run_input(&replay, g_ptr_array_index(seeds, i), name);
	}
	report(&replay);
}

static GBytes *
mutate(GBytes *seed)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	gint32 changes = g_test_rand_int_range(1, MUTATIONS_EACH + 1);

	g_byte_array_append(bytes, g_bytes_get_data(seed, NULL), (guint)g_bytes_get_size(seed));
	for (gint32 i = 0; i < changes && bytes->len > 0; i++) {
		guint at = (guint)g_test_rand_int_range(0, (gint32)bytes->len);
		switch (g_test_rand_int_range(0, 4)) {
		case 0:
			bytes->data[at] ^= (guint8)(1 << g_test_rand_int_range(0, 8));
			break;
		case 1:
			bytes->data[at] = (guint8)g_test_rand_int_range(0, 256);
			break;
		case 2:
			g_byte_array_remove_index(bytes, at);
			break;
		default:
			g_byte_array_set_size(bytes, at);
			break;
		}
	}
	return g_bytes_new(bytes->data, bytes->len);
}

/* Not a search, but a word of warning where no fuzzer runs; GLib prints the random seed. */
static void
test_mutations(void)
{
	g_autoptr(GPtrArray) seeds = make_seeds();
	Replay replay = {.limit_ns = get_limit_ns()};

	for (guint i = 0; i < MUTATIONS; i++) {
		g_autoptr(GBytes) input = mutate(g_ptr_array_index(seeds, i % seeds->len));
		g_autofree char *name = g_strdup_printf("mutation %u", i);
		run_input(&replay, input, name);
	}
	report(&replay);
}

static GBytes *
read_case(const CsFuzzCase *fuzz_case)
{
	if (fuzz_case->hex == NULL)
		return g_bytes_new(fuzz_case->text, strlen(fuzz_case->text));
	gsize length = strlen(fuzz_case->hex) / 2;
	guint8 *data = g_malloc(length + 1);
	for (gsize i = 0; i < length; i++)
		data[i] = (guint8)(g_ascii_xdigit_value(fuzz_case->hex[2 * i]) << 4 |
				   g_ascii_xdigit_value(fuzz_case->hex[2 * i + 1]));
	return g_bytes_new_take(data, length);
}

static void
test_cases(void)
{
	Replay replay = {.limit_ns = get_limit_ns()};

	for (gsize i = 0; i < cs_fuzz_cases_count; i++) {
		if (strcmp(cs_fuzz_cases[i].target, cs_fuzz_target.name) != 0)
			continue;
		g_autoptr(GBytes) input = read_case(&cs_fuzz_cases[i]);
		run_input(&replay, input, cs_fuzz_cases[i].what);
	}
	report(&replay);
}

static void
run_files(Replay *replay, const char *folder)
{
	g_autoptr(GPtrArray) paths = cs_test_list_files(folder, NULL);

	for (guint i = 0; i < paths->len; i++) {
		const char *path = g_ptr_array_index(paths, i);
		g_autoptr(GBytes) input = cs_test_read_file(path);
		run_input(replay, input, path);
	}
}

static void
test_vectors(gconstpointer data)
{
	g_autofree char *folder = cs_test_find_vectors(data);
	Replay replay = {.limit_ns = get_limit_ns()};

	if (folder == NULL)
		return;
	run_files(&replay, folder);
	report(&replay);
}

/* ---- for the fuzzer ---- */

static void
write_file(const char *folder, const char *name, guint number, GBytes *bytes)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *base = g_strdup_printf("%s-%04u", name, number);
	g_autofree char *path = g_build_filename(folder, base, NULL);

	g_file_set_contents_full(path, g_bytes_get_data(bytes, NULL),
				 (gssize)g_bytes_get_size(bytes), G_FILE_SET_CONTENTS_NONE, 0600,
				 &error);
	g_assert_no_error(error);
}

static void
write_vectors(const char *folder, const char *suite)
{
	g_autofree char *source = cs_test_find_vectors(suite);
	if (source == NULL)
		return;
	g_autoptr(GPtrArray) paths = cs_test_list_files(source, NULL);
	g_autofree char *name = g_path_get_basename(suite);
	for (guint i = 0; i < paths->len; i++) {
		g_autoptr(GBytes) bytes = cs_test_read_file(g_ptr_array_index(paths, i));
		write_file(folder, name, i, bytes);
	}
}

static int
write_seeds(const char *folder)
{
	g_autoptr(GPtrArray) seeds = make_seeds();

	for (guint i = 0; i < seeds->len; i++)
		write_file(folder, "seed", i, g_ptr_array_index(seeds, i));
	for (gsize i = 0; i < cs_fuzz_cases_count; i++) {
		g_autoptr(GBytes) input = read_case(&cs_fuzz_cases[i]);
		if (strcmp(cs_fuzz_cases[i].target, cs_fuzz_target.name) == 0)
			write_file(folder, "case", (guint)i, input);
	}
	for (gsize i = 0; cs_fuzz_target.vectors[i] != NULL; i++)
		write_vectors(folder, cs_fuzz_target.vectors[i]);
	g_print("%" G_GSIZE_FORMAT "\n", cs_fuzz_target.max_bytes);
	return 0;
}

static int
run_corpus(const char *folder)
{
	Replay replay = {.limit_ns = G_MAXINT64};

	run_files(&replay, folder);
	report(&replay);
	return 0;
}

static void
add_test(const char *what, gconstpointer data, GTestDataFunc test)
{
	g_autofree char *path = g_strdup_printf("/fuzz/%s/%s", cs_fuzz_target.name, what);
	g_test_add_data_func(path, data, test);
}

static void
plain_test_cb(gconstpointer data)
{
	((void (*)(void))data)();
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	if (argc == 3 && strcmp(argv[1], "--write-seeds") == 0)
		return write_seeds(argv[2]);
	if (argc == 3 && strcmp(argv[1], "--corpus") == 0)
		return run_corpus(argv[2]);
	add_test("seeds", test_seeds, plain_test_cb);
	add_test("mutations", test_mutations, plain_test_cb);
	add_test("cases", test_cases, plain_test_cb);
	for (gsize i = 0; cs_fuzz_target.vectors[i] != NULL; i++)
		add_test(cs_fuzz_target.vectors[i], cs_fuzz_target.vectors[i], test_vectors);
	return g_test_run();
}
