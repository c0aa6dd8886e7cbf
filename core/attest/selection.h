/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/attest/explanation.h"
#include "core/pki/issuer.h"

/* Rules 4 to 8, pure: tables in, ranking out, told afterwards how each try ended. */
typedef struct _CsSelection CsSelection;

CsSelection *cs_selection_new(GPtrArray *issuers,
			      GPtrArray *const *user,
			      GPtrArray *const *machine,
			      gint64 judged_at);
CsCandidate *cs_selection_get_next(CsSelection *selection);
void cs_selection_tell(CsSelection *selection, CsCandidate *candidate, const GError *failure);
CsExplanation *cs_selection_finish(CsSelection *selection);
void cs_selection_free(CsSelection *selection); /* where it is not finished */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsSelection, cs_selection_free)
