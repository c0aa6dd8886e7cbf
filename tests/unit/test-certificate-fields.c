/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/certificate-fields.h"

#include <string.h>

#include "core/base/encoding.h"
#include "core/pki/certificate.h"
#include "core/pki/pem.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fixtures/vectors.h"

static CsDer
der_of(GBytes *bytes)
{
	CsDer der = {0};
	der.data = g_bytes_get_data(bytes, &der.length);
	return der;
}

/* ---- one certificate, taken apart and put together with one part changed ---- */

typedef enum {
	PART_VERSION,
	PART_SERIAL,
	PART_ALGORITHM,
	PART_ISSUER,
	PART_VALIDITY,
	PART_SUBJECT,
	PART_SPKI,
	PART_EXTENSIONS,
	TBS_PARTS,
	PART_OUTER_ALGORITHM = TBS_PARTS,
	PART_SIGNATURE,
	PARTS,
} Part;

typedef struct {
	GByteArray *parts[PARTS];
} Pieces;

static GByteArray *
copy_of(CsDer der)
{
	GByteArray *copy = g_byte_array_new();
	g_byte_array_append(copy, der.data, (guint)der.length);
	return copy;
}

static void
take_apart(Pieces *pieces)
{
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(NULL, NULL);
	CsDer der = der_of(cs_test_identity_get_der(identity)), sequence, tbs, contents, whole;
	guint8 tag = 0;

	g_assert_true(cs_der_expect(&der, CS_DER_SEQUENCE, &sequence, NULL));
	g_assert_true(cs_der_expect(&sequence, CS_DER_SEQUENCE, &tbs, NULL));
	for (Part i = PART_VERSION; i < TBS_PARTS; i++) {
		g_assert_true(cs_der_next(&tbs, &tag, &contents, &whole));
		pieces->parts[i] = copy_of(whole);
	}
	for (Part i = PART_OUTER_ALGORITHM; i < PARTS; i++) {
		g_assert_true(cs_der_next(&sequence, &tag, &contents, &whole));
		pieces->parts[i] = copy_of(whole);
	}
}

