/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/enrolment.h"

#include "core/base/error.h"
#include "tests/fixtures/account-fixture.h"

#include <string.h>

#define THUMBPRINT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define HEX	   "0000000000000000000000000000000000000000000000000000000000000000"

typedef struct {
	CsTestServer *server;
	CsTestFaults *faults;
	CsTestHome *home;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->server = cs_test_server_new();
	f->faults = cs_test_server_get_faults(f->server);
	f->home = cs_test_home_new();
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_home_free(f->home);
	cs_test_server_free(f->server);
}

static void
expect_key(Fixture *f, const char *pin)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *typed = g_strconcat(cs_test_server_get_url(f->server), "/", NULL);
	g_autoptr(CsIntroduction) introduction =
		cs_enrolment_introduce(&f->home->client, typed, pin, NULL, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(introduction->url, ==, cs_test_server_get_url(f->server));
	g_assert_cmpstr(introduction->name, ==, "Example [31mCorp");
	g_assert_cmpstr(cs_jwk_get_thumbprint(introduction->server_key), ==,
			cs_jwk_get_thumbprint(cs_test_server_get_key(f->server)));
}

static void
expect_failure(Fixture *f, const char *url, const char *pin, CsErrorCode code, const char *reason)
{
	g_autoptr(GError) error = NULL;

	url = url == NULL ? cs_test_server_get_url(f->server) : url;
	g_assert_null(cs_enrolment_introduce(&f->home->client, url, pin, NULL, &error));
	g_assert_error(error, CS_ERROR, (gint)code);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
}

static void
test_introduce(Fixture *f, gconstpointer data)
{
	const CsJwk *key = cs_test_server_get_key(f->server);
	g_autofree char *upper = g_ascii_strup(cs_jwk_get_fingerprint(key), -1);

	expect_key(f, NULL);
	expect_key(f, cs_jwk_get_fingerprint(key));
	expect_key(f, upper);
	expect_key(f, cs_jwk_get_thumbprint(key));
	/* Nothing is kept. */
	g_assert_false(g_file_test(f->home->state, G_FILE_TEST_EXISTS));
	g_assert_cmpuint(cs_test_server_count_calls(f->server, "/v1/"), ==, 0);
}

static void
test_wrong_pin(Fixture *f, gconstpointer data)
{
	expect_failure(f, NULL, HEX, CS_ERROR_SIGNATURE, "server-key-unknown");
	expect_failure(f, NULL, THUMBPRINT, CS_ERROR_SIGNATURE, "server-key-unknown");
}

static void
test_bad_arguments(Fixture *f, gconstpointer data)
{
	expect_failure(f, NULL, "", CS_ERROR_USAGE, "fingerprint-malformed");
	expect_failure(f, NULL, "abcd", CS_ERROR_USAGE, "fingerprint-malformed");
	expect_failure(f, "http://id.example", NULL, CS_ERROR_USAGE, "url-invalid");
	expect_failure(f, "ftp://127.0.0.1", NULL, CS_ERROR_USAGE, "url-invalid");
	g_assert_cmpuint(cs_test_server_count_calls(f->server, "/"), ==, 0);
}

static void
test_unreachable(Fixture *f, gconstpointer data)
{
	f->faults->status = 503;
	expect_failure(f, NULL, NULL, CS_ERROR_UNREACHABLE, "unreachable");
	cs_test_server_stop(f->server);
	expect_failure(f, NULL, NULL, CS_ERROR_UNREACHABLE, "unreachable");
	cs_test_server_start(f->server);
}

static void
test_broken_book(Fixture *f, gconstpointer data)
{
	cs_test_home_write_book(f->home, "x");
	expect_failure(f, NULL, NULL, CS_ERROR_STATE, "state-invalid");
}

static void
test_pinned_earlier(Fixture *f, gconstpointer data)
{
	g_autoptr(CsPrivateKey) forger = cs_private_key_generate_p256(NULL);
	g_autofree char *id = cs_test_home_enrol(f->home, f->server, "ada");
	const char *url = cs_test_server_get_url(f->server);
	g_autoptr(CsIntroduction) introduction = NULL;

	expect_key(f, NULL);
	/* A rotation that the pinned key signed, and one that it did not. */
	cs_test_server_rotate(f->server, NULL, 1);
	expect_key(f, NULL);
	introduction = cs_enrolment_introduce(&f->home->client, url, NULL, NULL, NULL);
	g_assert_cmpint(introduction->sequence, ==, 1);
	expect_key(f, cs_jwk_get_fingerprint(cs_test_server_get_key(f->server)));
	cs_test_server_rotate(f->server, forger, 2);
	expect_failure(f, NULL, NULL, CS_ERROR_SIGNATURE, "server-key-unknown");
	/* Be it the one that the user is told to expect. */
	expect_failure(f, NULL, cs_jwk_get_fingerprint(cs_test_server_get_key(f->server)),
		       CS_ERROR_SIGNATURE, "server-key-unknown");
	g_assert_nonnull(id);
}

