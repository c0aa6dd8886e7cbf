/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/certificate-private.h"

#include "core/base/encoding.h"
#include "core/pki/certificate-fields.h"
#include "core/pki/name.h"

#include <glib/gi18n-lib.h>

#define REASON_MALFORMED "certificate-malformed"

G_STATIC_ASSERT(CS_CERTIFICATE_MAX_BYTES <= G_MAXUINT16);

/* ---- making ---- */

static CsSpan
span_of(const guint8 *start, CsDer part)
{
	if (part.length == 0)
		return (CsSpan){0, 0};
	return (CsSpan){(guint16)(part.data - start), (guint16)part.length};
}

/**
 * cs_certificate_get_part:
 * @certificate: a certificate
 * @span: where the part lies
 *
 * Returns: (transfer none): the part
 */
CsDer
cs_certificate_get_part(const CsCertificate *certificate, CsSpan span)
{
	const guint8 *start = g_bytes_get_data(certificate->der, NULL);
	return (CsDer){start + span.offset, span.length};
}

static CsCertificate *
certificate_from_fields(GBytes *der, const CsCertificateFields *fields)
{
	const guint8 *start = g_bytes_get_data(der, NULL);
	CsCertificate *certificate = g_new0(CsCertificate, 1);

	g_atomic_ref_count_init(&certificate->references);
	certificate->der = g_bytes_ref(der);
	certificate->version = (guint8)fields->version;
	certificate->key_kind = (guint8)fields->key.kind;
	certificate->key_bits = (guint16)MIN(fields->key.bits, G_MAXUINT16);
	certificate->key_sane = fields->key.sane;
	certificate->is_ca = fields->is_ca;
	certificate->has_key_usage = fields->has_key_usage;
	certificate->may_sign = fields->may_sign;
	certificate->may_sign_certificates = fields->may_sign_certificates;
	certificate->has_extended_key_usage = fields->has_extended_key_usage;
	certificate->may_authenticate = fields->may_authenticate;
	certificate->tbs = span_of(start, fields->tbs);
	certificate->serial = span_of(start, fields->serial);
	certificate->issuer = span_of(start, fields->issuer);
	certificate->subject = span_of(start, fields->subject);
	certificate->spki = span_of(start, fields->spki);
	certificate->signature = span_of(start, fields->signature);
	certificate->unknown_critical = span_of(start, fields->unknown_critical);
	certificate->not_before = fields->not_before;
	certificate->not_after = fields->not_after;
	certificate->method = fields->method;
	return certificate;
}

/**
 * cs_certificate_new:
 * @der: exactly one certificate, at most CS_CERTIFICATE_MAX_BYTES; kept
 * @error: CS_ERROR_INVALID, "certificate-malformed"
 *
 * Reads a certificate by one bounded walk (cs_certificate_fields_read()). It proves nothing: its
 * signature, its validity, its issuer and what it may be used for are questions of their own.
 *
 * Returns: (transfer full)
 */
CsCertificate *
cs_certificate_new(GBytes *der, GError **error)
{
	CsCertificateFields fields;
	CsDer bytes = {0};

	bytes.data = g_bytes_get_data(der, &bytes.length);
	if (bytes.length > CS_CERTIFICATE_MAX_BYTES) {
		cs_error_set(error, CS_ERROR_INVALID, REASON_MALFORMED,
			     _("the certificate has more than %d bytes"), CS_CERTIFICATE_MAX_BYTES);
		return NULL;
	}
	if (!cs_certificate_fields_read(bytes, &fields)) {
		cs_error_set(error, CS_ERROR_INVALID, REASON_MALFORMED,
			     _("the certificate is malformed"));
		return NULL;
	}
	return certificate_from_fields(der, &fields);
}

/**
 * cs_certificate_ref:
 * @certificate: a certificate
 *
 * Returns: (transfer full): @certificate. Any thread.
 */
CsCertificate *
cs_certificate_ref(CsCertificate *certificate)
{
	g_atomic_ref_count_inc(&certificate->references);
	return certificate;
}

/**
 * cs_certificate_unref:
 * @certificate: (nullable) (transfer full): a certificate. Any thread.
 */
void
cs_certificate_unref(CsCertificate *certificate)
{
	if (certificate == NULL || !g_atomic_ref_count_dec(&certificate->references))
		return;
	g_free(certificate->fingerprint);
	g_free(certificate->key_fingerprint);
	g_free(certificate->serial_text);
	g_free(certificate->issuer_text);
	g_free(certificate->subject_text);
	g_clear_pointer(&certificate->spki_bytes, g_bytes_unref);
	g_clear_pointer(&certificate->issuer_name, g_bytes_unref);
	g_clear_pointer(&certificate->subject_name, g_bytes_unref);
	EVP_PKEY_free(certificate->public_key);
	g_bytes_unref(certificate->der);
	g_free(certificate);
}

