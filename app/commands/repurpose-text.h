/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <cjson/cJSON.h>
#include <glib.h>

/* Rule 25's steps as lines, the same on the device and at the helpdesk. */
gboolean cs_repurpose_step_is_done(const cJSON *step);
gboolean cs_repurpose_steps_are_done(const cJSON *steps);
char *cs_repurpose_steps_to_text(const cJSON *steps);
