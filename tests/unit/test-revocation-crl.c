/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-crl.h"

#include "core/pki/certificate-extension.h"
#include "tests/fixtures/revocation-fixture.h"

/* rule 12: what CRLs are worth */

#define NOW	 CS_TEST_CRL_NOW
#define HOUR	 3600
#define DAY	 86400
#define OTHER	 "2a03" /* an OID that nobody knows */
#define POINTS	 "2.5.29.31"
#define FRESHEST "2.5.29.46"

/* A DistributionPointName around a fullName with one URI: "a", "b". */
#define NAME_A	"a003860161"
#define NAME_B	"a003860162"
#define POINT_A "30073005a003860161"
/* issuingDistributionPoint */
#define SCOPE_A                                                                                    \
	"3007"                                                                                     \
	"a005"                                                                                     \
	"a003860161"
#define SCOPE_USERS                                                                                \
	"3003"                                                                                     \
	"8101ff"
#define SCOPE_CAS                                                                                  \
	"3003"                                                                                     \
	"8201ff"
#define SCOPE_ATTRIBUTES                                                                           \
	"3003"                                                                                     \
	"8501ff"
#define SCOPE_INDIRECT                                                                             \
	"3003"                                                                                     \
	"8401ff"
#define SCOPE_SOME                                                                                 \
	"3004"                                                                                     \
	"83020640" /* keyCompromise */
#define SCOPE_OTHERS                                                                               \
	"3005"                                                                                     \
	"8303073f80" /* all but that */

typedef struct {
	CsTestIdentity *authority;
	CsTestIdentity *client;
	CsIssuer *issuer;
	CsRevocationLimits limits;
	GPtrArray *crls;    /* (element-type CsCrl) */
	GPtrArray *signers; /* (element-type CsCertificate) */
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->authority = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	f->client = cs_test_identity_new(NULL, f->authority);
	f->issuer = cs_issuer_new(cs_test_identity_get_certificate(f->authority), NULL);
	f->limits = (CsRevocationLimits){.now = NOW};
	f->crls = g_ptr_array_new_with_free_func((GDestroyNotify)cs_crl_unref);
	f->signers = g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	g_ptr_array_unref(f->signers);
	g_ptr_array_unref(f->crls);
	cs_issuer_unref(f->issuer);
	cs_test_identity_free(f->client);
	cs_test_identity_free(f->authority);
}

static void
put(Fixture *f, const CsTestCrlProfile *profile, CsTestIdentity *signer)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) der = cs_test_crl_new(profile, signer);
	CsCrl *crl = cs_crl_new(der, &error);

	g_assert_no_error(error);
	g_ptr_array_add(f->crls, crl);
}

static CsRevocationAnswer
ask(Fixture *f, CsTestIdentity *client)
{
	g_autoptr(CsCrlSet) set =
		cs_crl_set_new(f->issuer, f->crls, f->signers->len > 0 ? f->signers : NULL);
	g_autoptr(CsCrlSet) again = cs_crl_set_ref(set);
	CsRevocationAnswer answer;

	cs_crl_set_decide(again, cs_test_identity_get_certificate(client), &f->limits, &answer);
	g_assert_cmpuint(cs_crl_set_get_length(set), ==, f->crls->len);
	return answer;
}

static void
assert_about(Fixture *f, CsTestIdentity *client, CsRevocation status, const char *detail)
{
	CsRevocationAnswer answer = ask(f, client);

	g_assert_cmpstr(answer.detail, ==, detail);
	g_assert_cmpint(answer.status, ==, status);
}

static void
assert_good(Fixture *f)
{
	assert_about(f, f->client, CS_REVOCATION_GOOD, "crl");
}

static void
assert_revoked(Fixture *f)
{
	assert_about(f, f->client, CS_REVOCATION_REVOKED, "crl");
}

static void
assert_unknown(Fixture *f, const char *detail)
{
	assert_about(f, f->client, CS_REVOCATION_UNKNOWN, detail);
}

/* One CRL alone, and away with it. */
static void
assert_one(Fixture *f, const CsTestCrlProfile *profile, CsRevocation status, const char *detail)
{
	put(f, profile, f->authority);
	assert_about(f, f->client, status, detail);
	g_ptr_array_set_size(f->crls, 0);
}

