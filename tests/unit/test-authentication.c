/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/authentication.h"

#include "core/account/account-book-private.h"
#include "core/base/error.h"
#include "tests/fixtures/account-fixture.h"

typedef struct {
	CsTestServer *server;
	CsTestFaults *faults;
	CsTestHome *home;
	CsTestIdentity *ca;
	char *id;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	const CsTestProfile ca = {.ca = TRUE};

	f->server = cs_test_server_new();
	f->faults = cs_test_server_get_faults(f->server);
	f->home = cs_test_home_new();
	f->id = cs_test_home_enrol(f->home, f->server, "ada");
	f->ca = cs_test_identity_new(&ca, NULL);
	cs_test_server_add_issuer(f->server, cs_test_identity_get_certificate(f->ca));
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_identity_free(f->ca);
	g_free(f->id);
	cs_test_home_free(f->home);
	cs_test_server_free(f->server);
}

static char *
install(Fixture *f)
{
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(NULL, f->ca);

	cs_test_home_install(f->home, "device", identity);
	return g_strdup(cs_certificate_get_fingerprint(cs_test_identity_get_certificate(identity)));
}

static CsAccount *
run(Fixture *f, gboolean *authenticated, CsExplanation **explanation)
{
	g_autoptr(GError) error = NULL;
	CsAccount *account = cs_authentication_run(&f->home->client, f->id, explanation,
						   authenticated, NULL, &error);

	g_assert_no_error(error);
	return account;
}

static void
expect_failure(Fixture *f, CsErrorCode code, const char *reason)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAccount) account =
		cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, &error);

	g_assert_error(error, CS_ERROR, (gint)code);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
	g_assert_null(account);
}

static CsAccount *
get_listed(Fixture *f)
{
	return cs_account_book_get(&f->home->client, f->id, NULL);
}

static void
test_managed(Fixture *f, gconstpointer data)
{
	g_autofree char *fingerprint = install(f);
	gboolean authenticated = FALSE;
	g_autoptr(CsExplanation) explanation = NULL;
	g_autoptr(CsAccount) account = run(f, &authenticated, &explanation);
	g_autoptr(CsAccount) listed = get_listed(f);
	g_autoptr(cJSON) kept = cs_account_book_get_explanation(&f->home->client, f->id, NULL);
	g_autoptr(cJSON) latest = cs_account_book_get_explanation(&f->home->client, NULL, NULL);

	g_assert_true(authenticated);
	g_assert_cmpint(account->managed, ==, CS_MANAGED_YES);
	g_assert_cmpint(account->reason, ==, CS_REASON_MANAGED);
	g_assert_cmpint(account->checked_at, ==, CS_TEST_SERVER_NOW);
	g_assert_cmpstr(account->certificate_fingerprint, ==, fingerprint);
	g_assert_cmpstr(account->request, ==, "request1");
	g_assert_cmpstr(explanation->selected, ==, fingerprint);
	/* rule 8: judged at the challenge's time, not by the device's clock */
	g_assert_cmpint(explanation->judged_at, ==, CS_TEST_SERVER_NOW);
	g_assert_false(explanation->by_device_clock);
	g_assert_cmpint(listed->managed, ==, CS_MANAGED_YES);
	g_assert_cmpstr(listed->certificate_fingerprint, ==, fingerprint);
	g_assert_cmpstr(cs_json_get_string(kept, "selected", NULL), ==, fingerprint);
	g_assert_true(cJSON_Compare(kept, latest, TRUE));
}

/* rule 2: a sign-in without an attestation still signs in */
static void
test_without_certificate(Fixture *f, gconstpointer data)
{
	gboolean authenticated = FALSE;
	g_autoptr(CsAccount) account = run(f, &authenticated, NULL);

	g_assert_true(authenticated);
	g_assert_cmpint(account->managed, ==, CS_MANAGED_NO);
	g_assert_cmpint(account->reason, ==, CS_REASON_NO_CERTIFICATE);
	g_assert_null(account->certificate_fingerprint);
	g_assert_null(cs_test_server_get_auth(f->server)->mah);
}

