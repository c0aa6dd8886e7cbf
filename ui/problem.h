/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gtk/gtk.h>

/* What went wrong, beside the field that caused it; hidden where nothing did. */
#define CS_TYPE_PROBLEM (cs_problem_get_type())
G_DECLARE_FINAL_TYPE(CsProblem, cs_problem, CS, PROBLEM, GtkBox)

/* field (nullable): marked as wrong, and tells whoever reads the screen aloud. */
void cs_problem_show(CsProblem *problem, const GError *error, GtkWidget *field);
void cs_problem_clear(CsProblem *problem);
const char *cs_problem_get_text(CsProblem *problem);
