/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/encoding.h"
#include "core/pki/issuer.h"
#include "core/pki/name-string.h"
#include "core/pki/name.h"
#include "core/pki/pem.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* The walk over DER: certificates, their names and keys. Each input is read as a certificate, as a
 * file of certificates, as a Name and as a public key. */

static void
check_within(CsDer whole, CsDer part)
{
	if (part.length == 0)
		return;
	g_assert_true(part.data >= whole.data);
	g_assert_cmpuint((gsize)(part.data - whole.data), <=, whole.length);
	g_assert_cmpuint(part.length, <=, whole.length - (gsize)(part.data - whole.data));
}

/* ---- names ---- */

static GString *
fold(guint8 tag, CsDer contents)
{
	GString *folded = g_string_new(NULL);
	g_assert_true(cs_name_string_fold(tag, contents, folded));
	return folded;
}

static void
free_string(GString *string)
{
	g_string_free(string, TRUE);
}

/* What is equal to itself in another encoding, and once folded stays as it is. */
static void
check_string(guint8 tag, CsDer contents)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GString) refused = g_string_new("before");

	if (!cs_name_string_decode(tag, contents, text)) {
		g_assert_false(cs_name_string_fold(tag, contents, refused));
		g_assert_cmpstr(refused->str, ==, "before");
		return;
	}
	g_assert_true(g_utf8_validate_len(text->str, text->len, NULL));
	GString *folded = fold(tag, contents);
	GString *from_text =
		fold(CS_DER_UTF8_STRING, (CsDer){(const guint8 *)text->str, text->len});
	GString *again =
		fold(CS_DER_UTF8_STRING, (CsDer){(const guint8 *)folded->str, folded->len});
	g_assert_true(g_string_equal(folded, from_text));
	g_assert_true(g_string_equal(folded, again));
	free_string(folded);
	free_string(from_text);
	free_string(again);
}

static void
check_strings(CsDer name)
{
	CsDer rdns, rdn, member, contents;
	guint8 tag;

	g_assert_true(cs_der_expect(&name, CS_DER_SEQUENCE, &rdns, NULL));
	while (cs_der_expect(&rdns, CS_DER_SET, &rdn, NULL)) {
		while (cs_der_expect(&rdn, CS_DER_SEQUENCE, &member, NULL)) {
			g_assert_true(cs_der_expect(&member, CS_DER_OID, &contents, NULL));
			g_assert_true(cs_der_next(&member, &tag, &contents, NULL));
			check_string(tag, contents);
		}
	}
}

static void
check_name(CsDer name)
{
	g_autoptr(GBytes) canonical = cs_name_canonicalise(name);
	g_autoptr(GBytes) again = cs_name_canonicalise(name);
	g_autofree char *text = cs_name_format(name);
	gboolean well_formed = cs_name_is_well_formed(name);

	g_assert_cmpint(well_formed, ==, canonical != NULL);
	g_assert_cmpint(well_formed, ==, text != NULL);
	if (!well_formed)
		return;
	g_assert_true(g_bytes_equal(canonical, again));
	g_assert_true(g_utf8_validate(text, -1, NULL));
	check_strings(name);
}

/* ---- keys ---- */

/* The decoded key is the one that was read: encoded again it is the same bytes. */
static void
check_key(CsDer spki)
{
	CsPublicKeyInfo info;
	g_autoptr(GError) error = NULL;
	gboolean is_read = cs_public_key_read(spki, &info);
	g_autoptr(EVP_PKEY) key = cs_public_key_decode(spki, &error);

	if (key == NULL)
		cs_fuzz_check_error(error);
	if (!is_read)
		return;
	check_within(spki, info.modulus);
	check_within(spki, info.exponent);
	check_within(spki, info.point);
	if (key == NULL || info.kind == CS_KEY_KIND_OTHER)
		return;
	g_assert_cmpint(cs_public_key_get_kind(key), ==, info.kind);
	if (info.kind == CS_KEY_KIND_RSA || info.kind == CS_KEY_KIND_RSA_PSS)
		g_assert_cmpint(EVP_PKEY_get_bits(key), ==, (int)info.bits);
	g_autoptr(GBytes) encoded = cs_public_key_encode(key, NULL);
	g_assert_nonnull(encoded);
	if (info.kind != CS_KEY_KIND_RSA_PSS) /* whose defaults have two encodings */
		g_assert_cmpmem(g_bytes_get_data(encoded, NULL), g_bytes_get_size(encoded),
				spki.data, spki.length);
}

/* ---- certificates ---- */

