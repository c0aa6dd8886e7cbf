/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/proofs.h"
#include "core/authority/registry.h"
#include "core/pki/issuer.h"
#include "core/protocol/tokens.h"

/* Rules 11 to 15 and 22 to 26 as a pure function: tables in, decision out. It looks nothing up and
 * writes nothing. */
typedef enum {
	CS_REVOCATION_GOOD,
	CS_REVOCATION_REVOKED,
	CS_REVOCATION_UNKNOWN,
} CsRevocation;

typedef enum {
	CS_CHALLENGE_OPEN,
	CS_CHALLENGE_USED,
} CsChallengeUse;

/* The tables. Everything is lent; (nullable) rows are absent where the registry has none. */
typedef struct {
	gint64 now;		      /* Unix seconds */
	const CsChallenge *challenge; /* NULL: unknown */
	const char *challenge_token;
	CsChallengeUse challenge_use;
	const char *response;	  /* countersign-auth+jwt */
	const char *device_proof; /* (nullable) countersign-device-proof+jwt */
	const char *attestation;  /* (nullable) countersign-mgmt+jwt */
	/* (nullable) what was verified of them ahead; whatever is in it, the decision is the same */
	const CsProofs *proofs;
	const CsAccountRow *account;
	const CsUserRow *user;
	const CsDeviceRow *device;
	const CsDeviceKeyRow *key; /* the account's device key */
	GPtrArray *issuers;	   /* (element-type CsIssuer), now trusted; never NULL */
	/* Asked once the certificate is known, and only then: answers from tables. */
	CsRevocation (*get_revocation)(const CsCertificate *certificate,
				       CsIssuer *issuer,
				       gpointer data);
	const CsLinkRow *(*get_link)(const char *key_fingerprint, gpointer data); /* (nullable) */
	gpointer data;
} CsVerifierInput;

typedef enum {
	CS_BINDING_NONE,      /* nothing to write */
	CS_BINDING_BIND,      /* a new link: this device, this key (rule 15) */
	CS_BINDING_ADD_KEY,   /* an approved key joins the link (rule 26) */
	CS_BINDING_HAND_OVER, /* a suspended link becomes this key's alone (rules 25, 26) */
} CsBinding;

typedef struct {
	gboolean authenticated;
	CsReason reason; /* of the authentication */
	gboolean managed;
	CsReason device_reason;
	const char *hint;	 /* (nullable) static: "same-hardware" */
	gboolean uses_challenge; /* the account's signature was valid: the challenge is used up */
	CsBinding binding;
	CsCertificate *
		certificate; /* (nullable) (transfer full) once parsed and its signature verified */
} CsDecision;

void cs_decision_clear(CsDecision *decision);
/* The first failure, in the protocol's order of verification, is the reason. */
void cs_verifier_decide(const CsVerifierInput *input, CsDecision *decision);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CsDecision, cs_decision_clear)
