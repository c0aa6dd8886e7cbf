/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/verifier.h"

#include "core/base/encoding.h"

#include <string.h>

/* What one decision has found out so far. */
typedef struct {
	const CsVerifierInput *in;
	CsDecision *out;
	const CsAuthToken *response;
	const CsAttestation *attestation;
	CsIssuer *issuer; /* lent: who issued the attestation's certificate */
	/* The same tokens where they were not verified ahead. */
	CsAuthToken *own_response;
	CsAttestation *own_attestation;
	gboolean is_response_verified;
} CsRun;

/* A check answers CS_REASON_NONE where the next one is to be asked. */
typedef CsReason (*CsCheck)(CsRun *run);

/* That exp follows iat soon belongs to the token's form. */
static gboolean
times_fit(gint64 iat, gint64 exp, gint64 now)
{
	return iat <= now + CS_TOKEN_LEEWAY_S && exp > now - CS_TOKEN_LEEWAY_S;
}

static gboolean
is_hash_of(const char *hash, const char *token)
{
	g_autofree char *expected = cs_sha256_base64url(token, strlen(token));

	return g_strcmp0(hash, expected) == 0;
}

static CsReason
check_form(CsRun *run)
{
	const CsVerifierInput *in = run->in;
	const CsAccountRow *account = in->account;

	if (account != NULL)
		run->response = cs_proofs_get_response(in->proofs, in->response, account->jwk,
						       account->thumbprint);
	run->is_response_verified = run->response != NULL;
	if (run->is_response_verified)
		return CS_REASON_NONE;
	run->own_response = cs_auth_token_parse(in->response, NULL);
	run->response = run->own_response;
	return run->response == NULL ? CS_REASON_RESPONSE_MALFORMED : CS_REASON_NONE;
}

static gboolean
is_signed_by_account(const CsRun *run)
{
	const CsAccountRow *account = run->in->account;
	g_autoptr(CsJwk) key = NULL;
	g_autoptr(CsAuthToken) verified = NULL;

	if (run->is_response_verified)
		return TRUE;
	key = cs_proofs_dup_key(account->jwk, account->thumbprint);
	verified = key != NULL ? cs_auth_token_verify(run->in->response, key, NULL) : NULL;
	return verified != NULL;
}

static CsReason
check_account_signature(CsRun *run)
{
	if (run->in->account == NULL)
		return CS_REASON_ACCOUNT_UNKNOWN;
	if (g_strcmp0(run->response->iss, run->in->account->id) != 0 || !is_signed_by_account(run))
		return CS_REASON_RESPONSE_SIGNATURE_INVALID;
	run->out->uses_challenge = TRUE;
	return CS_REASON_NONE;
}

static gboolean
proof_ties(const CsRun *run, const CsDeviceProof *proof)
{
	const CsAuthToken *response = run->response;

	return g_strcmp0(proof->aud, response->aud) == 0 &&
	       g_strcmp0(proof->nonce, response->nonce) == 0 &&
	       g_strcmp0(proof->chh, response->chh) == 0 &&
	       g_strcmp0(proof->device_id, response->device_id) == 0 &&
	       g_strcmp0(proof->mah, response->mah) == 0 &&
	       is_hash_of(proof->ath, run->in->response);
}

static gboolean
verify_proof(const CsRun *run)
{
	const CsVerifierInput *in = run->in;
	const CsDeviceProof *known = cs_proofs_get_device_proof(in->proofs, in->device_proof,
								in->key->jwk, in->key->thumbprint);
	g_autoptr(CsJwk) key = NULL;
	g_autoptr(CsDeviceProof) proof = NULL;

	if (known != NULL)
		return proof_ties(run, known);
	key = cs_proofs_dup_key(in->key->jwk, in->key->thumbprint);
	proof = key != NULL ? cs_device_proof_verify(in->device_proof, key, NULL) : NULL;
	return proof != NULL && proof_ties(run, proof);
}

/* Rule 15: the device proves itself with the key that it holds; the id it claims only has to agree.
 */
static CsReason
check_device_proof(CsRun *run)
{
	const CsVerifierInput *in = run->in;

	if (in->device_proof == NULL || in->key == NULL ||
	    g_strcmp0(in->key->id, in->account->key_id) != 0 ||
	    g_strcmp0(in->key->device_id, in->account->device_id) != 0 ||
	    g_strcmp0(run->response->device_id, in->account->device_id) != 0 || !verify_proof(run))
		return CS_REASON_DEVICE_PROOF_INVALID;
	return CS_REASON_NONE;
}

