/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/ocsp.h"

#include "core/base/encoding.h"
#include "core/pki/certificate-extension.h"
#include "core/pki/name.h"
#include "core/pki/x509-parts.h"

#include <string.h>

#define OID(text)	text, sizeof(text) - 1
#define ID_PKIX_OCSP	"\x2b\x06\x01\x05\x05\x07\x30\x01"
#define NIST_HASH	"\x60\x86\x48\x01\x65\x03\x04\x02"
#define MAX_DIGEST	64
#define MAX_SINGLES	1024
#define SHA1_SIZE_BYTES 20

/* The hashes of a CertID are no signatures: SHA-1 may be among them. */
static const struct {
	const char *oid;
	gsize length;
	GChecksumType type;
} hashes[] = {
	{OID("\x2b\x0e\x03\x02\x1a"), G_CHECKSUM_SHA1},
	{OID(NIST_HASH "\x01"), G_CHECKSUM_SHA256},
	{OID(NIST_HASH "\x02"), G_CHECKSUM_SHA384},
	{OID(NIST_HASH "\x03"), G_CHECKSUM_SHA512},
};

/* ---- a response ---- */

/* The nonce, and what only informs, may be critical without harm. */
static gboolean
note_critical(const CsX509Extension *extension, gpointer data)
{
	static const struct {
		const char *oid;
		gsize length;
	} known[] = {
		{OID(ID_PKIX_OCSP "\x02")}, /* nonce */
		{OID(ID_PKIX_OCSP "\x06")}, /* archiveCutoff */
		{OID(ID_PKIX_OCSP "\x09")}, /* extendedRevoke */
	};
	gboolean *unknown_critical = data;

	for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
		if (cs_der_equal(extension->oid, known[i].oid, known[i].length))
			return TRUE;
	}
	*unknown_critical = *unknown_critical || extension->critical;
	return TRUE;
}

static gboolean
read_extensions(CsDer *der, guint8 tag, gboolean *unknown_critical)
{
	CsDer tagged;

	return !cs_der_expect(der, tag, &tagged, NULL) ||
	       cs_x509_read_extensions(tagged, note_critical, unknown_critical);
}

static gboolean
read_generalized_time(CsDer *der, gint64 *time_unix_s)
{
	CsDer contents;

	return cs_der_expect(der, CS_DER_GENERALIZED_TIME, &contents, NULL) &&
	       cs_der_read_time(CS_DER_GENERALIZED_TIME, contents, time_unix_s);
}

/* DEFAULT v1 should not be written; one that writes it says the same. */
static gboolean
read_version(CsDer *data)
{
	CsDer tagged, number;

	if (!cs_der_expect(data, CS_DER_CONTEXT_CONSTRUCTED(0), &tagged, NULL))
		return TRUE;
	return cs_der_expect(&tagged, CS_DER_INTEGER, &number, NULL) && tagged.length == 0 &&
	       number.length == 1 && number.data[0] == 0;
}

static gboolean
read_responder(CsDer *data, CsOcspFields *fields)
{
	CsDer tagged;

	if (cs_der_expect(data, CS_DER_CONTEXT_CONSTRUCTED(1), &tagged, NULL))
		return cs_x509_read_name(&tagged, &fields->responder_name) && tagged.length == 0;
	return cs_der_expect(data, CS_DER_CONTEXT_CONSTRUCTED(2), &tagged, NULL) &&
	       cs_der_expect(&tagged, CS_DER_OCTET_STRING, &fields->responder_key, NULL) &&
	       tagged.length == 0 && fields->responder_key.length == SHA1_SIZE_BYTES;
}

static gboolean
check_responses(CsDer responses)
{
	CsOcspSingle single;

	for (guint i = 0; i < MAX_SINGLES && cs_ocsp_single_next(&responses, &single); i++)
		continue;
	return responses.length == 0;
}

