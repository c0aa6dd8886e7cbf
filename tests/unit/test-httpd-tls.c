/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd-tls.h"

#include "core/base/error.h"
#include "core/base/httpd.h"
#include "tests/fixtures/pki-fixture.h"

#define BEGIN 1600000000
#define END   1700000000

static CsTestIdentity *
make_identity(void)
{
	const CsTestProfile profile = {.not_before = BEGIN, .not_after = END};

	return cs_test_identity_new(&profile, NULL);
}

static char *
dup_key(CsTestIdentity *identity)
{
	return cs_test_identity_dup_key_pem(identity, CS_TEST_KEY_PKCS8, NULL);
}

static void
test_pair(void)
{
	g_autoptr(CsTestIdentity) identity = make_identity();
	g_autofree char *key = dup_key(identity);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsHttpdTls) tls =
		cs_httpd_tls_new(cs_test_identity_get_pem(identity), key, &error);

	g_assert_no_error(error);
	g_assert_cmpint(cs_httpd_tls_get_not_after(tls), ==, END);
	g_assert_false(cs_httpd_tls_is_valid_at(tls, BEGIN - 1));
	g_assert_true(cs_httpd_tls_is_valid_at(tls, BEGIN));
	g_assert_true(cs_httpd_tls_is_valid_at(tls, END));
	g_assert_false(cs_httpd_tls_is_valid_at(tls, END + 1));
	cs_httpd_tls_unref(cs_httpd_tls_ref(tls));
}

static void
test_no_pair(void)
{
	g_autoptr(CsTestIdentity) one = make_identity();
	g_autoptr(CsTestIdentity) other = make_identity();
	g_autofree char *key = dup_key(one);
	g_autofree char *other_key = dup_key(other);
	g_autofree char *half = g_strndup(cs_test_identity_get_pem(one), 200);
	const char *const rows[][2] = {
		{cs_test_identity_get_pem(one), other_key},
		{half, key},
		{"", key},
		{cs_test_identity_get_pem(one), ""},
		{key, key},
		{cs_test_identity_get_pem(one), cs_test_identity_get_pem(one)},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%" G_GSIZE_FORMAT, i);
		g_assert_null(cs_httpd_tls_new(rows[i][0], rows[i][1], &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "tls-invalid");
	}
}

static void
answer(const CsHttpdRequest *request, CsHttpdResponse *response, gpointer data)
{
	response->status = 204;
}

/* Of the server itself: what cannot be taken leaves it as it was. */
static void
test_replacing(void)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(CsTestIdentity) one = make_identity();
	g_autoptr(CsTestIdentity) other = make_identity();
	g_autofree char *key = dup_key(one);
	g_autofree char *other_key = dup_key(other);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsHttpd) httpd = cs_httpd_new(
		context, "127.0.0.1", 0, cs_test_identity_get_pem(one), key, answer, NULL, &error);

	g_assert_no_error(error);
	g_assert_cmpint(cs_httpd_get_tls_not_after(httpd), ==, END);
	g_assert_false(
		cs_httpd_set_tls(httpd, cs_test_identity_get_pem(other), key, BEGIN, &error));
	g_assert_cmpstr(cs_error_get_reason(error), ==, "tls-invalid");
	g_clear_error(&error);
	g_assert_false(cs_httpd_set_tls(httpd, cs_test_identity_get_pem(other), other_key, END + 1,
					&error));
	g_assert_cmpstr(cs_error_get_reason(error), ==, "tls-not-valid-now");
	g_clear_error(&error);
	g_assert_true(
		cs_httpd_set_tls(httpd, cs_test_identity_get_pem(other), other_key, BEGIN, &error));
	g_assert_no_error(error);
}

static void
test_without(void)
{
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(CsHttpd) httpd =
		cs_httpd_new(context, "127.0.0.1", 0, NULL, NULL, answer, NULL, NULL);

	g_assert_cmpint(cs_httpd_get_tls_not_after(httpd), ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/httpd-tls/pair", test_pair);
	g_test_add_func("/httpd-tls/no-pair", test_no_pair);
	g_test_add_func("/httpd-tls/replacing", test_replacing);
	g_test_add_func("/httpd-tls/without", test_without);
	return g_test_run();
}
