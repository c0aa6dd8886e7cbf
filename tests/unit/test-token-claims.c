/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/token-private.h"

#include <string.h>

#include "core/base/error.h"

/* A token that nobody sends, with one claim of each presence at two levels. */
typedef struct {
	char *required;
	char *nullable;
	char *optional;
	CsReason reason;
	char *inner;
	gint64 inner_time;
	char *outer;
	char *deep;
} Sample;

#define AT(member) G_STRUCT_OFFSET(Sample, member)

static const CsClaim deep_claims[] = {
	{"deep", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(deep), NULL},
	{NULL},
};

static const CsClaim nullable_claims[] = {
	{"inner", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(inner), NULL},
	{"time", CS_CLAIM_TIME, CS_CLAIM_REQUIRED, AT(inner_time), NULL},
	{NULL},
};

static const CsClaim object_claims[] = {
	{"outer", CS_CLAIM_ID, CS_CLAIM_NULLABLE, AT(outer), NULL},
	{"deeper", CS_CLAIM_OBJECT, CS_CLAIM_OPTIONAL, 0, deep_claims},
	{NULL},
};

static const CsClaim claims[] = {
	{"required", CS_CLAIM_ID, CS_CLAIM_REQUIRED, AT(required), NULL},
	{"nullable", CS_CLAIM_ID, CS_CLAIM_NULLABLE, AT(nullable), NULL},
	{"optional", CS_CLAIM_ID, CS_CLAIM_OPTIONAL, AT(optional), NULL},
	{"reason", CS_CLAIM_REASON, CS_CLAIM_NULLABLE, AT(reason), NULL},
	{"object", CS_CLAIM_OBJECT, CS_CLAIM_REQUIRED, 0, object_claims},
	{"maybe", CS_CLAIM_OBJECT, CS_CLAIM_NULLABLE, 0, nullable_claims},
	{NULL},
};

/* Read, written again, and compared; then freed. */
static void
assert_round_trip(const char *json)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) parsed = cs_json_parse(json, strlen(json), &error);
	g_autoptr(cJSON) written = cJSON_CreateObject();
	g_autofree char *text = NULL;
	Sample sample = {0};

	g_assert_no_error(error);
	g_assert_true(cs_token_read_claims(claims, parsed, &sample, &error));
	g_assert_no_error(error);
	g_assert_true(cs_token_write_claims(claims, &sample, written, &error));
	g_assert_no_error(error);
	text = cs_json_print(written);
	g_assert_cmpstr(text, ==, json);
	cs_token_clear_claims(claims, &sample);
}

static void
test_round_trip(void)
{
	assert_round_trip("{\"required\":\"a\",\"nullable\":null,\"reason\":null,"
			  "\"object\":{\"outer\":null},\"maybe\":null}");
	assert_round_trip("{\"required\":\"a\",\"nullable\":\"b\",\"optional\":\"c\","
			  "\"reason\":\"managed\",\"object\":{\"outer\":\"d\",\"deeper\":{\"deep\":"
			  "\"e\"}},\"maybe\":{\"inner\":\"f\",\"time\":7}}");
}

