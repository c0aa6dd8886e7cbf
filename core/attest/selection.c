/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/selection.h"

#include <glib/gi18n-lib.h>

#include "core/base/clock.h"

struct _CsSelection {
	CsExplanation *explanation;
	GPtrArray *ranked; /* (element-type CsCandidate), lent: all that rule 6 does not hide */
	CsCandidate *selected;
};

/* Rule 8's order, the newest first. Behind its last tie the paths decide, so that copies of one
 * certificate in one store have an order too. */
static gint
compare_rank(gconstpointer a, gconstpointer b)
{
	const CsCandidate *left = *(const CsCandidate *const *)a;
	const CsCandidate *right = *(const CsCandidate *const *)b;
	if (left->not_before != right->not_before)
		return left->not_before > right->not_before ? -1 : 1;
	if (left->store != right->store)
		return left->store == CS_STORE_USER ? -1 : 1;
	if (left->issuer_index != right->issuer_index)
		return (gint)left->issuer_index - (gint)right->issuer_index;
	gint by_fingerprint = strcmp(left->fingerprint, right->fingerprint);
	return by_fingerprint != 0 ? by_fingerprint : strcmp(left->location, right->location);
}

static CsCandidate *
candidate_new(CsStoreEntry *entry, guint issuer_index)
{
	const CsCertificate *certificate = cs_store_entry_get_certificate(entry);
	CsCandidate *candidate = g_new0(CsCandidate, 1);
	candidate->entry = cs_store_entry_ref(entry);
	candidate->fingerprint = g_strdup(cs_certificate_get_fingerprint(certificate));
	candidate->location = g_strdup(cs_store_entry_get_location(entry));
	candidate->store = cs_store_entry_get_kind(entry);
	candidate->not_before = cs_certificate_get_not_before(certificate);
	candidate->not_after = cs_certificate_get_not_after(certificate);
	candidate->issuer_index = issuer_index;
	return candidate;
}

static void
set_outcome(CsCandidate *candidate, CsOutcome outcome, CsReason reason, char *taken_detail)
{
	candidate->outcome = outcome;
	candidate->reason = reason;
	g_free(candidate->detail);
	candidate->detail = taken_detail;
}

/* Rule 8: outside its validity it is no candidate. Both ends count as inside (RFC 5280, 4.1.2.5). */
static void
judge_validity(CsCandidate *candidate, gint64 judged_at)
{
	if (candidate->not_before <= judged_at && judged_at <= candidate->not_after)
		return;
	gboolean is_expired = judged_at > candidate->not_after;
	g_autofree char *limit =
		cs_time_format_rfc3339(is_expired ? candidate->not_after : candidate->not_before);
	g_autofree char *now = cs_time_format_rfc3339(judged_at);
	set_outcome(
		candidate, CS_OUTCOME_FAILED,
		is_expired ? CS_REASON_CERTIFICATE_EXPIRED : CS_REASON_CERTIFICATE_NOT_YET_VALID,
		is_expired ? g_strdup_printf(_("expired on %s, judged at %s"), limit, now)
			   : g_strdup_printf(_("valid only from %s, judged at %s"), limit, now));
}

/* Rule 5 over one store's answer: what this issuer issued becomes a candidate. Returns whether a
 * client certificate is among them, which is what rule 6 asks: presence, not usability. */
static gboolean
add_issued(GPtrArray *candidates,
	   CsIssuer *issuer,
	   guint issuer_index,
	   GPtrArray *entries,
	   gint64 judged_at)
{
	gboolean has_client = FALSE;
	for (guint i = 0; i < entries->len; i++) {
		CsStoreEntry *entry = g_ptr_array_index(entries, i);
		const CsCertificate *certificate = cs_store_entry_get_certificate(entry);
		if (!cs_issuer_has_issued(issuer, certificate))
			continue;
		CsCandidate *candidate = candidate_new(entry, issuer_index);
		g_ptr_array_add(candidates, candidate);
		g_autofree char *detail = NULL;
		if (cs_certificate_is_client(certificate, &detail)) {
			has_client = TRUE;
			judge_validity(candidate, judged_at);
		} else {
			set_outcome(candidate, CS_OUTCOME_FAILED, CS_REASON_CERTIFICATE_UNSUITABLE,
				    g_steal_pointer(&detail));
		}
	}
	return has_client;
}

static void
hide(GPtrArray *candidates, guint from)
{
	for (guint i = from; i < candidates->len; i++)
		set_outcome(g_ptr_array_index(candidates, i), CS_OUTCOME_HIDDEN, CS_REASON_NONE,
			    NULL);
}