static void
test_without_issuers(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestServer) bare = cs_test_server_new();
	g_autoptr(CsAccount) account = NULL;

	g_free(f->id);
	f->id = cs_test_home_enrol(f->home, bare, "grace");
	account = run(f, NULL, NULL);
	g_assert_cmpint(account->reason, ==, CS_REASON_NO_ISSUERS);
}

static void
test_token(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = NULL;
	const CsAuthToken *auth;

	f->home->monotonic_us = 7 * G_USEC_PER_SEC;
	account = run(f, NULL, NULL);
	auth = cs_test_server_get_auth(f->server);
	g_assert_cmpint(auth->iat, ==, CS_TEST_SERVER_NOW);
	g_assert_cmpint(auth->exp, ==, CS_TEST_SERVER_NOW + 60);
	g_assert_cmpstr(auth->transport, ==, "direct");
	g_assert_null(auth->origin);
	g_assert_cmpuint(g_strv_length(auth->amr), ==, 2);
	g_assert_cmpstr(auth->amr[0], ==, "pop");
	g_assert_cmpstr(auth->amr[1], ==, "swk");
	g_assert_nonnull(account);
}

/* rule 4: the list of this very authentication counts */
static void
test_issuer_added_between(Fixture *f, gconstpointer data)
{
	const CsTestProfile other_ca = {.ca = TRUE, .subject = "CN=Other CA"};
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(&other_ca, NULL);
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(NULL, other);
	g_autoptr(CsAccount) before = NULL;
	g_autoptr(CsAccount) after = NULL;

	cs_test_home_install(f->home, "other", identity);
	before = run(f, NULL, NULL);
	g_assert_cmpint(before->reason, ==, CS_REASON_NO_CERTIFICATE);
	cs_test_server_add_issuer(f->server, cs_test_identity_get_certificate(other));
	after = run(f, NULL, NULL);
	g_assert_cmpint(after->managed, ==, CS_MANAGED_YES);
}

static void
test_refused(Fixture *f, gconstpointer data)
{
	gboolean authenticated = TRUE;
	g_autoptr(CsAccount) account = NULL;
	g_autoptr(CsAccount) listed = NULL;

	f->faults->reason = CS_REASON_DEVICE_SUSPENDED;
	account = run(f, &authenticated, NULL);
	g_assert_false(authenticated);
	g_assert_cmpint(account->managed, ==, CS_MANAGED_NO);
	g_assert_cmpint(account->reason, ==, CS_REASON_DEVICE_SUSPENDED);
	listed = get_listed(f);
	g_assert_cmpint(listed->reason, ==, CS_REASON_DEVICE_SUSPENDED);
}

/* rules 22 and 23: an account that the server ended is dropped on its signed word */
static void
test_ended(Fixture *f, gconstpointer data)
{
	static const CsReason ends[] = {CS_REASON_ACCOUNT_DELETED, CS_REASON_DEVICE_DEACTIVATED,
					CS_REASON_DEVICE_DELETED};

	for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
		g_autoptr(CsAccount) first = NULL;
		g_autoptr(CsAccount) account = NULL;
		gboolean authenticated = TRUE;

		g_free(f->id);
		f->id = cs_test_home_enrol(f->home, f->server, "grace");
		first = run(f, NULL, NULL);
		cs_test_server_end_account(f->server, f->id, ends[i]);
		account = run(f, &authenticated, NULL);
		g_assert_false(authenticated);
		g_assert_cmpint(account->managed, ==, CS_MANAGED_NO);
		g_assert_cmpint(account->reason, ==, ends[i]);
		g_assert_cmpstr(account->id, ==, f->id);
		g_assert_null(get_listed(f));
		/* The device's key and the first account's. */
		g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 2);
		g_assert_cmpuint(cs_test_home_count(f->home, "explanations"), ==, 0);
		g_assert_null(cs_account_book_get_explanation(&f->home->client, NULL, NULL));
	}
}

