/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/x509-parts.h"

#include "core/pki/name.h"

#define MAX_EXTENSIONS 64
#define DER_TRUE       0xff

/**
 * cs_x509_read_algorithm:
 * @der: what is left; moved behind the element
 * @whole: (out): the AlgorithmIdentifier with its header
 *
 * Asks for its form alone: an OID and at most one parameter.
 */
gboolean
cs_x509_read_algorithm(CsDer *der, CsDer *whole)
{
	CsDer sequence, oid, parameters;
	guint8 tag = 0;

	if (!cs_der_expect(der, CS_DER_SEQUENCE, &sequence, whole) ||
	    !cs_der_expect(&sequence, CS_DER_OID, &oid, NULL) || !cs_der_is_oid(oid))
		return FALSE;
	return sequence.length == 0 ||
	       (cs_der_next(&sequence, &tag, &parameters, NULL) && sequence.length == 0);
}

/**
 * cs_x509_read_time:
 * @der: what is left; moved behind the element
 * @time_unix_s: (out): seconds since 1970
 *
 * Reads RFC 5280's Time (cs_der_read_time()).
 */
gboolean
cs_x509_read_time(CsDer *der, gint64 *time_unix_s)
{
	CsDer contents;
	guint8 tag = 0;

	return cs_der_next(der, &tag, &contents, NULL) &&
	       cs_der_read_time(tag, contents, time_unix_s);
}

/**
 * cs_x509_read_name:
 * @der: what is left; moved behind the element
 * @whole: (out): a well-formed Name with its header
 */
gboolean
cs_x509_read_name(CsDer *der, CsDer *whole)
{
	CsDer contents;

	return cs_der_expect(der, CS_DER_SEQUENCE, &contents, whole) &&
	       cs_name_is_well_formed(*whole);
}

/**
 * cs_x509_next_extension:
 * @extensions: what is left of a SEQUENCE's contents; moved behind the extension
 * @extension: (out): lent from it
 *
 * An explicit FALSE is not DER and refused.
 */
gboolean
cs_x509_next_extension(CsDer *extensions, CsX509Extension *extension)
{
	CsDer sequence, boolean;

	if (!cs_der_expect(extensions, CS_DER_SEQUENCE, &sequence, NULL) ||
	    !cs_der_expect(&sequence, CS_DER_OID, &extension->oid, NULL) ||
	    !cs_der_is_oid(extension->oid))
		return FALSE;
	extension->critical = cs_der_expect(&sequence, CS_DER_BOOLEAN, &boolean, NULL);
	if (extension->critical && (boolean.length != 1 || boolean.data[0] != DER_TRUE))
		return FALSE;
	return cs_der_expect(&sequence, CS_DER_OCTET_STRING, &extension->value, NULL) &&
	       sequence.length == 0;
}

/**
 * cs_x509_is_bit_string:
 * @contents: a BIT STRING's contents
 *
 * Returns: whether the count of unused bits is possible
 */
gboolean
cs_x509_is_bit_string(CsDer contents)
{
	return contents.length > 0 && contents.data[0] <= 7 &&
	       (contents.length > 1 || contents.data[0] == 0);
}

static gboolean
is_among(CsDer oid, const CsDer *seen, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		if (cs_der_equal(oid, seen[i].data, seen[i].length))
			return TRUE;
	}
	return FALSE;
}

/**
 * cs_x509_read_extensions:
 * @extensions: a whole SEQUENCE of extensions, and nothing behind it
 * @read: asked once an extension, in their order
 * @data: (nullable): for @read
 *
 * RFC 5280 section 4.2: at least one extension, and none twice. Their number is bounded, because
 * each is compared with those before it.
 *
 * Returns: FALSE where that does not hold, or @read said so
 */
gboolean
cs_x509_read_extensions(CsDer extensions, CsX509ExtensionReader read, gpointer data)
{
	CsDer seen[MAX_EXTENSIONS];
	gsize count = 0;
	CsDer sequence;
	CsX509Extension extension;

	if (!cs_der_expect(&extensions, CS_DER_SEQUENCE, &sequence, NULL) ||
	    extensions.length != 0 || sequence.length == 0)
		return FALSE;
	while (sequence.length > 0) {
		if (count == MAX_EXTENSIONS || !cs_x509_next_extension(&sequence, &extension) ||
		    is_among(extension.oid, seen, count) || !read(&extension, data))
			return FALSE;
		seen[count++] = extension.oid;
	}
	return TRUE;
}
