/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Activation codes: twelve characters out of Crockford's base 32, an alphabet without look-alikes:
 * 60 bits; shown in three groups of four. */
#define CS_ACTIVATION_CODE_ALPHABET "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#define CS_ACTIVATION_CODE_LENGTH   12

/* NULL where it is no code. The result is a secret: wipe it with cs_secret_wipe(). */
char *cs_activation_code_normalise(const char *code);
