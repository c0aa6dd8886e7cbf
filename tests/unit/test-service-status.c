/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/http.h"
#include "core/base/openssl.h"
#include "tests/fixtures/service-fixture.h"

#include <string.h>

#define HOUR_S	   3600
#define MAX_BYTES  65536
#define TIMEOUT_MS 20000
#define CRL_TYPE   "application/pkix-crl"

/* GET /crl/{ca}.crl is asked here; that OCSP answers a real client is integration/test_publication.py's
 * to show. */
typedef struct {
	CsTestService *service;
	CsTestCredential *credential;
	char *path;  /* of the CRL */
	GBytes *der; /* the CRL read last */
	gint64 began;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	CsAuthority *authority = NULL;

	f->service = cs_test_service_new();
	f->credential = cs_test_credential_new_built_in(f->service, NULL);
	authority = cs_test_service_get_authority(f->service);
	f->path = g_strdup_printf("/crl/%s.crl", cs_ca_get_id(cs_authority_get_ca(authority)));
	f->began = cs_test_service_get_now(f->service);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	g_clear_pointer(&f->der, g_bytes_unref);
	cs_test_credential_free(f->credential);
	cs_test_service_free(f->service);
	g_free(f->path);
}

static void
revoke_it(const Fixture *f)
{
	g_autoptr(GError) error = NULL;

	cJSON_Delete(cs_admin_revoke_certificate(
		cs_test_service_get_authority(f->service),
		cs_certificate_get_fingerprint(f->credential->certificate), &error));
	g_assert_no_error(error);
}

static X509_CRL *
fetch(Fixture *f)
{
	g_autoptr(CsHttpClient) http = cs_http_client_new(NULL, TIMEOUT_MS);
	g_autofree char *url = g_strconcat(cs_test_service_get_address(f->service), f->path, NULL);
	g_autoptr(CsHttpResponse) response = NULL;
	g_autoptr(GError) error = NULL;
	const unsigned char *der = NULL;
	gsize length = 0;
	X509_CRL *crl = NULL;

	response = cs_http_client_request(http, "GET", url, NULL, MAX_BYTES, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(response->status, ==, 200);
	g_assert_cmpstr(response->content_type, ==, CRL_TYPE);
	g_clear_pointer(&f->der, g_bytes_unref);
	f->der = g_bytes_ref(response->body);
	der = g_bytes_get_data(f->der, &length);
	crl = d2i_X509_CRL(NULL, &der, (long)length);
	g_assert_nonnull(crl);
	return crl;
}

static gint64
fetch_number(Fixture *f, int *entries)
{
	g_autoptr(X509_CRL) crl = fetch(f);
	g_autoptr(ASN1_INTEGER) number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl);

	*entries = revoked != NULL ? sk_X509_REVOKED_num(revoked) : 0;
	return ASN1_INTEGER_get(number);
}

/* Numbers are the time's, or one more than the last: after is counted from the test's first second. */
static void
expect(Fixture *f, gint64 after, int entries)
{
	int seen = 0;

	g_assert_cmpint(fetch_number(f, &seen), ==, f->began + after);
	g_assert_cmpint(seen, ==, entries);
}

/* rule 12: a CRL from before the last revocation is never handed out; nor one made anew for
 * everybody who asks */
static void
test_on_every_revocation(Fixture *f, gconstpointer data)
{
	g_autoptr(GBytes) first = NULL;

	expect(f, 0, 0);
	first = g_bytes_ref(f->der);
	expect(f, 0, 0);
	g_assert_true(g_bytes_equal(first, f->der));
	revoke_it(f);
	expect(f, 1, 1);
}

static void
test_by_age(Fixture *f, gconstpointer data)
{
	expect(f, 0, 0);
	cs_test_service_advance(f->service, HOUR_S - 1);
	expect(f, 0, 0);
	cs_test_service_advance(f->service, 1);
	expect(f, HOUR_S, 0);
	/* A clock that was set back. */
	cs_test_service_advance(f->service, -2 * HOUR_S);
	expect(f, HOUR_S + 1, 0);
}

