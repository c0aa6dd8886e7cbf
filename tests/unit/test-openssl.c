/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

static void
test_queue_becomes_text(void)
{
	g_autoptr(BIO) bio = BIO_new_mem_buf("no PEM here", -1);
	g_autoptr(GError) error = NULL;

	ERR_clear_error();
	g_assert_null(PEM_read_bio_X509(bio, NULL, NULL, NULL));
	cs_openssl_set_error(&error, CS_ERROR_INVALID, "certificate-invalid", "read certificate");
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "certificate-invalid");
	g_assert_cmpstr(error->message, ==, "read certificate: no start line");
	g_assert_cmpuint(ERR_peek_error(), ==, 0);
}

static void
test_empty_queue(void)
{
	g_autoptr(GError) error = NULL;

	ERR_clear_error();
	cs_openssl_set_error(&error, CS_ERROR_KEY, NULL, "sign");
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
	g_assert_cmpstr(error->message, ==, "sign");
	cs_openssl_set_error(NULL, CS_ERROR_KEY, NULL, "sign");
}

static void
test_queue_is_bounded_and_quotes_nothing(void)
{
	g_autoptr(GError) error = NULL;

	ERR_clear_error();
	for (int i = 0; i < 3; i++)
		ERR_raise_data(ERR_LIB_PEM, PEM_R_NO_START_LINE, "hunter2");
	ERR_raise(ERR_LIB_PEM, PEM_R_BAD_BASE64_DECODE);
	ERR_raise(ERR_LIB_PEM, PEM_R_BAD_END_LINE);
	ERR_raise(ERR_LIB_SYS, ENOENT);
	ERR_raise(ERR_LIB_PEM, PEM_R_BAD_PASSWORD_READ);
	cs_openssl_set_error(&error, CS_ERROR_KEY, NULL, "read");
	g_assert_cmpstr(error->message, ==,
			"read: no start line; bad base64 decode; bad end line; "
			"No such file or directory");
	g_assert_cmpuint(ERR_peek_error(), ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/openssl/queue-becomes-text", test_queue_becomes_text);
	g_test_add_func("/openssl/empty-queue", test_empty_queue);
	g_test_add_func("/openssl/queue-is-bounded-and-quotes-nothing",
			test_queue_is_bounded_and_quotes_nothing);
	return g_test_run();
}
