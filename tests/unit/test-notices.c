/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/notices.h"

#include "core/account/authentication.h"
#include "core/account/told.h"
#include "tests/fixtures/agent-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

static void
start(CsTestAgent *f)
{
	cs_test_agent_start(f);
	cs_test_agent_settle(f);
}

static void
check(CsTestAgent *f, CsReason reason)
{
	f->faults->reason = reason;
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
}

/* What the server now says of the device's certificate. */
static CsReason rejection;

static void
reject(CsVerdict *verdict)
{
	verdict->managed = FALSE;
	verdict->device_reason = rejection;
}

static void
expect(CsTestAgent *f, guint count, const char *code, const char *title, gboolean urgent)
{
	const CsAgentNotice *notice = cs_test_agent_get_notice(f, count);

	g_test_message("%s | %s | %s", notice->title, notice->sentence, notice->next_step);
	g_assert_cmpstr(notice->account_id, ==, f->id);
	g_assert_cmpstr(notice->code, ==, code);
	g_assert_cmpstr(notice->title, ==, title);
	g_assert_cmpint(notice->urgent, ==, urgent);
	g_assert_cmpint(notice->sentence[0], !=, '\0');
}

/* Each word once, however often it is heard, and not again after a restart. */
static void
test_never_twice(CsTestAgent *f, gconstpointer data)
{
	cs_test_agent_install(f);
	start(f);
	cs_test_agent_get_notice(f, 0);
	check(f, CS_REASON_DEVICE_SUSPENDED);
	expect(f, 1, "device-suspended", "Action needed: ada at Example Corp", TRUE);
	g_assert_cmpstr(cs_test_agent_get_notice(f, 1)->sentence, ==,
			cs_reason_get_sentence(CS_REASON_DEVICE_SUSPENDED));
	g_assert_cmpstr(cs_test_agent_get_notice(f, 1)->next_step, ==,
			cs_reason_get_next_step(CS_REASON_DEVICE_SUSPENDED));
	check(f, CS_REASON_DEVICE_SUSPENDED);
	cs_agent_reload(f->agent);
	cs_test_agent_settle(f);
	cs_test_agent_get_notice(f, 1);
	start(f);
	check(f, CS_REASON_DEVICE_SUSPENDED);
	cs_test_agent_get_notice(f, 1);
	/* resumed: one word, and its own */
	check(f, CS_REASON_NONE);
	expect(f, 2, "managed", "Managed: ada at Example Corp", FALSE);
	g_assert_nonnull(strstr(cs_test_agent_get_notice(f, 2)->sentence, "resumed"));
	g_assert_null(cs_test_agent_get_notice(f, 2)->next_step);
	start(f);
	check(f, CS_REASON_NONE);
	cs_test_agent_get_notice(f, 2);
	/* and a second time it is news again */
	check(f, CS_REASON_DEVICE_SUSPENDED);
	cs_test_agent_get_notice(f, 3);
}

/* What happened while nobody was logged in is told at the next login. */
static void
test_while_away(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = NULL;

	cs_test_agent_install(f);
	start(f);
	cs_test_agent_end(f);
	f->faults->reason = CS_REASON_USER_SUSPENDED;
	account = cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, NULL);
	f->faults->status = 503;
	start(f);
	expect(f, 1, "user-suspended", "Action needed: ada at Example Corp", TRUE);
	f->faults->status = 0;
	check(f, CS_REASON_NONE);
	g_assert_nonnull(
		strstr(cs_test_agent_get_notice(f, 2)->sentence, "given you back your access"));
}

/* That a server is away is no news, and changes nothing of what was told. */
static void
test_away_is_silent(CsTestAgent *f, gconstpointer data)
{
	cs_test_agent_install(f);
	start(f);
	check(f, CS_REASON_USER_SUSPENDED);
	cs_test_agent_get_notice(f, 1);
	f->faults->status = 503;
	check(f, CS_REASON_NONE);
	f->faults->status = 0;
	check(f, CS_REASON_CHALLENGE_EXPIRED);
	check(f, CS_REASON_USER_SUSPENDED);
	cs_test_agent_get_notice(f, 1);
}

