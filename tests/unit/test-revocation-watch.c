/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-watch.h"

#include "core/authority/revocation-store.h"
#include "core/base/encoding.h"
#include "tests/fixtures/feed-fixture.h"
#include "tests/fixtures/http-fixture.h"

#include <unistd.h>

/* rule 12: who asks never waits here, and hears when to ask again */

#define NOW  CS_TEST_CRL_NOW
#define DAY  86400
#define LONG 60 /* of a wait that ends sooner, however busy the machine is */

#define MAX_RECORDS 20000 /* as docs/revocation.md says */

typedef struct {
	CsTestFeed base;
	CsClock clock;
	CsRevocationWatch *watch;
	GPtrArray *rows;
	GMutex mutex;
	GCond cond;
	guint told;
	gboolean held; /* told_cb does not return */
} Fixture;

static gint64
get_unix_s_cb(gpointer data)
{
	return NOW;
}

static gint64
get_monotonic_us_cb(gpointer data)
{
	return NOW * G_USEC_PER_SEC;
}

static void
told_cb(gpointer data)
{
	Fixture *f = data;

	g_mutex_lock(&f->mutex);
	f->told++;
	g_cond_broadcast(&f->cond);
	while (f->held)
		g_cond_wait(&f->cond, &f->mutex);
	g_mutex_unlock(&f->mutex);
}

static void
start(Fixture *f)
{
	f->watch = cs_revocation_watch_new(f->base.folder, &f->clock);
	cs_revocation_watch_set_told(f->watch, told_cb, f);
}

static void
set_up(Fixture *f, gconstpointer data)
{
	cs_test_feed_set_up(&f->base, NULL);
	g_mutex_init(&f->mutex);
	g_cond_init(&f->cond);
	f->clock = (CsClock){get_unix_s_cb, get_monotonic_us_cb, f};
	start(f);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_revocation_watch_free(f->watch);
	g_clear_pointer(&f->rows, g_ptr_array_unref);
	g_mutex_clear(&f->mutex);
	g_cond_clear(&f->cond);
	cs_test_feed_tear_down(&f->base, NULL);
}

/* As the registry has it now. */
static void
give_rows(Fixture *f)
{
	GPtrArray *before = f->rows;

	f->rows = g_ptr_array_new_with_free_func((GDestroyNotify)cs_issuer_row_free);
	g_ptr_array_add(f->rows, cs_issuer_row_copy(f->base.row));
	cs_revocation_watch_set_issuers(f->watch, f->rows);
	cs_revocation_watch_set_issuers(f->watch, f->rows);
	g_clear_pointer(&before, g_ptr_array_unref);
}

static void
choose(Fixture *f, const char *mode, const char *url)
{
	cs_test_feed_choose(&f->base, mode, url);
	give_rows(f);
}

static gboolean
ask(Fixture *f, CsTestIdentity *client, CsRevocationAnswer *answer)
{
	return cs_revocation_watch_ask(f->watch, f->base.row->fingerprint,
				       cs_test_identity_get_certificate(client), NOW, answer);
}

static gboolean
is_busy(Fixture *f)
{
	return cs_revocation_watch_is_busy(
		f->watch,
		cs_certificate_get_fingerprint(cs_test_identity_get_certificate(f->base.client)));
}

static guint
count_told(Fixture *f)
{
	guint told;

	g_mutex_lock(&f->mutex);
	told = f->told;
	g_mutex_unlock(&f->mutex);
	return told;
}

static void
wait_for_more(Fixture *f, guint told)
{
	gint64 end_us = g_get_monotonic_time() + LONG * G_USEC_PER_SEC;

	g_mutex_lock(&f->mutex);
	while (f->told <= told)
		g_assert_true(g_cond_wait_until(&f->cond, &f->mutex, end_us));
	g_mutex_unlock(&f->mutex);
}

/* As whoever waits does: asks again when told to, until there is nothing to wait for. */
static void
assert_comes(Fixture *f, CsTestIdentity *client, const char *detail)
{
	CsRevocationAnswer answer;
	guint told = count_told(f);

	while (ask(f, client, &answer)) {
		g_assert_cmpint(answer.status, ==, CS_REVOCATION_UNKNOWN);
		wait_for_more(f, told);
		told = count_told(f);
	}
	g_assert_cmpstr(answer.detail, ==, detail);
}

static void
assert_known(Fixture *f, const char *detail)
{
	CsRevocationAnswer answer;

	g_assert_false(ask(f, f->base.client, &answer));
	g_assert_cmpstr(answer.detail, ==, detail);
	g_assert_false(is_busy(f));
}

