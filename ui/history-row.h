/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/history.h"

#include <gtk/gtk.h>

/* A past authentication: how it went, in words, and when. */
GtkWidget *cs_history_row_new(const CsHistoryEntry *entry);
