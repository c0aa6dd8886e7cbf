/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/store.h"

#include <glib/gi18n-lib.h>

struct _CsStoreEntry {
	gatomicrefcount references;
	CsStoreKind kind;
	CsCertificate *certificate;
	char *location;
	CsStoreOpenKey open_key;
	gpointer data;
	GDestroyNotify destroy;
};

/**
 * cs_store_kind_to_text:
 * @kind: a kind of store
 *
 * Returns: (transfer none): "user" or "machine", as the contract of `explain --json` writes it
 */
const char *
cs_store_kind_to_text(CsStoreKind kind)
{
	return kind == CS_STORE_USER ? "user" : "machine";
}

/**
 * cs_store_entry_new:
 * @certificate: the certificate; a reference is taken
 * @location: where it lies, for people: a file's absolute path; copied
 * @kind: the store's kind
 * @open_key: how its private key is opened
 * @data: (nullable): handed to @open_key, which may run in any thread
 * @destroy: (nullable): frees @data
 *
 * One certificate in a store. Being in a store proves nothing: neither who issued it nor that its
 * key is there.
 *
 * Returns: (transfer full): the entry
 */
CsStoreEntry *
cs_store_entry_new(CsCertificate *certificate,
		   const char *location,
		   CsStoreKind kind,
		   CsStoreOpenKey open_key,
		   gpointer data,
		   GDestroyNotify destroy)
{
	CsStoreEntry *entry = g_new0(CsStoreEntry, 1);
	g_atomic_ref_count_init(&entry->references);
	entry->kind = kind;
	entry->certificate = cs_certificate_ref(certificate);
	entry->location = g_strdup(location);
	entry->open_key = open_key;
	entry->data = data;
	entry->destroy = destroy;
	return entry;
}

/**
 * cs_store_entry_ref:
 * @entry: an entry
 *
 * Any thread.
 *
 * Returns: (transfer full): the same entry
 */
CsStoreEntry *
cs_store_entry_ref(CsStoreEntry *entry)
{
	g_atomic_ref_count_inc(&entry->references);
	return entry;
}

/**
 * cs_store_entry_unref:
 * @entry: (transfer full): an entry
 *
 * Gives a reference back. Any thread.
 */
void
cs_store_entry_unref(CsStoreEntry *entry)
{
	if (!g_atomic_ref_count_dec(&entry->references))
		return;
	if (entry->destroy != NULL)
		entry->destroy(entry->data);
	cs_certificate_unref(entry->certificate);
	g_free(entry->location);
	g_free(entry);
}

/**
 * cs_store_entry_get_certificate:
 * @entry: an entry
 *
 * Returns: (transfer none): its certificate
 */
CsCertificate *
cs_store_entry_get_certificate(const CsStoreEntry *entry)
{
	return entry->certificate;
}

/**
 * cs_store_entry_get_location:
 * @entry: an entry
 *
 * Returns: (transfer none): where it lies: the absolute path of the file
 */
const char *
cs_store_entry_get_location(const CsStoreEntry *entry)
{
	return entry->location;
}

/**
 * cs_store_entry_get_kind:
 * @entry: an entry
 *
 * Returns: the kind of its store
 */
CsStoreKind
cs_store_entry_get_kind(const CsStoreEntry *entry)
{
	return entry->kind;
}

/**
 * cs_store_entry_open_key:
 * @entry: an entry
 * @cancellable: (nullable): asked before anything is opened
 * @error: return location
 *
 * Opens the private key now, as the user who runs us, and sees that its public half is the
 * certificate's (rules 7 and 10). That it can sign is not proven here, but by signing. Blocks; any
 * thread.
 *
 * Returns: (transfer full): the key; %NULL with %CS_ERROR_KEY, whose message names what stands in
 *   the way, or %G_IO_ERROR_CANCELLED
 */
CsPrivateKey *
cs_store_entry_open_key(const CsStoreEntry *entry, GCancellable *cancellable, GError **error)
{
	if (g_cancellable_set_error_if_cancelled(cancellable, error))
		return NULL;
	g_autoptr(CsPrivateKey) key = entry->open_key(entry, entry->data, cancellable, error);
	if (key == NULL)
		return NULL;
	/* Whatever a store kind promises, a key of another certificate never leaves this door. */
	if (!g_bytes_equal(cs_private_key_get_spki(key),
			   cs_certificate_get_spki(entry->certificate))) {
		cs_error_set(error, CS_ERROR_KEY, "key-mismatch",
			     _("the private key found for %s is another certificate's"),
			     entry->location);
		return NULL;
	}
	return g_steal_pointer(&key);
}

/**
 * cs_passed_over_new:
 * @location: the absolute path of a file or folder; copied
 * @why: a translated sentence; copied
 *
 * Returns: (transfer full): a line for explain
 */
CsPassedOver *
cs_passed_over_new(const char *location, const char *why)
{
	CsPassedOver *passed_over = g_new0(CsPassedOver, 1);
	passed_over->location = g_strdup(location);
	passed_over->why = g_strdup(why);
	return passed_over;
}

/**
 * cs_passed_over_free:
 * @passed_over: (transfer full): a line for explain
 */
void
cs_passed_over_free(CsPassedOver *passed_over)
{
	g_free(passed_over->location);
	g_free(passed_over->why);
	g_free(passed_over);
}
