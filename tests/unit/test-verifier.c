/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/verifier.h"

#include "core/base/encoding.h"
#include "tests/fixtures/pki-fixture.h"

#include <string.h>

/* A response that is good in everything, and cases that change one thing of it at one step of its
 * making; what is made after the step follows the change. */

#define ISS	      "https://authority.example"
#define NOW	      G_GINT64_CONSTANT(1800000000)
#define HASH_OF_OTHER "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

typedef enum {
	STEP_ROWS,	  /* rows, challenge and certificate's profile are filled */
	STEP_ISSUERS,	  /* CA and certificate are made, the issuer is listed */
	STEP_ATTESTATION, /* the attestation is filled */
	STEP_RESPONSE,	  /* attestation is signed, the response filled */
	STEP_PROOF,	  /* response is signed, the device proof filled */
	STEP_TOKENS,	  /* all is signed */
} Step;

typedef struct {
	CsTestProfile ca_profile;
	CsTestProfile profile;
	CsTestIdentity *ca;
	CsTestIdentity *other_ca;
	CsTestIdentity *client;
	CsPrivateKey *server_key;
	CsPrivateKey *account_key;
	CsPrivateKey *device_key;
	CsPrivateKey *other_key;
	CsChallenge *challenge;
	CsAuthToken *auth;
	CsDeviceProof *proof;
	CsAttestation *attestation;
	char *challenge_token;
	char *response_token;
	char *proof_token;
	char *attestation_token;
	CsAccountRow *account;
	CsUserRow *user;
	CsDeviceRow *device;
	CsDeviceKeyRow *key;
	CsLinkRow *link;
	GPtrArray *issuers;
	CsRevocation revocation;
	guint revocation_questions;
	guint link_questions;
	CsVerifierInput input;
} World;

typedef struct {
	const char *name;
	Step step;
	void (*change)(World *world);
	CsReason reason; /* NONE: authenticated */
	CsReason device_reason;
	CsBinding binding;
	const char *hint;
} Case;

