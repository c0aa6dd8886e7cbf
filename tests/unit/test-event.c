/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/event.h"

#include <string.h>

/* Of the last record that GLib was given. */
static GLogLevelFlags last_flags;
static char *last_line;
static CsEventLevel last_level;

static GLogWriterOutput
write_cb(GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer data)
{
	g_free(last_line);
	last_flags = flags;
	last_line = cs_event_format(flags, fields, n_fields, &last_level);
	return G_LOG_WRITER_HANDLED;
}

static void
test_levels(void)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		CsEventLevel level = CS_EVENT_ERROR;

		g_assert_true(cs_event_level_from_text(names[i], &level));
		g_assert_cmpint(level, ==, i);
		g_assert_cmpstr(cs_event_level_to_text(level), ==, names[i]);
	}
	for (guint i = 0; i < 4; i++) {
		static const char *const wrong[] = {"", "Info", "info ", NULL};
		CsEventLevel level = CS_EVENT_DEBUG;

		g_assert_false(cs_event_level_from_text(wrong[i], &level));
		g_assert_cmpint(level, ==, CS_EVENT_DEBUG);
	}
}

/* To GLib it is a debug message, whatever it says of itself. */
static void
test_event(void)
{
	cs_event(CS_EVENT_WARNING, "account-added", CS_FIELD_MESSAGE, "two words", CS_FIELD_ACCOUNT,
		 "abc1", CS_FIELD_DEVICE, NULL, CS_FIELD_SERVER, "https://id.example.org:8443",
		 CS_FIELD_END);
	g_assert_cmpint((int)last_flags, ==, G_LOG_LEVEL_DEBUG);
	g_assert_cmpint(last_level, ==, CS_EVENT_WARNING);
	g_assert_cmpstr(last_line, ==,
			"warning account-added account=abc1 server=https://id.example.org:8443 "
			"message=\"two words\"");
	cs_event(CS_EVENT_INFO, "stop", CS_FIELD_END);
	g_assert_cmpstr(last_line, ==, "info stop");
}

/* Whatever comes from outside stays inside its quotation marks, on its line. */
static void
test_forged(void)
{
	g_autofree char *long_text = g_strnfill(1000, '"');

	cs_event(CS_EVENT_INFO, "error", CS_FIELD_MESSAGE,
		 "x\" code=managed\n2026-01-01T00:00:00Z 1 info authentication managed=yes\033[2K",
		 CS_FIELD_END);
	g_assert_cmpstr(last_line, ==,
			"info error message=\"x\\\" code=managed\\x0a2026-01-01T00:00:00Z 1 info "
			"authentication managed=yes\\x1b[2K\"");
	cs_event(CS_EVENT_INFO, "error", CS_FIELD_MESSAGE, "", CS_FIELD_END);
	g_assert_cmpstr(last_line, ==, "info error message=\"\"");
	cs_event(CS_EVENT_INFO, "error", CS_FIELD_CODE, long_text, CS_FIELD_END);
	g_assert_cmpuint(strlen(last_line), <, 500);
	g_assert_true(g_str_has_suffix(last_line, "\"..."));
	cs_event(CS_EVENT_INFO, "a\nb", CS_FIELD_CODE, "x", CS_FIELD_END);
	g_assert_null(strchr(last_line, '\n'));
}

static void
test_own_messages(void)
{
	g_debug("the history of %s", "x");
	g_assert_cmpstr(last_line, ==, "debug message message=\"the history of x\"");
	g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE", "%s", "no display");
	g_assert_cmpstr(last_line, ==, "warning message message=\"no display\"");
	g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE", "%s", "x");
	g_assert_cmpstr(last_line, ==, "info message message=x");
}

/* What a library says may be anything, fields that look like ours among it. */
static void
test_libraries(void)
{
	g_log_structured("Gtk", G_LOG_LEVEL_WARNING, "COUNTERSIGN_EVENT", "authentication",
			 "COUNTERSIGN_LEVEL", "debug", "MESSAGE", "%s", "pin 1234");
	g_assert_cmpint(last_level, ==, CS_EVENT_WARNING);
	g_assert_cmpstr(last_line, ==, "warning library domain=Gtk");
	g_log_structured("Gtk\n", G_LOG_LEVEL_WARNING, "MESSAGE", "%s", "pin 1234");
	g_assert_cmpstr(last_line, ==, "warning library domain=\"Gtk\\x0a\"");
	g_log_structured("GLib-GIO", G_LOG_LEVEL_DEBUG, "MESSAGE", "%s", "pin 1234");
	g_assert_null(last_line);
	g_log_structured("GLib-GIO", G_LOG_LEVEL_INFO, "MESSAGE", "%s", "pin 1234");
	g_assert_null(last_line);
}

/* Straight from a record: what no call of ours could make. */
static void
test_records(void)
{
	static const char value[] = {'a', 'b', 'c'};
	const GLogField ours[] = {{"GLIB_DOMAIN", G_LOG_DOMAIN, -1},
				  {"COUNTERSIGN_EVENT", "error", -1},
				  {"COUNTERSIGN_FIELD_code", value, sizeof(value)},
				  {"COUNTERSIGN_FIELD_password", "hunter2", -1},
				  {"COUNTERSIGN_FIELD_reason", NULL, -1}};
	const GLogField nobodys[] = {{"MESSAGE", "x", -1}};
	CsEventLevel level = CS_EVENT_DEBUG;
	g_autofree char *line = cs_event_format(G_LOG_LEVEL_CRITICAL, ours, 5, &level);
	g_autofree char *other = NULL;
	g_autofree char *silent = NULL;

	g_assert_cmpstr(line, ==, "error error code=abc");
	other = cs_event_format(G_LOG_LEVEL_ERROR, nobodys, 1, &level);
	g_assert_cmpstr(other, ==, "error library domain=\"\"");
	silent = cs_event_format(G_LOG_LEVEL_WARNING, ours, 1, &level);
	g_assert_cmpstr(silent, ==, "warning message message=\"\"");
}

int
main(int argc, char **argv)
{
	int code = 0;

	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(write_cb, NULL, NULL);
	g_test_add_func("/event/levels", test_levels);
	g_test_add_func("/event/event", test_event);
	g_test_add_func("/event/forged", test_forged);
	g_test_add_func("/event/own-messages", test_own_messages);
	g_test_add_func("/event/libraries", test_libraries);
	g_test_add_func("/event/records", test_records);
	code = g_test_run();
	g_free(last_line);
	return code;
}
