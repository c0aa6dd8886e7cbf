/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/crl-fields.h"

#include "core/pki/distribution-point.h"
#include "core/pki/x509-parts.h"

#define DER_TRUE	 0xff
#define NUMBER_MAX_BYTES 21 /* RFC 5280 section 5.2.3: 20 octets, and a zero before them */
#define REMOVE_FROM_CRL	 8

#define OID(text) text, sizeof(text) - 1
#define ID_CE	  "\x55\x1d"

/* ---- entries ---- */

static gboolean
read_reason(CsDer value, CsCrlEntry *entry)
{
	CsDer reason;

	if (!cs_der_expect(&value, CS_DER_ENUMERATED, &reason, NULL) || value.length != 0 ||
	    reason.length != 1)
		return FALSE;
	entry->removed = reason.data[0] == REMOVE_FROM_CRL;
	return TRUE;
}

static gboolean
read_entry_extension(const CsX509Extension *extension, gpointer data)
{
	CsCrlEntry *entry = data;

	if (cs_der_equal(extension->oid, OID(ID_CE "\x15")))
		return read_reason(extension->value, entry);
	if (cs_der_equal(extension->oid, OID(ID_CE "\x1d")))
		entry->indirect = TRUE;
	else if (!cs_der_equal(extension->oid, OID(ID_CE "\x18")) && /* invalidityDate */
		 !cs_der_equal(extension->oid, OID(ID_CE "\x17")))   /* holdInstructionCode */
		entry->unknown_critical = entry->unknown_critical || extension->critical;
	return TRUE;
}

/**
 * cs_crl_entry_next:
 * @entries: what is left; moved behind the entry
 * @entry: (out): the next one, lent
 *
 * Returns: FALSE at the end, @entries then being empty, and where it is malformed
 */
gboolean
cs_crl_entry_next(CsDer *entries, CsCrlEntry *entry)
{
	CsDer rest = *entries;
	CsDer contents;
	gint64 revoked_at = 0;

	*entry = (CsCrlEntry){.removed = FALSE};
	if (!cs_der_expect(&rest, CS_DER_SEQUENCE, &contents, NULL) ||
	    !cs_der_expect(&contents, CS_DER_INTEGER, &entry->serial, NULL) ||
	    !cs_der_is_integer(entry->serial) || !cs_x509_read_time(&contents, &revoked_at))
		return FALSE;
	entry->has_extensions = contents.length > 0;
	if (entry->has_extensions &&
	    !cs_x509_read_extensions(contents, read_entry_extension, entry))
		return FALSE;
	*entries = rest;
	return TRUE;
}

/* RFC 5280 section 5.3: one critical extension that is not known spoils the whole CRL. Nothing is
 * removed by a complete CRL (section 5.3.1), and version 1 knows no extensions. */
static gboolean
walk_entries(CsCrlFields *fields)
{
	CsDer rest = fields->entries;
	CsCrlEntry entry;

	while (cs_crl_entry_next(&rest, &entry)) {
		if ((entry.removed && fields->base_number.length == 0) ||
		    (entry.has_extensions && fields->version < 2))
			return FALSE;
		fields->indirect = fields->indirect || entry.indirect;
		fields->unknown_critical = fields->unknown_critical || entry.unknown_critical;
		fields->entry_count++;
	}
	return rest.length == 0;
}

/* ---- the CRL's extensions ---- */

static gboolean
read_number(CsDer value, CsDer *number)
{
	if (!cs_der_expect(&value, CS_DER_INTEGER, number, NULL) || value.length != 0 ||
	    !cs_der_is_integer(*number) || (number->data[0] & 0x80) != 0 ||
	    number->length > NUMBER_MAX_BYTES)
		return FALSE;
	if (number->length > 1 && number->data[0] == 0)
		*number = (CsDer){number->data + 1, number->length - 1};
	return TRUE;
}

/* DEFAULT FALSE: only TRUE is written. */
static gboolean
read_flag(CsDer *sequence, guint8 tag, gboolean *flag)
{
	CsDer contents;

	if (!cs_der_expect(sequence, tag, &contents, NULL))
		return TRUE;
	*flag = TRUE;
	return contents.length == 1 && contents.data[0] == DER_TRUE;
}

static gboolean
read_point_name(CsDer *sequence, CsDer *name)
{
	CsDer contents, choice;
	guint8 tag = 0;

	if (!cs_der_expect(sequence, CS_DER_CONTEXT_CONSTRUCTED(0), &contents, NULL))
		return TRUE;
	return cs_der_next(&contents, &tag, &choice, name) && contents.length == 0;
}