static void
set_text(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

static char *
dup_thumbprint(CsPrivateKey *key)
{
	g_autoptr(CsJwk) jwk = cs_jwk_new_from_private_key(key, NULL);

	return g_strdup(cs_jwk_get_thumbprint(jwk));
}

static char *
dup_jwk(CsPrivateKey *key)
{
	g_autoptr(CsJwk) jwk = cs_jwk_new_from_private_key(key, NULL);

	return cs_jwk_to_text(jwk);
}

static CsPrivateKey *
make_key(void)
{
	g_autoptr(GError) error = NULL;
	CsPrivateKey *key = cs_private_key_generate_p256(&error);

	g_assert_no_error(error);
	return key;
}

static char *
dup_hash(const char *text)
{
	return cs_sha256_base64url(text, strlen(text));
}

static CsRevocation
get_revocation_cb(const CsCertificate *certificate, CsIssuer *issuer, gpointer data)
{
	World *world = data;

	g_assert_true(cs_issuer_has_issued(issuer, certificate));
	world->revocation_questions++;
	return world->revocation;
}

static const CsLinkRow *
get_link_cb(const char *key_fingerprint, gpointer data)
{
	World *world = data;
	CsCertificate *certificate = cs_test_identity_get_certificate(world->client);

	g_assert_cmpstr(key_fingerprint, ==, cs_certificate_get_key_fingerprint(certificate));
	world->link_questions++;
	return world->link;
}

static void
fill_rows(World *world)
{
	world->account = g_new0(CsAccountRow, 1);
	world->account->id = g_strdup("account1");
	world->account->user_id = g_strdup("user1");
	world->account->device_id = g_strdup("device1");
	world->account->key_id = g_strdup("key1");
	world->account->thumbprint = dup_thumbprint(world->account_key);
	world->account->jwk = dup_jwk(world->account_key);
	world->account->created_at = NOW - 100;
	world->user = g_new0(CsUserRow, 1);
	world->user->id = g_strdup("user1");
	world->user->login = g_strdup("alice");
	world->device = g_new0(CsDeviceRow, 1);
	world->device->id = g_strdup("device1");
	world->key = g_new0(CsDeviceKeyRow, 1);
	world->key->id = g_strdup("key1");
	world->key->device_id = g_strdup("device1");
	world->key->thumbprint = dup_thumbprint(world->device_key);
	world->key->jwk = dup_jwk(world->device_key);
	world->key->approval = CS_APPROVAL_FOUNDER;
}

static void
fill_challenge(World *world)
{
	CsChallenge *challenge = g_new0(CsChallenge, 1);

	challenge->kid = dup_thumbprint(world->server_key);
	challenge->iss = g_strdup(ISS);
	challenge->aud = g_strdup("account1");
	challenge->txn = g_strdup("transaction1");
	challenge->iat = NOW - 5;
	challenge->exp = NOW + 100;
	challenge->jti = g_strdup("jti1");
	challenge->nonce = dup_hash("nonce");
	challenge->verify_uri = g_strdup(ISS "/v1/transactions/transaction1/response");
	challenge->origins = g_new0(char *, 1);
	challenge->transport = g_strdup("direct");
	challenge->user_verification = g_strdup("none");
	challenge->ilh = dup_hash("issuers");
	world->challenge = challenge;
}

static void
add_issuer(World *world, CsTestIdentity *ca)
{
	g_autoptr(GError) error = NULL;
	CsIssuer *issuer = cs_issuer_new(cs_test_identity_get_certificate(ca), &error);

	g_assert_no_error(error);
	g_ptr_array_add(world->issuers, issuer);
}

static void
fill_attestation(World *world)
{
	CsAttestation *attestation = g_new0(CsAttestation, 1);

	attestation->aud = cs_attestation_audience(ISS);
	attestation->nonce = g_strdup(world->challenge->nonce);
	attestation->chh = dup_hash(world->challenge_token);
	attestation->device_id = g_strdup("device1");
	attestation->iat = NOW;
	attestation->exp = NOW + CS_RESPONSE_LIFETIME_S;
	attestation->account_jkt = dup_thumbprint(world->account_key);
	attestation->device_jkt = dup_thumbprint(world->device_key);
	attestation->certificate =
		cs_certificate_ref(cs_test_identity_get_certificate(world->client));
	world->attestation = attestation;
}

static void
fill_response(World *world)
{
	static const char *const amr[] = {"pop", "swk", NULL};
	CsAuthToken *auth = g_new0(CsAuthToken, 1);

	auth->kid = dup_thumbprint(world->account_key);
	auth->iss = g_strdup("account1");
	auth->sub = g_strdup("account1");
	auth->aud = g_strdup(ISS);
	auth->iat = NOW;
	auth->exp = NOW + CS_RESPONSE_LIFETIME_S;
	auth->jti = g_strdup("jti2");
	auth->nonce = g_strdup(world->challenge->nonce);
	auth->chh = dup_hash(world->challenge_token);
	auth->device_id = g_strdup("device1");
	auth->transport = g_strdup("direct");
	auth->mah = dup_hash(world->attestation_token);
	auth->amr = g_strdupv((char **)amr);
	world->auth = auth;
}

static void
fill_proof(World *world)
{
	CsDeviceProof *proof = g_new0(CsDeviceProof, 1);

	proof->kid = dup_thumbprint(world->device_key);
	proof->aud = g_strdup(world->auth->aud);
	proof->nonce = g_strdup(world->auth->nonce);
	proof->chh = g_strdup(world->auth->chh);
	proof->device_id = g_strdup(world->auth->device_id);
	proof->ath = dup_hash(world->response_token);
	proof->mah = g_strdup(world->auth->mah);
	world->proof = proof;
}

static void
sign_challenge(World *world)
{
	g_autoptr(GError) error = NULL;

	world->challenge_token = cs_challenge_sign(world->challenge, world->server_key, &error);
	g_assert_no_error(error);
}

static void
sign_attestation(World *world)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsPrivateKey) key =
		cs_private_key_new_from_pkey(cs_test_identity_get_pkey(world->client), &error);

	g_assert_no_error(error);
	world->attestation_token = cs_attestation_sign(world->attestation, key, &error);
	g_assert_no_error(error);
}

static void
sign_response(World *world)
{
	g_autoptr(GError) error = NULL;

	world->response_token = cs_auth_token_sign(world->auth, world->account_key, &error);
	g_assert_no_error(error);
}

static void
sign_proof(World *world)
{
	g_autoptr(GError) error = NULL;

	world->proof_token = cs_device_proof_sign(world->proof, world->device_key, &error);
	g_assert_no_error(error);
}

static void
fill_identities(World *world)
{
	world->ca = cs_test_identity_new(&world->ca_profile, NULL);
	world->other_ca = cs_test_identity_new(&(CsTestProfile){.ca = TRUE, .key_number = 2}, NULL);
	world->client = cs_test_identity_new(&world->profile, world->ca);
	add_issuer(world, world->ca);
}

static void
fill_keys(World *world)
{
	world->server_key = make_key();
	world->account_key = make_key();
	world->device_key = make_key();
	world->other_key = make_key();
}

static void
fill_input(World *world)
{
	world->input = (CsVerifierInput){
		.now = NOW,
		.challenge = world->challenge,
		.challenge_token = world->challenge_token,
		.challenge_use = CS_CHALLENGE_OPEN,
		.response = world->response_token,
		.device_proof = world->proof_token,
		.attestation = world->attestation_token,
		.account = world->account,
		.user = world->user,
		.device = world->device,
		.key = world->key,
		.issuers = world->issuers,
		.get_revocation = get_revocation_cb,
		.get_link = get_link_cb,
		.data = world,
	};
}

