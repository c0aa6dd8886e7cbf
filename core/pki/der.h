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
#define CS_DER_ENUMERATED	      0x0a
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

/* Takes the next element; FALSE at the end or where it is malformed. */
gboolean cs_der_next(CsDer *der, guint8 *tag, CsDer *contents, CsDer *whole);
gboolean cs_der_expect(CsDer *der, guint8 tag, CsDer *contents, CsDer *whole);

/* Questions about an element's contents. */
gboolean cs_der_read_time(guint8 tag, CsDer contents, gint64 *time_unix_s); /* RFC 5280's */
gboolean cs_der_read_octets(CsDer contents, CsDer *octets); /* of a BIT STRING without odd bits */
gboolean cs_der_is_integer(CsDer contents);
gboolean cs_der_is_oid(CsDer contents);
gboolean cs_der_equal(CsDer a, gconstpointer data, gsize length);

/* The other way: appends one element. */
void cs_der_append(GByteArray *out, guint8 tag, gconstpointer contents, gsize length);