static void
pieces_clear(Pieces *pieces)
{
	for (Part i = 0; i < PARTS; i++)
		g_byte_array_unref(pieces->parts[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pieces, pieces_clear)

static GBytes *
put_together(const Pieces *pieces)
{
	g_autoptr(GByteArray) tbs = g_byte_array_new();
	g_autoptr(GByteArray) both = g_byte_array_new();
	GByteArray *certificate = g_byte_array_new();

	for (Part i = PART_VERSION; i < TBS_PARTS; i++)
		g_byte_array_append(tbs, pieces->parts[i]->data, pieces->parts[i]->len);
	cs_der_append(both, CS_DER_SEQUENCE, tbs->data, tbs->len);
	for (Part i = PART_OUTER_ALGORITHM; i < PARTS; i++)
		g_byte_array_append(both, pieces->parts[i]->data, pieces->parts[i]->len);
	cs_der_append(certificate, CS_DER_SEQUENCE, both->data, both->len);
	return g_byte_array_free_to_bytes(certificate);
}

static gboolean
reads(const Pieces *pieces, CsCertificateFields *fields)
{
	g_autoptr(GBytes) der = put_together(pieces);
	return cs_certificate_fields_read(der_of(der), fields);
}

static void
replace(Pieces *pieces, Part part, const char *hex)
{
	g_autoptr(GBytes) bytes = cs_hex_decode(hex, NULL);
	g_assert_nonnull(bytes);
	g_byte_array_set_size(pieces->parts[part], 0);
	g_byte_array_append(pieces->parts[part], g_bytes_get_data(bytes, NULL),
			    (guint)g_bytes_get_size(bytes));
}

static void
test_parts(void)
{
	static const struct {
		Part part;
		const char *hex;
		gboolean good;
	} cases[] = {
		{PART_VERSION, "a003020102", TRUE},
		{PART_VERSION, "a003020100", FALSE},	 /* version 1, said */
		{PART_VERSION, "a003020103", FALSE},	 /* version 4 */
		{PART_VERSION, "a003020101", FALSE},	 /* version 2 has no extensions */
		{PART_VERSION, "", FALSE},		 /* nor has version 1 */
		{PART_VERSION, "a00402020002", FALSE},	 /* not in its shortest form */
		{PART_VERSION, "a0050201020500", FALSE}, /* something behind it */
		{PART_SERIAL, "020100", TRUE},
		{PART_SERIAL, "020180", TRUE},
		{PART_SERIAL, "0200", FALSE},
		{PART_SERIAL, "02020001", FALSE},
		{PART_SERIAL, "040101", FALSE},
		{PART_ALGORITHM, "300a06082a8648ce3d040303", FALSE}, /* not the outer one */
		{PART_OUTER_ALGORITHM, "300a06082a8648ce3d040303", FALSE},
		{PART_OUTER_ALGORITHM, "300c06082a8648ce3d0403020500", FALSE},
		{PART_OUTER_ALGORITHM, "3000", FALSE},
		{PART_ISSUER, "3000", TRUE},
		{PART_ISSUER, "30023100", FALSE},
		{PART_ISSUER, "0500", FALSE},
		{PART_SUBJECT, "3000", TRUE},
		{PART_SUBJECT, "30023100", FALSE},
		{PART_VALIDITY, "301e170d3230303130313030303030305a170d3230303130313030303030305a",
		 TRUE},
		{PART_VALIDITY, "300f170d3230303130313030303030305a", FALSE},
		{PART_VALIDITY,
		 "3020170d3230303130313030303030305a170d3230303130313030303030305a0500", FALSE},
		{PART_VALIDITY, "301c170b323030313031303030305a170d3230303130313030303030305a",
		 FALSE},
		{PART_SPKI, "3000", FALSE},
		{PART_SPKI, "300a300506032b65700301ff", FALSE},
		{PART_SPKI, "300b300506032b657003020001", TRUE}, /* of some other kind */
		{PART_SPKI, "300d300506032b6570030200010500", FALSE},
		{PART_SIGNATURE, "03020001", TRUE},
		{PART_SIGNATURE, "03020101", FALSE}, /* ends within an octet */
		{PART_SIGNATURE, "030100", FALSE},
		{PART_SIGNATURE, "04020001", FALSE},
		{PART_SIGNATURE, "030200010500", FALSE},
		{PART_EXTENSIONS, "", TRUE},
		{PART_EXTENSIONS, "810200ff", TRUE}, /* issuerUniqueID alone */
		{PART_EXTENSIONS, "810108", FALSE},
		{PART_EXTENSIONS, "820100810100", FALSE}, /* in the wrong order */
		{PART_EXTENSIONS, "8401ff", FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(Pieces) pieces = {{NULL}};
		CsCertificateFields fields;
		take_apart(&pieces);
		g_assert_true(reads(&pieces, &fields));
		replace(&pieces, cases[i].part, cases[i].hex);
		g_test_message("%s", cases[i].hex);
		g_assert_cmpint(reads(&pieces, &fields), ==, cases[i].good);
	}
}

/* Wraps hexadecimal extensions into the field that holds them. What *fields lends is gone then. */
static gboolean
reads_extensions(const char *hex, CsCertificateFields *fields)
{
	g_auto(Pieces) pieces = {{NULL}};
	g_autoptr(GBytes) bytes = cs_hex_decode(hex, NULL);
	g_autoptr(GByteArray) sequence = g_byte_array_new();

	take_apart(&pieces);
	cs_der_append(sequence, CS_DER_SEQUENCE, g_bytes_get_data(bytes, NULL),
		      g_bytes_get_size(bytes));
	g_byte_array_set_size(pieces.parts[PART_EXTENSIONS], 0);
	cs_der_append(pieces.parts[PART_EXTENSIONS], CS_DER_CONTEXT_CONSTRUCTED(3), sequence->data,
		      sequence->len);
	return reads(&pieces, fields);
}

static void
test_extensions(void)
{
	static const struct {
		const char *hex;
		gboolean good;
	} cases[] = {
		{"", FALSE}, /* an empty list */
		{"30070603551d0e0400", TRUE},
		{"30070603551d0e040030070603551d0e0400", FALSE}, /* twice */
		{"300a0603551d0e0101ff0400", TRUE},
		{"300a0603551d0e0101000400", FALSE}, /* FALSE, said */
		{"300a0603551d0e0101010400", FALSE}, /* another truth */
		{"30050603551d0e", FALSE},	     /* without a value */
		{"30070603551d0e0300", FALSE},	     /* no octets */
		{"30090603551d0e04000500", FALSE},   /* something behind it */
		{"3006060255800400", FALSE},	     /* a broken OID */
		/* keyUsage */
		{"300b0603551d0f040403020780", TRUE},
		{"300b0603551d0f0404030207ff", FALSE}, /* unused bits set */
		{"300b0603551d0f040403020880", FALSE}, /* eight of them */
		{"300a0603551d0f0403030100", TRUE},
		{"300a0603551d0f0403030101", FALSE},
		{"300d0603551d0f0406030207800500", FALSE},
		{"30090603551d0f04020300", FALSE},
		/* extendedKeyUsage */
		{"30090603551d2504023000", TRUE},
		{"300b0603551d25040430020600", FALSE},
		{"300b0603551d25040430020500", FALSE},
		/* basicConstraints */
		{"30090603551d1304023000", TRUE},
		{"300c0603551d13040530030101ff", TRUE},
		{"300c0603551d1304053003010100", TRUE}, /* FALSE, said: seen in the wild */
		{"300c0603551d1304053003010101", FALSE},
		{"300f0603551d13040830060101ff020100", TRUE},
		{"300f0603551d13040830060101ff0201ff", FALSE}, /* negative */
		{"30100603551d13040930070101ff020200ff", TRUE},
		{"30100603551d13040930070101ff02020100", FALSE}, /* 256 */
		{"30110603551d13040a30080101ff0201000500", FALSE},
	};
	CsCertificateFields fields;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].hex);
		g_assert_cmpint(reads_extensions(cases[i].hex, &fields), ==, cases[i].good);
	}
}