/* A device that was never managed is none's news; one that is no longer, or is now, is. */
static void
test_not_managed(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *file = g_build_filename(f->home->certificates, "device.pem", NULL);

	start(f);
	cs_test_agent_get_notice(f, 0);
	cs_test_agent_install(f);
	check(f, CS_REASON_NONE);
	expect(f, 1, "managed", "Managed: ada at Example Corp", FALSE);
	g_assert_cmpint(g_unlink(file), ==, 0);
	check(f, CS_REASON_NONE);
	expect(f, 2, "no-certificate", "Not managed: ada at Example Corp", FALSE);
}

/* The server's words on the certificate are news by themselves; the device's own are not. */
static void
test_rejected(CsTestAgent *f, gconstpointer data)
{
	cs_test_agent_install(f);
	f->faults->bend_verdict = reject;
	rejection = CS_REASON_BOUND_TO_ANOTHER_DEVICE;
	start(f);
	expect(f, 1, "bound-to-another-device", "Not managed: ada at Example Corp", FALSE);
	rejection = CS_REASON_CERTIFICATE_REVOKED;
	check(f, CS_REASON_NONE);
	expect(f, 2, "certificate-revoked", "Not managed: ada at Example Corp", FALSE);
	rejection = CS_REASON_REVOCATION_UNKNOWN;
	check(f, CS_REASON_NONE);
	cs_test_agent_get_notice(f, 2);
}

static void
test_failure(CsTestAgent *f, gconstpointer data)
{
	cs_test_agent_install(f);
	start(f);
	f->faults->challenge_key = cs_private_key_generate_p256(NULL);
	check(f, CS_REASON_NONE);
	expect(f, 1, "server-key-unknown", "Action needed: ada at Example Corp", TRUE);
	g_clear_pointer(&f->faults->challenge_key, cs_private_key_unref);
	f->faults->verdict_key = cs_private_key_generate_p256(NULL);
	check(f, CS_REASON_NONE);
	expect(f, 2, "verdict-invalid", "Action needed: ada at Example Corp", TRUE);
	g_assert_nonnull(strstr(cs_test_agent_get_notice(f, 2)->sentence, "verdict-invalid"));
	g_assert_nonnull(strstr(cs_test_agent_get_notice(f, 2)->next_step, "helpdesk"));
	g_clear_pointer(&f->faults->verdict_key, cs_private_key_unref);
	check(f, CS_REASON_NONE);
	expect(f, 3, "managed", "Managed: ada at Example Corp", FALSE);
}

static void
test_ended(CsTestAgent *f, gconstpointer data)
{
	start(f);
	cs_test_server_end_account(f->server, f->id, CS_REASON_DEVICE_DEACTIVATED);
	check(f, CS_REASON_NONE);
	expect(f, 1, "device-deactivated", "Account ended: ada at Example Corp", TRUE);
	g_assert_cmpstr(cs_test_agent_get_notice(f, 1)->sentence, ==,
			cs_reason_get_sentence(CS_REASON_DEVICE_DEACTIVATED));
	start(f);
	cs_test_agent_get_notice(f, 1);
}

/* Ended while nobody watched: nothing else is left of it, and it is told. */
static void
test_ended_while_away(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = NULL;

	cs_test_server_end_account(f->server, f->id, CS_REASON_ACCOUNT_DELETED);
	account = cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, NULL);
	g_assert_nonnull(account);
	start(f);
	expect(f, 1, "account-deleted", "Account ended: ada at Example Corp", TRUE);
	start(f);
	cs_test_agent_get_notice(f, 1);
}

