/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#include <gtk/gtk.h>

/* The accounts, or, where there is none, how to come by one. Signal: "account-opened" (id). */
#define CS_TYPE_ACCOUNTS_PAGE (cs_accounts_page_get_type())
G_DECLARE_FINAL_TYPE(CsAccountsPage, cs_accounts_page, CS, ACCOUNTS_PAGE, GtkStack)

GtkWidget *cs_accounts_page_new(CsAgent *agent, const CsClock *clock);
/* Shows what the agent knows now, and how old it is now. */
void cs_accounts_page_refresh(CsAccountsPage *page);
/* id (nullable): the account to stand on. */
void cs_accounts_page_focus(CsAccountsPage *page, const char *id);
