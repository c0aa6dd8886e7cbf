/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/record.h"

#include "core/account/account-book.h"

typedef struct {
	char *text;
	char *optional;
	char *later;
	gint64 number;
	gint64 later_number;
	gboolean flag;
	CsManaged managed;
	CsReason reason;
	CsJwk *key;
} Record;

static const CsRecordField fields[] = {
	{"text", CS_RECORD_TEXT, G_STRUCT_OFFSET(Record, text)},
	{"optional", CS_RECORD_OPTIONAL_TEXT, G_STRUCT_OFFSET(Record, optional)},
	{"later", CS_RECORD_LATER_TEXT, G_STRUCT_OFFSET(Record, later)},
	{"number", CS_RECORD_NUMBER, G_STRUCT_OFFSET(Record, number)},
	{"later_number", CS_RECORD_LATER_NUMBER, G_STRUCT_OFFSET(Record, later_number)},
	{"flag", CS_RECORD_FLAG, G_STRUCT_OFFSET(Record, flag)},
	{"managed", CS_RECORD_MANAGED, G_STRUCT_OFFSET(Record, managed)},
	{"reason", CS_RECORD_REASON, G_STRUCT_OFFSET(Record, reason)},
	{"key", CS_RECORD_KEY, G_STRUCT_OFFSET(Record, key)},
	{"list", CS_RECORD_LIST, 0},
	{NULL},
};

static CsJwk *
make_key(void)
{
	g_autoptr(CsPrivateKey) key = cs_private_key_generate_p256(NULL);

	return cs_jwk_new_from_private_key(key, NULL);
}

static cJSON *
write_good(CsManaged managed, CsReason reason, const char *optional)
{
	Record record = {
		.text = (char *)"text",
		.optional = (char *)optional,
		.later = (char *)optional,
		.number = -5,
		.later_number = 9,
		.flag = TRUE,
		.managed = managed,
		.reason = reason,
		.key = make_key(),
	};
	cJSON *json = cJSON_CreateObject();

	cs_record_write(json, fields, &record);
	cs_json_add_array(json, "list");
	cs_jwk_unref(record.key);
	return json;
}

static void
test_round_trip(void)
{
	static const CsManaged managed[] = {CS_MANAGED_UNKNOWN, CS_MANAGED_NO, CS_MANAGED_YES};
	static const CsReason reasons[] = {CS_REASON_NONE, CS_REASON_MANAGED,
					   CS_REASON_LINK_SUSPENDED};
	static const char *const optional[] = {NULL, "", "x"};

	for (gsize i = 0; i < G_N_ELEMENTS(managed); i++) {
		g_autoptr(cJSON) json = write_good(managed[i], reasons[i], optional[i]);
		g_autoptr(GError) error = NULL;
		Record record = {NULL};

		g_assert_true(cs_record_read(json, fields, &record, &error));
		g_assert_no_error(error);
		g_assert_cmpstr(record.text, ==, "text");
		g_assert_cmpstr(record.optional, ==, optional[i]);
		g_assert_cmpstr(record.later, ==, optional[i]);
		g_assert_cmpint(record.later_number, ==, 9);
		g_assert_cmpint(record.number, ==, -5);
		g_assert_true(record.flag);
		g_assert_cmpint(record.managed, ==, managed[i]);
		g_assert_cmpint(record.reason, ==, reasons[i]);
		g_assert_nonnull(record.key);
		cs_record_clear(fields, &record);
		g_assert_null(record.text);
		g_assert_null(record.key);
	}
}

static void
expect_failure(const cJSON *json)
{
	g_autoptr(GError) error = NULL;
	Record record = {NULL};

	g_assert_false(cs_record_read(json, fields, &record, &error));
	g_assert_nonnull(error);
	cs_record_clear(fields, &record);
}

static void
test_missing(void)
{
	for (const CsRecordField *field = fields; field->name != NULL; field++) {
		g_autoptr(cJSON) json = write_good(CS_MANAGED_YES, CS_REASON_MANAGED, "x");

		cJSON_DeleteItemFromObjectCaseSensitive(json, field->name);
		if (field->kind != CS_RECORD_LATER_TEXT && field->kind != CS_RECORD_LATER_NUMBER)
			expect_failure(json);
	}
}

/* What an earlier version did not write yet. */
static void
test_later(void)
{
	g_autoptr(cJSON) json = write_good(CS_MANAGED_YES, CS_REASON_MANAGED, "x");
	g_autoptr(GError) error = NULL;
	Record record = {NULL};

	cJSON_DeleteItemFromObjectCaseSensitive(json, "later");
	cJSON_DeleteItemFromObjectCaseSensitive(json, "later_number");
	g_assert_true(cs_record_read(json, fields, &record, &error));
	g_assert_no_error(error);
	g_assert_null(record.later);
	g_assert_cmpint(record.later_number, ==, 0);
	g_assert_cmpstr(record.optional, ==, "x");
	cs_record_clear(fields, &record);
}

static void
test_wrong_type(void)
{
	for (const CsRecordField *field = fields; field->name != NULL; field++) {
		g_autoptr(cJSON) json = write_good(CS_MANAGED_YES, CS_REASON_MANAGED, "x");
		cJSON *wrong = cJSON_CreateObject();

		cJSON_ReplaceItemInObjectCaseSensitive(json, field->name, wrong);
		expect_failure(json);
	}
}

static void
test_odd(void)
{
	g_autoptr(cJSON) more = write_good(CS_MANAGED_YES, CS_REASON_MANAGED, "x");
	g_autoptr(cJSON) reason = write_good(CS_MANAGED_YES, CS_REASON_MANAGED, "x");
	g_autoptr(cJSON) null_text = write_good(CS_MANAGED_YES, CS_REASON_MANAGED, "x");
	g_autoptr(cJSON) array = cJSON_CreateArray();

	cs_json_add_string(more, "more", "x");
	expect_failure(more);
	cJSON_ReplaceItemInObjectCaseSensitive(reason, "reason", cJSON_CreateString("odd"));
	expect_failure(reason);
	cJSON_ReplaceItemInObjectCaseSensitive(null_text, "text", cJSON_CreateNull());
	expect_failure(null_text);
	expect_failure(array);
}

static void
test_own_texts(void)
{
	static const CsRecordField texts[] = {
		{"text", CS_RECORD_TEXT, G_STRUCT_OFFSET(Record, text)},
		{"optional", CS_RECORD_OPTIONAL_TEXT, G_STRUCT_OFFSET(Record, optional)},
		{"number", CS_RECORD_NUMBER, G_STRUCT_OFFSET(Record, number)},
		{NULL},
	};
	const Record lent = {.text = (char *)"text", .number = 7};
	Record owned = lent;

	cs_record_own_texts(texts, &owned);
	g_assert_cmpstr(owned.text, ==, "text");
	g_assert_true(owned.text != lent.text);
	g_assert_null(owned.optional);
	g_assert_cmpint(owned.number, ==, 7);
	cs_record_clear(texts, &owned);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/record/round-trip", test_round_trip);
	g_test_add_func("/record/missing", test_missing);
	g_test_add_func("/record/later", test_later);
	g_test_add_func("/record/wrong-type", test_wrong_type);
	g_test_add_func("/record/odd", test_odd);
	g_test_add_func("/record/own-texts", test_own_texts);
	return g_test_run();
}
