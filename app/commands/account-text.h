/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"

/* An account as a paragraph for people. error (nullable): of a check that had no answer. */
char *cs_account_to_text(const CsAccount *account, const GError *error, gint64 now_unix_s);