static void
test_many_extensions(void)
{
	g_autoptr(GString) hex = g_string_new(NULL);
	CsCertificateFields fields;

	for (guint i = 0; i < 64; i++)
		g_string_append_printf(hex, "300606022a%02x0400", i);
	g_assert_true(reads_extensions(hex->str, &fields));
	g_string_append(hex, "300606022b010400");
	g_assert_false(reads_extensions(hex->str, &fields));
}

/* rule 5: what the questions are asked of */
static void
test_flags(void)
{
	CsCertificateFields fields;

	g_assert_true(reads_extensions("300b0603551d0f040403020780", &fields));
	g_assert_true(fields.has_key_usage && fields.may_sign && !fields.may_sign_certificates);
	g_assert_true(reads_extensions("300b0603551d0f040403020204", &fields));
	g_assert_true(fields.has_key_usage && !fields.may_sign && fields.may_sign_certificates);
	g_assert_true(reads_extensions("300a0603551d0f0403030100", &fields));
	g_assert_true(fields.has_key_usage && !fields.may_sign);
	g_assert_true(reads_extensions("30130603551d25040c300a06082b06010505070302", &fields));
	g_assert_true(fields.has_extended_key_usage && fields.may_authenticate);
	g_assert_true(reads_extensions("30130603551d25040c300a06082b06010505070301", &fields));
	g_assert_true(fields.has_extended_key_usage && !fields.may_authenticate);
	g_assert_true(reads_extensions("300f0603551d25040830060604551d2500", &fields));
	g_assert_true(fields.has_extended_key_usage && fields.may_authenticate);
	g_assert_true(reads_extensions("30090603551d2504023000", &fields));
	g_assert_true(fields.has_extended_key_usage && !fields.may_authenticate);
	g_assert_true(reads_extensions("300c0603551d13040530030101ff", &fields));
	g_assert_true(fields.is_ca);
	g_assert_true(reads_extensions("300906022a030101ff0400", &fields));
	g_assert_cmpuint(fields.unknown_critical.length, ==, 2);
	g_assert_true(reads_extensions("300606022a030400", &fields));
	g_assert_cmpuint(fields.unknown_critical.length, ==, 0);
}

/* Cut anywhere, or with any bit turned, it is refused or read, and nothing is read past its end
 * (the sanitizers see to that). */
static void
test_damage(void)
{
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(NULL, NULL);
	CsDer der = der_of(cs_test_identity_get_der(identity));
	CsCertificateFields fields;

	for (gsize length = 0; length < der.length; length++) {
		g_autofree guint8 *cut = g_memdup2(der.data, length);
		g_assert_false(cs_certificate_fields_read((CsDer){cut, length}, &fields));
	}
	for (gsize bit = 0; bit < der.length * 8; bit++) {
		g_autofree guint8 *turned = g_memdup2(der.data, der.length);
		turned[bit / 8] ^= (guint8)(1 << bit % 8);
		g_autoptr(GBytes) bytes = g_bytes_new(turned, der.length);
		g_autoptr(CsCertificate) certificate = cs_certificate_new(bytes, NULL);
		if (certificate != NULL)
			cs_certificate_get_subject_text(certificate);
	}
}

