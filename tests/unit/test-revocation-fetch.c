/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-feed.h"

#include "tests/fixtures/feed-fixture.h"
#include "tests/fixtures/http-fixture.h"

/* rule 12: what is fetched counts where it verifies and is not worse than what is at hand */

#define NOW    CS_TEST_CRL_NOW
#define NUMBER "05"
#define HOUR   3600

typedef struct {
	CsTestFeed base;
	CsRevocationFeed *feed;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	cs_test_feed_set_up(&f->base, NULL);
	cs_test_feed_choose(&f->base, "any", NULL);
	f->feed = cs_revocation_feed_new(f->base.row, f->base.folder);
	g_assert_nonnull(f->feed);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_revocation_feed_free(f->feed);
	cs_test_feed_tear_down(&f->base, NULL);
}

static CsRevocationRecord *
fetch(Fixture *f, const char *kind)
{
	const char *url = g_str_equal(kind, "ocsp") ? f->base.ocsp_url : f->base.crl_url;
	g_autoptr(CsRevocationRecord) wanted = cs_test_feed_make_record(&f->base, kind, url);

	return cs_revocation_feed_fetch(f->feed, wanted, NOW, NULL);
}

/* What is served then is taken in, and is what is at hand. */
static void
expect_taken(Fixture *f, const char *kind, GBytes *served_taken)
{
	g_autoptr(GBytes) served = served_taken;
	CsRevocationRecord *record;

	cs_test_responder_serve(f->base.responder, g_bytes_ref(served));
	record = fetch(f, kind);
	g_assert_cmpstr(record->failure, ==, NULL);
	g_assert_true(g_bytes_equal(record->data, served));
	g_assert_cmpint(record->fetched_at, ==, NOW);
	cs_revocation_feed_take(f->feed, record, NOW);
}

/* What is served then takes nothing away: data (nullable) is still there. */
static void
expect_refused(
	Fixture *f, const char *kind, GBytes *served_taken, GBytes *known, const char *problem)
{
	g_autoptr(CsRevocationRecord) record = NULL;

	cs_test_responder_serve(f->base.responder, served_taken);
	record = fetch(f, kind);
	g_assert_cmpstr(record->failure, ==, problem);
	g_assert_cmpint(record->tried_at, ==, NOW);
	g_assert_true(known == NULL ? record->data == NULL : g_bytes_equal(record->data, known));
}

static GBytes *
make_crl(Fixture *f, const CsTestCrlProfile *profile)
{
	return cs_test_crl_new(profile, f->base.authority);
}

static GBytes *
make_ocsp(Fixture *f, const CsTestOcspProfile *profile)
{
	return cs_test_ocsp_new(profile, f->base.client, f->base.authority, f->base.authority);
}

static void
test_crl(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestIdentity) other =
		cs_test_identity_new(&(CsTestProfile){.ca = TRUE, .subject = "CN=Other"}, NULL);
	g_autoptr(GBytes) known = make_crl(f, &(CsTestCrlProfile){.number = NUMBER});

	expect_refused(f, "crl", NULL, NULL, "http-status");
	expect_refused(f, "crl", g_bytes_new_static("<html>", 6), NULL, "crl-malformed");
	expect_taken(f, "crl", g_bytes_ref(known));
	expect_refused(f, "crl", NULL, known, "http-status");
	expect_refused(f, "crl", g_bytes_new_static("<html>", 6), known, "crl-malformed");
	expect_refused(f, "crl", cs_test_crl_new(&(CsTestCrlProfile){.number = "06"}, other), known,
		       "crl-of-another-issuer");
	expect_refused(
		f, "crl",
		cs_test_crl_new(&(CsTestCrlProfile){.number = "06", .issuer = f->base.authority},
				other),
		known, "crl-signature-invalid");
	expect_refused(f, "crl",
		       make_crl(f, &(CsTestCrlProfile){.number = "06", .next_update = NOW - 1}),
		       known, "crl-stale");
	expect_refused(f, "crl", make_crl(f, &(CsTestCrlProfile){.number = "04"}), known,
		       "older-than-known");
	expect_refused(f, "crl", make_crl(f, &(CsTestCrlProfile){.number = "06", .base = NUMBER}),
		       known, "crl-delta-unfit");
	expect_taken(f, "crl", make_crl(f, &(CsTestCrlProfile){.number = "06"}));
}