static gboolean
read_response_data(CsDer data, CsOcspFields *fields)
{
	return read_version(&data) && read_responder(&data, fields) &&
	       read_generalized_time(&data, &fields->produced_at) &&
	       cs_der_expect(&data, CS_DER_SEQUENCE, &fields->responses, NULL) &&
	       check_responses(fields->responses) &&
	       read_extensions(&data, CS_DER_CONTEXT_CONSTRUCTED(1), &fields->unknown_critical) &&
	       data.length == 0;
}

static gboolean
read_certificates(CsDer *basic, CsOcspFields *fields)
{
	CsDer tagged;

	if (!cs_der_expect(basic, CS_DER_CONTEXT_CONSTRUCTED(0), &tagged, NULL))
		return TRUE;
	return cs_der_expect(&tagged, CS_DER_SEQUENCE, &fields->certificates, NULL) &&
	       tagged.length == 0;
}

static gboolean
read_basic(CsDer octets, CsOcspFields *fields)
{
	CsDer basic, data;

	return cs_der_expect(&octets, CS_DER_SEQUENCE, &basic, NULL) && octets.length == 0 &&
	       cs_signed_data_read(&basic, &data, &fields->signed_data) &&
	       read_certificates(&basic, fields) && basic.length == 0 &&
	       read_response_data(data, fields);
}

static gboolean
read_response_bytes(CsDer tagged, CsOcspFields *fields)
{
	CsDer sequence, type, octets;

	return cs_der_expect(&tagged, CS_DER_SEQUENCE, &sequence, NULL) && tagged.length == 0 &&
	       cs_der_expect(&sequence, CS_DER_OID, &type, NULL) &&
	       cs_der_equal(type, OID(ID_PKIX_OCSP "\x01")) &&
	       cs_der_expect(&sequence, CS_DER_OCTET_STRING, &octets, NULL) &&
	       sequence.length == 0 && read_basic(octets, fields);
}

/**
 * cs_ocsp_fields_read:
 * @response: exactly one OCSPResponse
 * @fields: (out): what it holds, lent from its memory
 *
 * RFC 6960's OCSPResponse in DER, of the basic type alone; every single response has been looked
 * at. It proves nothing: who signed it is not asked here.
 *
 * Returns: FALSE where it is malformed; @fields is then worth nothing
 */
gboolean
cs_ocsp_fields_read(CsDer response, CsOcspFields *fields)
{
	CsDer sequence, status, tagged;

	*fields = (CsOcspFields){0};
	if (response.length > CS_OCSP_MAX_BYTES ||
	    !cs_der_expect(&response, CS_DER_SEQUENCE, &sequence, NULL) || response.length != 0 ||
	    !cs_der_expect(&sequence, CS_DER_ENUMERATED, &status, NULL) || status.length != 1)
		return FALSE;
	fields->status = status.data[0];
	if (fields->status != 0)
		return sequence.length == 0;
	return cs_der_expect(&sequence, CS_DER_CONTEXT_CONSTRUCTED(0), &tagged, NULL) &&
	       sequence.length == 0 && read_response_bytes(tagged, fields);
}

/* ---- single responses ---- */

static gboolean
read_id(CsDer *sequence, CsOcspSingle *single)
{
	CsDer id, algorithm, contents;

	return cs_der_expect(sequence, CS_DER_SEQUENCE, &id, NULL) &&
	       cs_x509_read_algorithm(&id, &algorithm) &&
	       cs_der_expect(&algorithm, CS_DER_SEQUENCE, &contents, NULL) &&
	       cs_der_expect(&contents, CS_DER_OID, &single->hash_algorithm, NULL) &&
	       cs_der_expect(&id, CS_DER_OCTET_STRING, &single->name_hash, NULL) &&
	       cs_der_expect(&id, CS_DER_OCTET_STRING, &single->key_hash, NULL) &&
	       cs_der_expect(&id, CS_DER_INTEGER, &single->serial, NULL) &&
	       cs_der_is_integer(single->serial) && id.length == 0;
}

