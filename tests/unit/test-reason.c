/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/reason.h"

#include <string.h>

/* docs/protocol.md, "Verdict", written down a second time: the code, and whose it is. */
static const struct {
	const char *code;
	guint sides;
	gboolean ends_account;
} expected[] = {
	{"managed", 0, FALSE},
	{"no-issuers", CS_REASON_SIDE_CLIENT, FALSE},
	{"no-certificate", CS_REASON_SIDE_CLIENT, FALSE},
	{"key-inaccessible", CS_REASON_SIDE_CLIENT, FALSE},
	{"consent-missing", CS_REASON_SIDE_CLIENT, FALSE},
	{"certificate-expired", CS_REASON_SIDE_CLIENT | CS_REASON_SIDE_SERVER, FALSE},
	{"certificate-not-yet-valid", CS_REASON_SIDE_CLIENT | CS_REASON_SIDE_SERVER, FALSE},
	{"certificate-unsuitable", CS_REASON_SIDE_CLIENT | CS_REASON_SIDE_SERVER, FALSE},
	{"attestation-malformed", CS_REASON_SIDE_SERVER, FALSE},
	{"attestation-signature-invalid", CS_REASON_SIDE_SERVER, FALSE},
	{"challenge-mismatch", CS_REASON_SIDE_SERVER, FALSE},
	{"issuer-not-trusted", CS_REASON_SIDE_SERVER, FALSE},
	{"certificate-revoked", CS_REASON_SIDE_SERVER, FALSE},
	{"revocation-unknown", CS_REASON_SIDE_SERVER, FALSE},
	{"certificate-refused", CS_REASON_SIDE_SERVER, FALSE},
	{"bound-to-another-device", CS_REASON_SIDE_SERVER, FALSE},
	{"link-suspended", CS_REASON_SIDE_SERVER, FALSE},
	{"challenge-unknown", CS_REASON_SIDE_AUTHENTICATION, FALSE},
	{"challenge-expired", CS_REASON_SIDE_AUTHENTICATION, FALSE},
	{"challenge-replayed", CS_REASON_SIDE_AUTHENTICATION, FALSE},
	{"response-malformed", CS_REASON_SIDE_AUTHENTICATION, FALSE},
	{"response-signature-invalid", CS_REASON_SIDE_AUTHENTICATION, FALSE},
	{"device-proof-invalid", CS_REASON_SIDE_AUTHENTICATION, FALSE},
	{"origin-mismatch", CS_REASON_SIDE_AUTHENTICATION, FALSE},
	{"transport-mismatch", CS_REASON_SIDE_AUTHENTICATION, FALSE},
	{"user-verification-missing", CS_REASON_SIDE_AUTHENTICATION, FALSE},
	{"account-unknown", CS_REASON_SIDE_AUTHENTICATION, FALSE},
	{"account-deleted", CS_REASON_SIDE_AUTHENTICATION, TRUE},
	{"user-suspended", CS_REASON_SIDE_AUTHENTICATION, FALSE},
	{"device-suspended", CS_REASON_SIDE_AUTHENTICATION, FALSE},
	{"device-deactivated", CS_REASON_SIDE_AUTHENTICATION, TRUE},
	{"device-deleted", CS_REASON_SIDE_AUTHENTICATION, TRUE},
	{"code-invalid", CS_REASON_SIDE_ENROLMENT, FALSE},
	{"device-not-active", CS_REASON_SIDE_ENROLMENT, FALSE},
	{"server-key-unknown", CS_REASON_SIDE_ENROLMENT, FALSE},
};

static const CsReasonSide sides[] = {
	CS_REASON_SIDE_CLIENT,
	CS_REASON_SIDE_SERVER,
	CS_REASON_SIDE_AUTHENTICATION,
	CS_REASON_SIDE_ENROLMENT,
};

/* rule 22 and rule 23: exactly the three words on which a client destroys its account */
static void
test_table(void)
{
	g_assert_cmpint(CS_REASON_COUNT, ==, G_N_ELEMENTS(expected) + 1);
	for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
		CsReason reason = cs_reason_from_code(expected[i].code);

		g_assert_cmpint(reason, !=, CS_REASON_NONE);
		g_assert_cmpstr(cs_reason_to_code(reason), ==, expected[i].code);
		g_assert_cmpint(cs_reason_ends_account(reason), ==, expected[i].ends_account);
		for (gsize j = 0; j < G_N_ELEMENTS(sides); j++)
			g_assert_cmpint(cs_reason_is_of(reason, sides[j]), ==,
					(expected[i].sides & sides[j]) != 0);
	}
}

