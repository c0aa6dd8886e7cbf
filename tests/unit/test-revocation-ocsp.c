/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-ocsp.h"

#include "tests/fixtures/revocation-fixture.h"

/* rule 12: what an OCSP responder's answer is worth */

#define NOW   CS_TEST_CRL_NOW
#define HOUR  3600
#define DAY   86400
#define OTHER "2a03" /* an OID that nobody knows */

#define NO_CHECK "1.3.6.1.5.5.7.48.1.5"

typedef struct {
	CsTestIdentity *authority;
	CsTestIdentity *stranger; /* another CA with the same name */
	CsTestIdentity *client;
	CsIssuer *issuer;
	CsRevocationLimits limits;
	GPtrArray *crls; /* (element-type CsCrl), for responders' certificates */
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->authority = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	f->stranger = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	f->client = cs_test_identity_new(NULL, f->authority);
	f->issuer = cs_issuer_new(cs_test_identity_get_certificate(f->authority), NULL);
	f->limits = (CsRevocationLimits){.now = NOW};
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_issuer_unref(f->issuer);
	cs_test_identity_free(f->client);
	cs_test_identity_free(f->stranger);
	cs_test_identity_free(f->authority);
}

static CsRevocationAnswer
ask(Fixture *f, GBytes *response)
{
	g_autoptr(CsCrlSet) set = f->crls != NULL ? cs_crl_set_new(f->issuer, f->crls, NULL) : NULL;
	const CsOcspQuestion question = {f->issuer, cs_test_identity_get_certificate(f->client),
					 set, &f->limits};
	CsRevocationAnswer answer;

	cs_ocsp_decide(&question, response, &answer);
	return answer;
}

static void
assert_answer(Fixture *f, GBytes *response_taken, CsRevocation status, const char *detail)
{
	CsRevocationAnswer answer = ask(f, response_taken);

	g_assert_cmpstr(answer.detail, ==, detail);
	g_assert_cmpint(answer.status, ==, status);
	g_bytes_unref(response_taken);
}

static void
assert_profile(Fixture *f,
	       const CsTestOcspProfile *profile,
	       CsRevocation status,
	       const char *detail)
{
	assert_answer(f, cs_test_ocsp_new(profile, f->client, f->authority, f->authority), status,
		      detail);
}

static void
assert_unknown(Fixture *f, const CsTestOcspProfile *profile, const char *detail)
{
	assert_profile(f, profile, CS_REVOCATION_UNKNOWN, detail);
}

static void
test_good(Fixture *f, gconstpointer data)
{
	g_autoptr(GBytes) response = cs_test_ocsp_new(NULL, f->client, f->authority, f->authority);
	CsRevocationAnswer answer = ask(f, response);

	g_assert_cmpint(answer.status, ==, CS_REVOCATION_GOOD);
	g_assert_cmpint(answer.this_update, ==, NOW - HOUR);
	g_assert_cmpint(answer.valid_until, ==, NOW + DAY);
	assert_profile(f, &(CsTestOcspProfile){.by_key = TRUE, .sha256 = TRUE}, CS_REVOCATION_GOOD,
		       "ocsp");
}

static void
test_revoked(Fixture *f, gconstpointer data)
{
	const char *revoked = cs_test_der(0xa1, cs_test_der_time(NOW - DAY), NULL);
	const char *held = cs_test_der(0xa1, cs_test_der_time(NOW - DAY), "a0030a0106", NULL);

	assert_profile(f, &(CsTestOcspProfile){.status = revoked}, CS_REVOCATION_REVOKED, "ocsp");
	assert_profile(f, &(CsTestOcspProfile){.status = held}, CS_REVOCATION_REVOKED, "ocsp");
	assert_unknown(f, &(CsTestOcspProfile){.status = "8200"}, "ocsp-status-unknown");
}

/* Two about one certificate: the worse counts, in either order. */
static void
test_contradiction(Fixture *f, gconstpointer data)
{
	const CsTestOcspProfile good = {0};
	const CsTestOcspProfile revoked = {
		.status = cs_test_der(0xa1, cs_test_der_time(NOW - DAY), NULL)};
	const char *first_good = cs_test_ocsp_single(&good, f->client, f->authority);
	const char *first_revoked = cs_test_ocsp_single(&revoked, f->client, f->authority);
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(NULL, f->authority);

	assert_profile(f, &(CsTestOcspProfile){.status = revoked.status, .before = first_good},
		       CS_REVOCATION_REVOKED, "ocsp");
	assert_profile(f, &(CsTestOcspProfile){.before = first_revoked}, CS_REVOCATION_REVOKED,
		       "ocsp");
	assert_unknown(f, &(CsTestOcspProfile){.status = "8200", .before = first_good},
		       "ocsp-status-unknown");
	assert_profile(
		f,
		&(CsTestOcspProfile){.before = cs_test_ocsp_single(&revoked, other, f->authority)},
		CS_REVOCATION_GOOD, "ocsp");
}