static void
check_roles(CsCertificate *certificate)
{
	g_autofree char *no_client = NULL;
	g_autofree char *no_authority = NULL;
	gboolean is_client = cs_certificate_is_client(certificate, &no_client);
	gboolean is_authority = cs_certificate_is_authority(certificate, &no_authority);

	g_assert_cmpint(is_client, ==, no_client == NULL);
	g_assert_cmpint(is_authority, ==, no_authority == NULL);
	g_assert_false(is_client && is_authority);
	if (is_client) /* rule 5's keys */
		g_assert_cmpint(cs_certificate_get_key_kind(certificate), !=, CS_KEY_KIND_OTHER);
	if (no_client != NULL)
		g_assert_true(g_utf8_validate(no_client, -1, NULL));
	if (no_authority != NULL)
		g_assert_true(g_utf8_validate(no_authority, -1, NULL));
}

static void
check_texts(CsCertificate *certificate)
{
	const char *serial = cs_certificate_get_serial(certificate);

	g_assert_cmpuint(strlen(cs_certificate_get_fingerprint(certificate)), ==,
			 CS_SHA256_HEX_LENGTH);
	g_assert_cmpuint(strlen(cs_certificate_get_key_fingerprint(certificate)), ==,
			 CS_SHA256_HEX_LENGTH);
	g_assert_cmpuint(strlen(serial), >=, 2);
	g_assert_cmpuint(strspn(serial, "-0123456789abcdef"), ==, strlen(serial));
	g_assert_true(g_utf8_validate(cs_certificate_get_issuer_text(certificate), -1, NULL));
	g_assert_true(g_utf8_validate(cs_certificate_get_subject_text(certificate), -1, NULL));
	g_assert_nonnull(cs_certificate_get_issuer_name(certificate));
	g_assert_nonnull(cs_certificate_get_subject_name(certificate));
}

static void
check_issuer(CsCertificate *certificate)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsIssuer) issuer = cs_issuer_new(certificate, &error);

	if (issuer == NULL) {
		g_assert_error(error, CS_ERROR, CS_ERROR_UNSUPPORTED);
		return;
	}
	gboolean has_issued = cs_issuer_has_issued(issuer, certificate);
	g_assert_cmpint(cs_issuer_has_issued(issuer, certificate), ==, has_issued);
	if (has_issued)
		g_assert_true(g_bytes_equal(cs_certificate_get_issuer_name(certificate),
					    cs_certificate_get_subject_name(certificate)));
}

static void
check_pem(const CsCertificate *certificate)
{
	g_autofree char *pem = cs_certificate_to_pem(certificate);
	g_autoptr(GBytes) file = g_bytes_new(pem, strlen(pem));
	g_autoptr(GPtrArray) decoded = cs_certificates_decode(file, NULL);

	g_assert_nonnull(decoded);
	g_assert_cmpuint(decoded->len, ==, 1);
	g_assert_true(g_bytes_equal(cs_certificate_get_der(g_ptr_array_index(decoded, 0)),
				    cs_certificate_get_der(certificate)));
}

/* What OpenSSL reads, too, it reads alike; where it calls the extensions inconsistent (a path length
 * without cA, say) it says nothing of them. */
static void
check_against_openssl(CsCertificate *certificate)
{
	CsDer whole = cs_fuzz_der_of(cs_certificate_get_der(certificate));
	const guint8 *data = whole.data;
	g_autoptr(X509) x509 = d2i_X509(NULL, &data, (long)whole.length);
	struct tm parts;

	if (x509 == NULL)
		return;
	g_assert_cmpint(ASN1_TIME_to_tm(X509_get0_notBefore(x509), &parts), ==, 1);
	g_assert_cmpint(timegm(&parts), ==, cs_certificate_get_not_before(certificate));
	g_assert_cmpint(ASN1_TIME_to_tm(X509_get0_notAfter(x509), &parts), ==, 1);
	g_assert_cmpint(timegm(&parts), ==, cs_certificate_get_not_after(certificate));
	if ((X509_get_extension_flags(x509) & EXFLAG_INVALID) != 0)
		return;
	if (cs_certificate_is_authority(certificate, NULL))
		g_assert_true((X509_get_extension_flags(x509) & EXFLAG_CA) != 0);
	if (cs_certificate_is_client(certificate, NULL))
		g_assert_true((X509_get_key_usage(x509) & KU_DIGITAL_SIGNATURE) != 0);
}

static void
check_certificate(CsCertificate *certificate)
{
	CsDer whole = cs_fuzz_der_of(cs_certificate_get_der(certificate));

	g_assert_cmpuint(whole.length, <=, CS_CERTIFICATE_MAX_BYTES);
	check_within(whole, cs_certificate_get_tbs(certificate));
	check_within(whole, cs_certificate_get_signature(certificate));
	check_within(whole, cs_fuzz_der_of(cs_certificate_get_spki(certificate)));
	check_texts(certificate);
	check_roles(certificate);
	check_issuer(certificate);
	check_pem(certificate);
	check_key(cs_fuzz_der_of(cs_certificate_get_spki(certificate)));
	check_against_openssl(certificate);
}

