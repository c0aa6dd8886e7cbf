/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/revocation-errand.h"

/* A few threads that fetch, one errand a host at a time, so that a host that hangs holds up its own
 * answers only. Used by one thread. */
typedef struct _CsRevocationPool CsRevocationPool;

/* In a thread of the pool: there is something to collect. */
typedef void (*CsRevocationFetched)(gpointer data);

CsRevocationPool *cs_revocation_pool_new(CsRevocationFetched fetched, gpointer data);
/* Gives up what is under way. */
void cs_revocation_pool_free(CsRevocationPool *pool);
/* urgent: before all of its host that is not. FALSE: the same is there already, and not collected. */
gboolean
cs_revocation_pool_put(CsRevocationPool *pool, CsRevocationErrand *errand_taken, gboolean urgent);
/* (nullable) (transfer full): one that was run, or abandoned. */
CsRevocationErrand *cs_revocation_pool_collect(CsRevocationPool *pool);