static const char *
entry(Fixture *f)
{
	return cs_test_crl_entry(cs_test_identity_get_certificate(f->client), NULL);
}

static const char *
entry_reason(Fixture *f, guint reason)
{
	return cs_test_crl_entry_reason(cs_test_identity_get_certificate(f->client), reason);
}

static void
test_listed(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(NULL, f->authority);
	CsRevocationAnswer answer;

	assert_unknown(f, "crl-missing");
	put(f, &(CsTestCrlProfile){.entries = entry(f)}, f->authority);
	assert_revoked(f);
	answer = ask(f, other);
	g_assert_cmpint(answer.status, ==, CS_REVOCATION_GOOD);
	g_assert_cmpint(answer.this_update, ==, NOW - HOUR);
	g_assert_cmpint(answer.valid_until, ==, NOW + DAY);
	g_ptr_array_set_size(f->crls, 0);
	/* On hold. */
	assert_one(f, &(CsTestCrlProfile){.entries = entry_reason(f, 6)}, CS_REVOCATION_REVOKED,
		   "crl");
}

static void
test_times(Fixture *f, gconstpointer data)
{
	assert_one(f, &(CsTestCrlProfile){.this_update = NOW + HOUR}, CS_REVOCATION_UNKNOWN,
		   "crl-not-yet-valid");
	assert_one(f, &(CsTestCrlProfile){.next_update = NOW - 1}, CS_REVOCATION_UNKNOWN,
		   "crl-stale");
	f->limits.max_age_s = HOUR - 1;
	assert_one(f, NULL, CS_REVOCATION_UNKNOWN, "crl-too-old");
}

static void
test_unusable(Fixture *f, gconstpointer data)
{
	const char *critical = cs_test_der_extension(OTHER, TRUE, "0500");
	const CsCertificate *client = cs_test_identity_get_certificate(f->client);

	assert_one(f, &(CsTestCrlProfile){.extra = critical}, CS_REVOCATION_UNKNOWN,
		   "crl-critical-extension");
	assert_one(f, &(CsTestCrlProfile){.entries = cs_test_crl_entry(client, critical)},
		   CS_REVOCATION_UNKNOWN, "crl-critical-extension");
	assert_one(f, &(CsTestCrlProfile){.scope = SCOPE_INDIRECT}, CS_REVOCATION_UNKNOWN,
		   "crl-indirect");
	assert_one(
		f,
		&(CsTestCrlProfile){.entries = cs_test_crl_entry(
					    client, cs_test_der_extension("551d1d", TRUE, "3000"))},
		CS_REVOCATION_UNKNOWN, "crl-indirect");
	assert_one(f, &(CsTestCrlProfile){.scope = SCOPE_ATTRIBUTES}, CS_REVOCATION_UNKNOWN,
		   "crl-scope");
	/* A name that is none: fullName without any. */
	assert_one(f, &(CsTestCrlProfile){.scope = "3004a002a000"}, CS_REVOCATION_UNKNOWN,
		   "crl-malformed");
	assert_one(f, &(CsTestCrlProfile){.digest = "SHA1"}, CS_REVOCATION_UNKNOWN,
		   "crl-signature-invalid");
	assert_one(f, &(CsTestCrlProfile){.issuer = f->client}, CS_REVOCATION_UNKNOWN,
		   "crl-of-another-issuer");
}

static void
test_problem(Fixture *f, gconstpointer data)
{
	g_autoptr(CsCrlSet) set = NULL;

	put(f, NULL, f->authority);
	put(f, &(CsTestCrlProfile){.digest = "SHA1"}, f->authority);
	set = cs_crl_set_new(f->issuer, f->crls, NULL);
	g_assert_cmpstr(cs_crl_set_get_problem(set, 0), ==, NULL);
	g_assert_cmpstr(cs_crl_set_get_problem(set, 1), ==, "crl-signature-invalid");
	g_assert_true(cs_crl_set_get_crl(set, 0) == f->crls->pdata[0]);
}

