/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#define CS_CLEAN_TEXT_MAX_CHARACTERS 64

/* Text of a server's or of the machine's, made fit for a terminal and for a token. NULL where
 * nothing is left. */
char *cs_clean_text(const char *text, gsize max_characters);