/* The names as they stand in it: the walk's third and fifth elements behind the version. */
static void
check_certificate_names(CsCertificate *certificate)
{
	CsDer tbs = cs_certificate_get_tbs(certificate);
	CsDer inner, contents, whole;
	guint8 tag;

	g_assert_true(cs_der_expect(&tbs, CS_DER_SEQUENCE, &inner, NULL));
	for (guint i = 0; cs_der_next(&inner, &tag, &contents, &whole); i++) {
		if (tag == CS_DER_SEQUENCE && cs_name_is_well_formed(whole))
			check_name(whole);
	}
}

static void
run(const guint8 *data, gsize size)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) file_error = NULL;
	g_autoptr(CsCertificate) certificate = cs_certificate_new(bytes, &error);
	g_autoptr(GPtrArray) several = cs_certificates_decode(bytes, &file_error);

	if (certificate != NULL)
		g_assert_true(several != NULL && several->len == 1);
	else
		cs_fuzz_check_error(error);
	if (several == NULL)
		cs_fuzz_check_error(file_error);
	for (guint i = 0; several != NULL && i < several->len; i++) {
		check_certificate(g_ptr_array_index(several, i));
		check_certificate_names(g_ptr_array_index(several, i));
	}
	check_name((CsDer){data, size});
	check_key((CsDer){data, size});
}

/* ---- seeds ---- */

static void
add_certificate(GPtrArray *seeds, const CsTestProfile *profile)
{
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(profile, NULL);
	CsCertificate *certificate = cs_test_identity_get_certificate(identity);
	CsDer tbs = cs_certificate_get_tbs(certificate);
	CsDer inner, contents, whole;
	guint8 tag;

	cs_fuzz_add_bytes(seeds, cs_test_identity_get_der(identity));
	cs_fuzz_add_bytes(seeds, cs_certificate_get_spki(certificate));
	g_assert_true(cs_der_expect(&tbs, CS_DER_SEQUENCE, &inner, NULL));
	while (cs_der_next(&inner, &tag, &contents, &whole)) {
		g_autoptr(GBytes) part = g_bytes_new(whole.data, whole.length);
		if (cs_name_is_well_formed(whole))
			cs_fuzz_add_bytes(seeds, part);
	}
}

static void
make_seeds(GPtrArray *seeds)
{
	static const CsTestProfile profiles[] = {
		{.key_number = 1},
		{.key_number = 1, .ca = TRUE},
		{.key_number = 1, .version_1 = TRUE},
		{.key_number = 1, .key_kind = CS_KEY_KIND_RSA},
		{.key_number = 1, .key_kind = CS_KEY_KIND_RSA, .pss = TRUE},
		{.key_number = 1, .key_kind = CS_KEY_KIND_RSA_PSS, .pss_digest = "SHA256"},
		{.key_number = 1, .key_kind = CS_KEY_KIND_P384, .digest = "SHA384"},
		{.key_number = 1, .key_kind = CS_KEY_KIND_P521, .digest = "SHA512"},
		{.key_number = 1, .other_key = "ED25519"},
		{.key_number = 1, .other_key = "secp256k1", .sha1 = TRUE},
		{.key_number = 1, .extra_oid = "1.2.3.4", .extra_critical = TRUE},
		{.key_number = 1, .extended_key_usage = "empty", .key_usage = "absent"},
		{.key_number = 1, .not_after = G_GINT64_CONSTANT(4102444800)},
		{.key_number = 1,
		 .subject = "CN=Stra\xc3\x9f"
			    "e  \xef\xac\x81,O=\xc3\x85ngstr\xc3\xb6m,emailAddress=a@b.example"},
		{.key_number = 1, .subject = "CN=A  b", .name_type = V_ASN1_BMPSTRING},
		{.key_number = 1,
		 .subject_hex = "30133111300f06035504031c080000004100000062"}, /* UniversalString */
		{.key_number = 1, .subject = "CN=A  b", .name_type = V_ASN1_T61STRING},
		/* Two members in one set. */
		{.key_number = 1,
		 .subject_hex = "301c311a300b06035504030c044465736b300b060355040b0c045465616d"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(profiles); i++)
		add_certificate(seeds, &profiles[i]);
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profiles[0], NULL);
	const char *pem = cs_test_identity_get_pem(identity);
	g_autofree char *twice = g_strconcat("words\n", pem, "\r\nmore\n", pem, NULL);
	cs_fuzz_add_text(seeds, twice);
}

static const char *const vectors[] = {"fuzz-corpora/cert_corpus",
				      "fuzz-corpora/parse_certificate_fuzzer_corpus",
				      "fuzz-corpora/pkcs8_corpus", "pki/parse_certificate", NULL};
const CsFuzzTarget cs_fuzz_target = {"der", CS_CERTIFICATE_MAX_BYTES + 256, run, make_seeds,
				     vectors};