/* What is said is what is about the certificate's own CRL, wherever it stands. */
static void
test_obstacle(Fixture *f, gconstpointer data)
{
	put(f, &(CsTestCrlProfile){.issuer = f->client}, f->authority);
	assert_unknown(f, "crl-of-another-issuer");
	put(f, &(CsTestCrlProfile){.scope = SCOPE_CAS}, f->authority);
	assert_unknown(f, "crl-scope");
	put(f, &(CsTestCrlProfile){.next_update = NOW - 1}, f->authority);
	assert_unknown(f, "crl-stale");
	put(f, &(CsTestCrlProfile){.extra = cs_test_der_extension(OTHER, TRUE, "0500")},
	    f->authority);
	assert_unknown(f, "crl-stale");
}

/* ---- who may sign ---- */

static void
test_key_usage(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestIdentity) mute = cs_test_identity_new(
		&(CsTestProfile){.ca = TRUE, .key_usage = "keyCertSign"}, NULL);
	g_autoptr(CsTestIdentity) any =
		cs_test_identity_new(&(CsTestProfile){.ca = TRUE, .key_usage = "absent"}, NULL);

	cs_issuer_unref(f->issuer);
	f->issuer = cs_issuer_new(cs_test_identity_get_certificate(mute), NULL);
	put(f, NULL, mute);
	assert_unknown(f, "crl-signer-not-allowed");
	g_ptr_array_set_size(f->crls, 0);
	cs_issuer_unref(f->issuer);
	f->issuer = cs_issuer_new(cs_test_identity_get_certificate(any), NULL);
	put(f, NULL, any);
	assert_good(f);
}

static CsTestProfile
signer_profile(void)
{
	return (CsTestProfile){.subject = "CN=Test CA", .key_usage = "cRLSign"};
}

static void
assert_signer(Fixture *f,
	      const CsTestProfile *profile,
	      CsTestIdentity *issuer,
	      CsRevocation status,
	      const char *detail)
{
	g_autoptr(CsTestIdentity) signer = cs_test_identity_new(profile, issuer);

	put(f, &(CsTestCrlProfile){.issuer = f->authority}, signer);
	g_ptr_array_add(f->signers, cs_certificate_ref(cs_test_identity_get_certificate(signer)));
	assert_about(f, f->client, status, detail);
	g_ptr_array_set_size(f->signers, 0);
	g_ptr_array_set_size(f->crls, 0);
}

static void
refuse_signer(Fixture *f, const CsTestProfile *profile)
{
	assert_signer(f, profile, f->authority, CS_REVOCATION_UNKNOWN, "crl-signature-invalid");
}

static void
test_signers(Fixture *f, gconstpointer data)
{
	CsTestProfile profile = signer_profile();
	g_autoptr(CsTestIdentity) stranger =
		cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	g_autoptr(CsTestIdentity) other = cs_test_identity_new(&profile, f->authority);

	assert_signer(f, &profile, f->authority, CS_REVOCATION_GOOD, "crl");
	assert_signer(f, &profile, stranger, CS_REVOCATION_UNKNOWN, "crl-signature-invalid");
	profile.subject = "CN=Somebody";
	refuse_signer(f, &profile);
	profile = signer_profile();
	profile.key_usage = "absent";
	refuse_signer(f, &profile);
	profile.key_usage = "digitalSignature";
	refuse_signer(f, &profile);
	profile = signer_profile();
	profile.extra_oid = "1.2.3";
	profile.extra_critical = TRUE;
	refuse_signer(f, &profile);
	profile = signer_profile();
	profile.sha1 = TRUE;
	refuse_signer(f, &profile);
	profile = signer_profile();
	profile.not_before = NOW + 1;
	assert_signer(f, &profile, f->authority, CS_REVOCATION_UNKNOWN, "crl-signer-not-allowed");
	profile = signer_profile();
	profile.not_after = NOW - 1;
	assert_signer(f, &profile, f->authority, CS_REVOCATION_UNKNOWN, "crl-signer-not-allowed");
	/* It may, but has not. */
	g_ptr_array_add(f->signers, cs_certificate_ref(cs_test_identity_get_certificate(other)));
	put(f, NULL, stranger);
	assert_unknown(f, "crl-signature-invalid");
}

/* ---- what it is about ---- */

