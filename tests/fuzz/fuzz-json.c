/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/json.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <string.h>

/* core/base/json.h: what is accepted is what it promises to be, can be asked anything, and means the
 * same once printed and read again. */

#define MAX_DEPTH	16
#define MAX_VALUES	65536
#define FIRST_UNPRINTED 1.79769313486231e308 /* beyond, cJSON prints what no double can hold */

typedef struct {
	guint values;
	gboolean has_unprintable; /* a number beyond FIRST_UNPRINTED */
} Facts;

static void
check_member_getters(const cJSON *object, const char *name)
{
	g_autoptr(GError) number_error = NULL;
	g_autoptr(GError) string_error = NULL;
	gint64 number = 0;
	gboolean boolean = FALSE;
	const char *string = cs_json_get_string(object, name, &string_error);

	/* The messages repeat the name, which is the caller's own everywhere but here. */
	if (string == NULL)
		g_assert_error(string_error, CS_ERROR, CS_ERROR_INVALID);
	if (!cs_json_get_int64(object, name, &number, &number_error))
		g_assert_error(number_error, CS_ERROR, CS_ERROR_INVALID);
	g_assert_cmpint(number, <, G_GINT64_CONSTANT(1) << 53);
	g_assert_cmpint(number, >, -(G_GINT64_CONSTANT(1) << 53));
	/* A member is of one type. */
	g_assert_cmpint((string != NULL) + (number_error == NULL) +
				cs_json_get_boolean(object, name, &boolean, NULL) +
				(cs_json_get_object(object, name, NULL) != NULL) +
				(cs_json_get_array(object, name, NULL) != NULL),
			<=, 1);
}

static void
check_object(const cJSON *object)
{
	static const char *const none[] = {NULL};
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const cJSON *member;

	cJSON_ArrayForEach (member, object) {
		g_assert_true(g_utf8_validate(member->string, -1, NULL));
		/* The only one of its name. */
		g_assert_true(cJSON_GetObjectItemCaseSensitive(object, member->string) == member);
		check_member_getters(object, member->string);
		g_ptr_array_add(names, member->string);
	}
	g_ptr_array_add(names, NULL);
	g_assert_true(cs_json_check_members(object, (const char *const *)names->pdata, NULL));
	g_assert_cmpint(cs_json_check_members(object, none, NULL), ==, names->len == 1);
}

static void
check_value(const cJSON *value, guint depth, Facts *facts)
{
	const cJSON *child;

	facts->values++;
	if (cJSON_IsString(value))
		g_assert_true(g_utf8_validate(value->valuestring, -1, NULL));
	if (cJSON_IsNumber(value)) {
		g_assert_true(isfinite(value->valuedouble));
		facts->has_unprintable |= fabs(value->valuedouble) > FIRST_UNPRINTED;
	}
	if (cJSON_IsObject(value) || cJSON_IsArray(value))
		g_assert_cmpuint(depth, <=, MAX_DEPTH);
	if (cJSON_IsObject(value))
		check_object(value);
	cJSON_ArrayForEach (child, value)
		check_value(child, depth + 1, facts);
}

/* Returns it printed again. */
static char *
read_again(const cJSON *value, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) again = cs_json_parse(text, strlen(text), &error);

	g_assert_no_error(error);
	g_assert_true(cJSON_Compare(value, again, TRUE));
	return cs_json_print(again);
}

static void
run(const guint8 *data, gsize size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) value = cs_json_parse((const char *)data, size, &error);
	Facts facts = {0};

	if (value == NULL) {
		cs_fuzz_check_error(error);
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		return;
	}
	g_assert_no_error(error);
	check_value(value, 1, &facts);
	g_assert_cmpuint(facts.values, <=, MAX_VALUES);
	if (facts.has_unprintable)
		return;
	g_autofree char *printed = cs_json_print(value);
	g_autofree char *pretty = cs_json_print_pretty(value);
	g_autofree char *printed_again = read_again(value, printed);
	g_autofree char *from_pretty = read_again(value, pretty);
	g_assert_cmpstr(printed, ==, printed_again);
	g_assert_cmpstr(printed, ==, from_pretty);
}

static void
make_seeds(GPtrArray *seeds)
{
	static const char *const texts[] = {
		"null",
		"[true,false,null]",
		"{\"a\":\"b\",\"c\":{\"d\":[1,-2,3.5,1e9,2E-3]},\"\":\"\"}",
		"\"\\u0041\\n\\ud834\\udd1e\\\"\\\\\\/\\b\\f\\r\\t \xc3\xa9 \xf0\x9f\x98\x80\"",
		" { \"iat\" : 1800000000 , \"big\" : 9007199254740991 , \"more\" : 1e300 }\r\n",
		"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
		"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
		"[0.1,0.2,0.30000000000000004,123456789012345678,-0,5e-324]",
		"{\"kid\":\"a\",\"kid\":\"b\"}",
		"\xff\xfe{}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		cs_fuzz_add_text(seeds, texts[i]);
}

static const char *const vectors[] = {NULL};
const CsFuzzTarget cs_fuzz_target = {"json", 4096, run, make_seeds, vectors};
