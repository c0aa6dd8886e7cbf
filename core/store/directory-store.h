/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/store/store.h"

/* A folder of certificates, indexed by canonical issuer name and kept true by inotify, which is
 * read when refresh is called: no thread, no main loop. Not thread-safe; cs_stores locks. */
CsStore *cs_directory_store_new(const char *path, CsStoreKind kind);
