/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#include <gio/gio.h>

/* The icon in the tray: org.kde.StatusNotifierItem over GDBus, which panels of every desktop but a
 * bare GNOME show. Knows no GTK, so it is there at once and small. */

typedef enum {
	CS_TRAY_HOST_UNKNOWN, /* nobody has answered yet */
	CS_TRAY_HOST_NONE,    /* nobody shows the icon */
	CS_TRAY_HOST_PRESENT,
} CsTrayHost;

#define CS_TRAY_ITEM_PATH "/StatusNotifierItem"

#define CS_TYPE_TRAY (cs_tray_get_type())
G_DECLARE_FINAL_TYPE(CsTray, cs_tray, CS, TRAY, GObject)

/* Signals: "host-changed" (void): cs_tray_get_host() answers otherwise than before.
 * "activation-token" (const char *): the desktop's leave to take the focus, for what follows.
 * actions: lent, for as long as the tray lives; "open" and those of tray-menu.h are activated. */
CsTray *cs_tray_new(GDBusConnection *bus, CsAgent *agent, GActionGroup *actions, GError **error);
CsTrayHost cs_tray_get_host(CsTray *tray);
