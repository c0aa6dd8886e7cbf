/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/activation.h"

#include "core/base/random.h"

#include <string.h>

#define GROUP_LENGTH	  4
#define N_GROUPS	  (CS_ACTIVATION_CODE_LENGTH / GROUP_LENGTH)
#define MAX_LABELLED_SIZE 64

/**
 * cs_activation_generate:
 * @error: where to put the error
 *
 * Makes an activation code: 60 bits from the system's generator, 5 a character (the alphabet has
 * 32, so that none is likelier than another).
 *
 * Returns: (transfer full) (nullable): the code in its normal form; CS_ERROR_STATE where there is
 *   no randomness
 */
CsSecret *
cs_activation_generate(GError **error)
{
	guint8 random[CS_ACTIVATION_CODE_LENGTH];
	char code[CS_ACTIVATION_CODE_LENGTH];
	CsSecret *secret = NULL;

	G_STATIC_ASSERT(sizeof(CS_ACTIVATION_CODE_ALPHABET) - 1 == 32);
	if (!cs_random_bytes(random, sizeof(random), error))
		return NULL;
	for (gsize i = 0; i < sizeof(code); i++)
		code[i] = CS_ACTIVATION_CODE_ALPHABET[random[i] % 32];
	secret = cs_secret_new(code, sizeof(code));
	cs_secret_wipe(random, sizeof(random));
	cs_secret_wipe(code, sizeof(code));
	return secret;
}

/**
 * cs_activation_format:
 * @code: a code in its normal form
 *
 * Returns: (transfer full): "XXXX-XXXX-XXXX", a secret that the caller wipes
 */
char *
cs_activation_format(const char *code)
{
	g_return_val_if_fail(strlen(code) == CS_ACTIVATION_CODE_LENGTH, NULL);
	return g_strdup_printf("%.4s-%.4s-%.4s", code, code + GROUP_LENGTH,
			       code + 2 * (gsize)GROUP_LENGTH);
}

/* The label keeps a whole code's hash and a group's, and the groups' places, apart. */
static char *
hash_labelled(const CsAuthority *authority, const char *label, const char *text, int length)
{
	char labelled[MAX_LABELLED_SIZE];
	char *hash = NULL;

	g_snprintf(labelled, sizeof(labelled), "%s:%.*s", label, length, text);
	hash = cs_authority_hash_code(authority, labelled);
	cs_secret_wipe(labelled, sizeof(labelled));
	return hash;
}

/**
 * cs_activation_hash:
 * @authority: whose key hashes
 * @code: a code in its normal form
 *
 * Returns: (transfer full): the keyed hash under which the registry knows the code
 */
char *
cs_activation_hash(const CsAuthority *authority, const char *code)
{
	g_return_val_if_fail(strlen(code) == CS_ACTIVATION_CODE_LENGTH, NULL);
	return hash_labelled(authority, "code", code, CS_ACTIVATION_CODE_LENGTH);
}

/**
 * cs_activation_hash_groups:
 * @authority: whose key hashes
 * @code: a code in its normal form
 *
 * Hashes each group of four with its place, so that a wrong try can be counted against the codes
 * that it comes near (20 bits a group: without the key that is in a file of its own these hashes
 * could be undone).
 *
 * Returns: (transfer full) (array zero-terminated=1): three keyed hashes
 */
char **
cs_activation_hash_groups(const CsAuthority *authority, const char *code)
{
	static const char *const labels[N_GROUPS] = {"group-0", "group-1", "group-2"};
	char **groups = NULL;

	g_return_val_if_fail(strlen(code) == CS_ACTIVATION_CODE_LENGTH, NULL);
	groups = g_new0(char *, N_GROUPS + 1);
	for (gsize i = 0; i < N_GROUPS; i++)
		groups[i] =
			hash_labelled(authority, labels[i], code + i * GROUP_LENGTH, GROUP_LENGTH);
	return groups;
}
