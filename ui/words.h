/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/agent.h"

/* What the windows say and show in more than one place. */
const char *cs_words_get_state_class(CsAgentState state); /* of countersign.css */
char *cs_words_dup_checked(const CsAccount *account, gint64 now_unix_s);
char *cs_words_dup_day(gint64 time_unix_s);
char *cs_words_dup_moment(gint64 time_unix_s);
CsAgentState cs_words_get_authentication_state(const CsHistoryEntry *entry);
char *cs_words_dup_authentication(const CsHistoryEntry *entry);
char *cs_words_dup_error(const GError *error);
