/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/demo-desktop.h"

#include <glib/gi18n-lib.h>

/* A build without the desktop application: the demo is text. */
gboolean
cs_demo_desktop_is_possible(void)
{
	return FALSE;
}

gboolean
cs_demo_desktop_run(const CsInvocation *invocation,
		    CsDemoStage *stage,
		    CsDemoDevice *device,
		    const char *device_id,
		    GError **error)
{
	cs_error_set(error, CS_ERROR_UNSUPPORTED, "desktop-missing",
		     _("this program was built without its desktop application"));
	return FALSE;
}