/* The number is the registry's: it grows over restarts, and over a commit that was lost. */
static void
test_number(Fixture *f, gconstpointer data)
{
	expect(f, 0, 0);
	cs_test_service_stop(f->service);
	cs_test_service_start(f->service);
	expect(f, 1, 0);
	cs_test_service_advance(f->service, HOUR_S);
	cs_test_service_fail_commits(f->service, TRUE);
	cs_test_service_expect_problem(f->service, "GET", f->path, NULL, 503, "internal");
	cs_test_service_fail_commits(f->service, FALSE);
	expect(f, HOUR_S, 0);
}

/* A backup brings an earlier number back; whoever saw a later one would refuse what is under it. */
static void
test_number_after_restore(Fixture *f, gconstpointer data)
{
	CsAuthority *authority = cs_test_service_get_authority(f->service);
	g_autoptr(GError) error = NULL;

	cs_test_service_advance(f->service, HOUR_S);
	expect(f, HOUR_S, 0);
	cs_registry_set_meta(cs_authority_get_registry(authority), "crl-number", "7", &error);
	g_assert_no_error(error);
	cs_test_service_advance(f->service, 1);
	expect(f, HOUR_S + 1, 0);
}

/* What expired longer ago than a CRL's lifetime is left out. */
static void
test_expired(Fixture *f, gconstpointer data)
{
	gint64 not_after = cs_certificate_get_not_after(f->credential->certificate);
	int later_s = (int)(not_after - cs_test_service_get_now(f->service)) + 24 * HOUR_S;

	revoke_it(f);
	expect(f, 0, 1);
	cs_test_service_advance(f->service, later_s);
	expect(f, later_s, 1);
	cs_test_service_advance(f->service, HOUR_S);
	expect(f, later_s + HOUR_S, 0);
}

static void
test_refused(Fixture *f, gconstpointer data)
{
	g_autofree char *ocsp = g_strdup_printf(
		"/ocsp/%s",
		cs_ca_get_id(cs_authority_get_ca(cs_test_service_get_authority(f->service))));

	cs_test_service_expect_problem(f->service, "GET", "/crl/another.crl", NULL, 404,
				       "not-found");
	cs_test_service_expect_problem(f->service, "POST", ocsp, cJSON_CreateObject(), 415,
				       "request-malformed");
	cs_test_service_expect_problem(f->service, "GET", ocsp, NULL, 405, "method-not-allowed");
}

/* RFC 5280, sections 4.2.1.13 and 4.2.2.1: what is issued says where its status is told. */
static void
test_locations(Fixture *f, gconstpointer data)
{
	gsize length = 0;
	const guint8 *der =
		g_bytes_get_data(cs_certificate_get_der(f->credential->certificate), &length);
	g_autofree char *text = g_malloc0(length + 1);
	const char *id =
		cs_ca_get_id(cs_authority_get_ca(cs_test_service_get_authority(f->service)));
	g_autofree char *crl = g_strdup_printf(CS_TEST_SERVICE_URL "/crl/%s.crl", id);
	g_autofree char *ocsp = g_strdup_printf(CS_TEST_SERVICE_URL "/ocsp/%s", id);

	for (gsize i = 0; i < length; i++)
		text[i] = der[i] != '\0' ? (char)der[i] : ' ';
	g_assert_nonnull(strstr(text, crl));
	g_assert_nonnull(strstr(text, ocsp));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/service-status/" name, Fixture, NULL, set_up, func, tear_down)
	ADD("on-every-revocation", test_on_every_revocation);
	ADD("by-age", test_by_age);
	ADD("number", test_number);
	ADD("number-after-restore", test_number_after_restore);
	ADD("expired", test_expired);
	ADD("refused", test_refused);
	ADD("locations", test_locations);
	return g_test_run();
}
