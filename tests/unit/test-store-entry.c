/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/store.h"
#include "tests/fixtures/pki-fixture.h"

typedef struct {
	CsTestIdentity *identity;
	EVP_PKEY *answer; /* (nullable) the key that the store hands out */
	guint opened;
	guint destroyed;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->identity = cs_test_identity_new(NULL, NULL);
	fixture->answer = cs_test_identity_get_pkey(fixture->identity);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_identity_free(fixture->identity);
}

static CsPrivateKey *
open_key(const CsStoreEntry *entry, gpointer data, GCancellable *cancellable, GError **error)
{
	Fixture *fixture = data;
	fixture->opened++;
	if (fixture->answer != NULL)
		return cs_private_key_new_from_pkey(fixture->answer, error);
	cs_error_set(error, CS_ERROR_KEY, "key-missing", "no key");
	return NULL;
}

static void
destroy(gpointer data)
{
	((Fixture *)data)->destroyed++;
}

static CsStoreEntry *
make(Fixture *fixture)
{
	return cs_store_entry_new(cs_test_identity_get_certificate(fixture->identity), "/a/b.pem",
				  CS_STORE_MACHINE, open_key, fixture, destroy);
}

static void
test_says(Fixture *fixture, gconstpointer data)
{
	CsStoreEntry *entry = make(fixture);
	g_assert_cmpstr(cs_store_entry_get_location(entry), ==, "/a/b.pem");
	g_assert_cmpint(cs_store_entry_get_kind(entry), ==, CS_STORE_MACHINE);
	g_assert_true(cs_store_entry_get_certificate(entry) ==
		      cs_test_identity_get_certificate(fixture->identity));
	cs_store_entry_unref(cs_store_entry_ref(entry));
	g_assert_cmpuint(fixture->destroyed, ==, 0);
	cs_store_entry_unref(entry);
	g_assert_cmpuint(fixture->destroyed, ==, 1);
	g_assert_cmpstr(cs_store_kind_to_text(CS_STORE_USER), ==, "user");
	g_assert_cmpstr(cs_store_kind_to_text(CS_STORE_MACHINE), ==, "machine");
}

static void
test_opens(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsStoreEntry) entry = make(fixture);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsPrivateKey) key = cs_store_entry_open_key(entry, NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(key);
	g_assert_cmpuint(fixture->opened, ==, 1);
}

static void
test_missing(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsStoreEntry) entry = make(fixture);
	g_autoptr(GError) error = NULL;
	fixture->answer = NULL;
	g_assert_null(cs_store_entry_open_key(entry, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
}

/* rule 7: whatever a kind of store answers, the key must be the certificate's */
static void
test_mismatch(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsStoreEntry) entry = make(fixture);
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(NULL, NULL);
	g_autoptr(GError) error = NULL;
	fixture->answer = cs_test_identity_get_pkey(other);
	g_assert_null(cs_store_entry_open_key(entry, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "key-mismatch");
}

static void
test_cancelled(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsStoreEntry) entry = make(fixture);
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;
	g_cancellable_cancel(cancellable);
	g_assert_null(cs_store_entry_open_key(entry, cancellable, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_assert_cmpuint(fixture->opened, ==, 0);
}

static void
test_passed_over(void)
{
	CsPassedOver *line = cs_passed_over_new("/a", "junk");
	g_assert_cmpstr(line->location, ==, "/a");
	g_assert_cmpstr(line->why, ==, "junk");
	cs_passed_over_free(line);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/store-entry/says", Fixture, NULL, set_up, test_says, tear_down);
	g_test_add("/store-entry/opens", Fixture, NULL, set_up, test_opens, tear_down);
	g_test_add("/store-entry/missing", Fixture, NULL, set_up, test_missing, tear_down);
	g_test_add("/store-entry/mismatch", Fixture, NULL, set_up, test_mismatch, tear_down);
	g_test_add("/store-entry/cancelled", Fixture, NULL, set_up, test_cancelled, tear_down);
	g_test_add_func("/store-entry/passed-over", test_passed_over);
	return g_test_run();
}
