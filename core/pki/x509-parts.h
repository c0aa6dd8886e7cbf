/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/der.h"

/* What certificates, CRLs and OCSP responses are made of. Each takes its part off the front; FALSE
 * where it is malformed, and then nothing may be made of the rest. */

typedef struct {
	CsDer oid;
	gboolean critical;
	CsDer value; /* what the OCTET STRING holds */
} CsX509Extension;

gboolean cs_x509_read_algorithm(CsDer *der, CsDer *whole);
gboolean cs_x509_read_time(CsDer *der, gint64 *time_unix_s);
gboolean cs_x509_read_name(CsDer *der, CsDer *whole);
gboolean cs_x509_next_extension(CsDer *extensions, CsX509Extension *extension);
gboolean cs_x509_is_bit_string(CsDer contents);

/* Calls once an extension; FALSE from it ends the walk. */
typedef gboolean (*CsX509ExtensionReader)(const CsX509Extension *extension, gpointer data);
/* extensions: a whole SEQUENCE of them. FALSE: malformed, empty, one twice, too many, or the
 * reader's. */
gboolean cs_x509_read_extensions(CsDer extensions, CsX509ExtensionReader read, gpointer data);