/* After a rotation a further account is added by the new key, which is then pinned. */
static void
test_rotation_then_enrolment(Fixture *f, gconstpointer data)
{
	g_autofree char *first = cs_test_home_enrol(f->home, f->server, "ada");
	g_autofree char *second = NULL;
	g_autoptr(GPtrArray) organisations = NULL;
	const CsOrganisation *organisation;

	cs_test_server_rotate(f->server, NULL, 1);
	second = cs_test_home_enrol(f->home, f->server, "grace");
	organisations = cs_account_book_list_organisations(&f->home->client, NULL);
	organisation = g_ptr_array_index(organisations, 0);
	g_assert_cmpint(organisation->sequence, ==, 1);
	g_assert_cmpstr(cs_jwk_get_thumbprint(organisation->server_key), ==,
			cs_jwk_get_thumbprint(cs_test_server_get_key(f->server)));
	g_assert_cmpstr(first, !=, second);
}

/* A first try that failed has pinned nothing. */
static void
test_nothing_pinned_by_failure(Fixture *f, gconstpointer data)
{
	g_autoptr(CsPrivateKey) forger = cs_private_key_generate_p256(NULL);
	g_autoptr(CsSecret) code = cs_secret_new("ZZZZZZZZZZZZ", 12);
	g_autofree char *id = NULL;
	g_autoptr(CsIntroduction) introduction = cs_enrolment_introduce(
		&f->home->client, cs_test_server_get_url(f->server), NULL, NULL, NULL);

	g_assert_null(cs_enrolment_add(&f->home->client, introduction, code, NULL, NULL));
	cs_test_server_rotate(f->server, forger, 1);
	expect_key(f, NULL);
	id = cs_test_home_enrol(f->home, f->server, "ada");
	g_assert_nonnull(id);
}

static void
test_link(void)
{
	static const char *const links[] = {
		"https://id.example#ABCDEF012345." THUMBPRINT,
		" https://ID.example/#abcd-efol-2345." THUMBPRINT "\r\n",
		"https://id.example:443#ABCD-EF01-2345." THUMBPRINT "\n",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(links); i++) {
		g_autofree char *url = NULL;
		g_autofree char *thumbprint = NULL;
		g_autoptr(CsSecret) code = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_true(cs_enrolment_parse_link(links[i], &url, &code, &thumbprint, &error));
		g_assert_no_error(error);
		g_assert_cmpstr(url, ==, "https://id.example");
		g_assert_cmpstr(cs_secret_get_text(code), ==, "ABCDEF012345");
		g_assert_cmpstr(thumbprint, ==, THUMBPRINT);
	}
}

static void
test_bad_link(void)
{
	g_autofree char *spaces = g_strnfill(4096, '-');
	g_autofree char *long_link =
		g_strconcat("https://id.example#ABCDEF012345", spaces, "." THUMBPRINT, NULL);
	const char *const links[] = {
		"",
		" ",
		"#",
		"https://id.example",
		"https://id.example#",
		"https://id.example#ABCDEF012345",
		"https://id.example#ABCDEF012345.",
		"https://id.example#." THUMBPRINT,
		"https://id.example#ABCDEF01234." THUMBPRINT,
		"https://id.example#ABCDEF012345." THUMBPRINT "A",
		"https://id.example#ABCDEF012345." THUMBPRINT ".A",
		"https://id.example#ABCDEF012345." HEX,
		"https://id.example/path#ABCDEF012345." THUMBPRINT,
		"http://id.example#ABCDEF012345." THUMBPRINT,
		"#ABCDEF012345." THUMBPRINT,
		long_link,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(links); i++) {
		char *url = NULL;
		char *thumbprint = NULL;
		CsSecret *code = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_false(cs_enrolment_parse_link(links[i], &url, &code, &thumbprint, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "link-malformed");
		g_assert_null(strstr(error->message, "ABCDEF01"));
		g_assert_null(url);
		g_assert_null(code);
		g_assert_null(thumbprint);
	}
}

/* For another thread: it outlives what it was made of. */
static void
test_copy(Fixture *f, gconstpointer data)
{
	CsIntroduction *introduction = cs_enrolment_introduce(
		&f->home->client, cs_test_server_get_url(f->server), NULL, NULL, NULL);
	g_autofree char *name = g_strdup(introduction->name);
	g_autoptr(CsIntroduction) copy = NULL;

	introduction->sequence = 7;
	copy = cs_introduction_copy(introduction);
	g_assert_true(copy->url != introduction->url);
	cs_introduction_free(introduction);
	g_assert_cmpstr(copy->url, ==, cs_test_server_get_url(f->server));
	g_assert_cmpstr(copy->name, ==, name);
	g_assert_cmpint(copy->sequence, ==, 7);
	g_assert_cmpstr(cs_jwk_get_thumbprint(copy->server_key), ==,
			cs_jwk_get_thumbprint(cs_test_server_get_key(f->server)));
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Fixture *, gconstpointer);
	} tests[] = {
		{"/introduction/introduce", test_introduce},
		{"/introduction/copy", test_copy},
		{"/introduction/wrong-pin", test_wrong_pin},
		{"/introduction/bad-arguments", test_bad_arguments},
		{"/introduction/unreachable", test_unreachable},
		{"/introduction/broken-book", test_broken_book},
		{"/introduction/pinned-earlier", test_pinned_earlier},
		{"/introduction/rotation-then-enrolment", test_rotation_then_enrolment},
		{"/introduction/nothing-pinned-by-failure", test_nothing_pinned_by_failure},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
	g_test_add_func("/introduction/link", test_link);
	g_test_add_func("/introduction/bad-link", test_bad_link);
	return g_test_run();
}
