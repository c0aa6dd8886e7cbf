/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/random.h"

#include "core/base/encoding.h"
#include "core/base/openssl.h"

#include <openssl/err.h>
#include <openssl/rand.h>

static const char id_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

/**
 * cs_random_bytes:
 * @data: (out caller-allocates): room for @length bytes
 * @length: at most %G_MAXINT
 * @error: %CS_ERROR_STATE, reason "random-unavailable"
 *
 * Fills @data from OpenSSL's generator, fit for keys and nonces.
 *
 * Returns: FALSE when there is no randomness; @data must not be used then.
 */
gboolean
cs_random_bytes(guint8 *data, gsize length, GError **error)
{
	g_return_val_if_fail(length <= G_MAXINT, FALSE);

	ERR_clear_error();
	if (RAND_bytes(data, (int)length) != 1) {
		cs_openssl_set_error(error, CS_ERROR_STATE, "random-unavailable",
				     "cannot get random bytes");
		return FALSE;
	}
	return TRUE;
}

/**
 * cs_random_id:
 * @length: characters, 5 bits each
 * @error: %CS_ERROR_STATE, reason "random-unavailable"
 *
 * Returns: (transfer full) (nullable): an id out of [a-z2-7]. Nobody is told that it is secret.
 */
char *
cs_random_id(gsize length, GError **error)
{
	g_autofree char *id = g_malloc0(length + 1);

	if (!cs_random_bytes((guint8 *)id, length, error))
		return NULL;
	for (gsize i = 0; i < length; i++)
		id[i] = id_alphabet[(guint8)id[i] & 31];
	return g_steal_pointer(&id);
}

/**
 * cs_random_base64url:
 * @length_bytes: how many random bytes, before encoding
 * @error: %CS_ERROR_STATE, reason "random-unavailable"
 *
 * Returns: (transfer full) (nullable): random bytes as base64url without padding, for nonces.
 */
char *
cs_random_base64url(gsize length_bytes, GError **error)
{
	g_autofree guint8 *data = g_malloc(length_bytes);

	if (!cs_random_bytes(data, length_bytes, error))
		return NULL;
	return cs_base64url_encode(data, length_bytes);
}
