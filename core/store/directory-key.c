/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/directory-key.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/store/store-file.h"
#include "core/store/key-memory.h"
#include "core/store/pkcs12.h"

/* One search, over a few places. The first key whose public half is the certificate's ends it. */
typedef struct {
	const CsStoreEntry *entry;
	const char *path; /* the certificate's file */
	CsPrivateKey *found;
	CsKeyPlace place; /* where */
	gboolean is_kept; /* `place` is whole: the key may be remembered */
	GError *failure;  /* what stands in the way of a key that is there */
	char *mismatch;	  /* where another certificate's key lies */
	GString *looked_at;
} Search;

static void
search_clear(Search *search)
{
	g_clear_pointer(&search->found, cs_private_key_unref);
	g_clear_error(&search->failure);
	g_clear_pointer(&search->place.key_path, g_free);
	g_clear_pointer(&search->mismatch, g_free);
	g_string_free(search->looked_at, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

static gboolean
is_absent(const GError *failure)
{
	return g_error_matches(failure, CS_ERROR, CS_ERROR_NOT_FOUND);
}

/* Takes the key, or why there is none. */
static void
judge(Search *search, const char *place, CsPrivateKey *key, GError *failure)
{
	g_autoptr(CsPrivateKey) owned_key = key;
	g_autoptr(GError) owned_failure = failure;
	CsCertificate *certificate = cs_store_entry_get_certificate(search->entry);
	if (key == NULL) {
		if (search->failure == NULL && !is_absent(failure))
			search->failure = g_steal_pointer(&owned_failure);
		return;
	}
	if (g_bytes_equal(cs_private_key_get_spki(key), cs_certificate_get_spki(certificate))) {
		search->found = g_steal_pointer(&owned_key);
		search->place.key_path = g_strdup(place);
	} else if (search->mismatch == NULL) {
		search->mismatch = g_strdup(place);
	}
}

static void
try_pem(Search *search, CsDer content)
{
	CsDer block;
	while (search->found == NULL && cs_store_file_next_key(&content, &block)) {
		g_autoptr(CsSecret) secret = cs_secret_new(block.data, block.length);
		GError *failure = NULL;
		CsPrivateKey *key = cs_private_key_new_from_data(secret, &failure);
		if (failure != NULL)
			g_prefix_error(&failure, "%s: ", search->path);
		judge(search, search->path, key, failure);
	}
}

static void
try_pkcs12(Search *search, CsDer content)
{
	GError *failure = NULL;
	g_autoptr(GPtrArray) keys = cs_pkcs12_decode_keys(content.data, content.length, &failure);
	if (keys == NULL) {
		g_prefix_error(&failure, "%s: ", search->path);
		judge(search, search->path, NULL, failure);
		return;
	}
	for (guint i = 0; i < keys->len && search->found == NULL; i++)
		judge(search, search->path, cs_private_key_ref(g_ptr_array_index(keys, i)), NULL);
}

static void
try_beside(Search *search, const char *folder, const char *name)
{
	if (search->found != NULL)
		return;
	g_autofree char *path = g_build_filename(folder, name, NULL);
	GError *failure = NULL;
	/* The stamp first: what is put there in between is then not taken for what was read. */
	gboolean has_stamp = cs_file_stamp_read(path, &search->place.key_stamp);
	CsPrivateKey *key = cs_private_key_load(path, &failure);
	g_string_append_printf(search->looked_at, ", %s", path);
	judge(search, path, key, failure);
	if (search->found != NULL)
		search->is_kept = search->is_kept && has_stamp;
}

/* x.EXT has x.key beside it, and cert.pem key.pem. */
static void
try_layouts(Search *search)
{
	g_autofree char *folder = g_path_get_dirname(search->path);
	g_autofree char *name = g_path_get_basename(search->path);
	const char *dot = strrchr(name, '.');
	if (dot != NULL && dot != name) {
		g_autofree char *key_name = g_strdup_printf("%.*s.key", (int)(dot - name), name);
		try_beside(search, folder, key_name);
	}
	if (g_str_equal(name, "cert.pem"))
		try_beside(search, folder, "key.pem");
}

static gboolean
holds_certificate(const CsStoreFile *file, const CsCertificate *certificate)
{
	for (guint i = 0; file->certificates != NULL && i < file->certificates->len; i++) {
		const CsCertificate *other = g_ptr_array_index(file->certificates, i);
		if (g_bytes_equal(cs_certificate_get_der(other),
				  cs_certificate_get_der(certificate)))
			return TRUE;
	}
	return FALSE;
}

/* It could be read once. Where it is the mode that changed, that is named (rule 10). */
static gboolean
set_unreadable(const Search *search, const GError *failure, GError **error)
{
	if (faccessat(AT_FDCWD, search->path, R_OK, AT_EACCESS) != 0 && errno == EACCES) {
		g_autofree char *why = cs_store_file_explain_errno(AT_FDCWD, search->path, EACCES);
		cs_error_set(error, CS_ERROR_KEY, "key-inaccessible", "%s: %s", search->path, why);
		return FALSE;
	}
	cs_error_set(error, CS_ERROR_KEY, "certificate-changed",
		     _("the certificate's file has changed since it was read: %s"),
		     failure->message);
	return FALSE;
}

/* The certificate's own file, as it is now: the key inside it belongs to what was read before only
 * where the certificate is still there. */
static gboolean
try_inside(Search *search, gboolean *is_pkcs12, GError **error)
{
	g_autoptr(GError) failure = NULL;
	search->is_kept = cs_file_stamp_read(search->path, &search->place.certificate_stamp);
	search->place.key_stamp = search->place.certificate_stamp;
	g_autoptr(CsSecret) secret =
		cs_file_read_secret(search->path, CS_STORE_FILE_MAX_BYTES, &failure);
	if (secret == NULL)
		return set_unreadable(search, failure, error);
	CsDer content = {NULL, 0};
	content.data = cs_secret_get_data(secret, &content.length);
	g_auto(CsStoreFile) file = {0};
	cs_store_file_decode(content, &file);
	if (!holds_certificate(&file, cs_store_entry_get_certificate(search->entry))) {
		cs_error_set(error, CS_ERROR_KEY, "certificate-changed",
			     _("%s has changed since its certificate was read"), search->path);
		return FALSE;
	}
	*is_pkcs12 = file.is_pkcs12;
	if (file.is_pkcs12)
		try_pkcs12(search, content);
	else
		try_pem(search, content);
	return TRUE;
}

static void
set_failure(Search *search, GError **error)
{
	if (search->failure != NULL)
		cs_error_set(error, CS_ERROR_KEY, cs_error_get_reason(search->failure), "%s",
			     search->failure->message);
	else if (search->mismatch != NULL)
		cs_error_set(error, CS_ERROR_KEY, "key-mismatch",
			     _("the private key in %s is not that of the certificate in %s: "
			       "their public halves differ"),
			     search->mismatch, search->path);
	else
		cs_error_set(error, CS_ERROR_KEY, "key-missing",
			     _("no private key beside or inside %s (looked at %s)"), search->path,
			     search->looked_at->str);
}

/**
 * cs_directory_key_open:
 * @entry: an entry of a directory store
 * @memory: a #CsKeyMemory: a key that was used before is read again only where a file changed
 * @cancellable: (nullable): asked between places
 * @error: return location
 *
 * Opens the entry's private key, now and as the user who runs us (rules 7 and 10), at the places
 * that the layouts name: inside the certificate's file; "x.key" beside "x.EXT"; "key.pem" beside
 * "cert.pem"; for PKCS#12 its own key alone. Where several hold a key, the one whose public half is
 * the certificate's counts. That it can sign is not proven here.
 *
 * Returns: (transfer full): the key; %NULL with %CS_ERROR_KEY: "key-missing", "key-mismatch" (the
 *   message says where the other certificate's key lies), "certificate-changed", or what
 *   cs_private_key_load() said of a key that is there; or %G_IO_ERROR_CANCELLED
 */
CsPrivateKey *
cs_directory_key_open(const CsStoreEntry *entry,
		      gpointer memory,
		      GCancellable *cancellable,
		      GError **error)
{
	gboolean is_pkcs12 = FALSE;
	CsPrivateKey *kept = cs_key_memory_recall(memory, entry);
	if (kept != NULL)
		return kept;
	g_auto(Search) search = {.entry = entry, .path = cs_store_entry_get_location(entry)};
	search.looked_at = g_string_new(search.path);
	if (!try_inside(&search, &is_pkcs12, error) ||
	    g_cancellable_set_error_if_cancelled(cancellable, error))
		return NULL;
	if (search.found == NULL && !is_pkcs12)
		try_layouts(&search);
	if (search.found != NULL && search.is_kept)
		cs_key_memory_keep(memory, entry, &search.place, search.found);
	if (search.found != NULL)
		return g_steal_pointer(&search.found);
	set_failure(&search, error);
	return NULL;
}
