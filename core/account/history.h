/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"

/* The last authentications of an account, for people: a file an account beside its explanation, gone
 * with the account. Never asked when something is decided. */
#define CS_HISTORY_LENGTH 20

typedef struct {
	gint64 at; /* Unix seconds: the server's of a verdict, else the device's */
	CsManaged managed;
	CsReason reason;  /* of the verdict; NONE where there was none */
	char *error_code; /* (nullable): why there was no verdict, "unreachable" ... */
	char *request;	  /* (nullable): the server's id of the request */
	gint64 device_at; /* Unix seconds, the device's: when it was written down, which
			   * cs_history_add() says; 0 where an earlier version did not */
} CsHistoryEntry;

void cs_history_entry_free(CsHistoryEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsHistoryEntry, cs_history_entry_free)

/* (element-type CsHistoryEntry), newest first; empty where nothing is known. */
GPtrArray *cs_history_list(const CsClient *client, const char *account_id);
gboolean cs_history_add(const CsClient *client,
			const char *account_id,
			const CsHistoryEntry *entry,
			GError **error);
