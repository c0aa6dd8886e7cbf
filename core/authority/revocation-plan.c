/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-plan.h"

#define RETRY_S	      60
#define REFRESH_MIN_S 60
#define REFRESH_MAX_S 3600

/**
 * cs_revocation_plan:
 * @record: what is at hand of one source
 * @problem: (nullable): why its data, if any, cannot be used now
 * @end: where it can: until when, Unix seconds
 * @now: Unix seconds
 *
 * At half of its time, and every hour; what failed, after a minute. What was written while the clock
 * was ahead is due at once: its own times say nothing.
 *
 * Returns: when it is to be fetched again, Unix seconds, at most an hour from @now
 */
gint64
cs_revocation_plan(const CsRevocationRecord *record, const char *problem, gint64 end, gint64 now)
{
	if (record->tried_at > now)
		return now;
	if (record->failure != NULL)
		return record->tried_at + RETRY_S;
	if (record->data == NULL || record->fetched_at > now)
		return now;
	if (problem != NULL)
		return MAX(now, record->tried_at + RETRY_S);
	return record->fetched_at +
	       CLAMP((end - record->fetched_at) / 2, REFRESH_MIN_S, REFRESH_MAX_S);
}

/**
 * cs_revocation_plan_is_due:
 * @planned: what cs_revocation_plan() said, perhaps of another run of the clock
 * @now: Unix seconds
 *
 * Returns: whether it is to be fetched now
 */
gboolean
cs_revocation_plan_is_due(gint64 planned, gint64 now)
{
	/* Later than anything is ever planned for: the clock was set back since. */
	return planned <= now || planned - REFRESH_MAX_S > now;
}
