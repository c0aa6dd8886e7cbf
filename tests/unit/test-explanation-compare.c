/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/explanation.h"

/* As kept, with one of everything. */
#define KEPT                                                                                       \
	"{\"selected\":\"aa\",\"reason\":null,\"judged_at\":\"2023-11-14T22:13:20Z\","             \
	"\"clock\":\"challenge\",\"issuers\":[{\"fingerprint\":\"bb\",\"subject\":\"CN=One\","     \
	"\"store\":\"user\",\"candidates\":[{\"fingerprint\":\"aa\",\"location\":\"/a.pem\","      \
	"\"store\":\"user\",\"not_before\":\"2023-01-01T00:00:00Z\","                              \
	"\"not_after\":\"2024-01-01T00:00:00Z\",\"outcome\":\"selected\","                         \
	"\"detail\":\"why\"}]}],\"passed_over\":[{\"location\":\"/junk\",\"why\":\"junk\"}],"      \
	"\"notes\":[\"a note\"]}"

static CsExplanation *
read_with(const char *from, const char *to)
{
	GString *text = g_string_new(KEPT);
	g_autoptr(GError) error = NULL;
	g_assert_cmpuint(g_string_replace(text, from, to, 1), ==, 1);
	g_autoptr(cJSON) json = cJSON_Parse(text->str);
	CsExplanation *explanation = cs_explanation_from_json(json, &error);
	g_assert_no_error(error);
	g_string_free(text, TRUE);
	return explanation;
}

static gboolean
is_same(const char *from, const char *to)
{
	g_autoptr(CsExplanation) one = read_with("aa", "aa");
	g_autoptr(CsExplanation) other = read_with(from, to);
	return cs_explanation_has_same_details(one, other);
}

/* Only the time has passed. */
static void
test_same(void)
{
	g_assert_true(is_same("aa", "aa"));
	g_assert_true(is_same("22:13:20Z", "23:13:20Z"));
	g_assert_true(is_same("challenge", "device"));
}

static void
test_different(void)
{
	static const char *const bends[][2] = {
		{"bb", "cc"},
		{"CN=One", "CN=Two"},
		{"\"store\":\"user\",\"candidates\"", "\"store\":\"none\",\"candidates\""},
		{"\"store\":\"user\",\"candidates\"", "\"store\":\"machine\",\"candidates\""},
		{"{\"fingerprint\":\"aa\"", "{\"fingerprint\":\"cc\""},
		{"/a.pem", "/b.pem"},
		{"\"store\":\"user\",\"not_before\"", "\"store\":\"machine\",\"not_before\""},
		{"2023-01-01", "2023-01-02"},
		{"2024-01-01", "2024-01-02"},
		{"\"outcome\":\"selected\"", "\"outcome\":\"older\""},
		{"\"outcome\":\"selected\"", "\"outcome\":\"certificate-expired\""},
		{"\"why\"}]}]", "\"because\"}]}]"},
		{"/junk", "/dust"},
		{"\"why\":\"junk\"", "\"why\":\"dust\""},
		{"{\"location\":\"/junk\",\"why\":\"junk\"}", ""},
		{"\"a note\"", "\"another\""},
		{"\"a note\"", ""},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(bends); i++) {
		g_test_message("%s", bends[i][1]);
		g_assert_false(is_same(bends[i][0], bends[i][1]));
	}
}

/* Of one that was just made, there may be no notes at all. */
static void
test_no_notes(void)
{
	g_autoptr(CsExplanation) made = cs_explanation_new(0);
	g_autoptr(CsExplanation) again = cs_explanation_new(1);
	g_autoptr(CsExplanation) noted = cs_explanation_new(2);
	again->notes = g_new0(char *, 1);
	noted->notes = g_strsplit("a note", "|", -1);
	g_assert_true(cs_explanation_has_same_details(made, again));
	g_assert_true(cs_explanation_has_same_details(again, made));
	g_assert_false(cs_explanation_has_same_details(made, noted));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/explanation-compare/same", test_same);
	g_test_add_func("/explanation-compare/different", test_different);
	g_test_add_func("/explanation-compare/no-notes", test_no_notes);
	return g_test_run();
}
