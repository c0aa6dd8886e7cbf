/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-crl.h"
#include "core/pki/certificate-extension.h"
#include "core/pki/name-share.h"
#include "core/pki/ocsp.h"
#include "tests/fixtures/revocation-fixture.h"
#include "tests/fuzz/fuzz.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <string.h>

/* What an authority makes of a device's certificate: was it issued by the issuer that it names, is
 * it a client's, and what does it say of revocation. An input is a certificate; it is looked at as it
 * comes, and again as if the authority here had issued it: under the authority's name, and signed by
 * it. That the walk stays within its bounds, and what a file may hold, is the target `der`. */

#define NOW	  CS_TEST_CRL_NOW
#define MAX_URLS  16
#define MAX_PARTS 16

G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_REQUEST, OCSP_REQUEST_free)

/* The same in every process, or a corpus would mean nothing in the next one. */
static CsTestIdentity *authority;
static CsTestIdentity *other; /* another key under the same name */
static CsCrlSet *crls;	      /* on which nobody is listed */
/* Anew for each input: an issuer remembers what it was asked. */
static CsIssuer *issuer;
static CsIssuer *namesake;

static CsIssuer *
new_issuer(CsTestIdentity *identity)
{
	CsIssuer *made = cs_issuer_new(cs_test_identity_get_certificate(identity), NULL);
	g_assert_nonnull(made);
	return made;
}

static void
ensure_identities(void)
{
	static const CsTestProfile of_authority = {.fixed_key = 1, .ca = TRUE, .serial_hex = "01"};
	static const CsTestProfile of_other = {.fixed_key = 2, .ca = TRUE, .serial_hex = "01"};
	g_autoptr(CsIssuer) of_crls = NULL;
	g_autoptr(GPtrArray) list = NULL;
	g_autoptr(GBytes) der = NULL;

	if (authority != NULL)
		return;
	authority = cs_test_identity_new(&of_authority, NULL);
	other = cs_test_identity_new(&of_other, NULL);
	of_crls = new_issuer(authority);
	list = g_ptr_array_new_with_free_func((GDestroyNotify)cs_crl_unref);
	der = cs_test_crl_new(NULL, authority);
	g_ptr_array_add(list, cs_crl_new(der, NULL));
	crls = cs_crl_set_new(of_crls, list, NULL);
}

static X509 *
decode(GBytes *der)
{
	gsize length = 0;
	const guint8 *data = g_bytes_get_data(der, &length);
	return d2i_X509(NULL, &data, (long)length);
}

/* ---- what a certificate says, as OpenSSL reads it ---- */

static gboolean
is_serial_of(const CsCertificate *certificate, const ASN1_INTEGER *number)
{
	CsDer serial = cs_certificate_get_serial_der(certificate);
	g_autoptr(GByteArray) element = g_byte_array_new();
	const guint8 *data = NULL;

	cs_der_append(element, CS_DER_INTEGER, serial.data, serial.length);
	data = element->data;
	g_autoptr(ASN1_INTEGER) ours = d2i_ASN1_INTEGER(NULL, &data, (long)element->len);
	g_assert_nonnull(ours);
	return ASN1_INTEGER_cmp(ours, number) == 0;
}

static void
check_key(const CsCertificate *certificate, const X509 *x509)
{
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(x509);
	CsDer octets;

	if (!cs_certificate_read_key_octets(certificate, &octets))
		return;
	g_assert_cmpmem(octets.data, octets.length, ASN1_STRING_get0_data(bits),
			(gsize)ASN1_STRING_length(bits));
}

static void
check_usages(const CsCertificate *certificate, X509 *x509)
{
	if (cs_certificate_may_sign_ocsp(certificate))
		g_assert_true((X509_get_extended_key_usage(x509) & XKU_OCSP_SIGN) != 0);
	if (cs_certificate_may(certificate, CS_KEY_USAGE_CRL_SIGN))
		g_assert_true((X509_get_key_usage(x509) & KU_CRL_SIGN) != 0);
	if (cs_certificate_may(certificate, CS_KEY_USAGE_DIGITAL_SIGNATURE))
		g_assert_true((X509_get_key_usage(x509) & KU_DIGITAL_SIGNATURE) != 0);
	if (cs_certificate_has_no_check(certificate))
		g_assert_cmpint(X509_get_ext_by_NID(x509, NID_id_pkix_OCSP_noCheck, -1), >=, 0);
}

/* Rule 5. */
static void
check_client(const CsCertificate *certificate, X509 *x509)
{
	const guint32 usages = XKU_SSL_CLIENT | XKU_ANYEKU;
	g_autofree char *detail = NULL;

	if (!cs_certificate_is_client(certificate, &detail))
		return;
	g_assert_cmpuint(X509_get_extension_flags(x509) & EXFLAG_CA, ==, 0);
	g_assert_true((X509_get_key_usage(x509) & KU_DIGITAL_SIGNATURE) != 0);
	g_assert_true((X509_get_extended_key_usage(x509) & usages) != 0);
	g_assert_cmpint(X509_get_version(x509), ==, X509_VERSION_3);
	g_assert_false(cs_certificate_has_unknown_critical(certificate));
}

