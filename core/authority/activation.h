/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/authority.h"
#include "core/base/secret.h"

/* Activation codes: twelve characters in three groups of four out of an alphabet without
 * look-alikes (Crockford's base 32): 60 bits. One a user, one use, void after five wrong tries: a
 * wrong one counts against every code with which it shares at least one group. */
#define CS_ACTIVATION_MAX_WRONG_TRIES 5

/* Upper case, look-alikes folded (o 0, i l 1), hyphens and spaces dropped; "XXXXXXXXXXXX" or NULL
 * where that is no code. Client and server hash this form. */
char *cs_activation_normalise(const char *code);
