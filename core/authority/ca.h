/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/clock.h"
#include "core/keys/private-key.h"
#include "core/pki/certificate.h"

/* The built-in certificate authority: its key and certificate, and issuing. What it issued and
 * revoked is in the registry; this file signs, and remembers nothing. */
typedef struct _CsCa CsCa;

/* Makes ca.key (0600) and ca.pem in folder: P-256, 10 years, pathlen 0. */
CsCa *
cs_ca_create(const char *folder, const char *organisation, const CsClock *clock, GError **error);
CsCa *cs_ca_open(const char *folder, GError **error);
void cs_ca_free(CsCa *ca);
CsCertificate *cs_ca_get_certificate(const CsCa *ca);
const char *cs_ca_get_id(const CsCa *ca); /* in addresses: SHA-256 of its public key, hex */
/* Where the certificates that it issues from now on say that their status is told: URL/crl/ID.crl
 * and URL/ocsp/ID. */
void cs_ca_set_status_url(CsCa *ca, const char *url);
/* Verifies the request's own signature and rule 5's demands on its key; the subject is taken as it
 * is (non-empty), extensions that it asks for are not: digitalSignature, clientAuth, not a CA.
 * csr: PEM or DER. CS_ERROR_INVALID "csr-malformed", CS_ERROR_REFUSED "key-unsuitable". */
CsCertificate *
cs_ca_issue(CsCa *ca, GBytes *csr, gint64 not_before, gint64 not_after, GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsCa, cs_ca_free)
