/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/issuer.h"

#include <string.h>

#include "core/base/encoding.h"
#include "tests/fixtures/pki-fixture.h"

static CsIssuer *
issuer_of(CsTestIdentity *authority)
{
	g_autoptr(GError) error = NULL;
	CsIssuer *issuer = cs_issuer_new(cs_test_identity_get_certificate(authority), &error);
	g_assert_no_error(error);
	return issuer;
}

/* Asked twice: the remembered answer is the first one's. */
static void
assert_issued(CsIssuer *issuer, CsTestIdentity *identity, gboolean expected)
{
	CsCertificate *certificate = cs_test_identity_get_certificate(identity);
	g_assert_cmpint(cs_issuer_has_issued(issuer, certificate), ==, expected);
	g_assert_cmpint(cs_issuer_has_issued(issuer, certificate), ==, expected);
}

/* rule 5: by every way to sign */
static void
test_methods(void)
{
	static const struct {
		CsTestProfile authority;
		CsTestProfile leaf;
	} cases[] = {
		{{.key_kind = CS_KEY_KIND_RSA, .key_number = 1}, {0}},
		{{.key_kind = CS_KEY_KIND_RSA, .key_number = 1}, {.digest = "SHA384"}},
		{{.key_kind = CS_KEY_KIND_RSA, .key_number = 1}, {.digest = "SHA512"}},
		{{.key_kind = CS_KEY_KIND_RSA, .key_number = 1}, {.digest = "SHA224"}},
		{{.key_kind = CS_KEY_KIND_RSA, .key_number = 1}, {.digest = "SHA3-256"}},
		{{.key_kind = CS_KEY_KIND_RSA, .key_number = 1}, {.sha1 = TRUE}},
		{{.key_kind = CS_KEY_KIND_RSA, .key_number = 1}, {.pss = TRUE}},
		{{.key_kind = CS_KEY_KIND_RSA, .key_number = 1}, {.pss = TRUE, .digest = "SHA384"}},
		{{.key_kind = CS_KEY_KIND_RSA_PSS, .key_number = 1}, {0}},
		{{.key_kind = CS_KEY_KIND_P256}, {0}},
		{{.key_kind = CS_KEY_KIND_P256}, {.digest = "SHA512"}},
		{{.key_kind = CS_KEY_KIND_P256}, {.sha1 = TRUE}},
		{{.key_kind = CS_KEY_KIND_P384}, {.digest = "SHA384"}},
		{{.key_kind = CS_KEY_KIND_P521}, {.digest = "SHA224"}},
		{{.other_key = "secp256k1"}, {0}},
		{{.other_key = "ED25519"}, {0}},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		CsTestProfile profile = cases[i].authority;
		profile.ca = TRUE;
		g_autoptr(CsTestIdentity) authority = cs_test_identity_new(&profile, NULL);
		profile.key_number = profile.key_number != 0 ? 2 : 0;
		g_autoptr(CsTestIdentity) namesake = cs_test_identity_new(&profile, NULL);
		g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(&cases[i].leaf, authority);
		g_autoptr(CsTestIdentity) foreign = cs_test_identity_new(&cases[i].leaf, namesake);
		g_autoptr(CsIssuer) issuer = issuer_of(authority);
		g_test_message("case %" G_GSIZE_FORMAT, i);
		assert_issued(issuer, leaf, TRUE);
		/* rule 5: two issuers may bear one name */
		assert_issued(issuer, foreign, FALSE);
		g_assert_true(cs_issuer_get_certificate(issuer) ==
			      cs_test_identity_get_certificate(authority));
	}
}

/* A signature by one algorithm over a key of another kind. */
static void
test_kinds_of_key(void)
{
	static const CsTestProfile profiles[] = {
		{.ca = TRUE, .key_kind = CS_KEY_KIND_RSA, .key_number = 1},
		{.ca = TRUE, .key_kind = CS_KEY_KIND_RSA_PSS, .key_number = 1},
		{.ca = TRUE, .key_kind = CS_KEY_KIND_P256},
		{.ca = TRUE, .other_key = "ED25519"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(profiles); i++) {
		for (gsize k = 0; k < G_N_ELEMENTS(profiles); k++) {
			g_autoptr(CsTestIdentity) one = cs_test_identity_new(&profiles[i], NULL);
			g_autoptr(CsTestIdentity) other = cs_test_identity_new(&profiles[k], NULL);
			g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(NULL, one);
			g_autoptr(CsIssuer) issuer = issuer_of(other);
			g_test_message("%" G_GSIZE_FORMAT " by %" G_GSIZE_FORMAT, k, i);
			/* RSA keys are numbered: the same one where the kind is. */
			assert_issued(issuer, leaf, i == k && profiles[i].key_number != 0);
		}
	}
}

static GBytes *
sign_tbs(EVP_PKEY *key, const GByteArray *tbs)
{
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
	guint8 bits[1024] = {0};
	gsize length = sizeof(bits) - 1;

	g_assert_cmpint(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL), ==,
			1);
	g_assert_cmpint(EVP_DigestSign(context, bits + 1, &length, tbs->data, tbs->len), ==, 1);
	return g_bytes_new(bits, length + 1);
}

