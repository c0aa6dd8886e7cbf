/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-errand.h"

#include "tests/fixtures/feed-fixture.h"
#include "tests/fixtures/http-fixture.h"

typedef struct {
	CsTestFeed base;
	CsIssuer *issuer;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	cs_test_feed_set_up(&f->base, NULL);
	f->issuer = cs_issuer_new(cs_test_identity_get_certificate(f->base.authority), NULL);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_issuer_unref(f->issuer);
	cs_test_feed_tear_down(&f->base, NULL);
}

static CsRevocationErrand *
make(Fixture *f, const char *kind, const char *url)
{
	g_autoptr(CsRevocationRecord) wanted = cs_test_feed_make_record(&f->base, kind, url);

	wanted->data = g_bytes_new_static("known", 5);
	return cs_revocation_errand_new(wanted, f->issuer, FALSE);
}

static void
test_run(Fixture *f, gconstpointer data)
{
	g_autoptr(CsRevocationErrand) crl = make(f, "crl", f->base.crl_url);
	g_autoptr(CsRevocationErrand) ocsp = make(f, "ocsp", f->base.ocsp_url);

	g_assert_null(crl->wanted->data);
	g_assert_null(crl->body);
	g_assert_nonnull(ocsp->body);
	g_assert_cmpstr(crl->host, ==, ocsp->host);
	g_assert_cmpstr(crl->key, !=, ocsp->key);
	cs_test_responder_serve(f->base.responder, g_bytes_new_static("answer", 6));
	cs_revocation_errand_run(crl, NULL);
	cs_revocation_errand_run(ocsp, NULL);
	g_assert_cmpuint(g_bytes_get_size(crl->data), ==, 6);
	g_assert_cmpuint(g_bytes_get_size(ocsp->data), ==, 6);
	g_assert_null(crl->problem);
	g_assert_false(cs_revocation_errand_met_nobody(crl));
}

/* The same source is the same errand; another certificate, address or kind is not. */
static void
test_keys(Fixture *f, gconstpointer data)
{
	g_autoptr(CsRevocationErrand) one = make(f, "ocsp", f->base.ocsp_url);
	g_autoptr(CsRevocationErrand) same = make(f, "ocsp", f->base.ocsp_url);
	g_autoptr(CsRevocationErrand) elsewhere = make(f, "ocsp", f->base.crl_url);
	g_autoptr(CsRevocationErrand) crl = make(f, "crl", f->base.crl_url);
	g_autoptr(CsRevocationErrand) delta = make(f, "delta", f->base.crl_url);
	g_autoptr(CsTestIdentity) client = cs_test_identity_new(NULL, f->base.authority);
	g_autoptr(CsRevocationRecord) wanted =
		cs_test_feed_make_record(&f->base, "ocsp", f->base.ocsp_url);
	g_autoptr(CsRevocationErrand) other = NULL;

	g_bytes_unref(wanted->certificate);
	wanted->certificate =
		g_bytes_ref(cs_certificate_get_der(cs_test_identity_get_certificate(client)));
	other = cs_revocation_errand_new(wanted, f->issuer, FALSE);
	g_assert_cmpstr(one->key, ==, same->key);
	g_assert_cmpstr(one->key, !=, other->key);
	g_assert_cmpstr(one->key, !=, elsewhere->key);
	g_assert_cmpstr(crl->key, !=, elsewhere->key);
	g_assert_cmpstr(crl->key, !=, delta->key);
}

static void
expect_problem(CsRevocationErrand *errand_taken, const char *problem, gboolean nobody)
{
	g_autoptr(CsRevocationErrand) errand = errand_taken;

	cs_revocation_errand_run(errand, NULL);
	g_assert_null(errand->data);
	g_assert_cmpstr(errand->problem, ==, problem);
	g_assert_cmpint(cs_revocation_errand_met_nobody(errand), ==, nobody);
}

static void
test_problems(Fixture *f, gconstpointer data)
{
	static const char *const nothing[] = {NULL};
	g_autofree char *closed =
		g_strdup_printf("http://127.0.0.1:%u/", cs_test_get_closed_port());
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(nothing, TRUE);
	g_autofree char *silent =
		g_strdup_printf("http://127.0.0.1:%u/", cs_test_peer_get_port(peer));
	g_autoptr(CsRevocationRecord) broken =
		cs_test_feed_make_record(&f->base, "ocsp", f->base.ocsp_url);
	CsRevocationErrand *slow = make(f, "crl", silent);

	slow->timeout_ms = 10;
	expect_problem(slow, "timed-out", TRUE);
	expect_problem(make(f, "crl", closed), "unreachable", TRUE);
	expect_problem(make(f, "crl", "ftp://a/"), "url-invalid", FALSE);
	expect_problem(make(f, "crl", f->base.crl_url), "http-status", FALSE);
	g_bytes_unref(broken->certificate);
	broken->certificate = g_bytes_new_static("no certificate", 14);
	expect_problem(cs_revocation_errand_new(broken, f->issuer, FALSE), "certificate-malformed",
		       FALSE);
	cs_revocation_errand_free(NULL);
}

static void
test_cancelled(Fixture *f, gconstpointer data)
{
	g_autoptr(CsRevocationErrand) errand = make(f, "crl", f->base.crl_url);
	g_autoptr(GCancellable) cancellable = g_cancellable_new();

	g_cancellable_cancel(cancellable);
	cs_revocation_errand_run(errand, cancellable);
	g_assert_cmpstr(errand->problem, ==, "cancelled");
	g_assert_false(cs_revocation_errand_met_nobody(errand));
}

#define ADD(name, function)                                                                        \
	g_test_add("/revocation-errand/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("run", test_run);
	ADD("keys", test_keys);
	ADD("problems", test_problems);
	ADD("cancelled", test_cancelled);
	return g_test_run();
}