static CsTestIdentity *
client_with_points(Fixture *f, const char *points)
{
	return cs_test_identity_new(&(CsTestProfile){.extra_oid = POINTS, .extra_hex = points},
				    f->authority);
}

static void
test_points(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestIdentity) at_a = client_with_points(
		f,
		cs_test_der(0x30, cs_test_der(0x30, cs_test_der(0xa0, NAME_A, NULL), NULL), NULL));
	g_autoptr(CsTestIdentity) at_b = client_with_points(
		f,
		cs_test_der(0x30, cs_test_der(0x30, cs_test_der(0xa0, NAME_B, NULL), NULL), NULL));
	g_autoptr(CsTestIdentity) nameless =
		client_with_points(f, cs_test_der(0x30, cs_test_der(0x30, "81020640", NULL), NULL));
	g_autoptr(CsTestIdentity) indirect = client_with_points(
		f,
		cs_test_der(0x30,
			    cs_test_der(0x30, cs_test_der(0xa0, NAME_A, NULL), "a203860161", NULL),
			    NULL));
	g_autoptr(CsTestIdentity) malformed = client_with_points(f, "3002"
								    "0500");
	g_autoptr(CsTestIdentity) none = client_with_points(f, "0500");

	put(f, &(CsTestCrlProfile){.scope = SCOPE_A}, f->authority);
	assert_about(f, at_a, CS_REVOCATION_GOOD, "crl");
	assert_about(f, at_b, CS_REVOCATION_UNKNOWN, "crl-scope");
	assert_about(f, nameless, CS_REVOCATION_UNKNOWN, "crl-scope");
	assert_about(f, indirect, CS_REVOCATION_UNKNOWN, "crl-scope");
	assert_about(f, malformed, CS_REVOCATION_UNKNOWN, "crl-scope");
	assert_about(f, none, CS_REVOCATION_UNKNOWN, "crl-scope");
	/* Without points only the issuer's own name would be one. */
	assert_unknown(f, "crl-scope");
	g_ptr_array_set_size(f->crls, 0);
	put(f, NULL, f->authority);
	assert_about(f, at_b, CS_REVOCATION_GOOD, "crl");
	assert_about(f, indirect, CS_REVOCATION_UNKNOWN, "crl-scope");
	assert_about(f, malformed, CS_REVOCATION_UNKNOWN, "crl-scope");
	assert_about(f, nameless, CS_REVOCATION_UNKNOWN, "crl-reasons-incomplete");
}

static void
test_issuer_as_point(Fixture *f, gconstpointer data)
{
	const char *name = cs_test_der_of(
		cs_certificate_get_subject_der(cs_test_identity_get_certificate(f->authority)));
	const char *scope = cs_test_der(
		0x30,
		cs_test_der(0xa0, cs_test_der(0xa0, cs_test_der(0xa4, name, NULL), NULL), NULL),
		NULL);

	put(f, &(CsTestCrlProfile){.scope = scope}, f->authority);
	assert_good(f);
}

static void
test_kinds(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestIdentity) ca =
		cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, f->authority);
	g_autoptr(CsTestIdentity) old =
		cs_test_identity_new(&(CsTestProfile){.version_1 = TRUE}, f->authority);

	put(f, &(CsTestCrlProfile){.scope = SCOPE_USERS}, f->authority);
	assert_good(f);
	assert_about(f, ca, CS_REVOCATION_UNKNOWN, "crl-scope");
	assert_about(f, old, CS_REVOCATION_UNKNOWN, "crl-scope");
	g_ptr_array_set_size(f->crls, 0);
	put(f, &(CsTestCrlProfile){.scope = SCOPE_CAS}, f->authority);
	assert_unknown(f, "crl-scope");
	assert_about(f, ca, CS_REVOCATION_GOOD, "crl");
}

static void
test_reasons(Fixture *f, gconstpointer data)
{
	put(f, &(CsTestCrlProfile){.scope = SCOPE_SOME}, f->authority);
	assert_unknown(f, "crl-reasons-incomplete");
	put(f, &(CsTestCrlProfile){.scope = SCOPE_OTHERS}, f->authority);
	assert_good(f);
	put(f, &(CsTestCrlProfile){.scope = SCOPE_OTHERS, .number = "05", .entries = entry(f)},
	    f->authority);
	put(f, &(CsTestCrlProfile){.scope = SCOPE_OTHERS, .number = "04"}, f->authority);
	assert_revoked(f);
}

