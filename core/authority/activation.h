/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/authority.h"
#include "core/base/secret.h"
#include "core/protocol/activation-code.h"

/* Activation codes as the authority keeps them: one a user, one use, void after five wrong tries: a
 * wrong one counts against every code with which it shares at least one group of four. Their form:
 * core/protocol/activation-code.h. */
#define CS_ACTIVATION_MAX_WRONG_TRIES 5
