/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"
#include "core/base/error.h"
#include "tests/fixtures/agent-fixture.h"

#include <string.h>

#define CODE "000000000042"

static void
start(CsTestAgent *f)
{
	cs_test_agent_start(f);
	cs_test_agent_settle(f);
}

static CsIntroduction *
introduce(CsTestAgent *f, GCancellable *cancellable, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	cs_agent_introduce_async(f->agent, cs_test_server_get_url(f->server), NULL, cancellable,
				 cs_test_agent_ready_cb, &result);
	cs_test_agent_wait_for_result(&result);
	return cs_agent_introduce_finish(f->agent, result, error);
}

/* Begins; the arguments are gone when it runs. */
static void
begin_add(CsTestAgent *f, GCancellable *cancellable, GAsyncResult **result)
{
	g_autoptr(CsIntroduction) introduction = introduce(f, NULL, NULL);
	g_autoptr(CsSecret) code = cs_secret_new(CODE, strlen(CODE));

	g_assert_nonnull(introduction);
	cs_agent_add_async(f->agent, introduction, code, cancellable, cs_test_agent_ready_cb,
			   result);
}

static char *
add(CsTestAgent *f, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	begin_add(f, NULL, &result);
	cs_test_agent_wait_for_result(&result);
	return cs_agent_add_finish(f->agent, result, error);
}

static gboolean
delete_one(CsTestAgent *f, const char *id, gboolean *pending, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	cs_agent_delete_async(f->agent, id, NULL, cs_test_agent_ready_cb, &result);
	cs_test_agent_wait_for_result(&result);
	return cs_agent_delete_finish(f->agent, result, pending, error);
}

static void
test_introduce(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsIntroduction) introduction = NULL;

	start(f);
	introduction = introduce(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(introduction->url, ==, cs_test_server_get_url(f->server));
	g_assert_cmpstr(cs_jwk_get_thumbprint(introduction->server_key), ==,
			cs_jwk_get_thumbprint(cs_test_server_get_key(f->server)));
}

