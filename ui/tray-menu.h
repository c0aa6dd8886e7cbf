/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#include <gio/gio.h>

/* The menu of the tray's icon, over com.canonical.dbusmenu. */
#define CS_TRAY_MENU_PATH "/MenuBar"

typedef struct _CsTrayMenu CsTrayMenu;

/* actions: lent; "account" (s, an account's id), "check", "add", "repurpose", "open" and
 * "quit". */
CsTrayMenu *cs_tray_menu_new(CsAgent *agent, GActionGroup *actions);
void cs_tray_menu_free(CsTrayMenu *menu);
void cs_tray_menu_update(CsTrayMenu *menu);

/* A label without mnemonics: what stands in it, stands on the screen. */
char *cs_tray_menu_escape(const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsTrayMenu, cs_tray_menu_free)
