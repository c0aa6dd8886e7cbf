/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"
#include "core/base/error.h"
#include "tests/fixtures/agent-fixture.h"

#include <string.h>

static void
start(CsTestAgent *f)
{
	cs_test_agent_start(f);
	cs_test_agent_settle(f);
}

static CsExplanation *
get_explanation(CsTestAgent *f, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	cs_agent_get_explanation_async(f->agent, f->id, NULL, cs_test_agent_ready_cb, &result);
	cs_test_agent_wait_for_result(&result);
	return cs_agent_get_explanation_finish(f->agent, result, error);
}

static CsRemoval *
plan(CsTestAgent *f, const char *fingerprint, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	cs_agent_plan_removal_async(f->agent, fingerprint, NULL, cs_test_agent_ready_cb, &result);
	cs_test_agent_wait_for_result(&result);
	return cs_agent_plan_removal_finish(f->agent, result, error);
}

static CsRemoval *
run_removal(CsTestAgent *f, const char *fingerprint, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	cs_agent_remove_certificate_async(f->agent, fingerprint, NULL, cs_test_agent_ready_cb,
					  &result);
	cs_test_agent_wait_for_result(&result);
	return cs_agent_remove_certificate_finish(f->agent, result, error);
}

static void
test_explanation(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsExplanation) explanation = NULL;

	start(f);
	explanation = get_explanation(f, &error);
	g_assert_no_error(error);
	g_assert_cmpint(explanation->reason, ==, CS_REASON_NO_CERTIFICATE);
	g_assert_cmpuint(explanation->issuers->len, ==, 1);
}

static void
test_explanation_broken(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;

	start(f);
	path = cs_book_explanation_path(&f->home->client, f->id);
	g_assert_true(g_file_set_contents(path, "{}", -1, NULL));
	g_assert_null(get_explanation(f, &error));
	g_assert_nonnull(error);
}

static void
test_text(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(CsExplanation) explanation = NULL;
	g_autofree char *whole = NULL;
	g_autofree char *head = NULL;
	g_autofree char *none = NULL;
	g_autofree char *step = NULL;

	start(f);
	step = cs_agent_dup_owned_step(f->agent, f->id);
	explanation = get_explanation(f, NULL);
	whole = cs_agent_dup_explanation_text(f->agent, f->id, step, explanation);
	head = cs_agent_dup_explanation_text(f->agent, f->id, step, NULL);
	none = cs_agent_dup_explanation_text(f->agent, "nobody", "", explanation);
	g_assert_null(none);
	g_assert_true(g_str_has_prefix(whole, head));
	g_assert_true(g_str_has_prefix(head, step));
	g_assert_true(g_str_has_prefix(step, "It is the helpdesk's turn. "));
	g_assert_nonnull(strstr(head, "\nno-certificate\n"));
	g_assert_nonnull(strstr(whole, "\n1. CN=Test CA\n"));
	/* What the page's first line says is not said again. */
	g_assert_null(strstr(strstr(whole, "no-certificate"), "Ask the helpdesk"));
}

/* Where the last check failed, its code, and the verdict before it as what it is. */
static void
test_text_of_failure(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *text = NULL;

	cs_test_agent_install(f);
	start(f);
	f->faults->verdict_key = cs_private_key_generate_p256(NULL);
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	g_clear_pointer(&f->faults->verdict_key, cs_private_key_unref);
	text = cs_agent_dup_explanation_text(f->agent, f->id, "", NULL);
	g_assert_nonnull(strstr(text, "\nada at Example Corp\nverdict-invalid\n"));
	g_assert_null(strstr(text, "\nrequest: "));
	g_assert_nonnull(strstr(text, "\nlast verdict: managed, request: request1"));
}

/* By its own id of the request, where the server refused; without a verdict there is none to tell. */
static void
test_text_of_refusal(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *text = NULL;

	f->faults->path = "/v1/transactions";
	f->faults->status = 404;
	f->faults->content_type = "application/problem+json";
	f->faults->body = "{\"code\":\"account-unknown\",\"request\":\"abc123\"}";
	start(f);
	text = cs_agent_dup_explanation_text(f->agent, f->id, "", NULL);
	g_assert_nonnull(strstr(text, "\naccount-unknown\n"));
	g_assert_nonnull(strstr(text, "\nrequest: abc123 (for the helpdesk)\n"));
	g_assert_null(strstr(text, "last verdict"));
}

/* While a server is away, the verdict stands. */
static void
test_text_while_away(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *text = NULL;

	cs_test_agent_install(f);
	start(f);
	f->faults->status = 503;
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	text = cs_agent_dup_explanation_text(f->agent, f->id, "", NULL);
	g_assert_nonnull(strstr(text, "\nada at Example Corp\nmanaged\n"));
	g_assert_nonnull(strstr(text, "\nrequest: request1"));
	g_assert_null(strstr(text, "last verdict"));
}

/* rule 9: what would be done, then the act, and every account is checked again */
static void
test_removal(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *fingerprint = NULL;
	g_autoptr(CsRemoval) planned = NULL;
	g_autoptr(CsRemoval) done = NULL;
	g_autoptr(GError) error = NULL;

	cs_test_agent_install(f);
	start(f);
	cs_test_agent_expect_state(f, CS_AGENT_MANAGED);
	fingerprint = g_strdup(cs_agent_get_account(f->agent, f->id)->certificate_fingerprint);
	planned = plan(f, fingerprint, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(planned->files->len, ==, 1);
	done = run_removal(f, fingerprint, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(done->backup, ==, planned->backup);
	cs_test_agent_settle(f);
	cs_test_agent_expect_state(f, CS_AGENT_NOT_MANAGED);
	g_assert_null(plan(f, fingerprint, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_null(run_removal(f, fingerprint, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_add_agent_test("/agent-explanation/explanation", test_explanation);
	cs_test_add_agent_test("/agent-explanation/broken", test_explanation_broken);
	cs_test_add_agent_test("/agent-explanation/text", test_text);
	cs_test_add_agent_test("/agent-explanation/text/failure", test_text_of_failure);
	cs_test_add_agent_test("/agent-explanation/text/refusal", test_text_of_refusal);
	cs_test_add_agent_test("/agent-explanation/text/away", test_text_while_away);
	cs_test_add_agent_test("/agent-explanation/removal", test_removal);
	return g_test_run();
}
