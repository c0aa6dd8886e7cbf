/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/protocol/owner.h"

/* What a person should know and do about an error, beyond its message. */
const char *cs_advice_get_sentence(const GError *error);
const char *cs_advice_get_next_step(const GError *error);
CsOwner cs_advice_get_owner(const GError *error); /* of that step */
/* The same of an error of which only the code was kept. */
const char *cs_advice_get_next_step_for_code(const char *code);
