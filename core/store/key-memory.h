/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/store/file-stamp.h"
#include "core/store/store.h"

/* The few private keys used last, so that an authentication does not pay for reading its key and
 * preparing it anew. A key comes back only while both its file and its certificate's can be opened
 * by this user and are unchanged. Counted, thread-safe. */
typedef struct _CsKeyMemory CsKeyMemory;

/* Where a key was found, and the state of both files before they were read. */
typedef struct {
	CsFileStamp certificate_stamp;
	char *key_path; /* the certificate's own file, or one beside it */
	CsFileStamp key_stamp;
} CsKeyPlace;

CsKeyMemory *cs_key_memory_new(void);
CsKeyMemory *cs_key_memory_ref(CsKeyMemory *memory);
void cs_key_memory_unref(CsKeyMemory *memory);
void cs_key_memory_keep(CsKeyMemory *memory,
			const CsStoreEntry *entry,
			const CsKeyPlace *place,
			CsPrivateKey *key);
CsPrivateKey *cs_key_memory_recall(CsKeyMemory *memory, const CsStoreEntry *entry);
void cs_key_memory_clear(CsKeyMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsKeyMemory, cs_key_memory_unref)
