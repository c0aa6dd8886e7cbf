/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-pool.h"

#include "tests/fixtures/feed-fixture.h"
#include "tests/fixtures/http-fixture.h"

/* Fetching beside one another: one errand a host at a time. */

#define LONG_MS 60000 /* however busy the machine is */
#define SOON_MS 3000  /* more than it takes to put a few errands */
#define POOLS	2000
#define ERRANDS 20

/* Of a peer that hears a request, and says nothing to it. */
static const char *const silence[] = {"", NULL};

typedef struct {
	CsTestFeed base;
	CsIssuer *issuer;
	GAsyncQueue *told;
	CsRevocationPool *pool;
} Fixture;

static void
fetched_cb(gpointer told)
{
	g_async_queue_push(told, told);
}

static void
set_up(Fixture *f, gconstpointer data)
{
	cs_test_feed_set_up(&f->base, NULL);
	cs_test_responder_serve(f->base.responder, g_bytes_new_static("answer", 6));
	f->issuer = cs_issuer_new(cs_test_identity_get_certificate(f->base.authority), NULL);
	f->told = g_async_queue_new();
	f->pool = cs_revocation_pool_new(fetched_cb, f->told);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	g_clear_pointer(&f->pool, cs_revocation_pool_free);
	g_async_queue_unref(f->told);
	cs_issuer_unref(f->issuer);
	cs_test_feed_tear_down(&f->base, NULL);
}

static gboolean
put_at(Fixture *f, const char *base, const char *name, gboolean urgent, guint timeout_ms)
{
	g_autofree char *url = g_strconcat(base, name, NULL);
	g_autoptr(CsRevocationRecord) wanted = cs_test_feed_make_record(&f->base, "crl", url);
	CsRevocationErrand *errand = cs_revocation_errand_new(wanted, f->issuer, FALSE);

	errand->timeout_ms = timeout_ms;
	return cs_revocation_pool_put(f->pool, errand, urgent);
}

static gboolean
put(Fixture *f, const char *name, gboolean urgent)
{
	return put_at(f, cs_test_responder_get_url(f->base.responder), name, urgent, LONG_MS);
}

static CsRevocationErrand *
collect(Fixture *f)
{
	CsRevocationErrand *errand;

	while ((errand = cs_revocation_pool_collect(f->pool)) == NULL)
		g_async_queue_pop(f->told);
	return errand;
}

static void
expect(Fixture *f, const char *name, const char *problem, gboolean abandoned)
{
	g_autoptr(CsRevocationErrand) errand = collect(f);

	g_assert_true(g_str_has_suffix(errand->wanted->url, name));
	g_assert_cmpstr(errand->problem, ==, problem);
	g_assert_cmpint(errand->abandoned, ==, abandoned);
	g_assert_cmpint(errand->data != NULL, ==, problem == NULL && !abandoned);
}

/* What somebody waits for first, then in their order; each once, until it was collected. */
static void
test_order(Fixture *f, gconstpointer data)
{
	g_assert_null(cs_revocation_pool_collect(f->pool));
	cs_test_responder_shut(f->base.responder);
	g_assert_true(put(f, "a", FALSE));
	cs_test_responder_wait(f->base.responder, 1);
	g_assert_true(put(f, "b", FALSE));
	g_assert_true(put(f, "c", FALSE));
	g_assert_true(put(f, "d", TRUE));
	g_assert_false(put(f, "a", TRUE));
	g_assert_false(put(f, "b", FALSE));
	g_assert_false(put(f, "c", TRUE));
	g_assert_false(put(f, "d", TRUE));
	/* One at a time. */
	g_assert_cmpuint(cs_test_responder_count(f->base.responder), ==, 1);
	cs_test_responder_open(f->base.responder);
	expect(f, "a", NULL, FALSE);
	expect(f, "d", NULL, FALSE);
	expect(f, "c", NULL, FALSE);
	expect(f, "b", NULL, FALSE);
	g_assert_null(cs_revocation_pool_collect(f->pool));
	g_assert_true(put(f, "a", FALSE));
	expect(f, "a", NULL, FALSE);
	g_assert_cmpuint(cs_test_responder_count(f->base.responder), ==, 5);
}