/* Released from hold: the later one speaks. */
static void
test_superseded(Fixture *f, gconstpointer data)
{
	put(f, &(CsTestCrlProfile){.number = "01", .entries = entry_reason(f, 6)}, f->authority);
	put(f, &(CsTestCrlProfile){.number = "02"}, f->authority);
	assert_good(f);
	g_ptr_array_set_size(f->crls, 0);
	/* A later one that cannot be used does not. */
	put(f, &(CsTestCrlProfile){.number = "01", .entries = entry(f)}, f->authority);
	put(f, &(CsTestCrlProfile){.number = "02", .next_update = NOW - 1}, f->authority);
	assert_revoked(f);
	g_ptr_array_set_size(f->crls, 0);
	/* By date, where there is no number. */
	put(f, &(CsTestCrlProfile){.this_update = NOW - DAY, .entries = entry(f)}, f->authority);
	put(f, NULL, f->authority);
	assert_good(f);
	/* Of another scope, or of another issuer, it says nothing about this one. */
	g_ptr_array_set_size(f->crls, 0);
	put(f, &(CsTestCrlProfile){.number = "01", .entries = entry(f)}, f->authority);
	put(f, &(CsTestCrlProfile){.number = "02", .scope = SCOPE_USERS}, f->authority);
	put(f, &(CsTestCrlProfile){.number = "03", .issuer = f->client}, f->authority);
	assert_revoked(f);
}

/* ---- delta CRLs ---- */

static void
put_base(Fixture *f, const char *entries)
{
	g_ptr_array_set_size(f->crls, 0);
	put(f, &(CsTestCrlProfile){.number = "05", .entries = entries}, f->authority);
}

static void
put_delta(Fixture *f, const char *number, const char *base, const char *entries)
{
	put(f, &(CsTestCrlProfile){.number = number, .base = base, .entries = entries},
	    f->authority);
}

static void
test_delta(Fixture *f, gconstpointer data)
{
	put_base(f, NULL);
	put_delta(f, "06", "05", entry(f));
	assert_revoked(f);
	put_base(f, entry_reason(f, 6));
	put_delta(f, "06", "04", entry_reason(f, 8));
	assert_good(f);
	put_base(f, entry(f));
	put_delta(f, "06", "05", NULL);
	assert_revoked(f);
	put_base(f, NULL);
	put_delta(f, "06", "05", NULL);
	assert_good(f);
	/* The newest, in either order. */
	put_delta(f, "07", "05", entry(f));
	assert_revoked(f);
	put_base(f, NULL);
	put_delta(f, "07", "05", entry(f));
	put_delta(f, "06", "05", NULL);
	assert_revoked(f);
}

/* Listed twice: the entry that revokes counts. */
static void
test_delta_twice(Fixture *f, gconstpointer data)
{
	put_base(f, NULL);
	put_delta(f, "06", "05", cs_test_der_join(entry_reason(f, 8), entry(f), NULL));
	assert_revoked(f);
}

static void
test_delta_overtaken(Fixture *f, gconstpointer data)
{
	put_base(f, NULL);
	put_delta(f, "05", "04", entry(f));
	assert_good(f);
}

static void
test_delta_alone(Fixture *f, gconstpointer data)
{
	put_delta(f, "05", "04", NULL);
	assert_unknown(f, "crl-missing");
}

