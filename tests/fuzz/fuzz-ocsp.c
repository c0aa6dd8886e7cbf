/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/ca-private.h"
#include "core/authority/ca-status.h"
#include "core/authority/revocation-ocsp.h"
#include "core/pki/certificate-extension.h"
#include "core/pki/ocsp.h"
#include "tests/fixtures/revocation-fixture.h"
#include "tests/fuzz/fuzz.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <string.h>

/* OCSP, both ways. An input is what a responder answered, as it comes and then signed here by whom it
 * names, so that the fuzzer works on what is signed; a part of such an answer (ResponseData,
 * SingleResponse, CertID), around which the rest is put; and a question to the built-in CA. OpenSSL
 * reads what was believed, and has to agree. */

#define NOW	 CS_TEST_CRL_NOW
#define DAY_S	 86400
#define LEEWAY_S 60
#define PART_MAX 4096

G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_REQUEST, OCSP_REQUEST_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_RESPONSE, OCSP_RESPONSE_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_BASICRESP, OCSP_BASICRESP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_CERTID, OCSP_CERTID_free)

/* Who may be named as the responder: the authority, a responder that the authority waives the
 * checking of, one that a CRL speaks of, and one that was never delegated. */
typedef enum {
	RESPONDER_AUTHORITY,
	RESPONDER_WAIVED,
	RESPONDER_CHECKED,
	RESPONDER_STRANGER,
	RESPONDER_COUNT,
} ResponderNumber;

/* The same in every process, or a corpus would mean nothing in the next one. */
static CsTestIdentity *responders[RESPONDER_COUNT];
static CsTestIdentity *certificate;
static CsCrlSet *crls;
static CsIssuer *issuer; /* anew for each input: it remembers what it was asked */
static CsCa ca;

static void
ensure_ca(void)
{
	g_autoptr(GError) error = NULL;
	CsTestIdentity *authority = responders[RESPONDER_AUTHORITY];

	ca.key = cs_private_key_new_from_pkey(cs_test_identity_get_pkey(authority), &error);
	g_assert_no_error(error);
	ca.certificate = cs_test_identity_get_certificate(authority);
	ca.x509 = cs_test_identity_get_x509(authority);
}

static CsIssuer *
new_issuer(void)
{
	CsIssuer *made = cs_issuer_new(
		cs_test_identity_get_certificate(responders[RESPONDER_AUTHORITY]), NULL);
	g_assert_nonnull(made);
	return made;
}

static void
ensure_crls(void)
{
	g_autoptr(CsIssuer) of_crls = new_issuer();
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)cs_crl_unref);
	g_autoptr(GBytes) der = cs_test_crl_new(NULL, responders[RESPONDER_AUTHORITY]);

	g_ptr_array_add(list, cs_crl_new(der, NULL));
	crls = cs_crl_set_new(of_crls, list, NULL);
}

static void
ensure_identities(void)
{
	static const CsTestProfile profiles[RESPONDER_COUNT] = {
		{.fixed_key = 1, .ca = TRUE, .serial_hex = "01"},
		{.fixed_key = 2,
		 .serial_hex = "02",
		 .subject = "CN=Waived",
		 .extended_key_usage = "OCSPSigning",
		 .extra_oid = "1.3.6.1.5.5.7.48.1.5"},
		{.fixed_key = 3,
		 .serial_hex = "03",
		 .subject = "CN=Checked",
		 .extended_key_usage = "OCSPSigning"},
		{.fixed_key = 4, .serial_hex = "04", .subject = "CN=Stranger"},
	};
	static const CsTestProfile asked = {.fixed_key = 5, .serial_hex = "1001"};

	if (certificate != NULL)
		return;
	for (guint i = 0; i < RESPONDER_COUNT; i++)
		responders[i] = cs_test_identity_new(&profiles[i], responders[RESPONDER_AUTHORITY]);
	certificate = cs_test_identity_new(&asked, responders[RESPONDER_AUTHORITY]);
	ensure_crls();
	ensure_ca();
}

static CsRevocationAnswer
decide(GBytes *response, const CsCrlSet *responder_crls, gint64 now)
{
	const CsRevocationLimits limits = {.now = now};
	const CsOcspQuestion question = {issuer, cs_test_identity_get_certificate(certificate),
					 responder_crls, &limits};
	CsRevocationAnswer answer;

	cs_ocsp_decide(&question, response, &answer);
	g_assert_nonnull(answer.detail);
	return answer;
}

