/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

/* What a verdict, or a failure to get one, means for the person at the device: the one place where
 * that is decided. */
typedef struct {
	CsAgentState state; /* MANAGED, NOT_MANAGED or ACTION_NEEDED */
	gboolean is_told;   /* the server's word on account, device or user, or trouble of our own:
			     * worth a notice by itself */
	gboolean is_of_device; /* it holds for every account on this device at that server */
	gboolean is_retried;   /* no answer about the device yet: asked again, by and by */
	gboolean keeps_last;   /* says nothing: what was known before still stands */
} CsStanding;

const CsStanding *cs_standing_of_verdict(CsManaged managed, CsReason reason);
const CsStanding *cs_standing_of_failure(const char *error_code);
/* A code of either kind, as it is kept: "managed", a reason's, an error's. */
const CsStanding *cs_standing_of_code(const char *code);
