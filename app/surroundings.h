/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/diagnosis.h"
#include "core/base/settings.h"

/* What a report says of the machine and its desktop. */
typedef struct _CsSurroundings CsSurroundings;

/* Reads the environment, on the main thread. gtk_version (nullable): of the windows, where there
 * are any; settings_error (nullable). */
CsSurroundings *cs_surroundings_new(const CsSettingsPaths *paths,
				    const char *gtk_version,
				    const GError *settings_error);
void cs_surroundings_free(CsSurroundings *surroundings);
/* Before a report is made in another thread. */
void cs_surroundings_set_gtk_version(CsSurroundings *surroundings, const char *gtk_version);
const CsDiagnosisSurroundings *cs_surroundings_get(const CsSurroundings *surroundings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsSurroundings, cs_surroundings_free)
