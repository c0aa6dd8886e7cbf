/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/reason.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define CLIENT	       CS_REASON_SIDE_CLIENT
#define SERVER	       CS_REASON_SIDE_SERVER
#define AUTHENTICATION CS_REASON_SIDE_AUTHENTICATION
#define ENROLMENT      CS_REASON_SIDE_ENROLMENT

typedef struct {
	const char *code;
	guint sides;
	gboolean ends_account;
	CsOwner owner;	       /* whose the next step is */
	const char *sentence;  /* what it means, for the person at the device */
	const char *next_step; /* what to do, and who does it */
} ReasonEntry;

/* Row 0 is CS_REASON_NONE: no code, nothing to say. */
static const ReasonEntry reasons[CS_REASON_COUNT] = {
	[CS_REASON_MANAGED] =
		{
			"managed",
			0,
			FALSE,
			CS_OWNER_NOBODY,
			N_("Your organisation recognises this device as managed."),
			N_("There is nothing for you to do."),
		},
	[CS_REASON_NO_ISSUERS] =
		{
			"no-issuers",
			CLIENT,
			FALSE,
			CS_OWNER_ADMINISTRATOR,
			N_("Your organisation has not said yet whose certificates it accepts, "
			   "so no device can be recognised as managed."),
			N_("There is nothing for you to do: the administrator has to add the "
			   "authority that issues the devices' certificates."),
		},
	[CS_REASON_NO_CERTIFICATE] =
		{
			"no-certificate",
			CLIENT,
			FALSE,
			CS_OWNER_HELPDESK,
			N_("This device has no certificate from an authority that your "
			   "organisation accepts."),
			N_("Ask the helpdesk to have device management put a certificate on "
			   "this device."),
		},
	[CS_REASON_KEY_INACCESSIBLE] =
		{
			"key-inaccessible",
			CLIENT,
			FALSE,
			CS_OWNER_HELPDESK,
			N_("This device has a certificate, but the private key that belongs to "
			   "it could not be used."),
			N_("Run \"countersign explain\" and show the helpdesk what it prints: "
			   "it names what stands in the way."),
		},
	[CS_REASON_CONSENT_MISSING] =
		{
			"consent-missing",
			CLIENT,
			FALSE,
			CS_OWNER_ADMINISTRATOR,
			N_("The organisation asks for certificates that this device's settings "
			   "do not allow it to show there."),
			N_("This device's administrator decides that, with the list of "
			   "permitted issuers in the machine's configuration file."),
		},
	[CS_REASON_CERTIFICATE_EXPIRED] =
		{
			"certificate-expired",
			CLIENT | SERVER,
			FALSE,
			CS_OWNER_HELPDESK,
			N_("This device's certificate has expired."),
			N_("Ask the helpdesk to have device management renew the certificate."),
		},
	[CS_REASON_CERTIFICATE_NOT_YET_VALID] =
		{
			"certificate-not-yet-valid",
			CLIENT | SERVER,
			FALSE,
			CS_OWNER_USER,
			N_("This device's certificate is not valid yet."),
			N_("Try again once its first day has come. If that day is wrong, ask "
			   "the helpdesk for a new certificate."),
		},
	[CS_REASON_CERTIFICATE_UNSUITABLE] =
		{
			"certificate-unsuitable",
			CLIENT | SERVER,
			FALSE,
			CS_OWNER_ADMINISTRATOR,
			N_("This device's certificate is not of a kind that may be used for "
			   "this."),
			N_("Run \"countersign explain\" to see what does not fit, and show it "
			   "to the helpdesk: the administrator has to have a suitable "
			   "certificate issued."),
		},
	[CS_REASON_ATTESTATION_MALFORMED] =
		{
			"attestation-malformed",
			SERVER,
			FALSE,
			CS_OWNER_USER,
			N_("The server could not read this device's proof that it is managed."),
			N_("Update Countersign on this device and try again. If that does not "
			   "help, give the helpdesk the number of the request."),
		},
	[CS_REASON_ATTESTATION_SIGNATURE_INVALID] =
		{
			"attestation-signature-invalid",
			SERVER,
			FALSE,
			CS_OWNER_USER,
			N_("This device's proof that it is managed was not signed with the key "
			   "of its certificate."),
			N_("Try again. If it stays, tell the helpdesk: the certificate and the "
			   "key may not belong together."),
		},
	[CS_REASON_CHALLENGE_MISMATCH] =
		{
			"challenge-mismatch",
			SERVER,
			FALSE,
			CS_OWNER_USER,
			N_("This device's proof that it is managed was made for another "
			   "sign-in."),
			N_("Try again. If it stays, tell the helpdesk: somebody may be passing "
			   "on the answers of another device."),
		},
	[CS_REASON_ISSUER_NOT_TRUSTED] =
		{
			"issuer-not-trusted",
			SERVER,
			FALSE,
			CS_OWNER_HELPDESK,
			N_("This device's certificate is from an authority that your "
			   "organisation does not accept, or no longer accepts."),
			N_("Ask the helpdesk for a certificate from an accepted authority: "
			   "which these are is for the administrator to decide."),
		},
	[CS_REASON_CERTIFICATE_REVOKED] =
		{
			"certificate-revoked",
			SERVER,
			FALSE,
			CS_OWNER_USER,
			N_("This device's certificate has been revoked."),
			N_("Delete the revoked certificate from this device, and ask the helpdesk "
			   "for a new one unless another is there already."),
		},
	[CS_REASON_REVOCATION_UNKNOWN] =
		{
			"revocation-unknown",
			SERVER,
			FALSE,
			CS_OWNER_ADMINISTRATOR,
			N_("Your organisation could not find out whether this device's "
			   "certificate has been revoked, so the device does not count as "
			   "managed."),
			N_("Try again later. If it stays, tell the helpdesk: the administrator "
			   "has to see to how that authority's revocations are looked up."),
		},
	[CS_REASON_CERTIFICATE_REFUSED] =
		{
			"certificate-refused",
			SERVER,
			FALSE,
			CS_OWNER_HELPDESK,
			N_("This device's certificate belonged to a device that has been "
			   "deleted, and is refused for good."),
			N_("Ask the helpdesk for a new certificate with a new key."),
		},
	[CS_REASON_BOUND_TO_ANOTHER_DEVICE] =
		{
			"bound-to-another-device",
			SERVER,
			FALSE,
			CS_OWNER_ADMINISTRATOR,
			N_("This device's certificate already belongs to another device."),
			N_("Ask the helpdesk: the administrator can have a certificate issued "
			   "for this device, release the one in use, or approve this device's "
			   "key where it is the same machine."),
		},
	[CS_REASON_LINK_SUSPENDED] =
		{
			"link-suspended",
			SERVER,
			FALSE,
			CS_OWNER_ADMINISTRATOR,
			N_("This device's certificate is on hold, because the device that it "
			   "belongs to was deactivated."),
			N_("Ask the helpdesk: the administrator has to hand that device on, or "
			   "release its certificate."),
		},
	[CS_REASON_CHALLENGE_UNKNOWN] =
		{
			"challenge-unknown",
			AUTHENTICATION,
			FALSE,
			CS_OWNER_USER,
			N_("The server does not know the sign-in that this device answered."),
			N_("Start the sign-in again. If it stays, tell the helpdesk."),
		},
	[CS_REASON_CHALLENGE_EXPIRED] =
		{
			"challenge-expired",
			AUTHENTICATION,
			FALSE,
			CS_OWNER_USER,
			N_("The sign-in took too long and has expired."),
			N_("Start the sign-in again. If it stays, tell the helpdesk."),
		},
	[CS_REASON_CHALLENGE_REPLAYED] =
		{
			"challenge-replayed",
			AUTHENTICATION,
			FALSE,
			CS_OWNER_USER,
			N_("This sign-in had been answered before, and an answer counts only "
			   "once."),
			N_("Start the sign-in again. If you did not answer the first time, tell"
			   " the helpdesk."),
		},
	[CS_REASON_RESPONSE_MALFORMED] =
		{
			"response-malformed",
			AUTHENTICATION,
			FALSE,
			CS_OWNER_USER,
			N_("The server could not read this device's answer."),
			N_("Update Countersign on this device and try again. If that does not "
			   "help, give the helpdesk the number of the request."),
		},
	[CS_REASON_RESPONSE_SIGNATURE_INVALID] =
		{
			"response-signature-invalid",
			AUTHENTICATION,
			FALSE,
			CS_OWNER_USER,
			N_("The answer was not signed with the key of this account."),
			N_("Try again. If it stays, delete the account on this device, and ask "
			   "the helpdesk for a code to add it anew."),
		},
	[CS_REASON_DEVICE_PROOF_INVALID] =
		{
			"device-proof-invalid",
			AUTHENTICATION,
			FALSE,
			CS_OWNER_USER,
			N_("This device could not prove that it is the one on which the account"
			   " was added."),
			N_("If your files came here from another device, delete the account on "
			   "this one and ask the helpdesk for a code to add it anew. Otherwise "
			   "tell the helpdesk."),
		},
	[CS_REASON_ORIGIN_MISMATCH] =
		{
			"origin-mismatch",
			AUTHENTICATION,
			FALSE,
			CS_OWNER_USER,
			N_("The sign-in was asked for by a page that is not your "
			   "organisation's."),
			N_("Do not sign in there. Open your organisation's own page, and tell "
			   "the helpdesk the address of the other."),
		},
	[CS_REASON_TRANSPORT_MISMATCH] =
		{
			"transport-mismatch",
			AUTHENTICATION,
			FALSE,
			CS_OWNER_USER,
			N_("The answer came by another way than the server had asked for."),
			N_("Start the sign-in again. If it stays, tell the helpdesk."),
		},
	[CS_REASON_USER_VERIFICATION_MISSING] =
		{
			"user-verification-missing",
			AUTHENTICATION,
			FALSE,
			CS_OWNER_USER,
			N_("Your organisation wants this sign-in confirmed by you in person, "
			   "and it was not."),
			N_("Start the sign-in again, and confirm it when this device asks you."),
		},
	[CS_REASON_ACCOUNT_UNKNOWN] =
		{
			"account-unknown",
			AUTHENTICATION,
			FALSE,
			CS_OWNER_USER,
			N_("The server does not know this account."),
			N_("Delete the account on this device, and ask the helpdesk for a code "
			   "to add it anew."),
		},
	[CS_REASON_ACCOUNT_DELETED] =
		{
			"account-deleted",
			AUTHENTICATION,
			TRUE,
			CS_OWNER_HELPDESK,
			N_("This account has been deleted."),
			N_("If you still need it, ask the helpdesk for a code to add it anew."),
		},
	[CS_REASON_USER_SUSPENDED] =
		{
			"user-suspended",
			AUTHENTICATION,
			FALSE,
			CS_OWNER_ADMINISTRATOR,
			N_("Your organisation has suspended your access, on every device."),
			N_("Ask the helpdesk: only the administrator can give it back."),
		},
	[CS_REASON_DEVICE_SUSPENDED] =
		{
			"device-suspended",
			AUTHENTICATION,
			FALSE,
			CS_OWNER_ADMINISTRATOR,
			N_("Your organisation has suspended this device."),
			N_("Ask the helpdesk: only the administrator can resume it. Your "
			   "account and the certificate are kept."),
		},
	[CS_REASON_DEVICE_DEACTIVATED] =
		{
			"device-deactivated",
			AUTHENTICATION,
			TRUE,
			CS_OWNER_ADMINISTRATOR,
			N_("Your organisation has deactivated this device, which ended your "
			   "account on it."),
			N_("Ask the helpdesk: the administrator has to reactivate the device, "
			   "then you can add the account anew with a code."),
		},
	[CS_REASON_DEVICE_DELETED] =
		{
			"device-deleted",
			AUTHENTICATION,
			TRUE,
			CS_OWNER_HELPDESK,
			N_("Your organisation has deleted this device, which ended your account"
			   " on it."),
			N_("Ask the helpdesk for a code to add the account anew; the device "
			   "then also needs a new certificate."),
		},
	[CS_REASON_CODE_INVALID] =
		{
			"code-invalid",
			ENROLMENT,
			FALSE,
			CS_OWNER_USER,
			N_("This activation code does not count: it may be mistyped, used, "
			   "replaced or expired."),
			N_("Check it and enter it once more. After five wrong tries it is void,"
			   " and the helpdesk can give you a new one."),
		},
	[CS_REASON_DEVICE_NOT_ACTIVE] =
		{
			"device-not-active",
			ENROLMENT,
			FALSE,
			CS_OWNER_ADMINISTRATOR,
			N_("No account can be added here, because this device is suspended or "
			   "deactivated."),
			N_("Ask the helpdesk: the administrator has to resume or reactivate the"
			   " device first."),
		},
	[CS_REASON_SERVER_KEY_UNKNOWN] =
		{
			"server-key-unknown",
			ENROLMENT,
			FALSE,
			CS_OWNER_USER,
			N_("The server does not have the key by which this device would know "
			   "it: it may not be your organisation's."),
			N_("Do not go on. Tell the helpdesk, and let the administrator compare "
			   "the key's fingerprint with you."),
		},
};

