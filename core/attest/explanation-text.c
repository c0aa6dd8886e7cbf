/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/explanation.h"

#include <glib/gi18n-lib.h>

#include "core/base/clock.h"

#define MAX_PASSED_OVER 10

/* What may move a terminal's cursor, reorder its letters or hide is shown as its number. */
static gboolean
is_harmless(gunichar character)
{
	const guint harmful = 1U << G_UNICODE_CONTROL | 1U << G_UNICODE_FORMAT |
			      1U << G_UNICODE_UNASSIGNED | 1U << G_UNICODE_PRIVATE_USE |
			      1U << G_UNICODE_SURROGATE | 1U << G_UNICODE_LINE_SEPARATOR |
			      1U << G_UNICODE_PARAGRAPH_SEPARATOR;
	return (1U << g_unichar_type(character) & harmful) == 0;
}

/* Subjects, paths and whatever quotes them are others' words. */
static void
append_escaped(GString *text, const char *foreign)
{
	const char *at = foreign != NULL ? foreign : "";
	while (*at != '\0') {
		gunichar character = g_utf8_get_char_validated(at, -1);
		if (character == (gunichar)-1 || character == (gunichar)-2) {
			g_string_append_printf(text, "\\x%02x", (guint)(guchar)*at);
			at++;
			continue;
		}
		if (is_harmless(character))
			g_string_append_unichar(text, character);
		else
			g_string_append_printf(text, "\\u{%x}", (guint)character);
		at = g_utf8_next_char(at);
	}
}

static void
append_line(GString *text, const char *indent, const char *foreign)
{
	g_string_append(text, indent);
	append_escaped(text, foreign);
	g_string_append_c(text, '\n');
}

static const char *
get_outcome_words(const CsCandidate *candidate)
{
	switch (candidate->outcome) {
	case CS_OUTCOME_SELECTED:
		return _("selected");
	case CS_OUTCOME_OLDER:
		return _("not needed");
	case CS_OUTCOME_HIDDEN:
		return _("hidden by the user store");
	case CS_OUTCOME_UNDECIDED:
	case CS_OUTCOME_FAILED:
	default:
		return cs_candidate_get_outcome_text(candidate);
	}
}

static void
append_candidate(GString *text, const CsCandidate *candidate)
{
	g_autofree char *not_before = cs_time_format_rfc3339(candidate->not_before);
	g_autofree char *not_after = cs_time_format_rfc3339(candidate->not_after);
	g_autofree char *head =
		g_strdup_printf("%s: %s", get_outcome_words(candidate), candidate->location);
	append_line(text, candidate->outcome == CS_OUTCOME_SELECTED ? "   * " : "   - ", head);
	append_line(text, "     ", candidate->detail);
	g_string_append_printf(
		text,
		candidate->store == CS_STORE_USER
			? _("     in the user store, issued %s, valid until %s\n")
			: _("     in the machine store, issued %s, valid until %s\n"),
		not_before, not_after);
	append_line(text, "     SHA-256 ", candidate->fingerprint);
}

static const char *
get_answer_words(const CsIssuerExplanation *issuer)
{
	if (!issuer->answered)
		return _("no store holds a client certificate of this issuer");
	return issuer->store == CS_STORE_USER ? _("the user store answers for this issuer")
					      : _("the machine store answers for this issuer");
}

/**
 * cs_issuer_explanation_get_answer_sentence:
 * @issuer: an issuer's part
 *
 * Returns: (transfer none): rule 6's answer to it, in a sentence of its own, translated
 */
const char *
cs_issuer_explanation_get_answer_sentence(const CsIssuerExplanation *issuer)
{
	if (!issuer->answered)
		return _("No store holds a client certificate of this issuer.");
	return issuer->store == CS_STORE_USER
		       ? _("Your own store has certificates of this issuer, so they count.")
		       : _("Your own store has no certificate of this issuer, so those of the "
			   "machine’s store count.");
}

