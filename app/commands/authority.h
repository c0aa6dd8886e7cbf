/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "app/commands/command.h"
#include "app/commands/text.h"
#include "core/authority/authority.h"

/* What the administrator's verbs have in common: open the folder, do one thing, print its
 * document. None of them ever asks; but "repurpose" on a terminal. */
typedef cJSON *(*CsAdminCall)(CsAuthority *authority,
			      const CsInvocation *invocation,
			      GError **error);
typedef void (*CsAdminPrint)(const CsInvocation *invocation, const cJSON *document);

CsExit cs_authority_run(CsInvocation *invocation, CsAdminCall call, CsAdminPrint print);
/* The device that the first argument names, by id or helpdesk code; NULL after it was told why. */
char *
cs_authority_find_device(const CsInvocation *invocation, CsAuthority *authority, CsExit *code);
/* The array of that member as a table, or `empty` where there is nothing in it. */
void cs_authority_print_list(const CsInvocation *invocation,
			     const cJSON *document,
			     const char *member,
			     const CsTextColumn *columns,
			     const char *empty);
void cs_authority_print_fields(const CsInvocation *invocation,
			       const cJSON *document,
			       const CsTextColumn *fields);
/* For people: "age_text", "5 min"; -1: "-". */
void cs_authority_add_age(cJSON *object, gint64 age_s);
