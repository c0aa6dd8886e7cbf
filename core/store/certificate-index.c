/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/certificate-index.h"

/* The entries of one issuer name. An array that has been lent is never changed again: the next
 * change makes a copy. So a look-up costs the same for one entry and for ten thousand, and a scan,
 * during which nobody looks anything up, copies nothing. */
typedef struct {
	GPtrArray *entries; /* (element-type CsStoreEntry) */
	gboolean lent;
} Bucket;

struct _CsCertificateIndex {
	GHashTable *buckets; /* canonical issuer name: GBytes -> Bucket */
	guint count;
};

static void
bucket_free(gpointer data)
{
	Bucket *bucket = data;
	g_ptr_array_unref(bucket->entries);
	g_free(bucket);
}

static GPtrArray *
new_entries(guint reserved)
{
	return g_ptr_array_new_full(reserved, (GDestroyNotify)cs_store_entry_unref);
}

static gpointer
copy_entry(gconstpointer entry, gpointer data)
{
	return cs_store_entry_ref((CsStoreEntry *)entry);
}

/* The bucket's array, ours alone to change. */
static GPtrArray *
bucket_ensure_own(Bucket *bucket)
{
	if (!bucket->lent)
		return bucket->entries;
	GPtrArray *lent = bucket->entries;
	bucket->entries = g_ptr_array_copy(lent, copy_entry, NULL);
	g_ptr_array_set_free_func(bucket->entries, (GDestroyNotify)cs_store_entry_unref);
	bucket->lent = FALSE;
	g_ptr_array_unref(lent);
	return bucket->entries;
}

/**
 * cs_certificate_index_new:
 *
 * Returns: (transfer full): an empty index
 */
CsCertificateIndex *
cs_certificate_index_new(void)
{
	CsCertificateIndex *index = g_new0(CsCertificateIndex, 1);
	index->buckets = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
					       (GDestroyNotify)g_bytes_unref, bucket_free);
	return index;
}

/**
 * cs_certificate_index_free:
 * @index: (transfer full): an index
 */
void
cs_certificate_index_free(CsCertificateIndex *index)
{
	g_hash_table_unref(index->buckets);
	g_free(index);
}

/**
 * cs_certificate_index_add:
 * @index: an index
 * @entry: an entry; a reference is taken
 *
 * Files the entry under its certificate's issuer name, which nobody has checked.
 */
void
cs_certificate_index_add(CsCertificateIndex *index, CsStoreEntry *entry)
{
	GBytes *name = cs_certificate_get_issuer_name(cs_store_entry_get_certificate(entry));
	Bucket *bucket = g_hash_table_lookup(index->buckets, name);
	if (bucket == NULL) {
		bucket = g_new0(Bucket, 1);
		bucket->entries = new_entries(1);
		g_hash_table_insert(index->buckets, g_bytes_ref(name), bucket);
	}
	g_ptr_array_add(bucket_ensure_own(bucket), cs_store_entry_ref(entry));
	index->count++;
}

/**
 * cs_certificate_index_remove:
 * @index: an index
 * @entry: an entry that was added; another one is ignored
 *
 * Takes the entry out. Arrays that were lent keep it.
 */
void
cs_certificate_index_remove(CsCertificateIndex *index, CsStoreEntry *entry)
{
	GBytes *name = cs_certificate_get_issuer_name(cs_store_entry_get_certificate(entry));
	Bucket *bucket = g_hash_table_lookup(index->buckets, name);
	if (bucket == NULL || !g_ptr_array_find(bucket->entries, entry, NULL))
		return;
	g_ptr_array_remove_fast(bucket_ensure_own(bucket), entry);
	index->count--;
	if (bucket->entries->len == 0)
		g_hash_table_remove(index->buckets, name);
}

/**
 * cs_certificate_index_clear:
 * @index: an index
 *
 * Forgets everything at once.
 */
void
cs_certificate_index_clear(CsCertificateIndex *index)
{
	g_hash_table_remove_all(index->buckets);
	index->count = 0;
}

/**
 * cs_certificate_index_look_up:
 * @index: an index
 * @issuer_name: a canonical name
 *
 * By name alone: whether that issuer signed any of them is not asked here.
 *
 * Returns: (transfer full) (nullable) (element-type CsStoreEntry): an array that nobody changes any
 *   more; %NULL where there is nothing of that name
 */
GPtrArray *
cs_certificate_index_look_up(CsCertificateIndex *index, GBytes *issuer_name)
{
	Bucket *bucket = g_hash_table_lookup(index->buckets, issuer_name);
	if (bucket == NULL)
		return NULL;
	bucket->lent = TRUE;
	return g_ptr_array_ref(bucket->entries);
}

/**
 * cs_certificate_index_count:
 * @index: an index
 *
 * Returns: how many entries it holds
 */
guint
cs_certificate_index_count(const CsCertificateIndex *index)
{
	return index->count;
}
