/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/store/store.h"

/* Entries by their certificate's canonical issuer name. Not thread-safe. */
typedef struct _CsCertificateIndex CsCertificateIndex;

CsCertificateIndex *cs_certificate_index_new(void);
void cs_certificate_index_free(CsCertificateIndex *index);
void cs_certificate_index_add(CsCertificateIndex *index, CsStoreEntry *entry);
void cs_certificate_index_remove(CsCertificateIndex *index, CsStoreEntry *entry);
void cs_certificate_index_clear(CsCertificateIndex *index);
/* Constant in the number of entries: the array is shared, not copied. */
GPtrArray *cs_certificate_index_look_up(CsCertificateIndex *index, GBytes *issuer_name);
guint cs_certificate_index_count(const CsCertificateIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsCertificateIndex, cs_certificate_index_free)
