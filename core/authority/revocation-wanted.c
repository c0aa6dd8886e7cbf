/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-feed-private.h"

#include "core/authority/revocation-plan.h"
#include "core/pki/certificate-extension.h"
#include "core/pki/distribution-point.h"

#define BEGUN_S	     60	    /* so long nobody asks whether it is due */
#define KEPT_FRESH_S 604800 /* an answer that nobody asked for in a week is let go stale */

/* Among the first so many. */
static gboolean
lists_source(const GPtrArray *list, guint count, const CsRevocationRecord *record)
{
	for (guint i = 0; i < count; i++) {
		if (cs_revocation_feed_same_source(g_ptr_array_index(list, i), record))
			return TRUE;
	}
	return FALSE;
}

/* (nullable): never tried, or long ago. */
static const gint64 *
find_refresh(const CsRevocationFeed *feed, const CsRevocationRecord *record)
{
	const CsRevocationRecord *known = cs_revocation_feed_find(feed, record);
	g_autofree char *source = NULL;

	if (known != NULL)
		return g_hash_table_lookup(feed->refresh, known);
	source = cs_revocation_feed_dup_source(record);
	return g_hash_table_lookup(feed->retry, source);
}

static void
add_wanted(const CsRevocationFeed *feed,
	   GPtrArray *wanted,
	   const char *kind,
	   const char *url,
	   const CsCertificate *certificate,
	   gint64 now)
{
	g_autoptr(CsRevocationRecord) record = g_new0(CsRevocationRecord, 1);
	const gint64 *refresh = NULL;

	record->kind = g_strdup(kind);
	record->issuer = g_strdup(feed->row->fingerprint);
	record->url = g_strdup(url);
	if (certificate != NULL)
		record->certificate = g_bytes_ref(cs_certificate_get_der(certificate));
	refresh = find_refresh(feed, record);
	if (cs_revocation_feed_may_use(feed, record) &&
	    (refresh == NULL || cs_revocation_plan_is_due(*refresh, now)) &&
	    !lists_source(wanted, wanted->len, record))
		g_ptr_array_add(wanted, g_steal_pointer(&record));
}

static void
add_deltas(const CsRevocationFeed *feed, GPtrArray *wanted, GPtrArray *urls_taken, gint64 now)
{
	g_autoptr(GPtrArray) urls = urls_taken;

	for (guint i = 0; i < urls->len; i++)
		add_wanted(feed, wanted, CS_REVOCATION_KIND_DELTA, g_ptr_array_index(urls, i), NULL,
			   now);
}

/* Those that the complete CRLs at hand point to. */
static void
add_deltas_of_crls(const CsRevocationFeed *feed, GPtrArray *wanted, gint64 now)
{
	guint count = feed->crls != NULL ? cs_crl_set_get_length(feed->crls) : 0;

	for (guint i = 0; i < count; i++) {
		const CsCrlFields *fields = cs_crl_get_fields(cs_crl_set_get_crl(feed->crls, i));

		if (cs_crl_set_get_problem(feed->crls, i) == NULL)
			add_deltas(feed, wanted, cs_distribution_point_list_urls(fields->freshest),
				   now);
	}
}

static void
add_urls(const CsRevocationFeed *feed,
	 GPtrArray *wanted,
	 const char *kind,
	 GPtrArray *urls_taken,
	 const CsCertificate *certificate,
	 gint64 now)
{
	g_autoptr(GPtrArray) urls = urls_taken;

	if (feed->row->revocation_url != NULL)
		add_wanted(feed, wanted, kind, feed->row->revocation_url, certificate, now);
	for (guint i = 0; feed->row->revocation_url == NULL && i < urls->len; i++)
		add_wanted(feed, wanted, kind, g_ptr_array_index(urls, i), certificate, now);
}

/**
 * cs_revocation_feed_list_wanted:
 * @feed: a feed
 * @certificate: one whose answer is unknown
 * @now: Unix seconds
 *
 * What is fetched may point to more: a CRL to its delta CRL.
 *
 * Returns: (transfer full) (element-type CsRevocationRecord): what the administrator allows to be
 *   fetched for it and was not tried within the last minute
 */
