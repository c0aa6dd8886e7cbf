/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "app/commands/command.h"
#include "app/demo-stage.h"

/* The demo on a screen: demo-desktop.c, or demo-no-desktop.c in a build without the desktop. */
gboolean cs_demo_desktop_is_possible(void); /* built, and there is a display */
/* Opens the desktop application of one device and returns when it is ended; prints what to try. */
gboolean cs_demo_desktop_run(const CsInvocation *invocation,
			     CsDemoStage *stage,
			     CsDemoDevice *device,
			     const char *device_id,
			     GError **error);
