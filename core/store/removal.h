/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/settings.h"
#include "core/store/store.h"

#include <gio/gio.h>

/* Taking one certificate off this device (rule 9): first what would be done, then the act. Only
 * files of exactly that certificate in the user's directories are touched, and they are kept in a
 * backup; for the machine's directories there is the administrator's command. */
typedef struct {
	char *fingerprint; /* lower-case hex */
	char *subject;	   /* of the certificate, for people */
	GPtrArray *files; /* (element-type filename): the user's, that would be moved; maybe none */
	char *backup;	  /* the folder that they are moved to */
	char *command;	  /* (nullable) the administrator's, for the machine's directories */
	char *hindrance;  /* (nullable) translated: why the user's files are left as they are */
} CsRemoval;

void cs_removal_free(CsRemoval *removal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRemoval, cs_removal_free)

CsRemoval *cs_removal_plan(const CsSettings *settings,
			   const char *fingerprint,
			   GCancellable *cancellable,
			   GError **error);
/* Whether that can be done here; else the error says why not, and by whom. */
gboolean cs_removal_check(const CsRemoval *removal, GError **error);
CsRemoval *cs_removal_run(const CsSettings *settings,
			  const char *fingerprint,
			  GCancellable *cancellable,
			  GError **error);
