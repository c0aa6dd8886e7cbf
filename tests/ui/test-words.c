/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/words.h"

#include "core/base/error.h"

#include <gio/gio.h>
#include <string.h>

#define NOON 1800014400 /* 15 January 2027, 12:00 UTC */

static void
test_times(void)
{
	CsAccount account = {.checked_at = NOON};
	g_autofree char *day = cs_words_dup_day(NOON);
	g_autofree char *moment = cs_words_dup_moment(NOON);
	g_autofree char *endless = cs_words_dup_day(G_MAXINT64);
	g_autofree char *checked = cs_words_dup_checked(&account, NOON + 60);
	g_autofree char *never = NULL;

	account.checked_at = 0;
	never = cs_words_dup_checked(&account, NOON);
	g_assert_cmpstr(day, ==, "15 January 2027");
	g_assert_cmpstr(moment, ==, "15 January 2027, 12:00");
	g_assert_cmpstr(endless, ==, "9999-12-31T23:59:59Z");
	g_assert_cmpstr(checked, ==, "checked 1 minute ago");
	g_assert_cmpstr(never, ==, "not checked yet");
}

static void
expect_error(CsErrorCode code, const char *reason, const char *message, const char *said)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	cs_error_set(&error, code, reason, "%s", message);
	text = cs_words_dup_error(error);
	if (!strstr(text, said))
		g_error("\"%s\" lacks \"%s\"", text, said);
}

/* In plain words with what to do; never a bare code; what the table does not know, by its message. */
static void
test_errors(void)
{
	g_autoptr(GError) foreign =
		g_error_new(G_IO_ERROR, G_IO_ERROR_NO_SPACE, "élan is \xff missing");
	g_autofree char *text = cs_words_dup_error(foreign);

	expect_error(CS_ERROR_REFUSED, "code-invalid", "x", "does not count");
	expect_error(CS_ERROR_REFUSED, "code-invalid", "x", "five wrong tries");
	expect_error(CS_ERROR_USAGE, "url-invalid", "x", "https://id.example.org");
	expect_error(CS_ERROR_USAGE, "link-malformed", "x", "not a whole activation link");
	expect_error(CS_ERROR_UNREACHABLE, "unreachable", "no answer from x",
		     "No answer from x. Check the network");
	expect_error(CS_ERROR_STATE, "something-new", "the disk is on fire",
		     "The disk is on fire.");
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_assert_true(g_str_has_prefix(text, "Élan is "));
}

static void
test_authentications(void)
{
	static const struct {
		CsHistoryEntry entry;
		const char *said;
		CsAgentState state;
	} rows[] = {
		{{.managed = CS_MANAGED_YES, .reason = CS_REASON_MANAGED},
		 "Managed",
		 CS_AGENT_MANAGED},
		{{.managed = CS_MANAGED_NO, .reason = CS_REASON_CERTIFICATE_EXPIRED},
		 "Not managed. This device's certificate has expired.",
		 CS_AGENT_NOT_MANAGED},
		{{.error_code = (char *)"unreachable"},
		 "The server could not be reached.",
		 CS_AGENT_NO_ACCOUNT},
		{{.error_code = (char *)"key-missing"}, "The check failed.", CS_AGENT_NO_ACCOUNT},
		{{.error_code = (char *)"server-key-unknown"},
		 "The server does not have the key by which this device would know it: it may not "
		 "be your organisation's.",
		 CS_AGENT_NO_ACCOUNT},
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = cs_words_dup_authentication(&rows[i].entry);

		g_assert_cmpstr(text, ==, rows[i].said);
		g_assert_cmpint(cs_words_get_authentication_state(&rows[i].entry), ==,
				rows[i].state);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/words/times", test_times);
	g_test_add_func("/words/errors", test_errors);
	g_test_add_func("/words/authentications", test_authentications);
	return g_test_run();
}