static GBytes *
make_ocsp(Fixture *f, const char *status)
{
	return cs_test_ocsp_new(&(CsTestOcspProfile){.status = status}, f->base.client,
				f->base.authority, f->base.authority);
}

/* Nobody says where answers are: there is nothing to wait for. */
static void
test_nothing_chosen(Fixture *f, gconstpointer data)
{
	give_rows(f);
	assert_known(f, "crl-missing");
	cs_revocation_watch_free(NULL);
}

/* The first one who asks has it sent for, once; the next one, and the next run, knows. */
static void
test_asked(Fixture *f, gconstpointer data)
{
	cs_test_responder_serve(f->base.responder, make_ocsp(f, NULL));
	choose(f, "ocsp", NULL);
	assert_comes(f, f->base.client, "ocsp");
	g_assert_cmpuint(cs_test_responder_count(f->base.responder), ==, 1);
	assert_known(f, "ocsp");
	g_clear_pointer(&f->watch, cs_revocation_watch_free);
	start(f);
	give_rows(f);
	assert_known(f, "ocsp");
	g_assert_cmpuint(cs_test_responder_count(f->base.responder), ==, 1);
}

/* Busy from the question on until all was tried that may be; then no more, for the same. */
static void
test_busy(Fixture *f, gconstpointer data)
{
	CsRevocationAnswer answer;
	guint told;

	cs_test_responder_shut(f->base.responder);
	choose(f, "ocsp", NULL);
	g_assert_true(ask(f, f->base.client, &answer));
	g_assert_true(is_busy(f));
	cs_test_responder_wait(f->base.responder, 1);
	g_assert_true(ask(f, f->base.client, &answer));
	g_assert_true(is_busy(f));
	told = count_told(f);
	cs_test_responder_open(f->base.responder);
	wait_for_more(f, told);
	assert_comes(f, f->base.client, "ocsp-missing");
	assert_known(f, "ocsp-missing");
	g_assert_cmpuint(cs_test_responder_count(f->base.responder), ==, 1);
}

/* What is the administrator's own address is fetched before anybody asks. */
static void
test_due(Fixture *f, gconstpointer data)
{
	cs_test_responder_serve(f->base.responder,
				cs_test_crl_new(&(CsTestCrlProfile){0}, f->base.authority));
	choose(f, "crl", f->base.crl_url);
	cs_test_responder_wait(f->base.responder, 1);
	assert_comes(f, f->base.client, "crl");
	g_assert_cmpuint(cs_test_responder_count(f->base.responder), ==, 1);
}

/* A complete CRL, and then the delta CRL that it points to, for one question. */
static void
test_delta(Fixture *f, gconstpointer data)
{
	const char *freshest =
		cs_test_der_extension("551d2e", FALSE, cs_test_feed_points(f->base.delta_url));
	g_autoptr(CsTestIdentity) pointing = cs_test_identity_new(
		&(CsTestProfile){.extra_oid = "2.5.29.31",
				 .extra_hex = cs_test_feed_points(f->base.crl_url)},
		f->base.authority);
	g_autofree char *path = NULL;

	cs_test_responder_serve(
		f->base.responder,
		cs_test_crl_new(&(CsTestCrlProfile){.number = "05", .extra = freshest},
				f->base.authority));
	choose(f, "crl", NULL);
	/* At the delta's address the responder has the complete one, too, which is refused there. */
	assert_comes(f, pointing, "crl-delta-missing");
	path = cs_test_responder_dup_path(f->base.responder);
	g_assert_true(g_str_has_suffix(path, "/a+.crl"));
	g_assert_cmpuint(cs_test_responder_count(f->base.responder), ==, 2);
}

