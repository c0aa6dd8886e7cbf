/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/certificate-fields.h"

#include "core/pki/x509-parts.h"

#define BIT_DIGITAL_SIGNATURE 0x80
#define BIT_KEY_CERT_SIGN     0x04
#define DER_TRUE	      0xff
#define DER_FALSE	      0x00

#define OID(text) text, sizeof(text) - 1
#define ID_CE	  "\x55\x1d"
#define ID_PE	  "\x2b\x06\x01\x05\x05\x07\x01"

/* ---- extensions ---- */

/* An explicit FALSE is not DER, but authorities write it; it says what its absence says. */
static gboolean
read_basic_constraints(CsDer value, CsCertificateFields *fields)
{
	CsDer sequence, boolean, number;

	if (!cs_der_expect(&value, CS_DER_SEQUENCE, &sequence, NULL) || value.length != 0)
		return FALSE;
	if (cs_der_expect(&sequence, CS_DER_BOOLEAN, &boolean, NULL)) {
		if (boolean.length != 1 ||
		    (boolean.data[0] != DER_TRUE && boolean.data[0] != DER_FALSE))
			return FALSE;
		fields->is_ca = boolean.data[0] == DER_TRUE;
	}
	if (cs_der_expect(&sequence, CS_DER_INTEGER, &number, NULL)) {
		if (!cs_der_is_integer(number) || (number.data[0] & 0x80) != 0 ||
		    number.length > 2 || (number.length == 2 && number.data[0] != 0))
			return FALSE;
	}
	return sequence.length == 0;
}

static gboolean
read_key_usage(CsDer value, CsCertificateFields *fields)
{
	CsDer bits;

	if (!cs_der_expect(&value, CS_DER_BIT_STRING, &bits, NULL) || value.length != 0)
		return FALSE;
	if (bits.length < 1 || bits.data[0] > 7 || (bits.length == 1 && bits.data[0] != 0))
		return FALSE;
	guint8 unused = (guint8)((1 << bits.data[0]) - 1);
	if ((bits.length > 1 && (bits.data[bits.length - 1] & unused) != 0))
		return FALSE;
	fields->has_key_usage = TRUE;
	if (bits.length > 1) {
		fields->may_sign = (bits.data[1] & BIT_DIGITAL_SIGNATURE) != 0;
		fields->may_sign_certificates = (bits.data[1] & BIT_KEY_CERT_SIGN) != 0;
	}
	return TRUE;
}