/* A server that has forgotten an account has not ended it. */
static void
test_forgotten(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = NULL;
	g_autoptr(CsAccount) listed = NULL;

	f->faults->reason = CS_REASON_ACCOUNT_UNKNOWN;
	account = run(f, NULL, NULL);
	listed = get_listed(f);
	g_assert_cmpint(listed->reason, ==, CS_REASON_ACCOUNT_UNKNOWN);
}

/* rule 23: and on no lesser word */
static void
test_ended_unsigned(Fixture *f, gconstpointer data)
{
	g_autoptr(CsPrivateKey) forger = cs_private_key_generate_p256(NULL);

	cs_test_server_end_account(f->server, f->id, CS_REASON_ACCOUNT_DELETED);
	f->faults->verdict_key = forger;
	expect_failure(f, CS_ERROR_SIGNATURE, "verdict-invalid");
	f->faults->verdict_key = NULL;
	f->faults->path = "/v1/transactions";
	f->faults->status = 404;
	f->faults->content_type = "application/problem+json";
	f->faults->body = "{\"code\":\"account-deleted\"}";
	expect_failure(f, CS_ERROR_REFUSED, "account-deleted");
	f->faults->status = 500;
	expect_failure(f, CS_ERROR_UNREACHABLE, "unreachable");
	g_assert_cmpuint(cs_test_home_count(f->home, "keys"), ==, 2);
}

static void
bend_verdict_issuer(CsVerdict *verdict)
{
	verdict->iss = (char *)"https://elsewhere.example";
}

static void
bend_verdict_audience(CsVerdict *verdict)
{
	verdict->aud = (char *)"another";
}

static void
bend_verdict_account(CsVerdict *verdict)
{
	verdict->account = (char *)"another";
}

static void
bend_verdict_device(CsVerdict *verdict)
{
	verdict->device_id = (char *)"another";
}