/* ---- public test data ---- */

/* Everything that can be asked, and what OpenSSL answers where it reads the same bytes. */
static void
ask_everything(CsCertificate *certificate)
{
	GBytes *der = cs_certificate_get_der(certificate);
	gsize length = 0;
	const guint8 *data = g_bytes_get_data(der, &length);
	g_autofree char *why_no_client = NULL;
	g_autofree char *why_no_authority = NULL;

	g_assert_nonnull(cs_certificate_get_fingerprint(certificate));
	g_assert_nonnull(cs_certificate_get_key_fingerprint(certificate));
	g_assert_nonnull(cs_certificate_get_issuer_name(certificate));
	g_assert_nonnull(cs_certificate_get_subject_name(certificate));
	g_assert_true(g_utf8_validate(cs_certificate_get_issuer_text(certificate), -1, NULL));
	g_assert_true(g_utf8_validate(cs_certificate_get_subject_text(certificate), -1, NULL));
	g_assert_cmpint(cs_certificate_is_client(certificate, &why_no_client), ==,
			why_no_client == NULL);
	g_assert_cmpint(cs_certificate_is_authority(certificate, &why_no_authority), ==,
			why_no_authority == NULL);
	cs_certificate_get_public_key(certificate, NULL);

	g_autoptr(X509) x509 = d2i_X509(NULL, &data, (long)length);
	if (x509 == NULL)
		return;
	struct tm parts;
	g_assert_cmpint(ASN1_TIME_to_tm(X509_get0_notBefore(x509), &parts), ==, 1);
	g_assert_cmpint(timegm(&parts), ==, cs_certificate_get_not_before(certificate));
	g_assert_cmpint(ASN1_TIME_to_tm(X509_get0_notAfter(x509), &parts), ==, 1);
	g_assert_cmpint(timegm(&parts), ==, cs_certificate_get_not_after(certificate));
	g_autoptr(BIGNUM) serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
	g_autoptr(BIGNUM) ours = NULL;
	g_assert_cmpint(BN_hex2bn(&ours, cs_certificate_get_serial(certificate)), >, 0);
	g_assert_cmpint(BN_cmp(ours, serial), ==, 0);
	if (cs_certificate_is_authority(certificate, NULL))
		g_assert_true((X509_get_extension_flags(x509) & EXFLAG_CA) != 0);
	if (cs_certificate_is_client(certificate, NULL))
		g_assert_true((X509_get_key_usage(x509) & KU_DIGITAL_SIGNATURE) != 0);
}

/* SEQUENCE { OCTET STRING of one byte }, which stands for a part that a case is not about. */
static gboolean
is_placeholder(CsDer whole)
{
	return whole.length == 5 && memcmp(whole.data, "\x30\x03\x04\x01", 4) == 0;
}

/* What to put in place of an element: a real part where it is a placeholder. */
static CsDer
fill_in(guint8 tag, CsDer contents, CsDer whole, const Pieces *real, Part *next)
{
	static const Part order[] = {PART_ALGORITHM, PART_ISSUER, PART_SUBJECT, PART_SPKI};
	Part part = PARTS;

	if (tag == CS_DER_CONTEXT_CONSTRUCTED(3) && is_placeholder(contents))
		part = PART_EXTENSIONS;
	else if (is_placeholder(whole) && *next < G_N_ELEMENTS(order))
		part = order[(*next)++];
	return part == PARTS ? whole : (CsDer){real->parts[part]->data, real->parts[part]->len};
}

/* The test data gives some cases as their inner part alone. */
static GBytes *
wrap_tbs(const guint8 *data, gsize length)
{
	g_auto(Pieces) real = {{NULL}};
	g_autoptr(GByteArray) inner = g_byte_array_new();
	g_autoptr(GByteArray) both = g_byte_array_new();
	GByteArray *certificate = g_byte_array_new();
	CsDer der = {data, length}, tbs, contents, whole, algorithm = {0};
	guint8 tag = 0;
	Part next = 0;

	take_apart(&real);
	g_assert_true(cs_der_expect(&der, CS_DER_SEQUENCE, &tbs, NULL));
	while (cs_der_next(&tbs, &tag, &contents, &whole)) {
		CsDer part = fill_in(tag, contents, whole, &real, &next);
		if (tag == CS_DER_SEQUENCE && algorithm.length == 0)
			algorithm = part;
		g_byte_array_append(inner, part.data, (guint)part.length);
	}
	g_byte_array_append(inner, tbs.data, (guint)tbs.length);
	cs_der_append(both, CS_DER_SEQUENCE, inner->data, inner->len);
	g_byte_array_append(both, algorithm.data, (guint)algorithm.length);
	cs_der_append(both, CS_DER_BIT_STRING, "\0\x01", 2);
	cs_der_append(certificate, CS_DER_SEQUENCE, both->data, both->len);
	return g_byte_array_free_to_bytes(certificate);
}

