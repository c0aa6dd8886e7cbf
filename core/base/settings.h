/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/event.h"

#include <glib.h>

/* Everything the core may want to know of its surroundings. app/ reads the environment once
 * and hands it in; nothing in core/ reads it again. */
typedef struct {
	const char *machine_folder; /* "/etc/countersign" */
	const char *config_home;    /* $XDG_CONFIG_HOME */
	const char *data_home;	    /* $XDG_DATA_HOME */
	const char *state_home;	    /* $XDG_STATE_HOME */
	const char *config_file;    /* (nullable): --config, in place of the machine's and user's */
	const char *home;	    /* (nullable): what reports show as "~" */
} CsSettingsPaths;

typedef struct _CsSettings CsSettings;

/* Reads machine_folder/countersign.conf, then machine_folder/countersign.conf.d/ *.conf by name,
 * then config_home/countersign/countersign.conf; or config_file alone. */
CsSettings *cs_settings_load(const CsSettingsPaths *paths, GError **error);
CsSettings *cs_settings_ref(CsSettings *settings);
void cs_settings_unref(CsSettings *settings);

const char *const *cs_settings_get_user_directories(const CsSettings *settings);
const char *const *cs_settings_get_machine_directories(const CsSettings *settings);
const char *cs_settings_get_machine_id_file(const CsSettings *settings);
const char *cs_settings_get_organisation_url(const CsSettings *settings); /* (nullable) */
const char *cs_settings_get_tls_ca_file(const CsSettings *settings);	  /* (nullable) */
guint cs_settings_get_timeout_ms(const CsSettings *settings);		  /* of one request */
/* Lower-case hex fingerprints, [organisation] issuers=; NULL: no limit. Pins only from the
 * machine's file (or --config). */
const char *const *cs_settings_get_allowed_issuers(const CsSettings *settings);
const char *
cs_settings_get_device_name(const CsSettings *settings); /* [device] name=, (nullable) */
CsEventLevel cs_settings_get_log_level(const CsSettings *settings);
const char *cs_settings_get_state_folder(const CsSettings *settings); /* state_home/countersign */
const char *const *cs_settings_get_notes(const CsSettings *settings); /* for explain */

/* A key with its value and where that comes from. */
typedef struct {
	const char *group;
	const char *key;
	const char *const *values; /* (nullable): not set */
	const char *origin;	   /* (nullable): the file, or NULL for the default */
	gboolean is_pinned;	   /* by the administrator's file, or --config */
} CsSettingsItem;
gboolean cs_settings_get_item(const CsSettings *settings, guint index, CsSettingsItem *item);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsSettings, cs_settings_unref)
