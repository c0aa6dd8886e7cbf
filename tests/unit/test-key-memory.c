/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/key-memory.h"
#include "tests/fixtures/pki-fixture.h"

#include <glib/gstdio.h>

typedef struct {
	char *folder;
	CsKeyMemory *memory;
	CsTestIdentity *identity;
	CsPrivateKey *key;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile profile = {.key_number = 1};
	fixture->folder = cs_test_make_folder();
	fixture->memory = cs_key_memory_new();
	fixture->identity = cs_test_identity_new(&profile, NULL);
	fixture->key =
		cs_private_key_new_from_pkey(cs_test_identity_get_pkey(fixture->identity), NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_delete_folder(fixture->folder);
	g_free(fixture->folder);
	cs_key_memory_unref(fixture->memory);
	cs_test_identity_free(fixture->identity);
	cs_private_key_unref(fixture->key);
}

static char *
path_of(Fixture *fixture, const char *name)
{
	return g_build_filename(fixture->folder, name, NULL);
}

static CsStoreEntry *
make_entry(Fixture *fixture, CsTestIdentity *identity, const char *name)
{
	g_autofree char *path = path_of(fixture, name);
	return cs_store_entry_new(cs_test_identity_get_certificate(identity), path, CS_STORE_USER,
				  NULL, NULL, NULL);
}

/* Writes both files, and keeps the key as found in the second. */
static CsStoreEntry *
keep(Fixture *fixture, const char *name, const char *key_name)
{
	CsStoreEntry *entry = make_entry(fixture, fixture->identity, name);
	g_autofree char *path = cs_test_write_text(fixture->folder, name, "certificate");
	g_autofree char *key_path = cs_test_write_text(fixture->folder, key_name, "key");
	CsKeyPlace place = {.key_path = key_path};
	g_assert_true(cs_file_stamp_read(path, &place.certificate_stamp));
	g_assert_true(cs_file_stamp_read(key_path, &place.key_stamp));
	cs_key_memory_keep(fixture->memory, entry, &place, fixture->key);
	return entry;
}

static gboolean
is_recalled(Fixture *fixture, const CsStoreEntry *entry)
{
	g_autoptr(CsPrivateKey) key = cs_key_memory_recall(fixture->memory, entry);
	g_assert_true(key == NULL || key == fixture->key);
	return key != NULL;
}

static void
test_recalls(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsStoreEntry) never = make_entry(fixture, fixture->identity, "never");
	g_autoptr(CsStoreEntry) entry = keep(fixture, "a.pem", "a.key");
	g_assert_true(is_recalled(fixture, entry));
	g_assert_true(is_recalled(fixture, entry));
	g_assert_false(is_recalled(fixture, never));
	cs_key_memory_clear(fixture->memory);
	g_assert_false(is_recalled(fixture, entry));
}

/* Another certificate in the same file, even for the same key, is another question. */
static void
test_another_certificate(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile profile = {.key_of = fixture->identity};
	g_autoptr(CsTestIdentity) renewed = cs_test_identity_new(&profile, NULL);
	g_autoptr(CsStoreEntry) entry = keep(fixture, "a.pem", "a.key");
	g_autoptr(CsStoreEntry) other = make_entry(fixture, renewed, "a.pem");
	g_assert_false(is_recalled(fixture, other));
	g_assert_true(is_recalled(fixture, entry));
}

static void
test_key_gone(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsStoreEntry) entry = keep(fixture, "a.pem", "a.key");
	g_autofree char *path = path_of(fixture, "a.key");
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_false(is_recalled(fixture, entry));
}

static void
test_key_changed(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsStoreEntry) entry = keep(fixture, "a.pem", "a.key");
	g_free(cs_test_write_text(fixture->folder, "a.key", "another"));
	g_assert_false(is_recalled(fixture, entry));
	g_free(cs_test_write_text(fixture->folder, "a.key", "key"));
	g_assert_false(is_recalled(fixture, entry));
}

static void
test_certificate_changed(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsStoreEntry) entry = keep(fixture, "a.pem", "a.key");
	g_free(cs_test_write_text(fixture->folder, "a.pem", "another"));
	g_assert_false(is_recalled(fixture, entry));
}

static void
test_few(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) entries =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_store_entry_unref);
	guint recalled = 0;
	for (guint i = 0; i < 20; i++) {
		g_autofree char *name = g_strdup_printf("%u.pem", i);
		g_ptr_array_add(entries, keep(fixture, name, name));
		g_assert_true(is_recalled(fixture, g_ptr_array_index(entries, 0)));
	}
	for (guint i = 0; i < 20; i++)
		recalled += is_recalled(fixture, g_ptr_array_index(entries, i)) ? 1 : 0;
	g_assert_cmpuint(recalled, ==, 4);
}

static void
test_kept_twice(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsStoreEntry) entry = keep(fixture, "a.pem", "a.key");
	g_autoptr(CsStoreEntry) again = keep(fixture, "a.pem", "b.key");
	g_autofree char *path = path_of(fixture, "a.key");
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_true(is_recalled(fixture, entry));
	g_assert_true(is_recalled(fixture, again));
	cs_key_memory_unref(cs_key_memory_ref(fixture->memory));
}

#define ADD(name, function)                                                                        \
	g_test_add("/key-memory/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("recalls", test_recalls);
	ADD("another-certificate", test_another_certificate);
	ADD("key-gone", test_key_gone);
	ADD("key-changed", test_key_changed);
	ADD("certificate-changed", test_certificate_changed);
	ADD("few", test_few);
	ADD("kept-twice", test_kept_twice);
	return g_test_run();
}
