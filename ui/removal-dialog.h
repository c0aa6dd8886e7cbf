/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#include <gtk/gtk.h>

/* Asks once before a certificate is deleted from the user's directory (rule 9), does it, and names the
 * backup. It destroys itself. */
#define CS_TYPE_REMOVAL_DIALOG (cs_removal_dialog_get_type())
G_DECLARE_FINAL_TYPE(CsRemovalDialog, cs_removal_dialog, CS, REMOVAL_DIALOG, GtkDialog)

GtkWidget *cs_removal_dialog_new(GtkWindow *parent, CsAgent *agent, const CsRemoval *removal);
