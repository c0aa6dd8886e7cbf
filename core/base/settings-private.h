/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/settings.h"

/* What can be set, for the settings' own files. */
typedef enum {
	CS_SETTING_USER_DIRECTORIES,
	CS_SETTING_MACHINE_DIRECTORIES,
	CS_SETTING_MACHINE_ID_FILE,
	CS_SETTING_DEVICE_NAME,
	CS_SETTING_ORGANISATION_URL,
	CS_SETTING_ISSUERS,
	CS_SETTING_TLS_CA_FILE,
	CS_SETTING_TIMEOUT,
	CS_SETTING_LOG_LEVEL,
	CS_SETTING_COUNT,
} CsSetting;

typedef struct {
	const char *group;
	const char *key;
	/* Turns one value into its normal form, or says what is wrong with it. */
	char *(*normalise)(const char *text, GError **error);
	gboolean is_list;
	gboolean for_administrator; /* in the user's own file it counts for nothing */
} CsSettingKey;

extern const CsSettingKey cs_setting_keys[CS_SETTING_COUNT];
