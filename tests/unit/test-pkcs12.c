/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/pkcs12.h"
#include "tests/fixtures/pki-fixture.h"

typedef struct {
	CsTestIdentity *ca;
	CsTestIdentity *leaf;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile authority = {.ca = TRUE, .key_number = 1};
	fixture->ca = cs_test_identity_new(&authority, NULL);
	fixture->leaf = cs_test_identity_new(NULL, fixture->ca);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_identity_free(fixture->leaf);
	cs_test_identity_free(fixture->ca);
}

static GPtrArray *
certificates_of(GBytes *file, GError **error)
{
	return cs_pkcs12_decode_certificates(g_bytes_get_data(file, NULL), g_bytes_get_size(file),
					     error);
}

static GPtrArray *
keys_of(GBytes *file, GError **error)
{
	return cs_pkcs12_decode_keys(g_bytes_get_data(file, NULL), g_bytes_get_size(file), error);
}

/* A file with the encryption, key derivation rounds and MAC that a test wants. */
static GBytes *
make(Fixture *fixture, int key_nid, int certificate_nid, int rounds, int mac_rounds)
{
	g_autoptr(PKCS12) file = PKCS12_create("", NULL, cs_test_identity_get_pkey(fixture->leaf),
					       cs_test_identity_get_x509(fixture->leaf), NULL,
					       key_nid, certificate_nid, rounds, mac_rounds, 0);
	g_assert_nonnull(file);
	unsigned char *der = NULL;
	int length = i2d_PKCS12(file, &der);
	g_assert_cmpint(length, >, 0);
	GBytes *bytes = g_bytes_new(der, length);
	OPENSSL_free(der);
	return bytes;
}

static void
check_good(Fixture *fixture, GBytes *file, guint certificates)
{
	g_autoptr(GError) error = NULL;
	g_assert_true(cs_pkcs12_is_likely(g_bytes_get_data(file, NULL), g_bytes_get_size(file)));
	g_autoptr(GPtrArray) found = certificates_of(file, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(found->len, ==, certificates);
	g_autoptr(GPtrArray) keys = keys_of(file, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(keys->len, ==, 1);
	gboolean has_leaf = FALSE;
	for (guint i = 0; i < found->len; i++)
		has_leaf |= g_bytes_equal(cs_certificate_get_der(g_ptr_array_index(found, i)),
					  cs_test_identity_get_der(fixture->leaf));
	g_assert_true(has_leaf);
	g_assert_true(g_bytes_equal(
		cs_private_key_get_spki(g_ptr_array_index(keys, 0)),
		cs_certificate_get_spki(cs_test_identity_get_certificate(fixture->leaf))));
}

/* The absent password and the empty one are two in PKCS#12; both are none to people. */
static void
test_no_password(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GBytes) absent = cs_test_identity_dup_pkcs12(fixture->leaf, fixture->ca, NULL);
	g_autoptr(GBytes) empty = cs_test_identity_dup_pkcs12(fixture->leaf, fixture->ca, "");
	g_autoptr(GBytes) plain = make(fixture, -1, -1, 1, -1);
	g_autoptr(GBytes) elder = make(fixture, NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
				       NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 2048, 1);
	check_good(fixture, absent, 2);
	check_good(fixture, empty, 2);
	check_good(fixture, plain, 1);
	check_good(fixture, elder, 1);
}

static void
test_password(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GBytes) file = cs_test_identity_dup_pkcs12(fixture->leaf, NULL, "secret");
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) key_error = NULL;
	g_assert_null(certificates_of(file, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "pkcs12-password");
	g_assert_null(keys_of(file, &key_error));
	g_assert_error(key_error, CS_ERROR, CS_ERROR_KEY);
}

