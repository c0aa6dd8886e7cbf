/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/revocation-store.h"

/* When what was fetched is to be fetched again: functions of a record and the time, and safe against
 * a clock that was once ahead. */

/* problem (nullable): why its data cannot be used now; else it can, until `end`. */
gint64
cs_revocation_plan(const CsRevocationRecord *record, const char *problem, gint64 end, gint64 now);
/* planned: as above, at some time. */
gboolean cs_revocation_plan_is_due(gint64 planned, gint64 now);
