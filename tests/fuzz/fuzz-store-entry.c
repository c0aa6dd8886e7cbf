/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/keys/private-key.h"
#include "core/pki/public-key.h"
#include "core/store/pkcs12.h"
#include "core/store/store-file.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* A file of a directory store: certificates and keys, PEM, DER or PKCS#12, as a scan reads it and as
 * the way to its key does. */

#define MAX_SIGNING_SPKI_BYTES 600 /* RSA of 4096 bits; the cost of larger keys is their owner's */

static void
check_certificates(const CsStoreFile *file)
{
	g_assert_cmpuint(file->certificates->len, >, 0);
	for (guint i = 0; i < file->certificates->len; i++) {
		CsCertificate *certificate = g_ptr_array_index(file->certificates, i);
		g_assert_cmpuint(g_bytes_get_size(cs_certificate_get_der(certificate)), <=,
				 CS_CERTIFICATE_MAX_BYTES);
		g_assert_nonnull(cs_certificate_get_fingerprint(certificate));
	}
}

/* A key that was taken can be named and asked to sign; its signature, where it makes one, is one of
 * its algorithm. That it verifies, and so that the halves belong together, is rule 7's. */
static void
check_key(CsPrivateKey *key)
{
	g_autoptr(GError) error = NULL;
	GBytes *spki = cs_private_key_get_spki(key);
	CsDer der = {0};
	CsPublicKeyInfo info;

	der.data = g_bytes_get_data(spki, &der.length);
	g_assert_true(cs_public_key_read(der, &info));
	g_assert_cmpint(info.kind, !=, CS_KEY_KIND_OTHER);
	if (der.length > MAX_SIGNING_SPKI_BYTES)
		return;
	g_autoptr(GBytes) signature = cs_private_key_sign(key, "countersign", 11, &error);
	if (signature == NULL) {
		cs_fuzz_check_error(error);
		return;
	}
	g_assert_cmpuint(g_bytes_get_size(signature), >=, 64);
	cs_signature_verify(cs_private_key_get_pkey(key), cs_private_key_get_algorithm(key),
			    "countersign", 11, g_bytes_get_data(signature, NULL),
			    g_bytes_get_size(signature), NULL);
}

static void
try_key(CsDer content)
{
	g_autoptr(CsSecret) secret = cs_secret_new(content.data, content.length);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsPrivateKey) key = cs_private_key_new_from_data(secret, &error);

	if (key != NULL)
		check_key(key);
	else
		cs_fuzz_check_error(error);
}

static void
try_blocks(CsDer content)
{
	CsDer whole = content;
	CsDer block = {0};

	while (cs_store_file_next_key(&content, &block)) {
		g_assert_true(block.data >= whole.data);
		g_assert_true(block.data + block.length <= whole.data + whole.length);
		try_key(block);
	}
}

static void
try_pkcs12_keys(CsDer content)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) keys = cs_pkcs12_decode_keys(content.data, content.length, &error);

	if (keys == NULL)
		cs_fuzz_check_error(error);
	for (guint i = 0; keys != NULL && i < keys->len; i++)
		check_key(g_ptr_array_index(keys, i));
}

static void
run(const guint8 *data, gsize size)
{
	CsDer content = {data, size};
	g_auto(CsStoreFile) file = {0};
	CsDer rest = content;
	CsDer block;

	cs_store_file_decode(content, &file);
	if (file.certificates != NULL && !(file.is_pkcs12 && file.why != NULL))
		check_certificates(&file);
	if (file.certificates == NULL && file.why == NULL) /* a plain key file */
		g_assert_true(cs_store_file_next_key(&rest, &block));
	if (file.why != NULL)
		g_assert_true(g_utf8_validate(file.why, -1, NULL));
	if (file.is_pkcs12)
		try_pkcs12_keys(content);
	else
		try_blocks(content);
	try_key(content);
}

/* ---- seeds ---- */

static void
add_key_files(GPtrArray *seeds, CsTestIdentity *identity, CsTestKeyForm form)
{
	g_autofree char *key = cs_test_identity_dup_key_pem(identity, form, NULL);
	g_autofree char *locked = cs_test_identity_dup_key_pem(identity, form, "pw");
	g_autofree char *both = g_strconcat(key, cs_test_identity_get_pem(identity), NULL);
	g_autoptr(GBytes) der = cs_test_identity_dup_key_der(identity, form);

	cs_fuzz_add_text(seeds, key);
	cs_fuzz_add_text(seeds, locked);
	cs_fuzz_add_text(seeds, both);
	cs_fuzz_add_bytes(seeds, der);
}

static void
add_bundles(GPtrArray *seeds, CsTestIdentity *identity, CsTestIdentity *issuer)
{
	static const char *const passwords[] = {NULL, "", "pw"};

	for (gsize i = 0; i < G_N_ELEMENTS(passwords); i++) {
		g_autoptr(GBytes) bundle =
			cs_test_identity_dup_pkcs12(identity, issuer, passwords[i]);
		cs_fuzz_add_bytes(seeds, bundle);
	}
}

/* Not encrypted (-1), and the encryption of old; without a MAC, too. */
static void
add_odd_bundle(GPtrArray *seeds, CsTestIdentity *identity, int nid, int mac_rounds)
{
	g_autoptr(PKCS12) file = PKCS12_create("", NULL, cs_test_identity_get_pkey(identity),
					       cs_test_identity_get_x509(identity), NULL, nid, nid,
					       1, mac_rounds, 0);
	guint8 *der = NULL;

	g_assert_nonnull(file);
	int length = i2d_PKCS12(file, &der);
	g_assert_cmpint(length, >, 0);
	g_autoptr(GBytes) bytes = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	cs_fuzz_add_bytes(seeds, bytes);
}

static void
make_seeds(GPtrArray *seeds)
{
	static const CsTestProfile profiles[] = {
		{.key_number = 1},
		{.key_number = 1, .key_kind = CS_KEY_KIND_RSA},
		{.key_number = 1, .key_kind = CS_KEY_KIND_P521},
	};
	const CsTestProfile authority = {.key_number = 2, .ca = TRUE};
	g_autoptr(CsTestIdentity) issuer = cs_test_identity_new(&authority, NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(profiles); i++) {
		g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profiles[i], issuer);
		const char *pem = cs_test_identity_get_pem(identity);
		g_autofree char *chain = g_strconcat(
			pem, cs_test_identity_get_pem(issuer),
			"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NULL);
		add_key_files(seeds, identity, CS_TEST_KEY_PKCS8);
		add_key_files(seeds, identity, CS_TEST_KEY_TRADITIONAL);
		cs_fuzz_add_text(seeds, pem);
		cs_fuzz_add_text(seeds, chain);
		cs_fuzz_add_bytes(seeds, cs_test_identity_get_der(identity));
		add_bundles(seeds, identity, issuer);
		add_odd_bundle(seeds, identity, -1, -1);
		add_odd_bundle(seeds, identity, -1, 1);
		add_odd_bundle(seeds, identity, NID_aes_256_cbc, 1);
		add_odd_bundle(seeds, identity, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 1);
	}
	cs_fuzz_add_text(seeds, "# nothing\n");
}

static const char *const vectors[] = {"fuzz-corpora/cert_corpus", "fuzz-corpora/pkcs8_corpus",
				      NULL};
const CsFuzzTarget cs_fuzz_target = {"store-entry", 16384, run, make_seeds, vectors};
