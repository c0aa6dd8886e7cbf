/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"

/* Rule 25's steps as each server sees them now: an array of
 * {"organisation", "url", "device_id", "state", "steps": [{"step", "done", "by", "text"}], "error"}. */
cJSON *cs_repurposing_query(const CsClient *client, GCancellable *cancellable, GError **error);
