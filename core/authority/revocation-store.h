/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* What was fetched, kept over restarts: a file a source in the authority's folder, written
 * atomically. Nothing in it is trusted: each is verified again when it is read. */
typedef struct {
	char *kind;	     /* "crl", "delta" (a delta CRL) or "ocsp" */
	char *issuer;	     /* the issuer certificate's fingerprint */
	char *url;	     /* where it comes from */
	GBytes *certificate; /* of an OCSP answer: the one that it is about; else NULL */
	gint64 fetched_at;   /* Unix seconds; 0: never yet */
	gint64 tried_at;     /* the last try, good or not */
	char *failure;	     /* (nullable): why that one failed, a code */
	GBytes *data;	     /* (nullable): the CRL or the answer */
} CsRevocationRecord;

#define CS_REVOCATION_KIND_CRL	 "crl"
#define CS_REVOCATION_KIND_OCSP	 "ocsp"
#define CS_REVOCATION_KIND_DELTA "delta"

CsRevocationRecord *cs_revocation_record_copy(const CsRevocationRecord *record);
void cs_revocation_record_free(CsRevocationRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRevocationRecord, cs_revocation_record_free)

/* folder: the authority's. */
gboolean
cs_revocation_store_put(const char *folder, const CsRevocationRecord *record, GError **error);
/* (element-type CsRevocationRecord): those that can be read, CRLs first; a damaged one is as none. */
GPtrArray *cs_revocation_store_list(const char *folder);
gboolean
cs_revocation_store_delete(const char *folder, const CsRevocationRecord *record, GError **error);
/* For processes that are not the serving one, after a put. */
gboolean cs_revocation_store_mark(const char *folder, GError **error);
/* Changes with every mark, of any process. */
guint64 cs_revocation_store_get_stamp(const char *folder);
