/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/explanation.h"

static gboolean
is_same_candidate(gconstpointer a, gconstpointer b)
{
	const CsCandidate *one = a;
	const CsCandidate *other = b;
	return one->store == other->store && one->not_before == other->not_before &&
	       one->not_after == other->not_after && one->outcome == other->outcome &&
	       one->reason == other->reason && g_str_equal(one->fingerprint, other->fingerprint) &&
	       g_str_equal(one->location, other->location) &&
	       g_str_equal(one->detail, other->detail);
}

static gboolean
is_same_passed_over(gconstpointer a, gconstpointer b)
{
	const CsPassedOver *one = a;
	const CsPassedOver *other = b;
	return g_str_equal(one->location, other->location) && g_str_equal(one->why, other->why);
}

static gboolean
are_same(const GPtrArray *some,
	 const GPtrArray *others,
	 gboolean (*is_same)(gconstpointer a, gconstpointer b))
{
	if (some->len != others->len)
		return FALSE;
	for (guint i = 0; i < some->len; i++) {
		if (!is_same(g_ptr_array_index(some, i), g_ptr_array_index(others, i)))
			return FALSE;
	}
	return TRUE;
}

static gboolean
is_same_issuer(gconstpointer a, gconstpointer b)
{
	const CsIssuerExplanation *one = a;
	const CsIssuerExplanation *other = b;
	return one->answered == other->answered && one->store == other->store &&
	       g_str_equal(one->fingerprint, other->fingerprint) &&
	       g_str_equal(one->subject, other->subject) &&
	       are_same(one->candidates, other->candidates, is_same_candidate);
}

static gboolean
are_same_notes(char **some, char **others)
{
	static const char *const none[] = {NULL};
	return g_strv_equal(some != NULL ? (const char *const *)some : none,
			    others != NULL ? (const char *const *)others : none);
}

/**
 * cs_explanation_has_same_details:
 * @one: a finished explanation
 * @other: another
 *
 * Whether they list the same, whenever and by whichever clock each was judged. Of what was selected
 * and why they say the same then, too: both follow from the list.
 *
 * Returns: whether issuers, certificates with their outcomes, what was passed over and notes are equal
 */
gboolean
cs_explanation_has_same_details(const CsExplanation *one, const CsExplanation *other)
{
	return are_same(one->issuers, other->issuers, is_same_issuer) &&
	       are_same(one->passed_over, other->passed_over, is_same_passed_over) &&
	       are_same_notes(one->notes, other->notes);
}