/* A challenge's aud is the account, or the organisation where the user was not known yet. */
static gboolean
response_ties(const CsRun *run)
{
	const CsChallenge *challenge = run->in->challenge;
	const CsAuthToken *response = run->response;

	return (g_strcmp0(challenge->aud, response->iss) == 0 ||
		g_strcmp0(challenge->aud, challenge->iss) == 0) &&
	       g_strcmp0(response->aud, challenge->iss) == 0 &&
	       g_strcmp0(response->nonce, challenge->nonce) == 0 &&
	       is_hash_of(response->chh, run->in->challenge_token);
}

/* The challenge's own expiry has no leeway: one clock wrote it and judges it. */
static CsReason
check_challenge(CsRun *run)
{
	const CsVerifierInput *in = run->in;

	if (in->challenge == NULL || !response_ties(run))
		return CS_REASON_CHALLENGE_UNKNOWN;
	if (in->now >= in->challenge->exp ||
	    !times_fit(run->response->iat, run->response->exp, in->now))
		return CS_REASON_CHALLENGE_EXPIRED;
	if (in->challenge_use != CS_CHALLENGE_OPEN)
		return CS_REASON_CHALLENGE_REPLAYED;
	return CS_REASON_NONE;
}

/* No page stood between where the challenge names no origins; else it is one of them. */
static CsReason
check_origin(CsRun *run)
{
	const char *const *origins = (const char *const *)run->in->challenge->origins;
	const char *origin = run->response->origin;

	if (origins == NULL || origins[0] == NULL)
		return origin == NULL ? CS_REASON_NONE : CS_REASON_ORIGIN_MISMATCH;
	if (origin == NULL || !g_strv_contains(origins, origin))
		return CS_REASON_ORIGIN_MISMATCH;
	return CS_REASON_NONE;
}

static CsReason
check_transport(CsRun *run)
{
	if (g_strcmp0(run->response->transport, run->in->challenge->transport) != 0)
		return CS_REASON_TRANSPORT_MISMATCH;
	return CS_REASON_NONE;
}

/* Whatever is not "none" is a demand. */
static CsReason
check_user_verification(CsRun *run)
{
	if (g_strcmp0(run->in->challenge->user_verification, "none") == 0 ||
	    g_strv_contains((const char *const *)run->response->amr, "user"))
		return CS_REASON_NONE;
	return CS_REASON_USER_VERIFICATION_MISSING;
}

/* Rule 22. A record that is missing, or in a state of another version's, is refused by the mildest
 * code: none that would make the client drop its account for good. */
static CsReason
check_device_state(CsRun *run)
{
	static const CsReason reasons[] = {
		[CS_DEVICE_ACTIVE] = CS_REASON_NONE,
		[CS_DEVICE_SUSPENDED] = CS_REASON_DEVICE_SUSPENDED,
		[CS_DEVICE_DEACTIVATED] = CS_REASON_DEVICE_DEACTIVATED,
		[CS_DEVICE_DELETED] = CS_REASON_DEVICE_DELETED,
	};
	const CsDeviceRow *device = run->in->device;

	if (device == NULL || g_strcmp0(device->id, run->in->account->device_id) != 0 ||
	    (gsize)device->state >= G_N_ELEMENTS(reasons))
		return CS_REASON_DEVICE_SUSPENDED;
	return reasons[device->state];
}

/* As above; a deleted user's accounts are deleted. */
static CsReason
check_user_state(CsRun *run)
{
	static const CsReason reasons[] = {
		[CS_USER_ACTIVE] = CS_REASON_NONE,
		[CS_USER_SUSPENDED] = CS_REASON_USER_SUSPENDED,
		[CS_USER_DELETED] = CS_REASON_ACCOUNT_DELETED,
	};
	const CsUserRow *user = run->in->user;

	if (user == NULL || g_strcmp0(user->id, run->in->account->user_id) != 0 ||
	    (gsize)user->state >= G_N_ELEMENTS(reasons))
		return CS_REASON_USER_SUSPENDED;
	return reasons[user->state];
}

static CsReason
check_account_state(CsRun *run)
{
	return run->in->account->deleted ? CS_REASON_ACCOUNT_DELETED : CS_REASON_NONE;
}