static const ReasonEntry *
reason_get_entry(CsReason reason)
{
	return (guint)reason < CS_REASON_COUNT ? &reasons[reason] : &reasons[CS_REASON_NONE];
}

/**
 * cs_reason_to_code:
 * @reason: a reason
 *
 * Returns: (nullable) (transfer none): the stable code of docs/protocol.md, "Verdict"; %NULL for
 * %CS_REASON_NONE, which has none
 */
const char *
cs_reason_to_code(CsReason reason)
{
	return reason_get_entry(reason)->code;
}

/**
 * cs_reason_from_code:
 * @code: (nullable): a code from outside
 *
 * Returns: the reason, %CS_REASON_NONE for a code that we do not know
 */
CsReason
cs_reason_from_code(const char *code)
{
	for (int reason = CS_REASON_NONE + 1; reason < CS_REASON_COUNT; reason++) {
		if (g_strcmp0(reasons[reason].code, code) == 0)
			return (CsReason)reason;
	}
	return CS_REASON_NONE;
}

/**
 * cs_reason_is_of:
 * @reason: a reason
 * @side: who may give it
 *
 * Several reasons are of more than one side; %CS_REASON_NONE and %CS_REASON_MANAGED of none.
 *
 * Returns: %TRUE where @side may give @reason
 */
