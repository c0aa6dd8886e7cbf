/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/attest/explanation.h"
#include "core/pki/issuer.h"

/* Rules 4 to 8, pure: tables in, ranking out, told afterwards how each try ended. */
typedef struct _CsSelection CsSelection;

/* issuers: (element-type CsIssuer), the server's order. user, machine: as many arrays (element-type
 * CsStoreEntry) as issuers, what each store answered for that issuer's name. judged_at: Unix
 * seconds. Everything is looked at once, here. */
CsSelection *cs_selection_new(GPtrArray *issuers,
			      GPtrArray *const *user,
			      GPtrArray *const *machine,
			      gint64 judged_at);
/* The next to try, newest first by rule 8, or NULL. Lent. Asking twice without telling is the same
 * candidate. */
CsCandidate *cs_selection_get_next(CsSelection *selection);
/* Tells how the candidate's try ended; failure NULL: it is selected. The same store entry under a
 * second issuer shares the answer. */
void cs_selection_tell(CsSelection *selection, CsCandidate *candidate, const GError *failure);
/* Consumes the selection. */
CsExplanation *cs_selection_finish(CsSelection *selection);
