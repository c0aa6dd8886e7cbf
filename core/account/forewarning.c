/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/forewarning.h"

#include "core/account/account-book-private.h"
#include "core/account/told.h"
#include "core/protocol/tokens.h"

#include <string.h>

#define DAY_S ((gint64)24 * 3600)

/* From the widest to the narrowest. */
static const guint thresholds_days[] = {14, 3, 1};

/* Only what makes the device managed is missed when it ends. */
static gboolean
has_certificate(const CsAccount *account)
{
	return !account->tombstone && account->managed == CS_MANAGED_YES &&
	       account->certificate_fingerprint != NULL;
}

/**
 * cs_forewarning_get_days:
 * @account: an account
 * @at_unix_s: the time it is judged at
 *
 * Returns: 14, 3 or 1: the narrowest number of days before its certificate's end that has been
 *   reached; 0 where none has, where it has ended, or where no certificate makes the device managed
 */
guint
cs_forewarning_get_days(const CsAccount *account, gint64 at_unix_s)
{
	guint days = 0;

	if (!has_certificate(account) || at_unix_s > account->certificate_not_after)
		return 0;
	for (gsize i = 0; i < G_N_ELEMENTS(thresholds_days); i++) {
		if (account->certificate_not_after - at_unix_s <= thresholds_days[i] * DAY_S)
			days = thresholds_days[i];
	}
	return days;
}

/**
 * cs_forewarning_get_next:
 * @account: an account
 * @now_unix_s: the time now
 *
 * Returns: when the next threshold is reached, later than @now_unix_s; 0 where there is none to come
 */
gint64
cs_forewarning_get_next(const CsAccount *account, gint64 now_unix_s)
{
	for (gsize i = 0; has_certificate(account) && i < G_N_ELEMENTS(thresholds_days); i++) {
		gint64 at = account->certificate_not_after - thresholds_days[i] * DAY_S;

		if (at > now_unix_s)
			return at;
	}
	return 0;
}

/* One that was issued earlier was not tried, and would have been selected if it were newer; whether
 * its key works nobody knows. One that begins later is what management software deploys in time. */
static gboolean
succeeds(const CsCandidate *candidate, const CsAccount *account)
{
	gboolean is_usable = candidate->outcome == CS_OUTCOME_OLDER ||
			     (candidate->outcome == CS_OUTCOME_FAILED &&
			      candidate->reason == CS_REASON_CERTIFICATE_NOT_YET_VALID);

	return is_usable && candidate->not_before >= account->certificate_not_before &&
	       candidate->not_before <= account->certificate_not_after &&
	       candidate->not_after > account->certificate_not_after &&
	       strcmp(candidate->fingerprint, account->certificate_fingerprint) != 0;
}

/**
 * cs_forewarning_has_successor:
 * @account: an account whose device is managed
 * @explanation: of its last verdict: the certificates of the issuers that the server listed
 *
 * A newer certificate that could be used already was selected and is the one in the verdict; so a
 * successor is one of the same time or later that takes over without a gap. That its key works is not
 * proven before it is selected.
 *
 * Returns: TRUE where one takes over when the account's certificate ends
 */
gboolean
cs_forewarning_has_successor(const CsAccount *account, const CsExplanation *explanation)
{
	g_return_val_if_fail(account->certificate_fingerprint != NULL, FALSE);
	for (guint i = 0; i < explanation->issuers->len; i++) {
		const CsIssuerExplanation *issuer = g_ptr_array_index(explanation->issuers, i);

		for (guint j = 0; j < issuer->candidates->len; j++) {
			if (succeeds(g_ptr_array_index(issuer->candidates, j), account))
				return TRUE;
		}
	}
	return FALSE;
}

static gboolean
has_account(const CsBook *book, const CsOrganisation *organisation)
{
	for (guint i = 0; i < book->accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(book->accounts, i);

		if (!account->tombstone && strcmp(account->url, organisation->url) == 0)
			return TRUE;
	}
	return FALSE;
}

/* (nullable): the rotation that the pinned key itself signed, and that has not been gone along yet. */
static CsKeysToken *
find_announced(const CsWellKnown *well_known, const CsOrganisation *organisation)
{
	for (guint i = 0; i < well_known->rotations->len; i++) {
		g_autoptr(CsKeysToken) token = cs_keys_token_verify(well_known->rotations->pdata[i],
								    organisation->server_key, NULL);

		if (token != NULL && strcmp(token->iss, organisation->url) == 0 &&
		    token->sequence > organisation->sequence)
			return g_steal_pointer(&token);
	}
	return NULL;
}

static void
note(const CsClient *client,
     const CsOrganisation *organisation,
     const CsKeysToken *announced,
     gboolean *is_noted)
{
	g_autoptr(CsFileLock) lock = cs_book_lock(client, NULL);
	g_autoptr(CsToldMemory) memory = lock == NULL ? NULL : cs_told_memory_read(client);

	if (memory != NULL &&
	    cs_told_memory_note_rotation(memory, organisation->url,
					 cs_jwk_get_thumbprint(announced->next),
					 announced->overlap_until) &&
	    cs_told_memory_write(memory, client, NULL))
		*is_noted = TRUE;
}

/**
 * cs_forewarning_look_at_keys:
 * @client: whose accounts; lends the HTTP client
 * @is_noted: (out): %TRUE where something new was announced
 * @cancellable: (nullable): cancels
 *
 * A server that is about to sign with another key has the present one vouch for it, some time before.
 * What is announced by any other key is not heard: nothing is pinned here, and a pin is replaced only
 * when the new key signs (cs_well_known_find_signer()). A server that does not answer announces
 * nothing.
 */
void
cs_forewarning_look_at_keys(const CsClient *client, gboolean *is_noted, GCancellable *cancellable)
{
	g_autoptr(CsBook) book = cs_book_read(client, NULL);

	*is_noted = FALSE;
	for (guint i = 0; book != NULL && i < book->organisations->len; i++) {
		const CsOrganisation *organisation = g_ptr_array_index(book->organisations, i);
		g_autoptr(CsWellKnown) well_known = NULL;
		g_autoptr(CsKeysToken) announced = NULL;

		if (!has_account(book, organisation))
			continue;
		well_known = cs_well_known_fetch(client, organisation->url, cancellable, NULL);
		announced = well_known == NULL ? NULL : find_announced(well_known, organisation);
		if (announced != NULL)
			note(client, organisation, announced, is_noted);
	}
}
