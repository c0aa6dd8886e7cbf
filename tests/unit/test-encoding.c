/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/encoding.h"

#include "core/base/error.h"

#include <string.h>

typedef GBytes *(*Decoder)(const char *text, gssize length, GError **error);

static void
assert_decodes(Decoder decode, const char *text, const void *data, gsize length)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = decode(text, -1, &error);

	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), data, length);
}

static void
assert_refuses(Decoder decode, const char *text)
{
	g_autoptr(GError) error = NULL;

	g_test_message("%s", text);
	g_assert_null(decode(text, -1, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
}

/* RFC 4648, section 10. */
static const struct {
	const char *plain;
	const char *base64;
	const char *base64url;
} vectors[] = {
	{"", "", ""},
	{"f", "Zg==", "Zg"},
	{"fo", "Zm8=", "Zm8"},
	{"foo", "Zm9v", "Zm9v"},
	{"foob", "Zm9vYg==", "Zm9vYg"},
	{"fooba", "Zm9vYmE=", "Zm9vYmE"},
	{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
	{"\xfb\xff\xfe", "+//+", "-__-"},
};

static void
test_vectors(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		gsize length = strlen(vectors[i].plain);
		g_autofree char *base64 = cs_base64_encode(vectors[i].plain, length);
		g_autofree char *base64url = cs_base64url_encode(vectors[i].plain, length);

		g_assert_cmpstr(base64, ==, vectors[i].base64);
		g_assert_cmpstr(base64url, ==, vectors[i].base64url);
		assert_decodes(cs_base64_decode, base64, vectors[i].plain, length);
		assert_decodes(cs_base64url_decode, base64url, vectors[i].plain, length);
	}
}

static void
test_round_trip(void)
{
	guint8 data[256];

	for (guint i = 0; i < sizeof(data); i++)
		data[i] = (guint8)(i * 151 + 7);
	for (gsize length = 0; length <= sizeof(data); length++) {
		g_autofree char *base64 = cs_base64_encode(data, length);
		g_autofree char *base64url = cs_base64url_encode(data, length);
		g_autofree char *glibs = g_base64_encode(data, length);

		g_assert_cmpstr(base64, ==, glibs);
		assert_decodes(cs_base64_decode, base64, data, length);
		assert_decodes(cs_base64url_decode, base64url, data, length);
	}
}

/* Whatever octet, wherever it stands: only what is of the alphabet, and that comes back. */
static void
test_every_octet(void)
{
	static const char common[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	for (guint i = 0; i < 8 * 256; i++) {
		char text[] = "AAAAAAAA";
		char octet = (char)(i % 256);
		gboolean is_common = octet != '\0' && strchr(common, octet) != NULL;
		g_autoptr(GBytes) url = NULL;
		g_autoptr(GBytes) plain = NULL;

		text[i / 256] = octet;
		url = cs_base64url_decode(text, 8, NULL);
		g_assert_true((url != NULL) == (is_common || octet == '-' || octet == '_'));
		/* One '=' at the end is padding. */
		plain = cs_base64_decode(text, 8, NULL);
		g_assert_true((plain != NULL) == (is_common || octet == '+' || octet == '/' ||
						  (octet == '=' && i / 256 == 7)));
		if (url != NULL) {
			g_autofree char *again = cs_base64url_encode(g_bytes_get_data(url, NULL),
								     g_bytes_get_size(url));

			g_assert_cmpstr(again, ==, text);
		}
	}
}

static void
test_base64url_refuses(void)
{
	static const char *const texts[] = {"A",      "Zg==",	"Zg=",	    "Zm9vA",	"Zh",
					    "Zm9",    "Zm9v\n", " Zm9v",    "Zm 9",	"+//+",
					    "-_/_",   "Zm9v=",	"Zm9v====", "\xc3\xa9", "Z-=_",
					    "Zm9vY!", "=",	"Zf",	    "Zm9vYg="};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		assert_refuses(cs_base64url_decode, texts[i]);
}

static void
test_base64_refuses(void)
{
	static const char *const texts[] = {
		"A",	  "Zg",		"Zg=",	    "Zm8",	"Zh==",	    "Zm9=",
		"Zm9v\n", "Zm9vZg==\n", "-__-",	    "Zg==Zg==", "====",	    "Z===",
		"=Zg=",	  "Zm9v====",	"Zm9vZ===", "Z=g=",	"Zg==A===", "Zm8=Zm8="};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		assert_refuses(cs_base64_decode, texts[i]);
}

static void
test_given_length(void)
{
	static const char text[] = {'Z', 'm', '9', 'v'};
	g_autoptr(GBytes) bytes = cs_base64url_decode(text, sizeof(text), NULL);
	g_autoptr(GBytes) part = cs_base64url_decode("Zm9v!", 4, NULL);
	g_autoptr(GBytes) none = cs_base64url_decode("!", 0, NULL);

	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "foo", 3);
	g_assert_true(g_bytes_equal(bytes, part));
	g_assert_cmpuint(g_bytes_get_size(none), ==, 0);
	g_assert_null(cs_base64url_decode("Zg\0\0", 4, NULL));
}

static GBytes *
decode_hex(const char *text, gssize length, GError **error)
{
	return cs_hex_decode(text, error);
}

static void
test_hex(void)
{
	static const guint8 data[] = {0x00, 0x0f, 0xa5, 0xff};
	g_autofree char *text = cs_hex_encode(data, sizeof(data));
	g_autofree char *empty = cs_hex_encode(NULL, 0);

	g_assert_cmpstr(text, ==, "000fa5ff");
	g_assert_cmpstr(empty, ==, "");
	assert_decodes(decode_hex, "000FA5fF", data, sizeof(data));
	assert_decodes(decode_hex, "", "", 0);
	assert_refuses(decode_hex, "0");
	assert_refuses(decode_hex, "0g");
	assert_refuses(decode_hex, "00 ");
	assert_refuses(decode_hex, "00:11");
	assert_refuses(decode_hex, "0x00");
}

static void
test_sha256(void)
{
	g_autofree char *hex = cs_sha256_hex("abc", 3);
	g_autofree char *empty = cs_sha256_hex(NULL, 0);
	g_autofree char *url = cs_sha256_base64url("abc", 3);

	g_assert_cmpstr(hex, ==,
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	g_assert_cmpstr(empty, ==,
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	g_assert_cmpstr(url, ==, "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

static void
assert_hmac(const void *key, gsize key_length, const char *data, const char *expected)
{
	guint8 digest[CS_SHA256_SIZE_BYTES];
	g_autofree char *hex = NULL;

	cs_hmac_sha256(key, key_length, data, strlen(data), digest);
	hex = cs_hex_encode(digest, sizeof(digest));
	g_assert_cmpstr(hex, ==, expected);
}

/* RFC 4231, cases 1, 2 and 6; and the well-known one of nothing at all. */
static void
test_hmac(void)
{
	guint8 key[131];

	memset(key, 0x0b, sizeof(key));
	assert_hmac(key, 20, "Hi There",
		    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_hmac("Jefe", 4, "what do ya want for nothing?",
		    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	assert_hmac(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First",
		    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	assert_hmac(NULL, 0, "",
		    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/encoding/vectors", test_vectors);
	g_test_add_func("/encoding/round-trip", test_round_trip);
	g_test_add_func("/encoding/every-octet", test_every_octet);
	g_test_add_func("/encoding/base64url-refuses", test_base64url_refuses);
	g_test_add_func("/encoding/base64-refuses", test_base64_refuses);
	g_test_add_func("/encoding/given-length", test_given_length);
	g_test_add_func("/encoding/hex", test_hex);
	g_test_add_func("/encoding/sha256", test_sha256);
	g_test_add_func("/encoding/hmac", test_hmac);
	return g_test_run();
}
