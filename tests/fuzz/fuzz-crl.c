/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-crl.h"
#include "core/pki/certificate-extension.h"
#include "core/pki/distribution-point.h"
#include "tests/fixtures/revocation-fixture.h"
#include "tests/fuzz/fuzz.h"

#include <openssl/x509v3.h>
#include <string.h>

/* CRLs, and what they say of two certificates. An input is a file as cs_crls_decode() reads it; then
 * a row of CRLs that are signed here by their issuer, so that the fuzzer works on what is signed; or
 * the value of an issuingDistributionPoint, which is put into such a CRL. OpenSSL reads what was
 * believed, and has to agree; it does not decide, for it takes more than we do. */

#define NOW	      CS_TEST_CRL_NOW
#define MAX_URLS      16
#define MAX_IN_ROW    3
#define SCOPE_MAX     1024
#define LEEWAY_S      60
#define OID_SCOPE_DER "\x06\x03\x55\x1d\x1c\x01\x01\xff" /* and critical */

typedef enum {
	CERTIFICATE_PLAIN,
	CERTIFICATE_WITH_POINT,
	CERTIFICATE_COUNT,
} CertificateNumber;

/* The same in every process, or a corpus would mean nothing in the next one. */
static CsTestIdentity *authority;
static CsTestIdentity *deputy; /* signs CRLs in the authority's place */
static CsTestIdentity *certificates[CERTIFICATE_COUNT];
static CsIssuer *issuer;
static GPtrArray *deputies;
static GBytes *empty_crl;

static void
ensure_identities(void)
{
	static const CsTestProfile of_authority = {.fixed_key = 1, .ca = TRUE, .serial_hex = "01"};
	static const CsTestProfile of_deputy = {.fixed_key = 2,
						.serial_hex = "02",
						.subject = "CN=Test CA",
						.key_usage = "cRLSign",
						.extended_key_usage = "absent"};
	static const CsTestProfile of_certificates[CERTIFICATE_COUNT] = {
		{.fixed_key = 3, .serial_hex = "1001"},
		/* cRLDistributionPoints of http://a/ */
		{.fixed_key = 3,
		 .serial_hex = "1002",
		 .extra_oid = "2.5.29.31",
		 .extra_hex = "3011300fa00da00b8609687474703a2f2f612f"},
	};

	if (authority != NULL)
		return;
	authority = cs_test_identity_new(&of_authority, NULL);
	deputy = cs_test_identity_new(&of_deputy, authority);
	for (guint i = 0; i < CERTIFICATE_COUNT; i++)
		certificates[i] = cs_test_identity_new(&of_certificates[i], authority);
	issuer = cs_issuer_new(cs_test_identity_get_certificate(authority), NULL);
	g_assert_nonnull(issuer);
	deputies = g_ptr_array_new();
	g_ptr_array_add(deputies, cs_test_identity_get_certificate(deputy));
	empty_crl = cs_test_crl_new(NULL, authority);
}

static GPtrArray *
new_crls(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)cs_crl_unref);
}

/* A set takes its CRLs for itself. */
static CsCrlSet *
new_set(GPtrArray *ders, GPtrArray *signers)
{
	g_autoptr(GPtrArray) crls = new_crls();

	for (guint i = 0; i < ders->len; i++) {
		CsCrl *crl = cs_crl_new(g_ptr_array_index(ders, i), NULL);
		g_assert_nonnull(crl);
		g_ptr_array_add(crls, crl);
	}
	return cs_crl_set_new(issuer, crls, signers);
}

static CsRevocationAnswer
decide(const CsCrlSet *set, CsTestIdentity *certificate, gint64 now)
{
	const CsRevocationLimits limits = {.now = now};
	CsRevocationAnswer answer;

	cs_crl_set_decide(set, cs_test_identity_get_certificate(certificate), &limits, &answer);
	g_assert_nonnull(answer.detail);
	return answer;
}

/* ---- as OpenSSL reads it ---- */

static gboolean
is_removed(const X509_REVOKED *entry)
{
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	gboolean removed =
		reason != NULL && ASN1_ENUMERATED_get(reason) == CRL_REASON_REMOVE_FROM_CRL;

	ASN1_ENUMERATED_free(reason);
	return removed;
}

static gboolean
has_entry(X509_CRL *crl, CsTestIdentity *certificate, gboolean removed)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cs_test_identity_get_x509(certificate));
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);

	for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
		X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
		if (ASN1_INTEGER_cmp(X509_REVOKED_get0_serialNumber(entry), serial) == 0 &&
		    is_removed(entry) == removed)
			return TRUE;
	}
	return FALSE;
}

