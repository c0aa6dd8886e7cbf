/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#include <gtk/gtk.h>

/* The icon of a state, which turns while it is being checked. Words stand beside it, so it is
 * decoration to whoever cannot see it. */
#define CS_TYPE_STATE_MARK (cs_state_mark_get_type())
G_DECLARE_FINAL_TYPE(CsStateMark, cs_state_mark, CS, STATE_MARK, GtkStack)

void cs_state_mark_set_state(CsStateMark *mark, CsAgentState state);
