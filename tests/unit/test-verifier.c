/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/verifier-fixture.h"

/* The authentication: from the response's form to the account's state. */

static void
replace_key_text(char **jwk, CsPrivateKey *key)
{
	g_free(*jwk);
	*jwk = cs_test_dup_jwk(key);
}

static void
nothing(CsTestWorld *world)
{
}

/* The response. */

static void
response_garbage(CsTestWorld *world)
{
	world->input.response = "no.token.";
}

static void
response_of_other_type(CsTestWorld *world)
{
	world->input.response = world->proof_token;
}

static void
response_too_large(CsTestWorld *world)
{
	g_free(world->response_token);
	world->response_token = g_strnfill(CS_JWS_MAX_BYTES + 1, 'A');
	world->input.response = world->response_token;
}

static void
account_missing(CsTestWorld *world)
{
	world->input.account = NULL;
}

static void
response_signature_broken(CsTestWorld *world)
{
	cs_test_corrupt_signature(world->response_token);
}

static void
response_by_other_key(CsTestWorld *world)
{
	CsPrivateKey *other = world->other_key;

	world->other_key = world->account_key;
	world->account_key = other;
}

static void
account_key_broken(CsTestWorld *world)
{
	cs_test_set_text(&world->account->jwk, "{}");
}

static void
account_key_misfiled(CsTestWorld *world)
{
	replace_key_text(&world->account->jwk, world->other_key);
}

static void
response_of_other_account(CsTestWorld *world)
{
	cs_test_set_text(&world->auth->iss, "account2");
	cs_test_set_text(&world->auth->sub, "account2");
}

/* The device proof. */

static void
proof_missing(CsTestWorld *world)
{
	world->input.device_proof = NULL;
}

static void
proof_garbage(CsTestWorld *world)
{
	world->input.device_proof = "no.proof.";
}

static void
device_key_missing(CsTestWorld *world)
{
	world->input.key = NULL;
}

static void
device_key_of_other_account(CsTestWorld *world)
{
	cs_test_set_text(&world->key->id, "key2");
}

static void
device_key_of_other_device(CsTestWorld *world)
{
	cs_test_set_text(&world->key->device_id, "device2");
}

static void
response_claims_other_device(CsTestWorld *world)
{
	cs_test_set_text(&world->auth->device_id, "device2");
}

static void
device_key_broken(CsTestWorld *world)
{
	cs_test_set_text(&world->key->jwk, "{}");
}

static void
proof_by_other_key(CsTestWorld *world)
{
	CsPrivateKey *other = world->other_key;

	world->other_key = world->device_key;
	world->device_key = other;
}

static void
proof_signature_broken(CsTestWorld *world)
{
	cs_test_corrupt_signature(world->proof_token);
}

static void
proof_aud(CsTestWorld *world)
{
	cs_test_set_text(&world->proof->aud, "https://other.example");
}

static void
proof_nonce(CsTestWorld *world)
{
	cs_test_set_text(&world->proof->nonce, CS_TEST_HASH_OF_OTHER);
}

static void
proof_chh(CsTestWorld *world)
{
	cs_test_set_text(&world->proof->chh, CS_TEST_HASH_OF_OTHER);
}

static void
proof_device_id(CsTestWorld *world)
{
	cs_test_set_text(&world->proof->device_id, "device2");
}

static void
proof_ath(CsTestWorld *world)
{
	cs_test_set_text(&world->proof->ath, CS_TEST_HASH_OF_OTHER);
}

static void
proof_mah(CsTestWorld *world)
{
	cs_test_set_text(&world->proof->mah, CS_TEST_HASH_OF_OTHER);
}

static void
proof_mah_null(CsTestWorld *world)
{
	cs_test_set_text(&world->proof->mah, NULL);
}

/* The challenge. */

static void
challenge_missing(CsTestWorld *world)
{
	world->input.challenge = NULL;
}

static void
challenge_of_other_account(CsTestWorld *world)
{
	cs_test_set_text(&world->challenge->aud, "account2");
}

static void
challenge_of_organisation(CsTestWorld *world)
{
	cs_test_set_text(&world->challenge->aud, CS_TEST_WORLD_ISS);
}

static void
response_aud(CsTestWorld *world)
{
	cs_test_set_text(&world->auth->aud, "https://other.example");
}

static void
response_nonce(CsTestWorld *world)
{
	cs_test_set_text(&world->auth->nonce, CS_TEST_HASH_OF_OTHER);
}

static void
response_chh(CsTestWorld *world)
{
	cs_test_set_text(&world->auth->chh, CS_TEST_HASH_OF_OTHER);
}

static void
challenge_expired(CsTestWorld *world)
{
	world->challenge->iat = CS_TEST_WORLD_NOW - 120;
	world->challenge->exp = CS_TEST_WORLD_NOW;
}

