/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/json.h"

#include "core/base/error.h"

#include <string.h>

static cJSON *
parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	cJSON *value = cs_json_parse(text, strlen(text), &error);

	g_assert_no_error(error);
	g_assert_nonnull(value);
	return value;
}

static void
assert_refused(const char *text)
{
	g_autoptr(GError) error = NULL;

	g_test_message("%.60s", text);
	g_assert_null(cs_json_parse(text, strlen(text), &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "invalid");
}

static void
test_parse(void)
{
	static const char text[] = {'{', '"', 'a', '"', ':', '1', '2', '}'};
	g_autoptr(GBytes) bytes = g_bytes_new_static(text, sizeof(text));
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) value = cs_json_parse_bytes(bytes, &error);
	gint64 number = 0;

	g_assert_no_error(error);
	g_assert_true(cs_json_get_int64(value, "a", &number, &error));
	g_assert_cmpint(number, ==, 12);
}

static void
test_parse_refuses(void)
{
	g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);

	g_assert_null(cs_json_parse_bytes(empty, NULL));
	assert_refused("{");
	assert_refused("{} {}");
	assert_refused("{\"a\":01}");
	assert_refused("{\"a\":1e999}");
	assert_refused("[-1e999]");
	assert_refused("{\"a\":\"\\u0000\"}");
}

static void
test_duplicates(void)
{
	g_autoptr(cJSON) fine = parse("{\"a\":{\"a\":1},\"A\":2,\"b\":{\"a\":3}}");

	g_assert_nonnull(cs_json_get_object(fine, "a", NULL));
	assert_refused("{\"a\":1,\"a\":1}");
	assert_refused("{\"a\":1,\"b\":2,\"a\":3}");
	assert_refused("{\"a\":1,\"\\u0061\":2}");
	assert_refused("{\"\":1,\"\":2}");
	assert_refused("[1,{\"x\":{\"n\":1,\"m\":2,\"n\":1}}]");
}

/* The names collide in the usual string hashes; 30,000 of them must cost no more than sorting. */
static void
test_many_members(void)
{
	g_autoptr(GString) text = g_string_new("{");
	g_autoptr(cJSON) value = NULL;

	for (guint i = 0; i < 30000; i++) {
		g_string_append(text, i > 0 ? ",\"" : "\"");
		for (guint bit = 0; bit < 15; bit++)
			g_string_append(text, i >> bit & 1 ? "bB" : "c!");
		g_string_append(text, "\":0");
	}
	g_string_append_c(text, '}');
	value = parse(text->str);
	g_string_truncate(text, text->len - 1);
	g_string_append(text, ",\"c!c!c!c!c!c!c!c!c!c!c!c!c!c!c!\":1}");
	assert_refused(text->str);
}