/* Rule 11. */
static CsReason
check_attestation_signature(CsRun *run)
{
	g_autoptr(GError) error = NULL;

	run->attestation = cs_proofs_get_attestation(run->in->proofs, run->in->attestation);
	if (run->attestation == NULL)
		run->own_attestation = cs_attestation_verify(run->in->attestation, &error);
	if (run->attestation == NULL)
		run->attestation = run->own_attestation;
	if (run->attestation == NULL)
		return g_error_matches(error, CS_ERROR, CS_ERROR_SIGNATURE)
			       ? CS_REASON_ATTESTATION_SIGNATURE_INVALID
			       : CS_REASON_ATTESTATION_MALFORMED;
	run->out->certificate = cs_certificate_ref(run->attestation->certificate);
	return CS_REASON_NONE;
}

/* The attestation belongs to this response, challenge, device and account; whoever carries it
 * elsewhere has nothing. */
static CsReason
check_attestation_ties(CsRun *run)
{
	const CsVerifierInput *in = run->in;
	const CsAttestation *attestation = run->attestation;
	g_autofree char *audience = cs_attestation_audience(in->challenge->iss);

	if (!is_hash_of(run->response->mah, in->attestation) ||
	    g_strcmp0(attestation->nonce, in->challenge->nonce) != 0 ||
	    g_strcmp0(attestation->chh, run->response->chh) != 0 ||
	    g_strcmp0(attestation->device_id, in->account->device_id) != 0 ||
	    g_strcmp0(attestation->aud, audience) != 0 ||
	    g_strcmp0(attestation->account_jkt, in->account->thumbprint) != 0 ||
	    g_strcmp0(attestation->device_jkt, in->key->thumbprint) != 0 ||
	    !times_fit(attestation->iat, attestation->exp, in->now))
		return CS_REASON_CHALLENGE_MISMATCH;
	return CS_REASON_NONE;
}

/* Rules 13, 14 and 16: by the list as it is now, and by nothing above it. */
static CsReason
check_issuer(CsRun *run)
{
	GPtrArray *issuers = run->in->issuers;

	for (guint i = 0; i < issuers->len; i++) {
		CsIssuer *issuer = g_ptr_array_index(issuers, i);

		if (cs_issuer_has_issued(issuer, run->attestation->certificate)) {
			run->issuer = issuer;
			return CS_REASON_NONE;
		}
	}
	return CS_REASON_ISSUER_NOT_TRUSTED;
}

/* Rule 12's first half, by the server's clock and without leeway. */
static CsReason
check_validity(CsRun *run)
{
	const CsCertificate *certificate = run->attestation->certificate;

	if (run->in->now < cs_certificate_get_not_before(certificate))
		return CS_REASON_CERTIFICATE_NOT_YET_VALID;
	if (run->in->now > cs_certificate_get_not_after(certificate))
		return CS_REASON_CERTIFICATE_EXPIRED;
	return CS_REASON_NONE;
}

static CsReason
check_suitability(CsRun *run)
{
	return cs_certificate_is_client(run->attestation->certificate, NULL)
		       ? CS_REASON_NONE
		       : CS_REASON_CERTIFICATE_UNSUITABLE;
}

/* Rule 12's second half: only a good answer is good. */
static CsReason
check_revocation(CsRun *run)
{
	const CsVerifierInput *in = run->in;
	CsRevocation answer =
		in->get_revocation(run->attestation->certificate, run->issuer, in->data);

	if (answer == CS_REVOCATION_GOOD)
		return CS_REASON_NONE;
	return answer == CS_REVOCATION_REVOKED ? CS_REASON_CERTIFICATE_REVOKED
					       : CS_REASON_REVOCATION_UNKNOWN;
}

/* Rule 26: a bound link of this record. The founder's key gets no more than it bound itself. */
static CsReason
decide_bound_link(CsRun *run, const CsLinkRow *link)
{
	if (link->key_ids != NULL &&
	    g_strv_contains((const char *const *)link->key_ids, run->in->key->id))
		return CS_REASON_NONE;
	if (run->in->key->approval == CS_APPROVAL_ADMINISTRATOR) {
		run->out->binding = CS_BINDING_ADD_KEY;
		return CS_REASON_NONE;
	}
	run->out->hint = "same-hardware";
	return CS_REASON_BOUND_TO_ANOTHER_DEVICE;
}

/* Rules 25 and 26: a suspended link of this record, while the hand-over that its reactivation
 * opened is open. The account's own date is asked as well, although deactivation dropped all older
 * ones: nothing from before may take the link over. */
