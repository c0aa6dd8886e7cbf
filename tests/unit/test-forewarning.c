/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/forewarning.h"

#include "core/account/deletion.h"
#include "core/account/told.h"
#include "tests/fixtures/account-fixture.h"

#define DAY_S	  ((gint64)24 * 3600)
#define END	  ((gint64)1800000000)
#define BEGINNING (END - 100 * DAY_S)

static CsAccount
make_account(void)
{
	return (CsAccount){
		.managed = CS_MANAGED_YES,
		.certificate_fingerprint = (char *)"current",
		.certificate_not_before = BEGINNING,
		.certificate_not_after = END,
	};
}

static void
test_days(void)
{
	static const struct {
		gint64 before_end_s;
		guint days;
	} cases[] = {
		{100 * DAY_S, 0}, {14 * DAY_S + 1, 0}, {14 * DAY_S, 14}, {3 * DAY_S + 1, 14},
		{3 * DAY_S, 3},	  {DAY_S + 1, 3},      {DAY_S, 1},	 {0, 1},
		{-1, 0},	  {-DAY_S, 0},
	};
	CsAccount account = make_account();

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpuint(cs_forewarning_get_days(&account, END - cases[i].before_end_s), ==,
				 cases[i].days);
	/* what makes nobody managed is missed by nobody */
	account.managed = CS_MANAGED_NO;
	g_assert_cmpuint(cs_forewarning_get_days(&account, END), ==, 0);
	account = make_account();
	account.tombstone = TRUE;
	g_assert_cmpuint(cs_forewarning_get_days(&account, END), ==, 0);
	account = make_account();
	account.certificate_fingerprint = NULL;
	g_assert_cmpuint(cs_forewarning_get_days(&account, END), ==, 0);
	g_assert_cmpint(cs_forewarning_get_next(&account, 0), ==, 0);
}

static void
test_next(void)
{
	CsAccount account = make_account();

	g_assert_cmpint(cs_forewarning_get_next(&account, 0), ==, END - 14 * DAY_S);
	g_assert_cmpint(cs_forewarning_get_next(&account, END - 14 * DAY_S), ==, END - 3 * DAY_S);
	g_assert_cmpint(cs_forewarning_get_next(&account, END - 3 * DAY_S), ==, END - DAY_S);
	g_assert_cmpint(cs_forewarning_get_next(&account, END - DAY_S - 1), ==, END - DAY_S);
	g_assert_cmpint(cs_forewarning_get_next(&account, END - DAY_S), ==, 0);
}

/* What follows the current one without a gap, and is not known to be of no use. */
static void
test_successor(void)
{
	static const struct {
		const char *fingerprint;
		CsOutcome outcome;
		CsReason reason;
		gint64 not_before;
		gint64 not_after;
		gboolean succeeds;
	} cases[] = {
		{"next", CS_OUTCOME_FAILED, CS_REASON_CERTIFICATE_NOT_YET_VALID, END - DAY_S,
		 END + 9 * DAY_S, TRUE},
		{"next", CS_OUTCOME_FAILED, CS_REASON_CERTIFICATE_NOT_YET_VALID, END,
		 END + 9 * DAY_S, TRUE},
		{"gap", CS_OUTCOME_FAILED, CS_REASON_CERTIFICATE_NOT_YET_VALID, END + 1,
		 END + 9 * DAY_S, FALSE},
		{"short", CS_OUTCOME_FAILED, CS_REASON_CERTIFICATE_NOT_YET_VALID, END - DAY_S, END,
		 FALSE},
		{"broken", CS_OUTCOME_FAILED, CS_REASON_KEY_INACCESSIBLE, END - DAY_S,
		 END + 9 * DAY_S, FALSE},
		{"tie", CS_OUTCOME_OLDER, CS_REASON_NONE, BEGINNING, END + DAY_S, TRUE},
		{"older", CS_OUTCOME_OLDER, CS_REASON_NONE, BEGINNING - 1, END + DAY_S, FALSE},
		/* rule 6: it stays hidden when the other one has ended */
		{"hidden", CS_OUTCOME_HIDDEN, CS_REASON_NONE, BEGINNING, END + DAY_S, FALSE},
		{"current", CS_OUTCOME_OLDER, CS_REASON_NONE, BEGINNING, END + DAY_S, FALSE},
		{"current", CS_OUTCOME_SELECTED, CS_REASON_NONE, BEGINNING, END, FALSE},
	};
	CsAccount account = make_account();

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		CsCandidate candidate = {
			.fingerprint = (char *)cases[i].fingerprint,
			.outcome = cases[i].outcome,
			.reason = cases[i].reason,
			.not_before = cases[i].not_before,
			.not_after = cases[i].not_after,
		};
		CsIssuerExplanation issuer = {.candidates = g_ptr_array_new()};
		CsExplanation explanation = {.issuers = g_ptr_array_new()};

		g_assert_false(cs_forewarning_has_successor(&account, &explanation));
		g_ptr_array_add(issuer.candidates, &candidate);
		g_ptr_array_add(explanation.issuers, &issuer);
		g_assert_cmpint(cs_forewarning_has_successor(&account, &explanation), ==,
				cases[i].succeeds);
		g_ptr_array_unref(issuer.candidates);
		g_ptr_array_unref(explanation.issuers);
	}
}