static void
test_check_members(void)
{
	static const char *const allowed[] = {"a", "b", NULL};
	g_autoptr(cJSON) value = parse("{\"a\":1}");
	g_autoptr(cJSON) more = parse("{\"a\":1,\"\\u001b[31mc\":2}");
	g_autoptr(cJSON) list = parse("[]");
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_json_check_members(value, allowed, &error));
	g_assert_no_error(error);
	g_assert_false(cs_json_check_members(more, allowed, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_assert_cmpstr(error->message, ==, "unknown member \"\\033[31mc\"");
	g_clear_error(&error);
	g_assert_false(cs_json_check_members(list, allowed, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_false(cs_json_check_members(NULL, allowed, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
}

static void
test_get(void)
{
	g_autoptr(cJSON) value =
		parse("{\"s\":\"\\u00e9\",\"t\":true,\"f\":false,\"o\":{},\"l\":[1]}");
	g_autoptr(GError) error = NULL;
	gboolean flag = FALSE;

	g_assert_cmpstr(cs_json_get_string(value, "s", &error), ==, "\xc3\xa9");
	g_assert_true(cs_json_get_boolean(value, "t", &flag, &error));
	g_assert_cmpint(flag, ==, TRUE);
	g_assert_true(cs_json_get_boolean(value, "f", &flag, &error));
	g_assert_cmpint(flag, ==, FALSE);
	g_assert_nonnull(cs_json_get_object(value, "o", &error));
	g_assert_nonnull(cs_json_get_array(value, "l", &error));
	g_assert_no_error(error);
}

static void
assert_getters_refuse(const cJSON *value, const char *name)
{
	gint64 number = 7;
	gboolean flag = 7;
	const char *text = "x";
	GError *errors[6] = {NULL};

	g_assert_null(cs_json_get_string(value, name, &errors[0]));
	g_assert_false(cs_json_get_int64(value, name, &number, &errors[1]));
	g_assert_false(cs_json_get_boolean(value, name, &flag, &errors[2]));
	g_assert_null(cs_json_get_object(value, name, &errors[3]));
	g_assert_null(cs_json_get_array(value, name, &errors[4]));
	if (!cJSON_IsObject(value) ||
	    cJSON_GetObjectItemCaseSensitive((cJSON *)value, name) != NULL) {
		g_assert_false(cs_json_get_optional_string(value, name, &text, &errors[5]));
		g_assert_null(text);
	} else {
		cs_error_set(&errors[5], CS_ERROR_INVALID, NULL, "not asked");
	}
	g_assert_cmpint(number, ==, 7);
	g_assert_cmpint(flag, ==, 7);
	for (guint i = 0; i < G_N_ELEMENTS(errors); i++) {
		g_assert_error(errors[i], CS_ERROR, CS_ERROR_INVALID);
		g_error_free(errors[i]);
	}
}

/* No member is all of these at once: each getter meets the kinds that it must refuse. */
static void
test_get_refuses(void)
{
	g_autoptr(cJSON) nothing = parse("{\"A\":1,\"n\":null}");
	g_autoptr(cJSON) list = parse("[1]");
	g_autoptr(cJSON) kinds = parse("{\"s\":\"1\",\"i\":1,\"t\":true,\"o\":{},\"l\":[]}");
	g_autoptr(GError) error = NULL;
	gint64 number;
	gboolean flag;

	assert_getters_refuse(nothing, "a");
	assert_getters_refuse(list, "a");
	assert_getters_refuse(NULL, "a");
	g_assert_null(cs_json_get_string(nothing, "n", NULL));
	g_assert_null(cs_json_get_string(kinds, "i", NULL));
	g_assert_null(cs_json_get_object(kinds, "l", NULL));
	g_assert_null(cs_json_get_array(kinds, "o", NULL));
	g_assert_false(cs_json_get_int64(kinds, "s", &number, NULL));
	g_assert_false(cs_json_get_int64(kinds, "t", &number, NULL));
	g_assert_false(cs_json_get_boolean(kinds, "i", &flag, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_assert_cmpstr(error->message, ==, "member \"i\" is not a boolean");
}

static void
test_optional_string(void)
{
	g_autoptr(cJSON) value = parse("{\"s\":\"x\",\"n\":null,\"i\":1}");
	g_autoptr(GError) error = NULL;
	const char *text = "y";

	g_assert_true(cs_json_get_optional_string(value, "n", &text, &error));
	g_assert_null(text);
	g_assert_true(cs_json_get_optional_string(value, "absent", &text, &error));
	g_assert_null(text);
	g_assert_true(cs_json_get_optional_string(value, "s", &text, &error));
	g_assert_cmpstr(text, ==, "x");
	g_assert_no_error(error);
	g_assert_false(cs_json_get_optional_string(value, "i", &text, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
}

static void
test_integers(void)
{
	static const struct {
		const char *text;
		gboolean good;
		gint64 value;
	} cases[] = {
		{"0", TRUE, 0},
		{"-0", TRUE, 0},
		{"1.0", TRUE, 1},
		{"1e3", TRUE, 1000},
		{"9007199254740991", TRUE, G_GINT64_CONSTANT(9007199254740991)},
		{"-9007199254740991", TRUE, G_GINT64_CONSTANT(-9007199254740991)},
		{"9007199254740992", FALSE},
		{"9007199254740993", FALSE},
		{"-9007199254740992", FALSE},
		{"1e300", FALSE},
		{"0.5", FALSE},
		{"-1.25", FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf("{\"n\":%s}", cases[i].text);
		g_autoptr(cJSON) value = parse(text);
		g_autoptr(GError) error = NULL;
		gint64 number = 0;

		g_test_message("%s", text);
		g_assert_cmpint(cs_json_get_int64(value, "n", &number, &error), ==, cases[i].good);
		g_assert_cmpint(number, ==, cases[i].value);
		if (!cases[i].good)
			g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	}
}

static void
test_build(void)
{
	g_autoptr(cJSON) object = cJSON_CreateObject();
	g_autofree char *text = NULL;
	g_autofree char *pretty = NULL;
	g_autoptr(cJSON) again = NULL;
	gint64 number = 0;
	cJSON *array;

	cs_json_add_string(object, "s", "a\"\n\xff");
	cs_json_add_string(object, "n", NULL);
	cs_json_add_int64(object, "i", G_GINT64_CONSTANT(-9007199254740991));
	cs_json_add_int64(object, "j", G_GINT64_CONSTANT(999999999999999));
	cs_json_add_boolean(object, "b", 42);
	cs_json_add_time(object, "t", 1795371548);
	cs_json_add_time(object, "never", 0);
	cs_json_add_null(object, "nothing");
	array = cs_json_add_array(object, "l");
	cs_json_add_string(array, NULL, "x");
	cs_json_append(array, cJSON_CreateArray());
	cs_json_add_int64(cs_json_add_object(array, NULL), "k", 4102444800);
	text = cs_json_print(object);
	g_assert_cmpstr(text, ==,
			"{\"s\":\"a\\\"\\n\xef\xbf\xbd\",\"n\":null,\"i\":-9007199254740991,\"j\":"
			"999999999999999,"
			"\"b\":true,\"t\":\"2026-11-22T18:19:08Z\",\"never\":null,"
			"\"nothing\":null,\"l\":[\"x\",[],{\"k\":4102444800}]}");
	pretty = cs_json_print_pretty(object);
	again = parse(pretty);
	g_assert_true(cs_json_get_int64(again, "i", &number, NULL));
	g_assert_cmpint(number, ==, G_GINT64_CONSTANT(-9007199254740991));
	g_assert_cmpint(cJSON_GetArraySize(again), ==, cJSON_GetArraySize(object));
}

/* What could not be added is nowhere taken for what was not there. */
static void
test_lost(void)
{
	g_autoptr(cJSON) object = cJSON_CreateObject();
	cJSON *list = cs_json_add_array(object, "accounts");
	g_autofree char *text = cs_json_print(object);
	g_autoptr(GError) error = NULL;

	g_assert_cmpstr(text, ==, "{\"accounts\":[]}");
	cs_json_append(list, NULL);
	g_assert_null(cs_json_print(object));
	g_assert_null(cs_json_print_pretty(object));
	cs_json_add_string(list, NULL, "later");
	g_assert_null(cs_json_print(object));
	g_assert_null(cs_json_print(NULL));
	/* An object that could not be made itself. */
	cs_json_add_string(NULL, "name", "value");
	g_assert_null(cs_json_add_array(NULL, "name"));
	cs_json_set_lost(&error);
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "out-of-memory");
}

static void
test_wipe(void)
{
	static const char text[] = "{\"code\":\"secret\",\"number\":1,\"object\":{}}";
	g_autoptr(cJSON) object = cs_json_parse(text, strlen(text), NULL);
	const char *code = cs_json_get_string(object, "code", NULL);
	const char zeros[6] = {0};

	g_assert_cmpstr(code, ==, "secret");
	cs_json_wipe(object);
	g_assert_cmpmem(code, 6, zeros, sizeof(zeros));
	cs_json_wipe(NULL);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/json/parse", test_parse);
	g_test_add_func("/json/parse-refuses", test_parse_refuses);
	g_test_add_func("/json/duplicates", test_duplicates);
	g_test_add_func("/json/many-members", test_many_members);
	g_test_add_func("/json/check-members", test_check_members);
	g_test_add_func("/json/get", test_get);
	g_test_add_func("/json/get-refuses", test_get_refuses);
	g_test_add_func("/json/optional-string", test_optional_string);
	g_test_add_func("/json/integers", test_integers);
	g_test_add_func("/json/build", test_build);
	g_test_add_func("/json/lost", test_lost);
	g_test_add_func("/json/wipe", test_wipe);
	return g_test_run();
}
