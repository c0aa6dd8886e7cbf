/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/random.h"

#include "core/base/encoding.h"
#include "core/base/error.h"

#include <openssl/rand.h>
#include <string.h>

static void
test_bytes(void)
{
	guint8 first[32] = {0};
	guint8 second[32] = {0};

	g_assert_true(cs_random_bytes(first, sizeof(first), NULL));
	g_assert_true(cs_random_bytes(second, sizeof(second), NULL));
	g_assert_cmpint(memcmp(first, second, sizeof(first)), !=, 0);
	g_assert_true(cs_random_bytes(first, 0, NULL));
}

static void
test_id(void)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	g_autofree char *id = cs_random_id(16, NULL);
	g_autofree char *other = cs_random_id(16, NULL);
	g_autofree char *many = cs_random_id(8192, NULL);
	g_autofree char *none = cs_random_id(0, NULL);

	g_assert_cmpuint(strlen(id), ==, 16);
	g_assert_cmpstr(id, !=, other);
	g_assert_cmpstr(none, ==, "");
	g_assert_cmpuint(strspn(many, alphabet), ==, 8192);
	for (const char *letter = alphabet; *letter != '\0'; letter++)
		g_assert_nonnull(strchr(many, *letter));
}

static void
test_base64url(void)
{
	g_autofree char *nonce = cs_random_base64url(32, NULL);
	g_autofree char *other = cs_random_base64url(32, NULL);
	g_autoptr(GBytes) bytes = cs_base64url_decode(nonce, -1, NULL);

	g_assert_cmpuint(g_bytes_get_size(bytes), ==, 32);
	g_assert_cmpstr(nonce, !=, other);
}

static int
refuse_bytes(unsigned char *buffer, int count)
{
	return -1; /* truthy, and a failure all the same */
}

static void
test_failure(void)
{
	const RAND_METHOD *usual;
	RAND_METHOD broken = {.bytes = refuse_bytes};
	g_autoptr(GError) bytes_error = NULL;
	g_autoptr(GError) id_error = NULL;
	g_autoptr(GError) text_error = NULL;
	guint8 data[4];

	G_GNUC_BEGIN_IGNORE_DEPRECATIONS
	usual = RAND_get_rand_method();
	g_assert_cmpint(RAND_set_rand_method(&broken), ==, 1);
	g_assert_false(cs_random_bytes(data, sizeof(data), &bytes_error));
	g_assert_null(cs_random_id(16, &id_error));
	g_assert_null(cs_random_base64url(32, &text_error));
	g_assert_cmpint(RAND_set_rand_method(usual), ==, 1);
	G_GNUC_END_IGNORE_DEPRECATIONS
	g_assert_error(bytes_error, CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpstr(cs_error_get_reason(bytes_error), ==, "random-unavailable");
	g_assert_error(id_error, CS_ERROR, CS_ERROR_STATE);
	g_assert_error(text_error, CS_ERROR, CS_ERROR_STATE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/random/bytes", test_bytes);
	g_test_add_func("/random/id", test_id);
	g_test_add_func("/random/base64url", test_base64url);
	g_test_add_func("/random/failure", test_failure);
	return g_test_run();
}
