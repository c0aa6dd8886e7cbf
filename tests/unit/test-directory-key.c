/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/directory-key.h"
#include "core/store/key-memory.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fixtures/unprivileged.h"

#include <sys/stat.h>

typedef struct {
	char *folder;
	CsTestIdentity *leaf;
	CsTestIdentity *other;
	char *key;	 /* PEM */
	char *other_key; /* PEM */
	CsKeyMemory *memory;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile profile = {.key_number = 1};
	const CsTestProfile other = {.key_number = 2};
	fixture->folder = cs_test_make_folder();
	fixture->memory = cs_key_memory_new();
	fixture->leaf = cs_test_identity_new(&profile, NULL);
	fixture->other = cs_test_identity_new(&other, NULL);
	fixture->key = cs_test_identity_dup_key_pem(fixture->leaf, CS_TEST_KEY_PKCS8, NULL);
	fixture->other_key = cs_test_identity_dup_key_pem(fixture->other, CS_TEST_KEY_PKCS8, NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_delete_folder(fixture->folder);
	g_free(fixture->folder);
	cs_key_memory_unref(fixture->memory);
	cs_test_identity_free(fixture->leaf);
	cs_test_identity_free(fixture->other);
	g_free(fixture->key);
	g_free(fixture->other_key);
}

static void
write_file(Fixture *fixture, const char *name, const char *text)
{
	g_free(cs_test_write_text(fixture->folder, name, text));
}

static void
write_certificate(Fixture *fixture, const char *name)
{
	write_file(fixture, name, cs_test_identity_get_pem(fixture->leaf));
}

static CsPrivateKey *
open_key(Fixture *fixture, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
	g_autoptr(CsStoreEntry) entry =
		cs_store_entry_new(cs_test_identity_get_certificate(fixture->leaf), path,
				   CS_STORE_USER, cs_directory_key_open, fixture->memory, NULL);
	return cs_store_entry_open_key(entry, NULL, error);
}

static void
expect_found(Fixture *fixture, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsPrivateKey) key = open_key(fixture, name, &error);
	g_assert_no_error(error);
	g_assert_true(g_bytes_equal(
		cs_private_key_get_spki(key),
		cs_certificate_get_spki(cs_test_identity_get_certificate(fixture->leaf))));
}

/* word: part of the message */
static void
expect_failure(Fixture *fixture, const char *name, const char *reason, const char *word)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(open_key(fixture, name, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
	g_assert_cmpstr(cs_error_get_reason(error), ==, reason);
	if (strstr(error->message, word) == NULL)
		g_error("\"%s\" is not in \"%s\"", word, error->message);
}

/* rule 7: the layouts, and nothing else */
static void
test_beside(Fixture *fixture, gconstpointer data)
{
	write_certificate(fixture, "a.pem");
	write_certificate(fixture, "b.crt");
	write_certificate(fixture, "c.d.cer");
	write_certificate(fixture, "cert.pem");
	write_file(fixture, "a.key", fixture->key);
	write_file(fixture, "b.key", fixture->key);
	write_file(fixture, "c.d.key", fixture->key);
	write_file(fixture, "key.pem", fixture->key);
	expect_found(fixture, "a.pem");
	expect_found(fixture, "b.crt");
	expect_found(fixture, "c.d.cer");
	expect_found(fixture, "cert.pem");
}

static void
test_inside(Fixture *fixture, gconstpointer data)
{
	const char *pem = cs_test_identity_get_pem(fixture->leaf);
	g_autofree char *elder =
		cs_test_identity_dup_key_pem(fixture->leaf, CS_TEST_KEY_TRADITIONAL, NULL);
	g_autofree char *before = g_strconcat(elder, pem, NULL);
	g_autofree char *among =
		g_strconcat(pem, fixture->other_key, "words\n", fixture->key, NULL);
	write_file(fixture, "before", before);
	write_file(fixture, "among.pem", among);
	expect_found(fixture, "before");
	expect_found(fixture, "among.pem");
}

static void
test_key_forms(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GBytes) pkcs8 = cs_test_identity_dup_key_der(fixture->leaf, CS_TEST_KEY_PKCS8);
	g_autoptr(GBytes) sec1 =
		cs_test_identity_dup_key_der(fixture->leaf, CS_TEST_KEY_TRADITIONAL);
	write_certificate(fixture, "a.pem");
	g_free(cs_test_write_bytes(fixture->folder, "a.key", pkcs8));
	expect_found(fixture, "a.pem");
	g_free(cs_test_write_bytes(fixture->folder, "a.key", sec1));
	expect_found(fixture, "a.pem");
}

