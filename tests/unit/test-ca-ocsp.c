/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/ca-private.h"
#include "core/authority/ca-status.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/csr-fixture.h"
#include "tests/fixtures/pki-fixture.h"

#include <openssl/ocsp.h>
#include <string.h>

#define DAY_S 86400

G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_REQUEST, OCSP_REQUEST_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_RESPONSE, OCSP_RESPONSE_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_BASICRESP, OCSP_BASICRESP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_CERTID, OCSP_CERTID_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)

typedef struct {
	char *folder;
	CsCa *ca;
	gint64 now; /* the verifier is OpenSSL, which has no other clock */
	X509 *x509; /* of a certificate that the CA issued */
	char *serial;
	CsIssuedState state; /* what the look-up says of it */
	guint look_ups;
	gboolean broken;
} Fixture;

static X509 *
decode_certificate(CsCertificate *certificate)
{
	gsize length = 0;
	const guint8 *der = g_bytes_get_data(cs_certificate_get_der(certificate), &length);

	return d2i_X509(NULL, &der, (long)length);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) csr = cs_test_csr_new("CN=device", NULL);
	g_autoptr(CsCertificate) certificate = NULL;

	fixture->folder = cs_test_make_folder();
	fixture->ca = cs_ca_create(fixture->folder, "Example", cs_clock_get_system(), &error);
	g_assert_no_error(error);
	fixture->now = cs_clock_get_unix_s(cs_clock_get_system());
	certificate = cs_ca_issue(fixture->ca, csr, fixture->now, fixture->now + DAY_S, &error);
	g_assert_no_error(error);
	fixture->x509 = decode_certificate(certificate);
	fixture->serial = g_strdup(cs_certificate_get_serial(certificate));
	fixture->state = CS_ISSUED_GOOD;
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	X509_free(fixture->x509);
	g_free(fixture->serial);
	cs_ca_free(fixture->ca);
	cs_test_delete_folder(fixture->folder);
	g_free(fixture->folder);
}

static gboolean
look_up_cb(
	const char *serial, CsIssuedState *state, gint64 *revoked_at, gpointer data, GError **error)
{
	Fixture *fixture = data;

	fixture->look_ups++;
	if (fixture->broken) {
		cs_error_set(error, CS_ERROR_STATE, "registry-unavailable", "broken");
		return FALSE;
	}
	if (!g_str_equal(serial, fixture->serial))
		return TRUE;
	*state = fixture->state;
	*revoked_at = fixture->now - 1000;
	return TRUE;
}

static GBytes *
encode_request(OCSP_REQUEST *request)
{
	unsigned char *der = NULL;
	int length = i2d_OCSP_REQUEST(request, &der);
	GBytes *bytes = NULL;

	g_assert_cmpint(length, >, 0);
	bytes = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	return bytes;
}

static OCSP_RESPONSE *
ask_bytes(Fixture *fixture, GBytes *bytes)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) answer =
		cs_ca_answer_ocsp(fixture->ca, bytes, fixture->now, fixture->now + DAY_S,
				  look_up_cb, fixture, &error);
	gsize length = 0;
	const unsigned char *data = NULL;
	OCSP_RESPONSE *response = NULL;

	g_assert_no_error(error);
	data = g_bytes_get_data(answer, &length);
	response = d2i_OCSP_RESPONSE(NULL, &data, (long)length);
	g_assert_nonnull(response);
	return response;
}

/* Asks, and verifies as a relying party does that trusts the CA. */
static OCSP_BASICRESP *
ask(Fixture *fixture, OCSP_REQUEST *request)
{
	g_autoptr(GBytes) bytes = encode_request(request);
	g_autoptr(OCSP_RESPONSE) response = ask_bytes(fixture, bytes);
	g_autoptr(X509_STORE) store = X509_STORE_new();
	g_autoptr(OCSP_BASICRESP) basic = NULL;
	STACK_OF(X509) *signers = sk_X509_new_null();

	g_assert_cmpint(OCSP_response_status(response), ==, OCSP_RESPONSE_STATUS_SUCCESSFUL);
	basic = OCSP_response_get1_basic(response);
	X509_STORE_add_cert(store, fixture->ca->x509);
	sk_X509_push(signers, fixture->ca->x509);
	g_assert_cmpint(OCSP_basic_verify(basic, signers, store, 0), ==, 1);
	sk_X509_free(signers);
	return g_steal_pointer(&basic);
}

static int
find_status(OCSP_BASICRESP *basic, OCSP_CERTID *id, Fixture *fixture)
{
	ASN1_GENERALIZEDTIME *revoked_at = NULL;
	ASN1_GENERALIZEDTIME *this_update = NULL;
	ASN1_GENERALIZEDTIME *next_update = NULL;
	int status = -1;

	g_assert_cmpint(OCSP_resp_find_status(basic, id, &status, NULL, &revoked_at, &this_update,
					      &next_update),
			==, 1);
	g_assert_cmpint(OCSP_check_validity(this_update, next_update, 60, DAY_S), ==, 1);
	g_assert_cmpint(
		ASN1_TIME_cmp_time_t(OCSP_resp_get0_produced_at(basic), (time_t)fixture->now), ==,
		0);
	if (status == V_OCSP_CERTSTATUS_REVOKED)
		g_assert_cmpint(ASN1_TIME_cmp_time_t(revoked_at, (time_t)(fixture->now - 1000)), ==,
				0);
	return status;
}

static OCSP_CERTID *
make_id(Fixture *fixture, const EVP_MD *digest)
{
	return OCSP_cert_to_id(digest, fixture->x509, fixture->ca->x509);
}

