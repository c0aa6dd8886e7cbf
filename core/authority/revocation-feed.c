/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-feed-private.h"

#include "core/authority/revocation-plan.h"
#include "core/base/encoding.h"
#include "core/base/file.h"
#include "core/base/http-fetch.h"

#include <sys/stat.h>

#define FILE_MAX_BYTES 67108864 /* PEM, and several of them */
#define MAX_RECORDS    20000	/* docs/revocation.md */
#define MAX_RETRIES    4096	/* beyond it all are forgotten, and tried again when asked for */

static gint64 *
box_time(gint64 time)
{
	gint64 *boxed = g_new(gint64, 1);

	*boxed = time;
	return boxed;
}

/**
 * cs_revocation_feed_new:
 * @row: the issuer and what the administrator chose; copied
 * @folder: the authority's
 *
 * Returns: (transfer full) (nullable): a feed with nothing at hand yet; NULL where the certificate
 *   cannot be used
 */
CsRevocationFeed *
cs_revocation_feed_new(const CsIssuerRow *row, const char *folder)
{
	g_autoptr(CsCertificate) certificate = cs_certificate_new(row->der, NULL);
	CsIssuer *issuer = certificate != NULL ? cs_issuer_new(certificate, NULL) : NULL;
	CsRevocationFeed *feed;

	if (issuer == NULL)
		return NULL;
	feed = g_new0(CsRevocationFeed, 1);
	feed->folder = g_strdup(folder);
	feed->row = cs_issuer_row_copy(row);
	feed->issuer = issuer;
	feed->records = g_ptr_array_new_with_free_func((GDestroyNotify)cs_revocation_record_free);
	feed->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	feed->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	feed->refresh = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	feed->retry = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	feed->begun = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return feed;
}

/**
 * cs_revocation_feed_free:
 * @feed: (nullable) (transfer full): a feed
 */
void
cs_revocation_feed_free(CsRevocationFeed *feed)
{
	if (feed == NULL)
		return;
	g_hash_table_unref(feed->begun);
	g_hash_table_unref(feed->retry);
	g_hash_table_unref(feed->refresh);
	g_hash_table_unref(feed->used);
	g_hash_table_unref(feed->answers);
	g_ptr_array_unref(feed->records);
	g_clear_pointer(&feed->crls, cs_crl_set_unref);
	cs_issuer_unref(feed->issuer);
	cs_issuer_row_free(feed->row);
	g_free(feed->file_problem);
	g_free(feed->folder);
	g_free(feed);
}

/**
 * cs_revocation_feed_get_row:
 * @feed: a feed
 *
 * Returns: (transfer none): its issuer
 */
const CsIssuerRow *
cs_revocation_feed_get_row(const CsRevocationFeed *feed)
{
	return feed->row;
}

/**
 * cs_revocation_feed_get_records:
 * @feed: a feed
 *
 * Returns: (transfer none) (element-type CsRevocationRecord): what is at hand besides the file
 */
GPtrArray *
cs_revocation_feed_get_records(const CsRevocationFeed *feed)
{
	return feed->records;
}

/**
 * cs_revocation_feed_get_file_time:
 * @feed: a feed
 *
 * Returns: thisUpdate of the oldest complete CRL of the administrator's file; 0: none
 */
gint64
cs_revocation_feed_get_file_time(const CsRevocationFeed *feed)
{
	return feed->file_time;
}

/**
 * cs_revocation_feed_get_file_problem:
 * @feed: a feed
 *
 * Returns: (transfer none) (nullable): why the administrator's file is not used
 */
const char *
cs_revocation_feed_get_file_problem(const CsRevocationFeed *feed)
{
	return feed->file_problem;
}

/* ---- what the administrator chose ---- */

static gboolean
is_allowed(const CsRevocationFeed *feed, const char *url)
{
	for (guint i = 0; feed->row->allowed_urls != NULL && feed->row->allowed_urls[i] != NULL;
	     i++) {
		if (cs_http_url_is_below(url, feed->row->allowed_urls[i]))
			return TRUE;
	}
	return FALSE;
}