static void
test_pkcs12(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GBytes) file = cs_test_identity_dup_pkcs12(fixture->leaf, NULL, NULL);
	g_free(cs_test_write_bytes(fixture->folder, "a.p12", file));
	expect_found(fixture, "a.p12");
}

/* A PKCS#12 file has its own key or none. */
static void
test_pkcs12_without_key(Fixture *fixture, gconstpointer data)
{
	g_autoptr(PKCS12) file = PKCS12_create(
		"", NULL, NULL, cs_test_identity_get_x509(fixture->leaf), NULL, 0, 0, 0, 0, 0);
	g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
	char *der = NULL;
	g_assert_cmpint(i2d_PKCS12_bio(bio, file), ==, 1);
	long length = BIO_get_mem_data(bio, &der);
	g_autoptr(GBytes) bytes = g_bytes_new(der, (gsize)length);
	g_free(cs_test_write_bytes(fixture->folder, "a.p12", bytes));
	write_file(fixture, "a.key", fixture->key);
	expect_failure(fixture, "a.p12", "key-missing", "a.p12");
}

/* The one whose public half is the certificate's counts. */
static void
test_several_places(Fixture *fixture, gconstpointer data)
{
	g_autofree char *both =
		g_strconcat(cs_test_identity_get_pem(fixture->leaf), fixture->other_key, NULL);
	g_autofree char *locked =
		cs_test_identity_dup_key_pem(fixture->leaf, CS_TEST_KEY_PKCS8, "secret");
	write_file(fixture, "cert.pem", both);
	write_file(fixture, "cert.key", locked);
	write_file(fixture, "key.pem", fixture->key);
	expect_found(fixture, "cert.pem");
}

static void
test_missing(Fixture *fixture, gconstpointer data)
{
	write_certificate(fixture, "a.pem");
	write_certificate(fixture, "cert.pem");
	write_certificate(fixture, "bare");
	write_file(fixture, "b.key", fixture->key);
	write_file(fixture, "a.pem.key", fixture->key);
	write_file(fixture, "a-key.pem", fixture->key);
	write_file(fixture, "bare.key", fixture->key);
	expect_failure(fixture, "a.pem", "key-missing", "/a.key)");
	expect_failure(fixture, "cert.pem", "key-missing", "/cert.key, ");
	expect_failure(fixture, "cert.pem", "key-missing", "/key.pem)");
	expect_failure(fixture, "bare", "key-missing", "/bare)");
	write_file(fixture, "a.key", "no key here");
	expect_failure(fixture, "a.pem", "key-missing", "/a.key)");
}

static void
test_mismatch(Fixture *fixture, gconstpointer data)
{
	write_certificate(fixture, "a.pem");
	write_file(fixture, "a.key", fixture->other_key);
	expect_failure(fixture, "a.pem", "key-mismatch", "/a.key is not that of");
}

static void
test_encrypted(Fixture *fixture, gconstpointer data)
{
	g_autofree char *locked =
		cs_test_identity_dup_key_pem(fixture->leaf, CS_TEST_KEY_PKCS8, "secret");
	g_autofree char *inside =
		g_strconcat(cs_test_identity_get_pem(fixture->leaf), locked, NULL);
	write_certificate(fixture, "a.pem");
	write_file(fixture, "a.key", locked);
	write_file(fixture, "b.pem", inside);
	expect_failure(fixture, "a.pem", "key-encrypted", "");
	expect_failure(fixture, "b.pem", "key-encrypted", "/b.pem: ");
}

