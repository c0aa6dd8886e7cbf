/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"
#include "core/base/secret.h"

#include <gio/gio.h>

/* GTK is as large as the rest of the program, so it is neither linked nor initialised for the tray
 * alone: the windows are a module that is loaded when one is first asked for. This header is what
 * both sides know, and it knows no GTK. */

/* What the window needs of the program around it; all lent, for as long as the window lives. */
typedef struct {
	const CsClock *clock; /* (nullable): the machine's */
	const char
		*organisation_url; /* (nullable): where accounts are added unless said otherwise */
	const char *device_name;   /* (nullable): cs_device_identity_make_name() */
	const CsDiagnosisSurroundings *surroundings; /* (nullable): for the report */
	gboolean (*get_autostart)(gpointer data);
	gboolean (*set_autostart)(gboolean start, gpointer data, GError **error);
	gpointer data;
	const char *state_file; /* the window's size; a GKeyFile */
} CsWindowSettings;

/* The functions of window.h. A window is lent: it lives until the user or destroy() ends it; who
 * keeps a pointer takes a weak one. */
typedef struct {
	gboolean (*prepare)(GError **error); /* initialises GTK: is there a screen? */
	char *(*dup_gtk_version)(void);	     /* at any time */
	GObject *(*create)(GApplication *application,
			   CsAgent *agent,
			   const CsWindowSettings *settings);
	/* startup_id (nullable): what the desktop gave to whoever asked for the window. */
	void (*present)(GObject *window, const char *startup_id);
	void (*destroy)(GObject *window);
	void (*show_accounts)(GObject *window);
	void (*show_account)(GObject *window, const char *id);
	void (*show_add)(GObject *window, CsSecret *link);
	void (*show_repurpose)(GObject *window);
	void (*show_no_tray)(GObject *window);
} CsWindowModule;

#define CS_WINDOW_MODULE_FILE	"countersign-window.so"
#define CS_WINDOW_MODULE_SYMBOL "cs_window_module"

/* Loads it, once. */
const CsWindowModule *cs_window_module_load(GError **error);
