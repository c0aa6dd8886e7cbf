/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation.h"

/* By key, not by file: the built-in CA's certificate may be listed in another form, too. */
static gboolean
is_built_in(const CsRevocationSource *source)
{
	return g_strcmp0(cs_certificate_get_key_fingerprint(source->built_in),
			 cs_certificate_get_key_fingerprint(
				 cs_issuer_get_certificate(source->issuer))) == 0;
}

static void
ask_watch(const CsRevocationSource *source,
	  const CsCertificate *certificate,
	  CsRevocationFinding *finding)
{
	const char *issuer =
		cs_certificate_get_fingerprint(cs_issuer_get_certificate(source->issuer));
	CsRevocationAnswer answer;

	finding->awaited =
		cs_revocation_watch_ask(source->watch, issuer, certificate, source->now, &answer);
	finding->status = answer.status;
	finding->detail = answer.detail;
	finding->cause = answer.cause;
	g_debug("revocation of %s: %s", cs_certificate_get_fingerprint(certificate), answer.detail);
}

/**
 * cs_revocation_find:
 * @source: who issued the certificate, and where answers are
 * @certificate: a certificate that @source's issuer has issued
 * @finding: (out): %CS_REVOCATION_UNKNOWN where nobody knows, and whether somebody may soon
 *
 * Answers whether @certificate is revoked (rule 12). The built-in CA knows what it issued and
 * revoked, whatever the issuer was added with; one that it does not remember having issued is
 * unknown. For an uploaded issuer it is the administrator's recorded choice of --revocation none
 * that is good, or what is at hand of its CRLs and OCSP answers.
 *
 * A certificate is looked up by its serial number and key, which its issuer signed: its fingerprint
 * can be changed by re-encoding the signature, and would lead past a revocation.
 *
 * Returns: %FALSE where the registry fails: %CS_ERROR_STATE
 */
gboolean
cs_revocation_find(const CsRevocationSource *source,
		   const CsCertificate *certificate,
		   CsRevocationFinding *finding,
		   GError **error)
{
	g_autoptr(CsIssuedRow) row = NULL;

	*finding = (CsRevocationFinding){.status = CS_REVOCATION_UNKNOWN, .detail = "crl-missing"};
	if (!is_built_in(source)) {
		if (source->revocation_none)
			*finding = (CsRevocationFinding){.status = CS_REVOCATION_GOOD,
							 .detail = "none"};
		else if (source->watch != NULL)
			ask_watch(source, certificate, finding);
		return TRUE;
	}
	finding->detail = "built-in";
	if (!cs_registry_find_issued_by_serial(source->registry,
					       cs_certificate_get_serial(certificate), &row, error))
		return FALSE;
	if (row == NULL ||
	    g_strcmp0(row->key_fingerprint, cs_certificate_get_key_fingerprint(certificate)) != 0)
		return TRUE;
	finding->status = row->revoked_at != 0 ? CS_REVOCATION_REVOKED : CS_REVOCATION_GOOD;
	return TRUE;
}
