/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/keys/private-key.h"
#include "core/pki/certificate.h"

#include <gio/gio.h>

/* What every kind of store answers with, and the door through which a kind enters: directories
 * today, PKCS#11 tokens later. */
typedef enum {
	CS_STORE_USER,
	CS_STORE_MACHINE,
} CsStoreKind;

const char *cs_store_kind_to_text(CsStoreKind kind);

/* One certificate in a store. Counted, immutable. */
typedef struct _CsStoreEntry CsStoreEntry;
CsStoreEntry *cs_store_entry_ref(CsStoreEntry *entry);
void cs_store_entry_unref(CsStoreEntry *entry);
CsCertificate *cs_store_entry_get_certificate(const CsStoreEntry *entry);
const char *cs_store_entry_get_location(const CsStoreEntry *entry);
CsStoreKind cs_store_entry_get_kind(const CsStoreEntry *entry);
CsPrivateKey *
cs_store_entry_open_key(const CsStoreEntry *entry, GCancellable *cancellable, GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsStoreEntry, cs_store_entry_unref)

/* For the store kinds: an entry with its own way to the key. */
typedef CsPrivateKey *(*CsStoreOpenKey)(const CsStoreEntry *entry,
					gpointer data,
					GCancellable *cancellable,
					GError **error);
CsStoreEntry *cs_store_entry_new(CsCertificate *certificate,
				 const char *location,
				 CsStoreKind kind,
				 CsStoreOpenKey open_key,
				 gpointer data,
				 GDestroyNotify destroy);

/* A file or folder that was passed over, for explain. */
typedef struct {
	char *location;
	char *why; /* translated */
} CsPassedOver;
CsPassedOver *cs_passed_over_new(const char *location, const char *why);
void cs_passed_over_free(CsPassedOver *passed_over);

/* The interface of a store kind; the first member of its struct. */
typedef struct _CsStore CsStore;
typedef struct {
	/* Brings what is known up to date; a store that cannot be read holds nothing and says so
	 * by passed_over, it never fails. */
	void (*refresh)(CsStore *store, GCancellable *cancellable);
	/* The entries (CsStoreEntry) of that canonical issuer name: (transfer full) (nullable), an
	 * array that nobody changes any more, so that it can be shared. */
	GPtrArray *(*look_up)(CsStore *store, GBytes *issuer_name);
	/* Appends to an array of CsPassedOver. */
	void (*list_passed_over)(CsStore *store, GPtrArray *passed_over);
	guint (*count)(CsStore *store);
	void (*free)(CsStore *store);
} CsStoreClass;
struct _CsStore {
	const CsStoreClass *class;
	CsStoreKind kind;
};
