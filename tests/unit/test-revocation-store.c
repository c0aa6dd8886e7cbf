/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-store.h"

#include "tests/fixtures/pki-fixture.h"

#include <string.h>
#include <utime.h>

typedef struct {
	char *folder;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->folder = cs_test_make_folder();
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_delete_folder(f->folder);
	g_free(f->folder);
}

static CsRevocationRecord *
make(const char *kind, const char *url, const char *data)
{
	CsRevocationRecord *record = g_new0(CsRevocationRecord, 1);

	record->kind = g_strdup(kind);
	record->issuer = g_strdup("aa");
	record->url = g_strdup(url);
	record->fetched_at = 5;
	record->tried_at = 6;
	record->data = data != NULL ? g_bytes_new(data, strlen(data)) : NULL;
	if (strcmp(kind, "ocsp") == 0)
		record->certificate = g_bytes_new_static("c", 1);
	return record;
}

static void
put(Fixture *f, CsRevocationRecord *record_taken)
{
	g_autoptr(CsRevocationRecord) record = record_taken;
	g_autoptr(GError) error = NULL;

	cs_revocation_store_put(f->folder, record, &error);
	g_assert_no_error(error);
}

static void
test_kept(Fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) before = cs_revocation_store_list(f->folder);
	g_autoptr(GPtrArray) after = NULL;
	const CsRevocationRecord *record;

	g_assert_cmpuint(before->len, ==, 0);
	g_assert_cmpuint(cs_revocation_store_get_stamp(f->folder), ==, 0);
	put(f, make("crl", "http://a/", "1\n2"));
	after = cs_revocation_store_list(f->folder);
	g_assert_cmpuint(after->len, ==, 1);
	record = g_ptr_array_index(after, 0);
	g_assert_cmpstr(record->kind, ==, "crl");
	g_assert_cmpstr(record->issuer, ==, "aa");
	g_assert_cmpstr(record->url, ==, "http://a/");
	g_assert_cmpint(record->fetched_at, ==, 5);
	g_assert_cmpint(record->tried_at, ==, 6);
	g_assert_null(record->failure);
	g_assert_null(record->certificate);
	g_assert_cmpmem(g_bytes_get_data(record->data, NULL), g_bytes_get_size(record->data),
			"1\n2", 3);
}

/* A source has one file: a CRL or delta CRL its address, an OCSP answer its certificate. */
static void
test_replaced(Fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) list = NULL;
	CsRevocationRecord *failed = make("crl", "http://a/", NULL);

	failed->failure = g_strdup("timed-out");
	put(f, make("crl", "http://a/", "1"));
	put(f, failed);
	put(f, make("crl", "http://b/", "1"));
	put(f, make("delta", "http://b/", "1"));
	put(f, make("ocsp", "http://a/", "1"));
	put(f, make("ocsp", "http://b/", ""));
	list = cs_revocation_store_list(f->folder);
	g_assert_cmpuint(list->len, ==, 4);
	for (guint i = 0; i < list->len; i++) {
		const CsRevocationRecord *record = g_ptr_array_index(list, i);

		if (record->certificate != NULL)
			g_assert_cmpuint(g_bytes_get_size(record->data), ==, 0);
		else if (record->failure != NULL)
			g_assert_null(record->data);
	}
}

static void
test_deleted(Fixture *f, gconstpointer data)
{
	g_autoptr(CsRevocationRecord) record = make("crl", "http://a/", "1");
	g_autoptr(CsRevocationRecord) copy = cs_revocation_record_copy(record);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = NULL;

	put(f, cs_revocation_record_copy(record));
	cs_revocation_store_delete(f->folder, copy, &error);
	g_assert_no_error(error);
	list = cs_revocation_store_list(f->folder);
	g_assert_cmpuint(list->len, ==, 0);
}

