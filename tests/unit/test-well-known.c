/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/well-known.h"

#include "core/base/error.h"
#include "tests/fixtures/account-fixture.h"

typedef struct {
	CsTestServer *server;
	CsTestFaults *faults;
	CsTestHome *home;
	CsOrganisation organisation; /* as pinned at first */
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->server = cs_test_server_new();
	f->faults = cs_test_server_get_faults(f->server);
	f->home = cs_test_home_new();
	f->organisation.url = (char *)cs_test_server_get_url(f->server);
	f->organisation.server_key = cs_jwk_ref((CsJwk *)cs_test_server_get_key(f->server));
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_jwk_unref(f->organisation.server_key);
	cs_test_home_free(f->home);
	cs_test_server_free(f->server);
}

static CsWellKnown *
fetch(Fixture *f, GError **error)
{
	return cs_well_known_fetch(&f->home->client, cs_test_server_get_url(f->server), NULL,
				   error);
}

static void
test_fetch(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsWellKnown) well_known = fetch(f, &error);
	const CsJwk *key;

	g_assert_no_error(error);
	g_assert_cmpstr(well_known->url, ==, cs_test_server_get_url(f->server));
	/* Fit for a terminal. */
	g_assert_cmpstr(well_known->name, ==, "Example [31mCorp");
	g_assert_cmpuint(well_known->keys->len, ==, 1);
	key = g_ptr_array_index(well_known->keys, 0);
	g_assert_cmpstr(cs_jwk_get_thumbprint(key), ==,
			cs_jwk_get_thumbprint(cs_test_server_get_key(f->server)));
	g_assert_cmpuint(well_known->rotations->len, ==, 0);
}

static void
replace(cJSON *answer, const char *name, cJSON *value)
{
	cJSON_ReplaceItemInObjectCaseSensitive(answer, name, value);
}

static void
bend_issuer(cJSON *answer)
{
	replace(answer, "issuer", cJSON_CreateString("https://other.example"));
}

static void
empty_keys(cJSON *answer)
{
	replace(answer, "keys", cJSON_CreateArray());
}

static void
break_key(cJSON *answer)
{
	replace(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(answer, "keys"), 0), "x",
		cJSON_CreateString("AAAA"));
}

static void
repeat_key(cJSON *answer)
{
	cJSON *keys = cJSON_GetObjectItemCaseSensitive(answer, "keys");

	for (guint i = 0; i < 16; i++)
		cJSON_AddItemToArray(keys, cJSON_Duplicate(cJSON_GetArrayItem(keys, 0), TRUE));
}

static void
number_rotation(cJSON *answer)
{
	cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(answer, "rotations"),
			     cJSON_CreateNumber(1));
}

static void
repeat_rotation(cJSON *answer)
{
	for (guint i = 0; i < 65; i++)
		cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(answer, "rotations"),
				     cJSON_CreateString("x"));
}

static void
drop_name(cJSON *answer)
{
	cJSON_DeleteItemFromObjectCaseSensitive(answer, "name");
}

static void
drop_rotations(cJSON *answer)
{
	cJSON_DeleteItemFromObjectCaseSensitive(answer, "rotations");
}

static void
add_member(cJSON *answer)
{
	cs_json_add_string(answer, "more", "x");
}

static void
test_malformed(Fixture *f, gconstpointer data)
{
	static void (*const bends[])(cJSON *) = {
		bend_issuer,	 empty_keys, break_key,	     repeat_key, number_rotation,
		repeat_rotation, drop_name,  drop_rotations, add_member,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bends); i++) {
		g_autoptr(GError) error = NULL;

		f->faults->bend_answer = bends[i];
		g_assert_null(fetch(f, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_UNREACHABLE);
	}
}

static void
empty_name(cJSON *answer)
{
	replace(answer, "name", cJSON_CreateString(" "));
}

static void
test_nameless(Fixture *f, gconstpointer data)
{
	g_autoptr(CsWellKnown) well_known = NULL;

	f->faults->bend_answer = empty_name;
	well_known = fetch(f, NULL);
	g_assert_cmpstr(well_known->name, ==, cs_test_server_get_url(f->server));
}

/* A token by the server's present key, whatever it says. */
static char *
make_token(Fixture *f)
{
	const CsDeleteToken token = {
		.aud = f->organisation.url,
		.nonce = (char *)"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		.account = (char *)"abc",
	};

	return cs_delete_token_sign(&token, cs_test_server_get_private_key(f->server), NULL);
}

static CsJwk *
find_signer(Fixture *f, const char *token, gint64 *sequence, GError **error)
{
	return cs_well_known_find_signer(&f->home->client, &f->organisation, token, sequence, NULL,
					 error);
}

