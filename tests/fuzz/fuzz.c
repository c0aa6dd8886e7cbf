/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <time.h>

#define NS_PER_S	    G_GINT64_CONSTANT(1000000000)
#define SIGNATURE_MAX_BYTES 72 /* ECDSA with P-256 */

void
cs_fuzz_add_bytes(GPtrArray *seeds, GBytes *bytes)
{
	g_ptr_array_add(seeds, g_bytes_ref(bytes));
}

void
cs_fuzz_add_text(GPtrArray *seeds, const char *text)
{
	g_ptr_array_add(seeds, g_bytes_new(text, strlen(text)));
}

void
cs_fuzz_check_error(const GError *error)
{
	g_assert_nonnull(error);
	g_assert_true(error->domain == CS_ERROR);
	g_assert_nonnull(cs_error_get_reason(error));
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
	g_assert_cmpint(*error->message, !=, '\0');
	for (const char *next = error->message; *next != '\0'; next = g_utf8_next_char(next))
		g_assert_false(g_unichar_iscntrl(g_utf8_get_char(next)));
}

CsDer
cs_fuzz_der_of(GBytes *bytes)
{
	CsDer der = {0};

	der.data = g_bytes_get_data(bytes, &der.length);
	return der;
}

static void
append_signature(GByteArray *out, CsDer tbs, EVP_PKEY *key)
{
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
	guint8 bits[SIGNATURE_MAX_BYTES + 1] = {0}; /* no unused ones */
	gsize length = SIGNATURE_MAX_BYTES;

	g_assert_cmpint(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL), ==,
			1);
	g_assert_cmpint(EVP_DigestSign(context, bits + 1, &length, tbs.data, tbs.length), ==, 1);
	cs_der_append(out, CS_DER_BIT_STRING, bits, length + 1);
}

GBytes *
cs_fuzz_sign(CsDer tbs, CsDer rest, EVP_PKEY *key)
{
	static const guint8 algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
					   0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
	g_autoptr(GByteArray) contents = g_byte_array_new();
	GByteArray *whole = g_byte_array_new();

	g_byte_array_append(contents, tbs.data, (guint)tbs.length);
	g_byte_array_append(contents, algorithm, sizeof(algorithm));
	append_signature(contents, tbs, key);
	g_byte_array_append(contents, rest.data, (guint)rest.length);
	cs_der_append(whole, CS_DER_SEQUENCE, contents->data, contents->len);
	return g_byte_array_free_to_bytes(whole);
}

GBytes *
cs_fuzz_spoil(GBytes *bytes, CsDer part)
{
	gsize length = 0;
	const guint8 *data = g_bytes_get_data(bytes, &length);
	guint8 *copy = g_memdup2(data, length);

	g_assert_cmpuint(part.length, >, 0);
	copy[(part.data - data) + (gssize)part.length - 1] ^= 1;
	return g_bytes_new_take(copy, length);
}

gint64
cs_fuzz_get_thread_time_ns(void)
{
	struct timespec now;
	g_assert_cmpint(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), ==, 0);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}