typedef struct {
	gboolean found;
	gboolean expected;
	gboolean accepted;
} Case;

static void
read_case(const char *path, Case *result)
{
	g_autoptr(GBytes) file = cs_test_read_file(path);
	gsize left = 0;
	const char *at = g_bytes_get_data(file, &left);
	CsPemBlock block;

	*result = (Case){FALSE, TRUE, FALSE};
	while (cs_pem_next(&at, &left, &block)) {
		gsize length = 0;
		g_autofree guint8 *data = cs_pem_decode(&block, &length);
		g_autoptr(GBytes) der = NULL;
		if (cs_pem_is(&block, "ERRORS") && data != NULL &&
		    memmem(data, length, "ERROR:", strlen("ERROR:")) != NULL)
			result->expected = FALSE;
		if (cs_pem_is(&block, "CERTIFICATE"))
			der = g_bytes_new(data, length);
		else if (cs_pem_is(&block, "TBS CERTIFICATE"))
			der = wrap_tbs(data, length);
		if (der == NULL)
			continue;
		g_autoptr(CsCertificate) certificate = cs_certificate_new(der, NULL);
		result->found = TRUE;
		result->accepted = certificate != NULL;
		if (certificate != NULL)
			ask_everything(certificate);
	}
}

static void
test_parse_certificate(void)
{
	g_autofree char *folder = cs_test_find_vectors("pki/parse_certificate");
	if (folder == NULL)
		return;
	g_autoptr(GPtrArray) paths = cs_test_list_files(folder, ".pem");
	g_autoptr(GHashTable) differences = cs_test_read_differences("vectors.md", "Certificates");
	guint differing = 0;

	for (guint i = 0; i < paths->len; i++) {
		const char *path = g_ptr_array_index(paths, i);
		g_autofree char *name = g_path_get_basename(path);
		Case result;
		read_case(path, &result);
		gboolean differs = result.expected != result.accepted;
		differing += differs ? 1 : 0;
		if (!result.found || differs != g_hash_table_contains(differences, name)) {
			g_test_message("%s: expected %s, %s", name,
				       result.expected ? "good" : "bad",
				       result.accepted ? "accepted" : "refused");
			g_test_fail();
		}
	}
	g_test_message("%u files, %u deliberate differences", paths->len, differing);
	g_assert_cmpuint(differing, ==, g_hash_table_size(differences));
}

static void
test_corpus(gconstpointer data)
{
	g_autofree char *folder = cs_test_find_vectors(data);
	if (folder == NULL)
		return;
	g_autoptr(GPtrArray) paths = cs_test_list_files(folder, NULL);
	guint accepted = 0;

	for (guint i = 0; i < paths->len; i++) {
		g_autoptr(GBytes) der = cs_test_read_file(g_ptr_array_index(paths, i));
		g_autoptr(GError) error = NULL;
		g_autoptr(CsCertificate) certificate = cs_certificate_new(der, &error);
		if (certificate == NULL) {
			g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
			continue;
		}
		accepted++;
		ask_everything(certificate);
	}
	g_test_message("%u files, %u certificates", paths->len, accepted);
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/certificate-fields/parts", test_parts);
	g_test_add_func("/certificate-fields/extensions", test_extensions);
	g_test_add_func("/certificate-fields/many-extensions", test_many_extensions);
	g_test_add_func("/certificate-fields/flags", test_flags);
	g_test_add_func("/certificate-fields/damage", test_damage);
	g_test_add_func("/certificate-fields/vectors/parse-certificate", test_parse_certificate);
	g_test_add_data_func("/certificate-fields/vectors/cert-corpus", "fuzz-corpora/cert_corpus",
			     test_corpus);
	g_test_add_data_func("/certificate-fields/vectors/parse-certificate-corpus",
			     "fuzz-corpora/parse_certificate_fuzzer_corpus", test_corpus);
	return g_test_run();
}
