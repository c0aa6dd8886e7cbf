/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/revocation-view.h"
#include "core/base/clock.h"
#include "core/base/json.h"

/* Keeps what is known of revocation fresh, in a thread of its own: nothing here ever waits for a
 * network, a disk or a large CRL but that thread. */
typedef struct _CsRevocationWatch CsRevocationWatch;

/* folder: the authority's. clock: copied. */
CsRevocationWatch *cs_revocation_watch_new(const char *folder, const CsClock *clock);
/* Ends the thread, and what it is fetching. */
void cs_revocation_watch_free(CsRevocationWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRevocationWatch, cs_revocation_watch_free)

/* rows: (element-type CsIssuerRow), kept while the same array is given. The first time they are
 * read at once, from disk; later by the thread. */
void cs_revocation_watch_set_issuers(CsRevocationWatch *watch, GPtrArray *rows);
/* issuer: the fingerprint of the certificate's issuer. By what is at hand; what is missing is sent
 * for. Never blocks for long. */
void cs_revocation_watch_ask(CsRevocationWatch *watch,
			     const char *issuer,
			     const CsCertificate *certificate,
			     gint64 now,
			     CsRevocationAnswer *answer);