/* An empty one is no error of form here: rule 5 rejects it. */
static gboolean
read_extended_key_usage(CsDer value, CsCertificateFields *fields)
{
	static const guint8 client_auth[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
	static const guint8 any[] = {0x55, 0x1d, 0x25, 0x00};
	CsDer sequence, oid;

	if (!cs_der_expect(&value, CS_DER_SEQUENCE, &sequence, NULL) || value.length != 0)
		return FALSE;
	fields->has_extended_key_usage = TRUE;
	while (sequence.length > 0) {
		if (!cs_der_expect(&sequence, CS_DER_OID, &oid, NULL) || !cs_der_is_oid(oid))
			return FALSE;
		if (cs_der_equal(oid, client_auth, sizeof(client_auth)) ||
		    cs_der_equal(oid, any, sizeof(any)))
			fields->may_authenticate = TRUE;
	}
	return TRUE;
}

/* The extensions whose criticality is no obstacle: those that are judged, and those that say
 * nothing about whether a leaf's key may sign. */
static const struct {
	const char *oid;
	gsize length;
	gboolean (*read)(CsDer value, CsCertificateFields *fields);
} known_extensions[] = {
	{OID(ID_CE "\x13"), read_basic_constraints},
	{OID(ID_CE "\x0f"), read_key_usage},
	{OID(ID_CE "\x25"), read_extended_key_usage},
	{OID(ID_CE "\x0e"), NULL}, /* subjectKeyIdentifier */
	{OID(ID_CE "\x23"), NULL}, /* authorityKeyIdentifier */
	{OID(ID_CE "\x11"), NULL}, /* subjectAltName: must be critical beside an empty subject */
	{OID(ID_CE "\x12"), NULL}, /* issuerAltName */
	{OID(ID_CE "\x20"), NULL}, /* certificatePolicies */
	{OID(ID_CE "\x1f"), NULL}, /* cRLDistributionPoints */
	{OID(ID_CE "\x2e"), NULL}, /* freshestCRL */
	{OID(ID_PE "\x01"), NULL}, /* authorityInfoAccess */
};

static gboolean
read_known_extension(const CsX509Extension *extension, gpointer data)
{
	CsCertificateFields *fields = data;

	for (gsize i = 0; i < G_N_ELEMENTS(known_extensions); i++) {
		if (!cs_der_equal(extension->oid, known_extensions[i].oid,
				  known_extensions[i].length))
			continue;
		return known_extensions[i].read == NULL ||
		       known_extensions[i].read(extension->value, fields);
	}
	if (extension->critical && fields->unknown_critical.length == 0)
		fields->unknown_critical = extension->oid;
	return TRUE;
}

/* ---- the certificate ---- */

static gboolean
read_version(CsDer *tbs, CsCertificateFields *fields)
{
	CsDer tagged, number;

	fields->version = 1;
	if (!cs_der_expect(tbs, CS_DER_CONTEXT_CONSTRUCTED(0), &tagged, NULL))
		return TRUE;
	if (!cs_der_expect(&tagged, CS_DER_INTEGER, &number, NULL) || tagged.length != 0 ||
	    number.length != 1)
		return FALSE;
	/* Version 1 is said by leaving it out. */
	if (number.data[0] != 1 && number.data[0] != 2)
		return FALSE;
	fields->version = number.data[0] + 1;
	return TRUE;
}

static gboolean
read_validity(CsDer *tbs, CsCertificateFields *fields)
{
	CsDer validity;
	return cs_der_expect(tbs, CS_DER_SEQUENCE, &validity, NULL) &&
	       cs_x509_read_time(&validity, &fields->not_before) &&
	       cs_x509_read_time(&validity, &fields->not_after) && validity.length == 0;
}

static gboolean
read_optional_parts(CsDer *tbs, CsCertificateFields *fields)
{
	CsDer contents;

	for (guint8 i = 1; i <= 2; i++) {
		if (cs_der_expect(tbs, CS_DER_CONTEXT(i), &contents, NULL) &&
		    (fields->version < 2 || !cs_x509_is_bit_string(contents)))
			return FALSE;
	}
	if (cs_der_expect(tbs, CS_DER_CONTEXT_CONSTRUCTED(3), &contents, NULL) &&
	    (fields->version < 3 ||
	     !cs_x509_read_extensions(contents, read_known_extension, fields)))
		return FALSE;
	return tbs->length == 0;
}

static gboolean
read_tbs(CsDer tbs, CsCertificateFields *fields)
{
	CsDer contents;

	return read_version(&tbs, fields) &&
	       cs_der_expect(&tbs, CS_DER_INTEGER, &fields->serial, NULL) &&
	       cs_der_is_integer(fields->serial) &&
	       cs_x509_read_algorithm(&tbs, &fields->algorithm) &&
	       cs_x509_read_name(&tbs, &fields->issuer) && read_validity(&tbs, fields) &&
	       cs_x509_read_name(&tbs, &fields->subject) &&
	       cs_der_expect(&tbs, CS_DER_SEQUENCE, &contents, &fields->spki) &&
	       cs_public_key_read(fields->spki, &fields->key) && read_optional_parts(&tbs, fields);
}

/**
 * cs_certificate_fields_read:
 * @certificate: exactly one certificate
 * @fields: (out): what it holds, lent from its memory
 *
 * The one walk: RFC 5280's Certificate in DER, with everything that rules 5 and 13 ask about.
 * Malformed are trailing bytes at any level, an inner signature algorithm that is not the outer
 * one's bytes, an extension that comes twice, more than 64 of them, and
 * basicConstraints, keyUsage or extendedKeyUsage that cannot be read. What a serial number counts,
 * what names hold, and other extensions' values are not judged.
 *
 * Returns: FALSE where it is malformed; @fields is then worth nothing
 */
gboolean
cs_certificate_fields_read(CsDer certificate, CsCertificateFields *fields)
{
	CsDer sequence, tbs, outer, bits;

	*fields = (CsCertificateFields){0};
	if (!cs_der_expect(&certificate, CS_DER_SEQUENCE, &sequence, NULL) ||
	    certificate.length != 0 ||
	    !cs_der_expect(&sequence, CS_DER_SEQUENCE, &tbs, &fields->tbs) ||
	    !cs_x509_read_algorithm(&sequence, &outer) ||
	    !cs_der_expect(&sequence, CS_DER_BIT_STRING, &bits, NULL) || sequence.length != 0 ||
	    !cs_der_read_octets(bits, &fields->signature) || !read_tbs(tbs, fields) ||
	    !cs_der_equal(outer, fields->algorithm.data, fields->algorithm.length))
		return FALSE;
	fields->method = cs_signature_method_find(outer);
	return TRUE;
}