static void
test_no_match(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(NULL, f->authority);
	g_autoptr(CsTestIdentity) namesake = cs_test_identity_new(
		&(CsTestProfile){.serial_hex = cs_certificate_get_serial(
					 cs_test_identity_get_certificate(f->client))},
		f->stranger);

	assert_answer(f, cs_test_ocsp_new(NULL, other, f->authority, f->authority),
		      CS_REVOCATION_UNKNOWN, "ocsp-no-match");
	/* Its serial number, its issuer's name, another key. */
	assert_answer(f, cs_test_ocsp_new(NULL, namesake, f->stranger, f->authority),
		      CS_REVOCATION_UNKNOWN, "ocsp-no-match");
	assert_unknown(f, &(CsTestOcspProfile){.nothing = TRUE}, "ocsp-no-match");
}

static void
test_times(Fixture *f, gconstpointer data)
{
	assert_unknown(f, &(CsTestOcspProfile){.this_update = NOW + HOUR}, "ocsp-not-yet-valid");
	assert_unknown(f, &(CsTestOcspProfile){.next_update = NOW - 1}, "ocsp-stale");
	assert_unknown(f, &(CsTestOcspProfile){.produced_at = NOW + HOUR}, "ocsp-not-yet-valid");
	/* Outside the certificate's own time: 2020 to 2040. */
	assert_unknown(f, &(CsTestOcspProfile){.produced_at = 1000000000}, "ocsp-too-old");
	f->limits.now = G_GINT64_CONSTANT(2300000000);
	assert_unknown(f, &(CsTestOcspProfile){.produced_at = G_GINT64_CONSTANT(2290000000)},
		       "ocsp-too-old");
	f->limits.now = NOW;
	f->limits.max_age_s = HOUR - 1;
	assert_unknown(f, NULL, "ocsp-too-old");
}

static void
test_critical(Fixture *f, gconstpointer data)
{
	const char *critical = cs_test_der_extension(OTHER, TRUE, "0500");
	const char *harmless = cs_test_der_extension(OTHER, FALSE, "0500");
	const char *nonce = cs_test_der_extension("2b0601050507300102", TRUE, "040100");

	assert_unknown(f, &(CsTestOcspProfile){.response_extensions = critical},
		       "ocsp-critical-extension");
	assert_unknown(f, &(CsTestOcspProfile){.single_extensions = critical},
		       "ocsp-critical-extension");
	assert_profile(
		f,
		&(CsTestOcspProfile){.response_extensions = nonce, .single_extensions = harmless},
		CS_REVOCATION_GOOD, "ocsp");
}

static void
test_bytes(Fixture *f, gconstpointer data)
{
	assert_answer(f, g_bytes_new_static("x", 1), CS_REVOCATION_UNKNOWN, "ocsp-malformed");
	/* tryLater */
	assert_answer(f, cs_test_der_decode("30030a0103"), CS_REVOCATION_UNKNOWN, "ocsp-refused");
}

static void
test_signature(Fixture *f, gconstpointer data)
{
	assert_answer(f, cs_test_ocsp_new(NULL, f->client, f->authority, f->stranger),
		      CS_REVOCATION_UNKNOWN, "ocsp-signature-invalid");
	assert_unknown(f, &(CsTestOcspProfile){.digest = "SHA1"}, "ocsp-signature-invalid");
	assert_answer(f,
		      cs_test_ocsp_new(&(CsTestOcspProfile){.named = f->client}, f->client,
				       f->authority, f->authority),
		      CS_REVOCATION_UNKNOWN, "ocsp-signature-invalid");
}

/* ---- delegates: RFC 6960 section 4.2.2.2 ---- */

static CsTestProfile
responder_profile(void)
{
	return (CsTestProfile){
		.subject = "CN=Responder",
		.extended_key_usage = "OCSPSigning",
		.extra_oid = NO_CHECK,
	};
}

static void
assert_delegate(Fixture *f, const CsTestProfile *profile, CsRevocation status, const char *detail)
{
	g_autoptr(CsTestIdentity) responder = cs_test_identity_new(profile, f->authority);
	CsDer der = {0};

	der.data = g_bytes_get_data(cs_test_identity_get_der(responder), &der.length);
	assert_answer(f,
		      cs_test_ocsp_new(&(CsTestOcspProfile){.certificates = cs_test_der_of(der)},
				       f->client, f->authority, responder),
		      status, detail);
}

static void
test_delegate(Fixture *f, gconstpointer data)
{
	CsTestProfile profile = responder_profile();

	assert_delegate(f, &profile, CS_REVOCATION_GOOD, "ocsp");
	profile.key_usage = "absent";
	assert_delegate(f, &profile, CS_REVOCATION_GOOD, "ocsp");
}

static void
assert_not_allowed(Fixture *f, const CsTestProfile *profile)
{
	assert_delegate(f, profile, CS_REVOCATION_UNKNOWN, "ocsp-responder-not-allowed");
}