static void
append_issuer(GString *text, guint number, const CsIssuerExplanation *issuer)
{
	g_string_append_printf(text, "\n%u. ", number);
	append_line(text, "", issuer->subject);
	append_line(text, "   SHA-256 ", issuer->fingerprint);
	append_line(text, "   ", get_answer_words(issuer));
	for (guint i = 0; i < issuer->candidates->len; i++)
		append_candidate(text, g_ptr_array_index(issuer->candidates, i));
}

static const CsCandidate *
find_selected(const CsExplanation *explanation)
{
	for (guint i = 0; i < explanation->issuers->len; i++) {
		const CsIssuerExplanation *issuer = g_ptr_array_index(explanation->issuers, i);
		for (guint j = 0; j < issuer->candidates->len; j++) {
			const CsCandidate *candidate = g_ptr_array_index(issuer->candidates, j);
			if (candidate->outcome == CS_OUTCOME_SELECTED)
				return candidate;
		}
	}
	return NULL;
}

/* The conclusion, and the one thing to do, with whose it is. */
static void
append_conclusion(GString *text, const CsExplanation *explanation)
{
	const CsCandidate *selected = find_selected(explanation);
	if (selected == NULL) {
		g_autofree char *step =
			cs_owner_dup_step(cs_reason_get_owner(explanation->reason),
					  cs_reason_get_next_step(explanation->reason));
		append_line(text, "", cs_reason_get_sentence(explanation->reason));
		append_line(text, "", step);
		return;
	}
	g_autofree char *line = g_strdup_printf(
		_("This device can attest that it is managed, with %s."), selected->location);
	append_line(text, "", line);
	append_line(text, "", cs_reason_get_next_step(CS_REASON_MANAGED));
}

static void
append_time(GString *text, const CsExplanation *explanation)
{
	g_autofree char *time = cs_time_format_rfc3339(explanation->judged_at);
	g_string_append_printf(text,
			       explanation->by_device_clock
				       ? _("Judged at %s, by this device's clock.\n")
				       : _("Judged at %s, the time of the server's challenge.\n"),
			       time);
}

static void
append_passed_over(GString *text, GPtrArray *passed_over)
{
	guint shown = MIN(passed_over->len, MAX_PASSED_OVER);
	if (passed_over->len > 0)
		g_string_append(text, _("\nPassed over:\n"));
	for (guint i = 0; i < shown; i++) {
		const CsPassedOver *item = g_ptr_array_index(passed_over, i);
		g_autofree char *line = g_strdup_printf("%s: %s", item->location, item->why);
		append_line(text, "   ", line);
	}
	if (passed_over->len > shown)
		g_string_append_printf(text,
				       g_dngettext(GETTEXT_PACKAGE, "   and %u more\n",
						   "   and %u more\n", passed_over->len - shown),
				       passed_over->len - shown);
}

static void
append_details(GString *text, const CsExplanation *explanation)
{
	append_time(text, explanation);
	for (guint i = 0; i < explanation->issuers->len; i++)
		append_issuer(text, i + 1, g_ptr_array_index(explanation->issuers, i));
	append_passed_over(text, explanation->passed_over);
	if (explanation->notes != NULL && explanation->notes[0] != NULL)
		g_string_append(text, _("\nNotes:\n"));
	for (char **note = explanation->notes; note != NULL && *note != NULL; note++)
		append_line(text, "   ", *note);
}

/**
 * cs_explanation_details_to_text:
 * @explanation: a finished explanation
 *
 * As cs_explanation_to_text(), without the conclusion: where the server has had its say, that
 * stands before it.
 *
 * Returns: (transfer full): lines
 */
char *
cs_explanation_details_to_text(const CsExplanation *explanation)
{
	GString *text = g_string_new(NULL);
	append_details(text, explanation);
	return g_string_free(text, FALSE);
}

/**
 * cs_explanation_to_text:
 * @explanation: a finished explanation
 *
 * For a terminal, translated: the conclusion and the one thing to do, then each issuer and
 * certificate, then files that were passed over (the first ten) and notes. Control characters in
 * others' words are escaped.
 *
 * Returns: (transfer full): lines
 */
char *
cs_explanation_to_text(const CsExplanation *explanation)
{
	GString *text = g_string_new(NULL);
	append_conclusion(text, explanation);
	append_details(text, explanation);
	return g_string_free(text, FALSE);
}