/**
 * cs_revocation_feed_may_use:
 * @feed: a feed
 * @record: a record, of any issuer
 *
 * Returns: whether it is this issuer's and from the administrator's one address, or from one of
 *   those of the certificates that are allowed; delta CRLs of the certificate's or the CRL's own
 *   addresses only
 */
gboolean
cs_revocation_feed_may_use(const CsRevocationFeed *feed, const CsRevocationRecord *record)
{
	if (!g_str_equal(record->issuer, feed->row->fingerprint))
		return FALSE;
	if (g_str_equal(record->kind, CS_REVOCATION_KIND_DELTA))
		return cs_revocation_row_uses(feed->row, CS_REVOCATION_KIND_CRL) &&
		       is_allowed(feed, record->url);
	if (!cs_revocation_row_uses(feed->row, record->kind))
		return FALSE;
	if (feed->row->revocation_url != NULL)
		return g_str_equal(feed->row->revocation_url, record->url);
	return is_allowed(feed, record->url);
}

/* ---- what is at hand ---- */

/**
 * cs_revocation_feed_fingerprint:
 * @record: of an OCSP answer
 *
 * Returns: (transfer full): its certificate's, as cs_certificate_get_fingerprint(), without reading it
 */
char *
cs_revocation_feed_fingerprint(const CsRevocationRecord *record)
{
	return cs_sha256_hex(g_bytes_get_data(record->certificate, NULL),
			     g_bytes_get_size(record->certificate));
}

/**
 * cs_revocation_feed_dup_source:
 * @record: a record of an issuer
 *
 * Returns: (transfer full): the same for all of that issuer that are cs_revocation_feed_same_source()
 */
char *
cs_revocation_feed_dup_source(const CsRevocationRecord *record)
{
	return record->certificate != NULL ? cs_revocation_feed_fingerprint(record)
					   : g_strjoin(" ", record->kind, record->url, NULL);
}

/**
 * cs_revocation_feed_same_source:
 * @a: a record of an issuer
 * @b: another of the same
 *
 * Returns: whether one is in place of the other: of the same address, or about the same certificate
 */
gboolean
cs_revocation_feed_same_source(const CsRevocationRecord *a, const CsRevocationRecord *b)
{
	if (!g_str_equal(a->kind, b->kind))
		return FALSE;
	if (a->certificate != NULL && b->certificate != NULL)
		return g_bytes_equal(a->certificate, b->certificate);
	return g_str_equal(a->url, b->url);
}

/**
 * cs_revocation_feed_find:
 * @feed: a feed
 * @like: a record, perhaps of elsewhere
 *
 * Returns: (transfer none) (nullable): what is at hand of the same source
 */
CsRevocationRecord *
cs_revocation_feed_find(const CsRevocationFeed *feed, const CsRevocationRecord *like)
{
	g_autofree char *fingerprint = NULL;

	if (like->certificate != NULL) {
		fingerprint = cs_revocation_feed_fingerprint(like);
		return fingerprint != NULL ? g_hash_table_lookup(feed->answers, fingerprint) : NULL;
	}
	for (guint i = 0; i < feed->records->len; i++) {
		CsRevocationRecord *record = g_ptr_array_index(feed->records, i);

		if (record->certificate == NULL && cs_revocation_feed_same_source(record, like))
			return record;
	}
	return NULL;
}

static gboolean
read_stamp(const char *path, FileStamp *stamp)
{
	struct stat status;

	*stamp = (FileStamp){0};
	if (path == NULL || stat(path, &status) != 0)
		return FALSE;
	stamp->changed_ns = (gint64)status.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) +
			    status.st_mtim.tv_nsec;
	stamp->size = status.st_size;
	stamp->inode = status.st_ino;
	return TRUE;
}

static void
set_file_problem(CsRevocationFeed *feed, const char *problem)
{
	g_free(feed->file_problem);
	feed->file_problem = g_strdup(problem);
}

