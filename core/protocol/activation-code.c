/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/activation-code.h"

#include "core/base/secret.h"

#include <string.h>

/* Longer input is no code, however many spaces a person typed. */
#define MAX_TYPED_LENGTH 256

static char
fold(char character)
{
	char upper = g_ascii_toupper(character);

	if (upper == 'O')
		return '0';
	if (upper == 'I' || upper == 'L')
		return '1';
	return upper;
}

static gboolean
fill(const char *code, char normal[CS_ACTIVATION_CODE_LENGTH + 1])
{
	gsize length = 0;

	for (gsize i = 0; code[i] != '\0'; i++) {
		char folded = fold(code[i]);

		if (i >= MAX_TYPED_LENGTH)
			return FALSE;
		if (folded == ' ' || folded == '-')
			continue;
		if (length == CS_ACTIVATION_CODE_LENGTH ||
		    strchr(CS_ACTIVATION_CODE_ALPHABET, folded) == NULL)
			return FALSE;
		normal[length++] = folded;
	}
	normal[length] = '\0';
	return length == CS_ACTIVATION_CODE_LENGTH;
}

/**
 * cs_activation_code_normalise:
 * @code: (nullable): an activation code as a person types it
 *
 * Brings a code into the form that goes over the wire and that client and server hash: upper case,
 * look-alikes folded (o is 0, i and l are 1), hyphens and spaces dropped. It says nothing about
 * whether any server has given out this code.
 *
 * Returns: (transfer full) (nullable): %CS_ACTIVATION_CODE_LENGTH characters of
 *   %CS_ACTIVATION_CODE_ALPHABET, a secret that the caller wipes; %NULL where @code is no code
 */
char *
cs_activation_code_normalise(const char *code)
{
	char normal[CS_ACTIVATION_CODE_LENGTH + 1] = {0};
	char *result = NULL;

	if (code != NULL && fill(code, normal))
		result = g_strdup(normal);
	cs_secret_wipe(normal, sizeof(normal));
	return result;
}
