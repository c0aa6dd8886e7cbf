/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/keys/private-key.h"
#include "core/pki/certificate.h"

/* What an attestation ties itself to; lent. */
typedef struct {
	const char *iss;
	const char *nonce;
	const char *chh;
	const char *device_id;
	const char *account_jkt;
	const char *device_jkt;
	gint64 iat;
} CsAttestationTies;

char *cs_signing_attest(CsCertificate *certificate,
			CsPrivateKey *key,
			const CsAttestationTies *ties,
			GError **error);
gboolean
cs_signing_probe(CsCertificate *certificate, CsPrivateKey *key, gint64 judged_at, GError **error);
