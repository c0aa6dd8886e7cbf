/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/window-module.h"

#include "core/base/error.h"
#include "ui/window.h"

#include <glib/gi18n-lib.h>

extern const CsWindowModule cs_window_module;

static gboolean
prepare(GError **error)
{
	if (gtk_init_check(NULL, NULL))
		return TRUE;
	cs_error_set(error, CS_ERROR_STATE, "no-display", _("no display can be opened"));
	return FALSE;
}

static char *
dup_gtk_version(void)
{
	return g_strdup_printf("%u.%u.%u", gtk_get_major_version(), gtk_get_minor_version(),
			       gtk_get_micro_version());
}

static GObject *
create(GApplication *application, CsAgent *agent, const CsWindowSettings *settings)
{
	return G_OBJECT(cs_window_new(application, agent, settings));
}

static void
present(GObject *window, const char *startup_id)
{
	if (startup_id != NULL)
		gtk_window_set_startup_id(GTK_WINDOW(window), startup_id);
	gtk_window_present(GTK_WINDOW(window));
}

static void
destroy(GObject *window)
{
	gtk_widget_destroy(GTK_WIDGET(window));
}

static void
show_accounts(GObject *window)
{
	cs_window_show_accounts(CS_WINDOW(window));
}

static void
show_account(GObject *window, const char *id)
{
	cs_window_show_account(CS_WINDOW(window), id);
}

static void
show_add(GObject *window, CsSecret *link)
{
	cs_window_show_add(CS_WINDOW(window), link);
}

static void
show_repurpose(GObject *window)
{
	cs_window_show_repurpose(CS_WINDOW(window));
}

static void
show_no_tray(GObject *window)
{
	cs_window_show_no_tray(CS_WINDOW(window));
}

const CsWindowModule cs_window_module = {
	.prepare = prepare,
	.dup_gtk_version = dup_gtk_version,
	.create = create,
	.present = present,
	.destroy = destroy,
	.show_accounts = show_accounts,
	.show_account = show_account,
	.show_add = show_add,
	.show_repurpose = show_repurpose,
	.show_no_tray = show_no_tray,
};
