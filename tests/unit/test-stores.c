/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/stores.h"
#include "tests/fixtures/pki-fixture.h"

#include <glib/gstdio.h>

typedef struct {
	char *folder;
	char *one;
	char *two;
	CsTestIdentity *issuer;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile authority = {.ca = TRUE, .key_number = 1};
	fixture->folder = cs_test_make_folder();
	fixture->one = g_build_filename(fixture->folder, "one", NULL);
	fixture->two = g_build_filename(fixture->folder, "two", NULL);
	g_assert_cmpint(g_mkdir(fixture->one, 0700), ==, 0);
	g_assert_cmpint(g_mkdir(fixture->two, 0700), ==, 0);
	fixture->issuer = cs_test_identity_new(&authority, NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_delete_folder(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->one);
	g_free(fixture->two);
	cs_test_identity_free(fixture->issuer);
}

static void
put(Fixture *fixture, const char *folder, const char *name)
{
	const CsTestProfile leaf = {.key_number = 2};
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&leaf, fixture->issuer);
	g_free(cs_test_write_text(folder, name, cs_test_identity_get_pem(identity)));
}

static void
expect(CsStores *stores, Fixture *fixture, CsStoreKind kind, guint count)
{
	CsCertificate *issuer = cs_test_identity_get_certificate(fixture->issuer);
	g_autoptr(GPtrArray) found =
		cs_stores_look_up(stores, kind, cs_certificate_get_subject_name(issuer));
	g_assert_nonnull(found);
	g_assert_cmpuint(found->len, ==, count);
	for (guint i = 0; i < found->len; i++)
		g_assert_cmpint(cs_store_entry_get_kind(g_ptr_array_index(found, i)), ==, kind);
}

static void
test_kinds(Fixture *fixture, gconstpointer data)
{
	const char *const user[] = {fixture->one, NULL};
	const char *const machine[] = {fixture->two, NULL};
	g_autoptr(CsStores) stores = cs_stores_new(user, machine);
	put(fixture, fixture->one, "a");
	put(fixture, fixture->two, "a");
	put(fixture, fixture->two, "b");
	expect(stores, fixture, CS_STORE_USER, 0);
	cs_stores_refresh(stores, NULL);
	expect(stores, fixture, CS_STORE_USER, 1);
	expect(stores, fixture, CS_STORE_MACHINE, 2);
	g_assert_cmpuint(cs_stores_count(stores), ==, 3);
}

static void
test_several_folders(Fixture *fixture, gconstpointer data)
{
	const char *const user[] = {fixture->one, fixture->two, fixture->one, NULL};
	g_autoptr(CsStores) stores = cs_stores_new(user, NULL);
	put(fixture, fixture->one, "a");
	cs_stores_refresh(stores, NULL);
	expect(stores, fixture, CS_STORE_USER, 1);
	put(fixture, fixture->two, "b");
	cs_stores_refresh(stores, NULL);
	expect(stores, fixture, CS_STORE_USER, 2);
	expect(stores, fixture, CS_STORE_MACHINE, 0);
}

static void
test_passed_over(Fixture *fixture, gconstpointer data)
{
	const char *const user[] = {fixture->one, NULL};
	const char *const machine[] = {"/does/not/exist", NULL};
	g_autoptr(CsStores) stores = cs_stores_new(user, machine);
	g_free(cs_test_write_text(fixture->one, "junk", "junk"));
	cs_stores_refresh(stores, NULL);
	g_autoptr(GPtrArray) lines = cs_stores_dup_passed_over(stores);
	g_assert_cmpuint(lines->len, ==, 2);
	g_assert_true(
		g_str_has_suffix(((CsPassedOver *)g_ptr_array_index(lines, 0))->location, "/junk"));
	g_assert_cmpstr(((CsPassedOver *)g_ptr_array_index(lines, 1))->location, ==,
			"/does/not/exist");
}

