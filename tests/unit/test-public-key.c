/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/public-key.h"

#include <openssl/err.h>
#include <string.h>

#include "core/base/encoding.h"
#include "tests/fixtures/pki-fixture.h"

#define RSA_ALGORITHM "300d06092a864886f70d0101010500"

static CsDer
der_of(GBytes *bytes)
{
	CsDer der = {0};
	der.data = g_bytes_get_data(bytes, &der.length);
	return der;
}

static CsTestIdentity *
make(CsKeyKind kind, const char *other, int bits)
{
	CsTestProfile profile = {
		.key_kind = kind, .other_key = other, .rsa_bits = bits, .key_number = 1};
	return cs_test_identity_new(&profile, NULL);
}

static GBytes *
spki_of(EVP_PKEY *key)
{
	guint8 *data = NULL;
	int length = i2d_PUBKEY(key, &data);
	g_assert_cmpint(length, >, 0);
	GBytes *spki = g_bytes_new(data, (gsize)length);
	OPENSSL_free(data);
	return spki;
}

static void
test_kinds(void)
{
	static const struct {
		CsKeyKind kind;
		const char *other;
		guint bits;
		const char *group;
	} cases[] = {
		{CS_KEY_KIND_RSA, NULL, 2048, NULL},
		{CS_KEY_KIND_RSA, NULL, 1024, NULL},
		{CS_KEY_KIND_RSA, NULL, 2056, NULL},
		{CS_KEY_KIND_RSA_PSS, NULL, 2048, NULL},
		{CS_KEY_KIND_P256, NULL, 0, "prime256v1"},
		{CS_KEY_KIND_P384, NULL, 0, "secp384r1"},
		{CS_KEY_KIND_P521, NULL, 0, "secp521r1"},
		{CS_KEY_KIND_OTHER, "secp256k1", 0, NULL},
		{CS_KEY_KIND_OTHER, "ED25519", 0, NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(CsTestIdentity) identity =
			make(cases[i].kind, cases[i].other, (int)cases[i].bits);
		EVP_PKEY *key = cs_test_identity_get_pkey(identity);
		g_autoptr(GBytes) expected = spki_of(key);
		g_autoptr(GBytes) encoded = cs_public_key_encode(key, NULL);
		CsPublicKeyInfo info;

		g_assert_cmpint(cs_public_key_get_kind(key), ==, cases[i].kind);
		g_assert_true(g_bytes_equal(encoded, expected));
		g_assert_true(cs_public_key_read(der_of(encoded), &info));
		g_assert_cmpint(info.kind, ==, cases[i].kind);
		g_assert_cmpuint(info.bits, ==, cases[i].bits);
		g_assert_true(info.sane);
		g_assert_cmpstr(cs_public_key_get_group(info.kind), ==, cases[i].group);
		g_autoptr(EVP_PKEY) decoded = cs_public_key_decode(der_of(encoded), NULL);
		g_assert_cmpint(EVP_PKEY_eq(decoded, key), ==, 1);
	}
}

/* An integer with its first bit set needs a leading zero; one key in many has a short one. */
static void
test_many_curve_keys(void)
{
	for (guint i = 0; i < 300; i++) {
		g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
		g_autoptr(GBytes) expected = spki_of(key);
		g_autoptr(GBytes) encoded = cs_public_key_encode(key, NULL);
		g_assert_true(g_bytes_equal(encoded, expected));
	}
}

/* rule 15: the link is keyed on the encoding, so that one key must have only one */
static void
test_one_encoding(void)
{
	g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
	g_autoptr(GBytes) usual = cs_public_key_encode(key, NULL);
	CsPublicKeyInfo info;

	/* A compressed point. */
	g_assert_cmpint(EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed"), ==, 1);
	g_autoptr(GBytes) compressed = spki_of(key);
	g_assert_false(g_bytes_equal(compressed, usual));
	g_assert_true(cs_public_key_read(der_of(compressed), &info));
	g_assert_cmpint(info.kind, ==, CS_KEY_KIND_OTHER);
	g_autoptr(GBytes) again = cs_public_key_encode(key, NULL);
	g_assert_true(g_bytes_equal(again, usual));

	/* Both halves, and the compressed form's bit, too. */
	g_autofree guint8 *hybrid =
		g_memdup2(g_bytes_get_data(usual, NULL), g_bytes_get_size(usual));
	gsize point_at = g_bytes_get_size(usual) - 65;
	g_assert_cmpint(hybrid[point_at], ==, 0x04);
	hybrid[point_at] = 0x06 | (hybrid[g_bytes_get_size(usual) - 1] & 1);
	g_assert_true(cs_public_key_read((CsDer){hybrid, g_bytes_get_size(usual)}, &info));
	g_assert_cmpint(info.kind, ==, CS_KEY_KIND_OTHER);

	/* The curve by its parameters. */
	g_assert_cmpint(EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"), ==, 1);
	g_autoptr(GBytes) explicit = spki_of(key);
	g_assert_true(cs_public_key_read(der_of(explicit), &info));
	g_assert_cmpint(info.kind, ==, CS_KEY_KIND_OTHER);

	/* rsaEncryption without its NULL. */
	g_autoptr(CsTestIdentity) rsa = make(CS_KEY_KIND_RSA, NULL, 1024);
	g_autoptr(GBytes) with_null = spki_of(cs_test_identity_get_pkey(rsa));
	g_autofree char *hex =
		cs_hex_encode(g_bytes_get_data(with_null, NULL), g_bytes_get_size(with_null));
	g_autoptr(GString) text = g_string_new(hex);
	g_assert_cmpuint(g_string_replace(text, RSA_ALGORITHM, "300b06092a864886f70d010101", 1), ==,
			 1);
	g_assert_cmpuint(g_string_replace(text, "30819f", "30819d", 1), ==, 1);
	g_autoptr(GBytes) without = cs_hex_decode(text->str, NULL);
	g_assert_true(cs_public_key_read(der_of(without), &info));
	g_assert_cmpint(info.kind, ==, CS_KEY_KIND_OTHER);
}

/* Numbers that no RSA key has; written out as modulus and exponent. */
static void
test_insane_rsa(void)
{
	static const struct {
		const char *key; /* the BIT STRING's octets, all below 128 */
		CsKeyKind kind;
		gboolean sane;
	} cases[] = {
		{"3006020107020103", CS_KEY_KIND_RSA, TRUE},
		{"3006020106020103", CS_KEY_KIND_RSA, FALSE},		      /* even modulus */
		{"3006020107020101", CS_KEY_KIND_RSA, FALSE},		      /* exponent 1 */
		{"3006020107020104", CS_KEY_KIND_RSA, FALSE},		      /* even exponent */
		{"300e0201070209010000000000000001", CS_KEY_KIND_RSA, FALSE}, /* too large */
		{"3006020100020103", CS_KEY_KIND_OTHER, TRUE},		      /* zero */
		{"3006020187020103", CS_KEY_KIND_OTHER, TRUE},		      /* negative */
		{"300702020007020103", CS_KEY_KIND_OTHER, TRUE}, /* not in its shortest form */
		{"3003020107", CS_KEY_KIND_OTHER, TRUE},
		{"3009020107020103020105", CS_KEY_KIND_OTHER, TRUE},
		{"30060201070201030500", CS_KEY_KIND_OTHER, TRUE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		guint octets = (guint)strlen(cases[i].key) / 2;
		g_autofree char *hex = g_strdup_printf("30%02x" RSA_ALGORITHM "03%02x00%s",
						       octets + 18, octets + 1, cases[i].key);
		g_autoptr(GBytes) spki = cs_hex_decode(hex, NULL);
		g_autoptr(GError) error = NULL;
		CsPublicKeyInfo info;
		g_test_message("%s", cases[i].key);
		g_assert_true(cs_public_key_read(der_of(spki), &info));
		g_assert_cmpint(info.kind, ==, cases[i].kind);
		g_assert_cmpint(info.sane, ==, cases[i].sane);
		if (!cases[i].sane) {
			g_assert_null(cs_public_key_decode(der_of(spki), &error));
			g_assert_error(error, CS_ERROR, CS_ERROR_UNSUPPORTED);
		}
	}
}

static void
test_bad_point(void)
{
	g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
	g_autoptr(GBytes) spki = spki_of(key);
	g_autofree guint8 *off = g_memdup2(g_bytes_get_data(spki, NULL), g_bytes_get_size(spki));
	g_autoptr(GError) error = NULL;
	CsPublicKeyInfo info;

	off[g_bytes_get_size(spki) - 1] ^= 1; /* off the curve */
	CsDer der = {off, g_bytes_get_size(spki)};
	g_assert_true(cs_public_key_read(der, &info));
	g_assert_null(cs_public_key_decode(der, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNSUPPORTED);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "key-unsupported");
}

/* Keys of one curve are made from one that is kept: neither a refused point nor the next key changes
 * those before. */
static void
test_keys_of_one_curve(void)
{
	g_autoptr(EVP_PKEY) first = EVP_EC_gen("P-384");
	g_autoptr(EVP_PKEY) second = EVP_EC_gen("P-384");
	g_autoptr(GBytes) first_spki = spki_of(first);
	g_autoptr(GBytes) second_spki = spki_of(second);
	g_autoptr(EVP_PKEY) first_decoded = cs_public_key_decode(der_of(first_spki), NULL);
	g_autoptr(EVP_PKEY) second_decoded = NULL;
	guint8 nowhere[1 + 2 * 48] = {0x04};

	g_assert_null(cs_public_key_from_point(CS_KEY_KIND_P384, nowhere, sizeof(nowhere)));
	ERR_clear_error();
	second_decoded = cs_public_key_decode(der_of(second_spki), NULL);
	g_assert_cmpint(EVP_PKEY_eq(first_decoded, first), ==, 1);
	g_assert_cmpint(EVP_PKEY_eq(second_decoded, second), ==, 1);
	g_assert_cmpint(EVP_PKEY_eq(first_decoded, second_decoded), ==, 0);
}

/* OpenSSL reads such a key, and cannot write it. */
static void
test_negative_salt(void)
{
	static const guint8 salt[] = {0xa2, 0x03, 0x02, 0x01, 0x20};
	const CsTestProfile profile = {
		.key_kind = CS_KEY_KIND_RSA_PSS, .pss_digest = "SHA256", .key_number = 1};
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profile, NULL);
	g_autoptr(GBytes) spki = spki_of(cs_test_identity_get_pkey(identity));
	g_autofree guint8 *odd = g_memdup2(g_bytes_get_data(spki, NULL), g_bytes_get_size(spki));
	CsDer der = {odd, g_bytes_get_size(spki)};
	g_autoptr(EVP_PKEY) good = cs_public_key_decode(der, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_nonnull(good);
	guint8 *at = memmem(odd, der.length, salt, sizeof(salt));
	g_assert_nonnull(at);
	at[sizeof(salt) - 1] = 0xa4;
	g_assert_null(cs_public_key_decode(der, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNSUPPORTED);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "key-unsupported");
}

static void
test_malformed(void)
{
	static const char *const cases[] = {
		"",
		"3000",
		"30023000",
		"3006300403020001",
		"300c300506032b6570030100",   /* no key */
		"300b300506032b657003020101", /* ends within an octet */
		"300a300506032b65700301ff",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) spki = cs_hex_decode(cases[i], NULL);
		g_autoptr(GError) error = NULL;
		CsPublicKeyInfo info;
		g_assert_false(cs_public_key_read(der_of(spki), &info));
		g_assert_null(cs_public_key_decode(der_of(spki), &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_UNSUPPORTED);
	}
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/public-key/kinds", test_kinds);
	g_test_add_func("/public-key/many-curve-keys", test_many_curve_keys);
	g_test_add_func("/public-key/one-encoding", test_one_encoding);
	g_test_add_func("/public-key/insane-rsa", test_insane_rsa);
	g_test_add_func("/public-key/bad-point", test_bad_point);
	g_test_add_func("/public-key/keys-of-one-curve", test_keys_of_one_curve);
	g_test_add_func("/public-key/negative-salt", test_negative_salt);
	g_test_add_func("/public-key/malformed", test_malformed);
	return g_test_run();
}
