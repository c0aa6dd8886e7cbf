/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/json.h"

/* What a report must not tell of a person: the home folder is "~", the login in other paths is
 * "USER", and names, where asked for, are initials. */
typedef struct _CsRedaction CsRedaction;

CsRedaction *cs_redaction_new(const char *home, const char *login);
void cs_redaction_free(CsRedaction *redaction);
void cs_redaction_add_name(CsRedaction *redaction, const char *name); /* from now on initials */
char *cs_redaction_apply(const CsRedaction *redaction, const char *text);
/* Every text in it, but for codes and ids. */
void cs_redaction_apply_to_json(const CsRedaction *redaction, cJSON *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRedaction, cs_redaction_free)

/* "AL" of "Ada Lovelace"; what a window shows in place of a face, too. */
char *cs_initials_dup(const char *name);