static void
test_none(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsStores) stores = cs_stores_new(NULL, NULL);
	cs_stores_refresh(stores, NULL);
	expect(stores, fixture, CS_STORE_USER, 0);
	g_assert_cmpuint(cs_stores_count(stores), ==, 0);
}

static void
test_issuer_stays(Fixture *fixture, gconstpointer data)
{
	CsCertificate *certificate = cs_test_identity_get_certificate(fixture->issuer);
	g_autoptr(CsStores) stores = cs_stores_new(NULL, NULL);
	g_autoptr(CsIssuer) first = cs_stores_dup_issuer(stores, certificate, NULL);
	for (guint i = 0; i < 300; i++) {
		const CsTestProfile profile = {.ca = TRUE, .key_number = 1};
		g_autoptr(CsTestIdentity) other = cs_test_identity_new(&profile, NULL);
		g_autoptr(CsIssuer) again = cs_stores_dup_issuer(stores, certificate, NULL);
		g_autoptr(CsIssuer) another =
			cs_stores_dup_issuer(stores, cs_test_identity_get_certificate(other), NULL);
		g_assert_true(i > 200 || again == first);
		g_assert_true(cs_issuer_get_certificate(again) == certificate);
		g_assert_true(another != again);
	}
}

/* A point that is on no curve. */
static void
test_issuer_unusable(Fixture *fixture, gconstpointer data)
{
	CsCertificate *good = cs_test_identity_get_certificate(fixture->issuer);
	GBytes *spki = cs_certificate_get_spki(good);
	gsize length = 0;
	gsize spki_length = 0;
	const guint8 *der = g_bytes_get_data(cs_certificate_get_der(good), &length);
	const guint8 *key = g_bytes_get_data(spki, &spki_length);
	g_autofree guint8 *bent = g_memdup2(der, length);
	guint8 *point = memmem(bent, length, key, spki_length);
	point[spki_length - 1] ^= 1;
	g_autoptr(GBytes) bytes = g_bytes_new(bent, length);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsCertificate) odd = cs_certificate_new(bytes, &error);
	g_assert_no_error(error);
	g_autoptr(CsStores) stores = cs_stores_new(NULL, NULL);
	g_assert_null(cs_stores_dup_issuer(stores, odd, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNSUPPORTED);
}

typedef struct {
	CsStores *stores;
	GBytes *name;
} Worker;

static gpointer
work_thread_cb(gpointer data)
{
	Worker *worker = data;
	for (guint i = 0; i < 200; i++) {
		cs_stores_refresh(worker->stores, NULL);
		g_autoptr(GPtrArray) found =
			cs_stores_look_up(worker->stores, CS_STORE_USER, worker->name);
		g_ptr_array_unref(cs_stores_dup_passed_over(worker->stores));
		for (guint j = 0; j < found->len; j++)
			g_assert_nonnull(cs_store_entry_get_location(g_ptr_array_index(found, j)));
	}
	return NULL;
}

static void
test_threads(Fixture *fixture, gconstpointer data)
{
	const char *const user[] = {fixture->one, fixture->two, NULL};
	g_autoptr(CsStores) stores = cs_stores_new(user, NULL);
	CsCertificate *issuer = cs_test_identity_get_certificate(fixture->issuer);
	Worker worker = {stores, cs_certificate_get_subject_name(issuer)};
	GThread *threads[3];
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("worker", work_thread_cb, &worker);
	for (guint i = 0; i < 20; i++) {
		g_autofree char *name = g_strdup_printf("%u", i);
		put(fixture, i % 2 == 0 ? fixture->one : fixture->two, name);
	}
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	cs_stores_refresh(stores, NULL);
	expect(stores, fixture, CS_STORE_USER, 20);
}

#define ADD(name, function) g_test_add("/stores/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("kinds", test_kinds);
	ADD("several-folders", test_several_folders);
	ADD("passed-over", test_passed_over);
	ADD("none", test_none);
	ADD("issuer-stays", test_issuer_stays);
	ADD("issuer-unusable", test_issuer_unusable);
	ADD("threads", test_threads);
	return g_test_run();
}
