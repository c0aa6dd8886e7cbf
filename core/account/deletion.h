/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"

/* Rule 23: on the server first; where it cannot be reached the account becomes a tombstone and
 * *pending TRUE. The account has left the list when this returns TRUE. */
gboolean cs_deletion_delete(const CsClient *client,
			    const char *account_id,
			    gboolean *pending,
			    GCancellable *cancellable,
			    GError **error);
/* Tries every tombstone once more; what still cannot be reached stays. Returns how many remain. */
guint cs_deletion_retry(const CsClient *client, GCancellable *cancellable, GError **error);