static void
test_introduce_fails(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	start(f);
	f->faults->status = 503;
	g_assert_null(introduce(f, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_UNREACHABLE);
}

/* The account is in the list when the callback is called, and its first check has begun. */
static void
test_add(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *id = NULL;

	cs_test_agent_install(f);
	start(f);
	cs_test_server_add_code(f->server, CODE, "grace");
	cs_test_server_set_next_id(f->server, "grace");
	id = add(f, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, "grace");
	g_assert_cmpstr(cs_agent_get_account(f->agent, id)->user, ==, "grace");
	g_assert_cmpint(cs_agent_get_state(f->agent, id), ==, CS_AGENT_CHECKING);
	cs_test_agent_settle(f);
	g_assert_cmpint(cs_agent_get_state(f->agent, id), ==, CS_AGENT_MANAGED);
}

static void
test_add_refused(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	start(f);
	g_assert_null(add(f, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_REFUSED);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "code-invalid");
	g_assert_cmpuint(cs_agent_get_accounts(f->agent)->len, ==, 1);
}

static void
test_introduce_cancelled(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;

	start(f);
	cs_test_agent_hold(f, NULL);
	cs_agent_introduce_async(f->agent, cs_test_server_get_url(f->server), NULL, cancellable,
				 cs_test_agent_ready_cb, &result);
	cs_test_agent_wait_for_held(f);
	g_cancellable_cancel(cancellable);
	cs_test_agent_wait_for_result(&result);
	g_assert_null(cs_agent_introduce_finish(f->agent, result, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	/* the server has not answered to this day */
	g_assert_true(f->is_held);
}

/* Nothing half added; and what the server made of it is taken up by the same code. */
static void
test_add_cancelled(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *id = NULL;

	start(f);
	cs_test_server_add_code(f->server, CODE, "grace");
	cs_test_server_set_next_id(f->server, "grace");
	cs_test_agent_hold(f, "/v1/accounts");
	begin_add(f, cancellable, &result);
	cs_test_agent_wait_for_held(f);
	g_cancellable_cancel(cancellable);
	cs_test_agent_wait_for_result(&result);
	g_assert_null(cs_agent_add_finish(f->agent, result, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_clear_error(&error);
	g_assert_cmpuint(cs_agent_get_accounts(f->agent)->len, ==, 1);
	cs_test_agent_release(f);
	id = add(f, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, "grace");
	g_assert_cmpuint(cs_test_server_count_accounts(f->server), ==, 2);
	g_assert_cmpuint(cs_agent_get_accounts(f->agent)->len, ==, 2);
}

/* A log-out in the middle: old or new, and the next login goes on from there. */
static void
test_stopped_while_adding(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) accounts = NULL;
	g_autofree char *id = NULL;

	start(f);
	cs_test_server_add_code(f->server, CODE, "grace");
	cs_test_server_set_next_id(f->server, "grace");
	cs_test_agent_hold(f, "/v1/accounts");
	begin_add(f, NULL, &result);
	cs_test_agent_wait_for_held(f);
	cs_agent_stop(f->agent);
	/* no thread is at work any more, before the main loop has turned once */
	g_assert_cmpuint(f->agent->n_threads, ==, 0);
	accounts = cs_account_book_list(&f->home->client, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(accounts->len, ==, 1);
	/* who asked hears of it, where the loop runs on */
	cs_test_agent_wait_for_result(&result);
	g_assert_null(cs_agent_add_finish(f->agent, result, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_clear_error(&error);
	g_clear_object(&result);
	cs_test_agent_release(f);

	start(f);
	id = add(f, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, "grace");
	g_assert_cmpuint(cs_test_server_count_accounts(f->server), ==, 2);
}

static void
test_after_the_stop(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	gboolean pending = TRUE;

	start(f);
	cs_agent_stop(f->agent);
	g_assert_null(introduce(f, NULL, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_clear_error(&error);
	g_assert_false(delete_one(f, f->id, &pending, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_assert_false(pending);
	g_assert_true(cs_test_server_has_account(f->server, f->id));
}

/* rule 23: on the server first; gone from the list when the callback is called */
static void
test_delete(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	gboolean pending = TRUE;

	start(f);
	g_assert_true(delete_one(f, f->id, &pending, &error));
	g_assert_no_error(error);
	g_assert_false(pending);
	g_assert_true(cs_test_server_is_deleted(f->server, f->id));
	cs_test_agent_expect_state(f, CS_AGENT_NO_ACCOUNT);
	/* deleted by whom is at the screen: nothing to tell */
	cs_test_agent_settle(f);
	cs_test_agent_get_notice(f, 0);
}

static void
test_delete_pending(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	gboolean pending = FALSE;

	start(f);
	f->faults->status = 503;
	g_assert_true(delete_one(f, f->id, &pending, &error));
	g_assert_true(pending);
	cs_test_agent_expect_state(f, CS_AGENT_NO_ACCOUNT);
	f->faults->status = 0;
	cs_test_agent_set_network(f, FALSE, G_NETWORK_CONNECTIVITY_LOCAL);
	cs_test_agent_set_network(f, TRUE, G_NETWORK_CONNECTIVITY_LIMITED);
	cs_test_agent_settle(f);
	g_assert_true(cs_test_server_is_deleted(f->server, f->id));
}

static void
test_delete_unknown(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	gboolean pending = TRUE;

	start(f);
	g_assert_false(delete_one(f, "nobody", &pending, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_assert_false(pending);
}

/* Cancelled is the talk with the server, not what was asked for. */
static void
test_delete_cancelled(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;
	gboolean pending = FALSE;

	start(f);
	cs_test_agent_hold(f, NULL);
	cs_agent_delete_async(f->agent, f->id, cancellable, cs_test_agent_ready_cb, &result);
	cs_test_agent_wait_for_held(f);
	g_cancellable_cancel(cancellable);
	cs_test_agent_wait_for_result(&result);
	g_assert_true(cs_agent_delete_finish(f->agent, result, &pending, &error));
	g_assert_no_error(error);
	g_assert_true(pending);
	cs_test_agent_expect_state(f, CS_AGENT_NO_ACCOUNT);
	g_assert_true(f->is_held);
}

/* The account goes while it is being checked. */
static void
test_delete_while_checked(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GAsyncResult) result = NULL;
	gboolean pending = TRUE;

	cs_test_agent_hold(f, "/v1/transactions");
	cs_test_agent_start(f);
	cs_test_agent_wait_for_held(f);
	cs_agent_delete_async(f->agent, f->id, NULL, cs_test_agent_ready_cb, &result);
	cs_test_agent_release(f);
	cs_test_agent_wait_for_result(&result);
	g_assert_true(cs_agent_delete_finish(f->agent, result, &pending, NULL));
	cs_test_agent_settle(f);
	cs_test_agent_expect_state(f, CS_AGENT_NO_ACCOUNT);
	g_assert_cmpuint(g_hash_table_size(f->agent->checks), ==, 0);
	g_assert_cmpuint(f->wait_ms, ==, 0);
}

static void
test_history(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GPtrArray) entries = NULL;
	g_autoptr(GError) error = NULL;
	const CsHistoryEntry *newest;

	start(f);
	f->faults->status = 503;
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	cs_agent_list_history_async(f->agent, f->id, NULL, cs_test_agent_ready_cb, &result);
	cs_test_agent_wait_for_result(&result);
	entries = cs_agent_list_history_finish(f->agent, result, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(entries->len, ==, 2);
	newest = g_ptr_array_index(entries, 0);
	g_assert_cmpstr(newest->error_code, ==, "unreachable");
}

static CsAgentCertificatePlace *
find_certificate(CsTestAgent *f, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	cs_agent_find_certificate_async(f->agent, f->id, NULL, cs_test_agent_ready_cb, &result);
	cs_test_agent_wait_for_result(&result);
	return cs_agent_find_certificate_finish(f->agent, result, error);
}

static void
test_certificate(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(CsAgentCertificatePlace) before = NULL;
	g_autoptr(CsAgentCertificatePlace) place = NULL;
	g_autoptr(GError) error = NULL;

	start(f);
	before = find_certificate(f, &error);
	g_assert_no_error(error);
	g_assert_null(before);
	cs_test_agent_install(f);
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	place = find_certificate(f, &error);
	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(place->location, f->home->certificates));
	g_assert_false(place->is_machine);
	g_assert_true(place->key_exportable);
}

static void
test_certificate_unreadable(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *path = cs_book_explanation_path(&f->home->client, f->id);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	g_autoptr(GError) error = NULL;

	start(f);
	g_free(cs_test_write_text(folder, name, "{\"selected\":7}"));
	g_assert_null(find_certificate(f, &error));
	g_assert_nonnull(error);
}

static GPtrArray *
follow_repurposing(CsTestAgent *f, const char *url, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	cs_agent_follow_repurposing_async(f->agent, url, NULL, cs_test_agent_ready_cb, &result);
	cs_test_agent_wait_for_result(&result);
	return cs_agent_follow_repurposing_finish(f->agent, result, error);
}

/* rule 25: followed by the device key, also when the account is gone */
static void
test_repurposing(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GPtrArray) before = NULL;
	g_autoptr(GPtrArray) after = NULL;
	g_autoptr(GError) error = NULL;
	gboolean pending = TRUE;

	start(f);
	before = follow_repurposing(f, cs_test_server_get_url(f->server), &error);
	g_assert_no_error(error);
	g_assert_cmpuint(before->len, ==, 1);
	g_assert_cmpuint(cs_repurposing_get_next(before->pdata[0]), ==, CS_REPURPOSING_DELETE);
	g_assert_true(delete_one(f, f->id, &pending, &error));
	after = follow_repurposing(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(cs_repurposing_get_next(after->pdata[0]), ==, CS_REPURPOSING_DEACTIVATE);
	cs_test_home_write_book(f->home, "{}");
	g_assert_null(follow_repurposing(f, NULL, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_add_agent_test("/agent-operations/introduce", test_introduce);
	cs_test_add_agent_test("/agent-operations/introduce-fails", test_introduce_fails);
	cs_test_add_agent_test("/agent-operations/introduce-cancelled", test_introduce_cancelled);
	cs_test_add_agent_test("/agent-operations/add", test_add);
	cs_test_add_agent_test("/agent-operations/add-refused", test_add_refused);
	cs_test_add_agent_test("/agent-operations/add-cancelled", test_add_cancelled);
	cs_test_add_agent_test("/agent-operations/stopped-while-adding", test_stopped_while_adding);
	cs_test_add_agent_test("/agent-operations/after-the-stop", test_after_the_stop);
	cs_test_add_agent_test("/agent-operations/delete", test_delete);
	cs_test_add_agent_test("/agent-operations/delete-pending", test_delete_pending);
	cs_test_add_agent_test("/agent-operations/delete-unknown", test_delete_unknown);
	cs_test_add_agent_test("/agent-operations/delete-cancelled", test_delete_cancelled);
	cs_test_add_agent_test("/agent-operations/delete-while-checked", test_delete_while_checked);
	cs_test_add_agent_test("/agent-operations/history", test_history);
	cs_test_add_agent_test("/agent-operations/certificate", test_certificate);
	cs_test_add_agent_test("/agent-operations/certificate-unreadable",
			       test_certificate_unreadable);
	cs_test_add_agent_test("/agent-operations/repurposing", test_repurposing);
	return g_test_run();
}
