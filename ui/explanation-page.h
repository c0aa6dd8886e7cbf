/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#include <gtk/gtk.h>

/* Why one account's device is managed, or is not: first the one thing to do and whose it is, then, to
 * be opened, every issuer and certificate. After a revocation it offers to delete the certificate
 * (rule 9). */
#define CS_TYPE_EXPLANATION_PAGE (cs_explanation_page_get_type())
G_DECLARE_FINAL_TYPE(
	CsExplanationPage, cs_explanation_page, CS, EXPLANATION_PAGE, GtkScrolledWindow)

GtkWidget *cs_explanation_page_new(CsAgent *agent, const CsClock *clock);
void cs_explanation_page_show(CsExplanationPage *page, const char *id);
/* Shows what the agent knows now. FALSE: there is no such account any more. */
gboolean cs_explanation_page_refresh(CsExplanationPage *page);
void cs_explanation_page_update_age(CsExplanationPage *page);