static void
expect_signer(Fixture *f, gint64 expected_sequence)
{
	g_autofree char *token = make_token(f);
	g_autoptr(GError) error = NULL;
	gint64 sequence = -1;
	g_autoptr(CsJwk) key = find_signer(f, token, &sequence, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(cs_jwk_get_thumbprint(key), ==,
			cs_jwk_get_thumbprint(cs_test_server_get_key(f->server)));
	g_assert_cmpint(sequence, ==, expected_sequence);
}

static void
expect_unknown(Fixture *f)
{
	g_autofree char *token = make_token(f);
	g_autoptr(GError) error = NULL;
	gint64 sequence = -1;

	g_assert_null(find_signer(f, token, &sequence, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_SIGNATURE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "server-key-unknown");
}

static void
test_pinned(Fixture *f, gconstpointer data)
{
	f->organisation.sequence = 5;
	expect_signer(f, 5);
	g_assert_cmpuint(cs_test_server_count_calls(f->server, "/"), ==, 0);
}

static void
test_successors(Fixture *f, gconstpointer data)
{
	f->organisation.sequence = 5;
	cs_test_server_rotate(f->server, NULL, 6);
	expect_signer(f, 6);
	cs_test_server_rotate(f->server, NULL, 9);
	expect_signer(f, 9);
}

/* The key behind a rotation that the pinned key did not sign is nobody's. */
static void
test_forged(Fixture *f, gconstpointer data)
{
	g_autoptr(CsPrivateKey) forger = cs_private_key_generate_p256(NULL);

	cs_test_server_rotate(f->server, forger, 1);
	expect_unknown(f);
	cs_test_server_rotate(f->server, NULL, 2);
	expect_unknown(f);
}

/* An old rotation is not played again. */
static void
test_sequence(Fixture *f, gconstpointer data)
{
	f->organisation.sequence = 5;
	cs_test_server_rotate(f->server, NULL, 5);
	expect_unknown(f);
}

static void
test_sequence_falls(Fixture *f, gconstpointer data)
{
	cs_test_server_rotate(f->server, NULL, 2);
	cs_test_server_rotate(f->server, NULL, 1);
	expect_unknown(f);
}

/* The keys that TLS vouches for never replace a pin. */
static void
test_listed_only(Fixture *f, gconstpointer data)
{
	g_autoptr(CsPrivateKey) other = cs_private_key_generate_p256(NULL);

	cs_jwk_unref(f->organisation.server_key);
	f->organisation.server_key = cs_jwk_new_from_private_key(other, NULL);
	expect_unknown(f);
}

static gboolean
is_key(const CsJwk *key, gpointer wanted)
{
	return g_str_equal(cs_jwk_get_thumbprint(key), cs_jwk_get_thumbprint(wanted));
}

static void
test_other_organisation(Fixture *f, gconstpointer data)
{
	g_autoptr(CsPrivateKey) next = cs_private_key_generate_p256(NULL);
	g_autoptr(CsJwk) next_jwk = cs_jwk_new_from_private_key(next, NULL);
	const CsKeysToken token = {
		.iss = (char *)"https://other.example",
		.sequence = 1,
		.iat = CS_TEST_SERVER_NOW,
		.overlap_until = CS_TEST_SERVER_NOW + 60,
		.next = next_jwk,
	};
	g_autofree char *rotation =
		cs_keys_token_sign(&token, cs_test_server_get_private_key(f->server), NULL);
	g_autoptr(CsWellKnown) well_known = fetch(f, NULL);
	gint64 sequence = 0;

	g_assert_nonnull(rotation);
	g_ptr_array_add(well_known->rotations, g_steal_pointer(&rotation));
	g_assert_null(cs_well_known_walk(well_known, f->organisation.server_key, &sequence, is_key,
					 next_jwk));
	g_assert_cmpint(sequence, ==, 0);
}

static void
test_no_token(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token = NULL;
	gint64 sequence = 0;

	g_assert_null(find_signer(f, "no token", &sequence, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	g_clear_error(&error);
	cs_test_server_rotate(f->server, NULL, 1);
	cs_test_server_stop(f->server);
	token = make_token(f);
	g_assert_null(find_signer(f, token, &sequence, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNREACHABLE);
	cs_test_server_start(f->server);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Fixture *, gconstpointer);
	} tests[] = {
		{"/well-known/fetch", test_fetch},
		{"/well-known/malformed", test_malformed},
		{"/well-known/nameless", test_nameless},
		{"/well-known/pinned", test_pinned},
		{"/well-known/successors", test_successors},
		{"/well-known/forged", test_forged},
		{"/well-known/sequence", test_sequence},
		{"/well-known/sequence-falls", test_sequence_falls},
		{"/well-known/listed-only", test_listed_only},
		{"/well-known/other-organisation", test_other_organisation},
		{"/well-known/no-token", test_no_token},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