static CsReason
decide_suspended_link(CsRun *run, const CsLinkRow *link)
{
	const CsVerifierInput *in = run->in;

	if (link->hand_over_until <= in->now || in->device->reactivated_at == 0 ||
	    in->account->created_at < in->device->reactivated_at)
		return CS_REASON_LINK_SUSPENDED;
	run->out->binding = CS_BINDING_HAND_OVER;
	return CS_REASON_NONE;
}

/* Rule 15: keyed on the certificate's public key. */
static CsReason
check_link(CsRun *run)
{
	const CsVerifierInput *in = run->in;
	const CsLinkRow *link = in->get_link(
		cs_certificate_get_key_fingerprint(run->attestation->certificate), in->data);
	gboolean own;

	if (link == NULL) {
		run->out->binding = CS_BINDING_BIND;
		return CS_REASON_NONE;
	}
	own = g_strcmp0(link->device_id, in->device->id) == 0;
	switch (link->state) {
	case CS_LINK_BOUND:
		return own ? decide_bound_link(run, link) : CS_REASON_BOUND_TO_ANOTHER_DEVICE;
	case CS_LINK_SUSPENDED:
		return own ? decide_suspended_link(run, link) : CS_REASON_LINK_SUSPENDED;
	case CS_LINK_REFUSED:
	default:
		return CS_REASON_CERTIFICATE_REFUSED;
	}
}

static const CsCheck authentication_checks[] = {
	check_form,	  check_account_signature, check_device_proof,	    check_challenge,
	check_origin,	  check_transport,	   check_user_verification, check_device_state,
	check_user_state, check_account_state,
};

static const CsCheck attestation_checks[] = {
	check_attestation_signature, check_attestation_ties, check_issuer, check_validity,
	check_suitability,	     check_revocation,	     check_link,
};

static CsReason
run_checks(CsRun *run, const CsCheck *checks, gsize count)
{
	CsReason reason = CS_REASON_NONE;

	for (gsize i = 0; i < count && reason == CS_REASON_NONE; i++)
		reason = checks[i](run);
	return reason;
}

/* Rule 2: without an attestation the device is not managed, and the client said why; one that its
 * response speaks of and that is not there counts as broken. */
static void
judge_attestation(CsRun *run)
{
	CsReason reason;

	if (run->in->attestation == NULL) {
		run->out->device_reason = run->response->mah != NULL
						  ? CS_REASON_ATTESTATION_MALFORMED
						  : run->response->mar;
		return;
	}
	reason = run_checks(run, attestation_checks, G_N_ELEMENTS(attestation_checks));
	run->out->managed = reason == CS_REASON_NONE;
	run->out->device_reason = run->out->managed ? CS_REASON_MANAGED : reason;
}

/**
 * cs_verifier_decide:
 * @input: the tables; all of it lent, nothing of it changed
 * @decision: (out caller-allocates): what was decided; cs_decision_clear() afterwards
 *
 * Judges one response to a challenge, in docs/protocol.md's order of verification; the first
 * failure is the reason. The attestation is looked at only where the authentication has succeeded,
 * and no failure of it fails the authentication (rule 2). @input's get_revocation and get_link are
 * asked at most once, and only about a certificate whose signature over the attestation, issuer,
 * validity and suitability are already good.
 *
 * A response to another challenge than @input's (nonce, hash, audience or account differ) is
 * `challenge-unknown`; one dated outside the leeway is `challenge-expired`.
 *
 * What it does not prove: that the tables are true. The caller loads them, and writes the binding
 * that @decision asks for, in one transaction. The hardware id is never asked (rule 26), nor does a
 * managed device prove who controls it.
 */
void
cs_verifier_decide(const CsVerifierInput *input, CsDecision *decision)
{
	CsRun run = {.in = input, .out = decision};

	*decision = (CsDecision){.reason = CS_REASON_NONE, .device_reason = CS_REASON_NONE};
	decision->reason =
		run_checks(&run, authentication_checks, G_N_ELEMENTS(authentication_checks));
	decision->authenticated = decision->reason == CS_REASON_NONE;
	if (decision->authenticated)
		judge_attestation(&run);
	g_clear_pointer(&run.own_response, cs_auth_token_free);
	g_clear_pointer(&run.own_attestation, cs_attestation_free);
}

/**
 * cs_decision_clear:
 * @decision: a decision, made or all zero
 *
 * Lets go of what @decision holds.
 */
void
cs_decision_clear(CsDecision *decision)
{
	g_clear_pointer(&decision->certificate, cs_certificate_unref);
}