static void
test_delta_unfit(Fixture *f, gconstpointer data)
{
	CsTestProfile profile = signer_profile();
	g_autoptr(CsTestIdentity) signer = cs_test_identity_new(&profile, f->authority);

	/* Its base is later than the complete CRL. */
	put_base(f, NULL);
	put_delta(f, "07", "06", NULL);
	assert_unknown(f, "crl-delta-unfit");
	put_base(f, entry(f));
	put_delta(f, "07", "06", NULL);
	assert_revoked(f);
	/* Without a number it fits by its base. */
	put_base(f, NULL);
	put_delta(f, NULL, "05", NULL);
	assert_good(f);
	put_base(f, NULL);
	put(f, &(CsTestCrlProfile){.number = "06", .base = "05", .next_update = NOW - 1},
	    f->authority);
	assert_unknown(f, "crl-delta-unfit");
	g_ptr_array_set_size(f->crls, 0);
	put(f, NULL, f->authority);
	put_delta(f, "06", "05", NULL);
	assert_unknown(f, "crl-delta-unfit");
	/* Another signer. */
	put_base(f, NULL);
	put(f, &(CsTestCrlProfile){.number = "06", .base = "05", .issuer = f->authority}, signer);
	g_ptr_array_add(f->signers, cs_certificate_ref(cs_test_identity_get_certificate(signer)));
	assert_unknown(f, "crl-delta-unfit");
	/* Another scope: not its delta. */
	put_base(f, NULL);
	put(f,
	    &(CsTestCrlProfile){
		    .number = "06", .base = "05", .scope = SCOPE_USERS, .entries = entry(f)},
	    f->authority);
	assert_good(f);
}

/* What points to a delta CRL has more to say: without one that can be used it is not good. */
static void
expect_delta(Fixture *f, CsTestIdentity *client, const char *extra)
{
	const CsTestCrlProfile base = {.number = "05", .extra = extra};

	g_ptr_array_set_size(f->crls, 0);
	put(f, &base, f->authority);
	assert_about(f, client, CS_REVOCATION_UNKNOWN, "crl-delta-missing");
	/* Of another scope; stale, and overtaken besides. */
	put(f, &(CsTestCrlProfile){.number = "06", .base = "05", .scope = SCOPE_USERS},
	    f->authority);
	assert_about(f, client, CS_REVOCATION_UNKNOWN, "crl-delta-missing");
	put(f, &(CsTestCrlProfile){.number = "05", .base = "04", .next_update = NOW - 1},
	    f->authority);
	assert_about(f, client, CS_REVOCATION_UNKNOWN, "crl-delta-missing");
	put_delta(f, "05", "04", NULL);
	assert_about(f, client, CS_REVOCATION_GOOD, "crl");
	g_ptr_array_set_size(f->crls, 0);
	put(f, &base, f->authority);
	put_delta(f, "06", "05", NULL);
	assert_about(f, client, CS_REVOCATION_GOOD, "crl");
	put_delta(f, "07", "06", NULL);
	assert_about(f, client, CS_REVOCATION_UNKNOWN, "crl-delta-unfit");
	/* Listed is revoked, whatever else there may be. */
	g_ptr_array_set_size(f->crls, 0);
	put(f,
	    &(CsTestCrlProfile){
		    .number = "05",
		    .extra = extra,
		    .entries = cs_test_crl_entry(cs_test_identity_get_certificate(client), NULL)},
	    f->authority);
	assert_about(f, client, CS_REVOCATION_REVOKED, "crl");
}

static void
test_freshest(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestIdentity) pointing = cs_test_identity_new(
		&(CsTestProfile){.extra_oid = FRESHEST, .extra_hex = POINT_A}, f->authority);

	expect_delta(f, f->client, cs_test_der_extension("551d2e", FALSE, POINT_A));
	expect_delta(f, pointing, NULL);
}

#define ADD(path, function)                                                                        \
	g_test_add("/revocation-crl/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("listed", test_listed);
	ADD("times", test_times);
	ADD("unusable", test_unusable);
	ADD("problem", test_problem);
	ADD("obstacle", test_obstacle);
	ADD("key-usage", test_key_usage);
	ADD("signers", test_signers);
	ADD("points", test_points);
	ADD("issuer-as-point", test_issuer_as_point);
	ADD("kinds", test_kinds);
	ADD("reasons", test_reasons);
	ADD("superseded", test_superseded);
	ADD("delta", test_delta);
	ADD("delta-twice", test_delta_twice);
	ADD("delta-overtaken", test_delta_overtaken);
	ADD("delta-alone", test_delta_alone);
	ADD("delta-unfit", test_delta_unfit);
	ADD("freshest", test_freshest);
	return g_test_run();
}
