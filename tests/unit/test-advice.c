/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/advice.h"

#include "core/base/error.h"
#include "core/protocol/reason.h"

#include <gio/gio.h>
#include <string.h>

static GError *
make_error(CsErrorCode code, const char *reason)
{
	GError *error = NULL;

	cs_error_set(&error, code, reason, "a test");
	return error;
}

/* A reason of the protocol has its own sentence and next step, whatever error carries it. */
static void
test_reasons(void)
{
	g_autoptr(GError) error = make_error(CS_ERROR_SIGNATURE, "server-key-unknown");

	g_assert_nonnull(strstr(cs_advice_get_sentence(error), "key"));
	g_assert_nonnull(strstr(cs_advice_get_next_step(error), "helpdesk"));
	g_assert_cmpint(cs_advice_get_owner(error), ==, CS_OWNER_USER);
}

/* Every code that an answered or unanswered call may end with, and what local state may do. */
static void
test_next_steps(void)
{
	static const struct {
		CsErrorCode code;
		const char *reason;
		const char *part;
		CsOwner owner;
	} cases[] = {
		{CS_ERROR_UNREACHABLE, NULL, "network", CS_OWNER_USER},
		{CS_ERROR_UNREACHABLE, "timed-out", "network", CS_OWNER_USER},
		{CS_ERROR_UNREACHABLE, "too-large", "network", CS_OWNER_USER},
		{CS_ERROR_UNREACHABLE, "tls-untrusted", "tls-ca-file", CS_OWNER_USER},
		{CS_ERROR_SIGNATURE, "challenge-invalid", "helpdesk", CS_OWNER_USER},
		{CS_ERROR_SIGNATURE, "verdict-invalid", "helpdesk", CS_OWNER_USER},
		{CS_ERROR_REFUSED, "account-exists", "helpdesk", CS_OWNER_HELPDESK},
		{CS_ERROR_REFUSED, "nonce-invalid", "again", CS_OWNER_USER},
		{CS_ERROR_REFUSED, "server-refused", "helpdesk", CS_OWNER_USER},
		{CS_ERROR_REFUSED, "token-malformed", "helpdesk", CS_OWNER_USER},
		{CS_ERROR_REFUSED, "request-malformed", "helpdesk", CS_OWNER_USER},
		{CS_ERROR_REFUSED, "not-found", "address", CS_OWNER_USER},
		{CS_ERROR_REFUSED, "certificate-shared", "by hand", CS_OWNER_HELPDESK},
		{CS_ERROR_REFUSED, "certificate-of-machine", "command", CS_OWNER_ADMINISTRATOR},
		{CS_ERROR_REFUSED, "certificate-changed", "again", CS_OWNER_USER},
		{CS_ERROR_NOT_FOUND, "certificate-not-found", "explain", CS_OWNER_USER},
		{CS_ERROR_STATE, NULL, "room", CS_OWNER_USER},
		{CS_ERROR_STATE, "not-a-file", "another name", CS_OWNER_USER},
		{CS_ERROR_STATE, "state-invalid", "backup", CS_OWNER_USER},
		{CS_ERROR_STATE, "key-missing", "backup", CS_OWNER_USER},
		{CS_ERROR_STATE, "key-unusable", "backup", CS_OWNER_USER},
		{CS_ERROR_STATE, "disk-full", "has room", CS_OWNER_ADMINISTRATOR},
		{CS_ERROR_STATE, "registry-unavailable", "room", CS_OWNER_ADMINISTRATOR},
		{CS_ERROR_STATE, "registry-busy", "again", CS_OWNER_ADMINISTRATOR},
		{CS_ERROR_STATE, "settings-invalid", "settings", CS_OWNER_USER},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = make_error(cases[i].code, cases[i].reason);

		g_test_message("%s", cs_error_get_reason(error));
		g_assert_null(cs_advice_get_sentence(error));
		g_assert_nonnull(strstr(cs_advice_get_next_step(error), cases[i].part));
		g_assert_cmpint(cs_advice_get_owner(error), ==, cases[i].owner);
	}
}

/* Where the message says it all, nothing is added; a code counts only with its kind of error. */
static void
test_nothing_to_add(void)
{
	g_autoptr(GError) usage = make_error(CS_ERROR_USAGE, "url-invalid");
	g_autoptr(GError) file = make_error(CS_ERROR_STATE, "too-large");
	g_autoptr(GError) other = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CANCELLED, "a test");

	g_assert_null(cs_advice_get_next_step(usage));
	g_assert_null(cs_advice_get_next_step(file));
	g_assert_null(cs_advice_get_next_step(other));
	g_assert_null(cs_advice_get_sentence(other));
	g_assert_cmpint(cs_advice_get_owner(usage), ==, CS_OWNER_NOBODY);
	g_assert_cmpint(cs_advice_get_owner(other), ==, CS_OWNER_NOBODY);
}

/* Of an error that was kept only its code is left. */
static void
test_codes(void)
{
	g_assert_cmpstr(cs_advice_get_next_step_for_code("device-suspended"), ==,
			cs_reason_get_next_step(CS_REASON_DEVICE_SUSPENDED));
	g_assert_nonnull(strstr(cs_advice_get_next_step_for_code("key-missing"), "backup"));
	g_assert_null(cs_advice_get_next_step_for_code("too-large"));
	g_assert_null(cs_advice_get_next_step_for_code(""));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/advice/reasons", test_reasons);
	g_test_add_func("/advice/next-steps", test_next_steps);
	g_test_add_func("/advice/nothing-to-add", test_nothing_to_add);
	g_test_add_func("/advice/codes", test_codes);
	return g_test_run();
}
