/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/history.h"

#include <gtk/gtk.h>

/* An account's last authentications, newest first. */
#define CS_TYPE_HISTORY_LIST (cs_history_list_get_type())
G_DECLARE_FINAL_TYPE(CsHistoryList, cs_history_list, CS, HISTORY_LIST, GtkListBox)

/* entries (element-type CsHistoryEntry): newest first. */
void cs_history_list_set_entries(CsHistoryList *list, GPtrArray *entries);
void cs_history_list_clear(CsHistoryList *list);
