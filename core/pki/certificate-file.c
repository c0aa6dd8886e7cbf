/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/certificate.h"

#include "core/pki/pem.h"

#include <glib/gi18n-lib.h>

#define PEM_LABEL	 "CERTIFICATE"
#define PEM_LABEL_ELDER	 "X509 CERTIFICATE" /* RFC 7468 section 5.1 */
#define REASON_MALFORMED "certificate-malformed"
#define REASON_MISSING	 "certificate-missing"

static gboolean
add_block(GPtrArray *certificates, const CsPemBlock *block, GError **error)
{
	gsize length = 0;
	guint8 *data = cs_pem_decode(block, &length);

	if (data == NULL) {
		cs_error_set(error, CS_ERROR_INVALID, REASON_MALFORMED,
			     _("the certificate is not well-formed PEM"));
		return FALSE;
	}
	g_autoptr(GBytes) der = g_bytes_new_take(data, length);
	CsCertificate *certificate = cs_certificate_new(der, error);
	if (certificate == NULL)
		return FALSE;
	g_ptr_array_add(certificates, certificate);
	return TRUE;
}

static gboolean
add_blocks(GPtrArray *certificates, const char *text, gsize length, GError **error)
{
	CsPemBlock block;

	while (cs_pem_next(&text, &length, &block)) {
		if (!cs_pem_is(&block, PEM_LABEL) && !cs_pem_is(&block, PEM_LABEL_ELDER))
			continue;
		if (!add_block(certificates, &block, error))
			return FALSE;
	}
	return TRUE;
}

/* Text may begin with the same character as a SEQUENCE; it has no length that fits. */
static gboolean
is_der(CsDer file)
{
	CsDer contents;
	return cs_der_expect(&file, CS_DER_SEQUENCE, &contents, NULL) && file.length == 0;
}

/**
 * cs_certificates_decode:
 * @file: a file's bytes: PEM with anything else in it, or one DER; DER is kept, not copied
 * @error: CS_ERROR_INVALID: "certificate-missing" where it holds none, "certificate-malformed"
 *   where one of them is broken
 *
 * Private keys and other blocks are passed over without being decoded.
 *
 * Returns: (transfer full) (element-type CsCertificate): one or more, in the file's order
 */
GPtrArray *
cs_certificates_decode(GBytes *file, GError **error)
{
	g_autoptr(GPtrArray) certificates =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);
	CsDer bytes = {0};

	bytes.data = g_bytes_get_data(file, &bytes.length);
	if (is_der(bytes)) {
		CsCertificate *certificate = cs_certificate_new(file, error);
		if (certificate == NULL)
			return NULL;
		g_ptr_array_add(certificates, certificate);
		return g_steal_pointer(&certificates);
	}
	if (!add_blocks(certificates, (const char *)bytes.data, bytes.length, error))
		return NULL;
	if (certificates->len == 0) {
		cs_error_set(error, CS_ERROR_INVALID, REASON_MISSING,
			     _("there is no certificate in it"));
		return NULL;
	}
	return g_steal_pointer(&certificates);
}

/**
 * cs_certificate_to_pem:
 * @certificate: a certificate
 *
 * Returns: (transfer full): one PEM block
 */
char *
cs_certificate_to_pem(const CsCertificate *certificate)
{
	gsize length = 0;
	gconstpointer data = g_bytes_get_data(cs_certificate_get_der(certificate), &length);
	return cs_pem_encode(PEM_LABEL, data, length);
}
