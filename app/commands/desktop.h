/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "app/commands/command.h"

/* The desktop application as the command line starts it; part of builds that have it. */
CsExit cs_desktop_run(CsInvocation *invocation, gboolean shows_window);
/* For errors and for choosing: whether there is a display to show anything on. */
gboolean cs_desktop_has_display(void);