static void
test_damaged(Fixture *f, gconstpointer data)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{}\n",
		"{\"kind\":\"crl\"}\n",
		"{\"kind\":\"ocsp\",\"issuer\":\"a\",\"url\":\"u\",\"certificate\":null,"
		"\"fetched_at\":1,\"tried_at\":1,\"failure\":null,\"data\":true}\nx",
		"{\"kind\":\"crl\",\"issuer\":\"a\",\"url\":\"u\",\"certificate\":\"YQ\","
		"\"fetched_at\":1,\"tried_at\":1,\"failure\":null,\"data\":true}\nx",
	};
	g_autofree char *folder = g_build_filename(f->folder, "revocation", NULL);
	g_autoptr(GPtrArray) list = NULL;

	put(f, make("crl", "http://a/", "1"));
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *name = g_strdup_printf("crl-%" G_GSIZE_FORMAT, i);

		g_free(cs_test_write_text(folder, name, texts[i]));
	}
	g_free(cs_test_write_text(folder, "other", "x"));
	list = cs_revocation_store_list(f->folder);
	g_assert_cmpuint(list->len, ==, 1);
}

static void
put_at(Fixture *f, const char *kind, const char *url, gint64 changed_s)
{
	g_autofree char *folder = g_build_filename(f->folder, "revocation", NULL);
	g_autofree char *name = g_strdup_printf("%s-%" G_GINT64_FORMAT, kind, changed_s);
	g_autofree char *text = g_strdup_printf(
		"{\"kind\":\"%s\",\"issuer\":\"aa\",\"url\":\"%s\",\"certificate\":%s,"
		"\"fetched_at\":1,\"tried_at\":1,\"failure\":null,\"data\":true}\nx",
		kind, url, strcmp(kind, "ocsp") == 0 ? "\"YQ\"" : "null");
	g_autofree char *path = cs_test_write_text(folder, name, text);
	const struct utimbuf times = {.actime = changed_s, .modtime = changed_s};

	g_assert_cmpint(utime(path, &times), ==, 0);
}

/* CRLs first, then the latest: whoever takes only so many leaves out no CRL for an answer. */
static void
test_order(Fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) list = NULL;
	g_autoptr(GString) order = g_string_new(NULL);

	put(f, make("crl", "0", "newest"));
	for (gint64 i = 1; i <= 4; i++) {
		g_autofree char *url = g_strdup_printf("%" G_GINT64_FORMAT, i);

		put_at(f, "ocsp", url, i % 2 == 0 ? i * 10 : i * 1000);
		put_at(f, i % 2 == 0 ? "crl" : "delta", url, i);
	}
	list = cs_revocation_store_list(f->folder);
	for (guint i = 0; i < list->len; i++) {
		const CsRevocationRecord *record = g_ptr_array_index(list, i);

		g_string_append_printf(order, " %s %s", record->kind, record->url);
	}
	g_assert_cmpstr(order->str, ==,
			" crl 0 crl 4 delta 3 crl 2 delta 1 ocsp 3 ocsp 1 ocsp 4 ocsp 2");
}

#define ADD(path, function)                                                                        \
	g_test_add("/revocation-store/" path, Fixture, NULL, set_up, function, tear_down)

static guint64
mark(Fixture *f)
{
	g_autoptr(GError) error = NULL;

	cs_revocation_store_mark(f->folder, &error);
	g_assert_no_error(error);
	return cs_revocation_store_get_stamp(f->folder);
}

/* Only a mark says that another process was here. */
static void
test_mark(Fixture *f, gconstpointer data)
{
	guint64 first, second;
	g_autoptr(GPtrArray) list = NULL;

	put(f, make("crl", "http://a/", "1"));
	g_assert_cmpuint(cs_revocation_store_get_stamp(f->folder), ==, 0);
	first = mark(f);
	g_assert_cmpuint(first, !=, 0);
	put(f, make("crl", "http://b/", "1"));
	g_assert_cmpuint(cs_revocation_store_get_stamp(f->folder), ==, first);
	second = mark(f);
	g_assert_cmpuint(second, !=, first);
	list = cs_revocation_store_list(f->folder);
	g_assert_cmpuint(list->len, ==, 2);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("kept", test_kept);
	ADD("replaced", test_replaced);
	ADD("deleted", test_deleted);
	ADD("damaged", test_damaged);
	ADD("order", test_order);
	ADD("mark", test_mark);
	return g_test_run();
}