/* RFC 5280 section 5.2.5: not empty, and at most one of the three. */
static gboolean
read_scope(CsDer value, CsCrlFields *fields)
{
	CsDer sequence, reasons;

	fields->scope = value;
	if (!cs_der_expect(&value, CS_DER_SEQUENCE, &sequence, NULL) || value.length != 0 ||
	    sequence.length == 0 || !read_point_name(&sequence, &fields->point_name) ||
	    !read_flag(&sequence, CS_DER_CONTEXT(1), &fields->only_users) ||
	    !read_flag(&sequence, CS_DER_CONTEXT(2), &fields->only_authorities))
		return FALSE;
	if (cs_der_expect(&sequence, CS_DER_CONTEXT(3), &reasons, NULL) &&
	    !cs_reason_flags_read(reasons, &fields->reasons))
		return FALSE;
	return read_flag(&sequence, CS_DER_CONTEXT(4), &fields->indirect) &&
	       read_flag(&sequence, CS_DER_CONTEXT(5), &fields->only_attributes) &&
	       sequence.length == 0 &&
	       fields->only_users + fields->only_authorities + fields->only_attributes <= 1;
}

static gboolean
is_harmless(CsDer oid)
{
	static const struct {
		const char *oid;
		gsize length;
	} harmless[] = {
		{OID(ID_CE "\x23")},			   /* authorityKeyIdentifier */
		{OID(ID_CE "\x12")},			   /* issuerAltName */
		{OID(ID_CE "\x2e")},			   /* freshestCRL */
		{OID("\x2b\x06\x01\x05\x05\x07\x01\x01")}, /* authorityInfoAccess */
	};

	for (gsize i = 0; i < G_N_ELEMENTS(harmless); i++) {
		if (cs_der_equal(oid, harmless[i].oid, harmless[i].length))
			return TRUE;
	}
	return FALSE;
}

static gboolean
read_crl_extension(const CsX509Extension *extension, gpointer data)
{
	CsCrlFields *fields = data;

	if (cs_der_equal(extension->oid, OID(ID_CE "\x14")))
		return read_number(extension->value, &fields->number);
	if (cs_der_equal(extension->oid, OID(ID_CE "\x1b")))
		return read_number(extension->value, &fields->base_number);
	if (cs_der_equal(extension->oid, OID(ID_CE "\x1c")))
		return read_scope(extension->value, fields);
	if (cs_der_equal(extension->oid, OID(ID_CE "\x2e")))
		fields->freshest = extension->value;
	if (extension->critical && !is_harmless(extension->oid))
		fields->unknown_critical = TRUE;
	return TRUE;
}

/* ---- the CRL ---- */

/* Version 1 is said by leaving it out; 1 means version 2, and there is no other. */
static gboolean
read_version(CsDer *tbs, CsCrlFields *fields)
{
	CsDer number;

	fields->version = 1;
	if (!cs_der_expect(tbs, CS_DER_INTEGER, &number, NULL))
		return TRUE;
	fields->version = 2;
	return number.length == 1 && number.data[0] == 1;
}

static gboolean
is_time(CsDer rest)
{
	return rest.length > 0 &&
	       (rest.data[0] == CS_DER_UTC_TIME || rest.data[0] == CS_DER_GENERALIZED_TIME);
}

static gboolean
read_optional_parts(CsDer *tbs, CsCrlFields *fields)
{
	CsDer tagged;

	fields->has_next_update = is_time(*tbs);
	if (fields->has_next_update && !cs_x509_read_time(tbs, &fields->next_update))
		return FALSE;
	cs_der_expect(tbs, CS_DER_SEQUENCE, &fields->entries, NULL);
	if (cs_der_expect(tbs, CS_DER_CONTEXT_CONSTRUCTED(0), &tagged, NULL) &&
	    (fields->version < 2 || !cs_x509_read_extensions(tagged, read_crl_extension, fields)))
		return FALSE;
	return tbs->length == 0;
}

/**
 * cs_crl_fields_read:
 * @crl: exactly one CertificateList
 * @fields: (out): what it holds, lent from its memory
 *
 * RFC 5280's CertificateList in DER, every entry of it. Malformed are trailing bytes at any level,
 * an inner signature algorithm that is not the outer one's bytes, an extension that comes twice,
 * extensions of a version 1, and an entry of a complete CRL that removes. What a serial number
 * counts is not judged. It proves nothing: the signature is cs_signed_data_verify()'s question.
 *
 * Returns: FALSE where it is malformed; @fields is then worth nothing
 */
gboolean
cs_crl_fields_read(CsDer crl, CsCrlFields *fields)
{
	CsDer sequence, tbs, inner;
	const CsDer *outer = &fields->signed_data.algorithm;

	*fields = (CsCrlFields){.reasons = CS_REASONS_ALL};
	return cs_der_expect(&crl, CS_DER_SEQUENCE, &sequence, NULL) && crl.length == 0 &&
	       cs_signed_data_read(&sequence, &tbs, &fields->signed_data) && sequence.length == 0 &&
	       read_version(&tbs, fields) && cs_x509_read_algorithm(&tbs, &inner) &&
	       cs_der_equal(*outer, inner.data, inner.length) &&
	       cs_x509_read_name(&tbs, &fields->issuer) &&
	       cs_x509_read_time(&tbs, &fields->this_update) && read_optional_parts(&tbs, fields) &&
	       walk_entries(fields);
}