/* One that hangs holds up nobody else. */
static void
test_beside(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(silence, TRUE);
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/", cs_test_peer_get_port(peer));

	put_at(f, url, "hangs", TRUE, LONG_MS);
	cs_test_peer_wait_for_request(peer);
	for (guint i = 0; i < 3; i++) {
		put(f, "good", FALSE);
		expect(f, "good", NULL, FALSE);
	}
	g_assert_true(cs_test_peer_is_open(peer));
	/* Freed meanwhile, it does not wait for it. */
	g_clear_pointer(&f->pool, cs_revocation_pool_free);
}

/* Who gives no answer at all is not asked for the rest. */
static void
test_nobody(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTestPeer) peer = cs_test_peer_start(silence, TRUE);
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/", cs_test_peer_get_port(peer));

	put_at(f, url, "a", FALSE, SOON_MS);
	put_at(f, url, "b", FALSE, LONG_MS);
	put_at(f, url, "c", TRUE, LONG_MS);
	expect(f, "a", "timed-out", FALSE);
	expect(f, "c", NULL, TRUE);
	expect(f, "b", NULL, TRUE);
	g_assert_cmpuint(cs_test_peer_count_connections(peer), ==, 1);
	/* Later it is asked again. */
	put_at(f, url, "b", FALSE, 1);
	expect(f, "b", "timed-out", FALSE);
	/* Whoever answers, whatever it is, is asked on. */
	cs_test_responder_serve(f->base.responder, NULL);
	put(f, "d", FALSE);
	put(f, "e", FALSE);
	expect(f, "d", "http-status", FALSE);
	expect(f, "e", "http-status", FALSE);
}

/* Of more hosts than are talked to at a time those wait that nobody waits for. */
static void
test_many(Fixture *f, gconstpointer data)
{
	CsTestPeer *peers[8];

	for (guint i = 0; i < G_N_ELEMENTS(peers); i++) {
		g_autofree char *url = NULL;

		peers[i] = cs_test_peer_start(silence, TRUE);
		url = g_strdup_printf("http://127.0.0.1:%u/", cs_test_peer_get_port(peers[i]));
		/* The last gives way in the end. */
		put_at(f, url, "hangs", FALSE, i < G_N_ELEMENTS(peers) - 1 ? LONG_MS : SOON_MS);
	}
	put(f, "due", FALSE);
	put(f, "urgent", TRUE);
	expect(f, "hangs", "timed-out", FALSE);
	expect(f, "urgent", NULL, FALSE);
	expect(f, "due", NULL, FALSE);
	g_clear_pointer(&f->pool, cs_revocation_pool_free);
	for (guint i = 0; i < G_N_ELEMENTS(peers); i++)
		cs_test_peer_stop(peers[i]);
}

/* What was put and not collected is freed with the rest. */
static void
test_free(Fixture *f, gconstpointer data)
{
	cs_test_responder_shut(f->base.responder);
	put(f, "a", FALSE);
	put(f, "b", FALSE);
	put(f, "c", TRUE);
	cs_test_responder_wait(f->base.responder, 1);
	g_clear_pointer(&f->pool, cs_revocation_pool_free);
	cs_test_responder_open(f->base.responder);
	g_assert_cmpuint(cs_test_responder_count(f->base.responder), ==, 1);
}

/* Freed while its threads take one after the other, it starts none that would outlive it. */
static void
test_free_at_any_time(Fixture *f, gconstpointer data)
{
	for (guint i = 0; i < POOLS; i++) {
		g_clear_pointer(&f->pool, cs_revocation_pool_free);
		f->pool = cs_revocation_pool_new(fetched_cb, f->told);
		for (guint j = 0; j < ERRANDS; j++) {
			g_autofree char *name = g_strdup_printf("%u", j);

			/* Its address is none: it ends as it begins. */
			put_at(f, "no address", name, FALSE, LONG_MS);
		}
		g_async_queue_pop(f->told);
	}
}

#define ADD(name, function)                                                                        \
	g_test_add("/revocation-pool/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("order", test_order);
	ADD("beside", test_beside);
	ADD("nobody", test_nobody);
	ADD("many", test_many);
	ADD("free", test_free);
	ADD("free-at-any-time", test_free_at_any_time);
	return g_test_run();
}
