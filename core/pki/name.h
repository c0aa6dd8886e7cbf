/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/der.h"

/* Distinguished names. Each takes the whole Name, with its header. */

/* Whether it is a Name by its structure, as the two below need it. */
gboolean cs_name_is_well_formed(CsDer name);
/* RFC 5280 section 7.1: two names are equal when their canonical forms are the same bytes. NULL for
 * a malformed Name. */
GBytes *cs_name_canonicalise(CsDer name);
/* "CN=Example CA,O=Example", for people. NULL for a malformed Name. */
char *cs_name_format(CsDer name);
/* "2.5.4.3". */
void cs_name_append_oid(GString *text, CsDer oid);