static gboolean
is_current(const X509_CRL *crl)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

	return ASN1_TIME_cmp_time_t(X509_CRL_get0_lastUpdate(crl), NOW + LEEWAY_S) <= 0 &&
	       (next == NULL || ASN1_TIME_cmp_time_t(next, NOW) >= 0);
}

static gboolean
is_signed(X509_CRL *crl)
{
	return X509_CRL_verify(crl, cs_test_identity_get_pkey(authority)) == 1 ||
	       X509_CRL_verify(crl, cs_test_identity_get_pkey(deputy)) == 1;
}

static X509_CRL *
decode(GBytes *der)
{
	gsize length = 0;
	const guint8 *data = g_bytes_get_data(der, &length);
	return d2i_X509_CRL(NULL, &data, (long)length);
}

/* Whoever is revoked is listed; whoever is good is not listed by one, or listed no more. */
static void
check_answer(GPtrArray *ders, CsTestIdentity *certificate, CsRevocation status)
{
	gboolean listed = FALSE, unlisted = FALSE, removed = FALSE;

	for (guint i = 0; i < ders->len; i++) {
		g_autoptr(X509_CRL) crl = decode(g_ptr_array_index(ders, i));
		if (crl == NULL || !is_signed(crl) || !is_current(crl))
			continue;
		gboolean lists = has_entry(crl, certificate, FALSE);
		listed = listed || lists;
		unlisted = unlisted || !lists;
		removed = removed || has_entry(crl, certificate, TRUE);
	}
	if (status == CS_REVOCATION_REVOKED)
		g_assert_true(listed);
	if (status == CS_REVOCATION_GOOD)
		g_assert_true(unlisted || removed);
}

/* ---- what holds of every CRL that was believed ---- */

/* What the walk lists is found. */
static void
check_found(const CsCrl *crl)
{
	CsDer rest = cs_crl_get_fields(crl)->entries;
	CsCrlEntry entry;

	while (cs_crl_entry_next(&rest, &entry)) {
		CsCrlListing listing = cs_crl_find(crl, entry.serial);
		g_assert_true(listing == CS_CRL_LISTED ||
			      (entry.removed && listing == CS_CRL_REMOVED));
	}
	g_assert_cmpuint(rest.length, ==, 0);
}

static void
check_set(GPtrArray *ders, const CsCrlSet *set)
{
	g_assert_cmpuint(cs_crl_set_get_length(set), ==, ders->len);
	for (guint i = 0; i < ders->len; i++) {
		if (cs_crl_set_get_problem(set, i) != NULL)
			continue;
		g_autoptr(X509_CRL) crl = decode(g_ptr_array_index(ders, i));
		g_assert_nonnull(crl);
		g_assert_true(is_signed(crl));
		check_found(cs_crl_set_get_crl(set, i));
	}
}

/* Where it says that its delta CRL is: few addresses, and of those that are ever fetched. */
static void
check_pointer(const CsCrlFields *fields)
{
	g_autoptr(GPtrArray) urls = cs_distribution_point_list_urls(fields->freshest);

	g_assert_cmpuint(urls->len, <=, MAX_URLS);
	for (guint i = 0; i < urls->len; i++)
		g_assert_true(g_str_has_prefix(g_ptr_array_index(urls, i), "http"));
}

/* With one bit of the signature turned nothing is believed, nor past the end of its time; and one that
 * points to a delta CRL never says good alone. */
static void
check_alone(GBytes *der, CsTestIdentity *certificate, gint64 valid_until)
{
	g_autoptr(GPtrArray) good = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_autoptr(GPtrArray) bad = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	CsCrlFields fields;

	g_assert_true(cs_crl_fields_read(cs_fuzz_der_of(der), &fields));
	check_pointer(&fields);
	g_ptr_array_add(good, g_bytes_ref(der));
	g_ptr_array_add(bad, cs_fuzz_spoil(der, fields.signed_data.signature));
	g_autoptr(CsCrlSet) set = new_set(good, deputies);
	g_autoptr(CsCrlSet) spoilt = new_set(bad, deputies);
	g_assert_cmpint(decide(spoilt, certificate, NOW).status, ==, CS_REVOCATION_UNKNOWN);
	g_assert_true(fields.freshest.length == 0 ||
		      decide(set, certificate, NOW).status == CS_REVOCATION_REVOKED);
	g_assert_cmpint(valid_until, >=, NOW);
	g_assert_cmpint(decide(set, certificate, valid_until).status, !=, CS_REVOCATION_UNKNOWN);
	g_assert_cmpint(decide(set, certificate, valid_until + 1).status, ==,
			CS_REVOCATION_UNKNOWN);
}

