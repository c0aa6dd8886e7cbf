/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#include <gtk/gtk.h>

/* Asks once more before an account is deleted (rule 23), does it, and tells where the server could
 * not be told yet. It destroys itself. */
#define CS_TYPE_DELETE_DIALOG (cs_delete_dialog_get_type())
G_DECLARE_FINAL_TYPE(CsDeleteDialog, cs_delete_dialog, CS, DELETE_DIALOG, GtkDialog)

GtkWidget *cs_delete_dialog_new(GtkWindow *parent, CsAgent *agent, const CsAccount *account);
