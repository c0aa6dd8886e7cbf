/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/der.h"

/* The strings of a distinguished name, out of the many encodings that X.520 allows. */

/* Appends the string in UTF-8; FALSE (and nothing appended) where the tag is no string's or the
 * octets are not valid in it. */
gboolean cs_name_string_decode(guint8 tag, CsDer contents, GString *text);
/* Appends what two equal strings share (RFC 4518, case ignored); FALSE as above. */
gboolean cs_name_string_fold(guint8 tag, CsDer contents, GString *folded);