static void
world_init(World *world, const Case *c)
{
	static void (*const makers[][2])(World *) = {
		[STEP_ISSUERS] = {fill_identities, sign_challenge},
		[STEP_ATTESTATION] = {fill_attestation, NULL},
		[STEP_RESPONSE] = {sign_attestation, fill_response},
		[STEP_PROOF] = {sign_response, fill_proof},
		[STEP_TOKENS] = {sign_proof, fill_input},
	};

	*world = (World){.ca_profile = {.ca = TRUE, .key_number = 1}};
	world->profile.key_number = 3;
	world->issuers = g_ptr_array_new_with_free_func((GDestroyNotify)cs_issuer_unref);
	fill_keys(world);
	fill_rows(world);
	fill_challenge(world);
	for (Step step = STEP_ROWS; step <= STEP_TOKENS; step++) {
		if (step != STEP_ROWS)
			makers[step][0](world);
		if (step != STEP_ROWS && makers[step][1] != NULL)
			makers[step][1](world);
		if (c->change != NULL && c->step == step)
			c->change(world);
	}
}

static void
world_clear(World *world)
{
	g_clear_pointer(&world->ca, cs_test_identity_free);
	g_clear_pointer(&world->other_ca, cs_test_identity_free);
	g_clear_pointer(&world->client, cs_test_identity_free);
	g_clear_pointer(&world->server_key, cs_private_key_unref);
	g_clear_pointer(&world->account_key, cs_private_key_unref);
	g_clear_pointer(&world->device_key, cs_private_key_unref);
	g_clear_pointer(&world->other_key, cs_private_key_unref);
	g_clear_pointer(&world->challenge, cs_challenge_free);
	g_clear_pointer(&world->auth, cs_auth_token_free);
	g_clear_pointer(&world->proof, cs_device_proof_free);
	g_clear_pointer(&world->attestation, cs_attestation_free);
	g_clear_pointer(&world->account, cs_account_row_free);
	g_clear_pointer(&world->user, cs_user_row_free);
	g_clear_pointer(&world->device, cs_device_row_free);
	g_clear_pointer(&world->key, cs_device_key_row_free);
	g_clear_pointer(&world->link, cs_link_row_free);
	g_clear_pointer(&world->issuers, g_ptr_array_unref);
	g_free(world->challenge_token);
	g_free(world->response_token);
	g_free(world->proof_token);
	g_free(world->attestation_token);
}

/* Another character in the middle of the signature. */
static void
corrupt_signature(char *token)
{
	char *signature = strrchr(token, '.') + 1;

	signature[10] = signature[10] == 'A' ? 'B' : 'A';
}

static void
replace_key_text(char **jwk, CsPrivateKey *key)
{
	g_free(*jwk);
	*jwk = dup_jwk(key);
}

static void
nothing(World *world)
{
}

/* The response. */

static void
response_garbage(World *world)
{
	world->input.response = "no.token.";
}

static void
response_of_other_type(World *world)
{
	world->input.response = world->proof_token;
}

static void
response_too_large(World *world)
{
	g_free(world->response_token);
	world->response_token = g_strnfill(CS_JWS_MAX_BYTES + 1, 'A');
	world->input.response = world->response_token;
}

static void
account_missing(World *world)
{
	world->input.account = NULL;
}

static void
response_signature_broken(World *world)
{
	corrupt_signature(world->response_token);
}

static void
response_by_other_key(World *world)
{
	CsPrivateKey *other = world->other_key;

	world->other_key = world->account_key;
	world->account_key = other;
}

static void
account_key_broken(World *world)
{
	set_text(&world->account->jwk, "{}");
}

static void
account_key_misfiled(World *world)
{
	replace_key_text(&world->account->jwk, world->other_key);
}

static void
response_of_other_account(World *world)
{
	set_text(&world->auth->iss, "account2");
	set_text(&world->auth->sub, "account2");
}

/* The device proof. */

static void
proof_missing(World *world)
{
	world->input.device_proof = NULL;
}

static void
proof_garbage(World *world)
{
	world->input.device_proof = "no.proof.";
}

static void
device_key_missing(World *world)
{
	world->input.key = NULL;
}

static void
device_key_of_other_account(World *world)
{
	set_text(&world->key->id, "key2");
}

static void
device_key_of_other_device(World *world)
{
	set_text(&world->key->device_id, "device2");
}

static void
response_claims_other_device(World *world)
{
	set_text(&world->auth->device_id, "device2");
}

static void
device_key_broken(World *world)
{
	set_text(&world->key->jwk, "{}");
}

static void
proof_by_other_key(World *world)
{
	CsPrivateKey *other = world->other_key;

	world->other_key = world->device_key;
	world->device_key = other;
}

static void
proof_signature_broken(World *world)
{
	corrupt_signature(world->proof_token);
}

static void
proof_aud(World *world)
{
	set_text(&world->proof->aud, "https://other.example");
}

static void
proof_nonce(World *world)
{
	set_text(&world->proof->nonce, HASH_OF_OTHER);
}

static void
proof_chh(World *world)
{
	set_text(&world->proof->chh, HASH_OF_OTHER);
}

static void
proof_device_id(World *world)
{
	set_text(&world->proof->device_id, "device2");
}

static void
proof_ath(World *world)
{
	set_text(&world->proof->ath, HASH_OF_OTHER);
}

static void
proof_mah(World *world)
{
	set_text(&world->proof->mah, HASH_OF_OTHER);
}

