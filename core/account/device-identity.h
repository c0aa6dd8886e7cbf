/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/settings.h"

#define CS_DEVICE_PLATFORM "linux"

/* What a device says of itself when it enrols. All of it is a claim (rule 26); the proof is the
 * device key. */
char *cs_device_identity_make_hardware_id(const CsSettings *settings,
					  const char *iss,
					  GError **error); /* "machine-id-missing" */
char *cs_device_identity_make_name(const CsSettings *settings);
