/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/wording.h"

#include <string.h>

/* Nothing is lost by grouping, and every group but the last is followed by one space. */
static void
test_fingerprint(void)
{
	g_autoptr(CsPrivateKey) key = cs_private_key_generate_p256(NULL);
	g_autoptr(CsJwk) jwk = cs_jwk_new_from_private_key(key, NULL);
	const CsIntroduction introduction = {.server_key = jwk};
	g_autofree char *groups = cs_wording_group_fingerprint(&introduction);
	g_auto(GStrv) parts = g_strsplit(groups, " ", -1);
	g_autofree char *joined = g_strjoinv("", parts);

	g_assert_cmpstr(joined, ==, cs_jwk_get_fingerprint(jwk));
	g_assert_cmpuint(g_strv_length(parts), ==, 16);
	for (guint i = 0; parts[i] != NULL; i++)
		g_assert_cmpuint(strlen(parts[i]), ==, 4);
}

/* Consent names what is told and shown; rule 23: the deletion says what is lost and what stays. */
static void
test_sentences(void)
{
	g_assert_nonnull(strstr(cs_wording_get_consent(), "consent"));
	g_assert_nonnull(strstr(cs_wording_get_consent(), "certificate"));
	g_assert_nonnull(strstr(cs_wording_get_comparison(), "fingerprint"));
	g_assert_nonnull(strstr(cs_wording_get_deletion(), "no longer sign in"));
	g_assert_nonnull(strstr(cs_wording_get_deletion(), "certificates stay"));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wording/fingerprint", test_fingerprint);
	g_test_add_func("/wording/sentences", test_sentences);
	return g_test_run();
}
