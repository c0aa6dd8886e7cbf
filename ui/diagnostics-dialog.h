/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#include <gtk/gtk.h>

/* The report for helpdesk, to be read before it is copied or saved. It destroys itself. */
#define CS_TYPE_DIAGNOSTICS_DIALOG (cs_diagnostics_dialog_get_type())
G_DECLARE_FINAL_TYPE(CsDiagnosticsDialog, cs_diagnostics_dialog, CS, DIAGNOSTICS_DIALOG, GtkDialog)

/* surroundings (nullable): lent until the agent has stopped. */
GtkWidget *cs_diagnostics_dialog_new(GtkWindow *parent,
				     CsAgent *agent,
				     const CsDiagnosisSurroundings *surroundings);
/* What is shown, to a file; what came of it is shown, too. */
void cs_diagnostics_dialog_save(CsDiagnosticsDialog *dialog, const char *path);
