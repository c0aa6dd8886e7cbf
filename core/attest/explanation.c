/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/explanation.h"

#include "core/base/clock.h"
#include "core/base/error.h"

#define TEXT_SELECTED "selected"
#define TEXT_OLDER    "older"
#define TEXT_HIDDEN   "hidden-by-user-store"

/**
 * cs_explanation_new:
 * @judged_at: Unix seconds
 *
 * Returns: (transfer full): an explanation of nothing yet
 */
CsExplanation *
cs_explanation_new(gint64 judged_at)
{
	CsExplanation *explanation = g_new0(CsExplanation, 1);
	explanation->judged_at = judged_at;
	explanation->issuers =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_issuer_explanation_free);
	explanation->passed_over =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_passed_over_free);
	return explanation;
}

static CsIssuerExplanation *
issuer_explanation_new_empty(const char *fingerprint, const char *subject)
{
	CsIssuerExplanation *issuer = g_new0(CsIssuerExplanation, 1);
	issuer->fingerprint = g_strdup(fingerprint);
	issuer->subject = g_strdup(subject);
	issuer->candidates = g_ptr_array_new_with_free_func((GDestroyNotify)cs_candidate_free);
	return issuer;
}

/**
 * cs_issuer_explanation_new:
 * @issuer: the issuer's certificate
 *
 * Returns: (transfer full): an issuer of which no store has anything
 */
CsIssuerExplanation *
cs_issuer_explanation_new(CsCertificate *issuer)
{
	return issuer_explanation_new_empty(cs_certificate_get_fingerprint(issuer),
					    cs_certificate_get_subject_text(issuer));
}

/**
 * cs_candidate_free:
 * @candidate: (transfer full): a candidate
 */
void
cs_candidate_free(CsCandidate *candidate)
{
	g_clear_pointer(&candidate->entry, cs_store_entry_unref);
	g_free(candidate->fingerprint);
	g_free(candidate->location);
	g_free(candidate->detail);
	g_free(candidate);
}

/**
 * cs_issuer_explanation_free:
 * @issuer: (transfer full): an issuer's part
 */
void
cs_issuer_explanation_free(CsIssuerExplanation *issuer)
{
	g_free(issuer->fingerprint);
	g_free(issuer->subject);
	g_ptr_array_unref(issuer->candidates);
	g_free(issuer);
}

/**
 * cs_explanation_free:
 * @explanation: (transfer full): an explanation
 */
void
cs_explanation_free(CsExplanation *explanation)
{
	g_free(explanation->selected);
	g_ptr_array_unref(explanation->issuers);
	g_ptr_array_unref(explanation->passed_over);
	g_strfreev(explanation->notes);
	g_free(explanation);
}

/**
 * cs_candidate_get_outcome_text:
 * @candidate: a candidate of a finished explanation
 *
 * Returns: (transfer none): the contract's word: "selected", "older", "hidden-by-user-store" or a
 *   reason code
 */
const char *
cs_candidate_get_outcome_text(const CsCandidate *candidate)
{
	switch (candidate->outcome) {
	case CS_OUTCOME_SELECTED:
		return TEXT_SELECTED;
	case CS_OUTCOME_OLDER:
		return TEXT_OLDER;
	case CS_OUTCOME_HIDDEN:
		return TEXT_HIDDEN;
	case CS_OUTCOME_UNDECIDED:
	case CS_OUTCOME_FAILED:
	default:
		return cs_reason_to_code(candidate->reason);
	}
}

/* Unlike cs_json_add_time(), for which 1970 is "never": a certificate may be as old as that. */
static void
add_time(cJSON *json, const char *name, gint64 time_unix_s)
{
	g_autofree char *text = cs_time_format_rfc3339(time_unix_s);
	cs_json_add_string(json, name, text);
}

static cJSON *
candidate_to_json(const CsCandidate *candidate)
{
	cJSON *json = cJSON_CreateObject();
	cs_json_add_string(json, "fingerprint", candidate->fingerprint);
	cs_json_add_string(json, "location", candidate->location);
	cs_json_add_string(json, "store", cs_store_kind_to_text(candidate->store));
	add_time(json, "not_before", candidate->not_before);
	add_time(json, "not_after", candidate->not_after);
	cs_json_add_string(json, "outcome", cs_candidate_get_outcome_text(candidate));
	cs_json_add_string(json, "detail", candidate->detail);
	return json;
}

