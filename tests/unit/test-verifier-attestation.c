/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/verifier-fixture.h"

/* The attestation, once the authentication has succeeded: which it does, whatever is wrong here
 * (rule 2). */

/* The attestation. */

static void
attestation_withheld(CsTestWorld *world)
{
	world->withheld = TRUE;
}

static void
respond_with_mar(CsTestWorld *world, CsReason mar)
{
	cs_test_set_text(&world->auth->mah, NULL);
	world->auth->mar = mar;
}

static void
attestation_beside_mar(CsTestWorld *world)
{
	respond_with_mar(world, CS_REASON_NO_CERTIFICATE);
}

static void
attestation_garbage(CsTestWorld *world)
{
	cs_test_set_text(&world->attestation_token, "no.attestation.");
	g_free(world->auth->mah);
	world->auth->mah = cs_test_dup_hash(world->attestation_token);
}

static void
attestation_signature_broken(CsTestWorld *world)
{
	cs_test_corrupt_signature(world->attestation_token);
	g_free(world->auth->mah);
	world->auth->mah = cs_test_dup_hash(world->attestation_token);
}

static void
response_mah(CsTestWorld *world)
{
	cs_test_set_text(&world->auth->mah, CS_TEST_HASH_OF_OTHER);
}

static void
attestation_nonce(CsTestWorld *world)
{
	cs_test_set_text(&world->attestation->nonce, CS_TEST_HASH_OF_OTHER);
}

static void
attestation_chh(CsTestWorld *world)
{
	cs_test_set_text(&world->attestation->chh, CS_TEST_HASH_OF_OTHER);
}

static void
attestation_device_id(CsTestWorld *world)
{
	cs_test_set_text(&world->attestation->device_id, "device2");
}

static void
attestation_aud(CsTestWorld *world)
{
	cs_test_set_text(&world->attestation->aud, CS_TEST_WORLD_ISS);
}

static void
attestation_account_key(CsTestWorld *world)
{
	cs_test_set_text(&world->attestation->account_jkt, CS_TEST_HASH_OF_OTHER);
}

static void
attestation_device_key(CsTestWorld *world)
{
	cs_test_set_text(&world->attestation->device_jkt, CS_TEST_HASH_OF_OTHER);
}

static void
attestation_from_future(CsTestWorld *world)
{
	world->attestation->iat = CS_TEST_WORLD_NOW + CS_TOKEN_LEEWAY_S + 1;
	world->attestation->exp = world->attestation->iat + 1;
}

static void
attestation_outdated(CsTestWorld *world)
{
	world->attestation->exp = CS_TEST_WORLD_NOW - CS_TOKEN_LEEWAY_S;
	world->attestation->iat = world->attestation->exp - 1;
}

/* Issuer, validity, suitability, revocation. */

static void
no_issuers(CsTestWorld *world)
{
	g_ptr_array_set_size(world->issuers, 0);
}

static void
issuer_of_same_name(CsTestWorld *world)
{
	g_ptr_array_set_size(world->issuers, 0);
	cs_test_world_add_issuer(world, world->other_ca);
}

static void
issuer_behind_same_name(CsTestWorld *world)
{
	issuer_of_same_name(world);
	cs_test_world_add_issuer(world, world->ca);
}

static void
issuer_expired(CsTestWorld *world)
{
	world->ca_profile.not_after = CS_TEST_WORLD_NOW - 1000;
}

static void
issuer_is_intermediate(CsTestWorld *world)
{
	world->ca_profile.issuer_subject = "CN=A root that nobody has";
}

static void
certificate_expired(CsTestWorld *world)
{
	world->profile.not_after = CS_TEST_WORLD_NOW - 1;
	world->revocation = CS_REVOCATION_REVOKED;
}

static void
certificate_not_yet_valid(CsTestWorld *world)
{
	world->profile.not_before = CS_TEST_WORLD_NOW + 1;
}

static void
certificate_at_its_last(CsTestWorld *world)
{
	world->profile.not_after = CS_TEST_WORLD_NOW;
}

static void
certificate_at_its_first(CsTestWorld *world)
{
	world->profile.not_before = CS_TEST_WORLD_NOW;
}

static void
certificate_unsuitable(CsTestWorld *world)
{
	world->profile.extended_key_usage = "serverAuth";
	world->revocation = CS_REVOCATION_REVOKED;
}

static void
certificate_revoked(CsTestWorld *world)
{
	world->revocation = CS_REVOCATION_REVOKED;
}

static void
revocation_unknown(CsTestWorld *world)
{
	world->revocation = CS_REVOCATION_UNKNOWN;
}

/* Links. */

static void
add_link(CsTestWorld *world, const char *device, CsLinkState state, const char *keys)
{
	world->link = g_new0(CsLinkRow, 1);
	world->link->device_id = g_strdup(device);
	world->link->state = state;
	world->link->key_ids = g_strsplit(keys, " ", -1);
}