static void
proof_mah_null(World *world)
{
	set_text(&world->proof->mah, NULL);
}

/* The challenge. */

static void
challenge_missing(World *world)
{
	world->input.challenge = NULL;
}

static void
challenge_of_other_account(World *world)
{
	set_text(&world->challenge->aud, "account2");
}

static void
challenge_of_organisation(World *world)
{
	set_text(&world->challenge->aud, ISS);
}

static void
response_aud(World *world)
{
	set_text(&world->auth->aud, "https://other.example");
}

static void
response_nonce(World *world)
{
	set_text(&world->auth->nonce, HASH_OF_OTHER);
}

static void
response_chh(World *world)
{
	set_text(&world->auth->chh, HASH_OF_OTHER);
}

static void
challenge_expired(World *world)
{
	world->challenge->iat = NOW - 120;
	world->challenge->exp = NOW;
}

static void
challenge_nearly_expired(World *world)
{
	world->challenge->iat = NOW - 119;
	world->challenge->exp = NOW + 1;
}

static void
response_dated(World *world, gint64 iat)
{
	world->auth->iat = iat;
	world->auth->exp = iat + CS_RESPONSE_LIFETIME_S;
}

static void
response_from_future(World *world)
{
	response_dated(world, NOW + CS_TOKEN_LEEWAY_S + 1);
}

static void
response_at_leeway(World *world)
{
	response_dated(world, NOW + CS_TOKEN_LEEWAY_S);
}

static void
response_outdated(World *world)
{
	response_dated(world, NOW - CS_TOKEN_LEEWAY_S - CS_RESPONSE_LIFETIME_S);
}

static void
response_nearly_outdated(World *world)
{
	response_dated(world, NOW - CS_TOKEN_LEEWAY_S - CS_RESPONSE_LIFETIME_S + 1);
}

static void
challenge_used(World *world)
{
	world->input.challenge_use = CS_CHALLENGE_USED;
}

/* Origin, transport, user verification. */

static void
origin_from_nowhere(World *world)
{
	set_text(&world->auth->origin, "https://portal.example");
}

static void
origins_unknown(World *world)
{
	g_clear_pointer(&world->challenge->origins, g_strfreev);
}

static void
demand_origin(World *world)
{
	g_strfreev(world->challenge->origins);
	world->challenge->origins = g_strsplit("https://portal.example https://b.example", " ", -1);
}

static void
respond_without_origin(World *world)
{
	demand_origin(world);
}

static void
respond_from_other_origin(World *world)
{
	demand_origin(world);
	set_text(&world->auth->origin, "https://evil.example");
}

static void
respond_from_that_origin(World *world)
{
	demand_origin(world);
	set_text(&world->auth->origin, "https://b.example");
}

static void
response_transport(World *world)
{
	set_text(&world->auth->transport, "loopback");
}

static void
demand_user_verification(World *world)
{
	set_text(&world->challenge->user_verification, "required");
}

static void
respond_with_user(World *world)
{
	demand_user_verification(world);
	g_strfreev(world->auth->amr);
	world->auth->amr = g_strsplit("pop swk user", " ", -1);
}

/* States of device, user and account. */

static void
device_missing(World *world)
{
	world->input.device = NULL;
}

static void
device_other(World *world)
{
	set_text(&world->device->id, "device2");
}

static void
device_of_unknown_state(World *world)
{
	world->device->state = (CsDeviceState)17;
}

static void
device_suspended(World *world)
{
	world->device->state = CS_DEVICE_SUSPENDED;
	world->user->state = CS_USER_SUSPENDED;
}

static void
device_deactivated(World *world)
{
	world->device->state = CS_DEVICE_DEACTIVATED;
	world->account->deleted = TRUE;
}

static void
device_deleted(World *world)
{
	world->device->state = CS_DEVICE_DELETED;
	world->account->deleted = TRUE;
}

static void
user_missing(World *world)
{
	world->input.user = NULL;
}

static void
user_other(World *world)
{
	set_text(&world->user->id, "user2");
}

static void
user_of_unknown_state(World *world)
{
	world->user->state = (CsUserState)17;
}

static void
user_suspended(World *world)
{
	world->user->state = CS_USER_SUSPENDED;
	world->account->deleted = TRUE;
}

static void
user_deleted(World *world)
{
	world->user->state = CS_USER_DELETED;
}

static void
account_deleted(World *world)
{
	world->account->deleted = TRUE;
}

/* The attestation. */

static void
attestation_withheld(World *world)
{
	world->input.attestation = NULL;
}

static void
respond_with_mar(World *world, CsReason mar)
{
	set_text(&world->auth->mah, NULL);
	world->auth->mar = mar;
}

static void
attestation_beside_mar(World *world)
{
	respond_with_mar(world, CS_REASON_NO_CERTIFICATE);
}

static void
attestation_garbage(World *world)
{
	set_text(&world->attestation_token, "no.attestation.");
	g_free(world->auth->mah);
	world->auth->mah = dup_hash(world->attestation_token);
}

