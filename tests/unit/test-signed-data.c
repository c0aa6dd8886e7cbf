/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/signed-data.h"

#include "tests/fixtures/revocation-fixture.h"

#include <string.h>

/* Something signed, whole: SEQUENCE { tbs, algorithm, signature, rest }. */
typedef struct {
	GBytes *whole;
	CsDer rest; /* of the SEQUENCE */
	CsDer contents;
	CsSignedData data;
} Signed;

static gboolean
read_signed(Signed *sample, const char *hex)
{
	CsDer der;

	sample->whole = cs_test_der_decode(hex);
	der.data = g_bytes_get_data(sample->whole, &der.length);
	return cs_der_expect(&der, CS_DER_SEQUENCE, &sample->rest, NULL) &&
	       cs_signed_data_read(&sample->rest, &sample->contents, &sample->data);
}

static void
signed_clear(Signed *sample)
{
	g_clear_pointer(&sample->whole, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Signed, signed_clear)

static const char *
make(CsTestIdentity *signer, const char *digest, const char *rest)
{
	return cs_test_der_sign("3003020101", cs_test_identity_get_pkey(signer), digest, rest);
}

static void
test_read(void)
{
	static const char *const bad[] = {
		"3000",
		"30053003020101",		      /* nothing signs it */
		"300d3003020101300406022a030302",     /* cut off */
		"300d3003020101300406022a030500",     /* no BIT STRING */
		"300f3003020101300406022a0303020107", /* bits that are none */
		"300f3103020101300406022a0303020000", /* no SEQUENCE is signed */
	};
	g_autoptr(CsTestIdentity) signer = cs_test_identity_new(NULL, NULL);
	g_auto(Signed) sample = {NULL};

	g_assert_true(read_signed(&sample, make(signer, NULL, "a000")));
	g_assert_cmpmem(sample.contents.data, sample.contents.length, "\x02\x01\x01", 3);
	g_assert_cmpuint(sample.data.tbs.length, ==, 5);
	g_assert_cmpmem(sample.rest.data, sample.rest.length, "\xa0\x00", 2);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_auto(Signed) other = {NULL};

		g_test_message("%s", bad[i]);
		g_assert_false(read_signed(&other, bad[i]));
	}
}

/* By each kind of key, and by nothing else than that key; not with a bit turned anywhere. */
static void
expect_verified(const CsTestProfile *profile)
{
	g_autoptr(CsTestIdentity) signer = cs_test_identity_new(profile, NULL);
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(NULL, NULL);
	EVP_PKEY *key = cs_test_identity_get_pkey(signer);
	g_auto(Signed) sample = {NULL};
	g_auto(Signed) bent = {NULL};
	g_autofree guint8 *signature = NULL;

	g_assert_true(read_signed(&sample, make(signer, NULL, NULL)));
	g_assert_true(cs_signed_data_verify(&sample.data, key));
	g_assert_false(cs_signed_data_verify(&sample.data, cs_test_identity_get_pkey(other)));
	g_assert_false(cs_signed_data_verify(&sample.data, NULL));
	signature = g_memdup2(sample.data.signature.data, sample.data.signature.length);
	signature[sample.data.signature.length - 1] ^= 1;
	bent.data = sample.data;
	bent.data.signature.data = signature;
	g_assert_false(cs_signed_data_verify(&bent.data, key));
	bent.data = sample.data;
	bent.data.tbs.length--;
	g_assert_false(cs_signed_data_verify(&bent.data, key));
}

static void
test_verify(void)
{
	expect_verified(NULL);
	expect_verified(&(CsTestProfile){.key_kind = CS_KEY_KIND_P384});
	expect_verified(&(CsTestProfile){.key_kind = CS_KEY_KIND_RSA, .key_number = 1});
}

/* SHA-1 never verifies, and what is not known does not. */
static void
test_weak(void)
{
	g_autoptr(CsTestIdentity) signer = cs_test_identity_new(NULL, NULL);
	EVP_PKEY *key = cs_test_identity_get_pkey(signer);
	g_auto(Signed) weak = {NULL};
	g_auto(Signed) unknown = {NULL};

	g_assert_true(read_signed(&weak, make(signer, "SHA1", NULL)));
	g_assert_false(cs_signed_data_verify(&weak.data, key));
	g_assert_true(read_signed(&unknown, make(signer, NULL, NULL)));
	unknown.data.algorithm = (CsDer){(const guint8 *)"\x30\x04\x06\x02\x2a\x03", 6};
	g_assert_false(cs_signed_data_verify(&unknown.data, key));
}

/* A CRL's own signature, as RSASSA-PSS writes it with its parameters. */
static void
test_pss(void)
{
	g_autoptr(CsTestIdentity) signer = cs_test_identity_new(
		&(CsTestProfile){.key_kind = CS_KEY_KIND_RSA, .key_number = 1, .ca = TRUE}, NULL);
	g_autoptr(CsTestIdentity) issued =
		cs_test_identity_new(&(CsTestProfile){.pss = TRUE}, signer);
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(
		&(CsTestProfile){.key_kind = CS_KEY_KIND_RSA, .key_number = 2}, NULL);
	GBytes *der = cs_test_identity_get_der(issued);
	CsDer whole, sequence, contents;
	CsSignedData data;

	whole.data = g_bytes_get_data(der, &whole.length);
	g_assert_true(cs_der_expect(&whole, CS_DER_SEQUENCE, &sequence, NULL));
	g_assert_true(cs_signed_data_read(&sequence, &contents, &data));
	g_assert_true(cs_signed_data_verify(&data, cs_test_identity_get_pkey(signer)));
	g_assert_false(cs_signed_data_verify(&data, cs_test_identity_get_pkey(other)));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/signed-data/read", test_read);
	g_test_add_func("/signed-data/verify", test_verify);
	g_test_add_func("/signed-data/weak", test_weak);
	g_test_add_func("/signed-data/pss", test_pss);
	return g_test_run();
}
