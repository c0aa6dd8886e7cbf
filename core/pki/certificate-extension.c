/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/certificate-extension.h"

#include "core/pki/certificate-private.h"
#include "core/pki/distribution-point.h"
#include "core/pki/x509-parts.h"

#include <string.h>

#define OID(text)    text, sizeof(text) - 1
#define ID_CE	     "\x55\x1d"
#define ID_PE	     "\x2b\x06\x01\x05\x05\x07\x01"
#define ID_PKIX_OCSP "\x2b\x06\x01\x05\x05\x07\x30\x01"

static const char oid_ocsp_signing[] = "\x2b\x06\x01\x05\x05\x07\x03\x09";

/**
 * cs_certificate_get_version:
 * @certificate: a certificate
 *
 * Returns: 1 to 3
 */
guint
cs_certificate_get_version(const CsCertificate *certificate)
{
	return certificate->version;
}

/**
 * cs_certificate_is_ca:
 * @certificate: a certificate
 *
 * Returns: whether basicConstraints says cA; what else makes an authority is
 *   cs_certificate_is_authority()'s question
 */
gboolean
cs_certificate_is_ca(const CsCertificate *certificate)
{
	return certificate->is_ca;
}

/**
 * cs_certificate_has_unknown_critical:
 * @certificate: a certificate
 *
 * Returns: whether it has a critical extension that nobody here knows
 */
gboolean
cs_certificate_has_unknown_critical(const CsCertificate *certificate)
{
	return certificate->unknown_critical.length != 0;
}

/**
 * cs_certificate_get_issuer_der:
 * @certificate: a certificate
 *
 * Returns: (transfer none): its issuer's whole Name
 */
CsDer
cs_certificate_get_issuer_der(const CsCertificate *certificate)
{
	return cs_certificate_get_part(certificate, certificate->issuer);
}

/**
 * cs_certificate_get_subject_der:
 * @certificate: a certificate
 *
 * Returns: (transfer none): its subject's whole Name
 */
CsDer
cs_certificate_get_subject_der(const CsCertificate *certificate)
{
	return cs_certificate_get_part(certificate, certificate->subject);
}

/**
 * cs_certificate_get_serial_der:
 * @certificate: a certificate
 *
 * Returns: (transfer none): the contents of its serial number's INTEGER
 */
CsDer
cs_certificate_get_serial_der(const CsCertificate *certificate)
{
	return cs_certificate_get_part(certificate, certificate->serial);
}

/**
 * cs_certificate_read_key_octets:
 * @certificate: a certificate
 * @octets: (out): what its subjectPublicKey's BIT STRING carries: what OCSP hashes; lent
 */
gboolean
cs_certificate_read_key_octets(const CsCertificate *certificate, CsDer *octets)
{
	CsDer spki = cs_certificate_get_part(certificate, certificate->spki);
	CsDer sequence, algorithm, bits;

	return cs_der_expect(&spki, CS_DER_SEQUENCE, &sequence, NULL) &&
	       cs_x509_read_algorithm(&sequence, &algorithm) &&
	       cs_der_expect(&sequence, CS_DER_BIT_STRING, &bits, NULL) &&
	       cs_der_read_octets(bits, octets);
}

/**
 * cs_certificate_find_extension:
 * @certificate: a certificate
 * @oid: the contents of the extension's OID
 * @oid_length: how many bytes
 * @value: (out): what its OCTET STRING holds; lent
 *
 * Walks to it: making the certificate has found every element to be well-formed.
 *
 * Returns: FALSE where there is none
 */
gboolean
cs_certificate_find_extension(const CsCertificate *certificate,
			      const char *oid,
			      gsize oid_length,
			      CsDer *value)
{
	CsDer tbs = cs_certificate_get_tbs(certificate);
	CsDer parts, contents, extensions;
	CsX509Extension extension;
	guint8 tag = 0;

	if (!cs_der_expect(&tbs, CS_DER_SEQUENCE, &parts, NULL))
		return FALSE;
	while (cs_der_next(&parts, &tag, &contents, NULL)) {
		if (tag != CS_DER_CONTEXT_CONSTRUCTED(3) ||
		    !cs_der_expect(&contents, CS_DER_SEQUENCE, &extensions, NULL))
			continue;
		while (cs_x509_next_extension(&extensions, &extension)) {
			if (cs_der_equal(extension.oid, oid, oid_length)) {
				*value = extension.value;
				return TRUE;
			}
		}
	}
	return FALSE;
}

