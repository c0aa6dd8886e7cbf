/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/attest/selection.h"
#include "core/attest/signing.h"

/* SCAN, SELECT and SIGN in one go. */
gboolean cs_pipeline_attest(CsStores *stores,
			    GPtrArray *issuers,
			    const char *const *allowed_issuers,
			    gint64 judged_at,
			    const CsAttestationTies *ties,
			    GCancellable *cancellable,
			    char **attestation,
			    CsExplanation **explanation,
			    GError **error);
CsExplanation *cs_pipeline_explain(CsStores *stores,
				   GPtrArray *issuers,
				   const char *const *allowed_issuers,
				   gint64 judged_at,
				   gboolean by_device_clock,
				   GCancellable *cancellable,
				   GError **error);