static int
ask_status(Fixture *fixture, const EVP_MD *digest)
{
	g_autoptr(OCSP_REQUEST) request = OCSP_REQUEST_new();
	g_autoptr(OCSP_CERTID) id = make_id(fixture, digest);
	g_autoptr(OCSP_BASICRESP) basic = NULL;

	OCSP_request_add0_id(request, OCSP_CERTID_dup(id));
	OCSP_request_add1_nonce(request, NULL, 32);
	basic = ask(fixture, request);
	g_assert_cmpint(OCSP_check_nonce(request, basic), ==, 1);
	return find_status(basic, id, fixture);
}

/* rule 12, RFC 6960: each state, by each digest that clients name the CA with */
static void
test_states(Fixture *fixture, gconstpointer data)
{
	static const int statuses[] = {V_OCSP_CERTSTATUS_UNKNOWN, V_OCSP_CERTSTATUS_GOOD,
				       V_OCSP_CERTSTATUS_REVOKED};

	for (int state = CS_ISSUED_UNKNOWN; state <= CS_ISSUED_REVOKED; state++) {
		fixture->state = (CsIssuedState)state;
		g_assert_cmpint(ask_status(fixture, EVP_sha1()), ==, statuses[state]);
		g_assert_cmpint(ask_status(fixture, EVP_sha256()), ==, statuses[state]);
	}
	g_assert_cmpuint(fixture->look_ups, ==, 6);
}

static void
expect_refused(Fixture *fixture, GBytes *bytes_taken, int status)
{
	g_autoptr(GBytes) bytes = bytes_taken;
	g_autoptr(OCSP_RESPONSE) response = ask_bytes(fixture, bytes);

	g_assert_cmpint(OCSP_response_status(response), ==, status);
	g_assert_null(OCSP_response_get1_basic(response));
}

static void
expect_malformed(Fixture *fixture, GBytes *bytes_taken)
{
	expect_refused(fixture, bytes_taken, OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
}

static OCSP_REQUEST *
make_request(Fixture *fixture, int certificates)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();

	for (int i = 0; i < certificates; i++)
		OCSP_request_add0_id(request, make_id(fixture, EVP_sha1()));
	return request;
}

/* Another CA's certificate of the same serial number is nothing that this one can speak of. */
static void
test_foreign(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile profile = {.ca = TRUE};
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(&profile, NULL);
	g_autoptr(OCSP_REQUEST) request = make_request(fixture, 1);
	OCSP_CERTID *foreign =
		OCSP_cert_to_id(EVP_sha1(), fixture->x509, cs_test_identity_get_x509(other));

	OCSP_request_add0_id(request, foreign);
	expect_refused(fixture, encode_request(request), OCSP_RESPONSE_STATUS_UNAUTHORIZED);
	g_assert_cmpuint(fixture->look_ups, ==, 0);
}

static void
test_malformed(Fixture *fixture, gconstpointer data)
{
	g_autoptr(OCSP_REQUEST) empty = make_request(fixture, 0);
	g_autoptr(OCSP_REQUEST) full = make_request(fixture, CS_OCSP_REQUEST_MAX_CERTIFICATES);
	g_autoptr(OCSP_REQUEST) many = make_request(fixture, CS_OCSP_REQUEST_MAX_CERTIFICATES + 1);
	g_autoptr(OCSP_REQUEST) long_nonce = make_request(fixture, 1);
	g_autoptr(OCSP_REQUEST) critical = make_request(fixture, 1);
	g_autoptr(ASN1_INTEGER) value = ASN1_INTEGER_new();
	g_autoptr(GBytes) good = encode_request(full);
	g_autofree char *large = g_strnfill(CS_OCSP_REQUEST_MAX_BYTES + 1, '0');
	gsize length = g_bytes_get_size(good);
	g_autoptr(OCSP_RESPONSE) answered = ask_bytes(fixture, good);

	g_assert_cmpint(OCSP_response_status(answered), ==, OCSP_RESPONSE_STATUS_SUCCESSFUL);
	expect_malformed(fixture, g_bytes_new_static("", 0));
	expect_malformed(fixture, g_bytes_new_static("no request", 10));
	expect_malformed(fixture, g_bytes_new(large, CS_OCSP_REQUEST_MAX_BYTES + 1));
	expect_malformed(fixture, g_bytes_new_from_bytes(good, 0, length - 1));
	expect_malformed(fixture, encode_request(empty));
	expect_malformed(fixture, encode_request(many));
	OCSP_request_add1_nonce(long_nonce, NULL, 33);
	expect_malformed(fixture, encode_request(long_nonce));
	OCSP_REQUEST_add1_ext_i2d(critical, NID_crl_number, value, 1, X509V3_ADD_DEFAULT);
	expect_malformed(fixture, encode_request(critical));
}

/* What the registry cannot tell is no answer at all. */
static void
test_look_up_fails(Fixture *fixture, gconstpointer data)
{
	g_autoptr(OCSP_REQUEST) request = make_request(fixture, 1);
	g_autoptr(GBytes) bytes = encode_request(request);
	g_autoptr(GError) error = NULL;

	fixture->broken = TRUE;
	g_assert_null(cs_ca_answer_ocsp(fixture->ca, bytes, fixture->now, fixture->now + 1,
					look_up_cb, fixture, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/ca-ocsp/" name, Fixture, NULL, set_up, func, tear_down)
	ADD("states", test_states);
	ADD("foreign", test_foreign);
	ADD("malformed", test_malformed);
	ADD("look-up-fails", test_look_up_fails);
	return g_test_run();
}