static void
attestation_signature_broken(World *world)
{
	corrupt_signature(world->attestation_token);
	g_free(world->auth->mah);
	world->auth->mah = dup_hash(world->attestation_token);
}

static void
response_mah(World *world)
{
	set_text(&world->auth->mah, HASH_OF_OTHER);
}

static void
attestation_nonce(World *world)
{
	set_text(&world->attestation->nonce, HASH_OF_OTHER);
}

static void
attestation_chh(World *world)
{
	set_text(&world->attestation->chh, HASH_OF_OTHER);
}

static void
attestation_device_id(World *world)
{
	set_text(&world->attestation->device_id, "device2");
}

static void
attestation_aud(World *world)
{
	set_text(&world->attestation->aud, ISS);
}

static void
attestation_account_key(World *world)
{
	set_text(&world->attestation->account_jkt, HASH_OF_OTHER);
}

static void
attestation_device_key(World *world)
{
	set_text(&world->attestation->device_jkt, HASH_OF_OTHER);
}

static void
attestation_from_future(World *world)
{
	world->attestation->iat = NOW + CS_TOKEN_LEEWAY_S + 1;
	world->attestation->exp = world->attestation->iat + 1;
}

static void
attestation_outdated(World *world)
{
	world->attestation->exp = NOW - CS_TOKEN_LEEWAY_S;
	world->attestation->iat = world->attestation->exp - 1;
}

/* Issuer, validity, suitability, revocation. */

static void
no_issuers(World *world)
{
	g_ptr_array_set_size(world->issuers, 0);
}

static void
issuer_of_same_name(World *world)
{
	g_ptr_array_set_size(world->issuers, 0);
	add_issuer(world, world->other_ca);
}

static void
issuer_behind_same_name(World *world)
{
	issuer_of_same_name(world);
	add_issuer(world, world->ca);
}

static void
issuer_expired(World *world)
{
	world->ca_profile.not_after = NOW - 1000;
}

static void
issuer_is_intermediate(World *world)
{
	world->ca_profile.issuer_subject = "CN=A root that nobody has";
}

static void
certificate_expired(World *world)
{
	world->profile.not_after = NOW - 1;
	world->revocation = CS_REVOCATION_REVOKED;
}

static void
certificate_not_yet_valid(World *world)
{
	world->profile.not_before = NOW + 1;
}

static void
certificate_at_its_last(World *world)
{
	world->profile.not_after = NOW;
}

static void
certificate_at_its_first(World *world)
{
	world->profile.not_before = NOW;
}

static void
certificate_unsuitable(World *world)
{
	world->profile.extended_key_usage = "serverAuth";
	world->revocation = CS_REVOCATION_REVOKED;
}

static void
certificate_revoked(World *world)
{
	world->revocation = CS_REVOCATION_REVOKED;
}

static void
revocation_unknown(World *world)
{
	world->revocation = CS_REVOCATION_UNKNOWN;
}

/* Links. */

static void
add_link(World *world, const char *device, CsLinkState state, const char *keys)
{
	world->link = g_new0(CsLinkRow, 1);
	world->link->device_id = g_strdup(device);
	world->link->state = state;
	world->link->key_ids = g_strsplit(keys, " ", -1);
}

static void
link_bound_elsewhere(World *world)
{
	add_link(world, "device2", CS_LINK_BOUND, "key1");
}

static void
link_suspended_elsewhere(World *world)
{
	add_link(world, "device2", CS_LINK_SUSPENDED, "key1");
	world->link->hand_over_until = NOW + 1000;
	world->device->reactivated_at = NOW - 1000;
}

static void
link_refused_elsewhere(World *world)
{
	add_link(world, "device2", CS_LINK_REFUSED, "key1");
}

static void
link_refused_here(World *world)
{
	add_link(world, "device1", CS_LINK_REFUSED, "key1");
}

static void
link_of_unknown_state(World *world)
{
	add_link(world, "device1", (CsLinkState)17, "key1");
}

static void
link_bound_here(World *world)
{
	add_link(world, "device1", CS_LINK_BOUND, "key0 key1");
}

static void
link_of_other_key(World *world)
{
	add_link(world, "device1", CS_LINK_BOUND, "key0");
}

static void
link_of_no_key(World *world)
{
	link_of_other_key(world);
	g_clear_pointer(&world->link->key_ids, g_strfreev);
}

static void
link_of_other_key_approved(World *world)
{
	link_of_other_key(world);
	world->key->approval = CS_APPROVAL_ADMINISTRATOR;
}

static void
link_handed_over(World *world)
{
	add_link(world, "device1", CS_LINK_SUSPENDED, "key0");
	world->link->hand_over_until = NOW + 1;
	world->device->reactivated_at = world->account->created_at;
}

static void
link_suspended(World *world)
{
	link_handed_over(world);
	world->link->hand_over_until = 0;
}

static void
hand_over_lapsed(World *world)
{
	link_handed_over(world);
	world->link->hand_over_until = NOW;
}

static void
hand_over_without_reactivation(World *world)
{
	link_handed_over(world);
	world->device->reactivated_at = 0;
}