static void
run_set(GPtrArray *ders)
{
	g_autoptr(CsCrlSet) set = new_set(ders, deputies);

	check_set(ders, set);
	for (guint i = 0; i < CERTIFICATE_COUNT; i++) {
		CsRevocationAnswer answer = decide(set, certificates[i], NOW);
		if (answer.status == CS_REVOCATION_UNKNOWN)
			continue;
		check_answer(ders, certificates[i], answer.status);
		if (ders->len == 1)
			check_alone(g_ptr_array_index(ders, 0), certificates[i],
				    answer.valid_until);
	}
}

/* ---- the three forms ---- */

static gboolean
add_signed(GPtrArray *ders, CsDer tbs, CsTestIdentity *signer)
{
	g_autoptr(GBytes) der = cs_fuzz_sign(tbs, (CsDer){0}, cs_test_identity_get_pkey(signer));
	g_autoptr(CsCrl) crl = cs_crl_new(der, NULL);

	if (crl == NULL)
		return FALSE;
	g_ptr_array_add(ders, g_bytes_ref(der));
	return TRUE;
}

/* What the authority's deputy signs counts as the authority's own word where the administrator has put
 * its certificate beside it, and only there. */
static void
check_deputy(CsDer tbs)
{
	g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

	g_assert_true(add_signed(own, tbs, authority));
	g_assert_true(add_signed(others, tbs, deputy));
	g_autoptr(CsCrlSet) by_authority = new_set(own, NULL);
	g_autoptr(CsCrlSet) by_deputy = new_set(others, deputies);
	g_autoptr(CsCrlSet) by_nobody = new_set(others, NULL);
	for (guint i = 0; i < CERTIFICATE_COUNT; i++) {
		CsRevocationAnswer answer = decide(by_authority, certificates[i], NOW);
		g_assert_cmpint(decide(by_deputy, certificates[i], NOW).status, ==, answer.status);
		g_assert_cmpint(decide(by_nobody, certificates[i], NOW).status, ==,
				CS_REVOCATION_UNKNOWN);
	}
}

static void
run_row(CsDer row)
{
	g_autoptr(GPtrArray) ders = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	CsDer contents, tbs_contents, tbs;

	while (ders->len < MAX_IN_ROW && cs_der_expect(&row, CS_DER_SEQUENCE, &contents, NULL) &&
	       cs_der_expect(&contents, CS_DER_SEQUENCE, &tbs_contents, &tbs)) {
		if (add_signed(ders, tbs, authority))
			check_deputy(tbs);
	}
	if (ders->len > 0)
		run_set(ders);
}

/* The empty CRL's, with one extension more. */
static GBytes *
make_scoped(CsDer scope)
{
	CsDer whole = cs_fuzz_der_of(empty_crl);
	CsDer outer, inner;
	g_autoptr(GByteArray) extension = g_byte_array_new();
	g_autoptr(GByteArray) list = g_byte_array_new();
	g_autoptr(GByteArray) extensions = g_byte_array_new();
	g_autoptr(GByteArray) contents = g_byte_array_new();
	GByteArray *tbs = g_byte_array_new();

	g_assert_true(cs_der_expect(&whole, CS_DER_SEQUENCE, &outer, NULL));
	g_assert_true(cs_der_expect(&outer, CS_DER_SEQUENCE, &inner, NULL));
	g_byte_array_append(extension, (const guint8 *)OID_SCOPE_DER, sizeof(OID_SCOPE_DER) - 1);
	cs_der_append(extension, CS_DER_OCTET_STRING, scope.data, scope.length);
	cs_der_append(list, CS_DER_SEQUENCE, extension->data, extension->len);
	cs_der_append(extensions, CS_DER_SEQUENCE, list->data, list->len);
	g_byte_array_append(contents, inner.data, (guint)inner.length);
	cs_der_append(contents, CS_DER_CONTEXT_CONSTRUCTED(0), extensions->data, extensions->len);
	cs_der_append(tbs, CS_DER_SEQUENCE, contents->data, contents->len);
	return g_byte_array_free_to_bytes(tbs);
}

static void
run_scope(CsDer scope)
{
	g_autoptr(GBytes) tbs = make_scoped(scope);
	g_autoptr(GPtrArray) ders = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

	if (add_signed(ders, cs_fuzz_der_of(tbs), authority))
		run_set(ders);
}

