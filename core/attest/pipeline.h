/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/attest/selection.h"
#include "core/protocol/tokens.h"

/* SCAN, SELECT and SIGN in one go. */

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

/* Signs with the certificate that wins; *attestation (nullable out) is NULL where none did, and the
 * explanation's reason says why. allowed_issuers (nullable): lower-case hex fingerprints; others
 * are passed over, CS_REASON_CONSENT_MISSING where none remains. issuers: (element-type
 * CsCertificate); one whose key cannot be used stays in the explanation without candidates.
 * Fails only where cancelled. */
gboolean cs_pipeline_attest(CsStores *stores,
			    GPtrArray *issuers,
			    const char *const *allowed_issuers,
			    gint64 judged_at,
			    const CsAttestationTies *ties,
			    GCancellable *cancellable,
			    char **attestation,
			    CsExplanation **explanation,
			    GError **error);

/* The same for `explain`: the proof is a payload whose audience no verifier accepts (rule 7). */
CsExplanation *cs_pipeline_explain(CsStores *stores,
				   GPtrArray *issuers,
				   const char *const *allowed_issuers,
				   gint64 judged_at,
				   gboolean by_device_clock,
				   GCancellable *cancellable,
				   GError **error);
