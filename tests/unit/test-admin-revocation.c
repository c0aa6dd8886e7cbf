/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin.h"
#include "core/authority/revocation-store.h"
#include "core/base/error.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/responder-fixture.h"
#include "tests/fixtures/revocation-fixture.h"

#include <string.h>

#define DAY_S 86400

/* rule 12: the administrator's choice */

typedef struct {
	CsTestAuthority *test;
	CsTestIdentity *ca;
	char *id;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) added = NULL;

	f->test = cs_test_authority_new();
	f->ca = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	added = cs_admin_add_issuer(f->test->authority, cs_test_identity_get_der(f->ca), NULL,
				    &error);
	g_assert_no_error(error);
	f->id = g_strdup(cs_json_get_string(added, "id", NULL));
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	g_free(f->id);
	cs_test_identity_free(f->ca);
	cs_test_authority_free(f->test);
}

static void
choose(Fixture *f, const CsRevocationChoice *choice)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) set =
		cs_admin_set_issuer_revocation(f->test->authority, f->id, choice, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(cs_json_get_string(set, "id", NULL), ==, f->id);
}

static void
refuse(Fixture *f, const CsRevocationChoice *choice, const char *reason)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_admin_set_issuer_revocation(f->test->authority, f->id, choice, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

static void
assert_mode(Fixture *f, const char *mode)
{
	g_autoptr(cJSON) list = cs_admin_list_issuers(f->test->authority, NULL);
	const cJSON *issuer =
		cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(list, "issuers"), 0);

	g_assert_cmpstr(cs_json_get_string(issuer, "revocation", NULL), ==, mode);
}

static void
test_choices(Fixture *f, gconstpointer data)
{
	const char *const prefixes[] = {"http://a/", "https://b/x/", NULL};

	assert_mode(f, "unknown");
	choose(f, &(CsRevocationChoice){.crl_file = "/x.crl"});
	assert_mode(f, "any");
	choose(f, &(CsRevocationChoice){.mode = "crl", .url = "http://a/x.crl", .max_age_s = 3600});
	assert_mode(f, "crl");
	choose(f, &(CsRevocationChoice){.mode = "ocsp", .allowed_urls = prefixes});
	assert_mode(f, "ocsp");
	choose(f, &(CsRevocationChoice){.mode = "none"});
	assert_mode(f, "none");
	choose(f, NULL);
	assert_mode(f, "unknown");
}

static void
test_refused(Fixture *f, gconstpointer data)
{
	const char *const prefixes[] = {"http://a/", NULL};
	const char *const bad[] = {"http://a/", "ftp://a/", NULL};

	refuse(f, &(CsRevocationChoice){.mode = "maybe"}, "value-invalid");
	refuse(f, &(CsRevocationChoice){.mode = "crl"}, "options-incomplete");
	refuse(f, &(CsRevocationChoice){.mode = "any", .url = "http://a/"}, "options-incomplete");
	refuse(f, &(CsRevocationChoice){.url = "http://a/"}, "options-incomplete");
	refuse(f, &(CsRevocationChoice){.mode = "none", .url = "http://a/"}, "options-conflict");
	refuse(f, &(CsRevocationChoice){.max_age_s = 1}, "options-conflict");
	refuse(f, &(CsRevocationChoice){.mode = "ocsp", .crl_file = "/x"}, "options-conflict");
	refuse(f,
	       &(CsRevocationChoice){.mode = "crl", .url = "http://a/", .allowed_urls = prefixes},
	       "options-conflict");
	refuse(f, &(CsRevocationChoice){.crl_file = "x"}, "value-invalid");
	refuse(f, &(CsRevocationChoice){.mode = "crl", .url = "a"}, "url-invalid");
	refuse(f, &(CsRevocationChoice){.allowed_urls = bad}, "url-invalid");
	assert_mode(f, "unknown");
}

static void
test_built_in(Fixture *f, gconstpointer data)
{
	g_autoptr(cJSON) added = cs_admin_add_built_in_issuer(f->test->authority, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_admin_set_issuer_revocation(
		f->test->authority, cs_json_get_string(added, "id", NULL), NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_REFUSED);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "issuer-built-in");
	g_clear_error(&error);
	g_assert_null(cs_admin_set_issuer_revocation(f->test->authority, "x", NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
}

/* source: the one there is; NULL: none. (transfer full) the document that it is in */
static cJSON *
show(Fixture *f, const cJSON **source)
{
	g_autoptr(GError) error = NULL;
	cJSON *document = cs_admin_show_revocation(f->test->authority, &error);

	g_assert_no_error(error);
	*source = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(document, "sources"), 0);
	return document;
}

static void
assert_problem(Fixture *f, const char *problem, gboolean has_age)
{
	const cJSON *source = NULL;
	g_autoptr(cJSON) document G_GNUC_UNUSED = show(f, &source);

	g_assert_nonnull(source);
	g_assert_cmpstr(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(source, "problem")),
			==, problem);
	g_assert_cmpint(cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(source, "age")), ==,
			has_age);
}