static void
add_file(CsRevocationFeed *feed, GPtrArray *crls, GPtrArray **signers)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) file = NULL;
	g_autoptr(GPtrArray) found = NULL;

	set_file_problem(feed, NULL);
	feed->file_time = 0;
	if (feed->row->crl_file == NULL)
		return;
	read_stamp(feed->row->crl_file, &feed->stamp);
	file = cs_file_read(feed->row->crl_file, FILE_MAX_BYTES, &error);
	found = file != NULL ? cs_crls_decode(file, signers, &error) : NULL;
	if (found == NULL) {
		set_file_problem(feed, cs_error_get_reason(error));
		return;
	}
	g_ptr_array_extend_and_steal(crls, g_steal_pointer(&found));
}

/* The file's CRLs come first in the set. */
static void
judge_file(CsRevocationFeed *feed, guint count)
{
	for (guint i = 0; i < count; i++) {
		const CsCrlFields *fields = cs_crl_get_fields(cs_crl_set_get_crl(feed->crls, i));
		const char *problem = cs_crl_set_get_problem(feed->crls, i);

		if (problem != NULL)
			set_file_problem(feed, problem);
		else if (fields->base_number.length == 0 &&
			 (feed->file_time == 0 || fields->this_update < feed->file_time))
			feed->file_time = fields->this_update;
	}
}

static void
build_set(CsRevocationFeed *feed)
{
	g_autoptr(GPtrArray) crls = g_ptr_array_new_with_free_func((GDestroyNotify)cs_crl_unref);
	g_autoptr(GPtrArray) signers = NULL;
	guint of_file = 0;

	add_file(feed, crls, &signers);
	of_file = crls->len;
	for (guint i = 0; i < feed->records->len; i++) {
		const CsRevocationRecord *record = g_ptr_array_index(feed->records, i);
		CsCrl *crl = record->certificate == NULL && record->data != NULL
				     ? cs_crl_new(record->data, NULL)
				     : NULL;

		if (crl != NULL)
			g_ptr_array_add(crls, crl);
	}
	g_clear_pointer(&feed->crls, cs_crl_set_unref);
	feed->crls = cs_crl_set_new(feed->issuer, crls, signers);
	judge_file(feed, of_file);
}

static gint64
plan(const CsRevocationFeed *feed, const CsRevocationRecord *record, gint64 now)
{
	gint64 end = 0;
	const char *problem = NULL;

	if (record->failure == NULL && record->data != NULL)
		problem = cs_revocation_feed_judge(feed, record, now, &end);
	return cs_revocation_plan(record, problem, end, now);
}

static void
index_record(CsRevocationFeed *feed, CsRevocationRecord *record, gint64 now)
{
	g_autofree char *source = cs_revocation_feed_dup_source(record);
	char *fingerprint =
		record->certificate != NULL ? cs_revocation_feed_fingerprint(record) : NULL;

	g_hash_table_remove(feed->retry, source);
	g_hash_table_remove(feed->begun, source);
	g_hash_table_insert(feed->refresh, record, box_time(plan(feed, record, now)));
	if (fingerprint == NULL)
		return;
	if (!g_hash_table_contains(feed->used, fingerprint))
		g_hash_table_insert(feed->used, g_strdup(fingerprint),
				    box_time(record->fetched_at));
	g_hash_table_insert(feed->answers, fingerprint, record);
}

/**
 * cs_revocation_feed_inherit_uses:
 * @feed: a feed, before it is loaded
 * @before: of the same issuer, which it is in place of
 *
 * Without it, whatever is loaded counts as asked for when it was fetched.
 */
void
cs_revocation_feed_inherit_uses(CsRevocationFeed *feed, const CsRevocationFeed *before)
{
	g_hash_table_unref(feed->used);
	feed->used = g_hash_table_ref(before->used);
}

static gboolean
is_gone_cb(gpointer fingerprint, gpointer used, gpointer feed)
{
	return !g_hash_table_contains(((const CsRevocationFeed *)feed)->answers, fingerprint);
}