static void
link_bound_elsewhere(CsTestWorld *world)
{
	add_link(world, "device2", CS_LINK_BOUND, "key1");
}

static void
link_suspended_elsewhere(CsTestWorld *world)
{
	add_link(world, "device2", CS_LINK_SUSPENDED, "key1");
	world->link->hand_over_until = CS_TEST_WORLD_NOW + 1000;
	world->device->reactivated_at = CS_TEST_WORLD_NOW - 1000;
}

static void
link_refused_elsewhere(CsTestWorld *world)
{
	add_link(world, "device2", CS_LINK_REFUSED, "key1");
}

static void
link_refused_here(CsTestWorld *world)
{
	add_link(world, "device1", CS_LINK_REFUSED, "key1");
}

static void
link_of_unknown_state(CsTestWorld *world)
{
	add_link(world, "device1", (CsLinkState)17, "key1");
}

static void
link_bound_here(CsTestWorld *world)
{
	add_link(world, "device1", CS_LINK_BOUND, "key0 key1");
}

static void
link_of_other_key(CsTestWorld *world)
{
	add_link(world, "device1", CS_LINK_BOUND, "key0");
}

static void
link_of_no_key(CsTestWorld *world)
{
	link_of_other_key(world);
	g_clear_pointer(&world->link->key_ids, g_strfreev);
}

static void
link_of_other_key_approved(CsTestWorld *world)
{
	link_of_other_key(world);
	world->key->approval = CS_APPROVAL_ADMINISTRATOR;
}

static void
link_handed_over(CsTestWorld *world)
{
	add_link(world, "device1", CS_LINK_SUSPENDED, "key0");
	world->link->hand_over_until = CS_TEST_WORLD_NOW + 1;
	world->device->reactivated_at = world->account->created_at;
}

static void
link_suspended(CsTestWorld *world)
{
	link_handed_over(world);
	world->link->hand_over_until = 0;
}

static void
hand_over_lapsed(CsTestWorld *world)
{
	link_handed_over(world);
	world->link->hand_over_until = CS_TEST_WORLD_NOW;
}

static void
hand_over_without_reactivation(CsTestWorld *world)
{
	link_handed_over(world);
	world->device->reactivated_at = 0;
}

static void
hand_over_to_older_account(CsTestWorld *world)
{
	link_handed_over(world);
	world->device->reactivated_at = world->account->created_at + 1;
}

static void
link_suspended_key_approved(CsTestWorld *world)
{
	link_suspended(world);
	world->key->approval = CS_APPROVAL_ADMINISTRATOR;
}

static const CsTestCase cases[] = {
	/* rule 2 */
	CS_TEST_UNMANAGED(RESPONSE, attestation_withheld, ATTESTATION_MALFORMED),
	CS_TEST_UNMANAGED(RESPONSE, attestation_beside_mar, CHALLENGE_MISMATCH),
	CS_TEST_UNMANAGED(RESPONSE, attestation_garbage, ATTESTATION_MALFORMED),
	/* rule 11 */
	CS_TEST_UNMANAGED(RESPONSE, attestation_signature_broken, ATTESTATION_SIGNATURE_INVALID),
	CS_TEST_UNMANAGED(RESPONSE, response_mah, CHALLENGE_MISMATCH),
	CS_TEST_UNMANAGED(ATTESTATION, attestation_nonce, CHALLENGE_MISMATCH),
	CS_TEST_UNMANAGED(ATTESTATION, attestation_chh, CHALLENGE_MISMATCH),
	CS_TEST_UNMANAGED(ATTESTATION, attestation_device_id, CHALLENGE_MISMATCH),
	CS_TEST_UNMANAGED(ATTESTATION, attestation_aud, CHALLENGE_MISMATCH),
	CS_TEST_UNMANAGED(ATTESTATION, attestation_account_key, CHALLENGE_MISMATCH),
	CS_TEST_UNMANAGED(ATTESTATION, attestation_device_key, CHALLENGE_MISMATCH),
	CS_TEST_UNMANAGED(ATTESTATION, attestation_from_future, CHALLENGE_MISMATCH),
	CS_TEST_UNMANAGED(ATTESTATION, attestation_outdated, CHALLENGE_MISMATCH),
	/* rules 13, 14 and 16 */
	CS_TEST_UNMANAGED(ISSUERS, no_issuers, ISSUER_NOT_TRUSTED),
	CS_TEST_UNMANAGED(ISSUERS, issuer_of_same_name, ISSUER_NOT_TRUSTED),
	CS_TEST_MANAGED(ISSUERS, issuer_behind_same_name, BIND),
	CS_TEST_MANAGED(ROWS, issuer_expired, BIND),
	CS_TEST_MANAGED(ROWS, issuer_is_intermediate, BIND),
	/* rule 12 */
	CS_TEST_UNMANAGED(ROWS, certificate_expired, CERTIFICATE_EXPIRED),
	CS_TEST_UNMANAGED(ROWS, certificate_not_yet_valid, CERTIFICATE_NOT_YET_VALID),
	CS_TEST_MANAGED(ROWS, certificate_at_its_last, BIND),
	CS_TEST_MANAGED(ROWS, certificate_at_its_first, BIND),
	CS_TEST_UNMANAGED(ROWS, certificate_unsuitable, CERTIFICATE_UNSUITABLE),
	CS_TEST_UNMANAGED(ROWS, certificate_revoked, CERTIFICATE_REVOKED),
	CS_TEST_UNMANAGED(ROWS, revocation_unknown, REVOCATION_UNKNOWN),
	/* rule 15 */
	CS_TEST_MANAGED(ROWS, link_bound_here, NONE),
	CS_TEST_UNMANAGED(ROWS, link_bound_elsewhere, BOUND_TO_ANOTHER_DEVICE),
	CS_TEST_UNMANAGED(ROWS, link_suspended_elsewhere, LINK_SUSPENDED),
	/* rule 22 */
	CS_TEST_UNMANAGED(ROWS, link_refused_elsewhere, CERTIFICATE_REFUSED),
	CS_TEST_UNMANAGED(ROWS, link_refused_here, CERTIFICATE_REFUSED),
	CS_TEST_UNMANAGED(ROWS, link_of_unknown_state, CERTIFICATE_REFUSED),
	/* rule 26 */
	CS_TEST_CASE(ROWS, link_of_other_key, NONE, BOUND_TO_ANOTHER_DEVICE, NONE, "same-hardware"),
	CS_TEST_CASE(ROWS, link_of_no_key, NONE, BOUND_TO_ANOTHER_DEVICE, NONE, "same-hardware"),
	CS_TEST_MANAGED(ROWS, link_of_other_key_approved, ADD_KEY),
	/* rule 25 */
	CS_TEST_MANAGED(ROWS, link_handed_over, HAND_OVER),
	CS_TEST_UNMANAGED(ROWS, link_suspended, LINK_SUSPENDED),
	CS_TEST_UNMANAGED(ROWS, link_suspended_key_approved, LINK_SUSPENDED),
	CS_TEST_UNMANAGED(ROWS, hand_over_lapsed, LINK_SUSPENDED),
	CS_TEST_UNMANAGED(ROWS, hand_over_without_reactivation, LINK_SUSPENDED),
	CS_TEST_UNMANAGED(ROWS, hand_over_to_older_account, LINK_SUSPENDED),
};

