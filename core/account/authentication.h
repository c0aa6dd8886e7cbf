/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"
#include "core/attest/explanation.h"
#include "core/protocol/tokens.h"

/* One authentication of one account, client-started: challenge, pipeline, response, verdict. The
 * verdict and the explanation are in the book when this returns, and an account that the server has
 * ended has left it (rule 23); the account returned is as after the verdict. Refused is not an
 * error: account->managed is NO and its reason says why. Errors: CS_ERROR_UNREACHABLE (the book
 * keeps the last verdict), CS_ERROR_SIGNATURE "server-key-unknown" or "challenge-invalid", STATE. */
CsAccount *cs_authentication_run(const CsClient *client,
				 const char *account_id,
				 CsExplanation **explanation,
				 gboolean *authenticated,
				 GCancellable *cancellable,
				 GError **error);

/* Opens a transaction for the server's list, explains, and abandons it (`explain ACCOUNT`). */
CsExplanation *cs_authentication_explain(const CsClient *client,
					 const char *account_id,
					 GCancellable *cancellable,
					 GError **error);