/* In its place a complete one is none. */
static void
test_delta(Fixture *f, gconstpointer data)
{
	g_autoptr(GBytes) known = make_crl(f, &(CsTestCrlProfile){.number = "06", .base = NUMBER});

	expect_refused(f, "delta", make_crl(f, &(CsTestCrlProfile){.number = "06"}), NULL,
		       "crl-delta-unfit");
	expect_taken(f, "delta", g_bytes_ref(known));
	expect_refused(f, "delta",
		       make_crl(f, &(CsTestCrlProfile){.number = NUMBER, .base = NUMBER}), known,
		       "older-than-known");
}

static void
test_ocsp(Fixture *f, gconstpointer data)
{
	g_autoptr(GBytes) known = make_ocsp(f, &(CsTestOcspProfile){.this_update = NOW - 60});

	expect_refused(f, "ocsp", NULL, NULL, "http-status");
	expect_refused(f, "ocsp", g_bytes_new_static("<html>", 6), NULL, "ocsp-malformed");
	expect_taken(f, "ocsp", g_bytes_ref(known));
	expect_refused(f, "ocsp", NULL, known, "http-status");
	expect_refused(f, "ocsp", make_ocsp(f, &(CsTestOcspProfile){.status = "8200"}), known,
		       "ocsp-status-unknown");
	expect_refused(f, "ocsp", make_ocsp(f, &(CsTestOcspProfile){.next_update = NOW - 1}), known,
		       "ocsp-stale");
	expect_refused(f, "ocsp", make_ocsp(f, &(CsTestOcspProfile){.this_update = NOW - 61}),
		       known, "older-than-known");
	expect_taken(f, "ocsp", make_ocsp(f, &(CsTestOcspProfile){.this_update = NOW - 59}));
}

/* What is past its time gives way to what was said after it, not to what was said before. */
static void
test_ocsp_past_its_time(Fixture *f, gconstpointer data)
{
	g_autoptr(GBytes) known = make_ocsp(f, &(CsTestOcspProfile){.this_update = NOW - 2 * HOUR,
								    .produced_at = NOW - 2 * HOUR,
								    .next_update = NOW - 1});
	CsRevocationRecord *record = cs_test_feed_make_record(&f->base, "ocsp", f->base.ocsp_url);

	record->data = g_bytes_ref(known);
	record->fetched_at = record->tried_at = NOW - HOUR;
	cs_revocation_feed_take(f->feed, record, NOW);
	expect_refused(f, "ocsp",
		       make_ocsp(f, &(CsTestOcspProfile){.this_update = NOW - 2 * HOUR - 1}), known,
		       "older-than-known");
	expect_taken(f, "ocsp", make_ocsp(f, &(CsTestOcspProfile){.this_update = NOW - HOUR}));
}

/* Of its kind is asked for with its method, and no more than may be is read. */
static void
test_limits(Fixture *f, gconstpointer data)
{
	g_autoptr(CsRevocationRecord) broken =
		cs_test_feed_make_record(&f->base, "ocsp", f->base.ocsp_url);
	g_autoptr(CsRevocationRecord) refused = NULL;

	expect_refused(f, "ocsp", g_bytes_new_take(g_malloc0(65537), 65537), NULL, "too-large");
	expect_refused(f, "crl", g_bytes_new_take(g_malloc0(65537), 65537), NULL, "crl-malformed");
	g_bytes_unref(broken->certificate);
	broken->certificate = g_bytes_new_static("no certificate", 14);
	refused = cs_revocation_feed_fetch(f->feed, broken, NOW, NULL);
	g_assert_cmpstr(refused->failure, ==, "certificate-malformed");
}

static void
test_nobody(Fixture *f, gconstpointer data)
{
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/", cs_test_get_closed_port());
	g_autoptr(CsRevocationRecord) wanted = cs_test_feed_make_record(&f->base, "crl", url);
	g_autoptr(CsRevocationRecord) record = cs_revocation_feed_fetch(f->feed, wanted, NOW, NULL);
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(CsRevocationRecord) cancelled = NULL;

	g_assert_cmpstr(record->failure, ==, "unreachable");
	g_cancellable_cancel(cancellable);
	cancelled = cs_revocation_feed_fetch(f->feed, wanted, NOW, cancellable);
	g_assert_cmpstr(cancelled->failure, ==, "cancelled");
}

#define ADD(name, function)                                                                        \
	g_test_add("/revocation-fetch/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("crl", test_crl);
	ADD("delta", test_delta);
	ADD("ocsp", test_ocsp);
	ADD("ocsp-past-its-time", test_ocsp_past_its_time);
	ADD("limits", test_limits);
	ADD("nobody", test_nobody);
	return g_test_run();
}
