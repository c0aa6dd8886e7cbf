/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/certificate.h"

/* Ten thousand certificates have a handful of issuers: a name that was made canonical once is lent
 * to those that bear the same bytes. One thread's. */
typedef struct _CsNameShare CsNameShare;
CsNameShare *cs_name_share_new(void);
void cs_name_share_free(CsNameShare *share);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsNameShare, cs_name_share_free)

void cs_name_share_issuer(CsNameShare *share, CsCertificate *certificate);