/* Rule 6, for one issuer. */
static CsIssuerExplanation *
ask_issuer(CsIssuer *issuer, guint index, GPtrArray *user, GPtrArray *machine, gint64 judged_at)
{
	CsIssuerExplanation *told = cs_issuer_explanation_new(cs_issuer_get_certificate(issuer));
	gboolean user_answers = add_issued(told->candidates, issuer, index, user, judged_at);
	guint users = told->candidates->len;
	gboolean machine_has = add_issued(told->candidates, issuer, index, machine, judged_at);
	if (user_answers)
		hide(told->candidates, users);
	told->answered = user_answers || machine_has;
	told->store = user_answers ? CS_STORE_USER : CS_STORE_MACHINE;
	g_ptr_array_sort(told->candidates, compare_rank);
	return told;
}

/**
 * cs_selection_new:
 * @issuers: (element-type CsIssuer): the server's list, in its order (rule 4)
 * @user: (element-type GPtrArray): as many arrays of CsStoreEntry as there are issuers: what the
 *   user's store holds by that issuer's name
 * @machine: the same of the machine's store
 * @judged_at: Unix seconds: the challenge's time (rule 8)
 *
 * Looks at everything once: which certificates each issuer issued, by name and signature (rule 5);
 * which store answers (rule 6); what is unsuitable or outside its validity (rules 5 and 8). What is
 * left is ranked, to be tried in turn. Pure: opens no key, reads no clock. Nothing here says that a
 * certificate is not revoked (rule 9).
 *
 * Returns: (transfer full): a selection, for cs_selection_finish() or cs_selection_free()
 */
CsSelection *
cs_selection_new(GPtrArray *issuers,
		 GPtrArray *const *user,
		 GPtrArray *const *machine,
		 gint64 judged_at)
{
	CsSelection *selection = g_new0(CsSelection, 1);
	selection->explanation = cs_explanation_new(judged_at);
	selection->ranked = g_ptr_array_new();
	for (guint i = 0; i < issuers->len; i++) {
		CsIssuerExplanation *told = ask_issuer(g_ptr_array_index(issuers, i), i, user[i],
						       machine[i], judged_at);
		g_ptr_array_add(selection->explanation->issuers, told);
		for (guint j = 0; j < told->candidates->len; j++) {
			CsCandidate *candidate = g_ptr_array_index(told->candidates, j);
			if (candidate->outcome != CS_OUTCOME_HIDDEN)
				g_ptr_array_add(selection->ranked, candidate);
		}
	}
	g_ptr_array_sort(selection->ranked, compare_rank);
	return selection;
}

/**
 * cs_selection_free:
 * @selection: (transfer full): a selection that is given up
 */
void
cs_selection_free(CsSelection *selection)
{
	cs_explanation_free(selection->explanation);
	g_ptr_array_unref(selection->ranked);
	g_free(selection);
}

/**
 * cs_selection_get_next:
 * @selection: a selection
 *
 * Asking twice without telling gives the same candidate.
 *
 * Returns: (transfer none) (nullable): the next to try, newest first by rule 8; %NULL where one was
 *   selected or none is left
 */
CsCandidate *
cs_selection_get_next(CsSelection *selection)
{
	for (guint i = 0; selection->selected == NULL && i < selection->ranked->len; i++) {
		CsCandidate *candidate = g_ptr_array_index(selection->ranked, i);
		if (candidate->outcome == CS_OUTCOME_UNDECIDED)
			return candidate;
	}
	return NULL;
}

static void
fail_entry(CsSelection *selection, const CsStoreEntry *entry, const char *detail)
{
	for (guint i = 0; i < selection->ranked->len; i++) {
		CsCandidate *candidate = g_ptr_array_index(selection->ranked, i);
		if (candidate->entry == entry && candidate->outcome == CS_OUTCOME_UNDECIDED)
			set_outcome(candidate, CS_OUTCOME_FAILED, CS_REASON_KEY_INACCESSIBLE,
				    g_strdup(detail));
	}
}

/**
 * cs_selection_tell:
 * @selection: a selection
 * @candidate: what cs_selection_get_next() gave
 * @failure: (nullable): why its key cannot be reached or cannot sign (rule 7); %NULL: it did sign
 *
 * How the try ended. A failure counts for the same entry of the store under every issuer (two of
 * one name and key), so that a key is tried once.
 */
void
cs_selection_tell(CsSelection *selection, CsCandidate *candidate, const GError *failure)
{
	if (failure != NULL) {
		fail_entry(selection, candidate->entry, failure->message);
		return;
	}
	selection->selected = candidate;
	set_outcome(candidate, CS_OUTCOME_SELECTED, CS_REASON_NONE,
		    g_strdup(_("the most recently issued of those whose key can sign")));
}

