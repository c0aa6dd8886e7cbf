/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"
#include "core/attest/explanation.h"
#include "core/protocol/tokens.h"

/* One authentication, begun by the client. Refused is not an error: account->managed is then NO and
 * its reason says why. */
CsAccount *cs_authentication_run(const CsClient *client,
				 const char *account_id,
				 CsExplanation **explanation,
				 gboolean *authenticated,
				 GCancellable *cancellable,
				 GError **error);

/* Rule 21: what the server says of an application's access, on its signed word. */
typedef struct {
	gboolean allowed;
	CsReason reason; /* why not; CS_REASON_NONE where allowed */
} CsAccess;

/* The same, for an application: what access the verdict gives. */
CsAccount *cs_authentication_run_for(const CsClient *client,
				     const char *account_id,
				     const char *application,
				     CsAccess *access,
				     CsExplanation **explanation,
				     gboolean *authenticated,
				     GCancellable *cancellable,
				     GError **error);

/* For `explain ACCOUNT`. */
CsExplanation *cs_authentication_explain(const CsClient *client,
					 const char *account_id,
					 GCancellable *cancellable,
					 GError **error);
