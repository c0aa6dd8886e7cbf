/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/client.h"
#include "core/base/json.h"

#include <gio/gio.h>

/* The report that helpdesk is given: what this device has, what was last said of it, and what
 * happened. No secrets; whoever sends it reads it before. */

/* What app/ knows of the surroundings and the core does not; all lent. */
typedef struct {
	const char *home;	      /* (nullable): shown as "~" */
	const char *login;	      /* (nullable): on this machine */
	const char *real_name;	      /* (nullable) */
	const GError *settings_error; /* (nullable): then the client's settings are the defaults */
	/* (nullable): adds to the objects "versions" and "desktop". In any thread; may block for a
	 * second. */
	void (*describe)(cJSON *versions, cJSON *desktop, gpointer data);
	gpointer data;
} CsDiagnosisSurroundings;

cJSON *cs_diagnosis_make(const CsClient *client,
			 const CsDiagnosisSurroundings *surroundings,
			 gboolean initials,
			 GCancellable *cancellable);
/* For people, translated. */
char *cs_diagnosis_to_text(const cJSON *diagnosis);
