/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#include <gtk/gtk.h>

/* One account: its state and what to do, who and where, the certificate in use, and the last
 * authentications. Checking and deleting are the window's actions. */
#define CS_TYPE_ACCOUNT_PAGE (cs_account_page_get_type())
G_DECLARE_FINAL_TYPE(CsAccountPage, cs_account_page, CS, ACCOUNT_PAGE, GtkScrolledWindow)

/* device_name (nullable): what this device calls itself. */
GtkWidget *cs_account_page_new(CsAgent *agent, const CsClock *clock, const char *device_name);
void cs_account_page_show(CsAccountPage *page, const char *id);
const char *cs_account_page_get_id(CsAccountPage *page); /* (nullable) */
void cs_account_page_update_age(CsAccountPage *page);
/* Shows what the agent knows now. FALSE: there is no such account any more. */
gboolean cs_account_page_refresh(CsAccountPage *page);
