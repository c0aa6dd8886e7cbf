/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"
#include "core/base/secret.h"
#include "ui/window-module.h"

#include <gtk/gtk.h>

/* The one window: accounts, an account, adding one, the guide. Closing it destroys it; the program stays. */
#define CS_TYPE_WINDOW (cs_window_get_type())
G_DECLARE_FINAL_TYPE(CsWindow, cs_window, CS, WINDOW, GtkWindow)

GtkWidget *
cs_window_new(GApplication *application, CsAgent *agent, const CsWindowSettings *settings);
void cs_window_show_accounts(CsWindow *window);
/* The list where there is no such account (any more). */
void cs_window_show_account(CsWindow *window, const char *id);
/* link (nullable): an activation link that was opened. */
void cs_window_show_add(CsWindow *window, CsSecret *link);
/* Rule 25, step by step. */
void cs_window_show_repurpose(CsWindow *window);
/* Says, above the page, that no tray is there. */
void cs_window_show_no_tray(CsWindow *window);
