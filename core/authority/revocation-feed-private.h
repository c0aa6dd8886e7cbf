/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/revocation-feed.h"

/* For revocation-feed.c, revocation-fetch.c and revocation-wanted.c alone. */

/* What was at hand of the administrator's file. */
typedef struct {
	gint64 changed_ns;
	gint64 size;
	guint64 inode;
} FileStamp;

struct _CsRevocationFeed {
	char *folder;
	CsIssuerRow *row;
	CsIssuer *issuer;
	GPtrArray *records;  /* (element-type CsRevocationRecord) */
	GHashTable *answers; /* certificate's fingerprint to its OCSP record, lent from records */
	CsCrlSet *crls;	     /* (nullable): of the file and all records */
	GHashTable *used;    /* certificate's fingerprint to the time it was asked for last */
	GHashTable *refresh; /* record, lent, to the time from which on it is due */
	GHashTable *retry;   /* source whose record found no room, to the same */
	GHashTable *begun; /* source to the time at which it was begun to be fetched, or given up */
	FileStamp stamp;
	char *file_problem;
	gint64 file_time;
};

/* (transfer full): of an OCSP answer's certificate. */
char *cs_revocation_feed_fingerprint(const CsRevocationRecord *record);
/* (transfer full): what the records of one source, of one issuer, have in common. */
char *cs_revocation_feed_dup_source(const CsRevocationRecord *record);
/* Of one issuer's records. */
gboolean cs_revocation_feed_same_source(const CsRevocationRecord *a, const CsRevocationRecord *b);
/* (nullable) (transfer none): what is at hand of the same source. */
CsRevocationRecord *cs_revocation_feed_find(const CsRevocationFeed *feed,
					    const CsRevocationRecord *like);
/* NULL: good now, and until end; else why not. */
const char *cs_revocation_feed_judge(const CsRevocationFeed *feed,
				     const CsRevocationRecord *record,
				     gint64 now,
				     gint64 *end);
