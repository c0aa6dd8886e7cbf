/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-feed.h"

#include "core/base/encoding.h"
#include "tests/fixtures/feed-fixture.h"

#include <string.h>

/* rule 12: what is at hand of one issuer, and what may be fetched when */

#define NOW  CS_TEST_CRL_NOW
#define HOUR 3600
#define DAY  86400
#define WEEK 604800

#define MAX_RECORDS 20000 /* as docs/revocation.md says */

typedef struct {
	CsTestFeed base;
	CsRevocationFeed *feed;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	cs_test_feed_set_up(&f->base, NULL);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_revocation_feed_free(f->feed);
	cs_test_feed_tear_down(&f->base, NULL);
}

static void
load(Fixture *f, GPtrArray *records)
{
	g_autoptr(GPtrArray) nothing = g_ptr_array_new();

	cs_revocation_feed_free(f->feed);
	f->feed = cs_revocation_feed_new(f->base.row, f->base.folder);
	g_assert_nonnull(f->feed);
	cs_revocation_feed_load(f->feed, records != NULL ? records : nothing, NOW);
}

/* "crl a.crl, ocsp ocsp": kinds and the ends of addresses. */
static void
assert_lists(GPtrArray *list_taken, const char *expected)
{
	g_autoptr(GPtrArray) list = list_taken;
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < list->len; i++) {
		const CsRevocationRecord *record = g_ptr_array_index(list, i);

		g_string_append_printf(text, "%s%s %s", i > 0 ? ", " : "", record->kind,
				       strrchr(record->url, '/') + 1);
	}
	g_assert_cmpstr(text->str, ==, expected);
}

static void
assert_wanted(Fixture *f, CsTestIdentity *client, gint64 now, const char *expected)
{
	assert_lists(cs_revocation_feed_list_wanted(f->feed,
						    cs_test_identity_get_certificate(client), now),
		     expected);
}

static void
assert_due(Fixture *f, gint64 now, gint64 due, const char *expected)
{
	gint64 next = G_MAXINT64;

	assert_lists(cs_revocation_feed_list_due(f->feed, now, &next), expected);
	g_assert_cmpint(next, ==, due);
}

static void
assert_answer(Fixture *f, gint64 now, const char *detail)
{
	g_autoptr(CsRevocationView) view = cs_revocation_feed_dup_view(f->feed);
	CsRevocationAnswer answer;

	cs_revocation_view_decide(view, cs_test_identity_get_certificate(f->base.client), now,
				  &answer);
	g_assert_cmpstr(answer.detail, ==, detail);
}

/* Why it is unknown now. */
static void
assert_cause(Fixture *f, const char *cause)
{
	g_autoptr(CsRevocationView) view = cs_revocation_feed_dup_view(f->feed);
	CsRevocationAnswer answer;

	cs_revocation_view_decide(view, cs_test_identity_get_certificate(f->base.client), NOW,
				  &answer);
	g_assert_cmpstr(answer.cause, ==, cause);
}

/* data_taken NULL: it failed. */
static void
take(Fixture *f, const char *kind, const char *url, GBytes *data_taken, gint64 now)
{
	CsRevocationRecord *record = cs_test_feed_make_record(&f->base, kind, url);

	record->data = data_taken;
	record->fetched_at = data_taken != NULL ? now : 0;
	record->tried_at = now;
	record->failure = data_taken != NULL ? NULL : g_strdup("unreachable");
	cs_revocation_feed_take(f->feed, record, now);
}

static GBytes *
make_crl(Fixture *f, const CsTestCrlProfile *profile)
{
	return cs_test_crl_new(profile, f->base.authority);
}

static GBytes *
make_ocsp(Fixture *f)
{
	return cs_test_ocsp_new(NULL, f->base.client, f->base.authority, f->base.authority);
}

static void
test_broken_issuer(Fixture *f, gconstpointer data)
{
	g_bytes_unref(f->base.row->der);
	f->base.row->der = g_bytes_new_static("no certificate", 14);
	g_assert_null(cs_revocation_feed_new(f->base.row, f->base.folder));
	cs_revocation_feed_free(NULL);
}