static void
challenge_nearly_expired(CsTestWorld *world)
{
	world->challenge->iat = CS_TEST_WORLD_NOW - 119;
	world->challenge->exp = CS_TEST_WORLD_NOW + 1;
}

static void
response_dated(CsTestWorld *world, gint64 iat)
{
	world->auth->iat = iat;
	world->auth->exp = iat + CS_RESPONSE_LIFETIME_S;
}

static void
response_from_future(CsTestWorld *world)
{
	response_dated(world, CS_TEST_WORLD_NOW + CS_TOKEN_LEEWAY_S + 1);
}

static void
response_at_leeway(CsTestWorld *world)
{
	response_dated(world, CS_TEST_WORLD_NOW + CS_TOKEN_LEEWAY_S);
}

static void
response_outdated(CsTestWorld *world)
{
	response_dated(world, CS_TEST_WORLD_NOW - CS_TOKEN_LEEWAY_S - CS_RESPONSE_LIFETIME_S);
}

static void
response_nearly_outdated(CsTestWorld *world)
{
	response_dated(world, CS_TEST_WORLD_NOW - CS_TOKEN_LEEWAY_S - CS_RESPONSE_LIFETIME_S + 1);
}

static void
challenge_used(CsTestWorld *world)
{
	world->input.challenge_use = CS_CHALLENGE_USED;
}

/* Origin, transport, user verification. */

static void
origin_from_nowhere(CsTestWorld *world)
{
	cs_test_set_text(&world->auth->origin, "https://portal.example");
}

static void
origins_unknown(CsTestWorld *world)
{
	g_clear_pointer(&world->challenge->origins, g_strfreev);
}

static void
demand_origin(CsTestWorld *world)
{
	g_strfreev(world->challenge->origins);
	world->challenge->origins = g_strsplit("https://portal.example https://b.example", " ", -1);
}

static void
respond_without_origin(CsTestWorld *world)
{
	demand_origin(world);
}

static void
respond_from_other_origin(CsTestWorld *world)
{
	demand_origin(world);
	cs_test_set_text(&world->auth->origin, "https://evil.example");
}

static void
respond_from_that_origin(CsTestWorld *world)
{
	demand_origin(world);
	cs_test_set_text(&world->auth->origin, "https://b.example");
}

static void
response_transport(CsTestWorld *world)
{
	cs_test_set_text(&world->auth->transport, "loopback");
}

static void
demand_user_verification(CsTestWorld *world)
{
	cs_test_set_text(&world->challenge->user_verification, "required");
}

static void
respond_with_user(CsTestWorld *world)
{
	demand_user_verification(world);
	g_strfreev(world->auth->amr);
	world->auth->amr = g_strsplit("pop swk user", " ", -1);
}

/* States of device, user and account. */

static void
device_missing(CsTestWorld *world)
{
	world->input.device = NULL;
}

static void
device_other(CsTestWorld *world)
{
	cs_test_set_text(&world->device->id, "device2");
}

static void
device_of_unknown_state(CsTestWorld *world)
{
	world->device->state = (CsDeviceState)17;
}

static void
device_suspended(CsTestWorld *world)
{
	world->device->state = CS_DEVICE_SUSPENDED;
	world->user->state = CS_USER_SUSPENDED;
}

static void
device_deactivated(CsTestWorld *world)
{
	world->device->state = CS_DEVICE_DEACTIVATED;
	world->account->deleted = TRUE;
}

static void
device_deleted(CsTestWorld *world)
{
	world->device->state = CS_DEVICE_DELETED;
	world->account->deleted = TRUE;
}

static void
user_missing(CsTestWorld *world)
{
	world->input.user = NULL;
}

static void
user_other(CsTestWorld *world)
{
	cs_test_set_text(&world->user->id, "user2");
}

static void
user_of_unknown_state(CsTestWorld *world)
{
	world->user->state = (CsUserState)17;
}

static void
user_suspended(CsTestWorld *world)
{
	world->user->state = CS_USER_SUSPENDED;
	world->account->deleted = TRUE;
}

static void
user_deleted(CsTestWorld *world)
{
	world->user->state = CS_USER_DELETED;
}

static void
account_deleted(CsTestWorld *world)
{
	world->account->deleted = TRUE;
}

