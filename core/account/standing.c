/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/standing.h"

#include <string.h>

/* Action is needed where this account cannot sign in until somebody has done something. Where it
 * signs in and only the attestation does not count, the device is not managed, whatever the cause:
 * that is a state that an organisation may want. */
#define MANAGED                                                                                    \
	{                                                                                          \
		CS_AGENT_MANAGED                                                                   \
	}
#define NOT_MANAGED                                                                                \
	{                                                                                          \
		CS_AGENT_NOT_MANAGED                                                               \
	}
/* ... and the server has said something about this device's certificate. */
#define REJECTED                                                                                   \
	{                                                                                          \
		CS_AGENT_NOT_MANAGED, .is_told = TRUE                                              \
	}
#define ACTION                                                                                     \
	{                                                                                          \
		CS_AGENT_ACTION_NEEDED, .is_told = TRUE                                            \
	}
#define OF_DEVICE                                                                                  \
	{                                                                                          \
		CS_AGENT_ACTION_NEEDED, .is_told = TRUE, .is_of_device = TRUE                      \
	}
/* The sign-in itself went wrong, as when the server was restarted in its middle. */
#define RETRIED                                                                                    \
	{                                                                                          \
		CS_AGENT_NOT_MANAGED, .is_retried = TRUE                                           \
	}

static const CsStanding of_reasons[CS_REASON_COUNT] = {
	[CS_REASON_NONE] = NOT_MANAGED,
	[CS_REASON_MANAGED] = MANAGED,
	[CS_REASON_NO_ISSUERS] = NOT_MANAGED,
	[CS_REASON_NO_CERTIFICATE] = NOT_MANAGED,
	[CS_REASON_KEY_INACCESSIBLE] = NOT_MANAGED,
	[CS_REASON_CONSENT_MISSING] = NOT_MANAGED,
	[CS_REASON_CERTIFICATE_EXPIRED] = NOT_MANAGED,
	[CS_REASON_CERTIFICATE_NOT_YET_VALID] = NOT_MANAGED,
	[CS_REASON_CERTIFICATE_UNSUITABLE] = NOT_MANAGED,
	[CS_REASON_ATTESTATION_MALFORMED] = REJECTED,
	[CS_REASON_ATTESTATION_SIGNATURE_INVALID] = REJECTED,
	[CS_REASON_CHALLENGE_MISMATCH] = REJECTED,
	[CS_REASON_ISSUER_NOT_TRUSTED] = REJECTED,
	[CS_REASON_CERTIFICATE_REVOKED] = REJECTED,
	[CS_REASON_REVOCATION_UNKNOWN] = NOT_MANAGED,
	[CS_REASON_CERTIFICATE_REFUSED] = REJECTED,
	[CS_REASON_BOUND_TO_ANOTHER_DEVICE] = REJECTED,
	[CS_REASON_LINK_SUSPENDED] = REJECTED,
	[CS_REASON_CHALLENGE_UNKNOWN] = RETRIED,
	[CS_REASON_CHALLENGE_EXPIRED] = RETRIED,
	[CS_REASON_CHALLENGE_REPLAYED] = RETRIED,
	[CS_REASON_RESPONSE_MALFORMED] = ACTION,
	[CS_REASON_RESPONSE_SIGNATURE_INVALID] = ACTION,
	[CS_REASON_DEVICE_PROOF_INVALID] = ACTION,
	[CS_REASON_ORIGIN_MISMATCH] = ACTION,
	[CS_REASON_TRANSPORT_MISMATCH] = ACTION,
	[CS_REASON_USER_VERIFICATION_MISSING] = ACTION,
	[CS_REASON_ACCOUNT_UNKNOWN] = ACTION,
	[CS_REASON_ACCOUNT_DELETED] = ACTION,
	[CS_REASON_USER_SUSPENDED] = ACTION,
	[CS_REASON_DEVICE_SUSPENDED] = OF_DEVICE,
	[CS_REASON_DEVICE_DEACTIVATED] = OF_DEVICE,
	[CS_REASON_DEVICE_DELETED] = OF_DEVICE,
	[CS_REASON_CODE_INVALID] = ACTION,
	[CS_REASON_DEVICE_NOT_ACTIVE] = OF_DEVICE,
	[CS_REASON_SERVER_KEY_UNKNOWN] = ACTION,
};

/* Failures that are no reasons of the protocol. Any other is trouble that somebody has to see to:
 * a key or a file of ours, or an answer that was not believed. */
static const struct {
	const char *code;
	CsStanding standing;
} of_failures[] = {
	{"unreachable", {CS_AGENT_NOT_MANAGED, .is_retried = TRUE, .keeps_last = TRUE}},
	{"cancelled", {CS_AGENT_NOT_MANAGED, .keeps_last = TRUE}},
};

static const CsStanding trouble = ACTION;

/**
 * cs_standing_of_verdict:
 * @managed: what the server decided
 * @reason: why; where it let the account in, the reason of the device
 *
 * Returns: (transfer none): what it means; managed only on the server's clear word
 */
const CsStanding *
cs_standing_of_verdict(CsManaged managed, CsReason reason)
{
	if (managed == CS_MANAGED_YES)
		return &of_reasons[CS_REASON_MANAGED];
	if ((guint)reason >= CS_REASON_COUNT || reason == CS_REASON_MANAGED)
		return &of_reasons[CS_REASON_NONE];
	return &of_reasons[reason];
}

/**
 * cs_standing_of_failure:
 * @error_code: why there was no verdict, as cs_account_get_error_code() names it
 *
 * Returns: (transfer none): what it means; never that the device is managed
 */
const CsStanding *
cs_standing_of_failure(const char *error_code)
{
	CsReason reason = cs_reason_from_code(error_code);

	for (gsize i = 0; i < G_N_ELEMENTS(of_failures); i++) {
		if (strcmp(of_failures[i].code, error_code) == 0)
			return &of_failures[i].standing;
	}
	return reason == CS_REASON_NONE ? &trouble : cs_standing_of_verdict(CS_MANAGED_NO, reason);
}

/**
 * cs_standing_of_code:
 * @code: of a verdict or of a failure
 *
 * Returns: (transfer none): what it means
 */
const CsStanding *
cs_standing_of_code(const char *code)
{
	if (cs_reason_from_code(code) == CS_REASON_MANAGED)
		return &of_reasons[CS_REASON_MANAGED];
	return cs_standing_of_failure(code);
}
