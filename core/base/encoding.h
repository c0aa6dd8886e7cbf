/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#define CS_SHA256_SIZE_BYTES 32
#define CS_SHA256_HEX_LENGTH 64

/* base64url without padding, RFC 7515 section 2; decoding refuses padding, white space, other
 * alphabets and non-zero trailing bits. */
char *cs_base64url_encode(gconstpointer data, gsize length);
GBytes *cs_base64url_decode(const char *text, gssize length, GError **error);
/* base64 with padding (RFC 4648 section 4), strict in the same way. */
char *cs_base64_encode(gconstpointer data, gsize length);
GBytes *cs_base64_decode(const char *text, gssize length, GError **error);

char *cs_hex_encode(gconstpointer data, gsize length);	 /* lower case */
GBytes *cs_hex_decode(const char *text, GError **error); /* either case */

void cs_sha256(gconstpointer data, gsize length, guint8 digest[CS_SHA256_SIZE_BYTES]);
char *cs_sha256_hex(gconstpointer data, gsize length);
char *cs_sha256_base64url(gconstpointer data, gsize length); /* as in chh, mah, ath, rsh */
void cs_hmac_sha256(gconstpointer key,
		    gsize key_length,
		    gconstpointer data,
		    gsize length,
		    guint8 digest[CS_SHA256_SIZE_BYTES]);