static void
test_not_allowed(Fixture *f, gconstpointer data)
{
	CsTestProfile profile = responder_profile();

	profile.extended_key_usage = NULL; /* clientAuth */
	assert_not_allowed(f, &profile);
	profile.extended_key_usage = "absent";
	assert_not_allowed(f, &profile);
	profile.extended_key_usage = "anyExtendedKeyUsage";
	assert_not_allowed(f, &profile);
	profile = responder_profile();
	profile.key_usage = "keyAgreement";
	assert_not_allowed(f, &profile);
	profile = responder_profile();
	profile.extra_oid = "1.2.3";
	profile.extra_critical = TRUE;
	assert_not_allowed(f, &profile);
	profile = responder_profile();
	profile.not_before = NOW + 1;
	assert_not_allowed(f, &profile);
	profile = responder_profile();
	profile.not_after = NOW - 1;
	assert_not_allowed(f, &profile);
	profile = responder_profile();
	profile.sha1 = TRUE;
	assert_not_allowed(f, &profile);
}

/* Delegated by a CA that only has the name; and one whose certificate is not beside it. */
static void
test_foreign_delegate(Fixture *f, gconstpointer data)
{
	CsTestProfile profile = responder_profile();
	g_autoptr(CsTestIdentity) responder = cs_test_identity_new(&profile, f->stranger);
	CsDer der = {0};

	der.data = g_bytes_get_data(cs_test_identity_get_der(responder), &der.length);
	assert_answer(f,
		      cs_test_ocsp_new(&(CsTestOcspProfile){.certificates = cs_test_der_of(der)},
				       f->client, f->authority, responder),
		      CS_REVOCATION_UNKNOWN, "ocsp-responder-not-allowed");
	assert_answer(f, cs_test_ocsp_new(NULL, f->client, f->authority, responder),
		      CS_REVOCATION_UNKNOWN, "ocsp-signature-invalid");
}

/* Another's certificate before the right one. */
static void
test_more_certificates(Fixture *f, gconstpointer data)
{
	CsTestProfile profile = responder_profile();
	g_autoptr(CsTestIdentity) responder = cs_test_identity_new(&profile, f->authority);
	g_autoptr(CsTestIdentity) namesake = cs_test_identity_new(&profile, f->authority);
	CsDer right = {0}, other = {0}, wrong = {0};

	right.data = g_bytes_get_data(cs_test_identity_get_der(responder), &right.length);
	other.data = g_bytes_get_data(cs_test_identity_get_der(f->client), &other.length);
	wrong.data = g_bytes_get_data(cs_test_identity_get_der(namesake), &wrong.length);
	assert_answer(f,
		      cs_test_ocsp_new(&(CsTestOcspProfile){.certificates = cs_test_der_join(
								    cs_test_der_of(other),
								    cs_test_der_of(wrong),
								    cs_test_der_of(right), NULL)},
				       f->client, f->authority, responder),
		      CS_REVOCATION_GOOD, "ocsp");
}

/* Without id-pkix-ocsp-nocheck a CRL has to say that the responder's certificate is good. */
static void
test_checked_delegate(Fixture *f, gconstpointer data)
{
	CsTestProfile profile = responder_profile();
	g_autoptr(CsTestIdentity) responder = NULL;
	g_autoptr(GBytes) empty = cs_test_crl_new(NULL, f->authority);
	g_autoptr(GBytes) listing = NULL;
	g_autoptr(GPtrArray) crls = g_ptr_array_new_with_free_func((GDestroyNotify)cs_crl_unref);
	CsDer der = {0};
	CsTestOcspProfile response = {0};

	profile.extra_oid = NULL;
	responder = cs_test_identity_new(&profile, f->authority);
	der.data = g_bytes_get_data(cs_test_identity_get_der(responder), &der.length);
	response.certificates = cs_test_der_of(der);
	listing = cs_test_crl_new(
		&(CsTestCrlProfile){.entries = cs_test_crl_entry(
					    cs_test_identity_get_certificate(responder), NULL)},
		f->authority);

	assert_answer(f, cs_test_ocsp_new(&response, f->client, f->authority, responder),
		      CS_REVOCATION_UNKNOWN, "ocsp-responder-not-allowed");
	f->crls = crls;
	g_ptr_array_add(crls, cs_crl_new(empty, NULL));
	assert_answer(f, cs_test_ocsp_new(&response, f->client, f->authority, responder),
		      CS_REVOCATION_GOOD, "ocsp");
	g_ptr_array_set_size(crls, 0);
	g_ptr_array_add(crls, cs_crl_new(listing, NULL));
	assert_answer(f, cs_test_ocsp_new(&response, f->client, f->authority, responder),
		      CS_REVOCATION_UNKNOWN, "ocsp-responder-not-allowed");
	f->crls = NULL;
}

#define ADD(path, function)                                                                        \
	g_test_add("/revocation-ocsp/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("good", test_good);
	ADD("revoked", test_revoked);
	ADD("contradiction", test_contradiction);
	ADD("no-match", test_no_match);
	ADD("times", test_times);
	ADD("critical", test_critical);
	ADD("bytes", test_bytes);
	ADD("signature", test_signature);
	ADD("delegate", test_delegate);
	ADD("not-allowed", test_not_allowed);
	ADD("foreign-delegate", test_foreign_delegate);
	ADD("more-certificates", test_more_certificates);
	ADD("checked-delegate", test_checked_delegate);
	return g_test_run();
}