/**
 * cs_revocation_feed_load:
 * @feed: a feed
 * @records: (element-type CsRevocationRecord): what the store has, of any issuer, in its order: of
 *   too many the first are taken
 * @now: Unix seconds
 *
 * Takes in what is this issuer's and what the administrator's choice still allows, and reads the
 * administrator's file.
 */
void
cs_revocation_feed_load(CsRevocationFeed *feed, GPtrArray *records, gint64 now)
{
	g_hash_table_remove_all(feed->refresh);
	g_hash_table_remove_all(feed->retry);
	g_hash_table_remove_all(feed->begun);
	g_hash_table_remove_all(feed->answers);
	g_ptr_array_set_size(feed->records, 0);
	for (guint i = 0; i < records->len; i++) {
		const CsRevocationRecord *record = g_ptr_array_index(records, i);

		if (cs_revocation_feed_may_use(feed, record) && feed->records->len < MAX_RECORDS)
			g_ptr_array_add(feed->records, cs_revocation_record_copy(record));
	}
	build_set(feed);
	for (guint i = 0; i < feed->records->len; i++)
		index_record(feed, g_ptr_array_index(feed->records, i), now);
	g_hash_table_foreach_remove(feed->used, is_gone_cb, feed);
}

/**
 * cs_revocation_feed_is_outdated:
 * @feed: a feed
 *
 * Returns: whether the administrator's file has changed since it was read
 */
gboolean
cs_revocation_feed_is_outdated(const CsRevocationFeed *feed)
{
	FileStamp stamp;

	if (feed->row->crl_file == NULL)
		return FALSE;
	read_stamp(feed->row->crl_file, &stamp);
	return stamp.changed_ns != feed->stamp.changed_ns || stamp.size != feed->stamp.size ||
	       stamp.inode != feed->stamp.inode;
}

/* ---- answering ---- */

/* Of the file, or the first CRL that could not be fetched; all are codes, of which there are few. */
static void
add_crl_cause(const CsRevocationFeed *feed, GHashTable *causes)
{
	const char *cause = feed->file_problem;

	for (guint i = 0; i < feed->records->len && cause == NULL; i++) {
		const CsRevocationRecord *record = g_ptr_array_index(feed->records, i);

		if (record->certificate == NULL)
			cause = record->failure;
	}
	if (cause != NULL)
		g_hash_table_insert(causes, g_strdup(CS_REVOCATION_CRL_CAUSE),
				    (gpointer)g_intern_string(cause));
}

/**
 * cs_revocation_feed_dup_view:
 * @feed: a feed
 *
 * Returns: (transfer full): what is at hand now, to answer from in any thread
 */
CsRevocationView *
cs_revocation_feed_dup_view(const CsRevocationFeed *feed)
{
	g_autoptr(GHashTable) answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
							      (GDestroyNotify)g_bytes_unref);
	g_autoptr(GHashTable) causes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer fingerprint, value;

	add_crl_cause(feed, causes);
	g_hash_table_iter_init(&iter, feed->answers);
	while (g_hash_table_iter_next(&iter, &fingerprint, &value)) {
		const CsRevocationRecord *record = value;

		if (record->data != NULL)
			g_hash_table_insert(answers, g_strdup(fingerprint),
					    g_bytes_ref(record->data));
		if (record->failure != NULL)
			g_hash_table_insert(causes, g_strdup(fingerprint),
					    (gpointer)g_intern_string(record->failure));
	}
	return cs_revocation_view_new(feed->row, feed->issuer, feed->crls, answers, causes);
}

/**
 * cs_revocation_feed_note_use:
 * @feed: a feed
 * @fingerprint: of a certificate that was asked about
 * @now: Unix seconds
 *
 * Keeps its OCSP answer fresh for a week from now.
 */
void
cs_revocation_feed_note_use(CsRevocationFeed *feed, const char *fingerprint, gint64 now)
{
	if (g_hash_table_contains(feed->answers, fingerprint))
		g_hash_table_insert(feed->used, g_strdup(fingerprint), box_time(now));
}

