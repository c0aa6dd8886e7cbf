/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/store/store.h"

/* A directory store's way to a certificate's private key (a CsStoreOpenKey): opened when it is used,
 * by the layouts named and nowhere else. memory: a CsKeyMemory. */
CsPrivateKey *cs_directory_key_open(const CsStoreEntry *entry,
				    gpointer memory,
				    GCancellable *cancellable,
				    GError **error);
