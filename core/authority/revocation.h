/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/registry.h"
#include "core/authority/revocation-watch.h"
#include "core/authority/verifier.h"

/* What one question about revocation is answered from; all lent. */
typedef struct {
	CsRegistry *registry;
	const CsCertificate *built_in; /* the built-in CA's certificate */
	CsIssuer *issuer;	       /* has issued the certificate asked about */
	gboolean revocation_none;      /* that issuer was added with --revocation none */
	CsRevocationWatch *watch;      /* (nullable): knows of the others */
	gint64 now;
} CsRevocationSource;

typedef struct {
	CsRevocation status;
	const char *detail; /* static: docs/revocation.md; of the built-in CA "built-in" */
	const char *cause;  /* (nullable) static: of an unknown one: why nothing better came */
	gboolean awaited;   /* unknown, and soon perhaps no longer */
} CsRevocationFinding;

/* Rule 12. FALSE only where the registry fails. */
gboolean cs_revocation_find(const CsRevocationSource *source,
			    const CsCertificate *certificate,
			    CsRevocationFinding *finding,
			    GError **error);