static void
hand_over_to_older_account(World *world)
{
	link_handed_over(world);
	world->device->reactivated_at = world->account->created_at + 1;
}

static void
link_suspended_key_approved(World *world)
{
	link_suspended(world);
	world->key->approval = CS_APPROVAL_ADMINISTRATOR;
}

/* clang-format off */
#define CASE(s, c, r, d, b, h) \
	{.name = #c, .step = (s), .change = c, .reason = CS_REASON_##r, \
	 .device_reason = CS_REASON_##d, .binding = CS_BINDING_##b, .hint = h}
#define REFUSED(step, change, reason) CASE(step, change, reason, NONE, NONE, NULL)
/* Rule 2: authenticated all the same. */
#define UNMANAGED(step, change, reason) CASE(step, change, NONE, reason, NONE, NULL)
#define MANAGED(step, change, binding) CASE(step, change, NONE, MANAGED, binding, NULL)
/* clang-format on */

static const Case cases[] = {
	/* rule 15: the first bind */
	MANAGED(STEP_ROWS, nothing, BIND),
	REFUSED(STEP_TOKENS, response_garbage, RESPONSE_MALFORMED),
	REFUSED(STEP_TOKENS, response_of_other_type, RESPONSE_MALFORMED),
	REFUSED(STEP_TOKENS, response_too_large, RESPONSE_MALFORMED),
	REFUSED(STEP_TOKENS, account_missing, ACCOUNT_UNKNOWN),
	REFUSED(STEP_TOKENS, response_signature_broken, RESPONSE_SIGNATURE_INVALID),
	REFUSED(STEP_RESPONSE, response_by_other_key, RESPONSE_SIGNATURE_INVALID),
	REFUSED(STEP_ROWS, account_key_broken, RESPONSE_SIGNATURE_INVALID),
	REFUSED(STEP_ROWS, account_key_misfiled, RESPONSE_SIGNATURE_INVALID),
	REFUSED(STEP_RESPONSE, response_of_other_account, RESPONSE_SIGNATURE_INVALID),
	/* rule 15: the device proves itself on every authentication */
	REFUSED(STEP_TOKENS, proof_missing, DEVICE_PROOF_INVALID),
	REFUSED(STEP_TOKENS, proof_garbage, DEVICE_PROOF_INVALID),
	REFUSED(STEP_TOKENS, device_key_missing, DEVICE_PROOF_INVALID),
	REFUSED(STEP_ROWS, device_key_of_other_account, DEVICE_PROOF_INVALID),
	REFUSED(STEP_ROWS, device_key_of_other_device, DEVICE_PROOF_INVALID),
	REFUSED(STEP_RESPONSE, response_claims_other_device, DEVICE_PROOF_INVALID),
	REFUSED(STEP_ROWS, device_key_broken, DEVICE_PROOF_INVALID),
	REFUSED(STEP_PROOF, proof_by_other_key, DEVICE_PROOF_INVALID),
	REFUSED(STEP_TOKENS, proof_signature_broken, DEVICE_PROOF_INVALID),
	REFUSED(STEP_PROOF, proof_aud, DEVICE_PROOF_INVALID),
	REFUSED(STEP_PROOF, proof_nonce, DEVICE_PROOF_INVALID),
	REFUSED(STEP_PROOF, proof_chh, DEVICE_PROOF_INVALID),
	REFUSED(STEP_PROOF, proof_device_id, DEVICE_PROOF_INVALID),
	REFUSED(STEP_PROOF, proof_ath, DEVICE_PROOF_INVALID),
	REFUSED(STEP_PROOF, proof_mah, DEVICE_PROOF_INVALID),
	REFUSED(STEP_PROOF, proof_mah_null, DEVICE_PROOF_INVALID),
	REFUSED(STEP_TOKENS, challenge_missing, CHALLENGE_UNKNOWN),
	REFUSED(STEP_ROWS, challenge_of_other_account, CHALLENGE_UNKNOWN),
	MANAGED(STEP_ROWS, challenge_of_organisation, BIND),
	REFUSED(STEP_RESPONSE, response_aud, CHALLENGE_UNKNOWN),
	REFUSED(STEP_RESPONSE, response_nonce, CHALLENGE_UNKNOWN),
	REFUSED(STEP_RESPONSE, response_chh, CHALLENGE_UNKNOWN),
	REFUSED(STEP_ROWS, challenge_expired, CHALLENGE_EXPIRED),
	MANAGED(STEP_ROWS, challenge_nearly_expired, BIND),
	REFUSED(STEP_RESPONSE, response_from_future, CHALLENGE_EXPIRED),
	MANAGED(STEP_RESPONSE, response_at_leeway, BIND),
	REFUSED(STEP_RESPONSE, response_outdated, CHALLENGE_EXPIRED),
	MANAGED(STEP_RESPONSE, response_nearly_outdated, BIND),
	REFUSED(STEP_TOKENS, challenge_used, CHALLENGE_REPLAYED),
	REFUSED(STEP_RESPONSE, origin_from_nowhere, ORIGIN_MISMATCH),
	MANAGED(STEP_TOKENS, origins_unknown, BIND),
	REFUSED(STEP_RESPONSE, respond_without_origin, ORIGIN_MISMATCH),
	REFUSED(STEP_RESPONSE, respond_from_other_origin, ORIGIN_MISMATCH),
	MANAGED(STEP_RESPONSE, respond_from_that_origin, BIND),
	REFUSED(STEP_RESPONSE, response_transport, TRANSPORT_MISMATCH),
	REFUSED(STEP_RESPONSE, demand_user_verification, USER_VERIFICATION_MISSING),
	MANAGED(STEP_RESPONSE, respond_with_user, BIND),
	/* rule 22: device, user and account, in this order */
	REFUSED(STEP_TOKENS, device_missing, DEVICE_SUSPENDED),
	REFUSED(STEP_ROWS, device_other, DEVICE_SUSPENDED),
	REFUSED(STEP_ROWS, device_of_unknown_state, DEVICE_SUSPENDED),
	REFUSED(STEP_ROWS, device_suspended, DEVICE_SUSPENDED),
	REFUSED(STEP_ROWS, device_deactivated, DEVICE_DEACTIVATED),
	REFUSED(STEP_ROWS, device_deleted, DEVICE_DELETED),
	REFUSED(STEP_TOKENS, user_missing, USER_SUSPENDED),
	REFUSED(STEP_ROWS, user_other, USER_SUSPENDED),
	REFUSED(STEP_ROWS, user_of_unknown_state, USER_SUSPENDED),
	REFUSED(STEP_ROWS, user_suspended, USER_SUSPENDED),
	REFUSED(STEP_ROWS, user_deleted, ACCOUNT_DELETED),
	REFUSED(STEP_ROWS, account_deleted, ACCOUNT_DELETED),
	/* rule 2 */
	UNMANAGED(STEP_TOKENS, attestation_withheld, ATTESTATION_MALFORMED),
	UNMANAGED(STEP_RESPONSE, attestation_beside_mar, CHALLENGE_MISMATCH),
	UNMANAGED(STEP_RESPONSE, attestation_garbage, ATTESTATION_MALFORMED),
	/* rule 11 */
	UNMANAGED(STEP_RESPONSE, attestation_signature_broken, ATTESTATION_SIGNATURE_INVALID),
	UNMANAGED(STEP_RESPONSE, response_mah, CHALLENGE_MISMATCH),
	UNMANAGED(STEP_ATTESTATION, attestation_nonce, CHALLENGE_MISMATCH),
	UNMANAGED(STEP_ATTESTATION, attestation_chh, CHALLENGE_MISMATCH),
	UNMANAGED(STEP_ATTESTATION, attestation_device_id, CHALLENGE_MISMATCH),
	UNMANAGED(STEP_ATTESTATION, attestation_aud, CHALLENGE_MISMATCH),
	UNMANAGED(STEP_ATTESTATION, attestation_account_key, CHALLENGE_MISMATCH),
	UNMANAGED(STEP_ATTESTATION, attestation_device_key, CHALLENGE_MISMATCH),
	UNMANAGED(STEP_ATTESTATION, attestation_from_future, CHALLENGE_MISMATCH),
	UNMANAGED(STEP_ATTESTATION, attestation_outdated, CHALLENGE_MISMATCH),
	/* rules 13, 14 and 16 */
	UNMANAGED(STEP_ISSUERS, no_issuers, ISSUER_NOT_TRUSTED),
	UNMANAGED(STEP_ISSUERS, issuer_of_same_name, ISSUER_NOT_TRUSTED),
	MANAGED(STEP_ISSUERS, issuer_behind_same_name, BIND),
	MANAGED(STEP_ROWS, issuer_expired, BIND),
	MANAGED(STEP_ROWS, issuer_is_intermediate, BIND),
	/* rule 12 */
	UNMANAGED(STEP_ROWS, certificate_expired, CERTIFICATE_EXPIRED),
	UNMANAGED(STEP_ROWS, certificate_not_yet_valid, CERTIFICATE_NOT_YET_VALID),
	MANAGED(STEP_ROWS, certificate_at_its_last, BIND),
	MANAGED(STEP_ROWS, certificate_at_its_first, BIND),
	UNMANAGED(STEP_ROWS, certificate_unsuitable, CERTIFICATE_UNSUITABLE),
	UNMANAGED(STEP_ROWS, certificate_revoked, CERTIFICATE_REVOKED),
	UNMANAGED(STEP_ROWS, revocation_unknown, REVOCATION_UNKNOWN),
	/* rule 15 */
	MANAGED(STEP_ROWS, link_bound_here, NONE),
	UNMANAGED(STEP_ROWS, link_bound_elsewhere, BOUND_TO_ANOTHER_DEVICE),
	UNMANAGED(STEP_ROWS, link_suspended_elsewhere, LINK_SUSPENDED),
	/* rule 22 */
	UNMANAGED(STEP_ROWS, link_refused_elsewhere, CERTIFICATE_REFUSED),
	UNMANAGED(STEP_ROWS, link_refused_here, CERTIFICATE_REFUSED),
	UNMANAGED(STEP_ROWS, link_of_unknown_state, CERTIFICATE_REFUSED),
	/* rule 26 */
	CASE(STEP_ROWS, link_of_other_key, NONE, BOUND_TO_ANOTHER_DEVICE, NONE, "same-hardware"),
	CASE(STEP_ROWS, link_of_no_key, NONE, BOUND_TO_ANOTHER_DEVICE, NONE, "same-hardware"),
	MANAGED(STEP_ROWS, link_of_other_key_approved, ADD_KEY),
	/* rule 25 */
	MANAGED(STEP_ROWS, link_handed_over, HAND_OVER),
	UNMANAGED(STEP_ROWS, link_suspended, LINK_SUSPENDED),
	UNMANAGED(STEP_ROWS, link_suspended_key_approved, LINK_SUSPENDED),
	UNMANAGED(STEP_ROWS, hand_over_lapsed, LINK_SUSPENDED),
	UNMANAGED(STEP_ROWS, hand_over_without_reactivation, LINK_SUSPENDED),
	UNMANAGED(STEP_ROWS, hand_over_to_older_account, LINK_SUSPENDED),
};

/* The certificate is in the decision from its signature on. */
static gboolean
expect_certificate(const Case *c)
{
	return c->reason == CS_REASON_NONE && c->device_reason != CS_REASON_ATTESTATION_MALFORMED &&
	       c->device_reason != CS_REASON_ATTESTATION_SIGNATURE_INVALID;
}

static gboolean
expect_challenge_used(const Case *c)
{
	return c->reason != CS_REASON_RESPONSE_MALFORMED &&
	       c->reason != CS_REASON_ACCOUNT_UNKNOWN &&
	       c->reason != CS_REASON_RESPONSE_SIGNATURE_INVALID;
}

static void
test_case(gconstpointer data)
{
	const Case *c = data;
	World world;
	g_auto(CsDecision) decision = {0};

	world_init(&world, c);
	cs_verifier_decide(&world.input, &decision);
	g_assert_cmpstr(cs_reason_to_code(decision.reason), ==, cs_reason_to_code(c->reason));
	g_assert_cmpstr(cs_reason_to_code(decision.device_reason), ==,
			cs_reason_to_code(c->device_reason));
	g_assert_true(decision.authenticated == (c->reason == CS_REASON_NONE));
	g_assert_true(decision.managed == (c->device_reason == CS_REASON_MANAGED));
	g_assert_cmpint(decision.binding, ==, c->binding);
	g_assert_cmpstr(decision.hint, ==, c->hint);
	g_assert_true(decision.uses_challenge == expect_challenge_used(c));
	g_assert_true((decision.certificate != NULL) == expect_certificate(c));
	world_clear(&world);
}

/* rule 2: the client's own reasons */
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

	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++) {
		World world;
		g_auto(CsDecision) decision = {0};

		world_init(&world, &(Case){0});
		g_clear_pointer(&world.response_token, g_free);
		g_clear_pointer(&world.proof_token, g_free);
		g_clear_pointer(&world.proof, cs_device_proof_free);
		respond_with_mar(&world, reasons[i]);
		sign_response(&world);
		fill_proof(&world);
		sign_proof(&world);
		fill_input(&world);
		world.input.attestation = NULL;
		cs_verifier_decide(&world.input, &decision);
		g_assert_true(decision.authenticated);
		g_assert_false(decision.managed);
		g_assert_cmpint(decision.device_reason, ==, reasons[i]);
		g_assert_cmpint(decision.binding, ==, CS_BINDING_NONE);
		g_assert_null(decision.certificate);
		world_clear(&world);
	}
}

