/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/text.h"

#include "core/base/json.h"

#include <string.h>

static char *format(const char *format, ...) G_GNUC_PRINTF(1, 2);

static char *
format(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	text = cs_text_format(format, arguments);
	va_end(arguments);
	return text;
}

static void
test_escape(void)
{
	static const struct {
		const char *text;
		const char *wanted;
	} cases[] = {
		{"plain", "plain"},
		{"Bücher \xe6\x97\xa5\xe6\x9c\xac", "Bücher \xe6\x97\xa5\xe6\x9c\xac"},
		{"\x1b[31m", "\\x1b[31m"},
		{"a\tb\rc\x7f", "a\\x09b\\x0dc\\x7f"},
		{"\xc2\x9b", "\\u009b"},
		{"\xe2\x80\xae", "\\u202e"},
		{"\xe2\x80\xa8", "\\u2028"},
		{"a\nb", "a\\x0ab"},
		{"a\xff", "a\xef\xbf\xbd"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *escaped = cs_text_escape(cases[i].text, FALSE);

		g_assert_cmpstr(escaped, ==, cases[i].wanted);
	}
}

static void
test_escape_keeps_newlines(void)
{
	g_autofree char *escaped = cs_text_escape("a\nb\x1b\n", TRUE);

	g_assert_cmpstr(escaped, ==, "a\nb\\x1b\n");
}

/* An argument cannot forge a line of ours. */
static void
test_format(void)
{
	g_autofree char *honest = format("%s\n%d\n", "a", 1);
	g_autofree char *forged = format("error: %s\n", "a\nerror: b");
	g_autofree char *open = format("%s", "a\nb");

	g_assert_cmpstr(honest, ==, "a\n1\n");
	g_assert_cmpstr(forged, ==, "error: a\\x0aerror: b\n");
	g_assert_cmpstr(open, ==, "a\\x0ab");
}

static void
test_wrap(void)
{
	g_autoptr(GString) out = g_string_new(NULL);

	cs_text_append_wrapped(out, "one two three\nfour", 2, 9);
	g_assert_cmpstr(out->str, ==, "  one two\n  three\n  four\n");
	g_string_truncate(out, 0);
	cs_text_append_wrapped(out, "a verylongword b", 0, 6);
	g_assert_cmpstr(out->str, ==, "a\nverylongword\nb\n");
}

static const CsTextColumn columns[] = {{"id", "ID"}, {"name", "NAME"}, {"on", "ON"}, {NULL}};

static cJSON *
parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	cJSON *value = cs_json_parse(text, strlen(text), &error);

	g_assert_no_error(error);
	return value;
}

static void
test_table(void)
{
	g_autoptr(cJSON) array = parse("[{\"id\":\"a\",\"name\":\"日本\",\"on\":true},"
				       "{\"id\":7,\"name\":[\"x\",\"y\\u001b\"]},"
				       "{\"id\":null,\"name\":[],\"on\":false}]");
	g_autoptr(cJSON) empty = parse("[]");
	g_autofree char *table = cs_text_format_table(array, columns);
	g_autofree char *nothing = cs_text_format_table(empty, columns);

	g_assert_cmpstr(table, ==,
			"ID  NAME      ON\n"
			"a   日本      yes\n"
			"7   x, y\\x1b  -\n"
			"-   -         no\n");
	g_assert_cmpstr(nothing, ==, "");
}

static void
test_fields(void)
{
	g_autoptr(cJSON) object = parse("{\"name\":\"x\\ny\",\"on\":true,\"other\":1}");
	g_autofree char *text = cs_text_format_fields(object, columns);

	g_assert_cmpstr(text, ==, "NAME:  x\\x0ay\nON:    yes\n");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text/escape", test_escape);
	g_test_add_func("/text/escape-keeps-newlines", test_escape_keeps_newlines);
	g_test_add_func("/text/format", test_format);
	g_test_add_func("/text/wrap", test_wrap);
	g_test_add_func("/text/table", test_table);
	g_test_add_func("/text/fields", test_fields);
	return g_test_run();
}
