/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/tokens.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/pki-fixture.h"

#include <string.h>

static GBytes *
pem_of(CsTestIdentity *identity)
{
	const char *pem = cs_test_identity_get_pem(identity);

	return g_bytes_new(pem, strlen(pem));
}

static const char *
fingerprint_of(CsTestIdentity *identity)
{
	return cs_certificate_get_fingerprint(cs_test_identity_get_certificate(identity));
}

static void
expect_line(CsTestAuthority *test, const char *event_and_outcome, const char *fingerprint)
{
	g_autofree char *line = g_strdup_printf("%s - - %s", event_and_outcome, fingerprint);

	cs_test_expect_log(test, line);
}

static cJSON *
add(CsTestAuthority *test, GBytes *file_taken, gboolean revocation_none, GError **error)
{
	g_autoptr(GBytes) file = file_taken;

	return cs_admin_add_issuer(test->authority, file,
				   revocation_none ? &(CsRevocationChoice){.mode = "none"} : NULL,
				   error);
}

/* rule 13: PEM or DER, an intermediate and an expired one too; nothing above it is asked */
static void
test_add(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	const CsTestProfile root_profile = {.ca = TRUE, .subject = "CN=Root"};
	const CsTestProfile profile = {
		.ca = TRUE, .subject = "CN=Old,O=Example", .not_after = 1600000000};
	g_autoptr(CsTestIdentity) root = cs_test_identity_new(&root_profile, NULL);
	g_autoptr(CsTestIdentity) old = cs_test_identity_new(&profile, root);
	g_autoptr(cJSON) answer = NULL;
	g_autoptr(GError) error = NULL;

	answer = add(test, g_bytes_ref(cs_test_identity_get_der(old)), FALSE, &error);
	g_assert_no_error(error);
	g_assert_cmpint(cJSON_GetArraySize(answer), ==, 3);
	g_assert_true(
		g_regex_match_simple("^[a-z0-9]+$", cs_json_get_string(answer, "id", NULL), 0, 0));
	g_assert_cmpstr(cs_json_get_string(answer, "fingerprint", NULL), ==, fingerprint_of(old));
	g_assert_cmpstr(cs_json_get_string(answer, "subject", NULL), ==, "O=Example,CN=Old");
	expect_line(test, "issuer-add ok -", fingerprint_of(old));
	g_clear_pointer(&answer, cJSON_Delete);
	answer = add(test, pem_of(root), TRUE, &error);
	g_assert_no_error(error);
}

/* The same certificate with a public key that is no point of its curve. */
static GBytes *
break_key(CsTestIdentity *identity)
{
	GBytes *der = cs_test_identity_get_der(identity);
	CsCertificate *certificate = cs_test_identity_get_certificate(identity);
	GBytes *spki = cs_certificate_get_spki(certificate);
	gsize length = g_bytes_get_size(der);
	guint8 *broken = g_memdup2(g_bytes_get_data(der, NULL), length);
	guint8 *key = memmem(broken, length, g_bytes_get_data(spki, NULL), g_bytes_get_size(spki));

	g_assert_nonnull(key);
	key[g_bytes_get_size(spki) - 1] ^= 1;
	return g_bytes_new_take(broken, length);
}

static void
test_refused(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	const CsTestProfile ca_profile = {.ca = TRUE};
	g_autoptr(CsTestIdentity) ca = cs_test_identity_new(&ca_profile, NULL);
	g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(NULL, NULL);
	g_autoptr(GError) error = NULL;

	cs_test_expect_error(add(test, pem_of(leaf), FALSE, &error), &error, CS_ERROR_REFUSED,
			     "not-an-authority");
	expect_line(test, "issuer-add refused not-an-authority", fingerprint_of(leaf));
	cs_test_expect_error(add(test, break_key(ca), FALSE, &error), &error, CS_ERROR_REFUSED,
			     "certificate-unsuitable");
	test->logged = cs_test_count_log(test->registry);
	cJSON_Delete(add(test, pem_of(ca), FALSE, &error));
	g_assert_no_error(error);
	expect_line(test, "issuer-add ok -", fingerprint_of(ca));
	cs_test_expect_error(add(test, g_bytes_ref(cs_test_identity_get_der(ca)), TRUE, &error),
			     &error, CS_ERROR_REFUSED, "issuer-exists");
	expect_line(test, "issuer-add refused issuer-exists", fingerprint_of(ca));
}

/* Which of several certificates would be meant is a guess. */
static void
test_malformed(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	const CsTestProfile profile = {.ca = TRUE};
	g_autoptr(CsTestIdentity) one = cs_test_identity_new(&profile, NULL);
	g_autoptr(CsTestIdentity) two = cs_test_identity_new(&profile, NULL);
	g_autofree char *both =
		g_strconcat(cs_test_identity_get_pem(one), cs_test_identity_get_pem(two), NULL);
	g_autoptr(GError) error = NULL;

	cs_test_expect_error(add(test, g_bytes_new(both, strlen(both)), FALSE, &error), &error,
			     CS_ERROR_INVALID, "certificate-malformed");
	cs_test_expect_log(test, "issuer-add refused certificate-malformed - - -");
	cs_test_expect_error(add(test, g_bytes_new_static("text", 4), FALSE, &error), &error,
			     CS_ERROR_INVALID, "certificate-missing");
	cs_test_expect_error(add(test, g_bytes_new_static("", 0), FALSE, &error), &error,
			     CS_ERROR_INVALID, "certificate-missing");
	cs_test_expect_error(add(test, g_bytes_new_static("0\3\2\1\1", 5), FALSE, &error), &error,
			     CS_ERROR_INVALID, "certificate-malformed");
}

