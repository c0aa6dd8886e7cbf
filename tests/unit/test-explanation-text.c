/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/explanation.h"

static CsIssuerExplanation *
add_issuer(CsExplanation *explanation, const char *subject)
{
	CsIssuerExplanation *issuer = g_new0(CsIssuerExplanation, 1);
	issuer->fingerprint = g_strdup("aa11");
	issuer->subject = g_strdup(subject);
	issuer->candidates = g_ptr_array_new_with_free_func((GDestroyNotify)cs_candidate_free);
	g_ptr_array_add(explanation->issuers, issuer);
	return issuer;
}

static CsCandidate *
add_candidate(CsIssuerExplanation *issuer, const char *location, CsOutcome outcome)
{
	CsCandidate *candidate = g_new0(CsCandidate, 1);
	candidate->fingerprint = g_strdup("bb22");
	candidate->location = g_strdup(location);
	candidate->outcome = outcome;
	candidate->detail = g_strdup("because");
	candidate->not_after = 1700000000;
	g_ptr_array_add(issuer->candidates, candidate);
	issuer->answered = TRUE;
	return candidate;
}

static void
expect(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		g_error("\"%s\" is not in \"%s\"", part, text);
}

static void
test_selected(void)
{
	g_autoptr(CsExplanation) explanation = cs_explanation_new(1700000000);
	CsIssuerExplanation *issuer = add_issuer(explanation, "CN=One");
	add_candidate(issuer, "/a.pem", CS_OUTCOME_SELECTED);
	add_candidate(issuer, "/b.pem", CS_OUTCOME_OLDER);
	add_candidate(issuer, "/c.pem", CS_OUTCOME_HIDDEN)->store = CS_STORE_MACHINE;
	g_autofree char *text = cs_explanation_to_text(explanation);
	g_assert_true(g_str_has_prefix(
		text, "This device can attest that it is managed, with /a.pem.\n"));
	expect(text, "2023-11-14T22:13:20Z, the time of the server's challenge");
	expect(text, "\n1. CN=One\n   SHA-256 aa11\n   the user store answers");
	expect(text, "   * selected: /a.pem\n     because\n     in the user store, issued 1970");
	expect(text, "   - not needed: /b.pem\n");
	expect(text, "   - hidden by the user store: /c.pem\n     because\n     in the machine");
	expect(text, "     SHA-256 bb22\n");
	g_assert_null(strstr(text, "Passed over"));
	g_assert_null(strstr(text, "Notes"));
}

/* Where somebody else says the conclusion, the rest alone; and whose certificates count. */
static void
test_details(void)
{
	g_autoptr(CsExplanation) explanation = cs_explanation_new(1700000000);
	CsIssuerExplanation *issuer = add_issuer(explanation, "CN=One");
	g_autofree char *whole = NULL;
	g_autofree char *details = NULL;

	expect(cs_issuer_explanation_get_answer_sentence(issuer), "No store");
	add_candidate(issuer, "/a.pem", CS_OUTCOME_SELECTED);
	expect(cs_issuer_explanation_get_answer_sentence(issuer),
	       "Your own store has certificates");
	issuer->store = CS_STORE_MACHINE;
	expect(cs_issuer_explanation_get_answer_sentence(issuer), "machine’s store count");
	whole = cs_explanation_to_text(explanation);
	details = cs_explanation_details_to_text(explanation);
	g_assert_true(g_str_has_suffix(whole, details));
	g_assert_true(g_str_has_prefix(details, "Judged at "));
}

/* The conclusion, then the one thing to do and whose it is. */
static void
test_none(void)
{
	g_autoptr(CsExplanation) explanation = cs_explanation_new(1700000000);
	explanation->reason = CS_REASON_CERTIFICATE_EXPIRED;
	explanation->by_device_clock = TRUE;
	CsIssuerExplanation *issuer = add_issuer(explanation, "CN=One");
	add_candidate(issuer, "/a.pem", CS_OUTCOME_FAILED)->reason = CS_REASON_CERTIFICATE_EXPIRED;
	add_issuer(explanation, "CN=Two");
	g_autofree char *text = cs_explanation_to_text(explanation);
	g_autofree char *head = g_strdup_printf("%s\nIt is the helpdesk's turn. %s\n",
						cs_reason_get_sentence(explanation->reason),
						cs_reason_get_next_step(explanation->reason));
	g_assert_true(g_str_has_prefix(text, head));
	expect(text, "by this device's clock");
	expect(text, "   - certificate-expired: /a.pem\n");
	expect(text, "2. CN=Two\n");
	expect(text, "no store holds a client certificate");
}

static void
test_passed_over(void)
{
	g_autoptr(CsExplanation) explanation = cs_explanation_new(1700000000);
	explanation->reason = CS_REASON_NO_ISSUERS;
	for (guint i = 0; i < 12; i++) {
		g_autofree char *path = g_strdup_printf("/junk-%02u", i);
		g_ptr_array_add(explanation->passed_over, cs_passed_over_new(path, "junk"));
	}
	explanation->notes = g_strsplit("one note|another", "|", -1);
	g_autofree char *text = cs_explanation_to_text(explanation);
	expect(text, "\nPassed over:\n   /junk-00: junk\n");
	expect(text, "   /junk-09: junk\n   and 2 more\n");
	g_assert_null(strstr(text, "junk-10"));
	expect(text, "\nNotes:\n   one note\n   another\n");
}

/* Others' words must not move the cursor, turn the letters round or forge lines. */
static void
test_escapes(void)
{
	g_autoptr(CsExplanation) explanation = cs_explanation_new(1700000000);
	CsIssuerExplanation *issuer = add_issuer(explanation, "CN=\033[2JZo\303\253\342\200\256x");
	CsCandidate *candidate = add_candidate(issuer, "/a\n1. forged\177", CS_OUTCOME_SELECTED);
	g_free(candidate->detail);
	candidate->detail = g_strdup("bad \377\302 byte\r");
	g_ptr_array_add(explanation->passed_over, cs_passed_over_new("/\302\233x", "why\ay"));
	explanation->notes = g_strsplit("note\b", "|", -1);
	g_autofree char *text = cs_explanation_to_text(explanation);
	expect(text, "CN=\\u{1b}[2JZo\303\253\\u{202e}x\n");
	expect(text, "selected: /a\\u{a}1. forged\\u{7f}\n");
	expect(text, "with /a\\u{a}1. forged");
	expect(text, "bad \\xff\\xc2 byte\\u{d}\n");
	expect(text, "/\\u{9b}x: why\\u{7}y\n");
	expect(text, "note\\u{8}\n");
	for (const char *at = text; *at != '\0'; at++)
		g_assert_true(*at == '\n' || !g_ascii_iscntrl(*at));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/explanation-text/selected", test_selected);
	g_test_add_func("/explanation-text/details", test_details);
	g_test_add_func("/explanation-text/none", test_none);
	g_test_add_func("/explanation-text/passed-over", test_passed_over);
	g_test_add_func("/explanation-text/escapes", test_escapes);
	return g_test_run();
}
