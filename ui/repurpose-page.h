/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#include <gtk/gtk.h>

/* Rule 25, followed as it happens: for as long as the page is on the screen it asks the server every
 * few seconds, and never else.
 * Signals: "delete-wanted" and "account-opened" (an account's id), "add-wanted" (the organisation's
 * address, nullable). */
#define CS_TYPE_REPURPOSE_PAGE (cs_repurpose_page_get_type())
G_DECLARE_FINAL_TYPE(CsRepurposePage, cs_repurpose_page, CS, REPURPOSE_PAGE, GtkScrolledWindow)

GtkWidget *cs_repurpose_page_new(CsAgent *agent);
/* Before it is shown. url (nullable): the organisation's to begin with; else the last one's. */
void cs_repurpose_page_choose(CsRepurposePage *page, const char *url);
/* The accounts have changed. */
void cs_repurpose_page_refresh(CsRepurposePage *page);
