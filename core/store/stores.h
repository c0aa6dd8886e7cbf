/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/issuer.h"
#include "core/store/store.h"

/* All stores, the user's and the machine's. Thread-safe. */
typedef struct _CsStores CsStores;

CsStores *cs_stores_new(const char *const *user_directories,
			const char *const *machine_directories);
void cs_stores_free(CsStores *stores);
void cs_stores_refresh(CsStores *stores, GCancellable *cancellable);
/* (element-type CsStoreEntry): by issuer name only. Not to be changed: it may be shared. */
GPtrArray *cs_stores_look_up(CsStores *stores, CsStoreKind kind, GBytes *issuer_name);
/* An issuer stays prepared, with its answers, from one authentication to the next. */
CsIssuer *cs_stores_dup_issuer(CsStores *stores, CsCertificate *certificate, GError **error);
GPtrArray *cs_stores_dup_passed_over(CsStores *stores); /* (element-type CsPassedOver) */
guint cs_stores_count(CsStores *stores);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsStores, cs_stores_free)
