/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/revocation-view.h"
#include "core/base/clock.h"
#include "core/base/json.h"

/* Keeps what is known of revocation fresh, in a thread of its own: once somebody asks, nothing here
 * waits for a network, a disk or a large CRL but that thread. */
typedef struct _CsRevocationWatch CsRevocationWatch;

/* folder: the authority's. clock: copied. */
CsRevocationWatch *cs_revocation_watch_new(const char *folder, const CsClock *clock);
/* Ends the thread, and what it is fetching. */
void cs_revocation_watch_free(CsRevocationWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRevocationWatch, cs_revocation_watch_free)

/* Told, in the watch's thread, whenever an answer may be another than before. */
typedef void (*CsRevocationTold)(gpointer data);
void cs_revocation_watch_set_told(CsRevocationWatch *watch, CsRevocationTold told, gpointer data);
/* rows: (element-type CsIssuerRow), kept while the same array is given. The first ones are read at
 * once, from disk; later ones by the thread. */
void cs_revocation_watch_set_issuers(CsRevocationWatch *watch, GPtrArray *rows);
/* issuer: the fingerprint of the certificate's issuer. By what is at hand; what is missing is sent
 * for. Never blocks for long. TRUE: unknown, and soon perhaps no longer. */
gboolean cs_revocation_watch_ask(CsRevocationWatch *watch,
				 const char *issuer,
				 const CsCertificate *certificate,
				 gint64 now,
				 CsRevocationAnswer *answer);
/* (element-type CsRevocationView) (transfer full): what is at hand of each issuer. */
GPtrArray *cs_revocation_watch_dup_views(CsRevocationWatch *watch);
/* Whether what was unknown of a certificate may still become known by itself. */
gboolean cs_revocation_watch_is_busy(CsRevocationWatch *watch, const char *fingerprint);
