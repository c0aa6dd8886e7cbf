/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-feed-private.h"

static CsRevocationLimits
limits_at(const CsRevocationFeed *feed, gint64 now)
{
	return (CsRevocationLimits){.now = now, .max_age_s = feed->row->max_age_s};
}

/* ---- verifying what came ---- */

/* NULL: good. @end: until when it is fresh. */
static const char *
judge_crl(const CsRevocationFeed *feed, const CsRevocationRecord *record, gint64 now, gint64 *end)
{
	gboolean delta = g_str_equal(record->kind, CS_REVOCATION_KIND_DELTA);
	g_autoptr(GPtrArray) crls = g_ptr_array_new_with_free_func((GDestroyNotify)cs_crl_unref);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsCrlSet) set = NULL;
	CsRevocationLimits limits = limits_at(feed, now);
	CsCrl *crl = cs_crl_new(record->data, &error);
	const CsCrlFields *fields;
	CsRevocationTimes times;

	if (crl == NULL)
		return g_intern_string(cs_error_get_reason(error));
	g_ptr_array_add(crls, crl);
	set = cs_crl_set_new(feed->issuer, crls, NULL);
	fields = cs_crl_get_fields(crl);
	times = (CsRevocationTimes){fields->this_update, fields->next_update,
				    fields->has_next_update};
	*end = cs_revocation_get_end(&times, &limits);
	if (cs_crl_set_get_problem(set, 0) != NULL)
		return cs_crl_set_get_problem(set, 0);
	if (delta != (fields->base_number.length > 0))
		return "crl-delta-unfit";
	return cs_revocation_judge_times(&times, &limits) == CS_FRESHNESS_FRESH ? NULL
										: "crl-stale";
}

static void
decide_ocsp(const CsRevocationFeed *feed,
	    const CsCertificate *certificate,
	    GBytes *data,
	    gint64 now,
	    CsRevocationAnswer *answer)
{
	CsRevocationLimits limits = limits_at(feed, now);
	const CsOcspQuestion question = {feed->issuer, certificate, feed->crls, &limits};

	cs_ocsp_decide(&question, data, answer);
}

static const char *
judge_ocsp(const CsRevocationFeed *feed, const CsRevocationRecord *record, gint64 now, gint64 *end)
{
	g_autoptr(CsCertificate) certificate = cs_certificate_new(record->certificate, NULL);
	CsRevocationAnswer answer;

	if (certificate == NULL)
		return "ocsp-malformed";
	decide_ocsp(feed, certificate, record->data, now, &answer);
	*end = answer.valid_until;
	return answer.status == CS_REVOCATION_UNKNOWN ? answer.detail : NULL;
}

/**
 * cs_revocation_feed_judge:
 * @feed: a feed
 * @record: with data
 * @now: Unix seconds
 * @end: (out): until when it is fresh
 *
 * Returns: (nullable): why it cannot be used now, static; NULL: it can
 */
const char *
cs_revocation_feed_judge(const CsRevocationFeed *feed,
			 const CsRevocationRecord *record,
			 gint64 now,
			 gint64 *end)
{
	return record->certificate != NULL ? judge_ocsp(feed, record, now, end)
					   : judge_crl(feed, record, now, end);
}

/* ---- fetching ---- */

/* While what is known may be used, its number counts. A CA that was set up anew begins at 1: once what
 * is known is past its time, only the time is asked, and a lower number may replace it. */
static gboolean
is_older_crl(const CsRevocationFeed *feed,
	     const CsRevocationRecord *known,
	     const CsRevocationRecord *fetched,
	     gint64 now)
{
	g_autoptr(CsCrl) before = cs_crl_new(known->data, NULL);
	g_autoptr(CsCrl) after = cs_crl_new(fetched->data, NULL);
	gint64 end = 0;

	if (before == NULL || after == NULL)
		return FALSE;
	if (cs_revocation_feed_judge(feed, known, now, &end) == NULL)
		return cs_crl_is_newer(before, after);
	return cs_crl_get_fields(before)->this_update > cs_crl_get_fields(after)->this_update;
}