static const CsTestCase cases[] = {
	/* rule 15: the first bind */
	CS_TEST_MANAGED(ROWS, nothing, BIND),
	CS_TEST_REFUSED(TOKENS, response_garbage, RESPONSE_MALFORMED),
	CS_TEST_REFUSED(TOKENS, response_of_other_type, RESPONSE_MALFORMED),
	CS_TEST_REFUSED(TOKENS, response_too_large, RESPONSE_MALFORMED),
	CS_TEST_REFUSED(TOKENS, account_missing, ACCOUNT_UNKNOWN),
	CS_TEST_REFUSED(TOKENS, response_signature_broken, RESPONSE_SIGNATURE_INVALID),
	CS_TEST_REFUSED(RESPONSE, response_by_other_key, RESPONSE_SIGNATURE_INVALID),
	CS_TEST_REFUSED(ROWS, account_key_broken, RESPONSE_SIGNATURE_INVALID),
	CS_TEST_REFUSED(ROWS, account_key_misfiled, RESPONSE_SIGNATURE_INVALID),
	CS_TEST_REFUSED(RESPONSE, response_of_other_account, RESPONSE_SIGNATURE_INVALID),
	/* rule 15: the device proves itself on every authentication */
	CS_TEST_REFUSED(TOKENS, proof_missing, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(TOKENS, proof_garbage, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(TOKENS, device_key_missing, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(ROWS, device_key_of_other_account, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(ROWS, device_key_of_other_device, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(RESPONSE, response_claims_other_device, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(ROWS, device_key_broken, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(PROOF, proof_by_other_key, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(TOKENS, proof_signature_broken, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(PROOF, proof_aud, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(PROOF, proof_nonce, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(PROOF, proof_chh, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(PROOF, proof_device_id, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(PROOF, proof_ath, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(PROOF, proof_mah, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(PROOF, proof_mah_null, DEVICE_PROOF_INVALID),
	CS_TEST_REFUSED(TOKENS, challenge_missing, CHALLENGE_UNKNOWN),
	CS_TEST_REFUSED(ROWS, challenge_of_other_account, CHALLENGE_UNKNOWN),
	CS_TEST_MANAGED(ROWS, challenge_of_organisation, BIND),
	CS_TEST_REFUSED(RESPONSE, response_aud, CHALLENGE_UNKNOWN),
	CS_TEST_REFUSED(RESPONSE, response_nonce, CHALLENGE_UNKNOWN),
	CS_TEST_REFUSED(RESPONSE, response_chh, CHALLENGE_UNKNOWN),
	CS_TEST_REFUSED(ROWS, challenge_expired, CHALLENGE_EXPIRED),
	CS_TEST_MANAGED(ROWS, challenge_nearly_expired, BIND),
	CS_TEST_REFUSED(RESPONSE, response_from_future, CHALLENGE_EXPIRED),
	CS_TEST_MANAGED(RESPONSE, response_at_leeway, BIND),
	CS_TEST_REFUSED(RESPONSE, response_outdated, CHALLENGE_EXPIRED),
	CS_TEST_MANAGED(RESPONSE, response_nearly_outdated, BIND),
	CS_TEST_REFUSED(TOKENS, challenge_used, CHALLENGE_REPLAYED),
	CS_TEST_REFUSED(RESPONSE, origin_from_nowhere, ORIGIN_MISMATCH),
	CS_TEST_MANAGED(TOKENS, origins_unknown, BIND),
	CS_TEST_REFUSED(RESPONSE, respond_without_origin, ORIGIN_MISMATCH),
	CS_TEST_REFUSED(RESPONSE, respond_from_other_origin, ORIGIN_MISMATCH),
	CS_TEST_MANAGED(RESPONSE, respond_from_that_origin, BIND),
	CS_TEST_REFUSED(RESPONSE, response_transport, TRANSPORT_MISMATCH),
	CS_TEST_REFUSED(RESPONSE, demand_user_verification, USER_VERIFICATION_MISSING),
	CS_TEST_MANAGED(RESPONSE, respond_with_user, BIND),
	/* rule 22: device, user and account, in this order */
	CS_TEST_REFUSED(TOKENS, device_missing, DEVICE_SUSPENDED),
	CS_TEST_REFUSED(ROWS, device_other, DEVICE_SUSPENDED),
	CS_TEST_REFUSED(ROWS, device_of_unknown_state, DEVICE_SUSPENDED),
	CS_TEST_REFUSED(ROWS, device_suspended, DEVICE_SUSPENDED),
	CS_TEST_REFUSED(ROWS, device_deactivated, DEVICE_DEACTIVATED),
	CS_TEST_REFUSED(ROWS, device_deleted, DEVICE_DELETED),
	CS_TEST_REFUSED(TOKENS, user_missing, USER_SUSPENDED),
	CS_TEST_REFUSED(ROWS, user_other, USER_SUSPENDED),
	CS_TEST_REFUSED(ROWS, user_of_unknown_state, USER_SUSPENDED),
	CS_TEST_REFUSED(ROWS, user_suspended, USER_SUSPENDED),
	CS_TEST_REFUSED(ROWS, user_deleted, ACCOUNT_DELETED),
	CS_TEST_REFUSED(ROWS, account_deleted, ACCOUNT_DELETED),
};

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_cases_add("/verifier/", cases, G_N_ELEMENTS(cases));
	return g_test_run();
}
