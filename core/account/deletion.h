/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"

/* Rule 23. *pending: the server has not heard of it yet. */
gboolean cs_deletion_delete(const CsClient *client,
			    const char *account_id,
			    gboolean *pending,
			    GCancellable *cancellable,
			    GError **error);
/* How many tombstones remain. */
guint cs_deletion_retry(const CsClient *client, GCancellable *cancellable, GError **error);
