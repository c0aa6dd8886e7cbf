/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/revocation-errand.h"
#include "core/authority/revocation-store.h"
#include "core/authority/revocation-view.h"

#include <gio/gio.h>

/* Where one issuer's answers come from (rule 12): what the administrator chose, and what is at hand;
 * reading, fetching, verifying. Used by one thread at a time. */
typedef struct _CsRevocationFeed CsRevocationFeed;

/* NULL: the issuer's certificate cannot be used. folder: the authority's. */
CsRevocationFeed *cs_revocation_feed_new(const CsIssuerRow *row, const char *folder);
void cs_revocation_feed_free(CsRevocationFeed *feed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRevocationFeed, cs_revocation_feed_free)

const CsIssuerRow *cs_revocation_feed_get_row(const CsRevocationFeed *feed);
/* (element-type CsRevocationRecord): lent. */
GPtrArray *cs_revocation_feed_get_records(const CsRevocationFeed *feed);

/* Takes in what the store has of this issuer, and the administrator's file. */
void cs_revocation_feed_load(CsRevocationFeed *feed, GPtrArray *records, gint64 now);
/* Before that: what before, of the same issuer, knows of who asked. */
void cs_revocation_feed_inherit_uses(CsRevocationFeed *feed, const CsRevocationFeed *before);
/* Whether the administrator's file is another than at the last load. */
gboolean cs_revocation_feed_is_outdated(const CsRevocationFeed *feed);
/* Of the file: (nullable) when its CRLs were issued, and what is wrong with it, a code. */
gint64 cs_revocation_feed_get_file_time(const CsRevocationFeed *feed);
const char *cs_revocation_feed_get_file_problem(const CsRevocationFeed *feed);

/* (transfer full): to answer from, in any thread. */
CsRevocationView *cs_revocation_feed_dup_view(const CsRevocationFeed *feed);
/* What could be fetched for this certificate and may be tried now: records without data, in
 * (element-type CsRevocationRecord) (transfer full). */
GPtrArray *cs_revocation_feed_list_wanted(const CsRevocationFeed *feed,
					  const CsCertificate *certificate,
					  gint64 now);
/* The same of what is at hand and due again; due (inout): the earliest time of what is not. */
GPtrArray *cs_revocation_feed_list_due(const CsRevocationFeed *feed, gint64 now, gint64 *due);
/* Notes that an answer was asked for, so that it is kept fresh. */
void cs_revocation_feed_note_use(CsRevocationFeed *feed, const char *fingerprint, gint64 now);

/* Whether the administrator's choice allows that it is fetched, and used. */
gboolean cs_revocation_feed_may_use(const CsRevocationFeed *feed, const CsRevocationRecord *record);
/* Notes that it is being fetched, or that its host answers nobody, so that it is not due meanwhile. */
void
cs_revocation_feed_note_begun(CsRevocationFeed *feed, const CsRevocationRecord *wanted, gint64 now);
/* What the network has to do for it; run by anybody. */
CsRevocationErrand *cs_revocation_feed_begin(const CsRevocationFeed *feed,
					     const CsRevocationRecord *wanted);
/* Verifies what came of it: the record to keep, with the failure in it. */
CsRevocationRecord *cs_revocation_feed_conclude(const CsRevocationFeed *feed,
						const CsRevocationErrand *errand,
						gint64 now);
/* Both, and the fetching itself, blocking. */
CsRevocationRecord *cs_revocation_feed_fetch(const CsRevocationFeed *feed,
					     const CsRevocationRecord *wanted,
					     gint64 now,
					     GCancellable *cancellable);
/* Takes the record in, in place of the one of the same source. FALSE: what is there is worth more. */
gboolean
cs_revocation_feed_take(CsRevocationFeed *feed, CsRevocationRecord *record_taken, gint64 now);
