/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/stores.h"

#include "core/store/directory-store.h"

/* Issuers kept prepared between authentications; more than any server lists. */
#define MAX_ISSUERS 256

struct _CsStores {
	GMutex lock;
	GPtrArray *stores;   /* (element-type CsStore) */
	GHashTable *issuers; /* SHA-256 in hex -> CsIssuer */
};

static void
store_free(gpointer data)
{
	CsStore *store = data;
	store->class->free(store);
}

/* A folder named twice is one store. */
static void
add_directories(CsStores *stores, const char *const *directories, CsStoreKind kind)
{
	for (gsize i = 0; directories != NULL && directories[i] != NULL; i++) {
		if (!g_strv_contains(directories + i + 1, directories[i]))
			g_ptr_array_add(stores->stores,
					cs_directory_store_new(directories[i], kind));
	}
}

/**
 * cs_stores_new:
 * @user_directories: (nullable) (array zero-terminated=1): absolute paths
 * @machine_directories: (nullable) (array zero-terminated=1): absolute paths
 *
 * Returns: (transfer full): the stores, nothing read yet
 */
CsStores *
cs_stores_new(const char *const *user_directories, const char *const *machine_directories)
{
	CsStores *stores = g_new0(CsStores, 1);
	g_mutex_init(&stores->lock);
	stores->stores = g_ptr_array_new_with_free_func(store_free);
	stores->issuers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						(GDestroyNotify)cs_issuer_unref);
	add_directories(stores, user_directories, CS_STORE_USER);
	add_directories(stores, machine_directories, CS_STORE_MACHINE);
	return stores;
}

/**
 * cs_stores_free:
 * @stores: (transfer full): the stores; nobody may be using them
 */
void
cs_stores_free(CsStores *stores)
{
	g_ptr_array_unref(stores->stores);
	g_hash_table_unref(stores->issuers);
	g_mutex_clear(&stores->lock);
	g_free(stores);
}

/**
 * cs_stores_refresh:
 * @stores: the stores
 * @cancellable: (nullable): where it strikes, what was not read is read at the next refresh
 *
 * Brings what is known up to date. Blocks; any thread.
 */
void
cs_stores_refresh(CsStores *stores, GCancellable *cancellable)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&stores->lock);
	for (guint i = 0; i < stores->stores->len; i++) {
		CsStore *store = g_ptr_array_index(stores->stores, i);
		store->class->refresh(store, cancellable);
	}
}

static gpointer
copy_entry(gconstpointer entry, gpointer data)
{
	return cs_store_entry_ref((CsStoreEntry *)entry);
}

static GPtrArray *
new_entries(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)cs_store_entry_unref);
}

/* Both are given up. One store's answer is passed on as it is, which is nearly always. */
static GPtrArray *
merge(GPtrArray *sum, GPtrArray *more)
{
	if (sum == NULL || more == NULL)
		return sum != NULL ? sum : more;
	GPtrArray *merged = new_entries();
	g_ptr_array_extend(merged, sum, copy_entry, NULL);
	g_ptr_array_extend(merged, more, copy_entry, NULL);
	g_ptr_array_unref(sum);
	g_ptr_array_unref(more);
	return merged;
}

/**
 * cs_stores_look_up:
 * @stores: the stores
 * @kind: the user's or the machine's
 * @issuer_name: a canonical name
 *
 * The certificates that name that issuer, as of the last refresh. By name only: that the issuer
 * signed them, and rule 5's other questions, is for selection. Any thread.
 *
 * Returns: (transfer full) (element-type CsStoreEntry): maybe empty; not to be changed
 */
GPtrArray *
cs_stores_look_up(CsStores *stores, CsStoreKind kind, GBytes *issuer_name)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&stores->lock);
	GPtrArray *entries = NULL;
	for (guint i = 0; i < stores->stores->len; i++) {
		CsStore *store = g_ptr_array_index(stores->stores, i);
		if (store->kind == kind)
			entries = merge(entries, store->class->look_up(store, issuer_name));
	}
	return entries != NULL ? entries : new_entries();
}

/**
 * cs_stores_dup_issuer:
 * @stores: the stores
 * @certificate: an issuer's certificate
 * @error: return location
 *
 * The issuer, prepared, with its memory of what it has issued: kept from one authentication to the
 * next, so that a certificate's signature is checked once per issuer. Remembering an issuer selects
 * nothing: whom to ask about is each server list's word (rule 4). Any thread.
 *
 * Returns: (transfer full): the issuer; %NULL with %CS_ERROR_UNSUPPORTED
 */
CsIssuer *
cs_stores_dup_issuer(CsStores *stores, CsCertificate *certificate, GError **error)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&stores->lock);
	const char *fingerprint = cs_certificate_get_fingerprint(certificate);
	CsIssuer *issuer = g_hash_table_lookup(stores->issuers, fingerprint);
	if (issuer != NULL)
		return cs_issuer_ref(issuer);
	issuer = cs_issuer_new(certificate, error);
	if (issuer == NULL)
		return NULL;
	if (g_hash_table_size(stores->issuers) >= MAX_ISSUERS)
		g_hash_table_remove_all(stores->issuers);
	g_hash_table_insert(stores->issuers, g_strdup(fingerprint), cs_issuer_ref(issuer));
	return issuer;
}

/**
 * cs_stores_dup_passed_over:
 * @stores: the stores
 *
 * Any thread.
 *
 * Returns: (transfer full) (element-type CsPassedOver): what the last refresh passed over, store by
 *   store; bounded
 */
GPtrArray *
cs_stores_dup_passed_over(CsStores *stores)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&stores->lock);
	GPtrArray *lines = g_ptr_array_new_with_free_func((GDestroyNotify)cs_passed_over_free);
	for (guint i = 0; i < stores->stores->len; i++) {
		CsStore *store = g_ptr_array_index(stores->stores, i);
		store->class->list_passed_over(store, lines);
	}
	return lines;
}

/**
 * cs_stores_count:
 * @stores: the stores
 *
 * Any thread.
 *
 * Returns: how many certificates they hold
 */
guint
cs_stores_count(CsStores *stores)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&stores->lock);
	guint count = 0;
	for (guint i = 0; i < stores->stores->len; i++) {
		CsStore *store = g_ptr_array_index(stores->stores, i);
		count += store->class->count(store);
	}
	return count;
}
