/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book-private.h"
#include "core/account/server-call.h"
#include "core/protocol/tokens.h"

/* An authentication that a server has opened for one of our accounts: its challenge, verified and
 * meant for us, and the issuers that the challenge vouches for. */
typedef struct {
	CsBook *book; /* as read before; lends the two below */
	const CsAccount *account;
	const CsOrganisation *organisation;
	CsJwk *server_key; /* signed the challenge; pinned, or a successor of the pinned one */
	gint64 sequence;   /* of the rotation that brought it */
	char *token;	   /* the challenge, compact */
	CsChallenge *challenge;
	GPtrArray *issuers; /* (element-type CsCertificate), the administrator's order (rule 4) */
	CsServerTime time;  /* from the challenge's iat */
	const char *application; /* (nullable) rule 21: whose access is asked for; the caller's */
} CsTransaction;

CsTransaction *cs_transaction_open(const CsClient *client,
				   const char *account_id,
				   const char *application,
				   GCancellable *cancellable,
				   GError **error);
void cs_transaction_free(CsTransaction *transaction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsTransaction, cs_transaction_free)