/* ---- as OpenSSL reads it ---- */

static gboolean
has_signed(const OCSP_BASICRESP *basic, EVP_PKEY *key)
{
	return ASN1_item_verify(ASN1_ITEM_rptr(OCSP_RESPDATA), OCSP_resp_get0_tbs_sigalg(basic),
				OCSP_resp_get0_signature(basic), OCSP_resp_get0_respdata(basic),
				key) == 1;
}

static gboolean
is_delegate(X509 *x509)
{
	EVP_PKEY *key = cs_test_identity_get_pkey(responders[RESPONDER_AUTHORITY]);

	return X509_verify(x509, key) == 1 &&
	       (X509_get_extended_key_usage(x509) & XKU_OCSP_SIGN) != 0 &&
	       ASN1_TIME_cmp_time_t(X509_get0_notBefore(x509), NOW) <= 0 &&
	       ASN1_TIME_cmp_time_t(X509_get0_notAfter(x509), NOW) >= 0;
}

static gboolean
is_well_signed(const OCSP_BASICRESP *basic)
{
	const STACK_OF(X509) *beside = OCSP_resp_get0_certs(basic);

	if (has_signed(basic, cs_test_identity_get_pkey(responders[RESPONDER_AUTHORITY])))
		return TRUE;
	for (int i = 0; i < sk_X509_num(beside); i++) {
		X509 *x509 = sk_X509_value(beside, i);
		if (has_signed(basic, X509_get0_pubkey(x509)) && is_delegate(x509))
			return TRUE;
	}
	return FALSE;
}

static gboolean
is_about(OCSP_SINGLERESP *single)
{
	ASN1_OBJECT *digest = NULL;
	OCSP_CERTID *id = (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single);

	OCSP_id_get0_info(NULL, &digest, NULL, NULL, id);
	const EVP_MD *md = EVP_get_digestbyobj(digest);
	if (md == NULL)
		return FALSE;
	g_autoptr(OCSP_CERTID) ours =
		OCSP_cert_to_id(md, cs_test_identity_get_x509(certificate),
				cs_test_identity_get_x509(responders[RESPONDER_AUTHORITY]));
	return OCSP_id_cmp(ours, id) == 0;
}

static gboolean
is_current(const ASN1_GENERALIZEDTIME *this_update, const ASN1_GENERALIZEDTIME *next_update)
{
	return ASN1_TIME_cmp_time_t(this_update, NOW + LEEWAY_S) <= 0 &&
	       (next_update == NULL || ASN1_TIME_cmp_time_t(next_update, NOW) >= 0);
}

/* One of now says so; of a good one, none says otherwise. */
static void
check_singles(OCSP_BASICRESP *basic, int wanted)
{
	guint said = 0;

	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
		ASN1_GENERALIZEDTIME *this_update = NULL;
		ASN1_GENERALIZEDTIME *next_update = NULL;

		if (!is_about(single))
			continue;
		int status =
			OCSP_single_get0_status(single, NULL, NULL, &this_update, &next_update);
		gboolean current = is_current(this_update, next_update);
		if (wanted == V_OCSP_CERTSTATUS_GOOD)
			g_assert_true(current && status == wanted);
		said += current && status == wanted;
	}
	g_assert_cmpuint(said, >, 0);
}

static void
check_believed(GBytes *response, CsRevocation status)
{
	gsize length = 0;
	const guint8 *data = g_bytes_get_data(response, &length);
	g_autoptr(OCSP_RESPONSE) decoded = d2i_OCSP_RESPONSE(NULL, &data, (long)length);
	g_autoptr(OCSP_BASICRESP) basic = NULL;

	g_assert_nonnull(decoded);
	g_assert_cmpint(OCSP_response_status(decoded), ==, OCSP_RESPONSE_STATUS_SUCCESSFUL);
	basic = OCSP_response_get1_basic(decoded);
	g_assert_nonnull(basic);
	g_assert_true(is_well_signed(basic));
	check_singles(basic, status == CS_REVOCATION_GOOD ? V_OCSP_CERTSTATUS_GOOD
							  : V_OCSP_CERTSTATUS_REVOKED);
}

/* ---- an answer ---- */