/* Why a candidate that nobody tried comes after the selected one: rule 8's ties, one by one. */
static char *
explain_older(const CsCandidate *candidate, const CsCandidate *selected)
{
	if (candidate->not_before != selected->not_before) {
		g_autofree char *issued = cs_time_format_rfc3339(candidate->not_before);
		g_autofree char *newer = cs_time_format_rfc3339(selected->not_before);
		return g_strdup_printf(_("issued on %s, before the selected one (%s)"), issued,
				       newer);
	}
	if (candidate->store != selected->store)
		return g_strdup(_("issued at the same time as the selected one, which is in the "
				  "user store"));
	if (candidate->issuer_index != selected->issuer_index)
		return g_strdup(_("issued at the same time as the selected one, whose issuer "
				  "stands earlier in the list"));
	if (!g_str_equal(candidate->fingerprint, selected->fingerprint))
		return g_strdup(_("issued at the same time as the selected one, which has the "
				  "lower fingerprint"));
	return g_strdup_printf(_("a copy of the selected one, which is at %s"), selected->location);
}

static void
decide_rest(CsSelection *selection)
{
	for (guint i = 0; i < selection->ranked->len; i++) {
		CsCandidate *candidate = g_ptr_array_index(selection->ranked, i);
		if (candidate->outcome != CS_OUTCOME_UNDECIDED)
			continue;
		if (selection->selected != NULL)
			set_outcome(candidate, CS_OUTCOME_OLDER, CS_REASON_NONE,
				    explain_older(candidate, selection->selected));
		else
			set_outcome(candidate, CS_OUTCOME_FAILED, CS_REASON_KEY_INACCESSIBLE,
				    g_strdup(_("its key was not tried")));
	}
}

/* The first of the user store's client certificates: what hides the machine store's. */
static const CsCandidate *
find_hider(const CsIssuerExplanation *issuer)
{
	const CsCandidate *hider = NULL;
	for (guint i = 0; i < issuer->candidates->len; i++) {
		const CsCandidate *candidate = g_ptr_array_index(issuer->candidates, i);
		if (candidate->store != CS_STORE_USER ||
		    candidate->reason == CS_REASON_CERTIFICATE_UNSUITABLE)
			continue;
		if (candidate->outcome != CS_OUTCOME_FAILED)
			return candidate;
		if (hider == NULL)
			hider = candidate;
	}
	return hider;
}

static char *
explain_hidden(const CsCandidate *hider)
{
	if (hider->outcome != CS_OUTCOME_FAILED)
		return g_strdup_printf(
			_("the user store holds a client certificate of this issuer: %s"),
			hider->location);
	return g_strdup_printf(_("the user store holds a client certificate of this issuer, which "
				 "hides this one although it cannot be used itself: %s (%s)"),
			       hider->location, cs_reason_to_code(hider->reason));
}

static void
explain_all_hidden(const CsIssuerExplanation *issuer)
{
	const CsCandidate *hider = find_hider(issuer);
	for (guint i = 0; hider != NULL && i < issuer->candidates->len; i++) {
		CsCandidate *candidate = g_ptr_array_index(issuer->candidates, i);
		if (candidate->outcome == CS_OUTCOME_HIDDEN)
			set_outcome(candidate, CS_OUTCOME_HIDDEN, CS_REASON_NONE,
				    explain_hidden(hider));
	}
}

static CsReason
find_reason(const CsSelection *selection)
{
	if (selection->selected != NULL)
		return CS_REASON_NONE;
	if (selection->explanation->issuers->len == 0)
		return CS_REASON_NO_ISSUERS;
	if (selection->ranked->len == 0)
		return CS_REASON_NO_CERTIFICATE;
	return ((const CsCandidate *)g_ptr_array_index(selection->ranked, 0))->reason;
}

/**
 * cs_selection_finish:
 * @selection: (transfer full): a selection
 *
 * Every certificate gets its outcome: what was not tried is older than the selected one, or lost a
 * tie to it. With none selected the reason is that of the newest certificate not hidden.
 *
 * Returns: (transfer full): the explanation, without passed over files and notes
 */
CsExplanation *
cs_selection_finish(CsSelection *selection)
{
	decide_rest(selection);
	CsExplanation *explanation = selection->explanation;
	for (guint i = 0; i < explanation->issuers->len; i++)
		explain_all_hidden(g_ptr_array_index(explanation->issuers, i));
	explanation->reason = find_reason(selection);
	if (selection->selected != NULL)
		explanation->selected = g_strdup(selection->selected->fingerprint);
	g_ptr_array_unref(selection->ranked);
	g_free(selection);
	return explanation;
}