static void
check_against_openssl(CsCertificate *certificate)
{
	g_autoptr(X509) x509 = decode(cs_certificate_get_der(certificate));

	if (x509 == NULL)
		return;
	g_assert_true(is_serial_of(certificate, X509_get0_serialNumber(x509)));
	check_key(certificate, x509);
	/* Of extensions that it calls inconsistent it says nothing. */
	if ((X509_get_extension_flags(x509) & EXFLAG_INVALID) != 0)
		return;
	check_usages(certificate, x509);
	check_client(certificate, x509);
}

/* ---- revocation ---- */

static void
check_urls(GPtrArray *urls)
{
	g_assert_cmpuint(urls->len, <=, MAX_URLS);
	for (guint i = 0; i < urls->len; i++)
		g_assert_true(g_str_has_prefix(g_ptr_array_index(urls, i), "http"));
}

/* The question is one that OpenSSL reads, about this very serial number. */
static void
check_question(const CsCertificate *certificate)
{
	g_autoptr(GBytes) question =
		cs_ocsp_request_new(certificate, cs_issuer_get_certificate(issuer));
	gsize length = 0;
	const guint8 *data = g_bytes_get_data(question, &length);
	g_autoptr(OCSP_REQUEST) request = d2i_OCSP_REQUEST(NULL, &data, (long)length);
	ASN1_INTEGER *asked = NULL;

	g_assert_nonnull(request);
	g_assert_cmpint(OCSP_request_onereq_count(request), ==, 1);
	OCSP_id_get0_info(NULL, NULL, NULL, &asked,
			  OCSP_onereq_get0_id(OCSP_request_onereq_get0(request, 0)));
	g_assert_true(is_serial_of(certificate, asked));
}

/* A CRL that lists nobody never revokes, and says good of what it covers. */
static void
check_revocation(const CsCertificate *certificate)
{
	const CsRevocationLimits limits = {.now = NOW};
	g_autoptr(GPtrArray) crl_urls = cs_certificate_list_crl_urls(certificate);
	g_autoptr(GPtrArray) freshest_urls = cs_certificate_list_freshest_urls(certificate);
	g_autoptr(GPtrArray) ocsp_urls = cs_certificate_list_ocsp_urls(certificate);
	CsRevocationAnswer answer;

	check_urls(crl_urls);
	check_urls(freshest_urls);
	check_urls(ocsp_urls);
	check_question(certificate);
	cs_crl_set_decide(crls, certificate, &limits, &answer);
	g_assert_cmpint(answer.status, !=, CS_REVOCATION_REVOKED);
}

/* ---- who issued it ---- */

/* The name that another certificate lends is its own name. */
static void
check_share(GBytes *der)
{
	g_autoptr(CsNameShare) share = cs_name_share_new();
	g_autoptr(CsCertificate) first = cs_certificate_new(der, NULL);
	g_autoptr(CsCertificate) second = cs_certificate_new(der, NULL);

	cs_name_share_issuer(share, cs_test_identity_get_certificate(authority));
	cs_name_share_issuer(share, first);
	g_autoptr(CsCertificate) alone = cs_certificate_new(der, NULL);
	cs_name_share_issuer(share, second);
	g_assert_true(g_bytes_equal(cs_certificate_get_issuer_name(first),
				    cs_certificate_get_issuer_name(alone)));
	g_assert_true(g_bytes_equal(cs_certificate_get_issuer_name(second),
				    cs_certificate_get_issuer_name(alone)));
}

/* An issuer remembers its answers; here each certificate is another. */
static gboolean
has_issued(CsIssuer *who, const CsCertificate *certificate)
{
	gboolean first = cs_issuer_has_issued(who, certificate);

	g_assert_cmpint(cs_issuer_has_issued(who, certificate), ==, first);
	return first;
}

/* As it comes. Whoever is said to have issued it has signed it, as OpenSSL sees it too, where it reads
 * the certificate at all. */
static void
check_certificate(CsCertificate *certificate)
{
	GBytes *der = cs_certificate_get_der(certificate);
	g_autoptr(X509) x509 = decode(der);

	if (has_issued(issuer, certificate) && x509 != NULL)
		g_assert_cmpint(X509_verify(x509, cs_test_identity_get_pkey(authority)), ==, 1);
	check_against_openssl(certificate);
	check_revocation(certificate);
	check_share(der);
}

/* Our own signature verifies, not another's, and not where one bit is another. */
static void
check_issued(CsCertificate *certificate)
{
	GBytes *der = cs_certificate_get_der(certificate);

	g_assert_true(has_issued(issuer, certificate));
	g_assert_false(has_issued(namesake, certificate));
	g_autoptr(GBytes) spoilt_der =
		cs_fuzz_spoil(der, cs_certificate_get_signature(certificate));
	g_autoptr(CsCertificate) spoilt = cs_certificate_new(spoilt_der, NULL);
	if (spoilt != NULL)
		g_assert_false(has_issued(issuer, spoilt));
	check_certificate(certificate);
}