/* It is told that an account has gone only where it has, whatever it was called. */
static void
test_end_of_what_is_there(CsTestAgent *f, gconstpointer data)
{
	const CsAccount account = {
		.id = f->id, .user = (char *)"\x1b", .organisation = (char *)"Example Corp"};
	g_autoptr(CsToldMemory) memory = cs_told_memory_read(&f->home->client);

	cs_told_memory_add_ended(memory, &account, CS_REASON_ACCOUNT_DELETED);
	g_assert_true(cs_told_memory_write(memory, &f->home->client, NULL));
	start(f);
	cs_test_agent_get_notice(f, 0);
}

/* What was cancelled, were it ever kept, is no news. */
static void
test_cancelled(CsTestAgent *f, gconstpointer data)
{
	const CsHistoryEntry entry = {.at = 1, .error_code = (char *)"cancelled"};

	cs_test_agent_install(f);
	start(f);
	g_assert_true(cs_history_add(&f->home->client, f->id, &entry, NULL));
	cs_agent_reload(f->agent);
	cs_test_agent_settle(f);
	cs_test_agent_get_notice(f, 0);
}

/* Noted, and then the commit failed or was killed: told when it has really gone, and once. */
static void
test_end_not_committed(CsTestAgent *f, gconstpointer data)
{
	CsBookChange *change = cs_book_change_begin(&f->home->client, NULL);
	const CsAccount *account = cs_book_find_account(change->book, f->id);

	g_assert_true(cs_notices_note_ended(change, account, CS_REASON_DEVICE_DEACTIVATED, NULL));
	cs_book_change_free(change);
	start(f);
	cs_test_agent_get_notice(f, 0);
	cs_test_server_end_account(f->server, f->id, CS_REASON_DEVICE_DEACTIVATED);
	check(f, CS_REASON_NONE);
	cs_test_agent_get_notice(f, 1);
}

static void
test_ended_and_added_anew(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(CsAccount) account = NULL;

	cs_test_server_end_account(f->server, f->id, CS_REASON_ACCOUNT_DELETED);
	account = cs_authentication_run(&f->home->client, f->id, NULL, NULL, NULL, NULL);
	cs_test_server_set_next_id(f->server, "again");
	g_free(cs_test_home_enrol(f->home, f->server, "ada"));
	start(f);
	cs_test_agent_get_notice(f, 0);
}

/* What holds for the device is said once, not once an account. */
static void
test_device_once(CsTestAgent *f, gconstpointer data)
{
	cs_test_server_set_next_id(f->server, "second");
	g_free(cs_test_home_enrol(f->home, f->server, "grace"));
	start(f);
	check(f, CS_REASON_DEVICE_SUSPENDED);
	cs_test_agent_get_notice(f, 1);
	check(f, CS_REASON_USER_SUSPENDED);
	cs_test_agent_get_notice(f, 3);
}

static void
test_book(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *book = cs_test_home_read_book(f->home);
	const CsAgentNotice *notice;

	cs_test_home_write_book(f->home, "");
	start(f);
	notice = cs_test_agent_get_notice(f, 1);
	g_assert_null(notice->account_id);
	g_assert_cmpstr(notice->code, ==, "state-invalid");
	g_assert_true(notice->urgent);
	start(f);
	cs_test_agent_get_notice(f, 1);
	cs_test_home_write_book(f->home, book);
	start(f);
	cs_test_agent_get_notice(f, 1);
	cs_test_home_write_book(f->home, "");
	cs_agent_reload(f->agent);
	cs_test_agent_settle(f);
	cs_test_agent_get_notice(f, 2);
}

/* A disk that takes nothing: still not twice while this process lives. */
static void
test_not_noted(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *path = g_build_filename(f->home->state, "told.json", NULL);
	gboolean is_noted = TRUE;
	g_autoptr(GPtrArray) left = NULL;

	g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
	start(f);
	check(f, CS_REASON_USER_SUSPENDED);
	cs_test_agent_get_notice(f, 1);
	check(f, CS_REASON_USER_SUSPENDED);
	cs_test_agent_get_notice(f, 1);
	left = cs_notices_take(&f->home->client, &is_noted);
	g_assert_false(is_noted);
	g_assert_cmpuint(left->len, ==, 1);
	/* the disk is back */
	g_assert_cmpint(g_rmdir(path), ==, 0);
	check(f, CS_REASON_USER_SUSPENDED);
	cs_test_agent_get_notice(f, 1);
	start(f);
	cs_test_agent_get_notice(f, 1);
}

