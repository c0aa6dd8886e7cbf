/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/desktop.h"

#include "app/application.h"
#include "app/commands/verbs.h"

#include <glib/gi18n-lib.h>

static gboolean
is_set(const char *variable)
{
	const char *value = g_getenv(variable);

	return value != NULL && value[0] != '\0';
}

/* What the desktop gave whoever was launched, the newer first. */
static const char *
get_startup_id(void)
{
	return is_set("XDG_ACTIVATION_TOKEN") ? g_getenv("XDG_ACTIVATION_TOKEN")
					      : g_getenv("DESKTOP_STARTUP_ID");
}

/**
 * cs_desktop_has_display:
 *
 * Returns: whether the environment names a display; whether that works is seen when it is opened
 */
gboolean
cs_desktop_has_display(void)
{
	return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
}

/**
 * cs_desktop_run:
 * @invocation: the run
 * @shows_window: whether to open the window, of the one that runs already where there is one
 *
 * Returns: the exit code, when the application has ended or another one was told
 */
CsExit
cs_desktop_run(CsInvocation *invocation, gboolean shows_window)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsSurroundings) surroundings = cs_surroundings_new(invocation->paths, NULL, NULL);
	CsApplicationOptions options = {
		.config_home = invocation->paths->config_home,
		.startup_id = get_startup_id(),
		.cancellable = invocation->cancellable,
		.surroundings = surroundings,
		.shows_window = shows_window,
	};

	if (!cs_desktop_has_display()) {
		cs_error_set(&error, CS_ERROR_STATE, "no-display",
			     _("there is no display: the desktop application needs a desktop "
			       "session; \"countersign help\" lists what works in a terminal"));
		return cs_invocation_fail(invocation, error);
	}
	options.client = cs_invocation_ensure_client(invocation, &error);
	if (options.client == NULL || !cs_application_run(&options, &error))
		return cs_invocation_fail(invocation, error);
	return CS_EXIT_DONE;
}

static CsExit
run_start(CsInvocation *invocation)
{
	return cs_desktop_run(invocation, FALSE);
}

const CsCommand cs_command_start = {
	.path = "start",
	.summary = N_("Start the desktop application without its window"),
	.description =
		N_("For the start of a session, and for D-Bus: only the icon in the tray appears. "
		   "Where no tray shows it within some seconds, the window opens instead. Without "
		   "any verb, \"countersign\" opens the window, of the instance that runs already "
		   "if there is one. SIGTERM and the end of the session end it, with exit code 0; "
		   "without a display or a session bus the exit code is 5."),
	.run = run_start,
};