static gboolean
read_revoked_info(CsDer contents)
{
	CsDer tagged, reason;
	gint64 revoked_at = 0;

	if (!read_generalized_time(&contents, &revoked_at))
		return FALSE;
	if (cs_der_expect(&contents, CS_DER_CONTEXT_CONSTRUCTED(0), &tagged, NULL) &&
	    (!cs_der_expect(&tagged, CS_DER_ENUMERATED, &reason, NULL) || tagged.length != 0))
		return FALSE;
	return contents.length == 0;
}

static gboolean
read_status(CsDer *sequence, CsOcspSingle *single)
{
	CsDer contents;
	guint8 tag = 0;

	if (!cs_der_next(sequence, &tag, &contents, NULL))
		return FALSE;
	switch (tag) {
	case CS_DER_CONTEXT(0):
		single->status = CS_OCSP_GOOD;
		return contents.length == 0;
	case CS_DER_CONTEXT_CONSTRUCTED(1):
		single->status = CS_OCSP_REVOKED;
		return read_revoked_info(contents);
	case CS_DER_CONTEXT(2):
		single->status = CS_OCSP_UNKNOWN;
		return contents.length == 0;
	default:
		return FALSE;
	}
}

static gboolean
read_next_update(CsDer *sequence, CsOcspSingle *single)
{
	CsDer tagged;

	if (!cs_der_expect(sequence, CS_DER_CONTEXT_CONSTRUCTED(0), &tagged, NULL))
		return TRUE;
	single->has_next_update = TRUE;
	return read_generalized_time(&tagged, &single->next_update) && tagged.length == 0;
}

/**
 * cs_ocsp_single_next:
 * @responses: what is left; moved behind the single response
 * @single: (out): the next one, lent
 *
 * Returns: FALSE at the end, @responses then being empty, and where it is malformed
 */
gboolean
cs_ocsp_single_next(CsDer *responses, CsOcspSingle *single)
{
	CsDer sequence;
	CsDer rest = *responses;

	*single = (CsOcspSingle){.status = CS_OCSP_UNKNOWN};
	if (!cs_der_expect(&rest, CS_DER_SEQUENCE, &sequence, NULL) ||
	    !read_id(&sequence, single) || !read_status(&sequence, single) ||
	    !read_generalized_time(&sequence, &single->this_update) ||
	    !read_next_update(&sequence, single) ||
	    !read_extensions(&sequence, CS_DER_CONTEXT_CONSTRUCTED(1), &single->unknown_critical) ||
	    sequence.length != 0)
		return FALSE;
	*responses = rest;
	return TRUE;
}

static gsize
hash(GChecksumType type, CsDer data, guint8 digest[static MAX_DIGEST])
{
	g_autoptr(GChecksum) checksum = g_checksum_new(type);
	gsize length = MAX_DIGEST;

	g_checksum_update(checksum, data.data, (gssize)data.length);
	g_checksum_get_digest(checksum, digest, &length);
	return length;
}

static gboolean
is_hash(GChecksumType type, CsDer data, CsDer claimed)
{
	guint8 digest[MAX_DIGEST];
	gsize length = hash(type, data, digest);

	return cs_der_equal(claimed, digest, length);
}

/**
 * cs_ocsp_single_is_about:
 * @single: a single response
 * @certificate: a certificate
 * @issuer: who has issued it
 *
 * RFC 6960 section 4.1.1's CertID: the issuer's name as the certificate has it, the issuer's key
 * and the serial number, all three.
 */
gboolean
cs_ocsp_single_is_about(const CsOcspSingle *single,
			const CsCertificate *certificate,
			const CsCertificate *issuer)
{
	CsDer serial = cs_certificate_get_serial_der(certificate);
	CsDer key;

	if (!cs_der_equal(single->serial, serial.data, serial.length) ||
	    !cs_certificate_read_key_octets(issuer, &key))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(hashes); i++) {
		if (cs_der_equal(single->hash_algorithm, hashes[i].oid, hashes[i].length))
			return is_hash(hashes[i].type, cs_certificate_get_issuer_der(certificate),
				       single->name_hash) &&
			       is_hash(hashes[i].type, key, single->key_hash);
	}
	return FALSE;
}