typedef struct {
	CsTestServer *server;
	CsTestHome *home;
	char *id;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->server = cs_test_server_new();
	f->home = cs_test_home_new();
	f->id = cs_test_home_enrol(f->home, f->server, "ada");
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	g_free(f->id);
	cs_test_home_free(f->home);
	cs_test_server_free(f->server);
}

static gboolean
look(Fixture *f)
{
	gboolean is_noted = FALSE;

	cs_forewarning_look_at_keys(&f->home->client, &is_noted, NULL);
	return is_noted;
}

/* Once, and what was noted is what the pinned key vouched for. */
static void
test_keys(Fixture *f, gconstpointer data)
{
	g_autoptr(CsToldMemory) memory = NULL;
	const CsRotation *rotation = NULL;

	g_assert_false(look(f));
	cs_test_server_rotate(f->server, NULL, 1);
	g_assert_true(look(f));
	g_assert_false(look(f));
	memory = cs_told_memory_read(&f->home->client);
	g_assert_cmpuint(memory->rotations->len, ==, 1);
	rotation = memory->rotations->pdata[0];
	g_assert_cmpstr(rotation->organisation, ==, cs_test_server_get_url(f->server));
	g_assert_cmpstr(rotation->key, ==,
			cs_jwk_get_thumbprint(cs_test_server_get_key(f->server)));
	g_assert_cmpint(rotation->until, >, CS_TEST_SERVER_NOW);
	g_assert_false(rotation->is_told);
}

/* Whoever is not known here announces nothing; nor does a rotation that lies behind. */
static void
test_keys_of_others(Fixture *f, gconstpointer data)
{
	g_autoptr(CsPrivateKey) stranger = cs_private_key_generate_p256(NULL);

	cs_test_server_rotate(f->server, stranger, 1);
	g_assert_false(look(f));
	cs_test_server_stop(f->server);
	g_assert_false(look(f));
	cs_test_server_start(f->server);
}

/* A server where this user has no account any more is not asked. */
static void
test_keys_without_account(Fixture *f, gconstpointer data)
{
	gboolean pending = TRUE;
	guint calls = 0;

	g_assert_true(cs_deletion_delete(&f->home->client, f->id, &pending, NULL, NULL));
	cs_test_server_rotate(f->server, NULL, 1);
	calls = cs_test_server_count_calls(f->server, "/.well-known");
	g_assert_false(look(f));
	g_assert_cmpuint(cs_test_server_count_calls(f->server, "/.well-known"), ==, calls);
	cs_test_home_write_book(f->home, "{}");
	g_assert_false(look(f));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/forewarning/days", test_days);
	g_test_add_func("/forewarning/next", test_next);
	g_test_add_func("/forewarning/successor", test_successor);
	g_test_add("/forewarning/keys", Fixture, NULL, set_up, test_keys, tear_down);
	g_test_add("/forewarning/keys-of-others", Fixture, NULL, set_up, test_keys_of_others,
		   tear_down);
	g_test_add("/forewarning/keys-without-account", Fixture, NULL, set_up,
		   test_keys_without_account, tear_down);
	return g_test_run();
}