static cJSON *
issuer_to_json(const CsIssuerExplanation *issuer)
{
	cJSON *json = cJSON_CreateObject();
	cs_json_add_string(json, "fingerprint", issuer->fingerprint);
	cs_json_add_string(json, "subject", issuer->subject);
	cs_json_add_string(json, "store",
			   issuer->answered ? cs_store_kind_to_text(issuer->store) : "none");
	cJSON *candidates = cs_json_add_array(json, "candidates");
	for (guint i = 0; i < issuer->candidates->len; i++)
		cs_json_append(candidates,
			       candidate_to_json(g_ptr_array_index(issuer->candidates, i)));
	return json;
}

static cJSON *
passed_over_to_json(const CsPassedOver *passed_over)
{
	cJSON *json = cJSON_CreateObject();
	cs_json_add_string(json, "location", passed_over->location);
	cs_json_add_string(json, "why", passed_over->why);
	return json;
}

/**
 * cs_explanation_to_json:
 * @explanation: a finished explanation
 *
 * Returns: (transfer full): the contract's document of `explain --json`, and beside its members
 *   "judged_at", "clock", "passed_over" and "notes"
 */
cJSON *
cs_explanation_to_json(const CsExplanation *explanation)
{
	gboolean has_reason = explanation->reason != CS_REASON_NONE;
	cJSON *json = cJSON_CreateObject();
	cs_json_add_string(json, "selected", explanation->selected);
	cs_json_add_string(json, "reason",
			   has_reason ? cs_reason_to_code(explanation->reason) : NULL);
	add_time(json, "judged_at", explanation->judged_at);
	cs_json_add_string(json, "clock", explanation->by_device_clock ? "device" : "challenge");
	cJSON *issuers = cs_json_add_array(json, "issuers");
	for (guint i = 0; i < explanation->issuers->len; i++)
		cs_json_append(issuers, issuer_to_json(g_ptr_array_index(explanation->issuers, i)));
	cJSON *passed_over = cs_json_add_array(json, "passed_over");
	for (guint i = 0; i < explanation->passed_over->len; i++)
		cs_json_append(passed_over,
			       passed_over_to_json(g_ptr_array_index(explanation->passed_over, i)));
	cJSON *notes = cs_json_add_array(json, "notes");
	for (char **note = explanation->notes; note != NULL && *note != NULL; note++)
		cs_json_add_string(notes, NULL, *note);
	return json;
}

static gboolean
set_malformed(GError **error, const char *what)
{
	cs_error_set(error, CS_ERROR_INVALID, "explanation-malformed",
		     "the explanation has an unknown %s", what);
	return FALSE;
}

static gboolean
read_string(const cJSON *json, const char *name, char **value, GError **error)
{
	const char *text = cs_json_get_string(json, name, error);
	*value = g_strdup(text);
	return text != NULL;
}

static gboolean
read_time(const cJSON *json, const char *name, gint64 *value, GError **error)
{
	const char *text = cs_json_get_string(json, name, error);
	return text != NULL && cs_time_parse_rfc3339(text, value, error);
}

static gboolean
read_store(const cJSON *json, CsStoreKind *kind, gboolean *is_none, GError **error)
{
	const char *text = cs_json_get_string(json, "store", error);
	if (text == NULL)
		return FALSE;
	*is_none = g_str_equal(text, "none");
	*kind = g_str_equal(text, "user") ? CS_STORE_USER : CS_STORE_MACHINE;
	return *is_none || g_str_equal(text, cs_store_kind_to_text(*kind)) ||
	       set_malformed(error, "store");
}

static gboolean
read_outcome(const cJSON *json, CsCandidate *candidate, GError **error)
{
	static const struct {
		const char *text;
		CsOutcome outcome;
	} outcomes[] = {{TEXT_SELECTED, CS_OUTCOME_SELECTED},
			{TEXT_OLDER, CS_OUTCOME_OLDER},
			{TEXT_HIDDEN, CS_OUTCOME_HIDDEN}};
	const char *text = cs_json_get_string(json, "outcome", error);
	if (text == NULL)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(outcomes); i++) {
		if (g_str_equal(text, outcomes[i].text)) {
			candidate->outcome = outcomes[i].outcome;
			return TRUE;
		}
	}
	candidate->outcome = CS_OUTCOME_FAILED;
	candidate->reason = cs_reason_from_code(text);
	return candidate->reason != CS_REASON_NONE || set_malformed(error, "outcome");
}

static gboolean
read_candidate(const cJSON *json, guint issuer_index, GPtrArray *candidates, GError **error)
{
	static const char *const members[] = {"fingerprint", "location", "store",  "not_before",
					      "not_after",   "outcome",	 "detail", NULL};
	CsCandidate *candidate = g_new0(CsCandidate, 1);
	g_ptr_array_add(candidates, candidate);
	candidate->issuer_index = issuer_index;
	gboolean is_none = FALSE;
	return cs_json_check_members(json, members, error) &&
	       read_string(json, "fingerprint", &candidate->fingerprint, error) &&
	       read_string(json, "location", &candidate->location, error) &&
	       read_store(json, &candidate->store, &is_none, error) &&
	       (!is_none || set_malformed(error, "store")) &&
	       read_time(json, "not_before", &candidate->not_before, error) &&
	       read_time(json, "not_after", &candidate->not_after, error) &&
	       read_outcome(json, candidate, error) &&
	       read_string(json, "detail", &candidate->detail, error);
}