/* Only what the administrator chose and allowed, and the same not twice. */
static void
test_wanted(Fixture *f, gconstpointer data)
{
	g_autofree char *other =
		g_strconcat(cs_test_responder_get_url(f->base.responder), "other/ocsp", NULL);
	g_autoptr(CsTestIdentity) outside = cs_test_feed_make_client(&f->base, other);
	g_autoptr(CsTestIdentity) pointing = cs_test_identity_new(
		&(CsTestProfile){.extra_oid = "2.5.29.31",
				 .extra_hex = cs_test_feed_points(f->base.crl_url)},
		f->base.authority);

	cs_test_feed_choose(&f->base, "any", NULL);
	load(f, NULL);
	assert_wanted(f, f->base.client, NOW, "ocsp ocsp");
	assert_wanted(f, pointing, NOW, "crl a.crl");
	assert_wanted(f, outside, NOW, "");
	assert_due(f, NOW, G_MAXINT64, "");
	cs_test_feed_choose(&f->base, "crl", NULL);
	load(f, NULL);
	assert_wanted(f, f->base.client, NOW, "");
	assert_wanted(f, pointing, NOW, "crl a.crl");
	/* In place of what certificates name, and without being asked for. */
	cs_test_feed_choose(&f->base, "crl", f->base.delta_url);
	load(f, NULL);
	assert_wanted(f, pointing, NOW, "crl a+.crl");
	assert_due(f, NOW, G_MAXINT64, "crl a+.crl");
	cs_test_feed_choose(&f->base, "ocsp", f->base.ocsp_url);
	load(f, NULL);
	assert_wanted(f, outside, NOW, "ocsp ocsp");
	assert_due(f, NOW, G_MAXINT64, "");
}

/* A minute after what failed; before the half of its time, and within the hour, what did not. */
static void
test_times(Fixture *f, gconstpointer data)
{
	cs_test_feed_choose(&f->base, "crl", f->base.crl_url);
	load(f, NULL);
	take(f, "crl", f->base.crl_url, NULL, NOW);
	assert_wanted(f, f->base.client, NOW + 59, "");
	assert_due(f, NOW + 59, NOW + 60, "");
	assert_due(f, NOW + 60, G_MAXINT64, "crl a.crl");
	assert_answer(f, NOW, "crl-missing");
	assert_cause(f, "unreachable");
	take(f, "crl", f->base.crl_url, make_crl(f, &(CsTestCrlProfile){0}), NOW);
	assert_answer(f, NOW, "crl");
	assert_due(f, NOW, NOW + HOUR, "");
	assert_due(f, NOW + HOUR, G_MAXINT64, "crl a.crl");
	take(f, "crl", f->base.crl_url, make_crl(f, &(CsTestCrlProfile){.next_update = NOW + 1000}),
	     NOW);
	assert_due(f, NOW, NOW + 500, "");
	take(f, "crl", f->base.crl_url, make_crl(f, &(CsTestCrlProfile){.next_update = NOW + 10}),
	     NOW);
	assert_due(f, NOW, NOW + 60, "");
	/* All of it, at the end of time; each once. */
	assert_due(f, G_MAXINT64, G_MAXINT64, "crl a.crl");
	g_assert_cmpuint(cs_revocation_feed_get_records(f->feed)->len, ==, 1);
}

