/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/explanation.h"
#include "core/base/error.h"

#define FINGERPRINT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static CsCandidate *
make_candidate(CsOutcome outcome, CsReason reason)
{
	CsCandidate *candidate = g_new0(CsCandidate, 1);
	candidate->fingerprint = g_strdup(FINGERPRINT);
	candidate->location = g_strdup("/store/a.pem");
	candidate->store = CS_STORE_MACHINE;
	candidate->not_before = 0;
	candidate->not_after = 1700000000;
	candidate->outcome = outcome;
	candidate->reason = reason;
	candidate->detail = g_strdup("why");
	return candidate;
}

static CsIssuerExplanation *
make_issuer(void)
{
	CsIssuerExplanation *issuer = g_new0(CsIssuerExplanation, 1);
	issuer->fingerprint = g_strdup(FINGERPRINT);
	issuer->subject = g_strdup("CN=One");
	issuer->candidates = g_ptr_array_new_with_free_func((GDestroyNotify)cs_candidate_free);
	return issuer;
}

static CsExplanation *
make(void)
{
	CsExplanation *explanation = cs_explanation_new(1700000000);
	CsIssuerExplanation *issuer = make_issuer();
	g_ptr_array_add(explanation->issuers, issuer);
	g_ptr_array_add(explanation->issuers, make_issuer());
	issuer->answered = TRUE;
	issuer->store = CS_STORE_USER;
	g_ptr_array_add(issuer->candidates, make_candidate(CS_OUTCOME_SELECTED, CS_REASON_NONE));
	g_ptr_array_add(issuer->candidates, make_candidate(CS_OUTCOME_OLDER, CS_REASON_NONE));
	g_ptr_array_add(issuer->candidates, make_candidate(CS_OUTCOME_HIDDEN, CS_REASON_NONE));
	g_ptr_array_add(issuer->candidates,
			make_candidate(CS_OUTCOME_FAILED, CS_REASON_CERTIFICATE_EXPIRED));
	explanation->selected = g_strdup(FINGERPRINT);
	g_ptr_array_add(explanation->passed_over, cs_passed_over_new("/store/junk", "junk"));
	explanation->notes = g_strsplit("a note", "|", -1);
	return explanation;
}

#define CANDIDATE(outcome)                                                                         \
	"{\"fingerprint\":\"" FINGERPRINT                                                          \
	"\",\"location\":\"/store/a.pem\",\"store\":\"machine\","                                  \
	"\"not_before\":\"1970-01-01T00:00:00Z\",\"not_after\":\"2023-11-14T22:13:20Z\","          \
	"\"outcome\":\"" outcome "\",\"detail\":\"why\"}"

/* The contract of `explain --json`, to the letter, and what stands beside it. */
static void
test_to_json(void)
{
	g_autoptr(CsExplanation) explanation = make();
	g_autoptr(cJSON) json = cs_explanation_to_json(explanation);
	g_autofree char *text = cs_json_print(json);
	g_autofree char *expected =
		g_strconcat("{\"selected\":\"", FINGERPRINT,
			    "\",\"reason\":null,\"judged_at\":\"2023-11-14T22:13:20Z\",",
			    "\"clock\":\"challenge\",\"issuers\":[{\"fingerprint\":\"", FINGERPRINT,
			    "\",\"subject\":\"CN=One\",\"store\":\"user\",", "\"candidates\":[",
			    CANDIDATE("selected"), ",", CANDIDATE("older"), ",",
			    CANDIDATE("hidden-by-user-store"), ",",
			    CANDIDATE("certificate-expired"), "]},{\"fingerprint\":\"", FINGERPRINT,
			    "\",\"subject\":\"CN=One\",\"store\":\"none\",", "\"candidates\":[]}],",
			    "\"passed_over\":[{\"location\":\"/store/junk\",",
			    "\"why\":\"junk\"}],\"notes\":[\"a note\"]}", NULL);
	g_assert_cmpstr(text, ==, expected);
}

