/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#include <gtk/gtk.h>

/* An account in the list: who, where, its state in words beside an icon, and the verdict's age. */
#define CS_TYPE_ACCOUNT_ROW (cs_account_row_get_type())
G_DECLARE_FINAL_TYPE(CsAccountRow, cs_account_row, CS, ACCOUNT_ROW, GtkListBoxRow)

GtkWidget *cs_account_row_new(const char *id);
const char *cs_account_row_get_id(CsAccountRow *row);
void cs_account_row_update(CsAccountRow *row,
			   const CsAccount *account,
			   CsAgentState state,
			   gint64 now_unix_s);
