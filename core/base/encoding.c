/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/encoding.h"

#include "core/base/error.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define COMMON_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char base64_alphabet[] = COMMON_ALPHABET "+/";
static const char base64url_alphabet[] = COMMON_ALPHABET "-_";
/* By character: its value and one; 0: it is outside the alphabet. */
/* clang-format off */
#define COMMON_VALUES \
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, \
	['G'] = 7, ['H'] = 8, ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, \
	['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, \
	['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, \
	['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, \
	['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, \
	['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, \
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, \
	['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, \
	['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, \
	['8'] = 61, ['9'] = 62
/* clang-format on */
static const guint8 base64_values[G_MAXUINT8 + 1] = {COMMON_VALUES, ['+'] = 63, ['/'] = 64};
static const guint8 base64url_values[G_MAXUINT8 + 1] = {COMMON_VALUES, ['-'] = 63, ['_'] = 64};
static const char hex_digits[] = "0123456789abcdef";

static char *
encode(const guint8 *data, gsize length, const char *alphabet, gboolean padded)
{
	char *text = g_malloc((length + 2) / 3 * 4 + 1);
	char *end = text;

	for (gsize i = 0; i < length; i += 3) {
		gsize left = MIN(length - i, 3);
		guint32 group = (guint32)data[i] << 16;

		group |= left > 1 ? (guint32)data[i + 1] << 8 : 0;
		group |= left > 2 ? (guint32)data[i + 2] : 0;
		for (gsize j = 0; j <= left; j++)
			*end++ = alphabet[group >> (18 - 6 * j) & 63];
		for (gsize j = left; padded && j < 3; j++)
			*end++ = '=';
	}
	*end = '\0';
	return text;
}

/* Groups of four, as far as they are of the alphabet: tokens are decoded for every request. Returns
 * how many characters were taken. */
static gsize
decode_groups(const char *text, gsize length, const guint8 *values, guint8 *data)
{
	gsize at = 0;

	for (; length - at >= 4; at += 4) {
		guint32 first = values[(guint8)text[at]];
		guint32 second = values[(guint8)text[at + 1]];
		guint32 third = values[(guint8)text[at + 2]];
		guint32 fourth = values[(guint8)text[at + 3]];
		guint32 group = 0;

		if (first == 0 || second == 0 || third == 0 || fourth == 0)
			return at;
		group = (first - 1) << 18 | (second - 1) << 12 | (third - 1) << 6 | (fourth - 1);
		*data++ = (guint8)(group >> 16);
		*data++ = (guint8)(group >> 8);
		*data++ = (guint8)group;
	}
	return at;
}

/* One spelling per value: a second one would let the same signature or hash wear two texts. */
static GBytes *
decode(const char *text, gsize length, const guint8 *values, GError **error)
{
	g_autofree guint8 *data = g_malloc(length / 4 * 3 + 3);
	gsize begin = decode_groups(text, length, values, data);
	gsize size = begin / 4 * 3;
	guint32 group = 0;
	guint bits = 0;

	for (gsize i = begin; i < length; i++) {
		guint32 value = values[(guint8)text[i]];

		if (value == 0) {
			cs_error_set(error, CS_ERROR_INVALID, NULL,
				     "a character outside the base64 alphabet");
			return NULL;
		}
		group = (group << 6 | (value - 1)) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			data[size++] = (guint8)(group >> bits);
		}
	}
	if (bits >= 6 || (group & ((1u << bits) - 1)) != 0) {
		cs_error_set(error, CS_ERROR_INVALID, NULL, "base64 with a wrong ending");
		return NULL;
	}
	return g_bytes_new_take(g_steal_pointer(&data), size);
}

/**
 * cs_base64url_encode:
 * @data: (nullable): bytes
 * @length: how many
 *
 * Returns: (transfer full): base64url without padding (RFC 7515, section 2).
 */
char *
cs_base64url_encode(gconstpointer data, gsize length)
{
	return encode(data, length, base64url_alphabet, FALSE);
}

/**
 * cs_base64url_decode:
 * @text: base64url without padding; need not be NUL-terminated where @length is given
 * @length: characters, or -1 for all up to the NUL
 * @error: %CS_ERROR_INVALID
 *
 * Returns: (transfer full) (nullable): the bytes; NULL for any text that cs_base64url_encode()
 * would not have written.
 */
GBytes *
cs_base64url_decode(const char *text, gssize length, GError **error)
{
	return decode(text, length < 0 ? strlen(text) : (gsize)length, base64url_values, error);
}

/**
 * cs_base64_encode:
 * @data: (nullable): bytes
 * @length: how many
 *
 * Returns: (transfer full): base64 with padding, in one line (RFC 4648, section 4).
 */
char *
cs_base64_encode(gconstpointer data, gsize length)
{
	return encode(data, length, base64_alphabet, TRUE);
}

/**
 * cs_base64_decode:
 * @text: base64 with padding; need not be NUL-terminated where @length is given
 * @length: characters, or -1 for all up to the NUL
 * @error: %CS_ERROR_INVALID
 *
 * Returns: (transfer full) (nullable): the bytes; NULL for any text that cs_base64_encode() would
 * not have written.
 */
GBytes *
cs_base64_decode(const char *text, gssize length, GError **error)
{
	gsize unpadded = length < 0 ? strlen(text) : (gsize)length;

	if (unpadded % 4 != 0) {
		cs_error_set(error, CS_ERROR_INVALID, NULL, "base64 with wrong padding");
		return NULL;
	}
	for (guint i = 0; i < 2 && unpadded > 0 && text[unpadded - 1] == '='; i++)
		unpadded--;
	return decode(text, unpadded, base64_values, error);
}

/**
 * cs_hex_encode:
 * @data: (nullable): bytes
 * @length: how many
 *
 * Returns: (transfer full): lower-case hexadecimal.
 */
char *
cs_hex_encode(gconstpointer data, gsize length)
{
	const guint8 *bytes = data;
	char *text = g_malloc(length * 2 + 1);

	for (gsize i = 0; i < length; i++) {
		text[2 * i] = hex_digits[bytes[i] >> 4];
		text[2 * i + 1] = hex_digits[bytes[i] & 15];
	}
	text[length * 2] = '\0';
	return text;
}

/**
 * cs_hex_decode:
 * @text: hexadecimal in either case, an even number of digits and nothing else
 * @error: %CS_ERROR_INVALID
 *
 * Returns: (transfer full) (nullable): the bytes.
 */
GBytes *
cs_hex_decode(const char *text, GError **error)
{
	gsize length = strlen(text);
	g_autofree guint8 *data = g_malloc(length / 2 + 1);

	if (length % 2 != 0 || strspn(text, "0123456789abcdefABCDEF") != length) {
		cs_error_set(error, CS_ERROR_INVALID, NULL, "not hexadecimal");
		return NULL;
	}
	for (gsize i = 0; i < length / 2; i++)
		data[i] = (guint8)(g_ascii_xdigit_value(text[2 * i]) << 4 |
				   g_ascii_xdigit_value(text[2 * i + 1]));
	return g_bytes_new_take(g_steal_pointer(&data), length / 2);
}

/**
 * cs_sha256:
 * @data: (nullable): bytes
 * @length: how many
 * @digest: (out caller-allocates): SHA-256 of them
 *
 * Cannot fail: where OpenSSL's provider refuses, GLib's slower code does the same work, so that no
 * caller ever compares an unwritten digest.
 */
void
cs_sha256(gconstpointer data, gsize length, guint8 digest[CS_SHA256_SIZE_BYTES])
{
	g_autoptr(GChecksum) checksum = NULL;
	gsize size = CS_SHA256_SIZE_BYTES;

	if (EVP_Digest(data, length, digest, NULL, EVP_sha256(), NULL) == 1)
		return;
	checksum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(checksum, data, (gssize)length);
	g_checksum_get_digest(checksum, digest, &size);
}

/**
 * cs_sha256_hex:
 * @data: (nullable): bytes
 * @length: how many
 *
 * Returns: (transfer full): their SHA-256 in lower-case hexadecimal: a fingerprint.
 */
char *
cs_sha256_hex(gconstpointer data, gsize length)
{
	guint8 digest[CS_SHA256_SIZE_BYTES];

	cs_sha256(data, length, digest);
	return cs_hex_encode(digest, sizeof(digest));
}

/**
 * cs_sha256_base64url:
 * @data: (nullable): bytes
 * @length: how many
 *
 * Returns: (transfer full): their SHA-256 in base64url, as tokens carry it.
 */
char *
cs_sha256_base64url(gconstpointer data, gsize length)
{
	guint8 digest[CS_SHA256_SIZE_BYTES];

	cs_sha256(data, length, digest);
	return cs_base64url_encode(digest, sizeof(digest));
}

/**
 * cs_hmac_sha256:
 * @key: (nullable): key
 * @key_length: its bytes, at most %G_MAXINT
 * @data: (nullable): message
 * @length: its bytes
 * @digest: (out caller-allocates): HMAC-SHA-256 (RFC 2104)
 *
 * Cannot fail, as cs_sha256().
 */
void
cs_hmac_sha256(gconstpointer key,
	       gsize key_length,
	       gconstpointer data,
	       gsize length,
	       guint8 digest[CS_SHA256_SIZE_BYTES])
{
	g_autoptr(GHmac) hmac = NULL;
	gsize size = CS_SHA256_SIZE_BYTES;

	g_return_if_fail(key_length <= G_MAXINT);

	if (HMAC(EVP_sha256(), key_length > 0 ? key : "", (int)key_length, data, length, digest,
		 NULL) != NULL)
		return;
	hmac = g_hmac_new(G_CHECKSUM_SHA256, key, key_length);
	g_hmac_update(hmac, data, (gssize)length);
	g_hmac_get_digest(hmac, digest, &size);
}
