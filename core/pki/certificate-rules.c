/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/certificate-private.h"

#include <glib/gi18n-lib.h>

#include "core/pki/name.h"

#define VERSION_NEEDED 3
#define RSA_MIN_BITS   2048

/* What a certificate fails; NULL: nothing. (transfer full) */
typedef char *(*Objection)(const CsCertificate *certificate);

static char *
object_to_version(const CsCertificate *certificate)
{
	if (certificate->version == VERSION_NEEDED)
		return NULL;
	return g_strdup_printf(_("It is an X.509 certificate of version %d; version %d is needed."),
			       certificate->version, VERSION_NEEDED);
}

static char *
object_to_authority(const CsCertificate *certificate)
{
	return certificate->is_ca ? g_strdup(_("It is a certificate authority's.")) : NULL;
}

static char *
object_to_key(const CsCertificate *certificate)
{
	CsKeyKind kind = cs_certificate_get_key_kind(certificate);

	if (kind == CS_KEY_KIND_OTHER)
		return g_strdup(_("Its key is neither RSA nor on the curves P-256, P-384 or "
				  "P-521."));
	if (kind != CS_KEY_KIND_RSA && kind != CS_KEY_KIND_RSA_PSS)
		return NULL;
	if (!certificate->key_sane)
		return g_strdup(_("Its RSA key is none: the modulus or the exponent is wrong."));
	if (certificate->key_bits < RSA_MIN_BITS)
		return g_strdup_printf(_("Its RSA key has %d bits; %d or more are needed."),
				       certificate->key_bits, RSA_MIN_BITS);
	return NULL;
}

static char *
object_to_signature(const CsCertificate *certificate)
{
	if (certificate->method == NULL)
		return g_strdup(_("It is signed in a way that is not known."));
	if (certificate->method->weak)
		/* Translators: such as "RSA with SHA-1". */
		return g_strdup_printf(_("It is signed by %s, which is too weak."),
				       certificate->method->name);
	return NULL;
}

static char *
object_to_key_usage(const CsCertificate *certificate)
{
	if (!certificate->has_key_usage || certificate->may_sign)
		return NULL;
	return g_strdup(_("Its key usage lacks digitalSignature."));
}

static char *
object_to_extended_key_usage(const CsCertificate *certificate)
{
	if (!certificate->has_extended_key_usage || certificate->may_authenticate)
		return NULL;
	return g_strdup(_("Its extended key usage lacks clientAuth."));
}

static char *
object_to_critical_extension(const CsCertificate *certificate)
{
	if (certificate->unknown_critical.length == 0)
		return NULL;
	g_autoptr(GString) oid = g_string_new(NULL);
	cs_name_append_oid(oid,
			   cs_certificate_get_part(certificate, certificate->unknown_critical));
	return g_strdup_printf(_("It has a critical extension that is not known: %s."), oid->str);
}

static char *
object_to_no_authority(const CsCertificate *certificate)
{
	return certificate->is_ca ? NULL : g_strdup(_("It is no certificate authority's."));
}

static char *
object_to_authority_key_usage(const CsCertificate *certificate)
{
	if (!certificate->has_key_usage || certificate->may_sign_certificates)
		return NULL;
	return g_strdup(_("Its key usage lacks keyCertSign."));
}

static gboolean
is_free_of(const CsCertificate *certificate,
	   const Objection *objections,
	   gsize count,
	   char **detail)
{
	for (gsize i = 0; i < count; i++) {
		g_autofree char *objection = objections[i](certificate);
		if (objection == NULL)
			continue;
		if (detail != NULL)
			*detail = g_steal_pointer(&objection);
		return FALSE;
	}
	return TRUE;
}

/**
 * cs_certificate_is_client:
 * @certificate: a certificate
 * @detail: (out) (transfer full) (nullable): where FALSE, the first objection as a translated
 *   sentence
 *
 * Rule 5's "client certificate": version 3; not a CA; RSA of 2048 bits or more, or P-256, P-384
 * or P-521; not signed with SHA-1 or weaker, nor in an unknown way; keyUsage, where present, with
 * digitalSignature; extendedKeyUsage, where present, with clientAuth or anyExtendedKeyUsage. A
 * critical extension that is not known is an objection, too (RFC 5280 section 4.2). Any thread.
 *
 * It does not say that the certificate is valid, genuine (cs_issuer_has_issued()) or not revoked.
 */
gboolean
cs_certificate_is_client(const CsCertificate *certificate, char **detail)
{
	static const Objection objections[] = {
		object_to_version,
		object_to_authority,
		object_to_key,
		object_to_signature,
		object_to_key_usage,
		object_to_extended_key_usage,
		object_to_critical_extension,
	};
	return is_free_of(certificate, objections, G_N_ELEMENTS(objections), detail);
}

/**
 * cs_certificate_is_authority:
 * @certificate: a certificate
 * @detail: (out) (transfer full) (nullable): as above
 *
 * Rule 13's "CA certificate": version 3, basicConstraints with cA, keyUsage, where present, with
 * keyCertSign. Its validity, its own signature and what stands above it are not asked, by rule 13.
 */
gboolean
cs_certificate_is_authority(const CsCertificate *certificate, char **detail)
{
	static const Objection objections[] = {
		object_to_version,
		object_to_no_authority,
		object_to_authority_key_usage,
	};
	return is_free_of(certificate, objections, G_N_ELEMENTS(objections), detail);
}