/* An OCSP answer is kept fresh for a week since it was used last. */
static void
test_use(Fixture *f, gconstpointer data)
{
	const char *fingerprint =
		cs_certificate_get_fingerprint(cs_test_identity_get_certificate(f->base.client));

	cs_test_feed_choose(&f->base, "ocsp", NULL);
	load(f, NULL);
	cs_revocation_feed_note_use(f->feed, fingerprint, NOW + WEEK); /* none is at hand */
	take(f, "ocsp", f->base.ocsp_url, make_ocsp(f), NOW);
	assert_answer(f, NOW, "ocsp");
	assert_wanted(f, f->base.client, NOW, "");
	assert_due(f, NOW + HOUR, G_MAXINT64, "ocsp ocsp");
	assert_due(f, NOW + WEEK, G_MAXINT64, "ocsp ocsp");
	assert_due(f, NOW + WEEK + 1, G_MAXINT64, "");
	cs_revocation_feed_note_use(f->feed, fingerprint, NOW + DAY);
	assert_due(f, NOW + WEEK + 1, G_MAXINT64, "ocsp ocsp");
	take(f, "ocsp", f->base.ocsp_url, NULL, NOW);
	assert_answer(f, NOW, "ocsp-missing");
	assert_cause(f, "unreachable");
}

/* Read anew, it still knows who asked; of what is gone, nothing. */
static void
test_use_inherited(Fixture *f, gconstpointer data)
{
	const char *fingerprint =
		cs_certificate_get_fingerprint(cs_test_identity_get_certificate(f->base.client));
	g_autoptr(GPtrArray) records = g_ptr_array_new();
	g_autoptr(CsRevocationFeed) before = NULL;
	g_autoptr(CsRevocationFeed) after = NULL;
	g_autoptr(CsRevocationRecord) renewed = NULL;

	cs_test_feed_choose(&f->base, "ocsp", NULL);
	load(f, NULL);
	take(f, "ocsp", f->base.ocsp_url, make_ocsp(f), NOW - WEEK);
	renewed = cs_revocation_record_copy(cs_revocation_feed_get_records(f->feed)->pdata[0]);
	renewed->fetched_at = renewed->tried_at = NOW - DAY;
	g_ptr_array_add(records, renewed);
	before = g_steal_pointer(&f->feed);
	f->feed = cs_revocation_feed_new(f->base.row, f->base.folder);
	cs_revocation_feed_inherit_uses(f->feed, before);
	cs_revocation_feed_load(f->feed, records, NOW);
	assert_due(f, NOW, G_MAXINT64, "ocsp ocsp");
	assert_due(f, NOW + 1, G_MAXINT64, "");
	cs_revocation_feed_note_use(f->feed, fingerprint, NOW + 1);
	assert_due(f, NOW + WEEK + 1, G_MAXINT64, "ocsp ocsp");
	/* Gone, and back. */
	g_ptr_array_set_size(records, 0);
	cs_revocation_feed_load(f->feed, records, NOW);
	g_ptr_array_add(records, renewed);
	after = cs_revocation_feed_new(f->base.row, f->base.folder);
	cs_revocation_feed_inherit_uses(after, f->feed);
	cs_revocation_feed_free(f->feed);
	f->feed = g_steal_pointer(&after);
	cs_revocation_feed_load(f->feed, records, NOW);
	assert_due(f, NOW + WEEK - DAY, G_MAXINT64, "ocsp ocsp");
	assert_due(f, NOW + WEEK - DAY + 1, G_MAXINT64, "");
}

/* A complete CRL at hand points to its delta CRL; that is fetched below what is allowed only, and
 * the two together are an answer. */