gboolean
cs_reason_is_of(CsReason reason, CsReasonSide side)
{
	return (reason_get_entry(reason)->sides & side) != 0;
}

/**
 * cs_reason_ends_account:
 * @reason: a reason out of a verdict
 *
 * Rules 22 and 23. It proves nothing by itself: the caller has verified the verdict that it is in.
 *
 * Returns: %TRUE where the server has ended the account for good
 */
gboolean
cs_reason_ends_account(CsReason reason)
{
	return reason_get_entry(reason)->ends_account;
}

static const char *
reason_translate(const char *text)
{
	return text != NULL ? _(text) : "";
}

/**
 * cs_reason_get_sentence:
 * @reason: a reason
 *
 * Returns: (transfer none): what it means, translated; empty for %CS_REASON_NONE
 */
const char *
cs_reason_get_sentence(CsReason reason)
{
	return reason_translate(reason_get_entry(reason)->sentence);
}

/**
 * cs_reason_get_next_step:
 * @reason: a reason
 *
 * Returns: (transfer none): what to do next and whose it is to do, translated; empty for
 * %CS_REASON_NONE
 */
const char *
cs_reason_get_next_step(CsReason reason)
{
	return reason_translate(reason_get_entry(reason)->next_step);
}

/**
 * cs_reason_get_owner:
 * @reason: a reason
 *
 * Returns: whose the next step is; nobody's for %CS_REASON_NONE
 */
CsOwner
cs_reason_get_owner(CsReason reason)
{
	return reason_get_entry(reason)->owner;
}