static void
bend_verdict_response(CsVerdict *verdict)
{
	static char other[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

	verdict->rsh = other;
}

static void
test_bent_verdict(Fixture *f, gconstpointer data)
{
	static void (*const bends[])(CsVerdict *) = {
		bend_verdict_issuer, bend_verdict_audience, bend_verdict_account,
		bend_verdict_device, bend_verdict_response,
	};
	g_autoptr(CsAccount) good = run(f, NULL, NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(bends); i++) {
		g_autoptr(CsAccount) listed = NULL;

		f->faults->bend_verdict = bends[i];
		expect_failure(f, CS_ERROR_SIGNATURE, "verdict-invalid");
		listed = get_listed(f);
		g_assert_cmpint(listed->reason, ==, good->reason);
	}
}

static void
name_certificate(CsVerdict *verdict)
{
	static char other[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	g_free(verdict->certificate_fingerprint);
	g_free(verdict->certificate_issuer);
	verdict->managed = FALSE;
	verdict->device_reason = CS_REASON_CERTIFICATE_REVOKED;
	verdict->certificate_fingerprint = g_strdup(other);
	verdict->certificate_issuer = g_strdup("CN=Another organisation");
}

/* rule 9: a server cannot have a certificate deleted that it was not shown */
static void
test_foreign_certificate(Fixture *f, gconstpointer data)
{
	g_autofree char *fingerprint = NULL;
	g_autoptr(CsAccount) listed = NULL;

	f->faults->bend_verdict = name_certificate;
	expect_failure(f, CS_ERROR_SIGNATURE, "verdict-invalid");
	fingerprint = install(f);
	expect_failure(f, CS_ERROR_SIGNATURE, "verdict-invalid");
	f->faults->bend_verdict = NULL;
	listed = run(f, NULL, NULL);
	g_assert_cmpstr(listed->certificate_fingerprint, ==, fingerprint);
}

static void
test_verdict_no_token(Fixture *f, gconstpointer data)
{
	f->faults->path = "/v1/transactions/";
	f->faults->status = 200;
	f->faults->content_type = "application/json";
	f->faults->body = "{\"verdict\":\"managed\"}";
	expect_failure(f, CS_ERROR_SIGNATURE, "verdict-invalid");
	f->faults->body = "{\"verdict\":true}";
	expect_failure(f, CS_ERROR_UNREACHABLE, "unreachable");
	f->faults->body = "{}";
	expect_failure(f, CS_ERROR_UNREACHABLE, "unreachable");
}

/* The last verdict stays. */
static void
test_unreachable(Fixture *f, gconstpointer data)
{
	g_autofree char *fingerprint = install(f);
	g_autoptr(CsAccount) before = run(f, NULL, NULL);
	g_autoptr(CsAccount) after = NULL;

	cs_test_server_stop(f->server);
	expect_failure(f, CS_ERROR_UNREACHABLE, "unreachable");
	cs_test_server_start(f->server);
	f->faults->path = "/v1/transactions/";
	f->faults->lose_answer = TRUE;
	expect_failure(f, CS_ERROR_UNREACHABLE, "unreachable");
	after = get_listed(f);
	g_assert_cmpint(after->managed, ==, CS_MANAGED_YES);
	g_assert_cmpint(after->checked_at, ==, before->checked_at);
	g_assert_cmpstr(after->certificate_fingerprint, ==, fingerprint);
}

static void
test_unknown_account(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_authentication_run(&f->home->client, "nobody", NULL, NULL, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_null(cs_authentication_explain(&f->home->client, "../x", NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
}

static void
test_key_missing(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = get_listed(f);
	g_autofree char *key = g_build_filename(f->home->state, "keys", account->key_file, NULL);

	g_assert_true(g_file_set_contents(key, "no key", -1, NULL));
	expect_failure(f, CS_ERROR_STATE, "key-unusable");
	g_assert_cmpint(remove(key), ==, 0);
	expect_failure(f, CS_ERROR_STATE, "key-missing");
}

static void
test_cancelled(Fixture *f, gconstpointer data)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;

	g_cancellable_cancel(cancellable);
	g_assert_null(
		cs_authentication_run(&f->home->client, f->id, NULL, NULL, cancellable, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* The successor that the pinned key introduced is pinned in its place, over two steps at once. */
static void
test_rotation(Fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) organisations = NULL;
	g_autoptr(CsAccount) account = NULL;
	g_autoptr(CsAccount) again = NULL;
	const CsOrganisation *organisation;
	guint n_asked;

	cs_test_server_rotate(f->server, NULL, 1);
	cs_test_server_rotate(f->server, NULL, 2);
	account = run(f, NULL, NULL);
	organisations = cs_account_book_list_organisations(&f->home->client, NULL);
	organisation = g_ptr_array_index(organisations, 0);
	g_assert_cmpstr(cs_jwk_get_thumbprint(organisation->server_key), ==,
			cs_jwk_get_thumbprint(cs_test_server_get_key(f->server)));
	g_assert_cmpint(organisation->sequence, ==, 2);
	/* From now on it is the pin, and nobody is asked. */
	n_asked = cs_test_server_count_calls(f->server, "/.well-known/");
	again = run(f, NULL, NULL);
	g_assert_cmpuint(cs_test_server_count_calls(f->server, "/.well-known/"), ==, n_asked);
}

/* Nobody's word but the pinned key's moves the pin. */
static void
test_rotation_forged(Fixture *f, gconstpointer data)
{
	g_autoptr(CsPrivateKey) forger = cs_private_key_generate_p256(NULL);

	cs_test_server_rotate(f->server, forger, 1);
	expect_failure(f, CS_ERROR_SIGNATURE, "server-key-unknown");
}

/* The key before is not a way back. */
static void
test_rotation_backwards(Fixture *f, gconstpointer data)
{
	g_autoptr(CsPrivateKey) first =
		cs_private_key_ref(cs_test_server_get_private_key(f->server));
	g_autoptr(CsAccount) account = NULL;

	cs_test_server_rotate(f->server, NULL, 1);
	account = run(f, NULL, NULL);
	f->faults->challenge_key = first;
	f->faults->verdict_key = first;
	expect_failure(f, CS_ERROR_SIGNATURE, "server-key-unknown");
}

/* A verdict by another key than the challenge's does not count, be it the pinned one. */
static void
test_verdict_by_other_key(Fixture *f, gconstpointer data)
{
	g_autoptr(CsPrivateKey) first =
		cs_private_key_ref(cs_test_server_get_private_key(f->server));

	cs_test_server_rotate(f->server, NULL, 1);
	f->faults->verdict_key = first;
	expect_failure(f, CS_ERROR_SIGNATURE, "verdict-invalid");
}

static void
bend_time(CsVerdict *verdict)
{
	verdict->iat -= 1000000;
}

/* The last verdict counts, even if the server's clock was set back. */
static void
test_clock_set_back(Fixture *f, gconstpointer data)
{
	g_autoptr(CsAccount) before = run(f, NULL, NULL);
	g_autofree char *fingerprint = install(f);
	g_autoptr(CsAccount) after = NULL;
	g_autoptr(CsAccount) listed = NULL;

	f->faults->bend_verdict = bend_time;
	after = run(f, NULL, NULL);
	listed = get_listed(f);
	g_assert_cmpint(before->managed, ==, CS_MANAGED_NO);
	g_assert_cmpint(listed->managed, ==, CS_MANAGED_YES);
	g_assert_cmpint(listed->checked_at, ==, CS_TEST_SERVER_NOW - 1000000);
	g_assert_cmpstr(listed->certificate_fingerprint, ==, fingerprint);
}

static void
test_explain(Fixture *f, gconstpointer data)
{
	g_autofree char *fingerprint = install(f);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsExplanation) explanation =
		cs_authentication_explain(&f->home->client, f->id, NULL, &error);
	g_autoptr(CsAccount) listed = get_listed(f);

	g_assert_no_error(error);
	g_assert_cmpstr(explanation->selected, ==, fingerprint);
	g_assert_cmpint(explanation->judged_at, ==, CS_TEST_SERVER_NOW);
	g_assert_false(explanation->by_device_clock);
	/* Abandoned: nothing was answered and nothing kept. */
	g_assert_cmpuint(cs_test_server_count_calls(f->server, "/v1/transactions/"), ==, 0);
	g_assert_cmpint(listed->managed, ==, CS_MANAGED_UNKNOWN);
	g_assert_null(cs_account_book_get_explanation(&f->home->client, NULL, &error));
	g_assert_no_error(error);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Fixture *, gconstpointer);
	} tests[] = {
		{"/authentication/managed", test_managed},
		{"/authentication/without-certificate", test_without_certificate},
		{"/authentication/without-issuers", test_without_issuers},
		{"/authentication/token", test_token},
		{"/authentication/issuer-added-between", test_issuer_added_between},
		{"/authentication/refused", test_refused},
		{"/authentication/ended", test_ended},
		{"/authentication/forgotten", test_forgotten},
		{"/authentication/ended-unsigned", test_ended_unsigned},
		{"/authentication/bent-verdict", test_bent_verdict},
		{"/authentication/foreign-certificate", test_foreign_certificate},
		{"/authentication/verdict-no-token", test_verdict_no_token},
		{"/authentication/unreachable", test_unreachable},
		{"/authentication/unknown-account", test_unknown_account},
		{"/authentication/key-missing", test_key_missing},
		{"/authentication/cancelled", test_cancelled},
		{"/authentication/rotation", test_rotation},
		{"/authentication/rotation-forged", test_rotation_forged},
		{"/authentication/rotation-backwards", test_rotation_backwards},
		{"/authentication/verdict-by-other-key", test_verdict_by_other_key},
		{"/authentication/clock-set-back", test_clock_set_back},
		{"/authentication/explain", test_explain},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