static void
check_answer(GBytes *response)
{
	CsRevocationAnswer answer = decide(response, crls, NOW);
	CsOcspFields fields;

	if (answer.status == CS_REVOCATION_UNKNOWN)
		return;
	check_believed(response, answer.status);
	g_assert_cmpint(answer.valid_until, >=, NOW);
	g_assert_cmpint(decide(response, crls, answer.valid_until + 1).status, !=,
			CS_REVOCATION_GOOD);
	g_assert_true(cs_ocsp_fields_read(cs_fuzz_der_of(response), &fields));
	g_autoptr(GBytes) spoilt = cs_fuzz_spoil(response, fields.signed_data.signature);
	g_assert_cmpint(decide(spoilt, crls, NOW).status, ==, CS_REVOCATION_UNKNOWN);
	/* Nobody vouches for a responder that is to be checked. */
	if (cs_ocsp_is_responder(&fields,
				 cs_test_identity_get_certificate(responders[RESPONDER_CHECKED])))
		g_assert_cmpint(decide(response, NULL, NOW).status, ==, CS_REVOCATION_UNKNOWN);
}

static void
append_wrapped(GByteArray *out, guint8 tag, GByteArray *contents)
{
	cs_der_append(out, tag, contents->data, contents->len);
	g_byte_array_set_size(contents, 0);
}

/* The whole answer around what is signed. */
static GBytes *
make_response(CsDer tbs, CsDer beside, EVP_PKEY *key)
{
	static const guint8 head[] = {CS_DER_ENUMERATED, 1, 0};
	static const guint8 basic_type[] = {CS_DER_OID, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1};
	g_autoptr(GBytes) basic = cs_fuzz_sign(tbs, beside, key);
	g_autoptr(GByteArray) inner = g_byte_array_new();
	g_autoptr(GByteArray) outer = g_byte_array_new();
	GByteArray *whole = g_byte_array_new();

	g_byte_array_append(outer, basic_type, sizeof(basic_type));
	cs_der_append(outer, CS_DER_OCTET_STRING, g_bytes_get_data(basic, NULL),
		      g_bytes_get_size(basic));
	append_wrapped(inner, CS_DER_SEQUENCE, outer);
	g_byte_array_append(outer, head, sizeof(head));
	append_wrapped(outer, CS_DER_CONTEXT_CONSTRUCTED(0), inner);
	append_wrapped(whole, CS_DER_SEQUENCE, outer);
	return g_byte_array_free_to_bytes(whole);
}

/* By whom it names, else by the authority. */
static EVP_PKEY *
find_key(const CsOcspFields *fields)
{
	for (guint i = 0; i < RESPONDER_COUNT; i++) {
		if (cs_ocsp_is_responder(fields, cs_test_identity_get_certificate(responders[i])))
			return cs_test_identity_get_pkey(responders[i]);
	}
	return cs_test_identity_get_pkey(responders[RESPONDER_AUTHORITY]);
}

static void
run_signed(CsDer tbs, CsDer certificates)
{
	EVP_PKEY *anybody = cs_test_identity_get_pkey(responders[RESPONDER_STRANGER]);
	g_autoptr(GByteArray) list = g_byte_array_new();
	g_autoptr(GByteArray) beside = g_byte_array_new();
	CsOcspFields fields;

	cs_der_append(list, CS_DER_SEQUENCE, certificates.data, certificates.length);
	append_wrapped(beside, CS_DER_CONTEXT_CONSTRUCTED(0), list);
	const CsDer rest = {beside->data, beside->len};
	g_autoptr(GBytes) by_anybody = make_response(tbs, rest, anybody);
	g_assert_cmpint(decide(by_anybody, crls, NOW).status, ==, CS_REVOCATION_UNKNOWN);
	if (!cs_ocsp_fields_read(cs_fuzz_der_of(by_anybody), &fields))
		return;
	g_autoptr(GBytes) response = make_response(tbs, rest, find_key(&fields));
	check_answer(response);
}

static void
check_single(const CsOcspSingle *single)
{
	g_assert_cmpuint(single->serial.length, >, 0);
	cs_ocsp_single_is_about(single, cs_test_identity_get_certificate(certificate),
				cs_issuer_get_certificate(issuer));
}

