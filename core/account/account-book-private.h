/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/book-format.h"
#include "core/account/history.h"
#include "core/attest/explanation.h"
#include "core/base/file.h"
#include "core/keys/private-key.h"

#define CS_BOOK_FILE		      "accounts.json"
#define CS_BOOK_KEYS_FOLDER	      "keys"
#define CS_BOOK_EXPLANATIONS_FOLDER   "explanations"
#define CS_BOOK_HISTORY_FOLDER	      "history"
#define CS_BOOK_DISPLAY_SUFFIX	      ".json" /* of a file an account in those two */
#define CS_BOOK_MAX_EXPLANATION_BYTES ((gsize)32 * 1024 * 1024)

/* What this room alone does with the book. No change is open while the network is asked: read,
 * talk, then change by the account's id, which may have vanished in between. */
char *cs_book_path(const CsClient *client, const char *folder, const char *name);
char *cs_book_explanation_path(const CsClient *client, const char *id);
char *cs_book_history_path(const CsClient *client, const char *id);
CsBook *cs_book_read(const CsClient *client, GError **error);
CsOrganisation *cs_book_find_organisation(const CsBook *book, const char *url);
/* Tombstones too. */
CsAccount *cs_book_find_account(const CsBook *book, const char *id);
CsPrivateKey *cs_book_load_key(const CsClient *client, const char *key_file, GError **error);

/* For what lies beside the book. */
CsFileLock *cs_book_lock(const CsClient *client, GError **error);

/* One change: the lock is held from begin to free; free without commit changes nothing. */
typedef struct {
	const CsClient *client;
	CsFileLock *lock;
	CsBook *book;
} CsBookChange;

CsBookChange *cs_book_change_begin(const CsClient *client, GError **error);
gboolean cs_book_change_commit(CsBookChange *change, GError **error);
void cs_book_change_free(CsBookChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsBookChange, cs_book_change_free)

/* Writes a fresh key; it is purged again unless the book names it at the commit. */
CsPrivateKey *cs_book_change_make_key(CsBookChange *change, char **key_file, GError **error);
gboolean cs_book_change_store_explanation(CsBookChange *change,
					  const char *account_id,
					  const CsExplanation *explanation,
					  GError **error);
gboolean cs_book_change_add_history(CsBookChange *change,
				    const char *account_id,
				    const CsHistoryEntry *entry,
				    GError **error);
/* The successor of a pinned key, by a walk along signed rotations; never backwards. */
void cs_book_change_pin_key(CsBookChange *change, const char *url, CsJwk *key, gint64 sequence);
/* It becomes a tombstone; explanation and history go with the commit, its key stays. */
void cs_book_change_bury_account(CsBookChange *change, CsAccount *account);
/* Its key, explanation and history go with the commit. */
void cs_book_change_remove_account(CsBookChange *change, CsAccount *account);