static void
test_none_selected(void)
{
	g_autoptr(CsExplanation) explanation = cs_explanation_new(0);
	explanation->reason = CS_REASON_NO_ISSUERS;
	explanation->by_device_clock = TRUE;
	g_autoptr(cJSON) json = cs_explanation_to_json(explanation);
	g_autofree char *text = cs_json_print(json);
	g_assert_cmpstr(text, ==,
			"{\"selected\":null,\"reason\":\"no-issuers\",\"judged_at\":"
			"\"1970-01-01T00:00:00Z\",\"clock\":\"device\",\"issuers\":[],"
			"\"passed_over\":[],\"notes\":[]}");
	g_autoptr(CsExplanation) again = cs_explanation_from_json(json, NULL);
	g_assert_true(again->by_device_clock);
	g_assert_cmpint(again->reason, ==, CS_REASON_NO_ISSUERS);
}

static void
test_round_trip(void)
{
	g_autoptr(CsExplanation) explanation = make();
	g_autoptr(cJSON) json = cs_explanation_to_json(explanation);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsExplanation) again = cs_explanation_from_json(json, &error);
	g_assert_no_error(error);
	g_autoptr(cJSON) json_again = cs_explanation_to_json(again);
	g_autofree char *text = cs_json_print(json);
	g_autofree char *text_again = cs_json_print(json_again);
	g_assert_cmpstr(text, ==, text_again);
	const CsIssuerExplanation *issuer = g_ptr_array_index(again->issuers, 0);
	const CsCandidate *candidate = g_ptr_array_index(issuer->candidates, 3);
	g_assert_null(candidate->entry);
	g_assert_cmpint(candidate->outcome, ==, CS_OUTCOME_FAILED);
	g_assert_cmpint(candidate->reason, ==, CS_REASON_CERTIFICATE_EXPIRED);
}

/* Each of these in place of what it bends. */
static void
test_malformed(void)
{
	static const char *const bends[][2] = {
		{"\"clock\":\"challenge\"", "\"clock\":\"sundial\""},
		{"\"clock\":\"challenge\",", ""},
		{"\"reason\":null", "\"reason\":\"no-issuers\""},
		{"\"reason\":null", "\"reason\":7"},
		{"\"selected\":\"", "\"selected\":null,\"x\":\""},
		{"\"selected\":\"" FINGERPRINT "\"", "\"selected\":null"},
		{"\"judged_at\":\"2023-11-14T22:13:20Z\"", "\"judged_at\":\"today\""},
		{"\"older\"", "\"wiser\""},
		{"\"older\"", "null"},
		{"\"store\":\"user\"", "\"store\":\"cellar\""},
		{"\"store\":\"machine\"", "\"store\":\"none\""},
		{"\"not_before\":\"1970-01-01T00:00:00Z\"", "\"not_before\":null"},
		{"\"why\":\"junk\"", "\"why\":{}"},
		{"[\"a note\"]", "[1]"},
		{"[\"a note\"]", "{}"},
		{"\"candidates\":[]", "\"candidates\":null"},
		{"\"passed_over\":[", "\"passed_over\":[1,"},
		{"\"issuers\":[", "\"issuers\":[1,"},
		{"\"candidates\":[{", "\"candidates\":[1,{"},
	};
	g_autoptr(CsExplanation) explanation = make();
	g_autoptr(cJSON) json = cs_explanation_to_json(explanation);
	g_autofree char *text = cs_json_print(json);
	for (gsize i = 0; i < G_N_ELEMENTS(bends); i++) {
		g_autoptr(GString) bent = g_string_new(text);
		g_autoptr(GError) error = NULL;
		g_assert_cmpuint(g_string_replace(bent, bends[i][0], bends[i][1], 1), ==, 1);
		g_autoptr(cJSON) bent_json = cs_json_parse(bent->str, bent->len, &error);
		g_assert_no_error(error);
		g_assert_null(cs_explanation_from_json(bent_json, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/explanation/to-json", test_to_json);
	g_test_add_func("/explanation/none-selected", test_none_selected);
	g_test_add_func("/explanation/round-trip", test_round_trip);
	g_test_add_func("/explanation/malformed", test_malformed);
	return g_test_run();
}