static void
test_file(Fixture *f, gconstpointer data)
{
	g_autofree char *folder = cs_test_make_folder();
	g_autoptr(GBytes) crl = cs_test_crl_new(NULL, f->ca);
	g_autofree char *missing = g_build_filename(folder, "none.crl", NULL);
	g_autofree char *good = cs_test_write_bytes(folder, "good.crl", crl);
	g_autofree char *bad = cs_test_write_text(folder, "bad.crl", "0");

	choose(f, &(CsRevocationChoice){.crl_file = missing});
	assert_problem(f, "not-found", FALSE);
	choose(f, &(CsRevocationChoice){.crl_file = bad});
	assert_problem(f, "crl-malformed", FALSE);
	choose(f, &(CsRevocationChoice){.crl_file = good});
	assert_problem(f, NULL, TRUE);
	cs_test_delete_folder(folder);
}

/* Nothing listens there: the problem is said, and is no error. */
static void
test_refresh(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) refreshed = NULL;
	const cJSON *source = NULL;
	g_autoptr(cJSON) before G_GNUC_UNUSED = show(f, &source);

	g_assert_null(source);
	choose(f, &(CsRevocationChoice){.mode = "crl", .url = "http://127.0.0.1:1/x.crl"});
	assert_problem(f, NULL, FALSE);
	refreshed = cs_admin_refresh_revocation(f->test->authority, NULL, &error);
	g_assert_no_error(error);
	assert_problem(f, "unreachable", FALSE);
	g_assert_nonnull(refreshed);
	g_assert_cmpuint(cs_revocation_store_get_stamp(cs_authority_get_folder(f->test->authority)),
			 !=, 0);
}

/* Ended in the middle: what was kept by then is taken up all the same. */
static void
test_refresh_cancelled(Fixture *f, gconstpointer data)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;

	choose(f, &(CsRevocationChoice){.mode = "crl", .url = "http://127.0.0.1:1/x.crl"});
	g_cancellable_cancel(cancellable);
	g_assert_null(cs_admin_refresh_revocation(f->test->authority, cancellable, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_assert_cmpuint(cs_revocation_store_get_stamp(cs_authority_get_folder(f->test->authority)),
			 !=, 0);
}

static void
refresh_with(Fixture *f, CsTestResponder *responder, const CsTestCrlProfile *crl)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) refreshed = NULL;

	cs_test_responder_serve(responder, cs_test_crl_new(crl, f->ca));
	refreshed = cs_admin_refresh_revocation(f->test->authority, NULL, &error);
	g_assert_no_error(error);
}

/* A CA that was set up anew counts from the beginning. While what is known may be used, a lower
 * number is one that was there before; afterwards only what was issued before it is. */
static void
test_numbers_that_start_again(Fixture *f, gconstpointer data)
{
	const gint64 later = CS_TEST_CRL_NOW + 2 * DAY_S;
	g_autoptr(CsTestResponder) responder = cs_test_responder_new();

	choose(f,
	       &(CsRevocationChoice){.mode = "crl", .url = cs_test_responder_get_url(responder)});
	refresh_with(f, responder, &(CsTestCrlProfile){.number = "07"});
	assert_problem(f, NULL, TRUE);
	refresh_with(f, responder,
		     &(CsTestCrlProfile){.number = "01", .this_update = CS_TEST_CRL_NOW});
	assert_problem(f, "older-than-known", TRUE);
	f->test->now = later;
	/* It is fresh for longer than the one that came after it, and is older all the same. */
	refresh_with(f, responder,
		     &(CsTestCrlProfile){.number = "06",
					 .this_update = CS_TEST_CRL_NOW - 2 * DAY_S,
					 .next_update = later + DAY_S});
	assert_problem(f, "older-than-known", TRUE);
	refresh_with(f, responder,
		     &(CsTestCrlProfile){
			     .number = "01", .this_update = later, .next_update = later + DAY_S});
	assert_problem(f, NULL, TRUE);
}

#define ADD(path, function)                                                                        \
	g_test_add("/admin-revocation/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("choices", test_choices);
	ADD("refused", test_refused);
	ADD("built-in", test_built_in);
	ADD("file", test_file);
	ADD("refresh", test_refresh);
	ADD("refresh-cancelled", test_refresh_cancelled);
	ADD("numbers-that-start-again", test_numbers_that_start_again);
	return g_test_run();
}
