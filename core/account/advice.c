/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/advice.h"

#include "core/base/error.h"
#include "core/protocol/reason.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* What to do about an error that is no reason of the protocol. Usage errors say it themselves. */
typedef struct {
	CsErrorCode code;
	CsOwner owner;	    /* whose it is to do */
	const char *reason; /* NULL: whatever it is */
	const char *text;
} Advice;

static const Advice rows[] = {
	{CS_ERROR_UNREACHABLE, CS_OWNER_USER, "tls-untrusted",
	 N_("The server could not prove by TLS who it is. See that this device's clock is right; "
	    "an "
	    "organisation with an authority of its own names it in the settings, as "
	    "[organisation] tls-ca-file.")},
	{CS_ERROR_UNREACHABLE, CS_OWNER_USER, NULL,
	 N_("Check the network and the address, and try again. If it stays, show the helpdesk what "
	    "stands here.")},
	{CS_ERROR_SIGNATURE, CS_OWNER_USER, "challenge-invalid",
	 N_("What came was not believed, and nothing was told. Try again. If it stays, tell the "
	    "helpdesk: somebody may stand between this device and the server.")},
	{CS_ERROR_SIGNATURE, CS_OWNER_USER, "verdict-invalid",
	 N_("What came was not believed. Try again. If it stays, tell the helpdesk: somebody may "
	    "stand between this device and the server.")},
	{CS_ERROR_REFUSED, CS_OWNER_HELPDESK, "account-exists",
	 N_("Tell the helpdesk: the server gives one id to two accounts.")},
	{CS_ERROR_REFUSED, CS_OWNER_USER, "nonce-invalid", N_("Try again.")},
	{CS_ERROR_REFUSED, CS_OWNER_USER, "server-refused",
	 N_("Try again. If it stays, update Countersign on this device, or show the helpdesk what "
	    "stands here.")},
	{CS_ERROR_REFUSED, CS_OWNER_USER, "token-malformed",
	 N_("Try again. If it stays, update Countersign on this device, or show the helpdesk what "
	    "stands here.")},
	{CS_ERROR_REFUSED, CS_OWNER_USER, "request-malformed",
	 N_("Update Countersign on this device, or show the helpdesk what stands here.")},
	{CS_ERROR_REFUSED, CS_OWNER_USER, "not-found",
	 N_("Check the address: there seems to be no Countersign server of this version.")},
	{CS_ERROR_REFUSED, CS_OWNER_HELPDESK, "certificate-shared",
	 N_("Show the helpdesk what stands here: somebody has to take the certificate out of there "
	    "by hand.")},
	{CS_ERROR_REFUSED, CS_OWNER_ADMINISTRATOR, "certificate-of-machine",
	 N_("Give the administrator of this device the command that stands here.")},
	{CS_ERROR_REFUSED, CS_OWNER_USER, "certificate-changed",
	 N_("Look at what is there now, and try again if it is still to be deleted.")},
	{CS_ERROR_NOT_FOUND, CS_OWNER_USER, "certificate-not-found",
	 N_("Run \"countersign explain\" to see which certificates there are.")},
	{CS_ERROR_STATE, CS_OWNER_USER, "state-unavailable",
	 N_("See that the file or folder may be read and written and that its disk has room, then "
	    "try again.")},
	{CS_ERROR_STATE, CS_OWNER_USER, "not-a-file",
	 N_("Something else has this name, and was left as it is. Move it away or take another "
	    "name, then try again.")},
	{CS_ERROR_STATE, CS_OWNER_ADMINISTRATOR, "disk-full",
	 N_("See that the authority's disk has room: it is full. Then all goes on by itself.")},
	{CS_ERROR_STATE, CS_OWNER_ADMINISTRATOR, "registry-unavailable",
	 N_("See that the authority's folder may be read and written and that its disk has room, "
	    "then try again.")},
	{CS_ERROR_STATE, CS_OWNER_ADMINISTRATOR, "registry-busy",
	 N_("Another command is at work there: try again.")},
	{CS_ERROR_STATE, CS_OWNER_USER, "state-invalid",
	 N_("The file was left as it is. Restore it from a backup; or move it away, and add the "
	    "accounts anew with codes from the helpdesk.")},
	{CS_ERROR_STATE, CS_OWNER_USER, "key-missing",
	 N_("Restore the file from a backup; or delete the account on this device, and ask the "
	    "helpdesk for a code to add it anew.")},
	{CS_ERROR_STATE, CS_OWNER_USER, "key-unusable",
	 N_("Restore the file from a backup; or delete the account on this device, and ask the "
	    "helpdesk for a code to add it anew.")},
	{CS_ERROR_STATE, CS_OWNER_USER, "settings-invalid",
	 N_("Correct the settings, then try again.")},
};

static const Advice *
find_advice(const GError *error)
{
	const char *code = cs_error_get_reason(error);

	for (gsize i = 0; error->domain == CS_ERROR && i < G_N_ELEMENTS(rows); i++) {
		if ((int)rows[i].code == error->code &&
		    (rows[i].reason == NULL || strcmp(rows[i].reason, code) == 0))
			return &rows[i];
	}
	return NULL;
}

/**
 * cs_advice_get_sentence:
 * @error: what went wrong
 *
 * Returns: (nullable) (transfer none): what a reason of the protocol means, translated; the message
 *   says it of any other error
 */
const char *
cs_advice_get_sentence(const GError *error)
{
	CsReason reason = cs_reason_from_code(cs_error_get_reason(error));

	return reason == CS_REASON_NONE ? NULL : cs_reason_get_sentence(reason);
}

/**
 * cs_advice_get_next_step:
 * @error: what went wrong
 *
 * Returns: (nullable) (transfer none): what to do next and who does it, translated; %NULL where the
 *   message says it, as with a wrong command line
 */
const char *
cs_advice_get_next_step(const GError *error)
{
	CsReason reason = cs_reason_from_code(cs_error_get_reason(error));
	const Advice *advice = find_advice(error);

	if (reason != CS_REASON_NONE)
		return cs_reason_get_next_step(reason);
	return advice == NULL ? NULL : _(advice->text);
}

/**
 * cs_advice_get_next_step_for_code:
 * @code: the stable code of an error that was kept
 *
 * Returns: (nullable) (transfer none): what to do next and who does it, translated
 */
const char *
cs_advice_get_next_step_for_code(const char *code)
{
	CsReason reason = cs_reason_from_code(code);

	if (reason != CS_REASON_NONE)
		return cs_reason_get_next_step(reason);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (rows[i].reason != NULL && strcmp(rows[i].reason, code) == 0)
			return _(rows[i].text);
	}
	return NULL;
}

/**
 * cs_advice_get_owner:
 * @error: what went wrong
 *
 * Returns: whose cs_advice_get_next_step() is; nobody's where it says nothing
 */
CsOwner
cs_advice_get_owner(const GError *error)
{
	CsReason reason = cs_reason_from_code(cs_error_get_reason(error));
	const Advice *advice = find_advice(error);

	if (reason != CS_REASON_NONE)
		return cs_reason_get_owner(reason);
	return advice == NULL ? CS_OWNER_NOBODY : advice->owner;
}