static void
test_codes_are_distinct(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (int reason = CS_REASON_NONE + 1; reason < CS_REASON_COUNT; reason++) {
		const char *code = cs_reason_to_code((CsReason)reason);

		g_assert_nonnull(code);
		g_assert_true(g_hash_table_add(seen, (gpointer)code));
		g_assert_cmpint(cs_reason_from_code(code), ==, reason);
	}
}

static void
test_unknown(void)
{
	static const char *const codes[] = {"", "Managed", "managed ", "none", "not-found", NULL};

	for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
		g_assert_cmpint(cs_reason_from_code(codes[i]), ==, CS_REASON_NONE);
	g_assert_null(cs_reason_to_code(CS_REASON_NONE));
	g_assert_null(cs_reason_to_code(CS_REASON_COUNT));
	g_assert_null(cs_reason_to_code((CsReason)-1));
	g_assert_false(cs_reason_ends_account(CS_REASON_NONE));
	g_assert_false(cs_reason_ends_account((CsReason)1000));
	g_assert_cmpstr(cs_reason_get_sentence(CS_REASON_NONE), ==, "");
	g_assert_cmpstr(cs_reason_get_next_step(CS_REASON_COUNT), ==, "");
	g_assert_cmpint(cs_reason_get_owner(CS_REASON_NONE), ==, CS_OWNER_NOBODY);
	g_assert_cmpint(cs_reason_get_owner(CS_REASON_COUNT), ==, CS_OWNER_NOBODY);
}

/* One or more whole sentences, in plain words: no code of ours, no member of a token. */
static void
assert_is_prose(const char *text)
{
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_assert_cmpuint(strlen(text), >=, 25);
	g_assert_cmpuint(strlen(text), <=, 220);
	g_assert_true(g_ascii_isupper(text[0]));
	g_assert_true(g_str_has_suffix(text, "."));
	g_assert_null(strchr(text, '_'));
	g_assert_null(strchr(text, '\n'));
	g_assert_null(strstr(text, "  "));
	for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
		if (strchr(expected[i].code, '-') != NULL)
			g_assert_null(strstr(text, expected[i].code));
	}
}

static gboolean
names_somebody(const char *next_step)
{
	static const char *const words[] = {"you", "You", "helpdesk", "administrator", NULL};
	gboolean found = FALSE;

	for (gsize i = 0; words[i] != NULL; i++)
		found = found || strstr(next_step, words[i]) != NULL;
	return found;
}

/* Nobody's is what is well already; whoever else it is said to be, the sentence speaks of them. */
static void
assert_is_owned(CsReason reason, const char *next_step)
{
	CsOwner owner = cs_reason_get_owner(reason);

	g_assert_cmpint(owner == CS_OWNER_NOBODY, ==, reason == CS_REASON_MANAGED);
	g_assert_cmpint(owner, <, CS_OWNER_COUNT);
	if (owner == CS_OWNER_HELPDESK)
		g_assert_nonnull(strstr(next_step, "helpdesk"));
	if (owner == CS_OWNER_ADMINISTRATOR)
		g_assert_nonnull(strstr(next_step, "administrator"));
}

static void
test_every_reason_is_explained(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (int i = CS_REASON_NONE + 1; i < CS_REASON_COUNT; i++) {
		const char *sentence = cs_reason_get_sentence((CsReason)i);
		const char *next_step = cs_reason_get_next_step((CsReason)i);

		g_test_message("%s", cs_reason_to_code((CsReason)i));
		assert_is_prose(sentence);
		assert_is_prose(next_step);
		g_assert_true(names_somebody(next_step));
		assert_is_owned((CsReason)i, next_step);
		g_assert_true(g_hash_table_add(seen, (gpointer)sentence));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reason/table", test_table);
	g_test_add_func("/reason/codes-are-distinct", test_codes_are_distinct);
	g_test_add_func("/reason/unknown", test_unknown);
	g_test_add_func("/reason/every-reason-is-explained", test_every_reason_is_explained);
	return g_test_run();
}
