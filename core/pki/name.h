/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/der.h"

/* RFC 5280 section 7.1: two names are equal when their canonical forms are the same bytes.
 * Strings are compared in UTF-8, NFKC, case-folded, white space trimmed and collapsed; the members
 * of a multi-valued RDN in any order. NULL for a malformed Name. */
GBytes *cs_name_canonicalise(CsDer name);
/* "CN=Example CA,O=Example" (RFC 4514's escaping and order: last RDN first), for people; control
 * characters escaped. */
char *cs_name_format(CsDer name);
