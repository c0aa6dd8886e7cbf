/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"
#include "core/account/well-known.h"
#include "core/attest/explanation.h"

/* What is about to go wrong, judged from what is known anyway: the certificate in an account's last
 * verdict, the explanation that was kept with it, and what its server says of its own key. */

/* Days before its end at which a certificate without a successor is worth a word: 14, 3 and 1. The
 * narrowest that has been reached at a time; 0: none yet, or it has ended. */
guint cs_forewarning_get_days(const CsAccount *account, gint64 at_unix_s);
/* When the next is reached, after `now`; 0: never. */
gint64 cs_forewarning_get_next(const CsAccount *account, gint64 now_unix_s);
gboolean cs_forewarning_has_successor(const CsAccount *account, const CsExplanation *explanation);

/* Asks the servers of this user's accounts, and notes what they announce of their keys, to be told.
 * *is_noted: there is something new. */
void
cs_forewarning_look_at_keys(const CsClient *client, gboolean *is_noted, GCancellable *cancellable);
