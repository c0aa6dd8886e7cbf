/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/error.h"
#include "ui/window-module.h"

#include <dlfcn.h>
#include <glib/gi18n-lib.h>

static gpointer
load_once(gpointer data)
{
	void *library = dlopen(CS_WINDOW_MODULE_FILE, RTLD_NOW | RTLD_LOCAL);

	return library != NULL ? dlsym(library, CS_WINDOW_MODULE_SYMBOL) : NULL;
}

/**
 * cs_window_module_load:
 *
 * Loads the windows, and with them GTK. They are looked for where the program's run path points:
 * in the build's folder, or where they were installed. They stay for good: types that GTK knows
 * cannot be taken back.
 *
 * Returns: (nullable) (transfer none): their functions. CS_ERROR_STATE, "windows-missing"
 */
const CsWindowModule *
cs_window_module_load(GError **error)
{
	static GOnce once = G_ONCE_INIT;
	const CsWindowModule *module = g_once(&once, load_once, NULL);

	if (module == NULL)
		cs_error_set(error, CS_ERROR_STATE, "windows-missing",
			     _("the windows cannot be loaded: %s is missing or of another version"),
			     CS_WINDOW_MODULE_FILE);
	return module;
}