static void
test_refused(void)
{
	static const char *const objects[] = {
		"null",
		"[]",
		"[{\"required\":\"a\"}]",
		"\"a\"",
		"1",
		"{}",
		/* missing, one by one; null where it may not be; absent where it may not be */
		"{\"nullable\":null,\"reason\":null,\"object\":{\"outer\":null},\"maybe\":null}",
		"{\"required\":\"a\",\"reason\":null,\"object\":{\"outer\":null},\"maybe\":null}",
		"{\"required\":\"a\",\"nullable\":null,\"object\":{\"outer\":null},\"maybe\":null}",
		"{\"required\":\"a\",\"nullable\":null,\"reason\":null,\"maybe\":null}",
		"{\"required\":\"a\",\"nullable\":null,\"reason\":null,"
		"\"object\":{\"outer\":null}}",
		"{\"required\":null,\"nullable\":null,\"reason\":null,"
		"\"object\":{\"outer\":null},\"maybe\":null}",
		"{\"required\":\"a\",\"nullable\":null,\"reason\":null,\"object\":null,"
		"\"maybe\":null}",
		"{\"required\":\"a\",\"nullable\":null,\"optional\":null,\"reason\":null,"
		"\"object\":{\"outer\":null},\"maybe\":null}",
		"{\"required\":\"a\",\"nullable\":null,\"reason\":null,"
		"\"object\":{},\"maybe\":null}",
		"{\"required\":\"a\",\"nullable\":null,\"reason\":null,"
		"\"object\":{\"outer\":null,\"deeper\":null},\"maybe\":null}",
		"{\"required\":\"a\",\"nullable\":null,\"reason\":null,"
		"\"object\":{\"outer\":null,\"deeper\":{}},\"maybe\":null}",
		"{\"required\":\"a\",\"nullable\":null,\"reason\":null,"
		"\"object\":{\"outer\":null},\"maybe\":{\"inner\":\"f\"}}",
		"{\"required\":\"a\",\"nullable\":null,\"reason\":null,"
		"\"object\":{\"outer\":null},\"maybe\":{\"inner\":null,\"time\":7}}",
		"{\"required\":\"a\",\"nullable\":null,\"reason\":null,"
		"\"object\":{\"outer\":null},\"maybe\":[]}",
		/* unknown, at each level; another's case */
		"{\"required\":\"a\",\"nullable\":null,\"reason\":null,"
		"\"object\":{\"outer\":null},\"maybe\":null,\"more\":1}",
		"{\"required\":\"a\",\"nullable\":null,\"reason\":null,"
		"\"object\":{\"outer\":null,\"more\":1},\"maybe\":null}",
		"{\"Required\":\"a\",\"nullable\":null,\"reason\":null,"
		"\"object\":{\"outer\":null},\"maybe\":null}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(objects); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(cJSON) parsed = cs_json_parse(objects[i], strlen(objects[i]), &error);
		Sample sample = {0};

		g_test_message("%s", objects[i]);
		g_assert_no_error(error);
		g_assert_false(cs_token_read_claims(claims, parsed, &sample, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "token-malformed");
		cs_token_clear_claims(claims, &sample);
	}
	g_assert_false(cs_token_read_claims(claims, NULL, NULL, NULL));
}

static void
test_writing_refused(void)
{
	const Sample samples[] = {
		{.required = NULL},
		{.required = (char *)"A"},
		{.required = (char *)"a", .nullable = (char *)""},
		{.required = (char *)"a", .optional = (char *)" "},
		{.required = (char *)"a", .outer = (char *)"-"},
		{.required = (char *)"a", .deep = (char *)"-"},
		{.required = (char *)"a", .inner = (char *)"b", .inner_time = -1},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(cJSON) object = cJSON_CreateObject();

		g_assert_false(cs_token_write_claims(claims, &samples[i], object, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	}
}

static void
test_lifetime(void)
{
	static const struct {
		gint64 iat;
		gint64 exp;
		gboolean good;
	} cases[] = {
		{100, 101, TRUE},
		{100, 160, TRUE},
		{100, 161, FALSE},
		{100, 100, FALSE},
		{100, 99, FALSE},
		{0, CS_TOKEN_MAX_TIME, FALSE},
		{CS_TOKEN_MAX_TIME, 0, FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_cmpint(cs_token_check_lifetime(cases[i].iat, cases[i].exp, 60, &error), ==,
				cases[i].good);
		g_assert_cmpint(error == NULL, ==, cases[i].good);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/token-claims/round-trip", test_round_trip);
	g_test_add_func("/token-claims/refused", test_refused);
	g_test_add_func("/token-claims/writing-refused", test_writing_refused);
	g_test_add_func("/token-claims/lifetime", test_lifetime);
	return g_test_run();
}
