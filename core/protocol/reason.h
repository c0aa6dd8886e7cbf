/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/protocol/owner.h"

/* Every reason code of the protocol, typed. */
typedef enum {
	CS_REASON_NONE, /* no failure; never on the wire */
	CS_REASON_MANAGED,
	/* of the client's side */
	CS_REASON_NO_ISSUERS,
	CS_REASON_NO_CERTIFICATE,
	CS_REASON_KEY_INACCESSIBLE,
	CS_REASON_CONSENT_MISSING,
	/* of both sides */
	CS_REASON_CERTIFICATE_EXPIRED,
	CS_REASON_CERTIFICATE_NOT_YET_VALID,
	CS_REASON_CERTIFICATE_UNSUITABLE,
	/* of the server's side */
	CS_REASON_ATTESTATION_MALFORMED,
	CS_REASON_ATTESTATION_SIGNATURE_INVALID,
	CS_REASON_CHALLENGE_MISMATCH,
	CS_REASON_ISSUER_NOT_TRUSTED,
	CS_REASON_CERTIFICATE_REVOKED,
	CS_REASON_REVOCATION_UNKNOWN,
	CS_REASON_CERTIFICATE_REFUSED,
	CS_REASON_BOUND_TO_ANOTHER_DEVICE,
	CS_REASON_LINK_SUSPENDED,
	/* authentication's own failures */
	CS_REASON_CHALLENGE_UNKNOWN,
	CS_REASON_CHALLENGE_EXPIRED,
	CS_REASON_CHALLENGE_REPLAYED,
	CS_REASON_RESPONSE_MALFORMED,
	CS_REASON_RESPONSE_SIGNATURE_INVALID,
	CS_REASON_DEVICE_PROOF_INVALID,
	CS_REASON_ORIGIN_MISMATCH,
	CS_REASON_TRANSPORT_MISMATCH,
	CS_REASON_USER_VERIFICATION_MISSING,
	CS_REASON_ACCOUNT_UNKNOWN,
	CS_REASON_ACCOUNT_DELETED,
	CS_REASON_USER_SUSPENDED,
	CS_REASON_DEVICE_SUSPENDED,
	CS_REASON_DEVICE_DEACTIVATED,
	CS_REASON_DEVICE_DELETED,
	/* enrolment's */
	CS_REASON_CODE_INVALID,
	CS_REASON_DEVICE_NOT_ACTIVE,
	CS_REASON_SERVER_KEY_UNKNOWN,
	CS_REASON_COUNT,
} CsReason;

typedef enum {
	CS_REASON_SIDE_CLIENT = 1 << 0,		/* allowed as mar */
	CS_REASON_SIDE_SERVER = 1 << 1,		/* of an attestation */
	CS_REASON_SIDE_AUTHENTICATION = 1 << 2, /* of an authentication */
	CS_REASON_SIDE_ENROLMENT = 1 << 3,
} CsReasonSide;

const char *cs_reason_to_code(CsReason reason);
/* CS_REASON_NONE for a code we do not know. */
CsReason cs_reason_from_code(const char *code);
gboolean cs_reason_is_of(CsReason reason, CsReasonSide side);
/* The server's last word on an account (rules 22, 23). */
gboolean cs_reason_ends_account(CsReason reason);
/* Translated, for people; lent, never NULL. */
const char *cs_reason_get_sentence(CsReason reason);
const char *cs_reason_get_next_step(CsReason reason);
CsOwner cs_reason_get_owner(CsReason reason); /* whose the next step is */