static void
test_delta(Fixture *f, gconstpointer data)
{
	const char *freshest =
		cs_test_der_extension("551d2e", FALSE, cs_test_feed_points(f->base.delta_url));
	const CsTestCrlProfile base = {.number = "05", .extra = freshest};
	const CsTestCrlProfile delta = {.number = "06", .base = "05"};
	g_autoptr(CsTestIdentity) pointing = cs_test_identity_new(
		&(CsTestProfile){.extra_oid = "2.5.29.46",
				 .extra_hex = cs_test_feed_points(f->base.delta_url)},
		f->base.authority);

	cs_test_feed_choose(&f->base, "crl", NULL);
	load(f, NULL);
	assert_wanted(f, pointing, NOW, "delta a+.crl");
	take(f, "crl", f->base.crl_url, make_crl(f, &base), NOW);
	assert_answer(f, NOW, "crl-delta-missing");
	assert_wanted(f, f->base.client, NOW, "delta a+.crl");
	assert_wanted(f, pointing, NOW, "delta a+.crl");
	assert_due(f, NOW, NOW + HOUR, "delta a+.crl");
	take(f, "delta", f->base.delta_url, make_crl(f, &delta), NOW);
	assert_answer(f, NOW, "crl");
	assert_wanted(f, f->base.client, NOW, "");
	assert_due(f, NOW, NOW + HOUR, "");
	assert_due(f, NOW + HOUR, G_MAXINT64, "delta a+.crl, crl a.crl");
	/* Where nothing is allowed beside the administrator's address, the CRL is not all there is. */
	cs_test_feed_choose(&f->base, "crl", f->base.crl_url);
	load(f, NULL);
	take(f, "crl", f->base.crl_url, make_crl(f, &base), NOW);
	assert_answer(f, NOW, "crl-delta-missing");
	assert_wanted(f, f->base.client, NOW, "");
	/* By OCSP nobody asks for CRLs. */
	cs_test_feed_choose(&f->base, "ocsp", NULL);
	load(f, NULL);
	assert_wanted(f, pointing, NOW, "");
}

static void
note_begun(Fixture *f, const char *kind, const char *url, gint64 now)
{
	g_autoptr(CsRevocationRecord) wanted = cs_test_feed_make_record(&f->base, kind, url);

	cs_revocation_feed_note_begun(f->feed, wanted, now);
}

/* What is being fetched, or was given up, is not due for a minute, had before or not; whoever needs it
 * for an answer still wants it. */
static void
test_begun(Fixture *f, gconstpointer data)
{
	const char *freshest =
		cs_test_der_extension("551d2e", FALSE, cs_test_feed_points(f->base.delta_url));

	cs_test_feed_choose(&f->base, "crl", f->base.crl_url);
	load(f, NULL);
	note_begun(f, "crl", f->base.crl_url, NOW);
	assert_due(f, NOW + 59, G_MAXINT64, "");
	assert_wanted(f, f->base.client, NOW, "crl a.crl");
	assert_due(f, NOW + 60, G_MAXINT64, "crl a.crl");
	cs_test_feed_choose(&f->base, "any", NULL);
	load(f, NULL);
	take(f, "crl", f->base.crl_url,
	     make_crl(f, &(CsTestCrlProfile){.number = "05", .extra = freshest}), NOW);
	note_begun(f, "delta", f->base.delta_url, NOW);
	assert_due(f, NOW + 59, NOW + HOUR, "");
	assert_wanted(f, f->base.client, NOW, "delta a+.crl, ocsp ocsp");
	assert_due(f, NOW + 60, NOW + HOUR, "delta a+.crl");
	note_begun(f, "crl", f->base.crl_url, NOW + HOUR);
	note_begun(f, "delta", f->base.delta_url, NOW + HOUR);
	assert_due(f, NOW + HOUR, G_MAXINT64, "");
	/* What was never had is not due: nothing is noted that nobody would forget. */
	note_begun(f, "ocsp", f->base.ocsp_url, NOW + HOUR);
	assert_wanted(f, f->base.client, NOW + HOUR, "delta a+.crl, ocsp ocsp");
	/* What came is due by its own time. */
	take(f, "delta", f->base.delta_url, NULL, NOW + HOUR - 60);
	assert_due(f, NOW + HOUR, G_MAXINT64, "delta a+.crl");
	/* All of it, at the end of time. */
	note_begun(f, "delta", f->base.delta_url, NOW + HOUR);
	assert_due(f, G_MAXINT64, G_MAXINT64, "delta a+.crl, crl a.crl");
}

static void
write_file(Fixture *f, GBytes *data_taken)
{
	g_autoptr(GBytes) data = data_taken;
	g_autoptr(GError) error = NULL;

	g_file_set_contents(f->base.row->crl_file, g_bytes_get_data(data, NULL),
			    (gssize)g_bytes_get_size(data), &error);
	g_assert_no_error(error);
}

