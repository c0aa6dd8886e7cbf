/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "app/commands/command.h"

/* `countersign demo`: the main job, shown; nothing of it is scripted. */
extern const CsCommand cs_command_demo;
