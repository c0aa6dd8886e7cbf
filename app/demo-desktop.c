/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/demo-desktop.h"

#include "app/application.h"
#include "app/commands/desktop.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

/* Long enough for whoever reads first and clicks later. */
#define CODE_LIFETIME_S 3600

/**
 * cs_demo_desktop_is_possible:
 *
 * Returns: whether there is a display
 */
gboolean
cs_demo_desktop_is_possible(void)
{
	return cs_desktop_has_display();
}

/* A second user, to be added by hand; the commands that make the window say something else. */
static gboolean
print_what_to_try(CsAuthority *authority, const char *device_id, GError **error)
{
	g_autoptr(cJSON) user = cs_admin_add_user(authority, "grace", error);
	g_autoptr(cJSON) code =
		user != NULL ? cs_admin_make_code(authority, "grace", CODE_LIFETIME_S, error)
			     : NULL;
	g_autofree char *folder = g_shell_quote(cs_authority_get_folder(authority));

	if (code == NULL)
		return FALSE;
	printf(_("\nThe window of this device is open, and its icon in the tray. To try:\n"));
	printf(_("  Add an account by this link:\n    %s\n"),
	       cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(code, "link")));
	printf(_("  Suspend the device in another terminal, check, resume it, check again:\n"));
	printf("    countersign authority --dir %s device suspend %s\n", folder, device_id);
	printf("    countersign authority --dir %s device resume %s\n", folder, device_id);
	printf(_("Quit in its menu, or Ctrl+C here, ends the demo; \"countersign demo --text\" "
		 "tells the whole story.\n"));
	(void)fflush(stdout);
	return TRUE;
}

/**
 * cs_demo_desktop_run:
 * @invocation: the run
 * @stage: the demo's authority, which serves
 * @device: whose desktop it is
 * @device_id: as the authority knows it
 *
 * The application is one of its own: an instance that serves the user's real accounts is left
 * alone, and what the window writes goes into the demo's folder.
 *
 * Returns: TRUE when the user has ended it
 */
gboolean
cs_demo_desktop_run(const CsInvocation *invocation,
		    CsDemoStage *stage,
		    CsDemoDevice *device,
		    const char *device_id,
		    GError **error)
{
	const CsApplicationOptions options = {
		.client = &device->client,
		.config_home = device->folder,
		.cancellable = invocation->cancellable,
		.shows_window = TRUE,
		.is_private = TRUE,
	};

	return cs_application_can_run(error) &&
	       print_what_to_try(cs_demo_stage_get_authority(stage), device_id, error) &&
	       cs_application_run(&options, error);
}
