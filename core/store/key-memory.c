/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/key-memory.h"

/* One answer a challenge, from nearly always the same certificate. */
#define MAX_KEYS 4

typedef struct {
	CsCertificate *certificate;
	char *location;
	CsKeyPlace place;
	CsPrivateKey *key;
} Kept;

struct _CsKeyMemory {
	gatomicrefcount references;
	GMutex lock;
	GQueue kept; /* of Kept, the one used last first */
};

static void
kept_free(gpointer data)
{
	Kept *kept = data;
	cs_certificate_unref(kept->certificate);
	g_free(kept->location);
	g_free(kept->place.key_path);
	cs_private_key_unref(kept->key);
	g_free(kept);
}

/**
 * cs_key_memory_new:
 *
 * Returns: (transfer full): a memory of nothing yet
 */
CsKeyMemory *
cs_key_memory_new(void)
{
	CsKeyMemory *memory = g_new0(CsKeyMemory, 1);
	g_atomic_ref_count_init(&memory->references);
	g_mutex_init(&memory->lock);
	g_queue_init(&memory->kept);
	return memory;
}

/**
 * cs_key_memory_ref:
 * @memory: a memory
 *
 * Returns: (transfer full): the same memory. Any thread.
 */
CsKeyMemory *
cs_key_memory_ref(CsKeyMemory *memory)
{
	g_atomic_ref_count_inc(&memory->references);
	return memory;
}

/**
 * cs_key_memory_unref:
 * @memory: (transfer full): a memory; the last reference wipes its keys. Any thread.
 */
void
cs_key_memory_unref(CsKeyMemory *memory)
{
	if (!g_atomic_ref_count_dec(&memory->references))
		return;
	g_queue_clear_full(&memory->kept, kept_free);
	g_mutex_clear(&memory->lock);
	g_free(memory);
}

/* Under the lock. */
static GList *
find(CsKeyMemory *memory, const CsStoreEntry *entry)
{
	GBytes *der = cs_certificate_get_der(cs_store_entry_get_certificate(entry));
	for (GList *item = memory->kept.head; item != NULL; item = item->next) {
		const Kept *kept = item->data;
		if (g_str_equal(kept->location, cs_store_entry_get_location(entry)) &&
		    g_bytes_equal(cs_certificate_get_der(kept->certificate), der))
			return item;
	}
	return NULL;
}

/* Under the lock. */
static void
forget(CsKeyMemory *memory, GList *item)
{
	if (item == NULL)
		return;
	kept_free(item->data);
	g_queue_delete_link(&memory->kept, item);
}

/**
 * cs_key_memory_keep:
 * @memory: a memory
 * @entry: the entry whose key it is
 * @place: where it was found; copied
 * @key: the key; a reference is taken
 *
 * Keeps the key for the next time, in place of the one that was not used for longest. Any thread.
 */
void
cs_key_memory_keep(CsKeyMemory *memory,
		   const CsStoreEntry *entry,
		   const CsKeyPlace *place,
		   CsPrivateKey *key)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&memory->lock);
	Kept *kept = g_new0(Kept, 1);
	kept->certificate = cs_certificate_ref(cs_store_entry_get_certificate(entry));
	kept->location = g_strdup(cs_store_entry_get_location(entry));
	kept->place = *place;
	kept->place.key_path = g_strdup(place->key_path);
	kept->key = cs_private_key_ref(key);
	forget(memory, find(memory, entry));
	g_queue_push_head(&memory->kept, kept);
	if (memory->kept.length > MAX_KEYS)
		forget(memory, memory->kept.tail);
}

static gboolean
is_unchanged(const char *path, const CsFileStamp *before)
{
	CsFileStamp now;
	return cs_file_stamp_read(path, &now) && cs_file_stamp_equal(&now, before);
}

/**
 * cs_key_memory_recall:
 * @memory: a memory
 * @entry: an entry
 *
 * The entry's key, where it is kept, and its file and the certificate's can be opened now, as the
 * user who runs us (rule 10), and are as they were when they were read. Else the key is forgotten,
 * and has to be looked for again. Any thread.
 *
 * Returns: (transfer full) (nullable): the key
 */
CsPrivateKey *
cs_key_memory_recall(CsKeyMemory *memory, const CsStoreEntry *entry)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&memory->lock);
	GList *item = find(memory, entry);
	if (item == NULL)
		return NULL;
	const Kept *kept = item->data;
	if (!is_unchanged(kept->location, &kept->place.certificate_stamp) ||
	    !is_unchanged(kept->place.key_path, &kept->place.key_stamp)) {
		forget(memory, item);
		return NULL;
	}
	g_queue_unlink(&memory->kept, item);
	g_queue_push_head_link(&memory->kept, item);
	return cs_private_key_ref(kept->key);
}

/**
 * cs_key_memory_clear:
 * @memory: a memory
 *
 * Forgets all keys. Any thread.
 */
void
cs_key_memory_clear(CsKeyMemory *memory)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&memory->lock);
	g_queue_clear_full(&memory->kept, kept_free);
}