/* As it comes: whoever signed it, it was not with these keys, or it was before. */
static void
run_file(GBytes *file)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) beside = NULL;
	g_autoptr(GPtrArray) crls = cs_crls_decode(file, &beside, &error);
	g_autoptr(GPtrArray) ders = g_ptr_array_new();

	if (crls == NULL) {
		cs_fuzz_check_error(error);
		g_assert_null(beside);
		return;
	}
	g_assert_nonnull(beside);
	for (guint i = 0; i < crls->len; i++)
		g_ptr_array_add(ders, cs_crl_get_der(g_ptr_array_index(crls, i)));
	run_set(ders);
}

static void
run(const guint8 *data, gsize size)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);

	ensure_identities();
	run_file(bytes);
	run_row((CsDer){data, size});
	if (size <= SCOPE_MAX)
		run_scope((CsDer){data, size});
}

/* ---- seeds ---- */

static void
add_pem(GPtrArray *seeds, GBytes *der)
{
	g_autofree char *base64 =
		g_base64_encode(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
	g_autofree char *text =
		g_strconcat("-----BEGIN X509 CRL-----\n", base64, "\n-----END X509 CRL-----\n",
			    cs_test_identity_get_pem(deputy), NULL);

	cs_fuzz_add_text(seeds, text);
}

static void
add_row(GPtrArray *seeds, const CsTestCrlProfile *first, const CsTestCrlProfile *second)
{
	g_autoptr(GBytes) a = cs_test_crl_new(first, authority);
	g_autoptr(GBytes) b = cs_test_crl_new(second, authority);
	GByteArray *row = g_byte_array_new();

	g_byte_array_append(row, g_bytes_get_data(a, NULL), (guint)g_bytes_get_size(a));
	g_byte_array_append(row, g_bytes_get_data(b, NULL), (guint)g_bytes_get_size(b));
	g_ptr_array_add(seeds, g_byte_array_free_to_bytes(row));
}

static const char *
list_all(guint reason)
{
	return cs_test_der_join(
		cs_test_crl_entry(cs_test_identity_get_certificate(certificates[0]), NULL),
		cs_test_crl_entry_reason(cs_test_identity_get_certificate(certificates[1]), reason),
		NULL);
}

/* distributionPoint http://a/, and each of the other fields. */
#define POINT "a00da00b8609687474703a2f2f612f"

static void
make_seeds(GPtrArray *seeds)
{
	ensure_identities();
	const CsTestCrlProfile profiles[] = {
		{0},
		{.number = "01", .next_update = CS_TEST_NO_TIME},
		{.entries = list_all(1), .number = "7f"},
		{.entries = list_all(6)},
		{.scope = "300f" POINT},
		{.scope = "3012" POINT "8101ff"},
		{.scope = "3003820100"},
		{.scope = "300483020640", .entries = list_all(1)},
		{.scope = "30038401ff"},
		{.this_update = NOW + LEEWAY_S, .next_update = NOW},
		{.extra = cs_test_der_extension("551d1f", TRUE, "0500")},
		{.issuer = certificates[0]},
		{.extra = cs_test_der_extension("551d2e", FALSE, "3011300f" POINT),
		 .entries = list_all(1)},
	};
	const CsTestCrlProfile delta = {.number = "02", .base = "01", .entries = list_all(8)};
	const CsTestCrlProfile base = {.number = "01", .entries = list_all(1)};
	const CsTestCrlProfile later = {.number = "02"};
	const CsTestCrlProfile pointing = {
		.number = "01", .extra = cs_test_der_extension("551d2e", FALSE, "3011300f" POINT)};

	for (gsize i = 0; i < G_N_ELEMENTS(profiles); i++) {
		g_autoptr(GBytes) der = cs_test_crl_new(&profiles[i], authority);
		cs_fuzz_add_bytes(seeds, der);
		if (profiles[i].scope != NULL)
			g_ptr_array_add(seeds, cs_test_der_decode(profiles[i].scope));
	}
	add_pem(seeds, empty_crl);
	add_row(seeds, &base, &delta);
	add_row(seeds, &base, &later);
	add_row(seeds, &pointing, &delta);
}

static const char *const vectors[] = {
	"fuzz-corpora/crl_parse_issuing_distribution_point_fuzzer_corpus", "pki/pkits/crls", NULL};
const CsFuzzTarget cs_fuzz_target = {"crl", 8192, run, make_seeds, vectors};