/* What answers it ends the wait, while the thread goes on to ask somebody who is silent. */
static void
test_known_by_the_first(Fixture *f, gconstpointer data)
{
	static const char *const nothing[] = {NULL};
	g_autoptr(CsTestPeer) silent = cs_test_peer_start(nothing, TRUE);
	g_autofree char *url =
		g_strdup_printf("http://127.0.0.1:%u/", cs_test_peer_get_port(silent));
	g_autoptr(CsTestIdentity) client = cs_test_feed_make_client(&f->base, url);
	const char *const allowed[] = {f->base.allowed, url, NULL};
	g_autoptr(GBytes) base = cs_test_crl_new(
		&(CsTestCrlProfile){
			.number = "05",
			.extra = cs_test_der_extension("551d2e", FALSE,
						       cs_test_feed_points(f->base.delta_url))},
		f->base.authority);

	cs_test_responder_serve(f->base.responder,
				cs_test_crl_new(&(CsTestCrlProfile){.number = "06", .base = "05"},
						f->base.authority));
	cs_test_feed_choose(&f->base, "any", NULL);
	g_strfreev(f->base.row->allowed_urls);
	f->base.row->allowed_urls = g_strdupv((char **)allowed);
	f->base.row->crl_file = g_build_filename(f->base.folder, "a.crl", NULL);
	g_assert_true(g_file_set_contents(f->base.row->crl_file, g_bytes_get_data(base, NULL),
					  (gssize)g_bytes_get_size(base), NULL));
	give_rows(f);
	assert_comes(f, client, "crl");
	/* Given up by then, it would have been waited for. */
	g_assert_true(cs_test_peer_count_connections(silent) == 0 || cs_test_peer_is_open(silent));
}

/* An issuer that is there later is the thread's to read, and whoever asks meanwhile may wait. */
static void
test_added_later(Fixture *f, gconstpointer data)
{
	CsRevocationAnswer answer;
	guint told;

	give_rows(f); /* nothing chosen: no thread */
	f->held = TRUE;
	cs_test_responder_serve(f->base.responder, make_ocsp(f, NULL));
	choose(f, "crl", NULL);
	wait_for_more(f, 0); /* the thread has read it, and is held */
	told = count_told(f);
	choose(f, "ocsp", NULL);
	g_assert_true(ask(f, f->base.client, &answer));
	g_assert_true(is_busy(f));
	g_assert_cmpuint(count_told(f), ==, told);
	g_mutex_lock(&f->mutex);
	f->held = FALSE;
	g_cond_broadcast(&f->cond);
	g_mutex_unlock(&f->mutex);
	assert_comes(f, f->base.client, "ocsp");
}

/* What another process has fetched is taken up with the next question. */
static void
test_refreshed_elsewhere(Fixture *f, gconstpointer data)
{
	g_autoptr(CsRevocationRecord) record = NULL;
	g_autoptr(GError) error = NULL;
	CsRevocationAnswer answer;
	guint told;

	choose(f, "ocsp", NULL);
	assert_comes(f, f->base.client, "ocsp-missing");
	record = cs_test_feed_make_record(&f->base, "ocsp", f->base.ocsp_url);
	record->data = make_ocsp(f, NULL);
	record->fetched_at = record->tried_at = NOW;
	cs_revocation_store_put(f->base.folder, record, &error);
	g_assert_no_error(error);
	/* What it did not say is taken for the watch's own, and read by nobody. */
	assert_known(f, "ocsp-missing");
	cs_revocation_store_mark(f->base.folder, &error);
	g_assert_no_error(error);
	told = count_told(f);
	if (ask(f, f->base.client, &answer)) /* or the thread was quicker */
		wait_for_more(f, told);
	assert_comes(f, f->base.client, "ocsp");
}

static void
keep(Fixture *f, const char *kind, const char *url, gint64 age_s)
{
	g_autoptr(CsRevocationRecord) record = cs_test_feed_make_record(&f->base, kind, url);
	g_autoptr(GError) error = NULL;

	record->fetched_at = record->tried_at = NOW - age_s;
	cs_revocation_store_put(f->base.folder, record, &error);
	g_assert_no_error(error);
}

/* Nothing is kept for ever: what nobody has fetched for a month, and what no choice allows any longer
 * after a day. */
static void
test_old_answers(Fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) left = NULL;
	guint wanted = 0;

	keep(f, "crl", "http://127.0.0.1/elsewhere/now.crl", 0);
	keep(f, "ocsp", f->base.ocsp_url, 31 * DAY);
	keep(f, "crl", f->base.crl_url, 31 * DAY);
	keep(f, "crl", "http://127.0.0.1/elsewhere/old.crl", DAY + 1);
	keep(f, "crl", "http://127.0.0.1/elsewhere/new.crl", DAY);
	keep(f, "delta", f->base.delta_url, 29 * DAY);
	choose(f, "any", NULL);
	left = cs_revocation_store_list(f->base.folder);
	g_assert_cmpuint(left->len, ==, 3);
	for (guint i = 0; i < left->len; i++) {
		const char *url = ((const CsRevocationRecord *)left->pdata[i])->url;

		wanted += g_str_equal(url, f->base.delta_url) || g_str_has_suffix(url, "/new.crl");
	}
	g_assert_cmpuint(wanted, ==, 2);
}

