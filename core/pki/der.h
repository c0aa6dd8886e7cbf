/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* A bounded walk over DER: definite, minimal lengths; never past its end; no recursion. */
typedef struct {
	const guint8 *data;
	gsize length;
} CsDer;

#define CS_DER_BOOLEAN		      0x01
#define CS_DER_INTEGER		      0x02
#define CS_DER_BIT_STRING	      0x03
#define CS_DER_OCTET_STRING	      0x04
#define CS_DER_NULL		      0x05
#define CS_DER_OID		      0x06
#define CS_DER_UTF8_STRING	      0x0c
#define CS_DER_PRINTABLE_STRING	      0x13
#define CS_DER_TELETEX_STRING	      0x14
#define CS_DER_IA5_STRING	      0x16
#define CS_DER_UTC_TIME		      0x17
#define CS_DER_GENERALIZED_TIME	      0x18
#define CS_DER_UNIVERSAL_STRING	      0x1c
#define CS_DER_BMP_STRING	      0x1e
#define CS_DER_SEQUENCE		      0x30
#define CS_DER_SET		      0x31
#define CS_DER_CONTEXT(n)	      (0x80 | (n))
#define CS_DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n))

/* Takes the next element off `der`: its tag, contents, and (nullable) the whole with its header.
 * FALSE at the end or where it is malformed; `der` is then unchanged. */
gboolean cs_der_next(CsDer *der, guint8 *tag, CsDer *contents, CsDer *whole);
gboolean cs_der_expect(CsDer *der, guint8 tag, CsDer *contents, CsDer *whole);
/* UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 restricts them (Z, seconds). */
gboolean cs_der_read_time(guint8 tag, CsDer contents, gint64 *time_unix_s);
gboolean cs_der_equal(CsDer a, gconstpointer data, gsize length);
