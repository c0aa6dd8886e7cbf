/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/revocation-store.h"
#include "core/pki/issuer.h"

#include <gio/gio.h>

/* One CRL or OCSP answer to be fetched, and what came of it: all that the network needs to know, and
 * no more, so that it can be run in any thread. Nothing of what came is judged here. */
typedef struct {
	CsRevocationRecord *wanted; /* without data */
	char *key;		    /* of its source: two of one key are the same errand */
	char *host;		    /* and port */
	GBytes *body;		    /* (nullable) */
	gsize max_bytes;
	guint timeout_ms;
	gboolean private_allowed;
	GBytes *data;	     /* (nullable): once it was run */
	const char *problem; /* (nullable) why there is none, static */
	gboolean abandoned;  /* it was not: its host answers nobody */
} CsRevocationErrand;

/* wanted: copied. */
CsRevocationErrand *cs_revocation_errand_new(const CsRevocationRecord *wanted,
					     CsIssuer *issuer,
					     gboolean private_allowed);
void cs_revocation_errand_free(CsRevocationErrand *errand);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRevocationErrand, cs_revocation_errand_free)

/* Blocking, within its limits. */
void cs_revocation_errand_run(CsRevocationErrand *errand, GCancellable *cancellable);
/* Run, and its host gave no answer at all, so that others would have to wait in vain, too. */
gboolean cs_revocation_errand_met_nobody(const CsRevocationErrand *errand);
