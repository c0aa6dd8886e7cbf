/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

/* What the repurpose guide says, and what it offers to do here and now. */
typedef enum {
	CS_GUIDE_OFFERS_NOTHING = 0,
	CS_GUIDE_OFFERS_DELETE = 1 << 0,
	CS_GUIDE_OFFERS_ADD = 1 << 1,
	CS_GUIDE_OFFERS_CHECK = 1 << 2,
	CS_GUIDE_OFFERS_ACCOUNT = 1 << 3,
} CsGuideOffers;

/* FALSE where no step is left to anybody, whatever the server says of them. */
gboolean cs_repurpose_words_has_steps(const CsRepurposing *repurposing);
/* account (nullable): the user's own at that organisation. The server has answered. */
char *cs_repurpose_words_dup_sentence(const CsRepurposing *repurposing,
				      CsAgent *agent,
				      const CsAccount *account);
CsGuideOffers cs_repurpose_words_get_offers(const CsRepurposing *repurposing,
					    const CsAccount *account);
/* Whose a step is, and how far it is; name and description are read aloud. */
char *cs_repurpose_words_dup_whose(const CsRepurposing *repurposing, guint step);
char *cs_repurpose_words_dup_step_name(guint step);
/* (nullable) Of the device's state, where that stands in the way. */
const char *cs_repurpose_words_get_note(const CsRepurposing *repurposing);
/* Why there was no answer. */
char *cs_repurpose_words_dup_away(const CsRepurposing *repurposing);
