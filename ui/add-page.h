/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#include <gtk/gtk.h>

/* Adding an account in two steps: who answers at the address, then the code. A link's code is never
 * shown, and whatever was typed is forgotten when the page is left.
 * Signals: "added" (id); "left" (void): somebody does not want to go on. */
#define CS_TYPE_ADD_PAGE (cs_add_page_get_type())
G_DECLARE_FINAL_TYPE(CsAddPage, cs_add_page, CS, ADD_PAGE, GtkStack)

GtkWidget *cs_add_page_new(CsAgent *agent);
/* Begins anew. address (nullable): to begin with; link (nullable): one that was opened. */
void cs_add_page_begin(CsAddPage *page, const char *address, CsSecret *link);
/* One step back: stops what is under way, or goes back to the address. FALSE: there was none. */
gboolean cs_add_page_go_back(CsAddPage *page);
/* Stops what is under way and forgets what was typed. */
void cs_add_page_clear(CsAddPage *page);
