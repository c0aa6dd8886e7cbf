/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/transaction.h"

#include "core/base/error.h"
#include "tests/fixtures/account-fixture.h"

#include <string.h>

typedef struct {
	CsTestServer *server;
	CsTestFaults *faults;
	CsTestHome *home;
	char *id;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	const CsTestProfile ca = {.ca = TRUE};
	g_autoptr(CsTestIdentity) issuer = cs_test_identity_new(&ca, NULL);

	f->server = cs_test_server_new();
	f->faults = cs_test_server_get_faults(f->server);
	f->home = cs_test_home_new();
	f->id = cs_test_home_enrol(f->home, f->server, "ada");
	cs_test_server_add_issuer(f->server, cs_test_identity_get_certificate(issuer));
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	g_free(f->id);
	cs_test_home_free(f->home);
	cs_test_server_free(f->server);
}

static void
expect_failure(Fixture *f, CsErrorCode code, const char *reason)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsTransaction) transaction =
		cs_transaction_open(&f->home->client, f->id, NULL, NULL, &error);

	g_assert_error(error, CS_ERROR, (gint)code);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
	g_assert_null(transaction);
}

static void
test_open(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsTransaction) transaction =
		cs_transaction_open(&f->home->client, f->id, NULL, NULL, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(transaction->challenge->aud, ==, f->id);
	g_assert_cmpuint(transaction->issuers->len, ==, 1);
	g_assert_cmpint(cs_server_time_get_now(&transaction->time, &f->home->client), ==,
			CS_TEST_SERVER_NOW);
	/* The challenge's time goes on by the monotonic clock. */
	f->home->monotonic_us += 5 * G_USEC_PER_SEC + 1;
	g_assert_cmpint(cs_server_time_get_now(&transaction->time, &f->home->client), ==,
			CS_TEST_SERVER_NOW + 5);
}

/* A path of the same server's is not the server. */
static void
bend_issuer(CsChallenge *challenge)
{
	static char issuer[256];

	g_snprintf(issuer, sizeof(issuer), "%s/v1", challenge->iss);
	challenge->iss = issuer;
}

static void
bend_everywhere(CsChallenge *challenge)
{
	challenge->iss = (char *)"https://elsewhere.example";
	challenge->verify_uri =
		(char *)"https://elsewhere.example/v1/transactions/txn0123456789/response";
}

static void
bend_audience(CsChallenge *challenge)
{
	challenge->aud = challenge->iss;
}

static void
bend_transaction(CsChallenge *challenge)
{
	challenge->txn = (char *)"another";
}

static void
bend_address(CsChallenge *challenge)
{
	static char address[256];

	g_snprintf(address, sizeof(address), "%s/v1/transactions/x/response", challenge->iss);
	challenge->verify_uri = address;
}

static void
bend_transport(CsChallenge *challenge)
{
	challenge->transport = (char *)"loopback";
}

static void
bend_list(CsChallenge *challenge)
{
	challenge->ilh = challenge->nonce;
}

static void
test_bent_challenge(Fixture *f, gconstpointer data)
{
	static void (*const bends[])(CsChallenge *) = {
		bend_issuer,  bend_everywhere, bend_audience, bend_transaction,
		bend_address, bend_transport,  bend_list,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bends); i++) {
		f->faults->bend_challenge = bends[i];
		expect_failure(f, CS_ERROR_SIGNATURE, "challenge-invalid");
	}
}

static void
bend_cross_account(CsChallenge *challenge)
{
	challenge->aud = (char *)"another";
}

static void
test_for_another_account(Fixture *f, gconstpointer data)
{
	f->faults->bend_challenge = bend_cross_account;
	expect_failure(f, CS_ERROR_SIGNATURE, "challenge-invalid");
}

static void
test_unknown_signer(Fixture *f, gconstpointer data)
{
	g_autoptr(CsPrivateKey) forger = cs_private_key_generate_p256(NULL);

	f->faults->challenge_key = forger;
	expect_failure(f, CS_ERROR_SIGNATURE, "server-key-unknown");
}

static void
replace(cJSON *answer, const char *name, cJSON *value)
{
	cJSON_ReplaceItemInObjectCaseSensitive(answer, name, value);
}

