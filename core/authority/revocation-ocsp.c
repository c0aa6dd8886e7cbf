/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-ocsp.h"

#include "core/pki/certificate-extension.h"
#include "core/pki/ocsp.h"

/* ---- who may answer ---- */

/* RFC 6960 section 4.2.2.2.1 leaves it to us how a responder's certificate is checked: its issuer
 * waives it (id-pkix-ocsp-nocheck), or a CRL of the issuer says that it is good. */
static gboolean
is_not_revoked(const CsOcspQuestion *question, const CsCertificate *responder)
{
	CsRevocationAnswer answer;

	if (cs_certificate_has_no_check(responder))
		return TRUE;
	if (question->crls == NULL)
		return FALSE;
	cs_crl_set_decide(question->crls, responder, question->limits, &answer);
	return answer.status == CS_REVOCATION_GOOD;
}

/* Delegated by the issuer itself, directly, and for this; valid now. */
static gboolean
is_delegate(const CsOcspQuestion *question, const CsCertificate *responder)
{
	gint64 now = question->limits->now;

	return cs_certificate_may_sign_ocsp(responder) &&
	       cs_certificate_may(responder, CS_KEY_USAGE_DIGITAL_SIGNATURE) &&
	       !cs_certificate_has_unknown_critical(responder) &&
	       now >= cs_certificate_get_not_before(responder) &&
	       now <= cs_certificate_get_not_after(responder) &&
	       cs_issuer_has_issued(question->issuer, responder) &&
	       !cs_certificate_get_signature_method(responder)->weak &&
	       is_not_revoked(question, responder);
}

static gboolean
is_signed_by(const CsOcspFields *fields, CsCertificate *certificate)
{
	return cs_signed_data_verify(&fields->signed_data,
				     cs_certificate_get_public_key(certificate, NULL));
}

static const char *
judge_responder(const CsOcspQuestion *question, const CsOcspFields *fields)
{
	CsCertificate *issuer = cs_issuer_get_certificate(question->issuer);
	g_autoptr(GPtrArray) beside = NULL;

	if (cs_ocsp_is_responder(fields, issuer) && is_signed_by(fields, issuer))
		return NULL;
	beside = cs_ocsp_list_certificates(fields);
	for (guint i = 0; i < beside->len; i++) {
		CsCertificate *responder = g_ptr_array_index(beside, i);

		if (!cs_ocsp_is_responder(fields, responder) || !is_signed_by(fields, responder))
			continue;
		return is_delegate(question, responder) ? NULL : "ocsp-responder-not-allowed";
	}
	return "ocsp-signature-invalid";
}

/* ---- what it says ---- */

/* The certificate's own time is the only one in which its issuer's word on it makes sense. */
static const char *
judge_production(const CsOcspQuestion *question, const CsOcspFields *fields)
{
	if (fields->produced_at > question->limits->now + CS_REVOCATION_LEEWAY_S)
		return "ocsp-not-yet-valid";
	if (fields->produced_at < cs_certificate_get_not_before(question->certificate) ||
	    fields->produced_at > cs_certificate_get_not_after(question->certificate))
		return "ocsp-too-old";
	return NULL;
}

static const char *
judge_freshness(const CsRevocationTimes *times, const CsRevocationLimits *limits)
{
	static const char *const problems[] = {
		[CS_FRESHNESS_FRESH] = NULL,
		[CS_FRESHNESS_NOT_YET] = "ocsp-not-yet-valid",
		[CS_FRESHNESS_STALE] = "ocsp-stale",
		[CS_FRESHNESS_TOO_OLD] = "ocsp-too-old",
	};

	return problems[cs_revocation_judge_times(times, limits)];
}

static CsRevocationAnswer
convert(const CsOcspSingle *single, const CsRevocationLimits *limits)
{
	static const CsRevocation statuses[] = {
		[CS_OCSP_GOOD] = CS_REVOCATION_GOOD,
		[CS_OCSP_REVOKED] = CS_REVOCATION_REVOKED,
		[CS_OCSP_UNKNOWN] = CS_REVOCATION_UNKNOWN,
	};
	CsRevocationTimes times = {single->this_update, single->next_update,
				   single->has_next_update};
	CsRevocationAnswer answer = {
		.status = statuses[single->status],
		.detail = single->status == CS_OCSP_UNKNOWN ? "ocsp-status-unknown" : "ocsp",
		.this_update = single->this_update,
		.valid_until = cs_revocation_get_end(&times, limits),
	};
	const char *problem = judge_freshness(&times, limits);

	if (single->unknown_critical)
		problem = "ocsp-critical-extension";
	if (problem != NULL)
		cs_revocation_answer_set_unknown(&answer, problem);
	return answer;
}

/* Two that are about the same certificate: revoked counts before unknown, unknown before good. */
static gboolean
is_worse(CsRevocation status, CsRevocation than)
{
	static const guint rank[] = {
		[CS_REVOCATION_GOOD] = 0,
		[CS_REVOCATION_UNKNOWN] = 1,
		[CS_REVOCATION_REVOKED] = 2,
	};

	return rank[status] > rank[than];
}

static void
read_answer(const CsOcspQuestion *question, const CsOcspFields *fields, CsRevocationAnswer *answer)
{
	CsCertificate *issuer = cs_issuer_get_certificate(question->issuer);
	CsDer rest = fields->responses;
	CsOcspSingle single;
	gboolean any = FALSE;

	cs_revocation_answer_set_unknown(answer, "ocsp-no-match");
	while (cs_ocsp_single_next(&rest, &single)) {
		CsRevocationAnswer said;

		if (!cs_ocsp_single_is_about(&single, question->certificate, issuer))
			continue;
		said = convert(&single, question->limits);
		if (!any || is_worse(said.status, answer->status))
			*answer = said;
		any = TRUE;
	}
}

/**
 * cs_ocsp_decide:
 * @question: the certificate, its issuer, the time
 * @response: what a responder answered, any bytes at all
 * @answer: (out): what it says of the certificate
 *
 * RFC 6960: the response is signed by the issuer's key, or by that of a certificate beside it that
 * the issuer itself issued with id-kp-OCSPSigning, which is valid now and not revoked; the CertID
 * names this issuer and this serial number; the times are good. Anything critical that is not known
 * spoils it. SHA-1 may hash a CertID, never sign.
 *
 * Which URL it came from does not matter, and no nonce is asked for: an older answer may be shown
 * again until its nextUpdate, or the age limit.
 */
void
cs_ocsp_decide(const CsOcspQuestion *question, GBytes *response, CsRevocationAnswer *answer)
{
	CsDer bytes = {0};
	CsOcspFields fields;
	const char *problem = NULL;

	bytes.data = g_bytes_get_data(response, &bytes.length);
	if (!cs_ocsp_fields_read(bytes, &fields))
		problem = "ocsp-malformed";
	else if (fields.status != 0)
		problem = "ocsp-refused";
	else if (fields.unknown_critical)
		problem = "ocsp-critical-extension";
	if (problem == NULL)
		problem = judge_responder(question, &fields);
	if (problem == NULL)
		problem = judge_production(question, &fields);
	if (problem != NULL)
		cs_revocation_answer_set_unknown(answer, problem);
	else
		read_answer(question, &fields, answer);
}