static gboolean
read_issuer(const cJSON *json, GPtrArray *issuers, GError **error)
{
	static const char *const members[] = {"fingerprint", "subject", "store", "candidates",
					      NULL};
	CsIssuerExplanation *issuer = issuer_explanation_new_empty(NULL, NULL);
	guint index = issuers->len;
	g_ptr_array_add(issuers, issuer);
	gboolean is_none = FALSE;
	const cJSON *candidates = NULL;
	if (!cs_json_check_members(json, members, error) ||
	    !read_string(json, "fingerprint", &issuer->fingerprint, error) ||
	    !read_string(json, "subject", &issuer->subject, error) ||
	    !read_store(json, &issuer->store, &is_none, error) ||
	    (candidates = cs_json_get_array(json, "candidates", error)) == NULL)
		return FALSE;
	issuer->answered = !is_none;
	const cJSON *candidate = NULL;
	cJSON_ArrayForEach (candidate, candidates) {
		if (!read_candidate(candidate, index, issuer->candidates, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
read_passed_over(const cJSON *json, GPtrArray *passed_over, GError **error)
{
	static const char *const members[] = {"location", "why", NULL};
	CsPassedOver *line = cs_passed_over_new(NULL, NULL);
	g_ptr_array_add(passed_over, line);
	return cs_json_check_members(json, members, error) &&
	       read_string(json, "location", &line->location, error) &&
	       read_string(json, "why", &line->why, error);
}

static gboolean
read_lists(const cJSON *json, CsExplanation *explanation, GError **error)
{
	const cJSON *issuers = cs_json_get_array(json, "issuers", error);
	const cJSON *passed_over =
		issuers != NULL ? cs_json_get_array(json, "passed_over", error) : NULL;
	const cJSON *notes = passed_over != NULL ? cs_json_get_array(json, "notes", error) : NULL;
	if (notes == NULL)
		return FALSE;
	const cJSON *item = NULL;
	cJSON_ArrayForEach (item, issuers) {
		if (!read_issuer(item, explanation->issuers, error))
			return FALSE;
	}
	cJSON_ArrayForEach (item, passed_over) {
		if (!read_passed_over(item, explanation->passed_over, error))
			return FALSE;
	}
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	cJSON_ArrayForEach (item, notes) {
		if (!cJSON_IsString(item))
			return set_malformed(error, "note");
		g_strv_builder_add(builder, item->valuestring);
	}
	explanation->notes = g_strv_builder_end(builder);
	return TRUE;
}

static gboolean
read_head(const cJSON *json, CsExplanation *explanation, GError **error)
{
	const char *selected = NULL;
	const char *reason = NULL;
	const char *clock = cs_json_get_string(json, "clock", error);
	if (clock == NULL || !cs_json_get_optional_string(json, "selected", &selected, error) ||
	    !cs_json_get_optional_string(json, "reason", &reason, error) ||
	    !read_time(json, "judged_at", &explanation->judged_at, error))
		return FALSE;
	explanation->by_device_clock = g_str_equal(clock, "device");
	if (!explanation->by_device_clock && !g_str_equal(clock, "challenge"))
		return set_malformed(error, "clock");
	explanation->selected = g_strdup(selected);
	explanation->reason = reason != NULL ? cs_reason_from_code(reason) : CS_REASON_NONE;
	if ((selected == NULL) != (explanation->reason != CS_REASON_NONE))
		return set_malformed(error, "reason");
	return TRUE;
}

/**
 * cs_explanation_from_json:
 * @json: what cs_explanation_to_json() wrote
 * @error: return location
 *
 * Reads one that was kept for display. It has no entries: nothing can be selected from it (rule 4).
 *
 * Returns: (transfer full): the explanation; %NULL with %CS_ERROR_INVALID
 */
CsExplanation *
cs_explanation_from_json(const cJSON *json, GError **error)
{
	static const char *const members[] = {"selected", "reason",	 "judged_at", "clock",
					      "issuers",  "passed_over", "notes",     NULL};
	g_autoptr(CsExplanation) explanation = cs_explanation_new(0);
	if (!cs_json_check_members(json, members, error) || !read_head(json, explanation, error) ||
	    !read_lists(json, explanation, error))
		return NULL;
	return g_steal_pointer(&explanation);
}
