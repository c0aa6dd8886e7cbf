/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/authority-fixture.h"

#define MANY_LINES 600 /* more than two pages */

static void
add(CsRegistry *r, const char *reason, const char *device, const char *certificate)
{
	const CsLogEntry entry = {
		.time = CS_TEST_NOW,
		.event = "authentication",
		.actor = "user:alice",
		.device = device,
		.certificate = certificate,
		.outcome = "ok",
		.reason = reason,
	};
	g_autoptr(GError) error = NULL;

	cs_registry_log(r, &entry, &error);
	g_assert_no_error(error);
}

static void
collect_cb(const cJSON *line, gpointer data)
{
	g_autofree char *text = cs_json_print(line);

	g_ptr_array_add(data, g_steal_pointer(&text));
}

/* The contract's members, in its order, and what came after it. */
static void
test_line(void)
{
	static const char *const expected[] = {
		"{\"time\":\"2027-01-15T08:00:00Z\",\"event\":\"authentication\","
		"\"actor\":\"user:alice\",\"device\":\"d1\",\"account\":null,"
		"\"certificate\":\"f1\",\"outcome\":\"ok\",\"reason\":\"managed\","
		"\"operator\":null,\"origin\":null,\"application\":null,\"access\":null,"
		"\"request\":null,\"detail\":null,"
		"\"line\":1,\"hash\":"
		"\"d4d1c5e2c33d992d668ec6378f48f3faa2a9657e7baf01a5925e9c91d6320941\"}",
		"{\"time\":\"2027-01-15T08:00:00Z\",\"event\":\"user-add\","
		"\"actor\":\"administrator\",\"device\":null,\"account\":\"alice\","
		"\"certificate\":null,\"outcome\":\"refused\",\"reason\":null,"
		"\"operator\":\"root (0)\",\"origin\":\"cli\","
		"\"application\":null,\"access\":null,\"request\":null,\"detail\":null,\"line\":2,"
		"\"hash\":"
		"\"0f28e407befdc963fc1a0e98c4de4afa4f42fe99e84d88e1340af9e1769e0f83\"}",
	};
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	const CsLogEntry entry = {
		.time = CS_TEST_NOW,
		.event = "user-add",
		.actor = "administrator",
		.account = "alice",
		.outcome = "refused",
		.operator_user = "root (0)",
		.origin = "cli",
	};
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;

	add(test->registry, "managed", "d1", "f1");
	g_assert_true(cs_registry_log(test->registry, &entry, &error));
	g_assert_true(cs_registry_read_log(test->registry, collect_cb, lines, &error));
	g_assert_cmpuint(lines->len, ==, G_N_ELEMENTS(expected));
	for (guint i = 0; i < lines->len; i++)
		g_assert_cmpstr(g_ptr_array_index(lines, i), ==, expected[i]);
}

typedef struct {
	CsRegistry *registry;
	guint count;
} Writing;

static void
write_cb(const cJSON *line, gpointer data)
{
	Writing *writing = data;

	writing->count++;
	add(writing->registry, NULL, NULL, NULL);
}

/* As it stood when the reading began, though the visitor itself writes. */
static void
test_pages(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	Writing writing = {test->registry, 0};
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_read_log(test->registry, write_cb, &writing, &error));
	g_assert_cmpuint(writing.count, ==, 0);
	g_assert_true(cs_registry_begin(test->registry, &error));
	for (guint i = 0; i < MANY_LINES; i++)
		add(test->registry, NULL, NULL, NULL);
	g_assert_true(cs_registry_commit(test->registry, &error));
	g_assert_true(cs_registry_read_log(test->registry, write_cb, &writing, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(writing.count, ==, MANY_LINES);
	g_assert_cmpuint(cs_test_count_log(test->registry), ==, 2 * MANY_LINES);
}

/* A line that was rolled back leaves no gap. */
static void
test_rolled_back(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autofree char *log = NULL;

	add(test->registry, "a", NULL, NULL);
	g_assert_true(cs_registry_begin(test->registry, NULL));
	add(test->registry, "b", NULL, NULL);
	cs_registry_rollback(test->registry);
	add(test->registry, "c", NULL, NULL);
	log = cs_test_dup_log(test->registry, 0);
	g_assert_cmpstr(log, ==, "authentication ok a - - -\nauthentication ok c - - -");
}

static void
expect_conflicts(CsRegistry *r, const char *device, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) conflicts = cs_registry_list_conflicts(r, device, &error);
	g_autoptr(GString) text = g_string_new(NULL);
	const cJSON *line = NULL;

	g_assert_no_error(error);
	cJSON_ArrayForEach (line, conflicts) {
		g_string_append_printf(text, "%s:%s:%s ", cs_json_get_string(line, "device", NULL),
				       cs_json_get_string(line, "certificate", NULL),
				       cs_json_get_string(line, "reason", NULL));
	}
	g_assert_cmpstr(text->str, ==, expected);
}

/* rule 15: a conflict is shown to the administrator */
static void
test_conflicts(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	CsRegistry *r = test->registry;

	cs_test_put_device(r, "d1");
	cs_test_put_device(r, "d2");
	cs_test_put_link(r, "l1", "d1", CS_LINK_BOUND, NULL);
	cs_test_put_link(r, "l2", "d2", CS_LINK_BOUND, NULL);
	g_assert_true(cs_registry_note_certificate(r, "renewed-l1", "l1", NULL));
	expect_conflicts(r, "d1", "");
	add(r, "managed", "d1", "certificate-l1");
	add(r, "bound-to-another-device", "d2", "certificate-l1");
	add(r, "bound-to-another-device", "d1", "certificate-l1");
	add(r, "link-suspended", "d2", "renewed-l1");
	add(r, "certificate-expired", "d2", "certificate-l1");
	add(r, "bound-to-another-device", "d1", "certificate-l2");
	expect_conflicts(r, "d1",
			 "d2:certificate-l1:bound-to-another-device d2:renewed-l1:link-suspended ");
	expect_conflicts(r, "d2", "d1:certificate-l2:bound-to-another-device ");
	expect_conflicts(r, "d3", "");
}

/* However often it is tried, what is shown is bounded, and it is the newest. */
static void
test_many_conflicts(void)
{
	g_autoptr(CsTestRegistry) test = cs_test_registry_new();
	g_autoptr(cJSON) conflicts = NULL;

	cs_test_put_device(test->registry, "d1");
	cs_test_put_link(test->registry, "l1", "d1", CS_LINK_BOUND, NULL);
	g_assert_true(cs_registry_begin(test->registry, NULL));
	for (int i = 0; i < 101; i++)
		add(test->registry, "bound-to-another-device", i == 0 ? "first" : "later",
		    "certificate-l1");
	g_assert_true(cs_registry_commit(test->registry, NULL));
	conflicts = cs_registry_list_conflicts(test->registry, "d1", NULL);
	g_assert_cmpint(cJSON_GetArraySize(conflicts), ==, 100);
	g_assert_cmpstr(cs_json_get_string(cJSON_GetArrayItem(conflicts, 0), "device", NULL), ==,
			"later");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-log/line", test_line);
	g_test_add_func("/registry-log/pages", test_pages);
	g_test_add_func("/registry-log/rolled-back", test_rolled_back);
	g_test_add_func("/registry-log/conflicts", test_conflicts);
	g_test_add_func("/registry-log/many-conflicts", test_many_conflicts);
	return g_test_run();
}
