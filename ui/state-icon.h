/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

#define CS_APPLICATION_ID "org.countersign.Countersign"

/* The five states by shape: symbolic icons of the icon theme (resources/icons). */
const char *cs_state_icon_get_name(CsAgentState state);
