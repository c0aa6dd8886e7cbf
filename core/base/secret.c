/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/secret.h"

#include <openssl/crypto.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

struct _CsSecret {
	gatomicrefcount references;
	gsize length;
	char data[]; /* and a NUL behind it */
};

/**
 * cs_secret_new:
 * @data: (nullable): bytes to copy; the caller's copy stays the caller's to wipe
 * @length: how many
 *
 * Returns: (transfer full): an immutable copy, wiped by the last cs_secret_unref().
 */
CsSecret *
cs_secret_new(gconstpointer data, gsize length)
{
	CsSecret *secret = g_malloc0(sizeof(CsSecret) + length + 1);

	g_atomic_ref_count_init(&secret->references);
	secret->length = length;
	if (length > 0)
		memcpy(secret->data, data, length);
	return secret;
}

/**
 * cs_secret_new_take:
 * @data: (transfer full) (nullable): g_malloc'ed bytes; wiped and freed here
 * @length: how many
 *
 * Returns: (transfer full): as cs_secret_new().
 */
CsSecret *
cs_secret_new_take(gpointer data, gsize length)
{
	CsSecret *secret = cs_secret_new(data, length);

	cs_secret_wipe(data, length);
	g_free(data);
	return secret;
}

/**
 * cs_secret_ref:
 * @secret: a secret
 *
 * Returns: (transfer full): @secret. Any thread may call it.
 */
CsSecret *
cs_secret_ref(CsSecret *secret)
{
	g_atomic_ref_count_inc(&secret->references);
	return secret;
}

/**
 * cs_secret_unref:
 * @secret: (nullable) (transfer full): a secret
 *
 * Gives a reference back; the last one wipes the bytes before they are freed.
 */
void
cs_secret_unref(CsSecret *secret)
{
	if (secret == NULL || !g_atomic_ref_count_dec(&secret->references))
		return;
	cs_secret_wipe(secret->data, secret->length);
	g_free(secret);
}

/**
 * cs_secret_get_data:
 * @secret: a secret
 * @length: (out) (optional): how many bytes
 *
 * Returns: (transfer none): the bytes, valid as long as @secret is. Whoever copies them wipes them.
 */
gconstpointer
cs_secret_get_data(const CsSecret *secret, gsize *length)
{
	if (length != NULL)
		*length = secret->length;
	return secret->data;
}

/**
 * cs_secret_get_text:
 * @secret: a secret
 *
 * Returns: (transfer none): the bytes as NUL-terminated text. A NUL among them would end the text
 * early: compare strlen() with cs_secret_get_data()'s length where that matters.
 */
const char *
cs_secret_get_text(const CsSecret *secret)
{
	return secret->data;
}

/**
 * cs_secret_wipe:
 * @data: (nullable): memory that held a secret
 * @length: how many bytes
 *
 * Overwrites it in a way that the compiler may not leave out.
 */
void
cs_secret_wipe(gpointer data, gsize length)
{
	if (data != NULL)
		OPENSSL_cleanse(data, length);
}

/**
 * cs_secret_protect_process:
 *
 * From here on the process leaves no core file, and other processes of the same user can neither
 * trace it nor read its memory. It does not protect from root, nor from swap. Best effort: there is
 * no error, since a system that refuses this is no reason to refuse work.
 */
void
cs_secret_protect_process(void)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		g_debug("cannot forbid core files");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		g_debug("cannot make the process undumpable");
}