static void
run_response(GBytes *response)
{
	CsRevocationAnswer answer = decide(response, crls, NOW);
	CsOcspFields fields;

	if (!cs_ocsp_fields_read(cs_fuzz_der_of(response), &fields)) {
		g_assert_cmpstr(answer.detail, ==, "ocsp-malformed");
		return;
	}
	if (fields.status != 0) {
		g_assert_cmpstr(answer.detail, ==, "ocsp-refused");
		return;
	}
	check_answer(response);
	CsDer rest = fields.responses;
	CsOcspSingle single;
	while (cs_ocsp_single_next(&rest, &single))
		check_single(&single);
	g_assert_cmpuint(rest.length, ==, 0);
	g_autoptr(GPtrArray) beside = cs_ocsp_list_certificates(&fields);
	g_assert_cmpuint(beside->len, <=, CS_OCSP_MAX_CERTIFICATES);
	run_signed(fields.signed_data.tbs, fields.certificates);
}

/* ---- parts of an answer ---- */

static const guint8 generalized_now[] = "\x18\x0f"
					"20270115080000Z"; /* NOW */

/* Byname of the authority, of now. */
static void
run_single(CsDer single)
{
	CsDer name = cs_certificate_get_subject_der(cs_issuer_get_certificate(issuer));
	g_autoptr(GByteArray) data = g_byte_array_new();
	g_autoptr(GByteArray) tbs = g_byte_array_new();

	cs_der_append(data, CS_DER_CONTEXT_CONSTRUCTED(1), name.data, name.length);
	g_byte_array_append(data, generalized_now, sizeof(generalized_now) - 1);
	cs_der_append(data, CS_DER_SEQUENCE, single.data, single.length);
	append_wrapped(tbs, CS_DER_SEQUENCE, data);
	run_signed((CsDer){tbs->data, tbs->len}, (CsDer){0});
}

static void
run_id(CsDer id)
{
	static const guint8 good[] = {CS_DER_CONTEXT(0), 0};
	g_autoptr(GByteArray) contents = g_byte_array_new();
	g_autoptr(GByteArray) single = g_byte_array_new();

	g_byte_array_append(contents, id.data, (guint)id.length);
	g_byte_array_append(contents, good, sizeof(good));
	g_byte_array_append(contents, generalized_now, sizeof(generalized_now) - 1);
	append_wrapped(single, CS_DER_SEQUENCE, contents);
	run_single((CsDer){single->data, single->len});
}

/* ---- a question ---- */

typedef struct {
	guint count;
} LookUps;

/* The last digit of the serial number says what is known of it. */
static gboolean
look_up_cb(
	const char *serial, CsIssuedState *state, gint64 *revoked_at, gpointer data, GError **error)
{
	LookUps *look_ups = data;
	gsize length = strlen(serial);

	g_assert_cmpuint(strspn(serial, "0123456789abcdef"), ==, length);
	look_ups->count++;
	*state = (CsIssuedState)(length > 0 ? serial[length - 1] % 3 : 0);
	*revoked_at = NOW - DAY_S;
	return TRUE;
}

/* As many answers as questions, in a form that we read ourselves, signed by the CA. */
static void
check_answered(GBytes *answer, guint asked)
{
	CsOcspFields fields;
	CsOcspSingle single;
	guint count = 0;

	g_assert_true(cs_ocsp_fields_read(cs_fuzz_der_of(answer), &fields));
	g_assert_cmpuint(fields.status, !=, OCSP_RESPONSE_STATUS_INTERNALERROR);
	if (fields.status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
		g_assert_cmpuint(asked, ==, 0);
		return;
	}
	g_assert_true(cs_signed_data_verify(&fields.signed_data, cs_private_key_get_pkey(ca.key)));
	g_assert_true(cs_ocsp_is_responder(&fields, ca.certificate));
	while (cs_ocsp_single_next(&fields.responses, &single))
		count++;
	g_assert_cmpuint(count, >=, MAX(asked, 1));
	g_assert_cmpuint(count, <=, CS_OCSP_REQUEST_MAX_CERTIFICATES);
}

static void
run_request(GBytes *request)
{
	LookUps look_ups = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) answer =
		cs_ca_answer_ocsp(&ca, request, NOW, NOW + DAY_S, look_up_cb, &look_ups, &error);

	g_assert_no_error(error);
	g_assert_nonnull(answer);
	check_answered(answer, look_ups.count);
	run_response(answer);
}