static void
test_file(Fixture *f, gconstpointer data)
{
	cs_test_feed_choose(&f->base, "crl", NULL);
	load(f, NULL);
	g_assert_false(cs_revocation_feed_is_outdated(f->feed));
	g_assert_cmpstr(cs_revocation_feed_get_file_problem(f->feed), ==, NULL);
	f->base.row->crl_file = g_build_filename(f->base.folder, "a.crl", NULL);
	load(f, NULL);
	g_assert_cmpstr(cs_revocation_feed_get_file_problem(f->feed), ==, "not-found");
	g_assert_cmpint(cs_revocation_feed_get_file_time(f->feed), ==, 0);
	assert_answer(f, NOW, "crl-missing");
	assert_cause(f, "not-found");
	g_assert_false(cs_revocation_feed_is_outdated(f->feed));
	write_file(f, make_crl(f, &(CsTestCrlProfile){.this_update = NOW - 5}));
	g_assert_true(cs_revocation_feed_is_outdated(f->feed));
	load(f, NULL);
	g_assert_false(cs_revocation_feed_is_outdated(f->feed));
	g_assert_cmpstr(cs_revocation_feed_get_file_problem(f->feed), ==, NULL);
	g_assert_cmpint(cs_revocation_feed_get_file_time(f->feed), ==, NOW - 5);
	assert_answer(f, NOW, "crl");
	write_file(f, g_bytes_new_static("no CRL at all", 13));
	load(f, NULL);
	g_assert_cmpstr(cs_revocation_feed_get_file_problem(f->feed), ==, "crl-missing");
	write_file(f, make_crl(f, &(CsTestCrlProfile){.digest = "SHA1"}));
	load(f, NULL);
	g_assert_cmpstr(cs_revocation_feed_get_file_problem(f->feed), ==, "crl-signature-invalid");
}

/* Of what was kept only this issuer's, and what the choice of today still allows. */
static void
test_kept(Fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) records =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_revocation_record_free);
	CsRevocationRecord *record = cs_test_feed_make_record(&f->base, "ocsp", f->base.ocsp_url);

	record->data = make_ocsp(f);
	record->fetched_at = record->tried_at = NOW - 1;
	g_ptr_array_add(records, record);
	g_ptr_array_add(records, cs_test_feed_make_record(&f->base, "crl", "http://elsewhere/"));
	record = cs_revocation_record_copy(record);
	g_free(record->issuer);
	record->issuer = g_strdup("another");
	g_ptr_array_add(records, record);
	cs_test_feed_choose(&f->base, "any", NULL);
	load(f, records);
	g_assert_cmpuint(cs_revocation_feed_get_records(f->feed)->len, ==, 1);
	g_assert_cmpstr(cs_revocation_feed_get_row(f->feed)->fingerprint, ==,
			f->base.row->fingerprint);
	assert_answer(f, NOW, "ocsp");
	/* Stale by now: it may be fetched again. */
	assert_wanted(f, f->base.client, NOW + 2 * DAY, "ocsp ocsp");
	cs_test_feed_choose(&f->base, "crl", NULL);
	load(f, records);
	g_assert_cmpuint(cs_revocation_feed_get_records(f->feed)->len, ==, 0);
	assert_answer(f, NOW, "crl-missing");
	g_ptr_array_set_size(records, 0);
	g_ptr_array_add(records, cs_test_feed_make_record(&f->base, "delta", f->base.delta_url));
	g_ptr_array_add(records, cs_test_feed_make_record(&f->base, "delta", "http://elsewhere/"));
	load(f, records);
	g_assert_cmpuint(cs_revocation_feed_get_records(f->feed)->len, ==, 1);
	cs_test_feed_choose(&f->base, "ocsp", NULL);
	load(f, records);
	g_assert_cmpuint(cs_revocation_feed_get_records(f->feed)->len, ==, 0);
}

/* Answers about certificates that only count, numbered. */
static CsRevocationRecord *
make_numbered(Fixture *f, guint number, gint64 fetched_at)
{
	CsRevocationRecord *record = cs_test_feed_make_record(&f->base, "ocsp", f->base.ocsp_url);

	g_bytes_unref(record->certificate);
	record->certificate = g_bytes_new(&number, sizeof(number));
	record->fetched_at = record->tried_at = fetched_at;
	record->failure = g_strdup("unreachable");
	record->data = g_bytes_new_static("x", 1);
	return record;
}

