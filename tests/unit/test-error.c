/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/error.h"

#include <errno.h>
#include <gio/gio.h>

static const char *const reasons_by_code[] = {
	"usage",       "invalid",	   "refused",	  "signature-invalid",
	"unsupported", "key-inaccessible", "unreachable", "state-unavailable",
	"not-found",
};

static void
test_default_reasons(void)
{
	for (int code = CS_ERROR_USAGE; code <= CS_ERROR_NOT_FOUND; code++) {
		g_autoptr(GError) error = NULL;

		cs_error_set(&error, code, NULL, "%d", code);
		g_assert_error(error, CS_ERROR, code);
		g_assert_cmpstr(cs_error_get_reason(error), ==, reasons_by_code[code]);
	}
}

static void
test_reason_is_kept(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) copy = NULL;
	char reason[] = "code-invalid";

	cs_error_set(&error, CS_ERROR_REFUSED, reason, "the server said no to %s", "it");
	reason[0] = 'X';
	g_prefix_error(&error, "adding an account: ");
	copy = g_error_copy(error);
	g_clear_error(&error);
	g_assert_error(copy, CS_ERROR, CS_ERROR_REFUSED);
	g_assert_cmpstr(copy->message, ==, "adding an account: the server said no to it");
	g_assert_cmpstr(cs_error_get_reason(copy), ==, "code-invalid");
}

static void
test_set_without_place(void)
{
	cs_error_set(NULL, CS_ERROR_INVALID, NULL, "nobody asks");
	cs_error_set_from_errno(NULL, CS_ERROR_STATE, ENOENT, "nobody asks");
}

static void
test_errno(void)
{
	g_autoptr(GError) error = NULL;

	cs_error_set_from_errno(&error, CS_ERROR_STATE, EACCES, "cannot open %s", "it");
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "state-unavailable");
	g_assert_cmpstr(error->message, ==, "cannot open it: Permission denied");
}

static void
test_foreign_errors(void)
{
	g_autoptr(GError) cancelled = g_error_new(G_IO_ERROR, G_IO_ERROR_CANCELLED, "stop");
	g_autoptr(GError) foreign = g_error_new(G_IO_ERROR, G_IO_ERROR_FAILED, "oh");
	g_autoptr(GError) plain = g_error_new(CS_ERROR, CS_ERROR_KEY, "made by hand");
	g_autoptr(GError) odd = g_error_new(CS_ERROR, 99, "no such code");

	g_assert_cmpstr(cs_error_get_reason(cancelled), ==, "cancelled");
	g_assert_cmpstr(cs_error_get_reason(foreign), ==, "internal");
	g_assert_cmpstr(cs_error_get_reason(plain), ==, "key-inaccessible");
	g_assert_cmpstr(cs_error_get_reason(odd), ==, "internal");
	g_assert_cmpstr(cs_error_get_reason(NULL), ==, "internal");
}

/* The server's id of a request goes with the error, wherever that goes. */
static void
test_request(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) copy = NULL;
	g_autoptr(GError) foreign = g_error_new(G_IO_ERROR, G_IO_ERROR_FAILED, "oh");

	cs_error_set(&error, CS_ERROR_REFUSED, "busy", "no");
	g_assert_null(cs_error_get_request(error));
	cs_error_set_request(error, "a1");
	cs_error_set_request(error, "b2");
	g_prefix_error(&error, "adding: ");
	copy = g_error_copy(error);
	g_clear_error(&error);
	g_assert_cmpstr(cs_error_get_request(copy), ==, "b2");
	g_assert_cmpstr(cs_error_get_reason(copy), ==, "busy");
	cs_error_set_request(copy, NULL);
	g_assert_null(cs_error_get_request(copy));
	cs_error_set_request(foreign, "a1");
	g_assert_null(cs_error_get_request(foreign));
	g_assert_null(cs_error_get_request(NULL));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/error/default-reasons", test_default_reasons);
	g_test_add_func("/error/reason-is-kept", test_reason_is_kept);
	g_test_add_func("/error/set-without-place", test_set_without_place);
	g_test_add_func("/error/errno", test_errno);
	g_test_add_func("/error/foreign-errors", test_foreign_errors);
	g_test_add_func("/error/request", test_request);
	return g_test_run();
}