/* The identity's certificate under another AlgorithmIdentifier, signed anew by the same key. */
static CsCertificate *
relabel(CsTestIdentity *identity, CsTestIdentity *authority, const char *hex)
{
	g_autoptr(GBytes) label = cs_hex_decode(hex, NULL);
	g_autoptr(GByteArray) inner = g_byte_array_new();
	g_autoptr(GByteArray) tbs = g_byte_array_new();
	g_autoptr(GByteArray) whole = g_byte_array_new();
	CsDer old = cs_certificate_get_tbs(cs_test_identity_get_certificate(identity)), part,
	      contents;
	guint8 tag = 0;

	g_assert_true(cs_der_expect(&old, CS_DER_SEQUENCE, &contents, NULL));
	for (guint i = 0; contents.length > 0; i++) {
		CsDer rest;
		g_assert_true(cs_der_next(&contents, &tag, &rest, &part));
		if (i == 2)
			part.data = g_bytes_get_data(label, &part.length);
		g_byte_array_append(inner, part.data, (guint)part.length);
	}
	cs_der_append(tbs, CS_DER_SEQUENCE, inner->data, inner->len);
	g_autoptr(GBytes) bits = sign_tbs(cs_test_identity_get_pkey(authority), tbs);
	g_byte_array_set_size(inner, 0);
	g_byte_array_append(inner, tbs->data, tbs->len);
	g_byte_array_append(inner, g_bytes_get_data(label, NULL), (guint)g_bytes_get_size(label));
	cs_der_append(inner, CS_DER_BIT_STRING, g_bytes_get_data(bits, NULL),
		      g_bytes_get_size(bits));
	cs_der_append(whole, CS_DER_SEQUENCE, inner->data, inner->len);
	g_autoptr(GBytes) der = g_bytes_new(whole->data, whole->len);
	g_autoptr(GError) error = NULL;
	CsCertificate *certificate = cs_certificate_new(der, &error);
	g_assert_no_error(error);
	return certificate;
}

/* What the certificate says of its signature must be true to the letter. */
static void
test_labels(void)
{
	static const struct {
		const char *label;
		gboolean issued;
	} cases[] = {
		{"300a06082a8648ce3d040302", TRUE},
		{"300c06082a8648ce3d0403020500", FALSE},   /* with parameters */
		{"300a06082a8648ce3d040303", FALSE},	   /* SHA-384 */
		{"300d06092a864886f70d01010b0500", FALSE}, /* RSA with SHA-256 */
		{"300506032b6570", FALSE},		   /* Ed25519 */
		{"300406022a03", FALSE},		   /* unknown */
	};
	CsTestProfile profile = {.ca = TRUE};
	g_autoptr(CsTestIdentity) authority = cs_test_identity_new(&profile, NULL);
	g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(NULL, authority);
	g_autoptr(CsIssuer) issuer = issuer_of(authority);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(CsCertificate) certificate = relabel(leaf, authority, cases[i].label);
		g_assert_cmpint(cs_issuer_has_issued(issuer, certificate), ==, cases[i].issued);
	}
}

/* rule 5: by the name, compared as RFC 5280 section 7.1 says, and by the signature */
static void
test_names(void)
{
	CsTestProfile profile = {
		.ca = TRUE, .subject = "CN=Example  CA", .name_type = V_ASN1_PRINTABLESTRING};
	g_autoptr(CsTestIdentity) authority = cs_test_identity_new(&profile, NULL);
	g_autoptr(CsIssuer) issuer = issuer_of(authority);
	CsTestProfile folded = {.issuer_subject = "CN=EXAMPLE ca"};
	CsTestProfile another = {.issuer_subject = "CN=Another CA"};
	g_autoptr(CsTestIdentity) same = cs_test_identity_new(&folded, authority);
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(&another, authority);

	assert_issued(issuer, same, TRUE);
	assert_issued(issuer, other, FALSE);
	/* rules 13, 16: the issuer itself may have expired, and nothing above it is asked */
	CsTestProfile expired = {.ca = TRUE, .not_before = 1, .not_after = 2};
	g_autoptr(CsTestIdentity) old = cs_test_identity_new(&expired, authority);
	g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(NULL, old);
	g_autoptr(CsIssuer) old_issuer = issuer_of(old);
	assert_issued(old_issuer, leaf, TRUE);
}

/* Any bit turned in what is signed, or in the signature, ends it. */
static void
test_tampering(void)
{
	CsTestProfile profile = {.ca = TRUE};
	g_autoptr(CsTestIdentity) authority = cs_test_identity_new(&profile, NULL);
	g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(NULL, authority);
	g_autoptr(CsIssuer) issuer = issuer_of(authority);
	GBytes *der = cs_test_identity_get_der(leaf);
	gsize length = g_bytes_get_size(der);
	guint read = 0;

	for (gsize at = 0; at < length; at++) {
		g_autofree guint8 *turned = g_memdup2(g_bytes_get_data(der, NULL), length);
		turned[at] ^= 1;
		g_autoptr(GBytes) bytes = g_bytes_new(turned, length);
		g_autoptr(CsCertificate) certificate = cs_certificate_new(bytes, NULL);
		if (certificate == NULL)
			continue;
		read++;
		g_assert_false(cs_issuer_has_issued(issuer, certificate));
	}
	g_assert_cmpuint(read, >, 100);
}