/* As a clock that runs ahead has it, all of it is old: it stays. */
static void
test_clock_ahead(Fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) left = NULL;

	keep(f, "crl", f->base.crl_url, 90 * DAY);
	keep(f, "crl", "http://127.0.0.1/elsewhere/new.crl", 91 * DAY);
	keep(f, "delta", f->base.delta_url, 100 * DAY);
	choose(f, "any", NULL);
	left = cs_revocation_store_list(f->base.folder);
	g_assert_cmpuint(left->len, ==, 3);
}

/* Who asked before everything is read anew has their answer kept fresh after it. */
static void
test_use_outlives_a_load(Fixture *f, gconstpointer data)
{
	g_autoptr(CsRevocationRecord) record =
		cs_test_feed_make_record(&f->base, "ocsp", f->base.ocsp_url);
	g_autoptr(GError) error = NULL;

	record->data = cs_test_ocsp_new(&(CsTestOcspProfile){.this_update = NOW - 8 * DAY},
					f->base.client, f->base.authority, f->base.authority);
	record->fetched_at = record->tried_at = NOW - 8 * DAY;
	cs_revocation_store_put(f->base.folder, record, &error);
	g_assert_no_error(error);
	choose(f, "ocsp", NULL);
	assert_known(f, "ocsp");
	give_rows(f);
	cs_test_responder_wait(f->base.responder, 1);
}

/* As many answers as are kept: one, under as many names. */
static void
fill_store(Fixture *f)
{
	g_autoptr(CsRevocationRecord) record =
		cs_test_feed_make_record(&f->base, "ocsp", f->base.ocsp_url);
	g_autofree char *folder = g_build_filename(f->base.folder, "revocation", NULL);
	g_autofree char *first = g_build_filename(folder, "ocsp-0", NULL);
	g_autofree char *certificate = cs_base64url_encode((const guint8 *)"c", 1);
	g_autofree char *text = g_strdup_printf(
		"{\"kind\":\"ocsp\",\"issuer\":\"%s\",\"url\":\"%s\",\"certificate\":\"%s\","
		"\"fetched_at\":%" G_GINT64_FORMAT ",\"tried_at\":%" G_GINT64_FORMAT
		",\"failure\":\"http-status\",\"data\":true}\nx",
		record->issuer, record->url, certificate, NOW, NOW);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_free(cs_test_write_text(folder, "ocsp-0", text));
	for (guint i = 1; i < MAX_RECORDS; i++) {
		g_autofree char *path = g_strdup_printf("%s/ocsp-%u", folder, i);

		g_assert_cmpint(link(first, path), ==, 0);
	}
}

/* Where an answer that cannot be had finds no room, it is tried once all the same, and nothing is left
 * of it on disk. */
static void
test_full(Fixture *f, gconstpointer data)
{
	g_autoptr(GPtrArray) left = NULL;

	fill_store(f);
	choose(f, "ocsp", NULL);
	assert_comes(f, f->base.client, "ocsp-missing");
	g_assert_cmpuint(cs_test_responder_count(f->base.responder), ==, 1);
	left = cs_revocation_store_list(f->base.folder);
	g_assert_cmpuint(left->len, ==, MAX_RECORDS);
}

/* The end comes though the responder never answers. */
static void
test_end(Fixture *f, gconstpointer data)
{
	CsRevocationAnswer answer;

	cs_test_responder_shut(f->base.responder);
	choose(f, "crl", f->base.crl_url);
	cs_test_responder_wait(f->base.responder, 1);
	g_assert_true(ask(f, f->base.client, &answer));
	g_clear_pointer(&f->watch, cs_revocation_watch_free);
}

#define ADD(name, function)                                                                        \
	g_test_add("/revocation-watch/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("nothing-chosen", test_nothing_chosen);
	ADD("asked", test_asked);
	ADD("busy", test_busy);
	ADD("due", test_due);
	ADD("delta", test_delta);
	ADD("known-by-the-first", test_known_by_the_first);
	ADD("added-later", test_added_later);
	ADD("refreshed-elsewhere", test_refreshed_elsewhere);
	ADD("old-answers", test_old_answers);
	ADD("clock-ahead", test_clock_ahead);
	ADD("use-outlives-a-load", test_use_outlives_a_load);
	ADD("full", test_full);
	ADD("end", test_end);
	return g_test_run();
}
