/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Helpdesk codes: a device's name on the telephone. Eight characters, of which the last checks the
 * others; shown in two groups of four. No secret: it names a device and authorises nothing.
 *
 * The alphabet, for spelling in English and in German: no vowel and no Y, so that no word comes of
 * it; of letters and digits that look or sound alike one at most. So neither 0 nor O, D, Q; neither 1
 * nor I, J; the 2 without Z, the 6 without G, the 8 without B, H and A; the 9 without N and without 5
 * ("nine", "five"), which also looks like S. Of B C D E G P T V, which rhyme with 3, none; K for A, H
 * and J, F for S and X, M for N. Their number, 13, is a prime: that is what the check needs. */
#define CS_HELPDESK_CODE_ALPHABET "2346789FKLMRW"
#define CS_HELPDESK_CODE_LENGTH	  8

char *cs_helpdesk_code_generate(GError **error);
gboolean cs_helpdesk_code_is_valid(const char *code);
char *cs_helpdesk_code_format(const char *code);
char *cs_helpdesk_code_normalise(const char *heard);
char **cs_helpdesk_code_list_candidates(const char *normal);
