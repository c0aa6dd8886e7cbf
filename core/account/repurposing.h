/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"

/* Rule 25's steps as the server sees them now, by POST /v1/device, for every organisation whose
 * device key this user holds: (element-type cJSON) array of
 * {"organisation", "url", "device_id", "state", "steps": [{"step", "done", "by", "text"}], "error"}. */
cJSON *cs_repurposing_query(const CsClient *client, GCancellable *cancellable, GError **error);