/* ---- taking in ---- */

static void
remove_record(CsRevocationFeed *feed, CsRevocationRecord *record)
{
	g_autofree char *fingerprint =
		record->certificate != NULL ? cs_revocation_feed_fingerprint(record) : NULL;

	if (fingerprint != NULL)
		g_hash_table_remove(feed->answers, fingerprint);
	g_hash_table_remove(feed->refresh, record);
	g_ptr_array_remove_fast(feed->records, record);
}

/* (nullable): the answer that nobody has asked for longest; before all others one that was never had.
 * CRLs stay: each is many certificates' answer. */
static const char *
find_least_used(const CsRevocationFeed *feed, CsRevocationRecord **found)
{
	const char *least = NULL;
	gint64 least_used = G_MAXINT64;
	GHashTableIter iter;
	gpointer fingerprint, record;

	g_hash_table_iter_init(&iter, feed->answers);
	while (g_hash_table_iter_next(&iter, &fingerprint, &record)) {
		const gint64 *used = g_hash_table_lookup(feed->used, fingerprint);
		gint64 rank = ((CsRevocationRecord *)record)->data == NULL || used == NULL
				      ? G_MININT64
				      : *used;

		if (least != NULL && rank >= least_used)
			continue;
		least = fingerprint;
		least_used = rank;
		*found = record;
	}
	return least;
}

/* It has no place here; that it failed is not forgotten at once. */
static void
note_retry(CsRevocationFeed *feed, const CsRevocationRecord *record, gint64 now)
{
	if (g_hash_table_size(feed->retry) >= MAX_RETRIES)
		g_hash_table_remove_all(feed->retry);
	g_hash_table_insert(feed->retry, cs_revocation_feed_dup_source(record),
			    box_time(plan(feed, record, now)));
}

/* FALSE: what is there is worth more than the record. CRLs are, than any answer. */
static gboolean
make_room(CsRevocationFeed *feed, const CsRevocationRecord *record, gint64 now)
{
	CsRevocationRecord *least = NULL;
	const char *fingerprint = NULL;
	g_autoptr(GError) error = NULL;

	if (feed->records->len < MAX_RECORDS)
		return TRUE;
	fingerprint = find_least_used(feed, &least);
	if (fingerprint == NULL ||
	    (record->certificate != NULL && record->data == NULL && least->data != NULL))
		return FALSE;
	if (least->data == NULL)
		note_retry(feed, least, now);
	if (!cs_revocation_store_delete(feed->folder, least, &error))
		g_debug("an answer stays: %s", error->message);
	g_hash_table_remove(feed->used, fingerprint);
	remove_record(feed, least);
	return TRUE;
}

/**
 * cs_revocation_feed_take:
 * @feed: a feed
 * @record_taken: (transfer full): of this issuer
 * @now: Unix seconds
 *
 * Uses it from now on, in place of what was there from the same source. Where there are too many
 * answers, the one that nobody has asked for longest goes, from disk, too; what could not be had takes
 * no answer's place, and is only not tried again at once.
 *
 * Returns: whether it was taken in; %FALSE: it is freed
 */
gboolean
cs_revocation_feed_take(CsRevocationFeed *feed, CsRevocationRecord *record_taken, gint64 now)
{
	CsRevocationRecord *known = cs_revocation_feed_find(feed, record_taken);
	gboolean is_crl = record_taken->certificate == NULL;
	gboolean changed = known == NULL || known->data == NULL || record_taken->data == NULL ||
			   !g_bytes_equal(known->data, record_taken->data);

	if (known != NULL)
		remove_record(feed, known);
	if (!make_room(feed, record_taken, now)) {
		note_retry(feed, record_taken, now);
		cs_revocation_record_free(record_taken);
		return FALSE;
	}
	g_ptr_array_add(feed->records, record_taken);
	if (is_crl && changed)
		build_set(feed);
	index_record(feed, record_taken, now);
	return TRUE;
}