static CsRevocationRecord *
make_empty(Fixture *f, guint number)
{
	CsRevocationRecord *record = make_numbered(f, number, NOW);

	g_clear_pointer(&record->data, g_bytes_unref);
	return record;
}

static void
note_use(Fixture *f, guint number)
{
	g_autofree char *fingerprint = cs_sha256_hex(&number, sizeof(number));

	cs_revocation_feed_note_use(f->feed, fingerprint, NOW);
}

static gboolean
has_numbered(Fixture *f, guint number)
{
	g_autoptr(CsRevocationRecord) record = make_numbered(f, number, 0);
	GPtrArray *records = cs_revocation_feed_get_records(f->feed);

	for (guint i = 0; i < records->len; i++) {
		const CsRevocationRecord *other = g_ptr_array_index(records, i);

		if (g_bytes_equal(record->certificate, other->certificate))
			return TRUE;
	}
	return FALSE;
}

/* Of too many answers the one goes, here and from disk, that nobody has asked for longest; and before
 * all others those that were never had. */
static void
test_full(Fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) records =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_revocation_record_free);
	g_autoptr(GPtrArray) stored = NULL;

	cs_test_feed_choose(&f->base, "ocsp", NULL);
	for (guint i = 0; i < MAX_RECORDS; i++)
		g_ptr_array_add(records, make_numbered(f, i, NOW - HOUR - DAY + (gint64)i));
	g_assert_true(cs_revocation_store_put(f->base.folder, records->pdata[0], NULL));
	g_assert_true(cs_revocation_store_put(f->base.folder, records->pdata[1], NULL));
	load(f, records);
	note_use(f, 0);
	take(f, "ocsp", f->base.ocsp_url, make_ocsp(f), NOW);
	assert_answer(f, NOW, "ocsp");
	g_assert_cmpuint(cs_revocation_feed_get_records(f->feed)->len, ==, MAX_RECORDS);
	g_assert_true(has_numbered(f, 0));
	g_assert_false(has_numbered(f, 1));
	stored = cs_revocation_store_list(f->base.folder);
	g_assert_cmpuint(stored->len, ==, 1);
	/* What could not be had takes nobody's place. */
	cs_revocation_feed_take(f->feed, make_empty(f, MAX_RECORDS), NOW);
	g_assert_false(has_numbered(f, MAX_RECORDS));
	g_assert_true(has_numbered(f, 2));
	/* For a minute it is not tried again all the same. */
	cs_revocation_feed_load(f->feed, records, NOW);
	assert_wanted(f, f->base.client, NOW, "ocsp ocsp");
	take(f, "ocsp", f->base.ocsp_url, NULL, NOW);
	assert_wanted(f, f->base.client, NOW + 59, "");
	assert_wanted(f, f->base.client, NOW + 60, "ocsp ocsp");
	/* In place of itself it is taken. */
	cs_revocation_feed_take(f->feed, make_empty(f, 2), NOW);
	g_assert_true(has_numbered(f, 2));
	cs_revocation_feed_take(f->feed, make_numbered(f, MAX_RECORDS + 1, NOW), NOW);
	g_assert_false(has_numbered(f, 2));
	g_assert_true(has_numbered(f, 3));
	g_assert_true(has_numbered(f, MAX_RECORDS + 1));
}

#define ADD(name, function)                                                                        \
	g_test_add("/revocation-feed/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("broken-issuer", test_broken_issuer);
	ADD("wanted", test_wanted);
	ADD("times", test_times);
	ADD("use", test_use);
	ADD("use-inherited", test_use_inherited);
	ADD("delta", test_delta);
	ADD("begun", test_begun);
	ADD("file", test_file);
	ADD("kept", test_kept);
	ADD("full", test_full);
	return g_test_run();
}
