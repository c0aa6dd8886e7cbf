/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/authority.h"
#include "core/base/secret.h"
#include "core/protocol/activation-code.h"

/* Activation codes as the authority keeps them: one a user, one use, void after five wrong tries: a
 * wrong one counts against every code with which it shares at least one group of four. Their form:
 * core/protocol/activation-code.h. */
#define CS_ACTIVATION_MAX_WRONG_TRIES 5

/* A new code in its normal form. */
CsSecret *cs_activation_generate(GError **error);
/* "XXXX-XXXX-XXXX" out of the normal form; a secret to wipe. */
char *cs_activation_format(const char *code);
/* What CsCodeRow keeps of a code in its normal form: hash, and groups (NULL-terminated, one a group
 * of four, each with its place mixed in). A group's hash equals another's only where both stand in
 * the same place. */
char *cs_activation_hash(const CsAuthority *authority, const char *code);
char **cs_activation_hash_groups(const CsAuthority *authority, const char *code);