/**
 * cs_certificate_may:
 * @certificate: a certificate
 * @usage: one of keyUsage's first eight bits
 *
 * Returns: whether keyUsage has it, or is not there at all
 */
gboolean
cs_certificate_may(const CsCertificate *certificate, CsKeyUsage usage)
{
	CsDer value, bits;

	if (!cs_certificate_find_extension(certificate, OID(ID_CE "\x0f"), &value))
		return TRUE;
	return cs_der_expect(&value, CS_DER_BIT_STRING, &bits, NULL) && bits.length > 1 &&
	       (bits.data[1] & usage) != 0;
}

/**
 * cs_certificate_may_sign_ocsp:
 * @certificate: a certificate
 *
 * Returns: whether its issuer delegated OCSP to it (RFC 6960 section 4.2.2.2)
 */
gboolean
cs_certificate_may_sign_ocsp(const CsCertificate *certificate)
{
	CsDer value, sequence, oid;

	if (!cs_certificate_find_extension(certificate, OID(ID_CE "\x25"), &value) ||
	    !cs_der_expect(&value, CS_DER_SEQUENCE, &sequence, NULL))
		return FALSE;
	while (cs_der_expect(&sequence, CS_DER_OID, &oid, NULL)) {
		if (cs_der_equal(oid, OID(oid_ocsp_signing)))
			return TRUE;
	}
	return FALSE;
}

/**
 * cs_certificate_has_no_check:
 * @certificate: a responder's certificate
 *
 * Returns: whether its issuer says that it need not be checked for revocation
 */
gboolean
cs_certificate_has_no_check(const CsCertificate *certificate)
{
	CsDer value;

	return cs_certificate_find_extension(certificate, OID(ID_PKIX_OCSP "\x05"), &value);
}

/**
 * cs_certificate_list_crl_urls:
 * @certificate: a certificate
 *
 * Returns: (transfer full) (element-type utf8): cRLDistributionPoints', at most 16; its issuer wrote
 *   them, and nobody has looked at them
 */
GPtrArray *
cs_certificate_list_crl_urls(const CsCertificate *certificate)
{
	CsDer value = {0};

	cs_certificate_find_extension(certificate, OID(ID_CE "\x1f"), &value);
	return cs_distribution_point_list_urls(value);
}

/**
 * cs_certificate_list_freshest_urls:
 * @certificate: a certificate
 *
 * Returns: (transfer full) (element-type utf8): freshestCRL's, as above: delta CRLs
 */
GPtrArray *
cs_certificate_list_freshest_urls(const CsCertificate *certificate)
{
	CsDer value = {0};

	cs_certificate_find_extension(certificate, OID(ID_CE "\x2e"), &value);
	return cs_distribution_point_list_urls(value);
}

/**
 * cs_certificate_list_ocsp_urls:
 * @certificate: a certificate
 *
 * Returns: (transfer full) (element-type utf8): as above
 */
GPtrArray *
cs_certificate_list_ocsp_urls(const CsCertificate *certificate)
{
	GPtrArray *urls = g_ptr_array_new_with_free_func(g_free);
	CsDer value, accesses, access, method, location;

	if (!cs_certificate_find_extension(certificate, OID(ID_PE "\x01"), &value) ||
	    !cs_der_expect(&value, CS_DER_SEQUENCE, &accesses, NULL))
		return urls;
	while (cs_der_expect(&accesses, CS_DER_SEQUENCE, &access, NULL)) {
		if (cs_der_expect(&access, CS_DER_OID, &method, NULL) &&
		    cs_der_equal(method, OID(ID_PKIX_OCSP)) &&
		    cs_der_expect(&access, CS_GENERAL_NAME_URL, &location, NULL))
			cs_general_name_add_url(urls, location);
	}
	return urls;
}
