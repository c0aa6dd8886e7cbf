/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Rule 25's five steps, in its order: what device, server and both ends of the telephone call
 * them. Which are done the server knows. */
#define CS_REPURPOSE_STEPS 5

const char *cs_repurpose_step_get_id(guint step);
const char *cs_repurpose_step_get_actor(guint step);
const char *cs_repurpose_step_get_text(guint step);
const char *cs_repurpose_actor_get_text(const char *actor);