/* A signature of the pinned key's over something else. */
static void
break_signature(cJSON *answer)
{
	const char *token = cs_json_get_string(answer, "challenge", NULL);
	g_auto(GStrv) parts = g_strsplit(token, ".", 3);
	g_autofree char *broken = g_strdup_printf("%s.%s.%s", parts[0], parts[1], parts[2]);
	char *middle = broken + strlen(parts[0]) + 1 + strlen(parts[1]) / 2;

	*middle = *middle == 'A' ? 'B' : 'A';
	replace(answer, "challenge", cJSON_CreateString(broken));
}

static void
make_no_token(cJSON *answer)
{
	replace(answer, "challenge", cJSON_CreateString("challenge"));
}

static void
drop_issuer(cJSON *answer)
{
	replace(answer, "issuers", cJSON_CreateArray());
}

static void
break_issuer(cJSON *answer)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, "issuers");

	replace(cJSON_GetArrayItem(list, 0), "cert", cJSON_CreateString("AAAA"));
}

static void
repeat_issuer(cJSON *answer)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, "issuers");

	for (guint i = 0; i < CS_MAX_ISSUERS; i++)
		cJSON_AddItemToArray(list, cJSON_Duplicate(cJSON_GetArrayItem(list, 0), TRUE));
}

static void
test_bent_answer(Fixture *f, gconstpointer data)
{
	static void (*const bends[])(cJSON *) = {
		break_signature, make_no_token, drop_issuer, break_issuer, repeat_issuer,
	};

	f->faults->path = "/v1/transactions";
	for (gsize i = 0; i < G_N_ELEMENTS(bends); i++) {
		f->faults->bend_answer = bends[i];
		expect_failure(f, CS_ERROR_SIGNATURE, "challenge-invalid");
	}
}

static void
number_transaction(cJSON *answer)
{
	replace(answer, "transaction", cJSON_CreateNumber(1));
}

static void
escape_transaction(cJSON *answer)
{
	replace(answer, "transaction", cJSON_CreateString("../../x"));
}

static void
drop_challenge(cJSON *answer)
{
	cJSON_DeleteItemFromObjectCaseSensitive(answer, "challenge");
}

static void
number_issuers(cJSON *answer)
{
	replace(answer, "issuers", cJSON_CreateNumber(1));
}

static void
add_member(cJSON *answer)
{
	cs_json_add_string(answer, "more", "x");
}

static void
test_malformed_answer(Fixture *f, gconstpointer data)
{
	static void (*const bends[])(cJSON *) = {
		number_transaction, escape_transaction, drop_challenge, number_issuers, add_member,
	};

	f->faults->path = "/v1/transactions";
	for (gsize i = 0; i < G_N_ELEMENTS(bends); i++) {
		f->faults->bend_answer = bends[i];
		expect_failure(f, CS_ERROR_UNREACHABLE, "unreachable");
	}
}

/* Where the server is away when its rotations are asked for, nothing is known. */
static void
test_rotation_unreachable(Fixture *f, gconstpointer data)
{
	cs_test_server_rotate(f->server, NULL, 1);
	f->faults->path = "/.well-known/";
	f->faults->status = 503;
	expect_failure(f, CS_ERROR_UNREACHABLE, "unreachable");
}

static void
test_no_account(Fixture *f, gconstpointer data)
{
	g_free(f->id);
	f->id = g_strdup("nobody");
	expect_failure(f, CS_ERROR_NOT_FOUND, "not-found");
}

static void
test_broken_book(Fixture *f, gconstpointer data)
{
	cs_test_home_write_book(f->home, "[]");
	expect_failure(f, CS_ERROR_STATE, "state-invalid");
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Fixture *, gconstpointer);
	} tests[] = {
		{"/transaction/open", test_open},
		{"/transaction/bent-challenge", test_bent_challenge},
		{"/transaction/for-another-account", test_for_another_account},
		{"/transaction/unknown-signer", test_unknown_signer},
		{"/transaction/bent-answer", test_bent_answer},
		{"/transaction/malformed-answer", test_malformed_answer},
		{"/transaction/rotation-unreachable", test_rotation_unreachable},
		{"/transaction/no-account", test_no_account},
		{"/transaction/broken-book", test_broken_book},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