/* Who stands between may show again what was there before. */
static gboolean
is_older(const CsRevocationFeed *feed,
	 const CsRevocationRecord *known,
	 const CsRevocationRecord *fetched,
	 gint64 now)
{
	g_autoptr(CsCertificate) certificate = NULL;
	CsRevocationAnswer first, second;

	if (fetched->certificate == NULL)
		return is_older_crl(feed, known, fetched, now);
	certificate = cs_certificate_new(fetched->certificate, NULL);
	decide_ocsp(feed, certificate, known->data, now, &first);
	/* Past its time it says nothing any more; what it said then was said at its time. */
	if (first.status == CS_REVOCATION_UNKNOWN)
		decide_ocsp(feed, certificate, known->data, known->fetched_at, &first);
	decide_ocsp(feed, certificate, fetched->data, now, &second);
	return first.this_update > second.this_update;
}

static const char *
judge_fetched(const CsRevocationFeed *feed,
	      const CsRevocationRecord *known,
	      const CsRevocationRecord *fetched,
	      gint64 now)
{
	gint64 end = 0;
	const char *problem = cs_revocation_feed_judge(feed, fetched, now, &end);

	if (problem != NULL)
		return problem;
	return known != NULL && known->data != NULL && is_older(feed, known, fetched, now)
		       ? "older-than-known"
		       : NULL;
}

/**
 * cs_revocation_feed_begin:
 * @feed: a feed
 * @wanted: what to fetch
 *
 * Returns: (transfer full): what is to be done for it, by anybody, in any thread
 */
CsRevocationErrand *
cs_revocation_feed_begin(const CsRevocationFeed *feed, const CsRevocationRecord *wanted)
{
	return cs_revocation_errand_new(wanted, feed->issuer, feed->row->revocation_url != NULL);
}

/**
 * cs_revocation_feed_conclude:
 * @feed: a feed, of the errand's issuer
 * @errand: one that was run
 * @now: Unix seconds
 *
 * Verifies what came. What is worse than what is at hand (not to be had, not verified, older, stale)
 * takes nothing away: the record then is the known one with the failure in it.
 *
 * Returns: (transfer full): the record to take in and to keep
 */
CsRevocationRecord *
cs_revocation_feed_conclude(const CsRevocationFeed *feed,
			    const CsRevocationErrand *errand,
			    gint64 now)
{
	const CsRevocationRecord *known = cs_revocation_feed_find(feed, errand->wanted);
	g_autoptr(CsRevocationRecord) fetched = cs_revocation_record_copy(errand->wanted);
	CsRevocationRecord *kept;
	const char *problem = errand->problem;

	fetched->fetched_at = fetched->tried_at = now;
	if (errand->data != NULL) {
		fetched->data = g_bytes_ref(errand->data);
		problem = judge_fetched(feed, known, fetched, now);
	}
	if (problem == NULL)
		return g_steal_pointer(&fetched);
	kept = cs_revocation_record_copy(known != NULL ? known : errand->wanted);
	kept->tried_at = now;
	g_free(kept->failure);
	kept->failure = g_strdup(problem);
	return kept;
}

/**
 * cs_revocation_feed_fetch:
 * @feed: a feed that nobody changes meanwhile
 * @wanted: what to fetch
 * @now: Unix seconds
 * @cancellable: (nullable): ends it
 *
 * All of it at once: begins, fetches and concludes, blocking.
 *
 * Returns: (transfer full): the record to take in and to keep
 */
CsRevocationRecord *
cs_revocation_feed_fetch(const CsRevocationFeed *feed,
			 const CsRevocationRecord *wanted,
			 gint64 now,
			 GCancellable *cancellable)
{
	g_autoptr(CsRevocationErrand) errand = cs_revocation_feed_begin(feed, wanted);

	cs_revocation_errand_run(errand, cancellable);
	return cs_revocation_feed_conclude(feed, errand, now);
}