/* A key that was used before is the same one again, until something changes. */
static void
test_again(Fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"a.pem", "cert.pem", "both.pem"};
	g_autofree char *both =
		g_strconcat(cs_test_identity_get_pem(fixture->leaf), fixture->key, NULL);
	write_certificate(fixture, "a.pem");
	write_file(fixture, "a.key", fixture->key);
	write_certificate(fixture, "cert.pem");
	write_file(fixture, "key.pem", fixture->key);
	write_file(fixture, "both.pem", both);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(CsPrivateKey) first = open_key(fixture, names[i], NULL);
		g_autoptr(CsPrivateKey) second = open_key(fixture, names[i], NULL);
		g_assert_nonnull(first);
		g_assert_true(first == second);
	}
	/* of another size: on kernels with coarse times that alone may tell */
	g_autofree char *longer = g_strconcat(fixture->other_key, "\n\n", NULL);
	write_file(fixture, "a.key", longer);
	expect_failure(fixture, "a.pem", "key-mismatch", "/a.key");
	write_file(fixture, "key.pem", "nothing");
	expect_failure(fixture, "cert.pem", "key-missing", "/key.pem)");
	write_certificate(fixture, "both.pem");
	expect_failure(fixture, "both.pem", "key-missing", "/both.pem");
}

static void
open_after_closing(gpointer data)
{
	Fixture *fixture = data;
	g_autofree char *path = g_build_filename(fixture->folder, "own.key", NULL);
	write_certificate(fixture, "own.pem");
	write_file(fixture, "own.key", fixture->key);
	expect_found(fixture, "own.pem");
	g_assert_cmpint(chmod(path, 0), ==, 0);
	expect_failure(fixture, "own.pem", "key-inaccessible", "/own.key");
}

/* rule 10: a key that was used before is of no use where its file is closed to us since */
static void
test_closed_later(Fixture *fixture, gconstpointer data)
{
	g_assert_cmpint(chmod(fixture->folder, 0777), ==, 0);
	cs_test_run_unprivileged(open_after_closing, fixture);
}

/* The key inside a file belongs to the certificate that was read only while that is in it. */
static void
test_changed(Fixture *fixture, gconstpointer data)
{
	g_autofree char *swapped =
		g_strconcat(cs_test_identity_get_pem(fixture->other), fixture->key, NULL);
	write_file(fixture, "a.pem", swapped);
	write_file(fixture, "a.key", fixture->key);
	expect_failure(fixture, "a.pem", "certificate-changed", "/a.pem");
	expect_failure(fixture, "gone.pem", "certificate-changed", "/gone.pem");
}

static void
test_special_files(Fixture *fixture, gconstpointer data)
{
	g_autofree char *fifo = g_build_filename(fixture->folder, "a.key", NULL);
	g_autoptr(GError) error = NULL;
	write_certificate(fixture, "a.pem");
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_null(open_key(fixture, "a.pem", &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
}

static void
open_forbidden(gpointer data)
{
	expect_failure(data, "a.pem", "key-inaccessible", "/a.key");
	expect_failure(data, "a.pem", "key-inaccessible", "0000");
	expect_failure(data, "b.pem", "key-inaccessible", "/b.pem: ");
	expect_failure(data, "b.pem", "key-inaccessible", "0000");
}

/* rule 10: the file, its owner and its mode are named */
static void
test_forbidden(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = cs_test_write_text(fixture->folder, "a.key", fixture->key);
	g_autofree char *readable = cs_test_write_text(fixture->folder, "a.pem",
						       cs_test_identity_get_pem(fixture->leaf));
	g_autofree char *closed = cs_test_write_text(fixture->folder, "b.pem",
						     cs_test_identity_get_pem(fixture->leaf));
	g_assert_cmpint(chmod(readable, 0644), ==, 0);
	g_assert_cmpint(chmod(closed, 0), ==, 0);
	g_assert_cmpint(chmod(path, 0), ==, 0);
	g_assert_cmpint(chmod(fixture->folder, 0755), ==, 0);
	cs_test_run_unprivileged(open_forbidden, fixture);
}

#define ADD(name, function)                                                                        \
	g_test_add("/directory-key/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("beside", test_beside);
	ADD("inside", test_inside);
	ADD("key-forms", test_key_forms);
	ADD("pkcs12", test_pkcs12);
	ADD("pkcs12-without-key", test_pkcs12_without_key);
	ADD("several-places", test_several_places);
	ADD("missing", test_missing);
	ADD("mismatch", test_mismatch);
	ADD("encrypted", test_encrypted);
	ADD("again", test_again);
	ADD("closed-later", test_closed_later);
	ADD("changed", test_changed);
	ADD("special-files", test_special_files);
	ADD("forbidden", test_forbidden);
	return g_test_run();
}
