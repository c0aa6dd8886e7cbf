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

static int
value_of(char character, const char *alphabet)
{
	if (character >= 'A' && character <= 'Z')
		return character - 'A';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 26;
	if (character >= '0' && character <= '9')
		return character - '0' + 52;
	if (character == alphabet[62])
		return 62;
	return character == alphabet[63] ? 63 : -1;
}

/* One spelling per value: a second one would let the same signature or hash wear two texts. */
static GBytes *
decode(const char *text, gsize length, const char *alphabet, GError **error)
{
	g_autofree guint8 *data = g_malloc(length / 4 * 3 + 3);
	guint32 group = 0;
	gsize size = 0;
	guint bits = 0;

	for (gsize i = 0; i < length; i++) {
		int value = value_of(text[i], alphabet);

		if (value < 0) {
			cs_error_set(error, CS_ERROR_INVALID, NULL,
				     "a character outside the base64 alphabet");
			return NULL;
		}
		group = (group << 6 | (guint32)value) & 0xffff;
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
	return decode(text, length < 0 ? strlen(text) : (gsize)length, base64url_alphabet, error);
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
	return decode(text, unpadded, base64_alphabet, error);
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