/* The list that travels with every challenge has an end. */
static void
test_too_many(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(GError) error = NULL;

	for (int i = 0; i <= CS_MAX_ISSUERS; i++) {
		const CsTestProfile profile = {.ca = TRUE, .key_number = 1};
		g_autoptr(CsTestIdentity) ca = cs_test_identity_new(&profile, NULL);
		cJSON *answer = add(test, pem_of(ca), FALSE, &error);

		if (i == CS_MAX_ISSUERS)
			cs_test_expect_error(answer, &error, CS_ERROR_REFUSED, "too-many-issuers");
		g_assert_no_error(error);
		cJSON_Delete(answer);
	}
}

/* rule 12: how each one's revocation is known; the built-in CA's own is real however it came */
static void
test_list(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	static const char *const expected[] = {"unknown", "built-in", "none"};
	const CsTestProfile profile = {.ca = TRUE, .subject = "CN=A"};
	g_autoptr(CsTestIdentity) one = cs_test_identity_new(&profile, NULL);
	g_autoptr(CsTestIdentity) two = cs_test_identity_new(&profile, NULL);
	CsCertificate *own = cs_ca_get_certificate(cs_authority_get_ca(test->authority));
	g_autoptr(cJSON) answer = NULL;
	g_autoptr(GPtrArray) rows = NULL;
	const cJSON *issuer = NULL;
	guint count = 0;
	g_autoptr(GError) error = NULL;

	cs_test_expect_json(cs_admin_list_issuers(test->authority, &error), error,
			    "{\"issuers\":[]}");
	cJSON_Delete(add(test, pem_of(one), FALSE, &error));
	cJSON_Delete(add(test, g_bytes_ref(cs_certificate_get_der(own)), TRUE, &error));
	cJSON_Delete(add(test, pem_of(two), TRUE, &error));
	g_assert_no_error(error);
	answer = cs_admin_list_issuers(test->authority, &error);
	g_assert_no_error(error);
	cJSON_ArrayForEach (issuer, cs_json_get_array(answer, "issuers", NULL)) {
		gboolean built_in = FALSE;

		g_assert_cmpstr(cs_json_get_string(issuer, "revocation", NULL), ==,
				expected[count]);
		g_assert_true(cs_json_get_boolean(issuer, "built_in", &built_in, NULL));
		g_assert_cmpint(built_in, ==, count == 1);
		g_assert_cmpstr(cs_json_get_string(issuer, "added_at", NULL), ==,
				"2027-01-15T08:00:00Z");
		g_assert_cmpint(cJSON_GetArraySize(issuer), ==, 7);
		count++;
	}
	g_assert_cmpuint(count, ==, 3);
	rows = cs_registry_list_issuers(test->registry, NULL);
	g_assert_false(((CsIssuerRow *)g_ptr_array_index(rows, 1))->revocation_none);
	g_assert_true(((CsIssuerRow *)g_ptr_array_index(rows, 2))->revocation_none);
}

static void
test_built_in(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	CsCertificate *own = cs_ca_get_certificate(cs_authority_get_ca(test->authority));
	g_autoptr(cJSON) answer = cs_admin_add_built_in_issuer(test->authority, NULL);
	g_autoptr(GPtrArray) rows = cs_registry_list_issuers(test->registry, NULL);
	const CsIssuerRow *row = g_ptr_array_index(rows, 0);
	g_autoptr(GError) error = NULL;

	g_assert_cmpstr(cs_json_get_string(answer, "fingerprint", NULL), ==,
			cs_certificate_get_fingerprint(own));
	g_assert_true(row->built_in);
	g_assert_false(row->revocation_none);
	g_assert_true(g_bytes_equal(row->der, cs_certificate_get_der(own)));
	cs_test_expect_error(cs_admin_add_built_in_issuer(test->authority, &error), &error,
			     CS_ERROR_REFUSED, "issuer-exists");
}

/* rule 14, rule 15: deleted at once; it may come back, as another entry */
static void
test_delete(void)
{
	g_autoptr(CsTestAuthority) test = cs_test_authority_new();
	g_autoptr(cJSON) added = cs_admin_add_built_in_issuer(test->authority, NULL);
	g_autofree char *expected = cs_json_print(added);
	const char *id = cs_json_get_string(added, "id", NULL);
	const char *fingerprint = cs_json_get_string(added, "fingerprint", NULL);
	g_autoptr(cJSON) again = NULL;
	g_autoptr(GError) error = NULL;

	cs_test_put_device(test->registry, "d1");
	cs_test_put_link(test->registry, "l1", "d1", CS_LINK_BOUND, NULL);
	test->logged = cs_test_count_log(test->registry);
	cs_test_expect_json(cs_admin_delete_issuer(test->authority, id, &error), error, expected);
	expect_line(test, "issuer-delete ok -", fingerprint);
	cs_test_expect_error(cs_admin_delete_issuer(test->authority, id, &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_log(test, "issuer-delete refused not-found - - -");
	again = cs_admin_add_built_in_issuer(test->authority, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(cs_json_get_string(again, "id", NULL), !=, id);
	g_assert_cmpstr(cs_json_get_string(again, "fingerprint", NULL), ==, fingerprint);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/admin-issuers/add", test_add);
	g_test_add_func("/admin-issuers/refused", test_refused);
	g_test_add_func("/admin-issuers/malformed", test_malformed);
	g_test_add_func("/admin-issuers/too-many", test_too_many);
	g_test_add_func("/admin-issuers/list", test_list);
	g_test_add_func("/admin-issuers/built-in", test_built_in);
	g_test_add_func("/admin-issuers/delete", test_delete);
	return g_test_run();
}
