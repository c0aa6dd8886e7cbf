/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-questions.h"

#include "tests/fixtures/pki-fixture.h"

#define NOW   G_GINT64_CONSTANT(1800000000)
#define MOST  2
#define ISSUE "issuer"

typedef struct {
	CsRevocationQuestions *questions;
	CsTestIdentity *identities[MOST + 1];
	CsCertificate *certificates[MOST + 1];
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->questions = cs_revocation_questions_new(MOST);
	for (guint i = 0; i < G_N_ELEMENTS(f->identities); i++) {
		f->identities[i] = cs_test_identity_new(NULL, NULL);
		f->certificates[i] = cs_test_identity_get_certificate(f->identities[i]);
	}
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_revocation_questions_free(f->questions);
	for (guint i = 0; i < G_N_ELEMENTS(f->identities); i++)
		cs_test_identity_free(f->identities[i]);
}

static gboolean
put(Fixture *f, guint which, gint64 now)
{
	return cs_revocation_questions_put(f->questions, ISSUE, f->certificates[which], now);
}

static gboolean
is_open(Fixture *f, guint which)
{
	return cs_revocation_questions_is_open(
		f->questions, cs_certificate_get_fingerprint(f->certificates[which]));
}

static const CsRevocationQuestion *
take(Fixture *f, guint which)
{
	const CsRevocationQuestion *question = cs_revocation_questions_take(f->questions);

	g_assert_nonnull(question);
	g_assert_true(g_ptr_array_find((GPtrArray *)cs_revocation_questions_get_taken(f->questions),
				       question, NULL));
	g_assert_cmpstr(question->issuer, ==, ISSUE);
	g_assert_true(question->certificate == f->certificates[which]);
	return question;
}

static void
settle(Fixture *f, const CsRevocationQuestion *question, gint64 now)
{
	cs_revocation_questions_settle(f->questions, question, now);
}

/* In their order, each once, and open from the first word to the last. */
static void
test_order(Fixture *f, gconstpointer data)
{
	const CsRevocationQuestion *first, *second;

	g_assert_true(cs_revocation_questions_is_empty(f->questions));
	g_assert_null(cs_revocation_questions_take(f->questions));
	g_assert_true(put(f, 1, NOW));
	g_assert_true(put(f, 0, NOW));
	g_assert_true(put(f, 1, NOW));
	g_assert_true(is_open(f, 0) && is_open(f, 1) && !is_open(f, 2));
	first = take(f, 1);
	g_assert_true(is_open(f, 1));
	/* Asked again while it is being answered: the same question. */
	g_assert_true(put(f, 1, NOW));
	g_assert_false(cs_revocation_questions_is_empty(f->questions));
	/* The other one may be answered before it. */
	second = take(f, 0);
	g_assert_true(cs_revocation_questions_is_empty(f->questions));
	settle(f, second, NOW);
	g_assert_true(is_open(f, 1) && !is_open(f, 0));
	settle(f, first, NOW);
	g_assert_false(is_open(f, 1));
	g_assert_cmpuint(cs_revocation_questions_get_taken(f->questions)->len, ==, 0);
}

/* What more than the most would wait, or be answered, is not asked, and nobody waits for it. */
static void
test_most(Fixture *f, gconstpointer data)
{
	const CsRevocationQuestion *first;

	g_assert_true(put(f, 0, NOW));
	g_assert_true(put(f, 1, NOW));
	g_assert_false(put(f, 2, NOW));
	g_assert_false(is_open(f, 2));
	first = take(f, 0);
	g_assert_false(put(f, 2, NOW));
	settle(f, first, NOW);
	g_assert_true(put(f, 2, NOW));
}

/* What could be had was had: for some seconds nobody asks, nor waits, again. */
static void
test_settled(Fixture *f, gconstpointer data)
{
	const CsRevocationQuestion *other;

	g_assert_true(put(f, 0, NOW));
	settle(f, take(f, 0), NOW + 1);
	g_assert_false(put(f, 0, NOW + 1));
	g_assert_false(put(f, 0, NOW + 5));
	g_assert_true(cs_revocation_questions_put(f->questions, "another issuer",
						  f->certificates[0], NOW + 5));
	g_assert_true(put(f, 0, NOW + 6));
	other = cs_revocation_questions_take(f->questions);
	settle(f, other, NOW + 6);
	settle(f, take(f, 0), NOW + 6);
	g_assert_false(put(f, 0, NOW + 6));
	/* A clock that was set back keeps nothing settled. */
	g_assert_true(put(f, 0, NOW - 3600));
}

/* What was settled may be asked again; what is being answered is asked anew, before the others. */
static void
test_reopen(Fixture *f, gconstpointer data)
{
	const CsRevocationQuestion *question;

	g_assert_true(put(f, 0, NOW));
	settle(f, take(f, 0), NOW);
	g_assert_false(put(f, 0, NOW));
	cs_revocation_questions_reopen(f->questions);
	g_assert_true(put(f, 0, NOW));
	question = take(f, 0);
	g_assert_true(cs_revocation_question_await(question, "something"));
	g_assert_true(put(f, 1, NOW));
	cs_revocation_questions_reopen(f->questions);
	g_assert_true(is_open(f, 0) && is_open(f, 1));
	question = take(f, 0);
	g_assert_cmpuint(g_hash_table_size(question->awaits), ==, 0);
	g_assert_true(cs_revocation_question_await(question, "something"));
	take(f, 1);
	/* Those that are taken go with the rest. */
}

/* What was tried for a question is not begun for it once more, whatever came of it. */
static void
test_await(Fixture *f, gconstpointer data)
{
	const CsRevocationQuestion *question;

	g_assert_true(put(f, 0, NOW));
	question = take(f, 0);
	g_assert_true(cs_revocation_question_await(question, "one"));
	g_assert_true(cs_revocation_question_await(question, "other"));
	g_assert_false(cs_revocation_question_await(question, "one"));
	g_assert_true(g_hash_table_remove(question->awaits, "one"));
	g_assert_false(cs_revocation_question_await(question, "one"));
	g_assert_cmpuint(g_hash_table_size(question->awaits), ==, 1);
}

/* Of very many that were settled some are forgotten; it does not grow. */
static void
test_settled_for_ever(Fixture *f, gconstpointer data)
{
	g_assert_true(put(f, 0, NOW));
	settle(f, take(f, 0), NOW);
	for (guint i = 0; i < 4096; i++) {
		g_autofree char *issuer = g_strdup_printf("issuer %u", i);

		g_assert_true(
			cs_revocation_questions_put(f->questions, issuer, f->certificates[1], NOW));
		settle(f, cs_revocation_questions_take(f->questions), NOW);
	}
	g_assert_true(put(f, 0, NOW));
}

#define ADD(name, function)                                                                        \
	g_test_add("/revocation-questions/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("order", test_order);
	ADD("most", test_most);
	ADD("settled", test_settled);
	ADD("reopen", test_reopen);
	ADD("await", test_await);
	ADD("settled-for-ever", test_settled_for_ever);
	return g_test_run();
}