/* ---- issued anew ---- */

/* The parts of what is signed: its version where it has one, then serial number, algorithm, issuer. */
static void
append_renamed(GByteArray *contents, CsDer tbs_contents)
{
	static const guint8 algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
					   0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
	CsDer name = cs_certificate_get_subject_der(cs_test_identity_get_certificate(authority));
	CsDer part, whole;
	guint8 tag = 0;
	guint place = 0;

	for (guint i = 0; i < MAX_PARTS && cs_der_next(&tbs_contents, &tag, &part, &whole); i++) {
		if (place == 1)
			g_byte_array_append(contents, algorithm, sizeof(algorithm));
		else if (place == 2)
			g_byte_array_append(contents, name.data, (guint)name.length);
		else
			g_byte_array_append(contents, whole.data, (guint)whole.length);
		place += tag != CS_DER_CONTEXT_CONSTRUCTED(0);
	}
}

static void
run_issued(const CsCertificate *certificate)
{
	CsDer tbs = cs_certificate_get_tbs(certificate);
	g_autoptr(GByteArray) contents = g_byte_array_new();
	g_autoptr(GByteArray) renamed = g_byte_array_new();
	CsDer inner;

	g_assert_true(cs_der_expect(&tbs, CS_DER_SEQUENCE, &inner, NULL));
	append_renamed(contents, inner);
	cs_der_append(renamed, CS_DER_SEQUENCE, contents->data, contents->len);
	g_autoptr(GBytes) der = cs_fuzz_sign((CsDer){renamed->data, renamed->len}, (CsDer){0},
					     cs_test_identity_get_pkey(authority));
	g_autoptr(CsCertificate) issued = cs_certificate_new(der, NULL);
	if (g_bytes_get_size(der) > CS_CERTIFICATE_MAX_BYTES)
		return;
	g_assert_nonnull(issued);
	check_issued(issued);
}

static void
run_certificates(GPtrArray *certificates)
{
	issuer = new_issuer(authority);
	namesake = new_issuer(other);
	for (guint i = 0; i < certificates->len; i++) {
		check_certificate(g_ptr_array_index(certificates, i));
		run_issued(g_ptr_array_index(certificates, i));
	}
	g_clear_pointer(&issuer, cs_issuer_unref);
	g_clear_pointer(&namesake, cs_issuer_unref);
}

static void
run(const guint8 *data, gsize size)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) several = NULL;

	ensure_identities();
	several = cs_certificates_decode(bytes, &error);
	if (several == NULL)
		cs_fuzz_check_error(error);
	else
		run_certificates(several);
}

/* ---- seeds ---- */

static void
make_seeds(GPtrArray *seeds)
{
	static const CsTestProfile profiles[] = {
		{.fixed_key = 3, .serial_hex = "1001"},
		{.fixed_key = 3, .ca = TRUE},
		{.fixed_key = 3, .version_1 = TRUE},
		{.fixed_key = 3, .extended_key_usage = "OCSPSigning"},
		{.fixed_key = 3, .extra_oid = "1.3.6.1.5.5.7.48.1.5"},
		{.fixed_key = 3, .key_usage = "cRLSign,keyCertSign", .extended_key_usage = "empty"},
		/* cRLDistributionPoints and authorityInfoAccess of http://a/ */
		{.fixed_key = 3,
		 .extra_oid = "2.5.29.31",
		 .extra_hex = "3011300fa00da00b8609687474703a2f2f612f"},
		{.fixed_key = 3,
		 .extra_oid = "1.3.6.1.5.5.7.1.1",
		 .extra_hex = "3017301506082b06010505073001"
			      "8609687474703a2f2f612f"},
		{.fixed_key = 3, .extra_oid = "1.2.3.4", .extra_critical = TRUE},
		{.key_number = 1, .key_kind = CS_KEY_KIND_RSA},
		{.key_number = 1, .other_key = "ED25519"},
	};

	ensure_identities();
	for (gsize i = 0; i < G_N_ELEMENTS(profiles); i++) {
		g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profiles[i], authority);
		cs_fuzz_add_bytes(seeds, cs_test_identity_get_der(identity));
	}
	cs_fuzz_add_text(seeds, cs_test_identity_get_pem(authority));
}

static const char *const vectors[] = {"fuzz-corpora/cert_corpus",
				      "fuzz-corpora/parse_certificate_fuzzer_corpus",
				      "pki/parse_certificate", "pki/pkits/certs", NULL};
const CsFuzzTarget cs_fuzz_target = {"certificate", CS_CERTIFICATE_MAX_BYTES + 256, run, make_seeds,
				     vectors};