/* ---- what is made when first asked for ---- */

/* The first thread's answer stays; a later one's is dropped. Nothing waits. */
static gpointer
keep(gpointer *slot, gpointer made, GDestroyNotify destroy)
{
	if (g_atomic_pointer_compare_and_exchange(slot, NULL, made))
		return made;
	destroy(made);
	return g_atomic_pointer_get(slot);
}

static const char *
ensure_fingerprint(char **slot, CsDer part)
{
	const char *known = g_atomic_pointer_get(slot);
	if (known != NULL)
		return known;
	return keep((gpointer *)slot, cs_sha256_hex(part.data, part.length), g_free);
}

static GBytes *
ensure_canonical(GBytes **slot, CsDer name)
{
	GBytes *known = g_atomic_pointer_get(slot);
	if (known != NULL)
		return known;
	return keep((gpointer *)slot, cs_name_canonicalise(name), (GDestroyNotify)g_bytes_unref);
}

static const char *
ensure_text(char **slot, CsDer name)
{
	const char *known = g_atomic_pointer_get(slot);
	if (known != NULL)
		return known;
	return keep((gpointer *)slot, cs_name_format(name), g_free);
}

/**
 * cs_certificate_get_der:
 * @certificate: a certificate
 *
 * Returns: (transfer none): the bytes that it was made from
 */
GBytes *
cs_certificate_get_der(const CsCertificate *certificate)
{
	return certificate->der;
}

/**
 * cs_certificate_get_fingerprint:
 * @certificate: a certificate
 *
 * Returns: (transfer none): the SHA-256 of its DER in lower-case hexadecimal. Another certificate
 *   for the same key, or the same one signed anew, has another; see
 *   cs_certificate_get_key_fingerprint().
 */
const char *
cs_certificate_get_fingerprint(const CsCertificate *certificate)
{
	CsDer whole = {0};
	whole.data = g_bytes_get_data(certificate->der, &whole.length);
	return ensure_fingerprint(&((CsCertificate *)certificate)->fingerprint, whole);
}

/**
 * cs_certificate_get_key_fingerprint:
 * @certificate: a certificate
 *
 * Returns: (transfer none): the SHA-256 of its SubjectPublicKeyInfo in lower-case hexadecimal:
 *   what the link of rule 15 is keyed on
 */
const char *
cs_certificate_get_key_fingerprint(const CsCertificate *certificate)
{
	return ensure_fingerprint(&((CsCertificate *)certificate)->key_fingerprint,
				  cs_certificate_get_part(certificate, certificate->spki));
}

/**
 * cs_certificate_get_spki:
 * @certificate: a certificate
 *
 * Returns: (transfer none): its SubjectPublicKeyInfo, in DER
 */
GBytes *
cs_certificate_get_spki(const CsCertificate *certificate)
{
	CsCertificate *mutable = (CsCertificate *)certificate;
	GBytes *known = g_atomic_pointer_get(&mutable->spki_bytes);
	if (known != NULL)
		return known;
	return keep((gpointer *)&mutable->spki_bytes,
		    g_bytes_new_from_bytes(certificate->der, certificate->spki.offset,
					   certificate->spki.length),
		    (GDestroyNotify)g_bytes_unref);
}

/**
 * cs_certificate_get_issuer_name:
 * @certificate: a certificate
 *
 * Returns: (transfer none): its issuer's name as cs_name_canonicalise() makes it: for comparison,
 *   and as a key of an index
 */
GBytes *
cs_certificate_get_issuer_name(const CsCertificate *certificate)
{
	return ensure_canonical(&((CsCertificate *)certificate)->issuer_name,
				cs_certificate_get_part(certificate, certificate->issuer));
}

/**
 * cs_certificate_get_subject_name:
 * @certificate: a certificate
 *
 * Returns: (transfer none): its subject's name, as above
 */
GBytes *
cs_certificate_get_subject_name(const CsCertificate *certificate)
{
	return ensure_canonical(&((CsCertificate *)certificate)->subject_name,
				cs_certificate_get_part(certificate, certificate->subject));
}

/**
 * cs_certificate_get_issuer_text:
 * @certificate: a certificate
 *
 * Returns: (transfer none): its issuer's name for people (cs_name_format())
 */
