/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-decision.h"

/* 0: none. */
static gint64
get_max_age(const CsRevocationTimes *times, const CsRevocationLimits *limits)
{
	if (limits->max_age_s > 0)
		return limits->max_age_s;
	return times->has_next_update ? 0 : CS_REVOCATION_DEFAULT_MAX_AGE;
}

/**
 * cs_revocation_judge_times:
 * @times: what a CRL or a single response says of itself
 * @limits: now, and the administrator's age limit
 *
 * Both limits count: nextUpdate, without leeway, and the age. A thisUpdate that is a minute ahead
 * is another clock's. Where there is neither a nextUpdate nor a limit, a day is.
 *
 * Returns: whether it may be used
 */
CsFreshness
cs_revocation_judge_times(const CsRevocationTimes *times, const CsRevocationLimits *limits)
{
	gint64 max_age_s = get_max_age(times, limits);

	if (times->this_update > limits->now + CS_REVOCATION_LEEWAY_S)
		return CS_FRESHNESS_NOT_YET;
	if (times->has_next_update && limits->now > times->next_update)
		return CS_FRESHNESS_STALE;
	if (max_age_s > 0 && limits->now - times->this_update > max_age_s)
		return CS_FRESHNESS_TOO_OLD;
	return CS_FRESHNESS_FRESH;
}

/**
 * cs_revocation_get_end:
 * @times: as above
 * @limits: as above
 *
 * Returns: the last second at which @times is fresh
 */
gint64
cs_revocation_get_end(const CsRevocationTimes *times, const CsRevocationLimits *limits)
{
	gint64 max_age_s = get_max_age(times, limits);
	gint64 end = times->has_next_update ? times->next_update : G_MAXINT64;

	return max_age_s > 0 ? MIN(end, times->this_update + max_age_s) : end;
}

/**
 * cs_revocation_answer_set_unknown:
 * @answer: (out): unknown, which is not managed
 * @detail: why, static
 */
void
cs_revocation_answer_set_unknown(CsRevocationAnswer *answer, const char *detail)
{
	*answer = (CsRevocationAnswer){.status = CS_REVOCATION_UNKNOWN, .detail = detail};
}
