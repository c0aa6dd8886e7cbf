/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-view.h"

struct _CsRevocationView {
	gatomicrefcount references;
	CsIssuerRow *row;
	CsIssuer *issuer;
	CsCrlSet *crls;	     /* (nullable) */
	GHashTable *answers; /* certificate's fingerprint to GBytes */
	GHashTable *causes;  /* the same, or CS_REVOCATION_CRL_CAUSE, to a code */
};

/**
 * cs_revocation_view_new:
 * @row: the issuer, and what the administrator chose; copied
 * @issuer: the same, prepared; kept
 * @crls: (nullable): its CRLs; kept
 * @answers: fingerprints of certificates to OCSP responses (GBytes); kept, and changed by nobody
 * @causes: the same, and %CS_REVOCATION_CRL_CAUSE, to the code of what the last try to fetch failed
 *   with (static); kept, and changed by nobody
 *
 * Returns: (transfer full): the view
 */
CsRevocationView *
cs_revocation_view_new(const CsIssuerRow *row,
		       CsIssuer *issuer,
		       CsCrlSet *crls,
		       GHashTable *answers,
		       GHashTable *causes)
{
	CsRevocationView *view = g_new0(CsRevocationView, 1);

	g_atomic_ref_count_init(&view->references);
	view->row = cs_issuer_row_copy(row);
	view->issuer = cs_issuer_ref(issuer);
	view->crls = crls != NULL ? cs_crl_set_ref(crls) : NULL;
	view->answers = g_hash_table_ref(answers);
	view->causes = g_hash_table_ref(causes);
	return view;
}

/**
 * cs_revocation_view_ref:
 * @view: a view
 *
 * Returns: (transfer full): @view. Any thread.
 */
CsRevocationView *
cs_revocation_view_ref(CsRevocationView *view)
{
	g_atomic_ref_count_inc(&view->references);
	return view;
}

/**
 * cs_revocation_view_unref:
 * @view: (transfer full): a view. Any thread.
 */
void
cs_revocation_view_unref(CsRevocationView *view)
{
	if (!g_atomic_ref_count_dec(&view->references))
		return;
	g_hash_table_unref(view->answers);
	g_hash_table_unref(view->causes);
	g_clear_pointer(&view->crls, cs_crl_set_unref);
	cs_issuer_unref(view->issuer);
	cs_issuer_row_free(view->row);
	g_free(view);
}

/**
 * cs_revocation_view_get_row:
 * @view: a view
 *
 * Returns: (transfer none): the issuer, and the choice that it answers by
 */
const CsIssuerRow *
cs_revocation_view_get_row(const CsRevocationView *view)
{
	return view->row;
}

/**
 * cs_revocation_view_get_issuer:
 * @view: a view
 *
 * Returns: (transfer none): the fingerprint of the issuer's certificate
 */
const char *
cs_revocation_view_get_issuer(const CsRevocationView *view)
{
	return view->row->fingerprint;
}

/**
 * cs_revocation_row_uses:
 * @row: an issuer
 * @kind: "crl" or "ocsp"
 *
 * Returns: whether the administrator chose that, or any
 */
gboolean
cs_revocation_row_uses(const CsIssuerRow *row, const char *kind)
{
	return g_strcmp0(row->revocation, "any") == 0 || g_strcmp0(row->revocation, kind) == 0;
}

/* Revoked by one is revoked; good by one, and not revoked by the other, is good. */
static const CsRevocationAnswer *
choose(const CsRevocationAnswer *crl, const CsRevocationAnswer *ocsp)
{
	if (crl->status == CS_REVOCATION_REVOKED)
		return crl;
	if (ocsp->status == CS_REVOCATION_REVOKED)
		return ocsp;
	if (crl->status == CS_REVOCATION_GOOD)
		return crl;
	if (ocsp->status == CS_REVOCATION_GOOD || g_str_equal(crl->detail, "crl-missing"))
		return ocsp;
	return crl;
}

/* Of the OCSP answer where that is what would have been needed, else of a CRL. */
static const char *
find_cause(const CsRevocationView *view, const char *fingerprint, const char *detail)
{
	const char *cause = g_str_has_prefix(detail, "ocsp-")
				    ? g_hash_table_lookup(view->causes, fingerprint)
				    : NULL;

	return cause != NULL ? cause : g_hash_table_lookup(view->causes, CS_REVOCATION_CRL_CAUSE);
}

/**
 * cs_revocation_view_decide:
 * @view: what is at hand
 * @certificate: one that its issuer has issued
 * @now: Unix seconds
 * @answer: (out): by the administrator's choice; unknown where there is none, with what the last try
 *   to fetch failed with
 */
void
cs_revocation_view_decide(const CsRevocationView *view,
			  const CsCertificate *certificate,
			  gint64 now,
			  CsRevocationAnswer *answer)
{
	const char *fingerprint = cs_certificate_get_fingerprint(certificate);
	GBytes *response = g_hash_table_lookup(view->answers, fingerprint);
	const CsRevocationLimits limits = {.now = now, .max_age_s = view->row->max_age_s};
	const CsOcspQuestion question = {view->issuer, certificate, view->crls, &limits};
	gboolean by_crl = cs_revocation_row_uses(view->row, "crl");
	gboolean by_ocsp = cs_revocation_row_uses(view->row, "ocsp");
	CsRevocationAnswer crl, ocsp;

	cs_revocation_answer_set_unknown(&crl, "crl-missing");
	cs_revocation_answer_set_unknown(&ocsp, "ocsp-missing");
	if (by_crl && view->crls != NULL)
		cs_crl_set_decide(view->crls, certificate, &limits, &crl);
	if (by_ocsp && response != NULL)
		cs_ocsp_decide(&question, response, &ocsp);
	*answer = by_crl && by_ocsp ? *choose(&crl, &ocsp) : by_ocsp ? ocsp : crl;
	if (answer->status == CS_REVOCATION_UNKNOWN)
		answer->cause = find_cause(view, fingerprint, answer->detail);
}

/**
 * cs_revocation_view_get_crls:
 * @view: a view
 *
 * Returns: (transfer none) (nullable): the CRLs at hand
 */
const CsCrlSet *
cs_revocation_view_get_crls(const CsRevocationView *view)
{
	return view->crls;
}

/**
 * cs_revocation_view_count_answers:
 * @view: a view
 *
 * Returns: how many certificates' OCSP answers are at hand
 */
guint
cs_revocation_view_count_answers(const CsRevocationView *view)
{
	return g_hash_table_size(view->answers);
}