const char *
cs_certificate_get_issuer_text(CsCertificate *certificate)
{
	return ensure_text(&certificate->issuer_text,
			   cs_certificate_get_part(certificate, certificate->issuer));
}

/**
 * cs_certificate_get_subject_text:
 * @certificate: a certificate
 *
 * Returns: (transfer none): its subject's name for people (cs_name_format())
 */
const char *
cs_certificate_get_subject_text(CsCertificate *certificate)
{
	return ensure_text(&certificate->subject_text,
			   cs_certificate_get_part(certificate, certificate->subject));
}

/* The magnitude of a negative number, so that no two serial numbers share a text. */
static char *
format_serial(CsDer serial)
{
	gboolean negative = (serial.data[0] & 0x80) != 0;
	g_autofree guint8 *octets = g_memdup2(serial.data, serial.length);
	guint carry = 1;
	gsize start = 0;

	for (gsize i = serial.length; negative && i > 0; i--) {
		guint sum = (guint)(guint8)~octets[i - 1] + carry;
		octets[i - 1] = (guint8)sum;
		carry = sum >> 8;
	}
	while (start + 1 < serial.length && octets[start] == 0)
		start++;
	g_autofree char *hex = cs_hex_encode(octets + start, serial.length - start);
	return g_strconcat(negative ? "-" : "", hex, NULL);
}

/**
 * cs_certificate_get_serial:
 * @certificate: a certificate
 *
 * Returns: (transfer none): its serial number in lower-case hexadecimal, whole octets without
 *   leading zeroes; a negative one (RFC 5280 forbids it, authorities do it) begins with "-"
 */
const char *
cs_certificate_get_serial(const CsCertificate *certificate)
{
	CsCertificate *mutable = (CsCertificate *)certificate;
	const char *known = g_atomic_pointer_get(&mutable->serial_text);
	if (known != NULL)
		return known;
	return keep((gpointer *)&mutable->serial_text,
		    format_serial(cs_certificate_get_part(certificate, certificate->serial)),
		    g_free);
}

/**
 * cs_certificate_get_not_before:
 * @certificate: a certificate
 *
 * Returns: the first second of its validity, in Unix time
 */
gint64
cs_certificate_get_not_before(const CsCertificate *certificate)
{
	return certificate->not_before;
}

/**
 * cs_certificate_get_not_after:
 * @certificate: a certificate
 *
 * Returns: the last second of its validity, in Unix time
 */
gint64
cs_certificate_get_not_after(const CsCertificate *certificate)
{
	return certificate->not_after;
}

/**
 * cs_certificate_get_key_kind:
 * @certificate: a certificate
 *
 * Returns: its public key's kind; its size is cs_certificate_is_client()'s question
 */
CsKeyKind
cs_certificate_get_key_kind(const CsCertificate *certificate)
{
	return (CsKeyKind)certificate->key_kind;
}

/**
 * cs_certificate_get_public_key:
 * @certificate: a certificate
 * @error: CS_ERROR_UNSUPPORTED, "key-unsupported"
 *
 * Decodes its public key, of any kind that OpenSSL knows, and keeps it. Any thread.
 *
 * Returns: (transfer none)
 */
EVP_PKEY *
cs_certificate_get_public_key(CsCertificate *certificate, GError **error)
{
	EVP_PKEY *known = g_atomic_pointer_get(&certificate->public_key);
	if (known != NULL)
		return known;
	EVP_PKEY *decoded = cs_public_key_decode(
		cs_certificate_get_part(certificate, certificate->spki), error);
	if (decoded == NULL)
		return NULL;
	return keep((gpointer *)&certificate->public_key, decoded, (GDestroyNotify)EVP_PKEY_free);
}

/**
 * cs_certificate_get_tbs:
 * @certificate: a certificate
 *
 * Returns: (transfer none): the part that its issuer signed
 */
CsDer
cs_certificate_get_tbs(const CsCertificate *certificate)
{
	return cs_certificate_get_part(certificate, certificate->tbs);
}

/**
 * cs_certificate_get_signature_method:
 * @certificate: a certificate
 *
 * Returns: (transfer none) (nullable): how it says that it is signed; NULL: in no known way
 */
const CsSignatureMethod *
cs_certificate_get_signature_method(const CsCertificate *certificate)
{
	return certificate->method;
}

/**
 * cs_certificate_get_signature:
 * @certificate: a certificate
 *
 * Returns: (transfer none): its signature's octets; nobody has verified them
 */
CsDer
cs_certificate_get_signature(const CsCertificate *certificate)
{
	return cs_certificate_get_part(certificate, certificate->signature);
}
