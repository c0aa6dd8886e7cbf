/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/ocsp.h"

#include "core/pki/certificate-extension.h"
#include "tests/fixtures/revocation-fixture.h"

#include <openssl/ocsp.h>

typedef struct {
	CsTestIdentity *authority;
	CsTestIdentity *client;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->authority = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	f->client = cs_test_identity_new(NULL, f->authority);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_identity_free(f->client);
	cs_test_identity_free(f->authority);
}

static gboolean
read_response(GBytes *bytes, CsOcspFields *fields)
{
	CsDer der = {0};

	der.data = g_bytes_get_data(bytes, &der.length);
	return cs_ocsp_fields_read(der, fields);
}

static void
test_fields(Fixture *f, gconstpointer data)
{
	CsDer beside = {0};
	CsOcspFields fields;
	CsOcspSingle single;
	g_autoptr(GBytes) response = NULL;
	g_autoptr(GPtrArray) certificates = NULL;

	beside.data = g_bytes_get_data(cs_test_identity_get_der(f->client), &beside.length);
	response = cs_test_ocsp_new(
		&(CsTestOcspProfile){
			.certificates = cs_test_der_join("0500", cs_test_der_of(beside), NULL)},
		f->client, f->authority, f->authority);
	g_assert_true(read_response(response, &fields));
	g_assert_true(
		cs_ocsp_is_responder(&fields, cs_test_identity_get_certificate(f->authority)));
	g_assert_false(cs_ocsp_is_responder(&fields, cs_test_identity_get_certificate(f->client)));
	g_assert_true(cs_signed_data_verify(&fields.signed_data,
					    cs_test_identity_get_pkey(f->authority)));
	g_assert_true(cs_ocsp_single_next(&fields.responses, &single));
	g_assert_true(single.has_next_update);
	g_assert_true(cs_ocsp_single_is_about(&single, cs_test_identity_get_certificate(f->client),
					      cs_test_identity_get_certificate(f->authority)));
	g_assert_false(cs_ocsp_single_is_about(&single,
					       cs_test_identity_get_certificate(f->authority),
					       cs_test_identity_get_certificate(f->authority)));
	g_assert_false(cs_ocsp_single_next(&fields.responses, &single));
	certificates = cs_ocsp_list_certificates(&fields);
	g_assert_cmpuint(certificates->len, ==, 1);
}

static void
test_malformed(Fixture *f, gconstpointer data)
{
	g_autoptr(GBytes) response = cs_test_ocsp_new(NULL, f->client, f->authority, f->authority);
	g_autoptr(GBytes) huge =
		g_bytes_new_take(g_malloc0(CS_OCSP_MAX_BYTES + 1), CS_OCSP_MAX_BYTES + 1);
	CsOcspFields fields;

	for (gsize length = 0; length < g_bytes_get_size(response); length++) {
		g_autoptr(GBytes) cut = g_bytes_new_from_bytes(response, 0, length);

		g_assert_false(read_response(cut, &fields));
	}
	g_assert_false(read_response(huge, &fields));
}

static void
assert_refused(Fixture *f, const CsTestOcspProfile *profile)
{
	g_autoptr(GBytes) response =
		cs_test_ocsp_new(profile, f->client, f->authority, f->authority);
	CsOcspFields fields;

	g_assert_false(read_response(response, &fields));
}

static void
test_refused(Fixture *f, gconstpointer data)
{
	assert_refused(f, &(CsTestOcspProfile){.status = "0500"});
	assert_refused(f, &(CsTestOcspProfile){.status = "800100"});
	assert_refused(f, &(CsTestOcspProfile){.status = "820100"});
	assert_refused(f, &(CsTestOcspProfile){.status = "a100"});
	assert_refused(f, &(CsTestOcspProfile){
				  .status = cs_test_der(0xa1, cs_test_der_time(0), "a000", NULL)});
	assert_refused(f, &(CsTestOcspProfile){.before = "3000"});
	assert_refused(f, &(CsTestOcspProfile){.single_extensions = "3000"});
	assert_refused(f, &(CsTestOcspProfile){.response_extensions = "3000"});
}

/* OpenSSL reads our request, and finds the certificate that it is about. */
static void
test_request(Fixture *f, gconstpointer data)
{
	g_autoptr(GBytes) der = cs_ocsp_request_new(cs_test_identity_get_certificate(f->client),
						    cs_test_identity_get_certificate(f->authority));
	const guint8 *at = g_bytes_get_data(der, NULL);
	OCSP_REQUEST *request = d2i_OCSP_REQUEST(NULL, &at, (long)g_bytes_get_size(der));
	OCSP_CERTID *expected = OCSP_cert_to_id(NULL, cs_test_identity_get_x509(f->client),
						cs_test_identity_get_x509(f->authority));

	g_assert_nonnull(request);
	g_assert_cmpint(OCSP_request_onereq_count(request), ==, 1);
	g_assert_cmpint(
		OCSP_id_cmp(OCSP_onereq_get0_id(OCSP_request_onereq_get0(request, 0)), expected),
		==, 0);
	OCSP_CERTID_free(expected);
	OCSP_REQUEST_free(request);
}

#define ADD(path, function) g_test_add("/ocsp/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("fields", test_fields);
	ADD("malformed", test_malformed);
	ADD("refused", test_refused);
	ADD("request", test_request);
	return g_test_run();
}
