/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-store.h"

#include "core/base/encoding.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/pki/crl.h"

#include <string.h>
#include <sys/stat.h>

#define FOLDER_NAME	 "revocation"
#define MARK_NAME	 "changed"
#define INODE_SHIFT	 40 /* beyond what nanoseconds within a tick differ in */
#define HEADER_MAX_BYTES 65536
#define FILE_MAX_BYTES	 (CS_CRL_MAX_BYTES + HEADER_MAX_BYTES)
#define MAX_RECORDS	 65536
#define NAME_LENGTH	 32
#define NS_PER_S	 G_GINT64_CONSTANT(1000000000)

/**
 * cs_revocation_record_free:
 * @record: (nullable) (transfer full): a record
 */
void
cs_revocation_record_free(CsRevocationRecord *record)
{
	if (record == NULL)
		return;
	g_free(record->kind);
	g_free(record->issuer);
	g_free(record->url);
	g_clear_pointer(&record->certificate, g_bytes_unref);
	g_free(record->failure);
	g_clear_pointer(&record->data, g_bytes_unref);
	g_free(record);
}

/**
 * cs_revocation_record_copy:
 * @record: a record
 *
 * Returns: (transfer full): another like it, sharing its bytes
 */
CsRevocationRecord *
cs_revocation_record_copy(const CsRevocationRecord *record)
{
	CsRevocationRecord *copy = g_new0(CsRevocationRecord, 1);

	copy->kind = g_strdup(record->kind);
	copy->issuer = g_strdup(record->issuer);
	copy->url = g_strdup(record->url);
	copy->certificate = record->certificate != NULL ? g_bytes_ref(record->certificate) : NULL;
	copy->fetched_at = record->fetched_at;
	copy->tried_at = record->tried_at;
	copy->failure = g_strdup(record->failure);
	copy->data = record->data != NULL ? g_bytes_ref(record->data) : NULL;
	return copy;
}

static char *
folder_of(const char *authority)
{
	return g_build_filename(authority, FOLDER_NAME, NULL);
}

/* An OCSP answer is one certificate's, whichever responder gave it. */
static char *
path_of(const char *authority, const CsRevocationRecord *record)
{
	g_autofree char *certificate =
		record->certificate == NULL
			? NULL
			: cs_sha256_hex(g_bytes_get_data(record->certificate, NULL),
					g_bytes_get_size(record->certificate));
	g_autofree char *key = g_strjoin("\n", record->kind, record->issuer,
					 certificate != NULL ? certificate : record->url, NULL);
	g_autofree char *hash = cs_sha256_hex(key, strlen(key));
	g_autofree char *name = g_strdup_printf("%s-%.*s", record->kind, NAME_LENGTH, hash);

	return g_build_filename(authority, FOLDER_NAME, name, NULL);
}

static char *
print_header(const CsRevocationRecord *record)
{
	g_autoptr(cJSON) header = cJSON_CreateObject();
	g_autofree char *certificate =
		record->certificate == NULL
			? NULL
			: cs_base64url_encode(g_bytes_get_data(record->certificate, NULL),
					      g_bytes_get_size(record->certificate));

	cs_json_add_string(header, "kind", record->kind);
	cs_json_add_string(header, "issuer", record->issuer);
	cs_json_add_string(header, "url", record->url);
	cs_json_add_string(header, "certificate", certificate);
	cs_json_add_int64(header, "fetched_at", record->fetched_at);
	cs_json_add_int64(header, "tried_at", record->tried_at);
	cs_json_add_string(header, "failure", record->failure);
	cs_json_add_boolean(header, "data", record->data != NULL);
	return cs_json_print(header);
}

/**
 * cs_revocation_store_put:
 * @folder: the authority's
 * @record: what to keep, in place of what was kept of the same source
 * @error: CS_ERROR_STATE
 *
 * Returns: FALSE where it could not be written; what was there is still there
 */
gboolean
cs_revocation_store_put(const char *folder, const CsRevocationRecord *record, GError **error)
{
	g_autofree char *own = folder_of(folder);
	g_autofree char *path = path_of(folder, record);
	g_autofree char *header = print_header(record);
	g_autoptr(GByteArray) file = g_byte_array_new();

	if (header == NULL) {
		cs_json_set_lost(error);
		return FALSE;
	}
	g_byte_array_append(file, (const guint8 *)header, (guint)strlen(header));
	g_byte_array_append(file, (const guint8 *)"\n", 1);
	if (record->data != NULL)
		g_byte_array_append(file, g_bytes_get_data(record->data, NULL),
				    (guint)g_bytes_get_size(record->data));
	return cs_file_ensure_folder(own, error) &&
	       cs_file_write_atomically(path, file->data, file->len, error);
}

/**
 * cs_revocation_store_delete:
 * @folder: the authority's
 * @record: which source's
 * @error: CS_ERROR_STATE
 *
 * Returns: FALSE where it is still there
 */
gboolean
cs_revocation_store_delete(const char *folder, const CsRevocationRecord *record, GError **error)
{
	g_autofree char *path = path_of(folder, record);

	return cs_file_delete(path, error);
}

static gboolean
read_certificate(const cJSON *header, CsRevocationRecord *record)
{
	const char *text = NULL;

	if (!cs_json_get_optional_string(header, "certificate", &text, NULL))
		return FALSE;
	if (text == NULL)
		return g_str_equal(record->kind, "crl") ||
		       g_str_equal(record->kind, CS_REVOCATION_KIND_DELTA);
	record->certificate = cs_base64url_decode(text, -1, NULL);
	return record->certificate != NULL && g_str_equal(record->kind, "ocsp");
}