GPtrArray *
cs_revocation_feed_list_wanted(const CsRevocationFeed *feed,
			       const CsCertificate *certificate,
			       gint64 now)
{
	GPtrArray *wanted =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_revocation_record_free);

	if (cs_revocation_row_uses(feed->row, CS_REVOCATION_KIND_CRL)) {
		add_urls(feed, wanted, CS_REVOCATION_KIND_CRL,
			 cs_certificate_list_crl_urls(certificate), NULL, now);
		add_deltas(feed, wanted, cs_certificate_list_freshest_urls(certificate), now);
		add_deltas_of_crls(feed, wanted, now);
	}
	if (cs_revocation_row_uses(feed->row, CS_REVOCATION_KIND_OCSP))
		add_urls(feed, wanted, CS_REVOCATION_KIND_OCSP,
			 cs_certificate_list_ocsp_urls(certificate), certificate, now);
	return wanted;
}

/**
 * cs_revocation_feed_note_begun:
 * @feed: a feed
 * @wanted: what is going to be fetched, or was given up without a try
 * @now: Unix seconds
 *
 * For a minute cs_revocation_feed_list_due() does not list it again, unless it was taken in meanwhile;
 * whoever needs it for an answer may still want it.
 */
void
cs_revocation_feed_note_begun(CsRevocationFeed *feed, const CsRevocationRecord *wanted, gint64 now)
{
	gint64 *begun;

	/* An answer that is not at hand is never due. */
	if (wanted->certificate != NULL && cs_revocation_feed_find(feed, wanted) == NULL)
		return;
	begun = g_new(gint64, 1);
	*begun = now;
	g_hash_table_insert(feed->begun, cs_revocation_feed_dup_source(wanted), begun);
}

static gboolean
is_begun(const CsRevocationFeed *feed, const CsRevocationRecord *record, gint64 now)
{
	g_autofree char *source = cs_revocation_feed_dup_source(record);
	const gint64 *begun = g_hash_table_lookup(feed->begun, source);

	/* A clock that was set back keeps nothing for long. */
	return begun != NULL && *begun <= now && now - *begun < BEGUN_S;
}

static void
remove_begun(const CsRevocationFeed *feed, GPtrArray *list, gint64 now)
{
	for (guint i = list->len; i > 0; i--) {
		if (is_begun(feed, list->pdata[i - 1], now))
			g_ptr_array_remove_index(list, i - 1);
	}
}

static gboolean
is_kept_fresh(const CsRevocationFeed *feed, const CsRevocationRecord *record, gint64 now)
{
	g_autofree char *fingerprint = NULL;
	const gint64 *used = NULL;

	if (record->certificate == NULL)
		return TRUE;
	fingerprint = cs_revocation_feed_fingerprint(record);
	used = fingerprint != NULL ? g_hash_table_lookup(feed->used, fingerprint) : NULL;
	return now == G_MAXINT64 || (used != NULL && now - *used <= KEPT_FRESH_S);
}

/**
 * cs_revocation_feed_list_due:
 * @feed: a feed
 * @now: Unix seconds; G_MAXINT64: all of it
 * @due: (inout): lowered to when the next one is due
 *
 * Returns: (transfer full) (element-type CsRevocationRecord): what is to be fetched (again) now; the
 *   administrator's own address of a CRL, and delta CRLs that one at hand points to, from the
 *   beginning on
 */
GPtrArray *
cs_revocation_feed_list_due(const CsRevocationFeed *feed, gint64 now, gint64 *due)
{
	GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)cs_revocation_record_free);
	guint named = 0;

	if (feed->row->revocation_url != NULL &&
	    g_strcmp0(feed->row->revocation, CS_REVOCATION_KIND_CRL) == 0)
		add_wanted(feed, list, CS_REVOCATION_KIND_CRL, feed->row->revocation_url, NULL,
			   now);
	add_deltas_of_crls(feed, list, now);
	remove_begun(feed, list, now);
	named = list->len;
	for (guint i = 0; i < feed->records->len; i++) {
		CsRevocationRecord *record = g_ptr_array_index(feed->records, i);
		const gint64 *refresh = g_hash_table_lookup(feed->refresh, record);

		if (!cs_revocation_plan_is_due(*refresh, now))
			*due = MIN(*due, *refresh);
		else if (!lists_source(list, named, record) && !is_begun(feed, record, now) &&
			 is_kept_fresh(feed, record, now))
			g_ptr_array_add(list, cs_revocation_record_copy(record));
	}
	return list;
}
