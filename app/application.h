/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "app/surroundings.h"
#include "core/account/client.h"

#include <gio/gio.h>

/* The desktop application: one instance a session, resident. Its tray item is registered first;
 * the windows, and GTK with them, are loaded when one is first asked for. */

typedef struct {
	const CsClient *client;	      /* lent, as all of this */
	const char *config_home;      /* $XDG_CONFIG_HOME: start at login */
	const char *startup_id;	      /* (nullable): of whoever launched us */
	GCancellable *cancellable;    /* ends it */
	CsSurroundings *surroundings; /* (nullable): for the report */
	gboolean shows_window;	      /* at once; otherwise only where there is no tray */
	gboolean is_private; /* another one may run: neither known to the session nor unique */
} CsApplicationOptions;

#define CS_TYPE_APPLICATION (cs_application_get_type())
G_DECLARE_FINAL_TYPE(CsApplication, cs_application, CS, APPLICATION, GApplication)

/* Whether a window can be opened and the session's bus is there: for who wants to know before. */
gboolean cs_application_can_run(GError **error);

/* Runs until the user quits, the cancellable is cancelled or the session ends. Where one runs
 * already, that one shows its window (shows_window), and this returns. */
gboolean cs_application_run(const CsApplicationOptions *options, GError **error);
