/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/registry.h"
#include "core/pki/issuer.h"

/* The administrator's issuers, decoded once and kept while the registry's list stays the same. */
typedef struct _CsTrustedIssuers CsTrustedIssuers;

CsTrustedIssuers *cs_trusted_issuers_new(void);
void cs_trusted_issuers_free(CsTrustedIssuers *trusted);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsTrustedIssuers, cs_trusted_issuers_free)

/* Before each use: administrators change the list from other processes (rule 14). */
gboolean
cs_trusted_issuers_refresh(CsTrustedIssuers *trusted, CsRegistry *registry, GError **error);
/* Lent until the next refresh. */
GPtrArray *cs_trusted_issuers_get_issuers(const CsTrustedIssuers *trusted);
GPtrArray *cs_trusted_issuers_get_certificates(const CsTrustedIssuers *trusted);
GPtrArray *cs_trusted_issuers_get_rows(const CsTrustedIssuers *trusted);
const char *cs_trusted_issuers_get_hash(const CsTrustedIssuers *trusted); /* ilh */
gboolean cs_trusted_issuers_has_revocation_none(const CsTrustedIssuers *trusted,
						const CsIssuer *issuer);