/* rule 2: the client's own reasons */
static void
mar_instead(CsTestWorld *world)
{
	attestation_withheld(world);
	respond_with_mar(world, world->c->device_reason);
}

static void
test_without_attestation(void)
{
	static const CsReason reasons[] = {
		CS_REASON_NO_ISSUERS,
		CS_REASON_NO_CERTIFICATE,
		CS_REASON_KEY_INACCESSIBLE,
		CS_REASON_CONSENT_MISSING,
		CS_REASON_CERTIFICATE_EXPIRED,
		CS_REASON_CERTIFICATE_NOT_YET_VALID,
		CS_REASON_CERTIFICATE_UNSUITABLE,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
		cs_test_case_run(&(CsTestCase){.step = CS_TEST_STEP_RESPONSE,
					       .change = mar_instead,
					       .device_reason = reasons[i]});
}

static void
account_deleted(CsTestWorld *world)
{
	world->account->deleted = TRUE;
}

/* Revocation and link are asked once, and only about what all before them has passed. */
static void
test_questions(void)
{
	static const struct {
		CsTestStep step;
		void (*change)(CsTestWorld *world);
		guint revocation;
		guint link;
	} rows[] = {
		{CS_TEST_STEP_ROWS, NULL, 1, 1},
		{CS_TEST_STEP_ROWS, certificate_revoked, 1, 0},
		{CS_TEST_STEP_ROWS, revocation_unknown, 1, 0},
		{CS_TEST_STEP_ROWS, certificate_unsuitable, 0, 0},
		{CS_TEST_STEP_ROWS, certificate_expired, 0, 0},
		{CS_TEST_STEP_ISSUERS, no_issuers, 0, 0},
		{CS_TEST_STEP_ATTESTATION, attestation_device_key, 0, 0},
		{CS_TEST_STEP_ROWS, account_deleted, 0, 0},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		CsTestWorld world;
		g_auto(CsDecision) decision = {0};

		cs_test_world_init(&world,
				   &(CsTestCase){.step = rows[i].step, .change = rows[i].change});
		cs_verifier_decide(&world.input, &decision);
		g_assert_cmpuint(world.revocation_questions, ==, rows[i].revocation);
		g_assert_cmpuint(world.link_questions, ==, rows[i].link);
		cs_test_world_clear(&world);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_cases_add("/verifier-attestation/", cases, G_N_ELEMENTS(cases));
	g_test_add_func("/verifier-attestation/without", test_without_attestation);
	g_test_add_func("/verifier-attestation/questions", test_questions);
	return g_test_run();
}
