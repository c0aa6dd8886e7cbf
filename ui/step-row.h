/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/repurposing.h"

#include <gtk/gtk.h>

/* One of rule 25's steps: what it is, whether it is done or next, and whose it is. */
#define CS_TYPE_STEP_ROW (cs_step_row_get_type())
G_DECLARE_FINAL_TYPE(CsStepRow, cs_step_row, CS, STEP_ROW, GtkListBoxRow)

GtkWidget *cs_step_row_new(guint step);
/* TRUE where it says something else than before. */
gboolean cs_step_row_update(CsStepRow *row, const CsRepurposing *repurposing);