/* ---- who answered ---- */

/**
 * cs_ocsp_is_responder:
 * @fields: a successful response
 * @certificate: somebody's certificate
 *
 * Returns: whether the response says that it is that one's; the signature has to prove it
 */
gboolean
cs_ocsp_is_responder(const CsOcspFields *fields, const CsCertificate *certificate)
{
	g_autoptr(GBytes) name = NULL;
	CsDer key;

	if (fields->responder_key.length > 0)
		return cs_certificate_read_key_octets(certificate, &key) &&
		       is_hash(G_CHECKSUM_SHA1, key, fields->responder_key);
	name = cs_name_canonicalise(fields->responder_name);
	return name != NULL && g_bytes_equal(name, cs_certificate_get_subject_name(certificate));
}

/**
 * cs_ocsp_list_certificates:
 * @fields: a successful response
 *
 * Returns: (transfer full) (element-type CsCertificate): the certificates beside it, at most
 *   CS_OCSP_MAX_CERTIFICATES; one that cannot be read is passed over
 */
GPtrArray *
cs_ocsp_list_certificates(const CsOcspFields *fields)
{
	GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);
	CsDer rest = fields->certificates;
	CsDer contents, whole;
	guint8 tag = 0;

	for (guint i = 0;
	     i < CS_OCSP_MAX_CERTIFICATES && cs_der_next(&rest, &tag, &contents, &whole); i++) {
		g_autoptr(GBytes) der = g_bytes_new(whole.data, whole.length);
		CsCertificate *certificate = cs_certificate_new(der, NULL);

		if (certificate != NULL)
			g_ptr_array_add(list, certificate);
	}
	return list;
}

/* ---- a request ---- */

static void
append_hash(GByteArray *id, CsDer data)
{
	guint8 digest[MAX_DIGEST];
	gsize length = hash(G_CHECKSUM_SHA1, data, digest);

	cs_der_append(id, CS_DER_OCTET_STRING, digest, length);
}

/* in becomes the one element of out. */
static GByteArray *
wrap(GByteArray *in)
{
	GByteArray *out = g_byte_array_new();

	cs_der_append(out, CS_DER_SEQUENCE, in->data, in->len);
	g_byte_array_unref(in);
	return out;
}

/**
 * cs_ocsp_request_new:
 * @certificate: the certificate to ask about
 * @issuer: who has issued it
 *
 * The CertID is hashed by SHA-1, which every responder knows (RFC 5019 section 2.1.1); nothing
 * hangs on its strength, because the answer is compared with the certificate itself. Without a
 * nonce, so that answers may be made in advance; their freshness is judged by their times.
 *
 * Returns: (transfer full): an OCSPRequest, in DER
 */
GBytes *
cs_ocsp_request_new(const CsCertificate *certificate, const CsCertificate *issuer)
{
	static const guint8 sha1[] = {
		CS_DER_SEQUENCE, 9, CS_DER_OID, 5, 0x2b, 0x0e, 0x03, 0x02, 0x1a, CS_DER_NULL, 0};
	CsDer serial = cs_certificate_get_serial_der(certificate);
	GByteArray *request = g_byte_array_new();
	CsDer key = {0};

	g_byte_array_append(request, sha1, sizeof(sha1));
	cs_certificate_read_key_octets(issuer, &key);
	append_hash(request, cs_certificate_get_issuer_der(certificate));
	append_hash(request, key);
	cs_der_append(request, CS_DER_INTEGER, serial.data, serial.length);
	/* CertID, Request, requestList, TBSRequest, OCSPRequest. */
	for (guint i = 0; i < 5; i++)
		request = wrap(request);
	return g_byte_array_free_to_bytes(request);
}