/* More certificates than it remembers, of the right name and with one octet each that differs, signed
 * in a way that this issuer's key cannot: then it forgets, and answers as before. */
static void
test_forgets(void)
{
	CsTestProfile profile = {.ca = TRUE, .key_kind = CS_KEY_KIND_RSA, .key_number = 1};
	CsTestProfile other = {.ca = TRUE};
	g_autoptr(CsTestIdentity) authority = cs_test_identity_new(&profile, NULL);
	g_autoptr(CsTestIdentity) namesake = cs_test_identity_new(&other, NULL);
	g_autoptr(CsTestIdentity) good = cs_test_identity_new(NULL, authority);
	g_autoptr(CsTestIdentity) bad = cs_test_identity_new(NULL, namesake);
	g_autoptr(CsIssuer) issuer = issuer_of(authority);
	GBytes *der = cs_test_identity_get_der(bad);
	gsize length = g_bytes_get_size(der);
	g_autofree guint8 *copy = g_memdup2(g_bytes_get_data(der, NULL), length);

	assert_issued(issuer, good, TRUE);
	for (guint i = 0; i <= 65536; i++) {
		copy[length - 1] = (guint8)i;
		copy[length - 2] = (guint8)(i >> 8);
		copy[length - 3] = (guint8)(i >> 16);
		g_autoptr(GBytes) bytes = g_bytes_new(copy, length);
		g_autoptr(CsCertificate) certificate = cs_certificate_new(bytes, NULL);
		g_assert_nonnull(certificate);
		g_assert_false(cs_issuer_has_issued(issuer, certificate));
	}
	assert_issued(issuer, good, TRUE);
	assert_issued(issuer, bad, FALSE);
	cs_issuer_unref(NULL);
}

static void
test_unusable_key(void)
{
	CsTestProfile profile = {.ca = TRUE};
	g_autoptr(CsTestIdentity) authority = cs_test_identity_new(&profile, NULL);
	GBytes *der = cs_test_identity_get_der(authority);
	g_autofree guint8 *turned = g_memdup2(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
	GBytes *spki = cs_certificate_get_spki(cs_test_identity_get_certificate(authority));
	gsize spki_length = g_bytes_get_size(spki);
	guint8 *found =
		memmem(turned, g_bytes_get_size(der), g_bytes_get_data(spki, NULL), spki_length);
	g_autoptr(GError) error = NULL;

	g_assert_nonnull(found);
	found[spki_length - 1] ^= 1; /* off the curve */
	g_autoptr(GBytes) bytes = g_bytes_new(turned, g_bytes_get_size(der));
	g_autoptr(CsCertificate) certificate = cs_certificate_new(bytes, NULL);
	g_assert_nonnull(certificate);
	g_assert_null(cs_issuer_new(certificate, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNSUPPORTED);
}

typedef struct {
	CsIssuer *issuer;
	CsCertificate *good;
	CsCertificate *bad;
} Question;

static gpointer
ask_thread_cb(gpointer data)
{
	const Question *question = data;
	for (guint i = 0; i < 200; i++) {
		g_assert_true(cs_issuer_has_issued(question->issuer, question->good));
		g_assert_false(cs_issuer_has_issued(question->issuer, question->bad));
	}
	cs_issuer_unref(question->issuer);
	return NULL;
}

static void
test_threads(void)
{
	CsTestProfile profile = {.ca = TRUE};
	g_autoptr(CsTestIdentity) authority = cs_test_identity_new(&profile, NULL);
	g_autoptr(CsTestIdentity) namesake = cs_test_identity_new(&profile, NULL);
	g_autoptr(CsTestIdentity) good = cs_test_identity_new(NULL, authority);
	g_autoptr(CsTestIdentity) bad = cs_test_identity_new(NULL, namesake);
	g_autoptr(CsIssuer) issuer = issuer_of(authority);
	Question question = {issuer, cs_test_identity_get_certificate(good),
			     cs_test_identity_get_certificate(bad)};
	GThread *threads[8];

	for (guint i = 0; i < G_N_ELEMENTS(threads); i++) {
		cs_issuer_ref(issuer);
		threads[i] = g_thread_new("ask", ask_thread_cb, &question);
	}
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/issuer/methods", test_methods);
	g_test_add_func("/issuer/kinds-of-key", test_kinds_of_key);
	g_test_add_func("/issuer/labels", test_labels);
	g_test_add_func("/issuer/names", test_names);
	g_test_add_func("/issuer/tampering", test_tampering);
	g_test_add_func("/issuer/forgets", test_forgets);
	g_test_add_func("/issuer/unusable-key", test_unusable_key);
	g_test_add_func("/issuer/threads", test_threads);
	return g_test_run();
}