/* Nothing new writes nothing: the disk stays asleep. */
static void
test_writes_nothing(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *path = g_build_filename(f->home->state, "told.json", NULL);
	GStatBuf before;
	GStatBuf after;

	start(f);
	g_assert_cmpint(g_stat(path, &before), ==, 0);
	check(f, CS_REASON_NONE);
	g_assert_cmpint(g_stat(path, &after), ==, 0);
	g_assert_cmpuint(before.st_ino, ==, after.st_ino);
	g_assert_cmpint(before.st_ctim.tv_sec, ==, after.st_ctim.tv_sec);
	g_assert_cmpint(before.st_ctim.tv_nsec, ==, after.st_ctim.tv_nsec);
}

/* Of a deleted account nothing is left there either. */
static void
test_forgets(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(CsToldMemory) before = NULL;
	g_autoptr(CsToldMemory) after = NULL;

	start(f);
	before = cs_told_memory_read(&f->home->client);
	g_assert_cmpuint(before->told->len, ==, 1);
	cs_agent_delete_async(f->agent, f->id, NULL, cs_test_agent_ready_cb, &result);
	cs_test_agent_wait_for_result(&result);
	after = cs_told_memory_read(&f->home->client);
	g_assert_cmpuint(after->told->len, ==, 0);
	cs_test_agent_get_notice(f, 0);
}

static void
test_copy(void)
{
	CsAgentNotice notice = {
		.account_id = (char *)"id",
		.code = (char *)"code",
		.title = (char *)"title",
		.sentence = (char *)"sentence",
		.next_step = (char *)"step",
		.urgent = TRUE,
	};
	g_autoptr(CsAgentNotice) copy = g_boxed_copy(CS_TYPE_AGENT_NOTICE, &notice);

	g_assert_cmpstr(copy->account_id, ==, "id");
	g_assert_cmpstr(copy->code, ==, "code");
	g_assert_cmpstr(copy->title, ==, "title");
	g_assert_cmpstr(copy->sentence, ==, "sentence");
	g_assert_cmpstr(copy->next_step, ==, "step");
	g_assert_true(copy->urgent);
	g_assert_true(copy->title != notice.title);
	cs_agent_notice_free(NULL);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_add_agent_test("/notices/never-twice", test_never_twice);
	cs_test_add_agent_test("/notices/while-away", test_while_away);
	cs_test_add_agent_test("/notices/away-is-silent", test_away_is_silent);
	cs_test_add_agent_test("/notices/not-managed", test_not_managed);
	cs_test_add_agent_test("/notices/rejected", test_rejected);
	cs_test_add_agent_test("/notices/failure", test_failure);
	cs_test_add_agent_test("/notices/ended", test_ended);
	cs_test_add_agent_test("/notices/ended-while-away", test_ended_while_away);
	cs_test_add_agent_test("/notices/end-not-committed", test_end_not_committed);
	cs_test_add_agent_test("/notices/end-of-what-is-there", test_end_of_what_is_there);
	cs_test_add_agent_test("/notices/cancelled", test_cancelled);
	cs_test_add_agent_test("/notices/ended-and-added-anew", test_ended_and_added_anew);
	cs_test_add_agent_test("/notices/device-once", test_device_once);
	cs_test_add_agent_test("/notices/book", test_book);
	cs_test_add_agent_test("/notices/not-noted", test_not_noted);
	cs_test_add_agent_test("/notices/writes-nothing", test_writes_nothing);
	cs_test_add_agent_test("/notices/forgets", test_forgets);
	g_test_add_func("/notices/copy", test_copy);
	return g_test_run();
}