static gboolean
read_header(const cJSON *header, CsRevocationRecord *record, gboolean *has_data)
{
	const char *failure = NULL;

	record->kind = g_strdup(cs_json_get_string(header, "kind", NULL));
	record->issuer = g_strdup(cs_json_get_string(header, "issuer", NULL));
	record->url = g_strdup(cs_json_get_string(header, "url", NULL));
	if (record->kind == NULL || record->issuer == NULL || record->url == NULL ||
	    !cs_json_get_int64(header, "fetched_at", &record->fetched_at, NULL) ||
	    !cs_json_get_int64(header, "tried_at", &record->tried_at, NULL) ||
	    !cs_json_get_boolean(header, "data", has_data, NULL) ||
	    !cs_json_get_optional_string(header, "failure", &failure, NULL))
		return FALSE;
	record->failure = g_strdup(failure);
	return read_certificate(header, record);
}

static CsRevocationRecord *
read_record(const char *path)
{
	g_autoptr(CsRevocationRecord) record = g_new0(CsRevocationRecord, 1);
	g_autoptr(GBytes) file = cs_file_read(path, FILE_MAX_BYTES, NULL);
	g_autoptr(GBytes) text = NULL;
	g_autoptr(cJSON) header = NULL;
	gsize size = 0, length = 0;
	const char *data = file != NULL ? g_bytes_get_data(file, &size) : NULL;
	const char *end = data != NULL ? memchr(data, '\n', MIN(size, HEADER_MAX_BYTES)) : NULL;
	gboolean has_data = FALSE;

	if (end == NULL)
		return NULL;
	length = (gsize)(end - data);
	text = g_bytes_new_from_bytes(file, 0, length);
	header = cs_json_parse_bytes(text, NULL);
	if (header == NULL || !read_header(header, record, &has_data))
		return NULL;
	if (has_data)
		record->data = g_bytes_new_from_bytes(file, length + 1, size - length - 1);
	return g_steal_pointer(&record);
}

/* And not a file that is being written. */
static gboolean
is_name(const char *name)
{
	return g_str_has_prefix(name, "crl-") || g_str_has_prefix(name, "ocsp-") ||
	       g_str_has_prefix(name, CS_REVOCATION_KIND_DELTA "-");
}

typedef struct {
	char *path;
	gboolean is_answer; /* of OCSP: one certificate's only */
	gint64 changed_ns;
} Entry;

static void
entry_free(Entry *entry)
{
	g_free(entry->path);
	g_free(entry);
}

static Entry *
entry_new(const char *folder, const char *name)
{
	Entry *entry = g_new0(Entry, 1);
	struct stat status;

	entry->path = g_build_filename(folder, name, NULL);
	entry->is_answer = g_str_has_prefix(name, CS_REVOCATION_KIND_OCSP "-");
	if (stat(entry->path, &status) == 0)
		entry->changed_ns =
			(gint64)status.st_mtim.tv_sec * NS_PER_S + (gint64)status.st_mtim.tv_nsec;
	return entry;
}

static int
compare_entries(gconstpointer a, gconstpointer b)
{
	const Entry *first = *(const Entry *const *)a;
	const Entry *second = *(const Entry *const *)b;

	if (first->is_answer != second->is_answer)
		return first->is_answer ? 1 : -1;
	return first->changed_ns == second->changed_ns	? 0
	       : first->changed_ns > second->changed_ns ? -1
							: 1;
}

static GPtrArray *
list_entries(const char *folder)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name = NULL;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		if (is_name(name))
			g_ptr_array_add(entries, entry_new(folder, name));
	}
	g_ptr_array_sort(entries, compare_entries);
	return entries;
}

/**
 * cs_revocation_store_list:
 * @folder: the authority's
 *
 * Whoever takes only so many takes the first: a CRL that is left out could have revoked what an
 * answer calls good.
 *
 * Returns: (transfer full) (element-type CsRevocationRecord): what was kept, CRLs before OCSP answers,
 *   of each the latest first; no folder is nothing
 */
GPtrArray *
cs_revocation_store_list(const char *folder)
{
	GPtrArray *records =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_revocation_record_free);
	g_autofree char *own = folder_of(folder);
	g_autoptr(GPtrArray) entries = list_entries(own);

	for (guint i = 0; i < entries->len && records->len < MAX_RECORDS; i++) {
		const Entry *entry = g_ptr_array_index(entries, i);
		CsRevocationRecord *record = read_record(entry->path);

		if (record != NULL)
			g_ptr_array_add(records, record);
	}
	return records;
}

static char *
mark_path_of(const char *authority)
{
	return g_build_filename(authority, FOLDER_NAME, MARK_NAME, NULL);
}

/**
 * cs_revocation_store_mark:
 * @folder: the authority's
 * @error: CS_ERROR_STATE
 *
 * Lets a serving process know that another one has written here: it then reads everything anew. What
 * it writes itself it knows, and marks nothing.
 *
 * Returns: FALSE where it could not be written
 */
gboolean
cs_revocation_store_mark(const char *folder, GError **error)
{
	g_autofree char *own = folder_of(folder);
	g_autofree char *path = mark_path_of(folder);

	return cs_file_ensure_folder(own, error) &&
	       cs_file_write_atomically(path, (const guint8 *)"\n", 1, error);
}

/**
 * cs_revocation_store_get_stamp:
 * @folder: the authority's
 *
 * Returns: another number after every mark, each being a new file; 0 where there was none yet
 */
guint64
cs_revocation_store_get_stamp(const char *folder)
{
	g_autofree char *path = mark_path_of(folder);
	struct stat status;

	if (stat(path, &status) != 0)
		return 0;
	return ((guint64)status.st_mtim.tv_sec * G_GUINT64_CONSTANT(1000000000) +
		(guint64)status.st_mtim.tv_nsec) ^
	       (guint64)status.st_ino << INODE_SHIFT;
}
