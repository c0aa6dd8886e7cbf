/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book-private.h"
#include "core/account/agent.h"

/* What is to be told now: a function of the book, the newest entry of each account's history,
 * whoever made it, and what was told before. */

/* (element-type CsAgentNotice). *is_noted: they count as told from now on. */
GPtrArray *cs_notices_take(const CsClient *client, gboolean *is_noted);
/* Before the commit with which the server's word removes an account. */
gboolean cs_notices_note_ended(const CsBookChange *change,
			       const CsAccount *account,
			       CsReason reason,
			       GError **error);
