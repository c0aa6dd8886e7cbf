/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/proofs.h"

#include "tests/fixtures/verifier-fixture.h"

/* What was verified ahead counts for the very token and key with which it was, and for nothing
 * else. */

static void
nothing(CsTestWorld *world)
{
}

static void
response_signature_broken(CsTestWorld *world)
{
	cs_test_corrupt_signature(world->response_token);
}

static void
proof_signature_broken(CsTestWorld *world)
{
	cs_test_corrupt_signature(world->proof_token);
}

static void
attestation_signature_broken(CsTestWorld *world)
{
	cs_test_corrupt_signature(world->attestation_token);
}

static void
proof_missing(CsTestWorld *world)
{
	world->input.device_proof = NULL;
}

static void
attestation_missing(CsTestWorld *world)
{
	world->input.attestation = NULL;
}

static void
account_key_broken(CsTestWorld *world)
{
	cs_test_set_text(&world->account->jwk, "{}");
}

static void
account_key_misfiled(CsTestWorld *world)
{
	cs_test_set_text(&world->account->thumbprint, world->key->thumbprint);
}

static void
device_key_misfiled(CsTestWorld *world)
{
	cs_test_set_text(&world->key->thumbprint, world->account->thumbprint);
}

static const CsAuthToken *
get_response(const CsProofs *proofs, const CsTestWorld *world)
{
	return cs_proofs_get_response(proofs, world->input.response, world->account->jwk,
				      world->account->thumbprint);
}

static const CsDeviceProof *
get_device_proof(const CsProofs *proofs, const CsTestWorld *world)
{
	return cs_proofs_get_device_proof(proofs, world->input.device_proof, world->key->jwk,
					  world->key->thumbprint);
}

/* How far they come: of response, device proof and attestation, how many are proven. */
static const struct {
	const char *name;
	void (*change)(CsTestWorld *world);
	CsTestStep step;
	guint proven;
} cases[] = {
	{"good", nothing, CS_TEST_STEP_TOKENS, 3},
	{"response-signature-broken", response_signature_broken, CS_TEST_STEP_TOKENS, 0},
	{"account-key-broken", account_key_broken, CS_TEST_STEP_ROWS, 0},
	{"account-key-misfiled", account_key_misfiled, CS_TEST_STEP_TOKENS, 0},
	{"proof-missing", proof_missing, CS_TEST_STEP_TOKENS, 1},
	{"proof-signature-broken", proof_signature_broken, CS_TEST_STEP_TOKENS, 1},
	{"device-key-misfiled", device_key_misfiled, CS_TEST_STEP_TOKENS, 1},
	{"attestation-missing", attestation_missing, CS_TEST_STEP_TOKENS, 2},
	{"attestation-signature-broken", attestation_signature_broken, CS_TEST_STEP_TOKENS, 2},
};

static void
test_proven(gconstpointer data)
{
	gsize at = GPOINTER_TO_SIZE(data);
	CsTestWorld world;
	g_autoptr(CsProofs) proofs = NULL;

	cs_test_world_init(&world,
			   &(CsTestCase){.step = cases[at].step, .change = cases[at].change});
	proofs = cs_test_world_dup_proofs(&world);
	g_assert_true((get_response(proofs, &world) != NULL) == (cases[at].proven > 0));
	g_assert_true((get_device_proof(proofs, &world) != NULL) == (cases[at].proven > 1));
	g_assert_true((cs_proofs_get_attestation(proofs, world.input.attestation) != NULL) ==
		      (cases[at].proven > 2));
	cs_test_world_clear(&world);
}

static void
test_of_this_token_and_key_only(void)
{
	CsTestWorld world;
	g_autoptr(CsProofs) proofs = NULL;
	const char *response = NULL;
	const char *proof = NULL;
	const CsAccountRow *account = NULL;
	const CsDeviceKeyRow *key = NULL;

	cs_test_world_init(&world, &(CsTestCase){.step = CS_TEST_STEP_ROWS});
	proofs = cs_test_world_dup_proofs(&world);
	response = world.input.response;
	proof = world.input.device_proof;
	account = world.account;
	key = world.key;
	g_assert_cmpstr(get_response(proofs, &world)->iss, ==, account->id);
	g_assert_null(cs_proofs_get_response(NULL, response, account->jwk, account->thumbprint));
	g_assert_null(cs_proofs_get_response(proofs, proof, account->jwk, account->thumbprint));
	g_assert_null(cs_proofs_get_response(proofs, response, key->jwk, account->thumbprint));
	g_assert_null(cs_proofs_get_response(proofs, response, account->jwk, key->thumbprint));
	g_assert_cmpstr(get_device_proof(proofs, &world)->device_id, ==, key->device_id);
	g_assert_null(cs_proofs_get_device_proof(NULL, proof, key->jwk, key->thumbprint));
	g_assert_null(cs_proofs_get_device_proof(proofs, response, key->jwk, key->thumbprint));
	g_assert_null(cs_proofs_get_device_proof(proofs, proof, account->jwk, key->thumbprint));
	g_assert_null(cs_proofs_get_device_proof(proofs, proof, key->jwk, account->thumbprint));
	g_assert_nonnull(cs_proofs_get_attestation(proofs, world.input.attestation));
	g_assert_null(cs_proofs_get_attestation(NULL, world.input.attestation));
	g_assert_null(cs_proofs_get_attestation(proofs, response));
	cs_test_world_clear(&world);
}

static void
test_not_verified(void)
{
	CsTestWorld world;
	g_autoptr(CsProofs) proofs = NULL;

	cs_test_world_init(&world, &(CsTestCase){.step = CS_TEST_STEP_ROWS});
	proofs = cs_proofs_new(&(CsProofsInput){
		.response = world.input.response,
		.account_jwk = world.account->jwk,
		.account_thumbprint = world.account->thumbprint,
	});
	g_assert_null(get_response(proofs, &world));
	cs_test_world_clear(&world);
	cs_proofs_free(NULL);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/proofs/proven/", cases[i].name, NULL);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_proven);
	}
	g_test_add_func("/proofs/of-this-token-and-key-only", test_of_this_token_and_key_only);
	g_test_add_func("/proofs/not-verified", test_not_verified);
	return g_test_run();
}