static void
run_part(CsDer part)
{
	run_signed(part, (CsDer){0});
	run_single(part);
	run_id(part);
}

static void
run(const guint8 *data, gsize size)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);

	ensure_identities();
	issuer = new_issuer();
	run_response(bytes);
	run_request(bytes);
	if (size <= PART_MAX)
		run_part((CsDer){data, size});
	g_clear_pointer(&issuer, cs_issuer_unref);
}

/* ---- seeds ---- */

static const char *
der_of_responder(ResponderNumber number)
{
	return cs_test_der_of(cs_fuzz_der_of(cs_test_identity_get_der(responders[number])));
}

static void
add_responses(GPtrArray *seeds)
{
	CsTestIdentity *authority = responders[RESPONDER_AUTHORITY];
	const CsTestOcspProfile of_another = {.status = "8200"};
	const CsTestOcspProfile profiles[] = {
		{0},
		{.by_key = TRUE, .sha256 = TRUE, .next_update = CS_TEST_NO_TIME},
		{.status = "8200"},
		{.status = "a111180f32303237303131343038303030305a"},
		{.status = "a116180f32303237303131343038303030305aa0030a0101"},
		{.single_extensions = cs_test_der_extension("551d15", TRUE, "0500")},
		{.response_extensions =
			 cs_test_der_extension("2b0601050507300102", FALSE, "04020102")},
		{.before = cs_test_ocsp_single(&of_another, certificate, authority)},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(profiles); i++) {
		g_autoptr(GBytes) der =
			cs_test_ocsp_new(&profiles[i], certificate, authority, authority);
		cs_fuzz_add_bytes(seeds, der);
	}
	for (guint i = RESPONDER_WAIVED; i < RESPONDER_COUNT; i++) {
		const CsTestOcspProfile profile = {.certificates = der_of_responder(i)};
		g_autoptr(GBytes) der =
			cs_test_ocsp_new(&profile, certificate, authority, responders[i]);
		cs_fuzz_add_bytes(seeds, der);
	}
}

static void
add_request(GPtrArray *seeds, const EVP_MD *digest, int certificates, int nonce_length)
{
	g_autoptr(OCSP_REQUEST) request = OCSP_REQUEST_new();
	unsigned char *der = NULL;

	for (int i = 0; i < certificates; i++)
		OCSP_request_add0_id(
			request,
			OCSP_cert_to_id(digest, cs_test_identity_get_x509(certificate), ca.x509));
	if (nonce_length > 0)
		OCSP_request_add1_nonce(request, NULL, nonce_length);
	int length = i2d_OCSP_REQUEST(request, &der);
	g_assert_cmpint(length, >, 0);
	g_ptr_array_add(seeds, g_bytes_new(der, (gsize)length));
	OPENSSL_free(der);
}

static void
make_seeds(GPtrArray *seeds)
{
	static const CsTestOcspProfile good = {0};
	ensure_identities();
	const char *single =
		cs_test_ocsp_single(&good, certificate, responders[RESPONDER_AUTHORITY]);
	g_autoptr(GBytes) question =
		cs_ocsp_request_new(cs_test_identity_get_certificate(certificate), ca.certificate);

	add_responses(seeds);
	g_ptr_array_add(seeds, cs_test_der_decode(single));
	cs_fuzz_add_bytes(seeds, question);
	add_request(seeds, EVP_sha1(), 1, 32);
	add_request(seeds, EVP_sha256(), 2, 0);
	add_request(seeds, EVP_sha1(), CS_OCSP_REQUEST_MAX_CERTIFICATES, 33);
	g_ptr_array_add(seeds, g_bytes_new_static("\x30\x03\x0a\x01\x06", 5));
}

static const char *const vectors[] = {"fuzz-corpora/ocsp_parse_ocsp_cert_id_fuzzer_corpus",
				      "fuzz-corpora/ocsp_parse_ocsp_response_data_fuzzer_corpus",
				      "fuzz-corpora/ocsp_parse_ocsp_response_fuzzer_corpus",
				      "fuzz-corpora/ocsp_parse_ocsp_single_response_fuzzer_corpus",
				      NULL};
const CsFuzzTarget cs_fuzz_target = {"ocsp", 8192, run, make_seeds, vectors};