/* Revocation and link are asked once, and only about what all before them has passed. */
static void
test_questions(void)
{
	static const struct {
		Step step;
		void (*change)(World *world);
		guint revocation;
		guint link;
	} rows[] = {
		{STEP_ROWS, NULL, 1, 1},
		{STEP_ROWS, certificate_revoked, 1, 0},
		{STEP_ROWS, revocation_unknown, 1, 0},
		{STEP_ROWS, certificate_unsuitable, 0, 0},
		{STEP_ROWS, certificate_expired, 0, 0},
		{STEP_ISSUERS, no_issuers, 0, 0},
		{STEP_ATTESTATION, attestation_device_key, 0, 0},
		{STEP_ROWS, device_suspended, 0, 0},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		World world;
		g_auto(CsDecision) decision = {0};

		world_init(&world, &(Case){.step = rows[i].step, .change = rows[i].change});
		cs_verifier_decide(&world.input, &decision);
		g_assert_cmpuint(world.revocation_questions, ==, rows[i].revocation);
		g_assert_cmpuint(world.link_questions, ==, rows[i].link);
		world_clear(&world);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/verifier/case/", cases[i].name, NULL);

		g_test_add_data_func(path, &cases[i], test_case);
	}
	g_test_add_func("/verifier/without-attestation", test_without_attestation);
	g_test_add_func("/verifier/questions", test_questions);
	return g_test_run();
}
