/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-view.h"

#include "tests/fixtures/revocation-fixture.h"

/* rule 12: the administrator's choice, and what is at hand */

#define NOW CS_TEST_CRL_NOW
#define DAY 86400

typedef struct {
	CsTestIdentity *authority;
	CsTestIdentity *client;
	CsIssuer *issuer;
	CsIssuerRow *row;
	CsCrlSet *crls;
	GHashTable *answers;
	GHashTable *causes;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	CsCertificate *certificate;

	f->authority = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
	f->client = cs_test_identity_new(NULL, f->authority);
	certificate = cs_test_identity_get_certificate(f->authority);
	f->issuer = cs_issuer_new(certificate, NULL);
	f->row = g_new0(CsIssuerRow, 1);
	f->row->id = g_strdup("i");
	f->row->fingerprint = g_strdup(cs_certificate_get_fingerprint(certificate));
	f->row->der = g_bytes_ref(cs_certificate_get_der(certificate));
	f->answers =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_bytes_unref);
	f->causes = g_hash_table_new(g_str_hash, g_str_equal);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	g_clear_pointer(&f->crls, cs_crl_set_unref);
	g_hash_table_unref(f->answers);
	g_hash_table_unref(f->causes);
	cs_issuer_row_free(f->row);
	cs_issuer_unref(f->issuer);
	cs_test_identity_free(f->client);
	cs_test_identity_free(f->authority);
}

static void
choose(Fixture *f, const char *mode)
{
	g_free(f->row->revocation);
	f->row->revocation = g_strdup(mode);
}

static void
have_crl(Fixture *f, gboolean revoked)
{
	CsCertificate *client = cs_test_identity_get_certificate(f->client);
	g_autoptr(GBytes) der = cs_test_crl_new(
		&(CsTestCrlProfile){.entries = revoked ? cs_test_crl_entry(client, NULL) : NULL},
		f->authority);
	g_autoptr(GPtrArray) crls = g_ptr_array_new_with_free_func((GDestroyNotify)cs_crl_unref);

	g_ptr_array_add(crls, cs_crl_new(der, NULL));
	g_clear_pointer(&f->crls, cs_crl_set_unref);
	f->crls = cs_crl_set_new(f->issuer, crls, NULL);
}

/* status: a CertStatus in hexadecimal, or NULL: good. */
static void
have_ocsp(Fixture *f, const char *status)
{
	CsCertificate *client = cs_test_identity_get_certificate(f->client);

	g_hash_table_insert(f->answers, (gpointer)cs_certificate_get_fingerprint(client),
			    cs_test_ocsp_new(&(CsTestOcspProfile){.status = status}, f->client,
					     f->authority, f->authority));
}

static void
assert_caused(Fixture *f, CsRevocation status, const char *detail, const char *cause)
{
	g_autoptr(CsRevocationView) view =
		cs_revocation_view_new(f->row, f->issuer, f->crls, f->answers, f->causes);
	g_autoptr(CsRevocationView) again = cs_revocation_view_ref(view);
	CsRevocationAnswer answer;

	cs_revocation_view_decide(again, cs_test_identity_get_certificate(f->client), NOW, &answer);
	g_assert_cmpstr(answer.detail, ==, detail);
	g_assert_cmpint(answer.status, ==, status);
	g_assert_cmpstr(answer.cause, ==, cause);
	g_assert_cmpstr(cs_revocation_view_get_issuer(view), ==, f->row->fingerprint);
	g_assert_true(cs_issuer_row_equal(cs_revocation_view_get_row(view), f->row));
	g_assert_true(cs_revocation_view_get_crls(view) == f->crls);
	g_assert_cmpuint(cs_revocation_view_count_answers(view), ==, g_hash_table_size(f->answers));
}

static void
assert_answer(Fixture *f, CsRevocation status, const char *detail)
{
	assert_caused(f, status, detail, NULL);
}

static void
test_nothing(Fixture *f, gconstpointer data)
{
	assert_answer(f, CS_REVOCATION_UNKNOWN, "crl-missing");
	have_crl(f, FALSE);
	have_ocsp(f, NULL);
	assert_answer(f, CS_REVOCATION_UNKNOWN, "crl-missing");
}

static void
test_one(Fixture *f, gconstpointer data)
{
	choose(f, "crl");
	have_ocsp(f, NULL);
	assert_answer(f, CS_REVOCATION_UNKNOWN, "crl-missing");
	have_crl(f, FALSE);
	assert_answer(f, CS_REVOCATION_GOOD, "crl");
	have_crl(f, TRUE);
	assert_answer(f, CS_REVOCATION_REVOKED, "crl");
	choose(f, "ocsp");
	assert_answer(f, CS_REVOCATION_GOOD, "ocsp");
	g_hash_table_remove_all(f->answers);
	assert_answer(f, CS_REVOCATION_UNKNOWN, "ocsp-missing");
}

static void
test_any(Fixture *f, gconstpointer data)
{
	const char *revoked = cs_test_der(0xa1, cs_test_der_time(NOW - DAY), NULL);

	choose(f, "any");
	assert_answer(f, CS_REVOCATION_UNKNOWN, "ocsp-missing");
	have_ocsp(f, NULL);
	assert_answer(f, CS_REVOCATION_GOOD, "ocsp");
	have_crl(f, TRUE);
	assert_answer(f, CS_REVOCATION_REVOKED, "crl");
	have_crl(f, FALSE);
	have_ocsp(f, revoked);
	assert_answer(f, CS_REVOCATION_REVOKED, "ocsp");
	have_ocsp(f, "8200");
	assert_answer(f, CS_REVOCATION_GOOD, "crl");
}

/* The CRL's obstacle is said where there was a CRL. */
static void
test_any_stale(Fixture *f, gconstpointer data)
{
	choose(f, "any");
	have_crl(f, FALSE);
	f->row->max_age_s = 1;
	have_ocsp(f, NULL);
	assert_answer(f, CS_REVOCATION_UNKNOWN, "crl-too-old");
}

/* Why nothing better came: of the certificate's OCSP answer, or of a CRL. */
static void
test_cause(Fixture *f, gconstpointer data)
{
	const char *fingerprint =
		cs_certificate_get_fingerprint(cs_test_identity_get_certificate(f->client));

	choose(f, "any");
	g_hash_table_insert(f->causes, (gpointer) "another", (gpointer) "unreachable");
	assert_answer(f, CS_REVOCATION_UNKNOWN, "ocsp-missing");
	g_hash_table_insert(f->causes, (gpointer)CS_REVOCATION_CRL_CAUSE, (gpointer) "too-large");
	assert_caused(f, CS_REVOCATION_UNKNOWN, "ocsp-missing", "too-large");
	g_hash_table_insert(f->causes, (gpointer)fingerprint, (gpointer) "timed-out");
	assert_caused(f, CS_REVOCATION_UNKNOWN, "ocsp-missing", "timed-out");
	choose(f, "crl");
	assert_caused(f, CS_REVOCATION_UNKNOWN, "crl-missing", "too-large");
	/* What is known needs none. */
	have_crl(f, FALSE);
	assert_answer(f, CS_REVOCATION_GOOD, "crl");
}

#define ADD(path, function)                                                                        \
	g_test_add("/revocation-view/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("nothing", test_nothing);
	ADD("one", test_one);
	ADD("any", test_any);
	ADD("any-stale", test_any_stale);
	ADD("cause", test_cause);
	return g_test_run();
}