/* What a file may make us compute is bounded, wherever it hides the rounds. */
static void
test_too_many_rounds(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GBytes) mac = make(fixture, -1, -1, 1, 300000);
	/* Its password, "", is the second that is tried. */
	g_autoptr(GBytes) twice = make(fixture, -1, -1, 1, 150000);
	g_autoptr(GBytes) safe = make(fixture, -1, 0, 300000, 1);
	g_autoptr(GBytes) key = make(fixture, 0, -1, 300000, 1);
	g_autoptr(GError) mac_error = NULL;
	g_autoptr(GError) twice_error = NULL;
	g_autoptr(GError) safe_error = NULL;
	g_autoptr(GError) key_error = NULL;
	g_assert_null(certificates_of(mac, &mac_error));
	g_assert_error(mac_error, CS_ERROR, CS_ERROR_UNSUPPORTED);
	g_assert_null(certificates_of(twice, &twice_error));
	g_assert_error(twice_error, CS_ERROR, CS_ERROR_UNSUPPORTED);
	g_assert_null(certificates_of(safe, &safe_error));
	g_assert_error(safe_error, CS_ERROR, CS_ERROR_UNSUPPORTED);
	g_autoptr(GPtrArray) found = certificates_of(key, NULL);
	g_assert_nonnull(found);
	g_assert_null(keys_of(key, &key_error));
	g_assert_error(key_error, CS_ERROR, CS_ERROR_UNSUPPORTED);
}

/* RC2-40, which OpenSSL 3 keeps in its legacy provider, is refused in words. */
static void
test_unsupported(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) file = make(fixture, -1, -1, 1, -1);
	g_autofree guint8 *bytes = g_memdup2(g_bytes_get_data(file, NULL), g_bytes_get_size(file));
	/* the first safe's type: data, 1.2.840.113549.1.7.1, becomes signedData, .2 */
	static const guint8 data_type[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
	guint8 *outer = memmem(bytes, g_bytes_get_size(file), data_type, sizeof(data_type));
	g_assert_nonnull(outer);
	outer[sizeof(data_type) - 1] = 2;
	g_assert_null(cs_pkcs12_decode_certificates(bytes, g_bytes_get_size(file), &error));
	g_assert_nonnull(error);
}

/* Every prefix of a file, and every file with one byte changed, ends in an answer or an error. */
static void
test_malformed(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GBytes) file = make(fixture, -1, -1, 1, -1);
	gsize length = g_bytes_get_size(file);
	g_autofree guint8 *bytes = g_memdup2(g_bytes_get_data(file, NULL), length);
	for (gsize i = 0; i < length; i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(cs_pkcs12_decode_certificates(bytes, i, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	}
	for (gsize i = 0; i < length; i++) {
		g_autoptr(GError) error = NULL;
		bytes[i] ^= 0x41;
		g_autoptr(GPtrArray) found = cs_pkcs12_decode_keys(bytes, length, &error);
		g_assert_true((found == NULL) == (error != NULL));
		bytes[i] ^= 0x41;
	}
}

static void
test_likely(void)
{
	static const guint8 definite[] = {0x30, 0x82, 0x01, 0x00, 0x02, 0x01, 0x03};
	static const guint8 indefinite[] = {0x30, 0x80, 0x02, 0x01, 0x03};
	static const guint8 brief[] = {0x30, 0x05, 0x02, 0x01, 0x03};
	static const guint8 pkcs8[] = {0x30, 0x82, 0x01, 0x00, 0x02, 0x01, 0x00};
	static const guint8 certificate[] = {0x30, 0x82, 0x01, 0x00, 0x30, 0x82, 0x01};
	g_assert_true(cs_pkcs12_is_likely(definite, sizeof(definite)));
	g_assert_true(cs_pkcs12_is_likely(indefinite, sizeof(indefinite)));
	g_assert_true(cs_pkcs12_is_likely(brief, sizeof(brief)));
	g_assert_false(cs_pkcs12_is_likely(definite, sizeof(definite) - 1));
	g_assert_false(cs_pkcs12_is_likely(pkcs8, sizeof(pkcs8)));
	g_assert_false(cs_pkcs12_is_likely(certificate, sizeof(certificate)));
	g_assert_false(cs_pkcs12_is_likely("", 0));
	g_assert_false(cs_pkcs12_is_likely("0\xff", 2));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/pkcs12/no-password", Fixture, NULL, set_up, test_no_password, tear_down);
	g_test_add("/pkcs12/password", Fixture, NULL, set_up, test_password, tear_down);
	g_test_add("/pkcs12/too-many-rounds", Fixture, NULL, set_up, test_too_many_rounds,
		   tear_down);
	g_test_add("/pkcs12/unsupported", Fixture, NULL, set_up, test_unsupported, tear_down);
	g_test_add("/pkcs12/malformed", Fixture, NULL, set_up, test_malformed, tear_down);
	g_test_add_func("/pkcs12/likely", test_likely);
	return g_test_run();
}
